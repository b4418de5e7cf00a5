'use strict'
// The operator's page of a server with a hundred thousand users: each section is there at once, and no list is longer than a page of it.

const test = require('node:test')
const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { KEYS, KEY_FILE, openAdmin, go, button } = require('./lib/admin')
const { launch } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { BANNED_EACH, BUSY, fillMany, GROUP, GROUP_MEMBERS, idOf, USERS } = require('./lib/many')
const { picture } = require('./lib/media')
const { phone } = require('./lib/phones')
const { eventually } = require('./lib/wait')
const { WAIT, ask, send, assertQuiet } = require('./lib/web')

const SHOWN_MS = 2_000
/** A page of any list. */
const ROWS_MAX = 50
const ELEMENTS_MAX = 2_000
/** A socket each of so many users, and so many of the busy one. */
const OTHERS = 140
const BUSY_SESSIONS = 60

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-many-'))
let lib
let browser
let keys
let server
let phones = []
let fileId
let message

test.before(async () => {
  lib = await import('../blackbox/lib/keys.js')
  keys = new lib.KeyFiles()
  keys.write('api', KEY_FILE)
  keys.write('hook', `whsec_${crypto.randomBytes(32).toString('base64')}\n`)
  const database = path.join(directory, 'many.db')
  const start = () => startHongyan({
    args: [...keys.args, '--database', `sqlite:${database}`],
    // What it asks for doesn't happen here, so nothing is posted.
    config: `[limits]\nsessions = 100\n[[webhooks]]\nname = "shop"\nurl = "http://127.0.0.1:9/"\nsecret_file = "${keys.path('hook')}"\nallow_private = true\nevents = ["message.reacted"]\n`,
  })
  await (await start()).stop()
  fillMany(database)
  server = await start()
  const form = new FormData()
  form.append('file', new Blob([picture(300, 200)]), '山.png')
  fileId = (await ask(server, lib.tokenOf(BUSY), 'POST', '/v1/files', form)).fileId
  browser = await launch()
  phones = await Promise.all(Array.from({ length: OTHERS + BUSY_SESSIONS }, (_, i) => phone(server, lib.tokenOf(i < OTHERS ? idOf(i + 2) : BUSY))))
  message = (await send(server, lib.tokenOf(BUSY), { to: { groupId: GROUP }, content: '大家好' })).message
})
test.after(async () => {
  for (const one of phones) one.destroy()
  await browser?.close()
  await server?.stop()
  keys?.dispose()
  fs.rmSync(directory, { recursive: true, force: true })
})

test.afterEach(async () => { for (const context of browser.contexts()) await context.close() })

const rows = (page, label) => page.getByRole('table', { name: label, exact: true }).locator('tbody tr')

/** Does something, and what it leads to is there in time. */
async function soon(what, act, ...seen) {
  const since = performance.now()
  await act()
  for (const one of seen) await one.waitFor(WAIT)
  const took = performance.now() - since
  assert.ok(took < SHOWN_MS, `${what} took ${took.toFixed()} ms`)
}

/** What is drawn now is little, however much there is. */
async function assertBounded(page, what) {
  const { longest, elements, wide } = await page.evaluate(() => ({
    longest: Math.max(0, ...[...document.querySelectorAll('tbody, ol, ul, dl, .tags')].map((list) => list.children.length)),
    elements: document.querySelectorAll('*').length,
    wide: document.documentElement.scrollWidth > innerWidth,
  }))
  assert.ok(longest <= ROWS_MAX, `${what} has a list of ${longest}`)
  assert.ok(elements <= ELEMENTS_MAX, `${what} has ${elements} elements`)
  assert.ok(!wide, `${what} is wider than the window`)
}

/** On to the next page of the list that is drawn in `card`, and back. */
async function turn(page, card, what) {
  const firstRow = () => card.locator('tbody tr, .trace li').first().textContent()
  const first = await firstRow()
  await soon(`the next of ${what}`, async () => {
    await button(card, 'Next').click(WAIT)
    await eventually(async () => assert.notEqual(await firstRow(), first, what))
  }, card.getByText('Page 2'))
  await assertBounded(page, what)
  await button(card, 'Previous').click(WAIT)
  await eventually(async () => assert.equal(await firstRow(), first, what))
}

const cardOf = (page, label) => page.locator('.card').filter({ has: page.getByRole('table', { name: label, exact: true }) })

for (const width of [1280, 375]) {
  test(`a hundred thousand users at ${width}`, async () => {
    const page = await openAdmin(browser, server, { width, height: width === 375 ? 740 : 800, key: KEYS.boss, locale: 'en-US' })
    const section = async (hash, ...seen) => {
      await soon(hash, () => go(page, hash), ...seen)
      await assertBounded(page, hash)
    }
    await section('#overview', page.locator('.chart', { hasText: 'Users online' }).locator('.chart-now', { hasText: String(OTHERS + 1) }))

    await section(`#users/${BUSY}`, page.getByText(`Online · ${BUSY_SESSIONS} sessions`), rows(page, 'Live sessions').nth(9), rows(page, 'Chats').nth(19), button(page, 'Ban…'))
    await turn(page, cardOf(page, 'Live sessions'), 'sessions')
    await turn(page, cardOf(page, 'Chats'), 'chats')
    const banned = USERS - USERS % BANNED_EACH
    await section(`#users/${idOf(banned)}`, page.getByRole('heading', { name: `用户 ${banned}` }), page.locator('.banned', { hasText: '广告' }), button(page, 'Lift ban…'), rows(page, 'Chats').first())

    await section(`#groups/${GROUP}`, page.getByText('2,000', { exact: true }), rows(page, 'Members').nth(49))
    await turn(page, cardOf(page, 'Members'), 'members')

    await section('#messages/12345', page.locator('.pill', { hasText: 'Pass' }), page.getByText('0 of 1,999'))
    await section(`#messages/${message.id}`, page.getByText(String(OTHERS + BUSY_SESSIONS), { exact: true }), page.locator('.trace li').nth(21))
    // Had all of the group been told by WeChat.
    await page.route('**/trace', async (route) => {
      const answer = await (await route.fetch()).json()
      await route.fulfill({ json: { ...answer, push: Array.from({ length: GROUP_MEMBERS }, (_, i) => ({ userId: idOf(i + 1), at: answer.accepted })) } })
    })
    await section('#messages/12346', page.locator('.trace li').nth(49))
    await turn(page, page.locator('.card', { has: page.locator('.trace') }), 'a trace')

    await page.getByLabel('Whose chats').fill(BUSY)
    await page.getByLabel('Words').fill('早茶')
    await soon('a search', () => page.keyboard.press('Enter'), rows(page, 'Found messages').nth(19))
    await assertBounded(page, 'a search')
    await turn(page, cardOf(page, 'Found messages'), 'found messages')
    await page.getByLabel('Words').fill('早茶 12340')
    await soon('a search', () => page.keyboard.press('Enter'), page.getByText('早茶，12340 号'))
    assert.equal(await rows(page, 'Found messages').count(), 1)

    await section('#webhooks', page.getByText('1,000+'))
    await section('#webhooks/shop', rows(page, 'Failed events of shop').nth(49))
    await turn(page, cardOf(page, 'Failed events of shop'), 'failed events')
    await section('#moderation', rows(page, 'Bans').nth(49))
    await turn(page, cardOf(page, 'Bans'), 'bans')
    await section(`#files/${fileId}`, page.getByRole('heading', { name: '山.png' }))
    await section('#audit', rows(page, 'Audit log').nth(49))
    await turn(page, cardOf(page, 'Audit log'), 'the audit log')
    await section('#backup', page.getByText('hongyan backup'))
    assertQuiet(page)
  })
}
