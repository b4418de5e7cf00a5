// `node faults.js`: three nodes and PostgreSQL under faults, once for each seed. What `scripts/faults` calls.

import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { number } from './lib/arguments.js'
import { faults } from './lib/faults.js'
import { Site } from './lib/site.js'

let values
try {
  ({ values } = parseArgs({ options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    seeds: { type: 'string', default: '1' },
    duration: { type: 'string', default: '40' },
    only: { type: 'string', multiple: true },
    keep: { type: 'string', default: 'faults' },
  } }))
} catch (error) {
  console.error(`${error.message}\naccepted: --seed N, --seeds COUNT, --duration SECONDS, --only FAULT (repeatable), --keep FOLDER`)
  process.exit(2)
}
const first = number(values.seed, 'seed', 0)
const count = number(values.seeds, 'seeds', 1)
const seconds = number(values.duration, 'duration', 5)
const unknown = values.only?.find((name) => !(name in faults))
if (unknown !== undefined) {
  console.error(`--only: there is no fault '${unknown}'; accepted: ${Object.keys(faults).join(', ')}`)
  process.exit(2)
}

let failed = 0
for (let seed = first; seed < first + count; seed++) {
  console.log(`seed ${seed}`)
  const site = await Site.create()
  try {
    if (!site.network) console.log('  without cables: network namespaces need root')
    const { steps, verdict, passed, files } = await site.verifyUnderFaults({ seed, seconds, only: values.only, say: (text) => console.log(`  ${text}`) })
    if (passed) {
      const figure = (name) => new RegExp(`^  ${name} +(\\d+)`, 'm').exec(verdict)[1]
      console.log(`  passed: ${steps.length} faults, ${figure('acknowledged')} messages acknowledged, ${figure('sessions lost')} sessions lost, ` +
        `${figure('events of the history')} events judged`)
    } else {
      failed++
      const folder = path.resolve(values.keep, `seed-${seed}`)
      fs.mkdirSync(folder, { recursive: true })
      for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text)
      console.log(`${verdict}\n  FAILED: seed ${seed}; what happened is in ${folder}`)
    }
  } finally {
    await site.dispose()
  }
}
console.log(`${count - failed} of ${count} passed`)
process.exitCode = failed > 0 ? 1 : 0
