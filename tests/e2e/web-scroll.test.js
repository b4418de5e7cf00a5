'use strict'
// A long chat: what is read keeps its pixel, whatever comes above or below it; found words open in place.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { eventually, atRest } = require('./lib/wait')
const { WAIT, openChat, enter, rowOf, field, write, bubble, seen, ask, send, between, fromEnd, assertQuiet } = require('./lib/web')

const MANY = 620
const IN_TREE_MAX = 150

let lib
let browser
let keys
let server

test.before(async () => {
  lib = await import('../blackbox/lib/keys.js')
  browser = await launch()
  keys = new lib.KeyFiles()
  server = await startHongyan({ args: keys.args })
  for (const [id, name] of [['zhang3', '张三'], ['li4', '李四'], ['wang5', '王五']]) await ask(server, lib.apiKeys.all, 'PUT', `/v1/users/${id}`, { name })
  for (let from = 0; from < MANY; from += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, i) => i + from).map((n) =>
      send(server, lib.apiKeys.all, { from: n % 3 ? 'li4' : 'zhang3', to: { userId: n % 3 ? 'zhang3' : 'li4' }, content: n === 77 ? '藏在这里的茶' : `第 ${n} 条 ${'长'.repeat(n * 7 % 90)}` })))
  }
})
test.after(async () => {
  await browser?.close()
  await server?.stop()
  keys?.dispose()
})
test.afterEach(async () => { for (const context of browser.contexts()) await context.close() })

const open = (id, options) => openChat(browser, server, { token: lib.tokenOf(id), ...options })
const rowsIn = (page) => page.locator('.stream-row').count()
/** The first message in sight, and where it stands. */
const firstSeen = (page) => page.evaluate(() => {
  const { top } = document.querySelector('.stream').getBoundingClientRect()
  for (const row of document.querySelectorAll('.stream-row')) {
    const box = row.getBoundingClientRect()
    if (box.bottom > top + 1 && row.querySelector('.bubble')) return { key: row.dataset.key, y: box.top - top }
  }
  return null
})
const placeOf = (page, key) => page.evaluate((wanted) => {
  const row = document.querySelector(`[data-key="${wanted}"]`)
  return row && row.getBoundingClientRect().top - document.querySelector('.stream').getBoundingClientRect().top
}, key)
const atBottom = (page) => page.waitForFunction(() => {
  const list = document.querySelector('.stream')
  return list.scrollHeight - list.scrollTop - list.clientHeight < 2
}, null, WAIT)

test('opens at the newest with a way up to the first new one; the older come without a jump, few are in the tree', async () => {
  const page = await open('zhang3', { hash: 'u=li4' })
  await page.locator('.float.is-up', { hasText: '条新消息' }).waitFor(WAIT)
  await atBottom(page)
  await page.locator('.stream').hover()
  let pages = 0
  for (let i = 0; i < 90; i++) {
    const before = await firstSeen(page)
    const was = await page.evaluate(() => document.querySelector('.stream').scrollTop)
    await page.mouse.wheel(0, -600)
    await page.waitForFunction((top) => document.querySelector('.stream').scrollTop !== top || top < 5, was, WAIT)
    await eventually(async () => {
      const y = before && await placeOf(page, before.key)
      if (y !== null && before) assert.ok(Math.abs(y - before.y - 600) <= 2 || await page.evaluate(() => document.querySelector('.stream').scrollTop < 5), `${before.key} moved by ${y - before.y}`)
    })
    assert.ok(await rowsIn(page) <= IN_TREE_MAX, `${await rowsIn(page)} rows are in the tree`)
    if (await page.locator('.date-line', { hasText: '没有更早的消息了' }).count()) break
    pages++
  }
  assert.ok(pages > 10)
  await page.getByText('没有更早的消息了').waitFor(WAIT)
  await page.locator('.float.is-down').click()
  await atBottom(page)
  assertQuiet(page)
})

test('while one reads above nothing moves, and what comes is counted; one’s own goes to the bottom', async () => {
  const page = await open('zhang3', { hash: 'u=li4' })
  await bubble(page, `第 ${MANY - 1} 条`).waitFor(WAIT)
  await page.locator('.stream').hover()
  for (let i = 0; i < 4; i++) {
    const was = await fromEnd(page)
    await page.mouse.wheel(0, -700)
    await eventually(async () => assert.ok(await fromEnd(page) > was))
  }
  await atRest(page)
  const before = await firstSeen(page)
  for (const text of ['来了一', '来了二', '来了三']) await send(server, lib.tokenOf('li4'), { to: { userId: 'zhang3' }, content: text })
  await page.locator('.float.is-down', { hasText: '3条新消息' }).waitFor(WAIT)
  assert.ok(Math.abs(await placeOf(page, before.key) - before.y) <= 1)
  await write(page, '我说一句')
  await seen(page, '我说一句')
  await atBottom(page)
  await page.locator('.float.is-down').waitFor({ state: 'detached', ...WAIT })
  assertQuiet(page)
})

test('the newest stays in sight while the field grows, is full, and is emptied', async () => {
  for (const width of [1280, 375]) {
    const page = await open('zhang3', { hash: 'u=li4', width })
    await page.locator('.bubble').first().waitFor(WAIT)
    await atBottom(page)
    await field(page).click()
    for (const key of ['一', '二', '三', '四', '五', '六', '七']) {
      await page.keyboard.insertText(key)
      await page.keyboard.press('Shift+Enter')
      await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)) }))
      await eventually(async () => assert.ok(await fromEnd(page) < 2, `${await fromEnd(page)} px from the end at ${key}`))
    }
    const high = await field(page).evaluate((node) => node.clientHeight)
    assert.equal(high, 136, 'five lines, and no more')
    await field(page).fill('字'.repeat(3700))
    await page.locator('.counter', { hasText: '396' }).waitFor(WAIT)
    const [counter, ...others] = await page.evaluate(() => ['.counter', '.composer textarea', '.send-button', '.composer [aria-expanded]'].map((of) => document.querySelector(of).getBoundingClientRect().toJSON()))
    for (const box of others) assert.ok(counter.right <= box.left || counter.left >= box.right || counter.bottom <= box.top || counter.top >= box.bottom, `the counter is over what is at ${box.left}, ${box.top}`)
    await atBottom(page)
    await field(page).fill('')
    await atBottom(page)
    await page.locator('.float.is-down').waitFor({ state: 'detached', ...WAIT })
    assertQuiet(page)
    await page.context().close()
  }
})

test('the bar leads to the first new one', async () => {
  const other = lib.tokenOf('wang5')
  for (let n = 0; n < 60; n++) await send(server, other, { to: { userId: 'zhang3' }, content: `新 ${n}` })
  const page = await open('zhang3')
  await enter(page, '王五')
  await page.locator('.float.is-up', { hasText: '60条新消息' }).click(WAIT)
  await page.locator('.new-line', { hasText: '以下为新消息' }).waitFor(WAIT)
  await page.waitForFunction(() => {
    const mark = document.querySelector('.new-line')?.getBoundingClientRect()
    const list = document.querySelector('.stream').getBoundingClientRect()
    return mark && mark.top >= list.top && mark.bottom <= list.bottom
  }, null, WAIT)
  await page.locator('.float.is-up').waitFor({ state: 'detached', ...WAIT })
  assertQuiet(page)
})

test('a word is found over everything and in one chat, and opens at its place', async () => {
  const page = await open('zhang3')
  await rowOf(page, '李四').waitFor(WAIT) // before that nobody hears keys
  await page.keyboard.press('Control+k')
  await page.keyboard.type('茶')
  await page.locator('.results .row', { hasText: '藏在这里的茶' }).click(WAIT)
  await page.locator('.is-flashed', { hasText: '藏在这里的茶' }).waitFor(WAIT)
  await page.locator('.float.is-down').click()
  await atBottom(page)
  await page.getByRole('button', { name: '查找聊天记录' }).click()
  await page.locator('.panel .search-field input').fill('藏在')
  await page.locator('.panel .row mark', { hasText: '藏在' }).click(WAIT)
  await page.locator('.is-flashed', { hasText: '藏在这里的茶' }).waitFor(WAIT)
  await page.locator('.panel .search-field input').fill('没有这个词')
  await page.getByText('没有找到“没有这个词”的结果').waitFor(WAIT)
  assertQuiet(page)
})

test('a search that is slow, and one without a server, say so and are tried again', async () => {
  let isSlow = true
  const page = await open('zhang3', {
    hash: 'u=li4',
    prepare: between(({ id, method }, socket) => {
      if (method !== 'message.search' || !isSlow) return false
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32053, message: 'search is slow' } }))
      return true
    }),
  })
  await page.locator('.bubble').first().waitFor(WAIT)
  await page.locator('.search-field input').first().fill('藏在')
  await page.getByRole('button', { name: '查找聊天记录' }).click()
  await page.locator('.panel .search-field input').fill('藏在')
  const [all, one] = [page.locator('.sidebar'), page.locator('.panel')]
  for (const part of [all, one]) await part.getByText('搜索较慢，点此重试').waitFor(WAIT)
  isSlow = false
  for (const part of [all, one]) {
    await part.getByText('搜索较慢，点此重试').click()
    await part.locator('mark', { hasText: '藏在' }).waitFor(WAIT)
  }
  await server.kill()
  await page.locator('.chat-state', { hasText: '连接中' }).waitFor(WAIT)
  await page.locator('.search-field input').first().fill('茶')
  await one.locator('.search-field input').fill('茶')
  for (const part of [all, one]) await part.getByText('网络不可用，请稍后再试').waitFor(WAIT) // a call waits 10 s for a connection
  await server.start()
  await page.locator('.strip').click().catch(() => {}) // it may have come back by itself
  await page.waitForFunction(() => !document.querySelector('.chat-state').textContent, null, { timeout: 45000 }) // tries are up to half a minute apart
  for (const part of [all, one]) {
    await part.getByText('网络不可用，请稍后再试').or(part.getByText('加载失败，点此重试')).click()
    await part.locator('mark', { hasText: '茶' }).waitFor(WAIT)
  }
})
