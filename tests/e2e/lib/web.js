'use strict'
// What the tests of the web chat share: people with tokens, each in a browser of their own, and what one does in a chat.

const assert = require('node:assert/strict')
const { newPage, screenshot } = require('./browser')
const { fromDist } = require('./dist')
const { WAIT } = require('./page')

/** Opens the chat as whoever the token says. `hash`: what else stands in the address; `prepare(page)` runs before anything is loaded. */
async function openChat(browser, server, { token, hash = '', width = 1280, height = 800, prepare, ...options } = {}) {
  const page = await newPage(browser, { width, height, scale: 1, ...options })
  await fromDist(page)
  await prepare?.(page)
  page.violations = []
  page.on('console', (message) => { if (/Content Security Policy/.test(message.text())) page.violations.push(message.text()) })
  await page.goto(`${server.url}/chat#${[token ? `token=${token}` : '', hash].filter(Boolean).join('&')}`)
  return page
}

/** Opens, by the list, the chat that is called `name`. */
const enter = (page, name) => rowOf(page, name).click(WAIT)
const rowOf = (page, name) => page.locator('.row-line .row').filter({ has: page.locator('.row-name', { hasText: name }) }).first()
const field = (page) => page.locator('.composer textarea')
/** The field has, in the end, this text in it. */
const holds = (page, text) => page.waitForFunction((wanted) => document.querySelector('.composer textarea')?.value === wanted, text, WAIT)

async function write(page, text) {
  await field(page).click(WAIT)
  await page.keyboard.insertText(text)
  await page.keyboard.press('Enter')
}

/** A bubble with this text. */
const bubble = (page, text) => page.locator('.bubble-line').filter({ has: page.locator('.bubble', { hasText: text }) }).last()
const seen = (page, text) => bubble(page, text).waitFor(WAIT)
const texts = (page) => page.locator('.bubble .text').allTextContents()

/** Asks a user's own server for something, by a token. */
async function ask(server, token, method, where, body) {
  const response = await fetch(`${server.url}${where}`, { method, headers: { Authorization: `Bearer ${token}` }, ...(body ? { body: body instanceof FormData ? body : JSON.stringify(body) } : {}) })
  const text = await response.text()
  assert.ok(response.ok, `${method} ${where}: ${response.status} ${text}`)
  return text ? JSON.parse(text) : null
}

let sent = 0
const send = (server, token, message) => ask(server, token, 'POST', '/v1/messages', { clientMsgId: `w${Date.now()}-${sent++}`, ...message })

/** For `prepare`: `meddle(frame, socket)` sees what any tab of the page's browser sends; true: it goes no further. */
const between = (meddle) => (page) => page.context().routeWebSocket(/\/v1\/connect/, (socket) => {
  const server = socket.connectToServer()
  socket.onMessage((data) => { if (!meddle(JSON.parse(data), socket)) server.send(data) })
})

/** How far the log is from its end. */
const fromEnd = (page) => page.locator('.stream').evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight)

/** Nothing was complained about, the page's own policy least of all. */
function assertQuiet(page, allowed) {
  assert.deepEqual(page.complaints.filter((text) => !allowed?.test(text)), [])
  assert.deepEqual(page.violations, [])
}

module.exports = { WAIT, openChat, enter, rowOf, field, holds, write, bubble, seen, texts, ask, send, between, fromEnd, assertQuiet, screenshot }
