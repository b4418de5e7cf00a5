// One connection at a time: tokens, coming back, heartbeat, calls that always end (contract, sections 3 and 10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeHost, fate, iso, turn, withRandom } from './lib/fake-host.mjs'
import { Session } from './lib/sdk.mjs'

const minute = 60_000
const ended = ['closed', 'unauthorized', 'replaced', 'kicked']

function sessionOn(options = {}, host = new FakeHost()) {
  const states = []
  const heard = []
  const pongs = []
  const session = new Session(host, { server: 'https://chat.example', ...options }, {
    state: (state) => states.push(state), session: (facts) => heard.push(['session', facts]),
    notification: (name, params) => heard.push([name, params]), pong: (result) => pongs.push(result),
  })
  return { host, session, states, heard, pongs }
}

/** `endsIn`: milliseconds that its token is good for. `skew`: how much the server's clock is ahead. */
async function onlineSession(options = {}, { endsIn, skew = 0, ...facts } = {}) {
  const on = sessionOn(options)
  on.session.start()
  await turn()
  const serverTime = iso(Date.now() + skew)
  on.host.socket.open({ serverTime, ...(endsIn ? { expiresAt: iso(Date.now() + skew + endsIn) } : {}), ...facts })
  await turn()
  assert.equal(on.session.state, 'online')
  return { ...on, socket: on.host.socket }
}

/** getToken that answers as the test says, or the next of t1, t2 … */
function tokens(...answers) {
  const reasons = []
  const getToken = async (reason) => {
    reasons.push(reason)
    const answer = answers.length ? answers.shift() : `t${reasons.length}`
    if (answer instanceof Error) throw answer
    return answer
  }
  return { getToken, reasons }
}

// ---- where it goes ----

for (const [what, options, host, url] of [
  ['no token: who one is stands there', { userId: 'a:1', device: 'phone 1' }, {}, 'wss://chat.example/v1/connect?many=true&userId=a%3A1&device=phone%201'],
  ['http is ws', { server: 'http://10.0.0.1:8080/' }, {}, 'ws://10.0.0.1:8080/v1/connect?many=true'],
  ['a path before it', { server: 'https://example.com/chat' }, {}, 'wss://example.com/chat/v1/connect?many=true'],
  ['a host without subprotocols says which it speaks', {}, { withoutSubprotocols: true }, 'wss://chat.example/v1/connect?many=true&protocol=hongyan.v1'],
  ['a token never', { getToken: () => 'secret', device: 'd' }, {}, 'wss://chat.example/v1/connect?many=true&device=d'],
]) test(`the address: ${what}`, async () => {
  const { session, host: on } = sessionOn(options, Object.assign(new FakeHost(), host))
  session.start()
  await turn()
  assert.equal(on.socket.url, url)
  assert.equal(on.socket.token, options.getToken ? 'secret' : null)
})

// ---- tokens ----

test('the first token is asked for with `start`, once however many want it', async () => {
  let give
  const reasons = []
  const { session, host } = sessionOn({ getToken: (reason) => {
    reasons.push(reason)
    return new Promise((resolve) => { give = resolve })
  } })
  session.start()
  const [one, two] = [session.currentToken(), session.currentToken()]
  await turn()
  assert.deepEqual(reasons, ['start'])
  assert.equal(host.sockets.length, 0)
  give('t')
  assert.deepEqual([await one, await two], ['t', 't'])
  await turn()
  assert.equal(host.sockets.length, 1)
  assert.equal(host.socket.token, 't')
})

test('getToken may answer without a promise', async () => {
  const { session, host } = sessionOn({ getToken: () => 'plain' })
  session.start()
  await turn()
  assert.equal(host.socket.token, 'plain')
})

test('a minute before its end a token is renewed, on the same connection', async () => {
  const { getToken, reasons } = tokens()
  const { host, socket } = await onlineSession({ getToken }, { endsIn: 60 * minute })
  await host.advance(59 * minute - 1)
  assert.deepEqual(reasons, ['start'])
  await host.advance(1)
  assert.deepEqual(reasons, ['start', 'expiring'])
  assert.deepEqual(socket.request('session.refresh').params, { token: 't2' })
  socket.answer('session.refresh', { expiresAt: iso(Date.now() + 60 * minute) })
  await host.advance(59 * minute - 1)
  assert.equal(reasons.length, 2)
  await host.advance(1)
  assert.deepEqual(reasons, ['start', 'expiring', 'expiring'])
  assert.equal(host.sockets.length, 1)
})

test('a token of less than two minutes is renewed halfway, by the server\'s clock', async () => {
  const { getToken, reasons } = tokens()
  const { host } = await onlineSession({ getToken }, { skew: 3_600_000, endsIn: 80_000 })
  await host.advance(39_999)
  assert.equal(reasons.length, 1)
  await host.advance(1)
  assert.deepEqual(reasons, ['start', 'expiring'])
})

test('a token of a month does not overrun the timers of JavaScript', async () => {
  const { getToken, reasons } = tokens()
  const { host } = await onlineSession({ getToken }, { heartbeatSeconds: 86_400, endsIn: 30 * 24 * 60 * minute })
  assert.ok([...host.clock.timers.values()].every(({ at }) => at - host.clock.now <= 0x7fffffff))
  await host.advance(30 * 24 * 60 * minute - minute - 1)
  assert.equal(reasons.length, 1)
  await host.advance(1)
  assert.deepEqual(reasons, ['start', 'expiring'])
})

test('a renewal that fails is tried again before the end, and the session goes on', async () => {
  const { getToken, reasons } = tokens('t1', new Error('no network'), new Error('no network'), 't4')
  const { session, host, socket } = await onlineSession({ getToken }, { endsIn: 60 * minute })
  await host.advance(60 * minute - 1)
  assert.deepEqual(reasons.slice(0, 4), ['start', 'expiring', 'expiring', 'expiring'])
  assert.deepEqual(socket.of('session.refresh')[0].params, { token: 't4' })
  assert.equal(session.state, 'online')
})

test('4001 in a session: the token has expired; a new one, at once', async () => {
  const { getToken, reasons } = tokens()
  const { host, states, socket } = await onlineSession({ getToken })
  socket.end(4001)
  await turn()
  assert.deepEqual(reasons, ['start', 'expired'])
  assert.equal(host.sockets.length, 2)
  assert.equal(host.socket.token, 't2')
  assert.deepEqual(states, ['connecting', 'online', 'connecting'])
})

test('4001 before a session: it was refused', async () => {
  const { getToken, reasons } = tokens()
  const { session, host } = sessionOn({ getToken })
  session.start()
  await turn()
  host.socket.end(4001)
  await turn()
  assert.deepEqual(reasons, ['start', 'refused'])
  host.socket.open()
  assert.equal(session.state, 'online')
})

test('three new tokens refused in a row are `unauthorized`, and it is the app\'s to say more', async () => {
  const { getToken, reasons } = tokens()
  const { session, host } = sessionOn({ getToken })
  session.start()
  for (let i = 0; i < 3; i++) {
    await turn()
    host.socket.end(4001)
  }
  assert.equal(session.state, 'unauthorized')
  await host.advance(60 * minute)
  assert.equal(host.sockets.length, 3)
  assert.deepEqual(reasons, ['start', 'refused', 'refused'])
  session.start()
  await turn()
  assert.equal(host.sockets.length, 4)
  assert.equal(host.socket.token, 't4', 'not the one that was refused')
})

test('a token of yesterday that is refused is none of the three', async () => {
  const { getToken } = tokens()
  const { session, host } = await onlineSession({ getToken })
  host.socket.end(1006)
  await host.advance(1000)
  for (let i = 0; i < 3; i++) {
    assert.equal(session.state, 'connecting')
    host.socket.end(4001)
    await turn()
  }
  assert.equal(session.state, 'connecting')
  host.socket.end(4001)
  assert.equal(session.state, 'unauthorized')
})

for (const none of [null, '']) test(`getToken that answers ${JSON.stringify(none)} is \`unauthorized\`, without a connection`, async () => {
  const { session, host } = sessionOn({ getToken: async () => none })
  session.start()
  await turn()
  assert.equal(session.state, 'unauthorized')
  await host.advance(60 * minute)
  assert.equal(host.sockets.length, 0)
})

test('4001 where there is no getToken is `unauthorized`', async () => {
  const { session, socket } = await onlineSession()
  socket.end(4001)
  assert.equal(session.state, 'unauthorized')
})

test('a getToken that rejects is asked again, for the same reason, later each time', async () => {
  const { getToken, reasons } = tokens(...Array.from({ length: 6 }, () => new Error('no network')))
  const { session, host } = sessionOn({ getToken })
  const waits = []
  await withRandom(0.999_999, async () => {
    session.start()
    await turn()
    while (!host.sockets.length) {
      assert.equal(session.state, 'waiting')
      waits.push(host.clock.next)
      await host.advance(host.clock.next)
    }
  })
  assert.deepEqual(reasons, Array(7).fill('start'))
  assert.equal(host.socket.token, 't7')
  for (let i = 1; i < waits.length; i++) assert.ok(waits[i] >= Math.min(30_000, waits[i - 1]) - 1, `${waits}`)
  assert.ok(waits[5] > 25_000, `${waits}`)
})

test('an expired token whose renewal rejects is still asked for as expired', async () => {
  const { getToken, reasons } = tokens('t1', new Error('no network'))
  const { host, socket } = await onlineSession({ getToken })
  socket.end(4001)
  await host.advance(5000)
  assert.deepEqual(reasons, ['start', 'expired', 'expired'])
  assert.equal(host.socket.token, 't3')
})

test('a getToken that never answers is asked again after 30 s, and a late answer of it is no second flight', async () => {
  const asked = []
  const { session, host } = sessionOn({ getToken: () => new Promise((resolve) => asked.push(resolve)) })
  session.start()
  await host.advance(30_000)
  await host.advance(2000)
  assert.equal(asked.length, 2)
  asked[0]('late')
  await turn()
  const [one, two] = [fate(session.currentToken()), fate(session.currentToken())]
  await turn()
  assert.equal(one.settled, false, 'what came too late is not taken')
  asked[1]('t')
  await turn()
  assert.deepEqual([one.value, two.value, host.socket.token, asked.length], ['t', 't', 't', 2])
})

for (const late of ['before', 'after']) test(`a token that was asked for before the end, and comes ${late} the next start, is not the next one's`, async () => {
  const asked = []
  const { session, host } = sessionOn({ getToken: () => new Promise((resolve) => asked.push(resolve)) })
  const comes = () => {
    asked[0]('of who went')
    return turn()
  }
  session.start()
  await turn()
  session.stop()
  if (late === 'before') await comes()
  session.start()
  await turn()
  assert.equal(asked.length, 2)
  if (late === 'after') await comes()
  asked[1]('of who came')
  await turn()
  assert.deepEqual(host.sockets.map(({ token }) => token), ['of who came'])
})

test('a getToken under way when the app closes makes no connection', async () => {
  let give
  const { session, host } = sessionOn({ getToken: () => new Promise((resolve) => { give = resolve }) })
  session.start()
  await turn()
  session.stop()
  give('t')
  await host.advance(minute)
  assert.equal(host.sockets.length, 0)
  assert.equal(session.state, 'closed')
})

test('after the end the token is asked for anew: another may have logged in', async () => {
  const { getToken, reasons } = tokens()
  const { session, host } = await onlineSession({ getToken })
  session.stop()
  session.start()
  await turn()
  assert.deepEqual(reasons, ['start', 'start'])
  assert.equal(host.socket.token, 't2')
})

test('a browser does not see 401: after two connections without a session the token is taken for refused', async () => {
  const { getToken, reasons } = tokens()
  const { session, host } = sessionOn({ getToken })
  session.start()
  for (let i = 0; i < 4; i++) {
    await turn()
    host.socket.end(1006)
    await host.advance(host.clock.next)
  }
  assert.deepEqual(reasons, ['start', 'refused', 'refused'])
  assert.deepEqual(host.sockets.map(({ token }) => token), ['t1', 't1', 't2', 't2', 't3'])
})

test('calls that are refused as unauthorized renew the token in one flight, and go on', async () => {
  const { getToken, reasons } = tokens()
  const { session, host, socket } = await onlineSession({ getToken })
  const calls = [session.call('block.list', {}), session.call('group.list', {})].map(fate)
  socket.refuse('block.list', -32001)
  socket.refuse('group.list', -32001)
  await turn()
  assert.deepEqual(reasons, ['start', 'expired'])
  for (const { params } of socket.of('session.refresh')) assert.equal(params.token, 't2')
  while (socket.waiting.some(({ method }) => method === 'session.refresh')) socket.answer('session.refresh', { expiresAt: iso(Date.now() + 60 * minute) })
  await turn()
  socket.answer('block.list', { userIds: [] })
  socket.answer('group.list', { groups: [], cursor: null })
  await turn()
  assert.deepEqual(calls.map(({ value }) => value), [{ userIds: [] }, { groups: [], cursor: null }])
  assert.equal(host.sockets.length, 1)
})

test('a call that is unauthorized with the new token, too, is refused', async () => {
  const { getToken } = tokens()
  const { session, socket } = await onlineSession({ getToken })
  const call = fate(session.call('block.list', {}))
  socket.refuse('block.list', -32001)
  await turn()
  socket.answer('session.refresh', { expiresAt: iso(Date.now() + 60 * minute) })
  await turn()
  socket.refuse('block.list', -32001)
  await turn()
  assert.equal(call.error.code, -32001)
})

// ---- ends ----

for (const [code, state] of [[4009, 'replaced'], [4003, 'kicked']]) {
  test(`${code}: ${state}, and no socket any more`, async () => {
    const { session, host, socket, states } = await onlineSession()
    socket.end(code)
    assert.equal(session.state, state)
    host.wake()
    await host.advance(24 * 60 * minute)
    host.wake()
    await turn()
    assert.equal(host.sockets.length, 1)
    assert.equal(host.clock.timers.size, 0)
    assert.deepEqual(states, ['connecting', 'online', state])
  })

  test(`${code} said by \`closing\`, when the line is cut before the close: ${state}`, async () => {
    const { session, host, socket } = await onlineSession()
    socket.notify('closing', { code, reason: '', reconnectAfterMs: null })
    socket.end(1006)
    assert.equal(session.state, state)
    await host.advance(60 * minute)
    assert.equal(host.sockets.length, 1)
  })
}

test('start() after that is wanted by the app: it goes online again', async () => {
  const { session, host, socket } = await onlineSession()
  socket.end(4009)
  session.start()
  await turn()
  host.socket.open()
  assert.equal(session.state, 'online')
})

test('`closing` without a time to come back: it does not, by itself', async () => {
  const { session, host, socket } = await onlineSession()
  socket.notify('closing', { code: 1001, reason: '', reconnectAfterMs: null })
  socket.end(1001)
  assert.equal(session.state, 'kicked')
  await host.advance(60 * minute)
  assert.equal(host.sockets.length, 1)
})

test('`closing` with a time: then, and not before', async () => {
  const { host, socket } = await onlineSession()
  socket.notify('closing', { code: 1001, reason: 'draining', reconnectAfterMs: 4078 })
  assert.equal(host.sockets.length, 1, 'until the server closes it goes on')
  socket.end(1001)
  await host.advance(4077)
  assert.equal(host.sockets.length, 1)
  await host.advance(1)
  assert.equal(host.sockets.length, 2)
})

test('`closing` is of its connection: the next one that is lost comes back as always', async () => {
  const { host, socket } = await onlineSession()
  socket.notify('closing', { code: 1001, reason: 'draining', reconnectAfterMs: 60_000 })
  socket.end(1001)
  await host.advance(60_000)
  host.socket.open()
  host.socket.end(1006)
  await host.advance(1000)
  assert.equal(host.sockets.length, 3)
})

test('`closing` with 4001 and a line that is cut: a new token', async () => {
  const { getToken, reasons } = tokens()
  const { host, socket } = await onlineSession({ getToken })
  socket.notify('closing', { code: 4001, reason: '', reconnectAfterMs: 0 })
  socket.end(1006)
  await turn()
  assert.deepEqual(reasons, ['start', 'expired'])
  assert.equal(host.socket.token, 't2')
})

// ---- coming back ----

test('full jitter: between nothing and 1, 2, 4 … 30 s, and from the beginning after a session', async () => {
  for (const [random, bounds] of [[0, Array(8).fill(0)], [0.999_999, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]]]) await withRandom(random, async () => {
    const { host } = await onlineSession()
    const waits = []
    for (let i = 0; i < 8; i++) {
      host.socket.end(1006)
      waits.push(host.clock.next)
      await host.advance(host.clock.next)
    }
    for (const [i, wait] of waits.entries()) assert.ok(Math.abs(wait - bounds[i]) < 1, `${waits}`)
    host.socket.open()
    await turn()
    host.socket.end(1006)
    assert.ok(host.clock.next <= 1000)
  })
})

test('many clients of a server that went do not come back at once', async () => {
  const waits = []
  for (let i = 0; i < 200; i++) {
    const { host, socket } = await onlineSession()
    socket.end(1006)
    waits.push(host.clock.next)
  }
  for (let tenth = 0; tenth < 10; tenth++) assert.ok(waits.filter((ms) => ms >= tenth * 100 && ms < (tenth + 1) * 100).length < 60, `${waits}`)
})

for (const code of [1001, 1006, 1009, 4008, 4010, 4029]) test(`${code} is no end: it comes back`, async () => {
  const { session, host, socket } = await onlineSession()
  socket.end(code)
  assert.equal(session.state, 'waiting')
  await host.advance(1000)
  assert.equal(host.sockets.length, 2)
})

test('a connection without a session is given up after 10 s', async () => {
  const { session, host } = sessionOn()
  session.start()
  await turn()
  await host.advance(9999)
  assert.equal(host.socket.closedByClient, false)
  await host.advance(1)
  assert.equal(host.sockets[0].closedByClient, true)
  assert.equal(session.state, 'waiting')
})

test('a host that throws instead of connecting is tried again', async () => {
  const host = new FakeHost()
  const { connect } = host
  host.connect = () => { throw new Error('connectSocket:fail') }
  const { session } = sessionOn({}, host)
  session.start()
  await turn()
  assert.equal(session.state, 'waiting')
  host.connect = connect
  await host.advance(2000)
  assert.equal(host.sockets.length, 1)
})

test('what an older connection still says is not heard', async () => {
  const { session, host, socket, heard } = await onlineSession()
  socket.end(1006)
  await host.advance(1000)
  host.socket.open()
  const before = heard.length
  socket.to.received(JSON.stringify({ jsonrpc: '2.0', method: 'typing', params: {} }))
  socket.to.closed(4009, 'replaced')
  assert.equal(heard.length, before)
  assert.equal(session.state, 'online')
})

// ---- heartbeat and waking ----

test('a ping each heartbeat; without an answer in 10 s the line is dead', async () => {
  const { session, host, socket, pongs } = await onlineSession()
  await host.advance(24_999)
  assert.equal(socket.of('ping').length, 0)
  await host.advance(1)
  assert.equal(socket.of('ping').length, 1)
  assert.equal(pongs.length, 1)
  await host.advance(25_000)
  assert.equal(socket.of('ping').length, 2)
  delete host.answers.ping
  await host.advance(25_000 + 9_999)
  assert.equal(session.state, 'online')
  await host.advance(1)
  assert.equal(session.state, 'waiting')
  assert.equal(socket.closedByClient, true)
})

test('whatever is heard meanwhile is a sign of life, too', async () => {
  const { session, host, socket } = await onlineSession()
  delete host.answers.ping
  await host.advance(25_000)
  socket.notify('typing', { conversationId: '1', userId: 'you' })
  await host.advance(10_000)
  assert.equal(session.state, 'online')
})

test('seen again: a ping at once, and without an answer in 3 s another connection, at once', async () => {
  const { session, host, socket } = await onlineSession()
  delete host.answers.ping
  host.wake()
  assert.equal(socket.of('ping').length, 1)
  await host.advance(2999)
  assert.equal(session.state, 'online')
  await withRandom(0.99, () => host.advance(1)) // no jitter: one app that is looked at
  await host.advance(0)
  assert.equal(host.sockets.length, 2)
  assert.equal(socket.closedByClient, true)
})

test('seen again with a line that lives: it stays', async () => {
  const { session, host } = await onlineSession()
  host.wake()
  await host.advance(20_000)
  assert.equal(session.state, 'online')
  assert.equal(host.sockets.length, 1)
})

test('seen again while it waits: at once', async () => {
  const { session, host } = sessionOn()
  session.start()
  await turn()
  for (let i = 0; i < 8; i++) {
    host.socket.end(1006)
    await host.advance(host.clock.next)
  }
  host.socket.end(1006)
  host.wake(false)
  await turn()
  assert.equal(host.sockets.length, 9)
  host.wake()
  await turn()
  assert.equal(host.sockets.length, 10)
  assert.equal(session.state, 'connecting')
})

test('seen again while it connects: a young connection is waited for, an old one is another network\'s', async () => {
  const { session, host } = sessionOn()
  session.start()
  await turn()
  await host.advance(3000)
  host.wake()
  await turn()
  assert.equal(host.sockets.length, 1)
  await host.advance(1)
  host.wake()
  await turn()
  assert.equal(host.sockets.length, 2)
  assert.equal(host.sockets[0].closedByClient, true)
})

test('after the end nobody listens for the host any more', async () => {
  const { session, host } = await onlineSession()
  assert.equal(host.wakes.size, 1)
  session.stop()
  assert.equal(host.wakes.size, 0)
  assert.equal(host.clock.timers.size, 0)
})

// ---- calls ----

test('a call that finds no connection in time: offline', async () => {
  const { session, host } = sessionOn()
  session.start()
  const call = fate(session.call('block.list', {}, 5000))
  await host.advance(4999)
  assert.equal(call.settled, false)
  await host.advance(1)
  assert.equal(call.error.code, 'offline')
  assert.equal(call.error.final, false)
})

test('a call that waits is asked when there is a session', async () => {
  const { session, host } = sessionOn()
  session.start()
  const call = fate(session.call('block.list', {}))
  await turn()
  host.socket.open()
  await turn()
  host.socket.answer('block.list', { userIds: ['x'] })
  await turn()
  assert.deepEqual(call.value, { userIds: ['x'] })
})

test('a call whose connection goes: lost', async () => {
  const { session, socket } = await onlineSession()
  const call = fate(session.call('block.list', {}))
  socket.end(1006)
  await turn()
  assert.equal(call.error.code, 'lost')
})

test('a call that the socket does not take: lost, and there is another connection', async () => {
  const { session, host, socket } = await onlineSession()
  host.takesNothing = true
  const call = fate(session.call('block.list', {}))
  await turn()
  assert.equal(call.error.code, 'lost')
  assert.equal(socket.closedByClient, true)
  host.takesNothing = false
  await host.advance(1000)
  assert.equal(host.sockets.length, 2)
})

test('a call that is not answered: timeout, and a late answer is nobody\'s', async () => {
  const { session, host, socket } = await onlineSession()
  const call = fate(session.call('block.list', {}, 7000))
  await host.advance(7000)
  assert.equal(call.error.code, 'timeout')
  socket.answer('block.list', { userIds: [] })
  await turn()
  assert.equal(session.state, 'online')
})

test('a call that the app ends: closed', async () => {
  const { session, host } = await onlineSession()
  const [asked, idle] = [fate(session.call('block.list', {})), sessionOn().session]
  session.stop()
  const [after, before] = [fate(session.call('block.list', {})), fate(idle.call('block.list', {}))]
  const waiting = sessionOn()
  waiting.session.start()
  const waits = fate(waiting.session.call('block.list', {}))
  waiting.session.stop()
  await turn()
  for (const { error } of [asked, after, before, waits]) assert.equal(error.code, 'closed')
  assert.equal(host.clock.timers.size, 0)
})

test('the server\'s refusal comes with its code and what it says of it', async () => {
  const { session, socket } = await onlineSession()
  const call = fate(session.call('block.list', {}))
  socket.refuse('block.list', -32029, { retryAfterMs: 700 })
  await turn()
  assert.deepEqual([call.error.code, call.error.data, call.error.name], [-32029, { retryAfterMs: 700 }, 'ClientError'])
  assert.ok(call.error instanceof Error)
})

test('answers in any order find their calls, and nobody else\'s', async () => {
  const { session, socket } = await onlineSession()
  const calls = [1, 2, 3].map((n) => fate(session.call('user.get', { userIds: [`${n}`] })))
  const ids = socket.waiting.map(({ id }) => id)
  assert.equal(new Set(ids).size, 3)
  for (const request of [...socket.waiting].reverse()) socket.tell(request, { result: { users: request.params.userIds } })
  socket.to.received(JSON.stringify({ jsonrpc: '2.0', id: 'another tab\'s', result: {} }))
  await turn()
  assert.deepEqual(calls.map(({ value }) => value.users), [['1'], ['2'], ['3']])
})

test('what is no message is none', async () => {
  const { session, socket, heard } = await onlineSession()
  const before = heard.length
  for (const text of ['', '{', '[]', '1', 'null', '"x"', '{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}']) socket.to.received(text)
  assert.equal(heard.length, before)
  assert.equal(session.state, 'online')
})

// ---- whatever happens ----

const one = (...of) => fc.constantFrom(...of)
const step = fc.oneof(
  { weight: 6, arbitrary: one('open', 'open', 'wake', 'hide', 'late', 'stop', 'start', 'silence', 'speak').map((does) => ({ does })) },
  { weight: 3, arbitrary: one(1001, 1006, 4001, 4003, 4008, 4009, 4010).map((code) => ({ does: 'end', code })) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 40_000 }).map((ms) => ({ does: 'wait', ms })) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 20_000 }).map((ms) => ({ does: 'call', ms })) },
)

test('whatever happens: never two open sockets, no call without an end, and it comes back unless it ended', async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, hasToken) => {
    const { getToken } = tokens()
    const { session, host } = sessionOn(hasToken ? { getToken } : { userId: 'me' })
    const { ping } = host.answers
    const calls = []
    session.start()
    for (const { does, code, ms } of steps) {
      await turn()
      const { socket } = host
      if (does === 'open' && socket && !socket.isOver && !socket.isOpen) socket.open()
      else if (does === 'end') socket?.end(code)
      else if (does === 'late') host.sockets[0]?.to.closed(4009, '')
      else if (does === 'wake' || does === 'hide') host.wake(does === 'wake')
      else if (does === 'stop' || does === 'start') session[does]()
      else if (does === 'silence') delete host.answers.ping
      else if (does === 'speak') host.answers.ping = ping
      else if (does === 'wait') await host.advance(ms)
      else if (does === 'call') calls.push(fate(session.call('block.list', {}, ms)))
    }
    assert.ok(host.most <= 1, `${host.most} sockets at once`)
    await host.advance(100_000)
    assert.ok(calls.every(({ settled }) => settled), 'a call hangs')
    if (ended.includes(session.state)) assert.equal(host.clock.timers.size, 0, 'something goes on after the end')
    else {
      host.onConnect = (socket) => socket.open()
      host.answers.ping = ping
      host.socket?.end(1006)
      await host.advance(31_000)
      assert.equal(session.state, 'online')
    }
    assert.ok(host.most <= 1, `${host.most} sockets at once`)
  }), { numRuns: 150 })
})
