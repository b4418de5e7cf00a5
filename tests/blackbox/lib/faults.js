// What befalls an installation of three nodes and PostgreSQL: which faults there are, and when each comes, by a seed.

// mulberry32: numbers of [0, 1), the same ones for one seed on every machine.
export function random(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// Each: `begin(site, node, other)` and, after a while, `end(...)` with the same. `on`: what it needs for itself meanwhile, so
// that no two faults are about the same thing; `wire`: needs network namespaces.
export const faults = {
  kill: { on: 'node', begin: (site, i) => site.cluster.nodes[i].kill9(), end: (site, i) => site.restart(i) },
  freeze: { on: 'node', begin: (site, i) => site.cluster.nodes[i].signal('SIGSTOP'), end: (site, i) => site.cluster.nodes[i].signal('SIGCONT') },
  drain: { on: 'node', begin: (site, i) => site.cluster.nodes[i].stop(), end: (site, i) => site.restart(i) },

  'cut from the nodes': { on: 'inner', wire: true, begin: (site, i) => site.network.cut(i), end: (site, i) => site.network.heal(i) },
  'deaf to a node': { on: 'inner', wire: true, begin: (site, i, j) => site.network.deafen(i, j), end: (site, i, j) => site.network.undeafen(i, j) },
  'slow among the nodes': { on: 'inner', wire: true, begin: (site, i) => site.network.slow(i), end: (site, i) => site.network.unslow(i) },
  'cut from the database': { on: 'base', wire: true, begin: (site, i) => site.network.cutDatabase(i), end: (site, i) => site.network.healDatabase(i) },

  'database hears nothing of': { on: 'base', begin: (site, i) => site.toDatabase[i].hold('there'), end: (site, i) => site.toDatabase[i].release() },
  'hears nothing of the database': { on: 'base', begin: (site, i) => site.toDatabase[i].hold('back'), end: (site, i) => site.toDatabase[i].release() },
  'slow to the database': { on: 'base', begin: (site, i) => { site.toDatabase[i].latency = 50 }, end: (site, i) => { site.toDatabase[i].latency = 0 } },
  'database connections cut': { on: 'base', begin: (site, i) => site.toDatabase[i].cut(), end: () => {} },

  'clients cut': { on: 'clients', begin: (site, i) => site.toClients[i].cut(), end: () => {} },
  'clients unheard': { on: 'clients', begin: (site, i) => site.toClients[i].hold('there'), end: (site, i) => site.toClients[i].release() },
  'clients untold': { on: 'clients', begin: (site, i) => site.toClients[i].hold('back'), end: (site, i) => site.toClients[i].release() },
  'clients slow': { on: 'clients', begin: (site, i) => { site.toClients[i].latency = 200 }, end: (site, i) => { site.toClients[i].latency = 0 } },

  'postgres kill': { on: 'postgres', begin: (site) => site.postgres.kill9(), end: (site) => site.postgres.start() },
  'postgres freeze': { on: 'postgres', begin: (site) => site.postgres.freeze(), end: (site) => site.postgres.thaw() },
  'postgres restart': { on: 'postgres', begin: (site) => site.postgres.stop(), end: (site) => site.postgres.start() },
}

// What a fault is about.
export const thingOf = ({ fault, node }) => faults[fault].on === 'postgres' ? 'postgres' : `${faults[fault].on} ${node}`

const first = 1_500
const between = 3_500 // at most
const shortest = 300
const longest = 9_000 // twice the silence after which nodes give each other up

// What of `only` comes in `ms` milliseconds, and is over then: [{at, lasts, fault, node, other}]. Faults overlap, but not on one thing.
export function schedule(seed, ms, { nodes = 3, wire = true, only = Object.keys(faults) } = {}) {
  const next = random(seed)
  const below = (n) => Math.floor(next() * n)
  const names = only.filter((name) => wire || !faults[name].wire)
  if (names.length === 0) return []
  const free = new Map()
  const steps = []
  for (let at = first; at < ms - shortest; at += 100 + below(between)) {
    const fault = names[below(names.length)]
    const node = below(nodes)
    const other = (node + 1 + below(nodes - 1)) % nodes
    const lasts = Math.min(shortest + below(longest - shortest), ms - at)
    const thing = thingOf({ fault, node })
    if ((free.get(thing) ?? 0) > at) continue
    free.set(thing, at + lasts)
    steps.push({ at, lasts, fault, node, other })
  }
  return steps
}

export const described = ({ at, lasts, fault, node, other }) =>
  `at ${(at / 1000).toFixed(1)} s for ${(lasts / 1000).toFixed(1)} s: ${faults[fault].on === 'postgres' ? fault
    : `${fault}, node ${node}${fault === 'deaf to a node' ? ` to node ${other}` : ''}`}`
