'use strict'
// How the web chat looks: every part at four widths, light and dark, in both languages; measured, and put into pictures.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { picture, sound, document: paper } = require('./lib/media')
const { geometry } = require('./lib/page')
const { atRest } = require('./lib/wait')
const { WAIT, openChat, enter, bubble, seen, ask, send, assertQuiet, screenshot } = require('./lib/web')

const HEIGHTS = { 1280: 800, 1024: 768, 768: 900, 375: 720 }
const ALL_LOOKS = [1280, 1024, 768, 375].flatMap((width) => [['light', 'zh-CN'], ['dark', 'en-US']].map(([colorScheme, locale]) => ({ width, height: HEIGHTS[width], colorScheme, locale })))
/** Each width once, by turns in one and the other. */
const LOOKS = process.env.HONGYAN_TEST_SLOW ? ALL_LOOKS : [0, 3, 4, 7].map((i) => ALL_LOOKS[i])
const NAMES = { zhang3: '张三', li4: '李四', wang5: '王五', zhao6: '赵六', shop: '云南茶店' }

let lib
let browser
let keys
let server

test.before(async () => {
  lib = await import('../blackbox/lib/keys.js')
  browser = await launch()
  keys = new lib.KeyFiles()
  server = await startHongyan({ args: keys.args })
  await fill()
})
test.after(async () => {
  await browser?.close()
  await server?.stop()
  keys?.dispose()
})
test.afterEach(async () => { for (const context of browser.contexts()) await context.close() })

/** One of everything. */
async function fill() {
  for (const [id, name] of Object.entries(NAMES)) await ask(server, lib.apiKeys.all, 'PUT', `/v1/users/${id}`, { name })
  const say = (from, message) => send(server, lib.tokenOf(from), message)
  const upload = async (from, bytes, name, seconds) => {
    const form = new FormData()
    if (seconds) form.append('seconds', String(seconds))
    form.append('file', new Blob([bytes]), name)
    return { fileId: (await ask(server, lib.tokenOf(from), 'POST', '/v1/files', form)).fileId, ...(seconds ? { seconds } : {}) }
  }
  const to = { userId: 'zhang3' }
  const group = { groupId: 'hike' }
  await ask(server, lib.apiKeys.all, 'POST', '/v1/groups', { groupId: 'hike', name: '周末爬山爬山爬山爬山爬山爬山爬山', owner: 'zhang3', members: ['li4', 'wang5', 'zhao6', 'shop'] })
  await say('wang5', { to: group, content: '周六早上八点在地铁口集合，大家都带上水和面包，记得看天气预报' })
  const asked = await say('li4', { to: group, content: '@张三 你带相机吗？', ext: { mentions: ['zhang3'] } })
  await say('zhang3', { to: group, content: '带', ext: { reply: { seq: asked.message?.seq ?? asked.seq } } })
  await say('zhao6', { to: group, kind: 'image', content: await upload('zhao6', picture(600, 400), '山.png') })
  await say('zhao6', { to: group, content: '👍' })
  await say('shop', { to, kind: 'custom', content: { type: 'order', orderId: '20261127003', title: '云南普洱 357g', count: 2, amount: 196, currency: 'CNY', status: '待发货', actions: [{ text: '查看订单', path: '/o' }, { text: '催发货', reply: '请尽快发货' }] } })
  await say('shop', { to, kind: 'custom', content: { type: 'of the future' } })
  await say('shop', { to, content: '请问需要什么帮助？', ext: { quickReplies: ['怎么退货', '找人工', '查物流'] } })
  await say('li4', { to, content: `你好，我要退货，单号见 https://example.com/o/20261127003?${'a'.repeat(200)} 电话 13800138000` })
  await say('li4', { to, kind: 'voice', content: await upload('li4', sound(8), 'v.wav', 8) })
  await say('li4', { to, kind: 'file', content: await upload('li4', paper(1200000), '合同最终版本之第三次修订稿-已确认-v3.pdf') })
  await say('li4', { to, kind: 'location', content: { latitude: 31.19, longitude: 121.32, name: '虹桥站 地铁口', address: '上海市闵行区申虹路' } })
  await say('li4', { to, kind: 'image', content: await upload('li4', picture(300, 900), '高.png') })
  const own = await say('zhang3', { to: { userId: 'li4' }, content: '好的，稍等一下，我看看订单。' })
  await say('li4', { to, content: '谢谢！', ext: { reply: { seq: own.message?.seq ?? own.seq } } })
}

const named = (name, { width, colorScheme, locale }) => `web-${name}-${width}-${colorScheme}-${locale.slice(0, 2)}.png`

/** Measures what is seen, and puts it into a picture. */
async function look(page, name, options) {
  await atRest(page)
  await screenshot(page, named(name, options))
  // Under what stands over the page nothing is measured.
  const cover = (isOn) => page.evaluate((on) => {
    const over = document.querySelector('.panel.is-over, .menu, dialog[open]')
    for (const node of document.querySelectorAll('.sidebar, .chat, .nobody, .panel')) {
      if (over && !node.contains(over) && node !== over) node.style.visibility = on ? 'hidden' : ''
      else if (over?.matches('.menu') && node.contains(over)) [...node.children].filter((child) => child !== over).forEach((child) => { child.style.visibility = on ? 'hidden' : '' })
    }
  }, isOn)
  await cover(true)
  const faults = await page.evaluate(geometry)
  await cover(false)
  assert.deepEqual(faults.filter((fault) => !allowed(fault)), [], named(name, options))
}

/** Links in a line of text are as high as the line, and a box around two lines of one is larger than it. One line that ends in … is meant to be cut; a mark may stand over an avatar; what is scrolled lies under bars. */
const allowed = (fault) => /^too small to tap: (button.name-link|button.mention|a “)/.test(fault) || /^controls overlap: a “/.test(fault) || /row-name|row-preview|row-words|chat-name|cell-value|people|badge|stream|bubble|quote|float|face|avatar|cell|tools|tool\b|composer-task|row-more|search-field|picture|panel|chat-head|sidebar|strip/.test(fault) && /is cut|overlap|wider|sticks|outside the window/.test(fault)

for (const options of LOOKS) {
  test(`looks right at ${options.width}, ${options.colorScheme}, ${options.locale}`, async () => {
    const zh = options.locale === 'zh-CN'
    const words = zh ? { info: '聊天信息', find: '查找聊天记录', all: '查看全部成员', manage: '群管理', add: '添加联系人', create: '发起群聊', fresh: '新建', settings: '设置', back: '返回' }
      : { info: 'Chat info', find: 'Search in chat', all: 'See all members', manage: 'Manage group', add: 'Add contact', create: 'New group', fresh: 'New', settings: 'Settings', back: 'Back' }
    const page = await openChat(browser, server, { token: lib.tokenOf('zhang3'), ...options })
    const narrow = options.width < 768
    await page.locator('.row', { hasText: '李四' }).first().waitFor(WAIT)
    await look(page, 'list', options)
    await enter(page, '李四')
    await seen(page, '谢谢！')
    await look(page, 'direct', options)
    await bubble(page, '好的，稍等').locator('.bubble').click({ button: 'right' })
    await page.locator('.menu').waitFor(WAIT)
    await look(page, 'menu', options)
    await page.keyboard.press('Escape')
    if (narrow) await page.locator('.back-button').click()
    await enter(page, '云南茶店')
    await page.locator('.card.is-order').waitFor(WAIT)
    await look(page, 'order', options)
    if (narrow) await page.locator('.back-button').click()
    await enter(page, '周末爬山')
    await seen(page, '你带相机吗')
    await look(page, 'group', options)
    await page.locator('.chat-head').getByRole('button', { name: words.info }).last().click()
    await page.locator('.panel .people').waitFor(WAIT)
    await look(page, 'info', options)
    const lines = await page.locator('.panel .cell-text').evaluateAll((nodes) => nodes.filter((node) => node.offsetHeight > 30).map((node) => node.textContent))
    assert.deepEqual(lines, [], 'what a row is called stands on one line')
    await page.locator('.panel .row-cell', { hasText: words.all }).click()
    await look(page, 'members', options)
    await page.locator('.panel-head').getByRole('button', { name: words.back }).click()
    await page.locator('.panel .row-cell', { hasText: words.manage }).click()
    await look(page, 'manage', options)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.locator('.panel').waitFor({ state: 'detached', ...WAIT })
    if (narrow) await page.locator('.back-button').click()
    await page.locator('.me-button').click()
    await look(page, 'me', options)
    await page.locator('.panel .row-cell', { hasText: words.settings }).click()
    await look(page, 'settings', options)
    await page.keyboard.press('Escape')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: words.fresh, exact: true }).click()
    await look(page, 'new', options)
    await page.locator('.menu [role=menuitem]', { hasText: words.add }).click()
    await look(page, 'add-contact', options)
    assert.ok((await page.locator('.box').boundingBox()).height < 300, 'a short dialog is short')
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: words.fresh, exact: true }).click()
    await page.locator('.menu [role=menuitem]', { hasText: words.create }).click()
    await page.locator('.box .row', { hasText: '李四' }).click(WAIT)
    await look(page, 'new-group', options)
    await page.keyboard.press('Escape')
    await page.locator('.search-field input').first().fill('地铁')
    await page.locator('.results mark').first().waitFor(WAIT)
    await look(page, 'search', options)
    if (!zh) assert.deepEqual(await chinese(page), [])
    assertQuiet(page)

    const stranger = await openChat(browser, server, options)
    await stranger.locator('.door-note').waitFor(WAIT)
    await stranger.locator('.door .button').click()
    await look(stranger, 'door', options)
  })
}

/** Chinese that the page itself says: names and messages of people aside. */
const chinese = (page) => page.evaluate(() => [...document.querySelectorAll('[aria-label], [title], [placeholder]')]
  .filter((node) => !node.matches('.row, .bubble, .picture, .chat, .stream, .face-button, .panel, nav, [role=checkbox], .card, .menu'))
  .map((node) => `${node.getAttribute('aria-label') || ''} ${node.title} ${node.placeholder || ''}`).filter((text) => /[\u3400-\u9fff]/.test(text)))
