// v1: message.react and message.get: who may, what an emoji is, that counts are exact, and that reactions are no entries.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { get } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { connectV1, flood, group, groupOf, newId, people, range, Replica, seqs, uniqueId, user } from './lib/v1.js'

const react = async (session, place, seq, emoji, on = true) => assert.deepEqual(await session.call('message.react', { in: place, seq, emoji, on }), {})

const forbidden = async (session, reason, place, seq, emoji = '👍') => {
  const { data } = await session.fails(-32003, 'message.react', { in: place, seq, emoji, on: true })
  assert.equal(data?.reason, reason)
}

const read = async (session, place, ...asked) => (await session.call('message.get', { in: place, seqs: asked })).messages
const reactionsOf = async (session, place, seq) => (await read(session, place, seq))[0].reactions
const tally = (emoji, count, mine) => ({ emoji, count, mine })

// All that was told before has come: what is said after it is last.
async function marked(talker, place, sessions) {
  const mark = uniqueId()
  await talker.say(place, mark)
  for (const session of sessions) await session.message(({ content }) => content === mark)
}

onEachStore('v1 message.react', (the) => {
  it('is counted, in the order of first use, and told to every session', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const a2 = await connectV1(the.server, a.userId, { t })
    const { place, conversationId } = await groupOf([a, b, c])
    const message = await b.say(place, 'x')
    assert.ok(!('reactions' in message))
    for (const [session, emoji] of [[b, '🎉'], [a, '👍'], [c, '🎉'], [a, '🎉'], [c, '❤️'], [a, '❤️']]) {
      await react(session, place, 2, emoji)
      for (const hearer of [a, a2, b, c]) assert.deepEqual(await hearer.next('reaction'), { conversationId, seq: 2, userId: session.userId, emoji, on: true })
    }
    const [ofA, ofB, ofC] = [[true, true, true], [true, false, false], [true, false, true]]
    for (const [session, [party, thumb, heart]] of [[a, ofA], [a2, ofA], [b, ofB], [c, ofC]]) {
      const expected = { ...message, reactions: [tally('🎉', 3, party), tally('👍', 1, thumb), tally('❤️', 2, heart)] }
      assert.deepEqual(await read(session, place, 2), [expected])
      assert.deepEqual((await session.history(place, { limit: 1 })).messages, [expected])
      assert.deepEqual((await session.row(place)).lastMessage, expected)
      assert.deepEqual((await get(the.server, `/v1/messages?userId=${session.userId}&group=${place.groupId}&limit=1`)).json().messages, [expected])
      assert.deepEqual((await session.call('message.search', { query: 'x', in: place })).messages, [expected])
    }
    await marked(a, place, [a, a2, b, c])
    for (const session of [a, a2, b, c]) assert.deepEqual(session.left('reaction'), [], 'each once')
  })

  it('is taken away, and what was so before is told to nobody', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const { conversationId } = await a.say(place, 'x')
    await react(a, place, 1, '👍', false)
    for (let i = 0; i < 3; i++) await react(b, user(a.userId), 1, '👍')
    await react(a, place, 1, '👍')
    assert.deepEqual(await reactionsOf(a, place, 1), [tally('👍', 2, true)])
    for (let i = 0; i < 3; i++) await react(b, user(a.userId), 1, '👍', false)
    await react(b, user(a.userId), 1, '👎', false)
    assert.deepEqual(await reactionsOf(b, user(a.userId), 1), [tally('👍', 1, false)])
    await react(a, place, 1, '👍', false)
    assert.equal(await reactionsOf(a, place, 1), undefined, 'absent when there are none')
    await react(b, user(a.userId), 1, '👍')
    assert.deepEqual(await reactionsOf(a, place, 1), [tally('👍', 1, false)])
    await marked(a, place, [a, b])
    const told = [[b, true], [a, true], [b, false], [a, false], [b, true]].map(([{ userId }, on]) => ({ conversationId, seq: 1, userId, emoji: '👍', on }))
    for (const session of [a, b]) assert.deepEqual(session.left('reaction'), told)
  })

  it('is any emoji of at most 32 bytes, byte by byte', async (t) => {
    const [a] = await people(the.server, t, 1)
    const place = user(a.userId)
    await a.say(place, 'notes')
    const emoji = ['👍', '👍🏽', '❤️', '❤', '👨‍👩‍👧‍👦', '🇨🇳', '1️⃣', '#️⃣', '☺', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏳️‍🌈', '👩🏿‍🚀', '🫶', '🪿', '™️', '㊗️', '🀄', '⌚']
    for (const it of emoji) await react(a, place, 1, it)
    assert.deepEqual(await reactionsOf(a, place, 1), emoji.map((it) => tally(it, 1, true)))
    const none = ['', 'x', '好', ':)', ':+1:', '1', '12', '#', '*', '1️', '👍x', 'x👍', '👍 ', ' ', '\u200d', '\ufe0f', '\u20e3', 'é', '\u0301', '👍\0', '👍'.repeat(9), '👨‍👩‍👧‍👦👨‍👩‍👧‍👦', '👍'.repeat(33), '<b>', '\u202e👍', 5, null, undefined, true, ['👍']]
    for (const it of none) await a.fails(-32602, 'message.react', { in: place, seq: 1, emoji: it, on: true }, { param: 'emoji' })
    for (const on of [undefined, null, 1, 'true']) await a.fails(-32602, 'message.react', { in: place, seq: 1, emoji: '👍', on }, { param: 'on' })
    for (const seq of [undefined, 0, '1']) await a.fails(-32602, 'message.react', { in: place, seq, emoji: '👍', on: true }, { param: 'seq' })
    assert.equal((await reactionsOf(a, place, 1)).length, emoji.length)
  })

  it('is one of at most 20 different a message, then -32013', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await flood(a, place, 1, 2)
    const emoji = range(0, 20).map((i) => String.fromCodePoint(0x1F600 + i))
    for (const [i, it] of emoji.slice(0, 20).entries()) await react(i % 2 ? a : b, i % 2 ? place : user(a.userId), 1, it)
    for (const session of [a, b]) await session.fails(-32013, 'message.react', { in: user(session === a ? b.userId : a.userId), seq: 1, emoji: emoji[20], on: true })
    await react(a, place, 1, emoji[20], false)
    await react(a, place, 1, emoji[0])
    await react(a, place, 2, emoji[20])
    assert.deepEqual((await reactionsOf(b, user(a.userId), 1)).map((it) => it.emoji), emoji.slice(0, 20))
    await react(a, place, 1, emoji[0], false)
    await a.fails(-32013, 'message.react', { in: place, seq: 1, emoji: emoji[20], on: true })
    await react(b, user(a.userId), 1, emoji[0], false)
    await react(a, place, 1, emoji[20])
    assert.deepEqual((await reactionsOf(b, user(a.userId), 1)).map((it) => it.emoji).sort(), emoji.slice(1))
  })

  it('goes to messages of any kind, of others and one’s own, and not to the log’s own entries', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    for (const [kind, content] of [['text', 'x'], ['image', { fileId: 'f' }], ['location', { latitude: 1, longitude: 2 }], ['custom', { any: 1 }]]) {
      const { seq } = await a.say(place, content, { kind })
      await react(a, place, seq, '👍')
      await react(b, place, seq, '👍')
      assert.deepEqual(await reactionsOf(b, place, seq), [tally('👍', 2, true)], kind)
    }
    await a.call('message.edit', { in: place, seq: 2, content: 'y' })
    await a.call('message.recall', { in: place, seq: 5 })
    for (const seq of [1, 6, 7]) await forbidden(b, 'role', place, seq)
    const [edited] = await read(b, place, 2)
    assert.deepEqual([edited.edited, edited.reactions], [true, [tally('👍', 2, true)]], 'an edit leaves them')
    assert.deepEqual((await a.call('message.edit', { in: place, seq: 2, content: 'z' })).message.reactions, [tally('👍', 2, true)])
  })

  it('to what was recalled, is not there or not one’s to read is -32004', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    const fails = (session, at, seq) => session.fails(-32004, 'message.react', { in: at, seq, emoji: '👍', on: true })
    await flood(a, place, 2, 3)
    await a.call('message.recall', { in: place, seq: 2 })
    await fails(b, place, 2)
    for (const seq of [5, 1_000_000]) await fails(b, place, seq)
    await fails(c, place, 3)
    await fails(a, user(newId()), 1)
    await fails(a, group('none'), 1)
    await a.call('group.add', { groupId: place.groupId, userIds: [c.userId] })
    await fails(c, place, 3)
    await a.call('group.remove', { groupId: place.groupId, userIds: [b.userId] })
    await fails(b, place, 3)
    assert.equal(await reactionsOf(a, place, 3), undefined)
  })

  it('is for owner and admins where a group is muted, and for nobody where they are blocked', async (t) => {
    const [owner, admin, member] = await people(the.server, t, 3)
    const { place } = await groupOf([owner, admin, member])
    await owner.call('group.role', { groupId: place.groupId, userId: admin.userId, role: 'admin' })
    const { seq } = await member.say(place, 'x')
    await owner.call('group.update', { groupId: place.groupId, muted: true })
    await forbidden(member, 'muted', place, seq)
    for (const session of [owner, admin]) await react(session, place, seq, '👍')
    assert.deepEqual(await reactionsOf(member, place, seq), [tally('👍', 2, false)])

    await owner.say(user(member.userId), 'x')
    await owner.call('block.add', { userIds: [member.userId] })
    await forbidden(member, 'blocked', user(owner.userId), 1)
    await react(owner, user(member.userId), 1, '👍')
    await owner.call('group.update', { groupId: place.groupId, muted: false })
    await react(member, place, seq, '👍')
    await owner.call('block.remove', { userIds: [member.userId] })
    await react(member, user(owner.userId), 1, '👍')
    assert.deepEqual(await reactionsOf(owner, user(member.userId), 1), [tally('👍', 2, true)])
  })

  it('is no entry: no seq, nothing unread, nothing in ping, no other order', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { conversationId } = await a.say(user(b.userId), 'x')
    const { createTime } = await a.row(user(b.userId)).then(({ lastMessage }) => lastMessage)
    while (Date.now() <= Date.parse(createTime)) await a.call('ping')
    await a.say(user(newId()), 'later')
    await b.call('conversation.read', { in: user(a.userId), seq: 1 })
    for (const session of [a, b]) await session.call('ping')
    const before = await a.call('conversation.list')
    await react(b, user(a.userId), 1, '👍')
    await a.next('reaction')
    for (const session of [a, b]) assert.deepEqual((await session.call('ping')).positions, {})
    const { conversations: [, row] } = before
    row.lastMessage.reactions = [tally('👍', 1, false)]
    assert.deepEqual(await a.call('conversation.list'), before)
    assert.equal((await a.row(user(b.userId))).unread, 0)
    assert.deepEqual(seqs(await a.all(user(b.userId))), [1])
    const page = await a.call('sync', { positions: { [conversationId]: 1 } })
    assert.deepEqual(page.conversations.filter((it) => it.conversationId === conversationId).map(({ lastSeq, messages, unread }) => [lastSeq, messages, unread]).filter(([lastSeq]) => lastSeq !== 1), [])
  })

  it('comes by sync with the messages, and as `changed` with the newest `recent`', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const [{ conversationId }] = await flood(a, place, 1, 30)
    for (const seq of [1, 10, 11, 29, 30]) await react(a, place, seq, '👍')
    await react(b, user(a.userId), 29, '🎉')
    const changed = (session, asked) => asked.map((seq) => ({ seq, reactions: seq === 29 ? [tally('👍', 1, session === a), tally('🎉', 1, session === b)] : [tally('👍', 1, session === a)] }))
    const rowOf = async (session, params) => {
      const { conversations } = await session.call('sync', params)
      return conversations.find((it) => it.conversationId === conversationId)
    }
    for (const session of [a, b]) {
      const { epoch } = await session.call('sync', {})
      for (const [recent, expected] of [[undefined, [11, 29, 30]], [21, [10, 11, 29, 30]], [20, [11, 29, 30]], [2, [29, 30]], [1, [30]], [0, []], [100, [1, 10, 11, 29, 30]]]) {
        const row = await rowOf(session, { epoch, positions: { [conversationId]: 28 }, recent })
        assert.deepEqual(seqs(row.messages), [29, 30])
        assert.deepEqual(row.changed, changed(session, expected), `recent: ${recent}`)
        assert.deepEqual(row.messages.map(({ seq, reactions }) => ({ seq, reactions })), changed(session, [29, 30]), 'they have theirs themselves as well')
      }
      const whole = await rowOf(session, { recent: 100 })
      assert.deepEqual(whole.messages.filter(({ reactions }) => reactions).map(({ seq, reactions }) => ({ seq, reactions })), changed(session, [1, 10, 11, 29, 30]))
      assert.deepEqual(whole.messages, await session.all(session === a ? place : user(a.userId)))
    }
    // One who was away for nothing but a reaction.
    const away = new Replica()
    await away.sync(b)
    await react(a, place, 30, '🎈')
    await a.say(place, 'n31')
    await away.sync(b)
    assert.deepEqual(away.rows.get(conversationId).changed.slice(-2), [...changed(b, [29]), { seq: 30, reactions: [tally('👍', 1, false), tally('🎈', 1, false)] }])
  })

  it('comes by sync as `changed` to who has all messages', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [{ conversationId }] = await flood(a, user(b.userId), 1, 3)
    const { epoch } = await b.call('sync', {})
    const changes = async (session) => {
      const { conversations: [row], reset } = await session.call('sync', { epoch, positions: { [conversationId]: 3 } })
      assert.deepEqual([reset, row?.conversationId, row?.lastSeq, row?.messages, row?.hasMore], [false, conversationId, 3, [], false])
      return row.changed
    }
    await react(a, user(b.userId), 2, '👍')
    assert.deepEqual(await changes(b), [{ seq: 2, reactions: [tally('👍', 1, false)] }])
    await react(b, user(a.userId), 3, '🎉')
    await react(b, user(a.userId), 2, '👍')
    for (const session of [a, b]) assert.deepEqual(await changes(session), [{ seq: 2, reactions: [tally('👍', 2, true)] }, { seq: 3, reactions: [tally('🎉', 1, session === b)] }])
  })

  it('is gone after a recall', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const [{ conversationId }] = await flood(a, place, 1, 2)
    for (const seq of [1, 2]) await react(b, user(a.userId), seq, '👍')
    await a.call('message.recall', { in: place, seq: 1 })
    const [recalled, other] = await read(b, user(a.userId), 1, 2)
    assert.ok(!('reactions' in recalled))
    assert.deepEqual(other.reactions, [tally('👍', 1, true)])
    const { conversations: [row] } = await b.call('sync', {})
    assert.deepEqual([row.conversationId, row.changed], [conversationId, [{ seq: 2, reactions: [tally('👍', 1, true)] }]])
    await b.fails(-32004, 'message.react', { in: user(a.userId), seq: 1, emoji: '👍', on: false })
  })

  it('is on the message that a repeat with its clientMsgId is answered with', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const params = { to: user(b.userId), clientMsgId: uniqueId(), kind: 'text', content: 'once' }
    const { message } = await a.call('message.send', params)
    await react(b, user(a.userId), 1, '👍')
    assert.deepEqual(await a.call('message.send', params), { message: { ...message, reactions: [tally('👍', 1, false)] }, duplicate: true }, 'as it is now')
  })

  it('of fifty at once is counted exactly, and told to all alike, if not each', async (t) => {
    const members = await people(the.server, t, 50)
    const { place, conversationId } = await groupOf(members)
    await members[0].say(place, 'who comes?')
    for (const session of members) await session.message(({ content }) => content === 'who comes?')
    const emoji = ['👍', '👎', '🎉']
    const begin = performance.now()
    await Promise.all(members.map((session, i) => react(session, place, 2, emoji[i % 3])))
    const seconds = (performance.now() - begin) / 1000
    const mine = (i) => (it) => it.emoji === emoji[i % 3]
    for (const [i, session] of members.entries()) {
      const found = await reactionsOf(session, place, 2)
      assert.deepEqual(Object.fromEntries(found.map((it) => [it.emoji, it.count])), { '👍': 17, '👎': 17, '🎉': 16 })
      assert.deepEqual(found.filter((it) => it.mine), found.filter(mine(i)))
    }
    await marked(members[0], place, members)
    const told = members[0].left('reaction')
    t.diagnostic(`${told.length} of 50 told within ${seconds.toFixed(2)} s`)
    assert.ok(told.length >= 10 && told.length <= 20 * (2 + Math.ceil(seconds)), `${told.length} told in ${seconds} s`)
    assert.equal(new Set(told.map(({ userId }) => userId)).size, told.length)
    for (const it of told) assert.deepEqual([it.conversationId, it.seq, it.on], [conversationId, 2, true])
    for (const session of members) assert.deepEqual(session.left('reaction'), told)
    await Promise.all(members.map((session, i) => (i % 2 ? react(session, place, 2, emoji[i % 3], false) : react(session, place, 2, '❤️'))))
    const expected = { '👍': 0, '👎': 0, '🎉': 0, '❤️': 25 }
    for (let i = 0; i < 50; i += 2) expected[emoji[i % 3]]++
    assert.deepEqual(Object.fromEntries((await reactionsOf(members[7], place, 2)).map((it) => [it.emoji, it.count])), expected)
  })

  it('of 200 in a group of 2,000 is counted exactly, and read in one small answer', async (t) => {
    const members = await people(the.server, t, 200)
    const [owner] = members
    const silent = range(1, 1_800).map(newId)
    const { group: { groupId, memberCount } } = await owner.call('group.create', { name: 'geese', members: [...members.slice(1).map(({ userId }) => userId), ...silent] })
    assert.equal(memberCount, 2_000)
    const place = group(groupId)
    const message = await owner.say(place, 'who comes?')
    const emoji = ['👍', '👎', '🎉']
    await Promise.all(members.map((session, i) => react(session, place, 2, emoji[i % 3])))
    for (const [i, session] of members.entries()) {
      const answer = await session.call('message.get', { in: place, seqs: [2] })
      const bytes = Buffer.byteLength(JSON.stringify(answer))
      assert.ok(bytes < 2_048, `an answer of ${bytes} bytes`)
      const { messages: [{ reactions, ...rest }] } = answer
      assert.deepEqual(rest, message)
      assert.deepEqual(reactions.sort((x, y) => emoji.indexOf(x.emoji) - emoji.indexOf(y.emoji)), [67, 67, 66].map((count, at) => tally(emoji[at], count, at === i % 3)))
    }
    const other = await connectV1(the.server, silent.at(-1), { t })
    assert.deepEqual((await reactionsOf(other, place, 2)).map(({ count, mine }) => [count, mine]).sort(), [[66, false], [67, false], [67, false]])
  })

  it('and sends at once lose neither', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await a.say(place, 'n0')
    const emoji = range(0, 19).map((i) => String.fromCodePoint(0x1F600 + i))
    await Promise.all([
      flood(a, place, 1, 60), ...emoji.map((it) => react(b, user(a.userId), 1, it)), ...emoji.map((it) => react(a, place, 1, it)),
    ])
    assert.deepEqual((await reactionsOf(b, user(a.userId), 1)).map(({ emoji: it, count }) => [it, count]).sort(), emoji.map((it) => [it, 2]))
    assert.deepEqual(seqs(await b.all(user(a.userId))), range(1, 61))
  })
}, { config: withoutFiles })

onEachStore('v1 message.get', (the) => {
  it('gives those that are there, ascending, each once', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const stored = await flood(a, user(b.userId), 1, 12)
    const got = async (asked) => seqs(await read(b, user(a.userId), ...asked))
    assert.deepEqual(await read(b, user(a.userId), 5, 2, 9), [stored[1], stored[4], stored[8]])
    assert.deepEqual(await got([12, 13, 1, 1_000_000, 12]), [1, 12])
    assert.deepEqual(await got([13, 2 ** 53 - 1]), [])
    assert.deepEqual(await got(range(1, 100).reverse()), range(1, 12))
    assert.deepEqual(await read(a, user(newId()), 1), [], 'where nobody has said anything')
  })

  it('takes 1 to 100 seqs', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await a.say(user(b.userId), 'x')
    for (const asked of [range(1, 101), [], [0], [-1], ['1'], [1.5], [null], 1, null, undefined, { 0: 1 }]) {
      await b.fails(-32602, 'message.get', { in: user(a.userId), seqs: asked }, { param: 'seqs' })
    }
    await b.fails(-32602, 'message.get', { seqs: [1] }, { param: 'in' })
  })

  it('gives whatever is in the log: recalled ones, and its own entries', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await flood(a, place, 2, 3)
    await a.call('message.edit', { in: place, seq: 2, content: 'edited' })
    await a.call('message.recall', { in: place, seq: 3 })
    const all = await b.all(place)
    assert.deepEqual(all.map(({ kind, content }) => [kind, content?.seq]), [['group', undefined], ['text', undefined], ['text', undefined], ['edit', 2], ['recall', 3]])
    assert.deepEqual(await read(b, place, ...range(1, 5)), all)
  })

  it('gives nothing from before one joined or cleared, and refuses strangers', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    await flood(a, place, 2, 3)
    await c.fails(-32004, 'message.get', { in: place, seqs: [2] })
    await c.fails(-32004, 'message.get', { in: group('none'), seqs: [2] })
    await a.call('group.add', { groupId: place.groupId, userIds: [c.userId] })
    await a.say(place, 'n5')
    assert.deepEqual(seqs(await read(c, place, ...range(1, 5))), [4, 5])
    await b.call('conversation.clear', { in: place })
    assert.deepEqual(await read(b, place, ...range(1, 5)), [])
    await a.say(place, 'n6')
    assert.deepEqual(seqs(await read(b, place, ...range(1, 9))), [6])
    await b.call('group.leave', { groupId: place.groupId })
    await b.fails(-32004, 'message.get', { in: place, seqs: [6] })
  })
})
