'use strict'
// Who one is: the demo's people, an id, WeChat's login.

const assert = require('node:assert/strict')
const test = require('node:test')
const { startProduct, stopProduct, closePhones, openProduct, screenshot, LOOKS, isClean, CLEAN, standsOut } = require('./lib/product')
const { withWechat } = require('./lib/wechat')

let it
test.before(async () => { it = await startProduct() })
test.after(() => stopProduct(it))
test.afterEach(() => closePhones(it))

test('one chooses a person, has their name, and is them after a restart', async () => {
  const page = await openProduct(it)
  await page.getByText('选择身份').waitFor()
  await page.getByText('李四', { exact: true }).tap()
  await page.getByText('还没有聊天').waitFor()
  await page.reload()
  await page.getByText('还没有聊天').waitFor()
  await page.locator('phone-tab').nth(2).tap()
  await page.locator('.card-name').getByText('李四').waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
})

test('a wrong id has words, a right one comes in', async () => {
  const page = await openProduct(it)
  await page.locator('input').fill('没有')
  await page.getByText('进入', { exact: true }).tap()
  await page.getByText('账号只能用').waitFor()
  await page.locator('input').fill('zhang.3')
  await page.getByText('进入', { exact: true }).tap()
  await page.getByText('还没有聊天').waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
})

test('how it looks', async () => {
  for (const { name, ...look } of LOOKS) {
    const page = await openProduct(it, look)
    await page.locator('.people').waitFor()
    await screenshot(page, `mini-login-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
  }
})

// ---- by WeChat, which a stand-in plays ----

test('WeChat logs in silently; the token is kept', () => withWechat(it, async (started, wechat) => {
  let asked = 0
  const page = await openProduct(started, { loginCode: () => { asked++; return wechat.code('openid-zhang') } })
  await page.getByText('还没有聊天').waitFor()
  await page.reload()
  await page.getByText('还没有聊天').waitFor()
  assert.equal(asked, 1)
  assert.deepEqual(await isClean(page), CLEAN)
}))

test('a login that fails has words, is tried again, and by the button', () => withWechat(it, async (started, wechat) => {
  let isBroken = true
  const page = await openProduct(started, { loginCode: () => { if (isBroken) throw new Error('system error'); return wechat.code('openid-li') } })
  await page.getByText('登录失败，请重试').waitFor()
  await screenshot(page, 'mini-login-failed.png')
  isBroken = false
  await page.getByText('微信登录').tap().catch(() => {}) // unless it was tried again just now
  await page.getByText('还没有聊天').waitFor()
  assert.deepEqual((await page.phone.report()).errors, [])
}))

test('a server without WeChat\'s login says that it is unavailable', () => withWechat(it, async (started, wechat) => {
  const page = await openProduct(started, { loginCode: () => wechat.code('openid-wang') })
  await page.getByText('商店暂时无法登录').waitFor()
  await screenshot(page, 'mini-login-unavailable.png')
}, { hasLogin: false }))

test('a login that the server does not take any more is expired, and the button begins anew', () => withWechat(it, async (started, wechat) => {
  const page = await openProduct(started, { loginCode: () => wechat.code('openid-zhao') })
  await page.getByText('还没有聊天').waitFor()
  let isRefused = true
  await page.routeWebSocket(/\/v1\/connect/, (socket) => (isRefused ? socket.close({ code: 4001 }) : socket.connectToServer()))
  await page.reload()
  await page.getByText('登录已过期，请重新登录').waitFor()
  await screenshot(page, 'mini-login-expired.png')
  isRefused = false
  await page.getByText('微信登录').tap()
  await page.getByText('还没有聊天').waitFor()
  assert.deepEqual((await page.phone.report()).errors, [])
}))
