'use strict'
// The runtime itself: what it does for a mini-program, proven by a finger. The components of TDesign are the touchstone for
// what WeChat's files ask of their host.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const http = require('node:http')
const path = require('node:path')
const test = require('node:test')
const { screenshot } = require('./lib/browser')
const { launchForMiniProgram, openMiniProgram } = require('./runtime/open')
const { serveMiniProgram } = require('./runtime/serve')

const FIXTURE = path.join(__dirname, 'fixtures', 'runtime')
const PICTURE = path.join(FIXTURE, 'icons', 'tab.png')
const CONFIGURED_SERVER = 'http://127.0.0.1:8080'

let app
let browser
let store // keeps one file, for whoever shows a token

test.before(async () => {
  app = await serveMiniProgram(FIXTURE, { packageFolders: [path.join(__dirname, 'node_modules')] })
  browser = await launchForMiniProgram()
  store = await startStore()
})
test.after(async () => {
  await browser?.close()
  await app?.close()
  store?.close()
})

async function startStore() {
  const picture = fs.readFileSync(PICTURE)
  const server = http.createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.headers.authorization !== 'Bearer t') return response.writeHead(401).end()
      if (request.method === 'POST') return response.end(JSON.stringify({ fileId: '7' }))
      return response.writeHead(200, { 'content-type': 'image/png' }).end(picture)
    })
  })
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return server
}

const open = (start, options = {}) => openMiniProgram(browser, app.url, {
  path: start, servers: { [CONFIGURED_SERVER]: `http://127.0.0.1:${store.address().port}` }, ...options,
})

async function close(page) {
  assert.deepEqual(await page.phone.report(), { errors: [], unsupported: [] })
  await page.context().close()
}
const logged = (page, text) => page.locator('.log').filter({ hasText: text }).waitFor()
const logOf = (page) => page.locator('.log').textContent()
const styleOf = (locator, name) => locator.evaluate((element, property) => getComputedStyle(element)[property], name)

test('TDesign by touch: search, switch, swipe cell, popup', async () => {
  const page = await open('/pages/touch/touch')
  await page.locator('.search input, [class*="search"] input').first().tap()
  await page.keyboard.type('ab')
  await page.keyboard.press('Enter')
  await logged(page, 'submit:ab')
  await page.locator('[class*="search__clear"]').first().tap()
  await logged(page, 'clear:')
  await page.waitForFunction(() => document.querySelector('input').value === '')

  await page.locator('[class*="switch__body"]').tap()
  await page.locator('[class*="switch__body--checked"]').waitFor()

  const row = page.locator('.row')
  const left = async () => (await row.boundingBox()).x
  const before = await left()
  await page.phone.swipe(row, { dx: -100 })
  await page.waitForFunction((x) => document.querySelector('.row').getBoundingClientRect().x < x - 40, before)
  await screenshot(page, 'runtime-swiped.png')
  await page.getByText('Delete').tap()
  await logged(page, 'click:Delete')
  await page.waitForFunction((x) => Math.abs(document.querySelector('.row').getBoundingClientRect().x - x) < 1, before)

  await page.locator('.open').tap()
  await page.locator('.inside').waitFor()
  await screenshot(page, 'runtime-popup.png')
  await page.touchscreen.tap(180, 120)
  await page.locator('.inside').waitFor({ state: 'hidden' })
  await close(page)
})

test('styles: imported, of a component, shared by one; rpx; a component is told when it is ready', async () => {
  const page = await open('/pages/parts/parts')
  assert.equal(await styleOf(page.locator('.imported'), 'width'), '50px')
  assert.equal(await styleOf(page.locator('.imported'), 'backgroundColor'), 'rgb(10, 20, 30)')
  const spot = page.locator('wx-card [class*="--spot"]')
  await spot.filter({ hasText: 'card attached ready drawn' }).waitFor()
  assert.equal(await styleOf(spot, 'color'), 'rgb(40, 50, 60)')
  assert.equal(await styleOf(spot, 'letterSpacing'), '3px') // a class of app.wxss, which this component lets in
  assert.equal(await styleOf(page.locator('wx-card'), 'borderTopColor'), 'rgb(7, 8, 9)')
  await close(page)
})

test('WXS: types, changed properties, handlers that move an element and stop the event', async () => {
  const page = await open('/pages/parts/parts')
  assert.equal(await page.locator('.kind').textContent(), 'Array yes')
  await logged(page, 'changed:0.5')
  assert.equal(await styleOf(page.locator('.faded'), 'opacity'), '0.5')
  await page.phone.swipe(page.locator('.dragged'), { dx: 100 })
  assert.ok(parseFloat(await styleOf(page.locator('.dragged'), 'marginLeft')) > 100)
  await close(page)
})

test('a long press is no tap; touches, handlers named by data, hover', async () => {
  const page = await open('/pages/parts/parts')
  await page.phone.press(page.locator('.pressed'))
  await logged(page, 'longpress')
  assert.doesNotMatch(await logOf(page), /tap/)
  const finger = await page.phone.hold(page.locator('.pressed'))
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.pressed')).backgroundColor === 'rgb(9, 9, 9)')
  await finger.end()
  await page.waitForFunction(() => getComputedStyle(document.querySelector('.pressed')).backgroundColor !== 'rgb(9, 9, 9)')
  await logged(page, ' tap')
  await page.locator('.dynamic').tap()
  await logged(page, 'dynamic:of the data')
  await page.locator('.points').tap()
  await logged(page, 'touches:1/1:true')
  await close(page)
})

test('text boxes: growing, keyboard, two-way binding; switch and picker', async () => {
  const page = await open('/pages/parts/parts', { keyboardHeight: 300 })
  const box = page.locator('textarea')
  const height = async () => (await box.boundingBox()).height
  const one = await height()
  await box.tap()
  await logged(page, 'keyboard:300')
  await page.keyboard.insertText('one\ntwo\nthree')
  await logged(page, 'lines:3')
  assert.ok(await height() > 2.5 * one)
  await page.phone.keyboard(0)
  await logged(page, 'keyboard:0')

  const hint = page.locator('phone-hint').filter({ hasText: 'bound' })
  assert.equal(await styleOf(hint, 'color'), 'rgb(200, 0, 0)')
  await page.locator('.bound input').tap()
  await page.keyboard.type('typed')
  await page.locator('.bound-text').filter({ hasText: 'typed' }).waitFor()
  assert.equal(await hint.isVisible(), false)

  await page.locator('.own-switch').tap()
  await page.locator('.own-switch[aria-checked="true"]').waitFor()
  await page.locator('.picker').tap()
  await page.locator('phone-sheet').getByText('pear').tap()
  await page.locator('.picker').filter({ hasText: 'pear' }).waitFor()
  await close(page)
})

test('a scroll-view: seen rows with a margin, a row scrolled to, its end, its refresher', async () => {
  const page = await open('/pages/list/list')
  await page.waitForFunction(() => document.querySelector('.seen').textContent === '0,1,2,3,4')
  await page.locator('.jump').tap()
  await page.waitForFunction(() => document.querySelector('.seen').textContent === '19,20,21,22,23,24')
  await page.locator('.list').evaluate((list) => { list.scrollTop = 1e6 })
  await logged(page, 'end')
  await page.locator('.list').evaluate((list) => { list.scrollTop = 0 })
  await page.waitForFunction(() => document.querySelector('.seen').textContent.startsWith('0,'))
  await page.phone.swipe({ x: 180, y: 100 }, { dy: 150 })
  await logged(page, 'refresh')
  await close(page)
})

test('a page of a subpackage, with the capsule over its own bar; tab bar, badge, back, pulled down', async () => {
  const page = await open('/pages/touch/touch')
  assert.equal(await page.locator('phone-nav').textContent(), 'Runtime')
  await page.locator('phone-tab').nth(1).tap()
  await page.locator('phone-nav').getByText('Media', { exact: true }).waitFor()
  await page.locator('phone-tab').nth(0).tap()
  await page.locator('.tab-taps').filter({ hasText: '1' }).waitFor()
  await page.phone.swipe({ x: 180, y: 500 }, { dy: 120 })
  await page.locator('.pulls').filter({ hasText: '1' }).waitFor()
  await close(page)

  const parts = await open('/pages/parts/parts')
  await parts.locator('.to-far').tap()
  await parts.locator('.top').filter({ hasText: 'parts' }).waitFor()
  const { y, height } = await parts.locator('.top').boundingBox()
  assert.deepEqual([y, height], [10, 60]) // the page's padding, and the capsule's bottom with its margin
  const capsule = await parts.locator('phone-capsule').boundingBox()
  assert.deepEqual(capsule, { x: 281, y: 24, width: 87, height: 32 })
  assert.equal(await parts.locator('.height').textContent(), '667')
  await screenshot(parts, 'runtime-custom.png')
  await parts.locator('.notice').tap()
  await parts.locator('.notice').filter({ hasText: 'accept' }).waitFor()
  await parts.phone.back()
  await parts.locator('.to-far').tap()
  await parts.locator('phone-view:not([hidden]) .badge').tap()
  await parts.locator('phone-badge').getByText('99+', { exact: true }).waitFor()
  await close(parts)
})

test('a picture is chosen, uploaded, downloaded and kept; a voice is recorded and played', async () => {
  const page = await open('/pages/media/media', { files: [PICTURE] })
  await page.locator('.choose').tap()
  await logged(page, 'chosen:54x54')
  await logged(page, 'progress:100 uploaded:200')
  await logged(page, 'kept:picture.png:true')
  for (const name of ['local', 'remote', 'packaged']) {
    await page.waitForFunction((className) => document.querySelector(`.${className} img`).naturalWidth === 54, name)
  }
  await page.phone.press(page.locator('.record'), { ms: 600 })
  await logged(page, 'recorded:true')
  await logged(page, 'ended')
  await page.phone.set({ permissions: { 'scope.record': false } })
  await page.phone.press(page.locator('.record'), { ms: 100 })
  await logged(page, 'operateRecorder:fail_auth_deny')
  await page.reload()
  await page.waitForFunction(() => document.querySelector('.remote img')?.naturalWidth === 54) // it is kept over a start
  await close(page)
})

test('the dark theme, and a change of it', async () => {
  const page = await open('/pages/touch/touch', { theme: 'dark' })
  const bar = () => styleOf(page.locator('phone-nav'), 'backgroundColor')
  assert.equal(await bar(), 'rgb(30, 30, 30)')
  await screenshot(page, 'runtime-dark.png')
  await page.emulateMedia({ colorScheme: 'light' })
  await page.waitForFunction(() => getComputedStyle(document.querySelector('phone-nav')).backgroundColor === 'rgb(247, 247, 247)')
  await close(page)
})

test('what is missing throws and is told of; storage that is full, too', async () => {
  const page = await open('/more/far/far')
  await page.locator('.missing').tap()
  await page.waitForFunction(() => window.phone.report().errors.length === 1)
  const { errors, unsupported } = await page.phone.report()
  assert.match(errors[0], /wx\.startBeaconDiscovery is not provided/)
  assert.deepEqual(unsupported, ['<marquee>', 'wx.startBeaconDiscovery'])
  await page.phone.fullStorage(true)
  await page.locator('.store').tap()
  await page.locator('.store').filter({ hasText: 'full' }).waitFor()
  await page.context().close()
})
