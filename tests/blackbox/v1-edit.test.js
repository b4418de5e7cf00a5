// v1: message.edit: whose, for how long and how often; and that the new content is everywhere, and the old one nowhere.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { connect, contents, get, history, pushed, push } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { assertProblem } from './lib/problem.js'
import { again, serverFor } from './lib/server.js'
import { assertMessage, connectV1, flood, group, groupOf, newId, people, pipeline, range, Replica, seqs, uniqueId, user } from './lib/v1.js'
import { delay } from './lib/wait.js'

// The message as it is after an edit.
const edit = async (session, place, seq, content) => {
  const { message, ...more } = await session.call('message.edit', { in: place, seq, content })
  assert.deepEqual(more, {})
  assertMessage(message)
  return message
}

// Is refused as one's place, for that reason.
const forbidden = async (session, reason, place, seq, content = 'changed') => {
  const { data } = await session.fails(-32003, 'message.edit', { in: place, seq, content })
  assert.equal(data?.reason, reason)
}

const entryOf = (session) => session.message(({ kind }) => kind === 'edit')

// What goes by time needs times that differ.
const nextMillisecond = async (session, { createTime }) => {
  while (Date.now() <= Date.parse(createTime)) await session.call('ping')
}

onEachStore('v1 message.edit', (the) => {
  it('gives a text another content everywhere, and is an entry of its own', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [a2, b2] = [await connectV1(the.server, a.userId, { t }), await connectV1(the.server, b.userId, { t })]
    const place = user(b.userId)
    await a.say(place, 'before')
    const old = await a.say(place, '旧的 mistake', { ext: { note: 7, reply: { seq: 1 } } })
    const after = await a.say(place, 'after')
    const now = await edit(a, place, 2, '新的 words')
    assert.deepEqual(now, { ...old, content: '新的 words', edited: true })
    const entries = await Promise.all([a, a2, b, b2].map(entryOf))
    const [{ id, createTime, ...entry }] = entries
    assert.ok(id > after.id && createTime >= after.createTime)
    assert.deepEqual(entry, { conversationId: old.conversationId, seq: 4, from: a.userId, to: place, kind: 'edit', content: { seq: 2, content: '新的 words' }, ext: null, clientMsgId: null, recalled: false })
    for (const other of entries) assert.deepEqual(other, entries[0])
    for (const [session, peer] of [[a, b], [b, a]]) {
      const all = await session.all(user(peer.userId))
      assert.deepEqual(all.map(({ seq, edited }) => [seq, edited]), [[1, undefined], [2, true], [3, undefined], [4, undefined]])
      assert.deepEqual([all[1], all[3]], [now, entries[0]])
      assert.deepEqual((await session.call('message.get', { in: user(peer.userId), seqs: [2] })).messages, [now])
      assert.deepEqual((await session.history(user(peer.userId), { beforeSeq: 3, limit: 1 })).messages, [now])
      const { messages } = (await get(the.server, `/v1/messages?userId=${session.userId}&peer=${peer.userId}`)).json()
      assert.deepEqual(messages, all)
      const replica = new Replica()
      await replica.sync(session)
      assert.deepEqual(replica.of(old.conversationId), all)
      assert.doesNotMatch(JSON.stringify([all, messages, await session.row(user(peer.userId))]), /旧|mistake/, 'nothing of it is left')
    }
    assert.deepEqual((await b.call('message.search', { query: '新的' })).messages, [now])
  })

  it('of a message that came by /push, and is the last of the list', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: 'pushed' })
    const now = await edit(a, user(b.userId), 1, 'edited')
    assert.deepEqual([now.content, now.clientMsgId, now.edited], ['edited', null, true])
    for (const [session, peer] of [[a, b], [b, a]]) {
      const row = await session.row(user(peer.userId))
      assert.deepEqual([row.lastMessage, row.lastSeq], [now, 2])
    }
  })

  it('takes 1 to 4096 characters without U+0000', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await a.say(place, 'x')
    for (const content of ['y', '😀'.repeat(4096), '\u0001"\\\n', 'x'.repeat(4096)]) assert.equal((await edit(a, place, 1, content)).content, content)
    const refused = [['x'.repeat(4097), -32013], ['😀'.repeat(4097), -32013], ['', -32602], ['a\0b', -32602], [5, -32602], [null, -32602], [undefined, -32602], [{ text: 'x' }, -32602]]
    for (const [content, code] of refused) await a.fails(code, 'message.edit', { in: place, seq: 1, content }, code === -32602 ? { param: 'content' } : {})
    for (const seq of [undefined, 0, -1, '1', 1.5]) await a.fails(-32602, 'message.edit', { in: place, seq, content: 'z' }, { param: 'seq' })
    await a.fails(-32602, 'message.edit', { seq: 1, content: 'z' }, { param: 'in' })
    assert.equal((await b.all(user(a.userId))).length, 5)
    assert.equal((await b.all(user(a.userId)))[0].content, 'x'.repeat(4096))
    await a.fails(-32602, 'message.send', { to: place, clientMsgId: uniqueId(), kind: 'edit', content: { seq: 1, content: 'z' } })
  })

  it('of anything but one’s own text is -32003, whoever one is in a group', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const theirs = await b.say(user(a.userId), 'b’s')
    await forbidden(a, 'role', user(b.userId), theirs.seq)
    const { place } = await groupOf([a, b])
    const { seq } = await b.say(place, 'b’s')
    await forbidden(a, 'role', place, seq)
    await a.call('group.role', { groupId: place.groupId, userId: b.userId, role: 'admin' })
    await forbidden(b, 'role', place, (await a.say(place, 'the owner’s')).seq)
    for (const [kind, content] of [['image', { fileId: 'f' }], ['location', { latitude: 1, longitude: 2 }], ['custom', { content: 'x' }]]) {
      await forbidden(a, 'role', place, (await a.say(place, content, { kind })).seq)
    }
    const own = await a.say(place, 'own')
    await edit(a, place, own.seq, 'edited')
    await forbidden(a, 'role', place, own.seq + 1)
    await a.call('message.recall', { in: place, seq: own.seq })
    await forbidden(a, 'role', place, own.seq + 2)
    await forbidden(a, 'role', place, 1)
    const all = await b.all(place)
    assert.deepEqual(seqs(all), range(1, own.seq + 2))
    assert.deepEqual(all.filter(({ edited, recalled }) => edited && !recalled), [])
  })

  it('of what was recalled, is not there or not one’s to read is -32004', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    await a.say(place, 'x')
    await a.call('message.recall', { in: place, seq: 2 })
    await a.fails(-32004, 'message.edit', { in: place, seq: 2, content: 'y' })
    for (const seq of [4, 1_000_000]) await a.fails(-32004, 'message.edit', { in: place, seq, content: 'y' })
    await a.fails(-32004, 'message.edit', { in: user(newId()), seq: 1, content: 'y' })
    await a.fails(-32004, 'message.edit', { in: group('none'), seq: 1, content: 'y' })
    await c.fails(-32004, 'message.edit', { in: place, seq: 2, content: 'y' })
    const { seq } = await b.say(place, 'b’s')
    await b.call('group.leave', { groupId: place.groupId })
    await b.fails(-32004, 'message.edit', { in: place, seq, content: 'y' })
    await a.call('group.add', { groupId: place.groupId, userIds: [b.userId] })
    await b.fails(-32004, 'message.edit', { in: place, seq, content: 'y' })
    assert.deepEqual((await a.all(place)).map(({ kind }) => kind), ['group', 'text', 'recall', 'text', 'group', 'group'])
  })

  it('with the same content changes nothing, and is no entry', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const message = await a.say(place, 'same')
    for (let i = 0; i < 25; i++) assert.deepEqual(await edit(a, place, 1, 'same'), message, 'it is not edited')
    const now = await edit(a, place, 1, 'another')
    for (let i = 0; i < 25; i++) assert.deepEqual(await edit(a, place, 1, 'another'), now)
    assert.deepEqual(seqs(await b.all(user(a.userId))), [1, 2])
    assert.equal((await edit(a, place, 1, 'same')).edited, true, 'back to the first is an edit')
    assert.deepEqual((await b.all(user(a.userId))).at(-1).content, { seq: 1, content: 'same' })
  })

  it('is done 20 times at most to a message, then -32013', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await a.say(place, 'n0')
    await a.say(place, 'other')
    for (const i of range(1, 20)) assert.equal((await edit(a, place, 1, `n${i}`)).content, `n${i}`)
    for (let i = 0; i < 2; i++) await a.fails(-32013, 'message.edit', { in: place, seq: 1, content: 'n21' })
    assert.equal((await edit(a, place, 1, 'n20')).content, 'n20', 'nothing that changes anything')
    await edit(a, place, 2, 'each by itself')
    const all = await b.all(user(a.userId))
    assert.deepEqual([all.length, all[0].content, all[1].content], [23, 'n20', 'each by itself'])
    assert.deepEqual(all.slice(2, 22).map(({ content }) => content), range(1, 20).map(() => ({ seq: 1, content: 'n20' })))
    await a.call('message.recall', { in: place, seq: 1 })
    await a.fails(-32004, 'message.edit', { in: place, seq: 1, content: 'n22' })
  })

  it('is read with the content of now, live with that of then, and null once recalled', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const [{ conversationId }] = await flood(a, place, 1, 3)
    const known = new Replica()
    await known.sync(b)
    await b.messages(conversationId, 3)
    // Of several, to and fro: each entry is about its own.
    const steps = [[2, 'two'], [1, 'one'], [2, 'two again'], [3, 'three'], [1, 'one again'], [2, 'two at last']]
    for (const [seq, content] of steps) await edit(a, place, seq, content)
    assert.deepEqual((await b.messages(conversationId, 6)).map(({ content }) => content), steps.map(([seq, content]) => ({ seq, content })))
    const expect = async (now) => {
      const expected = steps.map(([seq]) => ({ seq, content: now[seq] }))
      const read = {
        history: (await b.history(user(a.userId), { afterSeq: 3, limit: 6 })).messages,
        'message.get': (await b.call('message.get', { in: user(a.userId), seqs: [9, 7, 8, 4, 6, 5] })).messages,
      }
      const resumed = new Replica()
      Object.assign(resumed, { epoch: known.epoch, positions: { ...known.positions } })
      await resumed.sync(b, { limit: 4 })
      read.sync = resumed.of(conversationId).filter(({ kind }) => kind === 'edit')
      for (const [how, messages] of Object.entries(read)) assert.deepEqual(messages.map(({ content }) => content), expected, how)
      for (const [seq, content] of Object.entries(now)) {
        const [message] = (await b.call('message.get', { in: user(a.userId), seqs: [Number(seq)] })).messages
        assert.equal(message.content, content)
      }
      const [last] = (await b.call('message.get', { in: user(a.userId), seqs: [9] })).messages
      assert.deepEqual(last.content, expected[5])
    }
    await expect({ 1: 'one again', 2: 'two at last', 3: 'three' })
    await a.call('message.recall', { in: place, seq: 2 })
    await expect({ 1: 'one again', 2: null, 3: 'three' })
    assert.doesNotMatch(JSON.stringify(await b.all(user(a.userId))), /two/)
  })

  it('is an entry with null to who joined later and may not read the message', async (t) => {
    const [a, b, joined] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    await a.say(place, 'before')
    await a.call('group.add', { groupId: place.groupId, userIds: [joined.userId] })
    const after = await a.say(place, 'after')
    await edit(a, place, 2, 'secret')
    await edit(a, place, after.seq, 'open')
    const expected = [{ seq: 2, content: null }, { seq: after.seq, content: 'open' }]
    const live = [await entryOf(joined), await entryOf(joined)]
    assert.deepEqual(live.map(({ content }) => content), expected)
    assert.deepEqual((await joined.history(place, { limit: 2 })).messages, live)
    const all = await joined.all(place)
    assert.deepEqual(all.slice(-2), live)
    assert.deepEqual((await joined.call('message.get', { in: place, seqs: seqs(live) })).messages, live)
    const replica = new Replica()
    await replica.sync(joined)
    assert.deepEqual(replica.of(after.conversationId), all)
    assert.doesNotMatch(JSON.stringify([all, await joined.row(place)]), /secret/)
    for (const session of [a, b]) assert.equal((await entryOf(session)).content.content, 'secret')
  })

  it('is had for edit.window, which `session` tells; 0: not at all', async (t) => {
    const [{ hello }] = await people(the.server, t, 1)
    assert.equal(hello.limits.editSeconds, 900)
    const server = await serverFor(t, { database: await the.store.newDatabase(), config: '[edit]\nwindow = 1\n' })
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    assert.equal(a.hello.limits.editSeconds, 1)
    for (const content of ['early', 'late']) await a.say(place, content)
    await edit(a, place, 1, 'in time')
    await delay(1_300) // the window itself
    for (const seq of [1, 2]) await forbidden(a, 'role', place, seq)
    assert.deepEqual((await b.all(user(a.userId))).map(({ content }) => content), ['in time', 'late', { seq: 1, content: 'in time' }])
    await server.stop()
    const without = await again(t, server, { config: '[edit]\nwindow = 0\n' })
    const c = await connectV1(without, a.userId, { t })
    assert.equal(c.hello.limits.editSeconds, 0)
    await forbidden(c, 'role', place, 2)
    // Also in the millisecond of its sending.
    for (let round = 0; round < 20; round++) {
      await Promise.all(range(4 + round * 10, 13 + round * 10).flatMap((seq) => [
        c.call('message.send', { to: place, clientMsgId: uniqueId(), content: 'kept' }), forbidden(c, 'role', place, seq),
      ]))
    }
    assert.deepEqual((await c.all(place)).filter(({ kind, edited }) => kind === 'edit' || edited).map(({ seq }) => seq), [1, 3])
  })

  it('is for owner and admins where a group is muted, and for nobody where they are blocked', async (t) => {
    const [owner, admin, member] = await people(the.server, t, 3)
    const { place } = await groupOf([owner, admin, member])
    await owner.call('group.role', { groupId: place.groupId, userId: admin.userId, role: 'admin' })
    const sent = []
    for (const session of [owner, admin, member]) sent.push(await session.say(place, 'x'))
    await owner.call('group.update', { groupId: place.groupId, muted: true })
    await forbidden(member, 'muted', place, sent[2].seq)
    await edit(owner, place, sent[0].seq, 'owner’s')
    await edit(admin, place, sent[1].seq, 'admin’s')
    await owner.call('group.update', { groupId: place.groupId, muted: false })
    await edit(member, place, sent[2].seq, 'member’s')

    const toOwner = await member.say(user(owner.userId), 'x')
    const toMember = await owner.say(user(member.userId), 'y')
    await owner.call('block.add', { userIds: [member.userId] })
    await forbidden(member, 'blocked', user(owner.userId), toOwner.seq)
    await edit(owner, user(member.userId), toMember.seq, 'who blocks may')
    await edit(member, place, sent[2].seq, 'groups stay as they are')
    assert.equal((await owner.all(user(member.userId)))[0].content, 'x')
    await owner.call('block.remove', { userIds: [member.userId] })
    await edit(member, user(owner.userId), toOwner.seq, 'again')
  })

  it('is searched by the new text only', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const found = async (query) => {
      const rows = await Promise.all([a, b].map(async (session) => (await session.call('message.search', { query })).messages.map(({ seq, content }) => [seq, content])))
      assert.deepEqual(rows[0], rows[1])
      return rows[0]
    }
    await a.say(place, '今天下雨 rain today')
    await a.say(place, 'another')
    await edit(a, place, 1, '明天下雪 snow tomorrow')
    for (const query of ['今天', '雨', 'rain', 'today']) assert.deepEqual(await found(query), [], query)
    for (const query of ['明天', '雪', 'snow', 'tomo', '下']) assert.deepEqual(await found(query), [[1, '明天下雪 snow tomorrow']], query)
    await edit(a, place, 1, '！？…')
    for (const query of ['雪', '雨', 'snow']) assert.deepEqual(await found(query), [], query)
    await edit(a, place, 1, '今天下雨 again')
    for (const query of ['今天', 'again', '雨']) assert.deepEqual(await found(query), [[1, '今天下雨 again']], query)
    assert.deepEqual(await found('snow'), [])
    await a.call('message.recall', { in: place, seq: 1 })
    for (const query of ['今天', 'again', 'snow', '雪']) assert.deepEqual(await found(query), [], query)
  })

  it('leaves the clientMsgId to what was sent first', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const params = { to: user(b.userId), clientMsgId: uniqueId(), kind: 'text', content: 'first', ext: { n: 1 } }
    const { message } = await a.call('message.send', params)
    for (const content of ['second', 'third', 'first', 'fourth']) {
      const now = await edit(a, params.to, 1, content)
      assert.deepEqual(await a.call('message.send', params), { message: now, duplicate: true })
      for (const other of ['second', 'third', 'fourth', 'fifth']) await a.fails(-32009, 'message.send', { ...params, content: other })
    }
    assertProblem(await push(the.server, { userId: a.userId, targetUserId: b.userId, content: 'fourth', clientMsgId: params.clientMsgId }), 409)
    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: 'first', clientMsgId: params.clientMsgId })
    await a.call('message.recall', { in: params.to, seq: 1 })
    const { message: recalled, duplicate } = await a.call('message.send', params)
    assert.deepEqual([duplicate, recalled.id, recalled.content, recalled.recalled], [true, message.id, null, true])
    await a.fails(-32009, 'message.send', { ...params, content: 'fourth' })
    assert.deepEqual((await b.all(user(a.userId))).map(({ kind }) => kind), ['text', 'edit', 'edit', 'edit', 'edit', 'recall'])

    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: '推送', clientMsgId: 'p1' })
    await edit(a, user(b.userId), 7, '改过')
    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: '推送', clientMsgId: 'p1' })
    assertProblem(await push(the.server, { userId: a.userId, targetUserId: b.userId, content: '改过', clientMsgId: 'p1' }), 409)
    assert.equal((await b.all(user(a.userId))).length, 8)
  })

  it('shows classic clients their window anew, and so does a recall', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await a.say(place, '1')
    await b.say(user(a.userId), '2')
    await a.say(place, '3')
    const windows = await Promise.all([a, b].map(({ userId }) => connect(the.server, userId, { t })))
    const shown = async (expected) => {
      for (const [i, { userId }] of [a, b].entries()) {
        assert.deepEqual(contents(await windows[i].next()), expected)
        assert.deepEqual(contents(await history(the.server, { userId })), expected)
      }
    }
    const [before] = await history(the.server, { userId: a.userId })
    await edit(a, place, 1, 'one')
    await shown(['one', '2', '3'])
    const [after] = await history(the.server, { userId: b.userId })
    assert.deepEqual(after, { ...before, content: 'one' }, 'its place, time and names are what they were')
    await edit(b, user(a.userId), 2, 'two')
    await shown(['one', 'two', '3'])
    await edit(a, place, 1, 'one')
    await a.call('message.recall', { in: place, seq: 1 })
    await shown(['two', '3'])
    for (const session of windows) {
      await session.ping()
      assert.deepEqual(session.queue, [], 'what changes nothing shows nothing')
    }
  })

  it('moves neither lastMessage nor the order of the list; nor does a recall', async (t) => {
    const [a, b, c, d] = await people(the.server, t, 4)
    const places = [b, c, d].map(({ userId }) => user(userId))
    const sent = []
    for (const place of places) {
      sent.push(await a.say(place, `to ${place.userId}`))
      await nextMillisecond(a, sent.at(-1))
    }
    const list = async () => {
      const rows = []
      for (let cursor; cursor !== null;) {
        const page = await a.call('conversation.list', { limit: 1, cursor })
        rows.push(...page.conversations)
        cursor = page.cursor
      }
      assert.deepEqual((await a.call('conversation.list')).conversations, rows, 'page by page or at once')
      return rows.map(({ place, lastSeq, lastMessage }) => [place.userId, lastSeq, lastMessage.seq, lastMessage.kind, lastMessage.content])
    }
    const [fresh, middle, old] = [[d.userId, 1, 1, 'text', `to ${d.userId}`], [c.userId, 1, 1, 'text', `to ${c.userId}`], [b.userId, 1, 1, 'text', `to ${b.userId}`]]
    assert.deepEqual(await list(), [fresh, middle, old])
    await edit(a, places[0], 1, 'edited')
    assert.deepEqual(await list(), [fresh, middle, [b.userId, 2, 1, 'text', 'edited']])
    await edit(a, places[0], 1, 'edited again')
    await a.call('message.recall', { in: places[1], seq: 1 })
    assert.deepEqual(await list(), [fresh, [c.userId, 2, 1, 'text', null], [b.userId, 3, 1, 'text', 'edited again']])
    await a.call('message.recall', { in: places[0], seq: 1 })
    const row = await b.row(user(a.userId))
    assert.deepEqual([row.lastSeq, row.lastMessage.seq, row.lastMessage.recalled, row.lastMessage.content], [4, 1, true, null])
    assert.deepEqual((await list()).map(([userId]) => userId), [d.userId, c.userId, b.userId])
    await c.say(user(a.userId), 'news')
    await nextMillisecond(a, (await c.row(user(a.userId))).lastMessage)
    assert.deepEqual((await list()).map(([userId, lastSeq, seq]) => [userId, lastSeq, seq]), [[c.userId, 3, 3], [d.userId, 1, 1], [b.userId, 4, 1]])
    await a.say(places[0], 'more')
    await a.call('message.recall', { in: places[0], seq: 5 })
    assert.deepEqual((await list()).map(([userId, lastSeq, seq]) => [userId, lastSeq, seq]), [[b.userId, 6, 5], [c.userId, 3, 3], [d.userId, 1, 1]])
  })

  it('counts as nothing unread, in the list and in sync, and is in ping', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [{ conversationId }] = await flood(a, user(b.userId), 1, 3)
    await b.call('ping')
    const unread = async () => {
      const { unread: listed } = await b.row(user(a.userId))
      const whole = await b.call('sync', {})
      const some = await b.call('sync', { recent: 1 })
      const counts = [...whole.conversations, ...some.conversations].map((row) => row.unread)
      assert.deepEqual(counts, [listed, listed])
      return listed
    }
    await edit(a, user(b.userId), 1, 'x')
    await edit(a, user(b.userId), 3, 'y')
    assert.equal(await unread(), 3)
    assert.deepEqual((await b.call('ping')).positions, { [conversationId]: 5 })
    await b.call('conversation.read', { in: user(a.userId), seq: 2 })
    assert.equal(await unread(), 1)
    await b.call('conversation.read', { in: user(a.userId), seq: 3 })
    assert.equal(await unread(), 0)
    await edit(a, user(b.userId), 2, 'z')
    assert.equal(await unread(), 0)
    await a.say(user(b.userId), 'new')
    assert.equal(await unread(), 1)
  })

  it('often, of long texts, is read in pages like everything else', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const long = (text) => text + '😀'.repeat(4096 - text.length)
    const [{ conversationId }] = await flood(a, place, 1, 4, (i) => long(`n${i}`))
    await pipeline(a, 'message.edit', range(0, 79).map((i) => ({ in: place, seq: 1 + (i % 4), content: long(`edit ${i}`) })), 8)
    const sizes = []
    b.socket.on('message', (data) => { if (data.includes('"result"')) sizes.push(data.length) })
    const all = await b.all(user(a.userId))
    assert.deepEqual(seqs(all), range(1, 84))
    for (const { content, seq } of all.slice(4)) assert.ok(content.content === all[content.seq - 1].content, `entry ${seq} has the content of now`)
    const replica = new Replica()
    replica.positions = { [conversationId]: 0 }
    replica.epoch = b.hello.epoch
    await replica.sync(b, { limit: 500 })
    assert.deepEqual(replica.of(conversationId), all)
    for (const bytes of sizes) assert.ok(bytes <= 320 * 1024, `an answer of ${bytes} bytes`)
  })

  it('many at once leave an order without holes, and the last of them', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const twin = await connectV1(the.server, a.userId, { t })
    const place = user(b.userId)
    const [{ conversationId }] = await flood(a, place, 1, 3)
    await b.messages(conversationId, 3)
    const steps = range(0, 53).map((i) => ({ in: place, seq: 1 + (i % 3), content: `edit ${i}` }))
    await Promise.all([a, twin].map((session, half) => pipeline(session, 'message.edit', steps.filter((_, i) => i % 2 === half), 16)))
    const live = await b.messages(conversationId, 54)
    assert.deepEqual(seqs(live), range(4, 57))
    assert.deepEqual(live.map(({ content }) => `${content.seq} ${content.content}`).sort(), steps.map(({ seq, content }) => `${seq} ${content}`).sort())
    const now = await b.history(user(a.userId), { limit: 3, beforeSeq: 4 })
    for (const message of now.messages) {
      assert.equal(message.content, live.findLast(({ content }) => content.seq === message.seq).content.content)
    }
  })
}, { config: withoutFiles })
