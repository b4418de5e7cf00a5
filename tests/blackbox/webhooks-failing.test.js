// Webhooks and receivers that fail, in every way that one can: nothing is lost, nobody waits for another's fault, and nothing of it hurts the
// server. And the server that is killed. That an event is given up after half an hour takes too
// long here: the actors' own tests have it with a clock of theirs.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { pushed, request, wholeHistory } from './lib/client.js'
import { makeCertificate } from './lib/certificates.js'
import { random as randomOf } from './lib/faults.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { Load } from './lib/load.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { again, isSanitized, startServer } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { begun, ended, post, wrote } from './lib/streams.js'
import { connectV1, flood, groupOf, newId, people, range, RpcError, uniqueId, user } from './lib/v1.js'
import { delay, eventually, timed } from './lib/wait.js'
import { dripping, hang, huge, Receiver, redirect, reset, retryAfter } from './lib/webhook-receiver.js'
import { becomes, configOf, enabled, eventsOf, failed, floodAll, Hook, listed, said, stateOf, withEachStore } from './lib/webhooks.js'

const keys = new KeyFiles()
// What is sent when is the same over both.
const aStore = process.env.HONGYAN_TEST_SLOW ? storeKinds : storeKinds.slice(0, 1)
after(() => keys.dispose())

const seed = Number(process.env.HONGYAN_TEST_SEED ?? Date.now() % 1_000_000)
const random = randomOf(seed)

// A server that was killed held its webhooks; on PostgreSQL the next one is another node, which may wait for that long.
const TAKEN_OVER = 40_000
// The first retry is after 5 s, with jitter; a second one would be after 5 minutes.
const FIRST_RETRY = 15_000
const byIds = (events) => events.map(({ id, type }) => [id, type])
const sorted = (rows) => [...rows].sort(([a], [b]) => Number(a) - Number(b))
const one = async (session, place, seq) => (await session.call('message.get', { in: place, seqs: [seq] })).messages[0]
const contains = (text) => ({ data }) => data.message?.content === text

// Several talks of one user, and how to go on with all of them: talk(first, last) is all messages, those of a place in order.
async function talks(server, t, count) {
  const [a] = await people(server, t, 1)
  const places = range(1, count).map(() => user(newId()))
  const talk = (first, last) => floodAll(a, places, first, last)
  return { a, places, talk }
}

function assertAll(receiver, messages) {
  assert.deepEqual(sorted(byIds(receiver.of('message.created'))), sorted(eventsOf(messages)))
  receiver.assertOrder()
}

withEachStore('a receiver that fails as a whole', (the) => {
  it('and is down: all comes once it is up', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    await receiver.down()
    const { talk } = await talks(server, t, 6)
    const all = await talk(1, 10)
    const { lastError, nextTryAt, lagSeconds } = await becomes(server, hook, 'fails', ({ state }) => state === 'failing')
    assert.ok(lastError)
    const wait = Date.parse(nextTryAt) - Date.parse(lastError.at)
    assert.ok(wait > 2_000 && wait < 9_000, `the next try is after ${wait} ms`)
    assert.ok(lagSeconds < 60)
    await receiver.up()
    await receiver.toldAll(all, FIRST_RETRY)
    assertAll(receiver, all)
    const after = await becomes(server, hook, 'delivers', ({ state, lagSeconds }) => state === 'delivering' && lagSeconds === 0)
    assert.deepEqual([after.failed, after.nextTryAt], [0, null])
  })

  for (const [what, how] of [['says 500', 500], ['says 502', 502], ['says 503', 503], ['says 504', 504], ['cuts each connection', reset]]) {
    it(`and ${what}: it is asked once after 5 s, and when that was taken all goes on`, async (t) => {
      const { server, receiver, hook } = await the.tells(t, { hook: { concurrency: 4 } })
      const lift = receiver.answer(how)
      const { talk } = await talks(server, t, 10)
      const all = await talk(1, 4)
      await receiver.waitFor(() => receiver.arrivals.length > 0)
      const first = receiver.arrivals[0].at
      await becomes(server, hook, 'fails', ({ state }) => state === 'failing')
      await delay(first + 2_500 - Date.now()) // nothing may happen in this time
      const { length } = receiver.arrivals
      assert.ok(length <= 8, `${length} attempts at a receiver that is not well`)
      lift()
      const healed = receiver.answer({ status: 200, after: 700, times: 1 })
      const probe = await receiver.waitFor(() => receiver.arrivals[length], FIRST_RETRY, 'the next try')
      const pause = probe.at - first
      assert.ok(pause > 2_500 && pause < 9_000, `after ${pause} ms`)
      await receiver.toldAll(all, 10_000)
      healed()
      const next = receiver.arrivals[length + 1]
      assert.ok(next.begun > probe.answered, 'one event at a time')
      assertAll(receiver, all)
    })
  }

  it('is tried at once by a server that starts', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    receiver.answer(500)
    const { talk } = await talks(server, t, 4)
    const all = await talk(1, 5)
    await becomes(server, hook, 'fails', ({ state }) => state === 'failing')
    await server.stop()
    receiver.rules = []
    const { ms } = await timed(async () => {
      await again(t, server)
      await receiver.toldAll(all, 10_000)
    })
    assert.ok(ms < 5_000, `after ${Math.round(ms)} ms`)
    assertAll(receiver, all)
  })

  it('is told nothing older than keep_days, and a metric counts it', async (t) => {
    const { server, receiver, hook } = await the.tells(t, { hook: { keep_days: 1 } })
    await receiver.down()
    const { talk } = await talks(server, t, 2)
    const all = await talk(1, 3)
    await becomes(server, hook, 'fails', ({ state }) => state === 'failing')
    await server.stop()
    // A day and a minute go by for the first of each, an hour less than a day for the second.
    const hour = 3_600_000
    for (const [seq, ms] of [[1, 24 * hour + 60_000], [2, 23 * hour]]) {
      await the.run(server.database, `UPDATE message SET created_at_ms = created_at_ms - ${ms} WHERE seq = ${seq}`)
    }
    await receiver.up()
    const next = await again(t, server)
    const kept = all.filter(({ seq }) => seq > 1)
    await receiver.toldAll(kept, TAKEN_OVER)
    assert.deepEqual(sorted(byIds(receiver.of('message.created'))), sorted(eventsOf(kept)))
    receiver.assertOrder()
    const metrics = (await request(next, { path: '/metrics' })).text
    assert.match(metrics, /^hongyan_webhook_events_total\{[^}]*outcome="dropped"[^}]*\} 2$/m)
    assert.deepEqual((await failed(next, hook.name)).json().failed, [], 'dropped is not failed')
  })

  it('is told of everything as it was then, however it was changed since', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const lift = receiver.answer(500)
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const { place: geese, entry } = await groupOf([a, b])
    const first = await a.say(place, 'first', { ext: { note: 1 } })
    const kept = await a.say(place, 'kept')
    const second = (await a.call('message.edit', { in: place, seq: 1, content: 'second' })).message
    const third = (await a.call('message.edit', { in: place, seq: 1, content: 'third' })).message
    const secret = await b.say(geese, 'said by mistake')
    await b.call('message.recall', { in: geese, seq: secret.seq })
    await a.call('message.recall', { in: place, seq: 1 })
    const key = bearer(apiKeys.push)
    const { streamId } = await begun(server, a.userId, geese, {}, key)
    await wrote(server, streamId, 0, 'spoken', key)
    const spoken = await ended(server, streamId, {}, key)
    const changed = (await post(server, '/v1/messages', { from: a.userId, to: geese, clientMsgId: uniqueId(), kind: 'text', content: 'last' }, key)).json().message
    await a.call('group.update', { groupId: geese.groupId, name: 'renamed later' })
    const mark = await a.say(place, 'mark')
    await becomes(server, hook, 'fails', ({ state }) => state === 'failing')
    assert.equal(receiver.events.length, 0)
    lift()
    const end = await a.say(geese, 'end')
    await receiver.toldAll([mark, end], FIRST_RETRY)
    const told = (it) => receiver.events.filter(({ place: where }) => where === it.conversationId).map(({ type, data }) => [type, data])
    assert.deepEqual(told(first), [
      ['message.created', { message: first }],
      ['message.created', { message: kept }],
      ['message.edited', { message: second, by: a.userId }],
      ['message.edited', { message: third, by: a.userId }],
      ['message.recalled', { message: await one(a, place, 1), by: a.userId }],
      ['message.created', { message: mark }],
    ])
    assert.deepEqual(told(entry).slice(0, 5), [
      ['group.changed', { message: entry }],
      ['message.created', { message: secret }],
      ['message.recalled', { message: await one(a, geese, secret.seq), by: b.userId }],
      ['message.created', { message: spoken }],
      ['message.created', { message: changed }],
    ])
    receiver.assertOrder()
  })

  it('with 429 is left alone for Retry-After', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    receiver.answer({ ...retryAfter(9), times: 1 })
    const { talk } = await talks(server, t, 1)
    const all = await talk(1, 5)
    await receiver.waitFor(() => receiver.arrivals.length === 1)
    const { nextTryAt } = await becomes(server, hook, 'waits', ({ nextTryAt }) => nextTryAt)
    const [refused] = receiver.arrivals
    const wait = Date.parse(nextTryAt) - refused.at
    assert.ok(wait > 8_000 && wait < 15_000, `the next try is after ${wait} ms`)
    await receiver.toldAll(all, 20_000)
    const pause = receiver.arrivals[1].at - refused.at
    assert.ok(pause >= 8_800, `after ${pause} ms`)
    assertAll(receiver, all)
  })

  it('with 503 and Retry-After too, a date as well, and for an hour at most', async (t) => {
    const wait = async (value, status) => {
      const { server, receiver, hook } = await the.tells(t)
      receiver.answer(retryAfter(value, status))
      const { talk } = await talks(server, t, 1)
      await talk(1, 1)
      const { nextTryAt } = await becomes(server, hook, 'waits', ({ nextTryAt }) => nextTryAt)
      return (Date.parse(nextTryAt) - Date.now()) / 1000
    }
    const [seconds, date, far, nonsense] = await Promise.all([
      wait(120, 503), wait(new Date(Date.now() + 300_000).toUTCString(), 429), wait(9_999_999, 429), wait('soon', 429)])
    assert.ok(seconds > 100 && seconds < 160, `${seconds} s`)
    assert.ok(date > 270 && date < 390, `${date} s`)
    assert.ok(far > 3_000 && far <= 3_900, `${far} s`)
    assert.ok(nonsense < 10, `${nonsense} s`)
  })

  it('with 410 is left alone until somebody says otherwise, and then told everything', async (t) => {
    let { server, receiver, hook } = await the.tells(t)
    const lift = receiver.answer(410)
    const from = newId()
    const places = range(1, 3).map(() => user(newId()))
    const talk = async (first, last) => {
      return floodAll(await connectV1(server, from, { t }), places, first, last)
    }
    const all = await talk(1, 3)
    const { lastError } = await becomes(server, hook, 'is disabled', ({ state }) => state === 'disabled')
    assert.match(lastError.detail, /410/)
    lift()
    all.push(...await talk(4, 6))
    const { length } = receiver.arrivals
    await delay(8_000) // longer than a first retry
    assert.equal(receiver.arrivals.length, length)
    await server.stop()
    server = await again(t, server)
    all.push(...await talk(7, 8))
    assert.equal((await becomes(server, hook, 'is still disabled', ({ state }) => state === 'disabled')).nextTryAt, null)
    assert.equal(receiver.arrivals.length, length)
    await enabled(server, hook)
    await receiver.toldAll(all, 10_000)
    assertAll(receiver, all)
    await becomes(server, hook, 'delivers', ({ state }) => state === 'delivering')
  })

  it('costs no sender anything, and is nothing that a drain waits for', async (t) => {
    const { server, receiver } = await the.tells(t)
    receiver.answer(hang)
    const { talk } = await talks(server, t, 10)
    const { ms, value: all } = await timed(() => talk(1, 50))
    assert.ok(ms < 10_000, `500 messages in ${Math.round(ms)} ms`)
    for (let i = 0; i < 20; i++) {
      const push = await timed(() => pushed(server, { userId: 'p', targetUserId: 'q', content: `n${i}` }))
      assert.ok(push.ms < 2_000, `a push took ${push.ms} ms`)
    }
    assert.ok(receiver.arrivals.length <= 8)
    const stop = await timed(() => server.stop())
    assert.ok(stop.ms < 12_000, `the drain took ${Math.round(stop.ms)} ms`)
    receiver.rules = []
    await again(t, server)
    await receiver.toldAll(all, 30_000)
    receiver.assertOrder()
  })
}, { keys, events: said, concurrency: 6, stores: aStore })

withEachStore('one event that fails', (the) => {
  for (const [what, how] of [['400', 400], ['404', 404], ['500', 500], ['429', 429], ['a cut connection', reset]]) {
    it(`with ${what} stops its own conversation, and no other`, async (t) => {
      const { server, receiver, hook } = await the.tells(t)
      const { a, places, talk } = await talks(server, t, 8)
      await receiver.toldAll(await talk(1, 2), 10_000)
      const lift = receiver.answer(how, contains('poison'))
      const [ill, ...well] = places
      const poison = await a.say(ill, 'poison')
      const behind = await flood(a, ill, 4, 8)
      const others = await floodAll(a, well, 3, 12)
      await receiver.toldAll(others, 25_000)
      assert.equal(receiver.attempts(behind[0].id).length, 0, 'what comes after it waits')
      assert.equal((await failed(server, hook.name)).json().failed.length, 0, 'it is not given up')
      if (receiver.attempts(poison.id).length > 1) return t.diagnostic('it was tried twice before the others had come, and the third time is after 5 minutes')
      lift()
      await receiver.toldAll([poison, ...behind], FIRST_RETRY)
      receiver.assertOrder()
      assert.equal((await becomes(server, hook, 'delivers', ({ state }) => state === 'delivering')).failed, 0)
    })
  }

  it('is one after a redirect, which is not followed', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const elsewhere = await Receiver.open(t, { secrets: receiver.secrets })
    const { a, talk } = await talks(server, t, 3)
    const all = await talk(1, 2)
    await receiver.toldAll(all, 10_000)
    for (const status of [301, 302, 303, 307, 308]) {
      const lift = receiver.answer({ ...redirect(elsewhere.url, status), times: 1 }, contains(`by ${status}`))
      const said = await a.say(user(newId()), `by ${status}`)
      all.push(said, ...await talk(3, 3))
      await receiver.waitFor(() => receiver.attempts(said.id).length === 1)
      const { lastError } = await becomes(server, hook, 'says so', ({ lastError }) => lastError?.detail.includes(String(status)))
      assert.ok(lastError)
      lift()
    }
    await receiver.toldAll(all, FIRST_RETRY)
    assert.deepEqual(elsewhere.arrivals, [])
    receiver.assertOrder()
  })

  it('with 204 or 299 is none, and one with 304 is', async (t) => {
    const { server, receiver } = await the.tells(t)
    const { talk } = await talks(server, t, 2)
    await receiver.toldAll(await talk(1, 1), 10_000)
    for (const status of [201, 202, 204, 299]) {
      const lift = receiver.answer(status)
      const all = await talk(1, 2)
      await receiver.toldAll(all, 5_000)
      for (const { id } of all) assert.equal(receiver.attempts(id).length, 1)
      lift()
    }
    receiver.answer({ status: 304, times: 1 })
    const [{ id }] = await talk(9, 9)
    await receiver.waitFor(() => receiver.arrivals.filter((it) => it.status === 304).length === 1 && receiver.delivered.some((it) => it.id === String(id)), FIRST_RETRY)
    receiver.assertOrder()
  })

  it('by never being answered, or not to the end, is cut after 15 s, and the others go on', { timeout: 120_000 }, async (t) => {
    const { server, receiver } = await the.tells(t)
    const { a, places: [ill, slow, ...well], talk } = await talks(server, t, 6)
    await receiver.toldAll(await talk(1, 1), 10_000)
    const lift = receiver.answer(hang, contains('never'))
    receiver.answer({ ...dripping, times: 1 }, contains('drop by drop'))
    const never = await a.say(ill, 'never')
    const drops = await a.say(slow, 'drop by drop')
    const behind = [...await flood(a, ill, 3, 4), ...await flood(a, slow, 3, 4)]
    await receiver.toldAll(await floodAll(a, well, 2, 20), 10_000)
    const attempt = await receiver.waitFor(() => receiver.attempts(never.id).find(({ took }) => took), 20_000, 'the end of the attempt')
    assert.ok(attempt.took > 13_000 && attempt.took < 18_000, `cut after ${attempt.took} ms`)
    lift()
    await receiver.toldAll([never, drops, ...behind], FIRST_RETRY)
    assert.ok(receiver.attempts(drops.id)[0].took < 18_000)
  })

  it('by an answer of a gigabyte costs no memory, and its conversation goes on', { timeout: 120_000 }, async (t) => {
    const { server, receiver } = await the.tells(t)
    const { talk } = await talks(server, t, 8)
    const before = server.memory()
    let most = 0
    const watch = setInterval(() => { if (server.running) most = Math.max(most, server.memory()) }, 10)
    t.after(() => clearInterval(watch))
    for (const [status, times] of [[200, 8], [500, 1]]) {
      receiver.answer({ ...huge(), status, times })
      await receiver.toldAll(await talk(1, 3), 40_000)
    }
    clearInterval(watch)
    if (!isSanitized()) assert.ok(most - before < 64 * 2 ** 20, `${Math.round((most - before) / 2 ** 20)} MiB more`)
    receiver.assertOrder()
  })
}, { keys, events: said, concurrency: 6, stores: aStore })

describe('a receiver at an address that is nobody’s business', { concurrency: 4 }, () => {
  // Those that lead to the inside, in every way to write them. (169.254.169.254 is where clouds tell their machines' secrets.)
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '0177.0.0.1', '127.1', '0.0.0.0', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]',
    '10.0.0.1', '172.16.0.1', '192.168.0.1', '169.254.169.254', '100.64.0.1', '[fe80::1]', '[fd00::1]', 'LOCALHOST', 'localhost.']
  let tls
  before(async () => {
    const directory = makeDirectory('https')
    const { cert, key } = await makeCertificate(directory)
    tls = { cert: fs.readFileSync(cert), key: fs.readFileSync(key) }
    removeDirectory(directory)
  })

  for (const host of hosts) {
    it(`such as ${host} is refused, and that is said`, async (t) => {
      const receiver = await Receiver.open(t, { tls })
      const hook = new Hook(t, receiver, { url: receiver.urlAt(host), allow_private: undefined })
      let server
      try {
        server = await startServer({ config: configOf([hook]), args: ['--api-key-file', keys.path('api')] })
      } catch (error) {
        assert.match(error.message, /ended with 2 at start: .*(webhooks|private)/, 'one that can be seen at start may be refused there')
        return
      }
      t.after(() => server.dispose())
      const { talk } = await talks(server, t, 1)
      await talk(1, 1)
      const { lastError } = await becomes(server, hook, 'says so', ({ lastError }) => lastError)
      assert.match(lastError.detail, /private|loopback|allow|could not resolve/i)
      assert.equal(receiver.connections, 0, 'nobody knocks there')
    })
  }

  it('such as one whose certificate nobody knows is told nothing', async (t) => {
    const receiver = await Receiver.open(t, { tls })
    const hook = new Hook(t, receiver)
    const server = await startServer({ config: configOf([hook]), args: ['--api-key-file', keys.path('api')] })
    t.after(() => server.dispose())
    const { talk } = await talks(server, t, 1)
    await talk(1, 1)
    const { lastError } = await becomes(server, hook, 'says so', ({ lastError }) => lastError)
    assert.match(lastError.detail, /certificate/i)
    assert.equal(receiver.arrivals.length, 0)
  })
})

withEachStore(`webhooks and kill -9 of the server (HONGYAN_TEST_SEED=${seed})`, (the) => {
  it('under load: each message that is stored is told, in order, and no other', { timeout: 180_000 }, async (t) => {
    let { server, receiver } = await the.tells(t)
    receiver.answer(() => ({ status: 200, after: random() * 5 }))
    const load = new Load(() => server, { workers: 8 }).start()
    t.after(() => load.stop().catch(() => {}))
    for (let cycle = 0; cycle < 4; cycle++) {
      await load.progress(60)
      await delay(random() * 200) // so that the moment is any
      await server.kill9()
      server = await again(t, server)
    }
    await load.progress(60)
    await load.stop()
    await load.verify()
    const stored = new Map()
    for (const id of [load.hub, ...load.users]) for (const chat of await wholeHistory(server, id)) stored.set(chat.id, chat.content)
    await receiver.toldAll([...stored.keys()].map((id) => ({ id })), 60_000)
    const told = receiver.of('message.created')
    assert.deepEqual(sorted(told.map(({ data: { message } }) => [message.id, message.content])), sorted(stored))
    receiver.assertOrder()
    t.diagnostic(`${stored.size} messages, ${receiver.arrivals.length - told.length} requests more`)
  })

  // Writes, edits, reacts to, and takes back, whatever happens to the server.
  async function restless(current, from, to, isOver) {
    for (let i = 1; !isOver();) {
      const session = await connectV1(current(), from).catch(() => null)
      if (!session) {
        await delay(20)
        continue
      }
      try {
        for (; !isOver(); i++) {
          const { seq } = await session.say(to, `${from}#${i}`)
          if (i % 2 === 0) await session.call('message.edit', { in: to, seq, content: `${from}#${i} edited` })
          if (i % 3 === 0) await session.call('message.react', { in: to, seq, emoji: '👍', on: true })
          if (i % 4 === 0) await session.call('message.recall', { in: to, seq })
        }
      } catch (error) {
        if (error.code === 'ERR_ASSERTION' || (error instanceof RpcError && ![-32053, -32603].includes(error.code))) throw error
        i++
      } finally {
        session.socket.terminate()
      }
    }
  }

  it('while everything happens: there is an event for each entry of each log', { timeout: 180_000 }, async (t) => {
    let { server, receiver } = await the.tells(t)
    receiver.answer(() => ({ status: receiver.arrivals.length === 100 ? 500 : 200, after: random() * 3 }))
    const pairs = range(1, 5).map(() => [newId(), newId()])
    const owner = await connectV1(server, 'owner', { t })
    await owner.call('group.create', { name: 'all', groupId: 'all', members: pairs.map(([from]) => from) })
    let isOver = false
    t.after(() => { isOver = true })
    const working = Promise.all([
      ...pairs.map(([from, to]) => restless(() => server, from, user(to), () => isOver)),
      ...pairs.slice(0, 2).map(([from]) => restless(() => server, from, { groupId: 'all' }, () => isOver)),
    ])
    working.catch(() => {})
    const progress = async (count) => {
      const goal = receiver.arrivals.length + count
      await Promise.race([receiver.waitFor(() => receiver.arrivals.length >= goal, 30_000, `${count} more`), working])
    }
    for (let cycle = 0; cycle < 3; cycle++) {
      await progress(60)
      await delay(random() * 200) // so that the moment is any
      await server.kill9()
      server = await again(t, server)
    }
    await progress(60)
    isOver = true
    await working
    const logs = []
    for (const [from, to] of [...pairs.map(([from, to]) => [from, user(to)]), ['owner', { groupId: 'all' }]]) logs.push(await (await connectV1(server, from, { t })).all(to))
    const expected = sorted(logs.flatMap(eventsOf))
    const ids = expected.map(([id]) => id)
    await receiver.waitFor(() => {
      const told = new Set(receiver.delivered.map(({ id }) => id))
      return ids.every((id) => told.has(id))
    }, 60_000, `all of ${ids.length}`)
    assert.deepEqual(sorted(byIds(receiver.events.filter(({ type }) => type !== 'message.reacted'))), expected)
    receiver.assertOrder()
    // Each is told as it was.
    for (const { type, data: { message } } of receiver.events.filter(({ data }) => data.message?.kind === 'text')) {
      if (type === 'message.created') assert.match(message.content, /^\w+#\d+$/)
      if (type === 'message.edited') assert.match(message.content, / edited$/)
      if (type === 'message.recalled') assert.equal(message.content, null)
    }
    const reactions = receiver.of('message.reacted').map(({ data }) => `${data.conversationId} ${data.seq} ${data.userId}`)
    assert.equal(new Set(reactions).size, reactions.length, 'one event each')
  })

  it('right after an acknowledgement, with the receiver down: all is told later', { timeout: 120_000 }, async (t) => {
    let { server, receiver } = await the.tells(t)
    await receiver.down()
    const [from, to] = [newId(), newId()]
    let a = await connectV1(server, from, { t })
    const { place } = await groupOf([a, await connectV1(server, to, { t })])
    const said = await a.say(place, 'x')
    const acts = [
      () => a.call('message.edit', { in: place, seq: said.seq, content: 'y' }),
      () => a.call('message.react', { in: place, seq: said.seq, emoji: '👍', on: true }),
      () => a.call('group.update', { groupId: place.groupId, name: 'z' }),
      () => a.call('message.recall', { in: place, seq: said.seq }),
    ]
    for (const act of acts) {
      await act()
      await server.kill9()
      server = await again(t, server)
      a = await connectV1(server, from, { t })
    }
    await server.kill9()
    await receiver.up()
    server = await again(t, server)
    await receiver.event(({ type }) => type === 'message.recalled', TAKEN_OVER)
    assert.deepEqual(receiver.events.map(({ type }) => type), ['group.changed', 'message.created', 'message.edited', 'message.reacted', 'group.changed', 'message.recalled'])
    assert.deepEqual(receiver.of('message.created')[0].data.message, said)
    receiver.assertOrder()
  })

  if (the.kind === 'postgres') {
    it('and the end of the database: what was stored is told within 10 s of its return', { timeout: 120_000 }, async (t) => {
      const { server, receiver } = await the.tells(t)
      receiver.answer(() => ({ status: 200, after: 30 }))
      const { a, places, talk } = await talks(server, t, 3)
      const all = await talk(1, 20)
      await the.store.kill9()
      await delay(500)
      await the.store.start()
      all.push(await eventually(15_000, 'a send to be stored', () => a.say(places[0], 'back').catch((error) => {
        if (error.code !== -32053) throw error
      })))
      await receiver.toldAll(all, 20_000)
      receiver.assertOrder()
    })
  }

  it('keeps what it knows of receivers', async (t) => {
    let { server, receiver, hook } = await the.tells(t)
    const { talk } = await talks(server, t, 1)
    const all = await talk(1, 5)
    await receiver.toldAll(all, 10_000)
    await becomes(server, hook, 'has told all', ({ lastId }) => Number(lastId) >= all.at(-1).id)
    await server.kill9()
    server = await again(t, server)
    assert.ok(Number((await stateOf(server, hook)).lastId) >= all.at(-1).id)
    assert.equal((await listed(server)).length, 1)
    const next = await talks(server, t, 1)
    await receiver.toldAll(await next.talk(1, 5), TAKEN_OVER)
    receiver.assertOrder()
  })
}, { keys, events: said, concurrency: 1 })
