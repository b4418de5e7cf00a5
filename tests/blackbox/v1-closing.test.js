// v1: how sessions end: kicked, replaced, idle, drained.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { get, request } from './lib/client.js'
import { RawConnection, opcodes, rawV1, upgradeText } from './lib/raw.js'
import { again, serverFor } from './lib/server.js'
import { connectV1, newId, people, range, seqs, uniqueId, user } from './lib/v1.js'
import { eventually, timed, within } from './lib/wait.js'

// `closing`, and then the close code.
async function ends(session, code, { returns = true, ms = 5_000 } = {}) {
  const told = await session.next('closing', () => true, ms)
  assert.equal(told.code, code)
  assert.ok(typeof told.reason === 'string' && told.reason.length > 0, 'it says why')
  if (returns) assert.ok(Number.isInteger(told.reconnectAfterMs) && told.reconnectAfterMs >= 0, `reconnectAfterMs ${told.reconnectAfterMs}`)
  else assert.equal(told.reconnectAfterMs, null, 'it is not to come back by itself')
  assert.equal((await session.closing(ms)).code, code)
  return told
}

describe('v1 sessions end', { concurrency: 4 }, () => {
  it('a kick closes all sessions of the user with 4003, after `closing`, and nobody else’s', async (t) => {
    const server = await serverFor(t)
    const [a, other] = await people(server, t, 2)
    const a2 = await connectV1(server, a.userId, { t, device: 'phone' })
    await get(server, `/close?userId=${a.userId}`)
    await Promise.all([a, a2].map((session) => ends(session, 4003, { returns: false })))
    await other.call('ping')
    const back = await connectV1(server, a.userId, { t, device: 'phone' })
    const answer = await request(server, { method: 'DELETE', path: `/v1/users/${a.userId}/sessions` })
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(answer.json(), { closed: 1 })
    await ends(back, 4003, { returns: false })
  })

  it('a newer session of the same device replaces the older by 4009; other devices, users, and none stay', async (t) => {
    const server = await serverFor(t)
    const id = newId()
    const connect = (device, userId = id) => connectV1(server, userId, { t, device })
    const [phone, pc, none, none2, stranger] = [await connect('phone'), await connect('pc'), await connect(), await connect(), await connect('phone', newId())]
    const newer = await connect('phone')
    await ends(phone, 4009, { returns: false })
    for (const session of [pc, none, none2, stranger, newer]) await session.call('ping')
    const newest = await connect('phone')
    await ends(newer, 4009, { returns: false })
    await pc.say(user(id), 'to oneself')
    for (const session of [pc, none, none2, newest]) assert.equal((await session.message()).content, 'to oneself')
  })

  it('a connection that its client has given up replaces nobody, however late the server comes to it', async (t) => {
    const server = await serverFor(t)
    const phone = await connectV1(server, newId(), { t, device: 'phone' })
    server.signal('SIGSTOP')
    try {
      const given = await RawConnection.open(server, t)
      await new Promise((resolve) => given.tcp.end(
        upgradeText(`/v1/connect?userId=${phone.userId}&device=phone`, { 'Sec-WebSocket-Protocol': 'hongyan.v1' }), resolve))
      server.signal('SIGCONT')
      assert.equal((await given.response()).status, 503)
    } finally {
      server.signal('SIGCONT')
    }
    await phone.call('ping')
  })

  it('8 logins of one device at once leave exactly one', async (t) => {
    const server = await serverFor(t)
    for (let round = 0; round < 4; round++) {
      const id = newId()
      const sessions = await Promise.all(range(1, 8).map(() => connectV1(server, id, { t, device: 'phone' }).catch(() => null)))
      const alive = await eventually(3_000, 'one left', () => {
        const open = sessions.filter((session) => session?.isOpen)
        return open.length <= 1 && open
      })
      for (const session of sessions) if (session && !session.isOpen) assert.equal((await session.closing()).code, 4009)
      assert.equal(alive.length, 1)
      await alive[0].call('ping')
    }
  })

  it('a session that sends nothing for 2.5 heartbeats is closed with 4010; one that pings is not', async (t) => {
    const server = await serverFor(t, { config: 'heartbeat = 1\n' })
    const [silent, pinging, talking] = await people(server, t, 3)
    const begin = performance.now()
    const beats = setInterval(() => {
      pinging.call('ping').catch(() => {})
      talking.say(user(pinging.userId), 'here').catch(() => {})
    }, 1_000)
    t.after(() => clearInterval(beats))
    const told = await ends(silent, 4010)
    const ms = performance.now() - begin
    assert.ok(ms > 2_300 && ms < 4_500, `closed after ${Math.round(ms)} ms: ${told.reason}`)
    assert.equal((await pinging.message()).content, 'here')
    await within(3_000, Promise.all([pinging, talking].map((session) => session.call('ping'))), 'both are there')
  })

  it('a session that only answers pings of the protocol is idle too', async (t) => {
    const server = await serverFor(t, { config: 'heartbeat = 1\n' })
    const raw = await rawV1(server, newId(), t)
    const { ms } = await timed(async () => {
      for (;;) {
        const next = await raw.frame(6_000)
        if (next.opcode === opcodes.close) return assert.equal(next.code, 4010)
      }
    })
    assert.ok(ms > 2_300 && ms < 4_500, `closed after ${Math.round(ms)} ms`)
  })

  it('a drain tells each session `closing` with a spread time to come back, then 1001, and ends with 0', async (t) => {
    const server = await serverFor(t)
    const sessions = await people(server, t, 30)
    const { ms } = await timed(async () => {
      server.signal('SIGTERM')
      const told = await Promise.all(sessions.map((session) => ends(session, 1001, { ms: 10_000 })))
      const times = told.map(({ reconnectAfterMs }) => reconnectAfterMs)
      assert.ok(new Set(times).size >= 10, `they would all come at once: ${times}`)
      assert.deepEqual(await within(12_000, server.process.ended, 'the end after SIGTERM'), { code: 0, signal: null }, server.stderr().slice(-2000))
    })
    assert.ok(ms < 10_700, `drained in ${Math.round(ms)} ms`)
  })

  it('a drain in mid load answers what it stored, and stores what it answered', async (t) => {
    const server = await serverFor(t)
    const sessions = await people(server, t, 4)
    const target = newId()
    const answered = new Map() // clientMsgId → message
    let enough
    const some = new Promise((resolve) => { enough = resolve })
    const load = Promise.all(sessions.map((session) => Promise.all(range(1, 8).map(async () => {
      for (;;) {
        const clientMsgId = uniqueId()
        try {
          const { message } = await session.call('message.send', { to: user(target), clientMsgId, kind: 'text', content: clientMsgId })
          answered.set(clientMsgId, message)
          if (answered.size === 200) enough()
        } catch {
          return // refused, or never answered
        }
      }
    }))))
    await within(15_000, some, '200 answers')
    server.signal('SIGTERM')
    assert.deepEqual(await within(12_000, server.process.ended, 'the end after SIGTERM'), { code: 0, signal: null }, server.stderr().slice(-2000))
    await load
    const second = await again(t, server)
    for (const { userId } of sessions) {
      const session = await connectV1(second, userId, { t })
      const stored = await session.all(user(target))
      assert.deepEqual(seqs(stored), range(1, stored.length))
      for (const message of stored) {
        assert.deepEqual(answered.get(message.clientMsgId), message, 'stored and answered')
        answered.delete(message.clientMsgId)
      }
    }
    assert.equal(answered.size, 0, 'answered and not stored')
  })

  it('a drain lets nobody in', async (t) => {
    const server = await serverFor(t, { config: '[drain]\ntimeout = 3\n' })
    const raw = await rawV1(server, newId(), t)
    server.signal('SIGTERM')
    for (;;) if ((await raw.frame()).opcode === opcodes.close) break
    for (let i = 0; i < 3; i++) {
      const session = await connectV1(server, newId(), { t }).catch(() => null)
      assert.equal(session, null, 'a session was let in during the drain')
    }
    assert.deepEqual(await within(5_000, server.process.ended, 'the end after SIGTERM'), { code: 0, signal: null })
  })
})
