'use strict'
// The operator's page: whom it lets in, what it shows and does, what it keeps, and how it looks.

const test = require('node:test')
const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const http = require('node:http')
const { KEYS, KEY_FILE, openAdmin: open, enter, go, button } = require('./lib/admin')
const { launch, screenshot } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { picture } = require('./lib/media')
const { geometry } = require('./lib/page')
const { eventually, atRest } = require('./lib/wait')
const { WAIT, ask, send, assertQuiet } = require('./lib/web')

/** What Chromium writes of an answer that is no success. */
const REFUSED = /status of 40[134]/
const LONG_ID = 'a-rather-long-user-id.of-somebody@example.com:64-characters-long'

let lib
let browser
let keys
let server

test.before(async () => {
  lib = await import('../blackbox/lib/keys.js')
  browser = await launch()
})
test.after(() => browser?.close())
test.beforeEach(async () => {
  keys = new lib.KeyFiles()
  keys.write('api', KEY_FILE)
  server = await startHongyan({ args: keys.args })
})
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
  keys.dispose()
})

const openAdmin = (options) => open(browser, server, options)

/** Whatever the page changed it said why. */
function assertReasons(page) {
  const changes = page.asked.filter((request) => !['GET', 'HEAD'].includes(request.method()))
  assert.ok(changes.length > 0)
  for (const request of changes) assert.match(request.headers()['audit-reason'] ?? '', /^[!-~]+$/, `${request.method()} ${request.url()}`)
}

const dialog = (page) => page.locator('dialog.ask')

/** Says why in the dialog that is open, and does it. */
async function confirm(page, why) {
  await dialog(page).getByLabel('Why (required)').fill(why)
  await dialog(page).locator('.ask-buttons button').last().click()
  await dialog(page).waitFor({ state: 'detached', ...WAIT })
}

/** A phone of a user's: a socket that this page holds. Its `whenClosed` is the code that it was closed with. */
async function connect(page, userId) {
  await page.evaluate((token) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/v1/connect`, ['hongyan.v1', `bearer.${token}`])
    socket.onmessage = resolve
    socket.onerror = reject
    window.whenClosed = new Promise((close) => { socket.onclose = ({ code }) => close(code) })
  }), lib.tokenOf(userId))
}

/** Four people, a group of them, some messages; answers the newest message of the group. */
async function fill() {
  for (const [id, name] of Object.entries({ zhang3: '张三', li4: '李四', wang5: '王五', [LONG_ID]: '欧阳' })) await ask(server, KEYS.ops, 'PUT', `/v1/users/${id}`, { name })
  await ask(server, KEYS.ops, 'POST', '/v1/groups', { groupId: 'hike', name: '周末爬山', owner: 'zhang3', members: ['li4', 'wang5', LONG_ID] })
  const say = (from, to, content) => send(server, lib.tokenOf(from), { to, content })
  await say('li4', { userId: 'zhang3' }, '你好，我要退货')
  await say(LONG_ID, { userId: 'zhang3' }, `地铁口见。${'很长的一段话，'.repeat(12)}`)
  await say('wang5', { groupId: 'hike' }, '周六早上八点在地铁口集合')
  return (await say('li4', { groupId: 'hike' }, '地铁口有广告')).message
}

test('a wrong key sees nothing, nor does one that may not observe, and each is told why', async () => {
  const page = await openAdmin({ locale: 'en-US' })
  const door = page.locator('.door')
  for (const [key, words] of [['nonsense', /Wrong key/], ['钥匙', /Wrong key/], [lib.tokenOf('zhang3'), /Wrong key|lacks the scope observe/], [KEYS.shop, /lacks the scope observe/]]) {
    await door.locator('input').fill(key)
    await page.keyboard.press('Enter')
    await door.getByRole('alert').filter({ hasText: words }).waitFor(WAIT)
    assert.equal(await page.locator('.shell').count(), 0)
    assert.equal(await door.locator('input').inputValue(), '', 'what was typed is gone')
    assert.ok(await door.locator('input').evaluate((node) => node === document.activeElement))
  }
  await page.evaluate(() => { location.hash = '#users/zhang3' })
  assert.equal(await page.locator('.shell').count(), 0)
  await enter(page, KEYS.eye)
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor(WAIT)
  assertQuiet(page, REFUSED)
})

test('a key is in memory alone: not in storage, the address, a cookie or an element; loading anew asks again', async () => {
  const page = await openAdmin({ key: KEYS.ops, locale: 'en-US' })
  await page.locator('.chart').first().waitFor(WAIT)
  await go(page, '#users/zhang3')
  await button(page, 'Ban…').click(WAIT)
  const found = await page.evaluate((key) => {
    const places = { address: location.href, html: document.documentElement.outerHTML, cookies: document.cookie, local: JSON.stringify({ ...localStorage }), session: JSON.stringify({ ...sessionStorage }), name: window.name, history: JSON.stringify(history.state), values: [...document.querySelectorAll('input, textarea')].map(({ value }) => value).join() }
    return Object.entries(places).filter(([, text]) => String(text).includes(key)).map(([name]) => name)
  }, KEYS.ops)
  assert.deepEqual(found, [])
  assert.deepEqual(await page.evaluate(async () => (await indexedDB.databases()).length + (await caches.keys()).length), 0)
  assert.deepEqual((await page.context().cookies()), [])
  assert.ok(page.asked.some((request) => request.headers().authorization === `Bearer ${KEYS.ops}`))
  for (const request of page.asked) {
    assert.ok(!request.url().includes(KEYS.ops), request.url())
    assert.equal(new URL(request.url()).host, new URL(server.url).host)
  }
  await page.reload()
  await page.locator('.door input').waitFor(WAIT)
  assert.equal(await page.locator('.door input').inputValue(), '')
  assert.equal(await page.locator('.shell').count(), 0)
  await enter(page, KEYS.ops)
  await page.getByRole('heading', { level: 1, name: 'Users' }).waitFor(WAIT)
  await button(page, 'Leave').click()
  await page.locator('.door input').waitFor(WAIT)
  assertQuiet(page)
})

test('a key that observes sees figures and sessions, and is offered nothing that changes anything', async () => {
  await fill()
  const page = await openAdmin({ key: KEYS.eye, locale: 'en-US' })
  await page.locator('.chart', { hasText: 'Messages a second' }).waitFor(WAIT)
  await page.locator('.pill', { hasText: 'Ready' }).waitFor(WAIT)
  // Two polls make a rate.
  await page.locator('.chart', { hasText: 'Messages a second' }).locator('.chart-now', { hasText: /\d/ }).waitFor(WAIT)
  assert.equal(await page.locator('.chart').count(), 6)
  await go(page, '#users/zhang3')
  await page.getByText('No live sessions').waitFor(WAIT)
  await page.getByText('because this key lacks').waitFor(WAIT)
  assert.equal(await page.getByText('张三').count(), 0, 'names are contents')
  for (const section of ['groups', 'moderation', 'files', 'audit', 'backup']) {
    await go(page, `#${section}`)
    await page.locator('.needs').waitFor(WAIT)
    assert.equal(await page.locator('.main button').count(), 0, section)
  }
  for (const section of ['users/zhang3', 'messages/1', 'webhooks']) {
    await go(page, `#${section}`)
    await atRest(page)
    assert.deepEqual(await page.locator('.main button').allTextContents().then((all) => all.filter((text) => text.includes('…'))), [], section)
  }
  assert.deepEqual(page.asked.filter((request) => !['GET', 'HEAD'].includes(request.method())).map((request) => request.url()), [])
  assertQuiet(page, REFUSED)
})

test('whoever bans says why, and the audit log has who, what and why', async () => {
  await fill()
  const page = await openAdmin({ key: KEYS.ops, hash: '#users/li4', locale: 'en-US' })
  await page.getByRole('heading', { name: '李四' }).waitFor(WAIT)
  const asks = button(page, 'Ban…')
  await asks.click()
  const go2 = dialog(page).getByRole('button', { name: 'Ban', exact: true })
  assert.ok(await go2.isDisabled(), 'not without a reason')
  await dialog(page).getByLabel('Why (required)').fill('   ')
  assert.ok(await go2.isDisabled())
  await dialog(page).getByLabel('Why (required)').fill('a'.repeat(201))
  assert.ok(await go2.isDisabled())

  // The focus stays inside, Escape closes, and the focus is back where it was.
  for (let i = 0; i < 8; i++) {
    await page.keyboard.press('Tab')
    assert.ok(await page.evaluate(() => document.activeElement === document.body || document.activeElement.closest('dialog') !== null))
  }
  await page.keyboard.press('Escape')
  await dialog(page).waitFor({ state: 'detached', ...WAIT })
  await eventually(async () => assert.ok(await asks.evaluate((node) => node === document.activeElement)))
  assert.deepEqual((await ask(server, KEYS.ops, 'GET', '/v1/bans')).bans, [], 'nothing happened')

  await asks.click()
  await dialog(page).getByLabel('For').selectOption('3600')
  await confirm(page, '在群里发广告 “spam” 100%')
  await page.getByText('li4 is banned').waitFor(WAIT)
  const [ban] = (await ask(server, KEYS.ops, 'GET', '/v1/bans')).bans
  assert.equal(ban.userId, 'li4')
  assert.equal(ban.reason, '在群里发广告 “spam” 100%')
  assert.equal(new Date(ban.until) - new Date(ban.since), 3_600_000)

  await go(page, '#moderation')
  await page.locator('.table', { hasText: '在群里发广告' }).waitFor(WAIT)
  await button(page, 'Lift the ban of li4').click()
  await confirm(page, 'a mistake')
  await page.getByText('Nobody is banned').waitFor(WAIT)
  await go(page, '#audit')
  await page.locator('.needs', { hasText: 'owner' }).waitFor(WAIT)

  const owner = await openAdmin({ key: KEYS.boss, hash: '#audit', locale: 'en-US' })
  const rows = owner.locator('.table tbody tr')
  await rows.nth(1).waitFor(WAIT)
  const texts = (await rows.allTextContents()).map((text) => text.replace(/\s+/g, ' '))
  assert.match(texts[0], /ops.*DELETE \/v1\/bans\/li4.*a mistake/)
  assert.match(texts[1], /ops.*POST \/v1\/bans.*li4.*在群里发广告 “spam” 100%/)
  assertReasons(page)
  assertQuiet(page)
  assertQuiet(owner)
})

test('who is banned is seen to be, may be let in again and not banned once more', async () => {
  await fill()
  await ask(server, KEYS.ops, 'POST', '/v1/bans', { userId: 'li4', reason: '在群里发广告', seconds: 3600 })
  const { bans: [ban] } = await ask(server, KEYS.ops, 'GET', '/v1/bans?userId=li4')
  const page = await openAdmin({ key: KEYS.ops, hash: '#users/li4', locale: 'en-US', timezoneId: 'UTC' })
  const banned = page.locator('.banned')
  await banned.getByText('在群里发广告').waitFor(WAIT)
  const written = (at) => at.slice(0, 19).replace('T', ' ')
  assert.deepEqual(await banned.locator('time').allTextContents(), [written(ban.since), written(ban.until)])
  assert.equal(await button(page, 'Ban…').count(), 0)

  await button(page, 'Lift ban…').click()
  await confirm(page, 'a mistake')
  await button(page, 'Ban…').waitFor(WAIT)
  assert.equal(await banned.count(), 0)
  assert.equal(await button(page, 'Lift ban…').count(), 0)
  await eventually(async () => assert.ok(await button(page, 'Ban…').evaluate((node) => node === document.activeElement)))

  await button(page, 'Ban…').click()
  await dialog(page).getByLabel('For').selectOption('0')
  await confirm(page, 'once more')
  await banned.filter({ hasText: 'once more' }).filter({ hasText: 'Until lifted' }).waitFor(WAIT)
  await button(page, 'Lift ban…').waitFor(WAIT)
  assert.equal(await button(page, 'Ban…').count(), 0)
  await go(page, '#users/zhang3')
  await page.getByRole('heading', { name: '张三' }).waitFor(WAIT)
  await eventually(async () => assert.ok(await button(page, 'Ban…').isEnabled()))
  assert.equal(await banned.count(), 0, 'that is another one')

  // A key without the scope admin neither asks nor is told.
  const eye = await openAdmin({ key: KEYS.eye, hash: '#users/li4', locale: 'en-US' })
  await eye.getByText('No live sessions').waitFor(WAIT)
  await atRest(eye)
  assert.equal(await eye.locator('.banned, [role=alert]').count(), 0)
  assert.equal(await eye.getByText('once more').count(), 0)
  assert.ok(eye.asked.every((request) => !request.url().includes('/v1/bans')))
  assertQuiet(page)
  assertQuiet(eye)
})

test('where it is not known whether a user is banned, that is said and both are offered', async () => {
  await fill()
  const page = await openAdmin({ key: KEYS.ops, locale: 'en-US' })
  await page.route('**/v1/bans?**', (route) => route.fulfill({ status: 503, body: '{"title":"Overloaded","detail":"come again"}' }))
  await go(page, '#users/li4')
  await page.getByRole('alert').filter({ hasText: 'come again' }).waitFor(WAIT)
  await button(page, 'Ban…').waitFor(WAIT)
  await button(page, 'Lift ban…').waitFor(WAIT)
  await page.unroute('**/v1/bans?**')
  await button(page, 'Try again').click()
  await button(page, 'Lift ban…').waitFor({ state: 'detached', ...WAIT })
  assert.equal(await page.getByRole('alert').count(), 0)
  assertQuiet(page, /status of 503/)
})

test('what the server refuses is said in its words, in the dialog, which stays', async () => {
  await fill()
  const page = await openAdmin({ key: KEYS.ops, hash: '#groups/hike', locale: 'en-US' })
  await button(page, 'Rename…').click(WAIT)
  await ask(server, KEYS.ops, 'DELETE', '/v1/groups/hike')
  await dialog(page).getByLabel('New name').fill('新名')
  await dialog(page).getByLabel('Why (required)').fill('asked for')
  await dialog(page).getByRole('button', { name: 'Rename', exact: true }).click()
  await dialog(page).getByRole('alert').filter({ hasText: /group/ }).waitFor(WAIT)
  assert.equal(await dialog(page).getByLabel('Why (required)').inputValue(), 'asked for')
  await page.keyboard.press('Escape')
  await go(page, '#groups/none')
  await page.getByRole('alert').filter({ hasText: 'none' }).waitFor(WAIT)
  assertQuiet(page, REFUSED)
})

test('a group is renamed, muted, loses a member and is dismissed', async () => {
  await fill()
  const page = await openAdmin({ key: KEYS.ops, hash: '#groups/hike', locale: 'en-US' })
  const group = async () => (await ask(server, KEYS.ops, 'GET', '/v1/groups/hike')).group
  await button(page, 'Rename…').click(WAIT)
  await dialog(page).getByLabel('New name').fill('新名')
  await confirm(page, 'asked for')
  await page.getByRole('heading', { name: '新名' }).waitFor(WAIT)
  await button(page, 'Mute all…').click()
  await confirm(page, 'quarrel')
  await button(page, 'Unmute…').waitFor(WAIT)
  assert.equal((await group()).muted, true)
  await button(page, 'Remove wang5').click()
  await confirm(page, 'left the company')
  await button(page, 'Remove wang5').waitFor({ state: 'detached', ...WAIT })
  assert.equal((await group()).memberCount, 3)
  assert.equal(await button(page, 'Remove zhang3').count(), 0, 'the owner')
  await button(page, 'Dismiss…').click(WAIT)
  await dialog(page).getByLabel('Why (required)').fill('over')
  assert.ok(await dialog(page).getByRole('button', { name: 'Dismiss', exact: true }).isDisabled(), 'its id first')
  await dialog(page).getByLabel('Type hike to confirm').fill('hike')
  await confirm(page, 'over')
  await page.getByRole('alert').waitFor(WAIT)
  assertReasons(page)
  assertQuiet(page, REFUSED)
})

test('a message is found by its words, and taken back', async () => {
  const message = await fill()
  const page = await openAdmin({ key: KEYS.ops, hash: '#messages', locale: 'en-US' })
  await page.getByLabel('Whose chats').fill('zhang3')
  await page.getByLabel('Words').fill('广告')
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: `Message ${message.id}` }).waitFor(WAIT)
  await button(page, `Recall message ${message.id}`).click()
  await confirm(page, 'an advertisement')
  await eventually(async () => {
    const { messages } = await ask(server, KEYS.ops, 'GET', '/v1/messages?group=hike&userId=zhang3')
    assert.equal(messages.find(({ id }) => id === message.id).content, null)
  })
  await go(page, `#messages/${message.id}`)
  await page.getByText('Not checked').waitFor(WAIT)
  await page.getByRole('heading', { name: 'Trace' }).waitFor(WAIT)
  await atRest(page)
  await page.getByLabel('Message number').fill('1.5')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').filter({ hasText: 'positive integer' }).waitFor(WAIT)
  assertQuiet(page, REFUSED)
})

test('an owner exports a user into a file, and erases one whose id was typed', async () => {
  await fill()
  const page = await openAdmin({ key: KEYS.boss, hash: '#users/zhang3', locale: 'en-US' })
  await button(page, 'Export…').click(WAIT)
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), confirm(page, 'by request 77')])
  assert.equal(download.suggestedFilename(), 'zhang3.jsonl')
  const lines = fs.readFileSync(await download.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
  assert.ok(lines.length > 0)
  await button(page, 'Erase…').click()
  const erase = dialog(page).getByRole('button', { name: 'Erase for good' })
  await dialog(page).getByLabel('Why (required)').fill('by request 78')
  assert.ok(await erase.isDisabled())
  await dialog(page).getByLabel('Type zhang3 to confirm').fill('zhang4')
  assert.ok(await erase.isDisabled())
  await dialog(page).getByLabel('Type zhang3 to confirm').fill('zhang3')
  await confirm(page, 'by request 78')
  await page.getByText('Erasing has begun').waitFor(WAIT)
  await go(page, '#audit')
  await page.locator('.table tbody tr', { hasText: 'by request 78' }).filter({ hasText: 'DELETE /v1/users/zhang3' }).waitFor(WAIT)
  assertReasons(page)
  assertQuiet(page)
})

test('a file is shown and saved', async () => {
  const form = new FormData()
  form.append('file', new Blob([picture(300, 200)]), '山.png')
  const { fileId } = await ask(server, lib.tokenOf('zhang3'), 'POST', '/v1/files', form)
  const page = await openAdmin({ key: KEYS.ops, hash: '#files', locale: 'en-US' })
  await page.getByLabel('File ID').fill(fileId)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: '山.png' }).waitFor(WAIT)
  await page.getByText('image/png').waitFor(WAIT)
  await button(page, 'Preview').click()
  await page.locator('img.shown').waitFor(WAIT)
  await eventually(async () => assert.equal(await page.locator('img.shown').evaluate((node) => node.naturalWidth), 300))
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), button(page, 'Download').click()])
  assert.equal(download.suggestedFilename(), '山.png')
  await go(page, `#files/${'0'.repeat(32)}`)
  await page.getByRole('alert').filter({ hasText: 'file' }).waitFor(WAIT)
  assertQuiet(page, REFUSED)
})

test('sessions are seen and closed, with the tokens where one says so', async () => {
  const phone = await openAdmin()
  await connect(phone, 'zhang3')
  const page = await openAdmin({ key: KEYS.ops, hash: '#users/zhang3', locale: 'en-US' })
  await page.getByText('Online · 1 session').waitFor(WAIT)
  await button(page, 'Close sessions…').click()
  await dialog(page).getByLabel('Revoke issued tokens').check()
  await confirm(page, 'lost phone')
  assert.equal(await phone.evaluate(() => window.whenClosed), 4003)
  await page.getByText('No live sessions').waitFor(WAIT)
  assertQuiet(page)
})

test('a webhook that was answered 410 is seen as disabled, and enabled again', async (t) => {
  const told = []
  const receiver = http.createServer((request, response) => { told.push(request.headers['webhook-id']); response.writeHead(told.length === 1 ? 410 : 200).end() })
  await new Promise((resolve) => { receiver.listen(0, '127.0.0.1', resolve) })
  t.after(() => { receiver.close(); receiver.closeAllConnections() })
  keys.write('hook', `whsec_${crypto.randomBytes(32).toString('base64')}\n`)
  await server.stop()
  server = await startHongyan({ args: keys.args, config: `[[webhooks]]\nname = "shop"\nurl = "http://127.0.0.1:${receiver.address().port}/hook"\nsecret_file = "${keys.path('hook')}"\nallow_private = true\n` })
  await send(server, lib.tokenOf('li4'), { to: { userId: 'zhang3' }, content: '你好' })
  const page = await openAdmin({ key: KEYS.ops, locale: 'en-US' })
  await eventually(async () => assert.equal((await ask(server, KEYS.ops, 'GET', '/v1/webhooks')).webhooks[0].state, 'disabled'))
  await go(page, '#webhooks')
  await page.locator('.pill', { hasText: 'Disabled' }).waitFor(WAIT)
  await screenshot(page, 'admin-webhook-disabled.png')
  await button(page, 'Enable…').click()
  await confirm(page, 'the receiver is back')
  await eventually(() => assert.ok(told.length > 1))
  await eventually(async () => assert.equal((await ask(server, KEYS.ops, 'GET', '/v1/webhooks')).webhooks[0].state, 'delivering'))
  await go(page, '#webhooks/shop')
  await page.getByText('No failed events').waitFor(WAIT)
  await go(page, '#webhooks')
  assertQuiet(page)
})

test('a list comes in pages', async () => {
  for (let i = 0; i < 60; i++) await ask(server, KEYS.ops, 'POST', '/v1/bans', { userId: `u${String(i).padStart(2, '0')}`, reason: 'x' })
  const page = await openAdmin({ key: KEYS.ops, hash: '#moderation', locale: 'en-US' })
  const rows = page.locator('.table tbody tr')
  await page.getByRole('link', { name: 'u00' }).waitFor(WAIT)
  assert.equal(await rows.count(), 50)
  assert.ok(await button(page, 'Previous').isDisabled())
  await button(page, 'Next').click()
  await page.getByRole('link', { name: 'u59' }).waitFor(WAIT)
  assert.equal(await rows.count(), 10, 'one page at a time')
  assert.ok(await button(page, 'Next').isDisabled())
  await button(page, 'Previous').click()
  await page.getByRole('link', { name: 'u00' }).waitFor(WAIT)
  assertQuiet(page)
})

test('a key that is given another scope may do more at once, and less when it is taken away', async () => {
  const page = await openAdmin({ key: KEYS.eye, hash: '#moderation', locale: 'en-US' })
  await page.locator('.needs').waitFor(WAIT)
  keys.write('api', KEY_FILE.replace('eye observe ', 'eye observe,admin '))
  server.reload()
  await page.getByText('Nobody is banned').waitFor(WAIT)
  keys.write('api', KEY_FILE.replace('eye observe ', 'eye push '))
  server.reload()
  await page.locator('.door', { hasText: 'no longer accepts' }).waitFor(WAIT)
  assertQuiet(page, REFUSED)
})

test('a server that goes away, and a key that is no longer good, are told of', async () => {
  const page = await openAdmin({ key: KEYS.eye, locale: 'en-US' })
  await page.locator('.chart').first().waitFor(WAIT)
  keys.write('api', KEY_FILE.replace(/^eye.*\n/, ''))
  server.reload()
  await page.locator('.door', { hasText: 'no longer accepts' }).waitFor(WAIT)
  await enter(page, KEYS.ops)
  await page.locator('.chart').first().waitFor(WAIT)
  await server.kill()
  await page.getByText("The server doesn't answer").first().waitFor(WAIT)
  await server.start()
  await page.locator('.pill', { hasText: 'Ready' }).waitFor(WAIT)
  assertQuiet(page, /status of 401|ERR_/)
})

const LOOKS = [1280, 375].flatMap((width) => [['light', 'zh-CN'], ['dark', 'en-US'], ['light', 'en-US'], ['dark', 'zh-CN']].map(([colorScheme, locale]) => ({ width, height: width === 375 ? 740 : 800, colorScheme, locale })))
/** Each width once in one and once in the other language, light and dark by turns. */
const SOME = process.env.HONGYAN_TEST_SLOW ? LOOKS : [LOOKS[0], LOOKS[1], LOOKS[4], LOOKS[5]]

/** Measures what is seen, all of its length, and puts it into a picture. */
async function look(page, name, { width, height, colorScheme, locale }) {
  await page.mouse.move(0, 0)
  await atRest(page)
  const whole = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ width, height: Math.max(height, whole) })
  const file = `admin-${name}-${width}-${colorScheme}-${locale.slice(0, 2)}.png`
  await atRest(page)
  await screenshot(page, file)
  // Under what stands over the page nothing is measured.
  const cover = (isOn) => page.evaluate((on) => {
    for (const node of document.querySelectorAll('.main, .side, .bar > :not(dialog)')) node.style.visibility = on && document.querySelector('dialog[open]') ? 'hidden' : ''
  }, isOn)
  await cover(true)
  const faults = await page.evaluate(geometry)
  const small = await page.evaluate(() => [...document.querySelectorAll('button, a[href], select, textarea, input:not([type=checkbox]), .check')]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }) && !node.matches('.skip') && Math.min(node.offsetWidth, node.offsetHeight) < 40)
    .map((node) => `too small to tap: ${node.className} “${node.textContent.slice(0, 20)}” ${node.offsetWidth}×${node.offsetHeight}`))
  await cover(false)
  await page.setViewportSize({ width, height })
  assert.deepEqual([...faults, ...small], [], file)
}

for (const options of SOME) {
  test(`looks right at ${options.width}, ${options.colorScheme}, ${options.locale}`, async () => {
    const page = await openAdmin({ ...options, hash: '' })
    await page.locator('.door input').waitFor(WAIT)
    await connect(page, 'zhang3')
    const message = await fill()
    const form = new FormData()
    form.append('file', new Blob([picture(300, 200)]), '山.png')
    const { fileId } = await ask(server, lib.tokenOf('zhang3'), 'POST', '/v1/files', form)
    for (const [id, reason] of [['9', 'spam'], [LONG_ID, '在多个群里发布广告链接，多次警告无效，用户投诉 12 次'], ['li4', 'x'.repeat(200)]]) {
      await fetch(`${server.url}/v1/bans`, { method: 'POST', headers: { Authorization: `Bearer ${KEYS.ops}`, 'Audit-Reason': encodeURIComponent(reason) }, body: JSON.stringify({ userId: id, reason }) })
    }
    const zh = options.locale === 'zh-CN'
    await look(page, 'door', options)
    await page.locator('.door input').fill(KEYS.shop)
    await page.keyboard.press('Enter')
    await page.locator('.door .note').waitFor(WAIT)
    await look(page, 'door-refused', options)
    await enter(page, KEYS.boss)
    assert.equal(await page.evaluate(() => document.documentElement.lang), zh ? 'zh-CN' : 'en')
    await page.locator('.chart').first().waitFor(WAIT)
    await look(page, 'overview', options)
    for (const [name, hash] of Object.entries({ users: '#users', user: `#users/${LONG_ID}`, online: '#users/zhang3', group: '#groups/hike', message: `#messages/${message.id}`, webhooks: '#webhooks', moderation: '#moderation', audit: '#audit', backup: '#backup' })) {
      await go(page, hash)
      await page.locator('.waiting').first().waitFor({ state: 'detached', ...WAIT })
      await look(page, name, options)
    }
    await go(page, '#messages')
    const search = page.locator('.lookup.is-two')
    await search.locator('input').first().fill('zhang3', WAIT)
    await search.locator('input').last().fill('地铁')
    await page.keyboard.press('Enter')
    await page.locator('.table').waitFor(WAIT)
    await look(page, 'search', options)
    await go(page, `#files/${fileId}`)
    await button(page, zh ? '预览' : 'Preview').click(WAIT)
    await page.locator('img.shown').waitFor(WAIT)
    await look(page, 'file', options)
    await go(page, '#users/zhang3')
    await button(page, zh ? '封禁…' : 'Ban…').click(WAIT)
    await look(page, 'ban', options)
    await page.keyboard.press('Escape')
    await button(page, zh ? '删除用户…' : 'Erase…').click()
    await look(page, 'erase', options)
    await page.keyboard.press('Escape')
    if (options.width < 900) {
      await button(page, zh ? '打开菜单' : 'Open the menu').click()
      await look(page, 'menu', options)
      await page.keyboard.press('Escape')
      await page.locator('dialog').waitFor({ state: 'detached', ...WAIT })
      await button(page, zh ? '打开菜单' : 'Open the menu').click()
    }
    await page.getByRole('button', { name: zh ? 'English' : '中文' }).click()
    await page.getByRole('button', { name: zh ? 'Leave' : '退出' }).waitFor(WAIT)
    assertQuiet(page, REFUSED)

    const eye = await openAdmin({ key: KEYS.eye, ...options, hash: '#users/zhang3' })
    await eye.locator('.missing').waitFor(WAIT)
    await look(eye, 'eye-user', options)
    await go(eye, '#audit')
    await eye.locator('.needs').waitFor(WAIT)
    await look(eye, 'eye-audit', options)
    assertQuiet(eye, REFUSED)
  })
}
