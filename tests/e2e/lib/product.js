'use strict'
// What the tests of miniprogram/ share: the app as some user's phone, and other users without one.

const { execFile } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { promisify } = require('node:util')
const { openMiniProgram } = require('../runtime/open')
const { screenshot } = require('./browser')
const { startMiniProgram, stopMiniProgram, closePhones } = require('./mini-program')

const ROOT = path.resolve(__dirname, '../../..')
const MINI_PROGRAM = path.join(ROOT, 'miniprogram')
const CONFIGURED = 'http://127.0.0.1:8080' // in miniprogram/config.js

/** miniprogram_npm as the devtools need it: only what is not there, or not current, is written. */
const buildNpm = () => promisify(execFile)(process.execPath, [path.join(MINI_PROGRAM, 'build-npm.mjs')])
  .catch(({ stderr }) => { throw new Error(`miniprogram_npm cannot be built (npm ci in miniprogram?)\n${stderr}`) })

/** @param {string} [folder] of a copy, where a test changes files */
async function startProduct(folder = MINI_PROGRAM) {
  if (folder === MINI_PROGRAM) await buildNpm()
  return startMiniProgram(folder)
}

/** A folder with the app, some of its files written anew: {'config.js': (text) => text}. */
function copyProduct(changes) {
  const [from, folder] = [path.join(ROOT, 'miniprogram'), fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-product-'))]
  fs.cpSync(from, folder, { recursive: true, filter: (name) => !name.includes('node_modules') })
  fs.symlinkSync(path.join(from, 'node_modules'), path.join(folder, 'node_modules'))
  for (const [name, change] of Object.entries(changes)) {
    const file = path.join(folder, name)
    fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')))
  }
  return { folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) }
}

/** The app on a phone; `as` is logged in already. */
function openProduct({ app, server, browser }, { as, storage = {}, ...options } = {}) {
  return openMiniProgram(browser, app.url, {
    servers: { [CONFIGURED]: server.url }, storage: { ...(as && { 'hongyan:login': { userId: as } }), ...storage }, ...options,
  })
}

/** A user without a phone: a client of the SDK, online. */
async function somebody({ server }, userId, name, options) {
  const [{ Client }, { nodeTransport }] = await Promise.all(['index', 'node'].map((file) => import(path.join(ROOT, `sdk/dist/${file}.mjs`))))
  const client = new Client({ server: server.url, userId, transport: nodeTransport(), ...options })
  await client.connect()
  if (name) await client.call('user.update', { name })
  return client
}

/** For a file of tests: `use` is given the product, and two friends of whoever has a phone, who are ended after the last test. */
function withFriends(test, use) {
  let all
  test.before(async () => {
    all = { it: await startProduct() }
    all.li = await somebody(all.it, '2', '李四')
    all.wang = await somebody(all.it, '3', '王五')
    use(all)
  })
  test.after(async () => {
    for (const client of [all?.li, all?.wang]) if (client) client.close()
    await stopMiniProgram(all?.it)
  })
  test.afterEach(() => closePhones(all.it))
}

const ALL_LOOKS = [
  { name: '375', width: 375, theme: 'light', language: 'zh_CN' }, { name: '375-dark', width: 375, theme: 'dark', language: 'zh_CN' },
  { name: '320-en', width: 320, theme: 'light', language: 'en' }, { name: '320-en-dark', width: 320, theme: 'dark', language: 'en' },
]
/** Two of them have between them all that differs: width, theme, language. */
const LOOKS = ALL_LOOKS.filter(({ name }) => process.env.HONGYAN_TEST_SLOW || name === '375' || name === '320-en-dark')

/** Nothing was missed by the runtime, nothing failed. */
const isClean = async (page) => ({ report: await page.phone.report(), complaints: page.complaints })
const CLEAN = { report: { errors: [], unsupported: [] }, complaints: [] }

/** Whether something of the page stands out to the right. */
const standsOut = (page) => page.evaluate(() => [...document.querySelectorAll('phone-view:not([hidden]) *')]
  .filter((element) => { const { right, width } = element.getBoundingClientRect(); return width && right > innerWidth + 1 && !element.closest('[scroll-x], [class*="buttons"]') })
  .map((element) => element.className).slice(0, 5))

const AT_ONCE = 250
/** Of many lengths, each with a number of its own. */
const lineOf = (n) => `第${n}条${n % 7 === 0 ? '，这一条要长得多，长到一行放不下，因为人们有时说得很多' : ''}${n % 29 === 0 ? '\n再来一行\n又来一行' : ''}`

/** So many messages to `userId`, from `first` on. */
async function fill(client, userId, count, first = 1) {
  for (let from = first; from < first + count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, first + count - from) }, (_, i) => client.send({ to: { userId }, content: lineOf(from + i) })))
  }
}

module.exports = { MINI_PROGRAM, buildNpm, startProduct, copyProduct, stopProduct: stopMiniProgram, closePhones, openProduct, somebody, withFriends, fill, screenshot, LOOKS, isClean, CLEAN, standsOut, CONFIGURED }
