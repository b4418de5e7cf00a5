// Which pages of the web may come in, and CORS.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, contents, get, history, newUser, online, push, pushed, refused, request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { pushText, RawConnection, upgradeText } from './lib/raw.js'
import { serverFor, startServer } from './lib/server.js'

const good = 'https://good.example'
const withPort = 'http://app.example:3000'

let strict // no --allow-origin
let open // with two
before(async () => {
  strict = await startServer()
  open = await startServer({ args: ['--allow-origin', good, '--allow-origin', withPort, '--insecure'] })
})
after(async () => {
  try { await strict?.dispose() } finally { await open?.dispose() }
})

async function assertLetIn(t, server, origin) {
  const [a, b] = [newUser(), newUser()]
  const session = await connect(server, b, { t, origin })
  const pushAnswer = await push(server, { userId: a, targetUserId: b, content: 'x' }, { headers: { origin } })
  assert.equal(pushAnswer.status, 200, pushAnswer.text)
  assert.deepEqual(contents(await session.next()), ['x'])
  const closeAnswer = await get(server, `/close?userId=${b}`, { headers: { origin } })
  assert.equal(closeAnswer.status, 200, closeAnswer.text)
  assert.equal((await session.closing()).code, 4003)
}

async function assertKeptOut(t, server, origin) {
  const [a, b] = [newUser(), newUser()]
  const own = await connect(server, b, { t })
  assertProblem(await refused(server, a, { origin }), 403)
  assert.ok(!(a in await online(server)), 'not online by a refused upgrade')
  assertProblem(await push(server, { userId: a, targetUserId: b, content: 'x' }, { headers: { origin } }), 403)
  assert.deepEqual(await history(server, { userId: b }), [], 'not stored')
  assertProblem(await get(server, `/close?userId=${b}`, { headers: { origin } }), 403)
  assert.ok(b in await online(server), 'not closed')
  await own.ping()
  assert.equal(own.queue.length, 0, 'not delivered')
}

describe('an Origin', () => {
  it('that is absent is let in: programs send none', async (t) => {
    await assertLetIn(t, strict, undefined)
    await assertLetIn(t, open, undefined)
  })

  it('of the server’s own host is let in', async (t) => {
    await assertLetIn(t, strict, `http://${strict.authority}`)
    await assertLetIn(t, open, `http://${open.authority}`)
  })

  it('of the server’s own host by another of its names is let in', async (t) => {
    const headers = { Host: `localhost:${strict.port}`, Origin: `http://localhost:${strict.port}` }
    const raw = await RawConnection.open(strict, t)
    raw.write(pushText({ userId: newUser(), targetUserId: newUser(), content: 'x' }, headers))
    assert.equal((await raw.response()).status, 200)
    raw.write(upgradeText(`/imserver/${newUser()}`, headers))
    assert.equal((await raw.response()).status, 101)
  })

  const ownAddress = () => strict.address
  const evil = {
    'of another site': () => 'https://evil.example',
    'of another site over http': () => 'http://evil.example',
    'null': () => 'null',
    'of a file': () => 'file://',
    'of an extension': () => 'chrome-extension://abcdefghijklmnop',
    'of another port of the same host': () => `http://${ownAddress()}:${strict.port === 1 ? 2 : strict.port - 1}`,
    'of the default port of the same host': () => `http://${ownAddress()}`,
    'with the own host as a prefix': () => `http://${strict.authority}.evil.example`,
    'with more digits on the port': () => `http://${strict.authority}0`,
    'with the own host as a user name': () => `http://${strict.authority}@evil.example`,
    'with the own host in the path': () => `http://evil.example/${strict.authority}`,
    'with the own host as a suffix': () => `http://evil-${strict.authority}`,
    'that is garbage': () => 'garbage',
  }
  for (const [name, origin] of Object.entries(evil)) {
    it(`${name} is kept out with 403`, (t) => assertKeptOut(t, strict, origin()))
  }

  it('that is allowed by --allow-origin is let in, each of several', async (t) => {
    await assertLetIn(t, open, good)
    await assertLetIn(t, open, withPort)
  })

  it('that is allowed on one server is kept out of another', (t) => assertKeptOut(t, strict, good))

  for (const origin of [
    'https://good.example.evil', 'https://evilgood.example', 'https://sub.good.example', 'https://good.example:8443', 'http://good.example',
    'https://good.example@evil.example', 'https://good.exampl', 'https://good.example.', 'https://good_example', 'https://goodxexample',
    'http://app.example', 'http://app.example:30000', 'http://app.example:300', 'https://app.example:3000', 'https://evil.example', 'null',
    'https://good.example https://evil.example', 'https://evil.example, https://good.example',
  ]) {
    it(`that only resembles an allowed one is kept out with 403: ${origin}`, (t) => assertKeptOut(t, open, origin))
  }

  for (const origins of [['https://evil.example', good], [good, 'https://evil.example']]) {
    it(`twice, with an evil one among them, is kept out: ${origins.join(', ')}`, async (t) => {
      const a = newUser()
      const raw = await RawConnection.open(open, t)
      raw.write(pushText({ userId: a, targetUserId: 1, content: 'x' }, { Origin: origins }))
      assertProblem(await raw.response(), [400, 403])
      const second = await RawConnection.open(open, t)
      second.write(upgradeText(`/imserver/${a}`, { Origin: origins }))
      assertProblem(await second.response(), [400, 403])
      assert.deepEqual(await history(open, { userId: a }), [])
      assert.ok(!(a in await online(open)))
    })
  }

  for (const origin of ['https://servicewechat.com', 'weapp://wx0123456789abcdef', 'weapp://anything']) {
    it(`of WeChat is let in: ${origin}`, (t) => assertLetIn(t, strict, origin))
  }

  for (const origin of [
    'https://servicewechat.com.evil', 'https://evil-servicewechat.com', 'https://x.servicewechat.com', 'http://servicewechat.com',
    'https://servicewechat.com:444', 'https://servicewechat.com@evil.example', 'weappx://wx01', 'xweapp://wx01', 'https://weapp://wx01',
  ]) {
    it(`that only resembles WeChat’s is kept out with 403: ${origin}`, (t) => assertKeptOut(t, strict, origin))
  }

  it('does not matter to a read that changes nothing', async () => {
    const a = newUser()
    await pushed(strict, { userId: a, targetUserId: 1, content: 'x' })
    const answer = await get(strict, `/getMessage?userId=${a}`, { headers: { origin: 'https://evil.example' } })
    assert.ok([200, 403].includes(answer.status), `${answer.status}`)
    assert.equal(answer.headers['access-control-allow-origin'], undefined, 'but no foreign page may see it')
  })

  it('is not got around by a Referer, a cookie or X-Forwarded-Host', async () => {
    const a = newUser()
    for (const headers of [
      { referer: `http://${strict.authority}/` }, { cookie: 'session=1' }, { 'x-forwarded-host': 'evil.example' },
      { forwarded: 'host=evil.example' }, { 'x-original-host': 'evil.example' }]) {
      const answer = await push(strict, { userId: a, targetUserId: 1, content: 'x' }, { headers: { origin: 'https://evil.example', ...headers } })
      assertProblem(answer, 403)
    }
    assert.deepEqual(await history(strict, { userId: a }), [])
  })

  it('may be allowed by HONGYAN_ALLOW_ORIGIN, several with commas', async (t) => {
    const server = await serverFor(t, { args: ['--insecure'], env: { HONGYAN_ALLOW_ORIGIN: `${good},${withPort}` } })
    await assertLetIn(t, server, good)
    await assertLetIn(t, server, withPort)
    await assertKeptOut(t, server, 'https://evil.example')
  })

  it('may be allowed by the file', async (t) => {
    const server = await serverFor(t, { config: `insecure = true\nallow_origin = ["${good}", "${withPort}"]\n` })
    await assertLetIn(t, server, good)
    await assertLetIn(t, server, withPort)
    await assertKeptOut(t, server, 'https://evil.example')
  })
})

describe('CORS', () => {
  const preflight = (server, path, origin, method = 'POST') => request(server, {
    method: 'OPTIONS', path,
    headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': 'content-type' },
  })
  const list = (value) => (value ?? '').toLowerCase().split(',').map((item) => item.trim())

  for (const origin of [good, withPort]) {
    it(`lets the page of an allowed origin read answers and errors: ${origin}`, async () => {
      const headers = { origin }
      const answers = [
        await push(open, { userId: newUser(), targetUserId: 1, content: 'x' }, { headers }),
        await push(open, '{', { headers }),
        await get(open, '/getMessage?userId=1', { headers }),
        await get(open, '/getMessage', { headers }),
        await get(open, '/getOnlineUser', { headers }),
        await get(open, `/close?userId=${newUser()}`, { headers }),
      ]
      assert.deepEqual(answers.map(({ status }) => status), [200, 400, 200, 400, 200, 200])
      for (const answer of answers) {
        assert.equal(answer.headers['access-control-allow-origin'], origin)
        assert.ok(list(answer.headers.vary).includes('origin'), 'caches keep the answers to several origins apart')
      }
    })

    it(`answers the preflight of an allowed origin: ${origin}`, async () => {
      const answer = await preflight(open, '/push', origin)
      assert.ok([200, 204].includes(answer.status), `${answer.status}`)
      assert.equal(answer.headers['access-control-allow-origin'], origin)
      assert.ok(list(answer.headers['access-control-allow-methods']).includes('post'))
      assert.ok(list(answer.headers['access-control-allow-headers']).includes('content-type'))
    })
  }

  for (const origin of ['https://evil.example', 'null', 'https://good.example.evil', 'http://good.example']) {
    it(`tells the browser of a foreign page nothing: ${origin}`, async () => {
      const answers = [
        await preflight(open, '/push', origin),
        await push(open, { userId: 1, targetUserId: 1, content: 'x' }, { headers: { origin } }),
        await get(open, '/getMessage?userId=1', { headers: { origin } }),
      ]
      for (const answer of answers) assert.equal(answer.headers['access-control-allow-origin'], undefined)
      assert.equal(answers[1].status, 403)
    })
  }

  it('stores nothing on a preflight', async () => {
    const a = newUser()
    await request(open, {
      method: 'OPTIONS', path: '/push', headers: { origin: good, 'access-control-request-method': 'POST' },
      body: JSON.stringify({ userId: a, targetUserId: 1, content: 'x' }),
    })
    assert.deepEqual(await history(open, { userId: a }), [])
  })

  it('of an unknown path is not a success for a foreign page', async () => {
    const answer = await preflight(open, '/nope', 'https://evil.example')
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
  })
})
