// -- live figures -------------------------------------------------------------------------------------------------
/** Prometheus text → [{name, labels, value}]. */
function parseMetrics(text) {
  const series = []
  for (const line of text.split('\n')) {
    const match = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)/.exec(line)
    if (!match) continue
    const labels = {}
    for (const [, key, value] of (match[2] ?? '').matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)) labels[key] = value
    series.push({ name: match[1], labels, value: Number(match[3].replace('Inf', 'Infinity')) })
  }
  return series
}

/** The quantile of a histogram given as [[upper bound, cumulative count]…] ascending; null when it is empty. */
function quantile(buckets, q) {
  const total = buckets.at(-1)?.[1] ?? 0
  if (!(total > 0)) return null
  let below = 0, count = 0
  for (const [bound, upTo] of buckets) {
    if (upTo >= q * total) return bound === Infinity ? below : below + (bound - below) * (upTo > count ? (q * total - count) / (upTo - count) : 1)
    below = bound
    count = upTo
  }
  return below
}

const figures = { samples: [], rates: Array(60).fill(0), state: 'asking' }
const isClosed = () => figures.state === 'closed' || figures.state === 'hidden'  // hidden: for who has a login, and the page's is a user's

function takeSample(text) {
  const series = parseMetrics(text)
  const sum = (name, labels = {}) => series.reduce((total, one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value) ? total + one.value : total, 0)
  const buckets = new Map()
  for (const { name, labels, value } of series) {
    if (name !== 'hongyan_push_seconds_bucket') continue
    const bound = Number(labels.le.replace('Inf', 'Infinity'))
    buckets.set(bound, (buckets.get(bound) ?? 0) + value)
  }
  const sample = { at: performance.now(), stored: sum('hongyan_pushes_total', { outcome: 'stored' }), buckets: [...buckets].sort((a, b) => a[0] - b[0]),
    online: sum('hongyan_users_online'), sockets: sum('hongyan_connections', { kind: 'websocket' }), http: sum('hongyan_connections', { kind: 'http' }), database: sum('hongyan_database_up') > 0,
    node: series.find(one => one.name === 'hongyan_node_info')?.labels.node, others: sum('hongyan_cluster_nodes'), linked: sum('hongyan_cluster_peers') }
  const { samples, rates } = figures
  let last = samples.at(-1)
  if (last && sample.stored < last.stored) { samples.length = 0; last = undefined }  // the server was started anew
  sample.rate = last ? (sample.stored - last.stored) * 1000 / (sample.at - last.at) : 0
  const seconds = last ? Math.min(60, Math.max(1, Math.round((sample.at - last.at) / 1000))) : 1
  for (let i = 0; i < seconds; ++i) rates.push(sample.rate)  // the axis is time: a gap between two polls is as wide as it was
  rates.splice(0, rates.length - 60)
  samples.push(sample)
  while (samples.length > 2 && samples[1].at < sample.at - 10_000) samples.shift()
}

function drawFigures() {
  const { samples, rates, state } = figures, sample = samples.at(-1), put = (id, text, unit) => {
    $(`#${id}`).textContent = text
    if (unit) $(`#${id}`).append(element('small', '', unit))
  }
  const known = sample && !isClosed()
  // Of fewer than a hundred the p99 is only the slowest: then the median is shown.
  const total = buckets => buckets.at(-1)?.[1] ?? 0
  const latest = known ? sample.buckets.map(([bound, count], i) => [bound, count - (samples[0].buckets[i]?.[1] ?? 0)]) : []
  const isRecent = total(latest) >= 100, counted = isRecent ? latest : known ? sample.buckets : [], isFew = total(counted) < 100
  const p99 = quantile(counted, isFew ? .5 : .99), ms = p99 * 1000
  put('online', known ? number(sample.online) : '–')
  put('onlineNote', known && sample.others ? say('onlineHere', sample.node, number(sample.linked), number(sample.others)) : say('onlineNote'))
  put('sockets', known ? number(sample.sockets) : '–')
  put('rate', known ? number(sample.rate, sample.rate < 10 ? 1 : 0) : '–')
  if (p99 === null) put('p99', '–')
  else if (ms >= 1000) put('p99', number(p99, 1), 's')
  else put('p99', number(ms, ms < 10 ? 1 : 0), 'ms')
  put('socketsNote', known ? say('socketsNote', number(sample.http)) : '')
  put('rateNote', known ? say('rateNote', number(sample.stored)) : '')
  put('p99Name', say(known && p99 !== null && isFew ? 'p50' : 'p99'))
  put('p99Note', !known ? '' : p99 === null ? say('p99None') : isFew ? say('p99Few') : say(isRecent ? 'p99Recent' : 'p99Ever'))
  const peak = Math.max(...rates), top = Math.max(1, peak)
  const path = rates.map((rate, i) => `${(i * 300 / 59).toFixed(1)} ${(42 - rate / top * 40).toFixed(1)}`).join('L')
  $('#trendLine').setAttribute('d', `M${path}`)
  $('#trendArea').setAttribute('d', `M0 44L${path}L300 44Z`)
  put('peak', known ? say('peak', number(peak, peak < 10 ? 1 : 0)) : '')
  $('.figures').classList.toggle('stale', state !== 'ok')
  $('.figures').hidden = state === 'hidden'
  const hint = { closed: say('closedMetrics'), failed: figures.database === 'unreachable' ? '' : say('noMetrics') }[state] ?? ''
  if ($('#hint').textContent !== hint) put('hint', hint)
  $('#hint').hidden = !hint
  const database = figures.database ?? 'asking', text = $('#database .text')
  if (text.textContent !== say(database)) text.textContent = say(database)
  $('#database .dot').className = `dot ${{ databaseUp: 'good', asking: '' }[database] ?? 'bad'}`
}

/** Every second /metrics. Where that is not ours to read, /readyz still tells of the database. */
async function watch() {
  for (;; await sleep(isClosed() ? 5000 : 1000)) {
    if (document.hidden) continue
    try {
      if (isClosed()) figures.database = await ready()
      else {
        takeSample(await (await ask('/metrics')).text())
        figures.state = 'ok'
        figures.database = figures.samples.at(-1).database ? 'databaseUp' : 'databaseDown'
      }
    } catch (error) {
      figures.state = { 401: 'hidden', 403: 'closed' }[error.status] ?? 'failed'
      figures.database = error.status ? await ready() : 'unreachable'
    }
    drawFigures()
  }
}

const ready = () => ask('/readyz').then(() => 'databaseUp', error => error.status ? 'databaseDown' : 'unreachable')
