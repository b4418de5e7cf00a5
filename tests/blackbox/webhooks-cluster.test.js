// Webhooks of three nodes on one PostgreSQL: each event is sent by one of them, whichever is killed, frozen or stopped; and no transaction that
// commits late is passed over.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { Cluster } from './lib/cluster.js'
import { KeyFiles } from './lib/keys.js'
import { Psql } from './lib/psql.js'
import { storeKinds } from './lib/stores.js'
import { connectV1, flood, groupOf, newId, range, RpcError, user } from './lib/v1.js'
import { delay, eventually } from './lib/wait.js'
import { hang, Receiver } from './lib/webhook-receiver.js'
import { becomes, configOf, enabled, floodAll, Hook, listed, replayed } from './lib/webhooks.js'

const skip = !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres'
const keys = new KeyFiles()
after(() => keys.dispose())

const inHex = (port) => port.toString(16).toUpperCase().padStart(4, '0')

// Which of these processes has the other end of a socket of this machine.
function senderOf({ remotePort, localPort }, nodes) {
  const row = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => local?.endsWith(`:${inHex(remotePort)}`) && remote?.endsWith(`:${inHex(localPort)}`))
  const target = `socket:[${row?.[9]}]`
  return nodes.find(({ pid, running }) => running && fs.readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${fd}`) === target
    } catch {
      return false
    }
  }))?.name
}

// Several nodes with one webhook: {cluster, receiver, hook}. Of each arrival, `by` is the node that sent it.
async function nodesWithHook(count, settings = {}) {
  const receiver = await Receiver.open()
  const hook = new Hook(undefined, receiver, settings)
  const cluster = await Cluster.start(count, () => ({ config: configOf([hook]), args: ['--api-key-file', keys.path('api')] }))
  const known = new WeakMap()
  receiver.who = (socket) => {
    if (!known.has(socket)) known.set(socket, senderOf(socket, cluster.nodes))
    return known.get(socket)
  }
  return { cluster, receiver, hook, async dispose() {
    try {
      await cluster.dispose()
    } finally {
      hook.dispose()
      await receiver.close()
    }
  } }
}

// What the receiver has of these, and nothing twice that was not sent anew.
const requestsOf = (receiver, messages) => {
  const ids = new Set(messages.map(({ id }) => String(id)))
  return receiver.arrivals.filter(({ id, type }) => type === 'message.created' && ids.has(id))
}

// Talks on all nodes until it is stopped; through whatever, each message until it is acknowledged. `messages` is what was stored.
class Talk {
  messages = []
  isOver = false
  constructor(current, count = 6) {
    this.working = Promise.all(range(0, count - 1).map((i) => this.run(() => current(i), newId(), user(newId()))))
    this.working.catch(() => {})
  }

  async run(node, from, to) {
    let params
    for (let i = 1; !this.isOver || params;) {
      const session = await connectV1(node(), from).catch(() => null)
      if (!session) {
        await delay(20)
        continue
      }
      try {
        while (!this.isOver || params) {
          params ??= { to, clientMsgId: `${from}#${i}`, kind: 'text', content: `${from}#${i++}` }
          this.messages.push((await session.call('message.send', params)).message)
          params = undefined
          await delay(15)
        }
      } catch (error) {
        if (error instanceof RpcError && ![-32053, -32603].includes(error.code)) throw error
      } finally {
        session.socket.terminate()
      }
    }
  }

  async progress(count, ms = 20_000) {
    const goal = this.messages.length + count
    await Promise.race([eventually(ms, `${count} more acknowledged`, () => this.messages.length >= goal), this.working])
  }

  async stop() {
    this.isOver = true
    await this.working
    return this.messages
  }
}

describe('webhooks of a cluster', { skip }, () => {
  let nodes, cluster, receiver, hook
  before(async () => {
    nodes = await nodesWithHook(3)
    ;({ cluster, receiver, hook } = nodes)
  })
  after(() => nodes?.dispose())

  // A node that is well, by turns.
  const nodeOf = (i) => cluster.running[i % cluster.running.length]
  const talking = (t) => {
    const talk = new Talk(nodeOf)
    t.after(() => { talk.isOver = true })
    return talk
  }
  const anotherThan = ({ name }, since) => receiver.waitFor(() => {
    const { at, by } = receiver.arrivals.at(-1)
    return at > since && by && by !== name
  }, 30_000, `another node than ${name} to go on`)
  const sender = () => cluster.nodes.find(({ name }) => name === receiver.arrivals.at(-1).by)

  it('tell each event once, by one node, whichever it was stored by', { timeout: 60_000 }, async () => {
    const sessions = await Promise.all(range(0, 5).map((i) => connectV1(cluster.nodes[i % 3], newId())))
    const { place } = await groupOf(sessions)
    const all = (await Promise.all(sessions.map((session) => floodAll(session, [place, user(newId())], 1, 25)))).flat()
    await sessions[1].call('message.edit', { in: place, seq: all.find(({ from, to }) => from === sessions[1].userId && to.groupId).seq, content: 'edited' })
    await receiver.toldAll(all)
    await receiver.event(({ type }) => type === 'message.edited')
    receiver.assertOrder()
    assert.equal(requestsOf(receiver, all).length, all.length, 'nothing is sent twice')
    assert.deepEqual(receiver.arrivals.filter(({ by }) => !by), [], 'each by a node')
    for (const session of sessions) await session.close()
  })

  it('show the same on every node, and are told from each what to do', { timeout: 60_000 }, async (t) => {
    const a = await connectV1(cluster.nodes[0], newId(), { t })
    const place = user(newId())
    const all = await flood(a, place, 1, 5)
    await receiver.toldAll(all)
    for (const node of cluster.nodes) {
      const { state, url } = await becomes(node, hook, 'has told all', ({ lastId, lagSeconds }) => Number(lastId) >= all.at(-1).id && lagSeconds === 0)
      assert.deepEqual([state, url], ['delivering', receiver.url])
    }
    for (const [i, node] of cluster.nodes.entries()) {
      await replayed(node, hook, { ids: [String(all[i].id)] })
      await receiver.waitFor(() => receiver.attempts(all[i].id).length === 2)
    }
    const lift = receiver.answer(410)
    await a.say(place, 'gone')
    for (const node of cluster.nodes) await becomes(node, hook, 'is disabled', ({ state }) => state === 'disabled')
    lift()
    const others = cluster.nodes.filter(({ name }) => name !== receiver.arrivals.at(-1).by)
    const mark = await a.say(place, 'back')
    await enabled(others[0], hook)
    await receiver.toldAll([mark])
    for (const node of cluster.nodes) await becomes(node, hook, 'delivers', ({ state }) => state === 'delivering')
    assert.equal((await listed(cluster.nodes[0])).length, 1)
    receiver.assertOrder()
  })

  it('are taken over within 30 s from a node that is killed, and nothing is lost', { timeout: 180_000 }, async (t) => {
    for (let round = 0; round < 2; round++) {
      const talk = talking(t)
      await talk.progress(100)
      await receiver.waitFor(() => receiver.arrivals.length > 0)
      const node = sender()
      await node.kill9()
      const killed = Date.now()
      await anotherThan(node, killed)
      t.diagnostic(`taken over after ${Date.now() - killed} ms`)
      await talk.progress(50)
      await receiver.toldAll(await talk.stop(), 30_000)
      receiver.assertOrder()
      await cluster.add(Number(node.name.split('-')[1]))
      await cluster.whole()
    }
  })

  it('are taken over with an event on its way, which is sent again', { timeout: 90_000 }, async (t) => {
    const a = await connectV1(cluster.nodes[0], newId(), { t })
    await receiver.toldAll([await a.say(user(newId()), 'who sends?')])
    const node = sender()
    const b = await connectV1(cluster.nodes.find((it) => it !== node), newId(), { t })
    const lift = receiver.answer(hang, ({ data }) => data.message?.content === 'on its way')
    const place = user(newId())
    const held = await b.say(place, 'on its way')
    const behind = await b.say(place, 'behind it')
    await receiver.waitFor(() => receiver.attempts(held.id).length > 0)
    await node.kill9()
    lift()
    await receiver.toldAll([held, behind], 30_000)
    assert.ok(receiver.attempts(held.id).length >= 2)
    receiver.assertOrder()
    await cluster.add(Number(node.name.split('-')[1]))
    await cluster.whole()
  })

  it('are taken over within 30 s from a node that is frozen, which sends nothing out of order when it goes on', { timeout: 180_000 }, async (t) => {
    const talk = talking(t)
    await talk.progress(100)
    const node = sender()
    node.signal('SIGSTOP')
    t.after(() => node.signal('SIGCONT'))
    const frozen = Date.now()
    await anotherThan(node, frozen)
    t.diagnostic(`taken over after ${Date.now() - frozen} ms`)
    await delay(2_000) // so that it has much to be wrong about
    node.signal('SIGCONT')
    await cluster.whole()
    await talk.progress(100)
    const all = await talk.stop()
    await receiver.toldAll(all, 40_000)
    receiver.assertOrder()
    const more = requestsOf(receiver, all).length - all.length
    assert.ok(more <= 32, `${more} requests more than events: two nodes send at once`)
  })

  it('are handed over by nodes that stop one after the other, and nothing is lost', { timeout: 180_000 }, async (t) => {
    const talk = talking(t)
    for (const i of [0, 1, 2]) {
      await talk.progress(30)
      await cluster.nodes[i].stop()
      await talk.progress(30)
      await cluster.add(i)
      await cluster.whole()
    }
    await talk.progress(30)
    await receiver.toldAll(await talk.stop(), 40_000)
    receiver.assertOrder()
  })

  it('go on after all nodes were killed at once, and after the database was', { timeout: 180_000 }, async (t) => {
    const talk = talking(t)
    await talk.progress(100)
    await Promise.all(cluster.nodes.map((node) => node.kill9()))
    talk.isOver = true
    for (const i of [0, 1, 2]) await cluster.add(i)
    await cluster.whole()
    await receiver.toldAll(await talk.stop(), 40_000)
    const second = talking(t)
    await second.progress(60)
    await cluster.postgres.kill9()
    await delay(500)
    await cluster.postgres.start()
    await second.progress(60)
    await receiver.toldAll(await second.stop(), 40_000)
    receiver.assertOrder()
  })
})

describe('webhooks and a transaction that commits late', { skip }, () => {
  let nodes, cluster, receiver
  before(async () => {
    nodes = await nodesWithHook(2, { concurrency: 1 })
    ;({ cluster, receiver } = nodes)
  })
  after(() => nodes?.dispose())
  const database = () => cluster.database.split('/').at(-1)
  const ascend = () => {
    const ids = receiver.firsts.map(({ id }) => Number(id))
    assert.deepEqual(ids, [...ids].sort((a, b) => a - b), 'ids ascend')
  }

  it('of a node: its messages have lower ids than what was told meanwhile could have, and are told', { timeout: 60_000 }, async (t) => {
    const [a, b] = await Promise.all(cluster.nodes.map((node) => connectV1(node, newId(), { t })))
    const marks = async () => (await cluster.postgres.sql('SELECT writer FROM append_mark ORDER BY writer', database())).split('\n').filter(Boolean)
    const places = range(1, 8).map(() => user(newId()))
    for (const place of places) await a.say(place, 'first')
    const ofA = await marks()
    assert.ok(ofA.length > 0)
    await b.say(user(newId()), 'first')
    const ofB = (await marks()).filter((it) => !ofA.includes(it))
    assert.ok(ofB.length > 0, 'the nodes are two writers')
    // What a writer writes last in its transaction, after the ids were given, has to wait for this one.
    const holder = new Psql(t, cluster.postgres.url(database()))
    await holder.run(`BEGIN; SELECT writer FROM append_mark WHERE writer IN (${ofA.join()}) FOR UPDATE`)
    let isAnswered = false
    const late = a.say(places[0], 'late').then((message) => { isAnswered = true; return message })
    late.catch(() => {})
    await eventually(5_000, 'a node’s transaction to wait', async () => Number(await cluster.postgres.sql(
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()", database())) > 0)
    const meanwhile = await flood(b, user(newId()), 1, 20)
    await delay(1_500) // a look or two at the log, and nothing to wait for
    assert.equal(isAnswered, false)
    await holder.run('ROLLBACK')
    const message = await late
    assert.ok(message.id < meanwhile[0].id, 'it was given its id before')
    await receiver.toldAll([...meanwhile, message])
    receiver.assertOrder()
    ascend()
  })

  it('of somebody who writes as the server does: nothing is passed over', { timeout: 60_000 }, async (t) => {
    const a = await connectV1(cluster.nodes[0], newId(), { t })
    const place = user(newId())
    const first = await a.say(place, 'first')
    await receiver.toldAll([first])
    const other = new Psql(t, cluster.postgres.url(database()))
    const [id] = await other.run(`BEGIN;
      UPDATE conversation SET last_seq = last_seq + 1 WHERE id = ${first.conversationId};
      INSERT INTO message (conversation_id, seq, created_at_ms, sender, target, content)
      SELECT id, last_seq, ${Date.now()}, '${a.userId}', '${place.userId}', 'by hand' FROM conversation WHERE id = ${first.conversationId} RETURNING id`)
    const meanwhile = await flood(a, user(newId()), 1, 20)
    assert.ok(Number(id) < meanwhile[0].id)
    await delay(1_500) // a look or two at the log, and nothing to wait for
    await other.run('COMMIT')
    await receiver.toldAll([...meanwhile, { id: Number(id) }])
    receiver.assertOrder()
    ascend()
  })

  it('never, after it took ids: nobody waits for them', { timeout: 60_000 }, async (t) => {
    const a = await connectV1(cluster.nodes[0], newId(), { t })
    const other = new Psql(t, cluster.postgres.url(database()))
    await other.run(`BEGIN; SELECT nextval(pg_get_serial_sequence('message', 'id')) FROM generate_series(1, 100); ROLLBACK`)
    await receiver.toldAll(await flood(a, user(newId()), 1, 10), 10_000)
    ascend()
  })

  it('and has written elsewhere holds up nothing', { timeout: 60_000 }, async (t) => {
    const a = await connectV1(cluster.nodes[0], newId(), { t })
    // A back end's own, in a database beside, and in a table of its own beside ours.
    const beside = new Psql(t, cluster.postgres.url('postgres'))
    await beside.run('CREATE TABLE business (n int); BEGIN; INSERT INTO business VALUES (1)')
    const inside = new Psql(t, cluster.postgres.url(database()))
    await inside.run('CREATE SCHEMA business; CREATE TABLE business.orders (n int); BEGIN; INSERT INTO business.orders VALUES (1)')
    await receiver.toldAll(await flood(a, user(newId()), 1, 10), 10_000)
    for (const it of [beside, inside]) await it.run('ROLLBACK')
    ascend()
  })
})

describe('webhooks of a cluster tell of presence', () => {
  let nodes, cluster, receiver
  before(async () => {
    nodes = await nodesWithHook(2, { events: ['user.online', 'user.offline'] })
    ;({ cluster, receiver } = nodes)
  })
  after(() => nodes?.dispose())
  const of = (userId) => receiver.delivered.filter(({ data }) => data.userId === userId).map(({ type }) => type)

  it('once for all nodes that a user is on', { timeout: 60_000 }, async (t) => {
    const [a, b] = cluster.nodes
    const id = newId()
    const first = await connectV1(a, id, { t })
    await receiver.waitFor(() => of(id).length === 1)
    const second = await connectV1(b, id, { t })
    await first.close()
    await delay(1_500) // for what must not come
    assert.deepEqual(of(id), ['user.online'])
    await second.close()
    await receiver.waitFor(() => of(id).length === 2)
    assert.deepEqual(of(id), ['user.online', 'user.offline'])
    receiver.assertOrder()
  })

  it('also of those whose node is killed', { timeout: 60_000 }, async (t) => {
    const [a, b] = cluster.nodes
    const [gone, stays] = [newId(), newId()]
    await Promise.all([connectV1(b, gone, { t }), connectV1(b, stays, { t }), connectV1(a, stays, { t })])
    await receiver.waitFor(() => of(gone).length === 1 && of(stays).length === 1)
    await b.kill9()
    await receiver.waitFor(() => of(gone).length === 2, 40_000, 'user.offline')
    assert.deepEqual([of(gone), of(stays)], [['user.online', 'user.offline'], ['user.online']])
    receiver.assertOrder()
    await cluster.add(1)
    await cluster.whole()
  })
})
