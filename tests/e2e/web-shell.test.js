'use strict'
// Around the chat: who one is, the columns, themes and languages, tabs, what a hidden tab does not do.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { OUTAGE } = require('./lib/page')
const { eventually, atRest } = require('./lib/wait')
const { WAIT, openChat, enter, rowOf, field, write, seen, ask, send, between, assertQuiet, screenshot } = require('./lib/web')

let lib
let browser
let keys
let server

test.before(async () => {
  lib = await import('../blackbox/lib/keys.js')
  browser = await launch()
})
test.after(() => browser?.close())
test.beforeEach(() => { keys = new lib.KeyFiles() })
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
  keys.dispose()
})

async function start() {
  server = await startHongyan({ args: keys.args })
  for (const [id, name] of [['zhang3', '张三'], ['li4', '李四'], ['wang5', '王五']]) await ask(server, lib.apiKeys.all, 'PUT', `/v1/users/${id}`, { name })
}
const open = (id, options) => openChat(browser, server, { token: lib.tokenOf(id), ...options })
const say = (from, content) => send(server, lib.tokenOf(from), { to: { userId: 'zhang3' }, content })

test('without a login one chooses who to be, and is called so by the others', async () => {
  server = await startHongyan()
  const a = await openChat(browser, server)
  await a.getByText('任何人都能以任何身份进入').waitFor(WAIT)
  await a.locator('.door-people button', { hasText: '张三' }).click()
  await a.getByText('还没有聊天').waitFor(WAIT)
  await a.getByRole('button', { name: '发起聊天' }).click()
  await a.locator('.box .field').fill('王 五')
  await a.keyboard.press('Enter')
  await a.getByText('没有这个用户').waitFor(WAIT)
  await a.locator('.box .field').fill('2')
  await a.keyboard.press('Enter')
  await a.locator('.greeting .pill', { hasText: '你好' }).click(WAIT)
  const b = await openChat(browser, server)
  await b.locator('.door-form input').fill('2')
  await b.keyboard.press('Enter')
  await enter(b, '张三')
  await seen(b, '你好')
  assertQuiet(a)
  assertQuiet(b)
})

test('the four of the demo stand in one line', async () => {
  server = await startHongyan()
  for (const locale of ['zh-CN', 'en-US']) {
    const page = await openChat(browser, server, { width: 375, locale })
    await page.locator('.door-people').waitFor(WAIT)
    const tops = await page.locator('.door-people .avatar').evaluateAll((faces) => faces.map((face) => face.getBoundingClientRect().top))
    assert.deepEqual(tops, Array(4).fill(tops[0]))
  }
})

test('before anything is known there are grey rows, in the list and in the chat', async () => {
  await start()
  await say('li4', '在吗')
  let release
  const released = new Promise((resolve) => { release = resolve })
  const page = await open('zhang3', {
    hash: 'u=li4',
    prepare: (page) => page.routeWebSocket(/\/v1\/connect/, (socket) => {
      const it = socket.connectToServer()
      it.onMessage(async (data) => {
        await released
        socket.send(data)
      })
    }),
  })
  await page.locator('.sidebar .skeleton').waitFor(WAIT)
  await page.locator('.chat .skeleton').waitFor(WAIT)
  assert.equal(await page.locator('.greeting, .empty').count(), 0)
  release()
  await seen(page, '在吗')
  await page.locator('.skeleton').first().waitFor({ state: 'detached', ...WAIT })
  assertQuiet(page)
})

const DOOR = /\/v1\/connect/
const LOOKS = [
  { width: 1280, colorScheme: 'light', locale: 'zh-CN', retry: '加载失败，点此重试', gone: '群聊已解散，或你不在其中', noGroup: '群聊不存在', info: '聊天信息' },
  { width: 375, colorScheme: 'dark', locale: 'en-US', retry: "Couldn't load. Tap to retry.", gone: 'This group was dismissed, or you are not in it', noGroup: 'No such group', info: 'Chat info' },
]

test('a chat that cannot be loaded says so in its place; a press tries again, and it is there', async () => {
  await start()
  await say('li4', '在吗')
  for (const { retry: words, ...look } of LOOKS) {
    let isClosed = true
    const page = await open('zhang3', { hash: 'u=li4', ...look, prepare: (page) => page.routeWebSocket(DOOR, (socket) => (isClosed ? socket.close() : socket.connectToServer())) })
    const bones = page.locator('.chat .skeleton')
    await bones.waitFor(WAIT)
    const retry = page.locator('.chat').getByRole('button', { name: words })
    await retry.waitFor(WAIT)
    assert.equal(await bones.count(), 0)
    assert.equal(await page.locator('.sidebar').getByRole('button', { name: words }).count(), look.width > 768 ? 1 : 0)
    await atRest(page)
    await screenshot(page, `web-unloaded-${look.width}-${look.colorScheme}.png`)
    const { height } = await retry.boundingBox()
    assert.ok(height >= 44, String(height))

    await retry.click() // it still is not there
    await bones.waitFor(WAIT)
    await retry.waitFor(WAIT)
    isClosed = false
    await retry.click()
    await seen(page, '在吗')
    assert.equal(await retry.count() + await bones.count(), 0)
    assertQuiet(page, /WebSocket connection/)
    await page.close()
  }
})

test('of a group that is not there nothing is offered', async () => {
  await start()
  for (const { gone, noGroup, info, ...look } of LOOKS) {
    const page = await open('zhang3', { hash: 'g=nowhere', ...look })
    await page.locator('.chat').getByText(gone).waitFor(WAIT)
    assert.equal(await page.locator('.chat .skeleton, .greeting .pill, .composer textarea').count(), 0)
    await page.locator('.chat-head').getByRole('button', { name: info }).last().click()
    await page.locator('.panel').getByText(noGroup).waitFor(WAIT)
    assert.equal(await page.locator('.panel .row-cell').count(), 0)
    await atRest(page)
    await screenshot(page, `web-gone-${look.width}-${look.colorScheme}.png`)
    assertQuiet(page)
    await page.close()
  }
})

test('theme and language are chosen, and stay; the address leads to a chat', async () => {
  await start()
  await say('li4', '在吗')
  const page = await open('zhang3', { hash: 'u=li4' })
  await seen(page, '在吗')
  await page.locator('.me-button').click()
  await page.locator('.row-cell', { hasText: '设置' }).click(WAIT)
  await page.getByRole('button', { name: '深色' }).click(WAIT)
  await page.getByRole('button', { name: 'English' }).click(WAIT)
  await page.getByRole('heading', { name: 'Settings' }).waitFor(WAIT)
  await page.waitForFunction(() => getComputedStyle(document.body).backgroundColor === 'rgb(17, 17, 17)', null, WAIT)
  await page.reload()
  await seen(page, '在吗')
  assert.equal(await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme].join()), 'en,dark')
  assert.match(page.url(), /#u=li4$/)
  assertQuiet(page)
})

test("one column: from the list into a chat, a panel, and back by the browser's own way", async () => {
  await start()
  await say('li4', '在吗')
  await say('wang5', '一')
  const page = await open('zhang3', { width: 375, height: 720 })
  await enter(page, '李四')
  await seen(page, '在吗')
  assert.equal(await page.locator('.sidebar').count(), 0)
  await page.locator('.back-button', { hasText: '1' }).waitFor(WAIT)
  await page.locator('.chat-title').click()
  await page.locator('.panel .people').waitFor(WAIT)
  assert.equal(await page.locator('.chat').count(), 0)
  await page.locator('.panel').getByRole('button', { name: '关闭' }).click()
  await seen(page, '在吗')
  await page.goBack()
  await rowOf(page, '王五').waitFor(WAIT)
  await enter(page, '王五')
  await page.locator('.back-button').click()
  await rowOf(page, '王五').waitFor(WAIT)
  assertQuiet(page)
})

test('the list is as wide as it was drawn, by hand and by keys', async () => {
  await start()
  const page = await open('zhang3')
  await page.getByText('还没有聊天').waitFor(WAIT)
  const width = () => page.locator('.sidebar').evaluate((node) => node.offsetWidth)
  assert.equal(await width(), 320)
  await page.locator('.divider').focus()
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
  await eventually(async () => assert.equal(await width(), 368))
  await page.mouse.move(369, 400)
  await page.mouse.down()
  await page.mouse.move(100, 400)
  await page.mouse.up()
  await eventually(async () => assert.equal(await width(), 240))
  await page.reload()
  await page.getByText('还没有聊天').waitFor(WAIT)
  assert.equal(await width(), 240)
  assertQuiet(page)
})

test('two tabs are one connection, and what the one reads is read in the other', async () => {
  await start()
  await say('li4', '在吗')
  const a = await open('zhang3')
  await rowOf(a, '李四').waitFor(WAIT)
  const b = await a.context().newPage()
  const { fromDist } = require('./lib/dist')
  await fromDist(b)
  const sockets = []
  b.on('websocket', (socket) => sockets.push(socket.url()))
  await b.goto(`${server.url}/chat#token=${lib.tokenOf('zhang3')}`)
  await enter(b, '李四')
  await seen(b, '在吗')
  await a.waitForFunction(() => !document.querySelector('.row .badge'), null, WAIT)
  assert.deepEqual(sockets, [])
  const { sessions = [] } = await ask(server, lib.apiKeys.all, 'GET', '/v1/users/zhang3/sessions')
  assert.equal(sessions.length, 1)
  await a.close()
  await write(b, '还在')
  await seen(b, '还在')
  await b.waitForFunction(() => !document.querySelector('.bubble-row .ring'), null, WAIT)
})

test('a tab that is hidden reads nothing, and says so in its title', async () => {
  await start()
  await say('li4', '在吗')
  const page = await open('zhang3', { hash: 'u=li4' })
  await seen(page, '在吗')
  await page.waitForFunction(() => document.title === '李四 · 鸿雁', null, WAIT)
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' })
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await say('li4', '人呢')
  await page.waitForFunction(() => document.title === '(1) 李四 · 鸿雁', null, WAIT)
  await page.waitForTimeout(1200) // what is not to happen: that it is read, which takes half a second
  assert.equal(await page.title(), '(1) 李四 · 鸿雁')
  assert.match(decodeURIComponent(await page.locator('link[rel=icon]').getAttribute('href')), /<circle/)
  await page.evaluate(() => {
    delete document.visibilityState
    delete document.hidden
    document.dispatchEvent(new Event('visibilitychange'))
  })
  await page.waitForFunction(() => document.title === '李四 · 鸿雁', null, WAIT)
  assertQuiet(page)
})

test('new messages are read out once, politely', async () => {
  await start()
  await say('li4', '在吗')
  const page = await open('zhang3')
  await rowOf(page, '李四').waitFor(WAIT)
  await page.waitForFunction(() => document.title.startsWith('(1) '), null, WAIT)
  await say('li4', '我到了')
  await page.locator('#announcer[aria-live=polite]', { hasText: '李四: 我到了' }).waitFor({ state: 'attached', ...WAIT })
  await page.getByRole('button', { name: /^李四，2 条未读，我到了，\d\d 点 \d\d 分$/ }).waitFor(WAIT)
  assertQuiet(page)
})

test('a dialog keeps the focus, Escape gives it back', async () => {
  await start()
  const page = await open('zhang3')
  await page.getByRole('button', { name: '发起聊天' }).click(WAIT)
  for (let i = 0; i < 8; i++) { // from the first key on
    await page.keyboard.press('Tab')
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)))
  }
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached', ...WAIT })
  assert.equal(await page.evaluate(() => document.activeElement.textContent), '发起聊天')
  assertQuiet(page)
})

test('a thousand conversations: few are in the tree', async () => {
  await start()
  await send(server, lib.apiKeys.all, { from: 'u0', to: { userId: 'zhang3' }, content: '第 0' }) // the oldest is the last row
  for (let from = 1; from < 1000; from += 37) await Promise.all(Array.from({ length: 37 }, (_, i) => send(server, lib.apiKeys.all, { from: `u${from + i}`, to: { userId: 'zhang3' }, content: `第 ${from + i}` })))
  const page = await open('zhang3')
  await page.locator('.row-line').first().waitFor(WAIT)
  assert.ok(await page.locator('.row-line').count() < 80)
  // More may still come from the server: the end is where it is once all are here.
  await page.waitForFunction(() => {
    const list = document.querySelector('.sidebar-scroll')
    list.scrollTop = list.scrollHeight
    return [...document.querySelectorAll('.row')].some((row) => row.textContent.endsWith('第 0'))
  }, null, WAIT)
  assert.ok(await page.locator('.row-line').count() < 80)
  assertQuiet(page)
})

test("the server's store is another: what is shown is new, what is written is not lost", async () => {
  await start()
  await say('li4', '旧的')
  const page = await open('zhang3', { hash: 'u=li4' })
  await seen(page, '旧的')
  await field(page).click()
  await page.keyboard.type('我的草稿')
  const { url } = server
  await server.stop()
  server = await startHongyan({ args: [...keys.args, '--listen', new URL(url).host] })
  await send(server, lib.tokenOf('li4'), { to: { userId: 'zhang3' }, content: '新的' })
  await page.locator('.bubble', { hasText: '新的' }).waitFor({ timeout: 40000 })
  await eventually(async () => assert.deepEqual([await page.locator('.bubble .text').allTextContents(), await field(page).inputValue()], [['新的'], '我的草稿']))
  assertQuiet(page, OUTAGE)
})
