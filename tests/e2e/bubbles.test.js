'use strict'
// Bubbles of all kinds on a page of their own: what they tell when touched, where they stand, how they look.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('node:test')
const { screenshot } = require('./lib/browser')
const { picture } = require('./lib/media')
const { startMiniProgram, stopMiniProgram, closePhones } = require('./lib/mini-program')
const { eventually, atRest } = require('./lib/wait')
const { openMiniProgram } = require('./runtime/open')

const MINI_PROGRAM = path.resolve(__dirname, '../../miniprogram')
const CLEAN = { report: { errors: [], unsupported: [] }, complaints: [] }
const ME = '77'
const SETS = ['text', 'long', 'marks', 'media', 'cards']
const LARGEST = 27.5 / 17
const LOOKS = [
  { name: '375', width: 375, theme: 'light', lang: 'zh' }, { name: '375-dark-en', width: 375, theme: 'dark', lang: 'en', group: 1 },
  { name: '320-en', width: 320, theme: 'light', lang: 'en' }, { name: '320-largest', width: 320, theme: 'dark', lang: 'zh', group: 1, scale: LARGEST },
  { name: '375-largest-en', width: 375, theme: 'light', lang: 'en', scale: LARGEST },
]

let it
let folder
let files
test.before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-bubbles-'))
  fs.cpSync(path.join(__dirname, 'fixtures/bubbles'), folder, { recursive: true })
  fs.cpSync(path.join(MINI_PROGRAM, 'components/hy-chat'), path.join(folder, 'components/hy-chat'), { recursive: true })
  for (const name of ['theme.json', 'icons']) fs.cpSync(path.join(MINI_PROGRAM, name), path.join(folder, name), { recursive: true })
  fs.symlinkSync(path.join(MINI_PROGRAM, 'node_modules'), path.join(folder, 'node_modules'))
  it = await startMiniProgram(folder)
  files = []
  for (const [width, height] of [[300, 800], [900, 300], [20, 16], [120, 120]]) files.push(await stored(picture(width, height)))
})
test.after(async () => {
  if (it) await stopMiniProgram(it)
  fs.rmSync(folder, { recursive: true, force: true })
})
test.afterEach(() => closePhones(it))

/** A file of one's own on the server. */
async function stored(bytes) {
  const body = new FormData()
  body.append('file', new Blob([bytes], { type: 'image/png' }), 'a.png')
  const answer = await fetch(`${it.server.url}/v1/files?userId=${ME}`, { method: 'POST', body })
  return (await answer.json()).fileId
}

async function open(set, { lang = 'zh', scale = 1, group = 0, more = '', ...options } = {}) {
  const query = `as=${ME}&set=${set}&lang=${lang}&scale=${scale}&group=${group}&files=${files.join(',')}${more}`
  const page = await openMiniProgram(it.browser, it.app.url, { path: `/pages/bubbles/bubbles?${query}`, servers: { 'http://127.0.0.1:8080': it.server.url }, ...options })
  const part = (name, scope = page) => scope.locator(`[class*="--${name}"]`)
  await part('bubble').first().waitFor()
  return Object.assign(page, {
    part,
    row: (n) => page.locator(`.row-r${n}`),
    bubble: (n) => part('bubble ', page.row(n)).first(),
    tells: (name, expected) => eventually(async () => assert.deepEqual(await page.told(name), expected)),
    told: async (name) => (await page.locator('.event').allTextContents()).filter((line) => line.startsWith(`${name} `)).map((line) => JSON.parse(line.slice(name.length + 1))),
    clean: async () => ({ report: await page.phone.report(), complaints: page.complaints.filter((line) => !/404/.test(line)) }),
  })
}


// ---- what they tell ----

test('a text: links, numbers, people; the bubble held; who said it', async () => {
  const page = await open('text', { group: 1 })
  await page.part('is-url', page.row(1)).tap()
  await page.part('is-phone', page.row(1)).tap()
  await page.part('face', page.row(2)).tap()
  await page.phone.press(page.part('face', page.row(2)))
  await page.phone.press(page.part('face', page.row(1))) // nobody calls oneself
  await page.bubble(2).tap() // nothing
  await page.phone.press(page.part('is-url', page.row(1))) // is no tap
  await eventually(async () => assert.equal((await page.told('act')).length, 5))
  const told = await page.told('act')
  const { rect, ...held } = told.pop()
  assert.deepEqual(told, [
    { key: 'r1', act: 'link', url: 'https://example.com/o/20261127003' }, { key: 'r1', act: 'phone', number: '13800138000' },
    { key: 'r2', act: 'profile', userId: '2' }, { key: 'r2', act: 'mention', userId: '2' },
  ])
  assert.deepEqual(held, { key: 'r1', act: 'hold' })
  const box = await page.bubble(1).boundingBox()
  for (const [name, value] of Object.entries({ left: box.x, top: box.y - 64, width: box.width, height: box.height })) assert.ok(Math.abs(rect[name] - value) < 1, name)
  assert.deepEqual(await page.clean(), CLEAN)
})

test('in a direct conversation nobody is called by holding a face', async () => {
  const page = await open('text')
  await page.phone.press(page.part('face', page.row(2)))
  await atRest(page) // nothing comes of it
  assert.deepEqual(await page.told('act'), [])
})

test('quotes, chips, and what was not sent', async () => {
  const page = await open('marks', { height: 1200 })
  await page.part('quote', page.row(1)).first().tap()
  await page.part('quote', page.row(3)).first().tap() // was recalled: leads nowhere
  await page.part('failed', page.row(5)).tap()
  await page.part('chip ', page.row(8)).first().tap()
  await page.part('chip', page.row(8)).filter({ hasText: '😂' }).last().tap()
  await page.tells('act', [
    { key: 'r1', act: 'quote', seq: 2 }, { key: 'r5', act: 'failed' }, { key: 'r8', act: 'react', emoji: '👍', on: false }, { key: 'r8', act: 'react', emoji: '😂', on: true },
  ])
  assert.equal(await page.part('is-mine', page.row(8)).getAttribute('aria-label'), '👍，3 人')
  await page.part('is-phone', page.row(6)).waitFor()
  assert.deepEqual(await page.clean(), CLEAN)
})

test('a person who is called in a text is a tap away', async () => {
  const page = await open('marks', { height: 1200, group: 1 })
  await page.part('is-mention', page.row(10)).tap()
  await page.tells('act', [{ key: 'r10', act: 'profile', userId: '1' }])
})

test('each kind tells its tap; a ring is stopped by its ×; a broken picture tries again', async () => {
  const page = await open('media', { height: 2000 })
  for (const n of [1, 6, 10]) await page.bubble(n).tap()
  await page.row(7).locator('[aria-label="取消"]').tap()
  await page.row(4).getByText('点击重试').tap()
  const heard = async (expected) => assert.deepEqual((await page.told('act')).map(({ key, act }) => [key, act]), expected)
  await eventually(() => heard([['r1', 'picture'], ['r6', 'video'], ['r10', 'voice'], ['r7', 'cancel']]))
  await page.row(4).getByText('点击重试').waitFor()
  const cards = await open('cards', { height: 1400 })
  for (const n of [1, 5]) await cards.bubble(n).tap()
  await cards.row(3).locator('[aria-label="取消"]').tap()
  await cards.row(7).getByText('查看订单').tap()
  await cards.row(7).getByText('催发货').tap()
  await cards.bubble(9).tap()
  await cards.tells('act', [
    { key: 'r1', act: 'file' }, { key: 'r5', act: 'place' }, { key: 'r3', act: 'cancel' },
    { key: 'r7', act: 'card', action: { text: '查看订单', path: '/o' } }, { key: 'r7', act: 'card', action: { text: '催发货', reply: '催发货' } },
  ])
  assert.equal(await cards.row(7).locator('[class*="--button"]').count(), 2)
  assert.deepEqual(await cards.clean(), CLEAN)
})

test('a long text is folded until it is asked for', async () => {
  const page = await open('long')
  const heightOf = async (n) => (await page.bubble(n).boundingBox()).height
  const folded = await heightOf(1)
  assert.equal(await page.row(2).getByText('全文').count(), 0) // thirty lines
  assert.equal(await page.row(3).getByText('全文').count(), 1)
  await page.row(1).getByText('全文').tap()
  await page.row(1).getByText('全文').waitFor({ state: 'detached' })
  await eventually(async () => assert.ok(await heightOf(1) > folded + 150))
  await page.tells('act', [{ key: 'r1', act: 'unfold' }])
})

test('a voice that is fetched and played, one that was not heard, a file that is fetched', async () => {
  const page = await open('media', { height: 2000, more: '&playingkey=r10&playing=playing' })
  await page.part('is-playing', page.row(10)).waitFor()
  assert.deepEqual([await page.part('unheard').count(), await page.part('unheard', page.row(10)).count()], [2, 1])
  const loading = await open('cards', { height: 1400, more: '&playingkey=r1&playing=loading' })
  await loading.part('ring', loading.row(1)).waitFor()
})

test('several are chosen: what is not sent cannot be; nothing else answers', async () => {
  const page = await open('marks', { height: 1200, more: '&selecting=1' })
  await page.row(1).tap()
  await page.part('face', page.row(2)).tap({ force: true })
  await page.row(4).tap({ force: true })
  await page.row(1).locator('[aria-checked="true"]').waitFor()
  await eventually(async () => assert.deepEqual((await page.told('act')).map(({ key, act }) => [key, act]), [['r1', 'select'], ['r2', 'select']]))
  const left = await page.part('circle').evaluateAll((all) => [...new Set(all.map((one) => Math.round(one.getBoundingClientRect().left)))])
  assert.deepEqual(left, [12])
  await page.getByText('逐条转发').tap()
  await page.getByText('删除').tap()
  await page.tells('forward', [null])
  await page.tells('delete', [null])
  await screenshot(page, 'bubbles-selecting.png')
  assert.deepEqual(await page.clean(), CLEAN)
})

test('nothing chosen: the bar does nothing', async () => {
  const page = await open('text', { more: '&selecting=1' })
  await page.getByText('逐条转发').tap({ force: true })
  await page.getByText('删除').tap({ force: true })
  assert.deepEqual([await page.told('forward'), await page.told('delete')], [[], []])
})

// ---- the menu ----

for (const { name, width, lang, scale = 1, theme } of LOOKS) {
  test(`the menu is on the screen at each end of it: ${name}`, async () => {
    const page = await open('text', { width, lang, scale, theme })
    const list = page.locator('wx-scroll-view')
    for (const [n, isEnd] of [[1, false], [4, false], [5, false], [14, false], [15, true]]) {
      await page.row(n).evaluate((row, end) => row.scrollIntoView({ block: end ? 'end' : 'start' }), isEnd)
      const { x, y, height } = await page.bubble(n).boundingBox()
      await page.phone.press({ x: x + 15, y: Math.max(80, y + Math.min(height, 30) / 2) })
      const menu = page.part('menu')
      await menu.waitFor()
      await page.waitForFunction(() => /top/.test(document.querySelector('[class*="--menu"]').getAttribute('style')))
      const box = await menu.boundingBox()
      assert.ok(box.x >= 8 && box.x + box.width <= width - 8 && box.y >= 64 && box.y + box.height <= 667 - 8, `${n}: ${JSON.stringify(box)}`)
      const isClear = box.y + box.height <= y + 1 || box.y >= y + height - 1
      assert.ok(isClear || height > 300, `${n} is covered`)
      assert.deepEqual(await page.evaluate(() => [...document.querySelectorAll('[class*="--word"]')].filter((word) => word.scrollWidth > word.clientWidth + 1).map((word) => word.textContent)), [])
      if (n === 1 || n === 15) await screenshot(page, `bubbles-menu-${n}-${name}.png`)
      await page.touchscreen.tap(4, 660)
      await menu.waitFor({ state: 'detached' })
    }
    assert.ok(await list.count())
    assert.deepEqual(await page.clean(), CLEAN)
  })
}

test('the menu tells what is picked, and closes by any touch', async () => {
  const page = await open('marks', { height: 1200 })
  await page.phone.press(page.bubble(8))
  assert.deepEqual(await page.part('word').allTextContents(), ['复制', '转发', '引用', '多选', '删除'])
  await page.part('menu').locator('[aria-label="👍"]').tap()
  await page.part('menu').locator('[aria-label="😂"]').tap()
  await page.part('menu').locator('[aria-label="更多"]').tap()
  await page.part('menu').getByText('引用').tap()
  await page.phone.swipe({ x: 180, y: 1100 }, { dy: -40 })
  await page.part('menu').waitFor({ state: 'detached' })
  await page.tells('react', [{ emoji: '👍', on: false }, { emoji: '😂', on: true }])
  await page.tells('more', [null])
  await page.tells('pick', [{ action: 'reply' }])
  await page.phone.press(page.bubble(5)) // failed
  assert.deepEqual(await page.part('word').allTextContents(), ['复制', '重新发送', '删除'])
  assert.equal(await page.part('faces').count(), 0)
  await screenshot(page, 'bubbles-menu-failed.png')
  assert.deepEqual(await page.clean(), CLEAN)
})

// ---- how they stand ----

/** What is wrong with the rows of the page; [] is right. */
const wrongs = ({ width, scale }) => {
  const wrong = []
  const rpx = width / 750
  const boxOf = (element) => element.getBoundingClientRect()
  const within = (inner, outer) => inner.left >= outer.left - 1 && inner.right <= outer.right + 1 && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1
  const part = (row, name) => row.querySelector(`[class*="--${name}"]`)
  const CUT = ['head', 'name', 'quote-text', 'title', 'is-place', 'is-folded', 'waves', 'letters', 'picture', 'image']
  let last = 0
  for (const row of document.querySelectorAll('[class^="row-"]')) {
    const say = (what) => wrong.push(`${row.className}: ${what}`)
    const bubble = part(row, 'bubble ')
    const box = boxOf(bubble)
    if (boxOf(row).top < last - 1) say('overlaps the one before')
    last = boxOf(row).bottom
    if (!within(box, boxOf(row))) say('the bubble leaves its row')
    const widest = (scale >= 1.3 ? 574 : 510) * rpx
    if (box.width > widest + 1) say(`is ${box.width} wide`)
    const isBare = /is-bare/.test(bubble.className)
    if (!isBare && box.width < 80 * rpx - 1) say(`is only ${box.width} wide`)
    const face = boxOf(part(row, 'face'))
    if (box.left < face.right && box.right > face.left) say('covers the face')
    const stack = ['name', 'beside', 'quote', 'chips', 'note'].map((name) => part(row, name)).filter(Boolean).map(boxOf)
    stack.forEach((one, i) => { if (i && one.top < stack[i - 1].bottom - 1) say('what stands under it covers it') })
    for (const name of ['failed', 'mark', 'unheard']) {
      const mark = part(row, name)
      if (!mark || mark.closest('[class*="--bubble "]')) continue
      const place = boxOf(mark)
      if (place.left < 0 || place.right > width || (place.left < box.right && place.right > box.left)) say(`${name} has no room`)
      if (Math.abs((place.top + place.bottom) / 2 - (box.top + box.bottom) / 2) > 2) say(`${name} is not in the middle`)
    }
    for (const element of row.querySelectorAll('*')) {
      const one = boxOf(element)
      if (!one.width) continue
      if (one.right > width + 1 || one.left < -1) say(`${element.className} leaves the screen`)
      const mayBeCut = CUT.some((name) => element.className.includes(`--${name}`)) || element.closest('[class*="--image"], [class*="--waves"], [class*="--picture"]')
      const style = getComputedStyle(element)
      if (element.className && !mayBeCut && style.display !== 'inline' && (element.scrollWidth > element.clientWidth + 2 || element.scrollHeight > element.clientHeight + 2) && element.clientWidth) {
        if (!/--(row|column|beside|bubble|failed|chip|button|actions|progress|cover)/.test(element.className) && element.textContent.trim()) say(`${element.className} is cut: ${element.scrollWidth} × ${element.scrollHeight} in ${element.clientWidth} × ${element.clientHeight}`)
      }
    }
    for (const text of bubble.querySelectorAll('[class*="--text"], [class*="--title"], [class*="--small"], [class*="--seconds"], [class*="--amount"], [class*="--status"], [class*="--button"]')) {
      if (!within(boxOf(text), box)) say(`${text.className} leaves the bubble`)
    }
  }
  return wrong
}

for (const look of LOOKS) {
  for (const set of SETS) {
    test(`nothing is cut, nothing overlaps: ${set} ${look.name}`, async () => {
      const { name, width, scale = 1 } = look
      const page = await open(set, { ...look, height: set === 'long' ? 667 : 1700 })
      await atRest(page)
      await screenshot(page, `bubbles-${set}-${name}.png`)
      assert.deepEqual(await page.evaluate(wrongs, { width, scale }), [])
      assert.deepEqual(await page.clean(), CLEAN)
      await page.context().close()
    })
  }
}

test('it was jumped to: its colour says so, of a picture a frame', async () => {
  const page = await open('text', { more: '&flash=r2' })
  await page.part('is-flashing').waitFor()
  await page.bubble(2).evaluate((one) => { // it may be over: from the start again, and held in its middle
    one.style.animation = 'none'
    one.getBoundingClientRect()
    one.style.animation = ''
    const [flash] = one.getAnimations()
    flash.pause()
    flash.currentTime = 600
  })
  await screenshot(page, 'bubbles-flash.png')
  assert.equal(await page.bubble(2).evaluate((one) => getComputedStyle(one).backgroundColor), 'rgb(255, 224, 138)')
})
