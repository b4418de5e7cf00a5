// v1: users' names, and blocks.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { push, pushed, request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { assertProblem } from './lib/problem.js'
import { connectV1, groupOf, newId, people, uniqueId, user } from './lib/v1.js'

onEachStore('v1 users and blocks', (the) => {
  it('.get has one for each asked, in any state, and .update sets one’s own', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const get = async (...userIds) => (await b.call('user.get', { userIds })).users.sort((x, y) => x.userId.localeCompare(y.userId))
    assert.deepEqual(await get(a.userId, 'zz-nobody'), [{ userId: a.userId, name: null, avatar: null }, { userId: 'zz-nobody', name: null, avatar: null }])
    assert.deepEqual(await a.call('user.update', { name: '鸿雁 <b>' }), {})
    assert.deepEqual(await get(a.userId), [{ userId: a.userId, name: '鸿雁 <b>', avatar: null }])
    await a.call('user.update', { avatar: 'https://x.example/雁.png' })
    assert.deepEqual(await get(a.userId), [{ userId: a.userId, name: '鸿雁 <b>', avatar: 'https://x.example/雁.png' }])
    await a.call('user.update', { name: 'n2', userId: b.userId })
    assert.deepEqual(await get(a.userId, b.userId), [{ userId: a.userId, name: 'n2', avatar: 'https://x.example/雁.png' }, { userId: b.userId, name: null, avatar: null }].sort((x, y) => x.userId.localeCompare(y.userId)), 'only one’s own')
  })

  it('.update is told to one’s other sessions; of the back end, to all', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const tablet = await connectV1(the.server, a.userId, { t })
    await a.call('user.update', { name: '李四' })
    assert.deepEqual(await tablet.next('profile'), { userId: a.userId, name: '李四', avatar: null })
    await request(the.server, { method: 'PUT', path: `/v1/users/${a.userId}`, body: { avatar: 'a.png' } })
    for (const session of [a, tablet]) assert.deepEqual(await session.next('profile'), { userId: a.userId, name: '李四', avatar: 'a.png' })
    for (const session of [a, b, tablet]) assert.deepEqual(session.left('profile'), [], 'nobody else is told, and nobody twice')
  })

  it('blocks refuse the blocked one’s messages in the direct conversation, by every way in', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await b.say(user(a.userId), 'before')
    await a.message()
    assert.deepEqual(await a.call('block.add', { userIds: [b.userId] }), {})
    assert.deepEqual((await a.call('block.list')).userIds, [b.userId])
    await b.fails(-32003, 'message.send', { to: user(a.userId), clientMsgId: 'blocked', kind: 'text', content: 'no' })
    assertProblem(await push(the.server, { userId: b.userId, targetUserId: a.userId, content: 'no' }), 403)
    await b.say(user(newId()), 'others still')
    assert.deepEqual((await b.call('block.list')).userIds, [], 'the blocked one is not told')
    assert.equal((await a.all(user(b.userId))).length, 1)
    assert.deepEqual(a.left('message'), [])
    assert.deepEqual(await a.call('block.remove', { userIds: [b.userId] }), {})
    const { message, duplicate } = await b.call('message.send', { to: user(a.userId), clientMsgId: 'blocked', kind: 'text', content: 'now' })
    assert.deepEqual([duplicate, message.seq], [false, 2], 'what was refused was not stored')
    assert.equal((await a.message()).content, 'now')
    await pushed(the.server, { userId: b.userId, targetUserId: a.userId, content: 'and by push' })
  })

  it('blocks end reading marks and typing in the direct conversation, until they are undone', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await a.say(user(b.userId), 'one')
    await b.message()
    await b.call('conversation.typing', { in: user(a.userId) })
    await a.next('typing')
    await a.call('block.add', { userIds: [b.userId] })
    assert.equal((await b.fails(-32003, 'conversation.typing', { in: user(a.userId) })).data.reason, 'blocked')
    assert.equal((await b.fails(-32003, 'conversation.read', { in: user(a.userId), seq: 1 })).data.reason, 'blocked')
    assert.equal((await a.row(user(b.userId))).peerReadSeq, 0)
    await a.call('conversation.read', { in: user(b.userId), seq: 1 })
    await a.call('block.remove', { userIds: [b.userId] })
    await b.call('conversation.read', { in: user(a.userId), seq: 1 })
    assert.deepEqual([a.left('typing'), (await a.next('read', ({ userId }) => userId === b.userId)).seq], [[], 1])
  })

  it('blocks keep the blocked one from putting people into groups, and those from being handed any', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    await a.call('block.add', { userIds: [b.userId] })
    const { group: made } = await b.call('group.create', { name: 'trap', members: [a.userId, c.userId] })
    assert.equal(made.memberCount, 2)
    assert.equal((await b.call('group.add', { groupId: made.groupId, userIds: [a.userId] })).group.memberCount, 2)
    await a.fails(-32004, 'group.get', { groupId: made.groupId })
    await b.call('group.role', { groupId: made.groupId, userId: c.userId, role: 'admin' })
    await c.call('group.add', { groupId: made.groupId, userIds: [a.userId] })
    await b.fails(-32003, 'group.role', { groupId: made.groupId, userId: a.userId, role: 'owner' })
    await a.call('group.leave', { groupId: made.groupId })
    await b.call('group.add', { groupId: made.groupId, userIds: [a.userId] })
    await a.fails(-32004, 'group.get', { groupId: made.groupId })
    assert.deepEqual(await c.call('group.remove', { groupId: made.groupId, userIds: [c.userId] }), {}, 'as group.leave')
  })

  it('blocks hide who is online, from a watch of before too', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    assert.deepEqual(await b.call('presence.watch', { userIds: [a.userId] }), { online: [a.userId] })
    await a.call('block.add', { userIds: [b.userId] })
    assert.deepEqual(await b.next('presence'), { userId: a.userId, online: false })
    const twin = await connectV1(the.server, a.userId, { t })
    await a.close()
    await twin.close()
    const again = await connectV1(the.server, a.userId, { t })
    assert.deepEqual(await b.call('presence.watch', { userIds: [a.userId] }), { online: [] })
    assert.deepEqual(b.left('presence'), [])
    await again.call('block.remove', { userIds: [b.userId] })
    assert.deepEqual(await b.call('presence.watch', { userIds: [a.userId] }), { online: [a.userId] })
    await again.close()
    assert.deepEqual(await b.next('presence'), { userId: a.userId, online: false })
  })

  it('blocks make no conversation', async (t) => {
    const [a] = await people(the.server, t, 1)
    const ids = Array.from({ length: 100 }, newId)
    await a.call('block.add', { userIds: ids })
    assert.deepEqual((await a.call('sync', {})).conversations, [])
    assert.equal((await a.call('block.list')).userIds.length, 100)
    await a.fails(-32004, 'conversation.set', { in: user(ids[0]), pinned: true })
  })

  it('blocks leave groups as they are', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([c, a, b])
    await a.call('block.add', { userIds: [b.userId] })
    await b.say(place, 'in the group')
    assert.equal((await a.message()).content, 'in the group')
  })

  it('blocks keep a duplicate what it is', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const params = { to: user(a.userId), clientMsgId: uniqueId(), kind: 'text', content: 'stored' }
    const { message } = await b.call('message.send', params)
    await a.call('block.add', { userIds: [b.userId] })
    assert.deepEqual(await b.call('message.send', params), { message, duplicate: true }, 'it is stored, and that is what its sender asks')
  })

  it('blocks are one’s own, in every session, may be added and removed twice, and are kept', async (t) => {
    const [a] = await people(the.server, t, 1)
    const ids = [newId(), newId(), newId()]
    await a.call('block.add', { userIds: ids.slice(0, 2) })
    await a.call('block.add', { userIds: ids.slice(1) })
    const twin = await connectV1(the.server, a.userId, { t })
    assert.deepEqual((await twin.call('block.list')).userIds.sort(), [...ids].sort())
    for (let i = 0; i < 2; i++) await twin.call('block.remove', { userIds: [ids[0], newId()] })
    assert.deepEqual((await a.call('block.list')).userIds.sort(), ids.slice(1).sort())
    await a.fails(-32602, 'block.add', { userIds: [newId(), a.userId] }, { param: 'userIds' })
    assert.equal((await a.call('block.list')).userIds.length, 2, 'all or nothing')
  })
})
