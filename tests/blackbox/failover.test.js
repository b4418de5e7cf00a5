// PostgreSQL fails over under two nodes: what is promised through it, and what not.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FailoverSite, modes, summary } from './lib/failover.js'
import { storeKinds } from './lib/stores.js'

const skip = storeKinds.includes('postgres') ? false : 'PostgreSQL is not among HONGYAN_TEST_STORES'

describe('a failover by a seed', { skip }, () => {
  const what = { sync: 'loses nothing', async: 'loses only what an epoch that it ends had acknowledged, and says so' }
  for (const mode of modes) {
    it(`of a standby that is ${mode} ${what[mode]}`, async (t) => {
      const seed = Number(process.env.HONGYAN_TEST_SEED ?? Date.now() % 1_000_000)
      t.diagnostic(`HONGYAN_TEST_SEED=${seed}`)
      const site = await FailoverSite.create({ mode, seed })
      t.after(() => site.dispose())
      const run = await site.verifyFailovers({ seconds: 30 })
      for (const line of summary(run)) t.diagnostic(line)
      assert.ok(run.passed, `seed ${seed}: ${run.problems.join('\n')}\n${run.verdict}`)
      assert.ok(run.figures.faults.length > 0)
    })
  }
})
