// SIGTERM and SIGINT: what was accepted is stored and answered, sockets are told, exit 0 in time.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { connect, contents, get, history, newUser, push, pushed, wholeHistory } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { Postgres } from './lib/postgres.js'
import { opcodes, RawConnection, rawSession, requestText } from './lib/raw.js'
import { again, serverFor } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'
import { delay, timed, within } from './lib/wait.js'

// Ends the server by `signal`, and insists on status 0 within `seconds` (and a little, for the machine).
async function assertDrains(server, signal, seconds) {
  const { ms, value } = await timed(() => {
    server.signal(signal)
    return within(30_000, server.process.ended, `the end after ${signal}`)
  })
  assert.deepEqual(value, { code: 0, signal: null }, server.stderr().slice(-2000))
  assert.ok(ms <= seconds * 1000 + 700, `ended after ${Math.round(ms)} ms`)
  return ms
}

for (const signal of ['SIGTERM', 'SIGINT']) {
  it(`${signal} ends an idle server with status 0`, async (t) => {
    const server = await serverFor(t)
    await assertDrains(server, signal, 10)
  })

  it(`${signal} closes sockets with 1001 and ends with status 0`, async (t) => {
    const server = await serverFor(t)
    const sessions = await Promise.all(Array.from({ length: 20 }, () => connect(server, newUser(), { t })))
    const draining = assertDrains(server, signal, 10)
    for (const session of sessions) assert.equal((await session.closing(10_000)).code, 1001)
    await draining
  })
}

for (const kind of storeKinds) {
  it(`SIGTERM in mid load on ${kind}: what was stored was answered, and what was answered is stored`, async (t) => {
    const store = await openStore(kind)
    t.after(() => store.dispose())
    const server = await serverFor(t, { database: await store.newDatabase() })
    const users = Array.from({ length: 8 }, newUser)
    const outcomes = new Map() // content → status, or 'none'
    let acknowledged = 0
    let working = true
    const load = Promise.all(users.map(async (userId) => {
      const agent = new server.http.Agent({ keepAlive: true, maxSockets: 1 })
      for (let i = 0; working; i++) {
        const content = `${userId}#${i}`
        // Each is sent once only: its one answer is all that the client will ever know.
        const answer = await push(server, { userId, targetUserId: 1, content }, { agent }).catch(() => null)
        outcomes.set(content, answer ? answer.status : 'none')
        if (answer?.status === 200) acknowledged++
        else if (answer) assertProblem(answer, 503)
        else break
      }
      agent.destroy()
    }))
    const session = await connect(server, 1, { t })
    const end = Date.now() + 10_000
    while (acknowledged < 100 && Date.now() < end) await Promise.race([delay(5), load])
    assert.ok(acknowledged >= 100)
    await assertDrains(server, 'SIGTERM', 10)
    assert.equal((await session.closing()).code, 1001)
    working = false
    await load
    const second = await again(t, server)
    const stored = new Set()
    for (const user of users) for (const content of contents(await wholeHistory(second, user))) stored.add(content)
    const lost = [...outcomes].filter(([content, outcome]) => outcome === 200 && !stored.has(content))
    const silent = [...outcomes].filter(([content, outcome]) => outcome !== 200 && stored.has(content))
    assert.deepEqual(lost, [], 'answered and not stored')
    assert.deepEqual(silent, [], 'stored and not answered')
  })
}

describe('a drain ends in time', () => {
  const config = '[drain]\ntimeout = 3\n'

  it('with peers that never answer the close frame', async (t) => {
    const server = await serverFor(t, { config })
    const raws = await Promise.all(Array.from({ length: 5 }, () => rawSession(server, newUser(), t)))
    const draining = assertDrains(server, 'SIGTERM', 3)
    for (const raw of raws) {
      const last = await raw.frame()
      assert.equal(last.opcode, opcodes.close)
      assert.equal(last.code, 1001)
    }
    await draining
  })

  it('with peers that do not even read', async (t) => {
    const server = await serverFor(t, { config })
    const user = newUser()
    for (let i = 0; i < 3; i++) (await rawSession(server, user, t)).socket.pause()
    const agent = new server.http.Agent({ keepAlive: true, maxSockets: 4 })
    await Promise.all(Array.from({ length: 120 }, () => pushed(server, { userId: user, targetUserId: user, content: 'x'.repeat(4096) }, { agent })))
    agent.destroy()
    await assertDrains(server, 'SIGTERM', 3)
  })

  it('with idle connections, half a header and half a body', async (t) => {
    const server = await serverFor(t, { config })
    const idle = await RawConnection.open(server, t)
    const kept = await RawConnection.open(server, t)
    kept.write(requestText('GET', '/healthz'))
    assert.equal((await kept.response()).status, 200)
    const header = await RawConnection.open(server, t)
    header.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-')
    const body = await RawConnection.open(server, t)
    body.write(requestText('POST', '/push', { 'Content-Length': 100 }, '{"userId":1,'))
    await get(server, '/healthz')
    await assertDrains(server, 'SIGTERM', 3)
    for (const raw of [idle, kept, header, body]) await raw.closing()
  })

  it('and lets nobody in meanwhile', async (t) => {
    const server = await serverFor(t, { config })
    const raw = await rawSession(server, newUser(), t)
    const draining = assertDrains(server, 'SIGTERM', 3)
    assert.equal((await raw.frame()).code, 1001)
    // The silent peer may hold the drain open; whether or not it does, this is no time to come in.
    for (let i = 0; i < 5; i++) {
      const session = await connect(server, newUser()).catch(() => null)
      session?.socket.terminate()
      assert.equal(session, null, 'a session was let in during the drain')
      const answer = await get(server, '/readyz', { ms: 5_000 }).catch(() => null)
      if (answer) assert.equal(answer.status, 503)
    }
    await draining
  })

  it('under a second signal', async (t) => {
    const server = await serverFor(t, { config })
    await rawSession(server, newUser(), t)
    server.signal('SIGTERM')
    await assertDrains(server, 'SIGTERM', 3)
  })

  const skip = !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres'
  it('with PostgreSQL gone', { skip }, async (t) => {
    const postgres = await Postgres.create()
    t.after(() => postgres.dispose())
    const server = await serverFor(t, { config, database: await postgres.newDatabase() })
    await pushed(server, { userId: 1, targetUserId: 2, content: 'x' })
    await postgres.kill9()
    assert.equal((await push(server, { userId: 1, targetUserId: 2, content: 'y' })).status, 503)
    await assertDrains(server, 'SIGTERM', 3)
  })

  it('with PostgreSQL frozen under pushes', { skip }, async (t) => {
    const postgres = await Postgres.create()
    t.after(() => postgres.dispose())
    const server = await serverFor(t, { config, database: await postgres.newDatabase() })
    await pushed(server, { userId: 1, targetUserId: 2, content: 'x' })
    postgres.freeze()
    const answers = Array.from({ length: 5 }, (_, i) => push(server, { userId: 1, targetUserId: 2, content: `${i}` }).catch(() => null))
    await delay(200) // so that they are under way
    await assertDrains(server, 'SIGTERM', 3)
    for (const answer of await Promise.all(answers)) if (answer) assert.equal(answer.status, 503)
  })
})

it('what was pushed before a drain is there after it, as it was', async (t) => {
  const server = await serverFor(t)
  const a = newUser()
  for (let i = 0; i < 10; i++) await pushed(server, { userId: a, targetUserId: 1, content: `${i}` })
  const before = await history(server, { userId: a })
  await assertDrains(server, 'SIGTERM', 10)
  const second = await again(t, server)
  assert.deepEqual(await history(second, { userId: a }), before)
})
