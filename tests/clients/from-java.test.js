// docs/from-java.md: the tutorial's table in a real MariaDB, filled by the statements that its mapper makes, exported as the page says, and
// imported. MariaDB runs as an unprivileged user, in a folder of its own, on a socket.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { history } from '../blackbox/lib/client.js'
import { makeDirectory, removeDirectory, start } from '../blackbox/lib/processes.js'
import { runToEnd, serverFor } from '../blackbox/lib/server.js'
import { openStore, storeKinds } from '../blackbox/lib/stores.js'
import { range } from '../blackbox/lib/v1.js'
import { eventually } from '../blackbox/lib/wait.js'
import { root, run } from './lib.js'

const page = fs.readFileSync(path.join(root, 'docs/from-java.md'), 'utf8')
const [, select] = /^mysql --batch --default-character-set=utf8mb4 .* -e '(SELECT .*)' > chat\.tsv$/m.exec(page) ?? assert.fail('the page has no export')
const table = `CREATE TABLE chat (id BIGINT AUTO_INCREMENT PRIMARY KEY, user_id BIGINT, target_user_id BIGINT, create_time DATETIME, user_name VARCHAR(255),
  target_user_name VARCHAR(255), content VARCHAR(2000)) CHARACTER SET utf8mb4`
const insert = "INSERT INTO chat (user_id, target_user_id, create_time, user_name, target_user_name, content) VALUES "
const quoted = (text) => (text === null ? 'NULL' : `'${text.replaceAll('\\', '\\\\').replaceAll('\'', '\\\'').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}'`)

class MariaDb {
  static async create() {
    const it = new MariaDb()
    it.directory = makeDirectory('mariadb')
    it.as = process.getuid() === 0 ? ['--user=nobody'] : []
    if (it.as.length) await run('chown', ['nobody', it.directory])
    fs.chmodSync(it.directory, 0o755)
    it.socket = path.join(it.directory, 'socket')
    const data = path.join(it.directory, 'data')
    await run('mariadb-install-db', ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db', ...it.as])
    it.process = start('mariadbd', ['--no-defaults', `--datadir=${data}`, `--socket=${it.socket}`, '--skip-networking', `--pid-file=${path.join(it.directory, 'pid')}`, ...it.as])
    await eventually(30_000, 'MariaDB', async () => {
      assert.equal(it.process.exitCode, null, it.process.err())
      return it.sql('SELECT 1').then(() => true, () => false)
    })
    await it.sql('CREATE DATABASE shop CHARACTER SET utf8mb4')
    return it
  }

  client(...args) { return ['mysql', ['--no-defaults', '--default-character-set=utf8mb4', `--socket=${this.socket}`, '-u', 'root', ...args]] }
  sql(text) { return run(...this.client('shop'), { input: text }).catch(() => run(...this.client(), { input: text })) }
  // As the page says, with its own words.
  exported() { return run(...this.client('--batch', 'shop', '-e', select)) }

  async dispose() {
    this.process?.kill('SIGTERM')
    await this.process?.ended
    removeDirectory(this.directory)
  }
}

describe('the history of the Java tutorial', () => {
  let maria
  before(async () => { maria = await MariaDb.create() })
  after(() => maria?.dispose())

  const said = [
    [1, 2, '2023-04-05 06:07:08', '小雁', '老雁', '你好 😀'], [2, 1, '2023-04-05 06:07:09', '老雁', null, 'it\'s "quoted", with a\ttab,\na line and a \\n'],
    [3, 1, '2023-04-06 00:00:00', 'NULL', '小雁', 'of another'], [1, 2, '2024-02-29 23:59:59', '小雁', '老雁', '最后一条'],
  ]

  it('comes out of MariaDB as it was written, on both stores, once', async (t) => {
    await maria.sql(`${table};\n${said.map((row) => `${insert}(${row.map((it) => (typeof it === 'number' ? it : quoted(it))).join(', ')});`).join('\n')}`)
    const directory = makeDirectory('from-java')
    t.after(() => removeDirectory(directory))
    const file = path.join(directory, 'chat.tsv')
    const config = path.join(directory, 'zone.toml')
    fs.writeFileSync(config, '[classic]\ntime_zone = "Asia/Shanghai"\n')
    fs.writeFileSync(file, await maria.exported())
    // What is said until the evening of the change comes with the second export.
    await maria.sql(`${insert}(2, 1, '2024-03-01 08:00:00', '老雁', '小雁', 'said since')`)
    const newer = path.join(directory, 'newer.tsv')
    fs.writeFileSync(newer, await maria.exported())
    const rows = [...said, [2, 1, '2024-03-01 08:00:00', '老雁', '小雁', 'said since']]
    for (const kind of storeKinds) {
      const store = await openStore(kind)
      t.after(() => store.dispose())
      const database = await store.newDatabase()
      for (const [from, stored, known] of [[file, 4, 0], [newer, 1, 4]]) {
        const { code, stdout, stderr } = await runToEnd(['import', from, '--database', database, '--config', config])
        assert.equal(code, 0, stderr)
        assert.match(stdout, new RegExp(`^${stored} imported, ${known} were imported before, 0 left out .*, 0 skipped$`, 'm'))
      }
      const server = await serverFor(t, { database, config: '[classic]\ntime_zone = "Asia/Shanghai"\n' })
      const shown = await history(server, { userId: 1, targetUserId: 2 })
      assert.deepEqual(shown.map(({ userId, targetUserId, createTime, content }) => [userId, targetUserId, createTime.replace('T', ' ').replace('.000', ''), content]),
        rows.filter(([from]) => from !== 3).map(([from, to, at, , , content]) => [from, to, at, content]))
      assert.deepEqual([shown[0].userName, shown[0].targetUserName, shown[1].targetUserName], ['小雁', '老雁', null])
    }
  })

  it('of a million rows too', { timeout: 900_000, skip: !process.env.HONGYAN_TEST_SLOW && 'SLOW: a million rows' }, async (t) => {
    await maria.sql(`${table.replace('CREATE TABLE chat', 'CREATE OR REPLACE TABLE chat')};
      ${insert.replace(' VALUES ', ' ')} SELECT n MOD 1000, (n * 7 + 1) MOD 1000, '2023-01-01' + INTERVAL n SECOND, 'a', 'b', CONCAT('消息 number ', n) FROM (SELECT seq AS n FROM seq_1_to_1000000) s`)
    const directory = makeDirectory('from-java')
    t.after(() => removeDirectory(directory))
    const file = path.join(directory, 'chat.tsv')
    fs.writeFileSync(file, await maria.exported())
    for (const kind of storeKinds) {
      const store = await openStore(kind)
      t.after(() => store.dispose())
      const database = await store.newDatabase()
      const began = Date.now()
      for (const [stored, known] of [[1_000_000, 0], [0, 1_000_000]]) {
        const { code, stdout, stderr } = await runToEnd(['import', file, '--database', database], { ms: 600_000 })
        assert.equal(code, 0, stderr)
        assert.match(stdout, new RegExp(`^${stored} imported, ${known} were imported before`, 'm'))
        t.diagnostic(`${kind}: ${stored} new rows, ${Math.round((Date.now() - began) / 1000)} s`)
      }
      const server = await serverFor(t, { database })
      const { length } = await history(server, { userId: 1, limit: 500 })
      assert.equal(length, range(1, 1_000_000).filter((n) => n % 1000 === 1 || (n * 7 + 1) % 1000 === 1).slice(-500).length)
    }
  })
})
