'use strict'
// The web chat's pure parts, its texts, and that what is built of it is current.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { execFileSync } = require('node:child_process')
const { own } = require('../../../miniprogram/components/hy-chat/core/i18n')

const WEB = path.join(__dirname, '..', '..', '..', 'web')
const source = (file) => import(path.join(WEB, 'src', file))
const files = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(path.join(folder, entry.name)) : [path.join(folder, entry.name)]))

test('both languages have the same texts, with the same places in them, and no text twice', async () => {
  const [zh, en] = [(await source('i18n/zh.js')).default, (await source('i18n/en.js')).default]
  assert.deepEqual(Object.keys(en), Object.keys(zh))
  const places = (text) => JSON.stringify([...new Set(JSON.stringify(text).match(/\{\w+\}/g) || [])].sort())
  for (const key of Object.keys(zh)) {
    assert.equal(places(en[key]), places(zh[key]), key)
    assert.ok(!(key in own.zh), `${key} is among the chat's own`)
    if (!/^settings\.lang|^keys\./.test(key)) assert.ok(!/[\u3400-\u9fff]/.test(JSON.stringify(en[key])), key)
  }
})

test('every text that the source asks for is there, and none is for nobody', async () => {
  const zh = (await source('i18n/zh.js')).default
  const texts = files(path.join(WEB, 'src')).filter((file) => /\.jsx?$/.test(file) && !/demo|i18n/.test(file)).map((file) => fs.readFileSync(file, 'utf8')).join('\n')
  const asked = new Set([...texts.matchAll(/'([a-z]+\.[A-Za-z.0-9]+)'/g)].map(([, key]) => key))
  const made = [...texts.matchAll(/`([a-z]+\.)\$\{/g)].map(([, start]) => start)
  for (const [, key] of texts.matchAll(/\bt\('([^']+)'/g)) assert.ok(key in zh || key in own.zh, key)
  for (const key of Object.keys(zh)) assert.ok(asked.has(key) || made.some((start) => key.startsWith(start)) || /person\d/.test(key), `nobody asks for ${key}`)
})

test('an @ is seen where a name begins, and a name goes at one stroke', async () => {
  const { mentionAt, mentionBefore } = await source('chat/mention-text.js')
  assert.deepEqual(mentionAt('@'), { query: '' })
  assert.deepEqual(mentionAt('你好@李'), { query: '李' })
  assert.equal(mentionAt('a@b'), null, 'a mail address')
  assert.equal(mentionAt('@李四 '), null)
  const mentions = [{ userId: '2', name: '李四' }]
  assert.equal(mentionBefore('喂 @李四 ', mentions), '@李四 ')
  assert.equal(mentionBefore('喂 @李四', mentions), '@李四')
  assert.equal(mentionBefore('喂 李四', mentions), null)
})

test('pages have no script, style or handler of their own, and ask nobody else', () => {
  for (const name of ['index.html', 'demo.html']) {
    const html = fs.readFileSync(path.join(WEB, 'dist', name), 'utf8')
    assert.doesNotMatch(html, /<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/i, name)
    assert.doesNotMatch(html.replace(/http:\/\/www\.w3\.org\/2000\/svg/g, ''), /https?:\/\//, name)
  }
})

test('web/dist is what web/src says', { skip: !fs.existsSync(path.join(WEB, 'node_modules')) && 'npm ci in web' }, () => {
  execFileSync(process.execPath, [path.join(WEB, 'build.mjs'), '--check'], { stdio: 'pipe' })
})
