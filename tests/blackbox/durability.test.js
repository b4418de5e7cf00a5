// Durable then acknowledged; once; through kill -9 of the server and of PostgreSQL, and a full disk.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { contents, get, history, newUser, push, pushed, wholeHistory } from './lib/client.js'
import { fill, tinyDisk } from './lib/disk.js'
import { random as randomOf } from './lib/faults.js'
import { Load } from './lib/load.js'
import { assertProblem } from './lib/problem.js'
import { again, runToEnd, serverFor } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'
import { delay, eventually, timed } from './lib/wait.js'
import { Postgres } from './lib/postgres.js'

// Moments of the kills; a failing run can be repeated with the seed that it names.
const seed = Number(process.env.HONGYAN_TEST_SEED ?? Date.now() % 1_000_000)
const random = randomOf(seed)

// What it tells is looked at by a test of its own.
const assertUnavailable = (answer) => assertProblem(answer, 503, { discreet: false })

for (const kind of storeKinds) {
  describe(`kill -9 of the server on ${kind} (HONGYAN_TEST_SEED=${seed})`, () => {
    let store
    before(async () => { store = await openStore(kind) })
    after(() => store?.dispose())

    for (const hedged of [false, true]) {
      it(`in mid load${hedged ? ', each push sent twice at once' : ''}: nothing acknowledged is lost, nothing is there twice`, async (t) => {
        let server = await serverFor(t, { database: await store.newDatabase() })
        const load = new Load(() => server, { hedged }).start()
        for (let cycle = 0; cycle < 4; cycle++) {
          await load.watch(t)
          await load.progress(20)
          await delay(random() * 300)
          await server.kill9()
          server = await again(t, server)
        }
        await load.progress(50)
        await load.stop()
        assert.ok(await load.verify() >= 130)
        await server.kill9()
        server = await again(t, server)
        await load.verify()
      })
    }

    it('right after an acknowledgement: it is there', async (t) => {
      let server = await serverFor(t, { database: await store.newDatabase() })
      const a = newUser()
      for (let i = 0; i < 4; i++) {
        await pushed(server, { userId: a, targetUserId: 1, content: `${i}` })
        server.signal('SIGKILL')
        await server.kill9()
        server = await again(t, server)
        assert.deepEqual(contents(await history(server, { userId: a })), Array.from({ length: i + 1 }, (_, k) => `${k}`))
      }
    })

    it('while 16 clients race one clientMsgId: it is one message', async (t) => {
      let server = await serverFor(t, { database: await store.newDatabase() })
      const a = newUser()
      for (let round = 0; round < 3; round++) {
        const chat = { userId: a, targetUserId: 1, content: `round ${round}`, clientMsgId: `round-${round}` }
        const racing = Promise.allSettled(Array.from({ length: 16 }, () => push(server, chat)))
        await delay(random() * 8)
        await server.kill9()
        await racing
        server = await again(t, server)
        await Promise.all(Array.from({ length: 16 }, () => pushed(server, chat)))
      }
      assert.deepEqual(contents(await history(server, { userId: a })), ['round 0', 'round 1', 'round 2'])
    })
  })
}

describe('PostgreSQL that goes and comes back', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  let postgres
  before(async () => { postgres = await Postgres.create() })
  beforeEach(async () => { if (!postgres.running) await postgres.start() })
  after(() => postgres?.dispose())

  // What the server has to be while the database is away.
  async function assertAway(server) {
    const readiness = await eventually(15_000, '/readyz to say 503', async () => {
      const answer = await get(server, '/readyz')
      return answer.status === 503 && answer
    })
    assertUnavailable(readiness)
    assert.equal((await get(server, '/healthz')).status, 200, 'alive')
    const a = newUser()
    const { ms, value } = await timed(() => push(server, { userId: a, targetUserId: 1, content: 'refused' }))
    assertUnavailable(value)
    assert.ok(ms < 11_000, `refused after ${ms} ms`)
    assertUnavailable(await get(server, `/getMessage?userId=${a}`))
    assertProblem(await push(server, '{'), 400)
    return a
  }
  // Within 5 s of its return everything works again.
  async function assertBack(server) {
    const a = newUser()
    const { ms } = await timed(() => eventually(8_000, 'the first push after the return', async () => {
      const answer = await push(server, { userId: a, targetUserId: 1, content: 'back', clientMsgId: 'back' })
      if (answer.status !== 200) assertUnavailable(answer)
      return answer.status === 200
    }))
    assert.ok(ms <= 5_000, `back after ${Math.round(ms)} ms`)
    await eventually(Math.max(1, 5_000 - ms), '/readyz to say 200', async () => (await get(server, '/readyz')).status === 200)
    assert.deepEqual(contents(await history(server, { userId: a })), ['back'])
  }

  it('that is away is not described to strangers: a refusal tells no address, port or name', async (t) => {
    const database = await postgres.newDatabase()
    const server = await serverFor(t, { database })
    await postgres.kill9()
    for (const answer of [await push(server, { userId: 1, targetUserId: 2, content: 'x' }), await get(server, '/getMessage?userId=1')]) {
      assertProblem(answer, 503)
      assert.doesNotMatch(answer.text, new RegExp(`127\\.0\\.0\\.1|${postgres.port}|${database.split('/').pop()}`))
    }
  })

  it('by kill -9 in mid load: the server lives, refuses honestly, is back in 5 s, and nothing is lost or doubled', async (t) => {
    const server = await serverFor(t, { database: await postgres.newDatabase() })
    const load = new Load(() => server).start()
    await load.watch(t)
    const state = async () => (await get(server, '/metrics')).text.split('\n').filter((row) => /^\w*(database|store|db_)\w*[{ ]/i.test(row) && !/_(bucket|sum|count|total)[{ ]/.test(row)).join('\n')
    for (let cycle = 0; cycle < 2; cycle++) {
      await load.progress(40)
      const up = await state()
      await delay(random() * 200)
      await postgres.kill9()
      const refusedUser = await assertAway(server)
      assert.notEqual(await state(), up, 'the metrics tell of it')
      assert.ok(server.running)
      await postgres.start()
      await assertBack(server)
      assert.deepEqual(await history(server, { userId: refusedUser }), [], 'what was refused is not stored later')
      await load.progress(40)
    }
    await load.stop()
    assert.ok(load.refusals.length > 0, 'clients were refused meanwhile')
    for (const answer of load.refusals) assertUnavailable(answer)
    await load.verify()
  })

  it('together with the server, both by kill -9: nothing acknowledged is lost, nothing is there twice', async (t) => {
    let server = await serverFor(t, { database: await postgres.newDatabase() })
    const load = new Load(() => server).start()
    await load.progress(60)
    await Promise.all([server.kill9(), postgres.kill9()])
    await postgres.start()
    server = await again(t, server)
    await load.progress(60)
    await load.stop()
    await load.verify()
  })

  it('by an orderly restart in mid load: nothing is lost or doubled', async (t) => {
    const server = await serverFor(t, { database: await postgres.newDatabase() })
    const load = new Load(() => server).start()
    await load.progress(40)
    await postgres.stop()
    await postgres.start()
    await assertBack(server)
    await load.progress(40)
    await load.stop()
    for (const answer of load.refusals) assertUnavailable(answer)
    await load.verify()
  })

  it('by terminated connections in mid load: nothing is lost or doubled', async (t) => {
    const server = await serverFor(t, { database: await postgres.newDatabase() })
    const load = new Load(() => server).start()
    for (let i = 0; i < 4; i++) {
      await load.progress(40)
      await postgres.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
    }
    await load.progress(40)
    await load.stop()
    for (const answer of load.refusals) assertUnavailable(answer)
    await load.verify()
    assert.ok(server.running)
  })

  it('that is absent at start: the server listens, refuses, and is there within 5 s of its coming', async (t) => {
    const database = await postgres.newDatabase()
    await postgres.stop()
    const server = await serverFor(t, { database, ready: false })
    const refusedUser = await assertAway(server)
    await postgres.start()
    await assertBack(server)
    assert.deepEqual(await history(server, { userId: refusedUser }), [])
  })

  it('that freezes in mid load: pushes are refused in time, and work again when it thaws', async (t) => {
    const server = await serverFor(t, { database: await postgres.newDatabase() })
    const load = new Load(() => server).start()
    await load.progress(40)
    postgres.freeze()
    try {
      const { ms, value } = await timed(() => push(server, { userId: newUser(), targetUserId: 1, content: 'into the ice' }, { ms: 25_000 }))
      assertUnavailable(value)
      t.diagnostic(`a push into a frozen database was refused after ${Math.round(ms)} ms`)
      assert.equal((await get(server, '/healthz')).status, 200)
    } finally {
      postgres.thaw()
    }
    await assertBack(server)
    await load.stop()
    for (const answer of load.refusals) assertUnavailable(answer)
    await load.verify()
  })
})

describe('a full disk under SQLite', { skip: !storeKinds.includes('sqlite') && 'HONGYAN_TEST_STORES is without sqlite' }, () => {
  const databaseOn = ({ directory }) => `sqlite:${path.join(directory, 'hongyan.db')}`

  it('while running: 503 and nothing half done, reads go on, and it works again when there is space', async (t) => {
    const disk = await tinyDisk(t, '8m')
    if (!disk) return
    const server = await serverFor(t, { database: databaseOn(disk), prefix: disk.prefix })
    const a = newUser()
    const stored = []
    const send = async (content) => {
      const answer = await push(server, { userId: a, targetUserId: 1, content })
      if (answer.status === 200) stored.push(content)
      else assertUnavailable(answer)
      return answer.status
    }
    for (let i = 0; i < 5; i++) assert.equal(await send(`before ${i}`), 200)
    const filler = fill(disk)
    // The log that is there may still take some; then it has to grow, and cannot.
    let refusals = 0
    for (let i = 0; i < 600 && refusals < 5; i++) if (await send(`full ${i} ${'满'.repeat(4000)}`) === 503) refusals++
    assert.equal(refusals, 5, 'the disk was full')
    await eventually(5_000, '/readyz to say 503', async () => (await get(server, '/readyz')).status === 503)
    assert.equal((await get(server, '/healthz')).status, 200)
    assert.deepEqual(contents(await wholeHistory(server, a)), stored, 'reads go on, and tell what was acknowledged')
    fs.rmSync(filler)
    const { ms } = await timed(() => eventually(8_000, 'a push to be stored again', async () => (await send(`after ${Date.now()}`)) === 200))
    assert.ok(ms <= 5_000, `back after ${Math.round(ms)} ms`)
    await eventually(5_000, '/readyz to say 200', async () => (await get(server, '/readyz')).status === 200)
    assert.deepEqual(contents(await wholeHistory(server, a)), stored)
    await server.kill9()
    const second = await again(t, server)
    assert.deepEqual(contents(await wholeHistory(second, a)), stored)
  })

  it('is not described to strangers: a refusal tells no path', async (t) => {
    const disk = await tinyDisk(t, '2m')
    if (!disk) return
    const server = await serverFor(t, { database: databaseOn(disk), prefix: disk.prefix })
    fill(disk)
    let answer
    for (let i = 0; i < 600 && answer?.status !== 503; i++) answer = await push(server, { userId: 1, targetUserId: 1, content: '满'.repeat(4000) })
    assertProblem(answer, 503)
    assert.ok(!answer.text.includes(disk.directory))
  })

  it('at start: one line and exit status 2', async (t) => {
    const disk = await tinyDisk(t, '1m')
    if (!disk) return
    fill(disk)
    const end = await runToEnd(['--listen', '127.0.0.1:0', '--database', databaseOn(disk)], { prefix: disk.prefix })
    assert.equal(end.code, 2, `ended with ${end.code ?? end.signal}: ${end.stderr}`)
    assert.equal(end.stdout, '')
    assert.match(end.stderr, /^[^\n]+\n$/, 'one line')
    assert.match(end.stderr, /database|hongyan\.db/)
  })
})
