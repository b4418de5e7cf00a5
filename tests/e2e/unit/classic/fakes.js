'use strict'
// Stand-ins for what the phone gives to the modules under test.

/** wx with sockets whose events the test fires: `sockets` holds them in the order of their making. */
class FakeWx {
  constructor() {
    this.sockets = []
    this.storage = new Map()
    this.networkListeners = new Set()
  }

  connectSocket({ url, header }) {
    const listeners = {}
    const socket = {
      url,
      header,
      closed: false,
      sent: [],
      fire: (name, event = {}) => listeners[name](event),
      onOpen: (listener) => { listeners.open = listener },
      onMessage: (listener) => { listeners.message = listener },
      onError: (listener) => { listeners.error = listener },
      onClose: (listener) => { listeners.close = listener },
      send: ({ data }) => socket.sent.push(data),
      close: () => { socket.closed = true },
    }
    this.sockets.push(socket)
    return socket
  }

  get socket() { return this.sockets[this.sockets.length - 1] }

  onNetworkStatusChange(listener) { this.networkListeners.add(listener) }

  offNetworkStatusChange(listener) { this.networkListeners.delete(listener) }

  network(isConnected) { for (const listener of this.networkListeners) listener({ isConnected }) }

  getStorageSync(key) { return this.storage.has(key) ? JSON.parse(this.storage.get(key)) : '' }

  setStorageSync(key, value) { this.storage.set(key, JSON.stringify(value)) }

  removeStorageSync(key) { this.storage.delete(key) }
}

/** Replaces the timers until the test ends; `pass(ms)` lets time go by. */
function fakeTimers(context) {
  const real = { setTimeout, clearTimeout, setInterval, clearInterval }
  const timers = new Map()
  let now = 0
  let next = 1
  const add = (run, ms, every) => {
    timers.set(next, { run, at: now + ms, every })
    return next++
  }
  global.setTimeout = (run, ms = 0) => add(run, ms, 0)
  global.setInterval = (run, ms) => add(run, ms, ms)
  global.clearTimeout = global.clearInterval = (id) => timers.delete(id)
  context.after(() => Object.assign(global, real))
  return {
    now: () => now,
    pending: () => timers.size,
    async pass(ms) {
      const end = now + ms
      for (;;) {
        await settled()
        const due = [...timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at)[0]
        if (!due) break
        const [id, timer] = due
        now = timer.at
        if (timer.every) timer.at += timer.every
        else timers.delete(id)
        timer.run()
      }
      now = end
    },
  }
}

/** All promises that can go on have gone on. */
const settled = () => new Promise((resolve) => { setImmediate(resolve) })

module.exports = { FakeWx, fakeTimers }
