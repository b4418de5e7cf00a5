// v1: sessions with many=true: several messages in one notification, terse, in order, at most 64 KiB; and no others.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pushed, request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { assertMessage, connectV1, flood, group, groupOf, newId, people, pipeline, range, Replica, seqs, uniqueId, user } from './lib/v1.js'

const whole = { ext: null, clientMsgId: null, recalled: false }
const usual = ['id', 'conversationId', 'seq', 'from', 'to', 'kind', 'content', 'createTime']

// A session whose messages may come several at once.
async function connectMany(server, userId, { t, query = 'many=true' } = {}) {
  const session = await connectV1(server, userId, { t, path: `/v1/connect?userId=${userId}&${query}` })
  session.frames = [] // bytes of each
  session.socket.on('message', (data) => { if (data.includes('"method":"messages"')) session.frames.push(data.length) })
  return session
}

function assertTerse(message) {
  for (const [name, value] of Object.entries(message)) {
    if (name !== 'content') assert.ok(value !== null && value !== false, `${name} is left out: ${JSON.stringify(message)}`)
  }
  for (const name of usual) assert.ok(name in message, `${name} is there`)
  assertMessage({ ...whole, ...message })
}

// The next `count` messages that came either way, each with all members.
async function taken(session, count, ms = 20_000) {
  const all = []
  while (all.length < count) {
    const { method, params } = await session.take((it) => it.method === 'message' || it.method === 'messages', ms, 'messages')
    if (method === 'message') {
      all.push(params.message)
    } else {
      assert.deepEqual(Object.keys(params), ['messages'])
      assert.ok(params.messages.length > 0)
      for (const message of params.messages) assertTerse(message)
      all.push(...params.messages.map((message) => ({ ...whole, ...message })))
    }
  }
  assert.equal(all.length, count)
  return all
}

onEachStore('v1 many=true', (the) => {
  it('leaves out what is null or false, and nothing else', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const many = await connectMany(the.server, b.userId, { t })
    assert.ok(many.hello.sessionId)
    const place = user(b.userId)
    const sent = [
      await a.say(place, 'text'), await a.say(place, '', { kind: 'custom', content: { null: null, no: false, zero: 0, empty: '', deep: { no: false } } }),
      await a.say(place, 'with ext', { ext: { no: false, none: null, list: [null, false] } }), await a.say(place, { latitude: 0, longitude: 0 }, { kind: 'location' }),
    ]
    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: 'pushed' })
    assert.deepEqual(await taken(many, 5), await b.messages(sent[0].conversationId, 5))
    assert.deepEqual((await b.all(user(a.userId))).slice(0, 4), sent)
  })

  it('has the log’s own entries too, their contents whole', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const many = await connectMany(the.server, b.userId, { t })
    const { place } = await groupOf([a, b])
    await b.say(place, 'x')
    const { id } = await a.say(place, 'y')
    await b.call('message.edit', { in: place, seq: 2, content: 'z' })
    await a.call('message.recall', { in: place, seq: 2 })
    assert.equal((await request(the.server, { method: 'POST', path: `/v1/messages/${id}/recall` })).status, 200)
    await a.call('group.update', { groupId: place.groupId, muted: true })
    await a.call('group.update', { groupId: place.groupId, muted: false })
    const came = await taken(many, 8)
    assert.deepEqual(came.map(({ kind }) => kind), ['group', 'text', 'text', 'edit', 'recall', 'recall', 'group', 'group'])
    assert.deepEqual(came.slice(3, 6).map(({ content }) => content), [{ seq: 2, content: 'z' }, { seq: 2, by: a.userId }, { seq: 3, by: null }])
    assert.deepEqual([came[6].content.muted, came[7].content.muted], [true, false])
    assert.deepEqual(came, await b.messages(came[0].conversationId, 7).then((messages) => [came[0], ...messages]))
    assert.deepEqual(many.left('message').length + many.left('messages').length, 0)
  })

  it('brings all of several conversations, each in order, beside sessions that have them one by one', async (t) => {
    const talkers = await people(the.server, t, 4)
    const listener = newId()
    const [many, twin] = [await connectMany(the.server, listener, { t }), await connectMany(the.server, listener, { t })]
    const plain = await connectV1(the.server, listener, { t })
    const { group: { groupId } } = await talkers[0].call('group.create', { name: 'many', members: [listener, ...talkers.map(({ userId }) => userId)] })
    const texts = (i) => range(1, 120).map((n) => ({ to: n % 2 ? group(groupId) : user(listener), clientMsgId: uniqueId(), content: `${i}.${n}` }))
    await Promise.all(talkers.map((session, i) => pipeline(session, 'message.send', texts(i))))
    const [all, again] = [await taken(many, 481), await taken(twin, 481)]
    const byConversation = (messages) => messages.reduce((map, it) => map.set(it.conversationId, [...map.get(it.conversationId) ?? [], it]), new Map())
    const conversations = byConversation(all)
    assert.equal(conversations.size, 5)
    for (const [id, messages] of conversations) {
      assert.deepEqual(seqs(messages), range(1, messages.length))
      assert.deepEqual(byConversation(again).get(id), messages)
      assert.deepEqual(await plain.messages(id, messages.length), messages)
    }
    t.diagnostic(`481 messages in ${many.frames.length} notifications`)
    assert.ok(many.frames.length < 481, 'several came in one')
    assert.deepEqual([plain.left('messages'), plain.left('message')], [[], []])
    const replica = new Replica()
    await replica.sync(many, { recent: 100, limit: 500 })
    for (const [id, messages] of conversations) assert.deepEqual(replica.of(id), messages.slice(-100))
  })

  it('keeps each frame within 64 KiB', async (t) => {
    const talkers = await people(the.server, t, 4)
    const listener = newId()
    const many = await connectMany(the.server, listener, { t })
    const { group: { groupId } } = await talkers[0].call('group.create', { name: 'big', members: [listener, ...talkers.map(({ userId }) => userId)] })
    const sizes = [4096, 1000, 3, 4096, 2048, 4096, 700, 4096, 4096, 100]
    await Promise.all(talkers.map((session, i) => flood(session, group(groupId), 1, 30, (n) => (i === 3 ? '\u0001' : '😀').repeat(sizes[n % 10]))))
    const all = await taken(many, 121)
    assert.deepEqual(seqs(all), range(1, 121))
    assert.deepEqual(all, (await many.call('message.history', { in: group(groupId), afterSeq: 0, limit: 5 })).messages.concat(all.slice(5)))
    t.diagnostic(`121 messages in ${many.frames.length} notifications, at most ${Math.max(...many.frames)} bytes`)
    for (const bytes of many.frames) assert.ok(bytes <= 65_536, `${bytes} bytes`)
  })

  it('is for those who asked alone', async (t) => {
    const [a] = await people(the.server, t, 1)
    const id = newId()
    for (const query of ['many=false', 'many=', 'many=1', 'more=true']) {
      const session = await connectMany(the.server, id, { t, query })
      const { conversationId } = await a.say(user(id), query)
      await flood(a, user(id), 1, 50)
      assert.equal((await session.messages(conversationId, 51)).length, 51)
      assert.deepEqual([session.frames, session.left('messages')], [[], []])
      await session.close()
    }
  })

  it('goes with device, other notifications, and the sender’s own session', async (t) => {
    const [a] = await people(the.server, t, 1)
    const id = newId()
    const phone = await connectMany(the.server, id, { t, query: 'many=true&device=phone' })
    const replaced = phone.closing()
    const newer = await connectMany(the.server, id, { t, query: 'many=true&device=phone' })
    assert.equal((await replaced).code, 4009)
    const { message } = await newer.call('message.send', { to: user(a.userId), clientMsgId: uniqueId(), content: 'own' })
    assert.deepEqual(await taken(newer, 1), [message])
    await a.call('message.react', { in: user(id), seq: 1, emoji: '👍', on: true })
    assert.deepEqual(await newer.next('reaction'), { conversationId: message.conversationId, seq: 1, userId: a.userId, emoji: '👍', on: true })
    assert.deepEqual((await newer.history(user(a.userId))).messages, [{ ...message, reactions: [{ emoji: '👍', count: 1, mine: false }] }], 'answers are as ever')
  })
}, { config: withoutFiles })
