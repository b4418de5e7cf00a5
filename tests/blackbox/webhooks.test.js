// Webhooks: what a back end is told of everything that happens, with which data, in which order, and signed how; and what it may ask of them.
// Those that fail: webhooks-failing.test.js.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { connect, pushed, request } from './lib/client.js'
import { png, uploaded } from './lib/files.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { again, runToEnd, serverFor } from './lib/server.js'
import { begun, ended, post, wrote } from './lib/streams.js'
import { connectV1, flood, groupOf, newId, people, range, uniqueId, user } from './lib/v1.js'
import { delay, eventually } from './lib/wait.js'
import { closing, newSecret, Receiver, types } from './lib/webhook-receiver.js'
import { ask, assertNone, becomes, configOf, enable, eventsOf, failed, floodAll, Hook, listed, listing, replay, replayed, reread, stateOf, withEachStore } from './lib/webhooks.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const one = async (session, place, seq) => (await session.call('message.get', { in: place, seqs: [seq] })).messages[0]
const byKey = (server, body, key = 'push') => post(server, '/v1/messages', { clientMsgId: uniqueId(), kind: 'text', ...body }, bearer(apiKeys[key]))
const recallByKey = (server, id) => request(server, { method: 'POST', path: `/v1/messages/${id}/recall`, headers: bearer(apiKeys.push) })
const react = (session, place, seq, emoji, on = true) => session.call('message.react', { in: place, seq, emoji, on })
const byIds = (events) => events.map(({ id, type }) => [id, type])
const sorted = (rows) => [...rows].sort(([a], [b]) => Number(a) - Number(b))

// All that was told before in this conversation has come: an event of its own is last.
async function marked(receiver, session, place) {
  const mark = await session.say(place, `mark ${uniqueId()}`)
  await receiver.told(mark)
  return mark
}

withEachStore('webhooks tell', (the) => {
  it('of a message, whichever way it came, just as it is stored', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const said = await a.say(user(b.userId), '你好 😀 "\\\n\u0001', { ext: { note: { any: [1, null] } } })
    await pushed(server, { userId: a.userId, targetUserId: b.userId, content: 'pushed', userName: '李四' })
    const sent = (await byKey(server, { from: b.userId, to: user(a.userId), content: 'by a back end' })).json().message
    const { place, entry } = await groupOf([a, b])
    const inGroup = await a.say(place, 'to all', { ext: { mentions: 'all' } })
    const toSelf = await a.say(user(a.userId), 'a note')
    for (const message of [sent, inGroup, toSelf]) await receiver.told(message)
    const [, classic] = await a.all(user(b.userId))
    assert.equal(classic.content, 'pushed')
    const expected = [said, classic, sent, inGroup, toSelf]
    assert.deepEqual(sorted(byIds(receiver.events)), sorted([...expected.map(({ id }) => [String(id), 'message.created']), [String(entry.id), 'group.changed']]))
    for (const message of expected) {
      const event = receiver.delivered.find(({ id }) => id === String(message.id))
      assert.deepEqual(event.data, { message })
      assert.equal(event.timestamp, message.createTime)
    }
    receiver.assertOrder()
  })

  it('of pictures, places and whatever else, with the content that the server filled in', async (t) => {
    const folder = makeDirectory('files')
    t.after(() => removeDirectory(folder))
    const { server, receiver } = await the.tells(t, { more: `[files]\nstore = "dir:${folder}"\n` })
    const [a, b] = await people(server, t, 2)
    const { fileId } = await uploaded(server, a.userId, png(7, 5), { name: '图.png' })
    const place = user(b.userId)
    const messages = [
      await a.say(place, { fileId }, { kind: 'image' }),
      await a.say(place, { fileId }, { kind: 'file', ext: { note: 1 } }),
      await a.say(place, { latitude: 39.9, longitude: 116.4, name: '北京', address: '' }, { kind: 'location' }),
      await a.say(place, { any: { thing: [1, 2.5, null, true] } }, { kind: 'custom' }),
    ]
    assert.deepEqual([messages[0].content.width, messages[0].content.mime], [7, 'image/png'])
    await receiver.told(messages.at(-1))
    assert.deepEqual(receiver.events.map(({ data }) => data), messages.map((message) => ({ message })))
  })

  it('of an edit, with the new text and who did it', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const said = await a.say(place, 'mistake', { ext: { note: 7 } })
    await receiver.told(said)
    const { message } = await a.call('message.edit', { in: place, seq: 1, content: 'mended' })
    await a.call('message.edit', { in: place, seq: 1, content: 'mended' })
    const entry = await b.message(({ kind }) => kind === 'edit')
    await marked(receiver, a, place)
    const [event, ...more] = receiver.of('message.edited')
    assert.deepEqual(more, [], 'the same text is no edit')
    assert.deepEqual(event.data, { message, by: a.userId })
    assert.deepEqual([message.content, message.edited], ['mended', true])
    assert.deepEqual([event.id, event.timestamp], [String(entry.id), entry.createTime])
    assert.equal(receiver.of('message.created').length, 2, 'the entry itself is no message')
    receiver.assertOrder()
  })

  it('of a recall, by its sender, by a group’s owner, and by a back end', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const { place } = await groupOf([a, b])
    const said = []
    for (const session of [b, b, b]) said.push(await session.say(place, 'secret', { ext: { note: 'secret' } }))
    await receiver.told(said[2])
    await b.call('message.recall', { in: place, seq: said[0].seq })
    await a.call('message.recall', { in: place, seq: said[1].seq })
    assert.equal((await recallByKey(server, said[2].id)).status, 200)
    assert.equal((await recallByKey(server, said[2].id)).status, 200)
    await marked(receiver, a, place)
    const events = receiver.of('message.recalled')
    assert.deepEqual(events.map(({ data }) => data.by), [b.userId, a.userId, null])
    const entries = (await a.all(place)).filter(({ kind }) => kind === 'recall')
    for (const [i, { data, id, timestamp }] of events.entries()) {
      assert.deepEqual(data.message, await one(a, place, said[i].seq))
      assert.deepEqual([data.message.id, data.message.content, data.message.recalled], [said[i].id, null, true])
      assert.deepEqual([id, timestamp], [String(entries[i].id), entries[i].createTime])
    }
    assert.doesNotMatch(JSON.stringify(events.map(({ data }) => data)), /secret/)
    receiver.assertOrder()
  })

  it('of a reaction that came and went, and not of what was so before', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const { conversationId } = await a.say(user(b.userId), 'x')
    const began = Date.now()
    for (const on of [true, true, false, false]) await react(b, user(a.userId), 1, '👍🏽', on)
    await react(a, user(b.userId), 1, '❤️')
    await marked(receiver, a, user(b.userId))
    const events = receiver.of('message.reacted')
    assert.deepEqual(events.map(({ data }) => data), [
      { conversationId, seq: 1, userId: b.userId, emoji: '👍🏽', on: true },
      { conversationId, seq: 1, userId: b.userId, emoji: '👍🏽', on: false },
      { conversationId, seq: 1, userId: a.userId, emoji: '❤️', on: true },
    ])
    for (const { timestamp } of events) assert.ok(Date.parse(timestamp) >= began - 1_000 && Date.parse(timestamp) <= Date.now() + 1_000, timestamp)
    receiver.assertOrder()
  })

  it('of every change of a group as one event, which is no message', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b, c] = await people(server, t, 3)
    const { place } = await groupOf([a, b])
    const { groupId } = place
    await a.call('group.update', { groupId, name: '新雁群' })
    await a.call('group.add', { groupId, userIds: [c.userId] })
    await a.call('group.role', { groupId, userId: b.userId, role: 'admin' })
    await a.call('group.update', { groupId, muted: true })
    await a.call('group.remove', { groupId, userIds: [c.userId] })
    await b.call('group.leave', { groupId })
    const mark = await marked(receiver, a, place)
    const entries = (await a.all(place)).filter(({ kind }) => kind === 'group')
    const actions = entries.map(({ content }) => content.action)
    for (const action of ['create', 'add', 'remove', 'leave']) assert.ok(actions.includes(action), `${actions}`)
    const events = receiver.of('group.changed')
    assert.deepEqual(events.map(({ data }) => data), entries.map((message) => ({ message })))
    assert.deepEqual(events.map(({ id, timestamp }) => [id, timestamp]), entries.map(({ id, createTime }) => [String(id), createTime]))
    assert.deepEqual(receiver.of('message.created').map(({ data }) => data.message.id), [mark.id])
    receiver.assertOrder()
  })

  it('of a stream once, at its end, as a whole', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const key = bearer(apiKeys.push)
    const spoken = await begun(server, a.userId, place, { ext: { n: 1 } }, key)
    const replaced = await begun(server, a.userId, place, {}, key)
    let offset = await wrote(server, spoken.streamId, 0, '大雁 ', key)
    const between = await marked(receiver, a, place)
    offset = await wrote(server, spoken.streamId, offset, '😀 南飞。', key)
    await wrote(server, replaced.streamId, 0, 'a draft', key)
    await delay(2_300) // it is stored in between
    await marked(receiver, a, place)
    assert.deepEqual(receiver.of('message.edited'), [])
    assert.equal(receiver.of('message.created').length, 2, 'the marks alone')
    const whole = await ended(server, spoken.streamId, {}, key)
    const other = await ended(server, replaced.streamId, { content: 'the last word' }, key)
    await marked(receiver, a, place)
    for (const message of [whole, other]) {
      const event = receiver.of('message.created').find(({ data }) => data.message.id === message.id)
      assert.deepEqual(event.data, { message })
      assert.ok(Number(event.id) > between.id, 'its id is of its end')
      assert.ok(event.timestamp >= message.createTime)
    }
    assert.deepEqual([whole.content, other.content], ['大雁 😀 南飞。', 'the last word'])
    assert.deepEqual(receiver.of('message.edited'), [], 'its end is no edit')
    const { message } = await a.call('message.edit', { in: place, seq: whole.seq, content: 'an edit is' })
    const edited = await receiver.event(({ type }) => type === 'message.edited')
    assert.deepEqual(edited.data, { message, by: a.userId })
    receiver.assertOrder()
  })

  it('of nothing that was refused, was sent before, or concerns nobody else', async (t) => {
    const { server, receiver } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const params = { to: place, clientMsgId: 'once', kind: 'text', content: 'once' }
    for (let i = 0; i < 3; i++) await a.call('message.send', params)
    for (let i = 0; i < 2; i++) await pushed(server, { userId: a.userId, targetUserId: b.userId, content: 'pushed once', clientMsgId: 'p' })
    await a.fails(-32009, 'message.send', { ...params, content: 'other' })
    await a.fails(-32013, 'message.send', { ...params, clientMsgId: uniqueId(), content: 'x'.repeat(5_000) })
    await a.fails(-32602, 'message.send', { ...params, clientMsgId: uniqueId(), kind: 'none' })
    await b.call('block.add', { userIds: [a.userId] })
    await a.fails(-32003, 'message.send', { ...params, clientMsgId: uniqueId(), content: 'blocked' })
    await b.call('block.remove', { userIds: [a.userId] })
    await b.call('conversation.read', { in: user(a.userId), seq: 2 })
    await a.call('conversation.typing', { in: place })
    await a.call('conversation.set', { in: place, pinned: true })
    await a.call('user.update', { name: '雁' })
    await b.call('conversation.clear', { in: user(a.userId) })
    const mark = await marked(receiver, a, place)
    assert.deepEqual(receiver.events.map(({ data }) => data.message.content), ['once', 'pushed once', mark.content])
    receiver.assertOrder()
  })

  it('each receiver of what it has asked for, with its own secret', async (t) => {
    const { server, receiver, hook } = await the.tells(t, { hook: { events: ['message.recalled', 'group.changed'] } })
    const everything = await Receiver.open(t)
    const second = new Hook(t, everything, { name: 'archive' })
    await server.stop()
    const next = await again(t, server, { config: configOf([hook, second]) })
    const [a, b] = await people(next, t, 2)
    const { place } = await groupOf([a, b])
    const { seq } = await a.say(place, 'x')
    await a.call('message.edit', { in: place, seq, content: 'y' })
    await react(b, place, seq, '👍')
    await a.call('message.recall', { in: place, seq })
    const of = (it) => it.events.map(({ type }) => type)
    await everything.event(({ type }) => type === 'message.recalled')
    assert.deepEqual(of(everything), ['group.changed', 'message.created', 'message.edited', 'message.reacted', 'message.recalled'])
    await receiver.event(({ type }) => type === 'message.recalled')
    assert.deepEqual(of(receiver), ['group.changed', 'message.recalled'])
    assert.deepEqual(receiver.events.map(({ id }) => id), everything.events.filter(({ type }) => ['group.changed', 'message.recalled'].includes(type)).map(({ id }) => id), 'an event has one id, whoever hears of it')
  })

  it('of a bot’s words as of anybody’s, which answers what it hears', async (t) => {
    const { server, receiver } = await the.tells(t)
    const bot = 'bot'
    receiver.answer(({ data, type, first }) => {
      const { to, from, content } = data.message ?? {}
      if (first && type === 'message.created' && to.userId === bot) byKey(server, { from: bot, to: user(from), content: `you said ${content}` }).catch(() => {})
      return { status: 200 }
    })
    const [a] = await people(server, t, 1)
    for (let i = 1; i <= 5; i++) {
      await a.say(user(bot), `n${i}`)
      const answer = await a.message(({ from }) => from === bot)
      assert.equal(answer.content, `you said n${i}`)
      await receiver.told(answer)
    }
  })
}, { keys })

withEachStore('webhooks are in order', (the) => {
  it('within a conversation, each after the one before was taken, and others beside it', async (t) => {
    const { server, receiver } = await the.tells(t, { hook: { concurrency: 8 } })
    receiver.answer(() => ({ status: 200, after: Math.random() * 12 }))
    const sessions = await people(server, t, 4)
    const messages = (await Promise.all(sessions.map((session) => floodAll(session, range(1, 5).map(() => user(newId())), 1, 25)))).flat()
    assert.equal(messages.length, 500)
    await receiver.waitFor(() => receiver.of('message.created').length >= 500, 60_000, 'all 500')
    receiver.assertOrder()
    assert.deepEqual(sorted(byIds(receiver.of('message.created'))), sorted(eventsOf(messages)))
    assert.equal(receiver.arrivals.filter(({ type }) => type === 'message.created').length, 500, 'nothing is sent twice without need')
    assert.ok(receiver.busiest <= 8, `${receiver.busiest} at once`)
    assert.ok(receiver.busiest >= 4, `only ${receiver.busiest} at once: one conversation waits for another`)
  })

  it('of ids, all of them, when one is sent at a time', async (t) => {
    const { server, receiver } = await the.tells(t, { hook: { concurrency: 1 } })
    const sessions = await people(server, t, 4)
    const { place } = await groupOf(sessions)
    await sessions[0].say(place, 'liked')
    await Promise.all(sessions.map(async (session, i) => {
      const other = user(sessions[(i + 1) % 4].userId)
      for (let round = 0; round < 5; round++) {
        const { seq } = await session.say(other, `n${round}`)
        await session.call('message.edit', { in: other, seq, content: `e${round}` })
        await react(session, place, 2, ['👍', '🎉', '❤️', '😀', '🦆'][round])
        await session.say(place, 'x')
        await session.call('message.recall', { in: other, seq })
        const { streamId } = await begun(server, session.userId, place, {}, bearer(apiKeys.push))
        await ended(server, streamId, { content: 'streamed' }, bearer(apiKeys.push))
      }
    }))
    const logs = [await sessions[0].all(place)]
    for (const [i, session] of sessions.entries()) logs.push(await session.all(user(sessions[(i + 1) % 4].userId)))
    // A stream's first entry is no event, and its end is message.created.
    const texts = logs.flat().filter(({ kind, content }) => kind !== 'edit' && content !== 'streamed').length
    const edits = logs.flat().filter(({ kind }) => kind === 'edit').length
    const total = texts + edits + 20
    await receiver.waitFor(() => receiver.events.length >= total, 30_000, `all ${total}`)
    const ids = receiver.firsts.map(({ id }) => Number(id))
    assert.deepEqual(ids, [...ids].sort((x, y) => x - y), 'ids ascend')
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(receiver.of('message.reacted').length, 20)
    assert.equal(receiver.of('message.created').filter(({ data }) => data.message.content === 'streamed').length, 20)
    assert.equal(receiver.busiest, 1)
    receiver.assertOrder()
  })

  it('through restarts, without a loss', async (t) => {
    let { server, receiver } = await the.tells(t)
    const [from, to] = [newId(), newId()]
    const all = []
    for (let round = 0; round < 3; round++) {
      const session = await connectV1(server, from, { t })
      all.push(...await flood(session, user(to), round * 20 + 1, round * 20 + 20))
      await server.stop() // with events that have not gone
      server = await again(t, server)
    }
    await receiver.told(all.at(-1), 20_000)
    receiver.assertOrder()
    assert.deepEqual(byIds(receiver.of('message.created')), eventsOf(all))
  })

  it('to a receiver that closes each connection', async (t) => {
    const { server, receiver } = await the.tells(t)
    receiver.answer(closing)
    const [a] = await people(server, t, 1)
    const all = await flood(a, user(newId()), 1, 30)
    await receiver.told(all.at(-1), 5_000)
    receiver.assertOrder()
    assert.equal(receiver.arrivals.filter(({ type }) => type === 'message.created').length, 30)
  })
}, { keys })

withEachStore('webhooks begin', (the) => {
  it('with what happens once they are there: nothing of before', async (t) => {
    const receiver = await Receiver.open(t)
    const hook = new Hook(t, receiver)
    let server = await serverFor(t, { database: await the.store.newDatabase(), args: ['--api-key-file', keys.path('api')] })
    const [from, to] = [newId(), newId()]
    const a = await connectV1(server, from, { t })
    const old = await flood(a, user(to), 1, 5)
    await a.call('message.edit', { in: user(to), seq: 1, content: 'edited before' })
    await a.call('message.recall', { in: user(to), seq: 2 })
    await react(a, user(to), 3, '👍')
    assert.deepEqual(await listed(server), [])
    await server.stop()
    server = await again(t, server, { config: configOf([hook]) })
    const back = await connectV1(server, from, { t })
    const { message } = await back.call('message.edit', { in: user(to), seq: 1, content: 'edited later' })
    await back.call('message.recall', { in: user(to), seq: 3 })
    await marked(receiver, back, user(to))
    const events = receiver.events
    assert.deepEqual(events.map(({ type }) => type), ['message.edited', 'message.recalled', 'message.created'])
    assert.deepEqual(events[0].data, { message, by: from })
    assert.equal(events[1].data.message.id, old[2].id)
  })

  it('when SIGHUP finds them, each from then on, while the others go on; and end when it finds them no more', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const [a] = await people(server, t, 1)
    const place = user(newId())
    const before = await flood(a, place, 1, 5)
    const later = await Receiver.open(t)
    const second = new Hook(t, later, { name: 'later' })
    reread(server, configOf([hook, second]))
    await eventually(10_000, 'both to be listed', async () => (await listed(server)).length === 2)
    const both = await flood(a, place, 6, 10)
    for (const it of [receiver, later]) await it.told(both.at(-1))
    assert.deepEqual(byIds(receiver.of('message.created')), eventsOf([...before, ...both]))
    assert.deepEqual(byIds(later.of('message.created')), eventsOf(both))
    reread(server, configOf([second]))
    await eventually(10_000, 'the first to be gone', async () => (await listed(server)).length === 1)
    const { length } = receiver.arrivals
    const after = await flood(a, place, 11, 15)
    await later.told(after.at(-1))
    assert.equal(receiver.arrivals.length, length)
    for (const it of [receiver, later]) it.assertOrder()
  })

  it('not with a configuration that is wrong: SIGHUP then changes nothing', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const [a] = await people(server, t, 1)
    const place = user(newId())
    await marked(receiver, a, place)
    for (const wrong of ['[[webhooks]]\nname = 5\n', '[[webhooks', configOf([new Hook(t, receiver, { url: 'ftp://example.com' })])]) {
      const { length } = server.stderr()
      reread(server, wrong)
      await eventually(10_000, 'the log to say so', () => server.stderr().length > length)
      await marked(receiver, a, place)
    }
    fs.writeFileSync(path.join(hook.directory, 'secret'), 'whsec_short\n')
    reread(server, configOf([hook]))
    for (let i = 0; i < 3; i++) await marked(receiver, a, place)
    assert.equal((await stateOf(server, hook)).state, 'delivering')
  })
}, { keys })

withEachStore('webhooks are signed', (the) => {
  it('by Standard Webhooks, at each attempt anew', async (t) => {
    const { server, receiver } = await the.tells(t, { hook: { events: ['message.created'] } })
    receiver.answer({ status: 500, times: 1 })
    const [a] = await people(server, t, 1)
    const said = await a.say(user(newId()), 'x')
    await receiver.told(said, 20_000)
    const [first, second] = receiver.attempts(said.id)
    assert.deepEqual([first.status, second.status], [500, 200])
    assert.deepEqual([first.signatures, first.verifiedBy], [1, receiver.secrets])
    assert.notEqual(second.headers['webhook-timestamp'], first.headers['webhook-timestamp'], 'the timestamp is that of the attempt')
    assert.equal(second.timestamp, first.timestamp, 'in the body it is that of the event')
    assert.equal(first.path, '/hook')
    assert.equal(first.headers.host, `127.0.0.1:${receiver.port}`)
    assert.equal(first.headers.authorization, undefined)
  })

  it('with secrets of 24 to 64 bytes', async (t) => {
    for (const bytes of [24, 64]) {
      const { server, receiver } = await the.tells(t, { receiver: { secrets: [newSecret(bytes)] } })
      const [a] = await people(server, t, 1)
      await receiver.told(await a.say(user(newId()), 'x'))
    }
  })

  it('with two secrets while they change, by SIGHUP, and nothing is lost', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const [a] = await people(server, t, 1)
    const place = user(newId())
    const [older] = receiver.secrets
    const newer = newSecret()
    receiver.secrets = [newer, older]
    const last = () => receiver.arrivals.at(-1)
    const all = []
    const until = (what, predicate) => eventually(10_000, what, async () => {
      all.push(await marked(receiver, a, place))
      return predicate(last())
    })
    await until('the old one alone', ({ signatures, verifiedBy }) => signatures === 1 && verifiedBy[0] === older)
    hook.write(newer, older)
    reread(server)
    await until('both', ({ signatures, verifiedBy }) => signatures === 2 && verifiedBy.length === 2)
    hook.write(newer)
    reread(server)
    await until('the new one alone', ({ signatures, verifiedBy }) => signatures === 1 && verifiedBy[0] === newer)
    assert.deepEqual(byIds(receiver.of('message.created')), eventsOf(all))
    receiver.assertOrder()
  })

  it('with what no log ever shows', async (t) => {
    const { server, receiver, hook } = await the.tells(t, { more: '[log]\nlevel = "debug"\n' })
    const [a] = await people(server, t, 1)
    const lift = receiver.answer(500)
    const said = await a.say(user(newId()), 'canary-content-of-a-webhook')
    await becomes(server, hook, 'says what is wrong', ({ lastError }) => lastError)
    lift()
    await receiver.told(said, 20_000)
    const [secret] = receiver.secrets
    const shown = [server.stderr(), server.stdout(), JSON.stringify(await listed(server)), (await failed(server, hook.name)).text, (await request(server, { path: '/metrics' })).text].join('\n')
    for (const canary of [secret, secret.slice(6), 'canary-content', Buffer.from(secret.slice(6), 'base64').toString('hex')]) assert.ok(!shown.includes(canary), `${canary} is shown`)
    for (const { headers } of receiver.arrivals) assert.ok(!shown.includes(headers['webhook-signature']), 'a signature is shown')
  })
}, { keys })

withEachStore('the API of webhooks', (the) => {
  it('shows how each of them does', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const [a] = await people(server, t, 1)
    const all = await flood(a, user(newId()), 1, 5)
    await receiver.told(all.at(-1))
    const state = await becomes(server, hook, 'has told all', ({ lastId }) => Number(lastId) >= all.at(-1).id)
    const { lastId, lagSeconds, ...rest } = state
    assert.deepEqual(rest, { name: hook.name, url: receiver.url, state: 'delivering', failed: 0, lastError: null, nextTryAt: null })
    assert.equal(lagSeconds, 0)
    assert.deepEqual((await failed(server, hook.name)).json(), { failed: [], hasMore: false })
    assert.deepEqual((await failed(server, hook.name, `?afterId=${lastId}&limit=10`)).json(), { failed: [], hasMore: false })
  })

  it('sends again what was sent, after an id or by ids, under the same ids', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const all = await flood(a, place, 1, 6)
    await react(b, user(a.userId), 6, '👍')
    const reaction = await receiver.event(({ type }) => type === 'message.reacted')
    const counts = () => all.map(({ id }) => receiver.attempts(id).length)
    assert.deepEqual(counts(), [1, 1, 1, 1, 1, 1])
    await replayed(server, hook, { afterId: String(all[2].id) })
    await receiver.waitFor(() => receiver.attempts(reaction.id).length === 2 && counts().slice(3).every((count) => count === 2))
    assert.deepEqual(counts(), [1, 1, 1, 2, 2, 2])
    await replayed(server, hook, { ids: [all[0], all[4]].map(({ id }) => String(id)) })
    await receiver.waitFor(() => counts()[0] === 2 && counts()[4] === 3)
    await replayed(server, hook, { ids: [reaction.id] })
    await receiver.waitFor(() => receiver.attempts(reaction.id).length === 3)
    const mark = await marked(receiver, a, place)
    assert.deepEqual(counts(), [2, 1, 1, 2, 3, 2])
    assert.equal(receiver.attempts(mark.id).length, 1)
    receiver.assertOrder()
  })

  it('sends again all that there was, while new ones go on in order', async (t) => {
    const { server, receiver, hook } = await the.tells(t)
    const [a] = await people(server, t, 1)
    const place = user(newId())
    const old = await flood(a, place, 1, 100)
    await receiver.told(old.at(-1), 20_000)
    await replayed(server, hook, { afterId: '0' })
    const later = await flood(a, place, 101, 200)
    await receiver.told(later.at(-1), 20_000)
    await receiver.waitFor(() => old.every(({ id }) => receiver.attempts(id).length >= 2), 20_000, 'all of before again')
    receiver.assertOrder()
  })

  it('says 404 of what is not there, and 400 of what is wrong', async (t) => {
    const { server, hook } = await the.tells(t)
    for (const name of ['none', 'shop2', 'SHOP']) {
      assertNone(await failed(server, name))
      assertNone(await replay(server, name, { afterId: '0' }))
      assertNone(await enable(server, name))
    }
    assertNone(await ask(server, 'GET', '/shop/else'))
    for (const body of [{}, { afterId: '0', ids: ['1'] }, { afterId: 'x' }, { afterId: '-1' }, { afterId: null }, { ids: 'x' }, { ids: ['x'] }, { ids: [{}] }, []]) {
      assertProblem(await replay(server, hook.name, body), 400)
    }
    assertProblem(await replay(server, hook.name, '{'), 400)
    for (const query of ['?limit=0', '?limit=x', '?limit=-1', '?afterId=x']) assertProblem(await failed(server, hook.name, query), 400)
    for (const [method, rest] of [['DELETE', ''], ['POST', ''], ['POST', '/shop/failed'], ['GET', '/shop/replay'], ['GET', '/shop/enable']]) {
      assertProblem(await ask(server, method, rest), 405)
    }
    assert.equal((await enable(server, hook.name)).status, 200, 'of one that is not disabled it changes nothing')
    assert.equal((await stateOf(server, hook)).state, 'delivering')
  })

  it('is for keys with the scope admin, and to look at for observe', async (t) => {
    const { server, receiver, hook } = await the.tells(t, { args: keys.args })
    const id = newId()
    const a = await connectV1(server, id, { t, path: '/v1/connect', headers: bearer(tokenOf(id)) })
    const said = await a.say(user(newId()), 'x')
    await receiver.told(said)
    for (const key of ['all', 'admin', 'observe']) {
      assert.equal((await listed(server, key)).length, 1)
      assert.equal((await failed(server, hook.name, '', key)).status, 200)
    }
    for (const key of ['all', 'admin']) {
      assert.equal((await replay(server, hook.name, { ids: [String(said.id)] }, key)).status, 202)
      assert.equal((await enable(server, hook.name, key)).status, 200)
    }
    const strangers = [...['push', 'metrics', 'owner'].map((name) => [name, 403]), [tokenOf(a.userId), 403], [null, 401], ['no-key-of-anybody-0123456789', 401]]
    for (const [key, status] of [...strangers, ['observe', 403]]) {
      assertProblem(await replay(server, hook.name, { afterId: '0' }, key), status)
      assertProblem(await enable(server, hook.name, key), status)
    }
    for (const [key, status] of strangers) {
      assertProblem(await listing(server, key), status)
      assertProblem(await failed(server, hook.name, '', key), status)
      assertProblem(await failed(server, 'none', '', key), status)
    }
  })

  it('shows the webhooks that there are: none', async (t) => {
    const server = await serverFor(t, { database: await the.store.newDatabase(), args: ['--api-key-file', keys.path('api')] })
    assert.deepEqual(await listed(server), [])
    assertNone(await failed(server, 'shop'))
  })
}, { keys })

describe('a webhook that is configured wrongly', { concurrency: 4 }, () => {
  const directory = makeDirectory('webhooks')
  after(() => removeDirectory(directory))
  let files = 0
  const file = (text) => {
    const name = path.join(directory, `file${++files}`)
    fs.writeFileSync(name, text, { mode: 0o600 })
    return name
  }
  const good = file(`${newSecret()}\n`)
  const table = (settings) => `[[webhooks]]\n${Object.entries({ name: 'shop', url: 'https://example.com/hook', secret_file: good, ...settings })
    .filter(([, value]) => value !== undefined).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`
  const encoded = (bytes) => crypto.randomBytes(bytes).toString('base64')

  const wrong = {
    'without a name': table({ name: undefined }),
    'without a url': table({ url: undefined }),
    'without a secret': table({ secret_file: undefined }),
    'with a secret of 23 bytes': table({ secret_file: file(`whsec_${encoded(23)}\n`) }),
    'with a secret of 65 bytes': table({ secret_file: file(`whsec_${encoded(65)}\n`) }),
    'with a secret without whsec_': table({ secret_file: file(`${encoded(32)}\n`) }),
    'with a secret that is no base64': table({ secret_file: file('whsec_????????????????????????????????????????????\n') }),
    'with an empty file': table({ secret_file: file('') }),
    'with three secrets': table({ secret_file: file(`${newSecret()}\n${newSecret()}\n${newSecret()}\n`) }),
    'with a second secret that is none': table({ secret_file: file(`${newSecret()}\nnonsense\n`) }),
    'with a file that is not there': table({ secret_file: path.join(directory, 'none') }),
    'with a name of 65 characters': table({ name: 'x'.repeat(65) }),
    'with a name that no path takes': table({ name: 'a/b' }),
    'with a url that has a password': table({ url: 'https://user:password@example.com/hook' }),
    'with a url without TLS, and not a private one': table({ url: 'http://example.com/hook' }),
    'with a url that is none': table({ url: 'example.com/hook' }),
    'with another scheme': table({ url: 'ftp://example.com/hook' }),
    'with an event that there is not': table({ events: ['message.created', 'message.sent'] }),
    'with events that are no list': table({ events: 'message.created' }),
    'with a concurrency of 0': table({ concurrency: 0 }),
    'with a concurrency that is no number': table({ concurrency: 'many' }),
    'with days below 1': table({ keep_days: -1 }),
    'with allow_private that is neither': table({ allow_private: 'maybe' }),
    'with a key that there is not': table({ secrets: good }),
    'that has another’s name': `${table({})}${table({ url: 'https://example.org/hook' })}`,
    'as one table': table({}).replace('[[webhooks]]', '[webhooks]'),
  }
  for (const [what, config] of Object.entries(wrong)) {
    it(`${what} is refused at start, in one line that says so`, async () => {
      const { code, stderr, stdout } = await runToEnd(['--listen', '127.0.0.1:0', '--database', `sqlite:${path.join(directory, `${++files}.db`)}`, '--config', file(config)], { cwd: directory })
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
      assert.match(stderr, /webhooks|secret/)
      assert.doesNotMatch(stderr, /whsec_[A-Za-z0-9+/]{8}/, 'the secret is not shown')
    })
  }

  it('knows every type of event by its name', async (t) => {
    const receiver = await Receiver.open(t)
    const hook = new Hook(t, receiver, { events: types, concurrency: 1, keep_days: 1 })
    const server = await serverFor(t, { config: configOf([hook]), args: ['--api-key-file', keys.path('api')] })
    assert.equal((await listed(server)).length, 1)
  })
})

// Apart, since these are of no conversation and have rows of their own.
withEachStore('webhooks tell of presence', (the) => {
  const online = (userId) => (it) => it.type === 'user.online' && it.data.userId === userId
  const offline = (userId) => (it) => it.type === 'user.offline' && it.data.userId === userId
  const of = (receiver, userId) => receiver.delivered.filter(({ place }) => place === `user ${userId}`)

  it('when a user’s first session comes and the last one goes, and not in between', async (t) => {
    const { server, receiver } = await the.tells(t)
    const id = newId()
    const began = Date.now()
    const first = await connectV1(server, id, { t })
    await receiver.event(online(id))
    const second = await connect(server, id, { t })
    await first.close()
    const third = await connectV1(server, id, { t })
    await second.close()
    await third.close()
    await receiver.event(offline(id))
    const again = await connect(server, id, { t })
    await receiver.waitFor(() => of(receiver, id).length === 3)
    again.socket.terminate()
    await receiver.waitFor(() => of(receiver, id).length === 4)
    const events = of(receiver, id)
    assert.deepEqual(events.map(({ type }) => type), ['user.online', 'user.offline', 'user.online', 'user.offline'])
    for (const { data, timestamp } of events) {
      assert.equal(data.userId, id)
      for (const time of [data.since, timestamp]) assert.ok(Date.parse(time) >= began - 1_000 && Date.parse(time) <= Date.now() + 1_000, time)
    }
    receiver.assertOrder()
  })

  it('when the server ends, once it is back', async (t) => {
    const { server, receiver } = await the.tells(t, { hook: { events: ['user.online', 'user.offline'] } })
    const id = newId()
    await connectV1(server, id, { t })
    await receiver.event(online(id))
    await server.stop()
    await again(t, server)
    await receiver.event(offline(id), 20_000)
    receiver.assertOrder()
  })

  it('of nobody twice, however fast they come and go', async (t) => {
    const { server, receiver } = await the.tells(t, { hook: { events: ['user.online', 'user.offline'] } })
    const ids = range(1, 20).map(newId)
    await Promise.all(ids.map(async (id) => {
      for (let i = 0; i < 3; i++) await (await connectV1(server, id, { t })).close()
    }))
    const stay = await Promise.all(ids.map((id) => connectV1(server, id, { t })))
    const last = (id) => of(receiver, id).at(-1)?.type
    await receiver.waitFor(() => ids.every((id) => last(id) === 'user.online'), 20_000, 'all to be online')
    for (const session of stay) await session.close()
    await receiver.waitFor(() => ids.every((id) => last(id) === 'user.offline'), 20_000, 'all to be offline')
    for (const id of ids) for (const [i, { type }] of of(receiver, id).entries()) assert.equal(type, i % 2 ? 'user.offline' : 'user.online', `event ${i} of ${id}`)
    receiver.assertOrder()
  })
}, { keys })
