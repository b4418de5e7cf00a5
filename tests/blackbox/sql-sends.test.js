// A send inside the business's own transaction (PostgreSQL): hongyan grant-sql, hongyan.send and hongyan.send_to_group.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { psql, Psql } from './lib/psql.js'
import { again, runToEnd, serverFor, startServer } from './lib/server.js'
import { openStore } from './lib/stores.js'
import { connectV1, groupOf, newId, people, range, user } from './lib/v1.js'
import { eventually, timed } from './lib/wait.js'

describe('a send inside a transaction of one’s own', { concurrency: 3 }, () => {
  let store, database, server, shop
  before(async () => {
    store = await openStore('postgres')
    database = await store.newDatabase()
    server = await startServer({ database })
    await psql(database, 'CREATE ROLE shop LOGIN', 'CREATE ROLE other LOGIN')
    for (const role of ['shop', 'other', 'shop']) {
      const { code, stdout, stderr } = await runToEnd(['grant-sql', role, '--database', database])
      assert.equal(code, 0, stderr)
      assert.match(stdout, new RegExp(`^${role} may call hongyan\\.send`))
    }
    shop = database.replace(/\/\/[^@]*@/, '//shop@')
  })
  after(async () => { try { await server?.dispose() } finally { await store?.dispose() } })

  const literal = (text) => (text === null ? 'NULL' : `'${text.replaceAll('\'', '\'\'')}'`)
  const json = (value) => (value === null ? 'NULL' : `${literal(JSON.stringify(value))}::jsonb`)
  let ids = 0
  const call = ({ from = newId(), to = newId(), group = false, kind = 'text', content = '订单已付款', id = `id ${++ids} ${process.pid}`, ext } = {}) =>
    `SELECT hongyan.${group ? 'send_to_group' : 'send'}(${literal(from)}, ${literal(to)}, ${literal(kind)}, ${json(content)}, ${literal(id)}${ext === undefined ? '' : `, ${json(ext)}`})`
  const refused = async (id) => (await psql(shop, `SELECT reason FROM hongyan.refused WHERE client_msg_id = ${literal(id)}`)).trim()

  it('is sent when it commits, to user and group, with all that it has', async (t) => {
    const [from, a, b] = await Promise.all([connectV1(server, newId(), { t }), connectV1(server, newId(), { t }), connectV1(server, newId(), { t })])
    const { place } = await groupOf([from, a, b])
    const began = Date.now()
    await psql(shop, call({ from: from.userId, to: a.userId, id: 'order-1', ext: { order: [1, 2] } }), call({ from: from.userId, to: place.groupId, group: true, kind: 'custom', content: { type: 'order', at: 'a: b, c' } }))
    const direct = await a.message(({ to }) => 'userId' in to)
    assert.deepEqual([direct.from, direct.kind, direct.content, direct.ext, direct.clientMsgId], [from.userId, 'text', '订单已付款', { order: [1, 2] }, 'order-1'])
    assert.deepEqual((await b.message(({ kind }) => kind === 'custom')).content, { type: 'order', at: 'a: b, c' })
    t.diagnostic(`both were there ${Date.now() - began} ms after psql began`)
  })

  it('never when it is rolled back', async (t) => {
    const b = await connectV1(server, newId(), { t })
    const from = newId()
    await psql(shop, 'BEGIN', call({ from, to: b.userId, content: 'rolled back' }), 'ROLLBACK', 'BEGIN', call({ from, to: b.userId, content: 'committed' }), 'COMMIT')
    assert.equal((await b.message()).content, 'committed')
    assert.deepEqual((await b.all(user(from))).map(({ content }) => content), ['committed'])
  })

  it('in the order of its statements, and once however often', async (t) => {
    const b = await connectV1(server, newId(), { t })
    const from = newId()
    const many = range(1, 300).map((i) => call({ from, to: b.userId, content: `n${i}`, id: `n${i} ${from}` }))
    await psql(shop, 'BEGIN', ...many, 'COMMIT')
    await psql(shop, ...many.slice(0, 5))
    await psql(shop, call({ from, to: b.userId, content: 'the last' }))
    await b.message(({ content }) => content === 'the last', 30_000)
    assert.deepEqual((await b.all(user(from))).map(({ content }) => content), [...range(1, 300).map((i) => `n${i}`), 'the last'])
  })

  it('raises in the transaction what cannot be right', async () => {
    const wrong = {
      sender: [{ from: 'a b' }, { from: '' }, { from: 'x'.repeat(65) }, { from: null }], recipient: [{ to: 'ä' }, { to: null }], kind: [{ kind: 'recall' }, { kind: null }],
      client_msg_id: [{ id: null }, { id: '' }, { id: 'x'.repeat(65) }],
      content: [{ content: '' }, { content: 5 }, { content: null }, { content: 'x'.repeat(4097) }, { kind: 'custom', content: [] }, { kind: 'custom', content: { a: 'x'.repeat(8185) } }],
      ext: [{ ext: [] }, { ext: { a: 'x'.repeat(1017) } }],
    }
    for (const [name, list] of Object.entries(wrong)) for (const one of list) await assert.rejects(psql(shop, call(one)), new RegExp(`ERROR: +${name}: `), JSON.stringify(one).slice(0, 80))
    await psql(shop, call({ kind: 'custom', content: { a: 'x'.repeat(8184) } }), call({ content: 'x'.repeat(4096), ext: { a: 'x'.repeat(1016) } }))
  })

  it('keeps what is refused later with its reason, for the role that wrote it', async (t) => {
    const b = await connectV1(server, newId(), { t })
    const from = newId()
    await b.call('block.add', { userIds: [from] })
    await psql(shop, call({ from, to: b.userId, id: `blocked ${from}` }), call({ from, to: 'nogroup', group: true, id: `nogroup ${from}` }), call({ from, kind: 'image', content: { n: 1 }, id: `image ${from}` }),
      call({ from, to: newId(), id: `taken ${from}` }), call({ from, to: newId(), id: `taken ${from}` }))
    for (const [id, reason] of [['blocked', 'blocked'], ['nogroup', 'not-found'], ['image', 'malformed'], ['taken', 'conflict']]) await eventually(5_000, `${id} to be refused`, async () => (await refused(`${id} ${from}`)) === reason)
    assert.equal((await psql(database.replace(/\/\/[^@]*@/, '//other@'), 'SELECT count(*) FROM hongyan.refused')).trim(), '0')
  })

  it('lets the role do these and nothing else', async () => {
    for (const sql of ['SELECT * FROM sql_send', 'SELECT * FROM sql_refused', 'SELECT * FROM message', 'DELETE FROM hongyan.refused', `SELECT hongyan.put('a', 'b', false, 'text', '"x"', 'k', NULL)`]) await assert.rejects(psql(shop, sql), /permission denied/, sql)
    await psql(database, 'CREATE ROLE stranger LOGIN')
    await assert.rejects(psql(database.replace(/\/\/[^@]*@/, '//stranger@'), call()), /permission denied/)
    const { code, stderr } = await runToEnd(['grant-sql', 'nobody', '--database', database])
    assert.equal(code, 2)
    assert.match(stderr, /^hongyan: grant-sql: .*no role "nobody"/)
    assert.match((await runToEnd(['grant-sql'])).stderr, /the role is missing/)
    assert.match((await runToEnd(['grant-sql', 'x', '--database', 'sqlite:x.db'])).stderr, /SQLite, which has no roles/)
  })

  it('is bounded: beyond 10,000 that wait it raises', { timeout: 120_000 }, async (t) => {
    const its = await store.newDatabase()
    assert.equal((await runToEnd(['grant-sql', 'shop', '--database', its], { ms: 30_000 })).code, 0) // which makes the tables, too
    const session = new Psql(t, its.replace(/\/\/[^@]*@/, '//shop@'))
    const send = (n, name) => `SELECT count(hongyan.send('flood', 'b', 'text', to_jsonb('x'::text), '${name} ' || n)) FROM generate_series(1, ${n}) n`
    await session.run('BEGIN')
    await session.run(send(10_000, 'flood'))
    await assert.rejects(session.run(send(1, 'more')), /10000 messages wait/)
    assert.equal((await psql(its, 'SELECT count(*) FROM sql_send')).trim(), '0')
  })

  it('a flood of them leaves live senders their turns', { timeout: 120_000 }, async (t) => {
    const its = await store.newDatabase()
    const of = await serverFor(t, { database: its })
    assert.equal((await runToEnd(['grant-sql', 'shop', '--database', its])).code, 0)
    const [a, b] = await people(of, t, 2)
    const say = () => timed(() => a.say(user(b.userId), 'live'))
    const middle = (times) => times.sort((x, y) => x - y)[Math.floor(times.length / 2)]
    const alone = []
    for (let i = 0; i < 50; i++) alone.push((await say()).ms)
    const session = new Psql(t, its.replace(/\/\/[^@]*@/, '//shop@'))
    await session.run(`BEGIN; SELECT count(hongyan.send('flood' || n % 500, 'f' || n % 500, 'text', to_jsonb('x'::text), 'flood ' || n)) FROM generate_series(1, 9000) n; COMMIT`)
    const waiting = async () => Number((await psql(its, 'SELECT count(*) FROM sql_send')).trim())
    const beside = []
    let left = await waiting()
    assert.ok(left > 0, 'it is under way')
    while (left > 0) {
      const times = await Promise.all([(async () => { for (let i = 0; i < 5; i++) beside.push((await say()).ms) })(), waiting()])
      left = times[1]
    }
    t.diagnostic(`${beside.length} live sends beside it: ${middle(beside).toFixed(1)} ms, alone ${middle(alone).toFixed(1)} ms`)
    assert.ok(beside.length >= 5)
    // Each of them waits for a batch that is under way, and for the one that it is in.
    assert.ok(middle(beside) < 10 * middle(alone) + 100, `${middle(beside)} ms, and alone ${middle(alone)} ms`)
  })

  it('is there with its order’s row or neither is, whatever is killed when', { timeout: 120_000 }, async (t) => {
    const its = await store.newDatabase()
    let of = await serverFor(t, { database: its })
    await psql(its, 'CREATE TABLE orders (id text PRIMARY KEY)', 'GRANT INSERT, SELECT ON orders TO shop')
    assert.equal((await runToEnd(['grant-sql', 'shop', '--database', its])).code, 0)
    const buyer = its.replace(/\/\/[^@]*@/, '//shop@')
    const b = newId()
    const orders = range(1, 60).map((i) => `order ${i}`)
    const buy = async (id) => {
      const session = new Psql(t, buyer)
      const done = session.run(`BEGIN; INSERT INTO orders VALUES (${literal(id)}); ${call({ from: 'seller', to: b, content: id, id })}; COMMIT`)
      if (Math.random() < 0.3) setTimeout(() => session.kill(), Math.random() * 20)
      await done.catch(() => {})
    }
    const killing = (async () => {
      for (let i = 0; i < 2; i++) {
        await new Promise((resolve) => { setTimeout(resolve, 150 + Math.random() * 200) })
        await of.kill9()
        of = await again(t, of)
      }
    })()
    for (let from = 0; from < orders.length; from += 6) await Promise.all(orders.slice(from, from + 6).map(buy))
    await killing
    const kept = (await psql(its, 'SELECT id FROM orders')) // the owner has a slot left, whoever was killed just now
      .trim().split('\n').filter(Boolean).sort()
    const reader = await connectV1(of, b, { t })
    await eventually(20_000, 'a message for each order', async () => (await reader.all(user('seller'))).length >= kept.length)
    assert.deepEqual((await reader.all(user('seller'))).map(({ content }) => content).sort(), kept)
    t.diagnostic(`${kept.length} of ${orders.length} orders were kept`)
  })
})
