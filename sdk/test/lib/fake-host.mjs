// A host whose clock, sockets, storage and network are the test's: nothing happens that the test does not make happen.

import assert from 'node:assert/strict'
import { Client } from './sdk.mjs'

const began = Date.parse('2026-11-29T10:00:00.000Z')

/** All that promises still do. */
export const turn = () => new Promise((resolve) => setImmediate(resolve))

export class Clock {
  now = began
  timers = new Map()
  count = 0

  constructor() { Date.now = () => this.now } // of the newest clock: what is tested asks no other

  setTimeout = (act, ms) => {
    assert.ok(ms >= 0 && ms <= 0x7fffffff, `a timer of ${ms} ms`)
    this.timers.set(++this.count, { at: this.now + ms, act })
    return this.count
  }
  clearTimeout = (timer) => { this.timers.delete(timer) }

  /** Milliseconds until the next timer; undefined: there is none. */
  get next() {
    const [first] = this.inOrder()
    return first && first[1].at - this.now
  }

  /** Time goes by, and what is due in it happens, each with all that follows from it. `every`: timers only then (a page in the background). */
  async advance(ms, every = 0) {
    const end = this.now + ms
    await turn()
    for (;;) {
      const [first] = this.inOrder()
      const due = first && (every ? Math.ceil((first[1].at - began) / every) * every + began : first[1].at)
      const at = Math.max(this.now, due ?? 0)
      if (!first || at > end) break
      this.now = at
      this.timers.delete(first[0])
      first[1].act()
      await turn()
    }
    this.now = end
    await turn()
  }

  inOrder() { return [...this.timers].sort(([a, x], [b, y]) => x.at - y.at || a - b) }
}

export const iso = (ms) => new Date(ms).toISOString()

class FakeSocket {
  isOpen = false
  isOver = false
  closedByClient = false
  /** Requests, as they came. */
  sent = []
  /** Those of them that nobody has answered. */
  waiting = []

  constructor(host, url, token, to) {
    Object.assign(this, { host, url, token, to })
  }

  send(text) {
    if (!this.isOpen || this.isOver || this.host.takesNothing) throw new Error('the socket is not open')
    const request = JSON.parse(text)
    this.host.texts.push(text)
    this.sent.push(request)
    this.waiting.push(request)
    const answer = this.host.answers[request.method]
    // Not before the caller goes on, as from a network.
    if (answer) queueMicrotask(() => {
      const result = answer(request.params, this, request)
      if (result !== undefined && this.waiting.includes(request)) this.tell(request, result?.code ? { error: { message: 'no', ...result } } : { result })
    })
  }
  close() {
    this.closedByClient = true
    this.end(1000, '')
  }

  // ---- what the other side does ----

  /** It is open, and the server says its first word. */
  open(facts = {}) {
    this.isOpen = true
    this.to.opened()
    this.notify('session', { ...this.host.facts(), ...facts })
  }
  notify(method, params) { this.to.received(JSON.stringify({ jsonrpc: '2.0', method, params })) }
  message(message) { this.notify('message', { message }) }
  /** The oldest request of this method that waits. */
  request(method) {
    const request = this.waiting.find((one) => one.method === method)
    assert.ok(request, `no ${method} waits, only ${this.waiting.map((one) => one.method).join(', ') || 'nothing'}`)
    return request
  }
  answer(method, result = {}) { this.tell(this.request(method), { result }) }
  refuse(method, code, data) { this.tell(this.request(method), { error: { code, message: 'no', ...(data ? { data } : {}) } }) }
  tell(request, said) {
    this.waiting.splice(this.waiting.indexOf(request), 1)
    if (!this.isOver) this.to.received(JSON.stringify({ jsonrpc: '2.0', id: request.id, ...said }))
  }
  end(code, reason = '') {
    if (this.isOver) return
    this.isOver = true
    this.to.closed(code, reason)
  }
  of(method) { return this.sent.filter((one) => one.method === method) }
}

export class FakeHost {
  sockets = []
  /** All that was ever sent. */
  texts = []
  /** Sockets that were open, or might yet be, at the same time. */
  most = 0
  uploads = []
  wakes = new Set()
  takesNothing = false
  /** Answers what a method's name is here for; others wait for the test. */
  answers = {
    ping: () => ({ serverTime: iso(Date.now()), positions: {} }),
    sync: () => ({ ...this.synced() }),
    'conversation.read': () => ({}),
  }
  epoch = 'e1'
  userId = 'me'
  /** What the next sync says of conversations. */
  conversations = []
  gone = []
  /** What a new socket does by itself. */
  onConnect = () => {}

  /** @param kept storage of an earlier host: the app was started again */
  constructor({ clock = new Clock(), kept = new Map() } = {}) {
    this.clock = clock
    this.kept = kept
    this.setTimeout = clock.setTimeout
    this.clearTimeout = clock.clearTimeout
    this.storage = {
      get: (key) => this.kept.get(key) ?? null,
      set: (key, text) => {
        if (text.length > this.room) throw new Error('the storage is full')
        this.kept.set(key, text)
      },
      remove: (key) => { this.kept.delete(key) },
      keys: () => [...this.kept.keys()],
    }
  }
  /** Characters of one text that storage takes. */
  room = Infinity

  facts() {
    return { userId: this.userId, sessionId: `s${this.sockets.length}`, node: 'n', epoch: this.epoch, heartbeatSeconds: 25, serverTime: iso(Date.now()), expiresAt: null, limits: { contentChars: 4096 } }
  }
  synced() {
    const { conversations, gone, epoch } = this
    this.conversations = []
    this.gone = []
    return { epoch, reset: false, conversations, gone, hasMore: false }
  }
  connect = (url, token, to) => {
    const socket = new FakeSocket(this, url, token, to)
    this.sockets.push(socket)
    this.most = Math.max(this.most, this.sockets.filter(({ isOver }) => !isOver).length)
    queueMicrotask(() => this.onConnect(socket))
    return socket
  }
  get socket() { return this.sockets[this.sockets.length - 1] }
  onWake = (listener) => {
    this.wakes.add(listener)
    return () => this.wakes.delete(listener)
  }
  wake(awake = true) { for (const listener of this.wakes) listener(awake) }
  upload = (request) => new Promise((resolve, reject) => this.uploads.push({ ...request, resolve, reject }))
  advance(ms, every) { return this.clock.advance(ms, every) }
}

const names = ['state', 'message', 'conversation', 'gone', 'outbox', 'typing', 'presence', 'profile', 'stream', 'synced', 'reset', 'error']

/** A client that is not online yet. `events(name)`: what it has told. `never`: its promises that nobody asks for are no failures. */
export function clientOn(host, options = {}) {
  const client = new Client({ server: 'https://chat.example', ...(options.getToken ? {} : { userId: 'me' }), transport: host, ...options })
  const told = []
  for (const name of names) client.on(name, (event) => told.push([name, event]))
  return { client, host, told, events: (name) => told.filter(([of]) => of === name).map(([, event]) => event) }
}

/** A client that is online, and has synced with what `host.conversations` says. */
export async function online(options = {}, host = new FakeHost()) {
  const on = clientOn(host, options)
  on.client.connect().catch(() => {})
  await turn()
  host.socket.open()
  await turn()
  assert.equal(on.client.state, 'online')
  return { ...on, socket: host.socket, seqs: () => on.events('message').map(({ message }) => message.seq) }
}

/** What became of a promise, so far. */
export function fate(promise) {
  const is = { settled: false }
  promise.then((value) => Object.assign(is, { settled: true, value }), (error) => Object.assign(is, { settled: true, error }))
  return is
}

/** An entry of the conversation 1, between `me` and `you`, unless it says otherwise. */
export const entry = (seq, more = {}) => ({
  id: 100 + seq, conversationId: '1', seq, from: 'you', to: more.from === 'me' ? { userId: 'you' } : { userId: 'me' }, kind: 'text', content: `text ${seq}`, ext: null,
  clientMsgId: null, createTime: iso(began + seq * 1000), recalled: false, ...more,
})
export const recallOf = (seq, of, more = {}) => entry(seq, { kind: 'recall', content: { seq: of }, ...more })
export const editOf = (seq, of, content, more = {}) => entry(seq, { kind: 'edit', content: { seq: of, content }, ...more })

/** What a sync says of one conversation. */
export const synced = (messages, more = {}) => ({
  conversationId: '1', place: { userId: 'you' }, lastSeq: messages.length ? messages[messages.length - 1].seq : 0, readSeq: 0, peerReadSeq: 0, unread: 0, pinned: false, muted: false,
  mentionSeq: null, firstSeq: 1, changed: [], hasMore: false, messages, ...more,
})

/** The server stores what was sent: the answer to the oldest message.send, and what of it comes live. */
export function stored({ params: { to, clientMsgId, kind, content, ext } }, seq, more = {}) {
  return entry(seq, { from: 'me', to, kind, content, ext: ext ?? null, clientMsgId, createTime: iso(Date.now()), ...more })
}

/** A token of this user, as far as one can read it. */
export const tokenOf = (sub, mark = '') => `e30.${Buffer.from(JSON.stringify({ sub, mark })).toString('base64url')}.x`

/** Math.random for a while: jitter is no luck then. Ids are not unique meanwhile. */
export async function withRandom(value, act) {
  const { random } = Math
  Math.random = () => value
  try {
    return await act()
  } finally {
    Math.random = random
  }
}
