// v1: sessions that do not read are closed with 4008 or cut; that costs bounded memory, disturbs nobody, and sync
// closes the hole.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { isSanitized } from './lib/server.js'
import { connectV1, flood, groupOf, newId, people, range, Replica, seqs, uniqueId } from './lib/v1.js'
import { timed } from './lib/wait.js'

const big = '😀'.repeat(4090) // 16 KiB a message: 20 MB in all, more than the buffers of a connection take

onEachStore('S26: v1, slow', (the) => {
  it('sessions that stop reading while a group talks are closed, and catch up by sync', async (t) => {
    const talkers = await people(the.server, t, 4)
    const healthy = await connectV1(the.server, newId(), { t })
    const stuck = await people(the.server, t, 9)
    const dripping = await connectV1(the.server, newId(), { t })
    const slow = [...stuck, dripping]
    const { place, conversationId } = await groupOf([...talkers, healthy, ...slow])
    await healthy.call('presence.watch', { userIds: slow.map(({ userId }) => userId) })
    const replica = new Replica()
    await replica.sync(slow[0])
    for (const session of slow) session.socket.pause()
    // This one reads a little every three seconds: there is always progress, and never enough.
    const drip = setInterval(() => {
      dripping.socket.resume()
      setImmediate(() => dripping.socket.pause())
    }, 3_000)
    t.after(() => clearInterval(drip))
    const begin = the.server.memory()
    let peak = begin
    const sampler = setInterval(() => { if (the.server.running) peak = Math.max(peak, the.server.memory()) }, 50)
    t.after(() => clearInterval(sampler))
    // In rounds, which all readers end together: this one process reads for all, and is not fair to each.
    const heard = new Map([...talkers, healthy].map((session) => [session, []]))
    const { ms: sending } = await timed(async () => {
      for (let round = 0; round < 75; round++) {
        await Promise.all(talkers.flatMap((session) => range(1, 4).map((i) => session.call('message.send', { to: place, clientMsgId: uniqueId(), content: `${round}.${i} ${big}` }, { ms: 20_000 }))))
        for (const [session, messages] of heard) messages.push(...await session.messages(conversationId, 16, 20_000))
      }
    })
    const { ms: noticed } = await timed(async () => {
      for (const { userId } of slow) await healthy.next('presence', (params) => params.userId === userId && !params.online, 15_000)
    })
    t.diagnostic(`1,200 big messages in ${Math.round(sending)} ms; all closed ${Math.round(noticed)} ms later; memory ${begin >> 20} MiB, at most ${peak >> 20} MiB`)
    clearInterval(sampler)
    clearInterval(drip)
    if (!isSanitized()) assert.ok(peak - begin < 96 * 1024 * 1024, `grew by ${(peak - begin) >> 20} MiB`)
    for (const messages of heard.values()) assert.deepEqual(seqs(messages), range(2, 1_201), 'others have all')
    // What they find when they read again: a beginning without holes, and the end.
    for (const session of slow) {
      session.socket.resume()
      const { code } = await session.closing(20_000)
      assert.ok(code === 4008 || code === 1006, `closed with ${code}`)
      const got = seqs(session.left('message').map(({ message }) => message))
      assert.ok(got.length < 1_200, 'it was cut before the end')
      assert.deepEqual(got, range(2, got.length + 1))
    }
    const back = await connectV1(the.server, slow[0].userId, { t })
    for (const { message } of slow[0].left('message')) replica.keep(message)
    replica.advance(conversationId)
    await replica.sync(back, { limit: 500 })
    assert.deepEqual(seqs(replica.of(conversationId)), range(1, 1_201))
    assert.deepEqual(replica.of(conversationId).slice(1), (await healthy.all(place)).slice(1))
    await talkers[0].say(place, 'on it goes')
    assert.equal((await back.message()).seq, 1_202)
  })

  it('a session that sends requests and reads no answers is closed, and memory stays bounded', async (t) => {
    const [talker, stuck] = await people(the.server, t, 2)
    const { place } = await groupOf([talker, stuck])
    await flood(talker, place, 1, 60, (i) => `${i} ${big}`)
    await talker.call('presence.watch', { userIds: [stuck.userId] })
    const begin = the.server.memory()
    stuck.socket.pause()
    // 1 MB an answer.
    const asking = setInterval(() => {
      for (let i = 0; i < 20; i++) stuck.send({ jsonrpc: '2.0', id: 1, method: 'message.history', params: { in: place, limit: 60 } })
    }, 50)
    t.after(() => clearInterval(asking))
    let peak = begin
    const sampler = setInterval(() => { peak = Math.max(peak, the.server.memory()) }, 50)
    t.after(() => clearInterval(sampler))
    assert.deepEqual(await talker.next('presence', () => true, 20_000), { userId: stuck.userId, online: false })
    clearInterval(asking)
    clearInterval(sampler)
    t.diagnostic(`memory ${begin >> 20} MiB, at most ${peak >> 20} MiB`)
    if (!isSanitized()) assert.ok(peak - begin < 128 * 1024 * 1024, `grew by ${(peak - begin) >> 20} MiB`)
    await talker.call('ping')
  })
}, { concurrency: 1 })
