'use strict'
// The login by itself, and together with what uses it: requests and the socket.

const assert = require('node:assert/strict')
const test = require('node:test')
const { Api } = require('../../../../examples/tutorial/utils/api')
const { Backoff } = require('../../../../examples/tutorial/utils/backoff')
const { Connection } = require('../../../../examples/tutorial/utils/connection')
const { Login } = require('../../../../examples/tutorial/utils/login')
const { FakeWx, fakeTimers } = require('./fakes')

const HOUR = 3600000
const DAY = 24 * HOUR
const START = Date.parse('2026-11-22T10:00:00.000Z') // the server's clock when the phone's says 0

/** WeChat, and a server whose tokens are T1, T2, ... and live for `life`. `refuse(url)` may answer in their stead. */
class FakeServer extends FakeWx {
  constructor(timers) {
    super()
    Object.assign(this, { timers, life: DAY, userId: 'u1', codes: 0, logins: 0, requests: [], good: null, refuse: () => null })
  }

  login({ success, fail }) {
    this.codes += 1
    const code = `code-${this.codes}`
    setTimeout(() => (this.codeFails ? fail({}) : success({ code })), 10)
  }

  request({ url, data, header = {}, success, fail }) {
    this.requests.push({ url, data, header })
    setTimeout(() => {
      const answer = this.refuse(url) || this.serve(url, header)
      if (answer === 'lost') fail({})
      else success({ header: { Date: new Date(START + this.timers.now()).toUTCString() }, ...answer })
    }, 10)
  }

  serve(url, header) {
    if (url.endsWith('/v1/login/wechat')) {
      this.logins += 1
      this.good = `T${this.logins}`
      const expiresAt = new Date(START + this.timers.now() + this.life).toISOString()
      return { statusCode: 200, data: { token: this.good, userId: this.userId, expiresAt } }
    }
    if (header.Authorization !== `Bearer ${this.good}`) return { statusCode: 401, data: { title: 'Unauthorized' } }
    return { statusCode: 200, data: url.includes('getMessage') ? [] : 'MSG SEND SUCCESS' }
  }
}

function start(context, { timers = fakeTimers(context), wx = new FakeServer(timers) } = {}) {
  const make = () => new Login({ wx, server: 'http://server', backoff: new Backoff({ random: () => 1 }), now: timers.now })
  return { timers, wx, make, login: make() }
}

/** What a promise has become after `ms`. */
async function after(timers, ms, promise) {
  let value = 'nothing yet'
  promise.then((result) => { value = result })
  await timers.pass(ms)
  return value
}

const answer = (statusCode, header = {}) => ({ statusCode, header, data: { title: `status ${statusCode}` } })

test('all who need a token at the same time share one login, which is kept for the next start of the app', async (context) => {
  const { timers, wx, login, make } = start(context)

  const both = await after(timers, 100, Promise.all([login.session(), login.session()]))
  const again = await after(timers, 0, login.session())
  const next = await after(timers, 0, make().session())

  assert.deepEqual(both.map(({ ok, token, userId }) => ({ ok, token, userId })), Array(2).fill({ ok: true, token: 'T1', userId: 'u1' }))
  assert.equal(again.token, 'T1')
  assert.equal(next.token, 'T1')
  assert.deepEqual([wx.codes, wx.logins], [1, 1])
})

test('a token of one server is not shown to another', async (context) => {
  const { timers, wx, login } = start(context)
  await after(timers, 100, login.session())

  assert.equal(new Login({ wx, server: 'http://other' }).userId, '')
})

for (const [life, early] of [[DAY, HOUR], [HOUR, HOUR / 10]]) {
  test(`a token of ${life / HOUR} h is renewed ${early / 60000} min before its end while somebody listens`, async (context) => {
    const { timers, wx, login } = start(context)
    wx.life = life
    const heard = []
    const listener = () => heard.push(wx.good)
    await after(timers, 100, login.session())
    login.listen(listener)

    await timers.pass(life - early - 1000)
    assert.deepEqual(heard, [])
    await timers.pass(1100)
    assert.deepEqual(heard, ['T2'])

    login.unlisten(listener)
    assert.equal(timers.pending(), 0)
    await timers.pass(life - early)
    assert.equal((await after(timers, 0, login.session())).token, 'T2', 'without a listener the next use renews it, and is not kept waiting')
    await timers.pass(100)
    assert.equal((await after(timers, 0, login.session())).token, 'T3')
  })
}

test('a phone whose clock is wrong by more than a day knows all the same how long a token lives', async (context) => {
  const timers = fakeTimers(context)
  const { wx } = start(context, { timers })
  const login = new Login({ wx, server: 'http://server', now: () => START + timers.now() + 3 * DAY })

  await after(timers, 100, login.session())
  await timers.pass(12 * HOUR)
  await after(timers, 100, login.session())

  assert.equal(wx.logins, 1)
})

test('a renewal that fails is tried again, and nobody notices while the old token lives', async (context) => {
  const { timers, wx, login } = start(context)
  await after(timers, 100, login.session())
  login.listen(() => {})
  wx.refuse = () => answer(503, { 'Retry-After': '10' })

  await timers.pass(DAY - HOUR / 2)
  assert.equal(login.problem, '')
  assert.equal((await after(timers, 100, login.session())).token, 'T1')
  wx.refuse = () => null
  await timers.pass(60000)

  assert.equal(login.kept.token, 'T2')
})

test('a server that cannot is asked again no sooner than it said, whoever asks', async (context) => {
  const { timers, wx, login } = start(context)
  wx.refuse = () => answer(503, { 'retry-after': '7' })
  const refused = await after(timers, 100, login.session())
  assert.deepEqual([refused.ok, refused.retry, refused.afterMs], [false, true, 7000])
  assert.match(login.problem, /暂时不可用/)

  wx.refuse = () => null
  login.hurry()
  assert.equal((await after(timers, 6000, login.session())).ok, false)
  assert.equal(wx.codes, 1)
  await timers.pass(1000)

  assert.equal((await after(timers, 100, login.session())).ok, true)
  assert.equal(login.problem, '')
})

test('without a network it waits longer each time, and not at all when the network is back', async (context) => {
  const { timers, wx, login } = start(context)
  wx.refuse = () => 'lost'
  assert.equal((await after(timers, 100, login.session())).afterMs, 2000)
  await timers.pass(2000)
  assert.equal((await after(timers, 100, login.session())).afterMs, 4000)

  wx.refuse = () => null
  login.hurry()

  assert.equal((await after(timers, 100, login.session())).ok, true)
})

test('wx.login that fails is told and tried again', async (context) => {
  const { timers, wx, login } = start(context)
  wx.codeFails = true
  assert.equal((await after(timers, 100, login.session())).retry, true)
  assert.deepEqual(wx.requests, [])

  wx.codeFails = false
  await timers.pass(2000)

  assert.equal((await after(timers, 100, login.session())).ok, true)
})

test('who is blocked, a server without the login, and a code that is not good are told in words', async (context) => {
  for (const [status, words, afterMs] of [[403, /微信限制了这个账号/, 60000], [404, /没有开通微信登录/, 60000], [401, /没有成功/, 2000]]) {
    const { timers, wx, login } = start(context)
    wx.refuse = () => answer(status)
    const refused = await after(timers, 100, login.session())

    assert.match(refused.detail, words)
    assert.equal(refused.afterMs, afterMs)
  }
})

test('a request with a token that the server does not take is made again with a new one', async (context) => {
  const { timers, wx, login } = start(context)
  const api = new Api(wx, 'http://server', login)
  await after(timers, 100, login.session())
  await timers.pass(60000)
  wx.good = 'another'

  const outcomes = await after(timers, 100, Promise.all([api.push({ content: '一' }), api.history('u1', 'u2', { limit: 1 })]))

  assert.deepEqual(outcomes.map(({ ok }) => ok), [true, true])
  assert.equal(wx.logins, 2)
})

test('a server that takes no token at all is not asked in a circle, and the message is not refused', async (context) => {
  const { timers, wx, login } = start(context)
  const api = new Api(wx, 'http://server', login)
  wx.refuse = (url) => (url.endsWith('/push') ? answer(401) : null)

  for (let second = 0; second < 60; second += 1) {
    const outcome = await after(timers, 1000, api.push({ content: '一' }))
    assert.deepEqual([outcome.ok, outcome.retry], [false, true])
  }

  assert.ok(wx.logins <= 7, `${wx.logins} logins in a minute`)
})

test('that an older token is not taken changes nothing', async (context) => {
  const { timers, wx, login } = start(context)
  await after(timers, 100, login.session())
  login.refused('T0')

  assert.equal((await after(timers, 0, login.session())).token, 'T1')
  assert.equal(wx.logins, 1)
})

// ---- the socket ----

function connect(context) {
  const all = start(context)
  const heard = []
  const connection = new Connection({
    wx: all.wx,
    url: 'ws://server/imserver/u1',
    login: all.login,
    on: {
      open: () => heard.push('open'),
      message() {},
      state: (name) => heard.push(name),
      unopened: () => heard.push('unopened'),
    },
    backoff: new Backoff({ random: () => 1 }),
    now: all.timers.now,
  })
  connection.start()
  return { ...all, heard, connection }
}

const tokens = (wx) => wx.sockets.map(({ header }) => header.Authorization)

test('the socket waits for the login and carries its token', async (context) => {
  const { timers, wx, heard } = connect(context)
  assert.equal(wx.sockets.length, 0)
  await timers.pass(100)

  assert.deepEqual(tokens(wx), ['Bearer T1'])
  assert.deepEqual(heard, ['connecting'])
})

test('closed with 4001 it logs in and is back at once', async (context) => {
  const { timers, wx, heard } = connect(context)
  await timers.pass(100)
  wx.socket.fire('open')
  await timers.pass(60000)

  wx.socket.fire('close', { code: 4001 })
  await timers.pass(100)
  wx.socket.fire('open')

  assert.deepEqual(tokens(wx), ['Bearer T1', 'Bearer T2'])
  assert.deepEqual(heard, ['connecting', 'open', 'open', 'connecting', 'open', 'open'])
})

test('a new token replaces the socket without a word', async (context) => {
  const { timers, wx, heard } = connect(context)
  await timers.pass(100)
  wx.socket.fire('open')
  heard.length = 0

  await timers.pass(DAY - HOUR + 100)
  assert.deepEqual(tokens(wx), ['Bearer T1', 'Bearer T2'])
  assert.equal(wx.sockets[0].closed, true)
  wx.socket.fire('open')

  assert.deepEqual(heard, ['open'])
})

test('a socket that does not open says so, and a new login opens the next one at once', async (context) => {
  const { timers, wx, login, heard } = connect(context)
  await timers.pass(60000)
  wx.sockets.length = 0
  wx.network(true)
  await timers.pass(0)
  wx.socket.fire('close', { code: 1006 })
  assert.deepEqual(heard.slice(-2), ['waiting', 'unopened'])

  login.refused('T1') // as the request says which then finds out
  login.session()
  await timers.pass(100)

  assert.deepEqual(tokens(wx), ['Bearer T1', 'Bearer T2'])
})

test('in the background a 4001 is left alone until the app is back', async (context) => {
  const { timers, wx, connection } = connect(context)
  await timers.pass(100)
  wx.socket.fire('open')
  await timers.pass(60000)
  connection.hidden()
  wx.socket.fire('close', { code: 4001 })
  await timers.pass(60000)
  assert.equal(wx.logins, 1)

  connection.shown()
  await timers.pass(100)

  assert.deepEqual(tokens(wx), ['Bearer T1', 'Bearer T2'])
})

test('while there is no login it waits as long as the login says, and a stopped one leaves nothing behind', async (context) => {
  const timers = fakeTimers(context)
  const wx = new FakeServer(timers)
  wx.refuse = () => answer(503, { 'Retry-After': '20' })
  const login = new Login({ wx, server: 'http://server', now: timers.now })
  const connection = new Connection({ wx, url: 'ws://server', login, on: { state() {}, open() {} }, now: timers.now })
  connection.start()
  await timers.pass(19000)
  assert.equal(wx.codes, 1)
  await timers.pass(2000)
  assert.equal(wx.codes, 2)

  connection.stop()
  await timers.pass(100)

  assert.equal(timers.pending(), 0)
  assert.equal(wx.sockets.length, 0)
})
