// Promise 9 at the doors: no stranger and no socket stops others. Ratios within one run; attackers come from 127.0.0.2
// and above, others from 127.0.0.1.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertAllFair, assertFair, hold, leave, measure, measureAll, pour } from './lib/attack.js'
import { makeCertificate } from './lib/certificates.js'
import { get, request } from './lib/client.js'
import { bearer, byEdwards, edwards, jwt, KeyFiles, seconds, tokenOf } from './lib/keys.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { assertProblem } from './lib/problem.js'
import { frame, opcodes, RawConnection, requestText, upgradeText } from './lib/raw.js'
import { isSanitized, serverFor } from './lib/server.js'
import { connectV1, newId, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

let keys
before(() => { keys = new KeyFiles() })
after(() => keys?.dispose())

const withTokens = (config = '', args = []) => ({ args: [...keys.args, ...args], config })
const session = (server, t, options = {}) => {
  const userId = newId()
  return connectV1(server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId)), ...options })
}
const unlimited = 'sends_per_second = 100000\nsends_burst = 1000000\nrequests_per_second = 100000\nrequests_burst = 1000000\n'

const ok = async (asked) => {
  const { status, text } = await asked
  return status === 200 ? undefined : `${status} ${text}`
}

// Each time another user, so that no rate is met.
const anybody = (server) => {
  const userId = newId()
  return ok(get(server, `/getMessage?userId=${userId}`, { headers: bearer(tokenOf(userId)) }))
}

// What others do meanwhile, on connections that they have and on new ones.
async function others(server, t) {
  const live = await session(server, t)
  const to = user(newId())
  return {
    'ping of a live socket': () => live.call('ping'),
    'send of a live socket': () => live.call('message.send', { to, clientMsgId: uniqueId(), content: 'x' }),
    'GET /healthz': () => ok(get(server, '/healthz')),
    'a request with a token': () => anybody(server),
  }
}

// A token of the right form, whose signature somebody has to look at.
const badToken = () => jwt({ alg: 'EdDSA', kid: edwards.kid }, { sub: '1', exp: seconds() + 600 }, (text) => byEdwards(`not ${text}`))

describe('A1: an io thread serves its sockets by turns', () => {
  // One thread, so that all are on it.
  const oneThread = ['--io-threads', '1']
  const floods = {
    'pipelined GET /healthz': () => ({ text: requestText('GET', '/healthz') }),
    'bad tokens': () => ({ text: requestText('GET', '/getMessage?userId=1', bearer(badToken())) }),
    'bodies without end': () => ({ first: requestText('POST', '/push', { ...bearer(tokenOf('66')), 'Content-Length': 200_000 }), text: 'x'.repeat(1000) }),
    'small messages of a user': () => ({
      first: upgradeText('/v1/connect', { 'Sec-WebSocket-Protocol': 'hongyan.v1', Authorization: `Bearer ${tokenOf('66')}` }),
      text: Buffer.concat(Array.from({ length: 100 }, () => frame(opcodes.text, '{"jsonrpc":"2.0","id":1,"method":"ping"}'))).toString('latin1'),
    }),
    'frames of one byte': () => ({
      first: upgradeText('/imserver/66', bearer(tokenOf('66'))),
      text: Buffer.concat(Array.from({ length: 1000 }, () => frame(opcodes.text, 'x'))).toString('latin1'),
    }),
  }
  for (const [name, settings] of Object.entries(floods)) {
    it(name, async (t) => {
      const server = await serverFor(t, withTokens(`[limits]\n${unlimited}`, oneThread))
      const asks = await others(server, t)
      const quiet = await measureAll(asks)
      const attacker = pour(t, server, settings())
      await eventually(10_000, 'the attack', async () => (await attacker.figures()).connected >= 4)
      const during = await measureAll(asks)
      t.diagnostic(`the attackers got ${JSON.stringify(await attacker.figures())}`)
      assertAllFair(t, quiet, during)
    })
  }

  it('bad tokens and handshakes over TLS', async (t) => {
    const directory = makeDirectory('fair')
    t.after(() => removeDirectory(directory))
    const { cert, key, pem } = await makeCertificate(directory)
    const server = await serverFor(t, { ...withTokens(`[limits]\n${unlimited}`, [...oneThread, '--tls-cert', cert, '--tls-key', key]), ca: pem })
    const asks = await others(server, t)
    const quiet = await measureAll(asks)
    const attacker = pour(t, server, { text: requestText('GET', '/getMessage?userId=1', bearer(badToken())) })
    const shaker = pour(t, server, { connections: 40, from: '127.0.0.3', text: 'GET / nonsense\r\n\r\n' })
    await eventually(10_000, 'the attack', async () => (await attacker.figures()).connected >= 4 && (await shaker.figures()).connected >= 40)
    const during = await measureAll(asks)
    t.diagnostic(`the attackers got ${JSON.stringify([await attacker.figures(), await shaker.figures()])}`)
    assertAllFair(t, quiet, during)
  })
})

describe('A5: connections', () => {
  const healthz = requestText('GET', '/healthz')

  for (const auth of ['token', 'none']) {
    it(`a server that kept-alive connections fill still lets others in, with --auth ${auth}`, async (t) => {
      const config = `[limits]\nconnections = 600\n${unlimited}`
      const server = await serverFor(t, auth === 'token' ? withTokens(config) : { config })
      const asks = {
        'a new connection': () => anybody(server),
        'GET /healthz': () => ok(get(server, '/healthz')),
        'GET /readyz': () => ok(get(server, '/readyz')),
      }
      const quiet = await measureAll(asks)
      const crowds = ['127.0.0.2', '127.0.0.3'].map((from) => hold(t, server, { from, connections: 400, text: healthz, every: 2_000 }))
      await eventually(20_000, 'a full server', async () => (await Promise.all(crowds.map((crowd) => crowd.figures()))).reduce((sum, { connected }) => sum + connected, 0) >= 800)
      const during = await measureAll(asks)
      assertAllFair(t, quiet, during)
      const live = auth === 'token' ? await session(server, t) : await connectV1(server, newId(), { t })
      assertFair(t, 'a live socket', quiet['a new connection'], await measure(() => live.call('ping')))
      // With the reserve; who was asked to go may take a moment.
      await eventually(5_000, 'as many connections as there may be', async () => {
        const { text } = await get(server, '/metrics')
        return [...text.matchAll(/^hongyan_connections\{kind="\w+"\} (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0) <= 600 + 64
      })
    })
  }

  it('an address has so many, HTTP and WebSockets that are not bound yet; more are told so, and whether the server lives', async (t) => {
    const server = await serverFor(t, withTokens('[limits]\naddress_sessions = 20\n'))
    const here = { localAddress: '127.0.0.5' }
    const open = []
    for (let i = 0; i < 20; i++) open.push(await RawConnection.open(server, t, here))
    for (const raw of open) assert.equal((await raw.write(healthz).response()).status, 200)
    const late = await RawConnection.open(server, t, here)
    assertProblem(await late.write(requestText('GET', '/getMessage?userId=7', bearer(tokenOf('7')))).response(), 429)
    await late.closing()
    for (const path of ['/healthz', '/readyz']) {
      const prober = await RawConnection.open(server, t, here)
      assert.equal((await prober.write(requestText('GET', path)).response()).status, 200)
    }
    const silent = await RawConnection.open(server, t, here)
    assertProblem(await silent.response(6_000), 429)
    assert.equal(await ok(get(server, '/getMessage?userId=7', { headers: bearer(tokenOf('7')) })), undefined, 'another address')
    open[0].destroy()
    await eventually(5_000, 'a place', async () => {
      const next = await RawConnection.open(server, t, here)
      return (await next.write(requestText('GET', '/getMessage?userId=7', bearer(tokenOf('7')))).response()).status === 200
    })
  })

  it('live sockets count to their users, not to the address', async (t) => {
    const server = await serverFor(t, withTokens('[limits]\naddress_sessions = 3\n'))
    const all = []
    for (let i = 0; i < 8; i++) all.push(await session(server, t))
    for (const one of all) await one.call('ping')
  })

  it('half a header keeps no place for others', async (t) => {
    const server = await serverFor(t, withTokens('[limits]\nconnections = 200\n'))
    const crowds = ['127.0.0.2', '127.0.0.3', '127.0.0.4'].map((from) => leave(t, server, { from, connections: 150, text: 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ' }))
    await eventually(20_000, 'a full server', async () => (await Promise.all(crowds.map((crowd) => crowd.figures()))).reduce((sum, { connected }) => sum + connected, 0) >= 450)
    const during = await measure(() => anybody(server), 1_000)
    assert.deepEqual(during.failures, [])
  })
})

it('A8: an IPv6 /64 is one address, an IPv4 one is one however it is written', async (t) => {
  const server = await serverFor(t, withTokens('[limits]\nlogins_burst = 2\n', ['--trusted-proxy', '127.0.0.1']))
  const ask = async (address) => (await get(server, '/getMessage?userId=7', { headers: { ...bearer('x'), 'x-forwarded-for': address } })).status
  assert.deepEqual(
    [await ask('2001:db8:0:1::1'), await ask('2001:DB8::1:0:0:0:2'), await ask('2001:db8:0:1:ffff::3'), await ask('2001:0db8:0:1::4')],
    [401, 401, 429, 429])
  assert.equal(await ask('2001:db8:0:2::1'), 401)
  assert.deepEqual([await ask('192.0.2.1'), await ask('::ffff:192.0.2.1'), await ask('::ffff:c000:201')], [401, 401, 429])
  assert.equal(await ask('192.0.2.2'), 401)
})

describe('A9: bodies of strangers', () => {
  it('are refused by the header, before 100 Continue and before they come', async (t) => {
    const server = await serverFor(t, withTokens())
    const cases = [
      ['/push', {}, 401], ['/push', bearer('x'), 401], ['/nope', {}, 404], ['/getMessage', {}, 405],
      ['/v1/tokens', bearer(tokenOf('7')), 403], ['/v1/messages', {}, 401], ['/v1/login/wechat', {}, 413],
    ]
    for (const [path, headers, status] of cases) {
      for (const expect of [{ Expect: '100-continue' }, {}]) {
        const raw = await RawConnection.open(server, t)
        raw.write(requestText('POST', path, { 'Content-Length': 100_000, ...headers, ...expect }))
        assertProblem(await raw.response(), status)
        raw.socket.end()
        await raw.closing()
      }
    }
    // A good one is asked for its body.
    const raw = await RawConnection.open(server, t)
    const body = JSON.stringify({ userId: '7', targetUserId: '8', content: 'x' })
    raw.write(requestText('POST', '/push', { ...bearer(tokenOf('7')), 'Content-Length': body.length, Expect: '100-continue' }))
    assert.equal((await raw.response()).status, 100)
    assert.equal((await raw.write(body).response()).status, 200)
  })

  it('that are small go by, and the connection goes on', async (t) => {
    const server = await serverFor(t, withTokens())
    const raw = await RawConnection.open(server, t)
    for (let i = 0; i < 3; i++) {
      raw.write(requestText('POST', '/push', { 'Content-Length': 2 }, '{}'))
      assertProblem(await raw.response(), 401)
    }
    assert.equal((await raw.write(requestText('GET', '/healthz')).response()).status, 200)
    // In chunks nobody knows how much it is.
    raw.write(requestText('POST', '/v1/login/wechat', { 'Transfer-Encoding': 'chunked' }, `1400\r\n${'x'.repeat(0x1400)}\r\n0\r\n\r\n`))
    assertProblem(await raw.response(), 413)
    await raw.closing()
  })

  it('cost no memory', { skip: isSanitized() }, async (t) => {
    const server = await serverFor(t, withTokens())
    await get(server, '/healthz')
    const begin = server.memory()
    const text = requestText('POST', '/push', { 'Content-Length': 250_000 }) + 'x'.repeat(249_000)
    const crowd = leave(t, server, { connections: 600, text })
    await eventually(20_000, 'the crowd', async () => (await crowd.figures()).connected >= 600)
    const answered = await request(server, { path: '/healthz' })
    assert.equal(answered.status, 200)
    const grew = server.memory() - begin
    t.diagnostic(`600 bodies of 250 KB: ${grew >> 20} MiB more`)
    assert.ok(grew < 48 * 1024 * 1024, `grew by ${grew >> 20} MiB`)
  })
})

describe('limits.memory', () => {
  it('a user over its share loses its largest connection; others keep theirs', async (t) => {
    // 1/64 of 64 MiB: a user may hold 1 MiB.
    const server = await serverFor(t, withTokens(`[limits]\nmemory = 67108864\n${unlimited}sessions = 20\n`))
    const userId = newId()
    const open = (device) => connectV1(server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId, { device })) })
    const reading = await open('reading')
    const stuck = await Promise.all(['a', 'b', 'c'].map(open))
    for (const one of stuck) one.socket.pause()
    const sender = await session(server, t)
    const content = '名'.repeat(4096)
    const figure = async (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec((await get(server, '/metrics')).text)[1])
    for (let i = 0; i < 3_000 && (await figure('hongyan_memory_cuts_total')) === 0; i++)
      await Promise.all(Array.from({ length: 20 }, () => sender.call('message.send', { to: user(userId), clientMsgId: uniqueId(), content })))
    assert.ok(await figure('hongyan_memory_cuts_total') > 0)
    assert.ok(await figure('hongyan_memory_kept_bytes') <= 2 * 1024 * 1024)
    assert.equal(await figure('hongyan_memory_limit_bytes'), 67108864)
    await reading.call('ping')
    await sender.call('ping')
  })
})
