// What runs an app: it can end it without a word and start it again, put it into the background, and keeps its storage.

import { Client } from '../../dist/index.mjs'
import { nodeTransport } from '../../dist/node.mjs'

export class Phone {
  texts = new Map()
  timers = new Set()
  sockets = new Set()
  client = null
  run = 0
  // `options`: of the client; `watch(client)`: before it connects.
  constructor(options, watch = () => {}) {
    this.options = options
    this.watch = watch
  }

  // A host for one run of the app. After the run nothing of it happens any more.
  host() {
    const mine = ++this.run
    const node = nodeTransport()
    const alive = () => mine === this.run
    const { texts, sockets } = this
    return {
      ...node,
      connect(url, token, to) {
        const socket = node.connect(url, token, {
          opened: () => { if (alive()) to.opened() },
          received: (text) => { if (alive()) to.received(text) },
          closed: (code, reason) => {
            sockets.delete(socket)
            if (alive()) to.closed(code, reason)
          },
        })
        sockets.add(socket)
        return socket
      },
      storage: {
        get: (key) => texts.get(key) ?? null,
        set: (key, text) => { if (alive()) texts.set(key, text) },
        remove: (key) => { if (alive()) texts.delete(key) },
        keys: () => [...texts.keys()],
      },
      setTimeout: (act, ms) => {
        const timer = setTimeout(() => {
          this.timers.delete(timer)
          act()
        }, ms)
        this.timers.add(timer)
        return timer
      },
      clearTimeout: (timer) => {
        this.timers.delete(timer)
        clearTimeout(timer)
      },
      onWake: (listener) => {
        this.wake = () => { if (alive()) listener(true) }
        return () => {}
      },
    }
  }

  start() {
    this.client = new Client({ ...this.options, transport: this.host() })
    this.watch(this.client)
    this.client.connect().catch(() => {})
    return this.client
  }

  // The system ends the app: nothing is said, nothing more is stored.
  kill() {
    this.run++
    for (const timer of this.timers) clearTimeout(timer)
    this.timers.clear()
    // With the app its sockets go, also those that were being made: one of them would take the place of the next run's.
    for (const socket of this.sockets) socket.close()
    this.client = null
  }
}
