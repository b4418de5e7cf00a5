// Before a send: who is asked about what users write, of what, and what becomes of it: allowed, denied, replaced.
// In which order, and once: before-send-order.test.js. Without an answer: before-send-failing.test.js.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { connect, contents, history, push, pushed, request } from './lib/client.js'
import { png, uploaded } from './lib/files.js'
import { allow, deny, judged, replace, verdicts } from './lib/judge.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { assertDenied, assertDocumented, denied } from './lib/refused.js'
import { again } from './lib/server.js'
import { assertGone, begin, begun, end, ended, entryOf, ok, one, post, wrote } from './lib/streams.js'
import { connectV1, groupOf, newId, people, range, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'
import { Receiver } from './lib/webhook-receiver.js'
import { Hook, withEachStore } from './lib/webhooks.js'

const slow = !process.env.HONGYAN_TEST_SLOW && 'SLOW: a minute without a word' // of CI; scripts/test slow has them

const keys = new KeyFiles()
after(() => keys.dispose())

const key = (name = 'push') => bearer(apiKeys[name])
const own = ({ userId }) => bearer(tokenOf(userId))
const withTokens = { args: keys.args }
const asUser = (server, t, userId = newId()) => connectV1(server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId)) })
const text = (to, content) => ({ to, clientMsgId: uniqueId(), kind: 'text', content })
const sent = (from, to, content, { kind = 'text', ext = null } = {}) => ({ event: 'send', from: from.userId, to, kind, content, ext })
const json = { 'content-type': 'application/json' }
const beijing = { latitude: 39.9, longitude: 116.4, name: '北京', address: '' }

withEachStore('before a send, somebody is asked', (the) => {
  const start = (t, settings) => judged(the, t, { keys, ...settings })

  it('of what a user sends, whichever way, to whomever and of whatever kind', async (t) => {
    const { server, judge } = await start(t, { more: '[files]\nstore = "dir:the files"\n' })
    const [a, b] = await people(server, t, 2)
    const peer = user(b.userId)
    const { place } = await groupOf([a, b])
    judge.questions = []
    await a.say(peer, '你好 😀 "\\\n\u0001', { ext: { note: { any: [1, null] } } })
    await a.say(place, 'to all', { ext: { mentions: 'all' } })
    await a.say(user(a.userId), 'a note')
    await a.say(peer, beijing, { kind: 'location' })
    await a.say(peer, { any: { thing: [1, 2.5, null, true] } }, { kind: 'custom' })
    await pushed(server, { userId: b.userId, targetUserId: a.userId, content: 'pushed', userName: '李四' })
    await pushed(server, { userId: b.userId, targetUserId: a.userId, content: 'once', clientMsgId: 'p' })
    ok(await post(server, '/v1/messages', { from: b.userId, ...text(user(a.userId), 'over HTTP') }))
    const { fileId } = await uploaded(server, a.userId, png())
    await a.say(peer, { fileId }, { kind: 'image' })
    const picture = judge.asked.at(-1)
    assert.deepEqual(judge.asked.slice(0, -1), [
      sent(a, peer, '你好 😀 "\\\n\u0001', { ext: { note: { any: [1, null] } } }), sent(a, place, 'to all', { ext: { mentions: 'all' } }), sent(a, user(a.userId), 'a note'),
      sent(a, peer, beijing, { kind: 'location' }), sent(a, peer, { any: { thing: [1, 2.5, null, true] } }, { kind: 'custom' }),
      sent(b, user(a.userId), 'pushed'), sent(b, user(a.userId), 'once'), sent(b, user(a.userId), 'over HTTP'),
    ])
    assert.deepEqual({ ...picture, content: picture.content.fileId }, sent(a, peer, fileId, { kind: 'image' }))
    assert.deepEqual(await verdicts(server), { allow: 10 }, 'the group’s name is one of them')
  })

  it('of an edit, and of names', async (t) => {
    const { server, judge } = await start(t, withTokens)
    const [a, b] = [await asUser(server, t), await asUser(server, t)]
    const peer = user(b.userId)
    await a.say(peer, 'mistake')
    await a.call('message.edit', { in: peer, seq: 1, content: 'mended' })
    await a.call('user.update', { name: '雁' })
    const { place } = await groupOf([a, b], { name: 'geese' })
    await a.call('group.update', { groupId: place.groupId, name: 'other geese' })
    const answer = await request(server, { method: 'PATCH', path: `/v1/groups/${place.groupId}`, body: { name: 'over HTTP' }, headers: { ...json, ...own(a) } })
    assert.equal(answer.status, 200, answer.text)
    const name = (to, content) => ({ event: 'name', from: a.userId, to, kind: null, content, ext: null })
    assert.deepEqual(judge.asked, [sent(a, peer, 'mistake'), { ...sent(a, peer, 'mended'), event: 'edit' },
      name(null, '雁'), name(null, 'geese'), name(place, 'other geese'), name(place, 'over HTTP')])
  })

  it('of nothing else that they do, and of nothing that a back end does', async (t) => {
    const { server, judge } = await start(t, withTokens)
    const [a, b, c] = await Promise.all(range(1, 3).map(() => asUser(server, t)))
    const peer = user(b.userId)
    await a.say(peer, 'first')
    const { place } = await groupOf([a, b])
    judge.questions = []
    for (const [method, params] of [
      ['message.react', { in: peer, seq: 1, emoji: '👍', on: true }], ['conversation.typing', { in: peer }], ['conversation.read', { in: peer, seq: 1 }],
      ['conversation.set', { in: peer, pinned: true }], ['message.recall', { in: peer, seq: 1 }], ['conversation.clear', { in: peer }],
      ['group.add', { groupId: place.groupId, userIds: [c.userId] }], ['group.update', { groupId: place.groupId, muted: true }], ['group.role', { groupId: place.groupId, userId: b.userId, role: 'admin' }],
      ['block.add', { userIds: [c.userId] }], ['sync', {}], ['message.history', { in: peer }], ['message.search', { query: 'first' }],
    ]) await a.call(method, params)
    const asks = async (name, method, path, body) => {
      const answer = await request(server, { method, path, body, headers: { ...json, ...key(name) } })
      assert.ok([200, 201].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`)
      return answer
    }
    await pushed(server, { userId: a.userId, targetUserId: b.userId, content: 'pushed' }, { headers: { ...json, ...key() } })
    await asks('push', 'POST', '/v1/messages', { from: a.userId, ...text(peer, 'sent') })
    await asks('admin', 'PUT', `/v1/users/${a.userId}`, { name: '雁' })
    await asks('admin', 'PATCH', `/v1/groups/${place.groupId}`, { name: 'other' })
    const { streamId } = await begun(server, a.userId, peer, {}, key())
    await wrote(server, streamId, 0, 'streamed', key())
    await ended(server, streamId, {}, key())
    if (the.kind === 'postgres') {
      await the.sendBySql(server, a.userId, b.userId, 'by SQL')
      await b.message(({ content }) => content === 'by SQL')
    }
    assert.deepEqual(judge.asked, [])
    assert.deepEqual(Object.entries(await verdicts(server)).filter(([outcome]) => outcome !== 'allow'), [])
  })

  it('who says no: then nothing was written, and nobody saw it', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const classic = await connect(server, b.userId, { t })
    const peer = user(b.userId)
    await a.say(peer, 'first')
    const { place } = await groupOf([a, b])
    const before = await b.call('sync', {})
    const lift = judge.answer(deny('不行 😀'))
    const send = text(peer, 'bad')
    const chat = { userId: a.userId, targetUserId: b.userId, content: 'bad', clientMsgId: uniqueId() }
    await denied(a, 'message.send', send, '不行 😀')
    await denied(a, 'message.send', text(place, 'bad'), '不行 😀')
    await denied(a, 'message.send', { ...text(peer, { x: 1 }), kind: 'custom' }, '不行 😀')
    await denied(a, 'message.edit', { in: peer, seq: 1, content: 'bad' }, '不行 😀')
    await denied(a, 'user.update', { name: 'bad', avatar: 'https://example.com/a.png' }, '不行 😀')
    await denied(a, 'group.create', { name: 'bad', members: [b.userId], groupId: `bad-${a.userId}` }, '不行 😀')
    await denied(a, 'group.update', { groupId: place.groupId, name: 'bad', muted: true }, '不行 😀')
    assertDenied(await push(server, chat), '不行 😀')
    assertDenied(await post(server, '/v1/messages', { from: a.userId, ...text(peer, 'bad') }), '不行 😀')
    assert.deepEqual(await b.call('sync', {}), before)
    const { users } = await b.call('user.get', { userIds: [a.userId] })
    assert.ok(users.every(({ name, avatar }) => !name && !avatar), JSON.stringify(users))
    assert.deepEqual((await a.call('group.list')).groups.map(({ name, muted }) => [name, muted]), [['geese', false]])
    assert.equal((await verdicts(server)).deny, 9)
    lift()
    const { message, duplicate } = await a.call('message.send', send)
    assert.deepEqual([message.seq, duplicate], [2, false], 'what was denied is forgotten')
    await pushed(server, chat)
    assert.deepEqual(contents(await history(server, { userId: b.userId })), ['first', 'bad', 'bad'])
    await classic.until((chats) => chats.length === 3)
    await a.call('group.create', { name: 'good', members: [], groupId: `bad-${a.userId}` })
  })

  it('who says no without a reason, or with one that is long', async (t) => {
    const { server, judge } = await start(t)
    const [a] = await people(server, t, 1)
    judge.answer(({ content }) => deny(content === 'long' ? '长'.repeat(5_000) : content === 'number' ? 5 : undefined))
    for (const content of ['none', 'number', 'long']) {
      const data = await denied(a, 'message.send', text(user(newId()), content))
      if (data?.reason !== undefined) assert.equal(typeof data.reason, 'string')
      if (content === 'long') assert.match(data.reason, /^长{20,5000}…?$/u)
      assertDenied(await push(server, { userId: a.userId, targetUserId: newId(), content }))
    }
  })

  it('who puts something else in its place, and all see that', async (t) => {
    const { server, judge } = await start(t)
    const receiver = await Receiver.open(t)
    await server.stop()
    const next = await again(t, server, { config: `${server.settings.config}\n${new Hook(t, receiver).toml}` })
    const [a, b] = await people(next, t, 2)
    const classic = await connect(next, b.userId, { t })
    const peer = user(b.userId)
    judge.answer(({ content }) => replace(typeof content === 'string' ? content.replace('bad', '***') : { ...content, name: '某地' }))
    const params = text(peer, 'a bad goose')
    const { message } = await a.call('message.send', params)
    assert.equal(message.content, 'a *** goose')
    for (const session of [a, b]) assert.deepEqual(await session.message(({ seq }) => seq === 1), message)
    assert.deepEqual(contents(await classic.next()), ['a *** goose'])
    assert.deepEqual((await receiver.told(message)).data, { message })
    assert.deepEqual((await b.history(user(a.userId))).messages, [message])
    assert.deepEqual((await a.call('message.search', { query: 'bad' })).messages, [])
    await pushed(next, { userId: a.userId, targetUserId: b.userId, content: 'pushed bad' })
    const overHttp = ok(await post(next, '/v1/messages', { from: a.userId, ...text(peer, 'bad over HTTP') })).message
    assert.equal(overHttp.content, '*** over HTTP')
    const location = await a.say(peer, beijing, { kind: 'location', ext: { n: 1 } })
    assert.deepEqual([location.content, location.ext], [{ ...beijing, name: '某地' }, { n: 1 }])
    assert.deepEqual((await a.say(peer, { x: [1] }, { kind: 'custom' })).content, { x: [1], name: '某地' })
    const { message: edited } = await a.call('message.edit', { in: peer, seq: 1, content: 'a bad duck' })
    assert.deepEqual([edited.content, (await entryOf(b)).content], ['a *** duck', { seq: 1, content: 'a *** duck' }])
    assert.deepEqual((await b.all(user(a.userId))).slice(0, 3).map(({ content }) => content), ['a *** duck', 'pushed ***', '*** over HTTP'])
    await a.call('user.update', { name: 'bad' })
    assert.equal((await b.call('user.get', { userIds: [a.userId] })).users[0].name, '***')
    const { group } = await a.call('group.create', { name: 'bad geese', members: [b.userId] })
    assert.equal(group.name, '*** geese')
    assert.equal((await b.message(({ kind }) => kind === 'group')).content.name, '*** geese')
    assert.equal((await a.call('group.update', { groupId: group.groupId, name: 'bad ducks' })).group.name, '*** ducks')
    assert.equal((await verdicts(next)).replace, 9)
    receiver.assertOrder()
  })

  it('once: a repeat is judged by what was sent first, and asks nobody', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const peer = user(b.userId)
    const lift = judge.answer(({ content }) => replace(typeof content === 'string' ? `${content}!` : { other: true }))
    const first = text(peer, 'x')
    const custom = { ...text(peer, { x: 1 }), kind: 'custom' }
    const chat = { userId: a.userId, targetUserId: b.userId, content: 'pushed', clientMsgId: uniqueId() }
    const { message } = await a.call('message.send', first)
    const { message: object } = await a.call('message.send', custom)
    await pushed(server, chat)
    lift()
    const plain = text(peer, 'as it is')
    await a.call('message.send', plain)
    assert.equal(judge.questions.length, 4)
    const repeats = async (on, session) => {
      assert.deepEqual(await session.call('message.send', first), { message, duplicate: true })
      assert.deepEqual(await session.call('message.send', custom), { message: object, duplicate: true })
      assert.deepEqual(ok(await post(on, '/v1/messages', { from: a.userId, ...first })), { message, duplicate: true })
      assert.equal((await session.call('message.send', plain)).duplicate, true)
      await pushed(on, chat)
      await session.fails(-32009, 'message.send', { ...first, content: 'x!' })
      await session.fails(-32009, 'message.send', { ...first, content: 'y' })
      await session.fails(-32009, 'message.send', { ...custom, content: { other: true } })
      await session.fails(-32009, 'message.send', { ...first, to: user(newId()) })
      assertProblem(await push(on, { ...chat, content: 'pushed!' }), 409)
    }
    await repeats(server, a)
    await server.kill9()
    const next = await again(t, server)
    await repeats(next, await connectV1(next, a.userId, { t }))
    assert.equal(judge.questions.length, 4)
    assert.deepEqual((await history(next, { userId: a.userId })).map(({ content }) => content), ['x!', '[消息]', 'pushed!', 'as it is'])
  })

  it('of a stream of their own at its end, as a whole', async (t) => {
    const { server, judge } = await start(t, withTokens)
    const [a, b] = [await asUser(server, t), await asUser(server, t)]
    const peer = user(b.userId)
    judge.answer(({ content }) => (content.includes('bad') ? deny('words') : content.includes('soso') ? replace(content.replace('soso', '***')) : allow))
    const streamed = async (words, endsWith, more = {}) => {
      const { message, streamId } = await begun(server, a.userId, peer, more, own(a))
      let offset = 0
      for (const word of words) offset = await wrote(server, streamId, offset, word, own(a))
      return { message, streamId, answer: await end(server, streamId, endsWith === undefined ? {} : { content: endsWith }, own(a)) }
    }
    assert.equal(ok((await streamed(['大雁', ' 南飞'], undefined, { ext: { n: 1 } })).answer).message.content, '大雁 南飞')
    assert.equal(ok((await streamed(['a so', 'so goose'])).answer).message.content, 'a *** goose')
    assert.equal(ok((await streamed(['a bad draft'], 'the last word')).answer).message.content, 'the last word')
    assert.deepEqual(judge.contents, ['大雁 南飞', 'a soso goose', 'the last word'])
    assert.deepEqual(judge.asked[1], sent(a, peer, 'a soso goose'))
    const { message, streamId, answer } = await streamed(['a b', 'ad goose'])
    assertDenied(answer, 'words')
    const recall = await entryOf(b, 'recall')
    assert.deepEqual(recall.content, { seq: message.seq, by: null })
    for (const session of [a, b]) {
      const taken = await one(session, user((session === a ? b : a).userId), message.seq)
      assert.deepEqual([taken.recalled, taken.content, taken.streaming], [true, null, undefined])
    }
    await assertGone(server, streamId, own(a))
    assert.equal(judge.questions.length, 4)
  })

  it('of a stream with its ext', async (t) => {
    const { server, judge } = await start(t, withTokens)
    const a = await asUser(server, t)
    const peer = user(newId())
    const { streamId } = await begun(server, a.userId, peer, { ext: { n: 1 } }, own(a))
    await wrote(server, streamId, 0, 'x', own(a))
    await ended(server, streamId, {}, own(a))
    assert.deepEqual(judge.asked, [sent(a, peer, 'x', { ext: { n: 1 } })])
  })

  it('once of a stream that is left alone, and ends by itself', { skip: slow, timeout: 100_000 }, async (t) => {
    const { server, judge } = await start(t, withTokens)
    const [a, b] = [await asUser(server, t), await asUser(server, t)]
    judge.answer(({ content }) => (content.includes('bad') ? deny('words') : allow))
    const left = await Promise.all(['good', 'bad'].map(async (words) => {
      const { message, streamId } = await begun(server, a.userId, user(b.userId), {}, own(a))
      await wrote(server, streamId, 0, words, own(a))
      return message
    }))
    const early = await begun(server, a.userId, user(b.userId), {}, own(a))
    await wrote(server, early.streamId, 0, 'too bad', own(a))
    assertDenied(await end(server, early.streamId, {}, own(a)), 'words')
    for (const words of ['good', 'bad']) await judge.about(words, 75_000)
    const [good, bad] = await eventually(5_000, 'both to be over', async () => {
      const all = await Promise.all(left.map(({ seq }) => one(b, user(a.userId), seq)))
      return all.every(({ streaming }) => !streaming) && all
    }, 200)
    assert.deepEqual([good.content, good.recalled, bad.recalled], ['good', false, true])
    await b.say(user(a.userId), 'and then')
    await judge.about('and then')
    await eventually(5_000, 'no stream to be open', async () => /^hongyan_streams_open 0$/m.test((await request(server, { path: '/metrics' })).text))
    assert.deepEqual(judge.contents.sort(), ['and then', 'bad', 'good', 'too bad'])
  })

  it('of a stream that a server left when it was killed', { skip: slow, timeout: 150_000 }, async (t) => {
    const { server, judge } = await start(t, withTokens)
    const a = await asUser(server, t)
    const to = newId()
    judge.answer(deny('words'))
    const { message, streamId } = await begun(server, a.userId, user(to), {}, own(a))
    await wrote(server, streamId, 0, 'left behind', own(a))
    await a.next('stream', ({ offset, delta }) => offset === 0 && delta === 'left behind')
    await eventually(6_000, 'it to be stored', async () => (await one(a, user(to), message.seq)).content === 'left behind', 200)
    await server.kill9()
    const next = await again(t, server)
    const b = await asUser(next, t, to)
    await eventually(90_000, 'it to be over', async () => !(await one(b, user(a.userId), message.seq)).streaming, 500)
    assert.deepEqual(judge.contents, ['left behind'])
    assert.equal((await one(b, user(a.userId), message.seq)).recalled, true)
  })

  it('by its own token alone: a back end begins streams without', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    judge.answer(deny('words'))
    const mine = await begun(server, a.userId, user(b.userId))
    await wrote(server, mine.streamId, 0, 'x')
    assertDenied(await end(server, mine.streamId), 'words')
    assert.equal((await begin(server, a.userId, user(b.userId), {}, key())).status, 200)
    assert.equal(judge.questions.length, 1)
  })
}, { keys })

describe('the documents', () => {
  it('name the error of what is denied in each method', () => {
    assertDocumented(['message.send', 'message.edit', 'user.update', 'group.create', 'group.update'].map((method) => [method, -32022]))
  })
})
