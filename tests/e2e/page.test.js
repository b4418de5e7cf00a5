'use strict'
// The page at `/`, as the real server serves it, in a real Chromium: two people chat, the figures move, the socket comes
// back after a crash, nothing leaves the server's own origin, and nothing is cut or covered at any width.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch, screenshot } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { WAIT, OUTAGE, LOOKS, geometry, ...shared } = require('./lib/page')
const { eventually, atRest } = require('./lib/wait')

let browser
let server

test.before(async () => { browser = await launch() })
test.after(() => browser?.close())
test.beforeEach(async () => { server = await startHongyan() })
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
})

// -- a page and what one does with it

/** Opens `/` and waits until both users are online. */
async function open(options) {
  const page = await shared.openPage(browser, server, options)
  await online(page)
  return page
}

const phone = (page, index) => page.locator(`#phone-${index}`)
const bubbles = (page, index) => phone(page, index).locator('.bubble .text').allTextContents()
const online = (page) => page.waitForFunction(() =>
  [0, 1].every((index) => document.querySelector(`#phone-${index} .state .dot`).classList.contains('good')), null, WAIT)
const seen = (page, index, text) => page.waitForFunction(([which, wanted]) =>
  [...document.querySelectorAll(`#phone-${which} .chats .bubble .text`)].some((node) => node.textContent === wanted),
[index, text], WAIT)

/** Types with the keyboard and sends with Enter. */
async function write(page, index, text) {
  await phone(page, index).locator('textarea').click()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

async function push(from, to, content) {
  const response = await fetch(`${server.url}/push`, {
    method: 'POST', body: JSON.stringify({ userId: from, targetUserId: to, content }),
  })
  assert.equal(response.status, 200)
}

const stored = async () => (await fetch(`${server.url}/getMessage?userId=1&targetUserId=2&limit=500`)).json()

const assertQuiet = (page, allowed) => shared.assertQuiet(page, server, allowed)

// -- chatting

test('two people chat both ways through the keyboard, and the figures move', async () => {
  const page = await open()
  await write(page, 0, '李四，晚上一起吃饭吗？')
  await seen(page, 1, '李四，晚上一起吃饭吗？')
  await write(page, 1, '好呀 🍜 几点？')
  await seen(page, 0, '好呀 🍜 几点？')
  await write(page, 0, '<b>七点</b> &amp; 老地方')
  await seen(page, 1, '<b>七点</b> &amp; 老地方')
  await write(page, 1, '带上伞，可能下雨。')
  await seen(page, 0, '带上伞，可能下雨。')

  const expected = ['李四，晚上一起吃饭吗？', '好呀 🍜 几点？', '<b>七点</b> &amp; 老地方', '带上伞，可能下雨。']
  for (const index of [0, 1]) await eventually(async () => assert.deepEqual(await bubbles(page, index), expected))
  assert.deepEqual((await stored()).map((chat) => [chat.userId, chat.userName, chat.content]),
    expected.map((content, i) => [i % 2 + 1, i % 2 ? '李四' : '张三', content]))
  const own = await phone(page, 0).locator('.chat.own .bubble').first().boundingBox()
  const theirs = await phone(page, 0).locator('.chat:not(.own) .bubble').first().boundingBox()
  assert.ok(theirs.x < own.x, 'own bubbles are on the right, the other’s on the left')

  await page.waitForFunction(() => /4/.test(document.querySelector('#rateNote').textContent), null, WAIT)
  await page.waitForFunction(() => document.querySelector('#online').textContent === '2', null, WAIT)
  for (const [figure, is] of [['#sockets', /^2$/], ['#p99', /^[\d.,]+m?s$/], ['#peak', /[1-9]/], ['#database', /数据库正常/]]) {
    await eventually(async () => assert.match(await page.locator(figure).textContent(), is))
  }
  await page.waitForFunction(() => !document.querySelector('.flyer').getAnimations().length, null, WAIT)
  await page.evaluate(() => document.activeElement.blur())
  await screenshot(page, 'page-1280.png')
  assertQuiet(page)
})

test('nothing empty is sent, and a double tap sends once', async () => {
  const page = await open()
  const send = phone(page, 0).locator('.composer button')
  await send.click()
  await write(page, 0, '   ')
  await phone(page, 0).locator('textarea').fill('一次')
  await send.dblclick()
  await seen(page, 1, '一次')
  await write(page, 0, '完')
  await seen(page, 1, '完')
  assert.deepEqual((await stored()).map((chat) => chat.content), ['一次', '完'])
  assertQuiet(page)
})

test('Enter that chooses a candidate of an input method is not a send; Shift+Enter is a new line', async () => {
  const page = await open()
  const field = phone(page, 0).locator('textarea')
  await field.fill('ni hao')
  await field.dispatchEvent('keydown', { key: 'Enter', isComposing: true })
  assert.equal(await field.inputValue(), 'ni hao')
  await field.press('Shift+Enter')
  await page.keyboard.type('again')
  await page.keyboard.press('Enter')
  await seen(page, 1, 'ni hao\nagain')
  assertQuiet(page)
})

test('a message whose way or whose answer is lost is sent again, and stored once', async () => {
  const page = await open()
  const ids = []
  await page.route('**/push', async (route) => {
    const { clientMsgId } = route.request().postDataJSON()
    ids.push(clientMsgId)
    if (ids.length === 1) return route.abort('connectionreset')
    if (ids.length > 2) return route.continue()
    const response = await route.fetch()
    assert.equal(response.status(), 200)
    await route.abort('connectionreset')
    await fetch(`${server.url}/push`, { method: 'POST', body: route.request().postData() })  // as a try that was still under way
  })
  await write(page, 0, '只有一封')
  await seen(page, 1, '只有一封')
  await page.waitForFunction(() => !document.querySelector('#phone-0 .pending').children.length, null, WAIT)
  await write(page, 0, '下一封')
  await seen(page, 1, '下一封')
  assert.equal(ids[0], ids[1], 'the same clientMsgId')
  assert.deepEqual((await stored()).map((chat) => chat.content), ['只有一封', '下一封'])
  await eventually(async () => assert.deepEqual(await bubbles(page, 0), ['只有一封', '下一封']))
  assertQuiet(page, OUTAGE)
})

test('what the server refuses is shown in its own words and can be sent again', async () => {
  const page = await open()
  await phone(page, 0).locator('textarea').fill('长'.repeat(4097))
  await page.keyboard.press('Enter')
  const why = phone(page, 0).locator('.why')
  await why.waitFor(WAIT)
  assert.match(await why.textContent(), /4096/)
  assert.equal(await phone(page, 0).getByRole('button', { name: '发送失败，重新发送' }).count(), 1)
  await write(page, 0, '短的')
  await seen(page, 1, '短的')
  assertQuiet(page, /400|413/)
})

test('after a crash of the server the sockets come back, and what was written meanwhile is sent once', async () => {
  const page = await open()
  await write(page, 0, '之前')
  await seen(page, 1, '之前')
  await phone(page, 0).locator('.pending .bubble').waitFor({ ...WAIT, state: 'detached' }) // acknowledged, too
  await server.kill()
  for (const index of [0, 1]) await phone(page, index).locator('.notice').waitFor(WAIT)
  await page.waitForFunction(() => /连不上/.test(document.querySelector('#database').textContent), null, WAIT)
  await write(page, 0, '断线时写的')
  await phone(page, 0).locator('.pending .bubble').waitFor(WAIT)
  await atRest(page)
  for (const width of [1280, 375, 320]) {
    await page.setViewportSize({ width, height: 700 })
    assert.deepEqual(await page.evaluate(geometry), [], `offline at ${width}`)
  }
  await page.setViewportSize({ width: 1280, height: 800 })
  await server.start()
  await page.waitForFunction(() => [...document.querySelectorAll('.state .dot')].every((dot) => dot.classList.contains('good')), null, { timeout: 45000 })
  await seen(page, 1, '断线时写的')
  await write(page, 1, '之后')
  await seen(page, 0, '之后')
  const expected = ['之前', '断线时写的', '之后']
  assert.deepEqual((await stored()).map((chat) => chat.content), expected)
  for (const index of [0, 1]) await eventually(async () => assert.deepEqual(await bubbles(page, index), expected))
  await phone(page, 0).locator('.notice').waitFor({ state: 'hidden', ...WAIT })
  assertQuiet(page, OUTAGE)
})

test('a user whom the server signs off stays off until the person asks', async () => {
  const page = await open()
  await fetch(`${server.url}/close?userId=2`)
  const notice = phone(page, 1).locator('.notice')
  await notice.waitFor(WAIT)
  await page.waitForTimeout(1500) // what is not to happen: that it comes back by itself, a second later
  assert.match(await notice.textContent(), /下线/)
  await notice.getByRole('button').click()
  await online(page)
  assertQuiet(page)
})

test('the list stays at the newest unless scrolled up, and loads what is older', async () => {
  for (let i = 1; i <= 70; ++i) await push(i % 2 + 1, 2 - i % 2, `第 ${i} 封`)
  const page = await open()
  await seen(page, 0, '第 70 封')
  const fromEnd = () => phone(page, 0).locator('.log').evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight)
  await eventually(async () => assert.ok(await fromEnd() < 2, 'opens at the newest'))
  await eventually(async () => assert.equal((await bubbles(page, 0)).length, 50))

  await phone(page, 0).locator('.log').evaluate((log) => { log.scrollTop = 0 })
  await seen(page, 0, '第 1 封')
  await eventually(async () => assert.deepEqual(await bubbles(page, 0), Array.from({ length: 70 }, (_, i) => `第 ${i + 1} 封`)))
  assert.ok(await fromEnd() > 500, 'stays where the reader is')
  await push(2, 1, '新的')
  const newest = phone(page, 0).getByRole('button', { name: '新消息' })
  await newest.waitFor(WAIT)
  assert.ok(await fromEnd() > 500, 'a new message does not pull the reader down')
  await newest.click()
  await eventually(async () => assert.ok(await fromEnd() < 2))
  await push(2, 1, '再一封')
  await seen(page, 0, '再一封')
  await eventually(async () => assert.ok(await fromEnd() < 2, 'follows again'))
  assertQuiet(page)
})

test('ids and names can be changed, wrong ids are refused, and both are remembered', async () => {
  const page = await open()
  const first = phone(page, 0)
  await first.locator('.change').click()
  await first.getByLabel('用户 id').fill('不行')
  await page.keyboard.press('Enter')
  await first.locator('.wrong').waitFor(WAIT)
  await first.getByLabel('用户 id').fill('wang.wu@home')
  await first.getByLabel('名字').fill('王五')
  await page.keyboard.press('Enter')
  await online(page)
  await write(page, 1, '王五你好')
  await seen(page, 0, '王五你好')
  assert.match(await first.locator('.state').textContent(), /wang\.wu@home/)
  assert.equal((await (await fetch(`${server.url}/getMessage?userId=wang.wu@home`)).json())[0].targetUserName, '王五')
  await page.reload()
  await seen(page, 0, '王五你好')
  assertQuiet(page)
})

test('figures that are closed to this reader are a dash and a word why; the database is still told of', async () => {
  const page = await shared.openPage(browser, server, { width: 375, height: 812, prepare: (one) => one.route('**/metrics', (route) => route.fulfill({
    status: 403, contentType: 'application/problem+json', body: '{"title":"Forbidden","status":403}',
  })) })
  await page.locator('#hint').waitFor(WAIT)
  await eventually(async () => assert.equal(await page.locator('#online').textContent(), '–'))
  await page.waitForFunction(() => /正常/.test(document.querySelector('#database').textContent), null, WAIT)
  assert.deepEqual(await page.evaluate(geometry), [])
})

test('the address can be copied, and the language chosen', async () => {
  const page = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
  await page.getByRole('button', { name: '复制' }).click()
  await eventually(async () => assert.equal(await page.evaluate(() => navigator.clipboard.readText()), server.url))
  await page.getByRole('button', { name: 'English' }).click()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en')
  assert.equal(await phone(page, 0).getByRole('button', { name: 'Send' }).count(), 1)
  await page.reload()
  await page.getByRole('heading', { name: 'Live figures' }).waitFor(WAIT)
  assertQuiet(page)
})

test('on a narrow screen the other phone tells how much is unread', async () => {
  const page = await open({ width: 375, height: 812 })
  await write(page, 0, '看这里')
  const other = page.locator('.switch button').nth(1)
  await other.locator('b').getByText('1', { exact: true }).waitFor(WAIT)
  await other.click()
  assert.equal(await phone(page, 1).locator('.bubble').isVisible(), true)
  assert.equal(await other.locator('b').count(), 0)
  assertQuiet(page)
})

// -- looks

const TALK = [[1, 2, '李四，晚上一起吃饭吗？'], [2, 1, '好呀 🍜 几点？'], [1, 2, '七点，老地方。\n记得带伞。'], [2, 1, '收到 👍'], [2, 1, '路上慢点，不着急。']]

test('pictures', async () => {
  for (const [name, look] of Object.entries({
    'page-dark.png': { colorScheme: 'dark' }, 'page-375.png': { width: 375, height: 812 }, 'page-320.png': { width: 320, height: 640 },
  })) {
    const page = await open(look)
    if (name === 'page-dark.png') for (const [from, to, text] of TALK) await push(from, to, text)
    await seen(page, 0, TALK.at(-1)[2])
    await page.waitForFunction((count) => document.querySelector('#rateNote').textContent.includes(count), String(TALK.length), WAIT)
    await page.waitForFunction(() => document.querySelector('#online').textContent === '2', null, WAIT)
    await page.waitForFunction(() => !document.querySelector('.flyer').getAnimations().length, null, WAIT)
    await screenshot(page, name)
    await page.context().close()
  }
})

test('nothing is cut, covered, too small or too faint', async () => {
  for (const [from, to, text] of TALK) await push(from, to, text)
  await push(2, 1, `https://example.com/${'a-very-long-path'.repeat(6)} 长长的${'一行'.repeat(40)}`)
  await push(1, 2, '好')
  const faults = {}
  for (const look of LOOKS) {
    const name = `${look.width} ${look.colorScheme} ${look.locale}`
    const measure = async (page, state) => {
      const found = await page.evaluate(geometry)
      if (found.length) faults[`${name}, ${state}`] = found
    }
    const page = await open(look)
    await seen(page, 0, '好')
    await page.waitForFunction(() => document.querySelector('#online').textContent === '2', null, WAIT)
    await measure(page, 'as opened')
    const first = phone(page, 0)
    await first.locator('.change').click()
    await first.locator('.edit input').first().fill('no good')
    await page.keyboard.press('Enter')
    await measure(page, 'with the form open')
    await page.keyboard.press('Escape')
    await first.locator('textarea').fill('一行\n两行\n三行\n四行\n五行\n六行\n七行')
    await measure(page, 'with a long text in the field')
    if (look.width < 720) await page.locator('.switch button').nth(1).click()
    await measure(page, 'the other phone')
    assertQuiet(page)
    await page.context().close()
  }
  assert.deepEqual(faults, {})
})

test('the longest names and ids find room', async () => {
  const people = [{ id: 'W'.repeat(64), name: '很长的名字'.repeat(12) }, { id: 'm-_.:@'.repeat(10), name: 'Wolfeschlegelsteinhausenbergerdorff' }]
  const page = await open({ width: 320, height: 640, prepare: (one) =>
    one.addInitScript((value) => localStorage.setItem('hongyan.people', JSON.stringify(value)), people) })
  for (const width of [320, 375, 800, 1280]) {
    await page.setViewportSize({ width, height: 800 })
    assert.deepEqual(await page.evaluate(geometry), [], `at ${width}`)
  }
})
