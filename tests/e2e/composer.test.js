'use strict'
// The composer on a page of its own, by touch: what it tells, how it stands, how it looks.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('node:test')
const { screenshot } = require('./lib/browser')
const { picture, document: pdf } = require('./lib/media')
const { startMiniProgram, stopMiniProgram, closePhones, freshPair } = require('./lib/mini-program')
const { eventually, atRest } = require('./lib/wait')
const { openMiniProgram } = require('./runtime/open')

const MINI_PROGRAM = path.resolve(__dirname, '../../miniprogram')
const KEYBOARD = 300
const CLEAN = { report: { errors: [], unsupported: [] }, complaints: [] }

let it
let folder
test.before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-composer-'))
  fs.cpSync(path.join(__dirname, 'fixtures/composer'), folder, { recursive: true })
  fs.cpSync(path.join(MINI_PROGRAM, 'components/hy-chat'), path.join(folder, 'components/hy-chat'), { recursive: true })
  for (const name of ['theme.json', 'icons']) fs.cpSync(path.join(MINI_PROGRAM, name), path.join(folder, name), { recursive: true })
  fs.symlinkSync(path.join(MINI_PROGRAM, 'node_modules'), path.join(folder, 'node_modules'))
  it = await startMiniProgram(folder)
})
test.after(async () => {
  if (it) await stopMiniProgram(it)
  fs.rmSync(folder, { recursive: true, force: true })
})
test.afterEach(() => closePhones(it))

/** The desk of one user, turned to another or to a group. */
async function open({ as, query = '', ...options } = {}) {
  const [me, other] = freshPair()
  const page = await openMiniProgram(it.browser, it.app.url, {
    path: `/pages/desk/desk?as=${as || me}${query || `&to=${other}`}`, servers: { 'http://127.0.0.1:8080': it.server.url }, ...options,
  })
  await page.locator('wx-textarea, [class*="--closed"], [class*="--hold"]').first().waitFor()
  const named = (name) => page.locator(`[aria-label="${name}"]`)
  return Object.assign(page, {
    field: page.locator('textarea'),
    button: named,
    /** What the composer told under a name, in order. */
    told: async (name) => (await page.locator('.event').allTextContents()).filter((line) => line.startsWith(`${name} `)).map((line) => JSON.parse(line.slice(name.length + 1))),
    entries: async () => (await page.locator('.entry').allTextContents()).map((line) => JSON.parse(line)),
    holds: (text) => eventually(async () => assert.equal(await page.locator('textarea').inputValue(), text)),
    write: async (text) => {
      await page.locator('textarea').tap()
      await page.keyboard.insertText(text)
    },
    async settled(name, count = 1) {
      await page.waitForFunction(([wanted, least]) => [...document.querySelectorAll('.event')].filter(({ textContent }) => textContent.startsWith(`${wanted} `)).length >= least, [name, count])
      return page.told(name)
    },
    /** How far the composer reaches up, and where its field ends. */
    stands: () => page.evaluate(() => {
      const top = document.querySelector('wx-hy-composer').getBoundingClientRect().top
      const { bottom } = document.querySelector('[class*="--bar"]').getBoundingClientRect()
      return { top: Math.round(top), under: Math.round(innerHeight - bottom), newest: Math.round(document.querySelector('.newest').getBoundingClientRect().bottom) }
    }),
    clean: async () => ({ report: await page.phone.report(), complaints: page.complaints }),
  })
}
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms) }) // for a finger that rests
/** It holds the limits, of which the server tells. */
const online = (page) => page.locator('.state').filter({ hasText: 'online' }).waitFor({ state: 'attached' })
/** What is kept is written a second after it changed. */
const kept = (page, text) => page.waitForFunction((wanted) => Object.values({ ...localStorage }).some((value) => value.includes(wanted)), text)

test('a text is sent by the button and by the keyboard, and the keyboard stays', async () => {
  const page = await open({ keyboardHeight: KEYBOARD })
  assert.equal(await page.button('发送').count(), 0)
  await page.write('  你好 😊 ')
  await page.button('发送').tap()
  await page.write('第二句')
  await page.keyboard.press('Enter')
  const texts = await page.settled('text', 2)
  assert.deepEqual(texts.map(({ text }) => text), ['你好 😊', '第二句'])
  await page.holds('')
  await page.button('更多').waitFor()
  await page.waitForFunction(() => document.activeElement.tagName === 'TEXTAREA')
  assert.equal((await page.settled('typing', 2)).length, 2)
  await page.write('   ')
  await atRest(page)
  assert.equal(await page.button('发送').count(), 0)
  assert.deepEqual(await page.clean(), CLEAN)
})

test('the field grows to five lines, then scrolls; what is above moves with it', async () => {
  const page = await open()
  const heights = []
  for (let i = 1; i <= 7; i++) {
    if (i === 1) await page.write('第一行')
    else await page.keyboard.insertText(`\n第${i}行`)
    await atRest(page, 4)
    heights.push((await page.locator('wx-textarea').boundingBox()).height)
  }
  const line = heights[0]
  assert.deepEqual(heights.map((height) => Math.round(height / line)), [1, 2, 3, 4, 5, 5, 5])
  const { top, newest } = await page.stands()
  assert.ok(top - newest >= 10 && top - newest <= 20, `${top} ${newest}`)
  await screenshot(page, 'composer-five-lines.png')
  assert.deepEqual(await page.clean(), CLEAN)
})

test('from 3,600 characters on they are counted; at 4,096 it ends with words', async () => {
  const page = await open()
  await page.write('字'.repeat(3599))
  await atRest(page)
  assert.equal(await page.locator('[class*="--counter"]').count(), 0)
  await page.write('😀')
  await page.locator('[class*="--counter"]').getByText('496', { exact: true }).waitFor()
  await screenshot(page, 'composer-counter.png')
  await page.write('字'.repeat(500))
  assert.deepEqual(await page.settled('error'), [{ text: '最多 4096 个字' }])
  await eventually(async () => assert.equal(Array.from(await page.field.inputValue()).length, 4096))
  await page.locator('[class*="--counter"]').getByText('0', { exact: true }).waitFor()
  await page.button('发送').tap()
  assert.equal(Array.from((await page.settled('text'))[0].text).length, 4096)
  assert.deepEqual(await page.clean(), CLEAN)
})

test('keyboard, emoji and + are of one height, and nothing moves between them', async () => {
  const page = await open({ keyboardHeight: KEYBOARD })
  await atRest(page)
  const closed = await page.stands()
  await page.field.tap()
  await atRest(page)
  const places = [await page.stands()]
  for (const name of ['表情', '更多', '表情', '表情', '更多']) {
    await page.button(name).tap()
    await atRest(page)
    places.push(await page.stands())
  }
  await page.field.tap()
  await atRest(page)
  places.push(await page.stands())
  for (const place of places) assert.deepEqual(place, places[0])
  assert.equal(places[0].under, KEYBOARD)
  assert.ok(places[0].newest <= places[0].top)
  await page.getByText('close', { exact: true }).tap()
  await atRest(page)
  assert.deepEqual(await page.stands(), closed)
  assert.deepEqual(await page.clean(), CLEAN)
})

test('emoji go where the cursor is, one stroke takes one away, and the last used come first', async () => {
  const page = await open()
  await page.write('你好')
  await page.button('表情').tap()
  await page.button('😀').first().tap()
  await page.button('🖐️').tap()
  await page.holds('你好😀🖐️')
  assert.equal(await page.button('更多').count(), 1) // the panel has the button to send
  await page.button('删除一个字').tap()
  await page.holds('你好😀')
  const grids = page.locator('[class*="--grid"]')
  await page.button('表情').first().tap()
  await eventually(async () => assert.equal(await grids.count(), 0))
  await page.button('表情').first().tap()
  await eventually(async () => assert.deepEqual(await grids.first().locator('[class*="--emoji"]').allTextContents(), ['🖐️', '😀']))
  await atRest(page)
  const erase = await page.button('删除一个字').boundingBox()
  const scroll = await page.locator('[class*="--scroll"]').boundingBox()
  assert.ok(erase.y >= scroll.y + scroll.height)
  await page.phone.press(page.button('删除一个字'), { ms: 900 })
  await page.holds('')
  await page.button('😀').first().tap()
  await page.locator('[class*="--is-send"]').tap()
  assert.equal((await page.settled('text'))[0].text, '😀')
  assert.deepEqual(await page.clean(), CLEAN)
})

test('the emoji stay when their button is tapped again before the keyboard is there', async () => {
  const page = await open()
  await page.write('好')
  await page.button('表情').tap()
  await page.button('😀').first().tap()
  await page.holds('好😀')
  await page.button('表情').first().tap()
  await page.button('表情').first().tap()
  const grids = page.locator('[class*="--grid"]')
  await eventually(async () => assert.deepEqual(await grids.first().locator('[class*="--emoji"]').allTextContents(), ['😀']))
  assert.deepEqual(await page.clean(), CLEAN)
})

test('a reply goes with its text; a message is edited, and what was begun comes back', async () => {
  const page = await open()
  await page.getByText('reply', { exact: true }).tap()
  await page.getByText('李四: 好的').waitFor()
  await page.write('谢谢')
  await screenshot(page, 'composer-reply.png')
  await page.button('发送').tap()
  assert.deepEqual((await page.settled('text'))[0].ext, { reply: { seq: 7 } })
  await page.write('写到一半')
  await page.getByText('edit', { exact: true }).tap()
  await page.getByText('编辑消息').waitFor()
  await page.holds('八点到')
  await page.write('地铁口')
  await screenshot(page, 'composer-edit.png')
  await page.button('保存').tap()
  assert.deepEqual(await page.settled('edit'), [{ seq: 9, text: '八点到地铁口' }])
  await page.holds('写到一半')
  await page.getByText('reply', { exact: true }).tap()
  await page.button('取消引用').tap()
  await page.settled('dropreply')
  assert.deepEqual(await page.clean(), CLEAN)
})

test('an @ opens the members; a mention is one token', async () => {
  const [me, other] = freshPair()
  const { groupId } = await it.server && await makeGroup(me, other)
  const page = await open({ as: me, query: `&group=${groupId}&all=1` })
  await page.write('问 ')
  await page.write('@')
  await page.getByText('所有人').waitFor()
  await page.locator('[class*="--row"]').getByText('王五').waitFor()
  await atRest(page)
  await screenshot(page, 'composer-mention.png')
  await page.locator('wx-mention-sheet input').fill('王')
  await eventually(async () => assert.equal(await page.locator('[class*="--row"]').count(), 1))
  await page.locator('[class*="--row"]').tap()
  await page.holds('问 @王五 ')
  await atRest(page) // the caret is behind it
  await page.keyboard.insertText('几点')
  for (let i = 0; i < 3; i++) await page.keyboard.press('Backspace')
  await page.holds('问 ')
  await page.keyboard.insertText('@')
  await page.locator('[class*="--row"]').getByText('所有人').tap()
  await page.getByText('mention', { exact: true }).tap()
  await page.holds('问 @所有人 @王五 ')
  await page.button('发送').tap()
  assert.deepEqual((await page.settled('text'))[0].ext, { mentions: 'all' })
  await page.getByText('mention', { exact: true }).tap()
  await page.holds('@王五 ')
  await atRest(page)
  await page.keyboard.insertText('在吗')
  await page.button('发送').tap()
  assert.deepEqual((await page.settled('text', 2))[1], { text: '@王五 在吗', mentions: ['5'], reply: null, ext: { mentions: ['5'] } })
  assert.deepEqual(await page.clean(), CLEAN)
})

async function makeGroup(me, other) {
  const call = async (userId, method, params) => {
    const { Client } = await import(path.resolve(__dirname, '../../sdk/dist/index.mjs'))
    const { nodeTransport } = await import(path.resolve(__dirname, '../../sdk/dist/node.mjs'))
    const client = new Client({ server: it.server.url, userId, transport: nodeTransport() })
    await client.connect()
    const result = await client.call(method, params)
    client.close()
    return result
  }
  await call(other, 'user.update', { name: '王五' })
  await call(me, 'user.update', { name: '三三' })
  const { group } = await call(me, 'group.create', { name: '周末爬山', members: [other] })
  return group
}

test('a draft is told 300 ms after the last key and on hiding, and found again', async () => {
  const page = await open()
  await page.write('明天')
  await page.settled('draft')
  assert.equal((await page.told('draft')).pop().text, '明天')
  await page.write('再说')
  await page.phone.background()
  assert.equal((await page.settled('draft', 2)).pop().text, '明天再说')
  await page.phone.foreground()
  await kept(page, '明天再说')
  await page.reload()
  await page.locator('wx-textarea').waitFor()
  await page.holds('明天再说')
  assert.deepEqual(await page.clean(), CLEAN)
})

test('hold to talk: sent, too short, cancelled by sliding up, kept for the next time', async () => {
  const page = await open()
  await page.button('切换到语音').tap()
  const hold = page.locator('[class*="--hold"]')
  assert.equal(await hold.textContent(), '按住 说话')
  await page.phone.press(hold, { ms: 120 })
  assert.deepEqual(await page.settled('error'), [{ text: '说话时间太短' }])
  await page.phone.press(hold, { ms: 700 })
  assert.equal((await page.settled('error', 2)).length, 2)

  const finger = await page.phone.hold(hold)
  await page.locator('[class*="--overlay"]').waitFor()
  await page.locator('[class*="--clock"]').getByText('0:01').waitFor()
  await screenshot(page, 'composer-voice.png')
  await finger.move(0, -90)
  await page.getByText('松开 取消').waitFor()
  await screenshot(page, 'composer-voice-cancel.png')
  await finger.end()
  await page.locator('[class*="--overlay"]').waitFor({ state: 'detached' })
  await atRest(page) // nothing comes of it
  assert.deepEqual(await page.told('file'), [])

  await page.phone.press(hold, { ms: 1700 })
  const [voice] = await page.settled('file')
  assert.equal(voice.kind, 'voice')
  assert.ok(voice.seconds >= 1 && voice.seconds <= 5 && voice.size > 0) // a finger may be slow
  const { messages: [message] } = await lastMessages(page, 1)
  assert.deepEqual([message.kind, message.content.seconds], ['voice', voice.seconds])
  await kept(page, 'voice')
  await page.reload()
  await page.locator('[class*="--hold"]').waitFor()
  assert.deepEqual(await page.clean(), CLEAN)
})

test('the last ten seconds are counted, and at sixty it is sent', async () => {
  const page = await open()
  await page.button('切换到语音').tap()
  await page.clock.install()
  const finger = await page.phone.hold(page.locator('[class*="--hold"]'))
  await page.clock.runFor(500)
  await page.locator('[class*="--overlay"]').waitFor()
  await page.clock.runFor(52_000)
  await page.getByText('还可以说 8 秒').waitFor()
  await screenshot(page, 'composer-voice-last.png')
  await page.clock.runFor(8_500)
  assert.equal((await page.settled('file'))[0].seconds, 60)
  await finger.end()
  assert.deepEqual(await page.told('error'), [])
  assert.deepEqual(await page.clean(), CLEAN)
})

test('a voice that is interrupted stays as one that was not sent', async () => {
  const page = await open()
  await page.button('切换到语音').tap()
  const finger = await page.phone.hold(page.locator('[class*="--hold"]'))
  await page.locator('[class*="--clock"]').getByText('0:01').waitFor()
  await page.phone.interruptRecorder()
  await finger.end()
  const [voice] = await page.settled('file')
  assert.equal(voice.unsent, true)
  await eventually(async () => assert.deepEqual((await page.entries()).map(({ state, error }) => [state, error.code]), [['failed', 'unsent']]))
  assert.deepEqual(await page.told('error'), [])
  assert.deepEqual(await page.clean(), CLEAN)
})

test('a microphone that is denied has words and a way to the settings', async () => {
  const page = await open({ permissions: { 'scope.record': false }, grantsInSettings: true })
  await page.button('切换到语音').tap()
  await page.phone.press(page.locator('[class*="--hold"]'), { ms: 500 })
  await page.getByText('需要麦克风权限才能发语音').waitFor()
  assert.deepEqual(await page.told('error'), []) // it is not said to have been too short
  await screenshot(page, 'composer-denied.png')
  await page.getByText('去设置').tap()
  await eventually(async () => assert.deepEqual((await page.phone.opened()).map(({ name }) => name), ['openSetting']))
  await page.phone.press(page.locator('[class*="--hold"]'), { ms: 1500 })
  assert.equal((await page.settled('file'))[0].kind, 'voice')
  assert.deepEqual(await page.clean(), CLEAN)

  const other = await open({ systemDenied: ['microphone'] })
  await other.button('切换到语音').tap()
  await other.phone.press(other.locator('[class*="--hold"]'), { ms: 500 })
  await other.getByText('请在系统设置中允许微信使用麦克风').waitFor()
  await other.getByText('去设置').tap()
  await eventually(async () => assert.deepEqual((await other.phone.opened()).map(({ name }) => name), ['openAppAuthorizeSetting']))

  const blind = await open({ permissions: { 'scope.camera': false } })
  await blind.button('更多').tap()
  await blind.button('拍摄').tap()
  await blind.getByText('需要相机权限才能拍摄').waitFor()
  assert.deepEqual(await blind.clean(), CLEAN)
})

test('pictures go in the order chosen, each with its measures and a small one; they are there before they are sent', async () => {
  const files = [[40, 30], [300, 400], [800, 600]].map(([width, height], i) => ({ name: `${i}.png`, type: 'image/png', bytes: picture(width, height) }))
  const page = await open({ files })
  await page.button('更多').tap()
  await page.button('照片').tap()
  const chosen = await page.settled('file', 3)
  assert.deepEqual(chosen.map(({ kind, width, height }) => [kind, width, height]), [['image', 40, 30], ['image', 300, 400], ['image', 800, 600]])
  assert.match(chosen[0].path, /hongyan-out/)
  assert.equal((await page.told('error')).length, 0)
  await page.waitForFunction(() => [...document.querySelectorAll('.entry')].filter(({ textContent }) => /"fileId"/.test(textContent)).length === 3
    || document.querySelectorAll('.entry').length === 0)
  const { messages } = await lastMessages(page, 3)
  assert.deepEqual(messages.map(({ content }) => [content.width, content.height]), [[40, 30], [300, 400], [800, 600]])
  for (const { kind, ext } of messages) {
    assert.equal(kind, 'image')
    assert.match(ext.preview.fileId, /\w/)
  }
  assert.deepEqual(await page.clean(), CLEAN)
})

/** What the server has of the chat, asked as its owner. */
async function lastMessages(page, count) {
  const query = new URL(page.url()).searchParams
  const { Client } = await import(path.resolve(__dirname, '../../sdk/dist/index.mjs'))
  const { nodeTransport } = await import(path.resolve(__dirname, '../../sdk/dist/node.mjs'))
  const client = new Client({ server: it.server.url, userId: query.get('as'), transport: nodeTransport() })
  await client.connect()
  try {
    return await eventually(async () => {
      const answer = await client.call('message.history', { in: { userId: query.get('to') }, limit: count + 1 })
      assert.ok(answer.messages.length >= count, `${answer.messages.length} messages`)
      return answer
    })
  } finally {
    client.close()
  }
}

test('what was sent without a server is there after a restart, and goes in order, once', async () => {
  const page = await open({ files: [{ name: 'a.png', type: 'image/png', bytes: picture(60, 40) }] })
  await online(page)
  await it.server.kill()
  try {
    await page.button('更多').tap()
    await page.button('照片').tap()
    await page.settled('file')
    await page.write('看这张')
    await page.button('发送').tap()
    await page.settled('text')
    const keys = await eventually(async () => {
      const ids = (await page.entries()).map(({ clientMsgId }) => clientMsgId)
      assert.equal(ids.length, 2)
      return ids
    })
    await page.reload()
    await page.locator('wx-textarea').waitFor()
    const after = await eventually(async () => {
      const entries = await page.entries()
      assert.equal(entries.length, 2)
      return entries
    })
    assert.deepEqual(after.map(({ clientMsgId, kind, state }) => [clientMsgId, kind, state]), [[keys[0], 'image', 'waiting'], [keys[1], 'text', 'waiting']])
    assert.deepEqual(after[0].content, { width: 60, height: 40, size: after[0].content.size })
  } finally {
    await it.server.start()
  }
  const { messages } = await lastMessages(page, 2)
  await pause(500) // what is not to happen: that one goes again
  assert.deepEqual(messages.map(({ kind, content }) => [kind, content.width || content]), [['image', 60], ['text', '看这张']])
  assert.deepEqual((await lastMessages(page, 2)).messages.length, 2)
  assert.deepEqual((await page.phone.report()), CLEAN.report)
})

test('a file keeps its name; what is too large is left out and named', async () => {
  const small = { name: '合同 最终 v3.pdf', type: 'application/pdf', bytes: pdf(2000) }
  const large = { name: '大.pdf', type: 'application/pdf', bytes: pdf(21 * 1024 * 1024) }
  const page = await open({ files: [large, small] })
  await online(page)
  await page.button('更多').tap()
  await page.button('文件').tap()
  await page.settled('file')
  assert.deepEqual(await page.settled('error'), [{ text: '文件不能超过 20 MB 未发送：大.pdf' }])
  const { messages: [message] } = await lastMessages(page, 1)
  assert.deepEqual([message.kind, message.content.name], ['file', '合同 最终 v3.pdf'])
  assert.deepEqual(await page.clean(), CLEAN)
})

test('a place, and what is the business\'s own', async () => {
  const page = await open({ location: { latitude: 31.19, longitude: 121.32, name: '虹桥站', address: '上海市闵行区' } })
  await page.button('更多').tap()
  await page.button('位置').tap()
  assert.deepEqual(await page.settled('located'), [{ latitude: 31.19, longitude: 121.32, name: '虹桥站', address: '上海市闵行区' }])
  const [me, other] = freshPair()
  const shop = await open({ as: me, query: `&to=${other}&plus=1` })
  await shop.button('更多').tap()
  await shop.button('订单').tap()
  assert.deepEqual(await shop.settled('plus'), [{ key: 'order' }])
  assert.deepEqual(await shop.clean(), CLEAN)
})

test('where one may not write there are words', async () => {
  const page = await open()
  await page.getByText('closed', { exact: true }).tap()
  await page.getByText('全员禁言中').waitFor()
  assert.equal(await page.locator('wx-textarea').count(), 0)
  assert.deepEqual(await page.clean(), CLEAN)
})

/** Texts that their box has no room for, or that stand out of the screen. */
const cutTexts = () => [...document.querySelectorAll('wx-hy-composer wx-view')]
  .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) && !/is-line/.test(element.className))
  .filter((element) => {
    const range = document.createRange()
    range.selectNodeContents(element)
    const [text, box] = [range.getBoundingClientRect(), element.getBoundingClientRect()]
    return text.width > box.width + 1 || text.left < 0 || text.right > innerWidth || element.scrollHeight > element.clientHeight + 2
  })
  .map((element) => `${element.className}: ${element.textContent}`)

for (const { name, ...look } of [
  { name: '375-zh-light', width: 375, theme: 'light', language: 'zh_CN' }, { name: '375-en-dark', width: 375, theme: 'dark', language: 'en' },
  { name: '320-en-light', width: 320, height: 568, theme: 'light', language: 'en' }, { name: '320-zh-dark', width: 320, height: 568, theme: 'dark', language: 'zh_CN' },
  { name: '320-largest-en', width: 320, height: 568, theme: 'light', language: 'en', scale: 27.5 / 17 }, { name: '375-largest-zh', width: 375, theme: 'dark', language: 'zh_CN', scale: 27.5 / 17 },
]) {
  test(`how it looks: ${name}`, async () => {
    const isChinese = look.language !== 'en'
    const [me, other] = freshPair()
    const page = await open({ as: me, query: `&to=${other}&plus=1&scale=${look.scale || 1}`, ...look })
    const isWhole = async () => assert.deepEqual(await page.evaluate(cutTexts), [])
    await screenshot(page, `composer-${name}-1.png`)
    await page.write(isChinese ? '你好，我要退货' : 'Hi, I’d like to return it')
    await page.button(isChinese ? '表情' : 'Emoji').tap()
    await page.button('😀').first().tap()
    await atRest(page)
    await screenshot(page, `composer-${name}-2-emoji.png`)
    await page.locator('[class*="--is-send"]').tap()
    await page.button(isChinese ? '更多' : 'More').tap()
    await atRest(page)
    await screenshot(page, `composer-${name}-3-plus.png`)
    await isWhole()
    await page.button(isChinese ? '切换到语音' : 'Switch to voice').tap()
    const finger = await page.phone.hold(page.locator('[class*="--hold"]'))
    await page.locator('[class*="--overlay"]').waitFor()
    await pause(400) // it rests, and something is heard
    await screenshot(page, `composer-${name}-4-voice.png`)
    await finger.move(0, -80)
    await pause(150) // it rests
    await screenshot(page, `composer-${name}-5-cancel.png`)
    await isWhole()
    await finger.end()
    await page.getByText('edit', { exact: true }).tap()
    await atRest(page)
    await screenshot(page, `composer-${name}-6-edit.png`)
    await isWhole()
    const standing = await page.evaluate(() => [...document.querySelectorAll('wx-hy-composer *')]
      .filter((element) => { const { right, width } = element.getBoundingClientRect(); return width && right > innerWidth + 1 }).map(({ className }) => className))
    assert.deepEqual(standing, [])
    assert.deepEqual(await page.clean(), CLEAN)
  })
}
