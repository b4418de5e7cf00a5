// pg_auto_failover: a monitor that decides, and an agent beside each PostgreSQL. Its monitor listens everywhere, so that it
// needs a network of its own.

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Machine } from './machine.js'
import { binaries, directoryOf, freePort, unprivileged } from './postgres.js'
import { removeDirectory, run, start } from './processes.js'
import { eventually } from './wait.js'

const loopback = '127.0.0.1'
const database = 'verify'

// As it is it takes 57 s until the other may write.
const monitorSettings = {
  health_check_period: 2000, health_check_timeout: 2000, health_check_max_retries: 1, health_check_retry_delay: 500,
  node_considered_unhealthy_timeout: 8000, primary_demote_timeout: 10000,
}

// From a healthy pair to a healthy pair; `needs`: seconds at most.
const faults = {
  'switch-over': { needs: 20, async run(setup) {
    const { primary } = await setup.roles()
    // Its monitor may run into a deadlock with itself, and says so.
    await eventually(10_000, 'a switch-over', () => setup.control('perform', 'switchover', '--formation', 'default', '--monitor', setup.monitor).then(() => true, () => false), 1_000)
    await setup.becomesPrimary(setup.other(primary))
    await setup.healthy()
  } },

  'PostgreSQL killed': { needs: 25, async run(setup) {
    const { primary } = await setup.roles()
    await primary.killPostgres()
    await setup.healthy()
  } },

  'machine killed': { needs: 45, async run(setup, draw) {
    const { primary } = await setup.roles()
    await primary.kill()
    await setup.becomesPrimary(setup.other(primary))
    await draw.pause(500, 4_000)
    primary.start()
    await setup.healthy()
  } },

  'machine frozen': { needs: 50, async run(setup, draw) {
    const { primary } = await setup.roles()
    primary.freeze()
    await setup.becomesPrimary(setup.other(primary))
    await draw.pause(500, 6_000)
    setup.say(`${primary.name} thaws`)
    primary.thaw()
    await draw.pause(3_000, 6_000) // it may still think that it is the primary
    await setup.healthy()
  } },
}

export class AutoFailover {
  static faults = faults
  static seconds = 150
  faults = faults
  processes = []
  machines = []

  static async create({ mode, say }) {
    const elsewhere = Object.keys(os.networkInterfaces()).filter((name) => name !== 'lo')
    if (elsewhere.length > 0) throw new Error('pg_auto_failover listens everywhere: it is only run in a network namespace of its own, as scripts/failover makes one as root')
    const setup = Object.assign(new AutoFailover(), { mode, say })
    try {
      setup.user = unprivileged()
      setup.directory = directoryOf(setup.user, 'auto-failover')
      await setup.startMonitor()
      for (const name of ['a', 'b']) await setup.addMachine(name)
      await setup.healthy()
      setup.uri = (await setup.control('show', 'uri', '--formation', 'default', '--monitor', setup.monitor)).trim().replace('//', '//hongyan@')
      return setup
    } catch (error) {
      error.message += `\n${setup.logs().slice(-3_000)}`
      await setup.dispose()
      throw error
    }
  }

  get options() {
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: this.directory, XDG_RUNTIME_DIR: this.directory, USER: 'postgres' }
    return { ...this.user, cwd: this.directory, env }
  }

  // What all of it has said.
  logs() { return this.processes.map((child) => `${child.spawnargs.join(' ')}\n${child.out()}${child.err()}`).join('\n---\n') }

  agent(...args) {
    const child = start('pg_autoctl', args, this.options)
    this.processes.push(child)
    return child
  }

  control(...args) { return run('pg_autoctl', args, this.options) }

  psql(url, text) {
    return run(path.join(binaries(), 'psql'), ['-X', '-At', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', text], this.options).then((out) => out.trim())
  }

  decided(text) { return this.psql(this.monitor, text) }

  async startMonitor() {
    const port = await freePort()
    const data = path.join(this.directory, 'monitor')
    this.monitor = `postgres://autoctl_node@${loopback}:${port}/pg_auto_failover?sslmode=disable`
    const pgctl = path.join(binaries(), 'pg_ctl')
    this.watcher = new Machine({ name: 'monitor', data, port, begin: () =>
      this.agent('create', 'monitor', '--pgdata', data, '--pgport', String(port), '--hostname', loopback, '--auth', 'trust', '--no-ssl', '--pgctl', pgctl, '--run') })
    this.watcher.start()
    await eventually(30_000, 'the monitor to answer', () => this.decided('SELECT count(*) FROM pgautofailover.node').catch(() => false), 250)
    const superuser = `postgres://postgres@${loopback}:${port}/postgres`
    for (const [name, value] of Object.entries(monitorSettings)) await this.psql(superuser, `ALTER SYSTEM SET pgautofailover.${name} = ${value}`)
    await this.psql(superuser, 'SELECT pg_reload_conf()')
  }

  async addMachine(name) {
    const port = await freePort()
    const data = path.join(this.directory, name)
    const pgctl = path.join(binaries(), 'pg_ctl')
    const machine = new Machine({ name, data, port, begin: () => fs.existsSync(path.join(data, 'PG_VERSION'))
      ? this.agent('run', '--pgdata', data)
      : this.agent('create', 'postgres', '--pgdata', data, '--pgport', String(port), '--hostname', loopback, '--listen', loopback, '--auth', 'trust', '--no-ssl',
        '--username', 'hongyan', '--dbname', database, '--name', name, '--pgctl', pgctl, '--monitor', this.monitor,
        '--replication-quorum', String(this.mode === 'sync'), '--run') })
    this.machines.push(machine)
    machine.start()
    if (name !== 'a') return
    await this.becomesPrimary(machine)
    await this.onPrimary(machine, 'CHECKPOINT') // else the base backup of the other waits for minutes
  }

  onPrimary(machine, text) { return this.psql(`postgres://postgres@${loopback}:${machine.port}/${database}`, text) }

  url() { return this.uri }

  other(machine) { return this.machines.find((it) => it !== machine) }

  stateOf(machine) { return this.decided(`SELECT reportedstate FROM pgautofailover.node WHERE nodeport = ${machine.port}`).catch(() => '') }

  async roles() {
    for (const primary of this.machines) if (await this.stateOf(primary) === 'primary') return { primary }
    return {}
  }

  // It may write.
  async becomesPrimary(machine) {
    await eventually(90_000, `${machine.name} to be primary`, async () => ['single', 'wait_primary', 'primary'].includes(await this.stateOf(machine)), 250)
    this.say(`${machine.name} is primary`)
  }

  async healthy() {
    await eventually(90_000, `a primary, and a secondary that follows, ${this.mode}`, async () => {
      const { primary } = await this.roles()
      if (!primary || await this.stateOf(this.other(primary)) !== 'secondary') return false
      const state = await this.onPrimary(primary, "SELECT state || ' ' || sync_state FROM pg_stat_replication").catch(() => '')
      return this.mode === 'sync' ? ['streaming sync', 'streaming quorum'].includes(state) : state === 'streaming async'
    }, 500)
    const { primary } = await this.roles()
    this.say(`${primary?.name} is primary, and the other follows`)
  }

  async dispose() {
    for (const machine of [...this.machines, this.watcher]) await machine?.kill()
    for (const child of this.processes) {
      child.kill('SIGKILL')
      await child.ended.catch(() => {})
    }
    removeDirectory(this.directory)
  }
}
