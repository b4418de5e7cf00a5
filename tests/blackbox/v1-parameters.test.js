// v1: every parameter of every method, with what it does not take. Each method is first called with good ones, so
// that an error is about the one that was spoilt; the error names it.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { methods } from './lib/documents.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { group, groupOf, newId, people, uniqueId, user } from './lib/v1.js'

const absent = Symbol('absent')
const noString = [5, true, {}, ['x']]
const noInteger = ['1', 1.5, true, {}, [1]]
const noBoolean = ['true', 1, {}, []]
const noObject = ['x', 5, true, []]
const noList = ['x', 5, true, {}]
const badId = ['', 'a b', 'x'.repeat(65), '张', 1.5, -1, 2 ** 53, true, {}, ['1'], null]
const badIds = [absent, null, ...noList, ...badId.map((id) => [id])]
const badPlace = [absent, null, ...noObject, {}, { userId: '1', groupId: 'g' }, ...badId.map((userId) => ({ userId })), ...[5.5, '', 'a b', 'x'.repeat(65), '组', {}, []].map((groupId) => ({ groupId }))]
const badLimit = [0, -1, ...noInteger]
const badCursor = ['nonsense', '😀', 5, {}, []]
const badSeq = [0, -1, 2 ** 63, ...noInteger]
const badName = ['', 'x'.repeat(65), '名'.repeat(65), 'a\0b', ...noString]

// method, good params, {parameter: values that it does not take}; a dotted name is inside of another.
const table = ({ peer, place, groupId, conversationId }) => [
  ['message.send', () => ({ to: user(peer), clientMsgId: uniqueId(), kind: 'text', content: 'x' }), {
    to: badPlace,
    clientMsgId: [absent, null, '', 'x'.repeat(65), ...noString],
    kind: ['', 'Text', 'picture', 'recall', 'group', ...noString],
    content: [absent, null, '', 'a\0b', '\0', ...noString],
    ext: noObject,
  }],
  ['message.send', () => ({ to: user(peer), clientMsgId: uniqueId(), kind: 'image', content: { fileId: 'f', width: 1, height: 1, size: 1 } }), {
    content: [absent, null, ...noObject],
    'content.fileId': [absent, null, '', 'x'.repeat(129), ...noString],
    'content.width': [-1, '1', true, {}], 'content.height': [-1, '1'], 'content.size': [-1, '1'],
  }],
  ['message.send', () => ({ to: user(peer), clientMsgId: uniqueId(), kind: 'voice', content: { fileId: 'f', seconds: 1.5, size: 1 } }), {
    content: [absent, ...noObject], 'content.fileId': [absent, ''], 'content.seconds': [-1, '1'], 'content.size': [-1],
  }],
  ['message.send', () => ({ to: user(peer), clientMsgId: uniqueId(), kind: 'file', content: { fileId: 'f', name: '报告.pdf', size: 1 } }), {
    content: [absent, ...noObject], 'content.fileId': [absent, ''], 'content.name': noString, 'content.size': [-1],
  }],
  ['message.send', () => ({ to: user(peer), clientMsgId: uniqueId(), kind: 'location', content: { latitude: 39.9, longitude: 116.4, name: '故宫', address: '北京' } }), {
    content: [absent, ...noObject],
    'content.latitude': [absent, null, 90.1, -90.1, '39', true], 'content.longitude': [absent, null, 180.1, -180.1, '116'],
    'content.name': noString, 'content.address': noString,
  }],
  ['message.send', () => ({ to: user(peer), clientMsgId: uniqueId(), kind: 'custom', content: {} }), { content: [absent, null, ...noObject] }],
  ['message.history', () => ({ in: place, beforeSeq: 5, limit: 1 }), { in: badPlace, beforeSeq: noInteger, limit: [501, ...badLimit] }],
  ['message.history', () => ({ in: place, afterSeq: 5, limit: 500 }), { afterSeq: noInteger }],
  ['message.search', () => ({ query: 'x', in: place, limit: 1 }), { query: [absent, null, '', ...noString], in: badPlace.slice(2), cursor: badCursor, limit: badLimit }],
  ['message.recall', null, { in: badPlace, seq: [absent, null, ...badSeq] }, { in: place, seq: 2 }],
  ['message.edit', () => ({ in: place, seq: 2, content: 'y' }), { in: badPlace, seq: [absent, null, ...badSeq], content: [absent, null, '', 'a\0b', ...noString] }],
  ['message.react', () => ({ in: place, seq: 2, emoji: '👍', on: true }), {
    in: badPlace, seq: [absent, null, ...badSeq], emoji: [absent, null, '', 'a', '1', '👍a', '👍'.repeat(9), ...noString], on: [absent, null, ...noBoolean],
  }],
  ['message.get', () => ({ in: place, seqs: [2, 1] }), { in: badPlace, seqs: [absent, null, ...noList, [], [0], ['1'], [1.5], Array.from({ length: 101 }, (_, i) => i + 1)] }],
  ['conversation.list', () => ({ limit: 1 }), { cursor: badCursor, limit: badLimit }],
  ['conversation.read', () => ({ in: place, seq: 1 }), { in: badPlace, seq: [absent, null, ...badSeq] }],
  ['conversation.typing', () => ({ in: place }), { in: badPlace }],
  ['conversation.set', () => ({ in: place, pinned: true, muted: false }), { in: badPlace, pinned: noBoolean, muted: noBoolean }],
  ['conversation.clear', () => ({ in: place }), { in: badPlace }],
  ['sync', () => ({ epoch: 'other', positions: { [conversationId]: 1 }, limit: 500, recent: 0 }), {
    epoch: [5, true, {}, []], positions: [...noObject, { x: 1 }, { '-1': 1 }, { 1.5: 1 }, { '': 1 }, { [conversationId]: '1' }, { [conversationId]: -1 }, { [conversationId]: 1.5 }, { [conversationId]: null }],
    limit: [501, ...badLimit], recent: [-1, 101, ...noInteger],
  }],
  ['presence.watch', () => ({ userIds: [peer] }), { userIds: badIds }],
  ['presence.unwatch', () => ({ userIds: [peer] }), { userIds: badIds }],
  ['user.get', () => ({ userIds: [peer] }), { userIds: [...badIds, Array.from({ length: 101 }, newId)] }],
  ['user.update', () => ({ name: '鸿雁', avatar: 'https://x.example/a.png' }), { name: [null, ...badName], avatar: [null, '', 'x'.repeat(513), ...noString] }],
  ['block.add', () => ({ userIds: [newId()] }), { userIds: [...badIds, [], Array.from({ length: 101 }, newId)] }],
  ['block.remove', () => ({ userIds: [newId()] }), { userIds: [...badIds, []] }],
  ['group.create', () => ({ name: '群', members: [peer], groupId: uniqueId(), history: 'all' }), {
    name: [absent, null, ...badName], members: [...noList, ...badId.map((id) => [id])], groupId: badId.slice(0, -1), history: ['', 'none', 'Joined', ...noString],
  }],
  ['group.get', () => ({ groupId }), { groupId: [absent, ...badId] }],
  ['group.list', () => ({}), { cursor: badCursor }],
  ['group.members', () => ({ groupId, limit: 1 }), { groupId: [absent, ...badId], cursor: badCursor, limit: badLimit }],
  ['group.update', () => ({ groupId, name: 'new', muted: false, history: 'joined' }), { groupId: [absent, ...badId], name: badName, muted: noBoolean, history: ['', 'none', ...noString] }],
  ['group.add', () => ({ groupId, userIds: [peer] }), { groupId: [absent, ...badId], userIds: badIds }],
  ['group.remove', null, { groupId: [absent, ...badId], userIds: badIds }, { groupId, userIds: ['nobody'] }],
  ['group.role', () => ({ groupId, userId: peer, role: 'member' }), { groupId: [absent, ...badId], userId: [absent, ...badId], role: [absent, null, '', 'king', 'Admin', ...noString] }],
  ['group.leave', null, { groupId: [absent, ...badId] }, { groupId: 'none' }],
  ['group.dismiss', null, { groupId: [absent, ...badId] }, { groupId: 'none' }],
]

// The params with one spoilt; `a.b` is b of a.
function spoil(params, name, value) {
  const copy = structuredClone(params)
  const path = name.split('.')
  const last = path.pop()
  const holder = path.reduce((it, key) => it[key], copy)
  if (value === absent) delete holder[last]
  else holder[last] = value
  return copy
}

// What names the parameter: itself, or a part of it ("in.userId", "userIds[0]").
const names = (param, name) => param === name || (param.startsWith(name) && /[.[]/.test(param[name.length]))

const show = (value) => (value === absent ? 'absent' : (JSON.stringify(value) ?? 'undefined').slice(0, 40))

onEachStore('v1 parameters', (the) => {
  it('are refused by -32602, which names the one that is wrong', async (t) => {
    const [session, peer] = await people(the.server, t, 2)
    const { place, conversationId, group: { groupId } } = await groupOf([session, peer])
    await session.say(place, 'something')
    const rows = table({ peer: peer.userId, place, groupId, conversationId })
    const wrong = []
    const called = new Set()
    for (const [method, good, spoilt, base] of rows) {
      called.add(method)
      if (good) await session.call(method, good())
      for (const [name, values] of Object.entries(spoilt)) {
        for (const value of values) {
          const params = spoil(base ?? good(), name, value)
          // All that is wrong is told at once.
          await session.fails(-32602, method, params).then(
            ({ data }) => { if (!names(data.param, name)) wrong.push(`${method} ${name} ${show(value)}: named ${data.param}`) },
            (error) => { wrong.push(`${method} ${name} ${show(value)}: ${error.message.slice(0, 300)}`) })
        }
      }
    }
    assert.deepEqual(wrong, [], `${wrong.length} are wrong`)
    // Two have no parameters, one wants a server with tokens, and two one with templates of WeChat's (wechat-notices.test.js).
    assert.deepEqual([...called, 'block.list', 'ping', 'session.refresh', 'push.grant', 'push.status'].sort(), [...methods].sort())
    await session.call('ping')
  })

  it('that exclude each other, or of which one is needed, are -32602', async (t) => {
    const [session, other] = await people(the.server, t, 2)
    const { place, group: { groupId } } = await groupOf([session, other])
    await session.fails(-32602, 'message.history', { in: place, beforeSeq: 5, afterSeq: 1 })
    await session.fails(-32602, 'conversation.set', { in: place })
    await session.fails(-32602, 'user.update', {})
    await session.fails(-32602, 'block.add', { userIds: [session.userId] })
    await session.fails(-32602, 'group.update', { groupId })
  })

  it('at their limits are taken', async (t) => {
    const [session, other] = await people(the.server, t, 2)
    const { place, group: { groupId } } = await groupOf([session, other])
    const longest = { name: '名'.repeat(64), avatar: 'x'.repeat(512) }
    await session.call('user.update', longest)
    assert.deepEqual((await session.call('user.get', { userIds: [session.userId] })).users, [{ userId: session.userId, ...longest }])
    assert.equal((await session.call('group.update', { groupId, name: '😀'.repeat(64) })).group.name, '😀'.repeat(64))
    assert.equal((await session.call('user.get', { userIds: Array.from({ length: 100 }, newId) })).users.length, 100)
    await session.call('block.add', { userIds: Array.from({ length: 100 }, newId) })
    for (const limit of [1, 500]) {
      await session.call('message.history', { in: place, limit })
      await session.call('sync', { limit, recent: limit === 1 ? 0 : 100 })
    }
    await session.call('sync', { epoch: null, positions: {} })
    await session.call('conversation.list', { cursor: null })
    const { message } = await session.call('message.send', { to: user(2), clientMsgId: '号'.repeat(64), content: 'no kind is text' })
    assert.equal(message.kind, 'text')
  })

  it('give a user id as a number as well as as a string', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const message = await a.say({ userId: Number(b.userId) }, 'by number')
    assert.deepEqual(message.to, user(b.userId), 'v1 writes strings')
    assert.strictEqual((await b.message()).from, a.userId)
    const { users: [{ userId }] } = await a.call('user.get', { userIds: [Number(b.userId)] })
    assert.strictEqual(userId, b.userId)
    assert.deepEqual((await a.call('presence.watch', { userIds: [Number(b.userId)] })).online, [b.userId])
  })

  it('too large: a text of more than 4096 characters, an object of more than 8 KiB, ext of more than 1 KiB, 2,001 members: -32013', async (t) => {
    const [session] = await people(the.server, t, 1)
    const to = user(newId())
    const send = (params) => ({ to, clientMsgId: uniqueId(), kind: 'text', content: 'x', ...params })
    // {"x":"…"} has 8 characters around.
    const object = (bytes) => ({ x: 'x'.repeat(bytes - 8) })
    const fit = [{ content: 'x'.repeat(4096) }, { content: '字'.repeat(4096) }, { content: '😀'.repeat(4096) }, { kind: 'custom', content: object(8192) }, { ext: object(1024) }]
    for (const params of fit) {
      const { message } = await session.call('message.send', send(params))
      assert.deepEqual(message.content, params.content ?? 'x')
      assert.deepEqual(message.ext ?? null, params.ext ?? null)
    }
    const over = [{ content: 'x'.repeat(4097) }, { content: '😀'.repeat(4097) }, { kind: 'custom', content: object(8193) }, { ext: object(1025) }]
    for (const params of over) await session.fails(-32013, 'message.send', send(params))
    await session.fails(-32013, 'group.create', { name: 'crowd', members: Array.from({ length: 2000 }, (_, i) => `crowd${i}`) })
    assert.equal((await session.all(to)).length, fit.length, 'nothing else was stored')
  })

  it('of a place that is not there, or not theirs: -32004, the same answer', async (t) => {
    const [owner, member, stranger] = await people(the.server, t, 3)
    const { group: { groupId } } = await groupOf([owner, member])
    const calls = (id) => [
      ['message.send', { to: group(id), clientMsgId: uniqueId(), kind: 'text', content: 'x' }], ['message.history', { in: group(id) }],
      ['message.search', { in: group(id), query: 'xx' }], ['message.recall', { in: group(id), seq: 1 }], ['conversation.read', { in: group(id), seq: 1 }],
      ['conversation.set', { in: group(id), pinned: true }], ['conversation.clear', { in: group(id) }], ['conversation.typing', { in: group(id) }],
      ['group.get', { groupId: id }], ['group.members', { groupId: id }], ['group.update', { groupId: id, name: 'x' }], ['group.add', { groupId: id, userIds: [newId()] }],
      ['group.remove', { groupId: id, userIds: [member.userId] }], ['group.role', { groupId: id, userId: member.userId, role: 'admin' }],
      ['group.leave', { groupId: id }], ['group.dismiss', { groupId: id }],
    ]
    const absentGroup = calls('there-is-none')
    for (const [i, [method, params]] of calls(groupId).entries()) {
      const theirs = await stranger.fails(-32004, method, params)
      const none = await stranger.fails(-32004, method, absentGroup[i][1])
      assert.equal(theirs.text.replaceAll(groupId, 'G'), none.text.replaceAll('there-is-none', 'G'), `${method}: the same answer`)
    }
    const nobody = user(newId())
    for (const [method, params] of [['conversation.read', { seq: 1 }], ['conversation.set', { muted: true }], ['conversation.clear', {}], ['message.recall', { seq: 1 }]]) {
      await stranger.fails(-32004, method, { in: nobody, ...params })
    }
    assert.deepEqual(await stranger.history(nobody), { messages: [], hasMore: false })
    assert.deepEqual((await stranger.call('conversation.list')).conversations, [], 'nothing came into being')
    assert.deepEqual(await stranger.call('conversation.typing', { in: nobody }), {})
  })
}, { config: withoutFiles, concurrency: 1 })
