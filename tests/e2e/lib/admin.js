'use strict'
// What the tests of the operator's page share: keys, opening it, what one does in it.

const assert = require('node:assert/strict')
const { newPage } = require('./browser')
const { fromDist } = require('./dist')
const { WAIT } = require('./page')

const KEYS = { eye: 'canary-key-eye-0123456789', ops: 'canary-key-ops-0123456789', boss: 'canary-key-boss-012345678', shop: 'canary-key-shop-012345678' }
const KEY_FILE = `eye observe ${KEYS.eye}\nops observe,admin,push ${KEYS.ops}\nboss observe,admin,push,owner ${KEYS.boss}\nshop push ${KEYS.shop}\n`

/** Opens the page, and with `key` goes in. Every request is noted in `page.asked`. */
async function openAdmin(browser, server, { key, hash = '', width = 1280, height = 800, ...options } = {}) {
  const page = await newPage(browser, { width, height, scale: 1, ...options })
  await fromDist(page)
  page.violations = []
  page.asked = []
  page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) page.violations.push(message.text()) })
  page.on('request', (request) => page.asked.push(request))
  const response = await page.goto(`${server.url}/admin${hash}`)
  assert.match(response.headers()['content-security-policy'], /default-src 'none'.*frame-ancestors 'none'/)
  if (key) await enter(page, key)
  return page
}

async function enter(page, key) {
  await page.locator('.door input').fill(key, WAIT)
  await page.keyboard.press('Enter')
  await page.locator('.shell').waitFor(WAIT)
}

/** Goes to a section, as a link would. */
const go = (page, hash) => page.evaluate((where) => { location.hash = where }, hash)
const button = (page, name) => page.getByRole('button', { name, exact: true })

module.exports = { KEYS, KEY_FILE, openAdmin, enter, go, button }
