'use strict'
// A client in the style of the tutorials runs unchanged: ids as numbers, no clientMsgId, no reconnecting.

const assert = require('node:assert/strict')
const path = require('node:path')
const test = require('node:test')
const { startMiniProgram, stopMiniProgram } = require('./lib/mini-program')
const { eventually } = require('./lib/wait')
const { openMiniProgram } = require('./runtime/open')

let app
let server
let browser

test.before(async () => { ({ app, server, browser } = await startMiniProgram(path.join(__dirname, 'fixtures', 'tutorial'))) })
test.after(() => stopMiniProgram({ app, server, browser }))

const open = (as) => openMiniProgram(browser, app.url, {
  path: `/pages/chat/room/room?as=${as}`, servers: { 'http://localhost:8080': server.url },
})

async function online() {
  const response = await fetch(`${server.url}/getOnlineUser`)
  return Object.keys(await response.json()).sort()
}

/** Waits until both users' sockets are known to the server: this client would miss what came before. */
const bothOnline = () => eventually(async () => assert.deepEqual(await online(), ['1', '2']))

async function say(page, text) {
  await page.locator('input').tap()
  await page.keyboard.type(text)
  await page.locator('.send').tap()
  await page.locator('.self .content').filter({ hasText: text }).waitFor()
}

test('two pages of the tutorial\'s client chat, and find the list when opened anew', async () => {
  const zhang = await open(1)
  const li = await open(2)
  await bothOnline()

  await say(zhang, '你好，我是张三')
  await li.getByText('你好，我是张三').waitFor()
  await say(li, '你好，我是李四 😊')
  await zhang.getByText('你好，我是李四 😊').waitFor()
  await zhang.reload()
  await zhang.getByText('你好，我是李四 😊').waitFor()

  for (const page of [zhang, li]) {
    await eventually(async () => assert.deepEqual(await page.locator('.content').allTextContents(), ['你好，我是张三', '你好，我是李四 😊']))
    assert.match(await page.locator('.date').first().textContent(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/)
    assert.equal(await page.locator('input').inputValue(), '')
    assert.deepEqual(await page.phone.report(), { errors: [], unsupported: [] })
  }
  assert.equal(await zhang.locator('.self').count(), 1)
  assert.equal(await zhang.locator('.self .content').textContent(), '你好，我是张三')
})
