// hongyan migrate: an SQLite store becomes a PostgreSQL one, and clients go on where they were. Two million rows: HONGYAN_TEST_SLOW.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { history, request } from './lib/client.js'
import { fetchBytes, multipart, png } from './lib/files.js'
import { Postgres } from './lib/postgres.js'
import { makeDirectory, removeDirectory, run, start } from './lib/processes.js'
import { again, binary, runToEnd, serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { connectV1, flood, groupOf, newId, people, range, Replica, seqs, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const slow = process.env.HONGYAN_TEST_SLOW === '1'
const migrate = (from, to, options) => runToEnd(['migrate', '--from', from, '--to', to], { ms: 600_000, ...options })

async function migrated(from, to) {
  const { code, stdout, stderr } = await migrate(from, to)
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

async function refused(from, to, why) {
  const { code, stderr } = await migrate(from, to)
  assert.equal(code, 2, stderr)
  assert.match(stderr.trim().split('\n').at(-1), why)
}

describe('hongyan migrate', { skip: storeKinds.length < 2, concurrency: 2 }, () => {
  let postgres
  const directory = makeDirectory('migrate')
  before(async () => { postgres = await Postgres.create() })
  after(async () => {
    await postgres?.dispose()
    removeDirectory(directory)
  })
  let files = 0
  const newFile = () => `sqlite:${path.join(directory, `${++files}.db`)}`

  it('carries all that a store has, and clients go on with their positions', async (t) => {
    const from = newFile(), to = await postgres.newDatabase()
    let server = await serverFor(t, { database: from })
    const [a, b, c] = await people(server, t, 3)
    const [ab, ac] = [user(b.userId), user(c.userId)]
    const direct = await flood(a, ab, 1, 30, (i) => `雁${i}`)
    const { place, conversationId } = await groupOf([a, b, c], { history: 'all' })
    const replica = new Replica()
    await a.say(place, '全体', { ext: { mentions: ['all'] } })
    await a.call('message.recall', { in: ab, seq: 3 })
    await a.call('message.edit', { in: ab, seq: 4, content: 'edited' })
    await b.call('message.react', { in: user(a.userId), seq: 5, emoji: '👍', on: true })
    await b.call('conversation.read', { in: user(a.userId), seq: 7 })
    await a.call('conversation.set', { in: place, pinned: true })
    await b.call('user.update', { name: '老雁' })
    await c.call('block.add', { userIds: [b.userId] })
    const { body, type } = multipart([['file', png(), 'a.png']])
    const uploaded = (await fetchBytes(server, `/v1/files?userId=${a.userId}`, { method: 'POST', headers: { 'content-type': type }, body })).json()
    await a.say(ac, { fileId: uploaded.fileId }, { kind: 'image' })
    const clientMsgId = uniqueId()
    await a.say(ac, 'once', { clientMsgId })
    await replica.sync(b)
    const rowsOf = async (session) => (await session.call('conversation.list', {})).conversations
    const before = { rows: await rowsOf(b), direct: await b.all(user(a.userId)), group: await b.all(place), classic: await history(server, { userId: a.userId, limit: 500 }) }
    const missed = await a.say(ab, 'while b is away')
    await server.stop()
    // Rows that only servers with more in their configuration have, two of them of tables that are wider there.
    await run('sqlite3', [from.slice('sqlite:'.length), `INSERT INTO webhook (name, position, notes) VALUES ('shop', 7, '{}'); INSERT INTO presence VALUES ('u1'), ('u2');
      INSERT INTO ban VALUES ('u3', 'spam', 1, 2, 3); INSERT INTO notice VALUES ('u4', 1, 2, 3, 4, NULL); INSERT INTO content_check VALUES (9, 1, 2, NULL, 3, 4, 5, 'trace'); INSERT INTO side_event VALUES (8, 0, 0, 'u1', '', 1, 5)`])

    assert.match(await migrated(from, to), /^\d+ messages of 3 conversations are there, and each row is as it was/)
    const there = (sql) => postgres.sql(sql, new URL(to).pathname.slice(1))
    assert.equal(await there("SELECT name, position, notes, holder, held_until < now() FROM webhook"), 'shop|7|{}||t')
    assert.equal(await there('SELECT user_id, node FROM presence ORDER BY 1'), 'u1|\nu2|')
    for (const table of ['ban', 'notice', 'content_check', 'side_event']) assert.equal(await there(`SELECT count(*) FROM ${table}`), '1', table)
    const folder = path.join(directory, 'files')
    assert.ok(fs.existsSync(folder), fs.readdirSync(server.directory).join())
    server = await again(t, server, { database: to, config: `[files]\nstore = "dir:${folder}"\n` })
    const [a2, b2, c2] = await Promise.all([a, b, c].map(({ userId }) => connectV1(server, userId, { t })))
    assert.equal(b2.hello.epoch, b.hello.epoch)
    const [page] = await replica.sync(b2)
    assert.deepEqual([page.reset, replica.resets], [false, 0])
    assert.deepEqual(page.conversations.filter(({ messages }) => messages.length > 0).map(({ messages }) => seqs(messages)), [[missed.seq]])
    assert.deepEqual(await b2.all(user(a.userId)), [...before.direct, missed])
    assert.deepEqual(await b2.all(place), before.group)
    assert.deepEqual((await rowsOf(b2)).map(({ conversationId, place, readSeq, peerReadSeq, pinned }) => ({ conversationId, place, readSeq, peerReadSeq, pinned })).sort((x, y) => x.conversationId - y.conversationId),
      before.rows.map(({ conversationId, place, readSeq, peerReadSeq, pinned }) => ({ conversationId, place, readSeq, peerReadSeq, pinned })).sort((x, y) => x.conversationId - y.conversationId))
    assert.deepEqual((await history(server, { userId: a.userId, limit: 500 })).slice(0, before.classic.length), before.classic)
    assert.deepEqual((await b2.call('message.search', { query: '雁17' })).messages.map(({ id }) => id), [direct[16].id])
    assert.deepEqual((await b2.call('message.search', { query: '雁3', in: user(a.userId) })).messages.map(({ id }) => id), [direct[29].id], 'what was recalled is not found')
    assert.equal((await a2.call('user.get', { userIds: [b.userId] })).users[0].name, '老雁')
    await b2.fails(-32003, 'message.send', { to: user(c.userId), clientMsgId: uniqueId(), kind: 'text', content: 'blocked' })
    assert.equal((await fetchBytes(server, `/v1/files/${uploaded.fileId}?userId=${c.userId}`)).status, 200)
    const repeated = await a2.call('message.send', { to: ac, clientMsgId, kind: 'text', content: 'once' })
    assert.equal(repeated.duplicate, true)
    // What is new comes behind all that was.
    const [next, inGroup] = [await a2.say(ab, 'next'), await c2.say(place, 'next')]
    assert.deepEqual([next.seq, inGroup.conversationId], [missed.seq + 1, conversationId])
    assert.ok(next.id > missed.id)
    const made = await a2.say(user(newId()), 'a new conversation')
    assert.ok(Number(made.conversationId) > Number(conversationId))
  })

  it(`goes on where it was killed, and no server takes what is half there${slow ? ', with a million messages' : ''}`, { timeout: 3_600_000 }, async (t) => {
    const from = newFile(), to = await postgres.newDatabase()
    const count = slow ? 1_000_000 : 60_000
    const table = path.join(directory, 'chat.tsv')
    const names = range(1, 400).map((i) => `u${i}`)
    const out = fs.openSync(table, 'w')
    fs.writeSync(out, 'id\tuser_id\ttarget_user_id\tcreate_time\tcontent\n')
    for (let id = 1; id <= count; id++) fs.writeSync(out, `${id}\t${names[(id * 7) % 400]}\t${names[(id * 11 + 1) % 400]}\t2023-04-05 06:07:08\tn${id} 你好\n`)
    fs.closeSync(out)
    assert.equal((await runToEnd(['import', table, '--database', from], { ms: 600_000 })).code, 0)
    let kills = 0
    for (let i = 0; i < 5; i++) {
      const child = start(binary, ['migrate', '--from', from, '--to', to], {})
      // The first time as soon as its mark is there; then at no event: anywhere in what it does.
      if (i === 0) await eventually(30_000, 'the copy to begin', async () => await postgres.sql("SELECT to_regclass('migration_under_way')", new URL(to).pathname.slice(1)) !== '')
      const timer = setTimeout(() => child.kill('SIGKILL'), i === 0 ? 0 : Math.random() * (slow ? 30_000 : 600))
      const { signal } = await child.ended
      clearTimeout(timer)
      if (signal) kills += 1
      if (i === 0) {
        const server = await serverFor(t, { database: to, ready: false })
        await eventually(10_000, 'the server to say why it is not ready', async () => /hongyan migrate has not come to its end there/.test(server.stderr()))
        assert.equal((await request(server, { path: '/readyz' })).status, 503)
        await server.stop()
      }
    }
    assert.ok(kills > 1, `${kills} of 5 were killed`)
    const begun = Date.now()
    assert.match(await migrated(from, to), /messages of \d+ conversations are there|was migrated there before/)
    t.diagnostic(`${kills} killed; the last ran ${Date.now() - begun} ms`)
    assert.equal(await migrated(from, to), 'this store was migrated there before; nothing was done')
    const server = await serverFor(t, { database: to })
    const shown = await history(server, { userId: 'u8', limit: 500 })
    const mine = range(1, count).filter((id) => names[(id * 7) % 400] === 'u8' || names[(id * 11 + 1) % 400] === 'u8')
    assert.deepEqual(shown.map(({ content }) => content), mine.slice(-500).map((id) => `n${id} 你好`))
  })

  it('waits for one that was killed to be gone, and no longer', async (t) => {
    const [gone, busy] = [await postgres.newDatabase(), await postgres.newDatabase()]
    // What a copy holds; PostgreSQL sees late that its client is not there any more.
    const held = (database, seconds) => postgres.sql(`SELECT pg_advisory_lock(7310575182467099), pg_sleep(${seconds})`, new URL(database).pathname.slice(1))
    const [from, other] = [newFile(), newFile()]
    for (const database of [from, other]) await (await serverFor(t, { database })).stop()
    const holding = [held(gone, 2), held(busy, 600).catch(() => {})]
    await eventually(10_000, 'both to be held', async () => await postgres.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") === '2')
    await migrated(from, gone)
    await refused(from, busy, /--to: another hongyan migrate is under way there/)
    // One that was killed in the line behind another goes on waiting there, and is no server.
    const waiting = (count) => eventually(10_000, `${count} to wait`, async () => await postgres.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") === String(count))
    const next = migrated(from, busy)
    await waiting(1)
    const killed = start(binary, ['migrate', '--from', other, '--to', busy], {})
    await waiting(2)
    killed.kill('SIGKILL')
    await killed.ended
    await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)' AND pid <> pg_backend_pid()")
    await Promise.all(holding)
    await next
  })

  it('says what is in its way', async (t) => {
    const from = newFile(), other = newFile(), to = await postgres.newDatabase()
    const server = await serverFor(t, { database: from })
    await (await connectV1(server, newId(), { t })).say(user(newId()), 'x')
    await refused(from, to, /--from: .*another server uses it/)
    await server.stop()
    await refused(newFile(), to, /--from: there is no file/)
    const serving = await serverFor(t, { database: to })
    await refused(from, to, /--to: a server uses this database; stop it/)
    await (await connectV1(serving, newId(), { t })).say(user(newId()), 'x')
    await serving.stop()
    await refused(from, to, /--to: the database is not empty: there are rows in conversation/)
    const begun = await postgres.newDatabase()
    await migrated(from, begun)
    await (await serverFor(t, { database: other })).stop()
    await refused(other, begun, /--to: the database is not empty/)
    for (const [args, why] of [[[], /--from is no SQLite store/], [['--from'], /--from has no value/], [['--what', 'x'], /there is no option --what/], [['--from', to, '--to', to], /--from is no SQLite/], [['--from', from, '--to', from], /--to is no PostgreSQL/], [['--from', from, '--to', 'mysql://x'], /neither sqlite:PATH nor postgresql/], [['--from', from, '--to', 'postgresql://127.0.0.1:1/x'], /Connection refused|connect/]]) {
      const { code, stderr } = await runToEnd(['migrate', ...args])
      assert.equal(code, 2, stderr)
      assert.match(stderr, why)
    }
  })

  it('sees a row that is another', async (t) => {
    const from = newFile(), to = await postgres.newDatabase()
    const server = await serverFor(t, { database: from })
    const session = await connectV1(server, newId(), { t })
    await flood(session, user(newId()), 1, 20)
    await server.stop()
    // As after an interruption, with an entry that somebody has changed meanwhile.
    await migrated(from, to)
    const name = new URL(to).pathname.slice(1)
    const epoch = await postgres.sql('SELECT epoch FROM store_identity', name)
    await postgres.sql(`CREATE TABLE migration_under_way AS SELECT '${epoch}'::text AS epoch; UPDATE message SET content = 'another' WHERE seq = 7`, name)
    await refused(from, to, /the copy of message is not what --from has/)
  })
})
