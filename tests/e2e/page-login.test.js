'use strict'
// The demo page on a server that asks for a login: two people with user tokens, pasted or from a link, which end, are
// renewed, or are taken no more; nothing that is on the screen or on its way is lost by that.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch, screenshot } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { WAIT, LOOKS, geometry, ...shared } = require('./lib/page')
const { eventually } = require('./lib/wait')

// What Chromium itself writes about an answer of 401, on a request or a socket.
const REFUSED = /status of 401|WebSocket connection to .* failed/

let lib // of the black-box tests: keys and waiting
let browser
let keys
let server

test.before(async () => {
  lib = { ...await import('../blackbox/lib/keys.js'), ...await import('../blackbox/lib/wait.js') }
  browser = await launch()
})
test.after(() => browser?.close())
test.beforeEach(async () => {
  keys = new lib.KeyFiles()
  server = await startHongyan({ args: keys.args })
})
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
  keys.dispose()
})

// -- a page and what one does with it

const open = (options) => shared.openPage(browser, server, { path: '/demo', ...options })
const phone = (page, index, tab = 'phone') => page.locator(`#${tab}-${index}`)
const asks = (page, index, words, tab) => phone(page, index, tab).locator('.ask').getByText(words).waitFor(WAIT)
const online = (page, index, tab = 'phone') => phone(page, index, tab).locator('.state .dot.good').waitFor({ state: 'attached', ...WAIT })
const seen = (page, index, text, tab) => phone(page, index, tab).locator('.chats .bubble .text').getByText(text, { exact: true }).waitFor(WAIT)
const texts = (page, index, tab) => phone(page, index, tab).locator('.chats .bubble .text').allTextContents()
const assertQuiet = (page, allowed) => shared.assertQuiet(page, server, allowed)

async function signIn(page, index, token, tab) {
  await phone(page, index, tab).locator('.login input').fill(token)
  await page.keyboard.press('Enter')
}

async function write(page, index, text, tab) {
  await phone(page, index, tab).locator('textarea').click()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

/** Both are in, the second by the link, the first with what `first` claims then; on the v1 tab the conversation of the two is open. */
async function openSignedIn({ tab = 'phone', first = () => ({}), options } = {}) {
  const page = await open({ path: `/demo#${tab === 'v1' ? 'v1&' : ''}token=${lib.tokenOf('2')}`, ...options })
  await online(page, 1, tab)
  await asks(page, 0, '需要登录', tab)
  page.first = first() // not before the page is there: it may end soon
  await signIn(page, 0, lib.tokenOf('1', page.first), tab)
  await online(page, 0, tab)
  if (tab === 'v1') for (const index of [0, 1]) await phone(page, index, tab).locator('.rows button').first().click()
  return page
}

/** A token that has lived for most of its time. */
const endingSoon = (inSeconds) => ({ iat: lib.seconds() - 86400, exp: lib.seconds() + inSeconds })

/** The end of a token has come, and with it whatever the server does then. */
const over = (page) => page.waitForFunction((end) => Date.now() > end, page.first.exp * 1000 + 1500, WAIT)

const byKey = () => lib.bearer(lib.apiKeys.all)
async function push(from, to, content) {
  const response = await fetch(`${server.url}/push`, { method: 'POST', headers: byKey(), body: JSON.stringify({ userId: from, targetUserId: to, content }) })
  assert.equal(response.status, 200)
}
const stored = async () => (await (await fetch(`${server.url}/getMessage?userId=1&targetUserId=2&limit=500`, { headers: byKey() })).json()).map((chat) => chat.content)

/** The server's secret becomes another one: tokens of before open nothing any more. Answers a maker of good ones. */
async function changeSecret() {
  const secret = `${lib.secret}-changed`
  const before = lib.tokenOf('1')
  keys.write('secret', `${secret}\n`)
  server.reload()
  await lib.eventually(30000, 'the new secret', async () =>
    (await fetch(`${server.url}/getMessage?userId=1`, { headers: lib.bearer(before) })).status === 401)
  return (sub) => lib.jwt({ alg: 'HS256' }, { sub, exp: lib.seconds() + 600 }, lib.hmac(secret))
}

// -- coming in

test('a server without a login asks for none', async () => {
  const free = await startHongyan()
  const page = await shared.openPage(browser, free)
  for (const index of [0, 1]) {
    await online(page, index)
    assert.equal(await phone(page, index).locator('.login').isVisible(), false)
  }
  shared.assertQuiet(page, free)
  await free.stop()
})

test('who has no token is asked for one; what is none is said, what is not good is asked for again', async () => {
  const page = await open()
  for (const index of [0, 1]) await asks(page, index, '这个服务器需要登录')
  assert.equal(await page.locator('.composer:visible').count(), 0)
  await page.waitForFunction(() => document.querySelector('#online').textContent === '0', null, WAIT)
  await screenshot(page, 'page-login.png')

  for (const text of ['', 'token', lib.apiKeys.all, 'a.b.c']) {
    await signIn(page, 0, text)
    await phone(page, 0).locator('.not-taken').getByText('这不是用户 token').waitFor(WAIT)
  }
  await signIn(page, 0, lib.jwt({ alg: 'HS256' }, { sub: '1', exp: lib.seconds() + 600 }, lib.hmac('another secret of nobody, long enough')))
  await asks(page, 0, '登录已失效')
  await signIn(page, 0, lib.tokenOf('wang.wu@home'))
  await online(page, 0)
  assert.match(await phone(page, 0).locator('.state').textContent(), /wang\.wu@home/)
  await signIn(page, 1, lib.tokenOf('2'))
  await online(page, 1)

  await write(page, 0, '在吗')
  await seen(page, 1, '在吗')
  await write(page, 1, '在的')
  await seen(page, 0, '在的')
  assert.equal(await page.locator('.login:visible').count(), 0)
  assertQuiet(page, REFUSED)
})

test('a token in the link is out of the address at once, and kept for this tab of the browser alone', async () => {
  const token = lib.tokenOf('1')
  const page = await open({ path: `/demo#token=${token}` })
  assert.equal(page.url(), `${server.url}/demo`)
  await online(page, 0)
  await page.reload()
  await online(page, 0)
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)).then((kept) => kept.includes('eyJ')), false)

  await page.goto(`${server.url}/demo#token=${lib.tokenOf('2')}`)
  await online(page, 1)
  assert.equal(page.url(), `${server.url}/demo`)
  const other = await page.context().newPage()
  await other.goto(`${server.url}/demo`)
  await asks(other, 0, '需要登录')
  assertQuiet(page, REFUSED)
})

test('v1: two people with tokens chat, and no address has a token', async () => {
  const page = await openSignedIn({ tab: 'v1' })
  assert.equal(page.url(), `${server.url}/demo#v1`)
  await write(page, 0, '晚上一起吃饭吗？', 'v1')
  await seen(page, 1, '晚上一起吃饭吗？', 'v1')
  await write(page, 1, '好呀', 'v1')
  await seen(page, 0, '好呀', 'v1')
  assert.deepEqual(page.asked.filter((url) => url.includes('eyJ') && !url.includes('#')), [])
  await page.locator('.tabs a').first().click()
  for (const index of [0, 1]) await online(page, index)
  await eventually(async () => assert.deepEqual(await texts(page, 0), ['晚上一起吃饭吗？', '好呀']))
  assertQuiet(page, REFUSED)
})

test('the token is good for its user only: who changes the person is asked for another', async () => {
  const page = await openSignedIn()
  await phone(page, 0).locator('.change').click()
  await phone(page, 0).getByLabel('用户 id').fill('3')
  await page.keyboard.press('Enter')
  await asks(page, 0, '需要登录')
  await signIn(page, 0, lib.tokenOf('3'))
  await online(page, 0)
  await write(page, 1, '你好，三')
  await seen(page, 0, '你好，三')
  assertQuiet(page, REFUSED)
})

// -- the end of a token

test('v1: a token that ends soon is told of, and a new one goes into the live session', async () => {
  const page = await openSignedIn({ tab: 'v1', first: () => endingSoon(10) })
  const sockets = () => page.asked.filter((url) => url.startsWith('ws')).length
  const before = sockets()
  await asks(page, 0, '到期', 'v1')
  const foreign = lib.jwt({ alg: 'HS256' }, { sub: '1', exp: lib.seconds() + 600 }, lib.hmac('another secret of nobody, long enough'))
  await signIn(page, 0, foreign, 'v1')
  await phone(page, 0, 'v1').locator('.not-taken').waitFor(WAIT)
  await signIn(page, 0, lib.tokenOf('1'), 'v1')
  await phone(page, 0, 'v1').locator('.login').waitFor({ state: 'hidden', ...WAIT })
  await over(page)
  await write(page, 1, '到期以后', 'v1')
  await seen(page, 0, '到期以后', 'v1')
  assert.equal(sockets(), before)
  assert.match(await page.locator('.wire').textContent(), /"session\.refresh","params":\{"token":"…"\}/)
  assertQuiet(page, REFUSED)
})

test('v1: a token that has ended is asked for again; nothing is lost, and what was written goes out once', async () => {
  const page = await openSignedIn({ tab: 'v1', first: () => ({ exp: lib.seconds() + 8 }) })
  await write(page, 0, '之前', 'v1')
  await seen(page, 1, '之前', 'v1')
  await asks(page, 0, '登录已失效', 'v1')
  await eventually(async () => assert.deepEqual(await texts(page, 0, 'v1'), ['之前']))
  await write(page, 0, '等着的', 'v1')
  await write(page, 1, '错过的', 'v1')
  await seen(page, 1, '错过的', 'v1')
  await signIn(page, 0, lib.tokenOf('1'), 'v1')
  await seen(page, 1, '等着的', 'v1')
  await seen(page, 0, '错过的', 'v1')
  const expected = ['之前', '错过的', '等着的']
  for (const index of [0, 1]) await eventually(async () => assert.deepEqual(await texts(page, index, 'v1'), expected))
  assert.deepEqual(await stored(), expected)
  assertQuiet(page, REFUSED)
})

test('classic: a token that ends soon is told of, and the next one goes on', async () => {
  const page = await openSignedIn({ first: () => endingSoon(10) })
  await asks(page, 0, '到期')
  await write(page, 0, '快到期了')
  await seen(page, 1, '快到期了')
  const token = lib.tokenOf('1')
  await signIn(page, 0, token)
  await phone(page, 0).locator('.login').waitFor({ state: 'hidden', ...WAIT })
  await over(page)
  await push('2', '1', '到期以后')
  await seen(page, 0, '到期以后')
  assert.equal(page.asked.filter((url) => url.includes(`?token=${token}`)).length, 1)
  assert.equal(await phone(page, 0).locator('.login').isVisible(), false)
  assertQuiet(page, REFUSED)
})

test('classic: a token that has ended is asked for again; nothing is lost, and what was written goes out once', async () => {
  const page = await openSignedIn({ first: () => ({ exp: lib.seconds() + 8 }) })
  await write(page, 0, '之前')
  await seen(page, 1, '之前')
  await asks(page, 0, '登录已失效')
  await eventually(async () => assert.deepEqual(await texts(page, 0), ['之前']))
  await write(page, 0, '等着的')
  await push('2', '1', '错过的')
  await signIn(page, 0, lib.tokenOf('1'))
  await seen(page, 1, '等着的')
  await seen(page, 0, '错过的')
  assert.deepEqual(await stored(), ['之前', '错过的', '等着的'])
  await page.waitForFunction(() => !document.querySelector('#phone-0 .pending').children.length, null, WAIT)
  await eventually(async () => assert.deepEqual(await texts(page, 0), ['之前', '错过的', '等着的']))
  assertQuiet(page, REFUSED)
})

test('classic: a push that is refused for its token waits for the next one, and is stored once', async () => {
  const page = await openSignedIn()
  const signed = await changeSecret()
  await write(page, 0, '换了密钥')
  await asks(page, 0, '登录已失效')
  await eventually(async () => assert.deepEqual(await phone(page, 0).locator('.pending .bubble .text').allTextContents(), ['换了密钥']))
  await signIn(page, 0, signed('1'))
  await seen(page, 0, '换了密钥')
  assert.deepEqual(await stored(), ['换了密钥'])
  assertQuiet(page, REFUSED)
})

// -- the rest

test('figures that want a login are not shown; the database is still told of', async () => {
  const page = await open({ prepare: (one) => one.route('**/metrics', (route) => route.fulfill({
    status: 401, contentType: 'application/problem+json', body: '{"title":"Unauthorized","status":401}',
  })) })
  await page.locator('.figures').waitFor({ state: 'hidden', ...WAIT })
  await page.waitForFunction(() => /正常/.test(document.querySelector('#database').textContent), null, WAIT)
  for (const width of [1280, 375, 320]) {
    await page.setViewportSize({ width, height: 800 })
    assert.deepEqual(await page.evaluate(geometry), [], `at ${width}`)
  }
})

test('nothing of the form is cut, covered, too small or too faint', async () => {
  const faults = {}
  for (const look of LOOKS) {
    const measure = async (page, state) => {
      const found = await page.evaluate(geometry)
      if (found.length) faults[`${look.width} ${look.colorScheme} ${look.locale}, ${state}`] = found
    }
    const form = (page) => phone(page, 0).locator('.login')
    const page = await open(look)
    await form(page).waitFor(WAIT)
    await measure(page, 'as asked')
    await signIn(page, 0, 'none')
    await form(page).locator('.not-taken').waitFor(WAIT)
    await measure(page, 'with a text that is no token')
    await signIn(page, 0, lib.tokenOf('1', endingSoon(60)))
    await online(page, 0)
    await form(page).waitFor(WAIT)
    await measure(page, 'with a token that ends soon')
    await page.context().close()
  }
  assert.deepEqual(faults, {})
})
