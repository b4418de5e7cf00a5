// Processes of others that make a machine together: an agent, the PostgreSQL that it started, and what these started.

import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { childrenOf, freeze, send, thaw } from './postgres.js'
import { eventually } from './wait.js'

const descendants = (pid) => [pid, ...childrenOf(pid).flatMap(descendants)]
const machines = new Set()

// Before the agents are ended, by which their children are found.
process.prependListener('exit', () => { for (const machine of machines) for (const pid of machine.pids()) send(pid, 'SIGKILL') })

const isThere = (pid) => fs.existsSync(`/proc/${pid}`)

export class Machine {
  // `begin()` starts the agent, and returns its process; `data`: the folder of its PostgreSQL, which listens on `port`.
  constructor({ name, data, port, begin }) {
    Object.assign(this, { name, data, port, begin })
    machines.add(this)
  }

  start() { this.agent = this.begin() }

  get running() { return this.agent !== undefined && this.agent.exitCode === null && this.agent.signalCode === null }

  // Of its PostgreSQL, which outlives the agent; undefined when there is none.
  get postmaster() {
    try {
      const pid = Number(fs.readFileSync(path.join(this.data, 'postmaster.pid'), 'utf8').split('\n')[0])
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(this.data) ? pid : undefined
    } catch {
      return undefined
    }
  }

  // The first ones first.
  pids() {
    const roots = [this.running ? this.agent.pid : undefined, this.postmaster].filter((pid) => pid !== undefined)
    return [...new Set(roots.flatMap(descendants))]
  }

  freeze() {
    for (let known = -1; known < this.pids().length;) { // until none of them has started another
      this.frozen = this.pids()
      known = this.frozen.length
      freeze(this.frozen)
    }
  }

  thaw() {
    thaw(this.frozen ?? [])
    this.frozen = undefined
  }

  kill() { return this.end(this.pids()) }
  killPostgres() { return this.end(this.postmaster === undefined ? [] : descendants(this.postmaster)) }
  killAgent() { return this.end([this.agent.pid]) }

  async end(pids) {
    for (const pid of pids) send(pid, 'SIGKILL')
    thaw(pids) // and they are gone from the list of those that are stopped
    await eventually(5_000, `the end of ${this.name}'s processes`, () => !pids.some(isThere))
    this.frozen = undefined
  }
}

// Somebody listens there.
export function listens(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
    socket.once('error', () => resolve(false))
  })
}
