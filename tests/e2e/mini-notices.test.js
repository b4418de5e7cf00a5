'use strict'
// "Notify me when they reply": when it is asked for, and when not any more. The server here has no templates, so its answers of push.* are
// played; in one test it has one, and tells by WeChat, which is a stand-in.

const assert = require('node:assert/strict')
const test = require('node:test')
const { startProduct, stopProduct, closePhones, openProduct, somebody, screenshot, LOOKS, isClean, CLEAN, standsOut } = require('./lib/product')
const { withWechat } = require('./lib/wechat')

let it
test.before(async () => { it = await startProduct() })
test.after(() => stopProduct(it))
test.afterEach(() => closePhones(it))

const DAY_MS = 86_400_000
const strip = (page) => page.locator('.notice')
const drawn = (page) => page.evaluate(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)) }))

/** Writes, and waits until the page has the server's answer. */
async function write(page, text) {
  await page.locator('textarea').fill(text)
  const answered = new Promise((resolve) => { page.answered = resolve })
  await page.locator('[class*="--send-area"]').tap()
  await answered
  await drawn(page)
}

/**
 * The server's answers, with templates.
 * @param {{grants: object, refuses?: boolean}} push what is granted, changed by what the page grants; refuses: -32003 to push.grant
 */
async function playPush(page, push) {
  push.asked = []
  await page.routeWebSocket(/\/v1\/connect/, (socket) => {
    const server = socket.connectToServer()
    const sends = new Set()
    server.onMessage((text) => {
      socket.send(text)
      if (sends.delete(JSON.parse(text).id)) page.answered()
    })
    socket.onMessage((text) => {
      const { id, method, params } = JSON.parse(text)
      if (method === 'message.send') sends.add(id)
      const answer = (more) => socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...more }))
      if (method === 'push.status') answer({ result: { grants: push.grants } })
      else if (method === 'push.grant') {
        push.asked.push(params)
        if (push.refuses) return answer({ error: { code: -32003, message: 'no' } })
        push.grants[params.templateId] += params.count
        answer({ result: {} })
      } else server.send(text)
    })
  })
  await page.reload()
}

/** The chat with somebody who is away. */
async function openChat(as, push, { peer = 'away', ...options } = {}) {
  const page = await openProduct(it, { as, path: `/pages/chat/chat?userId=${peer}`, ...options })
  await playPush(page, push)
  await page.locator('textarea').waitFor()
  return page
}

test('asked for after a message to somebody who is away; accepted once, it is gone', async () => {
  const push = { grants: { T1: 0, T2: 0 } }
  const page = await openChat('10', push)
  assert.equal(await strip(page).count(), 0)
  await write(page, '在吗')
  await strip(page).getByText('对方回复时，用微信通知我').waitFor()
  const { y, height } = await page.locator('wx-hy-bubble').last().boundingBox()
  assert.ok(y + height <= (await strip(page).boundingBox()).y, 'the newest message is above the strip')
  await screenshot(page, 'mini-notice.png')
  await strip(page).getByText('开启').tap()
  await page.locator('phone-toast').getByText('收到回复会通知你一次').waitFor()
  await strip(page).waitFor({ state: 'detached' })
  assert.deepEqual(push.asked, [{ templateId: 'T1', count: 1 }, { templateId: 'T2', count: 1 }])
  assert.deepEqual(await isClean(page), CLEAN)
})

test('not asked for while somebody is there, nor where a grant is left, nor of oneself', async () => {
  const li = await somebody(it, '2', '李四')
  const page = await openChat('11', { grants: { T1: 0 } }, { peer: '2' })
  await page.locator('.title .dot').waitFor() // online
  await write(page, '在吗')
  assert.equal(await strip(page).count(), 0)
  li.close()
  await strip(page).waitFor() // they left, the answer is waited for

  const granted = await openChat('12', { grants: { T1: 1 } })
  await write(granted, '在吗')
  const own = await openChat('13', { grants: { T1: 0 } }, { peer: '13' })
  await write(own, '记一下')
  for (const one of [granted, own]) assert.equal(await strip(one).count(), 0)
  for (const one of [page, granted, own]) assert.deepEqual(await isClean(one), CLEAN)
})

test('the × is kept: a week, and after the third for good', async () => {
  const push = { grants: { T1: 0 } }
  const page = await openChat('14', push)
  const passed = (days) => page.evaluate((ms) => { // the phone's clock goes on
    const key = 'storage hongyan-chat:14:notices'
    const entries = JSON.parse(JSON.parse(localStorage.getItem(key))).map(([name, value]) => [name, name === 'until' ? value - ms : value])
    localStorage.setItem(key, JSON.stringify(JSON.stringify(entries)))
  }, days * DAY_MS)
  for (const closed of [1, 2, 3]) {
    await write(page, `第 ${closed} 次`)
    await strip(page).waitFor()
    await page.locator('.notice-close').tap()
    await strip(page).waitFor({ state: 'detached' })
    await page.phone.background() // writes what is kept
    await passed(6)
    await page.reload()
    await write(page, `六天后 ${closed}`)
    assert.equal(await strip(page).count(), 0)
    await page.phone.background()
    await passed(2)
    await page.reload()
  }
  await write(page, '再也不问')
  assert.equal(await strip(page).count(), 0)
  assert.deepEqual(push.asked, [])
  assert.deepEqual(await isClean(page), CLEAN)
})

test('a no is respected; without the main switch, or refused by the server, strip and setting are gone', async () => {
  const no = await openChat('15', { grants: { T1: 0 } }, { subscribe: 'reject' })
  await write(no, '在吗')
  await strip(no).getByText('开启').tap()
  await strip(no).waitFor({ state: 'detached' })
  await write(no, '还在吗')
  assert.equal(await strip(no).count(), 0)

  for (const [as, push, options] of [['16', { grants: { T1: 0 } }, { subscribe: 'off' }], ['17', { grants: { T1: 0 }, refuses: true }, {}]]) {
    const page = await openProduct(it, { as, ...options })
    await playPush(page, push)
    await page.locator('phone-tab').nth(2).tap()
    await page.getByText('设置', { exact: true }).tap()
    await page.getByText('微信通知').tap()
    await page.getByText('微信通知').waitFor({ state: 'detached' })
    await page.getByText('外观').waitFor()
    assert.deepEqual(await isClean(page), CLEAN)
  }
})

const TEMPLATE = { template_id: 'replyTemplate', page: 'pages/chat/chat?{to}', delay: 1, fields: { thing1: 'content', thing2: 'sender' } }

test('a server that has a template: accepted, told of when the app is closed, and the chat is what opens', () => withWechat(it, async (started, wechat) => {
  const openid = 'canary-o-notices'
  const liComes = () => somebody(started, '2', '李四', { getToken: async () => started.blackbox.tokenOf('2') });
  (await liComes()).close()
  const page = await openProduct(started, { loginCode: () => wechat.code(openid) })
  await page.getByText('还没有聊天').waitFor()
  await page.goto(`${started.app.url}/pages/chat/chat?userId=2`)
  const ask = async (text) => {
    await page.locator('textarea').fill(text)
    await page.locator('[class*="--send-area"]').tap()
    await strip(page).waitFor()
  }
  await ask('在吗')
  wechat.api.accepts(openid, TEMPLATE.template_id) // WeChat itself hears of the tap that follows
  await strip(page).getByText('开启').tap()
  await page.locator('phone-toast').getByText('收到回复会通知你一次').waitFor()

  const { userId } = await page.evaluate(() => JSON.parse(localStorage.getItem('storage hongyan:login')))
  await page.goto('about:blank') // the app is closed
  const li = await liComes()
  await li.send({ to: { userId }, content: '在的' })
  const notice = await wechat.notice()
  assert.deepEqual([notice.openid, notice.page, notice.values], [openid, 'pages/chat/chat?userId=2', { thing1: '在的', thing2: '李四' }])
  li.close()

  await page.goto(`${started.app.url}/${notice.page}`)
  await page.locator('wx-hy-bubble').getByText('在的').waitFor()
  await ask('那太好了') // it was for one notice
  assert.deepEqual(await isClean(page), CLEAN)
}, { subscribe: [TEMPLATE] }))

test('how it looks', async () => {
  for (const { name, ...look } of [...LOOKS, { name: '320-en-largest', width: 320, language: 'en', fontSizeSetting: 23 }]) {
    const page = await openChat(`look-${name}`, { grants: { T1: 0 } }, look)
    await write(page, 'ok')
    await strip(page).waitFor()
    await screenshot(page, `mini-notice-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
    const [{ height }, { y, height: whole }] = await Promise.all(['.notice-text', '.notice'].map((part) => page.locator(part).boundingBox()))
    assert.ok(height <= whole && y + whole < page.viewportSize().height, name)
    for (const button of ['.notice-on', '.notice-close']) {
      const box = await page.locator(button).boundingBox()
      const least = page.viewportSize().width * 88 / 750 - 0.5
      assert.ok(box.width >= least && box.height >= least, `${name}: ${button} is ${box.width} × ${box.height}`)
    }
    await page.context().close()
  }
})
