// A browser with several tabs: one set of locks, channels and texts for all of them, and WebSockets that the test plays the server of.

import { Clock } from './fake-host.mjs'

class FakeWebSocket {
  static OPEN = 1
  readyState = 0
  sent = []

  constructor(browser, url, protocols) {
    Object.assign(this, { browser, url, protocols })
    browser.sockets.push(this)
    browser.most = Math.max(browser.most, browser.open.length)
  }
  send(text) {
    const request = JSON.parse(text)
    this.sent.push(request)
    const result = this.browser.answers[request.method]?.(request.params)
    if (result) queueMicrotask(() => this.says({ id: request.id, result }))
  }
  close() {
    if (this.readyState === 3) return
    this.readyState = 3
    queueMicrotask(() => this.onclose?.({ code: 1005, reason: '' }))
  }

  // ---- what the other side does ----

  opens(facts) {
    this.readyState = 1
    this.onopen({})
    this.says({ method: 'session', params: facts })
  }
  says(what) { if (this.readyState === 1) this.onmessage({ data: JSON.stringify({ jsonrpc: '2.0', ...what }) }) }
  ends(code, reason = '') {
    this.readyState = 3
    this.onclose({ code, reason })
  }
}

export class FakeBrowser {
  clock = new Clock()
  sockets = []
  most = 0
  answers = {}
  channels = []
  texts = new Map()
  /** Of each lock who holds it, and who waits. */
  locks = new Map()

  get open() { return this.sockets.filter(({ readyState }) => readyState !== 3) }

  /** Its globals, until the end of the test. */
  install(t) {
    const browser = this
    const listeners = new Map()
    const on = { addEventListener: (name, listener) => listeners.set(listener, name), removeEventListener: (name, listener) => listeners.delete(listener) }
    this.happens = (name, event = {}) => { for (const [listener, of] of [...listeners]) if (of === name) listener(event) }
    const { texts } = this
    const given = {
      ...on,
      window: {
        localStorage: {
          getItem: (key) => texts.get(key) ?? null, setItem: (key, text) => texts.set(key, text), removeItem: (key) => texts.delete(key), key: (i) => [...texts.keys()][i], get length() { return texts.size },
        },
        setTimeout: this.clock.setTimeout, clearTimeout: this.clock.clearTimeout,
      },
      document: { ...on, visibilityState: 'visible' },
      navigator: { locks: { request: (...of) => this.lock(...of) } },
      WebSocket: class extends FakeWebSocket { constructor(...of) { super(browser, ...of) } },
      BroadcastChannel: class {
        constructor(name) {
          this.name = name
          browser.channels.push(this)
        }
        postMessage(data) {
          if (this.isClosed) throw new Error('the channel is closed')
          const text = JSON.stringify(data)
          for (const other of browser.channels) if (other !== this && other.name === this.name && !other.isClosed) {
            queueMicrotask(() => { if (!other.isClosed) other.onmessage?.({ data: JSON.parse(text) }) })
          }
        }
        close() { this.isClosed = true }
      },
    }
    const before = Object.keys(given).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)])
    for (const name in given) Object.defineProperty(globalThis, name, { value: given[name], configurable: true, writable: true })
    t.after(() => { for (const [name, descriptor] of before) descriptor ? Object.defineProperty(globalThis, name, descriptor) : delete globalThis[name] })
    return this
  }

  lock(name, { signal }, act) {
    return new Promise((resolve, reject) => {
      const queue = this.locks.get(name) ?? []
      this.locks.set(name, queue)
      const next = () => { if (queue.length) queue[0]() }
      const leave = () => {
        queue.shift()
        next()
      }
      const mine = () => {
        mine.isHeld = true
        mine.leave = leave
        Promise.resolve(act()).then(resolve, reject).then(() => { if (queue[0] === mine) leave() })
      }
      signal.addEventListener('abort', () => {
        if (mine.isHeld || !queue.includes(mine)) return
        queue.splice(queue.indexOf(mine), 1)
        reject(new Error('aborted'))
      })
      queue.push(mine)
      if (queue[0] === mine) queueMicrotask(() => { if (queue[0] === mine && !mine.isHeld) mine() })
    })
  }

  /** The tab that has the connection is ended by the system: it says nothing more, and hears nothing. */
  killLeader() {
    this.channels.find(({ isClosed }) => !isClosed).isClosed = true
    for (const socket of this.open) Object.assign(socket, { readyState: 3, onclose: null })
    for (const [holder] of this.locks.values()) holder?.leave?.()
  }
}
