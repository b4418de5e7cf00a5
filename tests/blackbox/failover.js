// `node failover.js`: two nodes on a PostgreSQL that fails over, once for each seed. What `scripts/failover` calls.

import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { number } from './lib/arguments.js'
import { FailoverSite, modes, setups, summary } from './lib/failover.js'

let values
try {
  ({ values } = parseArgs({ options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seeds: { type: 'string', default: '1' },
    duration: { type: 'string' },
    setup: { type: 'string', multiple: true, default: ['plain'] },
    mode: { type: 'string' },
    only: { type: 'string', multiple: true },
    keep: { type: 'string', default: 'failover' },
    server: { type: 'string' },
  } }))
} catch (error) {
  console.error(`${error.message}\naccepted: --seed N, --seeds COUNT, --duration SECONDS, --setup plain, patroni, auto-failover (repeatable) or all, ` +
    '--mode sync, async or both (in turn unless told), --only FAULT (repeatable), --keep FOLDER, --server PROGRAM')
  process.exit(2)
}

function accept(name, value, accepted) {
  if (accepted.includes(value)) return
  console.error(`--${name}: '${value}' is not accepted; accepted: ${accepted.join(', ')}`)
  process.exit(2)
}

const first = number(values.seed, 'seed', 0)
const count = number(values.seeds, 'seeds', 1)
const seconds = values.duration === undefined ? undefined : number(values.duration, 'duration', 5)
for (const name of values.setup) accept('setup', name, [...Object.keys(setups), 'all'])
const wanted = values.setup.includes('all') ? Object.keys(setups) : values.setup
if (values.mode !== undefined) accept('mode', values.mode, [...modes, 'both'])
for (const fault of values.only ?? []) accept('only', fault, [...new Set(wanted.flatMap((name) => Object.keys(setups[name].faults)))])
const modesOf = (seed) => ({ both: modes, undefined: [modes[seed % modes.length]] })[values.mode] ?? [values.mode]

async function passes(setup, mode, seed) {
  console.log(`seed ${seed}, ${setup}, ${mode}`)
  const site = await FailoverSite.create({ setup, mode, seed, program: values.server && path.resolve(values.server) })
  try {
    const run = await site.verifyFailovers({ seconds: seconds ?? setups[setup].seconds, only: values.only })
    for (const line of summary(run)) console.log(`  ${line}`)
    if (run.passed) return true
    const folder = path.resolve(values.keep, `seed-${seed}-${setup}-${mode}`)
    fs.mkdirSync(folder, { recursive: true })
    for (const [name, text] of Object.entries(run.files)) fs.writeFileSync(path.join(folder, name), text)
    for (const problem of run.problems) console.log(`  FAILED: ${problem}`)
    console.log(`  what happened is in ${folder}`)
    return false
  } finally {
    await site.dispose()
  }
}

let runs = 0
let passed = 0
for (let seed = first; seed < first + count; seed++) {
  for (const setup of wanted) {
    for (const mode of modesOf(seed)) {
      runs++
      if (await passes(setup, mode, seed)) passed++
    }
  }
}
console.log(`${passed} of ${runs} passed`)
process.exitCode = passed < runs ? 1 : 0
