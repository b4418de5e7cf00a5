// Who is online, and /close.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, contents, get, newUser, online, pushed, request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { closePayload, frame, opcodes, rawSession } from './lib/raw.js'
import { startServer } from './lib/server.js'
import { eventually } from './lib/wait.js'

let server
before(async () => { server = await startServer({ args: ['--node', 'goose-1'] }) })
after(() => server?.dispose())

const close = (userId) => get(server, `/close?userId=${userId}`)
const offline = (userId) => eventually(5_000, `user ${userId} offline`, async () => !(userId in await online(server)))

describe('GET /getOnlineUser', () => {
  it('is an empty object when nobody is there', async (t) => {
    const fresh = await startServer()
    t.after(() => fresh.dispose())
    const answer = await get(fresh, '/getOnlineUser')
    assert.match(answer.headers['content-type'], /^application\/json\b/)
    assert.deepEqual(answer.json(), {})
  })

  it('shows a user as soon as the upgrade was answered', async (t) => {
    for (let i = 0; i < 20; i++) {
      const user = newUser()
      await connect(server, user, { t })
      assert.ok(user in await online(server), `user ${user} is online`)
    }
  })

  it('shows userId, sessions, nodes and since, keyed by user id', async (t) => {
    const [a, b] = [newUser(), newUser()]
    const begin = Date.now()
    for (const user of [a, a, b, 'a:b@c']) await connect(server, user, { t })
    const users = await online(server)
    assert.strictEqual(users[a].userId, a)
    assert.equal(users[a].sessions, 2)
    assert.equal(users[b].sessions, 1)
    assert.strictEqual(users['a:b@c'].userId, 'a:b@c')
    for (const user of [a, b, 'a:b@c']) {
      assert.deepEqual(users[user].nodes, ['goose-1'])
      assert.equal(typeof users[user].since, 'string')
      const since = Date.parse(users[user].since)
      assert.ok(since >= begin - 1000 && since <= Date.now() + 1000, `since ${users[user].since}`)
    }
  })

  it('counts sessions down as they close, and drops a user with the last', async (t) => {
    const user = newUser()
    const sessions = [await connect(server, user, { t }), await connect(server, user, { t }), await connect(server, user, { t })]
    assert.equal((await online(server))[user].sessions, 3)
    await sessions[0].close()
    await eventually(5_000, 'two sessions', async () => (await online(server))[user].sessions === 2)
    sessions[1].socket.terminate()
    await eventually(5_000, 'one session', async () => (await online(server))[user].sessions === 1)
    await sessions[2].close()
    await offline(user)
  })

  it('drops a user whose connection is reset', async (t) => {
    const user = newUser()
    const raw = await rawSession(server, user, t)
    assert.ok(user in await online(server))
    raw.reset()
    await offline(user)
  })

  it('drops a user whose connection ends without a close frame', async (t) => {
    const user = newUser()
    const raw = await rawSession(server, user, t)
    raw.socket.end()
    await offline(user)
    await raw.closing()
  })

  it('stays right when many come and go at once', async (t) => {
    const users = Array.from({ length: 40 }, newUser)
    const sessions = await Promise.all(users.map((user) => connect(server, user, { t })))
    const there = await online(server)
    for (const user of users) assert.equal(there[user]?.sessions, 1)
    await Promise.all(sessions.map((session, i) => (i % 2 ? session.close() : session.socket.terminate())))
    await eventually(5_000, 'all offline', async () => {
      const now = await online(server)
      return users.every((user) => !(user in now))
    })
  })
})

describe('GET /close', () => {
  it('closes all sessions of the user with 4003, and of nobody else', async (t) => {
    const [a, b] = [newUser(), newUser()]
    const own = await Promise.all([connect(server, a, { t }), connect(server, a, { t }), connect(server, a, { t })])
    const other = await connect(server, b, { t })
    const answer = await close(a)
    assert.equal(answer.status, 200)
    assert.match(answer.headers['content-type'], /^text\/plain\b/)
    assert.equal(answer.text, 'ok')
    assert.ok(!(a in await online(server)), 'offline when it has answered')
    for (const session of own) assert.equal((await session.closing()).code, 4003)
    await other.ping()
    assert.ok(other.isOpen)
    assert.equal((await online(server))[b].sessions, 1)
  })

  it('answers ok when there was none', async () => {
    for (const user of [newUser(), 'nobody:here@all']) {
      const answer = await close(user)
      assert.equal(answer.status, 200)
      assert.equal(answer.text, 'ok')
    }
  })

  it('has the user offline when it answers, also when the peer never finishes the closing handshake', async (t) => {
    const user = newUser()
    const silent = [await rawSession(server, user, t), await rawSession(server, user, t)]
    assert.equal((await online(server))[user].sessions, 2)
    const answer = await close(user)
    assert.equal(answer.text, 'ok')
    assert.ok(!(user in await online(server)))
    for (const raw of silent) {
      const last = await raw.frame()
      assert.equal(last.opcode, opcodes.close)
      assert.equal(last.code, 4003)
    }
  })

  it('has the user offline when it answers, also when the peer does not even read', async (t) => {
    const user = newUser()
    const raw = await rawSession(server, user, t)
    raw.socket.pause()
    for (let i = 0; i < 20; i++) await pushed(server, { userId: user, targetUserId: user, content: 'x'.repeat(4096) })
    assert.equal((await close(user)).text, 'ok')
    assert.ok(!(user in await online(server)))
  })

  it('delivers nothing to a closed session that lingers, and counts a new one only', async (t) => {
    const user = newUser()
    const lingering = await rawSession(server, user, t)
    await close(user)
    assert.equal((await lingering.frame()).code, 4003)
    const fresh = await connect(server, user, { t })
    assert.equal((await online(server))[user].sessions, 1)
    await pushed(server, { userId: 1, targetUserId: user, content: 'after' })
    assert.deepEqual(contents(await fresh.next()), ['after'])
    assert.equal(lingering.received.length, 0, 'nothing after the close frame')
    lingering.write(frame(opcodes.close, closePayload(4003)))
    await lingering.closing()
    assert.equal((await online(server))[user].sessions, 1, 'the end of the old one does not take the new one along')
  })

  it('and connecting, raced, leave the count as it is', async (t) => {
    const user = newUser()
    for (let i = 0; i < 10; i++) {
      const [session] = await Promise.all([connect(server, user, { t }), close(user)])
      session.socket.terminate()
    }
    await close(user)
    await eventually(5_000, 'offline', async () => !(user in await online(server)))
    const session = await connect(server, user, { t })
    assert.equal((await online(server))[user].sessions, 1)
    await pushed(server, { userId: 1, targetUserId: user, content: 'still works' })
    assert.equal((await session.next()).at(-1).content, 'still works')
  })

  for (const query of ['', '?', '?userId=', '?userId=a%20b', `?userId=${'x'.repeat(65)}`, '?userId=%E5%BC%A0', '?userid=1']) {
    it(`with a bad id is 400: /close${query.slice(0, 30)}`, async () => {
      assertProblem(await get(server, `/close${query}`), 400, { mentions: /userId/ })
    })
  }

  it('is a GET', async () => {
    const user = newUser()
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await request(server, { method, path: `/close?userId=${user}` })
      assertProblem(answer, 405)
      assert.match(answer.headers.allow, /\bGET\b/)
    }
  })
})
