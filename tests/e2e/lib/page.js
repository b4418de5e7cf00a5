'use strict'
// What the tests of the demo page share: opening it, what it must never do, and a ruler for how it looks.

const assert = require('node:assert/strict')
const { newPage } = require('./browser')
const { fromDist } = require('./dist')
const { LONG_MS } = require('./wait')

const WAIT = { timeout: LONG_MS }
// What Chromium itself writes about a server that is away; a page cannot keep it silent.
const OUTAGE = /ERR_CONNECTION_|ERR_EMPTY_RESPONSE|WebSocket connection to/
const HEIGHTS = { 1280: 800, 375: 812, 320: 640 }
const ALL_LOOKS = [1280, 375, 320].flatMap((width) => ['light', 'dark'].flatMap((colorScheme) =>
  ['zh-CN', 'en-US'].map((locale) => ({ width, height: HEIGHTS[width], colorScheme, locale }))))
/** Three of them have all that differs between them: each width, theme and language. */
const LOOKS = process.env.HONGYAN_TEST_SLOW ? ALL_LOOKS : [ALL_LOOKS[0], ALL_LOOKS[7], ALL_LOOKS[9]]

/**
 * Opens `path` of the server in a browser context of its own. Every request is noted in `page.asked`; `prepare(page)` runs
 * before anything is loaded.
 */
async function openPage(browser, server, { path = '/', width = 1280, height = 800, prepare, ...options } = {}) {
  // The server writes local times of its own zone, which is this process's.
  const page = await newPage(browser, { width, height, timezoneId: Intl.DateTimeFormat().resolvedOptions().timeZone, ...options })
  await fromDist(page, { first: 'demo.html' })
  page.asked = []
  page.on('request', (request) => page.asked.push(request.url()))
  page.on('websocket', (socket) => page.asked.push(socket.url()))
  await prepare?.(page)
  const response = await page.goto(server.url + path)
  assert.match(response.headers()['content-security-policy'] ?? '', /default-src 'none'/)
  return page
}

/** Nothing was complained about but what is allowed, and nobody but the server was asked. */
function assertQuiet(page, server, allowed) {
  assert.deepEqual(page.complaints.filter((text) => !allowed?.test(text)), [])
  const own = new URL(server.url).host
  assert.deepEqual(page.asked.filter((url) => !url.startsWith('data:') && new URL(url).host !== own), [])
}

/**
 * Runs in the page: a list of what is wrong with what is visible. Measured, not guessed from styles:
 * the page's width; each line of text against the boxes around it; lines of text, controls and siblings against one
 * another; placeholders against their fields; size of controls (24 px, WCAG 2.5.8); contrast of text (4.5, WCAG 1.4.3).
 */
function geometry() {
  const faults = []
  const name = (node) => `${node.tagName.toLowerCase()}${node.id && typeof node.id === 'string' ? `#${node.id}` : ''}${typeof node.className === 'string' && node.className ? `.${node.className.replaceAll(' ', '.')}` : ''} “${(node.textContent || node.placeholder || '').trim().slice(0, 20)}”`
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest('.unseen, svg') && node.getClientRects().length > 0
  const all = [...document.body.querySelectorAll('*')].filter(visible)

  /** A rectangle less what the ancestors cut off; in `cut` whether that was text lost rather than scrolled. */
  const clipped = (rect, node) => {
    const box = { left: rect.left, top: rect.top, right: rect.right, bottom: rect.bottom, cut: false }
    for (let at = node; at && at !== document.body; at = at.parentElement) {
      const style = getComputedStyle(at)
      if (style.overflowX === 'visible' && style.overflowY === 'visible') continue
      const edge = at.getBoundingClientRect()
      if (rect.left < edge.left - 1 || rect.right > edge.right + 1) box.cut = true
      const scrolls = ['auto', 'scroll'].includes(style.overflowY)
      if (!scrolls && box.bottom > box.top && (box.top < edge.top - 1 || box.bottom > edge.bottom + 1)) box.cut = true
      box.left = Math.max(box.left, edge.left)
      box.right = Math.min(box.right, edge.right)
      box.top = Math.max(box.top, edge.top)
      box.bottom = Math.min(box.bottom, edge.bottom)
    }
    return box
  }
  /** The nearest ancestor out of whose box a rectangle sticks; scrolled content may. */
  const spilled = (rect, node) => {
    for (let at = node; at !== document.body && !['auto', 'scroll'].includes(getComputedStyle(at).overflowY); at = at.parentElement) {
      const edge = at.getBoundingClientRect()
      const boxed = !['inline', 'contents'].includes(getComputedStyle(at).display)
      if (boxed && (rect.top < edge.top - 1 || rect.bottom > edge.bottom + 1 || rect.left < edge.left - 1 || rect.right > edge.right + 1)) return at
    }
  }
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
  const pairs = (list, what) => list.forEach((a, i) => list.slice(i + 1).forEach((b) => {
    if (a.node !== b.node && !a.node.contains(b.node) && !b.node.contains(a.node) && meet(a.box, b.box)) faults.push(`${what} overlap: ${name(a.node)} and ${name(b.node)}`)
  }))

  if (document.documentElement.scrollWidth > innerWidth) faults.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} in ${innerWidth}`)

  const lines = []
  for (const node of all) {
    const texts = [...node.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE && child.data.trim())
    if (!texts.length || node.tagName === 'TEXTAREA') continue
    if (getComputedStyle(node).display !== 'inline' && node.scrollWidth > node.clientWidth + 1) faults.push(`wider than its box: ${name(node)}`)
    for (const text of texts) {
      const range = document.createRange()
      range.selectNodeContents(text)
      for (const rect of range.getClientRects()) {
        if (rect.left < -1 || rect.right > innerWidth + 1) faults.push(`outside the window: ${name(node)}`)
        const inset = rect.height * 0.22  // a line's rectangle is the font's, which is taller than its glyphs
        const glyphs = { left: rect.left, right: rect.right, top: rect.top + inset, bottom: rect.bottom - inset }
        if (spilled(glyphs, node)) faults.push(`text sticks out of ${name(spilled(glyphs, node))}: ${name(node)}`)
        const box = clipped(glyphs, node)
        if (box.cut) faults.push(`text is cut: ${name(node)}`)
        if (box.right > box.left && box.bottom > box.top) lines.push({ node, box })
      }
    }
  }
  pairs(lines, 'texts')

  const controls = all.filter((node) => node.matches('button, input, textarea, a[href]')).map((node) => ({ node, box: clipped(node.getBoundingClientRect(), node) }))
  pairs(controls, 'controls')
  for (const { node } of controls) {
    const { width, height } = node.getBoundingClientRect()
    if (width < 24 || height < 24) faults.push(`too small to tap: ${name(node)} ${width}×${height}`)
    const label = node.getAttribute('aria-label') || node.textContent.trim() || node.labels?.[0]?.textContent
    if (!label) faults.push(`has no name: ${name(node)}`)
  }

  for (const parent of all) {
    const children = [...parent.children].filter((node) => visible(node) && !['absolute', 'fixed'].includes(getComputedStyle(node).position) && getComputedStyle(node).display !== 'inline')
    pairs(children.map((node) => ({ node, box: node.getBoundingClientRect() })), 'siblings')
  }

  const brush = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  for (const node of all.filter((one) => one.placeholder && !one.value)) {
    const style = getComputedStyle(node)
    brush.font = style.font
    if (brush.measureText(node.placeholder).width > node.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight) + 1 && node.tagName === 'INPUT') faults.push(`placeholder is cut: ${name(node)}`)
    if (node.scrollHeight > node.clientHeight + 1) faults.push(`placeholder is cut: ${name(node)}`)
  }

  const rgb = (colour) => {
    brush.clearRect(0, 0, 1, 1)
    brush.fillStyle = colour
    brush.fillRect(0, 0, 1, 1)
    return [...brush.getImageData(0, 0, 1, 1).data]
  }
  const light = (colour) => colour.slice(0, 3).map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0)
  for (const node of new Set([...lines.map((line) => line.node), ...controls.map((one) => one.node)])) {
    let at = node
    while (at.parentElement && rgb(getComputedStyle(at).backgroundColor)[3] < 255) at = at.parentElement
    const [a, b] = [light(rgb(getComputedStyle(node).color)), light(rgb(getComputedStyle(at).backgroundColor))]
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (ratio < 4.5) faults.push(`too faint: ${name(node)} ${ratio.toFixed(2)}`)
  }
  return [...new Set(faults)]
}

module.exports = { WAIT, OUTAGE, LOOKS, openPage, assertQuiet, geometry }
