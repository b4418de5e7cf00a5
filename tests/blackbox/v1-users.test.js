// v1: users' names, and blocks.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { push, pushed } from './lib/client.js'
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
