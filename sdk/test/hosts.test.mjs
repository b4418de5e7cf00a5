// Each host's oddities, against objects that have them: what the core asks for is the same everywhere.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { test } from 'node:test'
import vm from 'node:vm'
import { WebSocketServer } from 'ws'
import { FakeMy, FakeTaro, FakeTt, FakeUni, FakeWx } from './lib/fake-mini.mjs'
import { turn } from './lib/fake-host.mjs'
import { Client, guessMini, myTransport, nodeTransport, taroTransport, ttTransport, uniTransport, wxTransport } from './lib/sdk.mjs'

const hosts = { wx: [FakeWx, wxTransport], qq: [FakeWx, wxTransport], tt: [FakeTt, ttTransport], uni: [FakeUni, uniTransport], taro: [FakeTaro, taroTransport], my: [FakeMy, myTransport] }
const url = 'wss://chat.example/v1/connect?many=true'

function hear() {
  const told = []
  return { told, opened: () => told.push(['opened']), received: (text) => told.push(['received', text]), closed: (code, reason) => told.push(['closed', code, reason]) }
}

function connected(name, { closing = 'ok', token = null } = {}) {
  const [Fake, transport] = hosts[name]
  const api = Object.assign(new Fake(), { closing })
  const host = transport(api)
  const ear = hear()
  const socket = host.connect(url, token, ear)
  return { api, host, socket, ear, told: ear.told }
}

async function open(name, options) {
  const on = connected(name, options)
  await turn()
  on.api.task.opens()
  assert.deepEqual(on.told, [['opened']])
  return on
}

// ---- what all have in common ----

for (const name of Object.keys(hosts)) {
  test(`${name}: address, token and protocol, texts both ways, a close that is told once`, async () => {
    const { api, socket, told } = await open(name, { token: 'T.o-k_en' })
    const { options } = api.task
    assert.equal(options.url, url)
    assert.deepEqual(options.header, { Authorization: 'Bearer T.o-k_en' })
    if (name !== 'my') assert.deepEqual(options.protocols, ['hongyan.v1'])
    socket.send('{"雁":"🪿"}')
    assert.deepEqual(api.task.sent, ['{"雁":"🪿"}'])
    api.task.says('你好')
    assert.deepEqual(told.slice(1), [['received', '你好']])
    socket.close()
    socket.close()
    await turn()
    assert.deepEqual(told.slice(2).map(([what, code]) => [what, code]), [['closed', 1000]])
    assert.equal(api.task.closes[0].code, 1000)
  })

  test(`${name}: no token, no header of it`, async () => {
    const { api } = await open(name)
    assert.deepEqual(api.task.options.header, {})
  })

  test(`${name}: what the server says at its close`, async () => {
    const { api, told } = await open(name)
    api.task.ends({ code: 4009, reason: 'replaced' })
    assert.deepEqual(told.slice(1), [['closed', 4009, 'replaced']])
  })

  test(`${name}: a close without a code is 1006`, async () => {
    for (const event of [undefined, {}]) {
      const { api, told } = await open(name)
      api.task.ends(event)
      assert.deepEqual(told.slice(1), [['closed', 1006, '']])
    }
  })

  test(`${name}: closed is told once, whether error, close or a failed connect come, and in any order`, async () => {
    for (const events of ['EC', 'CE', 'EEC', 'CCE', 'FEC', 'EF', 'CF', 'XEC', 'EXC']) {
      const { api, socket, told } = connected(name)
      await turn()
      for (const event of events) {
        if (event === 'E') api.task.fails('fail abcd')
        else if (event === 'C') api.task.ends({ code: 1006, reason: 'abnormal closure' })
        else if (event === 'F') api.task.options.fail({ errMsg: 'connectSocket:fail' })
        else socket.close()
      }
      await turn()
      assert.equal(told.filter(([what]) => what === 'closed').length, 1, events)
      assert.equal(told.length, 1, events)
    }
  })

  test(`${name}: a socket that is over is not heard, and cannot be sent to`, async () => {
    const { api, socket, told } = await open(name, { closing: 'nothing' })
    socket.close()
    const before = told.length
    api.task.says('late')
    api.task.ends({ code: 4009 })
    api.task.fails('late')
    assert.equal(told.length, before)
    assert.throws(() => socket.send('x'))
  })

  for (const closing of ['throws', 'rejects', 'fails', 'nothing']) test(`${name}: \`closeSocket:fail task not found\` (${closing}) is swallowed: it is closed`, async () => {
    const { socket, told } = await open(name, { closing })
    socket.close()
    await turn() // an unhandled rejection would end this test
    assert.deepEqual(told.slice(1), [['closed', 1000, '']])
  })

  test(`${name}: one that is closed while it connects, and opens all the same, is closed again`, async () => {
    const { api, socket, told } = connected(name, { closing: 'fails' })
    socket.close()
    await turn()
    assert.deepEqual(told, [['closed', 1000, '']])
    const before = api.task.closes.length
    api.closing = 'ok'
    api.task.opens()
    await turn()
    assert.ok(api.task.closes.length > before)
    assert.ok(api.task.isOver)
    assert.equal(told.length, 1)
  })

  test(`${name}: HTTP 401, however it is told, is 4001; other numbers are not`, async () => {
    for (const [errMsg, code] of [
      ['Unexpected response code: 401', 4001], ['connectSocket:fail Error: Unexpected server response: 401', 4001], ['HTTP 401 Unauthorized', 4001],
      ['Unexpected response code: 403', 1006], ['fail errcode:-401001', 1006], ['timeout 4010', 1006], ['', 1006],
    ]) for (const way of ['error', 'fail']) {
      const { api, told } = connected(name)
      await turn()
      if (way === 'error') api.task.fails(errMsg)
      else api.task.options.fail({ errMsg })
      assert.deepEqual(told.map(([what, told]) => [what, told]), [['closed', code]], `${way}: ${errMsg}`)
    }
  })

  test(`${name}: an error without words`, async () => {
    const { api, told } = connected(name)
    await turn()
    api.task.tell('Error', undefined)
    assert.deepEqual(told, [['closed', 1006, '']])
  })

  test(`${name}: nothing is sent before it is open; what cannot be sent ends it`, async () => {
    const { api, socket, told } = connected(name)
    assert.throws(() => socket.send('early'))
    await turn()
    api.task.opens()
    api.task.isOver = true // the host knows it, and has told nobody
    socket.send('x')
    assert.deepEqual(told.map(([what, code]) => [what, code]), [['opened', undefined], ['closed', 1006]])
  })

  test(`${name}: storage: what is not there, what is, and what is full`, () => {
    const [Fake, transport] = hosts[name]
    const api = Object.assign(new Fake(), { room: 10 })
    const { storage } = transport(api)
    assert.equal(storage.get('a'), null)
    storage.set('a', '{"n":1}')
    storage.set('b', '2')
    assert.equal(storage.get('a'), '{"n":1}')
    assert.deepEqual([...storage.keys()].sort(), ['a', 'b'])
    assert.throws(() => storage.set('a', 'x'.repeat(11)))
    assert.equal(storage.get('a'), '{"n":1}')
    storage.remove('a')
    storage.remove('a')
    assert.equal(storage.get('a'), null)
  })

  test(`${name}: seen again, hidden, network, until nobody asks any more`, () => {
    const [Fake, transport] = hosts[name]
    const api = new Fake()
    const heard = []
    const end = transport(api).onWake((awake) => heard.push(awake))
    api.happens('AppShow')
    api.happens('AppHide')
    api.happens('NetworkStatusChange', { isConnected: false, networkType: 'none' })
    api.happens('NetworkStatusChange', { isConnected: true, networkType: 'wifi' })
    assert.deepEqual(heard, [true, false, false, true])
    end()
    assert.ok(Object.values(api.on).every(({ size }) => size === 0))
  })

  test(`${name}: a host of old without these events`, () => {
    const [Fake, transport] = hosts[name]
    const api = new Fake()
    for (const event of Object.keys(api.on)) api[`on${event}`] = api[`off${event}`] = undefined
    transport(api).onWake(() => {})()
  })

  test(`${name}: an upload, its progress and its answer`, async () => {
    const [Fake, transport] = hosts[name]
    const api = new Fake()
    const progress = []
    const answer = transport(api).upload({ url: 'https://chat.example/v1/files', token: 't', file: 'wxfile://tmp.mp3', seconds: 3, progress: (...of) => progress.push(of) })
    const { options, progress: listeners } = api.uploads[0]
    assert.deepEqual([options.url, options.filePath, options.name], ['https://chat.example/v1/files', 'wxfile://tmp.mp3', 'file'])
    assert.deepEqual(options.header, { Authorization: 'Bearer t' })
    assert.deepEqual(options.formData, { seconds: '3' })
    for (const listener of listeners) listener({ progress: 50, totalBytesSent: 5, totalBytesExpectedToSend: 10 })
    options.success({ statusCode: 201, data: '{"fileId":"f"}' })
    assert.deepEqual(await answer, { status: 201, text: '{"fileId":"f"}' })
    assert.deepEqual(progress, [[5, 10]])
  })

  test(`${name}: an upload without what can be left out, whose answer the host has parsed`, async () => {
    const [Fake, transport] = hosts[name]
    const api = new Fake()
    const answer = transport(api).upload({ url: 'https://chat.example/v1/files', token: null, file: 'f' })
    assert.deepEqual([api.uploads[0].options.header, api.uploads[0].options.formData], [{}, {}])
    api.uploads[0].options.success({ statusCode: 413, data: { detail: 'too large' } })
    assert.deepEqual(await answer, { status: 413, text: '{"detail":"too large"}' })
  })

  test(`${name}: an upload that is cut rejects`, async () => {
    const [Fake, transport] = hosts[name]
    const api = new Fake()
    const answer = transport(api).upload({ url: 'https://chat.example/v1/files', token: null, file: 'f' })
    api.uploads[0].options.fail({ errMsg: 'uploadFile:fail timeout' })
    await assert.rejects(answer, /uploadFile:fail timeout/)
  })
}

// ---- what one of them has alone ----

test('uni answers no task without callbacks: they are always given', () => {
  const { api } = connected('uni')
  for (const callback of ['success', 'fail', 'complete']) assert.equal(typeof api.task.options[callback], 'function')
  assert.equal(api.task.options.multiple, true)
})

test('uni that answers nothing at all: no throw, and the session\'s own deadline ends it', () => {
  const api = Object.assign(new FakeUni(), { connectSocket: () => undefined })
  const ear = hear()
  const socket = uniTransport(api).connect(url, null, ear)
  assert.throws(() => socket.send('x'))
  socket.close()
  assert.deepEqual(ear.told, [['closed', 1000, '']])
})

test('Taro answers a promise of a task, which may come late, or never', async () => {
  const late = () => {
    const api = Object.assign(new FakeTaro(), { late: true })
    const ear = hear()
    return { api, ear, socket: taroTransport(api).connect(url, null, ear) }
  }
  const comes = late()
  comes.api.task.comes()
  await turn()
  comes.api.task.opens()
  assert.deepEqual(comes.ear.told, [['opened']])

  const given = late()
  given.socket.close()
  assert.deepEqual(given.ear.told, [['closed', 1000, '']])
  given.api.task.comes()
  await turn()
  assert.equal(given.api.task.isOver, true, 'it must not stay open behind the next one')
  assert.equal(given.ear.told.length, 1)

  const fails = late()
  fails.api.task.options.fail({ errMsg: 'connectSocket:fail' })
  fails.api.task.doesNotCome({ errMsg: 'connectSocket:fail' })
  await turn()
  assert.deepEqual(fails.ear.told.map(([what]) => what), ['closed'])

  const refused = late()
  refused.api.task.doesNotCome({ errMsg: 'connectSocket:fail Unexpected response code: 401' })
  await turn()
  assert.equal(refused.ear.told[0][1], 4001)
})

test('Alipay has no subprotocols: none is offered, and the address says it', () => {
  const { api, host } = connected('my')
  assert.equal(host.withoutSubprotocols, true)
  assert.equal('protocols' in api.task.options, false)
  assert.equal(api.task.options.multiple, true)
  for (const name of ['wx', 'qq', 'tt', 'uni', 'taro']) assert.equal(connected(name).host.withoutSubprotocols, undefined)
})

test('Alipay whose texts are no objects, too', async () => {
  const { api, told } = await open('my')
  api.saysObjects = false
  api.task.says('plain')
  assert.deepEqual(told[1], ['received', 'plain'])
})

test('Douyin fails when what is offered is not selected: one protocol, which the server selects', async () => {
  const { api, told } = await open('tt', { token: 'secret' })
  assert.deepEqual(api.task.options.protocols, ['hongyan.v1'], 'the token goes as a header: as a second protocol it would not be echoed')
  await turn()
  assert.deepEqual(told, [['opened']])
})

// ---- guessing ----

const globals = ['uni', 'my', 'tt', 'qq', 'wx', 'document']

/** The client's default transport, where these are there; what it connects by. */
async function guessed(there) {
  const used = []
  const made = (name) => Object.assign(name === 'my' ? new FakeMy() : new FakeWx(), { connectSocket: () => void used.push(name) })
  const given = Object.fromEntries(there.map((name) => [name, name === 'document' ? { addEventListener() {}, removeEventListener() {} } : made(name)]))
  if (given.document) Object.assign(given, {
    window: { localStorage: { getItem: () => null, length: 0 }, setTimeout, clearTimeout }, addEventListener() {}, removeEventListener() {},
    WebSocket: class { constructor() { used.push('document') } close() {} },
  })
  const before = Object.fromEntries(Object.keys(given).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]))
  for (const name in given) Object.defineProperty(globalThis, name, { value: given[name], configurable: true, writable: true })
  try {
    const client = new Client({ server: 'https://chat.example', userId: 'me' })
    client.connect().catch(() => {})
    await turn()
    client.close()
  } finally {
    for (const name in given) before[name] ? Object.defineProperty(globalThis, name, before[name]) : delete globalThis[name]
  }
  return used
}

test('the default entry guesses uni, my, tt, qq, wx, a browser, in this order', async () => {
  for (let set = 1; set < 1 << globals.length; set++) {
    const there = globals.filter((_, i) => set & (1 << i))
    assert.deepEqual(await guessed(there), [there[0]], `of ${there}`)
  }
})

test('a wx that is WeChat\'s script in a page is no host: the page is', async () => {
  globalThis.wx = { config() {}, ready() {} }
  try {
    assert.equal(guessMini(), undefined)
    globalThis.my = {} // as pages call things
    assert.equal(guessMini(), undefined)
  } finally {
    delete globalThis.wx
    delete globalThis.my
  }
})

test('where it knows nothing it says what to give', () => {
  assert.throws(() => new Client({ server: 'https://chat.example', userId: 'me' }), /nodeTransport/)
})

test('what is given is not guessed', async () => {
  globalThis.wx = new FakeWx()
  try {
    const api = new FakeWx()
    const client = new Client({ server: 'https://chat.example', userId: 'me', transport: wxTransport(api) })
    client.connect().catch(() => {})
    await turn()
    assert.deepEqual([api.tasks.length, globalThis.wx.tasks.length], [1, 0])
    client.close()
  } finally {
    delete globalThis.wx
  }
})

// ---- what is packed ----

const root = new URL('../', import.meta.url)
const read = (path) => readFileSync(new URL(path, root), 'utf8')
const packed = JSON.parse(read('package.json'))

test('every entry is there, for import and for require, with its transport and its types', async () => {
  const require = createRequire(import.meta.url)
  for (const [entry, of] of Object.entries(packed.exports)) {
    if (typeof of === 'string') continue
    const name = entry === '.' ? 'Client' : `${entry.slice(2)}Transport`
    const [esm, cjs] = [await import(new URL(of.import, root)), require(new URL(of.require, root).pathname)]
    assert.equal(typeof esm[name], 'function', of.import)
    assert.equal(typeof cjs[name], 'function', of.require)
    assert.ok(existsSync(new URL(of.types, root)), of.types)
    assert.match(read(of.types), new RegExp(`\\b${name}\\b`))
  }
  for (const field of ['main', 'module', 'types']) assert.ok(existsSync(new URL(packed[field], root)), field)
})

test('the file for WeChat runs with wx and timers alone', async () => {
  const wx = new FakeWx()
  const module = { exports: {} }
  vm.runInNewContext(read(`${packed.miniprogram}/index.js`), { wx, module, exports: module.exports, setTimeout, clearTimeout, console })
  const { Client: Packed } = module.exports
  const client = new Packed({ server: 'https://chat.example', userId: 'me' })
  const synced = new Promise((resolve) => client.on('synced', resolve))
  client.connect().catch(() => {})
  await turn()
  wx.task.opens()
  wx.task.says(JSON.stringify({ jsonrpc: '2.0', method: 'session', params: {
    userId: 'me', sessionId: 's', node: 'n', epoch: 'e', heartbeatSeconds: 25, serverTime: new Date(0).toISOString(), expiresAt: null, limits: {} } }))
  const { id, method } = JSON.parse(wx.task.sent[0])
  assert.equal(method, 'sync')
  wx.task.says(JSON.stringify({ jsonrpc: '2.0', id, result: { epoch: 'e', reset: false, conversations: [], gone: [], hasMore: false } }))
  await synced
  assert.equal(client.state, 'online')
  client.close()
})

// ---- Node, over real sockets ----

async function server(t, { refuse, act } = {}) {
  const http = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk)).on('end', () => act(request, Buffer.concat(chunks), response))
  })
  const ws = new WebSocketServer({ noServer: true, handleProtocols: () => 'hongyan.v1', maxPayload: 1 << 20 })
  http.on('upgrade', (request, stream, head) => {
    if (refuse) return stream.end(`HTTP/1.1 ${refuse} No\r\nContent-Length: 0\r\n\r\n`)
    ws.handleUpgrade(request, stream, head, (socket) => ws.emit('connection', socket, request))
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    for (const client of ws.clients) client.terminate()
    http.close()
  })
  return { ws, port: http.address().port }
}

/** A listener that one can wait on. */
function waitFor() {
  const told = []
  let next = () => {}
  const tell = (...what) => {
    told.push(what)
    next()
  }
  return {
    told, opened: () => tell('opened'), received: (text) => tell('received', text), closed: (code, reason) => tell('closed', code, reason),
    async nth(n) {
      while (told.length < n) await new Promise((resolve) => { next = resolve })
      return told[n - 1]
    },
  }
}

test('Node: texts of every length both ways, in parts, pings, and the close\'s code', async (t) => {
  const { ws, port } = await server(t)
  const came = once(ws, 'connection')
  const ear = waitFor()
  const socket = nodeTransport().connect(`ws://127.0.0.1:${port}/v1/connect`, 'T', ear)
  assert.throws(() => socket.send('early'))
  const [peer, request] = await came
  assert.equal(request.headers.authorization, 'Bearer T')
  assert.equal(peer.protocol, 'hongyan.v1')
  assert.deepEqual(await ear.nth(1), ['opened'])
  let n = 1
  for (const text of ['', '雁', 'x'.repeat(125), 'x'.repeat(126), '雁'.repeat(30_000), 'x'.repeat(70_000)]) {
    const heard = once(peer, 'message')
    socket.send(text)
    assert.equal(String((await heard)[0]), text)
    peer.send(text)
    assert.deepEqual(await ear.nth(++n), ['received', text])
  }
  for (const [part, fin] of [['大', false], ['雁', false], ['。', true]]) peer.send(part, { fin })
  assert.deepEqual(await ear.nth(++n), ['received', '大雁。'])
  const pong = once(peer, 'pong')
  peer.ping('still there?')
  assert.equal(String((await pong)[0]), 'still there?')
  peer.close(4009, 'replaced')
  assert.deepEqual(await ear.nth(++n), ['closed', 4009, 'replaced'])
  assert.throws(() => socket.send('late'))
})

test('Node: a close of one\'s own is told at once, and the server hears it', async (t) => {
  const { ws, port } = await server(t)
  const came = once(ws, 'connection')
  const ear = waitFor()
  const socket = nodeTransport().connect(`ws://127.0.0.1:${port}/`, null, ear)
  const [peer, request] = await came
  assert.equal(request.headers.authorization, undefined)
  await ear.nth(1)
  const closed = once(peer, 'close')
  socket.close()
  socket.close()
  assert.deepEqual(ear.told.slice(1), [['closed', 1000, '']])
  await closed
})

test('Node: a line that is cut is 1006, once', async (t) => {
  const { ws, port } = await server(t)
  const came = once(ws, 'connection')
  const ear = waitFor()
  nodeTransport().connect(`ws://127.0.0.1:${port}/`, null, ear)
  const [peer] = await came
  await ear.nth(1)
  peer.terminate()
  assert.equal((await ear.nth(2))[1], 1006)
  await turn()
  assert.equal(ear.told.length, 2)
})

for (const [status, code] of [[401, 4001], [400, 1006], [503, 1006]]) test(`Node: an upgrade that is answered ${status} is ${code}`, async (t) => {
  const { port } = await server(t, { refuse: status })
  const ear = waitFor()
  nodeTransport().connect(`ws://127.0.0.1:${port}/`, 'T', ear)
  assert.deepEqual((await ear.nth(1)).slice(0, 2), ['closed', code])
})

test('Node: nobody listens: 1006', async () => {
  const ear = waitFor()
  nodeTransport().connect(`ws://127.0.0.1:1/`, null, ear)
  assert.equal((await ear.nth(1))[1], 1006)
})

test('Node: an upload is one multipart form, with progress', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hongyan-upload-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'voice "1".mp3')
  writeFileSync(file, Buffer.alloc(100_000, 7))
  let got
  const { port } = await server(t, { act: (request, body, response) => {
    got = { headers: request.headers, body }
    response.writeHead(201).end('{"fileId":"f"}')
  } })
  const progress = []
  const answer = await nodeTransport().upload({ url: `http://127.0.0.1:${port}/v1/files`, token: 'T', file, seconds: 2, progress: (...of) => progress.push(of) })
  assert.deepEqual(answer, { status: 201, text: '{"fileId":"f"}' })
  assert.equal(got.headers.authorization, 'Bearer T')
  const { groups: { boundary } } = /^multipart\/form-data; boundary=(?<boundary>\S+)$/.exec(got.headers['content-type'])
  const parts = got.body.toString('latin1').split(`--${boundary}`)
  assert.equal(parts.length, 4)
  assert.match(parts[1], /name="seconds"\r\n\r\n2\r\n$/)
  assert.match(parts[2], /name="file"; filename="voice _1_\.mp3"/)
  assert.ok(parts[2].endsWith(`\r\n\r\n${'\x07'.repeat(100_000)}\r\n`))
  assert.deepEqual(progress[progress.length - 1], [100_000, 100_000])
})

test('Node: what is kept in a folder outlives the host', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hongyan-kept-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const key = 'hongyan:https://chat.example:me:out:1'
  nodeTransport({ folder }).storage.set(key, '{"雁":1}')
  const { storage } = nodeTransport({ folder })
  assert.deepEqual(storage.keys(), [key])
  assert.equal(storage.get(key), '{"雁":1}')
  assert.equal(storage.get('none'), null)
  storage.remove(key)
  assert.deepEqual(storage.keys(), [])
})
