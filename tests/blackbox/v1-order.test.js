// v1: one order for all, sends stored as they were sent, and at most 32 of a socket in flight.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { serverFor } from './lib/server.js'
import { connectV1, flood, groupOf, newId, people, range, RpcError, assertError, seqs, uniqueId, user } from './lib/v1.js'
import { delay } from './lib/wait.js'

// Starts a call without waiting for it; how it ends: {message} or {error}, and when.
const begin = (session, method, params) => session.call(method, params, { ms: 20_000 }).then((result) => ({ ...result }), (error) => {
  if (!(error instanceof RpcError)) throw error
  return { error }
})
const sends = (session, to, count) => range(1, count).map((i) => begin(session, 'message.send', { to, clientMsgId: uniqueId(), kind: 'text', content: `${i}` }))

onEachStore('v1 order', (the) => {
  it('of a group that all talk in is one, without holes, and the same for every session', async (t) => {
    const sessions = await people(the.server, t, 8)
    const { place, conversationId } = await groupOf(sessions)
    const second = await connectV1(the.server, sessions[3].userId, { t })
    const stored = await Promise.all(sessions.map((session) => flood(session, place, 1, 40, (i) => `${session.userId}#${i}`)))
    const all = [...sessions, second]
    const seen = await Promise.all(all.map((session) => session.messages(conversationId, 320, 20_000)))
    assert.deepEqual(seqs(seen[0]), range(2, 321))
    for (const other of seen) assert.deepEqual(other, seen[0])
    assert.deepEqual((await second.all(place)).slice(1), seen[0], 'history is what came live')
    const bySeq = new Map(seen[0].map((message) => [message.seq, message]))
    for (const message of stored.flat()) assert.deepEqual(bySeq.get(message.seq), message, 'the answer told the seq that it has')
    for (const session of sessions) {
      const own = seen[0].filter(({ from }) => from === session.userId).map(({ content }) => content)
      assert.deepEqual(own, range(1, 40).map((i) => `${session.userId}#${i}`), 'each sender’s in the order sent')
    }
  })

  it('is that of time: what was sent after an acknowledgement has a higher seq', async (t) => {
    const sessions = await people(the.server, t, 4)
    const { place } = await groupOf(sessions)
    let last = 1
    for (let i = 0; i < 40; i++) {
      const { seq } = await sessions[i % 4].say(place, `${i}`)
      assert.equal(seq, last + 1)
      last = seq
    }
  })

  it('of one socket holds also from one conversation to another', async (t) => {
    const [a] = await people(the.server, t, 1)
    const ids = [newId(), newId(), newId(), a.userId]
    const list = await Promise.all(range(1, 32).map((i) => a.say(user(ids[i % 4]), `${i}`)))
    for (let i = 1; i < 32; i++) assert.ok(list[i - 1].id < list[i].id, `the message sent ${i + 1}th has id ${list[i].id}, after ${list[i - 1].id}`)
  })

  it('has no hole for what was refused in between', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const blocker = await connectV1(the.server, newId(), { t })
    await blocker.call('block.add', { userIds: [a.userId] })
    const wanted = await Promise.all(range(1, 30).map((i) => begin(a, 'message.send', {
      to: user(i % 3 ? b.userId : blocker.userId), clientMsgId: i % 5 ? `k${i}` : 'k1', kind: 'text', content: i % 5 ? `${i}` : 'conflict',
    })))
    const ok = wanted.filter(({ message }) => message)
    assert.deepEqual(ok.map(({ message }) => message.seq), range(1, ok.length))
    assert.equal(ok.length, range(1, 30).filter((i) => i % 3 && i % 5).length)
    for (const [i, { error }] of wanted.entries()) if (error) assert.equal(error.code, (i + 1) % 5 ? -32003 : error.code === -32003 ? -32003 : -32009)
  })

  it('32 sends may be in flight; a flood of 600 is stored in order, and what is refused is -32029 and not stored', async (t) => {
    const [a] = await people(the.server, t, 1)
    const to = user(newId())
    const outcomes = await Promise.all(sends(a, to, 600))
    for (const [i, { error }] of outcomes.entries()) {
      if (!error) continue
      assert.ok(i >= 32, `the ${i + 1}th was refused: ${error.message}`)
      assertError(error, -32029)
    }
    const accepted = outcomes.flatMap(({ message }) => message ?? [])
    t.diagnostic(`${accepted.length} of 600 were accepted`)
    const stored = await a.all(to)
    assert.deepEqual(stored, accepted)
    assert.deepEqual(seqs(stored), range(1, accepted.length))
    assert.deepEqual(await begin(a, 'message.send', { to, clientMsgId: 'after', kind: 'text', content: 'after' }).then(({ message }) => message?.seq), accepted.length + 1, 'and it goes on')
  })

  it('with a store that stands still, exactly 32 sends of a socket wait; others’ sockets have their own 32', async (t) => {
    if (the.kind !== 'postgres') return t.skip('a file cannot be frozen')
    // A server of its own: the others' is not to stand still.
    const server = await serverFor(t, { database: await the.store.newDatabase() })
    const [a, b] = await people(server, t, 2)
    const to = user(newId())
    await a.say(to, 'first')
    const [locked, release] = await lockMessages(the.store, server)
    t.after(release)
    await locked
    const waiting = [...sends(a, to, 40), ...sends(b, to, 10)]
    const answered = new Map()
    for (const [i, promise] of waiting.entries()) promise.then((outcome) => answered.set(i, outcome))
    for (let i = 0; i < 40 && answered.size < 8; i++) await delay(25)
    await a.call('ping')
    assert.deepEqual([...answered.keys()].sort((x, y) => x - y), range(32, 39), 'those beyond 32 are refused at once')
    for (const { error } of answered.values()) assertError(error, -32029)
    await release()
    const outcomes = await Promise.all(waiting)
    assert.equal(outcomes.filter(({ message }) => message).length, 42)
    assert.deepEqual(outcomes.slice(0, 32).map(({ message }) => message.seq), range(2, 33))
  })
}, { concurrency: 2 })

// Locks every table of the server's database against writing, as a stuck transaction would: [locked, release].
async function lockMessages(store, server) {
  const database = new URL(server.database).pathname.slice(1)
  const tables = (await store.sql("SELECT string_agg(format('%I', tablename), ',') FROM pg_tables WHERE schemaname = 'public'", database))
  const holder = store.sql(`LOCK TABLE ${tables} IN SHARE MODE; SELECT pg_sleep(30)`, database).catch(() => {})
  const isLocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
  const locked = (async () => {
    for (let i = 0; i < 100; i++) {
      if (Number(await store.sql(isLocked)) > 0) return
      await delay(25)
    }
    throw new Error('the tables could not be locked')
  })()
  let released
  const release = () => (released ??= (async () => {
    await store.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").catch(() => {})
    await holder
  })())
  return [locked, release]
}
