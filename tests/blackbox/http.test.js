// HTTP itself: limits, framing, smuggling, connections.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { contents, get, history, newUser, push, pushed, request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { parseResponses, pushText, RawConnection, requestText } from './lib/raw.js'
import { corpus, innerOf } from './lib/smuggling.js'
import { isSanitized, startServer } from './lib/server.js'

let server
before(async () => { server = await startServer() })
after(() => server?.dispose())
afterEach(async () => {
  assert.equal((await get(server, '/healthz')).status, 200)
  await pushed(server, { userId: 'prober', targetUserId: 'prober', content: 'still works' })
})

const limit = 256 * 1024
// A chat of exactly `size` bytes.
function chatOfSize(a, size) {
  const head = `{"userId":${a},"targetUserId":1,"content":"x","padding":"`
  return `${head}${'p'.repeat(size - head.length - 2)}"}`
}

describe('a body', () => {
  it('of exactly 256 KiB is accepted', async () => {
    const a = newUser()
    const body = chatOfSize(a, limit)
    assert.equal(Buffer.byteLength(body), limit)
    await pushed(server, body)
    assert.deepEqual(contents(await history(server, { userId: a })), ['x'])
  })

  it('of exactly 256 KiB in chunks is accepted', async () => {
    const a = newUser()
    await pushed(server, chatOfSize(a, limit), { headers: { 'transfer-encoding': 'chunked', 'content-length': undefined } })
    assert.deepEqual(contents(await history(server, { userId: a })), ['x'])
  })

  for (const length of [limit + 1, 10 * limit, 10_000_000_000, 2 ** 53 - 1]) {
    it(`declared to have ${length} bytes is 413 before it comes, and the connection closes`, async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('POST', '/push', { 'Content-Length': length }))
      assertProblem(await raw.response(), 413)
      raw.socket.end()
      await raw.closing()
    })
  }

  it('one byte over 256 KiB, sent whole, is not stored', async (t) => {
    const a = newUser()
    const raw = await RawConnection.open(server, t)
    raw.write(pushText(chatOfSize(a, limit + 1)))
    raw.socket.end()
    await raw.closing()
    // The answer may be lost to a reset, as RFC 9112 9.6 warns; a success never comes.
    for (const answer of parseResponses(raw.received)) assertProblem(answer, 413)
    assert.deepEqual(await history(server, { userId: a }), [])
  })

  it('in chunks that goes over 256 KiB is 413, and the connection closes', async (t) => {
    const a = newUser()
    const raw = await RawConnection.open(server, t)
    raw.write(requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }))
    const body = chatOfSize(a, limit + 1)
    // All but the end: it has to be refused for what has come, not for what is missing.
    for (let i = 0; i < body.length; i += 16_384) {
      const part = body.slice(i, i + 16_384)
      raw.write(`${part.length.toString(16)}\r\n${part}\r\n`)
    }
    assertProblem(await raw.response(), 413)
    await raw.closing()
    assert.deepEqual(await history(server, { userId: a }), [])
  })

  it('in chunks without an end does not make memory grow', { skip: isSanitized() }, async (t) => {
    const begin = server.memory()
    await Promise.all(Array.from({ length: 50 }, async () => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }))
      const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`
      for (let i = 0; i < 32 && !raw.ended; i++) raw.write(piece)
      await raw.closing()
    }))
    // 50 bodies of 2 MiB: at most 256 KiB of each may be held.
    assert.ok(server.memory() - begin < 48 * 1024 * 1024, `grew by ${(server.memory() - begin) >> 20} MiB`)
  })

  for (const [what, begin] of [['a chunk header', '1;'], ['a trailer', '0\r\nX: ']]) {
    it(`with ${what} that does not end is refused, and memory does not grow`, { skip: isSanitized() }, async (t) => {
      const before = server.memory()
      await Promise.all(Array.from({ length: 20 }, async () => {
        const raw = await RawConnection.open(server, t)
        raw.write(requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, begin))
        const piece = 'a'.repeat(65_536)
        for (let i = 0; i < 64 && !raw.ended; i++) raw.write(piece)
        await raw.closing()
      }))
      assert.ok(server.memory() - before < 24 * 1024 * 1024, `grew by ${(server.memory() - before) >> 20} MiB`)
    })
  }

  it('behind a request line and a header of over 8 KiB together is 431', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(requestText('GET', `/getMessage?userId=1&x=${'y'.repeat(5000)}`, { 'X-Long': 'z'.repeat(5000) }))
    assertProblem(await raw.response(), 431)
  })

  it('in one-byte chunks with extensions and trailers is accepted', async (t) => {
    const a = newUser()
    const raw = await RawConnection.open(server, t)
    const body = JSON.stringify({ userId: a, targetUserId: 1, content: 'bits' })
    const chunks = [...body].map((c) => `1;n="v"\r\n${c}\r\n`).join('')
    raw.write(requestText('POST', '/push', { 'Transfer-Encoding': 'chunked' }, `${chunks}0\r\nX-Trailer: x\r\n\r\n`))
    assert.equal((await raw.response()).status, 200)
    assert.deepEqual(contents(await history(server, { userId: a })), ['bits'])
  })

  it('announced with Expect: 100-continue is asked for, or answered', async (t) => {
    const a = newUser()
    const raw = await RawConnection.open(server, t)
    const body = JSON.stringify({ userId: a, targetUserId: 1, content: 'expected' })
    raw.write(requestText('POST', '/push', { 'Content-Length': body.length, Expect: '100-continue' }))
    assert.equal((await raw.response()).status, 100) // RFC 9110, 10.1.1: 100 or a final status, without waiting
    raw.write(body)
    assert.equal((await raw.response()).status, 200)
    assert.deepEqual(contents(await history(server, { userId: a })), ['expected'])
  })

  it('that comes with a GET is not taken for the next request', async (t) => {
    const raw = await RawConnection.open(server, t)
    const hidden = requestText('GET', '/nope')
    raw.write(requestText('GET', '/healthz', { 'Content-Length': hidden.length }, hidden) + requestText('GET', '/getOnlineUser', { Connection: 'close' }))
    await raw.closing()
    const answers = parseResponses(raw.received)
    assert.ok(answers.length >= 1)
    assert.ok(answers.every(({ status }) => status !== 404), 'the body was not parsed as a request')
  })
})

describe('a header', () => {
  it('of 7 KiB is accepted', async () => {
    const answer = await get(server, '/healthz', { headers: { 'x-long': 'x'.repeat(7 * 1024) } })
    assert.equal(answer.status, 200)
  })

  const tooLarge = {
    'with one long field': requestText('GET', '/healthz', { 'X-Long': 'x'.repeat(8 * 1024) }),
    'with a field of 100 KiB': requestText('GET', '/healthz', { 'X-Long': 'x'.repeat(100 * 1024) }),
    'with 10,000 fields': requestText('GET', '/healthz', Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`X-${i}`, 'y']))),
    'with a long field name': requestText('GET', '/healthz', { [`X-${'y'.repeat(9000)}`]: 'z' }),
    'that never ends': `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}`,
  }
  for (const [name, bytes] of Object.entries(tooLarge)) {
    it(`over 8 KiB ${name} is 431, and the connection closes`, async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(bytes)
      assertProblem(await raw.response(), 431)
      await raw.closing()
    })
  }

  it('over 8 KiB of an upgrade is 431', async () => {
    const answer = await get(server, '/imserver/1', { headers: { 'x-long': 'x'.repeat(8 * 1024), upgrade: 'websocket', connection: 'Upgrade' } })
    assertProblem(answer, 431)
  })

  it('with a target over 8 KiB is 431 or 414, and the connection closes', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(requestText('GET', `/getMessage?userId=${'1'.repeat(9000)}`))
    assertProblem(await raw.response(), [414, 431])
    await raw.closing()
  })
})

describe('S19: a request that could be read in two ways', () => {
  for (const [name, bytes] of Object.entries(corpus)) {
    it(`is refused and the connection not used again: ${name}`, async (t) => {
      const smuggler = newUser()
      const raw = await RawConnection.open(server, t)
      raw.write(Buffer.concat([Buffer.from(bytes), Buffer.from(innerOf(smuggler))]))
      await raw.closing()
      if (raw.received.length) {
        const answers = parseResponses(raw.received)
        assert.equal(answers.length, 1, 'one answer at most')
        assert.ok([400, 411, 413, 431, 501, 505].includes(answers[0].status), `answered ${answers[0].status}`)
        assertProblem(answers[0], answers[0].status)
      }
      assert.deepEqual(await history(server, { userId: smuggler }), [], 'nothing was smuggled in')
    })
  }

  for (const [name, hosts] of [['without Host', undefined], ['with two Hosts', ['a.example', 'b.example']]]) {
    it(`is 400: ${name}`, async (t) => { // RFC 9112, 3.2
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('GET', '/healthz', { Host: hosts }))
      assertProblem(await raw.response(), 400)
    })
  }
})

describe('a connection', () => {
  it('serves many requests, one after the other', async () => {
    const agent = new server.http.Agent({ keepAlive: true, maxSockets: 1 })
    try {
      const a = newUser()
      const ports = new Set()
      agent.on('free', (socket) => ports.add(socket.localPort))
      for (let i = 0; i < 100; i++) {
        if (i % 2) assert.equal((await get(server, '/healthz', { agent })).status, 200)
        else await pushed(server, { userId: a, targetUserId: 1, content: `${i}` }, { agent })
      }
      assert.equal(ports.size, 1, 'one connection was enough')
      assert.equal((await history(server, { userId: a })).length, 50)
    } finally {
      agent.destroy()
    }
  })

  it('goes on after a request that was refused for what it said', async () => {
    const agent = new server.http.Agent({ keepAlive: true, maxSockets: 1 })
    try {
      for (let i = 0; i < 3; i++) {
        assertProblem(await push(server, '{', { agent }), 400)
        assertProblem(await get(server, '/nope', { agent }), 404)
        assertProblem(await get(server, '/getMessage', { agent }), 400)
        assertProblem(await request(server, { method: 'DELETE', path: '/push', agent }), 405)
        assert.equal((await get(server, '/healthz', { agent })).status, 200)
      }
    } finally {
      agent.destroy()
    }
  })

  it('answers 20 requests that came at once, in their order', async (t) => {
    const users = Array.from({ length: 20 }, newUser)
    for (const user of users) await pushed(server, { userId: user, targetUserId: user, content: `of ${user}` })
    const raw = await RawConnection.open(server, t)
    raw.write(users.map((user) => requestText('GET', `/getMessage?userId=${user}`)).join(''))
    for (const user of users) {
      const answer = await raw.response()
      assert.equal(answer.status, 200)
      assert.deepEqual(contents(JSON.parse(answer.text)), [`of ${user}`])
    }
  })

  it('stores 20 pushes that came at once in their order, and answers each', async (t) => {
    const a = newUser()
    const raw = await RawConnection.open(server, t)
    const requests = Array.from({ length: 20 }, (_, i) => pushText({ userId: a, targetUserId: 1, content: `${i}` }))
    raw.write(requests.join('') + requestText('GET', '/nope'))
    for (let i = 0; i < 20; i++) {
      const answer = await raw.response()
      assert.equal(answer.status, 200)
      assert.equal(answer.text, 'MSG SEND SUCCESS')
    }
    assertProblem(await raw.response(), 404)
    assert.deepEqual(contents(await history(server, { userId: a })), Array.from({ length: 20 }, (_, i) => `${i}`))
  })

  it('takes 1,000 pipelined requests without losing one', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(Array.from({ length: 999 }, () => requestText('GET', '/healthz')).join('') + requestText('GET', '/healthz', { Connection: 'close' }))
    await raw.closing(20_000)
    const answers = parseResponses(raw.received)
    assert.equal(answers.length, 1000)
    assert.ok(answers.every(({ status }) => status === 200))
  })

  it('takes a request byte by byte', async (t) => {
    const a = newUser()
    const raw = await RawConnection.open(server, t)
    for (const byte of Buffer.from(pushText({ userId: a, targetUserId: 1, content: '你' }))) {
      raw.write(Buffer.from([byte]))
      await new Promise(setImmediate)
    }
    assert.equal((await raw.response()).status, 200)
    assert.deepEqual(contents(await history(server, { userId: a })), ['你'])
  })

  it('closes when asked to', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(requestText('GET', '/healthz', { Connection: 'close' }))
    const answer = await raw.response()
    assert.equal(answer.status, 200)
    assert.match(answer.headers.connection ?? '', /close/i)
    await raw.closing()
  })

  it('of HTTP/1.0 is answered and closed', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write('GET /healthz HTTP/1.0\r\n\r\n')
    assert.equal((await raw.response()).status, 200)
    await raw.closing()
  })

  it('that ends in the middle of a request does no harm', async (t) => {
    const a = newUser()
    const whole = pushText({ userId: a, targetUserId: 1, content: 'half' })
    for (const part of [10, 40, whole.length - 1]) {
      const raw = await RawConnection.open(server, t)
      raw.write(whole.slice(0, part))
      raw.socket.end()
      await raw.closing()
      for (const answer of parseResponses(raw.received)) assertProblem(answer, 400)
      const reset = await RawConnection.open(server, t)
      reset.write(whole.slice(0, part))
      reset.reset()
    }
    assert.deepEqual(await history(server, { userId: a }), [])
  })

  it('whose client has shut down its side still gets its answer', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.socket.end(requestText('GET', '/healthz'))
    assert.equal((await raw.response()).status, 200)
  })
})
