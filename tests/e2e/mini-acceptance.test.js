'use strict'
// What the design asks of a chat that only a picture shows in the end: a bad network, what takes turns under the list, voices, streams, roles, the
// largest letters. Each is played, checked, and put into a picture, in both languages, light and dark.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const test = require('node:test')
const { sound } = require('./lib/media')
const { startFaultProxy } = require('./lib/fault-proxy')
const { openProduct, somebody, fill, screenshot, LOOKS, isClean, CLEAN, standsOut, withFriends } = require('./lib/product')
const { eventually, atRest } = require('./lib/wait')

const KEYBOARD = 300
const WORDS = {
  zh: { emoji: '表情', more: '更多', voice: '切换到语音', text: '切换到文字', denied: '需要麦克风权限才能发语音', settings: '去设置', waiting: '等待网络', muted: '全员禁言中', below: '1条新消息', connecting: '连接中…' },
  en: { emoji: 'Emoji', more: 'More', voice: 'Switch to voice', text: 'Switch to text', denied: 'Allow the microphone to send voice', settings: 'Settings', waiting: 'Waiting for network', muted: 'Only admins can speak', below: '1 new', connecting: 'Connecting…' },
}
const wordsOf = ({ language }) => WORDS[language === 'en' ? 'en' : 'zh']

let it
let li
let wang
withFriends(test, (all) => { ({ it, li, wang } = all) })

const openChat = (as, place = 'userId=2', options = {}) => openProduct(it, { as, path: `/pages/chat/chat?${place}`, ...options })
const bubble = (page, text) => page.locator('wx-hy-bubble [class*="--bubble"]').filter({ hasText: text }).last()
const said = (page) => page.locator('wx-hy-bubble [class*="--text"]:not([class*="quote"])').allTextContents()
const sayExactly = (page, texts) => eventually(async () => assert.deepEqual(await said(page), texts))
const field = (page) => page.locator('[class*="composer"] textarea')
const title = (page) => page.locator('.page > .bar .title')
const button = (page, name) => page.locator(`wx-hy-composer [aria-label="${name}"]`)
const list = (page) => page.locator('wx-hy-chat [class*="--list"]').first()
const distance = (page) => list(page).evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight)
const lookLike = async (page, name) => {
  await atRest(page)
  await screenshot(page, name)
  assert.deepEqual(await standsOut(page), [], name)
}

async function write(page, text) {
  await field(page).fill(text)
  await page.locator('[class*="--send-area"]').tap()
}

/** Where bubbles stand, by their texts. */
const places = (page) => page.locator('wx-hy-bubble').evaluateAll((all) => all.map((one) => [one.textContent.trim(), Math.round(one.getBoundingClientRect().top)]))

test('a line that is cut, a restart, a server that is killed: every message once, in order, in its place', { timeout: 300_000 }, async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const me = `10${i}`
    const words = wordsOf(look)
    const proxy = await startFaultProxy(() => it.server.url)
    await li.send({ to: { userId: me }, content: '你好' })
    const page = await openProduct({ ...it, server: proxy }, { as: me, path: '/pages/chat/chat?userId=2', ...look })
    await bubble(page, '你好').waitFor()

    await write(page, '第一条')
    proxy.cut()
    await write(page, '第二条')
    const all = ['你好', '第一条', '第二条']
    await sayExactly(page, all)
    await eventually(() => assert.equal(li.conversation({ userId: me })?.lastMessage?.content, '第二条'))
    await atRest(page)
    const before = await places(page)
    await lookLike(page, `acceptance-18-cut-${name}.png`)
    await eventually(() => assert.deepEqual(li.conversation({ userId: me }).messages.map(({ content }) => content), all))
    assert.deepEqual(await places(page), before)

    proxy.down()
    for (const text of ['第三条', '第四条']) await write(page, text)
    all.push('第三条', '第四条')
    await sayExactly(page, all)
    await page.reload() // with what waits only in the phone
    await eventually(async () => assert.deepEqual((await said(page)).slice(-2), all.slice(-2)))
    await page.locator('wx-hy-bubble').getByText(words.waiting).nth(1).waitFor()
    await lookLike(page, `acceptance-19-waits-${name}.png`)
    const strip = page.locator('[class*="--strip"]')
    assert.ok((await strip.boundingBox()).height >= look.width * 88 / 750 - 0.5, 'the strip is high enough for a finger')
    proxy.up()
    await strip.tap({ timeout: 5_000 }).catch(() => {}) // it may have come back by itself meanwhile
    await sayExactly(page, all)
    await page.getByText(words.waiting).first().waitFor({ state: 'detached' })
    await eventually(() => assert.deepEqual(li.conversation({ userId: me }).messages.map(({ content }) => content), all))
    await lookLike(page, `acceptance-19-sent-${name}.png`)

    await write(page, '第五条')
    await it.server.kill()
    await write(page, '第六条')
    all.push('第五条', '第六条')
    await sayExactly(page, all)
    await title(page).getByText(words.connecting).waitFor()
    await lookLike(page, `acceptance-20-killed-${name}.png`)
    await it.server.start()
    await title(page).getByText('李四').waitFor()
    await eventually(() => assert.deepEqual(li.conversation({ userId: me })?.messages.map(({ content }) => content), all))
    await sayExactly(page, all)
    await lookLike(page, `acceptance-20-back-${name}.png`)
    assert.deepEqual((await page.phone.report()).errors, [])
    await page.context().close()
    await proxy.close()
  }
})

test('keyboard, emoji, + and voice take turns: one height, and the list is still', { timeout: 300_000 }, async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const words = wordsOf(look)
    const page = await openChat(`12${i}`, 'userId=2', { ...look, keyboardHeight: KEYBOARD })
    await fill(li, `12${i}`, 12)
    await bubble(page, '第12条').waitFor()
    await field(page).tap()
    await atRest(page)
    const still = await places(page)
    await lookLike(page, `acceptance-25-1-keyboard-${name}.png`)
    for (const [n, which] of [[2, 'emoji'], [3, 'more']]) {
      await button(page, words[which]).tap()
      await atRest(page)
      assert.deepEqual(await places(page), still, which)
      await lookLike(page, `acceptance-25-${n}-${which}-${name}.png`)
    }
    await button(page, words.voice).tap()
    await lookLike(page, `acceptance-25-4-voice-${name}.png`)
    await eventually(async () => assert.ok(await distance(page) < 2))
    await button(page, words.text).tap()
    await atRest(page)
    assert.deepEqual(await places(page), still, 'text again')
    await page.context().close()
  }
})

test('a microphone that is denied has words at the control, and a way to the settings', { timeout: 300_000 }, async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const words = wordsOf(look)
    await li.send({ to: { userId: `13${i}` }, content: '说给我听' })
    const page = await openChat(`13${i}`, 'userId=2', { ...look, permissions: { 'scope.record': false } })
    await bubble(page, '说给我听').waitFor()
    await button(page, words.voice).tap()
    await page.phone.press(page.locator('wx-hy-composer [class*="--hold"]'), { ms: 500 })
    await page.getByText(words.denied).waitFor()
    await lookLike(page, `acceptance-29-denied-${name}.png`)
    await page.getByText(words.settings, { exact: true }).tap()
    await eventually(async () => assert.deepEqual((await page.phone.opened()).map((one) => one.name), ['openSetting']))
    assert.deepEqual(await isClean(page), CLEAN)
    await page.context().close()
  }
})

/** A voice of so many seconds, in name at least. */
async function voice(client, to, seconds) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-acceptance-'))
  const file = path.join(folder, 'v.wav')
  fs.writeFileSync(file, sound(1))
  const { fileId } = await client.upload(file, { name: 'v.wav', seconds })
  fs.rmSync(folder, { recursive: true })
  return client.send({ to, kind: 'voice', content: { fileId } })
}

test('voices are as wide as they are long; the dot of one that is heard goes, and the next plays', { timeout: 300_000 }, async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const me = await somebody(it, `14${i}`)
    for (const seconds of [1, 8, 20, 40, 60]) await voice(li, { userId: `14${i}` }, seconds)
    await voice(me, { userId: '2' }, 12)
    const page = await openChat(`14${i}`, 'userId=2', look)
    const voices = page.locator('wx-hy-bubble [class*="--bubble"]')
    await page.getByText('60″').waitFor()
    await eventually(async () => assert.equal(await voices.count(), 6))
    await atRest(page)
    const widths = await voices.evaluateAll((all) => all.slice(0, 5).map((one) => one.getBoundingClientRect().width))
    const expected = [1, 8, 20, 40, 60].map((seconds) => (140 + 5.5 * seconds) * look.width / 750)
    widths.forEach((width, n) => assert.ok(Math.abs(width - expected[n]) < 2, `${n}: ${width}, not ${expected[n]}`))
    const dots = page.locator('wx-hy-bubble [class*="--unheard"]')
    assert.equal(await dots.count(), 5)
    await voices.first().tap()
    await voices.nth(1).and(page.locator('[class*="is-playing"]')).or(page.locator('wx-hy-bubble').nth(1).locator('[class*="is-playing"]')).first().waitFor()
    await eventually(async () => assert.ok(await dots.count() <= 3))
    await screenshot(page, `acceptance-32-voices-${name}.png`)
    await eventually(async () => assert.equal(await dots.count(), 0))
    assert.deepEqual(await standsOut(page), [])
    assert.deepEqual(await isClean(page), CLEAN)
    await page.context().close()
    me.close()
  }
})

test('what is being written grows at the bottom without a jump, and moves nothing for who reads above', { timeout: 300_000 }, async () => {
  const post = async (where, body) => (await fetch(it.server.url + where, { method: 'POST', body: JSON.stringify(body) })).json()
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const me = `15${i}`
    await fill(li, me, 30)
    const page = await openChat(me, 'userId=2', look)
    await bubble(page, '第30条').waitFor()
    const { streamId } = await post('/v1/messages', { from: '2', to: { userId: me }, clientMsgId: `s${me}`, stream: true })
    let offset = 0
    const grow = async (from, to) => {
      for (let n = from; n < to; n++) {
        await post(`/v1/streams/${streamId}`, { offset, delta: `第${n}个词，` })
        offset += `第${n}个词，`.length
      }
      await bubble(page, `第${to - 1}个词`).waitFor()
    }
    await grow(0, 20)
    await eventually(async () => assert.ok(await distance(page) < 2, 'at the bottom'))
    const blinks = await page.locator('wx-hy-bubble [class*="--caret"]').evaluate((caret) => {
      const [blink] = caret.getAnimations()
      blink.pause()
      return [750, 250].map((at) => { // the picture has what is seen in the last
        blink.currentTime = at
        return getComputedStyle(caret).opacity
      })
    })
    assert.deepEqual(blinks, ['0', '1'])
    await screenshot(page, `acceptance-37-bottom-${name}.png`)
    await page.phone.swipe({ x: 150, y: 200 }, { dy: 260 })
    await atRest(page, 3)
    const visible = () => page.locator('wx-hy-bubble').evaluateAll((all) => all.map((one) => [one.textContent.trim(), one.getBoundingClientRect()]).filter(([, { top, bottom }]) => bottom > 100 && top < 300).map(([text, { top }]) => [text, Math.round(top)]))
    const before = await visible()
    assert.ok(before.length > 1)
    await grow(20, 60)
    assert.deepEqual(await visible(), before)
    await screenshot(page, `acceptance-37-above-${name}.png`)
    await post(`/v1/streams/${streamId}/end`, { content: '就这些。' })
    await page.context().close()
  }
})

test('all are muted: a member has words for a composer, an admin the composer', { timeout: 300_000 }, async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const words = wordsOf(look)
    const [admin, member] = [`16${i}`, `17${i}`]
    for (const [id, called] of [[admin, '管理'], [member, '小明']]) (await somebody(it, id, called)).close()
    const { group: { groupId } } = await wang.call('group.create', { name: '周末爬山', members: [admin, member] })
    await wang.call('group.role', { groupId, userId: admin, role: 'admin' })
    await wang.send({ to: { groupId }, content: '先听我说' })
    await wang.call('group.update', { groupId, muted: true })
    const pages = []
    for (const as of [member, admin]) pages.push(await openChat(as, `groupId=${groupId}`, look))
    const [closed, open] = pages
    await closed.getByText(words.muted).waitFor()
    assert.equal(await field(closed).count(), 0)
    await lookLike(closed, `acceptance-48-member-${name}.png`)
    await field(open).waitFor()
    await bubble(open, '先听我说').waitFor()
    assert.equal(await open.getByText(words.muted).count(), 0)
    await write(open, '好的，我也说一句')
    await eventually(() => assert.equal(wang.conversation({ groupId }).lastMessage.content, '好的，我也说一句'))
    await lookLike(open, `acceptance-48-admin-${name}.png`)
    for (const page of pages) assert.deepEqual(await isClean(page), CLEAN)
    for (const page of pages) await page.context().close()
  }
})

test('back after five seconds, after ten minutes, after a cold start: what was written, read and open is there', { timeout: 300_000 }, async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const me = `18${i}`
    await fill(li, me, 30)
    const page = await openProduct(it, { as: me, ...look })
    await page.clock.install()
    await page.reload()
    await page.locator('.row').filter({ hasText: '李四' }).tap()
    await bubble(page, '第30条').waitFor()
    await field(page).fill('写到一半')
    await page.phone.swipe({ x: 150, y: 200 }, { dy: 260 })
    await page.locator('[class*="is-down"]').waitFor()
    await atRest(page)
    const visible = () => page.locator('wx-hy-bubble').evaluateAll((all) => all.map((one) => [one.textContent.trim(), one.getBoundingClientRect()]).filter(([, { top, bottom }]) => bottom > 100 && top < 400).map(([text, { top }]) => [text, Math.round(top)]))
    const before = await visible()
    for (const [away, count] of [['00:06', 1], ['10:00', 2]]) {
      await page.phone.background()
      await page.clock.fastForward(away)
      await li.send({ to: { userId: me }, content: `你还在吗 ${away}` })
      await page.phone.foreground()
      assert.deepEqual(await visible(), before, away)
      await page.getByText(wordsOf(look).below.replace('1', String(count))).waitFor()
      await title(page).getByText('李四').waitFor()
      assert.deepEqual(await visible(), before, away)
      assert.equal(await field(page).inputValue(), '写到一半')
      await lookLike(page, `acceptance-55-${away.replace(':', '')}-${name}.png`)
    }
    await page.phone.background()
    await page.reload()
    await field(page).waitFor()
    await eventually(async () => assert.equal(await field(page).inputValue(), '写到一半'))
    await bubble(page, '你还在吗 10:00').waitFor()
    await lookLike(page, `acceptance-55-cold-${name}.png`)
    await page.context().close()
  }
})

/** How high it is for a finger, in rpx: more than what is seen, maybe. */
const reach = (locator) => locator.evaluate((element) => {
  const { left, width, top, bottom } = element.getBoundingClientRect()
  const meets = (y) => element.contains(document.elementFromPoint(left + width / 2, y))
  let [from, to] = [top + 0.5, bottom - 0.5]
  while (meets(from - 0.5)) from -= 0.5
  while (meets(to + 0.5)) to += 0.5
  return (to - from) * 750 / innerWidth
})

test('what is tapped is 88 high for a finger, however it looks; the dot of who is there is round', async () => {
  for (const [i, { name, ...look }] of LOOKS.entries()) {
    const to = { userId: `20${i}` }
    const order = { type: 'order', orderId: '20261127003', title: '云南普洱 357g', count: 2, amount: '196.00', currency: 'CNY', status: '待发货', actions: [{ text: '查看订单', path: '/o' }, { text: '催发货', reply: '请尽快发货' }] }
    await li.send({ to, kind: 'custom', content: order, ext: { quickReplies: ['怎么退货', '找人工'] } })
    const page = await openProduct(it, { as: to.userId, ...look })
    const dot = page.locator('.row [class*="--dot"]').first()
    await dot.waitFor()
    const rpx = await dot.evaluate((element) => [element.offsetWidth, element.offsetHeight].map((size) => Math.round(size * 750 / innerWidth)))
    assert.ok(rpx.every((size) => Math.abs(size - 16) < 1.5), `${name}: ${rpx}`)
    const high = [['search', await reach(page.locator('wx-search-button [class*="--button"]').first())]]
    await page.locator('.row').tap()
    for (const [what, which] of [['reply', 'wx-hy-chat [class*="--pill"]'], ['order', 'wx-hy-bubble [class*="--button"]']]) {
      await page.locator(which).first().waitFor()
      await atRest(page)
      high.push([what, await reach(page.locator(which).first())])
    }
    assert.deepEqual(high.filter(([, rpxHigh]) => rpxHigh < 85), [], name)
    await lookLike(page, `acceptance-33-order-${name}.png`)
    await page.context().close()
  }
})

test('in the largest letters nothing is cut: the list, a chat, its menu, sheets, settings', { timeout: 300_000 }, async () => {
  const me = await somebody(it, '190', '三三')
  const { group: { groupId } } = await wang.call('group.create', { name: '一个名字特别长的周末爬山和露营的群', members: ['190', '2'] })
  await wang.send({ to: { groupId }, content: '八点到地铁口？带上水和伞' })
  await li.send({ to: { groupId }, content: '@三三 你来吗', ext: { mentions: ['190'] } })
  await me.send({ to: { groupId }, content: '来，八点见', ext: { reply: { seq: 2 } } })
  await li.send({ to: { userId: '190' }, content: '在吗' })
  const visible = (page, selector) => page.locator(`phone-view:not([hidden]) ${selector}`)
  for (const { name, width, ...look } of [...LOOKS, { ...LOOKS[0], name: `320`, width: 320, height: 568, language: 'en' }]) {
    const options = { ...look, width, height: width === 320 ? 568 : 667, fontSizeSetting: 23 }
    const file = (what) => `acceptance-59-${what}-${name}.png`
    const page = await openProduct(it, { as: '190', ...options })
    await page.locator('.row').nth(1).waitFor()
    await lookLike(page, file('list'))
    await page.phone.press(page.locator('.row').first())
    await visible(page, '[class*="--sheet"]').waitFor()
    await lookLike(page, file('row-menu'))
    for (const [what, where, comes] of [
      ['chat', `/pages/chat/chat?groupId=${groupId}`, 'wx-hy-bubble'], ['info', `/more/info/info?groupId=${groupId}`, '.one'], ['me', '/pages/me/me', '.cell'],
      ['settings', '/more/settings/settings', '.cell'], ['contacts', '/pages/contacts/contacts', '.cell'], ['profile', '/more/profile/profile?userId=2', '.cell'],
    ]) {
      await page.goto(it.app.url + where)
      await visible(page, comes).first().waitFor()
      await lookLike(page, file(what))
    }
    await page.goto(`${it.app.url}/pages/chat/chat?groupId=${groupId}`)
    await bubble(page, '来，八点见').waitFor()
    for (const [what, text] of [['menu-own', '来，八点见'], ['menu-other', '八点到地铁口']]) {
      await page.phone.press(bubble(page, text))
      await page.locator('wx-hy-menu [class*="--word"]').first().waitFor()
      await lookLike(page, file(what))
      const cut = await page.locator('wx-hy-menu [class*="--word"]').evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map(({ textContent }) => textContent))
      assert.deepEqual(cut, [], name)
      await page.touchscreen.tap(5, 300)
      await page.locator('wx-hy-menu [class*="--word"]').first().waitFor({ state: 'detached' })
    }
    for (const which of ['emoji', 'more', 'voice']) {
      await button(page, wordsOf(look)[which]).tap()
      await lookLike(page, file(which))
    }
    assert.deepEqual(await isClean(page), CLEAN)
    await page.context().close()
  }
  me.close()
})
