// Three machines whose cables are pulled: what each side goes on doing, and that all have everything afterwards.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { get, online } from './lib/client.js'
import { Cluster, figure } from './lib/cluster.js'
import { Network } from './lib/network.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { connectV1, groupOf, newId, range, seqs, uniqueId, user } from './lib/v1.js'
import { delay, eventually } from './lib/wait.js'

let network
let cluster
let directory
let skip

try {
  network = Network.create(3)
} catch (error) {
  skip = `no network namespaces may be made here (needs root): ${String(error.stderr ?? error).trim().split('\n')[0]}`
}

before(async () => {
  if (skip) return
  directory = makeDirectory('cluster-network')
  cluster = await Cluster.start(3, await network.settings(directory), { addresses: [network.database], range: network.range })
})
after(async () => {
  await cluster?.dispose()
  network?.dispose()
  if (directory) removeDirectory(directory)
})

const peers = (i) => figure(cluster.nodes[i], 'hongyan_cluster_peers')

describe('cables', { skip }, () => {
  // Members on all machines, who send all the time; at the end everybody must have everything, once and in order.
  async function through(t, disturb) {
    const members = await Promise.all(range(0, 5).map((i) => connectV1(cluster.nodes[i % 3], newId(), { t })))
    const { place, conversationId } = await groupOf(members)
    let going = true
    let sent = 0
    const writers = members.map(async (member) => {
      while (going) {
        await member.say(place, `${++sent}`)
        await delay(100)
      }
    })
    await disturb({ members, place, conversationId })
    going = false
    await Promise.all(writers)
    const all = range(2, (await members[0].row(place)).lastSeq)
    assert.ok(all.length >= sent)
    for (const member of members) assert.deepEqual(seqs(await member.messages(conversationId, all.length, 15_000)), all)
  }

  it('between the nodes cut: both sides go on by the database, and nobody is told anything twice', (t) => through(t, async ({ members, place, conversationId }) => {
    network.cut(2)
    try {
      await eventually(10_000, 'the others to see it', async () => await peers(0) === 1 && await peers(2) === 0)
      assert.equal((await online(cluster.nodes[0]))[members[2].userId], undefined)
      const over = await members[0].say(place, 'over the cut')
      await eventually(5_000, 'it to come through the database', () => members[2].lastSeq.get(conversationId) >= over.seq)
      await delay(2_000)
    } finally {
      network.heal(2)
    }
    await cluster.whole()
  }))

  it('half of a cable', (t) => through(t, async () => {
    network.deafen(2, 0) // what node 0 sends to node 2 vanishes
    try {
      await eventually(15_000, 'the link to end', async () => await peers(0) === 1 && await peers(2) === 1)
      await delay(2_000)
    } finally {
      network.undeafen(2, 0)
    }
    await cluster.whole()
  }))

  it('that flaps', (t) => through(t, async () => {
    for (let i = 0; i < 4; i++) {
      network.cut(1)
      await delay(1_500)
      network.heal(1)
      await delay(1_500)
    }
    await cluster.whole()
  }))

  it('to the database cut: that node refuses, the others go on, and what they store still comes', async (t) => {
    const [a, , c] = cluster.nodes
    const [from, to] = [newId(), newId()]
    const receiver = await connectV1(c, to, { t })
    const sender = await connectV1(a, from, { t })
    await sender.say(user(to), 'before')
    await receiver.message()
    network.cutDatabase(2)
    try {
      await eventually(10_000, '/readyz to say why', async () => (await get(c, '/readyz')).status === 503)
      assert.equal((await get(a, '/readyz')).status, 200)
      await sender.say(user(to), 'meanwhile')
      assert.equal((await receiver.message()).content, 'meanwhile')
      await receiver.fails(-32053, 'message.send', { to: user(from), clientMsgId: uniqueId(), kind: 'text', content: 'x' })
    } finally {
      network.healDatabase(2)
    }
    await eventually(5_000, 'it to store again', async () => (await get(c, '/readyz')).status === 200)
    await receiver.say(user(from), 'after')
    assert.equal((await sender.message((m) => m.from === to)).content, 'after')
  })
})
