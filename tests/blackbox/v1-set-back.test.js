// v1: a store that was set back, by a copy put back or a failover that lost commits, is noticed by whoever comes
// back and by whoever stayed: they are told `reset`, see every new message, and keep no ghost.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { get } from './lib/client.js'
import { Postgres, withStandby } from './lib/postgres.js'
import { run } from './lib/processes.js'
import { again, serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { connectV1, flood, Replica, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const fileOf = (server) => server.database.slice('sqlite:'.length)
const beside = ['', '-wal', '-shm']
const shell = (file, ...commands) => run('sqlite3', [file, ...commands])
const metric = async (server, name) => Number(new RegExp(`^${name}(?:{[^}]*})? (\\S+)$`, 'm').exec((await get(server, '/metrics')).text)?.[1] ?? 0)

// b has what a said up to `kept` from a page, and what came after it live; `backUp` is called between the two.
async function history(server, t, backUp) {
  const a = await connectV1(server, 'a', { t })
  const b = await connectV1(server, 'b', { t })
  const replica = new Replica()
  const [{ conversationId }] = await flood(a, user('b'), 1, 10)
  await replica.sync(b)
  await backUp()
  await flood(a, user('b'), 11, 20, (i) => `ghost ${i}`)
  await eventually(5_000, 'b to hear of all', () => b.lastSeq.get(conversationId) === 20)
  for (const { message } of b.left('message')) replica.keep(message)
  replica.positions[conversationId] = 10
  replica.advance(conversationId)
  assert.equal(replica.positions[conversationId], 20)
  return { b, replica, conversationId }
}

// Whoever comes back sees what is there, and nothing else.
async function comesBack(server, t, { replica, conversationId }, { from = 11 } = {}) {
  const a = await connectV1(server, 'a', { t })
  await flood(a, user('b'), from, from + 11, (i) => `new ${i}`)
  const b = await connectV1(server, 'b', { t })
  assert.equal(replica.resets, 0)
  await replica.sync(b, { recent: 100 })
  assert.equal(replica.resets, 1, 'told once')
  const stored = await b.all(user('a'))
  assert.ok(stored.some(({ content }) => content === `new ${from}`))
  assert.ok(!stored.some(({ content }) => `${content}`.startsWith('ghost')))
  assert.deepEqual(replica.of(conversationId), stored)
  const [{ reset }] = await replica.sync(b)
  assert.equal(reset, false, 'and then it goes on')
}

const urlOfBoth = ({ primary, standby, name }) =>
  `postgresql://hongyan@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/${name}?target_session_attrs=read-write`

if (storeKinds.includes('sqlite')) {
  describe('v1 and an SQLite file that was set back', () => {
    // How the copy is made of the running server's file, and put back while there is none.
    const ways = {
      'by .backup, copied over the file': {
        copy: (file, to) => shell(file, `.backup '${to}'`),
        back: (from, file) => { for (const name of ['-wal', '-shm']) fs.rmSync(file + name, { force: true }); fs.copyFileSync(from, file) },
      },
      'by a copy of the three files': {
        copy: (file, to) => { for (const name of beside) fs.copyFileSync(file + name, to + name) },
        back: (from, file) => { for (const name of beside) fs.copyFileSync(from + name, file + name) },
      },
      'by a copy of the one file': {
        copy: async (file, to) => { await shell(file, 'PRAGMA wal_checkpoint(TRUNCATE)'); fs.copyFileSync(file, to) },
        back: (from, file) => { for (const name of ['-wal', '-shm']) fs.rmSync(file + name, { force: true }); fs.copyFileSync(from, file) },
      },
      'by .restore': {
        copy: (file, to) => shell(file, `.backup '${to}'`),
        back: (from, file) => shell(file, `.restore '${from}'`),
      },
    }
    for (const [name, { copy, back }] of Object.entries(ways)) {
      it(`${name}: whoever comes back is told`, async (t) => {
        const server = await serverFor(t, {})
        const file = fileOf(server)
        const kept = path.join(server.directory, 'kept')
        const held = await history(server, t, () => copy(file, kept))
        if (name.includes('three')) await server.kill9() // as a disk that was rolled back
        else await server.stop()
        await back(kept, file)
        const next = await again(t, server)
        await comesBack(next, t, held)
        if (next.stderr().includes('event=sync_reset')) assert.ok(await metric(next, 'hongyan_sync_resets_total') >= 1)
      })
    }

    it('under the running server: whoever stayed is sent away, and told', async (t) => {
      const server = await serverFor(t, {})
      const file = fileOf(server)
      const kept = path.join(server.directory, 'kept')
      const held = await history(server, t, () => shell(file, `.backup '${kept}'`))
      await shell(file, `.restore '${kept}'`)
      const { reconnectAfterMs, code } = await held.b.next('closing', undefined, 5_000)
      assert.ok(code === 1001 && reconnectAfterMs > 0, 'spread')
      assert.equal((await held.b.closing()).code, 1001)
      assert.match(server.stderr() + server.stdout(), /event=store_set_back/)
      assert.equal(await metric(server, 'hongyan_store_set_back_total'), 1)
      await comesBack(server, t, held)
    })

    it('that was deleted: nothing is acknowledged, /readyz says why, and what is put back is used', async (t) => {
      const server = await serverFor(t, {})
      const file = fileOf(server)
      const held = await history(server, t, () => {})
      fs.mkdirSync(path.join(server.directory, 'away'))
      for (const name of beside) fs.renameSync(file + name, path.join(server.directory, 'away', path.basename(file) + name))
      const error = await (await connectV1(server, 'a', { t })).fails(-32053, 'message.send', { to: user('b'), clientMsgId: 'lost', kind: 'text', content: 'x' })
      assert.ok(error.data.retryAfterMs > 0)
      await eventually(3_000, '/readyz to say no', async () => {
        const { status, text } = await get(server, '/readyz')
        return status === 503 && /gone/.test(text)
      })
      for (const name of beside) fs.renameSync(path.join(server.directory, 'away', path.basename(file) + name), file + name)
      await server.becomeReady()
      const a = await connectV1(server, 'a', { t })
      assert.equal((await a.say(user('b'), 'again')).seq, 21)
      const b = await connectV1(server, 'b', { t })
      await held.replica.sync(b)
      assert.equal(held.replica.resets, 0, 'it is the same store')
    })
  })
}

if (storeKinds.includes('postgres')) {
  describe('v1 and a PostgreSQL that was set back', () => {
    let cluster
    before(async () => { cluster = await Postgres.create() })
    after(() => cluster?.dispose())
    const tool = (name, ...args) => run(path.join(cluster.bin, name), args, { env: cluster.env })

    it('by pg_restore --clean while the server is down: whoever comes back is told', async (t) => {
      const url = await cluster.newDatabase()
      const server = await serverFor(t, { database: url })
      const dump = path.join(server.directory, 'dump')
      const held = await history(server, t, () => tool('pg_dump', '-Fc', '-f', dump, '-d', url))
      await server.stop()
      await tool('pg_restore', '--clean', '--if-exists', '-1', '-d', url, dump)
      await comesBack(await again(t, server), t, held)
    })

    it('by pg_restore --clean under the running server: whoever stayed is sent away, and told', async (t) => {
      const url = await cluster.newDatabase()
      const server = await serverFor(t, { database: url })
      const dump = path.join(server.directory, 'dump')
      const held = await history(server, t, () => tool('pg_dump', '-Fc', '-f', dump, '-d', url))
      await tool('pg_restore', '--clean', '--if-exists', '-1', '-d', url, dump)
      assert.equal((await held.b.closing(10_000)).code, 1001)
      await server.becomeReady()
      assert.match(server.stderr() + server.stdout(), /event=store_set_back/)
      assert.equal(await metric(server, 'hongyan_store_set_back_total'), 1)
      await comesBack(server, t, held)
    })

    it('by an asynchronous standby that was promoted: whoever stayed is sent away, and told', async (t) => {
      const both = await withStandby(t)
      const { primary, standby } = both
      const server = await serverFor(t, { database: urlOfBoth(both) })
      const held = await history(server, t, async () => {
        await standby.caughtUp(primary)
        await standby.cutOff()
      })
      await primary.kill9()
      await standby.promote()
      assert.equal((await held.b.closing(15_000)).code, 1001)
      await server.becomeReady()
      assert.match(server.stderr() + server.stdout(), /event=store_set_back/)
      await comesBack(server, t, held)
    })

    it('a standby that lost nothing is promoted: nobody is told anything', async (t) => {
      const both = await withStandby(t)
      const { primary, standby } = both
      const server = await serverFor(t, { database: urlOfBoth(both) })
      const { b, replica } = await history(server, t, () => {})
      await standby.caughtUp(primary)
      await primary.kill9()
      await standby.promote()
      await server.becomeReady()
      await eventually(10_000, 'a message to be stored', async () => (await connectV1(server, 'a', { t })).say(user('b'), 'on').catch(() => false))
      await replica.sync(b)
      assert.equal(replica.resets, 0)
      assert.equal(await metric(server, 'hongyan_store_set_back_total'), 0)
    })
  })
}
