// `node powerloss.mjs`: PostgreSQL on a disk that loses power, under the built server. What `scripts/powerloss` calls.

import { isDeepStrictEqual, parseArgs } from 'node:util'
import { number } from '../blackbox/lib/arguments.js'
import { random } from '../blackbox/lib/faults.js'
import { Postgres } from '../blackbox/lib/postgres.js'
import { again, startServer } from '../blackbox/lib/server.js'
import { connectV1, group, user } from '../blackbox/lib/v1.js'
import { delay, within } from '../blackbox/lib/wait.js'
import { Disk } from './disk.mjs'

const senders = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6', 'w7', 'w8']

let values
try {
  ({ values } = parseArgs({ options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    cuts: { type: 'string', default: '30' },
    lying: { type: 'boolean', default: false },
    disk: { type: 'string' },
  } }))
} catch (error) {
  console.error(`${error.message}\naccepted: --seed N, --cuts N, --lying`)
  process.exit(2)
}
const first = number(values.seed, 'seed', 0)
const cuts = number(values.cuts, 'cuts', 1)

// Sends numbered messages to its places in turn, one after the other; what was not acknowledged is sent again as it was.
class Sender {
  acknowledged = new Map() // clientMsgId → message
  unknown = null // the params of the one that is not
  count = 0

  constructor(userId, places) {
    this.userId = userId
    this.places = places
  }

  // Until the power goes.
  async run(site) {
    const session = await connectV1(site.server, this.userId)
    try {
      while (!site.isOver) {
        if (!this.unknown) {
          const content = `${this.userId}#${++this.count}`
          this.unknown = { to: this.places[this.count % this.places.length], clientMsgId: content, kind: 'text', content }
        }
        const { message } = await session.call('message.send', this.unknown)
        this.acknowledged.set(message.clientMsgId, message)
        this.unknown = null
      }
    } catch (error) {
      if (!site.isOver) throw error
    } finally {
      session.socket.terminate()
    }
  }
}

// A disk, PostgreSQL on it and a server beside it.
class Site {
  static async create() {
    const site = new Site()
    site.disk = await Disk.mount(values)
    const usual = process.env.TMPDIR
    process.env.TMPDIR = site.disk.folder // where PostgreSQL makes its folder
    try {
      site.postgres = await Postgres.create()
    } finally {
      if (usual === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = usual
    }
    // Checkpoints and the recycling of the log are to meet losses of power too.
    for (const setting of ["max_wal_size = '32MB'", "min_wal_size = '32MB'", "checkpoint_timeout = '30s'", "bgwriter_delay = '10ms'",
      'checkpoint_completion_target = 0.1', "wal_writer_delay = '10ms'"]) await site.postgres.sql(`ALTER SYSTEM SET ${setting}`)
    const database = await site.postgres.newDatabase()
    await site.postgres.stop()
    await site.disk.tell('keep') // initdb did not sync
    await site.postgres.start()
    site.server = await startServer({ database })
    const hub = await connectV1(site.server, 'hub')
    await hub.call('group.create', { name: 'all', groupId: 'all', members: senders })
    await hub.close()
    if (values.lying) await site.disk.tell('keep') // so that there is a database to have lost messages
    site.senders = senders.map((id) => new Sender(id, [group('all'), user('hub')]))
    return site
  }

  // Sends, loses power, and comes back. Returns what the disk says that it lost.
  async lose(seed) {
    const next = random(seed)
    this.isOver = false
    const sending = Promise.all(this.senders.map((sender) => sender.run(this)))
    sending.catch(() => {})
    await Promise.race([delay(300 + next() * 1700), sending])
    // Killed first, PostgreSQL leaves writes that it has not synced; cut off first, it is in the middle of a call.
    const isCutFirst = next() < 0.5
    const killsServer = next() < 0.5
    this.isOver = true
    let forgotten
    if (isCutFirst) forgotten = await this.disk.tell(`off ${seed}`)
    await this.postgres.kill9()
    if (!isCutFirst) forgotten = await this.disk.tell(`off ${seed}`)
    if (killsServer) await this.server.kill9()
    await this.disk.tell('on')
    await this.postgres.start()
    if (killsServer) this.server = await again(null, this.server)
    else await this.server.becomeReady()
    await within(30_000, sending, 'the end of the senders') // the server answers what was in doubt
    return `${isCutFirst ? 'cut' : 'killed'} first, server ${killsServer ? 'killed' : 'stays'}; ${forgotten}`
  }

  // What is wrong with the histories: {lost, wrong: [sentence…]}.
  async check() {
    const wrong = []
    const stored = new Map() // clientMsgId → message
    const readers = await Promise.all(['hub', ...senders].map((id) => connectV1(this.server, id)))
    try {
      const logs = await Promise.all(readers.map((reader, i) => reader.all(i === 0 ? group('all') : user('hub'))))
      for (const log of logs) {
        const last = {}
        for (const [i, message] of log.entries()) {
          if (message.seq !== i + 1) wrong.push(`seq ${message.seq} of conversation ${message.conversationId} in place ${i + 1}`)
          if (message.kind !== 'text') continue
          if (stored.has(message.clientMsgId)) wrong.push(`${message.content} is there twice`)
          stored.set(message.clientMsgId, message)
          const n = Number(message.content.split('#')[1])
          if (n <= (last[message.from] ?? 0)) wrong.push(`${message.content} is stored after ${last[message.from]}`)
          last[message.from] = n
        }
      }
    } finally {
      for (const reader of readers) reader.socket.terminate()
    }
    let lost = 0
    for (const { acknowledged, unknown } of this.senders) {
      for (const [id, message] of acknowledged) {
        if (!stored.has(id)) lost++
        else if (!isDeepStrictEqual(stored.get(id), message)) wrong.push(`${id} is not as it was acknowledged`)
        stored.delete(id)
      }
      if (unknown) stored.delete(unknown.clientMsgId)
    }
    for (const id of stored.keys()) wrong.push(`${id} is there and was not sent`)
    return { lost, wrong }
  }

  get acknowledged() { return this.senders.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0) }
  get unknown() { return this.senders.filter(({ unknown }) => unknown).length }

  // However things stand.
  async dispose() {
    await this.server?.kill9()
    if (this.postgres?.running) await this.postgres.kill9()
    await this.disk.unmount()
  }
}

let site
let failed = 0
let lostInAll = 0
let acknowledgedInAll = 0
for (let seed = first; seed < first + cuts; seed++) {
  site ??= await Site.create()
  const before = site.acknowledged
  let forgotten = 'it did not come back'
  let lost = 0
  let wrong
  try {
    forgotten = await site.lose(seed)
    ;({ lost, wrong } = await site.check())
  } catch (error) {
    wrong = [error.message]
  }
  const acknowledged = site.acknowledged - before
  acknowledgedInAll += acknowledged
  lostInAll += lost
  console.log(`seed ${seed}: ${acknowledged} acknowledged, ${site.unknown} unknown, ${lost} lost (${forgotten})`)
  for (const sentence of wrong.slice(0, 5)) console.log(`  ${sentence.trim()}`)
  if (!lost && !wrong.length) continue
  failed++
  if (!values.lying) {
    console.log(`PostgreSQL's last words:\n${site.postgres.process.err().slice(-4000)}`)
    break
  }
  await site.dispose() // what is left is of no use
  site = undefined
}
await site?.dispose()
console.log(`${cuts} losses of power asked for, ${acknowledgedInAll} messages acknowledged, ${lostInAll} lost; something was wrong after ${failed}`)
if (values.lying) {
  console.log(failed > 0 ? 'as expected: syncs lied' : 'FAILED: syncs lied, and nothing was lost')
  process.exitCode = failed > 0 ? 0 : 1
} else if (failed > 0) {
  console.log('FAILED: the seed above, as --seed with --cuts 1, tries that loss again')
  process.exitCode = 1
}
