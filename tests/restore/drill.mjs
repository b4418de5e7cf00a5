// `node drill.mjs`: losing everything, and coming back from the backup. What `scripts/restore-drill` calls: while clients send and upload, backups
// are made; the server is killed, its folder is deleted, and a server begins from the newest backup. Nothing that was acknowledged before that backup
// was asked for may be missing. Prints what was lost (RPO) and how long it took (RTO). On PostgreSQL by a base backup and archived WAL.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { number } from '../blackbox/lib/arguments.js'
import { download, uploaded } from '../blackbox/lib/files.js'
import { Load } from '../blackbox/lib/load.js'
import { Postgres, directoryOf } from '../blackbox/lib/postgres.js'
import { makeDirectory, removeDirectory, run } from '../blackbox/lib/processes.js'
import { runToEnd, startServer } from '../blackbox/lib/server.js'
import { wholeHistory } from '../blackbox/lib/client.js'
import { delay } from '../blackbox/lib/wait.js'

const { values } = parseArgs({ options: {
  store: { type: 'string', default: 'sqlite,postgres' },
  seconds: { type: 'string', default: '10' },
  backups: { type: 'string', default: '3' },
} })
const seconds = number(values.seconds, 'seconds', 1)
const backups = number(values.backups, 'backups', 1)
const folder = makeDirectory('restore')
const key = 'owner-key-of-the-drill-0123456789abcdef'
fs.writeFileSync(path.join(folder, 'keys'), `drill owner ${key}\n`, { mode: 0o600 })
const keys = ['--api-key-file', path.join(folder, 'keys')]

const restores = {
  async sqlite() {
    const home = path.join(folder, 'home')
    fs.mkdirSync(home)
    const database = `sqlite:${home}/hongyan.db`
    return {
      server: await startServer({ database, args: keys, config: '[files]\nuser_day = 4294967295\n' }),
      async backUp(server, to) {
        const { code, stderr } = await runToEnd(['backup', to, '--listen', server.authority, '--database', database, ...keys], { ms: 600_000 })
        assert.equal(code, 0, stderr)
      },
      lose: () => fs.rmSync(home, { recursive: true }),
      async restore(from) {
        fs.mkdirSync(home)
        await run('tar', ['-xf', from, '-C', home])
        return { database, args: keys }
      },
      hasFiles: true,
    }
  },
  async postgres() {
    const archive = directoryOf((await import('../blackbox/lib/postgres.js')).unprivileged(), 'archive')
    // A file of the log is kept as soon as it is full, or after two seconds in which something was written.
    const settings = { archive_mode: 'on', archive_command: `test ! -f ${archive}/%f && cp %p ${archive}/%f.part && mv ${archive}/%f.part ${archive}/%f`, archive_timeout: '2', wal_level: 'replica' }
    const postgres = await Postgres.create({ settings })
    const database = await postgres.newDatabase()
    return {
      server: await startServer({ database }),
      backUp: (_, to) => postgres.tool('pg_basebackup', '-D', path.join(postgres.directory, path.basename(to)), '-d', postgres.url('postgres'), '-X', 'stream', '-c', 'fast'),
      async lose() {
        await postgres.kill9()
        fs.rmSync(postgres.data, { recursive: true })
      },
      async restore(from) {
        fs.renameSync(path.join(postgres.directory, path.basename(from)), postgres.data)
        await run('touch', [path.join(postgres.data, 'recovery.signal')], postgres.user)
        postgres.settings = { ...settings, restore_command: `cp ${archive}/%f %p`, recovery_target_timeline: 'latest' }
        await postgres.start()
        return { database }
      },
      async dispose() {
        await postgres.dispose()
        removeDirectory(archive)
      },
      hasFiles: false,
    }
  },
}

const isThere = async (server, [content, userId], seen) => {
  if (!seen.has(userId)) seen.set(userId, new Set((await wholeHistory(server, userId)).map((chat) => chat.content)))
  return seen.get(userId).has(content)
}

async function drill(kind) {
  const its = await restores[kind]()
  let { server } = its
  const files = new Map() // id → when it was acknowledged
  let isOver = false
  const load = new Load(() => server, { workers: 4 }).start()
  const uploading = (async () => {
    while (its.hasFiles && !isOver) {
      const { fileId } = await uploaded(server, '1', Buffer.from(`file ${files.size} ${'x'.repeat(20_000)}`))
      files.set(fileId, Date.now())
    }
  })()
  let known, newest, asked
  for (let i = 0; i < backups; i++) {
    await delay(seconds * 1000 / backups)
    known = { messages: [...load.acknowledged], files: [...files.keys()] } // all that was acknowledged before it is asked for
    asked = Date.now()
    newest = path.join(folder, `${kind}-${i}.tar`)
    await its.backUp(server, newest)
    console.log(`${kind}: a backup in ${Date.now() - asked} ms, under load`)
  }
  await delay(1000)
  isOver = true
  await uploading
  load.stopping = true
  const acknowledged = [...load.acknowledged]
  const begun = Date.now()
  await server.kill9()
  await its.lose()
  server = await startServer(await its.restore(newest))
  const rto = Date.now() - begun
  await load.stop()
  const seen = new Map()
  const missing = { messages: [], files: [] }
  for (const one of known.messages) if (!await isThere(server, one, seen)) missing.messages.push(one)
  for (const id of known.files) if ((await download(server, '1', id)).status !== 200) missing.files.push(id)
  const after = acknowledged.slice(known.messages.length)
  let lost = 0
  for (const one of after) if (!await isThere(server, one, seen)) lost += 1
  console.log(`${kind}: ${known.messages.length} messages and ${known.files.length} files were acknowledged before the last backup: ${missing.messages.length} and ${missing.files.length} missing`)
  console.log(`${kind}: of ${after.length} messages in the ${begun - asked} ms after it ${lost} lost (RPO); served again after ${rto} ms (RTO)`)
  assert.deepEqual(missing, { messages: [], files: [] })
  assert.ok(known.messages.length > 100, 'there was load')
  await server.dispose()
  await its.dispose?.()
}

try {
  for (const kind of values.store.split(',')) await drill(kind)
} finally {
  removeDirectory(folder)
}
