// Two nodes on a PostgreSQL that fails over: primaries die, freeze, come back and are two, by a seed, while `hongyan-bench
// verify` writes down what its users see.

import { AutoFailover } from './auto-failover.js'
import { Cluster } from './cluster.js'
import { random } from './faults.js'
import { judge } from './judgement.js'
import { Patroni } from './patroni.js'
import { Plain } from './plain.js'
import { makeDirectory, removeDirectory } from './processes.js'
import { Site } from './site.js'
import { delay } from './wait.js'

// Each: `create({mode, nodes, draw, say})`, and then `url(i)` for node i, `faults` by name, `logs()`, `dispose()`; `seconds`:
// what a run of it needs, to come to most of its faults. A fault is over when the setup is healthy again.
export const setups = { plain: Plain, patroni: Patroni, 'auto-failover': AutoFailover }
export const modes = ['sync', 'async']
const count = 2
const first = 1_500 // milliseconds
const slack = 1.5 // of what a fault needs: a machine that does other work as well is slower

// What comes by the seed, the same for one seed on every machine.
export function drawer(seed) {
  const next = random(seed)
  const below = (n) => Math.floor(next() * n)
  return {
    one: (list) => list[below(list.length)],
    shuffled: (list) => list.map((value) => ({ value, at: next() })).sort((a, b) => a.at - b.at).map(({ value }) => value),
    pause: (from, to) => delay(from + below(to - from)),
  }
}

const now = () => Number(process.hrtime.bigint())

export class FailoverSite extends Site {
  // `program`: another hongyan than the one under test.
  static async create({ setup = 'plain', mode, seed, program, say = () => {} }) {
    const site = Object.assign(new FailoverSite(), { mode, seed, marks: [], logs: [] })
    site.directory = makeDirectory('failover')
    site.say = (text) => {
      site.marks.push({ at: now(), event: 'mark', text })
      say(text)
    }
    try {
      site.setup = await setups[setup].create({ mode, nodes: count, draw: drawer(seed), say: (text) => site.say(text) })
      site.cluster = Object.assign(new Cluster(), { settings: (i) => ({ database: site.setup.url(i), binary: program }) })
      for (let i = 0; i < count; i++) await site.cluster.add(i)
      await site.cluster.whole()
      site.toClients = site.cluster.nodes
      return site
    } catch (error) {
      await site.dispose()
      throw error
    }
  }

  // One fault after the other, each from a healthy setup to a healthy setup, all in turn: {passed, problems, anomalies,
  // figures, verdict, files}.
  async verifyFailovers({ seconds, only }) {
    const { setup, mode, seed } = this
    const names = Object.keys(setup.faults).filter((name) => [undefined, mode].includes(setup.faults[name].mode) && (only?.includes(name) ?? true))
    const past = []
    const problems = []
    const run = await this.verify(seconds, async () => {
      const end = Date.now() + seconds * 1000
      const fits = (name) => setup.faults[name].needs * 1000 * slack < end - Date.now()
      const order = drawer(seed)
      await delay(first)
      for (let turn = [], number = 1; names.some(fits) && problems.length === 0;) {
        if (turn.length === 0) turn = order.shuffled(names)
        const name = turn.shift()
        if (!fits(name)) continue
        const draw = drawer(seed * 1000 + number++)
        this.say(`begin: ${name}`)
        const from = now()
        try {
          await setup.faults[name].run(setup, draw)
        } catch (error) {
          problems.push(`${name}: ${error.message}`)
        }
        this.say(`end: ${name}`)
        past.push({ name, from, to: now() })
        if (Date.now() > end) problems.push(`${name}: it was not over when the users stopped to talk`)
        await draw.pause(500, 2_000)
      }
      return problems
    })
    this.cluster.nodes.forEach((node, i) => { if (!node.running) problems.push(`node ${i} has ended`) })
    run.files['setup.log'] = setup.logs()
    run.files['marks.jsonl'] = this.marks.map((mark) => `${JSON.stringify(mark)}\n`).join('')
    const judged = judge({ history: run.files['history.jsonl'], verdict: run.verdict, mode, faults: past })
    problems.push(...judged.problems)
    run.files['verdict.txt'] += `\n${problems.join('\n')}\n`
    return { ...judged, ...run, problems, passed: problems.length === 0, verdict: run.verdict }
  }

  async dispose() {
    try {
      await this.cluster?.dispose()
    } finally {
      await this.setup?.dispose()
      removeDirectory(this.directory)
    }
  }
}

const seconds = (gap) => `${gap.all.toFixed(1)} (${gap.nodes.map((it) => it.toFixed(1)).join(', ')})`

// A run in a line, and a line for each of its faults; gaps are seconds without an acknowledgement, in brackets of each node.
export const summary = ({ figures: { faults, acknowledged, lost, epochs, resets, gap } }) => [
  `${faults.length} faults, ${acknowledged} messages acknowledged, ${lost} of them lost by failover, ${epochs} epochs, ${resets} resets, longest gap ${seconds(gap)} s`,
  ...faults.map((it) => `  ${it.name}: gap ${seconds(it.gap)} s`),
]
