// Promise 10: of several PostgreSQL hosts one is the primary. A false one, which goes on beside a standby that was promoted,
// costs service and never a message; one that cannot store is named, and nothing is acknowledged on its word alone.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { get } from './lib/client.js'
import { figure } from './lib/cluster.js'
import { freePort, Postgres, withStandby } from './lib/postgres.js'
import { makeDirectory, removeDirectory, start } from './lib/processes.js'
import { serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { connectV1, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const log = (server) => server.stdout() + server.stderr()
const hostOf = (postgres) => `127.0.0.1:${postgres.port}`
const urlOf = (hosts, name, parameters = '') => `postgresql://hongyan@${hosts.map(hostOf).join()}/${name}${parameters}`
const stored = async (postgres, name) => Number(await postgres.sql('SELECT count(*) FROM message', name))
const refuses = (server, why, ms = 5_000) => eventually(ms, `/readyz to say ${why}`, async () => {
  const { status, text } = await get(server, '/readyz')
  return status === 503 && why.test(text)
})
const said = (server, line, ms = 10_000) => eventually(ms, `the log to say ${line}`, () => line.test(log(server)))

const member = (t, database, name) => serverFor(t, { database, args: ['--node', name, '--cluster-listen', '127.0.0.1:0'] })
const linked = (server) => eventually(10_000, 'a link', async () => await figure(server, 'hongyan_cluster_peers') === 1)

if (storeKinds.includes('postgres')) {
  describe('one primary', () => {
    it('a standby that is promoted beside the live primary: every node leaves that within two seconds', async (t) => {
      const { primary, standby, name } = await withStandby(t)
      const nodes = [await member(t, urlOf([primary, standby], name), 'x'), await member(t, urlOf([standby, primary], name), 'y')]
      await linked(nodes[0])
      for (const node of nodes) {
        assert.match(log(node), new RegExp(`event=database_up host=${hostOf(primary)} timeline=1`))
        assert.equal(await figure(node, 'hongyan_database_timeline'), 1)
      }
      await standby.promote()
      await Promise.all(nodes.map((node) => said(node, new RegExp(`event=database_changed host=${hostOf(standby)} timeline=2 from_host=${hostOf(primary)} from_timeline=1`), 3_000)))
      const before = await stored(primary, name)
      for (const node of nodes) {
        assert.equal(await figure(node, 'hongyan_database_timeline'), 2)
        await (await connectV1(node, 'a', { t })).say(user('b'), 'hello')
      }
      assert.equal(await stored(standby, name), 2)
      assert.equal(await stored(primary, name), before, 'nothing more on the false one')
    })

    it('where the true primary is away the false one is not used instead', async (t) => {
      const { primary, standby, name } = await withStandby(t)
      const server = await serverFor(t, { database: urlOf([primary, standby], name) })
      await standby.promote()
      await said(server, /event=database_changed/)
      await standby.stop()
      await refuses(server, /it is a primary of timeline 1, and there is one of timeline 2/)
      assert.equal(await stored(primary, name), 0)
      await standby.start()
      await server.becomeReady()
      await eventually(5_000, 'a message to be stored', async () => (await connectV1(server, 'a', { t })).say(user('b'), 'on').catch(() => false))
      assert.equal(await stored(standby, name), 1)
    })

    it('a node that sees the false primary only refuses when a peer tells it of the other', async (t) => {
      const { primary, standby, name } = await withStandby(t)
      const sees = await member(t, urlOf([primary, standby], name), 'sees')
      const blind = await member(t, urlOf([primary], name), 'blind')
      await linked(blind)
      await standby.promote()
      await said(sees, /event=database_timeline timeline=2 before=1/)
      await refuses(blind, /one of timeline 2/, 2_000)
      await (await connectV1(blind, 'a', { t })).fails(-32053, 'message.send', { to: user('b'), clientMsgId: 'x', kind: 'text', content: 'x' })
      assert.equal(await stored(primary, name), 0)
    })

    it('a failover that lost what was delivered: every node tells its clients, also of what another has stored', async (t) => {
      const { primary, standby, name } = await withStandby(t)
      const database = urlOf([primary, standby], name)
      const nodes = [await member(t, database, 'x'), await member(t, database, 'y')]
      await linked(nodes[0])
      const a = await connectV1(nodes[0], 'a', { t })
      const b = await connectV1(nodes[1], 'b', { t })
      await a.say(user('b'), 'kept')
      await standby.caughtUp(primary)
      await standby.cutOff()
      await a.say(user('b'), 'lost')
      await eventually(5_000, 'b to hear of it', () => [...b.lastSeq.values()].includes(2))
      // Who stored it is gone as well: y alone can know.
      await eventually(5_000, 'y to have looked at what it has heard', async () => (await figure(nodes[1], 'hongyan_database_up')) === 1)
      await nodes[0].kill9()
      await primary.kill9()
      await standby.promote()
      assert.equal((await b.closing(15_000)).code, 1001)
      await said(nodes[1], /event=store_set_back/)
      assert.equal(await figure(nodes[1], 'hongyan_store_set_back_total'), 1)
    })

    it('several hosts, a standby first and no word of what is wanted: the primary is found', async (t) => {
      const { primary, standby, name } = await withStandby(t)
      const server = await serverFor(t, { database: urlOf([standby, primary], name) })
      assert.match(log(server), new RegExp(`event=database_up host=${hostOf(primary)}`))
    })

    it('a first host that is frozen holds nobody up for long', async (t) => {
      const { primary, standby, name } = await withStandby(t)
      standby.freeze()
      const server = await serverFor(t, { database: urlOf([standby, primary], name) })
      const a = await connectV1(server, 'a', { t })
      await a.say(user('b'), 'hello')
      await primary.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hongyan'")
      const begin = process.hrtime.bigint()
      await eventually(5_000, 'a message to be stored again', () => a.say(user('b'), 'again').catch(() => false))
      assert.ok(Number(process.hrtime.bigint() - begin) / 1e9 < 1, 'the last good one first')
      standby.thaw()
    })
  })

  describe('a primary that cannot store', () => {
    let postgres
    before(async () => { postgres = await Postgres.create() })
    after(() => postgres?.dispose())
    const name = (url) => url.split('/').at(-1)
    const waitForStandby = async (standbys) => {
      await postgres.sql(`ALTER SYSTEM SET synchronous_standby_names = '${standbys}'`)
      await postgres.sql('SELECT pg_reload_conf()')
    }
    const waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    // The setting holds from when the checkpointer has read it: what was sent before is stored at once.
    const sendOneThatWaits = async (a) => {
      for (;;) {
        const sent = { answered: false }
        const message = { to: user('b'), clientMsgId: uniqueId(), kind: 'text', content: 'hello' }
        a.call('message.send', message).catch(() => {}).finally(() => { sent.answered = true })
        await eventually(5_000, 'a commit to wait', async () => sent.answered || await postgres.sql(waiting) !== '')
        if (!sent.answered) return sent
      }
    }

    it('is named; reads go on, and a cancelled wait acknowledges nothing', async (t) => {
      const server = await serverFor(t, { database: await postgres.newDatabase() })
      t.after(() => waitForStandby(''))
      const a = await connectV1(server, 'a', { t })
      await a.say(user('b'), 'before')
      await waitForStandby('nobody')
      const sent = await sendOneThatWaits(a)
      await postgres.sql(`SELECT pg_cancel_backend(pid) FROM (${waiting}) AS w`)
      await said(server, /event=commit_in_doubt/)
      await refuses(server, /commits wait for a synchronous standby/, 15_000)
      assert.equal((await a.all(user('b'))).length > 0, true, 'reads go on')
      assert.equal(sent.answered, false)
      await waitForStandby('')
      await server.becomeReady()
      await said(server, /event=commit_settled messages=1 stored=true/)
    })

    it('a role whose commits would not wait is made to', async (t) => {
      const url = await postgres.newDatabase()
      await postgres.sql('DROP ROLE IF EXISTS hasty')
      await postgres.sql('CREATE ROLE hasty LOGIN SUPERUSER')
      await postgres.sql('ALTER ROLE hasty SET synchronous_commit = local')
      const server = await serverFor(t, { database: url.replace('hongyan@', 'hasty@') })
      t.after(() => waitForStandby(''))
      const a = await connectV1(server, 'a', { t })
      await a.say(user('b'), 'before')
      await waitForStandby('nobody')
      await sendOneThatWaits(a)
    })

    it('a pooler in transaction mode is named, one in session mode is good', async (t) => {
      const url = await postgres.newDatabase()
      const directory = makeDirectory('pgbouncer')
      t.after(() => removeDirectory(directory))
      fs.chmodSync(directory, 0o755)
      const pooler = async (mode) => {
        const port = await freePort()
        const ini = path.join(directory, `${mode}.ini`)
        fs.writeFileSync(path.join(directory, 'users'), '"hongyan" ""\n')
        fs.writeFileSync(ini, `[databases]\n* = host=127.0.0.1 port=${postgres.port}\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=${port}\n` +
          `unix_socket_dir=\nauth_type=trust\nauth_file=${path.join(directory, 'users')}\npool_mode=${mode}\ndefault_pool_size=20\n` +
          'ignore_startup_parameters=extra_float_digits\n')
        const process = start('/usr/sbin/pgbouncer', [ini], { ...postgres.user, cwd: directory })
        t.after(() => process.kill('SIGKILL'))
        await eventually(5_000, 'pgbouncer to listen', () => /process up/.test(process.out() + process.err()))
        return `postgresql://hongyan@127.0.0.1:${port}/${name(url)}`
      }
      const good = await serverFor(t, { database: await pooler('session') })
      await (await connectV1(good, 'a', { t })).say(user('b'), 'hello')
      const bad = await serverFor(t, { database: await pooler('transaction'), ready: false })
      await refuses(bad, /a pooler in transaction mode is in between; use pool_mode=session/)
    })
  })
}
