// Patroni with one etcd, and HAProxy in front, which asks it who is primary. Whom to promote is for Patroni to say.

import fs from 'node:fs'
import path from 'node:path'
import { Machine, listens } from './machine.js'
import { binaries, directoryOf, freePort, unprivileged } from './postgres.js'
import { removeDirectory, run, start } from './processes.js'
import { eventually } from './wait.js'

const loopback = '127.0.0.1'
const database = 'verify'
const ttl = 20 // seconds until a leader that says nothing is one no more

// From a healthy pair to a healthy pair; `needs`: seconds at most.
const faults = {
  'switch-over': { needs: 35, async run(setup) {
    const { leader, other } = await setup.roles()
    await setup.control('switchover', '--leader', leader.name, '--candidate', other.name, '--force', 'hongyan')
    await setup.healthy()
  } },

  'PostgreSQL killed': { needs: 40, async run(setup) {
    const { leader } = await setup.roles()
    await leader.killPostgres()
    await setup.healthy()
  } },

  'machine killed': { needs: 60, async run(setup, draw) {
    const { leader, other } = await setup.roles()
    await leader.kill()
    await setup.becomesLeader(other)
    await draw.pause(500, 4_000)
    leader.start()
    await setup.healthy()
  } },

  'machine frozen': { needs: 70, async run(setup, draw) {
    const { leader, other } = await setup.roles()
    leader.freeze()
    await setup.becomesLeader(other)
    await draw.pause(500, 6_000)
    setup.say(`${leader.name} thaws`)
    leader.thaw()
    await draw.pause(3_000, 6_000) // it may still think that it is the leader
    await setup.healthy()
  } },

  // Its PostgreSQL goes on as if nothing had happened.
  'patroni killed': { needs: 65, async run(setup, draw) {
    const { leader, other } = await setup.roles()
    await leader.killAgent()
    await draw.pause(1_000, 4_000)
    await setup.becomesLeader(other)
    await draw.pause(500, 4_000)
    leader.start()
    await setup.healthy()
  } },
}

export class Patroni {
  static faults = faults
  static seconds = 240
  faults = faults
  processes = []
  machines = []

  static async create({ mode, say }) {
    const setup = Object.assign(new Patroni(), { mode, say })
    try {
      setup.user = unprivileged()
      setup.directory = directoryOf(setup.user, 'patroni')
      await setup.startEtcd()
      for (const name of ['a', 'b']) {
        await setup.addMachine(name)
        await setup.becomesLeader(setup.machines[0])
        if (name === 'a') await setup.machines[0].sql(`CREATE DATABASE ${database}`)
      }
      await setup.startProxy()
      await setup.healthy()
      return setup
    } catch (error) {
      error.message += `\n${setup.logs().slice(-3_000)}`
      await setup.dispose()
      throw error
    }
  }

  // What all of it has said.
  logs() { return this.processes.map((child) => `${child.spawnargs.join(' ')}\n${child.out()}${child.err()}`).join('\n---\n') }

  start(command, ...args) {
    const child = start(command, args, { ...this.user, cwd: this.directory, env: { PATH: `${process.env.PATH}:/usr/sbin`, LANG: 'C.UTF-8', HOME: this.directory } })
    this.processes.push(child)
    return child
  }

  write(name, text) {
    const file = path.join(this.directory, name)
    fs.writeFileSync(file, text, { mode: 0o644 })
    return file
  }

  async startEtcd() {
    this.etcd = await freePort()
    const peers = `http://${loopback}:${await freePort()}`
    const clients = `http://${loopback}:${this.etcd}`
    this.start('etcd', '--data-dir', path.join(this.directory, 'etcd'), '--listen-client-urls', clients, '--advertise-client-urls', clients,
      '--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`)
    await eventually(15_000, 'etcd to listen', () => listens(this.etcd), 100)
  }

  async addMachine(name) {
    const [port, api] = [await freePort(), await freePort()]
    const data = path.join(this.directory, name)
    const settings = this.write(`${name}.yml`, `
scope: hongyan
name: ${name}
restapi: {listen: '${loopback}:${api}', connect_address: '${loopback}:${api}'}
etcd3: {hosts: '${loopback}:${this.etcd}'}
bootstrap:
  dcs:
    ttl: ${ttl}
    loop_wait: 5
    retry_timeout: 5
    maximum_lag_on_failover: 1048576
    synchronous_mode: ${this.mode === 'sync'}
    primary_start_timeout: 0
    postgresql: {use_pg_rewind: true, use_slots: true, parameters: {wal_log_hints: 'on', max_connections: 60, shared_buffers: 32MB}}
  initdb: [encoding: UTF8, locale: C.UTF-8]
postgresql:
  listen: '${loopback}:${port}'
  connect_address: '${loopback}:${port}'
  data_dir: ${data}
  bin_dir: ${binaries()}
  pgpass: ${data}.pgpass
  basebackup: [checkpoint: fast]
  parameters: {unix_socket_directories: ''}
  pg_hba: ['host all all ${loopback}/32 trust', 'host replication all ${loopback}/32 trust']
  authentication:
    superuser: {username: hongyan, password: x}
    replication: {username: replicator, password: x}
    rewind: {username: rewinder, password: x}
watchdog: {mode: 'off'}
`)
    const machine = new Machine({ name, data, port, begin: () => this.start('patroni', settings) })
    machine.api = api
    machine.settings = settings
    machine.sql = (text) => run(path.join(binaries(), 'psql'),
      ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-d', `postgresql://hongyan@${loopback}:${port}/postgres?connect_timeout=2`, '-c', text]).then((out) => out.trim())
    this.machines.push(machine)
    machine.start()
  }

  // on-marked-down shutdown-sessions is what fences an old primary off.
  async startProxy() {
    this.port = await freePort()
    const settings = this.write('haproxy.cfg', `
defaults
  mode tcp
  timeout connect 2s
  timeout client 30m
  timeout server 30m
  timeout check 2s
listen primary
  bind ${loopback}:${this.port}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
${this.machines.map(({ name, port, api }) => `  server ${name} ${loopback}:${port} check port ${api}`).join('\n')}
`)
    this.start('haproxy', '-db', '-f', settings)
    await eventually(10_000, 'HAProxy to listen', () => listens(this.port), 100)
  }

  url() { return `postgresql://hongyan@${loopback}:${this.port}/${database}` }

  control(...args) { return run('patronictl', ['-c', this.machines[0].settings, ...args], { cwd: this.directory }) }

  // Patroni's own answer: is it so?
  async says(machine, what) {
    try {
      return (await fetch(`http://${loopback}:${machine.api}/${what}`, { signal: AbortSignal.timeout(2_000) })).status === 200
    } catch {
      return false
    }
  }

  async becomesLeader(machine) {
    await eventually(60_000, `${machine.name} to lead`, () => this.says(machine, 'leader'), 250)
    this.say(`${machine.name} leads`)
  }

  async roles() {
    for (const leader of this.machines)
      if (await this.says(leader, 'leader')) return { leader, other: this.machines.find((it) => it !== leader) }
    return {}
  }

  // One leads, and the other follows; in mode sync it has all that is committed, and may be promoted.
  async healthy() {
    await eventually(60_000, `a leader, and a replica that follows, ${this.mode}`, async () => {
      const { leader, other } = await this.roles()
      if (!leader || !await this.says(other, this.mode === 'sync' ? 'synchronous' : 'replica')) return false
      return await leader.sql("SELECT state || ' ' || sync_state FROM pg_stat_replication").catch(() => '') === `streaming ${this.mode}`
    }, 500)
    const { leader } = await this.roles()
    this.say(`${leader?.name} leads, and the other follows`)
  }

  async dispose() {
    for (const machine of this.machines) await machine.kill()
    for (const child of this.processes) {
      child.kill('SIGKILL')
      await child.ended.catch(() => {})
    }
    removeDirectory(this.directory)
  }
}
