'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { Sender } = require('../../../miniprogram/components/hy-chat/core/sender')
const { refusalText } = require('../../../miniprogram/components/hy-chat/core/errors')
const { own, translator } = require('../../../miniprogram/components/hy-chat/core/i18n')
const { keyOf } = require('../../../miniprogram/components/hy-chat/core/place')

const LI = { userId: '4' }
const WANG = { userId: '5' }

class MemoryStorage {
  constructor() { this.map = new Map() }
  get(key) { return this.map.has(key) ? this.map.get(key) : null }
  set(key, text) {
    if (this.isFull) throw new Error('full')
    this.map.set(key, text)
  }
  remove(key) { this.map.delete(key) }
  keys() { return [...this.map.keys()] }
}

class Timers {
  constructor() { this.waiting = new Map() }
  setTimeout(act, ms) {
    const timer = {}
    this.waiting.set(timer, { act, ms })
    return timer
  }
  clearTimeout(timer) { this.waiting.delete(timer) }
  /** All that wait have waited; how long each. */
  pass() {
    const due = [...this.waiting.values()]
    this.waiting.clear()
    for (const { act } of due) act()
    return due.map(({ ms }) => ms)
  }
}

/** A client whose outbox takes all, and whose uploads end when the test says so. */
class FakeClient {
  constructor() {
    this.userId = '3'
    this.state = 'online'
    this.listeners = { outbox: [], state: [] }
    this.outbox = []
    this.uploads = []
  }

  on(name, listener) { this.listeners[name].push(listener) }
  emit(name, event) { for (const listener of this.listeners[name]) listener(event) }
  outgoing(to) { return this.outbox.filter((entry) => !to || keyOf(entry.to) === keyOf(to)) }
  go(state) {
    this.state = state
    this.emit('state', { state })
  }

  send(draft) {
    if (this.refusal) return Promise.reject(this.refusal)
    const entry = { ...JSON.parse(JSON.stringify(draft)), kind: draft.kind || 'text', clientMsgId: `c${this.outbox.length}`, at: Date.now(), state: 'waiting' }
    this.outbox.push(entry)
    this.emit('outbox', { entry: { ...entry } })
    return Promise.resolve({ content: entry.content })
  }

  upload(path, options = {}) {
    return new Promise((resolve, reject) => this.uploads.push({ path, options, done: (fileId, kind = 'image') => resolve({ fileId, kind }), fail: reject }))
  }
}

const httpError = (status, data) => Object.assign(new Error('refused'), { code: 'http', data: { status, ...data } })
const settled = () => new Promise((resolve) => { setImmediate(resolve) })

function start(storage = new MemoryStorage(), client = new FakeClient()) {
  const timers = new Timers()
  const sender = new Sender(client, storage, () => `chat:${client.userId}:`, timers)
  return { client, storage, timers, sender }
}
const said = (client) => client.outbox.map(({ content }) => (content.fileId ? content.fileId : content))
const picture = (path, to = LI) => ({ to, kind: 'image', path, width: 40, height: 30 })

test('a text behind an uploading picture waits for it; other places do not', async () => {
  const { client, sender } = start()
  sender.send({ to: LI, content: '一' })
  sender.sendFile(picture('/a'))
  const text = sender.send({ to: LI, content: '二' })
  sender.send({ to: WANG, content: '给王五' })
  assert.deepEqual(said(client), ['一', '给王五'])
  assert.deepEqual(sender.entries(LI).map(({ content, state }) => [content.width || content, state]), [['一', 'waiting'], [40, 'sending'], ['二', 'waiting']])
  await settled()
  client.uploads[0].options.progress(50, 100)
  assert.equal(sender.entries(LI)[1].progress, 0.5)
  assert.equal(sender.entries(LI)[1].localPath, '/a')

  client.uploads[0].done('f1')
  await settled()
  assert.deepEqual(said(client), ['一', '给王五', 'f1', '二'])
  assert.deepEqual(client.outbox[2].content, { fileId: 'f1', width: 40, height: 30 })
  assert.deepEqual(await text, { content: '二' })
})

test('what was drawn keeps its key, its time and its picture when the client takes it', async () => {
  const { client, sender } = start()
  const drawn = []
  sender.onChange(() => drawn.push(sender.entries(LI).map(({ clientMsgId }) => sender.aliases[clientMsgId] || clientMsgId)))
  sender.sendFile(picture('/a'))
  sender.send({ to: LI, content: '二' })
  const before = sender.entries(LI)
  await settled()
  client.uploads[0].done('f1')
  await settled()
  const after = sender.entries(LI)
  const keys = before.map(({ clientMsgId }) => clientMsgId)
  assert.deepEqual(after.map(({ clientMsgId }) => clientMsgId), ['c0', 'c1'])
  assert.deepEqual(after.map(({ at }) => at), before.map(({ at }) => at))
  assert.equal(after[0].localPath, '/a')
  assert.deepEqual(drawn[drawn.length - 1], keys)
  for (const some of drawn) assert.deepEqual(some, keys.slice(0, some.length)) // never twice, never in another order
})

test('pictures to one place go one after the other, in the order chosen', async () => {
  const { client, sender } = start()
  for (const path of ['/a', '/b', '/c']) sender.sendFile(picture(path))
  await settled()
  for (const id of ['f1', 'f2', 'f3']) {
    assert.equal(client.uploads.length, Number(id[1]))
    client.uploads[Number(id[1]) - 1].done(id)
    await settled()
  }
  assert.deepEqual(said(client), ['f1', 'f2', 'f3'])
})

test('no more than three uploads at once', async () => {
  const { client, sender } = start()
  for (const userId of ['4', '5', '6', '7']) sender.sendFile(picture(`/${userId}`, { userId }))
  await settled()
  assert.deepEqual(client.uploads.map(({ path }) => path), ['/4', '/5', '/6'])
  client.uploads[1].done('f')
  await settled()
  assert.equal(client.uploads[3].path, '/7')
})

test('after a restart it goes on: the same keys, the same order, nothing twice', async () => {
  const first = start()
  first.sender.sendFile({ ...picture('/a'), name: '晚霞.png' })
  first.sender.send({ to: LI, content: '二', ext: { reply: { seq: 7 } } })
  const keys = first.sender.entries(LI).map(({ clientMsgId }) => clientMsgId)

  const client = new FakeClient()
  client.state = 'waiting'
  const { sender } = start(first.storage, client)
  assert.deepEqual(sender.entries(LI).map(({ clientMsgId, state }) => [clientMsgId, state]), keys.map((key) => [key, 'waiting']))
  assert.equal(sender.entries(LI)[0].content.name, '晚霞.png')
  assert.equal(client.uploads.length, 0) // not without a connection
  client.go('online')
  await settled()
  assert.equal(client.uploads[0].options.name, '晚霞.png')
  client.uploads[0].done('f1')
  await settled()
  assert.deepEqual(said(client), ['f1', '二'])
  assert.deepEqual(client.outbox[1].ext, { reply: { seq: 7 } })
  assert.deepEqual(first.storage.keys(), [])
})

test('an app that ended between the client\'s storing and ours sends nothing twice', async () => {
  const { storage, sender, client } = start()
  sender.sendFile(picture('/a'))
  sender.send({ to: LI, content: '二' })
  sender.send({ to: LI, content: '二' })
  await settled()
  const remove = storage.remove
  storage.remove = () => {}
  client.uploads[0].done('f1')
  await settled()
  assert.equal(client.outbox.length, 3)
  client.outbox.splice(2) // the last one never got there
  storage.remove = remove
  const again = new FakeClient()
  again.outbox = client.outbox.slice()
  start(storage, again)
  await settled()
  assert.deepEqual(said(again), ['f1', '二', '二'])
  assert.equal(again.uploads.length, 0)
})

test('cancelled before it is sent: what waited behind it goes', async () => {
  const { client, storage, sender } = start()
  const dropped = []
  sender.useFiles({ dropped: (path) => dropped.push(path) })
  sender.sendFile(picture('/a'))
  sender.send({ to: LI, content: '二' })
  await settled()
  const states = []
  sender.onChange(({ state }) => states.push(state))
  assert.equal(sender.cancel(sender.entries(LI)[0].clientMsgId), true)
  assert.deepEqual(said(client), ['二'])
  assert.ok(states.includes('discarded'))
  client.uploads[0].done('f1')
  await settled()
  assert.deepEqual(said(client), ['二'])
  assert.deepEqual(dropped, ['/a'])
  assert.deepEqual(storage.keys(), [])
  assert.equal(sender.cancel('c0'), false)
})

const WORDS = { 413: '文件太大，未发送', 415: '不支持此类型', 507: '服务器空间不足，请联系商家', 429: '今天发送的文件太多，明天再试' }
for (const [status, words] of Object.entries(WORDS)) {
  test(`an upload answered ${status} for good fails with words, and holds nothing up`, async () => {
    const { client, storage, sender } = start()
    const sent = sender.sendFile(picture('/a'))
    sender.send({ to: LI, content: '二' })
    await settled()
    client.uploads[0].fail(httpError(Number(status), { retryAfterMs: 3_600_000 }))
    await assert.rejects(sent, { code: 'http' })
    const [failed] = sender.entries(LI).filter(({ state }) => state === 'failed')
    assert.equal(refusalText(failed.error, translator('zh', own)), words)
    assert.deepEqual(said(client), ['二'])

    const restarted = start(storage)
    assert.equal(restarted.sender.entries(LI)[0].state, 'failed')
    restarted.sender.retry(failed.clientMsgId)
    await settled()
    restarted.client.uploads[0].done('f1')
    await settled()
    assert.deepEqual(said(restarted.client), ['f1'])
  })
}

test('what failed is discarded with its file', async () => {
  const { client, storage, sender } = start()
  const dropped = []
  sender.useFiles({ dropped: (path) => dropped.push(path) })
  sender.sendFile(picture('/a')).catch(() => {})
  await settled()
  client.uploads[0].fail(httpError(415))
  await settled()
  sender.discard(sender.entries(LI)[0].clientMsgId)
  assert.deepEqual([sender.entries(LI), dropped, storage.keys()], [[], ['/a'], []])
})

test('without the network it waits, longer each time, and goes on at once when the connection is back', async () => {
  const { client, timers, sender } = start()
  sender.sendFile(picture('/a'))
  await settled()
  for (const least of [1000, 2000, 4000]) {
    client.uploads[client.uploads.length - 1].fail(new Error('uploadFile:fail timeout'))
    await settled()
    assert.equal(sender.entries(LI)[0].state, 'waiting')
    const [ms] = timers.pass()
    assert.ok(ms >= least && ms <= least * 1.5, `${ms}`)
    await settled()
  }
  client.uploads[3].fail(httpError(503))
  await settled()
  client.go('connecting')
  timers.pass()
  await settled()
  assert.equal(client.uploads.length, 4)
  client.go('online')
  await settled()
  client.uploads[4].fail(new Error('uploadFile:fail'))
  await settled()
  client.go('online')
  await settled()
  assert.equal(client.uploads.length, 6)
  assert.equal(timers.waiting.size, 0)
})

test('too many at once is tried again as the server says, or a few times', async () => {
  const { client, timers, sender } = start()
  sender.sendFile(picture('/a')).catch(() => {})
  await settled()
  client.uploads[0].fail(httpError(429, { retryAfterMs: 1500 }))
  await settled()
  assert.deepEqual(timers.pass(), [1500])
  for (let i = 1; i < 4; i++) {
    await settled()
    assert.notEqual(sender.entries(LI)[0].state, 'failed')
    client.uploads[i].fail(httpError(429))
    await settled()
    timers.pass()
  }
  assert.equal(sender.entries(LI)[0].state, 'failed')
})

test('a file that is gone from the phone fails with words', async () => {
  const { client, sender } = start()
  sender.useFiles({ has: () => false })
  await assert.rejects(sender.sendFile(picture('/a')), { code: 'file' })
  assert.equal(client.uploads.length, 0)
  assert.equal(refusalText(sender.entries(LI)[0].error, translator('en', own)), 'The file is gone. Choose it again.')
})

test('a picture goes with a small one before it; without one as well', async () => {
  const { client, sender } = start()
  const stored = []
  sender.useFiles({ previewOf: async ({ path }) => (path === '/a' ? '/small' : null), stored: (path, fileId) => stored.push([path, fileId]) })
  sender.sendFile(picture('/a'))
  sender.sendFile(picture('/b'))
  for (const id of ['p1', 'f1', 'f2']) {
    await settled()
    client.uploads[client.uploads.length - 1].done(id)
  }
  await settled()
  assert.deepEqual(client.outbox.map(({ content, ext }) => [content.fileId, ext]), [['f1', { preview: { fileId: 'p1' } }], ['f2', undefined]])
  assert.deepEqual(stored, [['/a', 'f1'], ['/b', 'f2']])
})

test('a message is of the kind that its bytes are; a file stays one', async () => {
  const { client, sender } = start()
  sender.sendFile({ ...picture('/a.heic'), poster: '/p' })
  sender.sendFile({ to: WANG, kind: 'file', path: '/b.png' })
  await settled()
  assert.equal(sender.entries(LI)[0].localPoster, '/p')
  client.uploads[0].done('f1', 'file')
  client.uploads[1].done('f2', 'image')
  await settled()
  assert.deepEqual(client.outbox.map(({ kind }) => kind), ['file', 'file'])
  assert.equal(sender.entries(LI)[0].localPoster, '/p')
})

test('what was interrupted is shown as failed, holds nothing up, and is sent when that is wanted', async () => {
  const { client, sender } = start()
  sender.sendFile({ to: LI, kind: 'voice', path: '/v.mp3', seconds: 3, unsent: true })
  sender.send({ to: LI, content: '二' })
  assert.deepEqual(said(client), ['二'])
  assert.equal(client.uploads.length, 0)
  const [voice] = sender.entries(LI).filter(({ kind }) => kind === 'voice')
  assert.equal(refusalText(voice.error, translator('zh', own)), '录音被打断，未发送')
  sender.retry(voice.clientMsgId)
  await settled()
  assert.equal(client.uploads[0].options.seconds, 3)
})

test('what cannot be stored goes while the app runs', async () => {
  const { client, storage, sender } = start()
  storage.isFull = true
  sender.sendFile(picture('/a'))
  await settled()
  assert.equal(sender.entries(LI)[0].isUnstored, true)
  client.uploads[0].done('f1')
  await settled()
  assert.deepEqual(said(client), ['f1'])
})

test('a browser\'s file, and what waits for it, is this tab\'s only', async () => {
  const { client, storage, sender } = start()
  sender.sendFile({ to: LI, kind: 'image', path: { name: 'a.png' } })
  sender.send({ to: LI, content: '二' })
  assert.deepEqual(storage.keys(), [])
  await settled()
  client.uploads[0].done('f1')
  await settled()
  assert.deepEqual(said(client), ['f1', '二'])
})

test('a client that takes no more, and one that knows nobody', async () => {
  const { client, sender } = start()
  sender.sendFile(picture('/a')).catch(() => {})
  sender.send({ to: LI, content: '二' }).catch(() => {})
  await settled()
  client.refusal = Object.assign(new Error('1000 messages wait already'), { code: -32013, final: true })
  client.uploads[0].done('f1')
  await settled()
  await settled()
  assert.deepEqual(sender.entries(LI).map(({ state }) => state), ['failed', 'failed'])
  client.refusal = null
  for (const { clientMsgId } of sender.entries(LI)) sender.retry(clientMsgId)
  assert.deepEqual(said(client), ['f1', '二'])
})

test('another user has another queue', async () => {
  const { client, storage, sender } = start()
  sender.sendFile(picture('/a'))
  client.userId = '9'
  assert.deepEqual(sender.entries(LI), [])
  client.userId = '3'
  assert.equal(sender.entries(LI).length, 1)
  assert.equal(storage.keys().length, 1)
})
