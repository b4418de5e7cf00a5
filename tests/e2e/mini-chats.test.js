'use strict'
// The list of conversations: order, badges, marks, swipe, menu, states of the connection, a thousand rows.

const assert = require('node:assert/strict')
const path = require('node:path')
const test = require('node:test')
const { openProduct, somebody, screenshot, LOOKS, isClean, CLEAN, standsOut, withFriends } = require('./lib/product')
const { eventually, atRest } = require('./lib/wait')

const PICTURE = path.join(__dirname, '../../miniprogram/icons/logo.png')

let it
let li
let wang
withFriends(test, (all) => { ({ it, li, wang } = all) })

const row = (page, name) => page.locator('.row').filter({ hasText: name })
const names = (page) => page.locator('.row .name').allTextContents()
const saidBy = async (client, userId, ...texts) => { for (const content of texts) await client.send({ to: { userId }, content }) }

test('messages come in, newest first, with badges on rows and tab', async () => {
  const page = await openProduct(it, { as: '10' })
  await page.getByText('还没有聊天').waitFor()
  await saidBy(li, '10', '你好', '第二行\n换行')
  await row(page, '李四').getByText('第二行 换行').waitFor()
  await saidBy(wang, '10', '王五的')
  await page.locator('.row .name').filter({ hasText: '王五' }).waitFor()
  await eventually(async () => assert.deepEqual([await names(page), await page.locator('.badge').allTextContents()], [['王五', '李四'], ['1', '2']]))
  await page.locator('phone-badge').getByText('3').waitFor()
  await eventually(async () => assert.match(await row(page, '李四').getAttribute('aria-label'), /^李四，在线，2 条未读，第二行 换行/))
  await row(page, '王五').locator('[class*="--dot"]').waitFor() // online
  assert.deepEqual(await isClean(page), CLEAN)
})

test('a swipe shows three buttons, of one row at a time; they pin, mute and delete', async () => {
  const page = await openProduct(it, { as: '11' })
  await saidBy(li, '11', '一')
  await saidBy(wang, '11', '二')
  await eventually(async () => assert.deepEqual(await names(page), ['王五', '李四']))
  await atRest(page) // no row moves away under the finger
  await page.phone.swipe(row(page, '李四'), { dx: -120, dy: 0 })
  await page.getByText('置顶', { exact: true }).last().waitFor()
  const left = async (name) => (await row(page, name).boundingBox()).x
  const isOpen = (name) => eventually(async () => assert.ok(await left(name) < -200))
  const isClosed = (name) => eventually(async () => assert.equal(await left(name), 0))
  await isOpen('李四')
  await page.phone.swipe(row(page, '王五'), { dx: -120, dy: 0 })
  await isOpen('王五')
  await isClosed('李四')
  await atRest(page)
  await screenshot(page, 'mini-chats-swipe.png')
  await row(page, '王五').tap({ position: { x: 300, y: 20 }, force: true }) // closes, opens no chat
  await isClosed('王五')
  await atRest(page)
  assert.equal(await page.locator('.row').count(), 2)

  const swipeAndTap = async (name, word) => {
    await atRest(page) // the last one has closed
    await page.phone.swipe(row(page, name), { dx: -120, dy: 0 })
    await isOpen(name)
    await page.locator('wx-swipe-row').filter({ hasText: name }).getByText(word, { exact: true }).tap()
  }
  await swipeAndTap('李四', '置顶')
  await page.locator('.row.is-pinned').filter({ hasText: '李四' }).waitFor()
  await eventually(async () => assert.deepEqual(await names(page), ['李四', '王五']))
  await swipeAndTap('王五', '免打扰')
  await row(page, '王五').locator('.hy-icon-bell-off').waitFor()
  await row(page, '王五').getByText('[1条] 二').waitFor()
  await page.locator('phone-badge').getByText('1').waitFor()
  await swipeAndTap('王五', '删除')
  await page.getByText('删除后，将清空这段聊天记录').waitFor()
  await screenshot(page, 'mini-chats-delete.png')
  await page.locator('[class*="--sheet"]').getByText('删除', { exact: true }).tap()
  await row(page, '王五').waitFor({ state: 'detached' })
  assert.deepEqual(await isClean(page), CLEAN)
})

test('a long press is the same as a sheet, and marks as read', async () => {
  const page = await openProduct(it, { as: '12' })
  await saidBy(li, '12', '一')
  await row(page, '李四').waitFor()
  await page.phone.press(row(page, '李四'))
  const sheet = page.locator('[class*="--sheet"]')
  await sheet.getByText('标为已读').waitFor()
  assert.deepEqual(await sheet.locator('[class*="--item"]').allTextContents(), ['标为已读', '置顶', '免打扰', '删除', '取消'])
  await sheet.getByText('标为已读').tap()
  await page.locator('.badge').waitFor({ state: 'detached' })
  await page.locator('phone-badge').waitFor({ state: 'detached' })
  assert.deepEqual(await isClean(page), CLEAN)
})

test('drafts, mentions, and what could not be sent', async () => {
  const page = await openProduct(it, { as: '13' })
  await saidBy(li, '13', '一')
  const { group } = await wang.call('group.create', { name: '周末爬山', members: ['13', '2'] })
  await wang.send({ to: { groupId: group.groupId }, content: '@十三 下午开会', ext: { mentions: ['13'] } })
  await row(page, '周末爬山').getByText('[有人@我]').waitFor()
  await row(page, '周末爬山').getByText('王五: @十三 下午开会').waitFor()
  await row(page, '周末爬山').getByText('(3)').waitFor()
  await page.phone.swipe(row(page, '李四'), { dx: 0, dy: -1 })
  await page.evaluate(() => localStorage.setItem('storage hongyan-chat:13:drafts', JSON.stringify(JSON.stringify([['u:2', { text: '我带水', reply: null, mentions: [] }]]))))
  await page.reload()
  await row(page, '李四').getByText('[草稿]').waitFor()
  await row(page, '李四').getByText('我带水').waitFor()
  await li.call('block.add', { userIds: ['13'] })
  assert.deepEqual(await isClean(page), CLEAN)
})

test('the title says how the connection is, old rows stay, a strip comes after a while', async () => {
  const page = await openProduct(it, { as: '14' })
  await saidBy(li, '14', '一')
  await row(page, '李四').waitFor()
  await page.locator('phone-nav').getByText('鸿雁', { exact: true }).waitFor()
  await it.server.kill()
  await page.locator('phone-nav').getByText('鸿雁(连接中…)').waitFor()
  await row(page, '李四').getByText('一').waitFor()
  await page.getByText('连接不上，点此重试').waitFor()
  assert.ok((await page.locator('.strip').boundingBox()).height >= 43.5, 'the strip is high enough for a finger')
  await screenshot(page, 'mini-chats-offline.png')
  await it.server.start()
  await page.getByText('连接不上，点此重试').tap({ timeout: 5_000 }).catch(() => {}) // it may have come back by itself meanwhile
  await page.locator('phone-nav').getByText('鸿雁', { exact: true }).waitFor()
  await page.getByText('连接不上，点此重试').waitFor({ state: 'detached' })
  await page.context().setOffline(true)
  await page.locator('phone-nav').getByText('鸿雁(未连接)').waitFor()
  await page.locator('.row [class*="--dot"]').waitFor({ state: 'detached' }) // nobody is seen online
  await page.getByText('网络不可用，请检查网络设置').waitFor()
  await page.context().setOffline(false)
  await page.locator('phone-nav').getByText('鸿雁', { exact: true }).waitFor()
  assert.deepEqual((await page.phone.report()).errors, [])
})

test('without a server at the first start: grey rows, then words', async () => {
  const page = await openProduct({ ...it, server: { url: 'http://127.0.0.1:1' } }, { as: '15' })
  await page.locator('.is-bone').first().waitFor()
  await screenshot(page, 'mini-chats-bones.png')
  await page.getByText('加载失败，点此重试').waitFor()
})

const textarea = (page) => page.locator('textarea')
const bubbles = (page) => page.locator('wx-hy-bubble')

test('a picture on its way is in the list, and logging out says that it is not sent', async () => {
  const page = await openProduct(it, { as: '18', files: [PICTURE] })
  await saidBy(li, '18', '一')
  await row(page, '李四').tap()
  await textarea(page).waitFor()
  await page.context().setOffline(true)
  await page.getByRole('button', { name: '更多', exact: true }).tap()
  await page.getByText('照片', { exact: true }).tap()
  await bubbles(page).nth(1).waitFor()
  await page.locator('.back').tap()
  await row(page, '李四').getByText('[图片]').waitFor()
  await row(page, '李四').locator('.hy-icon-clock').waitFor()
  await page.locator('phone-tab').nth(2).tap()
  await page.getByText('设置', { exact: true }).tap()
  await page.getByText('退出登录', { exact: true }).tap()
  await page.getByText('还有 1 条消息没发出，退出会丢弃').waitFor()
  assert.deepEqual((await page.phone.report()), CLEAN.report)
})

test('a cold start leads to the list, and to the chat when it was left less than half an hour ago', async () => {
  const page = await openProduct(it, { as: '19' })
  await saidBy(li, '19', '一')
  await row(page, '李四').tap()
  await textarea(page).fill('写到一半')
  const leaveAndStart = async (minutes) => {
    await page.phone.background()
    await page.evaluate((ms) => { // the phone's clock goes on
      const left = JSON.parse(localStorage.getItem('storage hongyan:left'))
      localStorage.setItem('storage hongyan:left', JSON.stringify({ ...left, at: left.at - ms }))
    }, minutes * 60_000)
    await page.reload()
  }
  await leaveAndStart(29)
  await page.locator('.title .name').filter({ hasText: '李四' }).waitFor()
  await eventually(async () => assert.equal(await textarea(page).inputValue(), '写到一半'))
  await page.locator('.title').tap() // the info of a chat counts as the chat
  await page.locator('phone-nav').getByText('聊天信息').waitFor()
  await leaveAndStart(0)
  await textarea(page).waitFor()
  await leaveAndStart(31)
  await row(page, '李四').getByText('[草稿]').waitFor()
  assert.equal(await textarea(page).count(), 0)

  await row(page, '李四').tap()
  await textarea(page).waitFor()
  await page.locator('.back').tap()
  await page.phone.background() // left in the list
  await page.reload()
  await row(page, '李四').waitFor()
  assert.equal(await textarea(page).count(), 0)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('back after ten minutes: the list as it was, then as it is', async () => {
  const page = await openProduct(it, { as: '21' })
  await page.clock.install()
  await page.reload()
  await saidBy(li, '21', '一')
  await row(page, '李四').waitFor()
  await page.phone.background()
  await page.clock.fastForward('10:00')
  await saidBy(wang, '21', '二')
  const atOnce = await page.evaluate(() => { // no grey rows, and before anything can have come
    window.phone.foreground()
    return [...document.querySelectorAll('.row .name')].map(({ textContent }) => textContent)
  })
  assert.deepEqual(atOnce, ['李四'])
  await row(page, '王五').waitFor()
  await eventually(async () => assert.deepEqual(await names(page), ['王五', '李四']))
  await page.locator('phone-nav').getByText('鸿雁', { exact: true }).waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
})

for (const away of ['00:06', '10:00']) {
  test(`back in a chat after ${away}: what was written, where it was read, and what came`, async () => {
    const me = away === '00:06' ? '22' : '23'
    await saidBy(li, me, ...Array.from({ length: 30 }, (_, i) => `第 ${i} 条`))
    const page = await openProduct(it, { as: me })
    await page.clock.install()
    await page.reload()
    await row(page, '李四').tap()
    await bubbles(page).getByText('第 29 条').waitFor()
    await textarea(page).fill('写到一半')
    await page.phone.swipe({ x: 180, y: 250 }, { dy: 300 })
    const pixel = (text) => bubbles(page).filter({ hasText: text }).boundingBox().then(({ y }) => y)
    await page.locator('[class*="is-down"]').waitFor()
    await atRest(page) // what was flung
    const seen = await visibleText(page)
    const before = await pixel(seen)
    await page.phone.background()
    await page.clock.fastForward(away)
    await saidBy(li, me, '你还在吗')
    await page.phone.foreground()
    assert.equal(await pixel(seen), before) // at once
    await page.getByText('1条新消息').waitFor()
    assert.equal(await pixel(seen), before)
    assert.equal(await textarea(page).inputValue(), '写到一半')
    await page.locator('.title .name').filter({ hasText: '李四' }).waitFor()
    assert.deepEqual(await isClean(page), CLEAN)
  })
}
/** The text of a bubble in the middle of the screen. */
const visibleText = (page) => page.evaluate(() => [...document.querySelectorAll('wx-hy-bubble')].find((one) => one.getBoundingClientRect().top > 200).textContent.trim())

test('a thousand rows: few are in the tree, and the last is reached', { timeout: 300_000 }, async () => {
  const many = await somebody(it, '16')
  const sends = []
  for (let i = 0; i < 1000; i++) {
    sends.push(many.send({ to: { userId: `many${i}` }, content: `第 ${i} 条` }))
    if (i % 30 === 29) await Promise.all(sends.splice(0))
  }
  await Promise.all(sends)
  many.close()
  const page = await openProduct(it, { as: '16' })
  await page.getByText('第 999 条').waitFor()
  const list = page.locator('wx-scroll-view.list')
  assert.ok(await page.locator('.row').count() < 60)
  await list.evaluate((element) => { element.scrollTop = 30000 })
  const box = await list.boundingBox()
  const inView = () => page.locator('.row').evaluateAll((rows, bottom) => rows.filter((one) => one.getBoundingClientRect().bottom > 100 && one.getBoundingClientRect().top < bottom).length, box.y + box.height)
  await eventually(async () => assert.ok(await inView() >= 7, String(await inView())))
  await list.evaluate((element) => { element.scrollTop = element.scrollHeight })
  await page.getByText('第 0 条').waitFor()
  await eventually(async () => assert.ok(await page.locator('.row').count() < 60))
  assert.deepEqual(await isClean(page), CLEAN)
})

test('the menu leads to a new group, to a contact, and scans', async () => {
  const page = await openProduct(it, { as: '17', scan: 'hongyan:u/2' })
  await page.getByText('还没有聊天').waitFor()
  await page.locator('.head-plus').tap()
  await screenshot(page, 'mini-chats-menu.png')
  await page.getByText('扫一扫', { exact: true }).tap()
  await page.locator('phone-nav').getByText('详细资料').waitFor()
  await page.locator('.card-name').getByText('李四').waitFor()
  await page.phone.back()
  await page.locator('.head-plus').tap()
  await page.getByText('发起群聊').tap()
  await page.locator('phone-nav').getByText('发起群聊').waitFor()
  assert.deepEqual(await isClean(page), CLEAN)
})

test('how it looks', { timeout: 300_000 }, async () => {
  const me = await somebody(it, '20', '三三')
  const { group } = await wang.call('group.create', { name: '一个名字特别长的周末爬山和露营和野餐的群', members: ['20', '2', '4', '5'] })
  await wang.send({ to: { groupId: group.groupId }, content: '下午开会', ext: { mentions: ['20'] } })
  await saidBy(li, '20', ...Array.from({ length: 12 }, (_, i) => `好的 ${i}`))
  const zhao = await somebody(it, '4', '赵六')
  await saidBy(zhao, '20', '断网时写的一段很长的话，长到一行放不下，所以要在最后有省略号')
  const bob = await somebody(it, 'bob', 'Bob Alexander Longname-Smith')
  for (let i = 0; i < 105; i++) await bob.send({ to: { userId: '20' }, content: `hello ${i}` })
  await me.send({ to: { userId: '5' }, content: '在吗' })
  await me.set({ userId: '2' }, { pinned: true })
  await me.set({ userId: '4' }, { muted: true })
  for (const { name, ...look } of LOOKS) {
    const drafts = JSON.stringify([['u:5', { text: '我带水', reply: null, mentions: [] }]])
    const page = await openProduct(it, { as: '20', storage: { 'hongyan-chat:20:drafts': drafts }, ...look })
    await page.locator('.row').nth(4).waitFor()
    await atRest(page)
    await screenshot(page, `mini-chats-${name}.png`)
    assert.deepEqual(await standsOut(page), [])
    assert.deepEqual(await isClean(page), CLEAN)
    await page.context().close()
  }
  const page = await openProduct(it, { as: '20', fontSizeSetting: 23 })
  await page.locator('.row').nth(4).waitFor()
  await atRest(page)
  await screenshot(page, 'mini-chats-large.png')
  for (const client of [me, zhao, bob]) client.close()
})
