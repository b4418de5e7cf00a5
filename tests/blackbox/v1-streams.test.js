// v1: streams: a message that is shown while it is being written, over HTTP; who sees what of it, and what is kept. Who may write it:
// v1-streams-writers.test.js.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, contents, get, history, request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { assertProblem } from './lib/problem.js'
import { again, serverFor } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'
import { assertElsewhere, assertGone, begin, begun, chars, end, ended, entryOf, follow, ok, one, post, slice, write, wrote } from './lib/streams.js'
import { connectV1, group, groupOf, newId, people, range, Replica, seqs, uniqueId, user } from './lib/v1.js'
import { delay, eventually, timed } from './lib/wait.js'

onEachStore('v1 streams', (the) => {
  // The streams actor's own tests have this with a clock of theirs.
  if (the.kind === 'sqlite' && process.env.HONGYAN_TEST_SLOW) {
    it('SLOW (62 s): 60 s without a piece end it as it stands; a piece begins them anew, and one at a wrong offset does not', { timeout: 90_000 }, async (t) => {
      const [a, b] = await people(the.server, t, 2)
      const place = user(b.userId)
      const [spoken, silent, wrong, alive] = await Promise.all(range(1, 4).map(() => begun(the.server, a.userId, place)))
      const since = Date.now()
      await wrote(the.server, spoken.streamId, 0, '没说完 😀')
      const late = delay(35_000).then(async () => {
        await wrote(the.server, alive.streamId, 0, 'still here')
        for (const session of [a, b]) await session.call('ping') // who is silent for as long is closed
        assertElsewhere(await write(the.server, wrong.streamId, 7, 'not here'), 0)
      })
      const ends = await Promise.all([spoken, silent, wrong].map(async ({ message }) => {
        const entry = await b.message(({ kind, content }) => kind === 'edit' && content.seq === message.seq, 66_000)
        return { entry, ms: Date.now() - since }
      }))
      for (const { ms } of ends) assert.ok(ms > 59_000 && ms < 64_000, `ended after ${ms} ms`)
      assert.deepEqual(ends.map(({ entry }) => entry.content.content), ['没说完 😀', '', ''])
      await late
      for (const { streamId } of [spoken, silent, wrong]) await assertGone(the.server, streamId)
      const now = await Promise.all([spoken, silent, wrong, alive].map(({ message }) => one(b, user(a.userId), message.seq)))
      assert.deepEqual(now.map(({ content, streaming }) => [content, streaming]), [['没说完 😀', undefined], ['', undefined], ['', undefined], ['still here', true]])
      assert.equal((await ended(the.server, alive.streamId)).content, 'still here')
    })
  }

  it('are a message at once, then its pieces at their offsets, then an edit entry', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [a2, b2] = [await connectV1(the.server, a.userId, { t }), await connectV1(the.server, b.userId, { t })]
    const sessions = [a, a2, b, b2]
    const clientMsgId = uniqueId()
    const { message, streamId, duplicate } = await begun(the.server, a.userId, user(b.userId), { clientMsgId, ext: { n: 1 } })
    const { id, conversationId, createTime, ...more } = message
    assert.deepEqual(more, { seq: 1, from: a.userId, to: user(b.userId), kind: 'text', content: '', ext: { n: 1 }, clientMsgId, recalled: false, streaming: true })
    assert.equal(duplicate, false)
    for (const session of sessions) assert.deepEqual(await session.message(), message)
    const pieces = ['大雁', '😀👍🏽', 'é', '👨‍👩‍👧 ', 'x"\\\n\u0001', '𠮷', '南飞。']
    let offset = 0
    for (const delta of pieces) {
      const next = await wrote(the.server, streamId, offset, delta)
      for (const session of sessions) assert.deepEqual(await session.next('stream', ({ offset: at }) => at === offset), { conversationId, seq: 1, offset, delta })
      offset = next
    }
    const whole = pieces.join('')
    assert.equal(offset, chars(whole))
    const now = await ended(the.server, streamId)
    const { streaming, ...rest } = message
    assert.equal(streaming, true)
    assert.deepEqual(now, { ...rest, content: whole })
    const entries = await Promise.all(sessions.map((session) => session.message()))
    const { id: entryId, createTime: time, ...entry } = entries[0]
    assert.ok(entryId > id && time >= createTime)
    assert.deepEqual(entry, { conversationId, seq: 2, from: a.userId, to: user(b.userId), kind: 'edit', content: { seq: 1, content: whole }, ext: null, clientMsgId: null, recalled: false })
    for (const other of entries) assert.deepEqual(other, entries[0])
    for (const [session, peer] of [[a, b], [b, a]]) {
      assert.deepEqual(await session.all(user(peer.userId)), [now, entries[0]])
      const replica = new Replica()
      await replica.sync(session)
      assert.deepEqual(replica.of(conversationId), [now, entries[0]])
    }
    await assertGone(the.server, streamId)
  })

  it('are told whole, at offset 0, within 3 s of what was added, and not when nothing was', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    const late = await connectV1(the.server, b.userId, { t })
    const seen = follow(b, message)
    let text = ''
    const add = async (delta) => {
      await wrote(the.server, streamId, chars(text), delta)
      text += delta
    }
    await delay(2_600) // nothing was added
    assert.deepEqual(seen.deltas, [])
    for (const word of ['雁', '😀', '字', ' one']) await add(word)
    const comer = await connectV1(the.server, b.userId, { t })
    for (const session of [late, comer, a, b]) {
      assert.equal((await session.next('stream', ({ offset, delta }) => offset === 0 && delta === text, 3_000)).delta, text)
    }
    await delay(2_000) // what came while the text was being stored counts for the next time
    const before = seen.deltas.length
    await delay(2_600)
    assert.equal(seen.deltas.length, before, 'it has not grown')
    await add(' more')
    await comer.next('stream', ({ offset, delta }) => offset === 0 && delta === text, 3_000)
    assert.deepEqual([seen.text, seen.gaps], [text, []])
    assert.equal((await ended(the.server, streamId)).content, text)
  })

  it('tell who follows them the whole text in order, and nothing behind the end', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    const seen = [a, b].map((session) => follow(session, message))
    let text = ''
    for (const stop = Date.now() + 4_200; Date.now() < stop;) {
      const delta = `字${chars(text)}😀`
      await wrote(the.server, streamId, chars(text), delta)
      text += delta
      await delay(20)
    }
    await ended(the.server, streamId)
    for (const session of [a, b]) await entryOf(session)
    await delay(300)
    for (const { news, deltas, text: shown, gaps } of seen) {
      assert.deepEqual([shown, gaps], [text, []])
      assert.equal(news.at(-1).kind, 'edit', 'no `stream` comes behind the end')
      assert.ok(deltas.filter(({ offset }) => offset === 0).length >= 2, 'the whole came')
    }
  })

  it('begun again under the same clientMsgId are the same, as they are now', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const clientMsgId = uniqueId()
    const answers = await Promise.all(range(1, 5).map(() => begun(the.server, a.userId, place, { clientMsgId })))
    const [{ message, streamId }] = answers
    assert.deepEqual(answers.map(({ duplicate }) => duplicate).sort(), [false, true, true, true, true])
    for (const answer of answers) assert.deepEqual([answer.message, answer.streamId], [message, streamId])
    for (const content of ['', null]) assert.deepEqual(await begun(the.server, a.userId, place, { clientMsgId, kind: 'text', content }), { message, streamId, duplicate: true })
    await wrote(the.server, streamId, 0, '大雁')
    const again = await begun(the.server, a.userId, place, { clientMsgId })
    assert.deepEqual([again.duplicate, again.streamId, again.message.streaming], [true, streamId, true])
    await wrote(the.server, streamId, 2, '南飞')
    const now = await ended(the.server, streamId)
    assert.deepEqual(await begun(the.server, a.userId, place, { clientMsgId }), { message: now, streamId, duplicate: true })
    await assertGone(the.server, streamId)
    assert.deepEqual(seqs(await b.all(user(a.userId))), [1, 2])
    const other = await begun(the.server, a.userId, place)
    assert.notEqual(other.streamId, streamId)
    await ended(the.server, other.streamId)
  })

  it('and messages do not share a clientMsgId', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    const { clientMsgId } = await a.say(place, 'whole')
    const answer = await begin(the.server, a.userId, place, { clientMsgId })
    assertProblem(answer, 409)
    assert.doesNotMatch(answer.text, /streamId/)
    const { message, streamId } = await begun(the.server, a.userId, place)
    await wrote(the.server, streamId, 0, 'streamed')
    const send = (content) => post(the.server, '/v1/messages', { from: a.userId, to: place, clientMsgId: message.clientMsgId, content })
    for (const content of ['streamed', 'x']) {
      assertProblem(await send(content), 409)
      await a.fails(-32009, 'message.send', { to: place, clientMsgId: message.clientMsgId, content })
    }
    await ended(the.server, streamId)
    assertProblem(await send('x'), 409)
    assertProblem(await begin(the.server, a.userId, user(newId()), { clientMsgId: message.clientMsgId }), 409)
    assert.deepEqual(seqs(await b.all(user(a.userId))), [1, 2, 3])
  })

  it('begin without content, and as a text', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const place = user(b.userId)
    for (const content of ['x', ' ', 5, {}, [], false]) assertProblem(await begin(the.server, a.userId, place, { content }), 400, { mentions: /content/ })
    for (const kind of ['image', 'voice', 'video', 'file', 'location', 'custom', 'recall', 'edit', 'group', 'none', 5]) assertProblem(await begin(the.server, a.userId, place, { kind }), 400)
    assertProblem(await begin(the.server, a.userId, place, { kind: 'image', content: { fileId: 'f' } }), 400, { mentions: /content|kind/ })
    for (const stream of ['true', 1, {}, []]) assertProblem(await begin(the.server, a.userId, place, { stream }), 400, { mentions: /stream/ })
    for (const more of [{ clientMsgId: undefined }, { clientMsgId: 'x'.repeat(65) }, { to: undefined }, { from: undefined }, { ext: [] }]) assertProblem(await begin(the.server, a.userId, place, more), 400)
    assertProblem(await begin(the.server, a.userId, place, { ext: { x: 'x'.repeat(1024) } }), 413)
    assert.deepEqual(await b.all(user(a.userId)), [])
    const plain = ok(await begin(the.server, a.userId, place, { stream: false, content: 'plain' }))
    assert.deepEqual([plain.message.content, plain.message.streaming, plain.streamId], ['plain', undefined, undefined])
    assertProblem(await begin(the.server, a.userId, place, { stream: false }), 400, { mentions: /content/ })
    const { streamId } = await begun(the.server, a.userId, place, { kind: 'text', content: null })
    assert.equal((await ended(the.server, streamId)).content, '', 'one that said nothing')
  })

  it('begin where one may send: not where muted, blocked, or not there', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    assertProblem(await begin(the.server, stranger.userId, place), 404)
    assertProblem(await begin(the.server, a.userId, group('none')), 404)
    assert.equal(assertProblem(await begin(the.server, b.userId, place, { ext: { mentions: 'all' } }), 403).reason, 'role')
    await a.call('group.update', { groupId: place.groupId, muted: true })
    assert.equal(assertProblem(await begin(the.server, b.userId, place), 403).reason, 'muted')
    await b.call('block.add', { userIds: [a.userId] })
    assert.equal(assertProblem(await begin(the.server, a.userId, user(b.userId)), 403).reason, 'blocked')
    assert.deepEqual(await b.all(user(a.userId)), [])
    assert.deepEqual((await a.all(place)).map(({ kind }) => kind), ['group', 'group'])
    const { streamId } = await begun(the.server, a.userId, place)
    await wrote(the.server, streamId, 0, 'the owner may')
    await ended(the.server, streamId)
  })

  it('are added to where they end: another offset is 409 and says where', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    const seen = follow(b, message)
    for (const offset of [1, 2, 4096]) assertElsewhere(await write(the.server, streamId, offset, 'x'), 0)
    await wrote(the.server, streamId, 0, '😀雁')
    for (const offset of [0, 1, 3, 6, 4096]) assertElsewhere(await write(the.server, streamId, offset, 'x'), 2)
    assertElsewhere(await write(the.server, streamId, 0, '😀雁'), 2)
    await wrote(the.server, streamId, 2, '!')
    assert.equal((await ended(the.server, streamId)).content, '😀雁!')
    await entryOf(b)
    assert.deepEqual(seen.deltas.map(({ offset, delta }) => [offset, delta]), [[0, '😀雁'], [2, '!']], 'what was refused is not told')
  })

  it('are not added to at an offset where none could end: that is 409 too', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { streamId } = await begun(the.server, a.userId, user(b.userId))
    await wrote(the.server, streamId, 0, '雁')
    for (const offset of [4097, 10_000_000]) assertElsewhere(await write(the.server, streamId, offset, 'x'), 1)
    assert.equal((await ended(the.server, streamId)).content, '雁')
  })

  it('are not added to by what is no piece', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { streamId } = await begun(the.server, a.userId, user(b.userId))
    const path = `/v1/streams/${streamId}`
    const bad = [[{ delta: 'x' }, /offset/], [{ offset: 0 }, /delta/], [{ offset: -1, delta: 'x' }, /offset/], [{ offset: '0', delta: 'x' }, /offset/], [{ offset: 0.5, delta: 'x' }, /offset/], [{ offset: null, delta: 'x' }, /offset/],
      [{ offset: 0, delta: 5 }, /delta/], [{ offset: 0, delta: null }, /delta/], [{ offset: 0, delta: '' }, /delta/], [{ offset: 0, delta: {} }, /delta/], [{ offset: 0, delta: 'a\0b' }, /delta/]]
    for (const [body, mentions] of bad) assertProblem(await post(the.server, path, body), 400, { mentions })
    for (const text of ['', '{', '[]', '5', 'null', '{"offset":0,"delta":"\\ud83d"}', Buffer.from([...Buffer.from('{"offset":0,"delta":"'), 0xff, ...Buffer.from('"}')])]) assertProblem(await post(the.server, path, text), 400)
    for (const [body, mentions] of [[{ content: '' }, /content/], [{ content: 5 }, /content/], [{ content: {} }, /content/], [{ content: 'a\0b' }, /content/]]) assertProblem(await end(the.server, streamId, body), 400, { mentions })
    for (const text of ['{', '[]', '5']) assertProblem(await post(the.server, `${path}/end`, text), 400)
    for (const content of ['x'.repeat(4097), '😀'.repeat(4097)]) assertProblem(await end(the.server, streamId, { content }), 413)
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) for (const it of [path, `${path}/end`]) assertProblem(await request(the.server, { method, path: it }), 405)
    for (const id of ['none', '0', '0'.repeat(32), 'x'.repeat(300), '%00', streamId.slice(1), `${streamId}0`]) {
      assertProblem(await write(the.server, id, 0, 'x'), [404, 400])
      assertProblem(await end(the.server, id), [404, 400])
    }
    await wrote(the.server, streamId, 0, 'as it was')
    assert.equal(ok(await request(the.server, { method: 'POST', path: `${path}/end` })).message.content, 'as it was', 'a body is not needed')
  })

  it('have at most 4096 characters: what goes beyond is 413, and they stay as they were', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    const seen = follow(b, message)
    assertProblem(await write(the.server, streamId, 0, '😀'.repeat(4097)), 413)
    assertProblem(await write(the.server, streamId, 0, 'x'.repeat(8000)), 413)
    await wrote(the.server, streamId, 0, '😀'.repeat(4090))
    assertProblem(await write(the.server, streamId, 4090, '雁'.repeat(7)), 413)
    assertElsewhere(await write(the.server, streamId, 0, '雁'), 4090)
    await wrote(the.server, streamId, 4090, '雁'.repeat(6))
    for (const delta of ['x', 'x'.repeat(100)]) assertProblem(await write(the.server, streamId, 4096, delta), 413)
    const whole = '😀'.repeat(4090) + '雁'.repeat(6)
    await b.next('stream', ({ offset, delta }) => offset === 0 && delta === whole, 3_000)
    assert.ok((await ended(the.server, streamId)).content === whole)
    await entryOf(b)
    assert.ok(seen.text === whole && seen.gaps.length === 0)
    const full = await begun(the.server, a.userId, user(b.userId))
    await wrote(the.server, full.streamId, 0, '😀'.repeat(4096))
    assert.ok((await ended(the.server, full.streamId, { content: '字'.repeat(4096) })).content === '字'.repeat(4096))
  })

  it('may end with another content than what was streamed', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    await wrote(the.server, streamId, 0, '草稿 draft')
    await eventually(3_500, 'it to be stored', async () => (await one(b, user(a.userId), 1)).content === '草稿 draft')
    const now = await ended(the.server, streamId, { content: '定稿 final' })
    assert.deepEqual([now.id, now.seq, now.content], [message.id, 1, '定稿 final'])
    for (const session of [a, b]) assert.deepEqual((await entryOf(session)).content, { seq: 1, content: '定稿 final' })
    assert.deepEqual((await b.all(user(a.userId)))[0], now)
    assert.doesNotMatch(JSON.stringify([await b.all(user(a.userId)), await b.row(user(a.userId)), await b.call('sync', {})]), /草稿|draft/)
    assert.deepEqual((await b.call('message.search', { query: '草稿' })).messages, [])
    assert.deepEqual((await b.call('message.search', { query: '定稿' })).messages, [now])
    await assertGone(the.server, streamId)
    const edited = await a.call('message.edit', { in: user(b.userId), seq: 1, content: 'edited' })
    assert.deepEqual(edited.message, { ...now, content: 'edited', edited: true }, 'then it is a text like any other')
    const empty = await begun(the.server, a.userId, user(b.userId))
    assert.equal((await ended(the.server, empty.streamId, { content: 'at once' })).content, 'at once')
  })

  it('are nothing for unread, search and classic clients until they end, and then all of that', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const classic = await Promise.all([a, b].map(({ userId }) => connect(the.server, userId, { t })))
    await a.say(user(b.userId), 'first')
    for (const session of classic) assert.deepEqual(contents(await session.next()), ['first'])
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    await wrote(the.server, streamId, 0, '机密的 goose')
    await a.next('stream', ({ offset }) => offset === 0)
    await a.next('stream', ({ offset }) => offset === 0, 3_000) // it is stored
    const counted = async (unread) => {
      assert.equal((await b.row(user(a.userId))).unread, unread)
      const { conversations: [row] } = await b.call('sync', {})
      assert.equal(row.unread, unread)
      assert.equal((await a.row(user(b.userId))).unread, 0)
    }
    const shown = async (expected) => {
      for (const { userId } of [a, b]) assert.deepEqual(contents(await history(the.server, { userId })), expected)
    }
    await counted(1)
    await shown(['first'])
    for (const query of ['机密', 'goose']) for (const session of [a, b]) assert.deepEqual((await session.call('message.search', { query })).messages, [])
    const fresh = await connect(the.server, b.userId, { t })
    for (const session of [...classic, fresh]) {
      await session.ping()
      for (const { text } of session.queue.splice(0)) assert.doesNotMatch(text, /机密/)
    }
    await wrote(the.server, streamId, chars('机密的 goose'), ' 大雁')
    const now = await ended(the.server, streamId)
    await counted(2)
    await shown(['first', '机密的 goose 大雁'])
    for (const query of ['机密', 'goose', '大雁']) for (const session of [a, b]) assert.deepEqual((await session.call('message.search', { query })).messages, [now])
    for (const session of classic) assert.deepEqual(contents(await session.next()), ['first', '机密的 goose 大雁'])
    const [, chat] = await history(the.server, { userId: b.userId })
    assert.equal(chat.id, message.id)
    await a.say(user(b.userId), 'last')
    await counted(3)
    await b.call('conversation.read', { in: user(a.userId), seq: 4 })
    await counted(0)
  })

  it('of somebody without a conversation before are all that too, once they end', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    await wrote(the.server, streamId, 0, '初次')
    assert.deepEqual(await history(the.server, { userId: b.userId }), [])
    assert.equal((await b.row(user(a.userId))).unread, 0)
    const now = await ended(the.server, streamId)
    const row = await b.row(user(a.userId))
    assert.deepEqual([row.unread, row.lastMessage, row.lastSeq], [1, now, 2])
    assert.deepEqual(contents(await history(the.server, { userId: b.userId })), ['初次'])
    const { messages } = (await get(the.server, `/v1/messages?userId=${b.userId}&peer=${a.userId}`)).json()
    assert.deepEqual(messages[0], { ...now, id: message.id })
  })

  it('in a group: unread and mentions count from the end on', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b, c])
    const { message, streamId } = await begun(the.server, a.userId, place, { ext: { mentions: [b.userId] } })
    await wrote(the.server, streamId, 0, '大雁')
    const counts = () => Promise.all([b, c].map(async (session) => {
      const { unread, mentionSeq } = await session.row(place)
      return [unread, mentionSeq]
    }))
    assert.deepEqual(await counts(), [[0, null], [0, null]], 'what streams is not unread, and calls nobody yet')
    const { seq } = await a.say(place, 'whole', { ext: { mentions: [b.userId] } })
    assert.deepEqual(await counts(), [[1, seq], [1, null]], 'nor beside one that is')
    const { conversations: [row] } = await b.call('sync', {})
    assert.deepEqual([row.unread, row.mentionSeq], [1, seq])
    await ended(the.server, streamId)
    assert.deepEqual(await counts(), [[2, message.seq], [2, null]])
    const next = await begun(the.server, a.userId, place, { ext: { mentions: 'all' } })
    await b.call('conversation.read', { in: place, seq: next.message.seq })
    await ended(the.server, next.streamId, { content: 'read while it was written' })
    assert.deepEqual(await counts(), [[0, null], [3, next.message.seq]])
  })

  it('are read, while they stream, as they are stored', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    const everywhere = async () => {
      const replica = new Replica()
      await replica.sync(b)
      const { messages } = (await get(the.server, `/v1/messages?userId=${b.userId}&peer=${a.userId}`)).json()
      return [(await b.all(user(a.userId)))[0], await one(b, user(a.userId), 1), replica.of(message.conversationId)[0], messages[0]]
    }
    for (const it of await everywhere()) assert.deepEqual(it, message)
    await wrote(the.server, streamId, 0, '大雁😀')
    await b.next('stream', ({ delta }) => delta === '大雁😀')
    await b.next('stream', ({ offset, delta }) => offset === 0 && delta === '大雁😀', 3_000)
    for (const it of await everywhere()) assert.deepEqual(it, { ...message, content: '大雁😀' })
    await wrote(the.server, streamId, 3, '南飞')
    await eventually(3_000, 'it to be stored', async () => (await one(b, user(a.userId), 1)).content === '大雁😀南飞')
    await ended(the.server, streamId)
  })

  it('cannot be edited, and can be reacted to', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    await wrote(the.server, streamId, 0, 'words')
    for (const content of ['mine', 'words']) await a.fails(-32003, 'message.edit', { in: user(b.userId), seq: 1, content })
    await b.fails(-32003, 'message.edit', { in: user(a.userId), seq: 1, content: 'x' })
    await b.call('message.react', { in: user(a.userId), seq: 1, emoji: '👍', on: true })
    assert.deepEqual(await a.next('reaction'), { conversationId: message.conversationId, seq: 1, userId: b.userId, emoji: '👍', on: true })
    await wrote(the.server, streamId, 5, ' more')
    await ended(the.server, streamId)
    const now = await one(b, user(a.userId), 1)
    assert.deepEqual([now.content, now.reactions], ['words more', [{ emoji: '👍', count: 1, mine: true }]])
    assert.deepEqual(seqs(await b.all(user(a.userId))), [1, 2])
  })

  for (const [who, take] of [
    ['its sender', ({ sender, place, message }) => sender.call('message.recall', { in: place, seq: message.seq })],
    ['a back end', async ({ message }) => ok(await post(the.server, `/v1/messages/${message.id}/recall`))],
    ['the group’s owner', ({ owner, place, message }) => owner.call('message.recall', { in: place, seq: message.seq })],
  ]) {
    it(`recalled by ${who} in the middle are gone: 404, and not a piece more`, async (t) => {
      const [owner, sender, member] = await people(the.server, t, 3)
      const { place } = await groupOf([owner, sender, member])
      const clientMsgId = uniqueId()
      const { message, streamId } = await begun(the.server, sender.userId, place, { clientMsgId })
      const seen = [owner, sender, member].map((session) => follow(session, message))
      await wrote(the.server, streamId, 0, '机密')
      await member.next('stream', ({ delta }) => delta === '机密')
      await member.next('stream', ({ delta }) => delta === '机密', 3_000) // stored
      await wrote(the.server, streamId, 2, '机密 secret') // not yet
      assert.ok(await take({ owner, sender, place, message }))
      await assertGone(the.server, streamId)
      const entries = await Promise.all([owner, sender, member].map((session) => entryOf(session, 'recall')))
      for (const entry of entries) assert.equal(entry.content.seq, message.seq)
      await delay(2_700)
      await assertGone(the.server, streamId)
      for (const { news } of seen) assert.equal(news.at(-1).kind, 'recall', 'nothing of it comes after that')
      const all = await member.all(place)
      assert.deepEqual(all.map(({ kind }) => kind), ['group', 'text', 'recall'])
      assert.deepEqual([all[1].recalled, all[1].content, all[1].streaming], [true, null, undefined])
      assert.doesNotMatch(JSON.stringify([all, await member.row(place), await member.call('sync', {})]), /机密|secret/)
      const again = ok(await begin(the.server, sender.userId, place, { clientMsgId }))
      assert.deepEqual([again.duplicate, again.streamId, again.message.recalled, again.message.content, again.message.streaming], [true, streamId, true, null, undefined])
    })
  }

  it('written by two at once: of two pieces at one offset one is added, and the other goes on behind it', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
    const seen = follow(b, message)
    let offset = 0
    let text = ''
    for (const round of range(1, 25)) {
      const deltas = ['甲', '😀乙'].map((name) => `${name}${round} `)
      const answers = await Promise.all(deltas.map((delta) => write(the.server, streamId, offset, delta)))
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 409], `round ${round}: ${answers.map((it) => it.text)}`)
      const winner = answers.findIndex(({ status }) => status === 200)
      text += deltas[winner]
      offset = assertElsewhere(answers[1 - winner], chars(text))
      offset = await wrote(the.server, streamId, offset, deltas[1 - winner])
      text += deltas[1 - winner]
    }
    const ends = await Promise.all([end(the.server, streamId), end(the.server, streamId)])
    assert.deepEqual(ends.map(({ status }) => status).sort(), [200, 404])
    await entryOf(b)
    assert.deepEqual([seen.text, seen.gaps], [text, []])
    assert.equal((await one(b, user(a.userId), 1)).content, text)
    assert.equal((await b.all(user(a.userId))).length, 2, 'one end')
  })

  it('ended while another writes: what was added before is there, and what came after is 404', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    for (const round of range(1, 10)) {
      const { message, streamId } = await begun(the.server, a.userId, user(b.userId))
      await wrote(the.server, streamId, 0, 'x')
      const [finish, ...writes] = await Promise.all([end(the.server, streamId), ...range(1, 3).map(() => write(the.server, streamId, 1, 'y'))])
      assert.equal(finish.status, 200, `round ${round}: ${finish.text}`)
      const text = finish.json().message.content
      for (const { status, text: said } of writes) assert.ok([404, 409].includes(status) || (status === 200 && text === 'xy'), `round ${round}: ${status} ${said}, and the text is ${text}`)
      assert.equal((await one(b, user(a.userId), message.seq)).content, text)
    }
  })

  it('are told to members while they are: not to who was removed, nor to who may not read it', async (t) => {
    const [a, b, gone, left, joined] = await people(the.server, t, 5)
    const { place } = await groupOf([a, b, gone, left])
    const { message, streamId } = await begun(the.server, a.userId, place)
    const [seen, ofGone, ofLeft, ofJoined] = [b, gone, left, joined].map((session) => follow(session, message))
    let text = ''
    const add = async (word) => {
      await wrote(the.server, streamId, chars(text), word)
      text += word
      await delay(100)
    }
    for (const i of range(1, 5)) await add(`前${i} `)
    await a.call('group.remove', { groupId: place.groupId, userIds: [gone.userId] })
    await left.call('group.leave', { groupId: place.groupId })
    await a.call('group.add', { groupId: place.groupId, userIds: [joined.userId] })
    const since = Date.now()
    while (Date.now() < since + 4_500) await add(`后${text.length} `)
    const late = (of) => of.deltas.filter(({ delta }) => delta.includes('后'))
    for (const of of [ofGone, ofLeft]) assert.ok(late(of).length <= 1, 'they are members no more; one may have been on its way')
    assert.ok(ofGone.deltas.length > 0 && late(seen).length > 0)
    assert.deepEqual(ofJoined.deltas, [], 'what was begun before is not theirs to read')
    await ended(the.server, streamId)
    assert.deepEqual((await entryOf(b)).content, { seq: message.seq, content: text })
    assert.deepEqual((await entryOf(joined)).content, { seq: message.seq, content: null })
    assert.deepEqual([seen.text, seen.gaps], [text, []])
    for (const { news } of [ofGone, ofLeft]) assert.notEqual(news.at(-1)?.kind, 'edit')
  })

  it('are told to who joins and reads from the beginning', async (t) => {
    const [a, b, joined] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b], { history: 'all' })
    const { message, streamId } = await begun(the.server, a.userId, place)
    const seen = follow(joined, message)
    await wrote(the.server, streamId, 0, 'before ')
    await a.call('group.add', { groupId: place.groupId, userIds: [joined.userId] })
    await wrote(the.server, streamId, 7, 'after ')
    await joined.next('stream', ({ offset, delta }) => offset === 0 && delta === 'before after ', 3_500)
    await wrote(the.server, streamId, 13, '!')
    await joined.next('stream', ({ offset, delta }) => offset === 13 && delta === '!')
    assert.equal(seen.text, 'before after !')
    await ended(the.server, streamId)
    assert.equal((await entryOf(joined)).content.content, 'before after !')
  })

  it('of a group that is dismissed in the middle are told to nobody any more', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    const { message, streamId } = await begun(the.server, b.userId, place)
    const seen = [a, b].map((session) => follow(session, message))
    await wrote(the.server, streamId, 0, 'x')
    await a.call('group.dismiss', { groupId: place.groupId })
    const since = Date.now()
    for (let offset = 1; Date.now() < since + 4_200; offset++) {
      const { status, text } = await write(the.server, streamId, offset, 'y')
      if (status === 404) break
      assert.equal(status, 200, text)
      await delay(100)
    }
    for (const { deltas } of seen) assert.deepEqual(deltas.filter(({ delta }) => delta.includes('y')).slice(1), [])
    assert.ok([200, 404].includes((await end(the.server, streamId)).status))
    await assertGone(the.server, streamId)
    for (const { news } of seen) assert.ok(news.every(({ kind }) => kind !== 'edit'), 'nor is its end')
  })

  it('to oneself are told once', async (t) => {
    const [a] = await people(the.server, t, 1)
    const { message, streamId } = await begun(the.server, a.userId, user(a.userId))
    const seen = follow(a, message)
    await wrote(the.server, streamId, 0, '大雁')
    await wrote(the.server, streamId, 2, '南飞')
    await ended(the.server, streamId)
    await entryOf(a)
    assert.deepEqual(seen.deltas.map(({ offset, delta }) => [offset, delta]), [[0, '大雁'], [2, '南飞']])
  })

  it('come to sessions with many=true as they are', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const many = await connectV1(the.server, b.userId, { t, path: `/v1/connect?userId=${b.userId}&many=true` })
    const all = await Promise.all(range(1, 40).map(() => begun(the.server, a.userId, user(b.userId))))
    const came = []
    const take = async (count) => {
      while (came.length < count) {
        const { method, params } = await many.take((it) => it.method === 'message' || it.method === 'messages', 5_000, 'messages')
        came.push(...method === 'message' ? [params.message] : params.messages.map((message) => ({ ext: null, clientMsgId: null, recalled: false, ...message })))
      }
    }
    await take(40)
    assert.deepEqual(came, all.map(({ message }) => message).sort((x, y) => x.seq - y.seq))
    await Promise.all(all.map(({ streamId }, i) => wrote(the.server, streamId, 0, `text ${i}`)))
    for (const [i, { message }] of all.entries()) {
      assert.equal((await many.next('stream', ({ seq }) => seq === message.seq)).delta, `text ${i}`)
    }
    await Promise.all(all.map(({ streamId }) => ended(the.server, streamId)))
    await take(80)
    assert.deepEqual(came.slice(40), (await b.all(user(a.userId))).slice(40))
  })
}, { config: withoutFiles, concurrency: 8 })

for (const kind of storeKinds) {
  describe(`v1 streams and a server that goes, on ${kind}`, { concurrency: 4 }, () => {
    let store
    before(async () => { store = await openStore(kind) })
    after(() => store?.dispose())

    for (const [how, go] of [['kill -9', (server) => server.kill9()], ['SIGTERM', (server) => server.stop()]]) {
      it(`by ${how} in the middle: ${how === 'SIGTERM' ? 'nothing is' : 'at most 2 s are'} lost, and the writer goes on from there`, { timeout: 60_000 }, async (t) => {
        let server = await serverFor(t, { database: await store.newDatabase(), config: withoutFiles })
        const [a, b] = await people(server, t, 2)
        const clientMsgId = uniqueId()
        const text = range(1, 400).map((i) => `${i}雁😀 `).join('')
        const { message, streamId } = await begun(server, a.userId, user(b.userId), { clientMsgId })
        const silent = await begun(server, a.userId, user(b.userId))
        let offset = 0
        const sent = []
        for (const stop = Date.now() + 3_400; Date.now() < stop;) {
          offset = await wrote(server, streamId, offset, slice(text, offset, offset + 5))
          sent.push({ at: Date.now(), offset })
          await delay(40)
        }
        const since = Date.now()
        await go(server)
        server = await again(t, server)
        const again2 = await connectV1(server, b.userId, { t })
        const { ms, value: answer } = await timed(() => write(server, streamId, offset, slice(text, offset, offset + 1)))
        t.diagnostic(`the first piece was answered ${answer.status} after ${Math.round(ms)} ms`)
        assert.ok(ms < 10_000, `${ms} ms`)
        const lost = answer.status === 200 ? offset : assertElsewhere(answer)
        assert.ok(lost <= offset, `${lost} of ${offset}`)
        const safe = sent.filter(({ at }) => at < since - 2_700).at(-1)?.offset ?? 0 // 2 s, and a moment to store it
        t.diagnostic(`${offset} characters sent, ${lost} there, ${safe} were older than 2 s`)
        assert.ok(lost >= safe, `${lost} are there; ${safe} were sent more than 2 s before`)
        if (how === 'SIGTERM') assert.equal(lost, offset)
        if (answer.status !== 200) {
          const stored = await one(again2, user(a.userId), 1)
          assert.deepEqual([stored.content, stored.streaming], [slice(text, 0, lost), true])
          const same = await begun(server, a.userId, user(b.userId), { clientMsgId })
          assert.deepEqual([same.streamId, same.duplicate, same.message.id], [streamId, true, message.id])
          offset = lost
        } else {
          offset = answer.json().offset
        }
        while (offset < chars(text)) offset = await wrote(server, streamId, offset, slice(text, offset, offset + 300))
        await again2.next('stream', ({ offset: at, delta }) => at === 0 && delta === text, 3_500)
        assert.equal((await ended(server, streamId)).content, text)
        assert.equal((await ended(server, silent.streamId, { content: 'at last' })).content, 'at last', 'one of which nothing was heard since')
        assert.deepEqual((await again2.all(user(a.userId))).map(({ kind: is, content }) => (is === 'edit' ? content.content : content)), [text, 'at last', text, 'at last'])
        await assertGone(server, streamId)
      })
    }
  })
}
