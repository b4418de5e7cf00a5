// Edits, reactions, mentions and recalls of one node, as the sessions of another see them.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, contents, history, request } from './lib/client.js'
import { twoNodes } from './lib/two-nodes.js'
import { connectV1, flood, groupOf, newId, pipeline, range, seqs, uniqueId, user } from './lib/v1.js'

describe('messages of a cluster', () => {
  const the = twoNodes()
  const read = async (session, place, seq) => (await session.call('message.get', { in: place, seqs: [seq] })).messages[0]

  it('are edited on one node, and seen on the other, by classic clients too', async (t) => {
    const { b, alice, bob } = await the.cluster.apart(t)
    const there = await connectV1(b, alice.userId, { t })
    const classic = await connect(b, bob.userId, { t })
    const sent = await alice.say(user(bob.userId), 'mistake')
    assert.deepEqual(contents(await classic.next()), ['mistake'])
    const { message } = await alice.call('message.edit', { in: user(bob.userId), seq: 1, content: 'mended' })
    const entries = await Promise.all([alice, there, bob].map((session) => session.message(({ kind }) => kind === 'edit')))
    assert.deepEqual([entries[0].seq, entries[0].from, entries[0].content], [2, alice.userId, { seq: 1, content: 'mended' }])
    for (const entry of entries) assert.deepEqual(entry, entries[0])
    assert.deepEqual(contents(await classic.next()), ['mended'])
    assert.deepEqual(contents(await history(b, { userId: bob.userId })), ['mended'])
    assert.deepEqual(await bob.all(user(alice.userId)), [message, entries[0]])
    assert.deepEqual((await bob.call('ping')).positions, { [sent.conversationId]: 2 })
    const again = await there.call('message.send', { to: user(bob.userId), clientMsgId: sent.clientMsgId, content: 'mistake' })
    assert.deepEqual(again, { message, duplicate: true }, 'a repeat on another node')
    await there.fails(-32009, 'message.send', { to: user(bob.userId), clientMsgId: sent.clientMsgId, content: 'mended' })
    await there.call('message.edit', { in: user(bob.userId), seq: 1, content: 'mended there' })
    assert.deepEqual((await alice.message(({ seq }) => seq === 3)).content, { seq: 1, content: 'mended there' })
  })

  it('are edited on both at once, 20 times in all, in one order', async (t) => {
    const { b, alice, bob } = await the.cluster.apart(t)
    const there = await connectV1(b, alice.userId, { t })
    const { conversationId } = await alice.say(user(bob.userId), 'n0')
    const outcomes = await Promise.all([alice, there].flatMap((session, node) => range(1, 15).map((i) => (
      session.call('message.edit', { in: user(bob.userId), seq: 1, content: `${node}.${i}` }).then(() => 'edited', ({ code }) => code)))))
    assert.deepEqual(outcomes.filter((it) => it === 'edited').length, 20)
    assert.deepEqual([...new Set(outcomes)].sort(), [-32013, 'edited'])
    const live = await bob.messages(conversationId, 21)
    assert.deepEqual(seqs(live), range(1, 21))
    assert.equal((await read(bob, user(alice.userId), 1)).content, live.at(-1).content.content)
    assert.deepEqual(await alice.messages(conversationId, 21), live)
  })

  it('are edited on one node, and an entry with null to who joined later on the other', async (t) => {
    const { b, alice, bob } = await the.cluster.apart(t)
    const joined = await connectV1(b, newId(), { t })
    const { place } = await groupOf([alice, bob])
    await alice.say(place, 'before')
    await alice.call('group.add', { groupId: place.groupId, userIds: [joined.userId] })
    await alice.call('message.edit', { in: place, seq: 2, content: 'secret' })
    const entry = await joined.message(({ kind }) => kind === 'edit')
    assert.deepEqual(entry.content, { seq: 2, content: null })
    assert.deepEqual((await joined.history(place, { limit: 1 })).messages, [entry])
    assert.deepEqual((await bob.message(({ kind }) => kind === 'edit')).content, { seq: 2, content: 'secret' })
  })

  it('are reacted to on both, told on both, and counted exactly', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const [alice2, bob2] = [await connectV1(b, alice.userId, { t }), await connectV1(a, bob.userId, { t })]
    const { conversationId } = await alice.say(user(bob.userId), 'x')
    for (const [session, place, on] of [[bob, user(alice.userId), true], [alice, user(bob.userId), true], [bob2, user(alice.userId), false]]) {
      assert.deepEqual(await session.call('message.react', { in: place, seq: 1, emoji: '👍', on }), {})
      for (const hearer of [alice, alice2, bob, bob2]) {
        assert.deepEqual(await hearer.next('reaction'), { conversationId, seq: 1, userId: session.userId, emoji: '👍', on })
      }
    }
    await bob.call('message.react', { in: user(alice.userId), seq: 1, emoji: '👍', on: false })
    assert.deepEqual((await read(bob, user(alice.userId), 1)).reactions, [{ emoji: '👍', count: 1, mine: false }])
    const mark = await alice.say(user(bob.userId), 'marker')
    for (const session of [alice, alice2, bob, bob2]) {
      await session.message(({ seq }) => seq === mark.seq)
      assert.deepEqual(session.left('reaction'), [], 'once each, and nothing for what was so before')
    }
    const people = [...await Promise.all(range(1, 12).map(() => connectV1(a, newId(), { t }))), ...await Promise.all(range(1, 12).map(() => connectV1(b, newId(), { t })))]
    const { place } = await groupOf(people)
    await people[0].say(place, 'y')
    const emoji = ['👍', '🎉', '❤️']
    await Promise.all(people.flatMap((session) => emoji.map((it) => session.call('message.react', { in: place, seq: 2, emoji: it, on: true }))))
    for (const session of [people[0], people.at(-1)]) {
      assert.deepEqual((await read(session, place, 2)).reactions.map(({ emoji: it, count, mine }) => [it, count, mine]).sort(), emoji.map((it) => [it, 24, true]).sort())
    }
  })

  it('are recalled by a back end at one node, and by a group’s owner, as the other’s sessions see', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const classic = await connect(b, bob.userId, { t })
    const { id } = await alice.say(user(bob.userId), 'secret')
    assert.deepEqual(contents(await classic.next()), ['secret'])
    await bob.call('message.react', { in: user(alice.userId), seq: 1, emoji: '👍', on: true })
    assert.equal((await request(b, { method: 'POST', path: `/v1/messages/${id}/recall` })).status, 200)
    assert.equal((await request(a, { method: 'POST', path: `/v1/messages/${id}/recall` })).status, 200)
    for (const session of [alice, bob]) {
      const entry = await session.message(({ kind }) => kind === 'recall')
      assert.deepEqual([entry.seq, entry.from, entry.content], [2, alice.userId, { seq: 1, by: null }])
    }
    assert.deepEqual(await classic.next(), [])
    const gone = await read(bob, user(alice.userId), 1)
    assert.deepEqual([gone.content, gone.recalled, gone.reactions], [null, true, undefined])
    const { place } = await groupOf([alice, bob])
    const { seq } = await bob.say(place, 'not here')
    await alice.call('message.recall', { in: place, seq })
    assert.deepEqual((await bob.message(({ kind }) => kind === 'recall')).content, { seq, by: alice.userId })
    for (const node of [a, b]) assert.equal((await request(node, { method: 'POST', path: `/v1/messages/${id + 1_000_000}/recall` })).status, 404)
  })

  it('mention those who are on the other node', async (t) => {
    const { alice, bob } = await the.cluster.apart(t)
    const { place } = await groupOf([alice, bob])
    await alice.say(place, 'x', { ext: { mentions: [bob.userId] } })
    assert.equal((await bob.row(place)).mentionSeq, 2)
    await bob.call('conversation.read', { in: place, seq: 2 })
    await alice.say(place, 'y', { ext: { mentions: 'all' } })
    assert.equal((await bob.row(place)).mentionSeq, 3)
    assert.equal((await bob.fails(-32003, 'message.send', { to: place, clientMsgId: uniqueId(), content: 'x', ext: { mentions: 'all' } })).data?.reason, 'role')
    await alice.call('message.recall', { in: place, seq: 3 })
    assert.equal((await bob.row(place)).mentionSeq, null)
  })

  it('come several at once from the other node, in order, and one by one to others there', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const many = await connectV1(b, bob.userId, { t, path: `/v1/connect?userId=${bob.userId}&many=true` })
    const here = await connectV1(a, alice.userId, { t })
    const { conversationId } = (await flood(alice, user(bob.userId), 1, 200))[0]
    await pipeline(alice, 'message.edit', range(1, 40).map((seq) => ({ in: user(bob.userId), seq, content: `edited ${seq}` })), 16)
    const came = []
    while (came.length < 240) {
      const { method, params } = await many.take((it) => it.method === 'message' || it.method === 'messages', 10_000, 'messages')
      came.push(...method === 'message' ? [params.message] : params.messages.map((message) => ({ ext: null, clientMsgId: null, recalled: false, ...message })))
    }
    assert.deepEqual(seqs(came), range(1, 240))
    assert.deepEqual(await bob.messages(conversationId, 240), came)
    assert.deepEqual(await here.messages(conversationId, 240), came)
    assert.deepEqual([bob.left('messages'), many.left('message'), many.left('messages')], [[], [], []])
  })
})
