// hongyan import: the tutorial's table becomes messages, quietly, once, however often it is begun. From a real MariaDB:
// tests/clients/from-java.test.js.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, it } from 'node:test'
import { history } from './lib/client.js'
import { KeyFiles } from './lib/keys.js'
import { makeDirectory, removeDirectory, start } from './lib/processes.js'
import { again, binary, runToEnd, serverFor } from './lib/server.js'
import { connectV1, newId, range, user } from './lib/v1.js'
import { Receiver } from './lib/webhook-receiver.js'
import { configOf, Hook, withEachStore } from './lib/webhooks.js'

const keys = new KeyFiles()
const directory = makeDirectory('import')
after(() => { keys.dispose(); removeDirectory(directory) })

let files = 0
const header = 'id\tuser_id\ttarget_user_id\tcreate_time\tuser_name\ttarget_user_name\tcontent'
const rowOf = ({ id, from, to, at = '2023-04-05 06:07:08', fromName = 'NULL', toName = 'NULL', content }) => [id, from, to, at, fromName, toName, content].join('\t')
function tableOf(rows, { ends = '.tsv', lines = [header, ...rows.map(rowOf)] } = {}) {
  const file = path.join(directory, `${++files}${ends}`)
  fs.writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
const load = (database, names, more = [], options = {}) => runToEnd(['import', ...[names].flat(), '--database', database, ...more], { ms: 120_000, ...options })
async function loaded(database, names, more) {
  const { code, stdout, stderr } = await load(database, names, more)
  assert.equal(code, 0, stderr)
  return { said: stdout.trim(), stderr }
}
const all = (n, known = 0) => `${n} imported, ${known} were imported before, 0 left out of 0 conversations that have other messages, 0 skipped`

withEachStore('a table of chats is imported', (the) => {
  it('with its times, names and order, for both contracts, and nothing of it is new to anybody', async (t) => {
    const database = await the.store.newDatabase()
    const [a, b, c] = range(1, 3).map(newId)
    const file = tableOf([
      { id: 1, from: a, to: b, at: '2023-04-05 06:07:08', fromName: '小雁', toName: '老雁', content: '第一条\\n两行' },
      { id: 2, from: b, to: a, at: '2023-04-05 06:07:09', content: 'second' },
      { id: 5, from: c, to: a, at: '2024-01-01 00:00:00', content: 'of another' },
    ])
    const zone = ['--config', path.join(directory, 'zone.toml')]
    fs.writeFileSync(zone[1], '[classic]\ntime_zone = "Asia/Shanghai"\n')
    assert.equal((await loaded(database, file, zone)).said, all(3))
    const receiver = await Receiver.open(t)
    const server = await serverFor(t, { database, config: configOf([new Hook(t, receiver)], '[classic]\ntime_zone = "Asia/Shanghai"\n') })
    const shown = await history(server, { userId: a, targetUserId: b })
    assert.deepEqual(shown.map(({ userId, content, createTime, userName }) => [String(userId), content, createTime, userName]), [
      [a, '第一条\n两行', '2023-04-05T06:07:08.000', '小雁'], [b, 'second', '2023-04-05T06:07:09.000', null],
    ])
    const session = await connectV1(server, a, { t })
    const { conversations } = await session.call('conversation.list', {})
    assert.deepEqual(conversations.map(({ place: { userId }, unread, lastSeq, lastMessage }) => [userId, unread, lastSeq, lastMessage.content]).sort(), [[b, 0, 2, 'second'], [c, 0, 1, 'of another']].sort())
    assert.deepEqual((await session.call('message.search', { query: '第一' })).messages.map(({ content, createTime }) => [content, createTime]), [['第一条\n两行', '2023-04-04T22:07:08.000Z']])
    // What is said now comes behind it, and is the first that the webhook hears of.
    const now = await session.say(user(b), 'now')
    assert.equal(now.seq, 3)
    await receiver.waitFor(() => receiver.of('message.created').length > 0)
    assert.deepEqual(receiver.of('message.created').map(({ data }) => data.message.content), ['now'])
  })

  it('once, however often it is killed and begun again', { timeout: 120_000 }, async (t) => {
    const database = await the.store.newDatabase()
    const users = range(1, 40).map(newId)
    const rows = range(1, 6_000).map((id) => ({ id, from: users[(id * 7) % 40], to: users[(id * 11 + 1) % 40], content: `n${id}` }))
    const file = tableOf(rows)
    let kills = 0
    for (const ms of [300, 500, 800, 1_200]) {
      const child = start(binary, ['import', file, '--database', database], {})
      const timer = setTimeout(() => child.kill('SIGKILL'), ms)
      const { signal } = await child.ended
      clearTimeout(timer)
      if (signal) kills += 1
    }
    const { said } = await loaded(database, file)
    const [, stored, known] = /^(\d+) imported, (\d+) were/.exec(said)
    assert.equal(Number(stored) + Number(known), rows.length, said)
    assert.equal((await loaded(database, file)).said, all(0, rows.length))
    assert.ok(kills > 0)
    const server = await serverFor(t, { database })
    const expected = rows.filter(({ from, to }) => from === users[0] || to === users[0]).map(({ content }) => content)
    const shown = await history(server, { userId: users[0], limit: 500 })
    assert.deepEqual(shown.map(({ content }) => content), expected)
  })

  it('only where nobody has written yet, and the others are named', async (t) => {
    const database = await the.store.newDatabase()
    let server = await serverFor(t, { database })
    const [a, b, c] = range(1, 3).map(newId)
    const session = await connectV1(server, a, { t })
    await session.say(user(b), 'said here')
    await server.stop()
    const file = tableOf([{ id: 1, from: a, to: b, content: 'x' }, { id: 2, from: a, to: c, content: 'y' }])
    const { said, stderr } = await loaded(database, file)
    assert.equal(said, '1 imported, 0 were imported before, 1 left out of 1 conversations that have other messages, 0 skipped')
    assert.match(stderr, new RegExp(`${a} and ${b}|${b} and ${a}`))
    server = await again(t, server)
    assert.deepEqual((await history(server, { userId: a, targetUserId: b })).map(({ content }) => content), ['said here'])
    assert.deepEqual((await history(server, { userId: a, targetUserId: c })).map(({ content }) => content), ['y'])
  })

  it('and rows that can be no messages are named by file and line', async () => {
    const database = await the.store.newDatabase()
    const lines = [header, rowOf({ id: 'x', from: 'a', to: 'b', content: 'x' }), rowOf({ id: 2, from: 'a', to: 'b', content: '' }), rowOf({ id: 3, from: 'a', to: 'b', at: 'never', content: 'x' }), 'one field', rowOf({ id: 5, from: 'a', to: 'b', content: 'good' })]
    const file = tableOf([], { lines })
    const { said, stderr } = await loaded(database, file)
    assert.match(said, /^1 imported, .* 4 skipped$/)
    for (const [line, why] of [[2, 'id is "x"'], [3, 'content is empty'], [4, 'create_time is "never"'], [5, 'it has 1 fields, the header 7']]) assert.ok(stderr.includes(`${file}:${line}: skipped: ${why}`), stderr)
  })

  it('in the order of its ids, or not at all', async (t) => {
    const database = await the.store.newDatabase()
    const file = tableOf([{ id: 2, from: 'u1', to: 'u2', content: 'second' }, { id: 1, from: 'u1', to: 'u2', content: 'first' }, { id: 2, from: 'u2', to: 'u1', at: '2024-01-01 00:00:00', content: 'of another table' }])
    const { said, stderr } = await loaded(database, file)
    assert.match(said, /^1 imported, 0 were imported before, .* 2 skipped$/)
    assert.match(stderr, /^row 1: skipped: rows with a higher id were imported before/m)
    assert.match(stderr, /^row 2: skipped: another row was imported under its id/m)
    const server = await serverFor(t, { database })
    assert.deepEqual((await history(server, { userId: 'u1', targetUserId: 'u2' })).map(({ content }) => content), ['second'])
  })

  it('as CSV as well, from several files', async (t) => {
    const database = await the.store.newDatabase()
    const csv = tableOf([], { ends: '.csv', lines: ['content,create_time,target_user_id,user_id,id', '"a ""b"",', 'c",2023-04-05 06:07:08,u2,u1,1'] })
    const other = tableOf([{ id: 2, from: 'u2', to: 'u1', content: 'answer' }])
    assert.equal((await loaded(database, [csv, other])).said, all(2))
    const server = await serverFor(t, { database })
    assert.deepEqual((await history(server, { userId: 'u1', targetUserId: 'u2' })).map(({ content }) => content), ['a "b",\nc', 'answer'])
  })

  it('while the server runs on PostgreSQL, and not on SQLite', async (t) => {
    const database = await the.store.newDatabase()
    const server = await serverFor(t, { database })
    const [a, b] = range(1, 2).map(newId)
    const session = await connectV1(server, a, { t })
    const { code, stdout, stderr } = await load(database, tableOf([{ id: 1, from: b, to: a, content: 'imported' }]))
    if (the.kind === 'sqlite') {
      assert.equal(code, 2)
      assert.match(stderr, /another server uses it/)
      return
    }
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trim(), all(1))
    // Nobody is told; who asks finds it, and what is said next comes behind it.
    await session.say(user(b), 'now')
    assert.deepEqual((await session.all(user(b))).map(({ content, seq }) => [content, seq]), [['imported', 1], ['now', 2]])
    assert.equal(session.left('message').filter(({ message }) => message.content === 'imported').length, 0)
  })

  it('and what is wrong is said in a line', async () => {
    const database = await the.store.newDatabase()
    for (const [names, what] of [[[], /a file is missing/], [['/nonexistent/chat.tsv'], /cannot be read/], [[tableOf([], { lines: ['id\tcontent'] })], /has no user_id; accepted: id,user_id,/], [[tableOf([], { lines: [] })], /header/]]) {
      const { code, stderr } = await load(database, names)
      assert.equal(code, 2, stderr)
      assert.match(stderr.trim().split('\n').at(-1), what)
    }
  })
}, { keys })
