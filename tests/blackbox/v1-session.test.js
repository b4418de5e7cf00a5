// v1: the handshake, the first message, and JSON-RPC itself.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import WebSocket from 'ws'
import { get, request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { frame, opcodes, rawV1 } from './lib/raw.js'
import { again, serverFor, startServer } from './lib/server.js'
import { assertError, connectV1, newId, people, RpcError, rfc3339, subprotocol, user } from './lib/v1.js'
import { within } from './lib/wait.js'

let server
before(async () => { server = await startServer({ args: ['--node', 'goose-1'] }) })
after(() => server?.dispose())

// Connects, and insists on being refused; the HTTP answer.
function refused(path, protocols = [subprotocol], options = {}) {
  const socket = new WebSocket(server.socketUrl(path), protocols, { ...options, ...server.tls })
  return within(10_000, new Promise((resolve, reject) => {
    socket.once('open', () => { socket.terminate(); reject(new Error(`the upgrade of ${path} was accepted`)) })
    socket.once('error', reject)
    socket.once('unexpected-response', (outgoing, incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk) => { text += chunk })
      incoming.on('end', () => resolve({ status: incoming.statusCode, headers: incoming.headers, text }))
    })
  }), `the refusal of ${path}`)
}

describe('the handshake', { concurrency: 4 }, () => {
  it('selects hongyan.v1, also among others', async (t) => {
    for (const protocols of [[subprotocol], ['chat', subprotocol], [subprotocol, 'bearer.abc']]) {
      const session = await connectV1(server, newId(), { t, protocols })
      assert.equal(session.socket.protocol, subprotocol)
    }
  })

  for (const [name, protocols] of [['no subprotocol', []], ['another', ['hongyan.v2']], ['another case', ['Hongyan.V1']], ['a token only', ['bearer.abc']]]) {
    it(`with ${name} is 400`, async () => {
      assertProblem(await refused(`/v1/connect?userId=${newId()}`, protocols), 400, { mentions: /subprotocol|hongyan\.v1/i })
    })
  }

  it('with ?protocol=hongyan.v1 needs no subprotocol, and selects none', async (t) => {
    const id = newId()
    const session = await connectV1(server, id, { t, path: `/v1/connect?userId=${id}&protocol=hongyan.v1`, protocols: [] })
    assert.equal(session.socket.protocol, '')
    assert.deepEqual(await session.call('block.list'), { userIds: [] })
    for (const protocol of ['', 'hongyan.v2', 'Hongyan.V1'])
      assertProblem(await refused(`/v1/connect?userId=${id}&protocol=${protocol}`, []), 400, { mentions: /subprotocol/ })
    assertProblem(await refused(`/v1/connect?userId=${id}&protocol=hongyan.v1&protocol=hongyan.v1`, []), 400, { mentions: /protocol/ })
  })

  it('with two user ids is 400', async () => {
    assertProblem(await refused('/v1/connect?userId=1&userId=2'), 400, { mentions: /userId/ })
  })

  const long = 'x'.repeat(65)
  for (const query of ['', '?', '?userId=', '?userId=a%20b', `?userId=${long}`, '?userId=%E5%BC%A0', '?userid=1']) {
    it(`with a bad user id is 400: ${query.slice(0, 20)}`, async () => {
      assertProblem(await refused(`/v1/connect${query}`), 400, { mentions: /userId/ })
    })
  }

  for (const device of ['', 'a%20b', long, '%E5%BC%A0']) {
    it(`with a bad device is 400: ${device.slice(0, 10)}`, async () => {
      assertProblem(await refused(`/v1/connect?userId=${newId()}&device=${device}`), 400, { mentions: /device/ })
    })
  }

  it('without an upgrade is 426, and another method 405', async () => {
    assertProblem(await get(server, '/v1/connect?userId=1'), 426)
    const answer = await request(server, { method: 'POST', path: '/v1/connect?userId=1', body: {} })
    assertProblem(answer, 405)
    assert.match(answer.headers.allow, /\bGET\b/)
  })

  it('from a foreign page is 403', async () => {
    assertProblem(await refused('/v1/connect?userId=1', [subprotocol], { origin: 'https://evil.example' }), 403)
  })

  it('from the own page, and from WeChat, is let in', async (t) => {
    for (const origin of [`${server.scheme}://${server.authority}`, 'https://servicewechat.com']) await connectV1(server, newId(), { t, origin })
  })

  it('takes every form of user id, with 1 to 64 characters', async (t) => {
    for (const id of ['a', '0', '007', 'x'.repeat(64), 'A-Z_a.z:0@9']) {
      const session = await connectV1(server, id, { t, device: 'phone:1' })
      assert.strictEqual(session.hello.userId, id)
    }
  })
})

describe('session', { concurrency: 4 }, () => {
  it('comes first and tells all that a client needs', async (t) => {
    const id = newId()
    const begin = Date.now()
    const [one, two] = [await connectV1(server, id, { t }), await connectV1(server, id, { t })]
    const { hello } = one
    assert.strictEqual(hello.userId, id)
    assert.ok(typeof hello.sessionId === 'string' && hello.sessionId.length > 0)
    assert.notEqual(hello.sessionId, two.hello.sessionId)
    assert.equal(hello.node, 'goose-1')
    assert.ok(typeof hello.epoch === 'string' && hello.epoch.length > 0)
    assert.equal(hello.epoch, two.hello.epoch)
    assert.equal(hello.heartbeatSeconds, 25)
    assert.match(hello.serverTime, rfc3339)
    const time = Date.parse(hello.serverTime)
    assert.ok(time >= begin - 1000 && time <= Date.now() + 1000, hello.serverTime)
    const expected = {
      contentChars: 4096, objectBytes: 8192, extBytes: 1024, messageBytes: 65536, jsonDepth: 8, nameChars: 64,
      groupMembers: 2000, sendsInFlight: 32, historyLimit: 500, syncLimit: 500, watchedUsers: 200, userIds: 100,
    }
    const told = Object.fromEntries(Object.keys(expected).map((name) => [name, hello.limits?.[name]]))
    assert.deepEqual(told, expected)
  })

  it('has the same epoch after a restart, and another with another database', async (t) => {
    const first = await serverFor(t)
    const { hello } = await connectV1(first, 1, { t })
    await first.stop()
    const second = await again(t, first)
    assert.equal((await connectV1(second, 1, { t })).hello.epoch, hello.epoch)
    assert.notEqual((await connectV1(server, 1, { t })).hello.epoch, hello.epoch)
  })

  it('tells the heartbeat of the configuration', async (t) => {
    const own = await serverFor(t, { config: 'heartbeat = 7\n' })
    assert.equal((await connectV1(own, 1, { t })).hello.heartbeatSeconds, 7)
  })
})

describe('JSON-RPC', { concurrency: 4 }, () => {
  // Sends the text; the next answer, whatever its id.
  async function answerTo(session, text) {
    session.send(text)
    return session.answer()
  }

  async function assertAnswersError(t, text, code, id) {
    const [session] = await people(server, t, 1)
    const answer = await answerTo(session, text)
    assert.ok(answer.error, `${text.slice(0, 100)} was answered ${JSON.stringify(answer)}`)
    assert.strictEqual(answer.id, id)
    assertError(new RpcError('it', answer.error), code)
    assert.match((await session.call('ping')).serverTime, rfc3339, 'the socket stays')
  }

  for (const text of ['', ' ', '{', 'nonsense', '{"jsonrpc":"2.0","id":1,"method":"ping"', '{"jsonrpc":"2.0","id":1,"method":"ping"}}', '{"jsonrpc":"2.0","id":1,"method":"ping",}', "{'jsonrpc':'2.0'}", '{"jsonrpc":"2.0","id":NaN,"method":"ping"}']) {
    it(`malformed is -32700 with id null: ${text}`, (t) => assertAnswersError(t, text, -32700, null))
  }

  const withoutId = [
    '[]', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', '1', '"ping"', 'null', 'true',
    '{"jsonrpc":"2.0","id":{},"method":"ping"}', '{"jsonrpc":"2.0","id":[1],"method":"ping"}', '{"jsonrpc":"2.0","id":true,"method":"ping"}', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    '{}',
  ]
  for (const text of withoutId) it(`no request is -32600 with id null: ${text}`, (t) => assertAnswersError(t, text, -32600, null))

  for (const text of ['{"id":5,"method":"ping"}', '{"jsonrpc":"1.0","id":5,"method":"ping"}', '{"jsonrpc":2.0,"id":5,"method":"ping"}', '{"jsonrpc":"2.0","id":5}', '{"jsonrpc":"2.0","id":5,"method":7}', '{"jsonrpc":"2.0","id":5,"method":null}']) {
    it(`a bad request is -32600 with its id: ${text}`, (t) => assertAnswersError(t, text, -32600, 5))
  }

  for (const method of ['', 'nothing', 'Ping', 'message', 'message.', 'message.send ', 'session', 'rpc.discover', 'x'.repeat(1000), '消息.发送']) {
    it(`an unknown method is -32601: ${method.slice(0, 20)}`, (t) => assertAnswersError(t, JSON.stringify({ jsonrpc: '2.0', id: 'k', method }), -32601, 'k'))
  }

  for (const params of ['[]', '[1]', '1', '"x"', 'null', 'true']) {
    it(`params that are no object are -32602: ${params}`, (t) => assertAnswersError(t, `{"jsonrpc":"2.0","id":1,"method":"conversation.list","params":${params}}`, -32602, 1))
  }

  it('gives back the id as it was: number, string, null', async (t) => {
    const [session] = await people(server, t, 1)
    for (const id of [0, 1, -7, 2 ** 53 - 1, '', 'x', '1', '号 😀', null]) {
      const answer = await answerTo(session, JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }))
      assert.strictEqual(answer.id, id)
      assert.match(answer.result.serverTime, rfc3339)
    }
  })

  it('carries out what has no id, and does not answer it', async (t) => {
    const [session] = await people(server, t, 1)
    session.send({ jsonrpc: '2.0', method: 'message.send', params: { to: user(session.userId), clientMsgId: 'n1', kind: 'text', content: 'note' } })
    assert.equal((await session.message()).content, 'note')
    session.send({ jsonrpc: '2.0', method: 'nothing' })
    session.send({ jsonrpc: '2.0', method: 'message.send', params: {} })
    await session.call('ping')
    assert.deepEqual(session.queue, [])
  })

  it('ignores fields and params that it does not know, and the order of fields', async (t) => {
    const [session] = await people(server, t, 1)
    const answer = await answerTo(session, '{"more":[1],"params":{"limit":5,"unknown":{"a":1}},"method":"conversation.list","id":3,"jsonrpc":"2.0"}')
    assert.deepEqual(answer.result?.conversations, [])
  })

  it('reads 8 levels, and a ninth is -32700', async (t) => {
    const [session] = await people(server, t, 1)
    // The request, params and content are three.
    const nested = (levels) => JSON.stringify({ jsonrpc: '2.0', id: levels, method: 'message.send', params: { to: user(session.userId), clientMsgId: `d${levels}`, kind: 'custom', content: 0 } })
      .replace('"content":0', `"content":${'{"a":'.repeat(levels - 2)}1${'}'.repeat(levels - 2)}`)
    const deep = await answerTo(session, nested(8))
    assert.equal(deep.result?.message?.kind, 'custom', JSON.stringify(deep))
    const tooDeep = await answerTo(session, nested(9))
    assert.equal(tooDeep.error?.code, -32700, JSON.stringify(tooDeep))
    assert.equal(tooDeep.id, null)
    const abyss = await answerTo(session, '['.repeat(60_000))
    assert.equal(abyss.error?.code, -32700)
    await session.call('ping')
  })

  it('answers many requests of one socket, each once', async (t) => {
    const [session] = await people(server, t, 1)
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => session.call(i % 2 ? 'ping' : 'conversation.list')))
    assert.equal(answers.filter((it) => it.serverTime).length, 30)
    assert.deepEqual(session.queue, [])
  })
})

describe('ping', () => {
  it('tells the time and the conversations that changed since the last one', async (t) => {
    const [a, b] = await people(server, t, 2)
    assert.deepEqual((await b.call('ping')).positions, {})
    const { conversationId } = await a.say(user(b.userId), 'one')
    await a.say(user(b.userId), 'two')
    await b.messages(conversationId, 2)
    assert.deepEqual((await b.call('ping')).positions, { [conversationId]: 2 })
    assert.deepEqual((await b.call('ping')).positions, {})
    await a.say(user(b.userId), 'three')
    await b.message()
    assert.deepEqual((await b.call('ping', {})).positions, { [conversationId]: 3 })
    assert.deepEqual((await a.call('ping')).positions, { [conversationId]: 3 }, 'one’s own too')
  })

  it('is of what happened since `session`, not before it', async (t) => {
    const [a] = await people(server, t, 1)
    const id = newId()
    await a.say(user(id), 'before')
    const late = await connectV1(server, id, { t })
    assert.deepEqual((await late.call('ping')).positions, {})
  })
})

describe('the socket', { concurrency: 4 }, () => {
  it('is closed with 1003 by a binary frame, 1009 by more than 64 KiB, 1007 by bad UTF-8; others are not', async (t) => {
    const other = await connectV1(server, newId(), { t })
    for (const [bytes, code] of [[Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'), 1003], [' '.repeat(65_537), 1009]]) {
      const session = await connectV1(server, newId(), { t })
      session.send(bytes)
      assert.equal((await session.closing()).code, code)
    }
    const raw = await rawV1(server, newId(), t)
    assert.equal((await raw.frame()).opcode, opcodes.text)
    raw.write(frame(opcodes.text, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])))
    assert.equal((await raw.frame()).code, 1007)
    await other.call('ping')
  })

  it('takes a message of exactly 64 KiB, and one in fragments', async (t) => {
    const session = await connectV1(server, newId(), { t })
    session.send('{"jsonrpc":"2.0","id":1,"method":"ping"}'.padEnd(65_536))
    assert.equal((await session.answer()).id, 1)
    for (const [i, part] of ['{"jsonrpc":"2.0",', '"id":2,"meth', 'od":"ping"}'].entries()) session.socket.send(part, { fin: i === 2 })
    assert.equal((await session.answer()).id, 2)
  })
})
