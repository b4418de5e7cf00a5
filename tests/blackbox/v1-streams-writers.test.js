// v1: streams: who may begin, write and end one, and how many at a time.

import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { serverFor } from './lib/server.js'
import { assertGone, begin, begun, end, ended, entryOf, one, write, wrote } from './lib/streams.js'
import { connectV1, groupOf, newId, range, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const keys = new KeyFiles()
after(() => keys.dispose())

onEachStore('v1 streams and who writes them', (the) => {
  const asUser = (t, userId) => connectV1(the.server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId)) })
  const key = (name = 'push') => bearer(apiKeys[name])
  const own = ({ userId }) => bearer(tokenOf(userId))
  const three = (t) => Promise.all([newId(), newId(), newId()].map((id) => asUser(t, id)))

  it('a back end writes for anybody, and a user with a token of its own', async (t) => {
    const [a, b] = await three(t)
    for (const by of [key(), key('all'), own(a)]) {
      const { message, streamId } = await begun(the.server, a.userId, user(b.userId), {}, by)
      assert.equal(message.from, a.userId)
      await wrote(the.server, streamId, 0, '大雁', by)
      assert.deepEqual(await b.next('stream', ({ seq }) => seq === message.seq), { conversationId: message.conversationId, seq: message.seq, offset: 0, delta: '大雁' })
      assert.equal((await ended(the.server, streamId, {}, by)).content, '大雁')
      await assertGone(the.server, streamId, by)
    }
  })

  it('a user’s token is good for its own alone', async (t) => {
    const [a, b] = await three(t)
    assertProblem(await begin(the.server, a.userId, user(b.userId), {}, own(b)), 403)
    assertProblem(await begin(the.server, a.userId, user(b.userId), { content: 'x', kind: 'image' }, own(b)), 403)
    assert.deepEqual(await b.all(user(a.userId)), [])
  })

  it('another’s stream is 404, whoever asks', async (t) => {
    const [a, b, c] = await three(t)
    const ofUser = await begun(the.server, a.userId, user(b.userId), {}, own(a))
    const ofKey = await begun(the.server, a.userId, user(b.userId), {}, key())
    const strangers = [[ofUser, [key(), key('all'), own(b), own(c)]], [ofKey, [own(a), own(b), own(c)]]]
    for (const [{ streamId }, others] of strangers) for (const by of others) await assertGone(the.server, streamId, by)
    await wrote(the.server, ofUser.streamId, 0, 'of the user', own(a))
    await wrote(the.server, ofKey.streamId, 0, 'of the key', key())
    for (const [{ streamId }, others] of strangers) {
      for (const by of others) {
        await assertGone(the.server, streamId, by)
        assertProblem(await write(the.server, streamId, 99, 'x', by), 404)
      }
    }
    assert.equal((await ended(the.server, ofUser.streamId, {}, own(a))).content, 'of the user')
    assert.equal((await ended(the.server, ofKey.streamId, {}, key())).content, 'of the key')
  })

  it('another API key’s stream is 404 too', async (t) => {
    const [a, b] = await three(t)
    const { streamId } = await begun(the.server, a.userId, user(b.userId), {}, key('push'))
    await wrote(the.server, streamId, 0, 'x', key('push'))
    assertProblem(await write(the.server, streamId, 1, 'y', key('all')), 404)
    assertProblem(await end(the.server, streamId, {}, key('all')), 404)
  })

  for (const [who, authorization] of [['their own token', own], ['a back end', () => key()]]) {
    it(`who may speak there no more ends what ${who} writes for them, as it stands`, async (t) => {
      const [a, b, c] = await three(t)
      const [{ place }, { place: other }] = [await groupOf([a, b, c]), await groupOf([a, b, c])]
      const writing = await Promise.all([[b, place], [c, other], [b, user(c.userId)]].map(async ([by, to]) => {
        const { message, streamId } = await begun(the.server, by.userId, to, {}, authorization(by))
        await wrote(the.server, streamId, 0, '大雁', authorization(by))
        return { message, streamId, by }
      }))
      await a.call('group.update', { groupId: place.groupId, muted: true })
      await a.call('group.remove', { groupId: other.groupId, userIds: [c.userId] })
      await c.call('block.add', { userIds: [b.userId] })
      for (const { message, streamId, by } of writing) {
        let offset = 2
        await eventually(4_500, 'it to end', async () => {
          const { status, text } = await write(the.server, streamId, offset, '飞', authorization(by))
          assert.ok(status === 200 || status === 404, text)
          offset++
          return status === 404
        })
        const reader = by === c ? a : by
        const entry = await one(reader, message.to.groupId ? { groupId: message.to.groupId } : user(c.userId), message.seq)
        assert.equal(entry.streaming, undefined)
        assert.match(entry.content, /^大雁飞*$/)
      }
    })
  }

  it('another’s streamId is not told to who begins it again', async (t) => {
    const [a, b] = await three(t)
    for (const [first, second] of [[key(), own(a)], [own(a), key()]]) {
      const clientMsgId = uniqueId()
      const { streamId } = await begun(the.server, a.userId, user(b.userId), { clientMsgId }, first)
      const answer = await begin(the.server, a.userId, user(b.userId), { clientMsgId }, second)
      assertProblem(answer, 409)
      assert.ok(!answer.text.includes(streamId))
      await wrote(the.server, streamId, 0, 'x', first)
      await ended(the.server, streamId, {}, first)
    }
  })

  it('a user writes a few at a time, and a back end many', async (t) => {
    const [a, b, c] = await three(t)
    const open = []
    let refusal
    while (open.length < 64) {
      const answer = await begin(the.server, a.userId, user(b.userId), {}, own(a))
      if (answer.status !== 200) {
        refusal = answer
        break
      }
      open.push(answer.json())
    }
    t.diagnostic(`${open.length} at a time`)
    assertProblem(refusal, 429)
    assert.equal((await begin(the.server, c.userId, user(b.userId), {}, own(c))).status, 200, 'others are not held up')
    await ended(the.server, open[0].streamId, {}, own(a))
    await a.call('message.recall', { in: user(b.userId), seq: open[1].message.seq })
    await eventually(2_000, 'room for two others', async () => (await begin(the.server, a.userId, user(b.userId), { clientMsgId: 'again1' }, own(a))).status === 200)
    await eventually(2_000, 'room for a second', async () => (await begin(the.server, a.userId, user(b.userId), { clientMsgId: 'again2' }, own(a))).status === 200)
    const many = await Promise.all(range(1, 100).map(() => begun(the.server, a.userId, user(b.userId), {}, key())))
    await Promise.all(many.map(({ streamId }) => ended(the.server, streamId, {}, key())))
  })

  it('a user who writes as many as may be is answered a repeat all the same', async (t) => {
    const [a, b] = await three(t)
    const open = []
    for (let answer; open.length < 64; open.push(answer.json())) {
      answer = await begin(the.server, a.userId, user(b.userId), {}, own(a))
      if (answer.status !== 200) break
    }
    const { message, streamId } = open.at(-1)
    assert.deepEqual(await begun(the.server, a.userId, user(b.userId), { clientMsgId: message.clientMsgId }, own(a)), { message, streamId, duplicate: true })
  })

  it('what a user streams counts to user_day_bytes: a piece beyond is 429, and it stays as it was', async (t) => {
    const server = await serverFor(t, { database: await the.store.newDatabase(), args: keys.args, config: `${withoutFiles}[limits]\nuser_day_bytes = 65536\n` })
    const [a, b] = await Promise.all([newId(), newId()].map((id) => connectV1(server, id, { t, path: '/v1/connect', headers: bearer(tokenOf(id)) })))
    const place = user(b.userId)
    const delta = '😀'.repeat(2048) // 8 KiB; two are a whole stream
    let told = 0
    let refused
    while (!refused && told < 2 * 65_536) {
      const { streamId } = await begun(server, a.userId, place, {}, own(a))
      for (const offset of [0, 2048]) {
        const answer = await write(server, streamId, offset, delta, own(a))
        if (answer.status !== 200) {
          refused = { streamId, offset, answer }
          break
        }
        told += 8192
      }
      if (!refused) await ended(server, streamId, {}, own(a))
    }
    assert.ok(refused, `${told} bytes were streamed`)
    assertProblem(refused.answer, 429, { mentions: /day/ })
    assert.ok(told > 65_536 - 2 * 8192 && told <= 65_536, `after ${told} bytes`)
    assertProblem(await write(server, refused.streamId, refused.offset, delta, own(a)), 429)
    const now = await ended(server, refused.streamId, {}, own(a))
    assert.ok(now.content === delta.slice(0, 2 * refused.offset), 'what was added before, and no more')
    await a.fails(-32029, 'message.send', { to: place, clientMsgId: uniqueId(), content: delta })
    const other = await begun(server, b.userId, user(a.userId), {}, own(b))
    await wrote(server, other.streamId, 0, delta, own(b))
    const byKey = await begun(server, a.userId, place, {}, key())
    await wrote(server, byKey.streamId, 0, delta, key())
  })

  it('keys need the scope push', async (t) => {
    const [a, b] = await three(t)
    const { streamId } = await begun(the.server, a.userId, user(b.userId), {}, key())
    for (const name of ['admin', 'metrics', 'observe', 'owner']) {
      assertProblem(await begin(the.server, a.userId, user(b.userId), {}, key(name)), 403)
      assertProblem(await write(the.server, streamId, 0, 'x', key(name)), 403)
      assertProblem(await end(the.server, streamId, {}, key(name)), 403)
    }
    for (const nobody of [{}, bearer('no-key-of-anybody-0123456789')]) {
      for (const answer of [await begin(the.server, a.userId, user(b.userId), {}, nobody), await write(the.server, streamId, 0, 'x', nobody), await end(the.server, streamId, {}, nobody)]) {
        assertProblem(answer, 401)
        assert.equal(answer.headers['www-authenticate'], 'Bearer')
      }
    }
    assert.equal((await ended(the.server, streamId, {}, key())).content, '')
    assert.equal((await b.all(user(a.userId))).length, 2)
  })

  it('what nobody but its writer has, is told to nobody else', async (t) => {
    const [a, b] = await three(t)
    const told = []
    for (const session of [a, b]) session.socket.on('message', (data) => told.push(data.toString()))
    const { streamId } = await begun(the.server, a.userId, user(b.userId), {}, key())
    await wrote(the.server, streamId, 0, 'x', key())
    await b.call('sync', {})
    await b.all(user(a.userId))
    await ended(the.server, streamId, {}, key())
    await b.all(user(a.userId))
    await entryOf(b)
    assert.ok(told.length > 5 && told.every((text) => !text.includes(streamId)))
    assert.ok(!the.server.stderr().includes(streamId) && !the.server.stdout().includes(streamId), 'nor to the log')
  })
}, { args: keys.args, config: withoutFiles })
