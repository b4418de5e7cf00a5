// v1: conversation.list, .read, .typing, .set and .clear.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { connectV1, flood, groupOf, newId, people, range, seqs, user } from './lib/v1.js'
import { delay } from './lib/wait.js'

const fields = ['conversationId', 'lastMessage', 'lastSeq', 'muted', 'peerReadSeq', 'pinned', 'place', 'readSeq', 'unread']

onEachStore('v1 conversation', (the) => {
  it('.set and .clear are told to one’s other sessions', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const tablet = await connectV1(the.server, a.userId, { t })
    const { conversationId } = (await flood(b, user(a.userId), 1, 4))[0]
    await a.call('conversation.read', { in: user(b.userId), seq: 3 })
    const told = (more) => ({ conversationId, pinned: false, muted: false, clearedSeq: 0, readSeq: 3, ...more })
    await a.call('conversation.set', { in: user(b.userId), pinned: true })
    assert.deepEqual(await tablet.next('conversation'), told({ pinned: true }))
    await tablet.call('conversation.set', { in: user(b.userId), pinned: false, muted: true })
    assert.deepEqual(await a.next('conversation'), told({ muted: true }))
    await a.call('conversation.clear', { in: user(b.userId) })
    assert.deepEqual(await tablet.next('conversation'), told({ muted: true, clearedSeq: 4 }))
    await b.call('ping')
    for (const session of [a, b, tablet]) assert.deepEqual(session.left('conversation'), [])
  })

  it('.list has all that there is, newest first, each as its reader sees it', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    assert.deepEqual(await a.call('conversation.list'), { conversations: [], cursor: null })
    const toB = await a.say(user(b.userId), 'to b')
    const { place, conversationId } = await groupOf([a, c])
    const fromC = await c.say(user(a.userId), 'from c')
    const { conversations, cursor } = await a.call('conversation.list')
    assert.equal(cursor, null)
    for (const row of conversations) assert.deepEqual(Object.keys(row).filter((key) => fields.includes(key)).sort(), fields)
    assert.deepEqual(conversations.map(({ place: it }) => it), [user(c.userId), place, user(b.userId)])
    const [withC, inGroup, withB] = conversations
    assert.deepEqual([withC.lastMessage, withC.lastSeq, withC.unread, withC.readSeq, withC.peerReadSeq, withC.pinned, withC.muted], [fromC, 1, 1, 0, 0, false, false])
    assert.deepEqual([withB.lastMessage, withB.unread, withB.readSeq], [toB, 0, 0])
    assert.deepEqual([inGroup.conversationId, inGroup.lastMessage.kind, inGroup.lastSeq, inGroup.unread, inGroup.peerReadSeq], [conversationId, 'group', 1, 0, null])
    assert.deepEqual((await b.call('conversation.list')).conversations.map(({ place: it, unread }) => [it, unread]), [[user(a.userId), 1]])
    await a.say(user(b.userId), 'again')
    assert.deepEqual((await a.call('conversation.list')).conversations.map(({ place: it }) => it), [user(b.userId), user(c.userId), place])
  })

  it('.list pages by its cursor: each once, pinned first', async (t) => {
    const [a] = await people(the.server, t, 1)
    const others = range(1, 12).map(newId)
    for (const id of others) {
      const { createTime } = await a.say(user(id), 'x')
      while (Date.now() <= Date.parse(createTime)) await a.call('ping') // the list's order is by time
    }
    for (const id of [others[2], others[7]]) await a.call('conversation.set', { in: user(id), pinned: true })
    const expected = [others[7], others[2], ...others.filter((id, i) => i !== 2 && i !== 7).reverse()]
    for (const limit of [1, 5, 11, 12, 50]) {
      const got = []
      let cursor = null
      let pages = 0
      do {
        const page = await a.call('conversation.list', { limit, cursor })
        assert.ok(page.conversations.length <= limit)
        got.push(...page.conversations.map(({ place }) => place.userId))
        cursor = page.cursor
        assert.ok(++pages <= 13, 'the pages do not come to an end')
      } while (cursor !== null)
      assert.deepEqual(got, expected, `by ${limit}`)
    }
  })

  it('.read moves forward only, is told to the own sessions and the peer, and unread follows', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const b2 = await connectV1(the.server, b.userId, { t })
    const [{ conversationId }] = await flood(a, user(b.userId), 1, 5)
    assert.equal((await b.row(user(a.userId))).unread, 5)
    assert.deepEqual(await b.call('conversation.read', { in: user(a.userId), seq: 3 }), {})
    const expected = { conversationId, userId: b.userId, seq: 3 }
    for (const session of [a, b2]) assert.deepEqual(await session.next('read'), expected)
    const row = await b.row(user(a.userId))
    assert.deepEqual([row.readSeq, row.unread, row.peerReadSeq], [3, 2, 0])
    assert.equal((await a.row(user(b.userId))).peerReadSeq, 3)
    for (const seq of [2, 3, 1]) assert.deepEqual(await b.call('conversation.read', { in: user(a.userId), seq }), {})
    await b.call('conversation.read', { in: user(a.userId), seq: 1_000 })
    for (const session of [a, b2]) assert.deepEqual(await session.next('read'), { ...expected, seq: 5 }, 'beyond the last is the last, and nothing came of the lower ones')
    assert.deepEqual([(await b.row(user(a.userId))).unread, (await a.row(user(b.userId))).peerReadSeq], [0, 5])
    await b.call('ping')
    assert.deepEqual(b.left('read'), [], 'not to the session that read')
    await a.say(user(b.userId), 'new')
    assert.deepEqual([(await b.row(user(a.userId))).readSeq, (await b.row(user(a.userId))).unread], [5, 1])
  })

  it('.read in a group is told to the own sessions only', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const b2 = await connectV1(the.server, b.userId, { t })
    const { place, conversationId } = await groupOf([a, b, c])
    await b2.message()
    await flood(a, place, 1, 3)
    assert.equal((await b.row(place)).unread, 3)
    await b.call('conversation.read', { in: place, seq: 3 })
    assert.deepEqual(await b2.next('read'), { conversationId, userId: b.userId, seq: 3 })
    assert.deepEqual([(await b.row(place)).unread, (await c.row(place)).unread], [1, 3])
    await b.call('conversation.read', { in: place, seq: 4 })
    await b2.next('read')
    await b.say(place, 'marker')
    for (const session of [a, c]) {
      await session.message(({ content }) => content === 'marker')
      assert.deepEqual(session.left('read'), [])
    }
  })

  it('unread counts others’ messages only, without recalled ones and the log’s own entries', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await a.say(place, '1')
    await b.say(place, 'own')
    const { seq } = await a.say(place, '2')
    await a.say(place, { any: 1 }, { kind: 'custom' })
    assert.equal((await b.row(place)).unread, 3)
    await a.call('message.recall', { in: place, seq })
    await a.call('group.update', { groupId: place.groupId, name: 'renamed' })
    assert.equal((await b.row(place)).unread, 2)
    assert.equal((await a.row(place)).unread, 1)
    await b.call('conversation.read', { in: place, seq: 2 })
    assert.equal((await b.row(place)).unread, 1)
  })

  it('.typing is passed on to the others there, once in two seconds, and not kept', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place, conversationId } = await groupOf([a, b, c])
    const { conversationId: direct } = await a.say(user(b.userId), 'x')
    const begin = performance.now()
    for (let i = 0; i < 5; i++) assert.deepEqual(await a.call('conversation.typing', { in: place }), {})
    await a.call('conversation.typing', { in: user(b.userId) })
    for (const session of [b, c]) assert.deepEqual(await session.next('typing'), { conversationId, userId: a.userId })
    assert.deepEqual(await b.next('typing'), { conversationId: direct, userId: a.userId }, 'each place has its own two seconds')
    await c.call('conversation.typing', { in: place })
    assert.deepEqual(await b.next('typing'), { conversationId, userId: c.userId })
    await delay(Math.max(0, 2_200 - (performance.now() - begin)))
    await a.call('conversation.typing', { in: place })
    for (const session of [b, c]) assert.deepEqual(await session.next('typing', ({ userId }) => userId === a.userId), { conversationId, userId: a.userId })
    await a.say(place, 'marker')
    for (const session of [b, c]) {
      await session.message(({ content }) => content === 'marker')
      assert.deepEqual(session.left('typing'), [])
    }
    assert.deepEqual(a.left('typing').filter(({ userId }) => userId === a.userId), [], 'not to oneself')
    assert.deepEqual(seqs(await a.all(place)), [1, 2])
  })

  it('.set is one’s own, each by itself, and in every session', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const a2 = await connectV1(the.server, a.userId, { t })
    const place = user(b.userId)
    await a.say(place, 'x')
    const state = async (session, at) => {
      const { pinned, muted } = await session.row(at)
      return [pinned, muted]
    }
    for (const [params, expected] of [[{ pinned: true }, [true, false]], [{ muted: true }, [true, true]], [{ pinned: false }, [false, true]], [{ pinned: true, muted: false }, [true, false]]]) {
      assert.deepEqual(await a.call('conversation.set', { in: place, ...params }), {})
      assert.deepEqual(await state(a, place), expected)
      assert.deepEqual(await state(a2, place), expected)
    }
    assert.deepEqual(await state(b, user(a.userId)), [false, false])
    await b.say(user(a.userId), 'still comes')
    await a.call('conversation.set', { in: place, muted: true })
    await b.say(user(a.userId), 'also when muted')
    await a.message(({ content }) => content === 'also when muted')
  })

  it('.clear hides all up to now, for oneself; the next message brings it back', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await flood(a, place, 1, 3, (i) => `旧消息${i}`)
    assert.deepEqual(await a.call('conversation.clear', { in: place }), {})
    assert.deepEqual((await a.call('conversation.list')).conversations, [])
    assert.deepEqual(await a.history(place), { messages: [], hasMore: false })
    assert.deepEqual(await a.history(place, { afterSeq: 0 }), { messages: [], hasMore: false })
    assert.deepEqual(await a.history(place, { beforeSeq: 3 }), { messages: [], hasMore: false })
    assert.deepEqual((await a.call('message.search', { query: '旧消息' })).messages, [])
    assert.deepEqual(seqs(await b.all(user(a.userId))), [1, 2, 3], 'the other keeps it')
    assert.equal((await b.call('message.search', { query: '旧消息' })).messages.length, 3)
    const back = await b.say(user(a.userId), '新消息')
    assert.equal(back.seq, 4)
    const row = await a.row(place)
    assert.deepEqual([row.lastSeq, row.unread, row.lastMessage], [4, 1, back])
    assert.deepEqual(await a.history(place), { messages: [back], hasMore: false })
    assert.deepEqual(await a.history(place, { afterSeq: 0 }), { messages: [back], hasMore: false })
  })

  it('.clear of a group leaves one in it', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await a.say(place, 'old')
    await b.call('conversation.clear', { in: place })
    assert.equal(await b.row(place), undefined)
    const message = await a.say(place, 'new')
    await b.message(({ content }) => content === 'new')
    assert.deepEqual(await b.all(place), [message])
    assert.equal((await b.call('group.list')).groups.length, 1)
  })
})
