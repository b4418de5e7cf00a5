'use strict'
// Opens a served mini-program as one user: a browser context of its own, the size of a phone, with touch.

const fs = require('node:fs')
const path = require('node:path')
const { launch, newPage } = require('../lib/browser')
const { touchOf } = require('./touch')

/**
 * A Chromium for mini-programs: wx.request knows no same-origin rule, so the browser is told to forget it; a swipe to the
 * right is not "back"; sounds need no touch first.
 */
const launchForMiniProgram = () => launch({
  args: ['--disable-web-security', '--autoplay-policy=no-user-gesture-required'],
  featuresOff: ['OverscrollHistoryNavigation'],
})

const TYPES = {
  '.png': 'image/png', '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.gif': 'image/gif', '.webp': 'image/webp',
  '.mp3': 'audio/mpeg', '.mp4': 'video/mp4', '.webm': 'video/webm', '.pdf': 'application/pdf', '.txt': 'text/plain',
}
const PHONE = [
  'report', 'background', 'foreground', 'dropSockets', 'sockets', 'socketCounts', 'clipboard', 'opened', 'set', 'keyboard', 'fullStorage',
  'interruptRecorder', 'share', 'pullDown', 'back',
]

/** A file of this machine, for a phone; or {name, type, bytes} as it stands. */
function fileForPhone(file) {
  const { name, type, bytes } = typeof file !== 'string' ? file
    : { name: path.basename(file), type: TYPES[path.extname(file)] || 'application/octet-stream', bytes: fs.readFileSync(file) }
  return { name, type, base64: Buffer.from(bytes).toString('base64') }
}

/**
 * @param {string} path of the first page, with its query; '/' is the first page of app.json
 * @param {object} servers the app's server addresses and where they lead in this test, such as
 *   `{'http://127.0.0.1:8080': server.url}`
 * @param {object} storage what the phone's storage holds at first
 * @param {() => string} loginCode what wx.login gives, asked for each time; it fails when this throws
 * @param {Array<string|{name, type, bytes}>} files what the user chooses when asked; `page.phone.files` may be set anew
 * @param {'light'|'dark'} theme
 * @param {object} more `language`, `fontSizeSetting`, `version`, `scene`, `referrerInfo`, `location` (what chooseLocation
 *   gives), `scan` (what scanCode gives), `permissions` ({'scope.record': false}), `grantsInSettings`, `systemDenied`
 *   (['microphone']), `subscribe` ('accept', 'reject', 'ban', 'off'), `keyboardHeight`; all but the first three may be
 *   changed by `phone.set()`. The rest is Playwright's, such as `width` and `height`.
 * @returns a page of newPage() with `phone`, what a hand or the system does to the phone: see browser/phone.js and touch.js
 */
async function openMiniProgram(browser, appUrl, {
  path: start = '/', servers = {}, storage = {}, loginCode, files = [], theme = 'light',
  language = 'zh_CN', fontSizeSetting = 16, version = '8.0.50', scene = 1001, referrerInfo = {}, location = null, scan = '', permissions = {},
  grantsInSettings = false, systemDenied = [], subscribe = 'accept', keyboardHeight = 0, ...pageOptions
} = {}) {
  const page = await newPage(browser, { hasTouch: true, colorScheme: theme, ...pageOptions })
  const context = page.context()
  const options = {
    servers, language, fontSizeSetting, version, scene, referrerInfo, location, scan, permissions, grantsInSettings, systemDenied, subscribe, keyboardHeight,
  }
  await context.addInitScript((values) => { window.runtimeOptions = values }, options)
  await context.addInitScript((values) => {
    for (const [key, value] of Object.entries(values)) {
      if (localStorage.getItem(`storage ${key}`) === null) localStorage.setItem(`storage ${key}`, JSON.stringify(value))
    }
  }, storage)
  if (loginCode) await context.exposeFunction('loginCode', loginCode)
  page.phone = { files, ...await touchOf(page) }
  await context.exposeFunction('chosenFiles', () => page.phone.files.map(fileForPhone))
  for (const name of PHONE) {
    page.phone[name] = (...args) => page.evaluate(([method, values]) => window.phone[method](...values), [name, args])
  }
  await page.goto(appUrl + start)
  await page.waitForFunction(() => window.phone)
  return page
}

module.exports = { launchForMiniProgram, openMiniProgram }
