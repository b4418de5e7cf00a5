// Three nodes are upgraded one after the other, and back, while users talk: HONGYAN_NEXT is the newer server.
// `scripts/upgrade` makes one of tests/upgrade, and runs this.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { figures } from './lib/cluster.js'
import { Site } from './lib/site.js'
import { delay } from './lib/wait.js'

const next = process.env.HONGYAN_NEXT
const skip = next ? false : 'no HONGYAN_NEXT; scripts/upgrade makes one'

it('P16: an upgrade node by node, and back, loses nothing', { skip }, async (t) => {
  const site = await Site.create()
  t.after(() => site.dispose())
  const refused = []
  const { passed, verdict } = await site.verify(50, async () => {
    for (const program of [next, undefined]) {
      for (const i of program ? [0, 1, 2] : [1, 2, 0]) { // newer beside older, both ways
        await delay(1_500)
        await site.replace(i, program)
        await site.cluster.whole()
        for (const node of site.cluster.nodes) {
          refused.push(...(await figures(node)).filter((line) => /^hongyan_cluster_refused_total\{reason="(malformed|unknown|stranger)"\} [^0]/.test(line)))
        }
      }
    }
    return []
  })
  assert.ok(passed, verdict)
  assert.deepEqual(refused, [])
  const schema = await site.postgres.sql('SELECT max(version) FROM schema_migration', new URL(site.cluster.database).pathname.slice(1))
  assert.ok(Number(schema) >= 900, 'the newer server has migrated')
})
