// What users of other SDKs suffered from, one test each: the issue where they said it, and that it is not so here.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import vm from 'node:vm'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import ts from 'typescript'
import { FakeBrowser } from './lib/fake-browser.mjs'
import { Clock, FakeHost, clientOn, entry, fate, iso, online, stored, synced, tokenOf, turn, withRandom } from './lib/fake-host.mjs'
import { FakeUni, FakeWx } from './lib/fake-mini.mjs'
import { Client, browserTransport, uniTransport, wxTransport } from './lib/sdk.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const you = { userId: 'you' }
const minute = 60_000
const span = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i))
const seqsOf = ({ messages }) => messages.map(({ seq }) => seq)

const packed = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const file = readFileSync(join(root, packed.miniprogram, 'index.js'))

const facts = () => ({ userId: 'me', sessionId: 's', node: 'n', epoch: 'e1', heartbeatSeconds: 25, serverTime: iso(Date.now()), expiresAt: null, limits: {} })
const nothingNew = () => ({ epoch: 'e1', reset: false, conversations: [], gone: [], hasMore: false })

/** A client on such an object, with a server behind it that answers the usual; time is the test's. */
function clientWith(api, transport, options = {}) {
  const clock = new Clock()
  const answers = { sync: nothingNew, ping: () => ({ serverTime: iso(Date.now()), positions: {} }) }
  api.onSent = (task, { id, method, params }) => {
    const result = answers[method]?.(params)
    if (result) queueMicrotask(() => { if (!task.isOver && !task.isDead) task.says(JSON.stringify({ jsonrpc: '2.0', id, result })) })
  }
  const host = { ...transport(api), setTimeout: clock.setTimeout, clearTimeout: clock.clearTimeout }
  const client = new Client({ server: 'https://chat.example', userId: 'me', device: 'phone', transport: host, ...options })
  const states = []
  client.on('state', ({ state }) => states.push(state))
  const goesOnline = async () => {
    api.task.opens()
    api.task.says(JSON.stringify({ jsonrpc: '2.0', method: 'session', params: facts() }))
    await turn()
  }
  client.connect().catch(() => {})
  return { api, client, clock, states, answers, goesOnline, open: () => api.tasks.filter(({ isOver, closes }) => !isOver && !closes.length).length }
}

async function onlineWith(...of) {
  const on = clientWith(...of)
  await turn()
  await on.goesOnline()
  assert.equal(on.client.state, 'online')
  return on
}

// ---- 1 to 3: the size of the main package ----

test('it does not fill the main package: at most 15 KB gzipped (TencentCloud/TIMSDK#735: 333 KB)', () => {
  assert.ok(gzipSync(file, { level: 9 }).length <= 15 * 1024, `${gzipSync(file, { level: 9 }).length} bytes`)
})

test('as it is uploaded, before any gzip, it takes at most a fiftieth of the 2 MB (TencentCloud/TIMSDK#1066: 367 KB)', () => {
  assert.ok(file.length <= (2 * 1024 * 1024) / 50, `${file.length} bytes`)
})

test('an upgrade is one file for another, and brings nothing along (TencentCloud/chat-uikit-wechat#35)', () => {
  assert.deepEqual(readdirSync(join(root, packed.miniprogram)), ['index.js'])
  for (const kind of ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies']) assert.equal(packed[kind], undefined, kind)
  assert.equal(identifiers(String(file)).used.has('require'), false)
  assert.deepEqual(packed.files, ['dist', 'miniprogram_dist'])
})

// ---- 4 to 10 ----

test('a mini-program that drops has one socket, and `task not found` is nobody\'s error (WuKongIM/WuKongIM#513)', async () => {
  const { api, client, clock, goesOnline, open } = await onlineWith(new FakeWx(), wxTransport)
  for (const closing of ['throws', 'rejects', 'fails', 'nothing', 'ok']) {
    api.closing = closing
    api.task.ends({ code: 1006, reason: 'abnormal closure' })
    await clock.advance(1000)
    assert.equal(open(), 1)
    await goesOnline()
    api.task.isDead = true // and without a word
    await clock.advance(25_000 + 10_000 + 1000)
    assert.equal(open(), 1)
    await goesOnline()
    assert.equal(client.state, 'online')
  }
})

test('send and close are there after the build of uni (WuKongIM/WuKongIM#45 and #47)', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hongyan-uni-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'app.js'), `import { Client } from 'hongyan-client'\nimport { uniTransport } from 'hongyan-client/uni'\nmade(new Client({ server: 'https://chat.example', userId: 'me', transport: uniTransport() }))`)
  const { outputFiles: [{ text }] } = await build({
    entryPoints: [join(folder, 'app.js')], bundle: true, minify: true, treeShaking: true, format: 'iife', target: 'es2017', write: false, logLevel: 'error', charset: 'utf8',
    alias: { 'hongyan-client/uni': join(root, packed.exports['./uni'].import), 'hongyan-client': join(root, packed.module) },
  })
  const uni = new FakeUni()
  let client
  vm.runInNewContext(text, { uni, made: (of) => { client = of }, setTimeout, clearTimeout, console })
  client.connect().catch(() => {})
  await turn()
  uni.task.opens()
  uni.task.says(JSON.stringify({ jsonrpc: '2.0', method: 'session', params: facts() }))
  client.send({ to: you, content: '你好' }).catch(() => {})
  assert.deepEqual(uni.task.sent.map((sent) => JSON.parse(sent).method), ['sync', 'message.send'])
  client.close()
  assert.equal(uni.task.closes.length, 1)
})

test('no endless "reconnecting": later each time, one at a time, and not after close() (WuKongIM/WuKongIMJSSDK#18)', async () => {
  await withRandom(0.5, async () => {
    const { api, client, clock, states } = clientWith(new FakeUni(), uniTransport)
    const at = []
    for (const end = clock.now + 10 * minute; clock.now < end;) {
      await clock.advance(0)
      if (at.length < api.tasks.length) {
        at.push(clock.now)
        assert.equal(api.tasks.length, at.length)
        api.task.options.fail({ errMsg: 'connectSocket:fail' })
      }
      await clock.advance(clock.next)
    }
    const gaps = at.slice(1).map((when, i) => when - at[i])
    assert.deepEqual(gaps.slice(0, 6), [1000, 2000, 4000, 8000, 15_000, 15_000])
    assert.ok(at.length < 50, `${at.length} tries in ten minutes`)
    assert.deepEqual([...new Set(states)], ['connecting', 'waiting'])
    const tries = api.tasks.length
    client.close()
    await clock.advance(60 * minute)
    assert.equal(api.tasks.length, tries)
  })
})

test('after the background one logs in again: what became of the old socket does not count (openimsdk/oimws#151)', async () => {
  const { api, client, clock, goesOnline, states } = await onlineWith(new FakeWx(), wxTransport)
  const old = api.task
  api.closing = 'nothing'
  api.happens('AppHide')
  old.isDead = true
  await clock.advance(5 * minute)
  while (client.state !== 'connecting') await clock.advance(clock.next)
  await goesOnline()
  old.ends({ code: 4009, reason: 'replaced by a newer session of the same device' })
  await turn()
  assert.equal(client.state, 'online')
  assert.ok(!states.includes('replaced'))
})

test('and one that was replaced can log in again when the app says so (openimsdk/oimws#151)', async () => {
  const { api, client, clock, goesOnline } = await onlineWith(new FakeWx(), wxTransport)
  api.task.ends({ code: 4009, reason: 'replaced' })
  await clock.advance(10 * minute)
  assert.equal(client.state, 'replaced')
  assert.equal(api.tasks.length, 1, 'it does not fight the newer one')
  const connected = client.connect()
  await turn()
  await goesOnline()
  await connected
})

test('no promise hangs when the socket is not open (openimsdk/open-im-sdk-web#41)', async () => {
  const { client, host } = clientOn(new FakeHost())
  client.connect().catch(() => {})
  await turn()
  const call = fate(client.call('block.list', {}))
  const sent = fate(client.send({ to: you, content: 'hello' }))
  await host.advance(10_000)
  assert.equal(call.error.code, 'offline')
  host.onConnect = (socket) => socket.open()
  await host.advance(10_000)
  const request = host.socket.request('message.send')
  assert.equal(sent.settled, false, 'it waits in the outbox')
  host.socket.answer('message.send', { message: stored(request, 1), duplicate: false })
  await turn()
  assert.equal(sent.value.content, 'hello')
  host.takesNothing = true
  const late = fate(client.call('block.list', {}))
  await turn()
  assert.equal(late.error.code, 'lost')
})

test('a tab in the background, whose timers come once a minute, does not flap (openimsdk/openim-sdk-js-wasm#129)', async () => {
  const { client, host, socket } = await online()
  const spoke = []
  const { ping } = host.answers
  host.answers.ping = (...of) => {
    spoke.push(host.clock.now)
    return ping(...of)
  }
  await host.advance(30 * minute, minute)
  assert.equal(client.state, 'online')
  assert.equal(host.sockets.length, 1)
  assert.equal(socket.isOver, false)
  for (const [i, at] of spoke.entries()) if (i) assert.ok(at - spoke[i - 1] <= 62_500, 'the server would close it as idle (4010)')
})

test('uni that answers no task without callbacks (zimv/websocket-heartbeat-miniprogram#3)', async () => {
  assert.ok(new FakeUni().connectSocket({ url: 'wss://x' }) instanceof Promise, 'the oddity')
  const { api, client, clock } = await onlineWith(new FakeUni(), uniTransport)
  await clock.advance(25_000)
  assert.deepEqual(api.task.sent.map((sent) => JSON.parse(sent).method), ['sync', 'ping'])
  client.close()
  assert.equal(api.task.closes.length, 1)
})

// ---- 11 to 13: works in the tools, and not on the phone ----

test('the host is given, and not read from the address: wss, the port of the server, nothing else (mqttjs/MQTT.js#923)', async () => {
  const { api, client } = await onlineWith(new FakeWx(), wxTransport)
  assert.equal(api.task.options.url, 'wss://chat.example/v1/connect?many=true&userId=me&device=phone')
  client.close()
  const { used } = identifiers(String(file))
  assert.equal(/wxs?:\/\/|alis?:\/\//.test(String(file).replace(/wss?:\/\//g, '')), false)
  assert.equal(used.has('location'), false)
})

test('nothing that phones do not have: no global of browsers and Node, no syntax after ES2017 (mqttjs/MQTT.js#961)', () => {
  const { used, newer } = identifiers(String(file))
  for (const name of [
    'process', 'window', 'Buffer', 'TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'AbortController', 'document', 'navigator', 'location', 'self', 'global', 'globalThis', 'WebSocket',
    'XMLHttpRequest', 'fetch', 'FormData', 'Blob', 'localStorage', 'crypto', 'atob', 'btoa', 'structuredClone', 'queueMicrotask', 'setImmediate', 'BroadcastChannel', 'eval', 'Function', 'require', 'import',
  ]) assert.equal(used.has(name), false, name)
  assert.deepEqual(newer, [])
  assert.ok(used.has('Promise') && used.has('setTimeout'), 'the list is one')
})

test('only texts go over the line: no byte is another (mqttjs/MQTT.js#1506: four bytes for one)', async () => {
  const { api, client } = await onlineWith(new FakeWx(), wxTransport)
  const content = '大雁🪿 \u0001 "\\ \u2028 👨‍👩‍👧'
  client.send({ to: you, content }).catch(() => {})
  for (const sent of api.task.sent) assert.equal(typeof sent, 'string')
  assert.equal(JSON.parse(api.task.sent.at(-1)).params.content, content)
  client.close()
  const { used } = identifiers(String(file))
  for (const name of ['ArrayBuffer', 'Uint8Array', 'DataView', 'Int8Array', 'Uint16Array']) assert.equal(used.has(name), false, name)
})

// ---- 14 to 20 ----

test('after Wi-Fi is lost close() does nothing, and what the old socket says later does not reach the new one (dcloudio/uni-app#2144)', async () => {
  const { api, client, clock, goesOnline, states } = await onlineWith(new FakeUni(), uniTransport)
  api.closing = 'nothing'
  const heard = []
  client.on('message', ({ message }) => heard.push(message.content))
  const old = api.task
  old.isDead = true
  api.happens('NetworkStatusChange', { isConnected: false })
  api.happens('NetworkStatusChange', { isConnected: true })
  await clock.advance(3000)
  assert.equal(api.tasks.length, 2, 'it did not wait for the close')
  await goesOnline()
  old.says(JSON.stringify({ jsonrpc: '2.0', method: 'message', params: { message: entry(1, { content: 'old' }) } }))
  old.fails('errcode:1006')
  old.ends({ code: 1006 })
  await clock.advance(5 * minute)
  assert.equal(client.state, 'online')
  assert.equal(api.tasks.length, 2, 'no loop')
  assert.deepEqual(heard, [])
  assert.deepEqual(states, ['connecting', 'online', 'waiting', 'connecting', 'online'])
})

test('five seconds in the background end the socket; seen again it is back at once (weapp-socketio/weapp.socket.io#10)', async () => {
  for (const isTold of [true, false]) {
    const { api, client, clock, goesOnline } = await onlineWith(new FakeWx(), wxTransport)
    api.happens('AppHide')
    await clock.advance(5000)
    if (isTold) api.task.ends({ code: 1006, reason: 'interrupted' })
    else api.task.isDead = true
    clock.now += 10 * minute // no timer runs meanwhile
    api.happens('AppShow')
    const seen = clock.now
    await turn()
    while (api.tasks.length < 2) await clock.advance(clock.next)
    assert.ok(clock.now - seen <= (isTold ? 0 : 3000), `${clock.now - seen} ms`)
    await goesOnline()
    assert.equal(client.state, 'online')
  }
})

test('an expired token is renewed, and goes on (centrifugal/centrifuge-js#310)', async () => {
  const reasons = []
  const { client, socket, host } = await online({ getToken: (reason) => {
    reasons.push(reason)
    return tokenOf('me', reason)
  } })
  socket.notify('closing', { code: 4001, reason: 'token expired', reconnectAfterMs: 0 })
  socket.end(4001)
  await turn()
  host.socket.open()
  assert.deepEqual(reasons, ['start', 'expired'])
  assert.equal(client.state, 'online')
})

test('where nobody renews it, the app is told, and nothing hangs (centrifugal/centrifuge-js#422)', async () => {
  const { client, socket, events, host } = await online()
  const call = fate(client.call('block.list', {}))
  const sent = fate(client.send({ to: you, content: 'x' }))
  socket.end(4001)
  await turn()
  assert.equal(events('state').at(-1).state, 'unauthorized')
  assert.equal(call.error.code, 'lost')
  assert.equal(sent.error.code, 'closed')
  await assert.rejects(client.call('block.list', {}), { code: 'closed' })
  await host.advance(60 * minute)
  assert.equal(host.sockets.length, 1)
})

test('a dead network is noticed in 3 s where the host says so, and nobody calls recoverState (GetStream/stream-chat-js#100: 30 s)', async () => {
  const host = new FakeHost()
  host.conversations = [synced(span(1, 3))]
  const { client, socket, seqs } = await online({}, host)
  delete host.answers.ping
  host.wake() // the network is another
  host.onConnect = (next) => next.open()
  host.conversations = [synced(span(4, 6))]
  await host.advance(3000)
  assert.equal(socket.closedByClient, true)
  assert.equal(client.state, 'online')
  assert.deepEqual(seqs(), [4, 5, 6])
})

test('the gap between what is kept and the newest is fetched (tinode/tinode-js#71)', async () => {
  const host = new FakeHost()
  host.conversations = [synced(span(1, 10))]
  const first = await online({}, host)
  first.client.close()
  const next = new FakeHost({ clock: host.clock, kept: host.kept })
  next.answers.sync = ({ positions }) => {
    const from = positions['1'] + 1
    const to = Math.min(from + 199, 700)
    return { ...nothingNew(), hasMore: to < 700, conversations: [synced(span(from, to), { lastSeq: 700, hasMore: to < 700, unread: 690 })] }
  }
  const { client, seqs } = await online({}, next)
  assert.deepEqual(seqs(), span(11, 700).map(({ seq }) => seq))
  const kept = seqsOf(client.conversation(you))
  assert.deepEqual(kept, span(kept[0], 700).map(({ seq }) => seq))
})

test('and where what is kept is not reached any more, no page joins it over a hole (tinode/tinode-js#71)', async () => {
  const host = new FakeHost()
  host.conversations = [synced(span(1, 10))]
  const { client, socket } = await online({}, host)
  socket.end(1006)
  await host.advance(1000)
  host.conversations = [synced(span(681, 700))]
  host.socket.open()
  await turn()
  assert.deepEqual(seqsOf(client.conversation(you)), span(681, 700).map(({ seq }) => seq))
  client.history(you, { before: 681 })
  assert.equal(host.socket.request('message.history').params.beforeSeq, 681)
  host.socket.answer('message.history', { messages: span(631, 680), hasMore: true })
  await turn()
  assert.deepEqual(seqsOf(client.conversation(you)), span(631, 700).map(({ seq }) => seq))
})

test('an own message is kept once, however it came, also over a restart (tinode/chat#194)', async () => {
  const { client, host, socket } = await online()
  void client.send({ to: you, content: 'mine' })
  const request = socket.request('message.send')
  const message = stored(request, 1)
  socket.message(message)
  socket.end(1006) // before the answer: it may be sent again
  await host.advance(1000)
  host.conversations = [synced([message])]
  host.socket.open()
  await host.advance(5000)
  const bubbles = (of) => [...of.outgoing(), ...of.conversation(you).messages].filter(({ clientMsgId }) => clientMsgId === request.params.clientMsgId).length
  assert.equal(bubbles(client), 1)
  client.close()
  const next = new FakeHost({ clock: host.clock, kept: host.kept })
  next.conversations = [synced([message])]
  const again = await online({}, next)
  assert.equal(bubbles(again.client), 1)
  assert.deepEqual(again.seqs(), [])
})

test('two tabs are one session, and steal nothing from each other (element-hq/element-web#21039)', async (t) => {
  const browser = new FakeBrowser().install(t)
  browser.answers = { sync: nothingNew, ping: () => ({ serverTime: iso(Date.now()), positions: {} }) }
  const tabs = [1, 2].map(() => {
    const client = new Client({ server: 'https://chat.example', getToken: () => tokenOf('me'), device: 'browser', transport: browserTransport() })
    const heard = []
    client.on('message', ({ message }) => heard.push(message.seq))
    client.connect().catch(() => {})
    return { client, heard }
  })
  const states = () => tabs.map(({ client }) => client.state)
  await turn()
  assert.equal(browser.sockets.length, 1)
  assert.deepEqual(browser.sockets[0].protocols, ['hongyan.v1', `bearer.${tokenOf('me')}`])
  browser.sockets[0].opens(facts())
  await turn()
  assert.deepEqual(states(), ['online', 'online'])

  browser.sockets[0].says({ method: 'message', params: { message: entry(1) } })
  await turn()
  assert.deepEqual(tabs.map(({ heard }) => heard), [[1], [1]], 'each has every message')

  const [one, two] = tabs.map(({ client }, i) => fate(client.call('user.get', { userIds: [`${i}`] })))
  await turn()
  for (const { id, params } of browser.sockets[0].sent.filter(({ method }) => method === 'user.get')) browser.sockets[0].says({ id, result: { users: params.userIds } })
  await turn()
  assert.deepEqual([one.value.users, two.value.users], [['0'], ['1']], 'each finds its own answers')

  await browser.clock.advance(5 * minute)
  assert.deepEqual(states(), ['online', 'online'])
  browser.killLeader()
  await turn()
  await browser.clock.advance(2000)
  assert.equal(browser.sockets.length, 2, 'the other one took over')
  browser.sockets[1].opens(facts())
  await turn()
  assert.equal(tabs[1].client.state, 'online')
  assert.equal(browser.sockets[1].sent[0].method, 'sync', 'it asks for what was missed meanwhile')
  browser.sockets[1].says({ method: 'message', params: { message: entry(2) } })
  assert.deepEqual(tabs[1].heard, [1, 2])
  assert.equal(browser.most, 1, 'never two')
})

test('a tab that closes hands over, and one that is replaced tells all (element-hq/element-web#21039)', async (t) => {
  const browser = new FakeBrowser().install(t)
  browser.answers = { sync: nothingNew }
  const tabs = [1, 2, 3].map(() => new Client({ server: 'https://chat.example', userId: 'me', device: 'browser', transport: browserTransport() }))
  for (const tab of tabs) tab.connect().catch(() => {})
  await turn()
  browser.sockets[0].opens(facts())
  await turn()
  tabs[0].close()
  await turn()
  await browser.clock.advance(2000)
  assert.equal(browser.open.length, 1)
  browser.sockets[1].opens(facts())
  await turn()
  assert.deepEqual(tabs.map(({ state }) => state), ['closed', 'online', 'online'])
  browser.sockets[1].ends(4009)
  await turn()
  await browser.clock.advance(10 * minute)
  assert.deepEqual(tabs.map(({ state }) => state), ['closed', 'replaced', 'replaced'])
  assert.equal(browser.open.length, 0)
  assert.equal(browser.most, 1)
})

/** What a file names (not as a member of something), and which syntax in it is younger than ES2017. */
function identifiers(text) {
  const used = new Set()
  const newer = []
  const source = ts.createSourceFile('index.js', text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)
  const visit = (node) => {
    const { parent } = node
    if (ts.isIdentifier(node)) {
      const isMember = (ts.isPropertyAccessExpression(parent) && parent.name === node)
        || ((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isGetAccessor(parent) || ts.isSetAccessor(parent)) && parent.name === node)
        || (ts.isBindingElement(parent) && parent.propertyName === node)
      if (!isMember) used.add(node.text)
    }
    if (node.kind === ts.SyntaxKind.ImportKeyword) used.add('import')
    const young = node.kind === ts.SyntaxKind.QuestionDotToken ? '?.' : node.kind === ts.SyntaxKind.QuestionQuestionToken ? '??' : ts.isSpreadAssignment(node) ? '{...}'
      : ts.isPropertyDeclaration(node) ? 'class field' : ts.isPrivateIdentifier(node) ? '#private' : ts.isCatchClause(node) && !node.variableDeclaration ? 'catch {}'
        : ts.isBigIntLiteral(node) ? '1n' : ts.isForOfStatement(node) && node.awaitModifier ? 'for await' : node.asteriskToken && node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ? 'async *'
          : ts.isObjectBindingPattern(node) && node.elements.some(({ dotDotDotToken }) => dotDotDotToken) ? '{...} =' : null
    if (young) newer.push(young)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return { used, newer }
}
