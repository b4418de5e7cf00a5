// The opening handshake, and over bare sockets what rfc6455.test.js has no case for: lies about lengths, floods, and
// what becomes of a classic session.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { connect, contents, get, newUser, online, pushed, refused, request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { acceptOfSampleKey, closePayload, frame, opcodes, RawConnection, rawSession, upgradeText } from './lib/raw.js'
import { isSanitized, startServer } from './lib/server.js'
import { eventually, within } from './lib/wait.js'

let server
before(async () => { server = await startServer() })
after(() => server?.dispose())
afterEach(async () => {
  const session = await connect(server, 'prober')
  await pushed(server, { userId: 'prober', targetUserId: 'prober', content: 'still works' })
  assert.equal((await session.next()).at(-1).content, 'still works')
  session.socket.terminate()
})

describe('the opening handshake', () => {
  it('S24: is answered as RFC 6455 says, without extensions', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(upgradeText(`/imserver/${newUser()}`, { 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits' }))
    const answer = await raw.response()
    assert.equal(answer.status, 101)
    assert.match(answer.headers.upgrade, /^websocket$/i)
    assert.match(answer.headers.connection, /\bupgrade\b/i)
    assert.equal(answer.headers['sec-websocket-accept'], acceptOfSampleKey)
    assert.equal(answer.headers['sec-websocket-extensions'], undefined, 'no compression')
    assert.equal(answer.headers['sec-websocket-protocol'], undefined, 'no protocol was offered')
  })

  it('is accepted in any case, and with several tokens', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(upgradeText(`/imserver/${newUser()}`, { Upgrade: 'WebSocket', Connection: 'keep-alive, upgrade' }))
    assert.equal((await raw.response()).status, 101)
  })

  it('is accepted with a query after the id', async (t) => {
    const user = newUser()
    await connect(server, user, { t, path: `/imserver/${user}?x=1` })
    assert.ok(user in await online(server))
  })

  it('may be followed by frames in the same packet', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write(Buffer.concat([
      Buffer.from(upgradeText(`/imserver/${newUser()}`)), frame(opcodes.text, 'early'), frame(opcodes.ping, 'bird'),
    ]))
    assert.equal((await raw.response()).status, 101)
    const pong = await raw.frame()
    assert.equal(pong.opcode, opcodes.pong)
    assert.equal(pong.payload.toString(), 'bird')
  })

  it('may come after other requests on the same connection', async (t) => {
    const raw = await RawConnection.open(server, t)
    raw.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
    assert.equal((await raw.response()).status, 200)
    raw.write(upgradeText(`/imserver/${newUser()}`))
    assert.equal((await raw.response()).status, 101)
    raw.write(frame(opcodes.ping, 'x'))
    assert.equal((await raw.frame()).opcode, opcodes.pong)
  })

  const bad = {
    'without a key': [{ 'Sec-WebSocket-Key': undefined }, [400, 426]],
    'with an empty key': [{ 'Sec-WebSocket-Key': '' }, [400, 426]],
    'without a version': [{ 'Sec-WebSocket-Version': undefined }, [400, 426]],
    'with version 12': [{ 'Sec-WebSocket-Version': '12' }, [400, 426]],
    'with two keys': [{ 'Sec-WebSocket-Key': ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ=='] }, [400]],
    'with two versions': [{ 'Sec-WebSocket-Version': ['13', '13'] }, [400]],
    'without Connection: Upgrade': [{ Connection: 'keep-alive' }, [400, 426]],
    'with Upgrade: h2c': [{ Upgrade: 'h2c' }, [400, 426]],
  }
  for (const [name, [headers, statuses]] of Object.entries(bad)) {
    it(`${name} is ${statuses.join(' or ')}, and nobody is online by it`, async (t) => {
      const user = newUser()
      const raw = await RawConnection.open(server, t)
      raw.write(upgradeText(`/imserver/${user}`, headers))
      assertProblem(await raw.response(), statuses)
      assert.ok(!(user in await online(server)))
    })
  }

  it('of version 12 is told the right one', async (t) => { // RFC 6455, 4.4
    const raw = await RawConnection.open(server, t)
    raw.write(upgradeText(`/imserver/${newUser()}`, { 'Sec-WebSocket-Version': '12' }))
    assert.match((await raw.response()).headers['sec-websocket-version'] ?? '', /\b13\b/)
  })

  for (const id of ['', 'a%20b', '%E5%BC%A0', 'x'.repeat(65), 'a/b', '%00', '%ZZ']) {
    it(`with a bad id is 400 or 404: /imserver/${id.slice(0, 20)}`, async () => {
      assertProblem(await refused(server, '', { path: `/imserver/${id}` }), [400, 404])
    })
  }

  it('on another path is 404', async () => {
    for (const path of ['/', '/push', '/nope', '/v1/connect']) {
      const answer = await refused(server, '', { path }).catch((error) => ({ error }))
      assert.ok(!answer.error, `${path}: ${answer.error?.message}`)
      assert.ok(answer.status !== 101 && answer.status < 500, `${path} is answered ${answer.status}`)
    }
    assertProblem(await refused(server, '', { path: '/nope' }), 404)
  })

  it('with POST is 405', async () => {
    const headers = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
    assertProblem(await request(server, { method: 'POST', path: '/imserver/1', headers }), 405)
  })
})

describe('frames', () => {
  const serverFrameIsClose = async (raw, code, ms = 3_000) => {
    const last = await raw.frame(ms)
    assert.equal(last.opcode, opcodes.close, `opcode ${last.opcode}`)
    assert.equal(last.masked, false)
    assert.ok([code].flat().includes(last.code), `closed with ${last.code} instead of ${code}`)
  }
  const alive = async (raw) => {
    raw.write(frame(opcodes.ping, 'alive'))
    const pong = await raw.frame()
    assert.equal(pong.opcode, opcodes.pong, `a ${pong.opcode} (close code ${pong.code}) instead of a pong`)
    assert.equal(pong.payload.toString(), 'alive')
  }
  const size = 64 * 1024

  const fatal = {
    'an unmasked text frame': [frame(opcodes.text, 'x', { masked: false }), 1002],
    'an unmasked ping': [frame(opcodes.ping, 'x', { masked: false }), 1002],
    'an unmasked empty frame': [frame(opcodes.text, '', { masked: false }), 1002],
    'a fragmented close': [frame(opcodes.close, closePayload(1000), { fin: false }), 1002],
    'a close with code 1015': [frame(opcodes.close, closePayload(1015)), 1002],
    'a fragmented text that ends within a character': [Buffer.concat([
      frame(opcodes.text, Buffer.from([0x61]), { fin: false }), frame(opcodes.continuation, Buffer.from([0xf0, 0x9f]))]), 1007],
    'a binary frame': [frame(opcodes.binary, 'x'), 1003],
    'a text of 64 KiB and one byte': [frame(opcodes.text, 'x'.repeat(size + 1)), 1009],
    'fragments that go over 64 KiB': [Buffer.concat([
      frame(opcodes.text, 'x'.repeat(size), { fin: false }), frame(opcodes.continuation, 'x')]), 1009],
    'a declared length of 1 GiB': [frame(opcodes.text, 'x', { length: 2 ** 30 }), 1009],
    'a declared length of 2^62': [frame(opcodes.text, 'x', { length: 2n ** 62n, form: 64 }), 1009],
    'a declared length of 2^63': [frame(opcodes.text, 'x', { length: 2n ** 63n, form: 64 }), [1002, 1009]],
    'a declared length of 2^64 - 1': [frame(opcodes.text, 'x', { length: 2n ** 64n - 1n, form: 64 }), [1002, 1009]],
    'a continuation declared to be huge': [Buffer.concat([
      frame(opcodes.text, 'x', { fin: false }), frame(opcodes.continuation, 'x', { length: 2n ** 62n, form: 64 })]), 1009],
  }
  for (const [name, [bytes, code]] of Object.entries(fatal)) {
    it(`${name} closes with ${[code].flat().join(' or ')}, and the user is offline`, async (t) => {
      const user = newUser()
      const raw = await rawSession(server, user, t)
      raw.write(bytes)
      await serverFrameIsClose(raw, code)
      raw.write(frame(opcodes.close, closePayload(1000)))
      raw.socket.end()
      await raw.closing()
      await eventually(3_000, 'offline', async () => !(user in await online(server)))
    })
  }

  const harmless = {
    'a text of exactly 64 KiB': frame(opcodes.text, 'x'.repeat(size)),
    'fragments of exactly 64 KiB in all': Buffer.concat([
      frame(opcodes.text, 'x'.repeat(size / 2), { fin: false }), frame(opcodes.continuation, 'x'.repeat(size / 2))]),
    'many small messages of more than 64 KiB in all': Buffer.concat(Array.from({ length: 100 }, () => frame(opcodes.text, 'x'.repeat(1000)))),
    'an empty text': frame(opcodes.text, ''),
  }
  for (const [name, bytes] of Object.entries(harmless)) {
    it(`${name} is ignored, and the socket lives`, async (t) => {
      const user = newUser()
      const raw = await rawSession(server, user, t)
      raw.write(bytes)
      await alive(raw)
      await pushed(server, { userId: user, targetUserId: user, content: 'x' })
      const chats = await raw.frame()
      assert.equal(chats.opcode, opcodes.text)
      assert.ok(chats.fin && chats.rsv === 0 && !chats.masked)
      assert.deepEqual(contents(JSON.parse(chats.payload)), ['x'])
    })
  }

  it('a chat is delivered between the fragments of a message', async (t) => {
    const user = newUser()
    const raw = await rawSession(server, user, t)
    raw.write(frame(opcodes.text, 'half', { fin: false }))
    await pushed(server, { userId: user, targetUserId: user, content: 'in between' })
    assert.deepEqual(contents(JSON.parse((await raw.frame()).payload)), ['in between'])
    raw.write(frame(opcodes.continuation, 'rest'))
    await alive(raw)
  })

  it('of one byte, 20,000 of a message, do no harm', async (t) => {
    const raw = await rawSession(server, newUser(), t)
    raw.write(Buffer.concat([
      frame(opcodes.text, 'x', { fin: false }), ...Array.from({ length: 20_000 }, () => frame(opcodes.continuation, 'y', { fin: false })),
      frame(opcodes.continuation, 'z'),
    ]))
    await alive(raw)
  })

  it('of empty fragments without end leave the others alone', async (t) => {
    const raw = await rawSession(server, newUser(), t)
    const piece = Buffer.concat([frame(opcodes.text, '', { fin: false }), ...Array.from({ length: 50_000 }, () => frame(opcodes.continuation, '', { fin: false }))])
    raw.write(piece)
    const { status } = await get(server, '/healthz')
    assert.equal(status, 200)
  })

  it('a flood of pings gets closed', async (t) => {
    const raw = await rawSession(server, newUser(), t)
    const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(opcodes.ping, 'x'.repeat(100))))
    raw.write(pings)
    let last
    await within(5_000, (async () => {
      do last = await raw.frame().catch((error) => { if (raw.ended) return null; throw error })
      while (last && last.opcode !== opcodes.close)
    })(), 'the close of a flooding socket')
    if (last) assert.ok([1008, 4029].includes(last.code), `closed with ${last.code}`)
    raw.socket.end()
    await raw.closing(6_000)
  })

  it('declared to be huge take no memory', { skip: isSanitized() }, async (t) => {
    const begin = server.memory()
    const sessions = await Promise.all(Array.from({ length: 100 }, () => rawSession(server, newUser(), t)))
    for (const raw of sessions) raw.write(frame(opcodes.text, 'x'.repeat(1000), { length: 2 ** 30 }))
    for (const raw of sessions) await serverFrameIsClose(raw, 1009)
    assert.ok(server.memory() - begin < 24 * 1024 * 1024, `grew by ${(server.memory() - begin) >> 20} MiB`)
  })
})

describe('the closing handshake', () => {
  it('is answered, and the user offline', async (t) => {
    const user = newUser()
    const raw = await rawSession(server, user, t)
    raw.write(frame(opcodes.close, closePayload(1000, 'bye')))
    assert.equal((await raw.frame()).code, 1000)
    await raw.closing()
    await eventually(3_000, 'offline', async () => !(user in await online(server)))
  })

  it('of an ordinary client is clean', async (t) => {
    const session = await connect(server, newUser(), { t })
    assert.equal((await session.close(1000)).code, 1000)
  })

  it('of a browser’s library that offers compression works without it', async (t) => {
    const user = newUser()
    const session = await connect(server, user, { t, offerDeflate: true })
    assert.equal(session.socket.extensions, '')
    await pushed(server, { userId: user, targetUserId: user, content: 'x'.repeat(4096) })
    assert.equal((await session.next())[0].content.length, 4096)
  })
})
