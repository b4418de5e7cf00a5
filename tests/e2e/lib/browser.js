'use strict'
// Starts Debian's Chromium and opens pages of a phone's size. Nothing here knows what is tested.

const fs = require('node:fs')
const path = require('node:path')
const { chromium } = require('playwright-core')
const { LONG_MS } = require('./wait')

const CHROMIUM_PATHS = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser']

// --no-sandbox: the tests run as root in containers. The others keep Chromium from calling home.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--font-render-hinting=none',
]
// The last such flag is the one that counts, so Playwright's own are here again. The popups, which nobody opens, are a process a window.
const FEATURES_OFF = [
  'AvoidUnnecessaryBeforeUnloadCheckSync', 'BoundaryEventDispatchTracksNodeRemoval', 'DestroyProfileOnBrowserClose', 'DialMediaRouteProvider', 'GlobalMediaControls',
  'HttpsUpgrades', 'LensOverlay', 'MediaRouter', 'PaintHolding', 'ThirdPartyStoragePartitioning', 'Translate', 'RenderDocument', 'OptimizationHints',
  'PreloadTopChromeWebUI', 'WebUIOmniboxPopup', 'WebUIOmniboxFullPopup', 'WebUIOmniboxAimPopup',
]

/**
 * Starts a headless Chromium.
 * @param {{args?: string[], featuresOff?: string[], ignoreDefaultArgs?: string[]}} options further command-line flags, features of Chromium's to do
 *   without, and flags of Playwright's to leave out
 * @returns {Promise<import('playwright-core').Browser>}
 */
async function launch({ args = [], featuresOff = [], ...options } = {}) {
  const executablePath = CHROMIUM_PATHS.find((file) => file && fs.existsSync(file))
  if (!executablePath) {
    throw new Error('no Chromium: apt-get install -y --no-install-recommends chromium fonts-noto-cjk')
  }
  return chromium.launch({ executablePath, headless: true, args: [...FLAGS, `--disable-features=${[...FEATURES_OFF, ...featuresOff].join()}`, ...args], ...options })
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
  context.setDefaultTimeout(LONG_MS)
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
