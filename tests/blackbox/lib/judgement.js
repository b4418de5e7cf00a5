// What a history of `hongyan-bench verify` says of a run in which the store was set back: beyond its own verdict, which
// knows nothing of failovers, and in figures.

const nanoseconds = 1e9

export const readHistory = (text) => text.split('\n').filter(Boolean).map((line) => JSON.parse(line))

// What the judge of verify found: {lost: 3, divergence: 1}, and other failures as they are said.
export function findings(verdict) {
  const anomalies = {}
  const others = []
  for (const [, text] of verdict.matchAll(/^ {2}FAILED: (.*)$/gm)) {
    const found = /^(\d+) × ([a-z-]+): /.exec(text)
    if (found) anomalies[found[2]] = Number(found[1])
    else others.push(text)
  }
  return { anomalies, others }
}

const keyOf = (from, { conversation, clientMsgId }) => `${conversation} ${from} ${clientMsgId}`

// Messages that were acknowledged, or shown to somebody, and are in no history that was read when all was over; and users
// who were told too little of it. `epoch`: the final one.
function losses(events) {
  const healed = events.find(({ event }) => event === 'healed')?.at ?? Infinity
  const epochs = new Set() // of the final histories
  const reading = new Set() // by session and conversation: asked for when all was over
  const there = new Set()
  const acknowledged = new Map() // key → epochs
  const shown = new Map()
  const know = (map, key, epoch) => map.set(key, (map.get(key) ?? new Set()).add(epoch))
  for (const it of events) {
    const place = `${it.session} ${it.conversation}`
    if (it.event === 'ok') know(acknowledged, keyOf(it.client, it), it.epoch)
    if (it.event === 'readBegin' && it.at >= healed) {
      reading.add(place)
      epochs.add(it.epoch)
    }
    if (it.event === 'entry' && !it.text) {
      know(shown, keyOf(it.from, it), it.epoch)
      if (it.how === 'history' && reading.has(place)) there.add(keyOf(it.from, it))
    }
  }
  const [epoch] = epochs
  const lost = [...acknowledged].filter(([key]) => !there.has(key))
  return {
    epochs,
    acknowledged: acknowledged.size,
    lost: lost.length,
    wrongly: lost.filter(([, its]) => its.has(epoch)).length,
    ghosts: [...shown].filter(([key, its]) => !there.has(key) && its.has(epoch)).length,
  }
}

// Users whose positions were of an epoch that is over, and who were not told: [what is wrong with whom].
function untold(events, epochs) {
  const problems = []
  const users = new Map() // client → {epoch, reset}
  let resets = 0
  for (const { event, client, epoch } of events) {
    if (event === 'reset') {
      resets++
      users.set(client, { ...users.get(client), reset: true })
    } else if (event === 'syncEnd') {
      const before = users.get(client)
      if (before?.epoch && before.epoch !== epoch && !before.reset) problems.push(`user ${client} came from epoch ${before.epoch} to ${epoch} and was not told 'reset'`)
      users.set(client, { epoch })
    }
  }
  for (const [client, { epoch }] of users)
    if (epochs.size === 1 && !epochs.has(epoch)) problems.push(`user ${client} was left in epoch ${epoch}`)
  return { resets, problems }
}

// Between two acknowledgements, in seconds, the longest that touches from…to.
function gap(times, from, to) {
  let longest = 0
  for (let i = 1; i < times.length; i++)
    if (times[i] >= from && times[i - 1] <= to) longest = Math.max(longest, times[i] - times[i - 1])
  return longest / nanoseconds
}

// {anomalies, problems: [text], figures}. `faults`: [{name, from, to}], by the clock of the history. In mode async a failover
// may lose what was acknowledged in an epoch that it ended, and nothing else is forgiven; in mode sync nothing at all.
export function judge({ history, verdict, mode, faults }) {
  const events = readHistory(history)
  const { anomalies, others } = findings(verdict)
  const problems = [...others]
  for (const [kind, count] of Object.entries(anomalies))
    if (mode === 'sync' || kind !== 'lost') problems.push(`${count} × ${kind}`)

  const { epochs, acknowledged, lost, wrongly, ghosts } = losses(events)
  if (epochs.size > 1) problems.push(`the nodes end in ${epochs.size} epochs: ${[...epochs].join(', ')}`)
  if (wrongly > 0) problems.push(`${wrongly} messages acknowledged in the final epoch are lost`)
  if (ghosts > 0) problems.push(`${ghosts} messages shown in the final epoch are in no history`)
  const told = untold(events, epochs)
  if (told.problems.length > 0) problems.push(`${told.problems[0]}${told.problems.length > 1 ? `, and ${told.problems.length - 1} more` : ''}`)

  const end = events.find(({ event }) => event === 'healed')?.at ?? events.at(-1)?.at ?? 0
  const oks = events.filter(({ event, at }) => event === 'ok' && at < end)
  const times = (node) => [...oks.filter((it) => node === undefined || it.node === node).map(({ at }) => at), end]
  const nodes = [...new Set(events.filter(({ event }) => event === 'ok').map(({ node }) => node))].sort()
  const gaps = (from, to) => ({ all: gap(times(), from, to), nodes: nodes.map((node) => gap(times(node), from, to)) })
  return {
    anomalies,
    problems,
    figures: {
      acknowledged,
      lost,
      epochs: new Set(events.filter(({ event }) => event === 'syncEnd').map(({ epoch }) => epoch)).size,
      resets: told.resets,
      gap: gaps(0, Infinity),
      faults: faults.map(({ name, from, to }) => ({ name, gap: gaps(from, to) })),
    },
  }
}
