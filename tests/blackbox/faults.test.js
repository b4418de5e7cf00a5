// An installation under faults that come by a seed, judged by `hongyan-bench verify`; `scripts/faults` runs many.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faults, schedule, thingOf } from './lib/faults.js'
import { Site } from './lib/site.js'

describe('a schedule', () => {
  it('is the same for the same seed, and another for another', () => {
    assert.deepEqual(schedule(7, 60_000), schedule(7, 60_000))
    assert.notDeepEqual(schedule(7, 60_000), schedule(8, 60_000))
  })

  it('is over in time, and has at most one fault of one thing at once', () => {
    for (let seed = 0; seed < 200; seed++) {
      const steps = schedule(seed, 30_000)
      assert.ok(steps.length > 5)
      const free = {}
      for (const step of steps) {
        assert.ok(step.at >= (free[thingOf(step)] ?? 0))
        free[thingOf(step)] = step.at + step.lasts
        assert.ok(step.at + step.lasts <= 30_000)
      }
    }
  })

  it('comes to every fault, and leaves out what needs cables', () => {
    const seen = new Set(Array.from({ length: 50 }, (_, seed) => schedule(seed, 30_000)).flat().map(({ fault }) => fault))
    assert.deepEqual([...seen].sort(), Object.keys(faults).sort())
    assert.ok(schedule(1, 600_000, { wire: false }).every(({ fault }) => !faults[fault].wire))
  })
})

it('three nodes lose, double, reorder and leak nothing under faults', async (t) => {
  const seed = Number(process.env.HONGYAN_TEST_SEED ?? Date.now() % 1_000_000)
  t.diagnostic(`HONGYAN_TEST_SEED=${seed}`)
  const site = await Site.create()
  t.after(() => site.dispose())
  const { steps, verdict, passed } = await site.verifyUnderFaults({ seed, seconds: 20 })
  assert.ok(passed, `seed ${seed}: ${verdict}`)
  assert.ok(steps.length > 0)
})
