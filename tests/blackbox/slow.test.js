// Slow and silent clients: deadlines, bounds, and the newest window. All wait at the same time.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, contents, get, history, newUser, online, pushed } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { closePayload, frame, opcodes, parseResponses, pushText, RawConnection, rawSession, requestText } from './lib/raw.js'
import { isSanitized, serverFor, startServer } from './lib/server.js'
import { delay, eventually } from './lib/wait.js'

// Sends a byte of `bytes` every half second until the server closes; resolves to the milliseconds until then.
async function drip(raw, bytes, limit = 20_000) {
  const begin = performance.now()
  for (const byte of bytes) {
    if (raw.ended || performance.now() - begin > limit) break
    raw.write(Buffer.from([byte]))
    await Promise.race([delay(500), raw.closed])
  }
  assert.ok(raw.ended, `still open after ${Math.round(performance.now() - begin)} ms`)
  return raw.endedAt - begin
}

// The limit is 10 s: not earlier, and not much later.
function assertTenSeconds(ms) {
  assert.ok(ms > 9_000 && ms < 13_000, `closed after ${Math.round(ms)} ms`)
}

// However steadily it comes: the limit is 60 s.
function assertSixtySeconds(ms) {
  assert.ok(ms > 58_000 && ms < 64_000, `closed after ${Math.round(ms)} ms`)
}

function assertTimeoutAnswer(raw) {
  const answers = parseResponses(raw.received)
  assert.ok(answers.length <= 1)
  for (const answer of answers) assertProblem(answer, 408)
}

// The next frame that is no ping: those come every 25 s.
async function dataFrame(raw, ms) {
  for (;;) {
    const next = await raw.frame(ms)
    if (next.opcode !== opcodes.ping) return next
  }
}

const long = Buffer.alloc(100, 'x')
const longer = Buffer.alloc(300, 'x')
const big = 'x'.repeat(4096)

describe('S23: slow clients', { concurrency: true }, () => {
  let server
  before(async () => { server = await startServer() })
  after(() => server?.dispose())

  describe('over HTTP', { concurrency: true }, () => {
    it('a header that drips is 408 or closed after 10 s', async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ')
      assertTenSeconds(await drip(raw, long))
      assertTimeoutAnswer(raw)
    })

    it('half a header and then nothing is 408 or closed after 10 s', async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write('GET /healthz HTTP/1.1\r\nHost: x\r\n')
      const begin = performance.now()
      await raw.closing(20_000)
      assertTenSeconds(raw.endedAt - begin)
      assertTimeoutAnswer(raw)
    })

    it('a second header that drips on a used connection is 408 or closed', async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('GET', '/healthz'))
      assert.equal((await raw.response()).status, 200)
      raw.write('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ')
      const ms = await drip(raw, long)
      assert.ok(ms < 13_000, `closed after ${Math.round(ms)} ms`)
      assertTimeoutAnswer(raw)
    })

    it('a body that drips is 408 or closed after 60 s, and not stored', async (t) => {
      const a = newUser()
      const raw = await RawConnection.open(server, t)
      const text = pushText({ userId: a, targetUserId: 1, content: big })
      const head = text.indexOf('\r\n\r\n') + 4
      raw.write(text.slice(0, head))
      assertSixtySeconds(await drip(raw, Buffer.from(text.slice(head)), 75_000))
      assertTimeoutAnswer(raw)
      assert.deepEqual(await history(server, { userId: a }), [])
    })

    it('a body that stands still is 408 or closed after 10 s', async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('POST', '/push', { 'Content-Length': 4_000 }, 'x'.repeat(2_000)))
      const begin = performance.now()
      await raw.closing(20_000)
      assertTenSeconds(raw.endedAt - begin)
      assertTimeoutAnswer(raw)
    })

    it('a body that comes in pieces over half a minute is taken', async (t) => {
      const raw = await RawConnection.open(server, t)
      const text = pushText({ userId: newUser(), targetUserId: 1, content: big })
      const head = text.indexOf('\r\n\r\n') + 4
      raw.write(text.slice(0, head))
      const body = text.slice(head)
      for (let i = 0; i < 5; i++) {
        await delay(6_000)
        raw.write(body.slice(i * 1_000, i < 4 ? (i + 1) * 1_000 : undefined))
      }
      assert.equal((await raw.response()).status, 200)
    })

    it('chunks that drip are 408 or closed after 60 s', async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }))
      assertSixtySeconds(await drip(raw, Buffer.from('1\r\nx\r\n'.repeat(40)), 75_000))
      assertTimeoutAnswer(raw)
    })

    it('a connection on which nothing is asked is closed in the end, first or later', async (t) => {
      const fresh = await RawConnection.open(server, t)
      const used = await RawConnection.open(server, t)
      used.write(requestText('GET', '/healthz'))
      assert.equal((await used.response()).status, 200)
      await Promise.all([fresh.closing(78_000), used.closing(78_000)])
    })

    it('a client that does not read its answers is cut, and memory stays bounded', async (t) => {
      const own = await serverFor(t)
      const a = newUser()
      for (let i = 0; i < 50; i++) await pushed(own, { userId: a, targetUserId: a, content: big })
      const begin = own.memory()
      const raw = await RawConnection.open(own, t)
      raw.socket.pause()
      const ask = requestText('GET', `/getMessage?userId=${a}`).repeat(200)
      const closed = new Promise((resolve) => raw.socket.once('close', resolve))
      let written = 0
      raw.socket.on('drain', () => { if (++written < 50) raw.socket.write(ask) })
      raw.socket.write(ask)
      // Paused, Node sees the reset only through a failing write.
      const knock = setInterval(() => raw.socket.write(' '), 500)
      t.after(() => clearInterval(knock))
      await Promise.race([closed, delay(25_000).then(() => { throw new Error('still not cut after 25 s') })])
      if (!isSanitized()) assert.ok(own.memory() - begin < 48 * 1024 * 1024, `grew by ${(own.memory() - begin) >> 20} MiB`)
    })
  })

  describe('over a WebSocket', { concurrency: true }, () => {
    const partial = {
      'a frame that drips': [frame(opcodes.text, longer).subarray(0, 20), frame(opcodes.text, longer).subarray(20)],
      'a frame whose head drips': [Buffer.alloc(0), frame(opcodes.text, Buffer.alloc(70_000, 'x'), { length: 60_000 }).subarray(0, 200)],
      'fragments that drip': [frame(opcodes.text, 'x', { fin: false }), Buffer.concat(Array.from({ length: 40 }, () => frame(opcodes.continuation, 'x', { fin: false })))],
    }
    for (const [name, [first, rest]] of Object.entries(partial)) {
      it(`${name} closes the socket after 60 s`, async (t) => {
        const user = newUser()
        const raw = await rawSession(server, user, t)
        raw.write(first)
        const begin = performance.now()
        const dripping = drip(raw, rest, 75_000)
        // A close frame counts: what a peer that cannot finish a message makes of it is its own affair.
        const told = dataFrame(raw, 75_000).then((last) => {
          assert.equal(last.opcode, opcodes.close)
          raw.socket.end()
          return performance.now() - begin
        }, () => dripping)
        const ms = await Promise.race([told, dripping])
        dripping.catch(() => {})
        assertSixtySeconds(ms)
        await eventually(6_000, 'offline', async () => !(user in await online(server)))
      })
    }

    it('a frame that stands still closes the socket after 10 s', async (t) => {
      const raw = await rawSession(server, newUser(), t)
      raw.write(frame(opcodes.text, long).subarray(0, 20))
      const begin = performance.now()
      assert.equal((await raw.frame(20_000)).code, 4008)
      assertTenSeconds(performance.now() - begin)
    })

    it('a message left unfinished closes the socket after 10 s, in spite of pings in between', async (t) => {
      const raw = await rawSession(server, newUser(), t)
      raw.write(frame(opcodes.text, 'x', { fin: false }))
      const begin = performance.now()
      let last
      while (performance.now() - begin < 20_000) {
        raw.write(frame(opcodes.ping, 'y'))
        last = await raw.frame().catch(() => null)
        if (!last || last.opcode === opcodes.close) break
        assert.equal(last.opcode, opcodes.pong)
        await delay(500)
      }
      assert.ok(!last || last.opcode === opcodes.close, 'still open after 20 s')
      assertTenSeconds(performance.now() - begin)
    })

    it('a peer that never answers the close of /close is cut in the end', async (t) => {
      const user = newUser()
      const raw = await rawSession(server, user, t)
      await get(server, `/close?userId=${user}`)
      assert.equal((await raw.frame()).code, 4003)
      await raw.closing(15_000)
    })

    it('a silent peer is pinged every 25 s and closed after 60 s; one that pongs, or only sends, is not', async (t) => {
      const users = { silent: newUser(), ponging: newUser(), sending: newUser() }
      const begin = performance.now()
      const since = () => (performance.now() - begin) / 1000
      const raws = {}
      for (const [name, user] of Object.entries(users)) raws[name] = await rawSession(server, user, t)
      const pings = { silent: [], ponging: [], sending: [] }
      let finished = false
      const follow = async (name) => {
        for (;;) {
          const next = await raws[name].frame(90_000).catch((error) => { if (raws[name].ended || finished) return null; throw error })
          if (!next || next.opcode === opcodes.close) return
          if (next.opcode !== opcodes.ping) throw new Error(`opcode ${next.opcode} from nowhere`)
          pings[name].push(since())
          if (name === 'ponging') raws[name].write(frame(opcodes.pong, next.payload))
        }
      }
      const sending = setInterval(() => raws.sending.write(frame(opcodes.text, 'here')), 20_000)
      t.after(() => clearInterval(sending))
      const others = ['ponging', 'sending'].map((name) => follow(name).then(() => { if (!finished) throw new Error(`the ${name} one was closed after ${since()} s`) }))
      await Promise.race([follow('silent'), Promise.all(others)])
      const ended = since()
      assert.ok(ended > 57 && ended < 75, `closed after ${ended} s`)
      assert.ok(pings.silent.length >= 2, `pinged at ${pings.silent} s`)
      for (const [i, at] of pings.silent.entries()) assert.ok(Math.abs(at - 25 * (i + 1)) < 4, `pinged at ${pings.silent} s`)
      await eventually(6_000, 'offline', async () => !(users.silent in await online(server)))
      const there = await online(server)
      assert.ok(users.ponging in there && users.sending in there)
      for (const name of ['ponging', 'sending']) assert.ok(!raws[name].ended)
      finished = true
      for (const raw of Object.values(raws)) raw.destroy()
      await Promise.all(others)
    })

    it('heartbeat = 1 pings every second', async (t) => {
      const own = await serverFor(t, { config: 'heartbeat = 1\n' })
      const raw = await rawSession(own, newUser(), t)
      const times = [performance.now()]
      for (let i = 0; i < 4; i++) {
        const next = await raw.frame(5_000)
        assert.equal(next.opcode, opcodes.ping)
        times.push(performance.now())
        raw.write(frame(opcodes.pong, next.payload))
      }
      const each = (times[4] - times[1]) / 3
      assert.ok(each > 700 && each < 1600, `every ${Math.round(each)} ms`)
    })
  })

  describe('that do not read', { concurrency: true }, () => {
    // Pushes `count` big messages from and to `user`, by 8 connections.
    async function pushMany(own, user, count) {
      const agent = new own.http.Agent({ keepAlive: true, maxSockets: 8 })
      let next = 0
      await Promise.all(Array.from({ length: 8 }, async () => {
        while (next < count) {
          const i = next++
          await pushed(own, { userId: user, targetUserId: 'elsewhere', content: `${i} ${big.slice(8)}` }, { agent })
        }
      }))
      agent.destroy()
    }

    it('cost bounded memory, are cut when a write makes no progress for 10 s, and disturb nobody', async (t) => {
      const own = await serverFor(t)
      const [stuck, healthy] = [newUser(), newUser()]
      const session = await connect(own, healthy, { t })
      for (let i = 0; i < 50; i++) (await rawSession(own, stuck, t)).socket.pause()
      assert.equal((await online(own))[stuck].sessions, 50)
      const begin = own.memory()
      let peak = begin
      const sampler = setInterval(() => { if (own.running) peak = Math.max(peak, own.memory()) }, 50)
      t.after(() => clearInterval(sampler))
      const start = performance.now()
      await pushMany(own, stuck, 2_000)
      await pushed(own, { userId: 1, targetUserId: healthy, content: 'hello' })
      assert.deepEqual(contents(await session.next()), ['hello'])
      const busy = performance.now() - start
      // No write can have stood still for 10 s before that.
      await delay(Math.max(0, 9_000 - busy))
      if (busy < 9_000) assert.equal((await online(own))[stuck]?.sessions, 50, 'not closed for being slow')
      await eventually(15_000, 'all of them cut', async () => !(stuck in await online(own)), 200)
      clearInterval(sampler)
      t.diagnostic(`2,000 pushes in ${Math.round(busy)} ms, memory ${begin >> 20} MiB, at most ${peak >> 20} MiB`)
      if (!isSanitized()) assert.ok(peak - begin < 96 * 1024 * 1024, `grew by ${(peak - begin) >> 20} MiB`)
      await session.ping()
      await pushed(own, { userId: stuck, targetUserId: healthy, content: 'still here' })
      assert.equal((await session.next()).at(-1).content, `still here`)
    })

    it('get, when they read again, the newest window: it replaced those that waited', async (t) => {
      const own = await serverFor(t)
      const user = newUser()
      const raw = await rawSession(own, user, t)
      raw.socket.pause()
      await pushMany(own, user, 300)
      const newest = await history(own, { userId: user })
      raw.socket.resume()
      const frames = []
      let last
      do {
        const next = await raw.frame(10_000)
        assert.equal(next.opcode, opcodes.text)
        last = JSON.parse(next.payload)
        frames.push(last)
        assert.ok(last.length <= 50)
        for (let i = 1; i < last.length; i++) assert.ok(last[i - 1].id < last[i].id)
      } while (last.at(-1)?.id !== newest.at(-1).id)
      assert.deepEqual(last, newest)
      for (let i = 1; i < frames.length; i++) assert.ok(frames[i - 1].at(-1).id < frames[i].at(-1).id)
      assert.ok(frames.length < 300, `${frames.length} frames: none was replaced`)
      assert.ok(raw.received.length === 0, 'and nothing after it')
      raw.write(frame(opcodes.close, closePayload(1000)))
      assert.equal((await raw.frame()).code, 1000)
    })

    it('fast, but steadily, are not closed', async (t) => {
      const own = await serverFor(t)
      const user = newUser()
      const raw = await rawSession(own, user, t)
      // 64 KiB a tenth of a second, of some 4 MiB that are offered.
      let slow = true
      raw.socket.on('data', () => {
        raw.received = Buffer.alloc(0)
        if (!slow) return
        raw.socket.pause()
        setTimeout(() => raw.socket.resume(), 100)
      })
      const end = performance.now() + 25_000
      let pushes = 0
      while (performance.now() < end) {
        await pushed(own, { userId: user, targetUserId: user, content: `${++pushes} ${big.slice(8)}` })
        assert.ok(!raw.ended, `closed after ${pushes} pushes`)
        await delay(40)
      }
      assert.equal((await online(own))[user]?.sessions, 1)
      slow = false
      raw.socket.resume()
    })
  })
})
