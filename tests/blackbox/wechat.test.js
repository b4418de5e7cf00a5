// S7: POST /v1/login/wechat, against a stand-in for WeChat's server.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { get, request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { again, runToEnd, serverFor, startServer } from './lib/server.js'
import { connectV1 } from './lib/v1.js'
import { eventually, timed } from './lib/wait.js'
import { WechatStandIn } from './lib/wechat.js'

const keys = new KeyFiles()
const wechat = await WechatStandIn.start()
keys.write('wechat', `${wechat.secret}\n`)
const configOf = (standIn, more = '') => `[wechat]\napp_id = "${standIn.appId}"\nsecret_file = "${keys.path('wechat')}"\nbase_url = "${standIn.url}"\n${more}`
after(async () => {
  try { await wechat.stop() } finally { keys.dispose() }
})

const login = (server, body, options = {}) => request(server, { method: 'POST', path: '/v1/login/wechat', body: typeof body === 'string' ? { code: body } : body, ...options })
const loggedIn = async (server, code) => {
  const answer = await login(server, code)
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}
const refusal = async (server, code, status) => {
  const answer = await login(server, code)
  assertProblem(answer, status)
  return answer
}

onEachStore('S7: a login by WeChat', (the) => {
  it('gives a token, of a user of our own who is the same at the next login', async (t) => {
    const first = await loggedIn(the.server, wechat.code('o-first'))
    assert.deepEqual(Object.keys(first).sort(), ['expiresAt', 'token', 'userId'])
    assert.match(first.userId, /^u[0-9a-f]{16}$/)
    assert.ok(Math.abs(Date.parse(first.expiresAt) - Date.now() - 86_400_000) < 5_000)
    const session = await connectV1(the.server, first.userId, { t, path: '/v1/connect', headers: bearer(first.token) })
    assert.equal(session.hello.userId, first.userId)
    assert.equal((await loggedIn(the.server, wechat.code('o-first'))).userId, first.userId)
    assert.notEqual((await loggedIn(the.server, wechat.code('o-FIRST'))).userId, first.userId)
  })

  it('gives one user to logins at the same instant, also after a restart', async (t) => {
    const all = await Promise.all(Array.from({ length: 12 }, () => loggedIn(the.server, wechat.code('o-together'))))
    assert.equal(new Set(all.map(({ userId }) => userId)).size, 1)
    await the.server.stop()
    the.server = await again(null, the.server)
    assert.equal((await loggedIn(the.server, wechat.code('o-together'))).userId, all[0].userId)
  })
}, { concurrency: 1, args: keys.args, config: configOf(wechat) })

describe('S7: what WeChat answers', () => {
  let server
  before(async () => { server = await startServer({ args: keys.args, config: configOf(wechat) }) })
  after(() => server?.dispose())

  it('is asked as its documentation says', async () => {
    const code = wechat.code('o-asked')
    await loggedIn(server, code)
    assert.deepEqual(wechat.requests.at(-1), {
      method: 'GET', path: '/sns/jscode2session', appid: wechat.appId, secret: wechat.secret, js_code: code, grant_type: 'authorization_code',
    })
  })

  it('a code is good once, and only a good one', async () => {
    const code = wechat.code('o-once')
    await loggedIn(server, code)
    await refusal(server, code, 401)
    await refusal(server, 'bad', 401)
    await refusal(server, 'good&js_code=x', 401)
    assert.equal(wechat.requests.at(-1).js_code, 'good&js_code=x')
  })

  it('a blocked user is 403, one who logs in too often 429', async () => {
    await refusal(server, 'blocked', 403)
    assert.equal((await refusal(server, 'limited', 429)).headers['retry-after'], '60')
  })

  it('what makes no sense is 503, and no redirect is followed', async () => {
    const begin = wechat.requests.length
    const codes = ['busy', 'broken', 'array', 'nobody', 'strange', 'huge', 'failing', 'redirect', 'cut']
    for (const code of codes) {
      const answer = await refusal(server, code, 503)
      assert.ok(Number(answer.headers['retry-after']) >= 1)
      await loggedIn(server, wechat.code('o-between')) // so that they are not in a row
    }
    // A connection that was cut is tried once more by HTTP's own rules.
    const asked = wechat.requests.slice(begin).filter(({ js_code: code }) => code !== 'cut')
    assert.equal(asked.length, codes.length - 1 + codes.length)
    assert.ok(asked.every(({ again: followed }) => followed === undefined))
  })

  it('one who does not answer is given up after 3 s, while others log in', async () => {
    const [slow, quick] = await Promise.all([timed(() => refusal(server, 'slow', 503)), timed(() => loggedIn(server, wechat.code('o-quick')))])
    assert.ok(slow.ms > 2_500 && slow.ms < 6_000, `${slow.ms} ms`)
    assert.ok(quick.ms < 2_500, `${quick.ms} ms`)
  })

  it('S17: comes from WeChat, whatever origin it gives, or from the server’s own pages; from no foreign one', async () => {
    const from = (origin) => login(server, wechat.code('o-origin'), { headers: { origin } })
    for (const origin of ['https://servicewechat.com', 'weapp://wechat-game-runtime', `http://${server.authority}`, undefined]) assert.equal((await from(origin)).status, 200, origin)
    for (const origin of ['https://evil.example', 'https://servicewechat.com.evil.example', 'null']) assertProblem(await from(origin), 403)
  })

  it('says what is wrong with a request', async () => {
    for (const body of [{}, { code: '' }, { code: 7 }, { code: 'x'.repeat(257) }, '[]']) {
      assertProblem(await request(server, { method: 'POST', path: '/v1/login/wechat', body }), 400)
    }
    assertProblem(await get(server, '/v1/login/wechat'), 405)
  })

  it('S30: tells nobody what is not theirs to know', async () => {
    const answers = await Promise.all([login(server, wechat.code('canary-openid')), login(server, 'bad'), get(server, '/metrics')])
    const token = answers[0].json().token.split('.').slice(0, 2).map((part) => Buffer.from(part, 'base64url').toString())
    const seen = [...answers.map(({ text, headers }) => text + JSON.stringify(headers)), ...token, server.stderr(), server.stdout()].join('\n')
    for (const secret of ['canary-session-key', 'canary-app-secret', 'canary-openid', 'canary-unionid', 'canary-rid', 'o-once']) assert.ok(!seen.includes(secret), secret)
    assert.match(answers[2].text, /^hongyan_logins_total\{outcome="ok"\} [1-9]/m)
    assert.match(answers[2].text, /^hongyan_logins_total\{outcome="unauthorized"\} [1-9]/m)
  })
})

describe('S7: the circuit breaker', () => {
  it('leaves WeChat alone after five failures in a row, and tries again', async (t) => {
    const own = await WechatStandIn.start(t)
    const server = await serverFor(t, { args: keys.args, config: configOf(own) })
    own.always = 'failing'
    for (let i = 0; i < 5; i++) await refusal(server, own.code('o-1'), 503)
    assert.equal(own.requests.length, 5)
    own.always = null
    const spared = await refusal(server, own.code('o-1'), 503)
    assert.equal(own.requests.length, 5)
    assert.ok(Number(spared.headers['retry-after']) > 5 && Number(spared.headers['retry-after']) <= 10)
    await eventually(15_000, 'the next try', async () => (await login(server, own.code('o-1'))).status === 200, 250)
    await loggedIn(server, own.code('o-1'))
  })
})

describe('S7: limits', () => {
  it('an address may ask so often, and is told when to come again', async (t) => {
    const server = await serverFor(t, { args: keys.args, config: configOf(wechat, '[limits]\nlogins_burst = 3\nlogins_per_second = 1\n') })
    const asked = wechat.requests.length
    for (let i = 0; i < 3; i++) await refusal(server, 'bad', 401)
    const answers = await Promise.all(Array.from({ length: 10 }, () => login(server, 'bad')))
    const limited = answers.filter(({ status }) => status === 429)
    assert.ok(limited.length >= 8, `${limited.length} of 10`)
    for (const answer of limited) assert.ok(Number(answer.headers['retry-after']) >= 1)
    assert.equal(wechat.requests.length - asked, 13 - limited.length)
  })
})

describe('S7: settings', () => {
  it('SIGHUP rereads the secret', async (t) => {
    const files = new KeyFiles()
    t.after(() => files.dispose())
    files.write('wechat', 'not-the-secret\n')
    const server = await serverFor(t, { args: files.args, config: configOf(wechat).replace(keys.path('wechat'), files.path('wechat')) })
    await refusal(server, wechat.code('o-1'), 503)
    assert.match(server.stderr(), /event=wechat_failed reason="errcode 40125"/)
    files.write('wechat', `${wechat.secret}\n`)
    server.signal('SIGHUP')
    await eventually(5_000, 'a login', async () => (await login(server, wechat.code('o-1'))).status === 200)
  })

  it('without them there is no such login', async (t) => {
    const server = await serverFor(t, { args: keys.args })
    await refusal(server, 'bad', 404)
    assertProblem(await login(server, 'bad', { headers: bearer(apiKeys.all) }), 404)
  })

  it('that make no sense are refused at start', async () => {
    const refused = async (config, args, expected) => {
      const directory = keys.directory
      keys.write('refused.toml', config)
      const { code, stderr } = await runToEnd(['--config', keys.path('refused.toml'), '--database', `sqlite:${directory}/never.db`, ...args])
      assert.equal(code, 2, stderr)
      assert.match(stderr, expected)
    }
    const secretFile = `secret_file = "${keys.path('wechat')}"\n`
    await refused('[wechat]\napp_id = "wx1"\n', keys.args, /wechat\.app_id and wechat\.secret_file together/)
    await refused(`[wechat]\n${secretFile}`, keys.args, /wechat\.app_id and wechat\.secret_file together/)
    await refused(`[wechat]\napp_id = "wx1"\n${secretFile}`, [], /--auth-secret-file/)
    await refused(`[wechat]\napp_id = "wx 1"\n${secretFile}`, keys.args, /the mini-program's AppID/)
    for (const url of ['http://example.com', 'http://127.0.0.1.example.com', 'ftp://127.0.0.1', 'https://a/b', 'x']) {
      await refused(`[wechat]\napp_id = "wx1"\n${secretFile}base_url = "${url}"\n`, keys.args, /wechat\.base_url.*accepted: https:\/\/HOST/)
    }
    keys.write('empty', '\n')
    await refused(`[wechat]\napp_id = "wx1"\nsecret_file = "${keys.path('empty')}"\n`, keys.args, /wechat\.secret_file .*the AppSecret and nothing else/)
  })
})
