'use strict'
// hongyan-client in real tabs of a real Chromium, against the real server: tabs of one user share one connection, which outlives the tab
// that has it; a page that is put aside, goes offline or is loaded anew misses nothing and sends everything once.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const test = require('node:test')
const { launch } = require('./lib/browser')
const { startFaultProxy } = require('./lib/fault-proxy')
const { startHongyan } = require('./lib/hongyan')
const { eventually, LONG_MS } = require('./lib/wait')

const SDK = path.resolve(__dirname, '..', '..', 'sdk')
const WAIT = { timeout: LONG_MS, polling: 20 }
/** The longest that a tab may be without a connection when another had it: a second at random, and a busy machine. */
const SOON_MS = 20000

const TAB = `<!doctype html><meta charset="utf-8"><title>tab</title>
<script src="/dist/hongyan-client.js"></script>
<script>
const { server, me, token, device } = Object.fromEntries(new URLSearchParams(location.search))
window.heard = []
window.states = []
window.errors = []
window.restored = 0
addEventListener('pageshow', ({ persisted }) => { if (persisted) restored++ })
window.client = new hongyan.Client({ server, ...(token ? { getToken: () => token } : { userId: me }), ...(device ? { device } : {}) })
client.on('message', ({ message }) => { if (message.kind === 'text') heard.push(message.content) })
client.on('state', ({ state }) => states.push(state))
client.on('synced', () => { window.isSynced = true })
client.on('error', ({ error }) => errors.push(String(error)))
window.shown = (place) => [...(client.conversation(place)?.messages ?? []), ...client.outgoing(place)].filter(({ kind }) => kind === 'text').map(({ content }) => content)
window.summary = () => client.conversations.map(({ conversationId, place, lastSeq, readSeq, peerReadSeq, unread, mentionSeq, pinned, muted, firstSeq, lastMessage }) =>
  ({ conversationId, place, lastSeq, readSeq, peerReadSeq, unread, mentionSeq, pinned, muted, firstSeq, last: lastMessage?.content }))
client.connect().catch(() => {})
</script>`

let app
let browser
let lib // of the black-box tests: keys
let server

test.before(async () => {
  if (!fs.existsSync(path.join(SDK, 'dist', 'hongyan-client.js'))) execFileSync(process.execPath, ['build.mjs'], { cwd: SDK, stdio: 'inherit' })
  lib = await import('../blackbox/lib/keys.js')
  app = await serve()
  // A page that was put aside whole is what one of these tests is about; Playwright's own flag forbids it.
  browser = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] })
})
test.after(async () => {
  await browser?.close()
  await app?.close()
})
test.beforeEach(async () => { server = await startHongyan({ origins: [app.url] }) })
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
})

/** The pages: what this package has built, its examples, and a page of these tests. */
async function serve() {
  const texts = { '/tab.html': TAB, '/elsewhere.html': '<!doctype html><title>elsewhere</title>' }
  const site = http.createServer(({ url }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const file = /^\/(dist|examples)\/[\w.-]+$/.test(pathname) && path.join(SDK, pathname)
    const text = texts[pathname] ?? (file && fs.existsSync(file) ? fs.readFileSync(file) : null)
    const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html'
    response.writeHead(text === null ? 404 : 200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'max-age=60' }).end(text ?? '')
  })
  await new Promise((resolve) => { site.listen(0, '127.0.0.1', resolve) })
  return {
    url: `http://127.0.0.1:${site.address().port}`,
    close: () => new Promise((resolve) => { site.close(resolve); site.closeAllConnections() }),
  }
}

// -- tabs, and what one asks of them

/** A tab of the browser; `page.sockets` are the connections that it opens. */
async function openTab(context, { path: where = '/tab.html', isReady = synced, ...query } = {}) {
  const page = await context.newPage()
  page.sockets = []
  page.faults = []
  page.on('websocket', (socket) => page.sockets.push(socket))
  page.on('pageerror', (error) => page.faults.push(String(error.stack || error)))
  await page.goto(`${app.url}${where}?${new URLSearchParams({ server: server.url, me: '1', ...query })}`)
  await isReady(page)
  return page
}

/** So many tabs of one user in one browser. */
async function openTabs(count, query) {
  const context = await browser.newContext()
  const tabs = []
  while (tabs.length < count) tabs.push(await openTab(context, query))
  return tabs
}

const until = (page, ...of) => page.waitForFunction(of[0], of[1], WAIT)
const synced = (page) => until(page, () => window.isSynced && client.state === 'online')
const live = (...tabs) => tabs.flatMap(({ sockets }) => sockets.filter((socket) => !socket.isClosed()))
const holder = (tabs) => tabs.find((tab) => live(tab).length)
const to2 = { userId: '2' }

/** Each of the tabs has this; what it has when not. */
async function each(tabs, read, expected, arg) {
  for (const tab of tabs) {
    try {
      await tab.waitForFunction(([text, given, wanted]) => JSON.stringify((0, eval)(`(${text})`)(given)) === wanted, [String(read), arg, JSON.stringify(expected)], WAIT)
    } catch {
      assert.deepEqual(await tab.evaluate(read, arg), expected)
    }
  }
}
const hear = (tabs, expected) => each(tabs, () => window.heard, expected)
const show = (tabs, expected, place = to2) => each(tabs, (where) => window.shown(where), expected, place)
const write = (tab, content, to = to2) => tab.evaluate((draft) => { void client.send(draft) }, { to, content })

async function ask(where, body) {
  const response = await fetch(server.url + where, body && { method: 'POST', body: JSON.stringify(body) })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  return JSON.parse(text)
}
let count = 0
const send = (content, from = '2', to = { userId: '1' }) => ask('/v1/messages', { from, to, clientMsgId: `t${++count}`, content })
async function sendAll(contents) { for (const content of contents) await send(content) }
const stored = async () => (await ask('/v1/messages?userId=1&peer=2&limit=500')).messages.map(({ content }) => content)
const sessions = async (userId = '1') => (await ask(`/v1/users/${userId}/sessions`)).sessions
const numbers = (from, below, word = 'no.') => Array.from({ length: below - from }, (_, i) => `${word} ${from + i}`)

async function assertOneConnection(tabs) {
  await eventually(async () => assert.equal((await sessions()).length, 1))
  assert.equal(live(...tabs).length, 1)
}
function assertNoFaults(tabs) { assert.deepEqual(tabs.flatMap(({ faults }) => faults), []) }

// -- one connection

test('two tabs of one user share a connection: each hears each message once and in order, and either sends', async () => {
  const tabs = await openTabs(2)
  const [one, two] = tabs
  assert.deepEqual([one.sockets.length, two.sockets.length], [1, 0])
  await assertOneConnection(tabs)

  await sendAll(numbers(0, 30))
  await hear(tabs, numbers(0, 30))
  await show(tabs, numbers(0, 30))

  await write(one, 'of the first tab')
  await show(tabs, [...numbers(0, 30), 'of the first tab'])
  await write(two, 'of the second tab')
  await show(tabs, [...numbers(0, 30), 'of the first tab', 'of the second tab'])

  // All at once: the order is the server's, each tab's own among them.
  await Promise.all([
    ...tabs.map((tab, i) => tab.evaluate((texts) => Promise.all(texts.map((content) => client.send({ to: { userId: '2' }, content }))).then(() => {}), numbers(0, 20, `tab ${i}`))),
    sendAll(numbers(30, 50)),
  ])
  const all = await stored()
  assert.equal(all.length, 92)
  for (const [i] of tabs.entries()) assert.deepEqual(all.filter((text) => text.startsWith(`tab ${i}`)), numbers(0, 20, `tab ${i}`))
  await show(tabs, all)
  await hear(tabs, all)
  await each(tabs, () => client.outgoing().length, 0)
  await assertOneConnection(tabs)
  assert.deepEqual([one.sockets.length, two.sockets.length], [1, 0])
  assertNoFaults(tabs)
})

test('what is read, pinned, muted or cleared in one tab is so in the other, whichever has the connection', async () => {
  const tabs = await openTabs(2)
  const counts = () => { const { unread, readSeq, pinned, muted } = client.conversation({ userId: '2' }); return [unread, client.unread, readSeq, pinned, muted] }
  for (const [i, tab] of tabs.entries()) {
    const before = 3 * i
    await sendAll(['a', 'b', 'c'])
    await each(tabs, counts, [3, 3, before, false, false])
    await tab.evaluate((seq) => client.read({ userId: '2' }, seq), before + 2)
    await each(tabs, counts, [1, 1, before + 2, false, false])
    await tab.evaluate(() => client.read({ userId: '2' }))
    await each(tabs, counts, [0, 0, before + 3, false, false])
    await tab.evaluate(() => client.set({ userId: '2' }, { pinned: true }))
    await each(tabs, counts, [0, 0, before + 3, true, false])
    await tab.evaluate(() => client.set({ userId: '2' }, { muted: true, pinned: false }))
    await each(tabs, counts, [0, 0, before + 3, false, true])
    await tab.evaluate(() => client.set({ userId: '2' }, { muted: false }))
    await each(tabs, counts, [0, 0, before + 3, false, false])
  }
  for (const [i, tab] of tabs.entries()) {
    await tab.evaluate(() => client.clear({ userId: '2' }))
    await each(tabs, () => client.conversation({ userId: '2' }) ?? null, null)
    await send(`after ${i}`)
    await show(tabs, [`after ${i}`])
    await each(tabs, () => client.unread, 1)
  }
  const [{ readSeq, unread }] = (await ask('/v1/conversations?userId=1')).conversations
  await each(tabs, () => client.conversations.map(({ readSeq, unread }) => [readSeq, unread])[0], [readSeq, unread])
  assertNoFaults(tabs)
})

test('each of three tabs finds its own answers, and reactions, typing and presence reach all', async () => {
  const tabs = await openTabs(3)
  for (const tab of tabs) await tab.evaluate(() => {
    window.told = []
    client.on('typing', ({ userId }) => told.push(`${userId} types`))
    client.on('presence', ({ userId, online }) => told.push(`${userId} ${online}`))
  })
  const answers = await Promise.all(tabs.map((tab, i) => tab.evaluate((id) => client.call('user.get', { userIds: [id] }), `7${i}`)))
  assert.deepEqual(answers.map(({ users }) => users.map(({ userId }) => userId)), [['70'], ['71'], ['72']])
  await send('a')
  await hear(tabs, ['a'])
  await tabs[1].evaluate(() => client.react({ userId: '2' }, 1, '👍'))
  await each(tabs, () => client.conversation({ userId: '2' }).at(1).reactions ?? [], [{ emoji: '👍', count: 1, mine: true }])
  for (const tab of tabs) assert.deepEqual(await tab.evaluate(() => client.watch(['2'])), [])
  const other = await openTab(await browser.newContext(), { me: '2' })
  await each(tabs, () => window.told, ['2 true'])
  await other.evaluate(() => client.call('conversation.typing', { in: { userId: '1' } }))
  await each(tabs, () => window.told, ['2 true', '2 types'])

  await tabs[2].evaluate(() => client.unwatch(['2'])) // the others' eyes stay open
  await each(tabs.slice(0, 2), () => window.told, ['2 true', '2 types', '2 true'])
})

// -- the tab with the connection goes

const ways = {
  'is closed': (page) => page.close(),
  'is closed, and asked before': (page) => page.close({ runBeforeUnload: true }),
  'is killed without a word': async (page) => {
    const crashed = page.waitForEvent('crash', WAIT)
    const session = await page.context().newCDPSession(page)
    session.send('Page.crash').catch(() => {})
    await crashed
  },
  'goes to another page': (page) => page.goto(`${app.url}/elsewhere.html`),
  'is loaded anew': (page) => page.reload(),
  'says close()': (page) => page.evaluate(() => client.close()),
}
for (const [how, go] of Object.entries(ways)) {
  test(`the tab with the connection ${how}: another has one soon, nothing is missed and all is sent once`, async () => {
    const tabs = await openTabs(3)
    await send('before')
    await hear(tabs, ['before'])
    const [one, ...others] = tabs
    assert.equal(holder(tabs), one)

    const went = Date.now()
    const gone = go(one)
    const written = others.map((tab, i) => tab.evaluate((content) => client.send({ to: { userId: '2' }, content }).then(({ seq }) => seq), `of ${i + 1}`))
    await gone
    await sendAll(numbers(0, 10))
    await Promise.all(written)
    const took = Date.now() - went
    assert.ok(took < SOON_MS, `${took} ms`)

    const all = await stored()
    assert.deepEqual([...all].sort(), ['before', ...numbers(0, 10), 'of 1', 'of 2'].sort())
    await show(others, all)
    await hear(others, all)
    const rest = how === 'is loaded anew' ? tabs : others
    await assertOneConnection(rest)
    if (rest === tabs) await show(tabs, all)
    assertNoFaults(rest)
  })
}

test('the connection goes through all tabs, one after the other, and comes to the last', async () => {
  const tabs = await openTabs(4)
  const all = []
  while (tabs.length > 1) {
    await eventually(async () => assert.ok(holder(tabs)))
    await holder(tabs).close()
    tabs.splice(0, tabs.length, ...tabs.filter((tab) => !tab.isClosed()))
    all.push(`with ${tabs.length}`)
    await send(all.at(-1))
    await hear(tabs, all)
    await assertOneConnection(tabs)
  }
})

test('the server is killed and started again: all tabs are back, on one connection, and what each wrote meanwhile is sent once', async () => {
  const tabs = await openTabs(3)
  await send('before')
  await hear(tabs, ['before'])
  await server.kill()
  await each(tabs, () => client.state === 'online', false)
  for (const [i, tab] of tabs.entries()) await write(tab, `of ${i}`)
  await each(tabs, () => client.outgoing().length, 1)
  await server.start()
  await eventually(async () => assert.equal((await stored()).length, 4))
  const all = await stored()
  assert.deepEqual([...all].sort(), ['before', 'of 0', 'of 1', 'of 2'])
  await show(tabs, all)
  await each(tabs, () => client.outgoing().length, 0)
  await assertOneConnection(tabs)
})

// -- who does not share

test('two users in two tabs do not share', async () => {
  const context = await browser.newContext()
  const tabs = [await openTab(context, { me: '1' }), await openTab(context, { me: '2' })]
  assert.deepEqual(tabs.map((tab) => live(tab).length), [1, 1])
  await write(tabs[0], 'from 1')
  await show(tabs.slice(0, 1), ['from 1'])
  await show(tabs.slice(1), ['from 1'], { userId: '1' })
  await write(tabs[1], 'to oneself', { userId: '2' })
  await show(tabs.slice(1), ['to oneself'], { userId: '2' })
  await hear(tabs.slice(0, 1), ['from 1'])
  assert.deepEqual([(await sessions('1')).length, (await sessions('2')).length], [1, 1])
})

test('nor do they when only their tokens tell them apart; two tabs with tokens of one user do', async () => {
  const keys = new lib.KeyFiles()
  await server.stop()
  try {
    server = await startHongyan({ origins: [app.url], args: keys.args })
    const context = await browser.newContext()
    const tabs = []
    for (const [user, claims] of [['1', {}], ['2', {}], ['1', { device: 'another' }]]) tabs.push(await openTab(context, { token: lib.tokenOf(user, claims) }))
    assert.deepEqual(tabs.map((tab) => live(tab).length), [1, 1, 0])
    await each(tabs, () => client.conversations.length, 0)
    await write(tabs[2], 'from 1')
    await show([tabs[0], tabs[2]], ['from 1'])
    await show([tabs[1]], ['from 1'], { userId: '1' })
    assert.deepEqual(await Promise.all(tabs.map((tab) => tab.evaluate(() => client.userId))), ['1', '2', '1'])
  } finally {
    keys.dispose()
  }
})

test('without Web Locks each tab has a connection of its own; none throws another out', async () => {
  const context = await browser.newContext()
  await context.addInitScript(() => { delete Navigator.prototype.locks })
  const tabs = [await openTab(context), await openTab(context)]
  assert.equal(await tabs[0].evaluate(() => 'locks' in navigator), false)
  assert.equal((await sessions()).length, 2)
  await send('a')
  await hear(tabs, ['a'])
  for (const [i, tab] of tabs.entries()) await write(tab, `of ${i}`)
  await eventually(async () => assert.equal((await stored()).length, 3))
  await show(tabs, await stored())
  await hear(tabs, await stored())
  await tabs[0].evaluate(() => client.read({ userId: '2' }))
  await each(tabs, () => client.unread, 0)
  await tabs[0].close()
  await send('b')
  await hear(tabs.slice(1), [...(await stored())])
  assert.deepEqual(await tabs[1].evaluate(() => states), ['connecting', 'online'])
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 1])
})

test('without Web Locks, and with a device, the newest tab has it, and the one that was replaced stays so', async () => {
  const context = await browser.newContext()
  await context.addInitScript(() => { delete Navigator.prototype.locks })
  const tabs = [await openTab(context, { device: 'browser' })]
  tabs.push(await openTab(context, { device: 'browser' }))
  await each(tabs.slice(0, 1), () => client.state, 'replaced')
  await send('a')
  await hear(tabs.slice(1), ['a'])
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 1])
  await tabs[0].evaluate(() => client.connect()) // somebody looks at it again
  await each(tabs.slice(1), () => client.state, 'replaced')
  await show(tabs.slice(0, 1), ['a'])
})

test('where locks are there and forbidden, as in a frame without an origin, each tab has a connection of its own', async () => {
  const context = await browser.newContext()
  await context.addInitScript(() => { LockManager.prototype.request = async () => { throw new DOMException('not here', 'SecurityError') } })
  const tabs = [await openTab(context), await openTab(context)]
  await send('a')
  await hear(tabs, ['a'])
  assert.equal((await sessions()).length, 2)
})

test('with a device, all tabs are one session; when that is replaced from elsewhere, all are, and none fights', async () => {
  const tabs = await openTabs(3, { device: 'browser' })
  assert.deepEqual((await sessions()).map(({ device }) => device), ['browser'])
  const elsewhere = await openTab(await browser.newContext(), { device: 'browser' })
  await each(tabs, () => client.state, 'replaced')
  await send('a')
  await hear([elsewhere], ['a'])
  assert.deepEqual(tabs.map(({ sockets }) => sockets.length), [1, 0, 0])
  assert.equal(elsewhere.sockets.length, 1)
})

// -- a tab that comes late

test('a tab that is opened late has all of it at once', async () => {
  const [one] = await openTabs(1)
  await sendAll(numbers(0, 60))
  const { group: { groupId } } = await one.evaluate(() => client.call('group.create', { name: 'Geese', members: ['2', '3'] }))
  await send('@1', '3', { groupId })
  await send('to be read', '4')
  await until(one, () => client.conversations.length === 3 && client.unread === 62)
  await one.evaluate((id) => client.set({ groupId: id }, { pinned: true }), groupId)
  await one.evaluate(() => client.set({ userId: '4' }, { muted: true }))
  await one.evaluate(() => client.read({ userId: '2' }, 40))
  await until(one, () => client.conversation({ userId: '2' }).wantedReadSeq === 0)

  const late = await openTab(one.context())
  const expected = await one.evaluate(() => summary())
  assert.equal(expected.length, 3)
  assert.deepEqual(await late.evaluate(() => summary()), expected)
  assert.equal(await late.evaluate(() => client.unread), await one.evaluate(() => client.unread))
  assert.deepEqual((await late.evaluate(() => shown({ userId: '2' }))).slice(-20), numbers(40, 60))
  assert.ok(Math.abs(await late.evaluate(() => client.now()) - Date.now()) < 1000)
  assert.equal(late.sockets.length, 0)
  const older = await late.evaluate(async () => {
    const { messages } = await client.history({ userId: '2' }, { before: 41, limit: 40 })
    return messages.map(({ content }) => content)
  })
  assert.deepEqual(older, numbers(0, 40))

  // And one that has nothing kept, while much comes.
  await one.evaluate(() => localStorage.clear())
  const [, fresh] = await Promise.all([sendAll(numbers(60, 90)), openTab(one.context())])
  const all = [one, late, fresh]
  await each(all, () => client.conversation({ userId: '2' }).lastSeq, 90)
  await each(all, () => client.conversation({ userId: '2' }).messages.slice(-20).map(({ content }) => content), numbers(70, 90))
  assert.deepEqual(await fresh.evaluate(() => summary()), await one.evaluate(() => summary()))
  await assertOneConnection(all)
  assertNoFaults(all)
})

// -- put aside, offline, loaded anew

for (const tabsCount of [1, 2]) {
  test(`a page that was put aside whole, of ${tabsCount} tab(s), and is shown again, is online at once; nothing is missed or doubled`, async (t) => {
    const [page, ...others] = await openTabs(tabsCount)
    const all = [page, ...others]
    await send('before')
    await hear(all, ['before'])
    await page.evaluate(() => {
      window.mark = 'the same page'
      addEventListener('pageshow', () => { window.shownAt = performance.now() })
      client.on('synced', () => { window.syncedAt = performance.now() })
    })
    await page.goto(`${app.url}/elsewhere.html`)
    await send('meanwhile')
    await hear(others, ['before', 'meanwhile'])
    await page.goBack({ waitUntil: 'commit' })
    await until(page, () => window.client)
    if (await page.evaluate(() => window.mark !== 'the same page' || !restored)) {
      return t.skip(`this Chromium kept no page aside: ${await page.evaluate(() => JSON.stringify(performance.getEntriesByType('navigation')[0]?.notRestoredReasons ?? null))}`)
    }
    await hear([page], ['before', 'meanwhile'])
    const took = await page.waitForFunction(() => window.syncedAt > shownAt && syncedAt - shownAt, null, WAIT)
    assert.ok(await took.jsonValue() < SOON_MS)
    await send('after')
    await hear(all, ['before', 'meanwhile', 'after'])
    await write(page, 'from here')
    await show(all, ['before', 'meanwhile', 'after', 'from here'])
    await eventually(async () => assert.equal((await sessions()).length, 1))
    assertNoFaults(all)
  })
}

test('while it waits for its next try, `online` is the next try', async () => {
  const proxy = await startFaultProxy(() => server.url)
  try {
    const [page] = await openTabs(1, { server: proxy.url })
    proxy.down()
    // Each wait is at random, and longer than the one before.
    const retryAt = await (await page.waitForFunction(() => client.state === 'waiting' && client.retryAt - Date.now() > 8000 && client.retryAt, null, { timeout: 120000, polling: 20 })).jsonValue()
    await send('meanwhile')
    proxy.up()
    await page.context().setOffline(true)
    await page.context().setOffline(false)
    await hear([page], ['meanwhile'])
    assert.ok(Date.now() < retryAt, `${Date.now() - retryAt} ms after what it waited for`)
  } finally {
    await proxy.close()
  }
})

for (const tabsCount of [1, 2]) {
  test(`a line that is dead, which nobody has said, with ${tabsCount} tab(s): it is made anew when a tab is looked at`, async () => {
    const context = await browser.newContext()
    let isDead = false
    await context.routeWebSocket(/\/v1\/connect/, (socket) => {
      const real = socket.connectToServer()
      const isOld = () => isDead && first === socket
      first ??= socket
      socket.onMessage((text) => { if (!isOld()) real.send(text) })
      real.onMessage((text) => { if (!isOld()) socket.send(text) })
    })
    let first
    const tabs = []
    while (tabs.length < tabsCount) tabs.push(await openTab(context))
    await send('before')
    await hear(tabs, ['before'])
    isDead = true
    await send('meanwhile')
    await tabs.at(-1).evaluate(() => { document.dispatchEvent(new Event('visibilitychange')) })
    const began = Date.now()
    await hear(tabs, ['before', 'meanwhile'])
    const took = Date.now() - began
    assert.ok(took < 3000 + SOON_MS, `${took} ms`)
  })
}

for (const tabsCount of [1, 2]) {
  test(`without a network, ${tabsCount} tab(s): what is written goes out once, at once when the network is back`, async () => {
    const tabs = await openTabs(tabsCount)
    const [one] = tabs
    await send('before')
    await hear(tabs, ['before'])
    await one.context().setOffline(true)
    for (const [i, tab] of tabs.entries()) await write(tab, `of ${i}`)
    await send('meanwhile')
    await each(tabs, () => client.outgoing().length, 1)
    const began = Date.now()
    await one.context().setOffline(false)
    await eventually(async () => assert.equal((await stored()).length, 2 + tabsCount))
    const all = await stored()
    await hear(tabs, all)
    const took = Date.now() - began
    assert.ok(took < SOON_MS, `${took} ms`)
    await show(tabs, all)
    await each(tabs, () => client.outgoing().length, 0)
    await assertOneConnection(tabs)
  })
}

for (const tabsCount of [1, 2]) {
  test(`loaded anew with messages that were not sent, ${tabsCount} tab(s): each is sent once, in order`, async () => {
    const proxy = await startFaultProxy(() => server.url)
    try {
      const tabs = await openTabs(tabsCount, { server: proxy.url })
      const [one] = tabs
      proxy.down()
      await each(tabs, () => client.state === 'online', false)
      for (const text of numbers(0, 5)) await write(one, text)
      await show([one], numbers(0, 5))
      await one.reload()
      await show([one], numbers(0, 5))
      proxy.up()
      await show([one], numbers(0, 5))
      await each(tabs, () => client.outgoing().length, 0)
      await show(tabs, numbers(0, 5))
      assert.deepEqual(await stored(), numbers(0, 5))
      assert.equal(await one.evaluate(() => Object.keys(localStorage).filter((key) => key.includes(':out:')).length), 0)
    } finally {
      await proxy.close()
    }
  })
}

test('loaded anew before the answer to a send came: it is there once', async () => {
  const context = await browser.newContext()
  let isDeaf = false
  await context.routeWebSocket(/\/v1\/connect/, (socket) => {
    const real = socket.connectToServer()
    socket.onMessage((text) => real.send(text))
    real.onMessage((text) => { if (!isDeaf) socket.send(text) })
  })
  const page = await openTab(context)
  isDeaf = true
  await write(page, 'once')
  await eventually(async () => assert.deepEqual(await stored(), ['once']))
  assert.equal(await page.evaluate(() => client.outgoing()[0].state), 'sending')
  await page.reload()
  assert.deepEqual(await page.evaluate(() => shown({ userId: '2' })), ['once'])
  isDeaf = false
  await synced(page)
  await each([page], () => client.outgoing().length, 0)
  await show([page], ['once'])
  assert.deepEqual(await stored(), ['once'])
})

// -- the example

test('the example page: two people in two tabs', async () => {
  const context = await browser.newContext()
  const open = (me, peer) => openTab(context, { path: '/examples/page.html', me, peer, isReady: async () => {} })
  const [one, two] = [await open('1', '2'), await open('2', '1')]
  const say = async (page, text) => {
    await page.locator('input').fill(text)
    await page.keyboard.press('Enter')
  }
  const rows = (page, expected) => each([page], () => [...document.querySelectorAll('li')].map(({ textContent }) => textContent), expected)
  await say(one, '在吗？') // at once, before it is online
  await rows(two, ['1: 在吗？'])
  await say(two, '<b>在</b> 🪿')
  for (const page of [one, two]) await rows(page, ['1: 在吗？', '2: <b>在</b> 🪿'])
  assert.equal(await one.locator('input').inputValue(), '')

  await two.close()
  await say(one, '还在？')
  const again = await open('2', '1')
  for (const page of [one, again]) await rows(page, ['1: 在吗？', '2: <b>在</b> 🪿', '1: 还在？'])
  await eventually(async () => assert.equal((await ask('/v1/conversations?userId=2')).conversations[0].unread, 0))
  assertNoFaults([one, two, again])
})
