'use strict'
// hy-chat in a mini-program of somebody else's: as docs/miniprogram.md prints it, with nothing of ours but the folder and hongyan-client.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('node:test')
const { startMiniProgram, stopMiniProgram } = require('./lib/mini-program')
const { screenshot, somebody, isClean, CLEAN } = require('./lib/product')
const { compile } = require('./runtime/compile')
const { openMiniProgram } = require('./runtime/open')

const ROOT = path.resolve(__dirname, '../..')
const PRINTED = 'https://chat.example.com'

/** The code of its kind in a section, all of it in order. */
function printed(kind, document, section = /^## (The chat alone|只要聊天)/m) {
  const [, text] = document.slice(document.search(section)).match(/^#+ .*\n([^]*?)(?=^#)/m)
  return [...text.matchAll(new RegExp(`\`\`\`${kind}\\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code)
}
const CARDS = /^### (Cards of your own|自己的卡片)/m

/** The mini-program that somebody has who follows the page. */
function follow(document) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-embed-'))
  const write = (name, text) => {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), text)
  }
  fs.cpSync(path.join(ROOT, 'miniprogram/components/hy-chat'), path.join(folder, 'components/hy-chat'), { recursive: true })
  fs.cpSync(path.join(ROOT, 'sdk/miniprogram_dist'), path.join(folder, 'miniprogram_npm/hongyan-client'), { recursive: true })
  write('app.js', 'App({})\n')
  write('app.json', JSON.stringify({ pages: ['pages/help/help'], window: {} }))
  const [line] = /@import "[^"]+";/.exec(document)
  const [colours] = /page \{ --hy-brand[^}]*\}/.exec(document)
  write('app.wxss', `${line}\n${colours}\n`)
  const [[config], [page], [script]] = ['json', 'html', 'js'].map((kind) => printed(kind, document))
  write('pages/help/help.json', config)
  write('pages/help/help.wxml', page)
  // Without a login one says who one is.
  write('pages/help/help.js', script.replace('getToken: askYourBackEnd', "userId: '1'"))
  return { folder, write }
}

/** And who goes on to draw cards of their own. */
function followOn(document, { write }) {
  const [[config], [page, card], [script]] = ['json', 'html', 'js'].map((kind) => printed(kind, document, CARDS))
  const [before] = printed('js', document)
  write('pages/help/help.json', config)
  write('pages/help/help.wxml', page)
  write('pages/help/help.js', before.replace('getToken: askYourBackEnd', "userId: '1'").replace('titled(', 'card({ detail }) { wx.setClipboardData({ data: JSON.stringify(detail) }) },\n  titled('))
  write('components/shop-card/shop-card.json', '{ "component": true }')
  write('components/shop-card/shop-card.wxml', card)
  write('components/shop-card/shop-card.js', script)
  write('components/shop-card/shop-card.wxss', '.use { color: var(--hy-link); }')
}

for (const name of ['miniprogram.md', 'miniprogram.zh-CN.md']) {
  test(`the chat in another mini-program, as ${name} prints it`, async () => {
    const { folder } = follow(fs.readFileSync(path.join(ROOT, 'docs', name), 'utf8'))
    const it = await startMiniProgram(folder)
    try {
      const shop = await somebody(it, 'shop', '云南茶店')
      const page = await openMiniProgram(it.browser, it.app.url, { servers: { [PRINTED]: it.server.url } })
      await page.locator('textarea').tap()
      await page.keyboard.type('在吗？')
      await page.getByText('发送', { exact: true }).tap()
      const heard = new Promise((resolve) => { shop.on('message', ({ message }) => { if (message.from === '1') resolve(message.content) }) })
      const kept = shop.conversation({ userId: '1' })?.messages[0]?.content
      assert.equal(kept ?? await heard, '在吗？')
      await shop.send({ to: { userId: '1' }, content: '在的' })
      await page.getByText('在的', { exact: true }).waitFor()
      await page.locator('phone-nav').getByText('云南茶店').waitFor()
      await screenshot(page, `embed-${name.includes('zh') ? 'zh' : 'en'}.png`)
      assert.deepEqual(await isClean(page), CLEAN)
      shop.close()
    } finally {
      await stopMiniProgram(it)
      fs.rmSync(folder, { recursive: true, force: true })
    }
  })
}

for (const name of ['miniprogram.md', 'miniprogram.zh-CN.md']) {
  test(`cards of one's own, as ${name} prints it`, async () => {
    const document = fs.readFileSync(path.join(ROOT, 'docs', name), 'utf8')
    const made = follow(document)
    followOn(document, made)
    const it = await startMiniProgram(made.folder)
    try {
      const shop = await somebody(it, 'shop', '云南茶店')
      const send = (content) => shop.send({ to: { userId: '1' }, kind: 'custom', content })
      await send({ type: 'coupon', id: 7, title: '满 100 减 20' })
      await send({ type: 'order', orderId: '20261127003', title: '云南普洱 357g', amount: 196 })
      await send({ type: 'raffle', title: '抽奖' })
      await shop.send({ to: { userId: '1' }, content: '好用吗？', ext: { reply: { seq: 1 } } })
      const page = await openMiniProgram(it.browser, it.app.url, { servers: { [PRINTED]: it.server.url } })
      const card = page.locator('wx-card')
      await card.getByText('满 100 减 20').waitFor()
      await page.getByText('云南茶店: [满 100 减 20]').waitFor() // the quote
      await page.getByText('[当前版本暂不支持查看此消息]').waitFor()
      await page.getByText('订单 20261127003').waitFor()
      assert.equal(await card.count(), 1)
      await card.locator('[class*="--use"]').tap()
      await page.waitForFunction(() => window.phone.clipboard())
      const told = JSON.parse(await page.phone.clipboard())
      assert.deepEqual([told.action, told.message.content.id], [{ path: '/coupons?id=7' }, 7])
      await page.phone.press(card)
      await page.getByText('引用', { exact: true }).waitFor()
      await screenshot(page, `embed-card-${name.includes('zh') ? 'zh' : 'en'}.png`)
      assert.deepEqual(await isClean(page), CLEAN)
      shop.close()
    } finally {
      await stopMiniProgram(it)
      fs.rmSync(made.folder, { recursive: true, force: true })
    }
  })
}

test('a card that is no component of the page is refused before anything is drawn', () => {
  const document = fs.readFileSync(path.join(ROOT, 'docs/miniprogram.md'), 'utf8')
  const made = follow(document)
  followOn(document, made)
  made.write('pages/help/help.json', printed('json', document)[0]) // without the card
  try {
    assert.throws(() => compile(made.folder), /help\.wxml: no component for generic:card="shop-card"/)
  } finally {
    fs.rmSync(made.folder, { recursive: true, force: true })
  }
})
