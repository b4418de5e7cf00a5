'use strict'
// The v1 tab of the page at `/`, as the real server serves it, in a real Chromium: two people chat over JSON-RPC, one of
// them comes and goes, frames and answers are lost on the way; nothing is lost, doubled, cut or covered.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch, screenshot } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { WAIT, OUTAGE, LOOKS, geometry, ...shared } = require('./lib/page')
const { eventually } = require('./lib/wait')

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

async function open(options) {
  const page = await shared.openPage(browser, server, { path: '/#v1', ...options })
  await online(page)
  return page
}

const phone = (page, index) => page.locator(`#v1-${index}`)
const row = (page, index, title) => phone(page, index).locator('.rows button').filter({ has: page.locator('.title', { hasText: title }) })
const online = (page, which = [0, 1]) => page.waitForFunction((indexes) =>
  indexes.every((index) => document.querySelector(`#v1-${index} .state .dot`).classList.contains('good')), which, WAIT)
const texts = (page, index) => phone(page, index).locator('.chats .bubble .text').allTextContents()
const seen = (page, index, text) => phone(page, index).locator('.chats .bubble .text').getByText(text, { exact: true }).waitFor(WAIT)
const settled = (page, index) => page.waitForFunction((which) => !document.querySelector(`#v1-${which} .pending`).children.length, index, WAIT)
const unread = (page, index, title, count) => count
  ? row(page, index, title).locator('.badge').getByText(String(count), { exact: true }).waitFor(WAIT)
  : row(page, index, title).locator('.badge').waitFor({ state: 'detached', ...WAIT })
const toggle = (page, index) => phone(page, index).locator('.line-switch').click()
const assertQuiet = (page, allowed) => shared.assertQuiet(page, server, allowed)

async function write(page, index, text) {
  await phone(page, index).locator('textarea').click()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

async function makeGroup(page, index, name) {
  await phone(page, index).getByRole('button', { name: '建群' }).click()
  await phone(page, index).getByLabel('群名').fill(name)
  await page.keyboard.press('Enter')
  await phone(page, index).locator('.system').waitFor(WAIT)
}

async function send(from, to, content) {
  const response = await fetch(`${server.url}/v1/messages`, {
    method: 'POST', body: JSON.stringify({ from, to, clientMsgId: `t${Math.random()}`, content }),
  })
  assert.equal(response.status, 200)
}

const stored = async (query = 'peer=2') =>
  (await (await fetch(`${server.url}/v1/messages?userId=1&${query}&limit=500`)).json()).messages
/** The server has been told that `userId` has read all. */
const readAll = (userId) => eventually(async () => {
  const { conversations } = await (await fetch(`${server.url}/v1/conversations?userId=${userId}`)).json()
  for (const { readSeq, lastSeq } of conversations) assert.equal(readSeq, lastSeq)
})
const storedTexts = async (query) => (await stored(query)).filter((one) => one.kind === 'text' && !one.recalled).map((one) => one.content)

/**
 * Between the page and the server: `meddle(frame, toPage, end)` gets each message (as object) and says whether it goes on;
 * it may change it. `end()` cuts the connection.
 */
const between = (meddle) => (page) => page.routeWebSocket(/\/v1\/connect/, (socket) => {
  const real = socket.connectToServer()
  let isOver = false // what the page says before it hears that goes nowhere
  const end = () => { isOver = true; socket.close({ code: 3001 }); real.close() }
  const pass = (toPage, to) => (text) => {
    if (isOver) return
    const frame = JSON.parse(text)
    if (meddle(frame, toPage, end, new URL(socket.url()).searchParams.get('userId'))) to.send(JSON.stringify(frame))
  }
  socket.onMessage(pass(false, real))
  real.onMessage(pass(true, socket))
})

// -- chatting

test('two people chat; the list tells what is unread, the ticks what was read', async () => {
  const page = await open()
  for (const index of [0, 1]) await row(page, index, ['李四', '张三'][index]).locator('.dot.good').waitFor(WAIT)
  await row(page, 0, '李四').click()
  await write(page, 0, '李四，晚上一起吃饭吗？')
  await write(page, 0, '<b>七点</b> &amp; 老地方')
  await unread(page, 1, '张三', 2)
  await row(page, 1, '张三').locator('.last').getByText('<b>七点</b> &amp; 老地方', { exact: true }).waitFor(WAIT) // perhaps 正在输入… for a moment
  await eventually(async () => assert.deepEqual(await phone(page, 0).locator('.tick').allTextContents(), ['✓', '✓']))

  await row(page, 1, '张三').click()
  await phone(page, 0).locator('.tick.read').nth(1).waitFor(WAIT)
  assert.equal(await phone(page, 0).getByRole('img', { name: '已读' }).count(), 2)
  await write(page, 1, '好呀 🍜')
  await seen(page, 0, '好呀 🍜')
  await phone(page, 1).locator('.tick.read').waitFor(WAIT)
  const expected = ['李四，晚上一起吃饭吗？', '<b>七点</b> &amp; 老地方', '好呀 🍜']
  for (const index of [0, 1]) await eventually(async () => assert.deepEqual(await texts(page, index), expected))
  assert.deepEqual(await storedTexts(), expected)
  await phone(page, 1).locator('.back').click()
  await unread(page, 1, '张三', 0)
  assertQuiet(page)
})

test('who is typing is told in the chat and in the list, and no longer once the message is there', async () => {
  const page = await open()
  for (const index of [0, 1]) await row(page, index, ['李四', '张三'][index]).click()
  await write(page, 0, '在吗')
  await seen(page, 1, '在吗')
  await phone(page, 1).locator('textarea').pressSequentially('在的')
  await phone(page, 0).locator('.about').getByText('正在输入').waitFor(WAIT)
  await phone(page, 0).locator('.back').click()
  await row(page, 0, '李四').locator('.last').getByText('正在输入').waitFor(WAIT)
  await page.keyboard.press('Tab')
  await phone(page, 1).locator('textarea').press('Enter')
  await row(page, 0, '李四').locator('.last').getByText('在的', { exact: true }).waitFor(WAIT)
  assertQuiet(page)
})

test('an own message is recalled with the mouse, by touch and by keyboard; both sides say so in its place', async () => {
  const page = await open({ hasTouch: true })
  for (const index of [0, 1]) await row(page, index, ['李四', '张三'][index]).click()
  for (const text of ['甲', '乙', '丙', '丁', '戊']) await write(page, 0, text)
  await seen(page, 1, '戊')
  await settled(page, 0)
  const own = phone(page, 0).locator('.chat.own')
  const mouse = own.filter({ hasText: '乙' })
  await mouse.hover()
  await mouse.getByRole('button', { name: '撤回' }).click()
  await phone(page, 1).locator('.system').first().waitFor(WAIT)

  const touched = own.filter({ hasText: '丙' })
  await touched.dispatchEvent('pointerdown', { pointerType: 'touch' })
  await page.waitForFunction(() => document.querySelector('#v1-0 .chat.held'), null, WAIT)
  await touched.dispatchEvent('pointerup', { pointerType: 'touch' })
  await touched.getByRole('button', { name: '撤回' }).tap()
  await phone(page, 1).locator('.system').nth(1).waitFor(WAIT)

  await own.filter({ hasText: '丁' }).getByRole('button', { name: '撤回' }).focus()
  await page.keyboard.press('Enter')
  await phone(page, 1).locator('.system').nth(2).waitFor(WAIT)

  await phone(page, 0).locator('.system').nth(2).waitFor(WAIT)
  const lines = (index) => phone(page, index).locator('.chats .bubble .text, .chats .system').allTextContents()
  assert.deepEqual(await lines(0), ['甲', ...Array(3).fill('你撤回了一条消息'), '戊'])
  assert.deepEqual(await lines(1), ['甲', ...Array(3).fill('张三撤回了一条消息'), '戊'])
  assert.deepEqual(await storedTexts(), ['甲', '戊'])
  assert.equal(await phone(page, 1).locator('.recall').count(), 0, 'another’s message has no button')
  assertQuiet(page)
})

test('what was recalled before it was read is not unread', async () => {
  const page = await open()
  await row(page, 0, '李四').click()
  await write(page, 0, '留着')
  await write(page, 0, '收回')
  await unread(page, 1, '张三', 2)
  await phone(page, 0).getByRole('button', { name: '撤回: 收回' }).focus()
  await page.keyboard.press('Enter')
  await unread(page, 1, '张三', 1)
  await row(page, 1, '张三').locator('.last').getByText('张三撤回了一条消息').waitFor(WAIT)
  await page.reload()
  await online(page)
  await unread(page, 1, '张三', 1)
  assertQuiet(page)
})

test('a group: made with a name and both as members, its system line and who said what', async () => {
  const page = await open()
  await makeGroup(page, 0, '南飞的雁')
  assert.equal(await phone(page, 0).locator('.system').textContent(), '你建了群“南飞的雁”，成员：李四')
  await phone(page, 0).locator('.about').getByText('群 · 2 人').waitFor(WAIT)
  await row(page, 1, '南飞的雁').locator('.last').getByText('张三建了群“南飞的雁”，成员：你').waitFor(WAIT)
  await write(page, 0, '大家好')
  await unread(page, 1, '南飞的雁', 1)
  await row(page, 1, '南飞的雁').locator('.last').getByText('张三：大家好').waitFor(WAIT) // perhaps 正在输入… for a moment
  await row(page, 1, '南飞的雁').click()
  await phone(page, 1).locator('.who-said').getByText('张三', { exact: true }).waitFor(WAIT)
  await write(page, 1, '到！')
  await seen(page, 0, '到！')
  const group = (await (await fetch(`${server.url}/v1/conversations?userId=1`)).json()).conversations[0].place.groupId
  const patched = await fetch(`${server.url}/v1/groups/${group}`, { method: 'PATCH', body: '{"name":"北归的雁"}' })
  assert.equal(patched.status, 200)
  for (const index of [0, 1]) await phone(page, index).getByRole('heading', { name: '北归的雁' }).waitFor(WAIT)
  await phone(page, 1).locator('.system').getByText('张三改了群资料：“北归的雁”').waitFor(WAIT)
  await fetch(`${server.url}/v1/groups/${group}/members/3`, { method: 'PUT', body: '{}' })
  await phone(page, 1).locator('.system').getByText('张三邀请3进群').waitFor(WAIT)
  await phone(page, 0).locator('.about').getByText('群 · 3 人').waitFor(WAIT)
  assertQuiet(page)
})

test('a name that the server refuses is told in its words', async () => {
  const page = await open()
  await phone(page, 0).getByRole('button', { name: '建群' }).click()
  await phone(page, 0).getByLabel('群名').fill('')
  await page.keyboard.press('Enter')
  await phone(page, 0).locator('.why-not').getByText('name').waitFor(WAIT)
  await row(page, 0, '李四').click()
  await phone(page, 0).locator('textarea').fill('长'.repeat(4097))
  await page.keyboard.press('Enter')
  await phone(page, 0).locator('.why').getByText('4096').waitFor(WAIT)
  await write(page, 0, '短的')
  await unread(page, 1, '张三', 1)
  assert.equal(await phone(page, 0).getByRole('button', { name: '发送失败，重新发送' }).count(), 1)
  assertQuiet(page)
})

// -- coming and going

test('who was offline has everything after coming back: no loss, no doubles, the right unread', async () => {
  const page = await open()
  await makeGroup(page, 0, '雁群')
  const group = (await (await fetch(`${server.url}/v1/conversations?userId=1`)).json()).conversations[0].place
  await phone(page, 0).locator('.back').click()
  await row(page, 0, '李四').click()
  await write(page, 0, '之前')
  await row(page, 1, '张三').click()
  await seen(page, 1, '之前')
  await phone(page, 0).locator('.tick.read').waitFor(WAIT)

  await toggle(page, 1)
  await phone(page, 0).locator('.about').getByText('不在线').waitFor(WAIT)
  assert.match(await phone(page, 1).locator('.notice').textContent(), /断线/)
  await write(page, 1, '离线写的')
  await phone(page, 1).locator('.pending .bubble').waitFor(WAIT)
  await phone(page, 1).locator('.back').click()

  const missed = Array.from({ length: 230 }, (_, i) => `错过 ${i + 1}`)
  for (const text of missed) await send('1', { userId: '2' }, text)
  await seen(page, 0, '错过 230')
  await phone(page, 0).getByRole('button', { name: '撤回: 错过 229' }).focus()
  await page.keyboard.press('Enter')
  await phone(page, 0).locator('.system').waitFor(WAIT)
  for (const text of ['群里一', '群里二', '群里三']) await send('1', group, text)
  assert.equal(await phone(page, 1).locator('.badge:visible').count(), 0)

  await toggle(page, 1)
  await online(page)
  await phone(page, 1).locator('.notice.fine').getByText('错过的 232 条').waitFor(WAIT)
  await unread(page, 1, '张三', '99+')
  await unread(page, 1, '雁群', 3)
  const listed = (await (await fetch(`${server.url}/v1/conversations?userId=2`)).json()).conversations
  assert.deepEqual(listed.map((one) => one.unread).sort(), [229, 3], 'as the server counts')
  await seen(page, 0, '离线写的')
  await row(page, 1, '张三').click()
  const expected = ['之前', ...missed.filter((text) => text !== '错过 229'), '离线写的']
  for (const index of [1, 0]) await eventually(async () => assert.deepEqual(await texts(page, index), expected))
  assert.deepEqual(await storedTexts(), expected)
  await settled(page, 1)
  await phone(page, 1).locator('.back .badge').getByText('3', { exact: true }).waitFor(WAIT)
  await phone(page, 1).locator('.back').click()
  await unread(page, 1, '张三', 0)
  assertQuiet(page)
})

test('after a crash of the server the sockets come back by themselves, and what was written meanwhile is sent once', async () => {
  const page = await open()
  for (const index of [0, 1]) await row(page, index, ['李四', '张三'][index]).click()
  await write(page, 0, '之前')
  await seen(page, 1, '之前')
  await phone(page, 0).locator('.pending .bubble').waitFor({ ...WAIT, state: 'detached' }) // acknowledged, too
  await server.kill()
  for (const index of [0, 1]) await phone(page, index).locator('.notice').getByText('重连').first().waitFor(WAIT)
  await write(page, 0, '断线时写的')
  await phone(page, 0).locator('.pending .bubble').waitFor(WAIT)
  for (const width of [1280, 375, 320]) {
    await page.setViewportSize({ width, height: 700 })
    assert.deepEqual(await page.evaluate(geometry), [], `waiting at ${width}`)
  }
  await page.setViewportSize({ width: 1280, height: 800 })
  await server.start()
  await page.waitForFunction(() => [...document.querySelectorAll('.state .dot')].every((dot) => dot.classList.contains('good')), null, { timeout: 45000 })
  await seen(page, 1, '断线时写的')
  await write(page, 1, '之后')
  await seen(page, 0, '之后')
  const expected = ['之前', '断线时写的', '之后']
  assert.deepEqual(await storedTexts(), expected)
  for (const index of [0, 1]) await eventually(async () => assert.deepEqual(await texts(page, index), expected))
  assertQuiet(page, OUTAGE)
})

test('a send whose way or whose answer is lost is sent again with its clientMsgId, and is there once', async () => {
  const sends = []
  const prepare = between((frame, toPage, end) => {
    if (frame.method === 'message.send' && !toPage) {
      sends.push(frame.params.clientMsgId)
      if (sends.length === 1) { end(); return false }
    }
    // The second try is stored, and neither its answer nor its notification arrives.
    const own = frame.result?.message ?? frame.params?.messages?.[0]
    if (toPage && sends.length === 2 && own?.from === '1') { end(); return false }
    return true
  })
  const page = await open({ prepare })
  await row(page, 0, '李四').click()
  await write(page, 0, '只有一封')
  await seen(page, 0, '只有一封')
  await write(page, 0, '下一封')
  await seen(page, 0, '下一封')
  await settled(page, 0)
  await unread(page, 1, '张三', 2)
  assert.equal(sends[0], sends[1])
  await eventually(async () => assert.deepEqual(await texts(page, 0), ['只有一封', '下一封']))
  assert.deepEqual(await storedTexts(), ['只有一封', '下一封'])
  assertQuiet(page)
})

test('a hole in seq is closed when the next message shows it, and by the heartbeat when none does', { timeout: 300_000 }, async () => {
  let lose = 0
  const asked = []
  const prepare = between((frame, toPage, end, userId) => {
    if (frame.method === 'session') frame.params.heartbeatSeconds = 1
    if (!toPage && userId === '2') asked.push(frame.method)
    if (toPage && userId === '2' && frame.method === 'messages' && lose > 0) { lose -= 1; return false }
    return true
  })
  const page = await open({ prepare })
  await row(page, 1, '张三').click()
  await send('1', { userId: '2' }, '一')
  await seen(page, 1, '一')

  lose = 2
  for (const text of ['二', '三', '四']) await send('1', { userId: '2' }, text)
  await seen(page, 1, '四')
  await eventually(async () => assert.deepEqual(await texts(page, 1), ['一', '二', '三', '四']))

  await readAll('2') // what the answer to a read shows would close the hole, too
  lose = 1
  asked.length = 0
  await send('1', { userId: '2' }, '最后')
  await seen(page, 1, '最后')
  assert.ok(asked.indexOf('ping') >= 0 && asked.indexOf('message.history') > asked.indexOf('ping'), asked.join())
  await eventually(async () => assert.deepEqual(await texts(page, 1), ['一', '二', '三', '四', '最后']))
  assertQuiet(page)
})

test('a heartbeat without an answer is a dead line: another one is made', { timeout: 300_000 }, async () => {
  let deaf = false
  const sessions = []
  let cameBack
  const another = new Promise((resolve) => { cameBack = resolve })
  const prepare = between((frame, toPage, end, userId) => {
    if (frame.method === 'session') {
      frame.params.heartbeatSeconds = 1
      if (sessions.push(userId) > 2) {
        deaf = false
        cameBack()
      }
    }
    return !(deaf && userId === '2')
  })
  const page = await open({ prepare })
  await row(page, 1, '张三').click()
  deaf = true
  await send('1', { userId: '2' }, '听见吗')
  await another
  await seen(page, 1, '听见吗')
  assert.deepEqual(sessions.slice(2), ['2'])
  assertQuiet(page)
})

test('another epoch: all is forgotten and comes anew, what waits is sent all the same', async () => {
  let spoil = false
  const prepare = between((frame, toPage) => {
    if (spoil && !toPage && frame.method === 'sync') { frame.params.epoch = 'another'; frame.params.positions = { 1: 7, 99: 3 }; spoil = false }
    return true
  })
  const page = await open({ prepare })
  await row(page, 0, '李四').click()
  for (const text of ['一', '二']) await write(page, 0, text)
  await unread(page, 1, '张三', 2)
  await toggle(page, 0)
  await send('2', { userId: '1' }, '三')
  await write(page, 0, '四')
  spoil = true
  await toggle(page, 0)
  await seen(page, 0, '四')
  assert.equal(spoil, false)
  await settled(page, 0)
  await eventually(async () => assert.deepEqual(await texts(page, 0), ['一', '二', '三', '四']))
  assertQuiet(page)
})

test('a conversation that was cleared elsewhere is gone, and the next message brings it back with only that', async () => {
  const page = await open()
  await send('1', { userId: '2' }, '旧的')
  await unread(page, 1, '张三', 1)
  await page.evaluate(() => phones[1].client.call('conversation.clear', { in: { userId: '1' } })) // as another phone of the user would
  await toggle(page, 1)
  await toggle(page, 1)
  await row(page, 1, '张三').locator('.last').getByText('还没有消息').waitFor(WAIT)
  await unread(page, 1, '张三', 0)
  await send('1', { userId: '2' }, '新的')
  await unread(page, 1, '张三', 1)
  await row(page, 1, '张三').click()
  await seen(page, 1, '新的')
  await eventually(async () => assert.deepEqual(await texts(page, 1), ['新的']))
  assertQuiet(page)
})

test('a user whom the server signs off stays off until the person asks', async () => {
  const page = await open()
  await fetch(`${server.url}/close?userId=2`)
  const notice = phone(page, 1).locator('.notice')
  await notice.getByText('已被服务器下线').waitFor(WAIT)
  await row(page, 0, '李四').locator('.dot.away').waitFor(WAIT)
  await page.waitForTimeout(2500) // what is not to happen: that it comes back by itself
  assert.match(await notice.textContent(), /下线/)
  await notice.getByRole('button').click()
  await online(page)
  await row(page, 0, '李四').locator('.dot.good').waitFor(WAIT)
  assertQuiet(page)
})

test('a long conversation opens at its newest and loads what is older', async () => {
  for (let i = 1; i <= 90; ++i) await send(String(i % 2 + 1), { userId: String(2 - i % 2) }, `第 ${i} 封`)
  const page = await open()
  await unread(page, 0, '李四', 45)
  await row(page, 0, '李四').click()
  await seen(page, 0, '第 90 封')
  await eventually(async () => assert.equal((await texts(page, 0)).length, 20))
  const log = phone(page, 0).locator('.log')
  const fromEnd = () => log.evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight)
  await eventually(async () => assert.ok(await fromEnd() < 2))
  for (const first of ['第 21 封', '第 1 封']) {
    await log.evaluate((node) => { node.scrollTop = 0 })
    await seen(page, 0, first)
  }
  await eventually(async () => assert.deepEqual(await texts(page, 0), Array.from({ length: 90 }, (_, i) => `第 ${i + 1} 封`)))
  assert.ok(await fromEnd() > 500, 'stays where the reader is')
  await send('2', { userId: '1' }, '新的')
  const newest = phone(page, 0).getByRole('button', { name: '新消息' })
  await newest.waitFor(WAIT)
  assert.ok(await fromEnd() > 500, 'a new message does not pull the reader down')
  await newest.click()
  await page.waitForFunction(() => { const node = document.querySelector('#v1-0 .log'); return node.scrollHeight - node.scrollTop - node.clientHeight < 2 }, null, WAIT)
  assertQuiet(page)
})

// -- the two tabs, ids, keyboard

test('only the tab in sight is connected; the other is where it was on coming back', async () => {
  const page = await open()
  await row(page, 0, '李四').click()
  await write(page, 0, '从 v1 来')
  await unread(page, 1, '张三', 1)
  await page.getByRole('link', { name: '经典' }).click()
  await page.waitForFunction(() => [0, 1].every((index) => document.querySelector(`#phone-${index} .state .dot`).classList.contains('good')), null, WAIT)
  await page.locator('#phone-1 .bubble .text').getByText('从 v1 来').waitFor(WAIT)
  const sessions = async () => (await (await fetch(`${server.url}/v1/users/1/sessions`)).json()).sessions.map((one) => one.kind)
  await eventually(async () => assert.deepEqual(await sessions(), ['classic']))
  await page.locator('#phone-1 textarea').fill('从经典来')
  await page.keyboard.press('Enter')
  await page.locator('#phone-0 .bubble .text').getByText('从经典来').waitFor(WAIT)

  await page.getByRole('link', { name: 'v1' }).click()
  await online(page)
  await seen(page, 0, '从经典来')
  await eventually(async () => assert.deepEqual(await texts(page, 0), ['从 v1 来', '从经典来']))
  await unread(page, 1, '张三', 1)
  await eventually(async () => assert.deepEqual(await sessions(), ['v1']))
  assert.equal(await page.getByRole('link', { name: 'v1' }).getAttribute('aria-current'), 'page')
  assertQuiet(page)
})

test('ids and names can be changed; the server is told the name', async () => {
  const page = await open()
  const first = phone(page, 0)
  await first.locator('.change').click()
  await first.getByLabel('用户 id').fill('wang.wu@home')
  await first.getByLabel('名字').fill('王五')
  await page.keyboard.press('Enter')
  await online(page)
  await row(page, 1, '王五').click()
  await write(page, 1, '王五你好')
  await unread(page, 0, '李四', 1)
  assert.match(await first.locator('.state').textContent(), /wang\.wu@home/)
  await page.reload()
  await online(page)
  await unread(page, 0, '李四', 1)
  // A third one, whose name only the server knows.
  const named = await fetch(`${server.url}/v1/users/9`, { method: 'PUT', body: '{"name":"雁九"}' })
  assert.equal(named.status, 200)
  await send('9', { userId: 'wang.wu@home' }, '久仰')
  await unread(page, 0, '雁九', 1)
  assertQuiet(page)
})

test('all of it by keyboard, and focus goes along', async () => {
  const page = await open()
  const focused = () => page.evaluate(() => `${document.activeElement.className} ${document.activeElement.closest('li')?.dataset.key ?? ''}`.trim())
  await phone(page, 0).locator('.new-group').focus()
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'u:2')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'TEXTAREA')
  await page.keyboard.type('键盘')
  await page.keyboard.press('Enter')
  await seen(page, 0, '键盘')
  await page.keyboard.press('Escape')
  assert.equal(await focused(), 'u:2')
  await send('2', { userId: '1' }, '来了')
  await unread(page, 0, '李四', 1)
  assert.equal(await focused(), 'u:2', 'a new message does not take the focus away')
  await page.keyboard.press('Shift+Tab')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.name), 'name')
  await page.keyboard.press('Escape')
  assert.match(await focused(), /new-group/)
  assertQuiet(page)
})

test('on a narrow screen the other phone tells how much is unread, and reads nothing out of sight', async () => {
  const page = await open({ width: 375, height: 812 })
  const other = page.locator('.switch button').nth(1)
  await other.click()
  await row(page, 1, '张三').click()
  await page.locator('.switch button').nth(0).click()
  await row(page, 0, '李四').click()
  await write(page, 0, '看这里')
  await other.locator('b').getByText('1', { exact: true }).waitFor(WAIT)
  assert.equal(await phone(page, 0).locator('.tick.read').count(), 0)
  await other.click()
  await seen(page, 1, '看这里')
  await other.locator('b').waitFor({ state: 'detached', ...WAIT })
  await page.locator('.switch button').nth(0).click()
  await phone(page, 0).locator('.tick.read').waitFor(WAIT)
  assertQuiet(page)
})

// -- looks

/** Something of everything: a chat, a group, a recalled message, a third user, something unread. */
async function liveliness() {
  const made = await fetch(`${server.url}/v1/groups`, { method: 'POST', body: JSON.stringify({ groupId: 'geese', owner: '1', name: '雁群', members: ['2'] }) })
  assert.equal(made.status, 201)
  const one = { userId: '1' }
  const two = { userId: '2' }
  for (const [from, to, text] of [
    ['1', { groupId: 'geese' }, '今年什么时候出发？'], ['2', { groupId: 'geese' }, '等第一场霜。'], ['1', two, '李四，晚上一起吃饭吗？'],
    ['2', one, '好呀 🍜 几点？'], ['1', two, '七点，老地方。\n记得带伞。'], ['2', one, '收到 👍'],
  ]) await send(from, to, text)
}

test('pictures', async () => {
  for (const [name, look] of Object.entries({
    'page-v1.png': {}, 'page-v1-dark.png': { colorScheme: 'dark' }, 'page-v1-375.png': { width: 375, height: 812 }, 'page-v1-320.png': { width: 320, height: 640 },
  })) {
    await server.stop()
    server = await startHongyan()
    await liveliness()
    const page = await open(look)
    await row(page, 0, '李四').click()
    if (look.width) await page.locator('.switch button').nth(1).click()
    await row(page, 1, '张三').click()
    await seen(page, 1, '收到 👍')
    await write(page, 1, '啊，发错了')
    await phone(page, 1).getByRole('button', { name: '撤回: 啊' }).focus()
    await page.keyboard.press('Enter')
    await phone(page, 1).locator('.system').waitFor(WAIT)
    await phone(page, 1).locator('.back').click()
    if (look.width) await page.locator('.switch button').nth(0).click()
    await write(page, 0, '路上慢点，不着急。')
    await write(page, 0, '我先到就先点菜')
    await send('1', { groupId: 'geese' }, '第一场霜了，走吧！')
    if (!look.width) {
      await unread(page, 1, '张三', 2)
    }
    await page.waitForFunction(() => !document.querySelector('.flyer').getAnimations().length, null, WAIT)
    if (!look.width) {
      await phone(page, 0).locator('textarea').pressSequentially('你爱吃辣的吗', { delay: 600 })
      await row(page, 1, '张三').locator('.last').getByText('正在输入').waitFor(WAIT)
    }
    await page.evaluate(() => document.activeElement.blur())
    await screenshot(page, name)
    assertQuiet(page)
    await page.context().close()
  }
})

test('nothing is cut, covered, too small or too faint', async () => {
  await liveliness()
  await send('2', { userId: '1' }, `https://example.com/${'a-very-long-path'.repeat(6)} 长长的${'一行'.repeat(40)}`)
  await send('9', { userId: '1' }, 'W'.repeat(60))
  const faults = {}
  for (const look of LOOKS) {
    const page = await open(look)
    const measure = async (state) => {
      const found = await page.evaluate(geometry)
      if (found.length) faults[`${look.width} ${look.colorScheme} ${look.locale}, ${state}`] = found
    }
    const first = phone(page, 0)
    const chooseOther = () => page.locator('.switch button').nth(1).click()
    const chooseFirst = () => page.locator('.switch button').nth(0).click()
    await row(page, 0, '雁群').waitFor(WAIT)
    await measure('the list')
    await first.locator('.new-group').click()
    await first.locator('.group input').fill('')
    await page.keyboard.press('Enter')
    await first.locator('.why-not').waitFor(WAIT)
    await measure('the form of a group')
    await page.keyboard.press('Escape')
    await first.locator('.change').click()
    await measure('the form of the id')
    await page.keyboard.press('Escape')
    await row(page, 0, '李四').click()
    await first.locator('.chat.own').first().hover()
    await measure('a chat')
    if (look.width < 720) await chooseOther()
    await row(page, 1, '雁群').click()
    await phone(page, 1).locator('.system').first().waitFor(WAIT)
    await measure('a group')
    await toggle(page, 1)
    await write(page, 1, '离线写的')
    await measure('offline')
    if (look.width < 720) await chooseFirst()
    await first.locator('textarea').fill('一行\n两行\n三行\n四行\n五行\n六行\n七行')
    await measure('with a long text in the field')
    await first.locator('textarea').fill('长'.repeat(4097))
    await page.keyboard.press('Enter')
    await first.locator('.why').waitFor(WAIT)
    await measure('a send that was refused')
    assertQuiet(page)
    await page.context().close()
  }
  assert.deepEqual(faults, {})
})

test('the longest names and ids find room', async () => {
  const people = [{ id: 'W'.repeat(64), name: '很长的名字'.repeat(12) }, { id: 'm-_.:@'.repeat(10), name: 'Wolfeschlegelsteinhausenbergerdorff' }]
  const page = await open({ width: 320, height: 640, prepare: (one) =>
    one.addInitScript((value) => localStorage.setItem('hongyan.people', JSON.stringify(value)), people) })
  for (const state of ['the list', 'a group']) {
    if (state === 'a group') await makeGroup(page, 0, 'W'.repeat(64))
    for (const width of [320, 375, 800, 1280]) {
      await page.setViewportSize({ width, height: 800 })
      assert.deepEqual(await page.evaluate(geometry), [], `${state} at ${width}`)
    }
    await page.setViewportSize({ width: 320, height: 640 })
  }
  assertQuiet(page)
})
