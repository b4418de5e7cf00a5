'use strict'
// Starts Debian's Chromium and opens pages of a phone's size. Nothing here knows what is tested.

const fs = require('node:fs')
const path = require('node:path')
const { chromium } = require('playwright-core')

const CHROMIUM_PATHS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser']

// --no-sandbox: the tests run as root in containers. The others keep Chromium from calling home.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--font-render-hinting=none',
]

/**
 * Starts a headless Chromium.
 * @param {{args?: string[], ignoreDefaultArgs?: string[]}} options further command-line flags, and those of Playwright's to leave out
 * @returns {Promise<import('playwright-core').Browser>}
 */
async function launch({ args = [], ...options } = {}) {
  const executablePath = CHROMIUM_PATHS.find((file) => file && fs.existsSync(file))
  if (!executablePath) {
    throw new Error('no Chromium: apt-get install -y --no-install-recommends chromium fonts-noto-cjk')
  }
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, ...args], ...options })
}

/**
 * Opens a page in a browser context of its own, so with storage of its own: one user.
 * What the page complains about is collected in `page.complaints` (console errors and uncaught exceptions).
 * @returns {Promise<import('playwright-core').Page & {complaints: string[]}>}
 */
async function newPage(browser, { width = 375, height = 667, scale = 2, ...contextOptions } = {}) {
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    locale: 'zh-CN',
    ...contextOptions,
  })
  const page = await context.newPage()
  page.complaints = []
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(message.text())
  })
  page.on('pageerror', (error) => page.complaints.push(String(error.stack || error)))
  return page
}

const outDir = () => process.env.SCREENSHOT_DIR || path.join(__dirname, '..', 'out')

/** Writes a screenshot of the page to SCREENSHOT_DIR (tests/e2e/out by default) and returns its path. */
async function screenshot(page, name) {
  fs.mkdirSync(outDir(), { recursive: true })
  const file = path.join(outDir(), name)
  await page.screenshot({ path: file })
  return file
}

module.exports = { launch, newPage, screenshot }
