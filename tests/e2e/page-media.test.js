'use strict'
// What the v1 tab of the page at `/` has besides words, against the real server in a real Chromium: pictures, voices,
// films and files, replies, edits, reactions, and texts that grow while they are written.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const zlib = require('node:zlib')
const { launch, screenshot } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { WAIT, LOOKS, geometry, ...shared } = require('./lib/page')
const { eventually } = require('./lib/wait')

let keyFiles // of the black-box tests
let browser
let server

test.before(async () => {
  keyFiles = await import('../blackbox/lib/keys.js')
  browser = await launch()
})
test.after(() => browser?.close())
test.beforeEach(async () => { server = await startHongyan() })
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
})

// -- files

/** A PNG with a gradient, so that one sees which side is up. */
function png(width, height, [red, green, blue] = [90, 150, 200]) {
  const rows = Buffer.alloc(height * (1 + width * 3))
  for (let y = 0; y < height; ++y) {
    const fade = 1 - y / height / 2
    for (let x = 0; x < width; ++x) Buffer.from([red * fade, green * fade, blue * fade + 40 * x / width]).copy(rows, y * (1 + width * 3) + 1 + x * 3)
  }
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const made = Buffer.alloc(body.length + 8)
    made.writeUInt32BE(data.length)
    body.copy(made, 4)
    made.writeUInt32BE(crc(body), body.length + 4)
    return made
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function crc(bytes) {
  let value = ~0
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; ++bit) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  }
  return ~value >>> 0
}

/** A WAV with a tone. */
function wav(seconds) {
  const rate = 8000
  const tone = Buffer.from(Array.from({ length: Math.round(rate * seconds) }, (_, i) => 128 + 40 * Math.sin(i / 3)))
  const head = Buffer.alloc(44)
  head.write('RIFF')
  head.writeUInt32LE(36 + tone.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  for (const [value, at] of [[1, 20], [1, 22], [1, 32], [8, 34]]) head.writeUInt16LE(value, at)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate, 28)
  head.write('data', 36)
  head.writeUInt32LE(tone.length, 40)
  return Buffer.concat([head, tone])
}

/** A WebM of a second, which the browser records. */
async function webm(page) {
  const text = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 })
    const brush = canvas.getContext('2d')
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm' })
    const parts = []
    recorder.ondataavailable = ({ data }) => parts.push(data)
    recorder.start()
    for (let i = 0; i < 20; ++i) {
      brush.fillStyle = `hsl(${i * 15} 60% 45%)`
      brush.fillRect(0, 0, 320, 180)
      await new Promise((done) => setTimeout(done, 50))
    }
    await new Promise((done) => { recorder.onstop = done; recorder.stop() })
    return String.fromCharCode(...new Uint8Array(await new Blob(parts).arrayBuffer()))
  })
  return Buffer.from(text, 'latin1')
}

const PICTURE = { name: '雁.png', mimeType: 'image/png', buffer: png(300, 200) }
const PAPER = { name: '行程.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 not much') }

// -- the server's side

async function post(path, body) {
  const response = await fetch(server.url + path, { method: 'POST', body })
  assert.ok(response.ok, `${path}: ${response.status}`)
  return response.json()
}

let sent = 0
const send = async (from, to, content, more = {}) =>
  (await post('/v1/messages', JSON.stringify({ from, to: { userId: to }, clientMsgId: `media-${++sent}`, content, ...more }))).message

async function sendFile(from, to, bytes, name, { seconds, ext } = {}) {
  const form = new FormData()
  form.append('file', new Blob([bytes]), name)
  if (seconds) form.append('seconds', String(seconds))
  const { fileId, kind } = await post(`/v1/files?userId=${from}`, form)
  return send(from, to, { fileId }, { kind, ext })
}

const stored = async () => (await (await fetch(`${server.url}/v1/messages?userId=1&peer=2&limit=500`)).json()).messages
  .filter((one) => one.kind !== 'edit')

// -- a page and what one does with it

const phone = (page, index) => page.locator(`#v1-${index}`)
const item = (page, index, seq) => phone(page, index).locator(`.chats > [data-seq="${seq}"]`)
const field = (page, index) => phone(page, index).locator('textarea')
const texts = (page, index) => phone(page, index).locator('.chats .bubble .text').allTextContents()
const seen = (page, index, text) => phone(page, index).locator('.chats .bubble .text').getByText(text, { exact: true }).waitFor(WAIT)
const settled = (page, index) => page.waitForFunction((which) => !document.querySelector(`#v1-${which} .pending`).children.length, index, WAIT)
const chip = (page, index, seq, words) => item(page, index, seq).locator('.chips button').getByText(words)
const choose = (page, index, files) => phone(page, index).locator('input[type=file]').setInputFiles(files)
const loaded = (page, index, seq) => page.waitForFunction(([which, at]) =>
  document.querySelector(`#v1-${which} .chats > [data-seq="${at}"] img`)?.naturalWidth > 0, [index, seq], WAIT)
const online = (page) => page.waitForFunction(() =>
  [0, 1].every((index) => document.querySelector(`#v1-${index} .state .dot`).classList.contains('good')), null, WAIT)
function assertQuiet(page, allowed) {
  page.asked = page.asked.filter((url) => !url.startsWith(`blob:${server.url}/`)) // the page's own
  shared.assertQuiet(page, server, allowed)
}

/** The page with both phones in the conversation of the two. */
async function open(options) {
  const page = await shared.openPage(browser, server, { path: '/#v1', ...options })
  await online(page)
  for (const index of [0, 1]) if (await phone(page, index).isVisible()) await phone(page, index).locator('.rows button').first().click()
  return page
}

async function write(page, index, text) {
  await field(page, index).click()
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

/** Opens the menu of a message and chooses. */
async function act(page, index, seq, name) {
  await item(page, index, seq).locator('.more').click()
  await phone(page, index).getByRole('menu').getByText(name, { exact: true }).click()
}

/** Between the page and the server: `meddle(frame, toPage, userId)` may change a message, and answers how often it goes on. */
const between = (meddle) => (page) => page.routeWebSocket(/\/v1\/connect/, (socket) => {
  const real = socket.connectToServer()
  const pass = (toPage, to) => (text) => {
    const frame = JSON.parse(text)
    for (let times = meddle(frame, toPage, new URL(socket.url()).searchParams.get('userId')) ?? 1; times > 0; --times) to.send(JSON.stringify(frame))
  }
  socket.onMessage(pass(false, real))
  real.onMessage(pass(true, socket))
})

// -- pictures, voices, files

test('a picture is chosen, is there at once, arrives with its room kept free, and opens large', async () => {
  let hold
  const held = new Promise((done) => { hold = done })
  const page = await open({ prepare: (one) => one.route(/\/v1\/files\/[^?]+\?userId=2/, async (route) => { await held; await route.continue() }) })
  await write(page, 0, '看')
  await choose(page, 0, PICTURE)
  await item(page, 0, 2).locator('.picture').waitFor(WAIT)
  await settled(page, 0)
  await loaded(page, 0, 2)
  assert.equal(page.asked.filter((url) => /files\/.*userId=1/.test(url)).length, 0, 'the own one is not fetched again')

  const box = item(page, 1, 2).locator('.picture')
  const room = await box.boundingBox()
  assert.deepEqual([Math.round(room.width), Math.round(room.height)], [200, 133])
  hold()
  await loaded(page, 1, 2)
  assert.deepEqual(await box.boundingBox(), room, 'nothing jumped')

  const [, message] = await stored()
  assert.equal(message.kind, 'image')
  const { fileId, ...rest } = message.content
  assert.match(fileId, /^\w+$/)
  assert.deepEqual(rest, { name: '雁.png', mime: 'image/png', size: PICTURE.buffer.length, width: 300, height: 200, seconds: null })

  await box.click()
  const viewer = page.getByRole('dialog', { name: '图片' })
  assert.ok((await viewer.locator('img').boundingBox()).width > 700)
  await page.keyboard.press('Escape')
  await viewer.waitFor({ state: 'hidden', ...WAIT })
  assert.ok(await box.evaluate((node) => node === document.activeElement), 'the focus is back')
  assert.ok(await field(page, 1).isVisible(), 'Escape closed the picture alone')
  await phone(page, 1).locator('.back').click()
  await phone(page, 1).locator('.rows .last').first().getByText('[图片]', { exact: true }).waitFor(WAIT)
  assertQuiet(page)
})

test('a picture can be pasted; it is a reply when one was begun', async () => {
  const page = await open()
  await write(page, 1, '什么样？')
  await seen(page, 0, '什么样？')
  await act(page, 0, 1, '回复')
  await field(page, 0).evaluate((node, text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    const data = new DataTransfer()
    data.items.add(new File([bytes], 'pasted.png', { type: 'image/png' }))
    node.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, PICTURE.buffer.toString('base64'))
  await loaded(page, 1, 2)
  await item(page, 1, 2).locator('.quote').getByText('你：什么样？', { exact: true }).waitFor(WAIT)
  await phone(page, 0).locator('.task').waitFor({ state: 'hidden', ...WAIT })
  assert.deepEqual((await stored())[1].ext, { reply: { seq: 1 } })
  assertQuiet(page)
})

test('what was chosen offline goes in its order, once, after coming back', async () => {
  const page = await open()
  await phone(page, 0).locator('.line-switch').click()
  await write(page, 0, '第一')
  await choose(page, 0, [PICTURE, PAPER])
  await phone(page, 0).locator('.pending .file').waitFor(WAIT)
  await write(page, 0, '最后')
  await phone(page, 0).locator('.line-switch').click()
  await seen(page, 1, '最后')
  await settled(page, 0)
  assert.deepEqual((await stored()).map((one) => one.kind), ['text', 'image', 'file', 'text'])
  await loaded(page, 1, 2)
  assertQuiet(page)
})

test('an upload whose answer is lost is made again, and there is one message', async () => {
  let lost = 0
  const page = await open({ prepare: (one) => one.route(/\/v1\/files\?/, async (route) => {
    if (++lost > 1) return route.continue()
    await route.fetch()
    return route.abort()
  }) })
  await choose(page, 0, PICTURE)
  await loaded(page, 1, 1)
  await settled(page, 0)
  assert.equal(lost, 2)
  assert.equal((await stored()).length, 1)
  assertQuiet(page, /ERR_FAILED/)
})

test('an upload that never comes through is given up, lets others pass, and can be made again', async () => {
  let broken = true
  const page = await open({ prepare: (one) => one.route(/\/v1\/files\?/, (route) => broken ? route.abort() : route.continue()) })
  await choose(page, 0, PICTURE)
  await write(page, 0, '先走了')
  await seen(page, 1, '先走了')
  broken = false
  await phone(page, 0).getByRole('button', { name: '重新发送' }).click()
  await loaded(page, 1, 2)
  await settled(page, 0)
  assertQuiet(page, /ERR_FAILED/)
})

test('a file is a row that is saved under its name', async () => {
  const page = await open()
  await choose(page, 0, PAPER)
  const paper = item(page, 1, 1).locator('.file')
  await paper.waitFor(WAIT)
  assert.match(await paper.textContent(), /^行程\.pdf1 KB$/)
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), paper.click()])
  assert.equal(download.suggestedFilename(), '行程.pdf')
  assert.deepEqual(fs.readFileSync(await download.path()), PAPER.buffer)
  await phone(page, 1).locator('.back').click()
  await phone(page, 1).locator('.rows .last').first().getByText('[文件] 行程.pdf', { exact: true }).waitFor(WAIT)
  assertQuiet(page)
})

test('a file over the limit is not sent, and one that the server refuses can be removed', async () => {
  await server.stop()
  server = await startHongyan({ config: 'files.types = ["image/*"]\n' })
  const page = await open({ prepare: between((frame) => { if (frame.method === 'session') frame.params.limits.fileBytes = 2000 }) })
  await choose(page, 0, { ...PAPER, name: '太大.pdf', buffer: Buffer.alloc(2001, 'x') })
  await phone(page, 0).locator('.notice').getByText('太大.pdf 没有发').waitFor(WAIT)
  assert.equal(await phone(page, 0).locator('.pending .chat').count(), 0)
  await choose(page, 0, PAPER)
  await phone(page, 0).locator('.why').getByText('服务器不收这种文件').waitFor(WAIT)
  await write(page, 0, '后面的照样走')
  await seen(page, 1, '后面的照样走')
  assert.deepEqual(await page.evaluate(geometry), [])
  await phone(page, 0).getByRole('button', { name: '删除' }).click()
  await settled(page, 0)
  assert.equal((await stored()).length, 1)
  assertQuiet(page, /status of 415/)
})

test('a picture that cannot be had says so, and is there at the next try', async () => {
  let refuse = true
  const page = await open({ prepare: (one) => one.route(/\/v1\/files\/[^?]+\?userId=2/, (route) => refuse ? route.fulfill({ status: 503, json: {} }) : route.continue()) })
  await choose(page, 0, PICTURE)
  const box = item(page, 1, 1).getByRole('button', { name: '图片没有取到' })
  await box.waitFor(WAIT)
  refuse = false
  await box.click()
  await loaded(page, 1, 1)
  await item(page, 1, 1).getByRole('button', { name: '看大图' }).waitFor(WAIT)
  assertQuiet(page, /status of 503/)
})

test('a voice plays and pauses, tells its seconds, and one plays at a time', async () => {
  await sendFile('1', '2', wav(4), '一.wav', { seconds: 4 })
  await sendFile('2', '1', wav(30), '二.wav', { seconds: 30 })
  const page = await open()
  const [first, second] = [1, 2].map((seq) => item(page, 0, seq).locator('.voice'))
  assert.deepEqual([await first.textContent(), await second.textContent()], ['4″', '30″'])
  assert.ok((await second.boundingBox()).width > (await first.boundingBox()).width)
  const plays = (seq) => page.waitForFunction((at) => { const audio = document.querySelector(`#v1-0 .chats > [data-seq="${at}"] audio`); return audio && !audio.paused && audio.currentTime > 0 }, seq, WAIT)
  const paused = (seq) => item(page, 0, seq).locator('audio').evaluate((audio) => audio.paused)
  await item(page, 0, 1).getByRole('button', { name: '播放语音，4 秒' }).click()
  await plays(1)
  await item(page, 0, 1).getByRole('button', { name: '暂停' }).waitFor(WAIT)
  await second.click()
  await plays(2)
  await eventually(async () => assert.ok(await paused(1)))
  await second.click()
  await eventually(async () => assert.ok(await paused(2)))
  await item(page, 0, 2).getByRole('button', { name: '播放语音，30 秒' }).waitFor(WAIT)
  await first.click()
  await plays(1)
  await item(page, 0, 1).getByRole('button', { name: '播放语音' }).waitFor(WAIT) // to its end
  assertQuiet(page)
})

test('a voice and a film that are chosen are sent with their length; the film plays in its box', async () => {
  const page = await open()
  await choose(page, 0, [{ name: '雁鸣.wav', mimeType: 'audio/wav', buffer: wav(2.4) }, { name: '飞.webm', mimeType: 'video/webm', buffer: await webm(page) }])
  await item(page, 1, 2).locator('.film').waitFor(WAIT)
  const [voice, film] = await stored()
  assert.deepEqual([voice.kind, voice.content.seconds, film.kind], ['voice', 2.4, 'video'])
  const box = item(page, 1, 2).locator('.film')
  const room = await box.boundingBox()
  await box.click()
  await page.waitForFunction(() => document.querySelector('#v1-1 video')?.currentTime > 0, null, WAIT)
  assert.deepEqual(await item(page, 1, 2).locator('video').boundingBox(), room)
  assert.ok(await item(page, 1, 2).locator('video').evaluate((node) => node.controls))
  assertQuiet(page)
})

test('what cannot be played is said, and can be saved', async () => {
  await sendFile('2', '1', Buffer.from('#!AMR\n not a sound at all'), '录音.amr', { seconds: 3 })
  const page = await open()
  await item(page, 0, 1).locator('.voice').click()
  await phone(page, 0).locator('.notice').getByText('放不了').waitFor(WAIT)
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), act(page, 0, 1, '下载')])
  assert.equal(download.suggestedFilename(), '录音.amr')
  assertQuiet(page)
})

test('where a login is asked for, files go with the token in the header, and never in an address', async () => {
  await server.stop()
  const keys = new keyFiles.KeyFiles()
  server = await startHongyan({ args: keys.args })
  const [one, two] = ['1', '2'].map((user) => keyFiles.tokenOf(user))
  const page = await shared.openPage(browser, server, { path: `/demo#v1&token=${one}` })
  const bearers = []
  page.on('request', (request) => { if (request.url().includes('/v1/files')) bearers.push(request.headers().authorization) })
  await phone(page, 1).locator('.login input').fill(two)
  await page.keyboard.press('Enter')
  await online(page)
  for (const index of [0, 1]) await phone(page, index).locator('.rows button').first().click()
  await choose(page, 0, PICTURE)
  await loaded(page, 1, 1)
  await choose(page, 0, PAPER)
  const [download] = await Promise.all([page.waitForEvent('download', WAIT), item(page, 1, 2).locator('.file').click()])
  assert.deepEqual(fs.readFileSync(await download.path()), PAPER.buffer)
  assert.deepEqual([...new Set(bearers.filter(Boolean))], [`Bearer ${one}`, `Bearer ${two}`])
  assert.deepEqual(page.asked.filter((url) => url.includes(one) || url.includes(two)), [])
  keys.dispose()
  assertQuiet(page, /status of 401|WebSocket connection to .* failed/) // of the second phone, before it had one
})

// -- the menu, and replies

test('the menu comes by its button, the right one and a long press; by keyboard all of it', async () => {
  await send('2', '1', '你好')
  await send('1', '2', '再见')
  const page = await open({ hasTouch: true, permissions: ['clipboard-read', 'clipboard-write'] })
  const menu = phone(page, 0).getByRole('menu')
  const items = () => menu.getByRole('menuitem').allTextContents()
  const focused = () => page.evaluate(() => document.activeElement.textContent)

  await item(page, 0, 1).locator('.more').focus()
  await page.keyboard.press('Enter')
  assert.deepEqual(await items(), ['复制', '回复'])
  assert.equal(await focused(), '👍')
  for (const [key, words] of [['ArrowDown', '复制'], ['ArrowRight', '回复'], ['ArrowRight', '👍'], ['End', '回复'], ['ArrowUp', '👍'], ['ArrowLeft', '回复']]) {
    await page.keyboard.press(key)
    assert.equal(await focused(), words, key)
  }
  await page.keyboard.press('Escape')
  assert.equal(await menu.count(), 0)
  assert.ok(await item(page, 0, 1).locator('.more').evaluate((node) => node === document.activeElement && node.ariaExpanded === 'false'))
  assert.ok(await field(page, 0).isVisible(), 'Escape closed the menu alone')

  await item(page, 0, 2).locator('.bubble').click({ button: 'right' })
  assert.deepEqual(await items(), ['复制', '回复', '编辑', '撤回'])
  await field(page, 0).click()
  assert.equal(await menu.count(), 0, 'a click elsewhere closes it')

  const line = item(page, 0, 1).locator('.chat')
  await line.dispatchEvent('pointerdown', { pointerType: 'touch' })
  await menu.waitFor(WAIT)
  await line.dispatchEvent('pointerup', { pointerType: 'touch' })
  await menu.getByText('复制').tap()
  await phone(page, 0).locator('.toast').getByText('已复制').waitFor(WAIT)
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), '你好')

  await act(page, 0, 2, '撤回')
  await phone(page, 1).locator('.system').waitFor(WAIT)
  assertQuiet(page)
})

test('a reply: what it answers stands above the field and in the bubble, on both sides', async () => {
  const page = await open()
  await write(page, 1, '几点？<b>')
  await seen(page, 0, '几点？<b>')
  const task = phone(page, 0).locator('.task')
  await act(page, 0, 1, '回复')
  assert.match(await task.textContent(), /^回复 李四几点？<b>/)
  assert.ok(await field(page, 0).evaluate((node) => node === document.activeElement))
  await page.keyboard.press('Escape')
  assert.ok(await task.isHidden())
  await act(page, 0, 1, '回复')
  await task.getByRole('button', { name: '取消' }).click()
  await write(page, 0, '不是回复')
  await act(page, 0, 1, '回复')
  await write(page, 0, '七点')
  await seen(page, 1, '七点')
  await settled(page, 0)
  assert.ok(await task.isHidden())
  assert.deepEqual((await stored()).map((one) => one.ext), [null, null, { reply: { seq: 1 } }])
  await item(page, 0, 3).locator('.quote').getByText('李四：几点？<b>', { exact: true }).waitFor(WAIT)
  await item(page, 1, 3).locator('.quote').getByText('你：几点？<b>', { exact: true }).waitFor(WAIT)

  await act(page, 1, 1, '撤回')
  await item(page, 0, 3).locator('.quote').getByText('引用内容已撤回').waitFor(WAIT)
  await page.reload()
  await online(page)
  await phone(page, 0).locator('.rows button').first().click()
  await item(page, 0, 3).locator('.quote').getByText('引用内容已撤回', { exact: true }).waitFor(WAIT)
  assertQuiet(page)
})

test('a tap on a quote goes there, however far it is, and shows which it was', async () => {
  await send('2', '1', '很久以前')
  for (let i = 2; i <= 120; ++i) await send(String(i % 2 + 1), String(2 - i % 2), `第 ${i} 封`)
  await send('1', '2', '还记得吗', { ext: { reply: { seq: 1 } } })
  await send('1', '2', '这句呢', { ext: { reply: { seq: 999 } } })
  const page = await open()
  const quote = item(page, 0, 121).locator('.quote')
  await quote.getByText('李四：很久以前').waitFor(WAIT)
  await item(page, 0, 122).locator('.quote').getByText('引用内容不可见').waitFor(WAIT)
  await item(page, 0, 122).locator('.quote').click()
  await phone(page, 0).locator('.toast').getByText('引用内容不可见').waitFor(WAIT)
  await quote.click()
  await phone(page, 0).locator('.hit .text').getByText('很久以前', { exact: true }).waitFor(WAIT)
  const log = await phone(page, 0).locator('.log').boundingBox()
  const there = await item(page, 0, 1).boundingBox()
  assert.ok(there.y >= log.y && there.y + there.height <= log.y + log.height, 'it is in sight')
  await phone(page, 0).locator('.hit').waitFor({ state: 'detached', ...WAIT })
  await send('2', '1', '别拉走我')
  await phone(page, 0).getByRole('button', { name: '新消息' }).waitFor(WAIT)
  assert.deepEqual(await item(page, 0, 1).boundingBox(), there, 'a new message leaves the reader there')
  assertQuiet(page)
})

// -- edits

test('an own text is edited; both sides show the new words and that they are', async () => {
  const page = await open()
  await write(page, 0, '明天八点见')
  await write(page, 1, '好')
  await seen(page, 0, '好')
  await field(page, 0).fill('草稿')
  await act(page, 0, 1, '编辑')
  assert.match(await phone(page, 0).locator('.task').textContent(), /^编辑消息明天八点见/)
  assert.equal(await field(page, 0).inputValue(), '明天八点见')
  await field(page, 0).fill('明天九点见')
  await phone(page, 0).getByRole('button', { name: '保存', exact: true }).click()
  for (const index of [0, 1]) {
    await seen(page, index, '明天九点见')
    await item(page, index, 1).locator('.edited').getByText('已编辑').waitFor(WAIT)
    assert.ok(await item(page, index, 2).locator('.edited').isHidden())
    await eventually(async () => assert.deepEqual(await texts(page, index), ['明天九点见', '好']))
  }
  assert.equal(await field(page, 0).inputValue(), '草稿', 'the draft is back')
  assert.ok(await phone(page, 0).getByRole('button', { name: '发送', exact: true }).isVisible())
  assert.deepEqual((await stored()).map((one) => [one.content, one.edited]), [['明天九点见', true], ['好', undefined]])
  await phone(page, 1).locator('.back').click()
  await phone(page, 1).locator('.rows .last').first().getByText('好', { exact: true }).waitFor(WAIT) // an edit is no news
  await page.reload()
  await online(page)
  await phone(page, 1).locator('.rows button').first().click()
  await item(page, 1, 1).locator('.edited').getByText('已编辑').waitFor(WAIT)
  assertQuiet(page)
})

test('the last own text is edited by the arrow up; Escape leaves all as it was; a refusal keeps what was typed', async () => {
  let refuse = false
  const page = await open({ prepare: between((frame, toPage) => { if (refuse && !toPage && frame.method === 'message.edit') frame.params.seq = 99 }) })
  await write(page, 0, '原来的')
  await settled(page, 0)
  await field(page, 0).focus()
  await page.keyboard.press('ArrowUp')
  await page.keyboard.type('字')
  assert.equal(await field(page, 0).inputValue(), '原来的字')
  await page.keyboard.press('Escape')
  assert.equal(await field(page, 0).inputValue(), '')
  refuse = true
  await page.keyboard.press('ArrowUp')
  await page.keyboard.type('！')
  await page.keyboard.press('Enter')
  await phone(page, 0).locator('.notice').getByText('没有成功').waitFor(WAIT)
  assert.equal(await field(page, 0).inputValue(), '原来的！')
  refuse = false
  await page.keyboard.press('Enter')
  await seen(page, 1, '原来的！')
  assert.equal(await field(page, 0).inputValue(), '')
  assertQuiet(page)
})

test('what is too old has neither edit nor recall; another’s message never', async () => {
  await send('1', '2', '我的')
  await send('2', '1', '你的')
  const page = await open({ prepare: between((frame) => { if (frame.method === 'session') Object.assign(frame.params.limits, { editSeconds: 0, recallSeconds: 0 }) }) })
  for (const seq of [1, 2]) {
    await item(page, 0, seq).locator('.more').click()
    assert.deepEqual(await phone(page, 0).getByRole('menuitem').allTextContents(), ['复制', '回复'])
    await page.keyboard.press('Escape')
  }
  assert.ok(await item(page, 0, 1).locator('.recall').isHidden())
  assertQuiet(page)
})

test('an edit made while one was away is there after coming back, and a message taken back ends its edit', async () => {
  const page = await open()
  await write(page, 0, '一')
  await write(page, 0, '二')
  await seen(page, 1, '二')
  await phone(page, 1).locator('.line-switch').click()
  await act(page, 0, 1, '编辑')
  await field(page, 0).fill('壹')
  await page.keyboard.press('Enter')
  await seen(page, 0, '壹')
  await phone(page, 1).locator('.line-switch').click()
  await seen(page, 1, '壹')
  await eventually(async () => assert.deepEqual(await texts(page, 1), ['壹', '二']))

  await act(page, 0, 2, '编辑')
  await page.evaluate(() => phones[0].client.call('message.recall', { in: { userId: '2' }, seq: 2 })) // as another phone of the user would
  await phone(page, 0).locator('.task').waitFor({ state: 'hidden', ...WAIT })
  assert.equal(await field(page, 0).inputValue(), '')
  assertQuiet(page)
})

// -- reactions

test('reactions: counted for both, the own ones marked, taken back by a tap', async () => {
  const page = await open({ prepare: between((frame, toPage) => toPage && frame.method === 'reaction' ? 2 : 1) }) // each comes twice
  await write(page, 0, '出发！')
  await seen(page, 1, '出发！')
  await act(page, 1, 1, '👍')
  await chip(page, 0, 1, '👍 1').waitFor(WAIT)
  await chip(page, 0, 1, '👍 1').click()
  for (const index of [0, 1]) {
    await eventually(async () => assert.equal(await chip(page, index, 1, '👍 2').getAttribute('aria-pressed'), 'true'))
  }
  await act(page, 0, 1, '🙏')
  await chip(page, 1, 1, '🙏 1').waitFor(WAIT)
  assert.equal(await chip(page, 1, 1, '🙏 1').getAttribute('aria-pressed'), 'false')
  await item(page, 0, 1).locator('.more').click()
  assert.equal(await phone(page, 0).getByRole('menuitemcheckbox', { name: '🙏' }).getAttribute('aria-checked'), 'true')
  await page.keyboard.press('Escape')
  await chip(page, 0, 1, '👍 2').click()
  for (const index of [0, 1]) await chip(page, index, 1, '👍 1').waitFor(WAIT)
  await chip(page, 0, 1, '🙏 1').click()
  await chip(page, 1, 1, '🙏').waitFor({ state: 'detached', ...WAIT })
  await page.reload()
  await online(page)
  for (const index of [0, 1]) await phone(page, index).locator('.rows button').first().click()
  for (const [index, is] of [[0, 'false'], [1, 'true']]) await eventually(async () => assert.equal(await chip(page, index, 1, '👍 1').getAttribute('aria-pressed'), is))
  assertQuiet(page)
})

test('reactions that came and went while one was away are right after coming back, with news and without', async () => {
  const page = await open()
  await write(page, 0, '一')
  await write(page, 0, '二')
  await seen(page, 1, '二')
  await act(page, 0, 1, '👍')
  await chip(page, 1, 1, '👍 1').waitFor(WAIT)
  for (const news of [false, true]) {
    await phone(page, 1).locator('.line-switch').click()
    await act(page, 0, news ? 1 : 2, '😂')
    await act(page, 0, 1, '👍') // away with it, or there again
    if (news) await write(page, 0, '三')
    await chip(page, 0, news ? 1 : 2, '😂 1').waitFor(WAIT)
    await phone(page, 1).locator('.line-switch').click()
    await chip(page, 1, news ? 1 : 2, '😂 1').waitFor(WAIT)
    await chip(page, 1, 1, '👍').waitFor({ state: news ? 'visible' : 'detached', ...WAIT })
  }
  // Of an old message no sync tells, but it is on the screen.
  for (let i = 0; i < 25; ++i) await send('1', '2', `${i}`)
  await seen(page, 1, '24')
  await phone(page, 1).locator('.line-switch').click()
  await act(page, 0, 1, '🙏')
  await chip(page, 0, 1, '🙏 1').waitFor(WAIT)
  await phone(page, 1).locator('.line-switch').click()
  await chip(page, 1, 1, '🙏 1').waitFor(WAIT)
  assertQuiet(page)
})

test('what a reader looks at stays, when something above gets a reaction', async () => {
  for (let i = 1; i <= 40; ++i) await send('1', '2', `第 ${i} 封`)
  const page = await open()
  await seen(page, 0, '第 40 封')
  await phone(page, 0).locator('.log').evaluate((node) => { node.scrollTop = 200 })
  const at = await item(page, 0, 33).boundingBox()
  await page.evaluate(() => phones[1].client.call('message.react', { in: { userId: '1' }, seq: 22, emoji: '👍', on: true }))
  await chip(page, 0, 22, '👍 1').waitFor(WAIT)
  assert.deepEqual(await item(page, 0, 33).boundingBox(), at)
  assertQuiet(page)
})

// -- a text that grows

test('a text that is still being written grows in its bubble, is unread from its end on, and is no edit', async () => {
  await send('2', '1', '退货地址在哪？')
  const page = await open()
  await phone(page, 0).locator('.back').click()
  const { streamId } = await post('/v1/messages', JSON.stringify({ from: '2', to: { userId: '1' }, clientMsgId: 's1', stream: true }))
  const add = (offset, delta) => post(`/v1/streams/${streamId}`, JSON.stringify({ offset, delta }))
  await add(0, '在上海市🦢')
  await seen(page, 1, '在上海市🦢')
  assert.equal(await phone(page, 0).locator('.rows .badge').count(), 0)
  await phone(page, 0).locator('.rows button').first().click()
  await add(5, '闵行区')
  for (const index of [0, 1]) await seen(page, index, '在上海市🦢闵行区')
  assert.equal(await item(page, 0, 2).locator('.streaming').count(), 1)
  assert.equal(await item(page, 0, 2).getAttribute('aria-busy'), 'true')
  await item(page, 1, 2).locator('.more').click()
  assert.deepEqual(await phone(page, 1).getByRole('menuitem').allTextContents(), ['复制', '回复', '撤回'])
  await page.keyboard.press('Escape')
  await phone(page, 0).locator('.back').click()
  await post(`/v1/streams/${streamId}/end`, JSON.stringify({ content: '在上海市闵行区。' }))
  await phone(page, 0).locator('.rows .badge').getByText('1', { exact: true }).waitFor(WAIT)
  await phone(page, 0).locator('.rows button').first().click()
  for (const index of [0, 1]) {
    await seen(page, index, '在上海市闵行区。')
    assert.ok(await item(page, index, 2).locator('.edited').isHidden())
  }
  assert.equal(await phone(page, 0).locator('.streaming').count(), 0)
  assertQuiet(page)
})

// -- looks

/** Something of everything. */
async function liveliness() {
  await send('1', '2', '李四，晚上一起吃饭吗？')
  await sendFile('2', '1', png(480, 320), '湖边.png')
  await sendFile('2', '1', wav(6), '一.wav', { seconds: 6 })
  await send('2', '1', '七点，老地方。记得带伞。', { ext: { reply: { seq: 1 } } })
  await sendFile('1', '2', png(120, 600, [200, 150, 90]), '长图.png', { ext: { reply: { seq: 2 } } })
  await sendFile('1', '2', wav(41), '二.wav', { seconds: 41 })
  await sendFile('1', '2', Buffer.alloc(150_000, 'x'), `${'很长的文件名'.repeat(9)}.pdf`)
  await sendFile('2', '1', Buffer.from('\x1aE\xdf\xa3\x01\x00\x00\x00\x00\x00\x00\x1fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm', 'latin1'), '飞.webm', { seconds: 75 })
}

/** Reactions and an edit, by those whose phones these are. */
const react = (page) => page.evaluate(async () => {
  const [one, two] = phones.map((phone) => phone.client)
  for (const emoji of ['👍', '❤️', '😂', '🙏']) await one.call('message.react', { in: { userId: '2' }, seq: 4, emoji, on: true })
  await two.call('message.react', { in: { userId: '1' }, seq: 4, emoji: '👍', on: true })
  await two.call('message.react', { in: { userId: '1' }, seq: 1, emoji: '👍', on: true })
  await one.call('message.edit', { in: { userId: '2' }, seq: 1, content: '李四，今晚一起吃饭吗？' })
})

test('pictures of it', async () => {
  for (const [name, look] of Object.entries({
    'page-media.png': {}, 'page-media-dark.png': { colorScheme: 'dark', locale: 'en-US' }, 'page-media-375.png': { width: 375, height: 812 },
  })) {
    await server.stop()
    server = await startHongyan()
    await liveliness()
    const page = await open(look)
    await react(page)
    await chip(page, 0, 1, '👍 1').waitFor(WAIT)
    await phone(page, 0).locator('.log').evaluate((node) => { node.scrollTop = 0 })
    await loaded(page, 0, 2)
    await item(page, 0, 4).locator('.bubble').click({ button: 'right' })
    await page.evaluate(() => document.activeElement.blur())
    await screenshot(page, name)
    assertQuiet(page)
    await page.context().close()
  }
})

test('nothing of it is cut, covered, too small or too faint, and the menu is in its phone', async () => {
  await liveliness()
  const faults = {}
  for (const look of LOOKS) {
    const page = await open(look)
    const measure = async (state) => {
      const found = await page.evaluate(geometry)
      if (found.length) faults[`${look.width} ${look.colorScheme} ${look.locale}, ${state}`] = found
    }
    await react(page)
    await chip(page, 0, 4, '👍 2').waitFor(WAIT)
    for (const seq of [1, 4, 6, 8]) {
      await item(page, 0, seq).locator('.bubble').scrollIntoViewIfNeeded()
      await measure(`at ${seq}`)
      await item(page, 0, seq).locator('.bubble').click({ button: 'right', position: { x: 8, y: 8 } })
      const menu = await phone(page, 0).getByRole('menu').boundingBox()
      const room = await phone(page, 0).locator('.middle').boundingBox()
      assert.ok(menu.x >= room.x && menu.y >= room.y && menu.x + menu.width <= room.x + room.width && menu.y + menu.height <= room.y + room.height, `${look.width}, menu of ${seq}`)
      await page.keyboard.press('Escape')
    }
    await phone(page, 0).locator('.chats > [data-seq="4"] .more').click()
    await phone(page, 0).getByRole('menuitem').nth(1).click()
    await measure('a reply')
    await page.keyboard.press('Escape')
    await field(page, 0).fill('')
    await page.keyboard.press('ArrowUp')
    await measure('an edit')
    assertQuiet(page)
    await page.context().close()
  }
  assert.deepEqual(faults, {})
})
