'use strict'
// Files in the web chat: chosen, pasted, dropped; pictures, voices, films, and what is not taken.

const test = require('node:test')
const assert = require('node:assert/strict')
const { launch } = require('./lib/browser')
const { startHongyan } = require('./lib/hongyan')
const { picture, sound, document: paper } = require('./lib/media')
const { WAIT, openChat, write, bubble, seen, ask, send, assertQuiet } = require('./lib/web')

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
  server = await startHongyan({ args: keys.args, config: '[files]\nmax = 3145728\n' })
  for (const [id, name] of [['zhang3', '张三'], ['li4', '李四']]) await ask(server, lib.apiKeys.all, 'PUT', `/v1/users/${id}`, { name })
  await send(server, lib.tokenOf('li4'), { to: { userId: 'zhang3' }, content: '发来看看' })
})
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close()
  await server?.stop()
  keys.dispose()
})

const open = async (id, peer, options) => {
  const page = await openChat(browser, server, { token: lib.tokenOf(id), hash: `u=${peer}`, ...options })
  await seen(page, '发来看看')
  return page
}
const openTwo = async () => [await open('zhang3', 'li4'), await open('li4', 'zhang3')]

/** Files as a hand over the page brings them. */
const transfer = (page, files) => page.evaluateHandle((given) => {
  const data = new DataTransfer()
  for (const { name, type, bytes } of given) data.items.add(new File([new Uint8Array(bytes)], name, { type }))
  return data
}, files.map(({ name, type, bytes }) => ({ name, type, bytes: [...bytes] })))

test('pictures and files are chosen, seen at both ends at once, opened and saved', async () => {
  const [a, b] = await openTwo()
  await a.locator('input[type=file]').setInputFiles([
    { name: '山.png', mimeType: 'image/png', buffer: picture(600, 400) },
    { name: '合同.pdf', mimeType: 'application/pdf', buffer: paper(40000) },
  ])
  for (const page of [a, b]) {
    await page.locator('.bubble .picture img').waitFor(WAIT)
    await page.locator('.card.is-file', { hasText: '合同.pdf' }).waitFor(WAIT)
    const box = await page.locator('.bubble .picture').boundingBox()
    assert.deepEqual([box.width, box.height], [180, 120])
  }
  assert.equal(await a.locator('.bubble').count(), 3, 'one bubble a message')
  const download = b.waitForEvent('download')
  await b.locator('.card.is-file').click()
  assert.equal((await download).suggestedFilename(), '合同.pdf')

  await b.locator('.bubble .picture').click()
  await b.locator('.viewer img').waitFor(WAIT)
  assert.equal(await b.locator('.viewer-count').textContent(), '1 / 1')
  await b.mouse.move(640, 400)
  await b.mouse.wheel(0, -400)
  await b.waitForFunction(() => /scale\((?!1\))/.test(document.querySelector('.viewer img').style.transform), null, WAIT)
  await b.keyboard.press('Escape')
  await b.locator('.viewer').waitFor({ state: 'detached', ...WAIT })
  assert.ok(await b.evaluate(() => document.activeElement.classList.contains('picture')), 'the focus is back')
  assertQuiet(a)
  assertQuiet(b)
})

test('dropped and pasted; what is too large is named and the rest goes', async () => {
  const [a, b] = await openTwo()
  const dropped = await transfer(a, [{ name: '一.png', type: 'image/png', bytes: picture(80, 80) }])
  await a.dispatchEvent('.chat', 'dragenter', { dataTransfer: dropped })
  await a.locator('.drop-zone', { hasText: '松开发送到李四' }).waitFor(WAIT)
  await a.dispatchEvent('.drop-zone', 'drop', { dataTransfer: dropped })
  await b.locator('.bubble .picture img').waitFor(WAIT)
  await a.locator('.drop-zone').waitFor({ state: 'detached', ...WAIT })

  await a.evaluate((bytes) => {
    const data = new DataTransfer()
    data.items.add(new File([new Uint8Array(bytes)], '二.png', { type: 'image/png' }))
    document.querySelector('.composer textarea').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  }, [...picture(90, 90)])
  await b.waitForFunction(() => document.querySelectorAll('.bubble .picture img').length === 2, null, WAIT)

  await a.locator('input[type=file]').setInputFiles([
    { name: '大.pdf', mimeType: 'application/pdf', buffer: paper(3200000) }, { name: '小.pdf', mimeType: 'application/pdf', buffer: paper(2000) },
  ])
  await a.locator('.toast', { hasText: '文件不能超过 3 MB' }).waitFor(WAIT)
  await a.locator('.toast', { hasText: '大.pdf' }).waitFor(WAIT)
  await b.locator('.card.is-file', { hasText: '小.pdf' }).waitFor(WAIT)
  assertQuiet(a)
  assertQuiet(b)
})

test('text behind a file waits for it; a refused type says so at its bubble', async () => {
  await server.stop()
  server = await startHongyan({ args: keys.args, config: '[files]\ntypes = ["image/png"]\n' })
  for (const id of ['zhang3', 'li4']) await ask(server, lib.apiKeys.all, 'PUT', `/v1/users/${id}`, { name: id })
  await send(server, lib.tokenOf('li4'), { to: { userId: 'zhang3' }, content: '发来看看' })
  const a = await open('zhang3', 'li4')
  const b = await open('li4', 'zhang3')
  await a.locator('input[type=file]').setInputFiles([{ name: '图.png', mimeType: 'image/png', buffer: picture(500, 500) }])
  await write(a, '这是图')
  await seen(b, '这是图')
  assert.deepEqual(await b.locator('.bubble').evaluateAll((bubbles) => bubbles.map((node) => (node.querySelector('.picture') ? 'picture' : node.textContent))), ['发来看看', 'picture', '这是图'])
  await a.locator('input[type=file]').setInputFiles([{ name: '文.pdf', mimeType: 'application/pdf', buffer: paper(1000) }])
  await a.locator('.bubble-note.is-wrong', { hasText: '不支持此类型' }).waitFor(WAIT)
  assertQuiet(a, /415/)
  assertQuiet(b)
})

test('what is still uploaded is told in the list, and before one logs out', async () => {
  const a = await open('zhang3', 'li4')
  await a.route('**/v1/files**', () => {}) // never answered
  await a.locator('input[type=file]').setInputFiles([{ name: '图.png', mimeType: 'image/png', buffer: picture(500, 500) }])
  await a.locator('.row', { hasText: '[图片]' }).locator('.row-sending').waitFor(WAIT)
  await a.locator('.me-button').click()
  await a.locator('.row-cell', { hasText: '退出登录' }).click(WAIT)
  await a.locator('.confirm', { hasText: '1 条消息' }).waitFor(WAIT)
  await a.keyboard.press('Escape')
  await a.locator('.cancel-upload').click(WAIT)
  await a.locator('.row-sending').waitFor({ state: 'detached', ...WAIT })
  await a.locator('.row', { hasText: '发来看看' }).waitFor(WAIT)
})

test('voices play one after the other, and what was heard stays heard', async () => {
  const token = lib.tokenOf('li4')
  for (const seconds of [1, 2]) {
    const form = new FormData()
    form.append('seconds', String(seconds))
    form.append('file', new Blob([sound(seconds)]), 'v.wav')
    const { fileId } = await ask(server, token, 'POST', '/v1/files', form)
    await send(server, token, { to: { userId: 'zhang3' }, kind: 'voice', content: { fileId, seconds } })
  }
  const a = await open('zhang3', 'li4')
  await a.waitForFunction(() => document.querySelectorAll('.unheard').length === 2, null, WAIT)
  await a.locator('.voice').first().click()
  await a.locator('.voice.is-playing', { hasText: '1″' }).waitFor(WAIT)
  await a.locator('.voice.is-playing', { hasText: '2″' }).waitFor(WAIT)
  await a.waitForFunction(() => !document.querySelector('.unheard, .is-playing'), null, WAIT)
  await a.reload()
  await bubble(a, '发来看看').waitFor(WAIT)
  await a.locator('.voice').first().waitFor(WAIT)
  assert.equal(await a.locator('.unheard').count(), 0)
  assertQuiet(a)
})

test('a new avatar and name are seen by others', async () => {
  const [a, b] = await openTwo()
  await a.locator('.me-button').click()
  await a.locator('.panel input[type=file]').setInputFiles([{ name: '我.png', mimeType: 'image/png', buffer: picture(300, 200) }])
  await a.locator('.profile-head img.face').waitFor(WAIT)
  await a.locator('.row-cell', { hasText: '昵称' }).click()
  await a.locator('.box .field').fill('张三丰')
  await a.keyboard.press('Enter')
  await a.locator('.profile-name', { hasText: '张三丰' }).waitFor(WAIT)
  await b.reload()
  await b.locator('.row', { hasText: '张三' }).locator('img.face').waitFor(WAIT)
  await b.locator('.chat-name', { hasText: '张三丰' }).waitFor(WAIT)
  assertQuiet(a)
  assertQuiet(b)
})
