// The classic contract together with v1: one store, each sees the other's in its own form.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { connect, contents, get, history, newUser, online, push, pushed } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { assertProblem } from './lib/problem.js'
import { connectV1, groupOf, newId, Replica, seqs, user } from './lib/v1.js'

// Two users, each with a session of either kind.
async function both(server, t) {
  const ids = [newUser(), newUser()]
  return Promise.all(ids.map(async (id) => ({ id, v1: await connectV1(server, id, { t }), classic: await connect(server, id, { t }) })))
}

onEachStore('classic with v1', (the) => {
  it('a push comes to v1 sessions as a message', async (t) => {
    const [a, b] = await both(the.server, t)
    await pushed(the.server, { userId: a.id, targetUserId: b.id, userName: '张三', content: '你好', clientMsgId: 'p1' })
    const [chat] = await b.classic.next()
    const message = await b.v1.message()
    assert.deepEqual([message.id, message.seq, message.from, message.to, message.kind, message.content, message.clientMsgId, message.recalled], [chat.id, 1, `${a.id}`, user(b.id), 'text', '你好', 'p1', false])
    assert.deepEqual(await a.v1.message(), message)
    assert.deepEqual((await b.v1.history(user(a.id))).messages, [message])
    assert.equal((await b.v1.row(user(a.id))).unread, 1)
    const replica = new Replica()
    await replica.sync(b.v1)
    assert.deepEqual(replica.of(message.conversationId), [message])
  })

  it('a v1 text comes to classic sessions as a chat', async (t) => {
    const [a, b] = await both(the.server, t)
    const message = await a.v1.say(user(b.id), '你好 😀', { ext: { mentions: [] } })
    for (const { classic } of [a, b]) {
      const [chat] = await classic.next()
      assert.deepEqual([chat.id, chat.userId, chat.targetUserId, chat.userName, chat.targetUserName, chat.content], [message.id, a.id, b.id, null, null, '你好 😀'])
      assert.match(chat.createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/)
    }
    assert.deepEqual(contents(await history(the.server, { userId: b.id })), ['你好 😀'])
  })

  it('other kinds appear as what they are', async (t) => {
    const [a, b] = await both(the.server, t)
    const kinds = [['image', { fileId: 'f' }, '[图片]'], ['voice', { fileId: 'f' }, '[语音]'], ['video', { fileId: 'f', seconds: 2 }, '[视频]'], ['file', { fileId: 'f', name: 'x.pdf' }, '[文件]'], ['location', { latitude: 1, longitude: 2 }, '[位置]'], ['custom', { content: 'no text' }, '[消息]'], ['text', 'text', 'text']]
    for (const [kind, content] of kinds) await a.v1.say(user(b.id), content, { kind })
    const expected = kinds.map(([, , shown]) => shown)
    for (const { id, classic } of [a, b]) {
      assert.deepEqual(contents(await history(the.server, { userId: id })), expected)
      assert.deepEqual(contents((await classic.until((frame) => frame.length === 7)).at(-1)), expected)
    }
  })

  it('recalled messages and the log’s own entries are left out', async (t) => {
    const [a, b] = await both(the.server, t)
    for (const content of ['1', '2', '3']) await a.v1.say(user(b.id), content)
    await a.v1.call('message.recall', { in: user(b.id), seq: 2 })
    await pushed(the.server, { userId: b.id, targetUserId: a.id, content: '5' })
    for (const { id, classic } of [a, b]) {
      assert.deepEqual(contents(await history(the.server, { userId: id })), ['1', '3', '5'])
      assert.deepEqual(contents((await classic.until((frame) => frame.at(-1)?.content === '5')).at(-1)), ['1', '3', '5'])
    }
    assert.deepEqual(seqs(await b.v1.all(user(a.id))), [1, 2, 3, 4, 5])
    assert.deepEqual(contents(await history(the.server, { userId: a.id, limit: 2 })), ['3', '5'], 'what is left out does not count')
  })

  it('a pushed message may be recalled by its sender', async (t) => {
    const [a, b] = await both(the.server, t)
    await pushed(the.server, { userId: a.id, targetUserId: b.id, content: 'oops' })
    await b.v1.fails(-32003, 'message.recall', { in: user(a.id), seq: 1 })
    await a.v1.call('message.recall', { in: user(b.id), seq: 1 })
    assert.deepEqual(await history(the.server, { userId: b.id }), [])
    assert.deepEqual([(await b.v1.message(({ kind }) => kind === 'recall')).content], [{ seq: 1 }])
  })

  it('groups are not shown by classic', async (t) => {
    const [a, b] = await both(the.server, t)
    const { place } = await groupOf([a.v1, b.v1])
    await a.v1.say(place, 'in the group')
    await b.v1.message(({ content }) => content === 'in the group')
    await a.v1.say(user(b.id), 'direct')
    for (const { id, classic } of [a, b]) {
      assert.deepEqual(contents(await classic.next()), ['direct'])
      assert.deepEqual(contents(await history(the.server, { userId: id })), ['direct'])
    }
  })

  it('a clientMsgId is one message, whichever way it is sent', async (t) => {
    const [a, b] = await both(the.server, t)
    const { message } = await a.v1.call('message.send', { to: user(b.id), clientMsgId: 'k1', kind: 'text', content: 'once' })
    await pushed(the.server, { userId: a.id, targetUserId: b.id, content: 'once', clientMsgId: 'k1' })
    assertProblem(await push(the.server, { userId: a.id, targetUserId: b.id, content: 'other', clientMsgId: 'k1' }), 409)
    await pushed(the.server, { userId: a.id, targetUserId: b.id, content: 'pushed', clientMsgId: 'k2' })
    const second = await a.v1.call('message.send', { to: user(b.id), clientMsgId: 'k2', kind: 'text', content: 'pushed' })
    assert.deepEqual([second.duplicate, second.message.seq], [true, 2])
    await a.v1.fails(-32009, 'message.send', { to: user(b.id), clientMsgId: 'k2', kind: 'text', content: 'changed' })
    await a.v1.call('message.send', { to: user(b.id), clientMsgId: 'k3', kind: 'image', content: { fileId: 'f' } })
    assertProblem(await push(the.server, { userId: a.id, targetUserId: b.id, content: '[图片]', clientMsgId: 'k3' }), 409)
    assert.deepEqual(seqs(await b.v1.messages(message.conversationId, 3)), [1, 2, 3])
    assert.equal((await history(the.server, { userId: b.id })).length, 3)
  })

  it('both at once make one order, ids and seq ascending together', async (t) => {
    const [a, b] = await both(the.server, t)
    await Promise.all(Array.from({ length: 30 }, (_, i) => [
      a.v1.say(user(b.id), `v1 ${i}`), pushed(the.server, { userId: b.id, targetUserId: a.id, content: `push ${i}` }),
    ]).flat())
    const messages = await b.v1.all(user(a.id))
    const chats = await history(the.server, { userId: a.id, limit: 500 })
    assert.deepEqual(chats.map(({ id, content }) => [id, content]), messages.map(({ id, content }) => [id, content]))
    assert.deepEqual(seqs(messages), messages.map((_, i) => i + 1))
    assert.equal(messages.length, 60)
  })

  it('/getOnlineUser counts v1 sessions, and /close closes them with 4003', async (t) => {
    const [a, b] = await both(the.server, t)
    assert.equal((await online(the.server))[a.id].sessions, 2)
    assert.equal((await get(the.server, `/close?userId=${a.id}`)).text, 'ok')
    assert.ok(!(a.id in await online(the.server)))
    assert.equal((await a.v1.closing()).code, 4003)
    assert.equal((await a.classic.closing()).code, 4003)
    assert.ok(b.v1.isOpen && b.classic.isOpen)
    const only = newId()
    await connectV1(the.server, only, { t })
    assert.equal((await online(the.server))[only].sessions, 1)
  })
}, { config: withoutFiles })
