// v1: message.recall: who may, how long, and that the content is gone everywhere.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { serverFor } from './lib/server.js'
import { connectV1, groupOf, newId, people, Replica, seqs, uniqueId, user } from './lib/v1.js'
import { delay } from './lib/wait.js'

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

  it('of another’s message is -32003, also for the owner of a group', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const message = await a.say(user(b.userId), 'mine')
    await b.fails(-32003, 'message.recall', { in: user(a.userId), seq: message.seq })
    const { place } = await groupOf([a, b])
    const { seq } = await b.say(place, 'b’s')
    await a.fails(-32003, 'message.recall', { in: place, seq })
    assert.equal((await a.all(place)).at(-1).content, 'b’s')
    assert.deepEqual(await a.all(user(b.userId)), [message])
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
  })
}, { config: withoutFiles })
