// v1: ext.mentions, ext.reply and mentionSeq: who is meant by a mention, who may mention all, and what becomes of it.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { Postgres } from './lib/postgres.js'
import { assertProblem } from './lib/problem.js'
import { serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { connectV1, flood, groupOf, newId, people, range, seqs, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const mention = (session, place, mentions, more = {}) => session.say(place, 'hear', { ext: { mentions }, ...more })

// mentionSeq, as the list says it, and sync in each way of asking.
async function calledAt(session, place) {
  const { mentionSeq, conversationId, lastSeq } = await session.row(place) ?? {}
  for (const params of [{}, { recent: 0 }, { recent: 1 }, { positions: { [conversationId]: lastSeq - 1 } }]) {
    const { conversations } = await session.call('sync', params)
    const row = conversations.find((it) => it.conversationId === conversationId)
    assert.equal(row.mentionSeq, mentionSeq, `sync ${JSON.stringify(params)}`)
  }
  return mentionSeq
}

const readTo = (session, place, seq) => session.call('conversation.read', { in: place, seq })

onEachStore('v1 mentions', (the) => {
  it('by name are of those who are named, each at the lowest that is unread', async (t) => {
    const [a, b, c, d] = await people(the.server, t, 4)
    const { place } = await groupOf([a, b, c, d])
    await a.say(place, 'of nobody')
    const first = await mention(a, place, [b.userId])
    assert.deepEqual([first.seq, first.ext], [3, { mentions: [b.userId] }])
    await mention(a, place, [Number(c.userId), b.userId])
    await mention(b, place, [c.userId, c.userId, a.userId])
    for (const [session, expected] of [[a, 5], [b, 3], [c, 4], [d, null]]) assert.equal(await calledAt(session, place), expected)
    assert.deepEqual((await b.all(place))[2], first, 'stored untouched')
  })

  it('are moved on by reading, and not by one’s own messages', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await flood(a, place, 2, 3)
    await mention(a, place, [b.userId]) // 4
    await a.say(place, 'n5')
    await mention(a, place, 'all') // 6
    await mention(a, place, [b.userId]) // 7
    await b.say(place, 'b’s own')
    for (const [read, expected] of [[1, 4], [3, 4], [4, 6], [5, 6], [6, 7], [7, null], [8, null]]) {
      await readTo(b, place, read)
      assert.equal(await calledAt(b, place), expected, `read up to ${read}`)
    }
    await mention(a, place, [b.userId])
    assert.equal(await calledAt(b, place), 9)
  })

  it('of oneself mean nothing, by name or as one of all', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await mention(a, place, [a.userId])
    await mention(a, place, 'all')
    await b.say(place, 'something unread')
    assert.deepEqual([await calledAt(a, place), await calledAt(b, place)], [null, 3])
    await mention(b, place, [a.userId, b.userId])
    assert.deepEqual([await calledAt(a, place), await calledAt(b, place)], [5, 3])
    await mention(a, user(a.userId), [a.userId])
    await mention(a, user(a.userId), 'all')
    assert.equal(await calledAt(a, user(a.userId)), null, 'nor in one’s notes')
  })

  it('of all are for owner and admins; -32003 to others, and nothing is stored', async (t) => {
    const [owner, admin, member] = await people(the.server, t, 3)
    const { place } = await groupOf([owner, admin, member])
    await owner.call('group.role', { groupId: place.groupId, userId: admin.userId, role: 'admin' })
    const params = { to: place, clientMsgId: uniqueId(), kind: 'text', content: 'all!', ext: { mentions: 'all' } }
    assert.equal((await member.fails(-32003, 'message.send', params)).data?.reason, 'role')
    for (const kind of ['custom', 'text']) assert.equal((await member.fails(-32003, 'message.send', { ...params, kind, content: kind === 'text' ? 'x' : { x: 1 } })).data?.reason, 'role')
    const post = (from) => request(the.server, { method: 'POST', path: '/v1/messages', body: { ...params, from, clientMsgId: uniqueId() } })
    assert.equal(assertProblem(await post(member.userId), 403).reason, 'role')
    assert.deepEqual(seqs(await member.all(place)), [1, 2])
    await member.say(place, 'the same clientMsgId is free', { clientMsgId: params.clientMsgId })
    await mention(admin, place, 'all') // 4
    assert.deepEqual([await calledAt(owner, place), await calledAt(admin, place), await calledAt(member, place)], [4, null, 4])
    await mention(owner, place, 'all') // 5
    assert.deepEqual([await calledAt(owner, place), await calledAt(admin, place), await calledAt(member, place)], [4, 5, 4])
    assert.equal((await post(owner.userId)).status, 200)
    await owner.call('group.role', { groupId: place.groupId, userId: admin.userId, role: 'member' })
    assert.equal((await admin.fails(-32003, 'message.send', { ...params, clientMsgId: uniqueId() })).data?.reason, 'role')
    await mention(member, place, ['all']) // nobody of that name
    await readTo(owner, place, 5)
    assert.equal(await calledAt(owner, place), null)
  })

  it('in a direct conversation are of the other one', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    await mention(a, user(b.userId), [b.userId]) // the very first
    assert.deepEqual([await calledAt(a, user(b.userId)), await calledAt(b, user(a.userId))], [null, 1])
    await mention(b, user(a.userId), 'all')
    assert.equal(await calledAt(a, user(b.userId)), 2)
    await mention(a, user(c.userId), 'all')
    assert.deepEqual([await calledAt(c, user(a.userId)), await calledAt(a, user(c.userId))], [1, null])
    await readTo(c, user(a.userId), 1)
    await mention(a, user(c.userId), [b.userId])
    assert.equal(await calledAt(c, user(a.userId)), null, 'another means nothing here')
    assert.equal((await a.say(user(c.userId), 'x', { ext: { mentions: [b.userId] } })).ext.mentions[0], b.userId)
  })

  it('go with a recall, whoever recalls', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b, c])
    const sent = []
    for (const mentions of [[c.userId], 'all', [c.userId], [c.userId]]) sent.push(await mention(mentions === 'all' ? a : b, place, mentions)) // 2…5
    assert.equal(await calledAt(c, place), 2)
    await b.call('message.recall', { in: place, seq: 2 })
    assert.equal(await calledAt(c, place), 3)
    await a.call('message.recall', { in: place, seq: 3 })
    assert.deepEqual([await calledAt(c, place), await calledAt(b, place)], [4, null])
    await a.call('message.recall', { in: place, seq: 4 })
    assert.equal(await calledAt(c, place), 5)
    assert.equal((await request(the.server, { method: 'POST', path: `/v1/messages/${sent[3].id}/recall` })).status, 200)
    await a.say(place, 'something unread')
    assert.equal(await calledAt(c, place), null)
  })

  it('of those who are no members then are stored and mean nothing, also when they come later', async (t) => {
    const [a, b, c, d] = await people(the.server, t, 4)
    const { place } = await groupOf([a, b, d], { history: 'all' })
    const message = await mention(a, place, [c.userId, b.userId]) // 2
    assert.deepEqual(message.ext.mentions, [c.userId, b.userId])
    await a.call('group.add', { groupId: place.groupId, userIds: [c.userId] }) // 3
    assert.equal(await calledAt(b, place), 2)
    assert.deepEqual(seqs(await c.all(place)), range(1, 3), 'who comes later reads it')
    assert.equal(await calledAt(c, place), null)
    await mention(a, place, [c.userId]) // 4
    assert.equal(await calledAt(c, place), 4)
    await d.call('group.leave', { groupId: place.groupId }) // 5
    await mention(a, place, [d.userId]) // 6
    await a.call('group.add', { groupId: place.groupId, userIds: [d.userId] })
    await a.say(place, 'something unread')
    await readTo(d, place, 5)
    assert.equal(await calledAt(d, place), null)
  })

  it('of all are of those who are there then, and not of who comes later', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b], { history: 'all' })
    await mention(a, place, 'all') // 2
    await a.call('group.add', { groupId: place.groupId, userIds: [c.userId] }) // 3
    assert.equal(await calledAt(b, place), 2)
    assert.deepEqual(seqs(await c.all(place)), range(1, 3), 'who comes later reads it')
    assert.equal(await calledAt(c, place), null)
    await mention(a, place, 'all') // 4
    assert.equal(await calledAt(c, place), 4)
  })

  it('beyond the first fifty are stored and mean nothing', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b, c])
    const names = range(1, 49).map((i) => `u${i}`)
    const message = await mention(a, place, [...names, b.userId, c.userId])
    assert.equal(message.ext.mentions.length, 51)
    assert.deepEqual([await calledAt(b, place), await calledAt(c, place)], [2, null])
    assert.deepEqual((await c.call('message.get', { in: place, seqs: [2] })).messages, [message])
  })

  it('come with any kind, once for a repeat, stay through an edit, and are not an edit’s', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await mention(a, place, [b.userId], { kind: 'custom', content: { any: 1 } }) // 2
    assert.equal(await calledAt(b, place), 2)
    const params = { to: place, clientMsgId: uniqueId(), kind: 'text', content: 'x', ext: { mentions: [b.userId] } }
    for (const duplicate of [false, true]) assert.equal((await a.call('message.send', params)).duplicate, duplicate) // 3
    await mention(a, place, [b.userId], { kind: 'image', content: { fileId: 'f' } }) // 4
    await a.call('message.edit', { in: place, seq: 3, content: 'y' }) // 5
    for (const [read, expected] of [[2, 3], [3, 4], [4, null]]) {
      await readTo(b, place, read)
      assert.equal(await calledAt(b, place), expected)
    }
    assert.deepEqual((await b.call('message.get', { in: place, seqs: [3] })).messages[0].ext, params.ext)
  })

  it('are hidden by a clear, and by leaving', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await mention(a, place, [b.userId])
    await b.call('conversation.clear', { in: place })
    await a.say(place, 'n3')
    assert.equal(await calledAt(b, place), null)
    await mention(a, place, [b.userId])
    assert.equal(await calledAt(b, place), 4)
  })

  it('of each conversation are its own', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const places = []
    for (let i = 0; i < 6; i++) places.push((await groupOf([a, b])).place)
    for (const [i, place] of places.entries()) {
      await flood(a, place, 1, i)
      if (i % 2) await mention(a, place, i === 5 ? 'all' : [b.userId])
    }
    for (const [i, place] of places.entries()) assert.equal(await calledAt(b, place), i % 2 ? i + 2 : null)
    const other = await connectV1(the.server, b.userId, { t })
    await readTo(other, places[1], 100)
    assert.deepEqual([await calledAt(b, places[1]), await calledAt(b, places[3])], [null, 5])
  })

  it('that are nothing of the kind, and replies to what is not there, are stored untouched', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([b, a])
    const strange = [
      { mentions: [] }, { mentions: null }, { mentions: 'everyone' }, { mentions: 'ALL' }, { mentions: '' }, { mentions: 5 }, { mentions: { all: true } },
      { mentions: [null, {}, [], '', 'two words', 1.5, -1, 'x'.repeat(65)] }, { mentions: ['all'] }, { Mentions: [b.userId] },
      { reply: { seq: 1 } }, { reply: { seq: 1_000_000 } }, { reply: { seq: 0 } }, { reply: { seq: 'x' } }, { reply: null }, { reply: 5 }, { reply: { seq: 1, more: 'x' }, mine: [1] },
    ]
    for (const ext of strange) assert.deepEqual((await a.say(place, 'x', { ext })).ext, ext)
    assert.deepEqual((await b.all(place)).slice(1).map(({ ext }) => ext), strange)
    assert.equal(await calledAt(b, place), null)
    await mention(a, place, [null, b.userId, 'two words'])
    assert.equal(await calledAt(b, place), strange.length + 2, 'those that are named still are')
  })

  it('reply by a seq that is read with message.get', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const question = await b.say(user(a.userId), 'when?')
    const answer = await a.say(user(b.userId), 'at nine', { ext: { reply: { seq: question.seq } } })
    const got = await b.message(({ seq }) => seq === answer.seq)
    assert.deepEqual((await b.call('message.get', { in: user(a.userId), seqs: [got.ext.reply.seq] })).messages, [question])
  })

  it('of someone in no conversation make none', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const stranger = newId()
    await mention(a, user(b.userId), [stranger])
    const other = await connectV1(the.server, stranger, { t })
    assert.deepEqual((await other.call('conversation.list')).conversations, [])
    assert.deepEqual((await other.call('sync', {})).conversations, [])
  })
}, { config: withoutFiles })

// What a plan goes over, PostgreSQL says itself.
describe('v1 mentions among many', { skip: !storeKinds.includes('postgres') && 'PostgreSQL is not asked for' }, () => {
  it('are looked up, whoever else is called, and never walked over', async (t) => {
    const postgres = await Postgres.create({ settings: { session_preload_libraries: 'auto_explain', 'auto_explain.log_min_duration': 0, 'auto_explain.log_analyze': 'on' } })
    t.after(() => postgres.dispose())
    const database = await postgres.newDatabase()
    const server = await serverFor(t, { database, config: withoutFiles })
    const [a, b] = await people(server, t, 2)
    const { place } = await groupOf([a, b])
    const { seq, conversationId } = await mention(a, place, [b.userId])
    // 20,000 others, called before and after.
    await postgres.sql(`INSERT INTO mention (conversation_id, user_id, seq, sender) SELECT ${conversationId}, 'u' || n, n % 2 + ${seq} - 1, 'a' FROM generate_series(1, 20000) n`, database.split('/').at(-1))
    for (const analyzed of [false, true]) {
      if (analyzed) await postgres.sql('ANALYZE mention', database.split('/').at(-1))
      const from = postgres.process.err().length
      assert.equal(await calledAt(b, place), seq)
      const plans = await eventually(5_000, 'the plans in the log', () => {
        const log = postgres.process.err().slice(from)
        return /Scan[^\n]* on mention m[^\n]*\n[^]*LOG: /.test(log) && log
      })
      const looks = [...plans.matchAll(/Scan[^\n]* on mention m[^\n]*\n(?:\t[^\n]*\n){0,4}/g)].map(([text]) => text)
      assert.ok(looks.length > 0)
      for (const look of looks) assert.ok(Number(/Rows Removed by Filter: (\d+)/.exec(look)?.[1] ?? 0) < 100, look)
    }
  })
})
