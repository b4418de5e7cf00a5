'use strict'
// A long chat: ten thousand messages, of which few are drawn; what is read stays on its pixel; ways up, down and to one message.

const assert = require('node:assert/strict')
const test = require('node:test')
const { startProduct, stopProduct, closePhones, openProduct, somebody, fill, screenshot, isClean, CLEAN } = require('./lib/product')
const { eventually, atRest } = require('./lib/wait')

const MANY = 10_000
const ALIVE_MAX = 150

let it
let li
test.before(async () => {
  it = await startProduct()
  li = await somebody(it, '2', '李四')
  await fill(li, '70', MANY)
})
test.after(async () => {
  if (li) li.close()
  await stopProduct(it)
})
test.afterEach(() => closePhones(it))

const openChat = (as, query = '', options = {}) => openProduct(it, { as, path: `/pages/chat/chat?userId=2${query}`, ...options })

/** What stands in the list: numbers of the rows drawn, those on the screen with their place, and where the list stands. */
const look = (page) => page.evaluate(() => {
  const list = [...document.querySelectorAll('phone-view:not([hidden]) wx-hy-chat wx-scroll-view')].find((element) => /--list(\s|$)/.test(element.className))
  const frame = list.getBoundingClientRect()
  const rows = [...list.querySelectorAll('wx-view')].filter((element) => /--row(\s|$)/.test(element.className) && /--block(\s|$)/.test(element.parentElement.className))
  const numbers = rows.map((row) => ({ n: Number((/第(\d+)条/.exec(row.textContent) || [])[1] || 0), box: row.getBoundingClientRect() })).filter(({ n }) => n)
  const seen = numbers.filter(({ box }) => box.bottom > frame.top + 1 && box.top < frame.bottom - 1)
  return {
    alive: rows.length, first: numbers.length && numbers[0].n, last: numbers.length && numbers[numbers.length - 1].n,
    seen: seen.map(({ n, box }) => ({ n, top: box.top - frame.top, bottom: box.bottom - frame.top })),
    top: list.scrollTop, height: list.scrollHeight, screen: frame.height, left: list.scrollHeight - list.scrollTop - list.clientHeight,
  }
})
const scrollTo = (page, top) => page.evaluate((to) => {
  const list = [...document.querySelectorAll('phone-view:not([hidden]) wx-hy-chat wx-scroll-view')].find((element) => /--list(\s|$)/.test(element.className))
  list.scrollTop = to
}, top)
const until = (page, is) => eventually(async () => {
  const now = await look(page)
  assert.ok(is(now), JSON.stringify(now))
})
const atBottom = (page, n) => until(page, ({ left, seen }) => left < 80 && seen.length > 0 && seen[seen.length - 1].n === n)
const topOf = ({ seen }, n) => { const row = seen.find((one) => one.n === n); return row && row.top }

test('it opens at the newest, of ten thousand', async () => {
  const page = await openChat('70')
  await atBottom(page, MANY)
  const { alive } = await look(page)
  assert.ok(alive <= ALIVE_MAX, `${alive} rows`)
  await screenshot(page, 'chat-history-bottom.png')
  assert.deepEqual(await isClean(page), CLEAN)
})

/** Until what is drawn is drawn: a finger that comes in the middle of it is not what is tried here. */
const rested = (page) => atRest(page, 6)

/** Of the row that is first now: by how much it leaves its place, frame by frame, for so long. The finger rests. */
const drift = (page, ms) => page.evaluate((time) => new Promise((resolve) => {
  const list = [...document.querySelectorAll('phone-view:not([hidden]) wx-hy-chat wx-scroll-view')].find((element) => /--list(\s|$)/.test(element.className))
  const edge = list.getBoundingClientRect().top
  const rows = () => [...list.querySelectorAll('wx-view')].filter((element) => /--row(\s|$)/.test(element.className) && /--block(\s|$)/.test(element.parentElement.className))
  const row = rows().find((element) => element.getBoundingClientRect().bottom > edge + 20)
  const number = () => (/第(\d+)条/.exec(row.textContent) || [])[1]
  const [n, top] = [number(), row.getBoundingClientRect().top]
  const found = { n, worst: 0, frames: 0, isGone: false }
  const end = performance.now() + time
  const frame = () => {
    found.frames++
    if (!row.isConnected || number() !== n) found.isGone = true
    else found.worst = Math.max(found.worst, Math.abs(row.getBoundingClientRect().top - top))
    if (performance.now() < end) requestAnimationFrame(frame)
    else resolve(found)
  }
  requestAnimationFrame(frame)
}), ms)

test('who reads up keeps the line on its pixel in every frame, page after page', async () => {
  const page = await openChat('70')
  await atBottom(page, MANY)
  let worst = 0
  const { first } = await look(page)
  for (let turn = 0; turn < 60; turn++) {
    await rested(page)
    const { top, screen } = await look(page)
    await scrollTo(page, Math.max(1, top - 0.7 * screen))
    const { worst: moved, isGone } = await drift(page, 180)
    assert.ok(!isGone, `a row on the screen was drawn anew in turn ${turn}`)
    worst = Math.max(worst, moved)
    const { alive, seen } = await look(page)
    assert.ok(alive <= ALIVE_MAX && seen.length > 2, JSON.stringify({ turn, alive, seen }))
  }
  const { first: now } = await look(page)
  assert.ok(first - now > 300, `from ${first} to ${now}`)
  assert.ok(worst <= 1, `moved by ${worst} px`)
  await screenshot(page, 'chat-history-up10.png')
  assert.deepEqual(await isClean(page), CLEAN)
})

/** Opened anew, and from then on each answer takes so long. */
async function slow(page, ms) {
  let sync = null
  const synced = new Promise((resolve) => {
    page.routeWebSocket(/\/v1\/connect/, (socket) => {
      const server = socket.connectToServer()
      socket.onMessage((message) => {
        const { id, method } = JSON.parse(message)
        if (method === 'sync') sync = id
        server.send(message)
      })
      server.onMessage((message) => {
        setTimeout(() => {
          socket.send(message)
          if (JSON.parse(message).id === sync) resolve()
        }, ms)
      })
    }).then(() => page.reload()) // a page that is open has its sockets from elsewhere
  })
  await synced
  await atBottom(page, MANY)
}

test('at the very top as well, where the view keeps nothing in its place by itself', async () => {
  const page = await openChat('70')
  await atBottom(page, MANY)
  await slow(page, 1_000)
  for (let turn = 0; turn < 3; turn++) {
    await until(page, ({ top, screen }) => top > 2 * screen) // nothing older is on its way yet
    await rested(page)
    await scrollTo(page, 0)
    await until(page, ({ seen, top }) => seen.length > 3 && top === 0)
    const { seen: [{ n, top }] } = await look(page)
    await until(page, (now) => now.top > now.screen) // older ones are above
    await rested(page)
    const after = await look(page)
    assert.ok(Math.abs(topOf(after, n) - top) <= 1, JSON.stringify([n, top, after.seen]))
    assert.ok(after.alive <= ALIVE_MAX)
  }
  assert.deepEqual(await isClean(page), CLEAN)
})

test('a message far up is led to, lit, and the newest is one tap away', async () => {
  const page = await openChat('70', '&seq=4321')
  await until(page, ({ seen, screen, alive }) => {
    const row = seen.find(({ n }) => n === 4321)
    return row && row.top > 0 && row.bottom < screen && alive <= ALIVE_MAX
  })
  await rested(page)
  await screenshot(page, 'chat-history-jump.png')
  // Through blocks that nobody has measured: no hole, no leap.
  for (let step = 0; step < 30; step++) {
    const { top } = await look(page)
    await scrollTo(page, top + (step % 2 ? -500 : 900))
    await eventually(async () => {
      const { seen, alive, screen } = await look(page)
      assert.ok(seen.length > 2 && alive <= ALIVE_MAX, JSON.stringify({ step, seen, alive }))
      assert.ok(seen[0].top < 130 && seen[seen.length - 1].bottom > screen - 60, `a hole at step ${step}`)
      seen.forEach(({ n }, i) => assert.equal(n, seen[0].n + i))
    })
  }
  await page.locator('[class*="--is-down"]').tap()
  await atBottom(page, MANY)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('while one reads above nothing moves, and what came is counted', async () => {
  await fill(li, '71', 120)
  const page = await openChat('71')
  await atBottom(page, 120)
  await until(page, ({ height, screen }) => height > 4 * screen)
  await rested(page)
  await eventually(() => assert.equal(li.conversation({ userId: '71' }).peerReadSeq, 120))
  const { height, screen } = await look(page)
  await scrollTo(page, height - 3 * screen)
  await atRest(page)
  const before = await look(page)
  const { n, top } = before.seen[1]
  await fill(li, '71', 3, 121)
  await page.getByText('3条新消息').waitFor()
  assert.ok(Math.abs(topOf(await look(page), n) - top) <= 1)
  assert.equal(li.conversation({ userId: '71' }).peerReadSeq, 120) // what was not on the screen is not read
  await screenshot(page, 'chat-history-below.png')
  await page.getByText('3条新消息').tap()
  await atBottom(page, 123)
  await page.getByText('3条新消息').waitFor({ state: 'detached' })
  await eventually(() => assert.equal(li.conversation({ userId: '71' }).peerReadSeq, 123))
  assert.deepEqual(await isClean(page), CLEAN)
})

test('at the bottom it stays there, whatever comes', async () => {
  await fill(li, '72', 40)
  const page = await openChat('72')
  await atBottom(page, 40)
  for (let n = 41; n < 60; n++) await fill(li, '72', 1, n)
  await atBottom(page, 59)
  await fill(li, '72', 200, 60)
  await atBottom(page, 259)
  const { alive } = await look(page)
  assert.ok(alive <= ALIVE_MAX, `${alive} rows`)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('new ones above: a way to the first, and to who calls one by name before that', async () => {
  await fill(li, '73', 60)
  const page = await openProduct(it, { as: '73', path: '/pages/chats/chats' })
  await page.getByText('李四').first().waitFor()
  await page.locator('.row').first().tap()
  await atBottom(page, 60)
  const up = page.locator('[class*="--is-up"]')
  await up.getByText('60条新消息').waitFor()
  await screenshot(page, 'chat-history-up.png')
  await up.tap()
  await page.getByText('以下为新消息').waitFor()
  await until(page, ({ seen }) => seen.some(({ n }) => n === 1))
  await up.waitFor({ state: 'detached' })
  assert.deepEqual(await isClean(page), CLEAN)
})

test('in a group who calls one by name comes first', async () => {
  const { group: { groupId } } = await li.call('group.create', { name: '周末爬山', members: ['74'] })
  for (let n = 1; n <= 40; n++) await li.send({ to: { groupId }, content: n === 5 ? '@74 第5条' : `第${n}条`, ...(n === 5 ? { ext: { mentions: ['74'] } } : {}) })
  const page = await openProduct(it, { as: '74', path: `/pages/chat/chat?groupId=${groupId}` })
  await atBottom(page, 40)
  const up = page.locator('[class*="--is-up"]')
  await up.getByText('有人@我').waitFor()
  await up.tap()
  await until(page, ({ seen }) => seen.some(({ n }) => n === 5))
  await atRest(page)
  await screenshot(page, 'chat-history-mention.png')
  assert.deepEqual(await isClean(page), CLEAN)
})

test('one comes back to where one was, if nothing new came', async () => {
  await fill(li, '75', 120)
  const page = await openProduct(it, { as: '75', path: '/pages/chats/chats' })
  await page.locator('.row').first().tap()
  await atBottom(page, 120)
  await until(page, ({ height, screen }) => height > 4 * screen)
  await atRest(page)
  const { height, screen } = await look(page)
  await scrollTo(page, height - 3 * screen)
  await atRest(page)
  const before = await look(page)
  await page.phone.back()
  await page.locator('.row').first().tap()
  await until(page, ({ seen }) => seen.length > 2 && seen[0].n === before.seen[0].n && Math.abs(seen[0].top - before.seen[0].top) <= 2)
  await atRest(page)
  const after = await look(page)
  assert.ok(Math.abs(after.seen[0].top - before.seen[0].top) <= 2, JSON.stringify([before.seen[0], after.seen[0]]))
  await page.phone.back()
  await fill(li, '75', 1, 121)
  await page.locator('.row').first().tap()
  await atBottom(page, 121)
  assert.deepEqual(await isClean(page), CLEAN)
})

test('panels that open, change and close leave the list where it was', async () => {
  const page = await openChat('72')
  const last = page.getByText('第259条')
  await last.waitFor()
  await rested(page)
  const control = (label) => page.locator(`[aria-label="${label}"]`).first()
  for (let turn = 0; turn < 3; turn++) {
    for (const tap of [() => control('更多').tap(), () => control('切换到语音').tap(), () => control('表情').tap(), () => page.touchscreen.tap(200, 120)]) {
      await tap()
      await rested(page)
      const { left } = await look(page)
      assert.ok(left < 2, `${left} px from its end in turn ${turn}`)
    }
  }
  assert.deepEqual(await isClean(page), CLEAN)
})
