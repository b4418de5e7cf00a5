// v1: message.send, to whom it goes, and that it is one message however often it is sent.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { assertMessage, connectV1, flood, groupOf, newId, people, range, seqs, uniqueId, user } from './lib/v1.js'

const kinds = {
  text: ['你好 😀 "quoted" \\ </script> \u2028 \t\n', ' ', '{"json":true}'],
  image: [{ fileId: 'f1', width: 640, height: 480, size: 12345 }, { fileId: 'f' }],
  voice: [{ fileId: 'f2', seconds: 2.5, size: 999 }],
  file: [{ fileId: 'f3', name: '报告 “1”.pdf', size: 0 }],
  location: [{ latitude: -33.8568, longitude: 151.2153, name: '歌剧院', address: '悉尼' }, { latitude: 90, longitude: -180 }],
  custom: [{}, { a: [1, { b: null }, 'x'], 号: true, big: 9007199254740991, small: 1e-7 }],
}

onEachStore('v1 message.send', (the) => {
  it('is answered with the message, which comes to every session of both', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [a2, b2] = [await connectV1(the.server, a.userId, { t }), await connectV1(the.server, b.userId, { t, device: 'pc' })]
    const begin = Date.now()
    const { message, duplicate } = await a.call('message.send', { to: user(b.userId), clientMsgId: 'm1', kind: 'text', content: '你好', ext: { mentions: ['9'], 引用: 5 } })
    assert.equal(duplicate, false)
    assertMessage(message)
    assert.equal(message.seq, 1)
    assert.deepEqual([message.from, message.to, message.kind, message.content, message.clientMsgId, message.recalled], [a.userId, user(b.userId), 'text', '你好', 'm1', false])
    assert.deepEqual(message.ext, { mentions: ['9'], 引用: 5 })
    assert.ok(Math.abs(Date.parse(message.createTime) - begin) < 5_000, message.createTime)
    for (const session of [a, a2, b, b2]) assert.deepEqual(await session.message(), message)
    assert.deepEqual((await b.history(user(a.userId))).messages, [message], 'the peer’s place is the sender')
    assert.deepEqual((await a.history(user(b.userId))).messages, [message])
  })

  it('goes to nobody else', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    await a.say(user(b.userId), 'secret')
    await b.message()
    await a.say(user(c.userId), 'for c')
    assert.equal((await c.message()).content, 'for c')
    assert.deepEqual(c.left('message'), [])
    assert.deepEqual(await c.history(user(b.userId)), { messages: [], hasMore: false })
  })

  it('to oneself is stored once and comes once', async (t) => {
    const [a] = await people(the.server, t, 1)
    const message = await a.say(user(a.userId), 'note')
    const second = await a.say(user(a.userId), 'again')
    assert.deepEqual([await a.message(), await a.message()], [message, second])
    assert.deepEqual(a.left('message'), [])
    assert.deepEqual(seqs(await a.all(user(a.userId))), [1, 2])
  })

  it('to one who never was here waits for them', async (t) => {
    const [a] = await people(the.server, t, 1)
    const id = newId()
    const message = await a.say(user(id), 'later')
    const late = await connectV1(the.server, id, { t })
    assert.deepEqual((await late.history(user(a.userId))).messages, [message])
    // Whoever comes right behind the answer may meet its delivery; more than once it does not come.
    assert.deepEqual(late.left('message').map((it) => it.message), late.left('message').length ? [message] : [])
  })

  for (const [kind, contents] of Object.entries(kinds)) {
    it(`keeps a ${kind} as it was`, async (t) => {
      const [a, b] = await people(the.server, t, 2)
      for (const content of contents) {
        const message = await a.say(user(b.userId), content, { kind })
        assert.deepEqual([message.kind, message.content, message.ext ?? null], [kind, content, null])
        assert.deepEqual((await b.message()).content, content)
      }
      assert.deepEqual((await b.all(user(a.userId))).map(({ content }) => content), contents)
    })
  }

  it('keeps ext untouched', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    for (const ext of [{}, { replyTo: 7, flags: [true, null, 0.5], nested: { 深: { er: {} } } }]) {
      assert.deepEqual((await a.say(user(b.userId), 'x', { ext })).ext, ext)
      assert.deepEqual((await b.message()).ext, ext)
      assert.deepEqual((await a.history(user(b.userId), { limit: 1 })).messages[0].ext, ext)
    }
  })

  it('again with the same clientMsgId is the message first stored, and comes to nobody a second time', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const second = await connectV1(the.server, a.userId, { t })
    const params = { to: user(b.userId), clientMsgId: 'same', kind: 'text', content: 'once', ext: { n: 1 } }
    const { message } = await a.call('message.send', params)
    for (const session of [a, second, a]) assert.deepEqual(await session.call('message.send', params), { message, duplicate: true })
    const after = await a.say(user(b.userId), 'after')
    assert.equal(after.seq, 2)
    for (const session of [a, b, second]) assert.deepEqual(await session.messages(message.conversationId, 2), [message, after])
    for (const session of [a, b, second]) assert.deepEqual(session.left('message'), [])
  })

  it('with the same clientMsgId and another to, kind or content is -32009, and nothing is stored', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    const params = { to: user(b.userId), clientMsgId: 'taken', kind: 'text', content: 'first' }
    const { message } = await a.call('message.send', params)
    const others = [{ to: user(c.userId) }, { to: place }, { to: user(a.userId) }, { content: 'First' }, { kind: 'custom', content: { a: 1 } }, { kind: 'image', content: { fileId: 'f' } }]
    for (const other of others) await a.fails(-32009, 'message.send', { ...params, ...other })
    assert.deepEqual(await a.call('message.send', params), { message, duplicate: true })
    assert.deepEqual(seqs(await a.all(user(b.userId))), [1])
    assert.deepEqual((await c.call('conversation.list')).conversations, [])
  })

  it('compares objects by what they say: the same content of another kind of object is a conflict too', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const params = { to: user(b.userId), clientMsgId: 'object', kind: 'custom', content: { a: 1, b: [2] } }
    const { message } = await a.call('message.send', params)
    assert.deepEqual(await a.call('message.send', params), { message, duplicate: true })
    await a.fails(-32009, 'message.send', { ...params, content: { a: 1, b: [3] } })
  })

  it('with the same clientMsgId from another is another message', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    for (const [from, to] of [[a, b], [b, a]]) {
      const { duplicate, message } = await from.call('message.send', { to: user(to.userId), clientMsgId: 'shared', kind: 'text', content: 'x' })
      assert.equal(duplicate, false)
      assert.equal(message.from, from.userId)
    }
    assert.deepEqual(seqs(await a.all(user(b.userId))), [1, 2])
  })

  it('at the same instant on two sockets is one message', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const twin = await connectV1(the.server, a.userId, { t })
    for (let i = 1; i <= 40; i++) {
      const params = { to: user(b.userId), clientMsgId: `race-${i}`, kind: 'text', content: `race ${i}` }
      const answers = await Promise.all([a, twin, a, twin].map((session) => session.call('message.send', params)))
      assert.equal(answers.filter(({ duplicate }) => !duplicate).length, 1, 'one stored it')
      for (const { message } of answers) assert.deepEqual(message, answers[0].message)
      assert.equal(answers[0].message.seq, i, 'no seq is lost to the others')
    }
    const { conversationId } = (await a.all(user(b.userId)))[0]
    for (const session of [a, b, twin]) {
      assert.deepEqual(seqs(await session.messages(conversationId, 40)), range(1, 40))
      assert.deepEqual(session.left('message'), [])
    }
  })

  it('raced with two contents is one of them, and -32009 for the other', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const twin = await connectV1(the.server, a.userId, { t })
    for (let i = 1; i <= 20; i++) {
      const outcomes = await Promise.all([a, twin].map((session, n) => session.call('message.send', { to: user(b.userId), clientMsgId: `contested-${i}`, kind: 'text', content: `of ${n}` })
        .then(({ message }) => message.content, ({ code }) => code)))
      const stored = (await a.history(user(b.userId), { limit: 1 })).messages[0]
      assert.equal(stored.seq, i)
      assert.deepEqual(outcomes, stored.content === 'of 0' ? ['of 0', -32009] : [-32009, 'of 1'])
    }
  })

  it('in a group comes to every member, and to nobody else', async (t) => {
    const [a, b, c, stranger] = await people(the.server, t, 4)
    const { place, conversationId } = await groupOf([a, b, c])
    const message = await b.say(place, '大家好')
    assert.deepEqual(message.to, place)
    assert.equal(message.seq, 2)
    for (const session of [a, b, c]) assert.deepEqual(await session.message(), message)
    await a.say(user(stranger.userId), 'marker')
    assert.equal((await stranger.message()).content, 'marker')
    assert.ok(!stranger.lastSeq.has(conversationId))
    const duplicate = await b.call('message.send', { to: place, clientMsgId: message.clientMsgId, kind: 'text', content: '大家好' })
    assert.deepEqual(duplicate, { message, duplicate: true })
  })

  it('may be many, in both directions at once: one order, no holes, the same for both', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const sent = (await Promise.all([flood(a, user(b.userId), 1, 150, (i) => `a${i}`), flood(b, user(a.userId), 1, 150, (i) => `b${i}`)])).flat()
    const { conversationId } = sent[0]
    const seen = await Promise.all([a, b].map((session) => session.messages(conversationId, 300, 20_000)))
    assert.deepEqual(seqs(seen[0]), range(1, 300))
    assert.deepEqual(seen[1], seen[0])
    assert.deepEqual(await a.all(user(b.userId)), seen[0])
    assert.equal(new Set(sent.map(({ id }) => id)).size, 300)
    for (let i = 1; i < 300; i++) assert.ok(seen[0][i - 1].id < seen[0][i].id, 'ids ascend with seq')
    for (const of of ['a', 'b']) assert.deepEqual(seen[0].filter(({ content }) => content[0] === of).map(({ content }) => content), range(1, 150).map((i) => `${of}${i}`))
  })
}, { config: withoutFiles })
