'use strict'
// The pages' pure parts: texts in both languages, which rows of the list are in the tree, what a search marks.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test } = require('node:test')

const APP = path.join(__dirname, '../../../miniprogram')
const load = (file) => require(path.join(APP, file))
const zh = load('i18n/zh')
const en = load('i18n/en')
const { rowsInTree, rowsOnScreen } = load('pages/chats/window')
const { marked, byChat } = load('more/search/hits')
const { keyOf } = load('components/hy-chat/core/place')

const forms = (text) => (typeof text === 'string' ? [text] : Object.values(text))
const HAN = /[\u3400-\u9fff]/

test('both languages have the same texts', () => assert.deepEqual(Object.keys(en), Object.keys(zh)))

test('no Chinese in English, and the same words to be replaced', () => {
  for (const [key, text] of Object.entries(en)) {
    if (key !== 'settings.langZh') for (const form of forms(text)) assert.doesNotMatch(form, HAN, key) // a language is called what it calls itself
    const names = (of) => [...new Set((forms(of).join(' ').match(/\{\w+\}/g) || []))].sort()
    if (key !== 'chats.state' && key !== 'profile.blockTitle') assert.deepEqual(names(text), names(zh[key]), key)
  }
})

test('texts of wxml come from the tables, and those that pages name are there', () => {
  const app = JSON.parse(fs.readFileSync(path.join(APP, 'app.json'), 'utf8'))
  const pages = [...app.pages, ...app.subPackages.flatMap(({ root, pages: names }) => names.map((name) => `${root}/${name}`))]
  for (const page of pages.filter((name) => !name.endsWith('/chat'))) {
    const wxml = fs.readFileSync(path.join(APP, `${page}.wxml`), 'utf8')
    const js = fs.readFileSync(path.join(APP, `${page}.js`), 'utf8')
    assert.doesNotMatch(wxml, HAN, page)
    const prefix = /definePage\('([\w-]+)'/.exec(js)[1]
    for (const [, key] of `${wxml} ${js}`.matchAll(/\bs\.(\w+)/g)) assert.ok(zh[`${prefix}.${key}`] !== undefined || zh[`common.${key}`] !== undefined, `${page}: ${key}`)
    for (const [, key] of js.matchAll(/\bt\('([\w.-]+)'/g)) {
      assert.ok(zh[key] !== undefined || load('components/hy-chat/i18n/zh')[key] !== undefined, `${page}: ${key}`)
    }
  }
})

test('the rows in the tree are those around the screen', () => {
  const list = { count: 1000, rowHeight: 72, height: 720 }
  assert.deepEqual(rowsInTree({ ...list, scrollTop: 0 }), { from: 0, to: 35 })
  for (let scrollTop = 0; scrollTop <= 999 * 72; scrollTop += 137) {
    const { from, to } = rowsInTree({ ...list, scrollTop })
    const seen = rowsOnScreen({ ...list, scrollTop })
    assert.ok(from <= Math.max(0, seen.from - 15) && to >= Math.min(1000, seen.to + 15), String(scrollTop))
    assert.ok(to - from <= 60)
  }
  assert.deepEqual(rowsInTree({ ...list, count: 0, scrollTop: 0 }), { from: 0, to: 0 })
  assert.deepEqual(rowsInTree({ ...list, count: 3, scrollTop: 9000 }), { from: 0, to: 3 })
})

test('a search marks each hit, and shows where the first one is', () => {
  assert.deepEqual(marked('我要退货，订单', '退货'), [{ key: 0, text: '我要', isHit: false }, { key: 1, text: '退货', isHit: true }, { key: 2, text: '，订单', isHit: false }])
  assert.equal(marked(`${'长'.repeat(50)}退货`, '退货')[0].text, `…${'长'.repeat(12)}`)
  assert.deepEqual(marked('A.b a.B', 'a.b').filter(({ isHit }) => isHit).map(({ text }) => text), ['A.b', 'a.B'])
  assert.deepEqual(marked('nothing', 'x'), [{ key: 0, text: 'nothing', isHit: false }])
  const messages = [['2', '1'], ['1', '2'], ['3', '1']].map(([from, userId]) => ({ from, to: { userId } }))
  assert.deepEqual(byChat(messages, { me: '1', keyOf }).map(({ key, messages: some }) => [key, some.length]), [['u:2', 2], ['u:3', 1]])
})

test('bars in a theme that was chosen are as theme.json has them', () => {
  const { BARS } = load('services/look')
  const theme = JSON.parse(fs.readFileSync(path.join(APP, 'theme.json'), 'utf8'))
  for (const [name, { front, back, tab }] of Object.entries(BARS)) {
    const { navText, navBackground, tabText, tabBackground } = theme[name]
    assert.deepEqual([front, back, tab.color, tab.backgroundColor], [navText === 'black' ? '#000000' : '#ffffff', navBackground, tabText, tabBackground])
    for (const kind of ['', '-selected']) for (const icon of ['chats', 'contacts', 'me']) assert.ok(fs.existsSync(path.join(APP, `icons/tab-${icon}${kind}-${name}.png`)))
  }
})
