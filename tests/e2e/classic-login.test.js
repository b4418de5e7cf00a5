'use strict'
// The mini-program with its login, as WeChat users who log in at a real server, which asks a stand-in for WeChat.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('node:test')
const { startFaultProxy } = require('./lib/fault-proxy')
const { startHongyan } = require('./lib/hongyan')
const { screenshot } = require('./lib/browser')
const { launchForMiniProgram, openMiniProgram } = require('./runtime/open')
const { serveMiniProgram } = require('./runtime/serve')

const MINI_PROGRAM = path.resolve(__dirname, '..', '..', 'examples', 'tutorial')
const CONFIGURED_SERVER = require(path.join(MINI_PROGRAM, 'config.js')).server
const DAY = 86400000

let lib // of the black-box tests: keys, waiting and the stand-in for WeChat
let app
let browser
let wechat
let keys
let server

test.before(async () => {
  const [keysOf, waiting, standIn] = await Promise.all(
    ['keys', 'wait', 'wechat'].map((name) => import(`../blackbox/lib/${name}.js`)))
  lib = { ...keysOf, ...waiting, ...standIn }
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-login-'))
  try {
    fs.cpSync(MINI_PROGRAM, directory, { recursive: true })
    switchLoginOn(path.join(directory, 'config.js'))
    app = await serveMiniProgram(directory)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
  browser = await launchForMiniProgram()
})
test.after(async () => {
  if (browser) await browser.close()
  if (app) await app.close()
})
test.beforeEach(async () => {
  wechat = await lib.WechatStandIn.start()
  keys = new lib.KeyFiles()
  keys.write('wechat', `${wechat.secret}\n`)
  server = await startHongyan({ origins: [app.url], args: keys.args, config: wechatConfig() })
})
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  if (server) await server.stop()
  await wechat.stop()
  keys.dispose()
})

/** What a developer does to the one place that is to be changed. */
function switchLoginOn(file) {
  const text = fs.readFileSync(file, 'utf8')
  assert.match(text, /login: false/)
  fs.writeFileSync(file, text.replace('login: false', 'login: true'))
}

const wechatConfig = () =>
  `[wechat]\napp_id = "${wechat.appId}"\nsecret_file = "${keys.path('wechat')}"\nbase_url = "${wechat.url}"\n`

// ---- phones and what their users do ----

/** Opens the mini-program on the phone of a WeChat user. `kept` is the login that is in its storage already. */
const openPhone = (openid, { via = server.url, kept, ...options } = {}) => openMiniProgram(browser, app.url, {
  servers: { [CONFIGURED_SERVER]: via },
  loginCode: () => wechat.code(openid),
  storage: kept && { [STORED]: kept },
  ...options,
})
const STORED = `login ${CONFIGURED_SERVER}`
const storedLogin = (page) => page.evaluate((key) => JSON.parse(localStorage.getItem(`storage ${key}`)), STORED)

const chatPath = (me, peer) => `/pages/chat/chat?me=${me}&peer=${peer}`
const ownId = async (page) => (await page.locator('.own-id').filter({ hasText: /^u[0-9a-f]{16}$/ }).textContent())

/** Chooses the other on the first page. */
async function chatWith(page, peer) {
  await page.locator('.peer input').first().fill(peer)
  await page.locator('.start').tap()
  await ready(page)
}

/** The list is loaded and the socket open. */
async function ready(page) {
  await page.locator('.status').waitFor({ state: 'detached' })
  await page.waitForFunction(() => window.phone.sockets() === 1)
  await page.locator('.item, .edge:not(:empty)').first().waitFor({ state: 'attached' })
}

async function say(page, text) {
  await page.locator('textarea').tap()
  await page.keyboard.insertText(text)
  await page.locator('.send').tap()
}

/** Waits until the list shows exactly these texts, and as delivered. */
async function shows(page, texts) {
  await page.waitForFunction((expected) => {
    const shown = [...document.querySelectorAll('.bubble')].map((bubble) => bubble.textContent)
    return JSON.stringify(shown) === JSON.stringify(expected) && !document.querySelector('.sending, .failed')
  }, texts).catch(async () => assert.deepEqual(await page.locator('.bubble').allTextContents(), texts, 'the texts in the list'))
}

/** Everything that the page's status line says from now on. */
async function listenToStatus(page) {
  await page.evaluate(() => {
    window.saidByStatus = []
    new MutationObserver(() => {
      const line = document.querySelector('.status')
      if (line) window.saidByStatus.push(line.textContent)
    }).observe(document.body, { childList: true, subtree: true, characterData: true })
  })
  return () => page.evaluate(() => window.saidByStatus)
}

async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(await page.phone.report(), { errors: [], unsupported: [] })
    await page.context().close()
  }
}

// ---- the server's side ----

const byKey = () => lib.bearer(lib.apiKeys.all)
async function push(userId, targetUserId, content) {
  const response = await fetch(`${server.url}/push`, {
    method: 'POST', headers: byKey(), body: JSON.stringify({ userId, targetUserId, content }),
  })
  assert.equal(response.status, 200)
}
async function stored(userId, targetUserId) {
  const response = await fetch(`${server.url}/getMessage?userId=${userId}&targetUserId=${targetUserId}&limit=500`, { headers: byKey() })
  return (await response.json()).map((chat) => chat.content)
}

/** Who this WeChat user is to the server; `logins()` counts from then on. */
async function known(openid) {
  const response = await fetch(`${server.url}/v1/login/wechat`, { method: 'POST', body: JSON.stringify({ code: wechat.code(openid) }) })
  assert.equal(response.status, 200)
  const { userId, token } = await response.json()
  const count = () => wechat.requests.filter(({ js_code: code }) => wechat.openidOf(code) === openid).length
  const before = count()
  return { userId, token, logins: () => count() - before }
}

/** A login in the phone's storage, whose token lives this long by the server, whatever the phone thinks. */
const keptLogin = (userId, seconds, { renewAt = Date.now() + DAY } = {}) =>
  ({ userId, token: lib.tokenOf(userId, { exp: lib.seconds() + seconds }), renewAt, endsAt: Date.now() + DAY })

/** The server's secret is another one, and it knows: a token of before opens nothing any more. */
async function changeSecret(tokenOfBefore) {
  keys.write('secret', `${lib.secret}-changed\n`)
  server.reload()
  await lib.eventually(30000, 'the new secret', async () =>
    (await fetch(`${server.url}/getMessage?userId=1`, { headers: lib.bearer(tokenOfBefore) })).status === 401)
}

// ---- the tests ----

test('two WeChat users log in, tell each other their accounts and chat; both are still logged in after a restart', async () => {
  const zhang = await openPhone('o-zhang')
  const li = await openPhone('o-li')
  const [zhangId, liId] = [await ownId(zhang), await ownId(li)]
  assert.notEqual(zhangId, liId)
  await zhang.locator('.own-line').tap()
  await zhang.getByText('内容已复制').waitFor()
  assert.equal(await zhang.phone.clipboard(), zhangId)
  assert.equal(await zhang.locator('.person').count(), 0, 'nobody is there to be chosen')
  await screenshot(zhang, 'miniprogram-login.png')

  await chatWith(zhang, liId)
  await chatWith(li, zhangId)
  await say(zhang, '在吗？')
  await shows(li, ['在吗？'])
  await say(li, '在的')
  await shows(zhang, ['在吗？', '在的'])
  assert.deepEqual(await stored(zhangId, liId), ['在吗？', '在的'])

  for (const [page, own] of [[zhang, zhangId], [li, liId]]) {
    await page.reload() // a start of the app, with the first page
    assert.equal(await ownId(page), own)
    await page.locator('.start').tap()
    await shows(page, ['在吗？', '在的'])
    await ready(page)
  }
  await say(li, '还在')
  await shows(zhang, ['在吗？', '在的', '还在'])
  assert.equal(wechat.requests.length, 2, 'each has logged in once')
  await close(zhang, li)
})

test('a token that ends while the chat is open: one new login, and the chat goes on', async () => {
  const me = await known('o-me')
  const page = await openPhone('o-me', { kept: keptLogin(me.userId, 15), path: chatPath(me.userId, 'peer') })
  await ready(page)
  await say(page, '之前')
  await shows(page, ['之前'])
  assert.equal(me.logins(), 0)

  await lib.eventually(60000, 'the login after 4001', () => me.logins() === 1)
  await push('peer', me.userId, '对方的')
  await shows(page, ['之前', '对方的'])
  await ready(page)
  await say(page, '之后')
  await shows(page, ['之前', '对方的', '之后'])

  assert.deepEqual(await stored(me.userId, 'peer'), ['之前', '对方的', '之后'])
  assert.equal(me.logins(), 1)
  await close(page)
})

test('a token that the server takes no more: what is being sent is sent once with a new one', async () => {
  const me = await known('o-me')
  const kept = keptLogin(me.userId, 600)
  const page = await openPhone('o-me', { kept, path: chatPath(me.userId, 'peer') })
  await ready(page)
  await changeSecret(kept.token)

  await say(page, '一')
  await say(page, '二')
  await shows(page, ['一', '二'])
  await push('peer', me.userId, '三')
  await shows(page, ['一', '二', '三'])

  assert.deepEqual(await stored(me.userId, 'peer'), ['一', '二', '三'])
  assert.equal(me.logins(), 1)
  await close(page)
})

test('a socket that is refused for its token: one new login, and what was missed is there', async () => {
  const me = await known('o-me')
  const proxy = await startFaultProxy(() => server.url)
  const kept = keptLogin(me.userId, 600)
  const page = await openPhone('o-me', { via: proxy.url, kept, path: chatPath(me.userId, 'peer') })
  await ready(page)

  proxy.down()
  await page.locator('.status').waitFor()
  await changeSecret(kept.token)
  await push('peer', me.userId, '断线时的')
  await say(page, '断线时写的')
  proxy.up()

  await shows(page, ['断线时的', '断线时写的'])
  await ready(page)
  await push('peer', me.userId, '之后')
  await shows(page, ['断线时的', '断线时写的', '之后'])
  assert.equal(me.logins(), 1)
  assert.notEqual((await storedLogin(page)).token, kept.token)
  await close(page)
  await proxy.close()
})

test('a token is renewed before its end, and the user sees nothing of it', async () => {
  const me = await known('o-me')
  const kept = keptLogin(me.userId, 600)
  const page = await openPhone('o-me', { kept })
  const sockets = []
  page.on('websocket', (socket) => sockets.push(new URL(socket.url()).searchParams.get('token')))
  await page.evaluate(([key, login]) => localStorage.setItem(`storage ${key}`, JSON.stringify({ ...login, renewAt: Date.now() + 6000 })), [STORED, kept])
  await page.goto(app.url + chatPath(me.userId, 'peer'))
  await ready(page)
  const status = await listenToStatus(page)

  const texts = []
  await lib.eventually(60000, 'the renewal, while the other talks on', async () => {
    texts.push(String(texts.length + 1))
    await push('peer', me.userId, texts.at(-1))
    await shows(page, texts)
    return sockets.length === 2
  })
  await push('peer', me.userId, '之后')
  await shows(page, [...texts, '之后'])

  const { token } = await storedLogin(page)
  assert.deepEqual(sockets, [kept.token, token])
  assert.equal(me.logins(), 1)
  assert.deepEqual(await status(), [])
  await page.waitForFunction(() => window.phone.sockets() === 1)
  await close(page)
})

test('while WeChat is down the first page says so, and comes by itself to a login', async () => {
  wechat.always = 'failing'
  const page = await openPhone('o-me')
  await page.getByText('微信登录暂时不可用，正在重试…').waitFor()
  await page.locator('.start').tap()
  assert.match(page.url(), /\/$/)
  wechat.always = null

  assert.match(await ownId(page), /^u/)
  assert.equal(await page.getByText('微信登录暂时不可用').count(), 0)
  await close(page)
})

test('while WeChat is down a chat whose token has ended says so, and comes back by itself with what was written', async () => {
  const me = await known('o-me')
  wechat.always = 'busy'
  const kept = { ...keptLogin(me.userId, 600), endsAt: Date.now() - 1000 }
  const page = await openPhone('o-me', { kept, path: chatPath(me.userId, 'peer') })
  await page.getByText('微信登录暂时不可用，正在重试…').waitFor()
  await push('peer', me.userId, '你在吗')
  await say(page, '等一下')
  await page.locator('.sending').waitFor({ state: 'attached' })
  wechat.always = null

  await shows(page, ['你在吗', '等一下'])
  await ready(page)
  assert.deepEqual(await stored(me.userId, 'peer'), ['你在吗', '等一下'])
  await close(page)
})

test('a server out of reach at first', async () => {
  const proxy = await startFaultProxy(() => server.url)
  proxy.down()
  const page = await openPhone('o-me', { via: proxy.url })
  await page.getByText('网络不给力').waitFor()
  proxy.up()

  assert.match(await ownId(page), /^u/)
  await close(page)
  await proxy.close()
})

test('who is blocked by WeChat is told so, and let in when it is over', async () => {
  let blocked = true
  const page = await openPhone('o-me', { loginCode: () => (blocked ? 'blocked' : wechat.code('o-me')) })
  await page.getByText('微信限制了这个账号，不能登录').waitFor()
  await screenshot(page, 'miniprogram-blocked.png')
  assert.equal(wechat.requests.length, 1)
  blocked = false
  await page.getByText('重试').tap()

  await chatWith(page, await ownId(page))
  await close(page)
})

test('a server without WeChat\'s login is told of', async () => {
  const without = await startHongyan({ origins: [app.url], args: keys.args })
  const page = await openPhone('o-me', { via: without.url })
  await page.getByText('服务器没有开通微信登录').waitFor()
  await close(page)
  await without.stop()
})

test('the page of a chat of somebody else leads to the first page', async () => {
  const me = await known('o-me')
  const page = await openPhone('o-me', { kept: keptLogin(me.userId, 600), path: chatPath('1', '2') })

  assert.equal(await ownId(page), me.userId)
  await close(page)
})
