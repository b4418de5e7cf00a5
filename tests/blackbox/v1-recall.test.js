// v1: message.recall: who may, how long, and that the content is gone everywhere.

import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { serverFor } from './lib/server.js'
import { connectV1, groupOf, newId, people, Replica, seqs, uniqueId, user } from './lib/v1.js'
import { delay } from './lib/wait.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const recallById = (server, id, headers = {}) => request(server, { method: 'POST', path: `/v1/messages/${id}/recall`, headers })

onEachStore('v1 message.recall', (the) => {
  it('takes the content away everywhere, and is an entry of its own', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const b2 = await connectV1(the.server, b.userId, { t })
    const place = user(b.userId)
    await a.say(place, 'before')
    const secret = await a.say(place, '机密 secret', { ext: { note: '机密' } })
    await a.say(place, 'after')
    for (const session of [a, b, b2]) await session.messages(secret.conversationId, 3)
    assert.deepEqual(await a.call('message.recall', { in: place, seq: 2 }), {})
    const entries = await Promise.all([a, b, b2].map((session) => session.message()))
    const [entry] = entries
    assert.deepEqual([entry.seq, entry.kind, entry.content, entry.from, entry.recalled], [4, 'recall', { seq: 2 }, a.userId, false])
    for (const other of entries) assert.deepEqual(other, entry)
    for (const [session, peer] of [[a, b], [b, a]]) {
      const messages = await session.all(user(peer.userId))
      assert.deepEqual(seqs(messages), [1, 2, 3, 4])
      assert.deepEqual([messages[1].content, messages[1].recalled, messages[1].id], [null, true, secret.id])
      assert.doesNotMatch(JSON.stringify(messages), /机密|secret/, 'nothing of it is left')
      assert.deepEqual(messages[3], entry)
      assert.deepEqual((await session.call('message.search', { query: '机密' })).messages, [])
    }
    const replica = new Replica()
    await replica.sync(b)
    assert.doesNotMatch(JSON.stringify(replica.of(secret.conversationId)), /机密|secret/)
    assert.equal(replica.of(secret.conversationId)[1].recalled, true)
  })

  it('also as the last message of the list', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await a.say(user(b.userId), 'regretted')
    await a.call('message.recall', { in: user(b.userId), seq: 1 })
    const row = await b.row(user(a.userId))
    assert.equal(row.lastSeq, 2)
    assert.doesNotMatch(JSON.stringify(row), /regretted/)
    assert.equal(row.unread, 0, 'neither a recalled one nor the log’s own entry counts')
  })

  it('twice is {} again, and one entry', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    await a.say(place, 'x')
    for (let i = 0; i < 3; i++) assert.deepEqual(await a.call('message.recall', { in: place, seq: 1 }), {})
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => a.call('message.recall', { in: place, seq: 1 }))), [{}, {}, {}])
    assert.deepEqual(seqs(await a.all(place)), [1, 2])
  })

  it('raced by two sessions is one entry', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const twin = await connectV1(the.server, a.userId, { t })
    const place = user(b.userId)
    for (let i = 0; i < 10; i++) {
      const { seq } = await a.say(place, 'x')
      assert.deepEqual(await Promise.all([a, twin].map((session) => session.call('message.recall', { in: place, seq }))), [{}, {}])
      assert.equal((await a.history(place, { limit: 1 })).messages[0].seq, seq + 1)
    }
  })

  it('of another’s message is -32003, in a direct conversation and for a plain member of a group', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const message = await a.say(user(b.userId), 'mine')
    assert.equal((await b.fails(-32003, 'message.recall', { in: user(a.userId), seq: message.seq })).data?.reason, 'role')
    const { place } = await groupOf([a, b, c])
    const sent = [await a.say(place, 'the owner’s'), await b.say(place, 'b’s')]
    for (const { seq } of sent) assert.equal((await c.fails(-32003, 'message.recall', { in: place, seq })).data?.reason, 'role')
    assert.deepEqual((await a.all(place)).slice(1), sent)
    assert.deepEqual(await a.all(user(b.userId)), [message])
  })

  it('by a group’s owner and admins is of any member’s message, and says by whom', async (t) => {
    const [owner, admin, admin2, member] = await people(the.server, t, 4)
    const all = [owner, admin, admin2, member]
    const { place, conversationId } = await groupOf(all)
    for (const { userId } of [admin, admin2]) await owner.call('group.role', { groupId: place.groupId, userId, role: 'admin' })
    // who wrote, who takes back
    const cases = [[member, owner], [member, admin], [admin, admin2], [owner, admin], [admin, owner], [owner, owner], [admin, admin], [member, member]]
    for (const [writer, taker] of cases) {
      const { seq } = await writer.say(place, '机密 secret', { ext: { note: '机密' } })
      assert.deepEqual(await taker.call('message.recall', { in: place, seq }), {})
      assert.deepEqual(await owner.call('message.recall', { in: place, seq }), {}, 'again when it was recalled before')
      for (const session of all) {
        const entry = await session.message(({ kind, seq: at }) => kind === 'recall' && at === seq + 1)
        assert.deepEqual([entry.conversationId, entry.from, entry.to, entry.content], [conversationId, taker.userId, place, writer === taker ? { seq } : { seq, by: taker.userId }])
      }
    }
    for (const session of all) {
      const messages = await session.all(place)
      assert.deepEqual(messages.slice(3).map(({ kind, recalled }) => [kind, recalled]), cases.flatMap(() => [['text', true], ['recall', false]]))
      assert.doesNotMatch(JSON.stringify([messages, await session.row(place)]), /机密|secret/)
      assert.deepEqual(messages[4].content, { seq: 4, by: owner.userId }, 'as it came live')
      assert.deepEqual((await session.call('message.search', { query: '机密' })).messages, [])
    }
    await owner.call('group.role', { groupId: place.groupId, userId: admin.userId, role: 'member' })
    const { seq } = await member.say(place, 'x')
    await admin.fails(-32003, 'message.recall', { in: place, seq })
    await owner.call('group.update', { groupId: place.groupId, muted: true })
    await admin2.call('message.recall', { in: place, seq })
  })

  it('by a group’s owner and admins is not of the log’s own entries, nor of what is not theirs to read', async (t) => {
    const [owner, member, later] = await people(the.server, t, 3)
    const { place } = await groupOf([owner, member])
    const { seq } = await member.say(place, 'x')
    await owner.call('message.recall', { in: place, seq })
    for (const own of [1, seq + 1]) await owner.fails(-32003, 'message.recall', { in: place, seq: own })
    await member.say(place, 'before')
    await owner.call('group.add', { groupId: place.groupId, userIds: [later.userId] })
    await owner.call('group.role', { groupId: place.groupId, userId: later.userId, role: 'admin' })
    await later.fails(-32004, 'message.recall', { in: place, seq: 4 })
    await owner.fails(-32004, 'message.recall', { in: place, seq: 99 })
  })

  it('takes an edited text away as it is now, and as it was', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await a.say(user(b.userId), 'once')
    await a.call('message.edit', { in: user(b.userId), seq: 1, content: 'twice' })
    await a.call('message.recall', { in: user(b.userId), seq: 1 })
    const messages = await b.all(user(a.userId))
    assert.deepEqual(messages.map(({ kind, content }) => [kind, content]), [['text', null], ['edit', { seq: 1, content: null }], ['recall', { seq: 1 }]])
    const { conversations: [row] } = await b.call('sync', {})
    assert.deepEqual(row.messages, messages)
    for (const query of ['once', 'twice']) assert.deepEqual((await b.call('message.search', { query })).messages, [])
  })

  it('of the log’s own entries is -32003, of a seq that is not there -32004', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await a.fails(-32003, 'message.recall', { in: place, seq: 1 })
    await a.fails(-32004, 'message.recall', { in: place, seq: 2 })
    const { seq } = await a.say(place, 'x')
    await a.call('message.recall', { in: place, seq })
    await a.fails(-32003, 'message.recall', { in: place, seq: seq + 1 })
    await a.fails(-32004, 'message.recall', { in: place, seq: 1_000_000 })
    await a.fails(-32004, 'message.recall', { in: user(newId()), seq: 1 })
  })

  it('in a group reaches every member', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b, c])
    const { seq } = await b.say(place, 'oops', { kind: 'text' })
    await b.call('message.recall', { in: place, seq })
    for (const session of [a, b, c]) {
      const entry = await session.message(({ kind }) => kind === 'recall')
      assert.deepEqual([entry.from, entry.content, entry.to], [b.userId, { seq }, place])
    }
  })

  it('of any kind, and the same clientMsgId afterwards does not bring it back', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const params = { to: user(b.userId), clientMsgId: uniqueId(), kind: 'image', content: { fileId: 'private-file' } }
    const { message } = await a.call('message.send', params)
    await a.call('message.recall', { in: params.to, seq: message.seq })
    const again = await a.call('message.send', params)
    assert.equal(again.duplicate, true)
    assert.deepEqual([again.message.seq, again.message.content, again.message.recalled], [message.seq, null, true])
    assert.deepEqual(seqs(await b.all(user(a.userId))), [1, 2])
    assert.doesNotMatch(JSON.stringify(await b.all(user(a.userId))), /private-file/)
  })

  it('after recall.window is -32003', async (t) => {
    const server = await serverFor(t, { database: await the.store.newDatabase(), config: '[recall]\nwindow = 1\n' })
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const [early, late] = [await a.say(place, 'early'), await a.say(place, 'late')]
    await a.call('message.recall', { in: place, seq: early.seq })
    await delay(1_300) // the window itself
    await a.fails(-32003, 'message.recall', { in: place, seq: late.seq })
    assert.deepEqual(await a.call('message.recall', { in: place, seq: early.seq }), {}, 'it is recalled')
    assert.equal((await b.all(user(a.userId)))[1].content, 'late')
    assert.equal((await recallById(server, late.id)).status, 200, 'a back end’s has no window')
    assert.equal((await b.all(user(a.userId)))[1].recalled, true)
  })

  it('by a group’s owner and admins has no window, also of their own', async (t) => {
    const server = await serverFor(t, { database: await the.store.newDatabase(), config: '[recall]\nwindow = 1\n' })
    const [owner, admin, member] = await people(server, t, 3)
    const { place } = await groupOf([owner, admin, member])
    await owner.call('group.role', { groupId: place.groupId, userId: admin.userId, role: 'admin' })
    for (const session of [member, member, owner, admin, member]) await session.say(place, 'old')
    await delay(1_300) // the window itself
    for (const [session, seq] of [[owner, 3], [admin, 4], [owner, 5], [admin, 6]]) await session.call('message.recall', { in: place, seq })
    await member.fails(-32003, 'message.recall', { in: place, seq: 7 })
    const all = await member.all(place)
    assert.deepEqual(all.slice(2).map(({ content }) => content), [null, null, null, null, 'old', { seq: 3, by: owner.userId }, { seq: 4, by: admin.userId }, { seq: 5 }, { seq: 6 }])
  })
}, { config: withoutFiles })

onEachStore('v1 recall by a back end', (the) => {
  const asUser = (t, userId) => connectV1(the.server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId)) })
  const recall = (id, key = apiKeys.push) => recallById(the.server, id, key ? bearer(key) : {})
  const two = (t) => Promise.all([newId(), newId()].map((id) => asUser(t, id)))

  it('is of any message, and says so with `by: null`', async (t) => {
    const [a, b] = await two(t)
    const sent = await a.say(user(b.userId), '机密 secret', { ext: { note: '机密' } })
    const answer = await recall(sent.id)
    assert.deepEqual([answer.status, answer.json()], [200, {}])
    const entries = await Promise.all([a, b].map((session) => session.message(({ kind }) => kind === 'recall')))
    const [{ id, createTime, ...entry }] = entries
    assert.ok(id > sent.id && createTime >= sent.createTime)
    assert.deepEqual(entry, { conversationId: sent.conversationId, seq: 2, from: a.userId, to: user(b.userId), kind: 'recall', content: { seq: 1, by: null }, ext: null, clientMsgId: null, recalled: false })
    assert.deepEqual(entries[1], entries[0])
    for (let i = 0; i < 2; i++) assert.equal((await recall(sent.id)).status, 200, 'again when it was recalled before')
    await a.call('message.recall', { in: user(b.userId), seq: 1 })
    for (const [session, peer] of [[a, b], [b, a]]) {
      const messages = await session.all(user(peer.userId))
      assert.deepEqual([messages.length, messages[0].recalled, messages[1]], [2, true, entries[0]])
      assert.doesNotMatch(JSON.stringify(messages), /机密|secret/)
      assert.deepEqual((await session.call('message.search', { query: '机密' })).messages, [])
      assert.equal((await session.row(user(peer.userId))).unread, 0)
    }
  })

  it('in a group, of any kind, and once however many do it', async (t) => {
    const [a, b] = await two(t)
    const { place } = await groupOf([a, b])
    const { id, seq } = await b.say(place, { any: 1 }, { kind: 'custom' })
    const answers = await Promise.all([recall(id), recall(id, apiKeys.all), recall(id)])
    assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200])
    for (const session of [a, b]) {
      const entry = await session.message(({ kind }) => kind === 'recall')
      assert.deepEqual([entry.from, entry.to, entry.content], [b.userId, place, { seq, by: null }])
    }
    assert.deepEqual(seqs(await a.all(place)), [1, 2, 3])
  })

  it('of an id that is nobody’s is 404, of the log’s own entries 403, of what is no id 400', async (t) => {
    const [a, b] = await two(t)
    const { entry, place } = await groupOf([a, b])
    const { id, seq } = await a.say(place, 'x')
    await a.call('message.edit', { in: place, seq, content: 'y' })
    await recall(id)
    const own = (await a.all(place)).filter(({ kind }) => kind !== 'text')
    assert.deepEqual(own.map(({ kind }) => kind), ['group', 'edit', 'recall'])
    assert.equal(own[0].id, entry.id)
    for (const it of own) assertProblem(await recall(it.id), 403)
    for (const unknown of [own[2].id + 1_000_000, '9007199254740991']) assertProblem(await recall(unknown), 404)
    for (const bad of ['0', '-1', 'x', '1.5', '1e3', '99999999999999999999']) assertProblem(await recall(bad), [400, 404])
    assert.equal((await request(the.server, { path: `/v1/messages/${id}/recall`, headers: bearer(apiKeys.push) })).status, 405)
    assert.deepEqual(seqs(await b.all(place)), [1, 2, 3, 4])
  })

  it('is for keys with the scope push alone', async (t) => {
    const [a, b] = await two(t)
    const message = await a.say(user(b.userId), 'stays')
    for (const name of ['admin', 'metrics', 'observe', 'owner']) assertProblem(await recall(message.id, apiKeys[name]), 403)
    for (const { userId } of [a, b]) assertProblem(await recall(message.id, tokenOf(userId)), 403)
    assertProblem(await recall(9_000_000, tokenOf(a.userId)), 403)
    for (const nobody of [null, 'no-key-of-anybody-0123456789']) {
      const answer = await recall(message.id, nobody)
      assertProblem(answer, 401)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
    assert.deepEqual(await b.all(user(a.userId)), [message])
    assert.equal((await recall(message.id, apiKeys.all)).status, 200)
  })
}, { args: keys.args })
