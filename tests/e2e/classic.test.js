'use strict'
// The mini-program's real files, as two users with real keys and taps, against a real server and a bad network.

const assert = require('node:assert/strict')
const path = require('node:path')
const test = require('node:test')
const { screenshot } = require('./lib/browser')
const { startFaultProxy } = require('./lib/fault-proxy')
const { startMiniProgram, stopMiniProgram, freshPair } = require('./lib/mini-program')
const { openMiniProgram } = require('./runtime/open')

const MINI_PROGRAM = path.resolve(__dirname, '..', '..', 'examples', 'tutorial')
const CONFIGURED_SERVER = require(path.join(MINI_PROGRAM, 'config.js')).server
const PEOPLE = { 1: '张三', 2: '李四', zhangsan: '张三', lisi: '李四' }

let app
let server
let browser

test.before(async () => { ({ app, server, browser } = await startMiniProgram(MINI_PROGRAM)) })
test.after(() => stopMiniProgram({ app, server, browser }))

// ---- what a user does and sees ----

const chatPath = (me, peer) => {
  const name = (id) => encodeURIComponent(PEOPLE[id] || `用户${id}`)
  return `/pages/chat/chat?me=${me}&myName=${name(me)}&peer=${peer}&peerName=${name(peer)}`
}

/** Opens a chat on a phone; `via` is the server's address, or a proxy's. */
async function openChat(me, peer, { via = server.url, ...options } = {}) {
  const page = await openMiniProgram(browser, app.url, {
    path: chatPath(me, peer), servers: { [CONFIGURED_SERVER]: via }, ...options,
  })
  await ready(page)
  return page
}

/** The list is loaded and the socket open. */
async function ready(page) {
  await page.locator('.status').waitFor({ state: 'detached' })
  await page.waitForFunction(() => window.phone.sockets() === 1)
  await page.locator('.item, .edge:not(:empty)').first().waitFor({ state: 'attached' })
}

const inputOf = (page) => page.locator('textarea')
const bubblesOf = (page, text) => page.locator('.bubble').filter({ hasText: text })

async function type(page, text) {
  await inputOf(page).tap()
  await page.keyboard.insertText(text)
}

async function say(page, text) {
  await inputOf(page).tap()
  await page.keyboard.type(text)
  await page.locator('.send').tap()
}

const textsOf = (page) => page.locator('.bubble').allTextContents()

/** Waits until the list shows exactly these texts, and as delivered: no wheel, no mark. */
async function shows(page, texts) {
  await page.waitForFunction((expected) => {
    const shown = [...document.querySelectorAll('.bubble')].map((bubble) => bubble.textContent)
    return JSON.stringify(shown) === JSON.stringify(expected) && !document.querySelector('.sending, .failed')
  }, texts).catch(async () => assert.deepEqual(await textsOf(page), texts, 'the texts in the list'))
}

const listState = (page) => page.locator('.list').evaluate((list) => ({
  top: list.scrollTop, end: list.scrollHeight - list.clientHeight - list.scrollTop,
}))

const atEnd = (page) => page.waitForFunction(() => {
  const list = document.querySelector('.list')
  return list.scrollHeight - list.clientHeight - list.scrollTop < 2
})

/** Scrolls the list, and waits until the page has heard of it. */
async function scrollTo(page, top) {
  await page.evaluate((value) => new Promise((resolve) => {
    document.addEventListener('scroll', () => setTimeout(resolve, 0), { capture: true, once: true })
    document.querySelector('.list').scrollTop = value
  }), top)
}

/** Stores a message at the server, from outside of any phone. */
async function push(userId, targetUserId, content, more = {}) {
  const response = await fetch(`${server.url}/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId, targetUserId, content, ...more }),
  })
  assert.equal(response.status, 200)
}

async function stored(userId, targetUserId) {
  const response = await fetch(`${server.url}/getMessage?userId=${userId}&targetUserId=${targetUserId}&limit=500`)
  return (await response.json()).map((chat) => chat.content)
}

/** Closes the phones; none of them may have met an error or something the runtime lacks. */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(await page.phone.report(), { errors: [], unsupported: [] })
    await page.context().close()
  }
}

// ---- the tests ----

test('two people choose themselves on the first page and chat both ways', async () => {
  const choose = async (me, peer) => {
    const page = await openMiniProgram(browser, app.url, { servers: { [CONFIGURED_SERVER]: server.url } })
    await page.locator('.me').getByText(PEOPLE[me], { exact: true }).tap()
    await page.locator('.peer').getByText(PEOPLE[peer], { exact: true }).tap()
    await page.locator('.start').tap()
    await ready(page)
    return page
  }
  const zhang = await choose(1, 2)
  const li = await choose(2, 1)
  assert.match(await zhang.locator('phone-nav').textContent(), /李四/)

  await say(zhang, '在吗？周末一起去爬山吧')
  await shows(li, ['在吗？周末一起去爬山吧'])
  await say(li, '好啊！')
  await shows(zhang, ['在吗？周末一起去爬山吧', '好啊！'])
  await shows(li, ['在吗？周末一起去爬山吧', '好啊！'])

  assert.equal(await zhang.locator('.mine .bubble').textContent(), '在吗？周末一起去爬山吧')
  assert.equal(await li.locator('.mine .bubble').textContent(), '好啊！')
  const own = await zhang.locator('.mine .bubble').boundingBox()
  const other = await zhang.locator('.theirs .bubble').boundingBox()
  assert.ok(own.x + own.width > 280 && other.x < 80, 'own messages are on the right, others on the left')
  const color = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor)
  assert.equal(await color(zhang.locator('.mine .bubble')), 'rgb(149, 236, 105)')
  assert.equal(await color(zhang.locator('.theirs .bubble')), 'rgb(255, 255, 255)')
  const avatars = await zhang.locator('.item').locator('wx-avatar').allTextContents()
  assert.deepEqual(avatars, ['三', '四'])
  assert.match(await zhang.locator('.time').first().textContent(), /^\d\d:\d\d$/)
  assert.equal(await zhang.locator('.time').count(), 1, 'one date line for what was said within five minutes')
  assert.equal(await inputOf(zhang).inputValue(), '')

  await close(zhang, li)
})

test('an account against the rules is refused on the first page with a reason', async () => {
  const page = await openMiniProgram(browser, app.url, { servers: { [CONFIGURED_SERVER]: server.url } })
  const account = page.locator('.me input').first()
  await page.locator('.peer').getByText('李四', { exact: true }).tap()

  await page.locator('.start').tap()
  await page.locator('.me').getByText('请填写账号').waitFor()
  await account.tap()
  await page.keyboard.type('a b')
  await page.locator('.start').tap()
  await page.locator('.me').getByText('账号只能用字母、数字和 _ - . : @').waitFor()

  await account.fill('wang.wu:5@home')
  await page.locator('.start').tap()
  await ready(page)
  await say(page, '我是新来的')
  await shows(page, ['我是新来的'])
  assert.deepEqual(await stored('wang.wu:5@home', '2'), ['我是新来的'])

  await close(page)
})

test('nothing is sent of an empty text or of blanks', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await page.locator('.send').tap()
  await type(page, ' \n ')
  await page.locator('.send').tap()
  await inputOf(page).fill('')
  await say(page, '有字')

  await shows(page, ['有字'])
  assert.deepEqual(await stored(me, peer), ['有字'])
  await close(page)
})

test('a double tap sends once', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await type(page, '只发一次')
  const { x, y, width, height } = await page.locator('.send').boundingBox()
  const tap = () => page.touchscreen.tap(x + width / 2, y + height / 2)
  await Promise.all([tap(), tap()])
  await say(page, '下一条')

  await shows(page, ['只发一次', '下一条'])
  assert.deepEqual(await stored(me, peer), ['只发一次', '下一条'])
  await close(page)
})

test('Enter on the keyboard sends, Shift+Enter makes a new line', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await inputOf(page).tap()
  await page.keyboard.type('第一行')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('第二行')
  await page.keyboard.press('Enter')

  await shows(page, ['第一行\n第二行'])
  await close(page)
})

test('emoji go in at the cursor and are deleted whole', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await type(page, '你好')
  await page.keyboard.press('ArrowLeft')
  await page.locator('.face').tap()
  const panel = page.locator('wx-emoji-panel')
  await panel.getByText('😂').tap()
  await panel.getByText('😎').tap()
  assert.equal(await inputOf(page).inputValue(), '你😂😎好')
  await panel.getByLabel('删除').tap()
  assert.equal(await inputOf(page).inputValue(), '你😂好')
  await panel.getByText('❤️').tap()
  await panel.getByLabel('删除').tap()
  await page.locator('.send').tap()

  await shows(page, ['你😂好'])
  await inputOf(page).tap()
  await panel.waitFor({ state: 'detached' })
  await close(page)
})

test('special texts are shown as they are and nothing overflows, at 320 and 375 px', async () => {
  const texts = ['<b>&amp;</b> {{items}}', 'w'.repeat(300), '一\n二\n\n三', '👨‍👩‍👧‍👦🇨🇳❤️', '字'.repeat(4096)]
  for (const width of [320, 375]) {
    const [me, peer] = freshPair()
    const mine = await openChat(me, peer, { width })
    const theirs = await openChat(peer, me, { width })
    for (const text of texts) {
      await type(mine, text)
      await mine.locator('.send').tap()
      await shows(theirs, texts.slice(0, texts.indexOf(text) + 1))
    }
    await shows(mine, texts)
    for (const page of [mine, theirs]) {
      const tooWide = await page.evaluate(() => {
        const inside = (part, whole) => part.left >= whole.left && part.right <= whole.right
        const containers = document.querySelectorAll('phone-view, .chat, .list, .item, .row')
        const texts = document.querySelectorAll('.bubble .text')
        return [...containers].filter((element) => element.scrollWidth > element.clientWidth)
          .concat([...texts].filter((text) => [...text.getClientRects()].some((line) =>
            !inside(line, text.closest('.bubble').getBoundingClientRect()))))
          .map((element) => `${element.localName}.${element.className}`)
      })
      assert.deepEqual(tooWide, [])
    }
    await close(mine, theirs)
  }
})

test('4097 characters cannot be sent, and the bar says so; an emoji counts as one', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await type(page, '😀'.repeat(4097))
  await page.getByText('4097/4096').waitFor()
  await page.locator('.send').tap()
  await page.locator('phone-toast').waitFor()
  await page.keyboard.press('Backspace')
  await page.getByText('4096/4096').waitFor()
  await page.locator('.send').tap()

  await shows(page, ['😀'.repeat(4096)])
  await close(page)
})

test('a message whose answer is lost is stored once and shown once', async () => {
  const [me, peer] = freshPair()
  const proxy = await startFaultProxy(() => server.url)
  const mine = await openChat(me, peer, { via: proxy.url })
  const theirs = await openChat(peer, me)

  proxy.loseAnswerTo('POST /push')
  await say(mine, '答复丢了')
  await shows(theirs, ['答复丢了'])
  await say(mine, '下一条')

  await shows(mine, ['答复丢了', '下一条'])
  await shows(theirs, ['答复丢了', '下一条'])
  assert.equal(proxy.lost, 1)
  assert.deepEqual(await stored(me, peer), ['答复丢了', '下一条'])
  await close(mine, theirs)
  await proxy.close()
})

test('what is written without a network is shown as on its way and goes out once when it is back', async () => {
  const [me, peer] = freshPair()
  const proxy = await startFaultProxy(() => server.url)
  const mine = await openChat(me, peer, { via: proxy.url })

  proxy.down()
  await mine.locator('.status').waitFor()
  await say(mine, '好')
  await say(mine, '好')
  await mine.locator('.sending').nth(1).waitFor({ state: 'attached' })
  assert.deepEqual(await textsOf(mine), ['好', '好'])
  assert.deepEqual(await stored(me, peer), [])
  proxy.up()

  await shows(mine, ['好', '好'])
  assert.deepEqual(await stored(me, peer), ['好', '好'])
  await close(mine)
  await proxy.close()
})

test('a message on its way outlives the page: reopened, it goes out once', async () => {
  const [me, peer] = freshPair()
  const proxy = await startFaultProxy(() => server.url)
  const page = await openChat(me, peer, { via: proxy.url })

  proxy.loseAnswerTo('POST /push')
  await say(page, '一')
  await page.waitForFunction(() => !document.querySelector('.sending')) // seen by the socket, not acknowledged
  proxy.down()
  await say(page, '二')
  await page.locator('.sending').waitFor({ state: 'attached' })
  await page.reload()
  await bubblesOf(page, '二').waitFor()
  proxy.up()

  await shows(page, ['一', '二'])
  assert.deepEqual(await stored(me, peer), ['一', '二'])
  await close(page)
  await proxy.close()
})

test('after a dropped socket the client connects again and has what was sent in between, once', async () => {
  const [me, peer] = freshPair()
  const proxy = await startFaultProxy(() => server.url)
  const page = await openChat(me, peer, { via: proxy.url })
  await push(peer, me, '之前')
  await shows(page, ['之前'])

  proxy.down()
  await page.getByText('网络不给力，正在重连…').waitFor()
  for (const text of ['中间一', '中间二']) await push(peer, me, text)
  proxy.up()
  await shows(page, ['之前', '中间一', '中间二'])
  await ready(page)
  await push(peer, me, '之后')

  await shows(page, ['之前', '中间一', '中间二', '之后'])
  await close(page)
  await proxy.close()
})

test('more messages than one window holds are all fetched after a break', async () => {
  const [me, peer] = freshPair()
  const proxy = await startFaultProxy(() => server.url)
  const page = await openChat(me, peer, { via: proxy.url })
  await push(peer, me, '0')
  await shows(page, ['0'])

  proxy.down()
  await page.locator('.status').waitFor()
  for (let number = 1; number <= 70; number += 1) await push(peer, me, String(number))
  proxy.up()

  await shows(page, Array.from({ length: 71 }, (_, number) => String(number)))
  await close(page)
  await proxy.close()
})

test('back after more than five seconds in the background the client catches up', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await page.phone.background()
  await page.waitForFunction(() => window.phone.sockets() === 0) // cut by WeChat after five seconds
  await push(peer, me, '你在后台的时候')
  await page.phone.foreground()
  await shows(page, ['你在后台的时候'])
  await ready(page)
  await push(peer, me, '回来以后')

  await shows(page, ['你在后台的时候', '回来以后'])
  await close(page)
})

test('without a network the client says so and is back at once with it', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)

  await page.context().setOffline(true)
  await page.getByText('网络不可用，请检查网络设置').waitFor()
  await push(peer, me, '没网的时候')
  await page.context().setOffline(false)

  await shows(page, ['没网的时候'])
  await ready(page)
  await close(page)
})

test('clients recover by themselves when the server is killed and started again', async () => {
  const [me, peer] = freshPair()
  const mine = await openChat(me, peer)
  const theirs = await openChat(peer, me)
  await say(mine, '重启之前')
  await shows(theirs, ['重启之前'])

  await server.kill()
  await mine.locator('.status').waitFor()
  await say(mine, '服务器不在')
  await server.start()

  await shows(theirs, ['重启之前', '服务器不在'])
  await shows(mine, ['重启之前', '服务器不在'])
  await ready(theirs)
  await say(theirs, '回来了')
  await shows(mine, ['重启之前', '服务器不在', '回来了'])
  assert.deepEqual(await stored(me, peer), ['重启之前', '服务器不在', '回来了'])
  await close(mine, theirs)
})

test('what the server refuses is marked with its reason and can be deleted', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)
  // As if the same id had been used for another text: the first attempt's answer says 409.
  await page.route('**/push', (route) => {
    const chat = route.request().postDataJSON()
    return route.continue({ postData: JSON.stringify({ ...chat, clientMsgId: 'taken' }) })
  })
  await push(me, peer, '早就有了', { clientMsgId: 'taken' })
  await shows(page, ['早就有了'])

  await say(page, '被拒绝的')
  await page.locator('.failed').waitFor()
  assert.notEqual(await page.locator('.why').textContent(), '')
  await page.unroute('**/push')
  await page.locator('.failed').tap()
  await page.getByText('重新发送').tap()
  await shows(page, ['早就有了', '被拒绝的'])
  assert.deepEqual(await stored(me, peer), ['早就有了', '被拒绝的'])

  await page.route('**/push', (route) => route.fulfill({
    status: 400, contentType: 'application/problem+json', body: JSON.stringify({ detail: '内容不行' }),
  }))
  await say(page, '不要了')
  await page.getByText('内容不行').waitFor()
  await page.locator('.failed').tap()
  await page.getByText('删除', { exact: true }).tap()
  await shows(page, ['早就有了', '被拒绝的'])
  await close(page)
})

test('older messages load when scrolled up, and what is on the screen stays in its place', async () => {
  const [me, peer] = freshPair()
  for (let number = 1; number <= 120; number += 1) await push(number % 3 ? peer : me, number % 3 ? me : peer, `第 ${number} 条`)
  const page = await openChat(me, peer)
  const loaded = () => page.locator('.bubble').count()
  const texts = Array.from({ length: 120 }, (_, index) => `第 ${index + 1} 条`)
  await shows(page, texts.slice(-30))
  await atEnd(page)

  while (await loaded() < 120) {
    const before = await loaded()
    const { id, top } = await page.evaluate(() => {
      document.querySelector('.list').scrollTop = 40
      const row = document.querySelector('.row')
      return { id: row.id, top: row.getBoundingClientRect().top }
    })
    // Who comes to the top while the page before is still being drawn scrolls once more.
    await page.waitForFunction((count) => {
      const list = document.querySelector('.list')
      if (document.querySelectorAll('.bubble').length > count) return true
      list.scrollTop = list.scrollTop === 40 ? 41 : 40
      return false
    }, before, { polling: 500 })
    await page.waitForFunction((mark) =>
      Math.abs(document.getElementById(mark.id).getBoundingClientRect().top - mark.top) < 3, { id, top })
  }
  await shows(page, texts)
  await scrollTo(page, 0)
  await page.getByText('没有更早的消息了').waitFor()
  await close(page)
})

test('the list stays at the newest message, or says how many are new when scrolled up', async () => {
  const [me, peer] = freshPair()
  for (let number = 1; number <= 20; number += 1) await push(peer, me, `第 ${number} 条`)
  const page = await openChat(me, peer)
  await atEnd(page)

  await push(peer, me, '在底部时来的')
  await bubblesOf(page, '在底部时来的').waitFor()
  await atEnd(page)

  await scrollTo(page, 200)
  await push(peer, me, '没看见一')
  await push(peer, me, '没看见二')
  await page.getByText('2 条新消息').waitFor()
  assert.ok(Math.abs((await listState(page)).top - 200) < 2, 'the list did not move')
  await page.locator('.pill').tap()
  await atEnd(page)
  await page.locator('.pill').waitFor({ state: 'detached' })

  await scrollTo(page, 200)
  await say(page, '自己发的')
  await bubblesOf(page, '自己发的').waitFor()
  await atEnd(page)
  await close(page)
})

test('messages of other people do not appear in this chat, but are hinted at', async () => {
  const [me, peer] = freshPair()
  const [third] = freshPair()
  const page = await openChat(me, peer)

  await push(third, me, '我是别人', { userName: '小明' })
  await page.getByText('小明：我是别人').waitFor()
  assert.deepEqual(await textsOf(page), [])
  await page.locator('.others').tap()

  await shows(page, ['我是别人'])
  await ready(page)
  assert.match(await page.locator('phone-nav').textContent(), /小明/)
  await close(page)
})

test('a chat opened anew shows the list that the server has', async () => {
  const [me, peer] = freshPair()
  const page = await openChat(me, peer)
  await say(page, '留下来')
  await shows(page, ['留下来'])

  await page.evaluate(() => localStorage.clear())
  await page.reload()

  await shows(page, ['留下来'])
  await close(page)
})

test('a conversation as one would show it to others', async () => {
  const zhang = await openChat('zhangsan', 'lisi')
  const li = await openChat('lisi', 'zhangsan')
  const talk = [
    [zhang, '在吗？'],
    [li, '在的，刚开完会'],
    [zhang, '周末香山的红叶应该正好，要不要一起去？🍁'],
    [li, '好啊好啊！😍'],
    [li, '几点出发？我可以开车'],
    [zhang, '早上八点，地铁口见'],
    [zhang, '我带吃的：\n三明治、苹果和热茶 ☕'],
    [li, '太周到了 👍 那就这么定了'],
  ]
  const texts = talk.map(([, text]) => text)
  for (const [index, [page, text]] of talk.entries()) {
    await type(page, text)
    await page.locator('.send').tap()
    await shows(zhang, texts.slice(0, index + 1))
    await shows(li, texts.slice(0, index + 1))
  }

  for (const page of [zhang, li]) await atEnd(page)
  await screenshot(zhang, 'miniprogram-1.png')
  await screenshot(li, 'miniprogram-2.png')
  await zhang.locator('.face').tap()
  await atEnd(zhang)
  await screenshot(zhang, 'miniprogram-emoji.png')
  await li.emulateMedia({ colorScheme: 'dark' })
  await screenshot(li, 'miniprogram-dark.png')
  await close(zhang, li)
})
