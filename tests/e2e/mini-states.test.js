'use strict'
// What pages show before anything is known of what they are for.

const assert = require('node:assert/strict')
const test = require('node:test')
const { startFaultProxy } = require('./lib/fault-proxy')
const { startProduct, stopProduct, closePhones, openProduct, somebody, screenshot, LOOKS, isClean, CLEAN, standsOut } = require('./lib/product')
const { atRest } = require('./lib/wait')

let it
test.before(async () => { it = await startProduct() })
test.after(async () => { await stopProduct(it) })
test.afterEach(() => closePhones(it))

const NOWHERE = { url: 'http://127.0.0.1:1' }

test('contacts: that one has none is not said before the server has said it', async () => {
  const page = await openProduct({ ...it, server: NOWHERE }, { as: '10', path: '/pages/contacts/contacts' })
  await page.locator('.bone').first().waitFor()
  assert.equal(await page.getByText('还没有联系人').count(), 0)
  await page.getByText('加载失败，点此重试').waitFor({ timeout: 20000 })
  assert.equal(await page.locator('.bone').count() + await page.getByText('还没有联系人').count(), 0)

  const known = await openProduct(it, { as: '11', path: '/pages/contacts/contacts' })
  await known.getByText('还没有联系人').waitFor()
  assert.equal(await known.locator('.bone').count(), 0)
})

/** Words that are looked for, by language. */
const WORDS = {
  zh: { retry: '加载失败，点此重试', greeting: '和李四打个招呼吧', gone: '群聊已解散，或你不在其中', left: '你已不在群聊', noGroup: '群聊不存在', info: '聊天信息' },
  en: { retry: "Couldn't load. Tap to retry.", greeting: 'Say hi to 李四', gone: 'This group was dismissed, or you are not in it', left: 'You are no longer in this group', noGroup: 'No such group', info: 'Chat info' },
}
const wordsOf = ({ language }) => WORDS[language === 'en' ? 'en' : 'zh']
const bones = (page) => page.locator('wx-hy-chat [class*="--bone-bubble"]')

test('a chat that cannot be loaded says so in its place; a tap tries again, and it is there', { timeout: 300_000 }, async () => {
  const li = await somebody(it, '2', '李四')
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const words = wordsOf(look)
    const proxy = await startFaultProxy(() => it.server.url)
    proxy.down()
    const page = await openProduct({ ...it, server: proxy }, { as: `2${i}`, path: '/pages/chat/chat?userId=2', ...look })
    await bones(page).first().waitFor()
    assert.equal(await page.getByText(words.retry).count(), 0)
    const retry = page.locator('wx-hy-chat [role="button"]').getByText(words.retry)
    await retry.waitFor()
    assert.equal(await bones(page).count(), 0)
    await atRest(page)
    await screenshot(page, `chat-unloaded-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
    const { width, height } = await page.locator('wx-hy-chat [class*="is-retry"]').boundingBox()
    assert.ok(height >= look.width * 88 / 750 - 1 && width < look.width - 32, `${width} × ${height}`)

    await retry.tap() // it still is not there
    await bones(page).first().waitFor()
    await retry.waitFor()
    proxy.up()
    await retry.tap()
    await page.getByText(words.greeting).waitFor()
    assert.equal(await retry.count() + await bones(page).count(), 0)
    assert.deepEqual((await page.phone.report()).errors, [])
    await page.context().close()
    await proxy.close()
  }
  li.close()
})

test('a chat that comes late takes the place of the words by itself', async () => {
  const li = await somebody(it, '2', '李四')
  await li.send({ to: { userId: '30' }, content: '在吗' })
  const proxy = await startFaultProxy(() => it.server.url)
  proxy.down()
  const page = await openProduct({ ...it, server: proxy }, { as: '30', path: '/pages/chat/chat?userId=2' })
  await page.getByText(WORDS.zh.retry).waitFor()
  proxy.up()
  await page.locator('wx-hy-bubble').getByText('在吗').waitFor()
  assert.equal(await page.getByText(WORDS.zh.retry).count(), 0)
  await page.context().close()
  await proxy.close()
  li.close()
})

test('of a group that is not there no page offers anything', { timeout: 300_000 }, async () => {
  for (const { name, ...look } of LOOKS) {
    const words = wordsOf(look)
    const page = await openProduct(it, { as: '40', path: '/more/info/info?groupId=nowhere', ...look })
    await page.getByText(words.noGroup).waitFor()
    await page.locator('phone-nav').getByText(words.info, { exact: true }).waitFor()
    assert.equal(await page.locator('.cell, .one, .all, .bone').count(), 0)
    await atRest(page)
    await screenshot(page, `mini-info-gone-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
    assert.deepEqual(await isClean(page), CLEAN)
    for (const path of ['/more/members/members?groupId=nowhere', '/more/group-manage/group-manage?groupId=nowhere']) {
      await page.goto(it.app.url + path)
      await page.getByText(words.noGroup).waitFor()
      assert.equal(await page.locator('.cell, .person, .bone').count(), 0, path)
    }
    await page.goto(`${it.app.url}/pages/chat/chat?groupId=nowhere`)
    await page.getByText(words.gone).waitFor()
    await page.getByText(words.left).waitFor()
    assert.equal(await bones(page).count(), 0)
    await atRest(page)
    await screenshot(page, `chat-gone-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
    assert.deepEqual(await isClean(page), CLEAN)
    await page.context().close()
  }
})

test('a group that is dismissed while one looks at it is gone from its page, whatever of it is known', async () => {
  const wang = await somebody(it, '3', '王五')
  const { group: { groupId } } = await wang.call('group.create', { name: '读书会', members: ['41', '2'] })
  const page = await openProduct(it, { as: '41', path: `/more/info/info?groupId=${groupId}` })
  await page.locator('.cell').filter({ hasText: '退出群聊' }).waitFor()
  await page.locator('phone-nav').getByText('聊天信息(3)').waitFor()
  await wang.call('group.dismiss', { groupId })
  await page.getByText('群聊不存在').waitFor()
  await page.locator('phone-nav').getByText('聊天信息', { exact: true }).waitFor()
  assert.equal(await page.locator('.cell, .one').count(), 0)
  assert.deepEqual(await isClean(page), CLEAN)
  wang.close()
})
