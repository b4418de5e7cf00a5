'use strict'
// hongyan-client in mini-programs: packed by WeChat's own code into a native one, and built into one by uni-app and by Taro; what WeChat
// does to sockets, and a bad network.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const test = require('node:test')
const { gzipSync } = require('node:zlib')
const { SDK, packNative, buildExample } = require('./lib/examples')
const { startFaultProxy } = require('./lib/fault-proxy')
const { startHongyan } = require('./lib/hongyan')
const { startMiniProgram, stopMiniProgram, freshPair } = require('./lib/mini-program')
const { openMiniProgram } = require('./runtime/open')
const { serveMiniProgram } = require('./runtime/serve')

const CONFIGURED_SERVER = 'http://127.0.0.1:8080'
const PACKED_MAX = 15_000

let native // the folder, packed
let app
let server
let browser
let builds // of the frameworks, made while the native one is tested

test.before(async () => {
  native = await packNative()
  builds = (async () => {
    const uni = await buildExample('uni-app', 'dist/build/mp-weixin')
    return { uni, taro: await buildExample('taro', 'dist') }
  })()
  builds.catch(() => {}) // told to who waits for it
  ;({ app, server, browser } = await startMiniProgram(native))
})
test.after(() => stopMiniProgram({ app, server, browser }))

// ---- what a user does and sees ----

async function openChat(me, peer, { of = app, via = server.url } = {}) {
  const page = await openMiniProgram(browser, of.url, { path: `/pages/chat/chat?me=${me}&peer=${peer}`, servers: { [CONFIGURED_SERVER]: via } })
  await state(page, 'online')
  return page
}

const state = (page, expected) => page.locator('.state').getByText(expected, { exact: true }).waitFor()

async function say(page, text) {
  await page.locator('input').tap()
  await page.keyboard.type(text)
  await page.locator('.send').tap()
}

// In the page. No function of the test's is there.
const rows = String(() => [...document.querySelectorAll('.row')].map(({ textContent, classList }) =>
  `${classList.contains('mine') ? '>' : '<'} ${textContent}${['waiting', 'sending', 'failed'].find((is) => classList.contains(is)) ?? ''}`))

/** Waits until the list shows exactly these: `> text` of one's own, `< text` of the other, and at the end what keeps one on its way. */
async function shows(page, expected) {
  const wanted = JSON.stringify(JSON.stringify(expected))
  await page.waitForFunction(`JSON.stringify((${rows})()) === ${wanted}`, undefined, { timeout: 40_000 })
    .catch(async () => assert.deepEqual(await page.evaluate(`(${rows})()`), expected))
}

async function stored(userId, targetUserId) {
  const response = await fetch(`${server.url}/getMessage?userId=${userId}&targetUserId=${targetUserId}&limit=500`)
  return (await response.json()).map(({ content }) => content)
}

/** Closes the phones; none met an error or something the runtime lacks, and none ever had more than one of WeChat's five sockets. */
async function close(...pages) {
  for (const page of pages) {
    assert.deepEqual(await page.phone.report(), { errors: [], unsupported: [] })
    assert.equal((await page.phone.socketCounts()).most, 1)
    await page.context().close()
  }
}

// ---- the tests ----

test('WeChat packs the package into one file of at most 15 KB', () => {
  const folder = path.join(native, 'miniprogram_npm', 'hongyan-client')
  assert.deepEqual(fs.readdirSync(folder), ['index.js'])
  const packed = fs.readFileSync(path.join(folder, 'index.js'))
  assert.deepEqual(packed, fs.readFileSync(path.join(SDK, 'miniprogram_dist', 'index.js')))
  const { length } = gzipSync(packed)
  assert.ok(length <= PACKED_MAX, `${length} bytes`)
})

test('two people chat in a native mini-program', async () => {
  const [me, peer] = freshPair()
  const mine = await openChat(me, peer)
  const theirs = await openChat(peer, me)

  await say(mine, '在吗？')
  await shows(theirs, ['< 在吗？'])
  await say(theirs, '在的')
  await shows(mine, ['> 在吗？', '< 在的'])
  await say(mine, '<b>&amp;</b> {{rows}}')
  await shows(theirs, ['< 在吗？', '> 在的', '< <b>&amp;</b> {{rows}}'])

  assert.equal(await mine.locator('input').inputValue(), '')
  await close(mine, theirs)
})

test('back after more than five seconds in the background it shows what was missed, with one socket', async () => {
  const [me, peer] = freshPair()
  const mine = await openChat(me, peer)
  const theirs = await openChat(peer, me)
  await say(mine, '我先放一下手机')
  await shows(theirs, ['< 我先放一下手机'])

  await mine.phone.background()
  await mine.waitForFunction(() => window.phone.sockets() === 0) // cut by WeChat, which has no task left to close
  await state(mine, 'waiting')
  await say(theirs, '你在后台的时候')
  await shows(theirs, ['< 我先放一下手机', '> 你在后台的时候'])
  await mine.phone.foreground()
  await shows(mine, ['> 我先放一下手机', '< 你在后台的时候'])
  await say(mine, '回来了')
  await shows(theirs, ['< 我先放一下手机', '> 你在后台的时候', '< 回来了'])

  assert.ok((await mine.phone.socketCounts()).closedGone > 0, 'it closed a socket that was gone, and was told that there is none')
  assert.equal(await mine.phone.sockets(), 1)
  await close(mine, theirs)
})

test('what is written without a network outlives the app, and goes out once and in order', async () => {
  const [me, peer] = freshPair()
  const proxy = await startFaultProxy(() => server.url)
  const mine = await openChat(me, peer, { via: proxy.url })
  const theirs = await openChat(peer, me)

  proxy.down()
  await state(mine, 'waiting')
  await say(mine, '第一条')
  await say(mine, '第二条')
  await shows(mine, ['> 第一条waiting', '> 第二条waiting'])
  await mine.reload()
  await shows(mine, ['> 第一条waiting', '> 第二条waiting'])
  await say(mine, '第三条')
  proxy.up()

  const texts = ['第一条', '第二条', '第三条']
  await shows(theirs, texts.map((text) => `< ${text}`))
  await shows(mine, texts.map((text) => `> ${text}`))
  assert.deepEqual(await stored(me, peer), texts)
  await close(mine, theirs)
  await proxy.close()
})

test('a message whose answer was lost with the line is there once', async () => {
  const [me, peer] = freshPair()
  const mine = await openChat(me, peer)
  const theirs = await openChat(peer, me)

  await mine.evaluate(() => {
    const { send } = WebSocket.prototype
    WebSocket.prototype.send = function sendAndLose(text) {
      send.call(this, text)
      if (!text.includes('message.send')) return
      WebSocket.prototype.send = send
      setTimeout(window.phone.dropSockets, 0)
    }
  })
  await say(mine, '只有一条')
  await say(mine, '然后')

  await shows(theirs, ['< 只有一条', '< 然后'])
  await shows(mine, ['> 只有一条', '> 然后'])
  assert.deepEqual(await stored(me, peer), ['只有一条', '然后'])
  assert.ok((await mine.phone.socketCounts()).closedGone > 0)
  await close(mine, theirs)
})

for (const [name, build] of [['uni-app', 'uni'], ['Taro', 'taro']]) {
  test(`two people chat in what ${name} builds`, async () => {
    const [me, peer] = freshPair()
    const of = await serveMiniProgram((await builds)[build])
    const own = await startHongyan({ origins: [of.url] })
    const mine = await openChat(me, peer, { of, via: own.url })
    const theirs = await openChat(peer, me, { of, via: own.url })

    await say(mine, '在吗？')
    await shows(theirs, ['< 在吗？'])
    await say(theirs, '在的')
    await shows(mine, ['> 在吗？', '< 在的'])
    await mine.phone.dropSockets()
    await say(mine, '又断了一次')
    await shows(theirs, ['< 在吗？', '> 在的', '< 又断了一次'])
    await shows(mine, ['> 在吗？', '< 在的', '> 又断了一次'])
    assert.equal(await mine.locator('input').inputValue(), '')

    for (const page of [mine, theirs]) {
      const { errors, unsupported } = await page.phone.report()
      // Templates of frameworks name every attribute there is, and are drawn before there are data.
      assert.deepEqual(errors.filter((text) => !text.startsWith('warning: ')), [])
      assert.deepEqual(unsupported, [])
      assert.equal((await page.phone.socketCounts()).most, 1)
      await page.context().close()
    }
    await own.stop()
    await of.close()
  })
}
