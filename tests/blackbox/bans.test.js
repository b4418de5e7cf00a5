// Bans: who may not speak reads on, and does nothing that others see, on every node, until it is over or lifted. The back end speaks for them.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { asking, ban, banOf, bansOf, lift } from './lib/bans.js'
import { connect, contents, get, push, pushed, request } from './lib/client.js'
import { Cluster } from './lib/cluster.js'
import { onEachStore } from './lib/each-store.js'
import { download, png, upload, uploaded } from './lib/files.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { assertBanned, assertDocumented, banned, refused } from './lib/refused.js'
import { again, serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { begin, begun, end, ended, ok, one, post, write, wrote } from './lib/streams.js'
import { connectV1, group, groupOf, newId, people, range, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const slow = !process.env.HONGYAN_TEST_SLOW && 'SLOW: a minute without a word' // of CI; scripts/test slow has them

const keys = new KeyFiles()
after(() => keys.dispose())

const key = (name = 'push') => bearer(apiKeys[name])
const own = ({ userId }) => bearer(tokenOf(userId))
const asUser = (server, t, userId = newId()) => connectV1(server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId)) })
const text = (to, content = 'x') => ({ to, clientMsgId: uniqueId(), kind: 'text', content })

// Until this is no more refused for a ban; what it answers then.
const letIn = (session, to, ms = 5_000) => eventually(ms, 'the ban to be over', async () => {
  const said = await session.call('message.send', text(to)).catch((error) => error)
  if (said.code === undefined) return said.message
  assert.deepEqual([said.code, said.data.reason], [-32003, 'banned'])
  return false
}, 100) // slower than a user may send
const shutOut = (session, to, ms = 5_000) => eventually(ms, 'the ban to be known', async () => {
  const said = await session.call('message.send', text(to)).catch((error) => error)
  return said.code === -32003 && said.data.reason === 'banned'
})

// What somebody does that others see, who owns a group and has said something there and to somebody; in an order in which all of it works.
const doings = ({ place, peer, member, stranger }) => [
  ['message.send', text(peer)], ['message.send', text(place)], ['message.send', { ...text(peer, { x: 1 }), kind: 'custom' }],
  ['message.edit', { in: peer, seq: 1, content: 'edited' }], ['message.edit', { in: place, seq: 2, content: 'edited' }],
  ['message.react', { in: peer, seq: 1, emoji: '👍', on: true }], ['message.react', { in: place, seq: 2, emoji: '👍', on: false }],
  ['message.recall', { in: peer, seq: 1 }], ['message.recall', { in: place, seq: 2 }],
  ['conversation.typing', { in: peer }], ['conversation.typing', { in: place }],
  ['conversation.set', { in: peer, pinned: true }], ['conversation.clear', { in: peer }],
  ['user.update', { name: '雁' }],
  ['group.create', { name: 'more geese', members: [member] }],
  ['group.update', { groupId: place.groupId, name: 'other geese' }], ['group.update', { groupId: place.groupId, muted: true }],
  ['group.add', { groupId: place.groupId, userIds: [stranger] }], ['group.remove', { groupId: place.groupId, userIds: [stranger] }],
  ['group.role', { groupId: place.groupId, userId: member, role: 'admin' }],
  ['group.dismiss', { groupId: place.groupId }],
]

// a: who is to be banned, with all of that; b: the other in both conversations.
async function scene(server, t, count = 2) {
  const [a, b, ...others] = await Promise.all(range(1, count).map(() => asUser(server, t)))
  const peer = user(b.userId)
  const direct = await a.say(peer, 'a goose')
  const { place, conversationId } = await groupOf([a, b])
  const inGroup = await a.say(place, 'geese')
  return { a, b, others, peer, place, direct, inGroup, conversationId, member: b.userId, stranger: newId() }
}

onEachStore('a ban', (the) => {
  it('is made, listed and lifted', async () => {
    const id = newId()
    const began = Date.now()
    const made = await ban(the.server, id, 3600, { reason: '广告 "x"' })
    assert.ok(Date.parse(made.since) >= began - 1_000 && Date.parse(made.since) <= Date.now() + 1_000, made.since)
    assert.deepEqual(await banOf(the.server, id), made)
    await lift(the.server, id)
    assert.equal(await banOf(the.server, id), undefined)
    await lift(the.server, id)
    const forever = await ban(the.server, 'x:y@z.-_', 0)
    assert.deepEqual(await banOf(the.server, 'x:y@z.-_'), forever)
    await lift(the.server, 'x:y@z.-_')
  })

  it('of a number is that of its text', async () => {
    const id = newId()
    await ban(the.server, Number(id), 60)
    assert.equal((await banOf(the.server, id)).userId, id)
    await lift(the.server, id)
  })

  it('refuses what others would see, with the reason and the time', async (t) => {
    const it = await scene(the.server, t)
    const { until } = await ban(the.server, it.a.userId, 600)
    const before = await it.b.call('sync', {})
    for (const [method, params] of doings(it)) await banned(it.a, method, params, until)
    assert.deepEqual(await it.b.call('sync', {}), before, 'nothing has changed for the other')
    assert.deepEqual(['typing', 'reaction'].flatMap((method) => it.b.left(method)), [])
    await lift(the.server, it.a.userId)
    for (const [method, params] of doings(it)) await it.a.call(method, params)
  })

  it('without an end says null', async (t) => {
    const { a, b, peer } = await scene(the.server, t)
    await ban(the.server, a.userId, 0)
    await banned(a, 'message.send', text(peer), null)
    assertBanned(await push(the.server, { userId: a.userId, targetUserId: b.userId, content: 'x' }, { headers: { 'content-type': 'application/json', ...own(a) } }), null)
  })

  it('refuses what they do over HTTP', async (t) => {
    const { a, b, place, peer } = await scene(the.server, t)
    const { until } = await ban(the.server, a.userId, 600)
    const asks = (method, path, body) => request(the.server, { method, path, body, headers: { ...own(a), ...(body ? { 'content-type': 'application/json' } : {}) } })
    const before = await b.call('sync', {})
    for (const answer of [
      await push(the.server, { userId: a.userId, targetUserId: b.userId, content: 'x' }, { headers: { 'content-type': 'application/json', ...own(a) } }),
      await asks('POST', '/v1/messages', { from: a.userId, ...text(peer) }),
      await asks('POST', '/v1/messages', { from: a.userId, ...text(place) }),
      await begin(the.server, a.userId, peer, {}, own(a)),
      await asks('PATCH', `/v1/groups/${place.groupId}`, { name: 'other' }),
      await asks('PUT', `/v1/groups/${place.groupId}/members/${newId()}`),
      await asks('DELETE', `/v1/groups/${place.groupId}/members/${b.userId}`),
      await asks('DELETE', `/v1/groups/${place.groupId}`),
      await upload(the.server, { token: tokenOf(a.userId) }, png()),
    ]) assertBanned(answer, until)
    assert.deepEqual(await b.call('sync', {}), before)
  })

  it('lets them read, sync, mark read, leave and block', async (t) => {
    const { a, b, peer, place, inGroup } = await scene(the.server, t)
    const { place: theirs } = await groupOf([b, a])
    await b.say(user(a.userId), 'answer')
    const { fileId } = await uploaded(the.server, { token: tokenOf(b.userId) }, png())
    await b.say(user(a.userId), { fileId }, { kind: 'image' })
    await ban(the.server, a.userId, 600)
    for (const [method, params] of [
      ['message.history', { in: peer }], ['message.get', { in: place, seqs: [inGroup.seq] }], ['message.search', { query: 'goose' }],
      ['conversation.list', {}], ['sync', {}], ['conversation.read', { in: peer, seq: 2 }], ['ping', {}],
      ['presence.watch', { userIds: [b.userId] }], ['presence.unwatch', { userIds: [b.userId] }], ['user.get', { userIds: [b.userId] }],
      ['group.get', { groupId: place.groupId }], ['group.list', {}], ['group.members', { groupId: place.groupId }],
      ['session.refresh', { token: tokenOf(a.userId) }],
      ['block.add', { userIds: [newId()] }], ['block.list', {}], ['block.remove', { userIds: [b.userId] }],
      ['group.leave', { groupId: theirs.groupId }],
    ]) await a.call(method, params)
    await b.next('read', ({ userId, seq }) => userId === a.userId && seq === 2)
    await b.message(({ kind, content }) => kind === 'group' && content.action === 'leave')
    const asks = (path, options = {}) => request(the.server, { path, headers: { 'content-type': 'application/json', ...own(a) }, ...options })
    for (const path of [`/getMessage?userId=${a.userId}`, `/v1/messages?peer=${b.userId}`, '/v1/conversations', '/v1/search?query=goose', `/v1/groups/${place.groupId}/members`]) ok(await asks(path))
    ok(await asks('/v1/conversations/read', { method: 'POST', body: { in: peer, seq: 3 } }))
    assert.equal((await download(the.server, { token: tokenOf(a.userId) }, fileId)).status, 200)
  })

  it('closes no session: they hear on, and come back', async (t) => {
    const { a, b } = await scene(the.server, t)
    const classic = await connect(the.server, a.userId, { t, headers: own(a) })
    await ban(the.server, a.userId, 600)
    const later = await asUser(the.server, t, a.userId)
    const said = await b.say(user(a.userId), 'do you hear?')
    for (const session of [a, later]) assert.deepEqual(await session.message(({ id }) => id === said.id), said)
    assert.deepEqual(contents(await classic.next()), ['a goose', 'do you hear?'])
    await banned(later, 'message.send', text(user(b.userId)))
  })

  it('is no concern of the others', async (t) => {
    const { a, b, place } = await scene(the.server, t)
    await ban(the.server, a.userId, 600)
    await b.say(user(a.userId), 'x')
    await b.say(place, 'x')
    await b.call('message.react', { in: user(a.userId), seq: 1, emoji: '👍', on: true })
    await a.next('reaction', ({ userId }) => userId === b.userId)
    await groupOf([b, a])
  })

  it('leaves to a back end all that it does for them', async (t) => {
    const { a, b, peer, place, direct } = await scene(the.server, t)
    await ban(the.server, a.userId, 600)
    const asks = (name, method, path, body) => request(the.server, { method, path, body, headers: { ...key(name), ...(body ? { 'content-type': 'application/json' } : {}) } })
    const done = async (name, method, path, body) => {
      const answer = await asks(name, method, path, body)
      assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`)
    }
    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: 'pushed' }, { headers: { 'content-type': 'application/json', ...key() } })
    await done('push', 'POST', '/v1/messages', { from: a.userId, ...text(peer, 'sent') })
    await done('push', 'POST', '/v1/messages', { from: a.userId, ...text(place) })
    const { streamId } = await begun(the.server, a.userId, peer, {}, key())
    await wrote(the.server, streamId, 0, 'streamed', key())
    await ended(the.server, streamId, {}, key())
    await done('push', 'POST', `/v1/messages/${direct.id}/recall`)
    await done('admin', 'PUT', `/v1/users/${a.userId}`, { name: '雁' })
    await done('admin', 'PATCH', `/v1/groups/${place.groupId}`, { name: 'other' })
    await done('admin', 'PUT', `/v1/groups/${place.groupId}/members/${newId()}`)
    await uploaded(the.server, { token: apiKeys.admin, userId: a.userId }, png())
    const texts = (await b.all(user(a.userId))).filter(({ kind }) => kind === 'text').map(({ content }) => content)
    assert.deepEqual(texts, [null, 'pushed', 'sent', 'streamed'])
    await banned(a, 'message.send', text(peer))
  })

  it('ends by itself, and not before', async (t) => {
    const { a, peer } = await scene(the.server, t)
    const { until } = await ban(the.server, a.userId, 2)
    await banned(a, 'message.send', text(peer), until)
    const said = await letIn(a, peer)
    assert.ok(Date.now() >= Date.parse(until), 'it was over')
    assert.ok(Date.now() - Date.parse(until) < 1_500, 'it is over when it says')
    assert.ok(said.createTime >= until)
    assert.equal(await banOf(the.server, a.userId), undefined)
  })

  it('of who is banned takes the place of the one before', async (t) => {
    const { a, peer } = await scene(the.server, t)
    await ban(the.server, a.userId, 3600, { reason: 'first' })
    const second = await ban(the.server, a.userId, 0, { reason: 'second' })
    assert.deepEqual((await bansOf(the.server)).filter(({ userId }) => userId === a.userId), [second])
    await banned(a, 'message.send', text(peer), null)
    const third = await ban(the.server, a.userId, 1, { reason: 'third' })
    await banned(a, 'message.send', text(peer), third.until)
    await letIn(a, peer)
  })

  it('is lifted at once', async (t) => {
    const { a, peer } = await scene(the.server, t)
    for (let i = 0; i < 5; i++) {
      await ban(the.server, a.userId, 0)
      await banned(a, 'message.send', text(peer), null)
      await lift(the.server, a.userId)
      await a.say(peer, 'x')
    }
  })

  it('ends what their own token streams, as it stands', { skip: slow, timeout: 100_000 }, async (t) => {
    const { a, b, peer } = await scene(the.server, t)
    const { message, streamId } = await begun(the.server, a.userId, peer, {}, own(a))
    const other = await begun(the.server, a.userId, peer, {}, key())
    await wrote(the.server, streamId, 0, '大雁', own(a))
    const { until } = await ban(the.server, a.userId, 3600)
    for (const answer of [await write(the.server, streamId, 2, '南飞', own(a)), await end(the.server, streamId, {}, own(a)), await end(the.server, streamId, { content: 'spam' }, own(a))]) {
      if (answer.status !== 404) assertBanned(answer, until)
    }
    await wrote(the.server, other.streamId, 0, 'goes on', key())
    await ended(the.server, other.streamId, {}, key())
    await eventually(75_000, 'the stream of who is banned to end', async () => (await one(b, user(a.userId), message.seq)).streaming === undefined, 500)
    const { content, recalled } = await one(b, user(a.userId), message.seq)
    if (!recalled) assert.equal(content, '大雁')
  })

  it('is asked for in the form that it has', async () => {
    const userId = newId()
    const bad = [{}, { userId: '' }, { userId: 'a b' }, { userId: 'x'.repeat(65) }, { userId: null }, { userId: 1.5 }, { userId: [userId] },
      ...[-1, 1.5, '60', true, {}, 1e300].map((seconds) => ({ userId, seconds })), ...[5, {}, [], true].map((reason) => ({ userId, seconds: 60, reason }))]
    for (const body of bad) assertProblem(await asking(the.server, 'POST', '', body), 400)
    for (const body of ['', '{', '[]', 'null', '5', '"x"']) assertProblem(await asking(the.server, 'POST', '', body), 400)
    const long = await asking(the.server, 'POST', '', { userId, seconds: 60, reason: 'x'.repeat(100_000) })
    assertProblem(long, [400, 413])
    for (const query of ['?limit=0', '?limit=-1', '?limit=x', '?limit=1.5']) assertProblem(await asking(the.server, 'GET', query), 400)
    assertProblem(await asking(the.server, 'DELETE', '/a%20b'), [400, 404])
    assertProblem(await asking(the.server, 'PUT', ''), 405)
    assertProblem(await asking(the.server, 'POST', `/${userId}`, {}), 405)
    assert.equal(await banOf(the.server, userId), undefined)
  })

  it('is for keys with the scope admin', async () => {
    const userId = newId()
    await ban(the.server, userId, 60, { key: 'all' })
    assert.ok(await banOf(the.server, userId, { key: 'all' }))
    const strangers = [...['push', 'metrics', 'observe', 'owner'].map((name) => [name, 403]), [tokenOf(userId), 403], [null, 401], ['no-key-of-anybody-0123456789', 401]]
    for (const [by, status] of strangers) {
      assertProblem(await asking(the.server, 'POST', '', { userId: newId(), seconds: 0, reason: '' }, by), status)
      assertProblem(await asking(the.server, 'GET', '', undefined, by), status)
      assertProblem(await asking(the.server, 'DELETE', `/${userId}`, undefined, by), status)
    }
    assert.ok(await banOf(the.server, userId))
    await lift(the.server, userId, 'all')
  })
}, { args: keys.args, config: '[files]\nstore = "dir:the files"\n' })

onEachStore('bans', (the) => {
  it('are listed page by page, each once', async (t) => {
    const server = await serverFor(t, { database: await the.store.newDatabase(), args: ['--api-key-file', keys.path('api')] })
    assert.deepEqual(await bansOf(server), [])
    const ids = range(1, 23).map((i) => `banned-${i}`)
    const made = await Promise.all(ids.map((id, i) => ban(server, id, i % 2 ? 3600 : 0, { reason: `r${i}` })))
    const sorted = (bans) => [...bans].sort((x, y) => (x.userId < y.userId ? -1 : 1))
    const [first] = made
    assert.deepEqual((await asking(server, 'GET', `?userId=${first.userId}`)).json(), { bans: [first], cursor: null })
    assert.deepEqual((await asking(server, 'GET', `?userId=${newId()}`)).json(), { bans: [], cursor: null })
    assertProblem(await asking(server, 'GET', '?userId=no%20id'), 400, { mentions: /userId/ })
    for (const limit of [undefined, 1, 5, 22, 23, 24, 500]) assert.deepEqual(sorted(await bansOf(server, { limit })), sorted(made), `by ${limit}`)
    await ban(server, 'short', 1)
    await eventually(3_000, 'one that is over to be gone', async () => !await banOf(server, 'short'))
    for (const id of ids) await lift(server, id)
    assert.deepEqual(await bansOf(server), [])
  })

  it('hold without tokens too', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { until } = await ban(the.server, a.userId, 600, { key: null })
    await banned(a, 'message.send', text(user(b.userId)), until)
    await banned(a, 'user.update', { name: 'x' }, until)
    assertBanned(await push(the.server, { userId: a.userId, targetUserId: b.userId, content: 'x' }), until)
    assertBanned(await post(the.server, '/v1/messages', { from: a.userId, ...text(user(b.userId)) }), until)
    assertBanned(await upload(the.server, a.userId, png()), until)
    assertBanned(await begin(the.server, a.userId, user(b.userId)), until)
    assert.equal((await get(the.server, `/v1/conversations?userId=${a.userId}`)).status, 200)
    ok(await post(the.server, '/v1/messages', { from: a.userId, ...text(user(b.userId)) }, key()))
    await lift(the.server, a.userId, null)
    await a.say(user(b.userId), 'x')
  })

  it('survive a restart and kill -9, as does their end', async (t) => {
    const server = await serverFor(t, { database: await the.store.newDatabase(), args: ['--api-key-file', keys.path('api')] })
    const [a, b, c, d] = range(1, 4).map(() => newId())
    const made = await ban(server, a, 0)
    await ban(server, b, 0)
    await lift(server, b)
    const short = await ban(server, c, 1)
    const timed = await ban(server, d, 600)
    await server.stop()
    const second = await again(t, server)
    const people = await Promise.all([a, b, c, d].map((id) => connectV1(second, id, { t })))
    await banned(people[0], 'message.send', text(user(b)), null)
    await banned(people[3], 'message.send', text(user(b)), timed.until)
    await people[1].say(user(a), 'x')
    await letIn(people[2], user(a))
    assert.ok(Date.now() >= Date.parse(short.until))
    assert.deepEqual((await bansOf(second)).sort((x, y) => Number(x.userId) - Number(y.userId)), [made, timed])
    await lift(second, a)
    const last = await ban(second, b, 0)
    await second.kill9()
    const third = await again(t, second)
    const [alice, bob] = await Promise.all([a, b].map((id) => connectV1(third, id, { t })))
    await banned(bob, 'message.send', text(user(a)), null)
    await alice.say(user(b), 'x')
    assert.deepEqual((await bansOf(third)).filter(({ userId }) => userId !== d), [last])
  })
}, { args: ['--api-key-file', keys.path('api')], config: '[files]\nstore = "dir:the files"\n' })

describe('bans of a cluster', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  it('hold on all nodes within 5 s, and so does what lifts, replaces and ends them', { timeout: 90_000 }, async (t) => {
    const cluster = await Cluster.start(2, () => ({ args: ['--api-key-file', keys.path('api')] }))
    t.after(() => cluster.dispose())
    const { a, b, alice, bob } = await cluster.apart(t)
    const place = user(alice.userId)
    const measured = async (what, wait) => {
      const began = Date.now()
      await wait()
      t.diagnostic(`${what} after ${Date.now() - began} ms`)
    }
    for (let i = 0; i < 3; i++) {
      const made = await ban(a, bob.userId, 0)
      await measured('known', () => shutOut(bob, place))
      assert.deepEqual(await banOf(b, bob.userId), made)
      await lift(a, bob.userId)
      await measured('lifted', () => letIn(bob, place))
      assert.equal(await banOf(b, bob.userId), undefined)
    }
    await ban(a, bob.userId, 0)
    await shutOut(bob, place)
    const shorter = await ban(a, bob.userId, 6)
    await eventually(5_000, 'the ban that took its place', async () => (await refused(bob, -32003, 'message.send', text(place))).until === shorter.until)
    await letIn(bob, place, 10_000)
    assert.ok(Date.now() >= Date.parse(shorter.until) - 50)
    const own = await ban(b, bob.userId, 0)
    await banned(bob, 'message.send', text(place), null)
    await eventually(5_000, 'to be listed elsewhere', async () => (await banOf(a, bob.userId))?.since === own.since)
    await lift(a, bob.userId)
    await letIn(bob, place)
    await ban(a, bob.userId, 0)
    await cluster.nodes[1].stop()
    await cluster.add(1)
    await banned(await connectV1(cluster.nodes[1], bob.userId, { t }), 'message.send', text(place), null)
    await alice.say(user(bob.userId), 'not me')
  })
})

describe('the documents', () => {
  it('name the error of who is banned in each method', () => {
    const methods = new Set(doings({ place: group('g'), peer: user('1'), member: '2', stranger: '3' }).map(([method]) => method))
    assertDocumented([...methods].map((method) => [method, -32003]))
  })
})
