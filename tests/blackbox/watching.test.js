// What watches the server: deploy/alerts.yml and deploy/grafana.json name metrics that there are, and docs/operations.md says what to do at
// each alarm. When the alarms go off is tests/prometheus/alerts_test.yml.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { get } from './lib/client.js'
import { run } from './lib/processes.js'
import { parseMetrics } from './lib/prometheus.js'
import { serverFor } from './lib/server.js'

const file = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const read = (name) => fs.readFileSync(file(name), 'utf8')
const metricsIn = (text) => new Set([...text.matchAll(/\bhongyan_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')))
const registered = metricsIn(read('core/metrics.cpp'))
const alerts = read('deploy/alerts.yml')
const expressions = [...alerts.matchAll(/^ +expr: (.*)$/gm)].map(([, it]) => it)
const alarms = [...alerts.matchAll(/- alert: (\w+)$/gm)].map(([, it]) => it)

describe('alarms and dashboard', () => {
  it('are what Prometheus takes, and go off when they should', async () => {
    await run('promtool', ['check', 'rules', file('deploy/alerts.yml')])
    const said = await run('promtool', ['test', 'rules', file('tests/prometheus/alerts_test.yml')])
    assert.match(said, /SUCCESS/)
    const tested = new Set([...read('tests/prometheus/alerts_test.yml').matchAll(/alertname: (\w+)\n +exp_alerts/g)].map(([, it]) => it))
    assert.deepEqual(alarms.filter((it) => !tested.has(it)), [], 'alarms that no test sees going off')
  })

  it('name metrics that the server has', () => {
    assert.ok(registered.size > 30)
    for (const [where, text] of [['alerts.yml', expressions.join('\n')], ['grafana.json', read('deploy/grafana.json')]]) {
      const named = metricsIn(text)
      assert.ok(named.size > 10, where)
      assert.deepEqual([...named].filter((it) => !registered.has(it)), [], where)
    }
  })

  it('have a dashboard of panels that each ask for something, and do not overlap', () => {
    const { panels, uid, title } = JSON.parse(read('deploy/grafana.json'))
    assert.deepEqual([uid, title], ['hongyan', 'Hongyan'])
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
    const taken = new Set()
    for (const { type, title: name, gridPos: { x, y, w, h }, targets } of panels) {
      if (type !== 'row') assert.ok(targets.length > 0 && targets.every(({ expr }) => /hongyan/.test(expr)), name)
      assert.ok(x + w <= 24, name)
      for (let i = x; i < x + w; i++) for (let j = y; j < y + h; j++) {
        assert.ok(!taken.has(`${i} ${j}`), `${name} covers another panel`)
        taken.add(`${i} ${j}`)
      }
    }
  })

  // An alarm on a figure that is not there stays quiet for ever.
  it('find what they look at from the first moment on, but for what a configuration or an error brings', async (t) => {
    const served = new Set(parseMetrics((await get(await serverFor(t), '/metrics')).text).samples.map(({ family }) => family))
    const later = ['hongyan_webhook_lag_seconds', 'hongyan_webhook_events_total', 'hongyan_checks_total', 'hongyan_logins_total', 'hongyan_refused_total']
    assert.deepEqual([...metricsIn(expressions.join('\n'))].filter((it) => !served.has(it)).sort(), later.sort())
  })

  it('are in the manual, each with what to do, in both languages', () => {
    for (const manual of ['docs/operations.md', 'docs/operations.zh-CN.md']) {
      const rows = new Map([...read(manual).matchAll(/^\| `(Hongyan\w+)` \| (.*) \|$/gm)].map(([, name, what]) => [name, what]))
      assert.deepEqual([...rows.keys()], alarms, manual)
      for (const [name, what] of rows) assert.ok(what.length > 30, `${manual}: ${name}`)
    }
  })
})
