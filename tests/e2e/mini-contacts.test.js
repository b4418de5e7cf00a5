'use strict'
// Contacts, adding, profiles, oneself, settings, blocked ones, one's code.

const assert = require('node:assert/strict')
const path = require('node:path')
const test = require('node:test')
const { startProduct, stopProduct, closePhones, openProduct, somebody, screenshot, LOOKS, isClean, CLEAN, standsOut } = require('./lib/product')
const { eventually, atRest } = require('./lib/wait')

const PICTURE = path.join(__dirname, '../../miniprogram/icons/logo.png')

let it
let li
test.before(async () => {
  it = await startProduct()
  li = await somebody(it, '2', '李四')
})
test.after(async () => {
  if (li) li.close()
  await stopProduct(it)
})
test.afterEach(() => closePhones(it))

const tab = (page, at) => page.locator('phone-tab').nth(at).tap()
const visible = (page, selector) => page.locator(`phone-view:not([hidden]) ${selector}`)

test('whoever one talks to, or adds, is a contact, by initial, and stays', async () => {
  const others = await Promise.all([['zhao', '赵六'], ['bob', 'Bob'], ['7', '7号']].map(([id, name]) => somebody(it, id, name)))
  const page = await openProduct(it, { as: '10' })
  await tab(page, 1)
  await page.getByText('还没有联系人').waitFor()
  for (const client of [li, ...others]) await client.send({ to: { userId: '10' }, content: '在吗' })
  await visible(page, '.person').nth(3).waitFor()
  await eventually(async () => assert.deepEqual(await visible(page, '.section').allTextContents(), ['B', 'L', 'Z', '#']))
  await eventually(async () => assert.deepEqual(await visible(page, '.person-name').allTextContents(), ['Bob', '李四', '赵六', '7号']))

  // by id
  await visible(page, '.cell').first().tap()
  await page.locator('phone-nav').getByText('添加联系人').waitFor()
  await visible(page, 'input').fill('没有 的')
  await visible(page, '.find').tap()
  await page.getByText('账号只能用').waitFor()
  await visible(page, 'input').fill('wang5')
  await visible(page, '.find').tap()
  await page.locator('phone-nav').getByText('详细资料').waitFor()
  await page.getByText('添加到通讯录').tap()
  await page.phone.back()
  await page.phone.back()
  await visible(page, '.person').nth(4).waitFor()
  await page.waitForFunction(() => localStorage.getItem('storage hongyan-chat:10:contacts')?.includes('wang5')) // written after a second
  await page.reload()
  await tab(page, 1)
  await visible(page, '.person').nth(4).waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
  others.forEach((client) => client.close())
})

test('the letters at the edge lie on no name and no chevron, in the largest font too, and lead to theirs', async () => {
  const names = ['Alexandra Longname-Smith', 'Bob', 'Carl', 'Dora', 'Eve', 'Fay', 'Gus', 'Hal', 'Ida', 'Jo', 'Kim', '李四', 'Max', 'Nina', 'Oskar', 'Pia', 'Zoe']
  const people = await Promise.all(names.map((name, i) => somebody(it, `letter-${i}`, name)))
  for (const one of people) await one.send({ to: { userId: '15' }, content: '在吗' })
  for (const one of people) one.close()
  for (const options of [{}, { fontSizeSetting: 23, width: 320 }]) {
    const page = await openProduct(it, { as: '15', path: '/pages/contacts/contacts', ...options })
    await visible(page, '.letter').nth(16).waitFor()
    await visible(page, '.person-name').filter({ hasText: names[0] }).waitFor()
    const edge = (await visible(page, '.letter').first().boundingBox()).x
    for (const part of ['.cell-more', '.count', '.person-name']) {
      for (const box of await visible(page, part).evaluateAll((all) => all.map((one) => one.getBoundingClientRect().right))) assert.ok(box <= edge, `${part}: ${box} of ${edge}`)
    }
    await screenshot(page, `mini-contacts-letters${options.width ? '-largest' : ''}.png`)
    await visible(page, '.letter').last().tap()
    await visible(page, '.person').filter({ hasText: 'Zoe' }).tap()
    await page.locator('phone-nav').getByText('详细资料').waitFor()
    assert.deepEqual(await isClean(page), CLEAN)
    await page.context().close()
  }
})

test('whoever is on the screen is seen online, also when names come and bring another order', async () => {
  const names = ['Alice', 'Bob', 'Carl', 'Dora', 'Eve', 'Fay', 'Gus', 'Hal', 'Ida']
  const people = await Promise.all(names.map((name, i) => somebody(it, `p${9 - i}`, name))) // by their ids the other way round
  for (const one of people) await one.send({ to: { userId: '17' }, content: '在吗' })
  const page = await openProduct(it, { as: '17', path: '/pages/contacts/contacts', fontSizeSetting: 23, width: 320, height: 568 })
  await visible(page, '.person').filter({ hasText: 'Alice' }).locator('[class*="--dot"]').waitFor()
  await visible(page, '.list').evaluate((list) => { list.scrollTop = list.scrollHeight })
  await visible(page, '.person').filter({ hasText: 'Ida' }).locator('[class*="--dot"]').waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
  people.forEach((client) => client.close())
})

test('a card that is opened cold logs in first, then shows the profile', async () => {
  const page = await openProduct(it, { path: '/more/profile/profile?userId=2' })
  await page.getByText('选择身份').waitFor()
  await page.getByText('张三', { exact: true }).tap()
  await page.locator('phone-nav').getByText('详细资料').waitFor()
  await visible(page, '.card-name').filter({ hasText: '李四' }).waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
})

test('blocking asks, is kept, and ends in the list of the blocked', async () => {
  const page = await openProduct(it, { as: '11', path: '/more/profile/profile?userId=2' })
  await visible(page, '.card-name').filter({ hasText: '李四' }).waitFor()
  const toggle = visible(page, '[role="switch"][aria-label]')
  await toggle.tap()
  await page.getByText('拉黑后，对方无法给你发消息').waitFor()
  await screenshot(page, 'mini-block-dialog.png')
  await page.locator('[class*="--dialog"]').getByText('取消').tap()
  await page.locator('[class*="--dialog"]').waitFor({ state: 'detached' })
  await atRest(page)
  assert.equal(await toggle.getAttribute('aria-checked'), 'false')
  await toggle.tap()
  await page.locator('[class*="--dialog"]').getByText('拉黑', { exact: true }).tap()
  await eventually(() => assert.rejects(li.send({ to: { userId: '11' }, content: '不行' }), { code: -32003 }))

  const other = await openProduct(it, { as: '11', path: '/more/blocked/blocked' })
  await other.getByText('李四').waitFor()
  await screenshot(other, 'mini-blocked.png')
  await other.getByText('移除').tap()
  await other.getByText('没有拉黑任何人').waitFor()
  await eventually(() => li.send({ to: { userId: '11' }, content: '可以了' }))
  for (const one of [page, other]) assert.deepEqual(await isClean(one), CLEAN)
})

test('avatar and nickname are WeChat\'s, others see them, a failure restores', async () => {
  const page = await openProduct(it, { as: '12', files: [PICTURE] })
  await tab(page, 2)
  const nickname = visible(page, '.nickname input')
  await nickname.fill('三三')
  await nickname.blur()
  await page.locator('phone-toast').getByText('已保存').waitFor()
  await visible(page, '.card-name').filter({ hasText: '三三' }).waitFor()
  await visible(page, 'wx-button').tap()
  await eventually(async () => {
    const { users: [user] } = await li.call('user.get', { userIds: ['12'] })
    assert.equal(user.name, '三三')
    assert.ok(user.avatar)
  })
  await li.send({ to: { userId: '12' }, content: 'x' })

  const seen = await openProduct(it, { as: '13', path: '/more/profile/profile?userId=12' })
  await seen.locator('[class*="--picture"]').waitFor()
  await screenshot(seen, 'mini-profile-picture.png')

  await page.context().setOffline(true)
  await page.locator('phone-tab').first().tap()
  await page.locator('phone-nav').getByText('未连接').waitFor()
  await tab(page, 2)
  await nickname.fill('不行')
  await nickname.blur()
  await page.locator('phone-toast').getByText('网络不可用，请稍后再试').waitFor()
  await eventually(async () => assert.equal(await nickname.inputValue(), '三三'))
  assert.deepEqual((await page.phone.report()), CLEAN.report)
})

test('settings: theme and language at once, and kept; logging out leaves nothing', async () => {
  const page = await openProduct(it, { as: '14', path: '/more/settings/settings' })
  await page.getByText('语言').tap()
  await page.locator('[class*="--sheet"]').getByText('English').tap()
  await page.locator('phone-nav').getByText('Settings').waitFor()
  await page.getByText('Theme').tap()
  await page.locator('[class*="--sheet"]').getByText('Dark').tap()
  await visible(page, '.hy-page.hy-dark').waitFor()
  await eventually(async () => assert.equal(await visible(page, '.hy-page').evaluate((element) => getComputedStyle(element).backgroundColor), 'rgb(17, 17, 17)'))
  assert.equal(await page.getByText('Notices').count(), 0) // this server has none
  await screenshot(page, 'mini-settings-forced.png')
  await page.reload()
  await page.locator('phone-nav').getByText('Settings').waitFor()
  await page.getByText('Log out').tap()
  await page.getByText('Log out?').waitFor()
  await screenshot(page, 'mini-logout.png')
  await page.locator('[class*="--dialog"]').getByText('Log out', { exact: true }).tap()
  await page.getByText('Who are you?').waitFor()
  const keys = await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('storage ')).sort())
  await page.waitForTimeout(1500) // what is not to happen: that something is written after all, which takes a second
  assert.deepEqual(keys, ['storage hongyan:device', 'storage hongyan:look'])
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('storage ')).sort()), keys)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('the bars follow the theme that is chosen, the phone\'s again afterwards, and the language', async () => {
  const page = await openProduct(it, { as: '16' })
  const ground = (selector) => page.locator(selector).evaluate((element) => getComputedStyle(element).backgroundColor)
  const bars = (expected) => eventually(async () => assert.deepEqual([await ground('phone-nav'), await ground('phone-tabs')], expected))
  const [light, dark] = [['rgb(237, 237, 237)', 'rgb(247, 247, 247)'], ['rgb(17, 17, 17)', 'rgb(30, 30, 30)']]
  const choose = async (what, value) => {
    await visible(page, '.cell').filter({ hasText: what }).tap()
    await page.locator('[class*="--sheet"]').getByText(value, { exact: true }).tap()
  }
  await tab(page, 2)
  await page.getByText('设置', { exact: true }).tap()
  await choose('外观', '深色')
  await choose('语言', 'English')
  await page.phone.back()
  await page.locator('phone-tab').first().getByText('Chats').waitFor() // WeChat changes the tab bar only while it is there
  await bars(dark)
  await tab(page, 1)
  await bars(dark)
  for (const picture of await page.locator('phone-tab img').evaluateAll((all) => all.map(({ src }) => src))) assert.match(picture, /-dark\.png$/)
  await page.reload()
  await page.locator('phone-tab').first().getByText('Chats').waitFor()
  await bars(dark)
  await tab(page, 2)
  await page.getByText('Settings', { exact: true }).tap()
  await choose('Theme', 'System')
  await eventually(async () => assert.equal(await ground('phone-nav'), light[0]))
  await page.phone.back()
  await page.locator('phone-tab').first().waitFor()
  await bars(light)
  await page.emulateMedia({ colorScheme: 'dark' })
  await bars(dark)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('how they look', { timeout: 300_000 }, async () => {
  const me = await somebody(it, '20', '三三')
  const others = await Promise.all([['4', '赵六'], ['3', '王五'], ['5', 'Alice'], ['6', '欧阳']].map(([id, name]) => somebody(it, id, name)))
  for (const client of [li, ...others]) await client.send({ to: { userId: '20' }, content: '在吗' })
  await me.call('group.create', { name: '周末爬山', members: ['2', '3'] })
  await me.call('block.add', { userIds: ['6'] })
  const pages = { contacts: '/pages/contacts/contacts', me: '/pages/me/me' }
  for (const name of ['add', 'groups', 'settings', 'blocked', 'storage', 'code', 'about']) pages[name] = `/more/${name}/${name}`
  pages.profile = '/more/profile/profile?userId=2'
  const comes = { contacts: 'Alice', me: '三三', groups: '周末爬山', blocked: '欧阳', code: '三三', profile: '李四' } // from the server
  for (const { name: look, ...options } of LOOKS) {
    for (const [name, start] of Object.entries(pages)) {
      const page = await openProduct(it, { as: '20', path: start, ...options })
      if (comes[name]) await visible(page, '.hy-page').getByText(comes[name]).first().waitFor()
      await atRest(page)
      await screenshot(page, `mini-${name}-${look}.png`)
      assert.deepEqual(await standsOut(page), [], name)
      assert.deepEqual(await isClean(page), CLEAN, name)
      await page.context().close()
    }
  }
  for (const client of [me, ...others]) client.close()
})
