// Sends in SQL, as applications say them: by pg in Node and by JDBC in Java. An order and its message are written in one transaction by a process that
// is killed (kill -9) at ten random moments: both are there, or neither is.

import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { random as randomOf } from '../blackbox/lib/faults.js'
import { start } from '../blackbox/lib/processes.js'
import { psql } from '../blackbox/lib/psql.js'
import { runToEnd, serverFor } from '../blackbox/lib/server.js'
import { openStore } from '../blackbox/lib/stores.js'
import { connectV1, range, user } from '../blackbox/lib/v1.js'
import { delay, eventually } from '../blackbox/lib/wait.js'
import { here, javaPackages, javaProgram } from './lib.js'

const KILLS = 10
const LONGEST = 200 // ms: some ten orders
const seed = Number(process.env.HONGYAN_TEST_SEED ?? Date.now() % 1_000_000)
const random = randomOf(seed)

const lines = (text, word) => text.split('\n').filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1))

describe(`orders and their messages (HONGYAN_TEST_SEED=${seed})`, () => {
  let store
  before(async () => { store = await openStore('postgres') })
  after(() => store?.dispose())

  // `command(url, name)`: what to start, for the role `shop` of that database.
  async function assertBothOrNeither(t, command) {
    const database = await store.newDatabase()
    const server = await serverFor(t, { database })
    await psql(database, "DO $$ BEGIN CREATE ROLE shop LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$", 'CREATE TABLE orders (id text PRIMARY KEY)', 'GRANT INSERT ON orders TO shop')
    const { code, stderr } = await runToEnd(['grant-sql', 'shop', '--database', database])
    assert.equal(code, 0, stderr)
    const url = database.replace(/\/\/[^@]*@/, '//shop@')

    const committed = []
    let inside = 0
    for (const i of range(1, KILLS)) {
      const shop = start(...command(url, `order-${i}`))
      t.after(() => { shop.kill('SIGKILL'); return shop.ended })
      await eventually(60_000, 'the first order', () => {
        assert.equal(shop.exitCode, null, shop.err())
        return shop.out().includes('begun')
      }, 2)
      await delay(random() * LONGEST)
      shop.kill('SIGKILL')
      assert.deepEqual(await shop.ended, { code: null, signal: 'SIGKILL' }, shop.err())
      const done = lines(shop.out(), 'committed')
      inside += lines(shop.out(), 'begun').length - done.length
      committed.push(...done)
    }
    // A COMMIT that was on its way when the process died may still come.
    await eventually(10_000, 'the end of the killed ones’ sessions', async () => (await psql(database, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop' AND datname = current_database()")).trim() === '0')
    const orders = (await psql(database, 'SELECT id FROM orders')).split('\n').filter(Boolean).sort()
    // Messages of a conversation are sent in the order of their commits: with this one all are there.
    await psql(url, `SELECT hongyan.send('shop', 'buyer', 'text', '"the last"', 'the last')`)
    const buyer = await connectV1(server, 'buyer', { t })
    const all = () => buyer.all(user('shop'))
    await eventually(10_000, 'the last message', async () => (await all()).some(({ content }) => content === 'the last'))
    const messages = (await all()).filter(({ kind }) => kind === 'custom').map(({ content }) => content.id).sort()

    assert.deepEqual(messages, orders)
    for (const id of committed) assert.ok(orders.includes(id), `${id} was committed, and is not there`)
    assert.ok(orders.length > 0, 'no order came through')
    assert.ok(inside > 0, 'no kill came within a transaction')
    t.diagnostic(`${orders.length} orders with their messages, ${committed.length} of them acknowledged; ${inside} of ${KILLS} kills within a transaction`)
  }

  it('in Node, by pg', { timeout: 120_000 }, (t) => assertBothOrNeither(t, (url, name) => [process.execPath, [path.join(here, 'orders/orders.mjs'), url, name]]))

  it('in Java, by JDBC', { timeout: 600_000 }, async (t) => {
    const packages = await javaPackages(t, 'clients-orders')
    if (!packages) return
    const [java, args] = await javaProgram(t, path.join(here, 'orders/Orders.java'), packages)
    await assertBothOrNeither(t, (url, name) => {
      const { host, pathname } = new URL(url)
      return [java, [...args, `jdbc:postgresql://${host}${pathname}?user=shop`, name]]
    })
  })
})
