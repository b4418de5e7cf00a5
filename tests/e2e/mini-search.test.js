'use strict'
// Search over everything and in one chat; forwarding.

const assert = require('node:assert/strict')
const test = require('node:test')
const { startProduct, copyProduct, stopProduct, closePhones, openProduct, somebody, screenshot, LOOKS, isClean, CLEAN, standsOut } = require('./lib/product')
const { eventually, atRest } = require('./lib/wait')

let it
let li
let groupId
test.before(async () => {
  it = await startProduct()
  li = await somebody(it, '2', '李四')
  const wang = await somebody(it, '3', '王五')
  for (const content of ['我要退货，订单 20261127003', '好的', '退货地址发我一下']) await li.send({ to: { userId: '10' }, content })
  groupId = (await wang.call('group.create', { name: '周末爬山', members: ['10', '2'] })).group.groupId
  await wang.send({ to: { groupId }, content: `${'前面很长的一段话，'.repeat(6)}最后才说到退货` })
  await wang.send({ to: { userId: '10' }, content: 'Hello world' })
  wang.close()
})
test.after(async () => {
  if (li) li.close()
  await stopProduct(it)
})
test.afterEach(() => closePhones(it))

const visible = (page, selector) => page.locator(`phone-view:not([hidden]) ${selector}`)

test('contacts and messages are found, hits marked, several of a chat are one row', async () => {
  const page = await openProduct(it, { as: '10' })
  await page.locator('.row').nth(2).waitFor()
  await page.getByText('搜索', { exact: true }).tap()
  const input = visible(page, 'input')
  await input.fill('退货')
  await page.getByText('2 条相关记录').waitFor()
  await eventually(async () => assert.deepEqual(await visible(page, '.person-name').allTextContents(), ['周末爬山', '李四']))
  assert.deepEqual(await visible(page, '.hit').allTextContents(), ['退货'])
  await screenshot(page, 'mini-search-found.png')
  await visible(page, '.person').filter({ hasText: '李四' }).tap()
  await visible(page, '.hit-text').nth(1).waitFor()
  assert.deepEqual(await visible(page, '.hit-text').allTextContents(), ['退货地址发我一下', '我要退货，订单 20261127003'])
  await screenshot(page, 'mini-search-several.png')
  await input.fill('ls')
  await page.getByText('联系人', { exact: true }).waitFor()
  await visible(page, '.person-name').filter({ hasText: '李四' }).waitFor()
  await input.fill('没有这样的话')
  await page.getByText('没有找到“没有这样的话”的结果').waitFor()
  await input.fill('hello')
  await visible(page, '.hit').filter({ hasText: 'Hello' }).waitFor()
  await page.context().setOffline(true)
  await input.fill('hell')
  await page.getByText('网络不可用，请稍后再试').waitFor({ timeout: 8000 }) // at once, not when an answer is given up, which takes ten seconds
  await page.context().setOffline(false)
  assert.deepEqual((await page.phone.report()), CLEAN.report)
})

test('in one chat: only that chat\'s messages', async () => {
  const page = await openProduct(it, { as: '10', path: `/more/search/search?groupId=${groupId}` })
  await page.locator('phone-nav').getByText('查找聊天记录').waitFor()
  await visible(page, 'input').fill('退货')
  await visible(page, '.hit').first().waitFor()
  assert.equal(await visible(page, '.person').count(), 1)
  assert.match(await visible(page, '.hit-text').textContent(), /^….*退货$/)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('messages are forwarded to two chats, once each', async () => {
  // A page in the chat's place that hands over what a chat would.
  const { folder, remove } = copyProduct({
    'pages/chat/chat.js': () => `const { definePage } = require('../../services/page')
      const { openForward } = require('../../services/links')
      definePage('chats', { isTitled: true, go() { openForward([{ kind: 'text', content: '转一下' }, { kind: 'voice', content: {} }, { kind: 'location', content: { latitude: 1, longitude: 2, name: '这里' } }]) } })`,
    'pages/chat/chat.wxml': () => '<view class="hy-page" bindtap="go">forward</view>',
    'pages/chat/chat.json': () => '{}',
  })
  const copy = await startProduct(folder)
  const [other, wang] = [await somebody(copy, '2', '李四'), await somebody(copy, '3', '王五')]
  await other.send({ to: { userId: '10' }, content: '在吗' })
  const { group } = await wang.call('group.create', { name: '周末爬山', members: ['10', '2'] })
  const page = await openProduct(copy, { as: '10', path: '/pages/chat/chat?userId=2' })
  await page.getByText('forward').tap()
  await visible(page, '.person').nth(1).waitFor()
  await page.getByText('共 2 条消息').waitFor()
  for (const name of ['李四', '周末爬山']) await visible(page, '.person').filter({ hasText: name }).tap()
  await screenshot(page, 'mini-forward.png')
  await page.getByText('发送(2)').tap()
  await page.locator('phone-toast').getByText('已发送').waitFor()
  for (const place of [{ userId: '10' }, { groupId: group.groupId }]) {
    await eventually(async () => {
      const { messages } = await other.call('message.history', { in: place })
      assert.deepEqual(messages.filter(({ from }) => from === '10').map(({ kind }) => kind), ['text', 'location'])
    })
  }
  assert.deepEqual(await page.phone.report(), CLEAN.report)
  for (const client of [other, wang]) client.close()
  await stopProduct(copy)
  remove()
})

test('how it looks', async () => {
  for (const { name, ...look } of LOOKS) {
    const page = await openProduct(it, { as: '10', path: '/more/search/search', ...look })
    await visible(page, 'input').fill('退货')
    await visible(page, '.hit').first().waitFor()
    await atRest(page)
    await screenshot(page, `mini-search-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
    await page.context().close()
  }
})
