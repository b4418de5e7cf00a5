// Figures over time: what polls of GET /v1/overview told, for an hour, and what is drawn of them.

export const KEPT_MS = 3_600_000
/** A node that has not answered for so long is not waited for: polls go to others. */
const STALE_MS = 60_000

/** What is kept of an answer. */
export function sampleOf({ node, uptimeSeconds, figures }, at) {
  const { online, sessions, messages, deliveries, commitSeconds, memoryBytes, memoryLimitBytes } = figures
  return { at, node, uptime: uptimeSeconds, online, sessions, messages, deliveries, p99: commitSeconds.p99, commits: commitSeconds.count, memory: memoryBytes, limit: memoryLimitBytes }
}

/** A poll without an answer: lines have a gap there. */
export const missing = (at) => ({ at, isMissing: true })

/** The samples with one more, those of more than an hour ago left out. */
export const withSample = (samples, sample) => [...samples.filter(({ at }) => at > sample.at - KEPT_MS), sample]

/**
 * How much a counter grew a second, at a sample; null where that is not known. Counters are a node's own and begin at 0 with it, and
 * behind a balancer the polls go to several: compared is the last sample of the same node in the same life.
 */
export function rateAt(samples, index, name) {
  const now = samples[index]
  if (now.isMissing) return null
  for (let i = index - 1; i >= 0; i--) {
    const before = samples[i]
    if (before.isMissing || before.node !== now.node) continue
    const ms = now.at - before.at
    if (now.uptime < before.uptime || now[name] < before[name] || ms <= 0) return null
    return (now[name] - before[name]) / (ms / 1_000)
  }
  return null
}

/** The nodes that have answered, by name: figures are a node's own. */
export const nodesOf = (samples) => [...new Set(samples.filter(({ isMissing }) => !isMissing).map(({ node }) => node))].sort()

/** The node whose figures are drawn: the wanted one as long as it answers now and then, else the last that did. */
export function nodeToShow(samples, wanted) {
  const last = samples[samples.length - 1]
  const fresh = samples.filter(({ at, isMissing }) => !isMissing && at > last.at - STALE_MS)
  if (fresh.some(({ node }) => node === wanted)) return wanted
  return [...samples].reverse().find(({ isMissing }) => !isMissing)?.node
}

/** What is of one node, and the gaps. */
export const ofNode = (samples, wanted) => samples.filter(({ isMissing, node }) => isMissing || node === wanted)

const level = (name) => (samples, i) => (samples[i].isMissing ? null : samples[i][name])
const rate = (name) => (samples, i) => rateAt(samples, i, name)

/** What is drawn, in this order. `unit`: how it is written; `floor`: the lowest top of its scale. */
export const FIGURES = [
  { name: 'online', unit: 'count', floor: 5, valueAt: level('online') },
  { name: 'sessions', unit: 'count', floor: 5, valueAt: level('sessions') },
  { name: 'messages', unit: 'rate', floor: 1, valueAt: rate('messages') },
  { name: 'deliveries', unit: 'rate', floor: 1, valueAt: rate('deliveries') },
  { name: 'commit', unit: 'seconds', floor: 0.001, valueAt: level('p99') },
  { name: 'memory', unit: 'bytes', floor: 1, valueAt: level('memory'), topOf: (samples) => [...samples].reverse().find(({ limit }) => limit)?.limit },
]

/** @returns {{at: number, value: number|null}[]} */
export const seriesOf = (figure, samples) => samples.map(({ at }, i) => ({ at, value: figure.valueAt(samples, i) ?? null }))
