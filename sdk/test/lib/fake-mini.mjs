// The objects of the mini-program hosts, as far as they are used, each with its oddities: wx, qq, tt, uni, my, Taro.

import assert from 'node:assert/strict'

const isCallback = (act) => typeof act === 'function'

class FakeTask {
  isOpen = false
  isOver = false
  sent = []
  closes = []

  constructor(api, options) {
    this.api = api
    this.options = options
    this.on = { Open: [], Message: [], Close: [], Error: [] }
  }
  onOpen(listener) { this.on.Open.push(listener) }
  onMessage(listener) { this.on.Message.push(listener) }
  onClose(listener) { this.on.Close.push(listener) }
  onError(listener) { this.on.Error.push(listener) }
  send({ data, success, fail, complete }) {
    if (!this.isOpen || this.isOver) return fail({ errMsg: 'sendSocketMessage:fail not connected' })
    assert.equal(typeof data, 'string')
    this.sent.push(data)
    success()
    complete()
    this.api.onSent?.(this, JSON.parse(data))
  }
  close(options) {
    this.closes.push(options)
    const gone = { errMsg: 'closeSocket:fail task not found' }
    if (this.api.closing === 'throws') throw gone
    if (this.api.closing === 'rejects') return Promise.reject(gone)
    if (this.api.closing === 'fails') return options.fail(gone)
    if (this.api.closing === 'nothing' || this.isOver) return
    queueMicrotask(() => this.ends({ code: options.code, reason: options.reason }))
  }

  // ---- what happens to it ----

  tell(what, event) { for (const listener of this.on[what]) listener(event) }
  opens() {
    this.isOpen = true
    this.tell('Open', { header: {} })
  }
  says(text) { this.tell('Message', this.api.saysObjects ? { data: { data: text, isBuffer: false } } : { data: text }) }
  ends(event) {
    this.isOver = true
    this.tell('Close', event)
  }
  fails(errMsg) { this.tell('Error', { errMsg }) }
}

/** wx, and qq, which is like it. */
export class FakeWx {
  tasks = []
  uploads = []
  /** How a task answers close(): ok, or as one that is dead: throws, rejects, fails, nothing. */
  closing = 'ok'
  texts = new Map()
  room = Infinity
  on = { AppShow: new Set(), AppHide: new Set(), NetworkStatusChange: new Set() }

  constructor() {
    for (const name of Object.keys(this.on)) {
      this[`on${name}`] = (listener) => this.on[name].add(listener)
      this[`off${name}`] = (listener) => this.on[name].delete(listener)
    }
  }
  get task() { return this.tasks[this.tasks.length - 1] }
  happens(name, event) { for (const listener of this.on[name]) listener(event) }

  connectSocket(options) {
    const task = new FakeTask(this, options)
    this.tasks.push(task)
    return task
  }
  uploadFile(options) {
    const upload = { options, progress: [], onProgressUpdate: (listener) => upload.progress.push(listener) }
    this.uploads.push(upload)
    return upload
  }
  getStorageSync(key) { return this.texts.get(key) ?? '' }
  setStorageSync(key, text) {
    if (text.length > this.room) throw new Error('setStorageSync:fail entry size limit reached')
    this.texts.set(key, text)
  }
  removeStorageSync(key) { this.texts.delete(key) }
  getStorageInfoSync() { return { keys: [...this.texts.keys()], currentSize: 1, limitSize: 10240 } }
}

/** Douyin: a protocol that is offered and not selected is a failure. */
export class FakeTt extends FakeWx {
  selects = 'hongyan.v1'
  connectSocket(options) {
    const task = super.connectSocket(options)
    if (options.protocols?.length && !options.protocols.includes(this.selects)) queueMicrotask(() => task.fails('connectSocket:fail subprotocol'))
    return task
  }
}

/** uni-app: without a callback it answers a promise of nothing that is of use. */
export class FakeUni extends FakeWx {
  connectSocket(options) {
    const task = super.connectSocket(options)
    return isCallback(options.success) || isCallback(options.fail) || isCallback(options.complete) ? task : Promise.resolve({ errMsg: 'connectSocket:ok' })
  }
}

/** Taro: promises of tasks. `late`: when the test says. */
export class FakeTaro extends FakeWx {
  late = false
  connectSocket(options) {
    const task = super.connectSocket(options)
    if (!this.late) return Promise.resolve(task)
    return new Promise((resolve, reject) => Object.assign(task, { comes: () => resolve(task), doesNotCome: (error) => reject(error) }))
  }
  uploadFile(options) {
    const upload = super.uploadFile(options)
    return Object.assign(new Promise((resolve, reject) => {
      const { success, fail } = options
      options.success = (answer) => (success(answer), resolve(answer))
      options.fail = (error) => (fail(error), reject(error))
    }), upload)
  }
}

/** Alipay: no protocols, a task only with `multiple`, storage by objects, errors in answers, texts in objects. */
export class FakeMy extends FakeWx {
  saysObjects = true
  connectSocket(options) {
    if ('protocols' in options) throw Object.assign(new Error('unknown option protocols'), { error: 9 })
    const task = super.connectSocket(options)
    return options.multiple ? task : undefined
  }
  getStorageSync({ key }) {
    assert.equal(typeof key, 'string')
    return this.texts.has(key) ? { data: this.texts.get(key), success: true } : { data: null, success: true }
  }
  setStorageSync({ key, data }) {
    if (data.length > this.room) return { error: 14, errorMessage: 'storage full', success: false }
    this.texts.set(key, data)
    return { success: true }
  }
  removeStorageSync({ key }) { this.texts.delete(key) }
  uploadFile(options) {
    assert.ok(options.fileType && options.fileName, 'Alipay wants fileType and fileName')
    return super.uploadFile(options)
  }
}
