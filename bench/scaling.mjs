// `node bench/scaling.mjs`: what clusters need, computed from what scripts/bench cluster has measured; docs/scaling.md reads it out.
// The last table is a simulation, second by second, since a formula for the mean says nothing of a wave.

import { random } from '../tests/blackbox/lib/faults.js'

// Measured at 500 messages a second over two nodes, where nearly each is a batch of its own; fuller nodes are cheaper. µs of
// CPU unless said otherwise, on one core of the machine in docs/scaling.md.
const cost = {
  send: 310, // of the sender's node: taken, stored, shown to both ends there
  cross: 350, // more, of both nodes together, for a receiver on another one
  batch: 520, // of PostgreSQL, a transaction
  stored: 60, // of PostgreSQL, more, a message in it
  presence: 15, // of each other node, a user that comes and goes
  presenceBytes: 93, // to each other node
  presenceMemory: 198, // bytes of each other node, a user that is online
  delivery: 1.2, // of a node, a member of a group that is shown a message
  doubt: 54, // of PostgreSQL, a user that is online, a look, with 50 conversations each
}
const commitSeconds = 0.0015 // a writer has one batch under way
const memory = 3.5 * 1024 // bytes of the node, a session
const users = 1_000_000
const sendsAMinute = 1
const sessionMinutes = 5
const pairsAcross = (nodes) => 1 - 1 / nodes

const cores = (microseconds) => (microseconds / 1e6).toFixed(2)
const row = (...cells) => console.log(`| ${cells.join(' | ')} |`)

console.log(`${users} users online, ${sendsAMinute} message a minute each, sessions of ${sessionMinutes} minutes\n`)
row('nodes', 'sends/s a node', 'cores a node: sends', 'crossing', 'presence', 'MB a node: presence', 'sessions', 'presence, MB/s a node', 'database cores', 'links a node', 'database connections')
row(...Array(11).fill('---'))
for (const nodes of [10, 50, 100]) {
  const sends = users * sendsAMinute / 60
  const came = users / (sessionMinutes * 60)
  const others = (nodes - 1) / nodes
  const batches = nodes * Math.min(sends / nodes, 1 / commitSeconds)
  row(nodes, Math.round(sends / nodes), cores(sends / nodes * cost.send), cores(sends / nodes * cost.cross * pairsAcross(nodes)),
    cores(came * others * cost.presence), Math.round(users * others * cost.presenceMemory / 1e6), Math.round(users / nodes * memory / 1e6),
    (came / nodes * (nodes - 1) * cost.presenceBytes / 1e6).toFixed(2), cores(batches * cost.batch + sends * cost.stored), nodes - 1, nodes * 8)
}

console.log('\nA group\'s message, its members spread at random\n')
row('members', 'nodes', 'other nodes that it reaches', 'cores a node, 100 such groups with a message a second each')
row('---', '---', '---', '---')
for (const members of [50, 500, 2000])
  for (const nodes of [10, 50, 100]) {
    const reached = nodes * (1 - (1 - 1 / nodes) ** members) - 1
    row(members, nodes, reached.toFixed(1), cores(100 * (cost.send + reached * cost.cross + members * cost.delivery) / nodes))
  }

console.log('\nA look at the log for all who are online, after a fault\n')
row('nodes', 'seconds a look, a node', 'database cores meanwhile')
row('---', '---', '---')
for (const nodes of [10, 50, 100]) { // 1,000 users a question, ten questions a second, and a second between looks
  const seconds = users / nodes / 10_000
  row(nodes, seconds.toFixed(1), cores(users * cost.doubt / (seconds + 1)))
}

// Users come back: each after 0.5 to 8 s, and where a node takes no more, after 0.1, 0.2 … 3.2 s again. A node takes 10,000
// new sockets at once and 1,000 a second (core/bounds/limits.hpp); every registry hears of all who come.
console.log('\nUsers come back (simulated)\n')
row('nodes', 'after', 'users', 'median', '99 %', 'all', 'a registry\'s busiest second')
row(...Array(7).fill('---'))
for (const [nodes, left, what] of [[3, 2, 'a node died'], [10, 9, 'a node died'], [50, 49, 'a node died'], [100, 99, 'a node died'],
  [10, 10, 'the load balancer died'], [100, 100, 'the load balancer died']]) {
  const step = 0.05
  const next = random(1)
  const tries = new Map()
  const put = (at, tried) => {
    const slot = Math.ceil(at / step)
    if (!tries.has(slot)) tries.set(slot, [])
    tries.get(slot).push(tried)
  }
  const away = left === nodes ? users : Math.round(users / nodes)
  for (let i = 0; i < away; i++) put(0.5 + 7.5 * next(), 0)
  const back = []
  const busiest = new Map()
  let room = left * 10_000
  for (let slot = 0; back.length < away; slot++, room = Math.min(room + left * 1_000 * step, left * 10_000)) {
    for (const tried of tries.get(slot) ?? []) {
      if (room >= 1) {
        room--
        back.push(slot * step)
        const second = Math.floor(slot * step)
        busiest.set(second, (busiest.get(second) ?? 0) + 1)
      } else {
        put((slot + 1) * step + Math.min(3.2, 0.1 * 2 ** tried) * (0.5 + next() / 2), tried + 1)
      }
    }
    tries.delete(slot)
  }
  row(nodes, what, away, `${back[Math.floor(away / 2)].toFixed(0)} s`, `${back[Math.floor(away * 0.99)].toFixed(0)} s`, `${back.at(-1).toFixed(0)} s`,
    `${(Math.max(...busiest.values()) * cost.presence / 1e4).toFixed(0)} %`)
}
