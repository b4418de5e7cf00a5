// The page's one client: whose it is, how its connection stands, what is known of others, and one `change` for all that is drawn of it.

import { Client, browserTransport } from 'hongyan-client'
import { Connection } from '../../../miniprogram/components/hy-chat/core/connection.js'
import { kitOf } from '../../../miniprogram/components/hy-chat/core/kit.js'
import { Typing } from '../../../miniprogram/components/hy-chat/core/typing.js'
import { Members } from './members.js'
import { Files } from './files.js'
import { previewOf } from './pictures.js'
import { SERVER, userOf } from './login.js'

/** Many events at once are one change: a page draws no more often. */
const CHANGE_MS = 16
const DRAWN = ['message', 'conversation', 'gone', 'outbox', 'stream', 'synced', 'reset', 'profile']

export class Im {
  /** @param {import('./login.js').Login} login */
  constructor(login) {
    this.login = login
    this.listeners = new Set()
    this.isForgotten = false
    const transport = browserTransport()
    this.storage = transport.storage
    const { token } = login
    const userId = token ? userOf(token) : login.userId
    // No device: of two tabs that cannot share a connection neither is to throw the other out.
    this.client = new Client({ server: SERVER, transport, ...(userId ? { userId } : {}), ...(token ? { getToken: (reason) => login.tokenFor(reason) } : {}) })
    const { client } = this
    Object.assign(this, kitOf(client))
    this.hasSynced = false // ever
    this.files = new Files(client)
    this.sender.useFiles({ previewOf, stored: (file, fileId) => this.files.keep(fileId, file) })
    this.presence.onChange(() => this.changed())
    this.members = new Members(client, () => this.changed())
    this.typing = new Typing(client, () => this.changed())
    this.connection = new Connection(client, navigator.onLine)
    this.connection.onChange(() => this.changed())
    client.on('synced', () => { this.hasSynced = true })
    for (const event of DRAWN) client.on(event, () => this.changed())
    this.sender.onChange(() => this.changed())
    this.directory.onChange(() => this.changed())
    this.ends = [listen('online', () => this.connection.network(true)), listen('offline', () => this.connection.network(false)), listen('pagehide', () => this.flush())]
    this.connect()
  }

  get me() { return this.client.userId }
  get state() { return this.client.state }
  /** What the title and the strip say: {title, strip}. */
  get view() { return this.connection.view }
  get isOnline() { return this.client.state === 'online' }

  connect() {
    this.client.connect().catch(() => {}) // how it goes the state tells
  }

  /** `listener()` hears, soon, that something is to be drawn anew. */
  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  changed() {
    this.changing ??= setTimeout(() => {
      this.changing = null
      for (const listener of [...this.listeners]) listener()
    }, CHANGE_MS)
  }

  /** Nothing is heard of it any more. */
  end() {
    for (const end of this.ends) end()
    this.connection.end()
    this.client.close()
    this.listeners.clear()
    queueMicrotask(() => { // what is drawn says its last words first: drafts
      this.flush()
      if (this.isForgotten) this.wipe()
    })
  }

  /** Nothing of this user stays in the browser. */
  wipe() {
    const { storage } = this
    for (const key of storage.keys()) if (key.startsWith(`hongyan:${SERVER}:${this.me}:`) || key.startsWith(`hongyan-chat:${this.me}:`)) storage.remove(key)
  }

  flush() {
    this.local.flush()
    this.directory.flush()
  }
}

function listen(name, act) {
  addEventListener(name, act)
  return () => removeEventListener(name, act)
}
