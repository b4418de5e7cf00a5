// The Prometheus text format, read strictly (https://prometheus.io/docs/instrumenting/exposition_formats/).

import assert from 'node:assert/strict'

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (NaN|[+-]Inf|[-+]?\d[\d.eE+-]*)(?: -?\d+)?$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y

function parseLabels(text) {
  const labels = {}
  label.lastIndex = 0
  while (label.lastIndex < text.length) {
    const at = label.lastIndex
    const found = label.exec(text)
    assert.ok(found, `bad labels at ${text.slice(at)}`)
    labels[found[1]] = found[2]
  }
  return labels
}

const number = (text) => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text))

// {samples: [{name, labels, value, family}], types: {family: type}, sum(pattern, labels?)}; fails on anything malformed.
export function parseMetrics(text) {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const types = {}
  const samples = []
  const seen = new Set()
  for (const row of text.split('\n').slice(0, -1)) {
    if (row === '') continue
    if (row.startsWith('#')) {
      const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(row) ?? []
      if (keyword === 'TYPE') {
        assert.ok(!(name in types), `TYPE of ${name} twice`)
        assert.ok(!samples.some((sample) => sample.family === name), `TYPE of ${name} after its samples`)
        assert.match(rest, /^(counter|gauge|histogram|summary|untyped)$/)
        types[name] = rest
      }
      continue
    }
    const found = line.exec(row)
    assert.ok(found, `not a sample: ${row}`)
    const [, name, labels = '', value] = found
    assert.ok(!seen.has(`${name}{${labels}}`), `twice: ${row}`)
    seen.add(`${name}{${labels}}`)
    const family = name in types ? name : name.replace(/_(bucket|sum|count)$/, '')
    assert.ok(family in types, `no TYPE for ${name}`)
    samples.push({ name, labels: parseLabels(labels), value: number(value), family })
  }
  for (const [family, type] of Object.entries(types)) {
    if (type === 'histogram') assertHistogram(family, samples.filter((sample) => sample.family === family))
    if (type === 'counter') for (const s of samples) if (s.family === family) assert.ok(s.value >= 0, `${s.name} is ${s.value}`)
  }
  const sum = (pattern, wanted = {}) => samples
    .filter(({ name, labels }) => pattern.test(name) && Object.entries(wanted).every(([k, v]) => labels[k] === v))
    .reduce((total, { value }) => total + value, 0)
  return { samples, types, sum }
}

// Buckets are cumulative, end with +Inf, and that is the count.
function assertHistogram(family, samples) {
  const series = new Map()
  for (const { name, labels: { le, ...rest }, value } of samples) {
    const key = JSON.stringify(rest)
    if (!series.has(key)) series.set(key, { buckets: [] })
    if (name.endsWith('_bucket')) series.get(key).buckets.push([number(le), value])
    else series.get(key)[name.slice(family.length + 1)] = value
  }
  for (const [key, { buckets, count, sum }] of series) {
    assert.ok(buckets.length > 1, `${family}${key} has buckets`)
    for (let i = 1; i < buckets.length; i++) {
      assert.ok(buckets[i - 1][0] < buckets[i][0], `${family}${key}: le ascends`)
      assert.ok(buckets[i - 1][1] <= buckets[i][1], `${family}${key}: buckets are cumulative`)
    }
    assert.equal(buckets.at(-1)[0], Infinity, `${family}${key} ends with +Inf`)
    assert.equal(buckets.at(-1)[1], count, `${family}${key}: +Inf is the count`)
    assert.equal(typeof sum, 'number', `${family}${key} has a sum`)
  }
}
