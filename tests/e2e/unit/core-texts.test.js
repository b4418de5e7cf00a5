'use strict'
process.env.TZ = 'Asia/Shanghai'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const core = (name) => require(`../../../miniprogram/components/hy-chat/core/${name}`)
const { translator, languageOf, own } = core('i18n')
const { listTime, chatTime, needsDateLine } = core('time')
const { initials, colorOf, COLORS } = core('avatar')
const { fallbackName } = core('names')
const { badge } = core('unread')
const { segments, loneEmoji } = core('links')
const { keyOf, samePlace, placeOf } = core('place')
const { refusalText } = core('errors')
const { connectionView } = core('status')
const { actionsOf, canReact } = core('menu')

const zh = translator('zh', own)
const en = translator('en', own)
const at = (text) => new Date(text).getTime()

test('both languages have the same keys, and English no Chinese', () => {
  assert.deepEqual(Object.keys(own.zh), Object.keys(own.en))
  const texts = Object.values(own.en).flatMap((text) => (typeof text === 'string' ? [text] : Object.values(text)))
  assert.deepEqual(texts.filter((text) => /[\u3000-\u9fff\uff00-\uffef]/.test(text)), [])
  const holes = (text) => (JSON.stringify(text).match(/\{\w+\}/g) || []).filter((hole, i, all) => all.indexOf(hole) === i)
  for (const key of Object.keys(own.zh)) for (const hole of holes(own.zh[key])) {
    if (key !== 'name.andMore' && key !== 'select.title') assert.ok(holes(own.en[key]).length, `${key} lost ${hole}`)
  }
})

test('texts are chosen by language, number and table', () => {
  assert.equal(zh('voice.left', { n: 10 }), '还可以说 10 秒')
  assert.equal(en('voice.left', { n: 1 }), '1 second left')
  assert.equal(en('voice.left', { n: 2 }), '2 seconds left')
  assert.equal(zh.lang, 'zh')
  assert.throws(() => zh('no.such'), /no\.such/)
  const t = translator('en', { zh: {}, en: { 'voice.hold': 'Press' } }, own)
  assert.equal(t('voice.hold'), 'Press')
  assert.deepEqual(['zh_CN', 'zh-TW', 'en', 'fr', undefined].map(languageOf), ['zh', 'zh', 'en', 'en', 'en'])
})

const now = '2026-11-25T15:00:00+08:00' // a Wednesday
for (const [ms, inNow, listZh, listEn, chatZh, chatEn] of [
  ['2026-11-25T09:41:00+08:00', now, '09:41', '09:41', '09:41', '09:41'],
  ['2026-11-25T00:00:00+08:00', now, '00:00', '00:00', '00:00', '00:00'],
  ['2026-11-24T23:59:59+08:00', now, '昨天', 'Yesterday', '昨天 23:59', 'Yesterday 23:59'],
  ['2026-11-24T23:59:59+08:00', '2026-11-25T00:00:00+08:00', '昨天', 'Yesterday', '昨天 23:59', 'Yesterday 23:59'],
  ['2026-11-23T23:59:59+08:00', now, '星期一', 'Mon', '星期一 23:59', 'Mon 23:59'],
  ['2026-11-19T09:41:00+08:00', now, '星期四', 'Thu', '星期四 09:41', 'Thu 09:41'],
  ['2026-11-18T09:41:00+08:00', now, '11月18日', 'Nov 18', '11月18日 09:41', 'Nov 18, 09:41'],
  ['2026-11-03T09:41:00+08:00', now, '11月3日', 'Nov 3', '11月3日 09:41', 'Nov 3, 09:41'],
  ['2025-11-03T09:41:00+08:00', now, '2025/11/3', 'Nov 3, 2025', '2025年11月3日 09:41', 'Nov 3, 2025, 09:41'],
  ['2025-12-31T23:00:00+08:00', '2026-01-01T00:30:00+08:00', '昨天', 'Yesterday', '昨天 23:00', 'Yesterday 23:00'],
  ['2025-12-29T23:00:00+08:00', '2026-01-01T00:30:00+08:00', '星期一', 'Mon', '星期一 23:00', 'Mon 23:00'],
  ['2026-11-26T09:00:00+08:00', now, '15:00', '15:00', '15:00', '15:00'],
  ['2027-01-01T00:00:00+08:00', now, '15:00', '15:00', '15:00', '15:00'],
]) {
  test(`${ms} at ${inNow} is ${chatEn}`, () => {
    assert.equal(listTime(at(ms), at(inNow), zh), listZh)
    assert.equal(listTime(at(ms), at(inNow), en), listEn)
    assert.equal(chatTime(at(ms), at(inNow), zh), chatZh)
    assert.equal(chatTime(at(ms), at(inNow), en), chatEn)
  })
}

test('a date line stands first, after more than five minutes, and at a change of day', () => {
  assert.equal(needsDateLine(null, 0), true)
  assert.equal(needsDateLine(at('2026-11-25T10:00:00+08:00'), at('2026-11-25T10:05:00+08:00')), false)
  assert.equal(needsDateLine(at('2026-11-25T10:00:00+08:00'), at('2026-11-25T10:05:00.001+08:00')), true)
  assert.equal(needsDateLine(at('2026-11-25T23:59:59+08:00'), at('2026-11-26T00:00:01+08:00')), true)
})

test('who has no picture has letters and a colour', () => {
  const cases = { 李四: '四', 'Li Si': 'LS', alice: 'A', 用户8d8b: '户', 'Ann B. Carter': 'AC', '😀': '😀', '': '', やまだ: 'だ', 'Tom 王': '王' }
  for (const [name, letters] of Object.entries(cases)) assert.equal(initials(name), letters, name)
  const used = new Set(Array.from({ length: 200 }, (_, i) => colorOf(`user${i}`)))
  assert.deepEqual([...used].sort(), [...COLORS].sort())
  assert.equal(colorOf('1'), colorOf(1))
})

test('names, badges, places', () => {
  assert.equal(fallbackName('oX7a3f8d8b', zh), '用户8d8b')
  assert.equal(fallbackName('oX7a3f8d8b', en), 'User 8d8b')
  assert.deepEqual([0, 1, 99, 100, 999].map(badge), ['', '1', '99', '99+', '99+'])
  assert.equal(keyOf({ userId: '1' }), 'u:1')
  assert.equal(keyOf({ groupId: '1' }), 'g:1')
  assert.equal(samePlace({ userId: '1' }, { groupId: '1' }), false)
  assert.equal(samePlace(null, { groupId: '1' }), false)
  assert.deepEqual(placeOf({ userId: 'a%3Ab' }), { userId: 'a:b' })
  assert.deepEqual(placeOf({ groupId: 'g', seq: '3' }), { groupId: 'g' })
  assert.equal(placeOf({}), null)
})

const found = (text, mentions) => segments(text, mentions).filter(({ kind }) => kind !== 'text').map(({ kind, text: of, value }) => [kind, of, value])

test('links and numbers are found in a text, and nothing is lost of it', () => {
  const cases = [
    ['见 example.com 打 13800138000', [['url', 'example.com', 'https://example.com'], ['phone', '13800138000', '13800138000']]],
    ['(https://a.b/c_(d)).', [['url', 'https://a.b/c_(d)', 'https://a.b/c_(d)']]],
    ['看https://a.cn/?x=1&y=2，好', [['url', 'https://a.cn/?x=1&y=2', 'https://a.cn/?x=1&y=2']]],
    ['www.a.cn!', [['url', 'www.a.cn', 'https://www.a.cn']]],
    ['打 021-6888 8888', [['phone', '021-6888 8888', '02168888888']]],
    ['+86 138-0013-8000 或 0571-88886666 或 400-820-8820', [['phone', '+86 138-0013-8000', '+8613800138000'], ['phone', '0571-88886666', '057188886666'], ['phone', '400-820-8820', '4008208820']]],
    ['订单 20261127003，合同v3.pdf，li@example.com，1.2.3，2026-11-27 10:00', []],
    ['单号913800138000123', []],
  ]
  for (const [text, hits] of cases) {
    assert.deepEqual(found(text), hits, text)
    assert.equal(segments(text).map((piece) => piece.text).join(''), text)
  }
  assert.deepEqual(segments(''), [])
  assert.deepEqual(found('@王五一 @王五 八点', [{ name: '王五', userId: '5' }, { name: '王五一', userId: '6' }]), [['mention', '@王五一', '6'], ['mention', '@王五', '5']])
  assert.deepEqual(found('@a.*b', [{ name: 'a.*b', userId: '5' }]), [['mention', '@a.*b', '5']])
})

test('a text of 4,096 characters is cut quickly', () => {
  const before = performance.now()
  for (const text of ['a', 'a.', '1', '1-', 'a@', 'www.', '+1 23 ', '(']) segments(text.repeat(4096).slice(0, 4096))
  assert.ok(performance.now() - before < 500)
})

test('one to three emoji alone are counted', () => {
  const cases = { '👍': 1, '👨‍👩‍👧‍👦🇨🇳1️⃣': 3, '❤️': 1, '👍🏽 ': 1, '🙂‍↔️': 1, '❤️‍🔥': 1, '🏴󠁧󠁢󠁥󠁮󠁧󠁿': 1, '⏰': 1, 'a': 0, '123': 0, '👍👍👍👍': 0, '©': 0, '好👍': 0, '': 0, '👍好': 0, '🇨': 0, '\u200d': 0 }
  for (const [text, count] of Object.entries(cases)) assert.equal(loneEmoji(text), count, JSON.stringify(text))
})

test('refusals have words, without a code', () => {
  const cases = [
    [{ code: -32003, data: { reason: 'blocked' } }, '消息已发出，但被对方拒收了', 'Your message was rejected.'],
    [{ code: -32003, data: { reason: 'muted' } }, '全员禁言中', 'Only admins can speak'],
    [{ code: -32003, data: {} }, '你没有权限', "You don't have permission"],
    [{ code: -32004, to: { groupId: 'g' } }, '你已不在群聊', 'You are no longer in this group'],
    [{ code: -32022, data: { reason: '广告' } }, '广告', 'Not sent: content not allowed'],
    [{ code: -32022, data: { reason: 'ads' } }, '消息含有不允许的内容，未发送', 'ads'],
    [{ code: 'http', data: { status: 415 } }, '不支持此类型', 'Type not allowed'],
    [{ status: 507 }, '服务器空间不足，请联系商家', 'Server storage is full.'],
    [{ code: 'http', data: { status: 429 } }, '今天发送的文件太多，明天再试', 'Daily limit reached. Try tomorrow.'],
    [{ code: 'timeout' }, '网络不可用，请稍后再试', 'No network. Try again later.'],
    [{ code: -1 }, '发送失败，请重试', 'Not sent. Try again.'],
    [undefined, '发送失败，请重试', 'Not sent. Try again.'],
  ]
  for (const [error, inZh, inEn] of cases) assert.deepEqual([refusalText(error, zh), refusalText(error, en)], [inZh, inEn])
  for (const code of [-32600, -32601, -32602, -32001, -32003, -32004, -32009, -32013, -32022, -32029, -32053, -32603]) {
    assert.doesNotMatch(refusalText({ code, message: 'in English' }, zh), /[A-Za-z0-9]/)
  }
})

test('the connection is told by its rules', () => {
  const view = (facts, after) => connectionView({ state: 'connecting', since: 1000, hasNetwork: true, isSyncing: false, ...facts }, 1000 + after)
  assert.deepEqual(view({}, 0), { title: null, strip: null, nextChangeIn: 3000 })
  assert.deepEqual(view({ state: 'waiting' }, 3000), { title: 'connecting', strip: null, nextChangeIn: 7000 })
  assert.deepEqual(view({}, 10_000), { title: 'connecting', strip: 'connecting', nextChangeIn: null })
  assert.deepEqual(view({ hasNetwork: false }, 0), { title: 'offline', strip: null, nextChangeIn: 3000 })
  assert.deepEqual(view({ hasNetwork: false, state: 'online' }, 3000), { title: 'offline', strip: 'network', nextChangeIn: null })
  assert.deepEqual(view({ state: 'online', isSyncing: true }, 0), { title: 'updating', strip: null, nextChangeIn: null })
  assert.deepEqual(view({ state: 'online' }, 0), { title: null, strip: null, nextChangeIn: null })
  assert.deepEqual(view({ state: 'replaced' }, 0), { title: 'offline', strip: null, nextChangeIn: null })
  assert.deepEqual(view({ state: 'idle' }, 99_999), { title: null, strip: null, nextChangeIn: null })
})

test('the menu has what can be done', () => {
  const row = { type: 'bubble', own: true, kind: 'text', seq: 3, state: null, streaming: false, time: 0 }
  const limits = { recallSeconds: 120, editSeconds: 900 }
  const context = { limits, role: 'member', now: 60_000, isGroup: false }
  const of = (change, contextChange) => actionsOf({ ...row, ...change }, { ...context, ...contextChange }).join(' ')
  assert.equal(of(), 'copy forward reply select recall edit delete')
  assert.equal(of({}, { now: 120_001 }), 'copy forward reply select edit delete')
  assert.equal(of({}, { now: 900_001 }), 'copy forward reply select delete')
  assert.equal(of({}, { limits: { recallSeconds: 120, editSeconds: 0 } }), 'copy forward reply select recall delete')
  assert.equal(of({ own: false }), 'copy forward reply select delete')
  assert.equal(of({ own: false }, { isGroup: true, role: 'admin', now: 1e9 }), 'copy forward reply select recall delete')
  assert.equal(of({ own: false }, { role: 'owner' }), 'copy forward reply select delete')
  assert.equal(of({ kind: 'voice' }), 'reply select recall delete')
  assert.equal(of({ kind: 'unknown', own: false }), 'reply select delete')
  assert.equal(of({ seq: null, state: 'failed' }), 'copy resend delete')
  assert.equal(of({ seq: null, state: 'waiting', kind: 'image' }), '')
  assert.equal(of({ type: 'system' }), '')
  assert.equal(canReact(row), true)
  assert.equal(canReact({ ...row, seq: null }), false)
})

test('core is plain: no host, and nothing that old WebViews do not know', () => {
  const fs = require('node:fs')
  const path = require('node:path')
  const folder = path.join(__dirname, '../../../miniprogram/components/hy-chat/core')
  for (const name of fs.readdirSync(folder)) {
    const source = fs.readFileSync(path.join(folder, name), 'utf8')
    assert.doesNotMatch(source, /\bwx\.|\bdocument\b|\bwindow\b|\bIntl\b|\(\?<|\.at\(|structuredClone|\\p\{|replaceAll|\?\?=|\|\|=|\.localStorage/, name)
    for (const [, required] of source.matchAll(/require\('([^']+)'\)/g)) assert.match(required, /^\.\.?\//, name)
  }
})

test('every text that core asks for is there', () => {
  const fs = require('node:fs')
  const path = require('node:path')
  const folder = path.join(__dirname, '../../../miniprogram/components/hy-chat/core')
  const source = fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'utf8')).join('\n')
  for (const [, key] of source.matchAll(/'((?:system|refused|label|mark|kind|quote|name|bubble)\.\w+)'/g)) assert.ok(key in own.zh, key)
})
