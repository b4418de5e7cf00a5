// The client as a whole: resume, holes, what it keeps over restarts, whose it is (contract, sections 3, 7 and 10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeHost, clientOn, editOf, entry, fate, iso, online, recallOf, stored, synced, tokenOf, turn } from './lib/fake-host.mjs'
import { Emitter } from './lib/sdk.mjs'

const you = { userId: 'you' }
const minute = 60_000
const span = (from, to, more = {}) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i, more))
const seqsOf = ({ messages }) => messages.map(({ seq }) => seq)
/** An entry of another conversation, the direct one with `they`. */
const of2 = (seq, more = {}) => entry(seq, { conversationId: '2', from: 'they', id: 1000 + seq, ...more })
const synced2 = (messages, more = {}) => synced(messages, { conversationId: '2', place: { userId: 'they' }, ...more })

function hostWith(...conversations) {
  const host = new FakeHost()
  host.conversations = conversations
  return host
}

/** The app is ended, and started again on the same device. */
async function restarted({ client, host }, options = {}, prepare = () => {}) {
  client.close()
  await turn()
  const next = new FakeHost({ clock: host.clock, kept: host.kept })
  Object.assign(next, { epoch: host.epoch, userId: host.userId })
  prepare(next)
  return online(options, next)
}

/** Online, with an own message that the server has. */
async function withSent(contents, { at = () => {} } = {}) {
  const on = await online()
  let seq = 0
  for (const content of contents) {
    await at(content, on)
    void on.client.send({ to: you, content }).catch(() => {})
    const message = stored(on.socket.request('message.send'), ++seq)
    on.socket.answer('message.send', { message, duplicate: false })
    await turn()
  }
  return on
}

// ---- resume ----

test('the first time: everything is asked for, and nothing of it is news', async () => {
  const host = hostWith(synced(span(1, 3), { unread: 3 }))
  const { client, events } = clientOn(host)
  const connected = fate(client.connect())
  await turn()
  host.socket.open()
  assert.deepEqual(host.socket.sent.map(({ method, params }) => [method, params]), [['sync', { last: [], positions: {}, limit: 200, recent: 20 }]])
  await turn()
  assert.deepEqual([connected.settled, connected.error], [true, undefined])
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3])
  assert.equal(client.unread, 3)
  assert.equal(events('message').length, 0)
  assert.equal(events('synced').length, 1)
  assert.deepEqual(events('state').map(({ state }) => state), ['connecting', 'online'])
})

test('after a restart: what was kept is shown at once; what came meanwhile is told, once and in order', async () => {
  const first = await online({}, hostWith(synced(span(1, 3)), synced2([of2(1)])))
  first.client.close()
  const host = new FakeHost({ clock: first.host.clock, kept: first.host.kept })
  host.conversations = [synced(span(4, 5), { unread: 5 })]
  const { client, events } = clientOn(host)
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3], 'before it is online')
  client.connect().catch(() => {})
  await turn()
  host.socket.open()
  const { params } = host.socket.of('sync')[0]
  assert.deepEqual([params.epoch, params.positions], ['e1', { 1: 3, 2: 1 }])
  await turn()
  assert.deepEqual(events('message').map(({ message }) => message.seq), [4, 5])
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3, 4, 5])
  assert.equal(client.conversation(you).unread, 5)
})

test('`last` is the newest eight by id that are held, of whichever conversations', async () => {
  const on = await online({}, hostWith(synced(span(1, 20)), synced2([of2(1), of2(2)]), synced([entry(1, { conversationId: '3', id: 5, from: 'z' })], { conversationId: '3', place: { userId: 'z' } })))
  on.socket.message(entry(21, { id: 2000 }))
  on.socket.end(1006)
  await on.host.advance(1000)
  on.host.socket.open()
  const { last } = on.host.socket.of('sync')[0].params
  assert.deepEqual(last.map(({ conversationId, seq }) => `${conversationId}:${seq}`), ['1:21', '2:2', '2:1', '1:20', '1:19', '1:18', '1:17', '1:16'])
  assert.deepEqual(last[1], { conversationId: '2', seq: 2, id: 1002, createTime: of2(2).createTime })
})

test('a resume in pages: with the new positions each time, until there is no more', async () => {
  const host = new FakeHost()
  delete host.answers.sync
  const { client, socket, events } = await online({}, host)
  const page = (conversations, hasMore) => socket.answer('sync', { epoch: 'e1', reset: false, conversations, gone: [], hasMore })
  page([synced(span(1, 3), { lastSeq: 6, hasMore: true })], true)
  await turn()
  assert.deepEqual(socket.request('sync').params.positions, { 1: 3 })
  assert.equal(events('synced').length, 0)
  page([synced(span(4, 6)), synced2([of2(1)])], false)
  await turn()
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3, 4, 5, 6])
  assert.equal(events('synced').length, 1)
})

test('left, dismissed or cleared meanwhile: gone', async () => {
  const on = await online({}, hostWith(synced(span(1, 3)), synced2([of2(1)])))
  const { client, events } = await restarted(on, {}, (host) => { host.gone = ['2'] })
  assert.deepEqual(events('gone').map(({ conversation }) => conversation.conversationId), ['2'])
  assert.equal(client.conversation({ userId: 'they' }), undefined)
  assert.equal(client.conversations.length, 1)
})

test('a message of a new conversation while the resume is under way: once, and in order', async () => {
  const host = new FakeHost()
  delete host.answers.sync
  const { client, socket, seqs } = await online({}, host)
  socket.message(entry(2))
  socket.answer('sync', { epoch: 'e1', reset: false, conversations: [synced(span(1, 2))], gone: [], hasMore: false })
  await turn()
  socket.message(entry(3))
  await turn()
  while (socket.waiting.some(({ method }) => method === 'sync')) {
    socket.answer('sync', { epoch: 'e1', reset: false, conversations: [], gone: [], hasMore: false })
    await turn()
  }
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3])
  assert.deepEqual(seqs(), [3])
})

test('a sync that is refused is said, and tried again', async () => {
  const host = new FakeHost()
  const { sync } = host.answers
  delete host.answers.sync
  const { socket, events } = await online({}, host)
  socket.refuse('sync', -32053)
  await turn()
  assert.equal(events('error')[0].error.code, -32053)
  host.answers.sync = sync
  await host.advance(2000)
  assert.equal(events('synced').length, 1)
})

test('a line that is lost during the resume: the next session does it', async () => {
  const host = new FakeHost()
  const { sync } = host.answers
  delete host.answers.sync
  const { client, socket, events } = await online({}, host)
  socket.end(1006)
  host.answers.sync = sync
  host.conversations = [synced(span(1, 2))]
  await host.advance(1000)
  host.socket.open()
  await turn()
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2])
  assert.deepEqual(events('error'), [])
})

test('a user of many conversations: the request fits into a message of the server\'s', async () => {
  const many = Array.from({ length: 5000 }, (_, i) => {
    const conversationId = `${1_000_000 + i}`
    return synced([entry(12_345, { conversationId, id: i + 1, from: `u${i}` })], { conversationId, place: { userId: `u${i}` } })
  })
  const on = await online({}, hostWith(...many))
  on.socket.end(1006)
  await on.host.advance(1000)
  on.host.socket.open()
  const { params } = on.host.socket.of('sync')[0]
  assert.ok(JSON.stringify(on.host.socket.of('sync')[0]).length <= 65_536, `${JSON.stringify(params).length} bytes`)
  assert.ok('1004999' in params.positions, 'the most active are named')
  await turn()
  assert.equal(on.client.conversations.length, 5000)
})

// ---- live ----

test('each once, and in order, whatever comes twice', async () => {
  const { client, socket, seqs } = await online({}, hostWith(synced(span(1, 3))))
  for (const seq of [4, 4, 3, 5, 4, 1, 5, 6]) socket.message(entry(seq))
  await turn()
  assert.deepEqual(seqs(), [4, 5, 6])
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3, 4, 5, 6])
  assert.equal(socket.sent.length, 1)
})

test('a hole asks for what is missing of that conversation only', async () => {
  const { client, socket, seqs } = await online({}, hostWith(synced(span(1, 3)), synced2([of2(1)])))
  socket.message(entry(6))
  socket.message(of2(2))
  assert.deepEqual(socket.sent.slice(1).map(({ method, params }) => [method, params]), [['message.history', { in: you, afterSeq: 3, limit: 200 }]])
  assert.deepEqual(client.conversation({ userId: 'they' }).lastSeq, 2, 'the other goes on')
  socket.message(entry(7))
  assert.equal(socket.of('message.history').length, 1)
  assert.deepEqual(seqs(), [2])
  socket.answer('message.history', { messages: span(4, 6), hasMore: false })
  await turn()
  assert.deepEqual(seqs(), [2, 4, 5, 6, 7])
  assert.equal(socket.of('sync').length, 1)
})

test('a hole of more than a page: page after page', async () => {
  const { socket, seqs, host } = await online({}, hostWith(synced([entry(1)])))
  host.answers['message.history'] = ({ afterSeq }) => ({ messages: span(afterSeq + 1, Math.min(afterSeq + 200, 500)), hasMore: afterSeq + 200 < 500 })
  socket.message(entry(501))
  await turn()
  assert.deepEqual(seqs(), span(2, 501).map(({ seq }) => seq))
  assert.deepEqual(socket.of('message.history').map(({ params }) => params.afterSeq), [1, 201, 401])
})

test('a hole that cannot be read now is read by a sync, soon', async () => {
  const { socket, seqs, host } = await online({}, hostWith(synced(span(1, 3))))
  socket.message(entry(5))
  socket.refuse('message.history', -32053)
  host.conversations = [synced(span(4, 5))]
  await host.advance(2000)
  assert.deepEqual(seqs(), [4, 5])
})

test('a hole and then nothing of it: one has been away; a sync says what there is', async () => {
  const { client, socket, host } = await online({}, hostWith(synced(span(1, 3), { place: { groupId: 'g' } })))
  host.conversations = [synced(span(8, 9), { place: { groupId: 'g' }, firstSeq: 8 })]
  socket.message(entry(9))
  socket.answer('message.history', { messages: span(8, 9), hasMore: false })
  await turn()
  assert.deepEqual(seqsOf(client.conversation({ groupId: 'g' })), [8, 9])
})

test('a conversation that begins is there without asking: direct, one\'s own, a group', async () => {
  const { client, socket, seqs } = await online()
  socket.message(entry(1))
  socket.message(entry(1, { conversationId: '2', from: 'me', to: { userId: 'they' } }))
  socket.message(entry(1, { conversationId: '3', kind: 'group', to: { groupId: 'g' }, content: { action: 'create', by: 'you', userIds: ['me'], name: 'G' } }))
  await turn()
  assert.deepEqual([you, { userId: 'they' }, { groupId: 'g' }].map((place) => client.conversation(place)?.conversationId), ['1', '2', '3'])
  assert.deepEqual(seqs(), [1, 1, 1])
  assert.deepEqual(client.conversations.map(({ unread }) => unread).sort(), [0, 0, 1])
  assert.equal(socket.of('sync').length, 1)
})

test('a conversation in its middle that is not known: a sync', async () => {
  const { client, socket, host } = await online()
  host.conversations = [synced(span(6, 7), { lastSeq: 7, unread: 7 })]
  socket.message(entry(7))
  await turn()
  assert.equal(socket.of('sync').length, 2)
  assert.deepEqual(seqsOf(client.conversation(you)), [6, 7])
})

test('an own message into a conversation that is not known here: its answer asks for that', async () => {
  const { client, socket, host, seqs } = await online()
  void client.send({ to: you, content: 'after it was cleared' })
  const message = stored(socket.request('message.send'), 8)
  host.conversations = [synced([message], { firstSeq: 8, readSeq: 7 })]
  socket.answer('message.send', { message, duplicate: false })
  await turn()
  assert.deepEqual([seqs(), client.conversation(you).unread, client.outgoing()], [[8], 0, []])
})

test('a heartbeat shows what was missed: behind, one history; ahead or unknown, a sync', async () => {
  for (const [positions, asked] of [[{ 1: 5 }, 'message.history'], [{ 1: 2 }, 'sync'], [{ 7: 1 }, 'sync'], [{ 1: 3 }, null], [{}, null]]) {
    const { host, socket } = await online({}, hostWith(synced(span(1, 3))))
    host.answers.ping = () => ({ serverTime: iso(Date.now()), positions })
    await host.advance(25_000)
    assert.equal(socket.of('ping').length, 1)
    const [, , after] = socket.sent
    assert.equal(after?.method ?? null, asked, JSON.stringify(positions))
    if (asked === 'message.history') assert.deepEqual(after.params, { in: you, afterSeq: 3, limit: 200 })
  }
})

test('`messages`: what is left out is there, and each is told', async () => {
  const { client, socket, events } = await online({}, hostWith(synced(span(1, 1)), synced2([of2(1)])))
  const terse = ({ ext: _, clientMsgId: __, recalled: ___, ...rest }) => rest
  socket.notify('messages', { messages: [terse(entry(2)), terse(of2(2)), { ...terse(entry(3)), content: null, recalled: true }, { ...terse(entry(4)), ext: { mentions: ['me'] }, clientMsgId: 'c' }] })
  assert.deepEqual(events('message').map(({ message }) => message), [entry(2), of2(2), entry(3, { content: null, recalled: true }), entry(4, { ext: { mentions: ['me'] }, clientMsgId: 'c' })])
  const of = client.conversation(you)
  assert.deepEqual([of.unread, of.mentionSeq], [2, 4])
  socket.notify('messages', { messages: [] })
})

test('`messages` with a hole in one conversation: the others go on', async () => {
  const { socket, seqs } = await online({}, hostWith(synced(span(1, 1)), synced2([of2(1)])))
  socket.notify('messages', { messages: [entry(3), of2(2), of2(3)] })
  assert.deepEqual(seqs(), [2, 3])
  socket.answer('message.history', { messages: span(2, 3), hasMore: false })
  await turn()
  assert.deepEqual(seqs(), [2, 3, 2, 3])
})

test('an unknown kind has a seq, and a listener that throws keeps nobody from hearing', async (t) => {
  t.mock.method(console, 'error', () => {})
  const { client, socket, seqs } = await online({}, hostWith(synced(span(1, 1))))
  client.on('message', () => { throw new Error('of the app') })
  socket.message(entry(2, { kind: 'poll', content: { of: 'a newer server' } }))
  socket.message(entry(3))
  assert.deepEqual(seqs(), [2, 3])
  assert.equal(console.error.mock.callCount(), 2)
})

test('recalls, edits, reactions and streams reach the app as they happen', async () => {
  const { client, socket, events } = await online({}, hostWith(synced(span(1, 3), { unread: 3 })))
  const of = client.conversation(you)
  socket.message(recallOf(4, 1))
  socket.message(editOf(5, 2, 'better'))
  const before = events('conversation').length
  socket.notify('reaction', { conversationId: '1', seq: 3, userId: 'you', emoji: '👍', on: true })
  assert.equal(events('conversation').length, before + 1)
  assert.deepEqual([of.at(1).recalled, of.at(2).content, of.at(3).reactions, of.unread], [true, 'better', [{ emoji: '👍', count: 1, mine: false }], 2])
  socket.message(entry(6, { streaming: true, content: '' }))
  for (const [offset, delta] of [[0, '大雁🪿'], [3, '南飞'], [9, 'lost before this']]) socket.notify('stream', { conversationId: '1', seq: 6, offset, delta })
  assert.deepEqual(events('stream').length, 2)
  assert.equal(of.at(6).content, '大雁🪿南飞')
  assert.equal(of.unread, 2)
  socket.message(editOf(7, 6, '大雁🪿南飞。'))
  assert.equal(of.unread, 3)
})

test('a reaction that comes while reactions are read is not lost to what was read before it', async () => {
  const on = await online({}, hostWith(synced(span(1, 3))))
  const { client, host, events } = on
  delete host.answers.sync
  host.socket.end(1006)
  await host.advance(30_000)
  host.socket.open()
  const { socket } = host
  socket.notify('reaction', { conversationId: '1', seq: 3, userId: 'you', emoji: '👍', on: true })
  socket.answer('sync', { epoch: 'e1', reset: false, conversations: [synced([], { lastSeq: 3 })], gone: [], hasMore: false })
  await turn()
  const asked = socket.request('message.get')
  assert.deepEqual(asked.params, { in: you, seqs: [3] })
  socket.answer('message.get', { messages: [entry(3, { reactions: [{ emoji: '👍', count: 1, mine: false }] })] })
  await turn()
  assert.deepEqual(client.conversation(you).at(3).reactions, [{ emoji: '👍', count: 1, mine: false }])
  assert.equal(socket.of('message.get').length, 1)

  // And where they come faster than they are read, it is not asked for ever.
  client.get(you, [2]).catch(() => {})
  for (let i = 0; i < 6; i++) {
    await turn()
    socket.notify('reaction', { conversationId: '1', seq: 2, userId: `u${i}`, emoji: '👍', on: true })
    if (socket.of('message.get').length > 1 + i) socket.answer('message.get', { messages: [entry(2)] })
  }
  await turn()
  assert.equal(socket.of('message.get').length, 1 + 4)
  assert.ok(events('conversation').length)
})

test('what is read elsewhere while the conversation is on its way here is asked for again', async () => {
  const { client, host } = await online({}, hostWith(synced(span(1, 1))))
  delete host.answers.sync
  host.socket.message(of2(2))
  host.socket.notify('read', { conversationId: '2', userId: 'me', seq: 2 })
  host.socket.answer('sync', { epoch: 'e1', reset: false, conversations: [synced2([of2(1), of2(2)], { unread: 2 })], gone: [], hasMore: false })
  await turn()
  host.socket.answer('sync', { epoch: 'e1', reset: false, conversations: [synced2([], { lastSeq: 2, readSeq: 2 })], gone: [], hasMore: false })
  await turn()
  assert.deepEqual([client.conversation({ userId: 'they' }).readSeq, client.unread], [2, 0])
})

test('a storage of one’s own keeps all of it, and the host’s nothing', async () => {
  const kept = new Map()
  const storage = { get: (key) => kept.get(key) ?? null, set: (key, text) => { kept.set(key, text) }, remove: (key) => { kept.delete(key) }, keys: () => [...kept.keys()] }
  const { client, host } = await online({ storage }, hostWith(synced(span(1, 2))))
  void client.send({ to: you, content: 'kept' }).catch(() => {})
  client.close()
  assert.equal(client.storage, storage)
  assert.deepEqual([...kept.keys()].map((key) => key.split(':').slice(-2)[0]).sort(), ['me', 'out'])
  assert.equal(host.kept.size, 0)
})

test('a watch that is refused is not asked for again on the next connection', async () => {
  const { client, host } = await online()
  const refused = fate(client.watch(Array.from({ length: 201 }, (_, i) => `u${i}`)))
  host.socket.refuse('presence.watch', -32602)
  await turn()
  assert.equal(refused.error.code, -32602)
  host.socket.end(1006)
  await host.advance(30_000)
  host.socket.open()
  await turn()
  assert.deepEqual(host.socket.of('presence.watch'), [])
})

test('who is removed from a group, or leaves it, or whose group is dismissed, has it no more', async () => {
  for (const [content, isGone] of [
    [{ action: 'remove', by: 'you', userIds: ['x', 'me'], name: 'G' }, true], [{ action: 'leave', by: 'me', userIds: ['me'], name: 'G' }, true], [{ action: 'dismiss', by: 'you', userIds: [], name: 'G' }, true],
    [{ action: 'remove', by: 'you', userIds: ['x'], name: 'G' }, false], [{ action: 'leave', by: 'x', userIds: ['x'], name: 'G' }, false], [{ action: 'add', by: 'you', userIds: ['y'], name: 'G' }, false],
  ]) {
    const place = { groupId: 'g' }
    const { client, socket, events } = await online({}, hostWith(synced(span(1, 2), { place })))
    socket.message(entry(3, { kind: 'group', to: place, content }))
    assert.equal(client.conversation(place) === undefined, isGone, JSON.stringify(content))
    assert.equal(events('gone').length, isGone ? 1 : 0)
  }
})

test('typing, presence and profile are passed on', async () => {
  const { socket, events, client } = await online({}, hostWith(synced(span(1, 2))))
  socket.notify('typing', { conversationId: '1', userId: 'you' })
  socket.notify('typing', { conversationId: '99', userId: 'x' })
  socket.notify('presence', { userId: 'you', online: true })
  socket.notify('profile', { userId: 'me', name: 'Me', avatar: null })
  socket.notify('something new', { of: 'a newer server' })
  assert.deepEqual(events('typing').map(({ conversation }) => conversation), [client.conversation(you), undefined])
  assert.deepEqual(events('presence'), [{ userId: 'you', online: true }])
  assert.deepEqual(events('profile'), [{ userId: 'me', name: 'Me', avatar: null }])
})

test('who is watched is watched after each connection', async () => {
  const { client, host, socket, events } = await online()
  const watched = fate(client.watch(['a', 'b']))
  socket.answer('presence.watch', { online: ['a'] })
  await turn()
  assert.deepEqual(watched.value, ['a'])
  client.unwatch(['b'])
  socket.answer('presence.unwatch', {})
  socket.end(1006)
  await host.advance(1000)
  host.socket.open()
  assert.deepEqual(host.socket.request('presence.watch').params, { userIds: ['a'] })
  host.socket.answer('presence.watch', { online: [] })
  await turn()
  assert.deepEqual(events('presence'), [{ userId: 'a', online: false }])
})

// ---- reading ----

test('read is so at once here, and told soon, once', async () => {
  const { client, host, socket } = await online({}, hostWith(synced(span(1, 5), { unread: 5 })))
  client.read(you, 3)
  assert.equal(client.conversation(you).unread, 2)
  client.read(you)
  assert.equal(client.unread, 0)
  await host.advance(1000)
  assert.deepEqual(socket.of('conversation.read').map(({ params }) => params), [{ in: you, seq: 5 }])
  client.read(you)
  client.read({ userId: 'nobody' })
  await host.advance(1000)
  assert.equal(socket.of('conversation.read').length, 1)
})

test('read without a connection, and the app ended: the server hears it after the next connect', async () => {
  const on = await online({}, hostWith(synced(span(1, 5), { unread: 5 })))
  on.socket.end(1006)
  on.client.read(you, 4)
  const next = await restarted(on, {}, (host) => { host.conversations = [synced([], { lastSeq: 5, readSeq: 0, unread: 5 })] })
  assert.deepEqual(next.socket.of('conversation.read').map(({ params }) => params), [{ in: you, seq: 4 }])
  assert.equal(next.client.conversation(you).unread, 1, 'the sync did not undo it')
})

test('read on another device, and by the other one', async () => {
  const { client, socket } = await online({}, hostWith(synced(span(1, 5), { unread: 5 })))
  socket.notify('read', { conversationId: '1', userId: 'me', seq: 4 })
  socket.notify('read', { conversationId: '1', userId: 'you', seq: 2 })
  socket.notify('read', { conversationId: '1', userId: 'you', seq: 1 })
  socket.notify('read', { conversationId: '99', userId: 'you', seq: 1 })
  const { unread, readSeq, peerReadSeq } = client.conversation(you)
  assert.deepEqual([unread, readSeq, peerReadSeq], [1, 4, 2])
})

test('what only the server can count is asked for', async () => {
  const { client, socket, host } = await online({}, hostWith(synced(span(50, 51), { firstSeq: 1, readSeq: 10, unread: 41 })))
  client.read(you, 30)
  host.conversations = [synced([entry(51)], { readSeq: 30, unread: 19 })]
  await host.advance(1000)
  assert.deepEqual(socket.of('sync')[1].params.positions, { 1: 50 }, 'one entry that is here brings the counts')
  assert.equal(client.conversation(you).unread, 19)
})

// ---- settings, order, history ----

test('pinned first, then newest; the total leaves out what is muted', async () => {
  const { client } = await online({}, hostWith(
    synced([entry(1, { createTime: iso(3e12) })], { unread: 1 }), synced2([of2(1, { createTime: iso(2e12) })], { unread: 2, muted: true }),
    synced([entry(1, { conversationId: '3', createTime: iso(1e12) })], { conversationId: '3', place: { groupId: 'g' }, pinned: true, unread: 4 })))
  assert.deepEqual(client.conversations.map(({ conversationId }) => conversationId), ['3', '1', '2'])
  assert.equal(client.unread, 5)
})

test('set and clear, here and on another device', async () => {
  const { client, socket, events } = await online({}, hostWith(synced(span(1, 3), { unread: 3 }), synced2([of2(1)])))
  client.set(you, { pinned: true })
  assert.deepEqual(socket.request('conversation.set').params, { in: you, pinned: true })
  assert.equal(client.conversation(you).pinned, false, 'not before the server has it')
  socket.answer('conversation.set')
  await turn()
  assert.equal(client.conversation(you).pinned, true)
  socket.notify('conversation', { conversationId: '1', pinned: false, muted: true, clearedSeq: 2, readSeq: 2 })
  const { pinned, muted, firstSeq, unread } = client.conversation(you)
  assert.deepEqual([pinned, muted, firstSeq, unread], [false, true, 3, 1])
  client.clear({ userId: 'they' })
  socket.answer('conversation.clear')
  await turn()
  assert.deepEqual(events('gone').map(({ conversation }) => conversation.conversationId), ['2'])
  socket.notify('conversation', { conversationId: '1', pinned: false, muted: true, clearedSeq: 3, readSeq: 3 })
  assert.equal(client.conversations.length, 0)
})

test('history: what is kept is not asked for again; what joins it is kept', async () => {
  const { client, socket } = await online({}, hostWith(synced(span(81, 100))))
  assert.deepEqual(await client.history(you, { limit: 20 }), { messages: span(81, 100), hasMore: true })
  assert.deepEqual(await client.history(you, { before: 91, limit: 10 }), { messages: span(81, 90), hasMore: true })
  assert.equal(socket.of('message.history').length, 0)
  const newest = fate(client.history(you))
  assert.deepEqual(socket.request('message.history').params, { in: you, limit: 50 })
  socket.answer('message.history', { messages: span(51, 100), hasMore: true })
  await turn()
  assert.equal(newest.value.messages.length, 50)
  assert.equal(client.conversation(you).messages[0].seq, 51)
  await client.history(you, { before: 71, limit: 20 })
  assert.equal(socket.of('message.history').length, 1)
  client.history(you, { before: 51, limit: 200 })
  assert.deepEqual(socket.request('message.history').params, { in: you, limit: 200, beforeSeq: 51 })
  socket.answer('message.history', { messages: span(1, 50), hasMore: false })
  await turn()
  assert.deepEqual(await client.history(you, { limit: 500 }), { messages: span(1, 100), hasMore: false })
  assert.deepEqual(await client.history(you, { before: 1 + 1 }), { messages: span(1, 1), hasMore: false })
})

test('history after a seq, and of who is not here, is the server\'s', async () => {
  const { client, socket } = await online({}, hostWith(synced(span(81, 100))))
  client.history(you, { after: 10 })
  assert.deepEqual(socket.request('message.history').params, { in: you, limit: 50, afterSeq: 10 })
  socket.answer('message.history', { messages: span(11, 60), hasMore: true })
  client.history({ groupId: 'other' })
  socket.answer('message.history', { messages: [], hasMore: false })
  await turn()
  assert.equal(client.conversation(you).messages[0].seq, 81)
})

// ---- a store that was set back ----

test('reset: own messages of the last ten minutes go again, as they were; not older ones, not recalled ones', async () => {
  const on = await withSent(['old', 'recalled', 'lost', 'kept'], { at: async (content, { host }) => { if (content === 'recalled') await host.advance(9 * minute) } })
  const ids = new Map(on.socket.of('message.send').map(({ params }) => [params.content, params.clientMsgId]))
  on.socket.message(recallOf(5, 2, { from: 'me' }))
  await on.host.advance(minute + 1)
  on.host.onConnect = (socket) => socket.open({ epoch: 'e2' })
  on.host.answers.sync = () => ({ epoch: 'e2', reset: true, conversations: [synced([entry(1, { from: 'me', id: 101, clientMsgId: ids.get('old') }), entry(2, { from: 'me', clientMsgId: ids.get('kept'), id: 900 })])], gone: [], hasMore: false })
  on.socket.end(1006)
  await on.host.advance(1000)
  const { socket, host } = on.host.socket ? { socket: on.host.socket, host: on.host } : {}
  assert.equal(on.events('reset').length, 1)
  const sent = () => socket.of('message.send').map(({ params }) => params)
  assert.deepEqual(sent().map(({ content, clientMsgId }) => [content, clientMsgId]), [['lost', ids.get('lost')]])
  socket.answer('message.send', { message: stored(socket.request('message.send'), 3), duplicate: false })
  await host.advance(5000)
  assert.equal(sent().length, 1, '`kept` is in the log that the sync brought')
  assert.deepEqual(on.client.outgoing(), [])
  const of = on.client.conversation(you)
  assert.deepEqual(of.messages.map(({ clientMsgId }) => clientMsgId), [ids.get('old'), ids.get('kept'), ids.get('lost')])
})

test('reset with the epoch of before: what is kept is void all the same, and what is known is no news', async () => {
  const on = await online({}, hostWith(synced(span(1, 5)), synced2([of2(1)])))
  on.host.answers.sync = () => ({ epoch: 'e1', reset: true, conversations: [synced([...span(1, 3), entry(4, { id: 900, content: 'another' })])], gone: [], hasMore: false })
  on.socket.end(1006)
  await on.host.advance(1000)
  on.host.socket.open()
  await turn()
  assert.deepEqual(on.events('message').map(({ message }) => [message.seq, message.content]), [[4, 'another']])
  assert.deepEqual(on.events('gone').map(({ conversation }) => conversation.conversationId), ['2'])
  assert.equal(on.client.conversation(you).lastSeq, 4)
})

test('reset after a restart: what was sent before it, too', async () => {
  const on = await withSent(['lost'])
  const [{ params: { clientMsgId } }] = on.socket.of('message.send')
  const next = await restarted(on, {}, (host) => { host.answers.sync = () => ({ epoch: 'e2', reset: true, conversations: [], gone: [], hasMore: false }) })
  assert.equal(next.socket.request('message.send').params.clientMsgId, clientMsgId)
})

test('reset: one that was sent, and whose place in the log is still open, goes again, too', async () => {
  const on = await online({}, hostWith(synced(span(1, 3))))
  void on.client.send({ to: you, content: 'lost' }).catch(() => {})
  const request = on.socket.request('message.send')
  on.socket.answer('message.send', { message: stored(request, 9), duplicate: false })
  await turn()
  on.host.answers.sync = () => ({ epoch: 'e2', reset: true, conversations: [synced(span(1, 2))], gone: [], hasMore: false })
  on.socket.end(1006)
  await on.host.advance(1000)
  on.host.socket.open()
  await turn()
  assert.equal(on.host.socket.request('message.send').params.clientMsgId, request.params.clientMsgId)
})

test('reset: what waits in the outbox stays in it', async () => {
  const on = await online()
  void on.client.send({ to: you, content: 'waits' }).catch(() => {})
  on.host.answers.sync = () => ({ epoch: 'e2', reset: true, conversations: [], gone: [], hasMore: false })
  on.socket.end(1006)
  await on.host.advance(1000)
  on.host.socket.open({ epoch: 'e2' })
  await on.host.advance(2000)
  assert.equal(on.host.socket.of('message.send').length, 1)
})

// ---- what is stored ----

test('a storage that is full keeps less, and then says so; the client goes on', async () => {
  const host = hostWith(synced(Array.from({ length: 60 }, (_, i) => entry(i + 1, { content: 'x'.repeat(100) })), { unread: 60 }))
  const { client, socket, events } = await online({}, host)
  const size = async (room) => {
    host.room = room
    socket.notify('read', { conversationId: '1', userId: 'you', seq: client.conversation(you).peerReadSeq + 1 })
    await host.advance(1000)
    const saved = [...host.kept].find(([key]) => key.endsWith(':state'))
    return saved ? JSON.parse(saved[1]).conversations[0].messages.length : null
  }
  assert.equal(await size(Infinity), 20)
  assert.equal(await size(5000), 10)
  assert.equal(await size(1000), 0)
  assert.deepEqual(events('error'), [])
  host.kept.clear()
  assert.equal(await size(10), null)
  assert.match(events('error')[0].error.message, /full/)
  assert.equal(await size(10), null)
  assert.equal(events('error').length, 1, 'said once')
  const sent = fate(client.send({ to: you, content: 'still' }))
  await turn()
  assert.equal(events('error').length, 2, 'the message would be lost with the app')
  socket.answer('message.send', { message: stored(socket.request('message.send'), 61), duplicate: false })
  await turn()
  assert.equal(sent.value.seq, 61)
  assert.equal(client.conversation(you).lastSeq, 61)
})

for (const [what, text] of [
  ['half a text', '{"version":1,"epoch":"e1","conver'], ['nothing', 'null'], ['something else', '[1]'], ['another version', '{"version":2,"epoch":"e1","conversations":[],"sent":[]}'],
  ['a conversation that is none', '{"version":1,"epoch":"e1","conversations":[{}],"sent":[]}'], ['no conversations', '{"version":1,"epoch":"e1"}'],
]) test(`a storage with ${what} is survived, and said`, async () => {
  const host = hostWith(synced(span(1, 3), { unread: 3 }))
  host.kept.set('hongyan:https://chat.example:me:state', text)
  const { client, socket, events } = await online({}, host)
  assert.equal(events('error').length, 1)
  assert.deepEqual(socket.of('sync')[0].params.positions, {})
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3])
  assert.equal(events('message').length, 0)
  await host.advance(1000)
  assert.equal(JSON.parse(host.kept.get('hongyan:https://chat.example:me:state')).version, 1)
})

test('a storage that cannot be read is survived, and said', async () => {
  const host = hostWith(synced(span(1, 3)))
  host.storage.get = host.storage.keys = () => { throw new Error('getStorageSync:fail') }
  const { client, events } = await online({}, host)
  assert.deepEqual(seqsOf(client.conversation(you)), [1, 2, 3])
  assert.match(events('error')[0].error.message, /getStorageSync:fail/)
})

test('what is not of this package is left alone', async () => {
  const host = new FakeHost()
  host.kept.set('the app\'s own', '{')
  const { client, events } = await online({}, host)
  await host.advance(1000)
  client.close()
  assert.equal(host.kept.get('the app\'s own'), '{')
  assert.deepEqual(events('error'), [])
})

// ---- whose it is ----

test('two users of one device have nothing of each other\'s', async () => {
  const one = await online({ userId: 'me' }, hostWith(synced(span(1, 3))))
  one.client.send({ to: you, content: 'of me' }).catch(() => {})
  one.client.close()
  const host = new FakeHost({ clock: one.host.clock, kept: one.host.kept })
  host.userId = 'other'
  const two = await online({ userId: 'other' }, host)
  assert.equal(two.client.conversations.length, 0)
  assert.deepEqual(two.client.outgoing(), [])
  assert.deepEqual(two.socket.of('message.send'), [])
  assert.deepEqual(two.socket.of('sync')[0].params, { last: [], positions: {}, limit: 200, recent: 20 })
  two.client.close()
  const three = await online({ userId: 'me' }, new FakeHost({ clock: one.host.clock, kept: one.host.kept }))
  assert.equal(three.client.conversation(you).lastSeq, 3)
  assert.equal(three.socket.request('message.send').params.content, 'of me')
})

test('another logs in: nothing of the one before is sent in their name, and it waits for its own', async () => {
  let who = 'me'
  const host = hostWith(synced(span(1, 3)))
  const { client, socket } = await online({ getToken: () => tokenOf(who) }, host)
  const sent = fate(client.send({ to: you, content: 'of me' }))
  socket.refuse('message.send', -32053)
  await turn()
  who = host.userId = 'other'
  socket.end(4001)
  const late = fate(client.send({ to: { userId: 'they' }, content: 'of me' }))
  await turn()
  host.socket.open()
  await host.advance(5000)
  assert.equal(client.userId, 'other')
  assert.deepEqual(host.socket.of('message.send'), [])
  assert.deepEqual([sent.error.code, late.error.code], ['closed', 'closed'])
  assert.deepEqual([client.conversations.length, client.outgoing().length], [0, 0])
  assert.deepEqual(host.socket.of('sync')[0].params.positions, {})
  who = host.userId = 'me'
  host.socket.end(4001)
  await turn()
  host.socket.open()
  await turn()
  assert.deepEqual(host.socket.of('message.send').map(({ params }) => params.content), ['of me', 'of me'])
  assert.equal(client.conversation(you).lastSeq, 3)
})

test('close(), another logs in, connect(): it is they who connect', async () => {
  let who = 'me'
  const { client, host } = await online({ getToken: () => tokenOf(who) })
  let resets = 0
  client.on('reset', () => resets++)
  client.close()
  who = host.userId = 'other'
  client.connect().catch(() => {})
  await turn()
  assert.equal(host.socket.token, tokenOf('other'))
  host.socket.open()
  assert.equal(client.userId, 'other')
  assert.equal(resets, 1, 'what was shown is void')
})

test('a message that came for the one before, and had no place yet, is not the next one\'s', async () => {
  let who = 'me'
  const host = new FakeHost()
  const { sync } = host.answers
  delete host.answers.sync
  const { client, socket, seqs } = await online({ getToken: () => tokenOf(who) }, host)
  socket.message(entry(1))
  host.answers.sync = sync
  who = host.userId = 'other'
  socket.end(4001)
  await turn()
  host.socket.open()
  await turn()
  assert.deepEqual([client.conversations.length, seqs()], [0, []])
})

test('who one is, is read from the token before there is a connection: what is kept is shown', async () => {
  const on = await online({}, hostWith(synced(span(1, 3))))
  on.client.close()
  const { client } = clientOn(new FakeHost({ clock: on.host.clock, kept: on.host.kept }), { getToken: () => tokenOf('me', '大雁') })
  client.connect().catch(() => {})
  await turn()
  assert.equal(client.userId, 'me')
  assert.equal(client.conversation(you).lastSeq, 3)
})

// ---- coming and going ----

test('connect() that is not online in time says so, and goes on trying', async () => {
  const { client, host } = clientOn(new FakeHost())
  const connected = fate(client.connect(5000))
  await host.advance(5000)
  assert.equal(connected.error.code, 'offline')
  await host.advance(30_000)
  host.onConnect = (socket) => socket.open()
  host.socket.end(1006)
  await host.advance(30_000)
  assert.equal(client.state, 'online')
  assert.equal(fate(client.connect()).settled, false)
  await turn()
})

test('connect() when one is online is at once so', async () => {
  const { client } = await online()
  await client.connect()
})

for (const [what, options, act] of [
  ['there is no token', { getToken: () => null }, () => {}], ['the app closes', {}, ({ client }) => client.close()], ['it is replaced', {}, ({ host }) => host.socket.end(4009)],
]) test(`connect() ends when ${what}`, async () => {
  const on = clientOn(new FakeHost(), options)
  const connected = fate(on.client.connect())
  await turn()
  act(on)
  await turn()
  assert.equal(connected.error.code, 'closed')
  assert.match(connected.error.message, new RegExp(on.client.state))
})

test('after close() nothing is under way, and connect() goes on where it was', async () => {
  const { client, host, socket } = await online({}, hostWith(synced(span(1, 3))))
  socket.message(entry(4))
  client.close()
  await turn()
  assert.equal(client.state, 'closed')
  assert.equal(host.clock.timers.size, 0)
  assert.equal(host.wakes.size, 0)
  client.connect().catch(() => {})
  await turn()
  host.socket.open()
  assert.deepEqual(host.socket.of('sync')[0].params.positions, { 1: 4 })
})

test('the server\'s clock', async () => {
  const { client, host } = clientOn(new FakeHost())
  client.connect().catch(() => {})
  await turn()
  host.socket.open({ serverTime: iso(Date.now() + 90_000), limits: { contentChars: 7 } })
  assert.equal(client.now(), Date.now() + 90_000)
  assert.equal(client.limits.contentChars, 7)
})

// ---- files ----

test('an upload: address, token, progress, answer', async () => {
  const { client, host } = await online({ getToken: () => 't1' })
  const progress = []
  const done = client.upload('wxfile://voice', { name: 'voice.mp3', seconds: 3, progress: (...of) => progress.push(of) })
  await turn()
  const { url, token, file, name, seconds, progress: tell, resolve } = host.uploads[0]
  assert.match(url, /^https:\/\/chat\.example\/v1\/files/)
  assert.deepEqual([token, file, name, seconds], ['t1', 'wxfile://voice', 'voice.mp3', 3])
  tell(1, 2)
  resolve({ status: 201, text: '{"fileId":"f","kind":"voice"}' })
  assert.deepEqual(await done, { fileId: 'f', kind: 'voice' })
  assert.deepEqual(progress, [[1, 2]])
})

test('an upload of a user without a token says whose it is', async () => {
  const { client, host } = await online({ userId: 'a b' }, Object.assign(new FakeHost(), { userId: 'a b' }))
  client.upload('f').catch(() => {})
  await turn()
  assert.deepEqual([host.uploads[0].url, host.uploads[0].token], ['https://chat.example/v1/files?userId=a%20b', null])
  assert.deepEqual(await client.fileRequest('f/1'), { url: 'https://chat.example/v1/files/f%2F1?userId=a%20b', headers: {} })
})

test('a file is asked for with the token of now', async () => {
  const { client } = await online({ getToken: () => 't1' })
  assert.deepEqual(await client.fileRequest('f1'), { url: 'https://chat.example/v1/files/f1', headers: { Authorization: 'Bearer t1' } })
})

test('an upload that is answered 401 renews the token, once, and goes again', async () => {
  const reasons = []
  const { client, host } = await online({ getToken: (reason) => {
    reasons.push(reason)
    return `t${reasons.length}`
  } })
  const done = fate(client.upload('f'))
  await turn()
  host.uploads[0].resolve({ status: 401, text: '{"status":401}' })
  await turn()
  assert.deepEqual(reasons, ['start', 'refused'])
  assert.equal(host.uploads[1].token, 't2')
  host.uploads[1].resolve({ status: 401, text: '{"status":401}' })
  await turn()
  assert.deepEqual([done.error.code, done.error.data.status], ['http', 401])
  assert.equal(host.uploads.length, 2)
})

test('an upload that is refused, answered by something between, or cut', async () => {
  const { client, host } = await online()
  const refused = fate(client.upload('f'))
  const between = fate(client.upload('f'))
  const cut = fate(client.upload('f'))
  await turn()
  host.uploads[0].resolve({ status: 413, text: '{"title":"too large","detail":"at most 20 MiB","status":413}' })
  host.uploads[1].resolve({ status: 502, text: '<html>' })
  host.uploads[2].reject(new Error('uploadFile:fail'))
  await turn()
  assert.deepEqual([refused.error.code, refused.error.message, refused.error.data.status], ['http', 'at most 20 MiB', 413])
  assert.deepEqual([between.error.code, between.error.data.status], ['http', 502])
  assert.match(cut.error.message, /uploadFile:fail/)
})

// ---- events ----

test('a listener is taken off by what on() returns, and by off()', () => {
  const emitter = new Emitter()
  const heard = []
  const listener = (event) => heard.push(event)
  const end = emitter.on('x', listener)
  emitter.on('x', (event) => {
    heard.push(-event)
    end()
  })
  emitter.emit('x', 1)
  emitter.emit('x', 2)
  assert.deepEqual(heard, [1, -1, -2])
  emitter.on('y', listener)
  emitter.off('y', listener)
  emitter.off('z', listener)
  emitter.emit('y', 3)
  assert.equal(heard.length, 3)
})
