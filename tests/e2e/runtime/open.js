'use strict'
// Opens a served mini-program as one user: a browser context of its own, the size of a phone, with touch.

const { launch, newPage } = require('../lib/browser')

/** A Chromium for mini-programs: wx.request knows no same-origin rule, so the browser is told to forget it. */
const launchForMiniProgram = () => launch({ args: ['--disable-web-security'] })

/**
 * @param {string} path of the first page, with its query; '/' is the first page of app.json
 * @param {object} servers the app's server addresses and where they lead in this test, such as
 *   `{'http://127.0.0.1:8080': server.url}`
 * @param {object} storage what the phone's storage holds at first
 * @param {() => string} loginCode what wx.login gives, asked for each time; it fails when this throws
 * @returns a page of newPage() with `phone`, what a hand or the system does to the phone:
 *   `report()`, `background()`, `foreground()`, `dropSockets()`, `sockets()`, `clipboard()`
 */
async function openMiniProgram(browser, appUrl, { path = '/', servers = {}, storage = {}, loginCode, ...pageOptions } = {}) {
  const page = await newPage(browser, { hasTouch: true, ...pageOptions })
  await page.context().addInitScript((options) => { window.runtimeOptions = options }, { servers })
  await page.context().addInitScript((values) => {
    for (const [key, value] of Object.entries(values)) {
      if (localStorage.getItem(`storage ${key}`) === null) localStorage.setItem(`storage ${key}`, JSON.stringify(value))
    }
  }, storage)
  if (loginCode) await page.context().exposeFunction('loginCode', loginCode)
  page.phone = {}
  for (const name of ['report', 'background', 'foreground', 'dropSockets', 'sockets', 'clipboard']) {
    page.phone[name] = () => page.evaluate((method) => window.phone[method](), name)
  }
  await page.goto(appUrl + path)
  await page.waitForFunction(() => window.phone)
  return page
}

module.exports = { launchForMiniProgram, openMiniProgram }
