// v1: durable then acknowledged, once, one order: through kill -9 in mid load, at the worst moment, and a lost store.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { get, request } from './lib/client.js'
import { random as randomOf } from './lib/faults.js'
import { Postgres } from './lib/postgres.js'
import { assertProblem } from './lib/problem.js'
import { frame, opcodes, rawV1 } from './lib/raw.js'
import { again, serverFor } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'
import { connectV1, flood, group, people, range, Replica, RpcError, seqs, user } from './lib/v1.js'
import { delay, eventually, timed } from './lib/wait.js'

const seed = Number(process.env.HONGYAN_TEST_SEED ?? Date.now() % 1_000_000)
const random = randomOf(seed)

// Sends numbered messages to its places in turn, 8 in flight; whatever was not acknowledged when the socket went it
// sends again on the next one, in the same order and with the same clientMsgIds.
class Writer {
  acknowledged = new Map() // clientMsgId → message
  unacknowledged = new Map() // clientMsgId → params
  duplicates = 0
  count = 0
  stopping = false

  constructor(current, userId, places) {
    this.current = current
    this.userId = userId
    this.places = places
    this.working = this.run()
    this.working.catch(() => {})
  }

  next() {
    if (this.stopping) return undefined
    const content = `${this.userId}#${++this.count}`
    const params = { to: this.places[this.count % this.places.length], clientMsgId: content, kind: 'text', content }
    this.unacknowledged.set(content, params)
    return params
  }

  async run() {
    while (!this.stopping || this.unacknowledged.size) {
      const session = await connectV1(this.current(), this.userId).catch(() => null)
      if (!session) {
        await delay(20)
        continue
      }
      try {
        await this.work(session, [...this.unacknowledged.values()])
      } catch (error) {
        if (error instanceof RpcError || error.code === 'ERR_ASSERTION') throw error
      } finally {
        session.socket.terminate()
      }
    }
  }

  async work(session, again) {
    await Promise.all(range(1, 8).map(async () => {
      for (let params; (params = again.shift() ?? this.next());) {
        const { message, duplicate } = await session.call('message.send', params)
        if (duplicate) this.duplicates++
        assert.equal(message.clientMsgId, params.clientMsgId)
        this.acknowledged.set(params.clientMsgId, message)
        this.unacknowledged.delete(params.clientMsgId)
      }
    }))
  }
}

// A member that keeps what comes live, and syncs whenever it comes back.
async function listen(server, userId, replica, t) {
  const session = await connectV1(server, userId, { t })
  session.socket.on('message', (data) => {
    const { method, params } = JSON.parse(data.toString())
    if (method === 'message') replica.keep(params.message)
  })
  await replica.sync(session)
  return session
}

const post = async (server, path, body) => {
  const answer = await request(server, { method: 'POST', path, body, headers: { 'content-type': 'application/json' } })
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}

// A stream, begun, written and ended.
async function stream(server, from, to, text) {
  const { streamId } = await post(server, '/v1/messages', { from, to, clientMsgId: 'stream', stream: true })
  await post(server, `/v1/streams/${streamId}`, { offset: 0, delta: text })
  await post(server, `/v1/streams/${streamId}/end`, {})
}

for (const kind of storeKinds) {
  describe(`v1 and kill -9 of the server, on ${kind} (HONGYAN_TEST_SEED=${seed})`, () => {
    let store
    before(async () => { store = await openStore(kind) })
    after(() => store?.dispose())

    it('in mid load: nothing acknowledged is lost, nothing is there twice, seq has no holes', async (t) => {
      let server = await serverFor(t, { database: await store.newDatabase() })
      const ids = range(1, 6).map((i) => `w${i}`)
      const owner = await connectV1(server, 'hub', { t })
      await owner.call('group.create', { name: 'all', groupId: 'all', members: ids })
      const replica = new Replica()
      await replica.sync(owner) // from the first entry on
      await owner.close()
      const writers = ids.map((id, i) => new Writer(() => server, id, [group('all'), user('hub'), user(ids[(i + 1) % 6])]))
      t.after(() => { for (const writer of writers) writer.stopping = true })
      const total = () => writers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
      const progress = (count) => {
        const goal = total() + count
        const failed = Promise.race(writers.map(({ working }) => working))
        return Promise.race([eventually(15_000, `${count} more acknowledged`, () => total() >= goal, 5), failed])
      }
      for (let cycle = 0; cycle < 4; cycle++) {
        await listen(server, 'hub', replica, t)
        await progress(60)
        await delay(random() * 200) // so that the moment is any
        await server.kill9()
        server = await again(t, server)
      }
      await progress(60)
      for (const writer of writers) writer.stopping = true
      await Promise.all(writers.map(({ working }) => working))
      const check = async () => {
        const hub = await listen(server, 'hub', replica, t)
        const stored = new Map() // clientMsgId → message
        const readers = await Promise.all(ids.map((id) => connectV1(server, id, { t })))
        const logs = [await hub.all(group('all'))]
        for (const [i, id] of ids.entries()) {
          logs.push(await hub.all(user(id)), await readers[i].all(user(ids[(i + 1) % 6])))
          assert.deepEqual(await readers[i].all(group('all')), logs[0], 'every member has the same')
        }
        for (const log of logs) {
          assert.deepEqual(seqs(log), range(1, log.length))
          const last = {}
          for (const message of log.filter((it) => it.kind === 'text')) {
            assert.ok(!stored.has(message.clientMsgId), `${message.clientMsgId} is there twice`)
            stored.set(message.clientMsgId, message)
            const number = Number(message.content.split('#')[1])
            assert.ok(number > (last[message.from] ?? 0), `${message.content} is stored after ${last[message.from]}`)
            last[message.from] = number
          }
        }
        for (const writer of writers) {
          for (const [id, message] of writer.acknowledged) assert.deepEqual(stored.get(id), message, `${id} was acknowledged so`)
          assert.equal(writer.acknowledged.size, writer.count, 'all was acknowledged in the end')
        }
        assert.equal(stored.size, total(), 'nothing is there that was not sent')
        assert.deepEqual(replica.of(logs[0][0].conversationId), logs[0], 'the listener has all of the group')
      }
      t.diagnostic(`${total()} acknowledged, ${writers.reduce((sum, { duplicates }) => sum + duplicates, 0)} of them had been stored already`)
      assert.ok(total() >= 300)
      await check()
      await server.kill9()
      server = await again(t, server)
      await check()
    })

    it('between the commit and the answer: sent again, it is the message that was stored', async (t) => {
      let server = await serverFor(t, { database: await store.newDatabase() })
      for (let i = 1; i <= 3; i++) {
        // The sender never reads an answer; that the other has the message says that it is committed.
        const raw = await rawV1(server, 'a', t)
        const b = await connectV1(server, 'b', { t })
        const params = { to: user('b'), clientMsgId: `k${i}`, kind: 'text', content: `${i}` }
        raw.socket.pause()
        raw.write(frame(opcodes.text, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'message.send', params })))
        const live = await b.message()
        await server.kill9()
        server = await again(t, server)
        const a = await connectV1(server, 'a', { t })
        assert.deepEqual(await a.call('message.send', params), { message: live, duplicate: true })
        assert.equal(live.seq, i)
        assert.deepEqual(seqs(await a.all(user('b'))), range(1, i))
        await a.fails(-32009, 'message.send', { ...params, content: 'changed' })
        await a.close()
      }
    })

    it('right after an acknowledgement of anything: it is there', async (t) => {
      let server = await serverFor(t, { database: await store.newDatabase() })
      const steps = [
        [(a) => a.say(user('b'), 'x'), async (a) => (await a.all(user('b')))[0]?.seq === 1],
        [(a) => a.call('message.recall', { in: user('b'), seq: 1 }), async (a) => (await a.all(user('b')))[0].recalled],
        [(a) => a.call('group.create', { name: 'g', groupId: 'g', members: ['b'] }), async (a) => (await a.call('group.get', { groupId: 'g' })).group.memberCount === 2],
        [(a) => a.call('group.remove', { groupId: 'g', userIds: ['b'] }), async (a) => (await a.call('group.get', { groupId: 'g' })).group.memberCount === 1],
        [(a) => a.call('conversation.set', { in: user('b'), pinned: true }), async (a) => (await a.row(user('b'))).pinned],
        [(a) => a.call('conversation.read', { in: group('g'), seq: 2 }), async (a) => (await a.row(group('g'))).readSeq === 2],
        [(a) => a.call('user.update', { name: 'kept' }), async (a) => (await a.call('user.get', { userIds: ['a'] })).users[0].name === 'kept'],
        [(a) => a.call('block.add', { userIds: ['c'] }), async (a) => (await a.call('block.list')).userIds[0] === 'c'],
        [(a) => a.call('conversation.clear', { in: user('b') }), async (a) => (await a.row(user('b'))) === undefined],
        [(a) => a.call('message.edit', { in: user('d'), seq: 1, content: 'y' }), async (a) => (await a.all(user('d'))).slice(0, 2).every(({ content }) => content === 'y' || content.content === 'y')],
        [(a) => a.call('message.react', { in: user('d'), seq: 1, emoji: '👍', on: true }), async (a) => (await a.all(user('d')))[0].reactions[0].count === 1],
        [() => stream(server, 'a', user('d'), 'z'), async (a) => (await a.all(user('d'))).map(({ content, streaming }) => streaming ?? content.content ?? content).join('') === 'yyzz'],
      ]
      const first = await connectV1(server, 'a', { t })
      await first.say(user('d'), 'x')
      // Three at a time are enough: each is acknowledged before the next is asked.
      for (let i = 0; i < steps.length; i += 3) {
        const some = steps.slice(i, i + 3)
        const a = await connectV1(server, 'a', { t })
        const { epoch } = a.hello
        for (const [act] of some) await act(a)
        await server.kill9()
        server = await again(t, server)
        const back = await connectV1(server, 'a', { t })
        assert.equal(back.hello.epoch, epoch, 'the store is the same')
        for (const [act, holds] of some) assert.ok(await holds(back), `kept: ${act}`)
      }
    })
  })
}

describe('v1 and PostgreSQL', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  let store
  before(async () => { store = await Postgres.create() })
  after(() => store?.dispose())

  it('kill -9 while the commit’s own answer is on its way: sent again, it is one message', async (t) => {
    let server = await serverFor(t, { database: await store.newDatabase() })
    const a = await connectV1(server, 'a', { t })
    await a.say(user('b'), 'first')
    // A standby that never answers: a transaction is committed, and its client does not hear of it.
    t.after(() => release())
    const release = async () => {
      await store.sql('ALTER SYSTEM RESET synchronous_standby_names')
      await store.sql('SELECT pg_reload_conf()')
    }
    await store.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    await store.sql('SELECT pg_reload_conf()')
    await eventually(5_000, 'the setting', async () => (await store.sql('SHOW synchronous_standby_names')) === 'nobody')
    const params = { to: user('b'), clientMsgId: 'k', kind: 'text', content: 'in doubt' }
    let answered = false
    const sent = a.call('message.send', params).then(() => { answered = true }, () => {})
    await eventually(5_000, 'a commit that waits', async () => Number(await store.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")) > 0)
    assert.equal(answered, false, 'not acknowledged before the commit returned')
    await server.kill9()
    await sent
    await release()
    await eventually(5_000, 'the end of the waiting commit', async () => Number(await store.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")) === 0)
    server = await again(t, server)
    const back = await connectV1(server, 'a', { t })
    const { message, duplicate } = await back.call('message.send', params)
    assert.deepEqual([duplicate, message.seq, message.content], [true, 2, 'in doubt'])
    assert.deepEqual(seqs(await back.all(user('b'))), [1, 2])
  })

  it('gone is -32053, and what was refused may be sent again; within 5 s of its return all goes on', async (t) => {
    const server = await serverFor(t, { database: await store.newDatabase() })
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    await a.say(place, 'before')
    await store.kill9()
    const params = { to: place, clientMsgId: 'through', kind: 'text', content: 'through' }
    await a.fails(-32053, 'message.send', params)
    await a.fails(-32053, 'message.history', { in: place })
    await a.fails(-32053, 'sync', {})
    assertProblem(await get(server, `/v1/messages?userId=${a.userId}&peer=${b.userId}`), 503)
    await store.start()
    const { ms, value } = await timed(() => eventually(10_000, 'a send to be stored', () => a.call('message.send', params).catch((error) => {
      if (error.code !== -32053) throw error
    })))
    assert.ok(ms < 5_000, `back after ${Math.round(ms)} ms`)
    assert.equal(value.message.seq, 2)
    assert.deepEqual(seqs(await a.all(place)), [1, 2])
    assert.deepEqual((await b.message(({ seq }) => seq === 2)).content, 'through')
    await flood(a, place, 3, 10)
    assert.deepEqual(seqs(await b.all(user(a.userId))), range(1, 10))
  })

  it('that was never there is 503 for who comes', async (t) => {
    const server = await serverFor(t, { database: 'postgresql://hongyan@127.0.0.1:1/none', ready: false })
    await assert.rejects(connectV1(server, 'a', { t }), /503/)
    const answer = await get(server, '/v1/conversations?userId=1')
    assertProblem(answer, 503)
  })
})
