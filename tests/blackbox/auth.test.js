// --auth token: who one is, what one may, and that nothing else is told. The S-numbers are those of docs/security.md.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, before, describe, it } from 'node:test'
import WebSocket from 'ws'
import { get, push, request } from './lib/client.js'
import { apiKeys, bearer, byEdwards, byP256, edwards, hmac, jwks, jwt, KeyFiles, p256, seconds, secret, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { RawConnection, requestText } from './lib/raw.js'
import { again, serverFor, startServer } from './lib/server.js'
import { connectV1, group, newId, subprotocol, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

let keys
let server
before(async () => {
  keys = new KeyFiles()
  server = await startServer({ args: keys.args })
})
after(async () => {
  try { await server?.dispose() } finally { keys.dispose() }
})

const json = (answer, status = 200) => {
  assert.equal(answer.status, status, answer.text)
  return answer.json()
}
const problem = (answer, status) => {
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  assert.equal(answer.headers['www-authenticate'], status === 401 ? 'Bearer' : undefined)
  return answer.json()
}
// The status with which an upgrade is refused, or 101.
const upgrade = (path, { headers, protocols = [] } = {}) => new Promise((resolve, reject) => {
  const socket = new WebSocket(server.socketUrl(path), protocols, { headers, ...server.tls })
  socket.once('open', () => { socket.terminate(); resolve(101) })
  socket.once('unexpected-response', (_, answer) => { answer.resume(); resolve(answer.statusCode); socket.terminate() })
  socket.on('error', (error) => { if (!/Unexpected server response|closed before/.test(error.message)) reject(error) })
})
const connect = (t, userId, token = tokenOf(userId), where = server) => connectV1(where, userId, { t, path: '/v1/connect', headers: bearer(token) })

describe('S1, S2: a token', () => {
  const ask = (token) => get(server, '/getMessage?userId=7', { headers: bearer(token) })

  it('signed by the secret, by Ed25519 or by P-256 is good', async () => {
    const claims = { sub: '7', exp: seconds() + 60 }
    json(await ask(tokenOf('7')))
    json(await ask(jwt({ alg: 'EdDSA', kid: edwards.kid }, claims, byEdwards)))
    json(await ask(jwt({ alg: 'ES256', kid: p256.kid }, claims, byP256)))
  })

  it('that is not good is 401 with the same words, whatever is wrong', async () => {
    const exp = seconds() + 600
    const good = { sub: '7', exp }
    const plain = { alg: 'HS256' }
    const publicBytes = Buffer.from(edwards.publicKey.export({ format: 'jwk' }).x, 'base64url')
    const [header, payload, signature] = tokenOf('7').split('.')
    const bad = {
      'none': jwt({ alg: 'none' }, good, () => ''), 'None': jwt({ alg: 'None' }, good, () => ''),
      'a public key as a secret': jwt({ alg: 'HS256', kid: edwards.kid }, good, hmac(publicBytes)),
      'another secret': jwt(plain, good, hmac(`${secret}x`)), 'HS512': jwt({ alg: 'HS512' }, good, hmac(secret, 'sha512')),
      'ES256 under the Edwards key': jwt({ alg: 'ES256', kid: edwards.kid }, good, byP256),
      'the other kid': jwt({ alg: 'EdDSA', kid: p256.kid }, good, byEdwards),
      'no kid': jwt({ alg: 'EdDSA' }, good, byEdwards),
      'a path as kid': jwt({ alg: 'HS256', kid: '../../dev/null' }, good, hmac('')), 'SQL as kid': jwt({ alg: 'HS256', kid: "' OR 1" }, good, hmac()),
      'a long kid': jwt({ alg: 'HS256', kid: 'k'.repeat(4_000) }, good, hmac()),
      'crit': jwt({ alg: 'HS256', crit: ['x'] }, good, hmac()), 'jku': jwt({ alg: 'HS256', jku: 'http://127.0.0.1:1/' }, good, hmac()),
      'two alg': jwt('{"alg":"none","alg":"HS256"}', good, hmac()),
      'no signature': `${header}.${payload}.`, 'two parts': `${header}.${payload}`, 'cut': tokenOf('7').slice(0, -3), 'padding': `${tokenOf('7')}=`,
      'swapped payload': `${header}.${Buffer.from(JSON.stringify({ sub: '8', exp })).toString('base64url')}.${signature}`,
      'no exp': tokenOf('7', { exp: undefined }), 'over': tokenOf('7', { exp: seconds() - 1 }), 'in ten years': tokenOf('7', { exp: seconds() + 315_360_000 }),
      'exp as text': tokenOf('7', { exp: String(exp) }), 'exp 1e400': jwt(plain, '{"sub":"7","exp":1e400}', hmac()), 'nbf ahead': tokenOf('7', { nbf: exp }),
      'no sub': tokenOf('7', { sub: undefined }), 'sub a number': tokenOf('7', { sub: 7 }), 'sub with NUL': tokenOf('7', { sub: '7\0' }),
      'sub of 4 KiB': tokenOf('7', { sub: '7'.repeat(4_096) }), 'a lookalike': tokenOf('7', { sub: '７' }), 'not base64': 'a.b!.c', 'nothing': 'x',
    }
    const texts = new Set()
    for (const [what, token] of Object.entries(bad)) {
      const answer = await ask(token)
      assert.equal(answer.status, 401, what)
      problem(answer, 401)
      texts.add(answer.text)
    }
    assert.equal(texts.size, 1)
    for (const authorization of ['Basic Nzo3', 'Bearer', tokenOf('7')]) problem(await get(server, '/getMessage?userId=7', { headers: { authorization } }), 401)
    problem(await get(server, '/getMessage?userId=7'), 401)
  })

  it('of another signer may be off by a minute; ours may not', async () => {
    json(await ask(jwt({ alg: 'EdDSA', kid: edwards.kid }, { sub: '7', exp: seconds() - 30 }, byEdwards)))
    problem(await ask(jwt({ alg: 'EdDSA', kid: edwards.kid }, { sub: '7', exp: seconds() - 61 }, byEdwards)), 401)
    problem(await ask(tokenOf('7', { exp: seconds() - 1 })), 401)
  })
})

describe('POST /v1/tokens', () => {
  const mint = (body, key = apiKeys.admin) => request(server, { method: 'POST', path: '/v1/tokens', headers: bearer(key), body })

  it('mints a token for a user, with a device and a time', async (t) => {
    const userId = newId()
    const { token, expiresAt } = json(await mint({ userId, ttlSeconds: 90, device: 'phone' }))
    assert.match(expiresAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 90_000) < 3_000)
    const first = await connect(t, userId, token)
    assert.equal(first.hello.userId, userId)
    await connect(t, userId, token) // the same device: the first is replaced
    assert.equal((await first.closing()).code, 4009)
    const day = json(await mint({ userId: 12 }))
    assert.ok(Math.abs(Date.parse(day.expiresAt) - Date.now() - 86_400_000) < 3_000)
    json(await get(server, '/getMessage?userId=12', { headers: bearer(day.token) }))
  })

  it('says what is wrong with a request', async () => {
    for (const body of [{}, { userId: 'a b' }, { userId: '1', ttlSeconds: 0 }, { userId: '1', ttlSeconds: 2_592_001 }, { userId: '1', ttlSeconds: '60' }, { userId: '1', device: 'a b' }, 'x', '[]']) problem(await mint(body), 400)
    json(await mint({ userId: '1', ttlSeconds: 2_592_000 }))
  })

  it('S11: is for API keys with the scope admin', async () => {
    problem(await mint({ userId: '1' }, tokenOf('1')), 403)
    problem(await mint({ userId: '1' }, apiKeys.push), 403)
    problem(await mint({ userId: '1' }, apiKeys.admin.slice(0, -1)), 401)
    problem(await request(server, { method: 'POST', path: '/v1/tokens', body: { userId: '1' } }), 401)
    json(await mint({ userId: '1' }, apiKeys.all))
  })
})

describe('S9: the classic contract asks for the same token', () => {
  const chat = (from, to = 'b') => ({ userId: from, targetUserId: to, content: 'x' })

  it('a user pushes, reads and connects as itself alone', async () => {
    const a = newId()
    const headers = bearer(tokenOf(a))
    assert.equal((await push(server, chat(a), { headers })).status, 200)
    problem(await push(server, chat('other', a), { headers }), 403)
    problem(await push(server, chat(a)), 401)
    assert.equal(json(await get(server, `/getMessage?userId=${a}`, { headers })).length, 1)
    problem(await get(server, '/getMessage?userId=other', { headers }), 403)
    assert.equal(await upgrade(`/imserver/${a}`, { headers }), 101)
    assert.equal(await upgrade('/imserver/other', { headers }), 403)
    assert.equal(await upgrade(`/imserver/${a}`), 401)
  })

  it('the token may stand in the address, as the tutorial proposes', async () => {
    const a = newId()
    const token = tokenOf(a)
    assert.equal((await request(server, { method: 'POST', path: `/push?token=${token}`, body: chat(a) })).status, 200)
    json(await get(server, `/getMessage?userId=${a}&token=${token}`))
    assert.equal(await upgrade(`/imserver/${a}?token=${token}`), 101)
    assert.equal(await upgrade(`/imserver/${a}?token=${token}x`), 401)
    problem(await get(server, `/getMessage?userId=${a}&token=${apiKeys.all}`), 401)
  })

  it('an API key uses every route for any id, but opens no socket', async () => {
    const headers = bearer(apiKeys.all)
    assert.equal((await push(server, chat('anyone'), { headers })).status, 200)
    json(await get(server, '/getMessage?userId=anyone', { headers }))
    json(await get(server, '/getOnlineUser', { headers }))
    assert.equal((await get(server, '/close?userId=anyone', { headers })).text, 'ok')
    assert.equal(await upgrade('/imserver/anyone', { headers }), 403)
    assert.equal(await upgrade('/v1/connect', { headers, protocols: [subprotocol] }), 403)
    problem(await get(server, '/getMessage?userId=anyone', { headers: bearer(apiKeys.push) }), 403)
    assert.equal((await push(server, chat('anyone'), { headers: bearer(apiKeys.push) })).status, 200)
  })

  it('presence and kicks are for API keys', async () => {
    for (const path of ['/getOnlineUser', '/close?userId=1']) {
      problem(await get(server, path), 401)
      problem(await get(server, path, { headers: bearer(tokenOf('1')) }), 403)
      problem(await get(server, path, { headers: bearer(apiKeys.push) }), 403)
    }
  })
})

describe('v1 with a token', () => {
  it('is who the token says, by header or by subprotocol, never by the address', async (t) => {
    const a = newId()
    const token = tokenOf(a)
    assert.equal((await connect(t, a)).hello.userId, a)
    const browser = await connectV1(server, a, { t, path: '/v1/connect', protocols: [subprotocol, `bearer.${token}`] })
    assert.equal(browser.hello.userId, a)
    assert.equal(browser.socket.protocol, subprotocol, 'S5: the token is not echoed')
    const protocols = [subprotocol]
    assert.equal(await upgrade('/v1/connect', { protocols }), 401)
    assert.equal(await upgrade(`/v1/connect?userId=${a}`, { protocols }), 401)
    assert.equal(await upgrade(`/v1/connect?token=${token}`, { protocols }), 400)
    assert.equal(await upgrade('/v1/connect?userId=other', { protocols, headers: bearer(token) }), 403)
    assert.equal(await upgrade('/v1/connect', { protocols: [subprotocol, `bearer.${token}x`] }), 401)
    assert.equal(await upgrade('/v1/connect', { protocols, headers: bearer(apiKeys.push) }), 403)
  })

  it('S4: ends with its token, closed with 4001', async (t) => {
    const a = newId()
    const session = await connect(t, a, tokenOf(a, { exp: seconds() + 2 }))
    const begin = Date.now()
    const { code, notice } = await session.closing(8_000)
    assert.equal(code, 4001)
    assert.ok(Date.now() - begin < 7_000)
    assert.equal(notice?.code ?? 4001, 4001)
    const classic = new WebSocket(server.socketUrl(`/imserver/${a}`), { headers: bearer(tokenOf(a, { exp: seconds() + 2 })), ...server.tls })
    t.after(() => classic.terminate())
    assert.equal(await new Promise((resolve) => classic.once('close', resolve)), 4001)
  })

  it('tells when it ends, and that one comes back with a new token', async (t) => {
    const a = newId()
    const exp = seconds() + 2
    const session = await connect(t, a, tokenOf(a, { exp }))
    assert.equal(session.hello.expiresAt, new Date(exp * 1000).toISOString())
    const told = await session.next('closing', () => true, 8_000)
    assert.deepEqual([told.code, told.reconnectAfterMs], [4001, 0])
  })

  it('session.refresh lets it live on, with a token of the same user only', async (t) => {
    const a = newId()
    const short = tokenOf(a, { exp: seconds() + 2 })
    const [session, other] = [await connect(t, a, short), await connect(t, a, short)]
    const exp = seconds() + 60
    await assert.rejects(session.call('session.refresh', { token: tokenOf('other') }), { code: -32003 })
    await assert.rejects(session.call('session.refresh', { token: 'x' }), { code: -32001 })
    await assert.rejects(session.call('session.refresh', {}), { code: -32602 })
    assert.deepEqual(await session.call('session.refresh', { token: tokenOf(a, { exp }) }), { expiresAt: new Date(exp * 1000).toISOString() })
    assert.equal((await other.closing(8_000)).code, 4001) // the first token has ended
    await session.call('ping')
  })

  it('revoked is good no more, wherever it is used; the next one is', async (t) => {
    const [a, b] = [newId(), newId()]
    const mint = async (userId) => json(await request(server, { method: 'POST', path: '/v1/tokens', headers: bearer(apiKeys.admin), body: { userId } })).token
    const revoke = (userId, query = '?revoke=true', key = apiKeys.admin) => request(server, { method: 'DELETE', path: `/v1/users/${userId}/sessions${query}`, headers: bearer(key) })
    const reads = (token) => get(server, '/v1/conversations', { headers: bearer(token) })
    const [old, others] = [await mint(a), await mint(b)]
    const live = await connect(t, a, old)
    problem(await revoke(a, '?revoke=true', apiKeys.push), 403)
    problem(await revoke(a, '?revoke=yes'), 400)
    json(await reads(old))
    assert.deepEqual(json(await revoke(a)), { closed: 1 })
    assert.equal((await live.closing()).code, 4003)
    for (const token of [old, tokenOf(a), tokenOf(a, { iat: seconds() - 1 })]) problem(await reads(token), 401)
    assert.equal(await upgrade('/v1/connect', { protocols: [subprotocol, `bearer.${old}`] }), 401)
    assert.equal(await upgrade(`/imserver/${a}?token=${old}`), 401)
    json(await reads(others))
    const fresh = await mint(a) // within the same second
    json(await reads(fresh))
    const session = await connect(t, a, fresh)
    await assert.rejects(session.call('session.refresh', { token: old }), { code: -32001 })
    json(await reads(tokenOf(a, { iat: seconds() + 1 })))
    assert.deepEqual(json(await revoke(a, '')), { closed: 1 }) // a kick alone
    json(await reads(fresh))
  })

  it('revoked stays so when the server comes back', async (t) => {
    const own = await serverFor(t, { args: keys.args })
    const a = newId()
    const token = tokenOf(a, { iat: seconds() - 5 })
    const reads = (where) => get(where, '/v1/conversations', { headers: bearer(token) })
    json(await reads(own))
    json(await request(own, { method: 'DELETE', path: `/v1/users/${a}/sessions?revoke=true`, headers: bearer(apiKeys.admin) }))
    await own.kill9()
    problem(await reads(await again(t, own)), 401)
  })

  it('HTTP is for oneself, and for API keys', async (t) => {
    const [a, b] = [newId(), newId()]
    const own = bearer(tokenOf(a))
    const send = (body, headers) => request(server, { method: 'POST', path: '/v1/messages', headers, body: { to: user(b), clientMsgId: uniqueId(), content: 'x', ...body } })
    json(await send({ from: a }, own))
    assert.equal(json(await send({}, own)).message.from, a)
    problem(await send({ from: b }, own), 403)
    problem(await send({ from: a }), 401)
    json(await send({ from: b, to: user(a) }, bearer(apiKeys.push)))
    problem(await send({ from: b }, bearer(apiKeys.metrics)), 403)
    assert.equal(json(await get(server, `/v1/messages?peer=${b}`, { headers: own })).messages.length, 3)
    json(await get(server, `/v1/messages?peer=${b}&userId=${a}`, { headers: own }))
    problem(await get(server, `/v1/messages?peer=${a}&userId=${b}`, { headers: own }), 403)
    assert.equal(json(await get(server, '/v1/conversations', { headers: own })).conversations.length, 1)
    problem(await get(server, `/v1/conversations?userId=${b}`, { headers: own }), 403)
    json(await get(server, `/v1/conversations?userId=${b}`, { headers: bearer(apiKeys.admin) }))
    for (const [method, path, body] of [['PUT', `/v1/users/${a}`, { name: 'x' }], ['GET', `/v1/users/${a}/sessions`], ['DELETE', `/v1/users/${a}/sessions`], ['GET', `/v1/online?userIds=${a}`]]) {
      problem(await request(server, { method, path, body, headers: own }), 403)
      problem(await request(server, { method, path, body }), 401)
      json(await request(server, { method, path, body, headers: bearer(apiKeys.admin) }))
    }
    await connect(t, a)
    json(await get(server, `/v1/users/${b}`, { headers: own })) // a profile is for users too
    problem(await get(server, `/v1/users/${b}`), 401)
    problem(await get(server, `/v1/users/${b}`, { headers: bearer(apiKeys.push) }), 403)
    for (const [method, path, body, status] of [['GET', '/v1/search?query=x', undefined, 200], ['GET', '/v1/groups/none/members', undefined, 404], ['POST', '/v1/conversations/read', { in: user(b), seq: 1 }, 200]]) {
      const foreign = `${path}${path.includes('?') ? '&' : '?'}userId=${b}`
      assert.equal((await request(server, { method, path, body, headers: own })).status, status, path)
      problem(await request(server, { method, path: foreign, body, headers: own }), 403)
      problem(await request(server, { method, path, body }), 401)
      problem(await request(server, { method, path: foreign, body, headers: bearer(apiKeys.metrics) }), 403)
      assert.notEqual((await request(server, { method, path: foreign, body, headers: bearer(apiKeys.admin) })).status, 403)
    }
  })

  it('a key with the scope observe sees sessions, and does nothing', async () => {
    const a = newId()
    json(await get(server, `/v1/users/${a}/sessions`, { headers: bearer(apiKeys.observe) }))
    problem(await get(server, `/v1/users/${a}/sessions`, { headers: bearer(apiKeys.owner) }), 403)
    problem(await get(server, `/v1/users/${a}/sessions`, { headers: bearer(apiKeys.push) }), 403)
    problem(await request(server, { method: 'DELETE', path: `/v1/users/${a}/sessions`, headers: bearer(apiKeys.observe) }), 403)
    problem(await get(server, `/v1/conversations?userId=${a}`, { headers: bearer(apiKeys.observe) }), 403)
  })

  it('S10: a group is its members’, and what is not yours is as if it were not there', async () => {
    const [owner, member, stranger] = [newId(), newId(), newId()]
    const as = (id) => bearer(tokenOf(id))
    const call = (method, path, headers, body) => request(server, { method, path, headers, body })
    const { group: made } = json(await call('POST', '/v1/groups', as(owner), { name: 'g', members: [member] }), 201)
    assert.equal(made.owner, owner)
    problem(await call('POST', '/v1/groups', as(owner), { name: 'g', members: [], owner: member }), 403)
    const path = `/v1/groups/${made.groupId}`
    json(await call('GET', path, as(member)))
    json(await call('PATCH', path, as(owner), { name: 'h' }))
    problem(await call('PATCH', path, as(member), { name: 'i' }), 403)
    for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']]) {
      const there = problem(await call(method, path, as(stranger), body), 404)
      const nowhere = problem(await call(method, '/v1/groups/none', as(stranger), body), 404)
      assert.deepEqual(JSON.stringify(there).replaceAll(made.groupId, 'none'), JSON.stringify(nowhere), method)
    }
    problem(await call('PUT', `${path}/members/${stranger}`, as(member)), 403)
    json(await call('PUT', `${path}/members/${stranger}`, as(owner)))
    json(await call('DELETE', `${path}/members/${stranger}`, bearer(apiKeys.admin)))
    json(await call('GET', path, bearer(apiKeys.admin)))
    problem(await call('GET', path), 401)
    problem(await call('GET', `/v1/messages?group=${made.groupId}`, as(stranger)), 404)
    assert.equal((await get(server, `/v1/messages?group=${group(made.groupId).groupId}`, { headers: as(member) })).status, 200)
  })
})

describe('S17: a page of another site', () => {
  const origin = 'https://evil.example'
  it('comes in with a good Authorization header, which no foreign page can set', async () => {
    const a = newId()
    const headers = { ...bearer(tokenOf(a)), origin }
    assert.equal(await upgrade('/v1/connect', { headers, protocols: [subprotocol] }), 101)
    assert.equal((await push(server, { userId: a, targetUserId: 'b', content: 'x' }, { headers })).status, 200)
  })
  it('is 403 with a token elsewhere, and so are WeChat’s origins', async () => {
    const a = newId()
    for (const from of [origin, 'https://servicewechat.com', 'null']) {
      assert.equal(await upgrade('/v1/connect', { headers: { origin: from }, protocols: [subprotocol, `bearer.${tokenOf(a)}`] }), 403, from)
      assert.equal(await upgrade(`/imserver/${a}?token=${tokenOf(a)}`, { headers: { origin: from } }), 403, from)
    }
  })
})

describe('what is for anyone', () => {
  it('stays so: the page and health; metrics for this machine', async () => {
    for (const path of ['/', '/healthz', '/readyz', '/metrics']) assert.equal((await get(server, path)).status, 200, path)
    assert.equal((await get(server, '/healthz', { headers: bearer('nonsense') })).status, 200)
  })
})

describe('S3: SIGHUP', () => {
  it('exchanges the keys without dropping a socket; keys that cannot be read leave those of before', async (t) => {
    const files = new KeyFiles()
    t.after(() => files.dispose())
    const own = await serverFor(t, { args: files.args })
    const [a, b] = [newId(), newId()]
    const ask = async (token) => (await get(own, `/getMessage?userId=${b}`, { headers: bearer(token) })).status
    const session = await connect(t, a, tokenOf(a), own)
    const fresh = `${secret}-the-next`
    const freshToken = jwt({ alg: 'HS256' }, { sub: b, exp: seconds() + 60 }, hmac(fresh))
    assert.equal(await ask(freshToken), 401)
    files.write('secret', `${fresh}\n`)
    files.write('jwks', jwks(p256))
    own.signal('SIGHUP')
    await eventually(5_000, 'the new keys to be good', async () => await ask(freshToken) === 200)
    assert.equal(await ask(tokenOf(b)), 401)
    assert.equal(await ask(jwt({ alg: 'EdDSA', kid: edwards.kid }, { sub: b, exp: seconds() + 60 }, byEdwards)), 401)
    await session.call('ping')
    files.write('secret', 'short\n')
    own.signal('SIGHUP')
    await eventually(5_000, 'the log to say why', () => own.stderr().includes('event=keys_not_read'))
    assert.equal(await ask(freshToken), 200)
  })
})

describe('S21, S22: how much one user may', () => {
  it('10 messages a second, 60 at once, over all sessions and HTTP; others are not concerned', async (t) => {
    const [a, b] = [newId(), newId()]
    const [phone, desk, other] = [await connect(t, a), await connect(t, a), await connect(t, b)]
    const send = (session) => session.call('message.send', { to: user('sink'), clientMsgId: uniqueId(), kind: 'text', content: 'x' }).then(() => 'stored', (error) => error)
    const begin = Date.now()
    const answers = []
    for (let i = 0; i < 45; i++) answers.push(...await Promise.all([send(phone), send(desk)]))
    const refused = answers.filter((it) => it !== 'stored')
    const flowed = Math.ceil((Date.now() - begin) / 100)
    assert.ok(answers.length - refused.length >= 60 && answers.length - refused.length <= 60 + flowed + 1, `${answers.length - refused.length} were stored`)
    for (const { code, data } of refused) {
      assert.equal(code, -32029)
      assert.ok(data.retryAfterMs > 0 && data.retryAfterMs <= 100, data.retryAfterMs)
    }
    // The bucket fills while we look: one at a time there are more pushes than it lets through.
    const one = () => push(server, { userId: a, targetUserId: 'sink', content: 'x' }, { headers: bearer(tokenOf(a)) })
    const pushed = (await Promise.all(Array.from({ length: 20 }, one))).find(({ status }) => status === 429)
    assert.ok(pushed, 'none was refused')
    assert.equal(pushed.headers['retry-after'], '1')
    assert.equal(await send(other), 'stored')
    for (let i = 0; i < 80; i++) assert.equal((await push(server, { userId: a, targetUserId: 'sink', content: 'x' }, { headers: bearer(apiKeys.push) })).status, 200)
    await eventually(5_000, 'the bucket to fill', async () => await send(phone) === 'stored')
  })

  it('who goes on all the same is closed with 4029', async (t) => {
    const session = await connect(t, newId())
    for (let i = 0; i < 2_000; i++) session.send({ jsonrpc: '2.0', id: i, method: 'message.send', params: { to: user('sink'), clientMsgId: uniqueId(), kind: 'text', content: 'x' } })
    assert.equal((await session.closing(10_000)).code, 4029)
  })

  it('8 live sockets; a device that comes back takes its own place', async (t) => {
    const a = newId()
    for (let i = 0; i < 7; i++) await connect(t, a)
    await connect(t, a, tokenOf(a, { device: 'phone' }))
    assert.equal(await upgrade(`/imserver/${a}`, { headers: bearer(tokenOf(a)) }), 429)
    assert.equal(await upgrade('/v1/connect', { headers: bearer(tokenOf(a)), protocols: [subprotocol] }), 429)
    const again = await connect(t, a, tokenOf(a, { device: 'phone' }))
    await again.call('ping')
    again.socket.terminate()
    await eventually(5_000, 'a place', async () => await upgrade(`/imserver/${a}`, { headers: bearer(tokenOf(a)) }) === 101)
  })
})

describe('S8, S14, S21, S22: the rates of all else', () => {
  const behindProxy = (t, limits) => serverFor(t, { args: [...keys.args, '--trusted-proxy', '127.0.0.1'], config: `[limits]\n${limits}` })
  const from = (address, credential) => ({ 'x-forwarded-for': address, ...bearer(credential) })
  const limited = (answer) => {
    problem(answer, 429)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
  }

  it('a user asks so often, over HTTP and sockets; others, and API keys, are not concerned', async (t) => {
    const own = await behindProxy(t, 'requests_per_second = 1\nrequests_burst = 5\n')
    const [a, b] = [newId(), newId()]
    const session = await connect(t, a, tokenOf(a), own)
    for (let i = 0; i < 3; i++) await session.call('ping')
    for (let i = 0; i < 2; i++) json(await get(own, '/v1/conversations', { headers: bearer(tokenOf(a)) }))
    limited(await get(own, '/v1/conversations', { headers: bearer(tokenOf(a)) }))
    const refusal = await session.call('conversation.list').then(() => null, (error) => error)
    assert.equal(refusal?.code, -32029)
    assert.ok(refusal.data.retryAfterMs > 0 && refusal.data.retryAfterMs <= 1_000)
    await session.call('message.send', { to: user(b), clientMsgId: uniqueId(), kind: 'text', content: 'x' }) // has a rate of its own
    json(await get(own, '/v1/conversations', { headers: bearer(tokenOf(b)) }))
    for (let i = 0; i < 20; i++) json(await get(own, `/v1/conversations?userId=${a}`, { headers: bearer(apiKeys.all) }))
  })

  it('an address opens so many sockets at once', async (t) => {
    const own = await behindProxy(t, 'handshakes_per_second = 1\nhandshakes_burst = 3\n')
    const open = (address, userId = newId()) => connectV1(own, userId, { t, path: '/v1/connect', headers: from(address, tokenOf(userId)) })
    for (let i = 0; i < 3; i++) (await open('203.0.113.7')).socket.terminate()
    await assert.rejects(open('203.0.113.7'), /429/)
    await open('203.0.113.8')
    await eventually(5_000, 'the next place', () => open('203.0.113.7').then(() => true, () => false))
  })

  it('S8: an address tries so many bad tokens and keys, and good ones are let in all the same', async (t) => {
    const own = await behindProxy(t, 'logins_per_second = 1\nlogins_burst = 4\n')
    const ask = (address, credential) => get(own, '/getMessage?userId=7', { headers: from(address, credential) })
    for (const bad of ['x', `${tokenOf('7')}x`, `${apiKeys.all}x`, tokenOf('7', { exp: 1 })]) problem(await ask('203.0.113.7', bad), 401)
    limited(await ask('203.0.113.7', 'x'))
    limited(await request(own, { method: 'POST', path: '/v1/tokens', headers: from('203.0.113.7', 'x'), body: { userId: '1' } }))
    json(await ask('203.0.113.7', tokenOf('7')))
    problem(await ask('203.0.113.8', 'x'), 401)
  })

  it('--auth none has none of them', async (t) => {
    const open = await serverFor(t, { config: '[limits]\nrequests_burst = 1\nhandshakes_burst = 1\nlogins_burst = 1\nsends_burst = 1\n' })
    for (let i = 0; i < 5; i++) {
      const session = await connectV1(open, newId(), { t })
      for (let j = 0; j < 5; j++) await session.call('ping')
      json(await get(open, '/getMessage?userId=7', { headers: bearer('x') }))
    }
  })
})

describe('S28: files with secrets', () => {
  it('that others may read are warned of, at start and by SIGHUP, and the process leaves no core', async (t) => {
    const own = new KeyFiles()
    t.after(() => own.dispose())
    fs.chmodSync(own.path('api'), 0o640)
    const server = await serverFor(t, { args: own.args })
    const warnings = () => server.stderr().split('\n').filter((line) => line.includes('event=secret_open_to_others'))
    assert.equal(warnings().length, 1)
    assert.match(warnings()[0], /level=warning .*file=\S+\/api advice="chmod 600"/)
    fs.chmodSync(own.path('secret'), 0o604)
    server.signal('SIGHUP')
    await eventually(5_000, 'the warnings', () => warnings().length === 3)
    assert.match(fs.readFileSync(`/proc/${server.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m)
  })
})

describe('S18, S35: X-Forwarded-For', () => {
  const from = (address, key) => ({ 'x-forwarded-for': address, ...(key && bearer(key)) })
  it('is believed from a trusted proxy alone: metrics are for this machine, or for a key', async (t) => {
    assert.equal((await get(server, '/metrics', { headers: from('203.0.113.7') })).status, 200, 'nobody here is trusted')
    const own = await serverFor(t, { args: [...keys.args, '--trusted-proxy', '127.0.0.0/8'] })
    assert.equal((await get(own, '/metrics')).status, 200)
    problem(await get(own, '/metrics', { headers: from('203.0.113.7') }), 401)
    problem(await get(own, '/metrics', { headers: from('127.0.0.1, 203.0.113.7') }), 401)
    for (const lines of [['127.0.0.1', '203.0.113.7'], ['127.0.0.1, 203.0.113.7', '127.0.0.1']])
      problem(await get(own, '/metrics', { headers: { 'x-forwarded-for': lines } }), 401) // two lines are one list
    problem(await get(own, '/metrics', { headers: from('203.0.113.7', apiKeys.push) }), 403)
    assert.equal((await get(own, '/metrics', { headers: from('203.0.113.7', apiKeys.metrics) })).status, 200)
  })

  it('S21: connections behind a proxy count to the client while it asks, and its open sockets to their users', async (t) => {
    const own = await serverFor(t, { args: [...keys.args, '--trusted-proxy', '127.0.0.1'], config: '[limits]\naddress_sessions = 3\n' })
    const open = (address, userId = newId()) => connectV1(own, userId, { t, path: '/v1/connect', headers: { ...bearer(tokenOf(userId)), 'x-forwarded-for': address } })
    for (let i = 0; i < 5; i++) await open('203.0.113.7')
    // Each waits for a body: a request under way.
    const waiting = []
    for (let i = 0; i < 4; i++) {
      const raw = await RawConnection.open(own, t)
      raw.write(requestText('POST', '/push', { 'X-Forwarded-For': '203.0.113.7', ...bearer(tokenOf('7')), 'Content-Length': 2, Expect: '100-continue' }))
      assert.equal((await raw.response()).status, i < 3 ? 100 : 429)
      waiting.push(raw)
    }
    await open('203.0.113.8')
    const idle = await RawConnection.open(own, t) // the proxy's own
    waiting[0].write('{}')
    assertProblem(await waiting[0].response(), 400)
    // It counts until its answer is out, so that the client may have read that a moment before.
    await eventually(5_000, 'the request that was answered to count no longer', async () => {
      idle.write(requestText('GET', '/getMessage?userId=7', { 'X-Forwarded-For': '203.0.113.7', ...bearer(tokenOf('7')) }))
      return (await idle.response()).status === 200
    })
  })
})
