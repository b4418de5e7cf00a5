// Before a send: what waits for an answer is stored in the order sent, and once, and holds up nobody else; whoever ends meanwhile.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { ban } from './lib/bans.js'
import { history, push, pushed } from './lib/client.js'
import { Cluster } from './lib/cluster.js'
import { allow, BeforeSend, deny, Judge, judged, replace, verdicts } from './lib/judge.js'
import { KeyFiles } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { assertDenied, banned, denied, refused } from './lib/refused.js'
import { again } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { ok, post } from './lib/streams.js'
import { connectV1, group, groupOf, newId, people, pipeline, range, seqs, uniqueId, user } from './lib/v1.js'
import { delay, eventually } from './lib/wait.js'
import { withEachStore } from './lib/webhooks.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const text = (to, content) => ({ to, clientMsgId: uniqueId(), kind: 'text', content })
const say = (session, to, content) => session.call('message.send', text(to, content))

// Of what one sender wrote in one conversation one is asked about at a time.
function assertLines(judge) {
  const open = new Map()
  for (const { from, to, begun, ended = Infinity, content } of judge.questions) {
    const line = `${from} ${JSON.stringify(to)}`
    assert.ok((open.get(line) ?? 0) < begun, `${line}: was asked about ${content} while one before was not answered`)
    open.set(line, ended)
  }
}

withEachStore('before a send, order', (the) => {
  const start = (t, settings) => judged(the, t, { keys, ...settings })

  it('holds in a conversation, however late the answers come', async (t) => {
    const { server, judge } = await start(t)
    const sessions = await people(server, t, 3)
    const { place, conversationId } = await groupOf(sessions)
    const [a, b, c] = sessions
    judge.answer(() => delay(Math.random() * 30).then(() => allow))
    // 32 may be in flight on a session, and here 15 for each of two places.
    const send = async (session, to, first) => (await pipeline(session, 'message.send', range(first, first + 39).map((i) => text(to, `n${i}`)), 15)).map(({ message }) => message)
    const all = await Promise.all([send(a, place, 1), send(b, place, 101), send(a, user(b.userId), 1), send(b, user(a.userId), 101)])
    const live = await c.messages(conversationId, 80)
    for (const [i, session] of [a, b].entries()) {
      const own = live.filter(({ from }) => from === session.userId)
      assert.deepEqual(own, all[i])
      assert.deepEqual(own.map(({ content }) => content), range(1, 40).map((n) => `n${n + i * 100}`))
    }
    const direct = await a.all(user(b.userId))
    assert.deepEqual(seqs(direct), range(1, 80))
    for (const [i, session] of [a, b].entries()) assert.deepEqual(direct.filter(({ from }) => from === session.userId), all[2 + i])
    assertLines(judge)
    assert.ok(judge.busiest >= 3, `only ${judge.busiest} at once: one waits for another`)
  })

  it('holds among all sessions of a sender, and classic and HTTP ones', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const second = await connectV1(server, a.userId, { t })
    const peer = user(b.userId)
    const release = judge.hold(({ content }) => content === 'first')
    const first = say(a, peer, 'first')
    await judge.about('first')
    const others = [
      say(second, peer, 'second'), pushed(server, { userId: a.userId, targetUserId: b.userId, content: 'classic' }),
      post(server, '/v1/messages', { from: a.userId, ...text(peer, 'over HTTP') }).then(ok),
    ]
    await delay(300) // for what must not come
    assert.deepEqual(judge.contents, ['first'])
    assert.deepEqual(await b.all(user(a.userId)), [])
    release()
    await Promise.all([first, ...others])
    const stored = await b.all(user(a.userId))
    assert.equal(stored[0].content, 'first')
    assert.deepEqual(stored.map(({ content }) => content), judge.contents)
    assertLines(judge)
  })

  it('holds between a message and an edit behind it', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const peer = user(b.userId)
    await say(a, peer, 'mistake')
    const release = judge.hold(({ content }) => content === 'second')
    const second = say(a, peer, 'second')
    const edit = a.call('message.edit', { in: peer, seq: 1, content: 'mended' })
    const third = say(a, peer, 'third')
    await judge.about('second')
    release()
    await Promise.all([second, edit, third])
    assert.deepEqual((await b.all(user(a.userId))).map(({ kind, content }) => (kind === 'edit' ? content.content : content)), ['mended', 'second', 'mended', 'third'])
    assertLines(judge)
  })

  it('of one holds up no other', async (t) => {
    const { server, judge } = await start(t)
    const [a, b, c] = await people(server, t, 3)
    const { place } = await groupOf([a, b, c])
    await say(a, user(b.userId), 'before')
    const release = judge.hold(({ content }) => content === 'held')
    const held = say(a, user(b.userId), 'held')
    const behind = say(a, user(b.userId), 'behind')
    await judge.about('held')
    await say(a, user(c.userId), 'x')
    await say(a, place, 'x')
    await say(b, user(a.userId), 'x')
    await say(c, user(b.userId), 'x')
    await pushed(server, { userId: c.userId, targetUserId: a.userId, content: 'x' })
    await a.call('message.history', { in: user(b.userId) })
    await a.call('message.react', { in: user(b.userId), seq: 1, emoji: '👍', on: true })
    await a.call('message.recall', { in: user(b.userId), seq: 1 })
    await a.call('conversation.read', { in: user(b.userId), seq: 2 })
    await a.call('sync', {})
    await a.call('ping')
    assert.equal(judge.of('behind').length, 0)
    release()
    const [{ message: one }, { message: two }] = await Promise.all([held, behind])
    assert.ok(one.seq < two.seq)
  })

  it('goes on behind what was denied, or refused when it came to it', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const peer = user(b.userId)
    judge.answer(({ content }) => delay(10).then(() => (content.startsWith('bad') ? deny('x') : content.startsWith('soso') ? replace('***') : allow)))
    const contents = range(1, 30).map((i) => `${['good', 'bad', 'soso'][i % 3]} ${i}`)
    const outcomes = await Promise.all(contents.map((content) => say(a, peer, content).then(({ message }) => message.seq, () => null)))
    const stored = await b.all(user(a.userId))
    assert.deepEqual(outcomes.filter(Boolean), range(1, 20))
    assert.deepEqual(stored.map(({ content }) => content), contents.filter((it) => !it.startsWith('bad')).map((it) => (it.startsWith('soso') ? '***' : it)))
  })

  for (const onFailure of ['allow', 'deny']) {
    it(`at most so many are asked about at once; beyond, ${onFailure}`, async (t) => {
      const { server, judge } = await start(t, { hook: { concurrency: 3, on_failure: onFailure } })
      const sessions = await people(server, t, 8)
      const release = judge.hold(() => true)
      const held = sessions.slice(0, 3).map((session) => say(session, user(newId()), 'held'))
      await judge.waitFor(() => judge.questions.length === 3)
      const began = Date.now()
      for (const session of sessions.slice(3)) {
        const params = text(user(newId()), 'beyond')
        if (onFailure === 'allow') assert.equal((await session.call('message.send', params)).duplicate, false)
        else await denied(session, 'message.send', params)
      }
      assert.ok(Date.now() - began < 7_000, 'they wait for nobody')
      assert.equal(judge.questions.length, 3)
      await say(sessions[0], user(newId()), 'elsewhere').catch(() => {})
      release()
      for (const { message } of await Promise.all(held)) assert.equal(message.content, 'held')
      await say(sessions[4], user(newId()), 'asked again')
      assert.equal(judge.busiest, 3)
      assert.equal((await verdicts(server)).failed, 6)
    })
  }
}, { keys })

withEachStore('before a send, once', (the) => {
  const start = (t, settings) => judged(the, t, { keys, ...settings })

  it('of the same at once, one is asked about and stored', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const second = await connectV1(server, a.userId, { t })
    const release = judge.hold(({ content }) => content === 'once')
    const params = text(user(b.userId), 'once')
    const all = [a, second, a].map((session) => session.call('message.send', params))
    all.push(post(server, '/v1/messages', { from: a.userId, ...params }).then(ok))
    const other = a.call('message.send', { ...params, content: 'other' }).catch((error) => error)
    await judge.about('once')
    release(replace('***'))
    const answers = await Promise.all(all)
    assert.deepEqual(answers.map(({ duplicate }) => duplicate).sort(), [false, true, true, true])
    for (const { message } of answers) assert.deepEqual(message, answers[0].message)
    assert.equal((await other).code, -32009)
    assert.deepEqual(judge.contents, ['once'])
    assert.deepEqual((await b.all(user(a.userId))).map(({ content }) => content), ['***'])
  })

  it('of the same to another at once, one is stored', async (t) => {
    const { server, judge } = await start(t)
    const [a, b, c] = await people(server, t, 3)
    const release = judge.hold(() => true)
    const params = text(user(b.userId), 'x')
    const both = [params, { ...params, to: user(c.userId) }].map((it) => a.call('message.send', it).then(() => 'stored', ({ code }) => code))
    await judge.waitFor(() => judge.questions.length > 0)
    await delay(100) // for the other to be asked about, if it is
    release()
    assert.deepEqual((await Promise.all(both)).map(String).sort(), ['-32009', 'stored'])
    assert.equal((await b.all(user(a.userId))).length + (await c.all(user(a.userId))).length, 1)
  })

  it('is asked about nothing that is refused anyway', async (t) => {
    const { server, judge } = await start(t)
    const [a, b, c] = await people(server, t, 3)
    const { place } = await groupOf([a, b])
    await a.call('group.update', { groupId: place.groupId, muted: true })
    await c.call('block.add', { userIds: [b.userId] })
    judge.questions = []
    await b.fails(-32003, 'message.send', text(place, 'muted'))
    await b.fails(-32003, 'message.send', text(user(c.userId), 'blocked'))
    await c.fails(-32004, 'message.send', text(place, 'no member'))
    await c.fails(-32004, 'message.send', text(group('none'), 'no group'))
    await c.fails(-32013, 'message.send', text(place, 'x'.repeat(5_000)))
    await c.fails(-32602, 'message.send', { ...text(place, 'x'), kind: 'none' })
    assertProblem(await push(server, { userId: b.userId, targetUserId: c.userId, content: 'blocked' }), 403)
    assertProblem(await post(server, '/v1/messages', { from: b.userId, ...text(place, 'muted') }), 403)
    await ban(server, a.userId, 60)
    await banned(a, 'message.send', text(user(b.userId), 'banned'))
    assertProblem(await push(server, { userId: a.userId, targetUserId: b.userId, content: 'banned' }), 403)
    assert.deepEqual(judge.contents, [])
    assert.equal((await verdicts(server)).failed ?? 0, 0)
  })

  it('is asked about no edit and no name that is refused anyway', async (t) => {
    const { server, judge } = await start(t)
    const [a, b, c] = await people(server, t, 3)
    const { place } = await groupOf([a, b])
    await say(b, place, 'mine')
    await say(a, user(b.userId), 'recalled')
    await a.call('message.recall', { in: user(b.userId), seq: 1 })
    judge.questions = []
    await a.fails([-32003, -32004], 'message.edit', { in: place, seq: 2, content: 'another’s' })
    await a.fails(-32004, 'message.edit', { in: user(b.userId), seq: 1, content: 'recalled' })
    await a.fails(-32004, 'message.edit', { in: user(b.userId), seq: 99, content: 'not there' })
    await c.fails(-32004, 'message.edit', { in: place, seq: 2, content: 'no member' })
    await b.fails(-32003, 'group.update', { groupId: place.groupId, name: 'no right' })
    await c.fails(-32004, 'group.update', { groupId: place.groupId, name: 'no member' })
    await c.fails(-32009, 'group.create', { groupId: place.groupId, name: 'taken', members: [] })
    await ban(server, b.userId, 60)
    await banned(b, 'message.edit', { in: place, seq: 2, content: 'banned' })
    await banned(b, 'user.update', { name: 'banned' })
    await banned(b, 'group.create', { name: 'banned', members: [] })
    assert.deepEqual(judge.contents, [])
  })

  it('is judged by the rules of when it is answered', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const { place } = await groupOf([a, b])
    const release = judge.hold(() => true)
    const [blocked, muted] = [refused(b, -32003, 'message.send', text(user(a.userId), 'blocked')), refused(b, -32003, 'message.send', text(place, 'muted'))]
    await judge.waitFor(() => judge.of('blocked').length && judge.of('muted').length)
    await a.call('block.add', { userIds: [b.userId] })
    await a.call('group.update', { groupId: place.groupId, muted: true })
    release()
    assert.deepEqual([await blocked, await muted], [{ reason: 'blocked' }, { reason: 'muted' }])
    assert.deepEqual((await a.all(place)).filter(({ kind }) => kind === 'text'), [])
  })

  it('through the end of its socket: it is stored or not, and the repeat makes it one', async (t) => {
    const { server, judge } = await start(t)
    const id = newId()
    const to = newId()
    const reader = await connectV1(server, to, { t })
    const first = await connectV1(server, id, { t })
    const release = judge.hold(({ content }) => content === 'held')
    const list = range(1, 5).map((i) => text(user(to), i === 1 ? 'held' : `n${i}`))
    for (const params of list) first.call('message.send', params).catch(() => {})
    await judge.about('held')
    first.socket.terminate()
    const second = await connectV1(server, id, { t })
    const repeats = pipeline(second, 'message.send', list)
    release()
    await repeats
    assert.deepEqual((await reader.all(user(id))).map(({ content }) => content), ['held', 'n2', 'n3', 'n4', 'n5'])
  })

  it('through kill -9 while somebody is asked: nothing is stored, and the repeat is', async (t) => {
    const { server, judge } = await start(t)
    const id = newId()
    const to = newId()
    const session = await connectV1(server, id, { t })
    const lift = judge.hold(() => true)
    const list = range(1, 3).map((i) => text(user(to), `n${i}`))
    for (const params of list) session.call('message.send', params).catch(() => {})
    const chat = { userId: to, targetUserId: id, content: 'pushed', clientMsgId: uniqueId() }
    push(server, chat).catch(() => {})
    await judge.waitFor(() => judge.questions.length === 2)
    await server.kill9()
    lift()
    const next = await again(t, server)
    const [a, b] = [await connectV1(next, id, { t }), await connectV1(next, to, { t })]
    assert.deepEqual((await b.call('sync', {})).conversations, [])
    assert.deepEqual((await pipeline(a, 'message.send', list)).map(({ duplicate }) => duplicate), [false, false, false])
    await pushed(next, chat)
    assert.deepEqual((await history(next, { userId: id })).map(({ content }) => content), ['n1', 'n2', 'n3', 'pushed'])
  })

  it('through SIGTERM while somebody is asked: what was accepted is answered', async (t) => {
    const { server, judge } = await start(t)
    const [a, b] = await people(server, t, 2)
    const release = judge.hold(() => true)
    const list = range(1, 3).map((i) => text(user(b.userId), `n${i}`))
    const outcomes = list.map((params) => a.call('message.send', params).then(({ message }) => message.content, ({ code }) => code ?? 'unknown'))
    const chat = { userId: b.userId, targetUserId: a.userId, content: 'pushed', clientMsgId: uniqueId() }
    const answer = push(server, chat)
    await judge.waitFor(() => judge.questions.length === 2)
    const stopped = server.stop()
    await a.next('closing')
    release()
    await stopped
    const [said, classic] = [await Promise.all(outcomes), await answer]
    assert.deepEqual([said, classic.status], [['n1', 'n2', 'n3'], 200])
    const next = await again(t, server)
    assert.deepEqual((await history(next, { userId: a.userId })).map(({ content }) => content).sort(), ['n1', 'n2', 'n3', 'pushed'])
  })

  it('ends on SIGTERM in time, though nobody answers', async (t) => {
    const { server, judge } = await start(t, { more: '[drain]\ntimeout = 3\n' })
    const [a] = await people(server, t, 1)
    judge.hold(() => true)
    const outcome = say(a, user(newId()), 'held').then(() => 'stored', () => 'not stored')
    await judge.about('held')
    const began = Date.now()
    await server.stop()
    assert.ok(Date.now() - began < 6_000, `it took ${Date.now() - began} ms`)
    assert.equal(await outcome, 'not stored')
  })
}, { keys })

describe('before a send, in a cluster', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  it('each node asks, a repeat elsewhere asks nobody, and all see what took its place', { timeout: 60_000 }, async (t) => {
    const judge = await Judge.open(t)
    const hook = new BeforeSend(t, judge)
    const cluster = await Cluster.start(2, () => ({ config: hook.toml, args: ['--api-key-file', keys.path('api')] }))
    t.after(() => cluster.dispose())
    const { b, alice, bob } = await cluster.apart(t)
    const there = await connectV1(b, alice.userId, { t })
    const peer = user(bob.userId)
    judge.answer(({ content }) => (content === 'bad' ? deny('words') : replace(`${content}!`)))
    const params = text(peer, 'x')
    const { message } = await alice.call('message.send', params)
    assert.deepEqual([message.content, await bob.message()], ['x!', message])
    assert.deepEqual(await there.call('message.send', params), { message, duplicate: true })
    await there.fails(-32009, 'message.send', { ...params, content: 'x!' })
    await denied(there, 'message.send', text(peer, 'bad'), 'words')
    assertDenied(await push(b, { userId: alice.userId, targetUserId: bob.userId, content: 'bad' }), 'words')
    const release = judge.hold(({ content }) => content === 'on both')
    const same = text(peer, 'on both')
    const both = [alice, there].map((session) => session.call('message.send', same))
    await judge.waitFor(() => judge.of('on both').length === 2)
    release(replace('***'))
    const answers = await Promise.all(both)
    assert.deepEqual(answers.map(({ duplicate }) => duplicate).sort(), [false, true])
    assert.deepEqual(answers[0].message, answers[1].message)
    await eventually(5_000, 'it to be there', async () => (await bob.all(user(alice.userId))).length === 2)
    assert.deepEqual((await bob.all(user(alice.userId))).map(({ content }) => content), ['x!', '***'])
  })
})
