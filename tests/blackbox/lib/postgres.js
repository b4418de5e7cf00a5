// A private PostgreSQL cluster in a temporary directory, with the durability that production has.

import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { execFileSync } from 'node:child_process'
import { makeDirectory, removeDirectory, run, start } from './processes.js'
import { eventually, within } from './wait.js'

export function binaries() {
  const root = '/usr/lib/postgresql'
  const versions = fs.existsSync(root) ? fs.readdirSync(root).filter((name) => /^\d+$/.test(name)) : []
  const newest = versions.sort((a, b) => b - a)[0]
  if (!newest) throw new Error(`no PostgreSQL in ${root}: apt-get install postgresql, or HONGYAN_TEST_STORES=sqlite`)
  return path.join(root, newest, 'bin')
}

// PostgreSQL refuses to run as root.
export function unprivileged() {
  if (process.getuid() !== 0) return {}
  for (const user of ['postgres', 'nobody']) {
    try {
      return {
        uid: Number(execFileSync('id', ['-u', user], { stdio: 'pipe' })),
        gid: Number(execFileSync('id', ['-g', user], { stdio: 'pipe' })),
      }
    } catch { /* the next */ }
  }
  throw new Error('no unprivileged user to run PostgreSQL as')
}

// A temporary folder of that user's.
export function directoryOf(user, name) {
  const directory = makeDirectory(name)
  if (user.uid !== undefined) fs.chownSync(directory, user.uid, user.gid)
  return directory
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

export function childrenOf(pid) {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8')
      return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid
    } catch {
      return false
    }
  }).map(Number)
}

export function send(pid, signal) {
  try { process.kill(pid, signal) } catch (error) { if (error.code !== 'ESRCH') throw error }
}

// What is stopped hears of nobody's end: it would stay when the tests are gone.
const stopped = new Set()
process.on('exit', () => { for (const pid of stopped) send(pid, 'SIGKILL') })

// SIGSTOP to all of them, the first of which starts the others; they must be thawed, or killed.
export function freeze(pids) {
  for (const pid of pids) {
    stopped.add(pid)
    send(pid, 'SIGSTOP')
  }
}

export function thaw(pids) {
  for (const pid of pids) {
    stopped.delete(pid)
    send(pid, 'SIGCONT')
  }
}

export class Postgres {
  settings = {} // beside those of start()

  // Also at other `addresses` of this machine than loopback, for those of the network `range`.
  static async create({ addresses = [], range, settings = {} } = {}) {
    const cluster = Object.assign(new Postgres(), { settings })
    cluster.addresses = ['127.0.0.1', ...addresses]
    cluster.bin = binaries()
    cluster.user = unprivileged()
    cluster.directory = directoryOf(cluster.user, 'postgres')
    cluster.data = path.join(cluster.directory, 'data')
    cluster.env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: cluster.directory }
    await run(path.join(cluster.bin, 'initdb'),
      ['-D', cluster.data, '-U', 'hongyan', '-A', 'trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
      { ...cluster.user, cwd: cluster.directory, env: cluster.env })
    if (range) fs.appendFileSync(path.join(cluster.data, 'pg_hba.conf'), `host all all ${range} trust\n`)
    cluster.port = await freePort()
    cluster.databases = 0
    await cluster.start()
    return cluster
  }

  // Returns when it accepts connections.
  async start() {
    this.process = start(path.join(this.bin, 'postgres'), [
      '-D', this.data, '-p', String(this.port), '-c', `listen_addresses=${this.addresses.join()}`, '-c', 'unix_socket_directories=',
      '-c', 'fsync=on', '-c', 'synchronous_commit=on', '-c', 'shared_buffers=32MB', '-c', 'max_connections=60',
      ...Object.entries(this.settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ], { ...this.user, cwd: this.directory, env: this.env })
    await eventually(20_000, 'PostgreSQL accepting connections', () => {
      if (this.process.exitCode !== null) throw new Error(`PostgreSQL ended at start: ${this.process.err()}`)
      return this.accepts()
    })
  }

  // One start-up packet: is it answered with "authentication ok" rather than "the database is starting up"?
  accepts() {
    return new Promise((resolve) => {
      const text = Buffer.from('user\0hongyan\0database\0postgres\0\0')
      const head = Buffer.alloc(8)
      head.writeInt32BE(8 + text.length, 0)
      head.writeInt32BE(196608, 4)
      const socket = net.connect(this.port, '127.0.0.1', () => socket.write(Buffer.concat([head, text])))
      socket.setTimeout(1000, () => { socket.destroy(); resolve(false) })
      socket.once('data', (bytes) => { socket.destroy(); resolve(bytes[0] === 'R'.charCodeAt(0)) })
      socket.once('error', () => resolve(false))
      socket.once('end', () => resolve(false))
    })
  }

  get running() { return this.process.exitCode === null && this.process.signalCode === null }

  url(database) { return `postgresql://hongyan@${this.addresses.at(-1)}:${this.port}/${database}` }

  async sql(text, database = 'postgres') {
    return (await run(path.join(this.bin, 'psql'),
      ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-d', this.url(database), '-c', text], { env: this.env })).trim()
  }

  // An asynchronous standby of it, streaming; disposed by the caller.
  async standby(settings = this.settings) {
    const standby = Object.assign(new Postgres(), { addresses: this.addresses, bin: this.bin, user: this.user, settings, databases: 0 })
    standby.directory = directoryOf(this.user, 'standby')
    standby.data = path.join(standby.directory, 'data')
    standby.env = { ...this.env, HOME: standby.directory }
    await standby.copyOf(this)
    standby.port = await freePort()
    await standby.start()
    return standby
  }

  // Its files are a copy of the primary's; as a standby of it, when it starts.
  async copyOf(primary) {
    fs.rmSync(this.data, { recursive: true, force: true })
    await this.tool('pg_basebackup', '-D', this.data, '-d', primary.url('postgres'), '-X', 'stream', '-c', 'fast', '-R')
  }

  tool(name, ...args) {
    return run(path.join(this.bin, name), args, { ...this.user, cwd: this.directory, env: this.env })
  }

  // Of a standby: it has all that this primary has committed.
  async caughtUp(primary) {
    const position = await primary.sql('SELECT pg_current_wal_lsn()')
    await eventually(10_000, 'the standby to catch up', async () => (await this.sql(`SELECT pg_last_wal_replay_lsn() >= '${position}'`)) === 't')
  }

  // Of a standby: it hears no more of its primary.
  async cutOff() {
    await this.sql("ALTER SYSTEM SET primary_conninfo = ''")
    await this.sql('SELECT pg_reload_conf()')
    await eventually(10_000, 'the end of the stream', async () => (await this.sql('SELECT count(*) FROM pg_stat_wal_receiver')) === '0')
  }

  promote() { return this.sql('SELECT pg_promote()') }

  // A new empty database; returns its URL.
  async newDatabase() {
    const name = `test${++this.databases}`
    await this.sql(`CREATE DATABASE ${name}`)
    return this.url(name)
  }

  // The postmaster and everything under it at once, as when the machine goes.
  async kill9() {
    const pids = [this.process.pid, ...childrenOf(this.process.pid)]
    for (const pid of pids) {
      stopped.delete(pid)
      send(pid, 'SIGKILL')
    }
    this.frozen = undefined
    await within(5_000, this.process.ended, 'the end of a killed PostgreSQL')
    await eventually(5_000, 'the end of its backends', () => pids.every((pid) => !fs.existsSync(`/proc/${pid}`)))
  }

  // Stopped in its tracks: it keeps its connections, and answers nothing.
  freeze() {
    const { pid } = this.process
    freeze([pid]) // and then it has no more children than these
    this.frozen = [pid, ...childrenOf(pid)]
    freeze(this.frozen)
  }

  thaw() {
    thaw(this.frozen ?? [])
    this.frozen = undefined
  }

  // SIGINT is a "fast" shutdown: clients are cut off, everything is written.
  async stop() {
    this.thaw()
    if (!this.running) return
    this.process.kill('SIGINT')
    try {
      await within(60_000, this.process.ended, 'the end of PostgreSQL')
    } catch (error) {
      await this.kill9()
      throw error
    }
  }

  async dispose() {
    try {
      await this.stop()
    } finally {
      removeDirectory(this.directory)
    }
  }
}

// For one test, a primary with a database of that name, and its asynchronous standby.
export async function withStandby(t) {
  const primary = await Postgres.create()
  t.after(() => primary.dispose())
  const name = (await primary.newDatabase()).split('/').at(-1)
  const standby = await primary.standby()
  t.after(() => standby.dispose())
  return { primary, standby, name }
}
