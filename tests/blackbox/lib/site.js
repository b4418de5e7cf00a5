// Three nodes and PostgreSQL with a bad line at every place: machines of their own where network namespaces may be made
// (as root), and proxies to the clients and to the database. `hongyan-bench verify` talks, faults come meanwhile.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Cluster } from './cluster.js'
import { described, faults, schedule, thingOf } from './faults.js'
import { Network } from './network.js'
import { makeDirectory, removeDirectory, start } from './processes.js'
import { Proxy } from './proxy.js'
import { cleanEnvironment } from './server.js'
import { delay, eventually, within } from './wait.js'

const bench = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../build/release/hongyan-bench')
const nodes = [0, 1, 2]
const loopback = '127.0.0.1'

export class Site {
  static async create() {
    const site = new Site()
    site.directory = makeDirectory('site')
    site.logs = []
    try {
      try {
        site.network = Network.create(nodes.length)
      } catch { /* all on loopback then, where no cable can be cut */ }
      site.toClients = await Promise.all(nodes.map((i) => Proxy.create(() => ({ host: site.cluster.nodes[i].address, port: site.cluster.nodes[i].port }))))
      site.toDatabase = await Promise.all(nodes.map(() => Proxy.create(() => ({ host: loopback, port: site.postgres.port }), site.network?.database)))
      const apart = await site.network?.settings(site.directory)
      site.cluster = await Cluster.start(nodes.length, (i, cluster) => {
        site.postgres = cluster.postgres
        const { pathname } = new URL(cluster.database)
        return {
          ...apart?.(i),
          database: `postgresql://hongyan@${site.network?.database ?? loopback}:${site.toDatabase[i].port}${pathname}`,
        }
      })
      return site
    } catch (error) {
      await site.dispose()
      throw error
    }
  }

  // As a supervisor does: again and again, for a node does not start without its database.
  restart(i) {
    this.logs.push(this.cluster.nodes[i].stderr())
    return eventually(30_000, `node ${i} to start again`, () => this.cluster.add(i, { ready: false }).then(() => true, () => false), 500)
  }

  // Another program in its place, as in an upgrade.
  async replace(i, program) {
    await this.cluster.nodes[i].stop()
    await this.cluster.add(i, { binary: program })
  }

  // A run of verify over the nodes: {passed, verdict, files: {name: text}}. `meanwhile()` is over when the seconds are, and
  // answers what went wrong in it, a line each.
  async verify(seconds, meanwhile) {
    const history = path.join(this.directory, 'history.jsonl')
    const judge = start(bench, ['verify', ...this.toClients.flatMap((proxy) => ['--url', `http://${loopback}:${proxy.port}`]),
      '--duration', String(seconds), '--history', history], { env: cleanEnvironment() })
    const problems = await meanwhile()
    const { code } = await within((seconds + 240) * 1000, judge.ended, 'the verdict')
    const verdict = [judge.out(), ...problems].join('\n')
    const files = {
      'history.jsonl': fs.readFileSync(history, 'utf8'),
      'verdict.txt': verdict,
      'nodes.log': [...this.logs, ...this.cluster.nodes.map((node) => node.stderr())].join('\n---\n'),
    }
    return { verdict, passed: code === 0 && problems.length === 0, files }
  }

  // A run under faults by a seed: {steps, passed, verdict, files}.
  async verifyUnderFaults({ seed, seconds, only, say = () => {} }) {
    const steps = schedule(seed, seconds * 1000, { nodes: nodes.length, wire: !!this.network, only })
    const marks = []
    const problems = []
    const run = await this.verify(seconds, async () => {
      const begin = Date.now()
      const busy = new Map() // a node that starts again without its database takes longer than was planned
      await Promise.all(steps.map(async (step) => {
        const { fault, node, other } = step
        const before = busy.get(thingOf(step))
        let finished
        busy.set(thingOf(step), new Promise((resolve) => { finished = resolve }))
        const attempt = async (what, action) => {
          marks.push({ at: Number(process.hrtime.bigint()), event: 'mark', text: `${what}: ${described(step)}` })
          try { await action(this, node, other) } catch (error) { problems.push(`${what} of ${described(step)}: ${error.message}`) }
        }
        await delay(begin + step.at - Date.now())
        await before
        say(described(step))
        await attempt('begin', faults[fault].begin)
        await delay(begin + step.at + step.lasts - Date.now())
        await attempt('end', faults[fault].end)
        finished()
      }))
      return problems
    })
    run.files['marks.jsonl'] = marks.map((mark) => `${JSON.stringify(mark)}\n`).join('')
    return { ...run, steps }
  }

  async dispose() {
    try {
      await this.cluster?.dispose()
    } finally {
      for (const proxy of [...this.toClients ?? [], ...this.toDatabase ?? []]) await proxy.dispose()
      this.network?.dispose()
      removeDirectory(this.directory)
    }
  }
}
