// A client of v1: JSON-RPC over a WebSocket. It checks on the way what holds for every message of every session:
// the shape, and that a conversation's seq only goes up.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import WebSocket from 'ws'
import { newUser } from './client.js'
import { commonErrors, methods, ownErrors } from './documents.js'
import { within } from './wait.js'

export const subprotocol = 'hongyan.v1'
export const user = (userId) => ({ userId: String(userId) })
export const group = (groupId) => ({ groupId: String(groupId) })
export const newId = () => String(newUser())
export const uniqueId = () => crypto.randomUUID()
export const seqs = (messages) => messages.map(({ seq }) => seq)
export const range = (from, to) => Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)

const brief = (value) => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}

const inside = /sqlite|postgres|libpq|\bpq\b|select |insert |update |exception|std::|boost|caf::|\/tmp\/|\.cpp|0x[0-9a-f]{6}/i
export const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

export class RpcError extends Error {
  constructor(method, { code, message, data }) {
    super(`${method} was answered ${code}: ${message}${data === undefined ? '' : ` ${JSON.stringify(data)}`}`)
    this.code = code
    this.text = message
    this.data = data
  }
}

// docs/asyncapi.json is the one list of what a method may be answered, and with this every test sees to it that it is whole.
function asDocumented(method, error) {
  const known = !methods.includes(method) || [...commonErrors, ...ownErrors(method)].includes(error.code)
  return known ? new RpcError(method, error) : new assert.AssertionError({ message: `${method} was answered ${error.code}, which is not in its x-errors: ${brief(error)}` })
}

// What every error has, and what goes with its code.
export function assertError({ code, text, data }, expected, { param } = {}) {
  assert.ok([expected].flat().includes(code), `error ${code} (${text}) instead of ${[expected].flat().join(' or ')}`)
  assert.equal(typeof text, 'string')
  assert.ok(text.length > 0, 'an error says something')
  assert.doesNotMatch(text, inside, 'an error tells nothing about the inside')
  if (code === -32602) {
    assert.equal(typeof data?.param, 'string', `-32602 names the parameter (${text})`)
    if (param !== undefined) assert.equal(data.param, param, `the parameter named (${text})`)
  } else if (code === -32003) {
    if (data !== undefined) assert.match(data.reason, /^(blocked|muted|role)$/, `why ${code}: ${brief(data)}`)
  } else if (code === -32029 || code === -32053 || code === -32603) {
    assert.ok(Number.isInteger(data?.retryAfterMs) && data.retryAfterMs >= 0, `${code} has retryAfterMs: ${brief(data)}`)
  } else {
    assert.equal(data, undefined, `${code} has no data`)
  }
}

export function assertMessage(message) {
  const where = brief(message)
  assert.ok(Number.isSafeInteger(message.id) && message.id > 0, `id of ${where}`)
  assert.match(message.conversationId, /^\d+$/, `conversationId of ${where}`)
  assert.ok(Number.isSafeInteger(message.seq) && message.seq > 0, `seq of ${where}`)
  assert.equal(typeof message.from, 'string', `from of ${where}`)
  const [kind, ...more] = Object.keys(message.to ?? {})
  assert.ok(['userId', 'groupId'].includes(kind) && !more.length && typeof message.to[kind] === 'string', `to of ${where}`)
  assert.match(message.kind, /^(text|image|voice|video|file|location|custom|recall|edit|group)$/, `kind of ${where}`)
  assert.match(message.createTime, rfc3339, `createTime of ${where}`)
  assert.equal(typeof message.recalled, 'boolean', `recalled of ${where}`)
  if (message.recalled) assert.equal(message.content, null, `content of ${where}`)
  else if (message.kind === 'text') assert.equal(typeof message.content, 'string', `content of ${where}`)
  else assert.ok(message.content && typeof message.content === 'object', `content of ${where}`)
}

export class V1 {
  constructor(socket) {
    this.socket = socket
    this.queue = [] // what came and was not taken: notifications, and answers that nobody waits for
    this.waiting = []
    this.pending = new Map()
    this.lastSeq = new Map()
    this.calls = 0
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => {
      resolve({ code, reason: reason.toString() })
      const error = new Error(`${this.userId}: the socket closed with ${code} ${reason}`)
      for (const { reject } of [...this.waiting.splice(0), ...this.pending.values()]) reject(error)
      this.pending.clear()
    }))
    socket.on('error', () => { /* 'close' follows */ })
    socket.on('message', (data, isBinary) => {
      try {
        this.receive(data.toString('utf8'), isBinary)
      } catch (error) {
        this.broken = error
        for (const { reject } of [...this.waiting.splice(0), ...this.pending.values()]) reject(error)
      }
    })
  }

  get isOpen() { return this.socket.readyState === WebSocket.OPEN }

  receive(text, isBinary) {
    assert.equal(isBinary, false, 'v1 speaks in text messages')
    const incoming = JSON.parse(text)
    assert.equal(incoming.jsonrpc, '2.0', text.slice(0, 200))
    if ('method' in incoming) {
      assert.ok(!('id' in incoming), `a notification has no id: ${brief(incoming)}`)
      if (incoming.method === 'message') this.follow(incoming.params.message)
    } else {
      assert.ok('id' in incoming, `an answer has an id: ${brief(incoming)}`)
      assert.equal(Number('result' in incoming) + Number('error' in incoming), 1, `a result or an error: ${brief(incoming)}`)
      const call = this.pending.get(incoming.id)
      if (call) {
        this.pending.delete(incoming.id)
        if (incoming.error) call.reject(asDocumented(call.method, incoming.error))
        else call.resolve(incoming.result)
        return
      }
    }
    const index = this.waiting.findIndex(({ accepts }) => accepts(incoming))
    if (index >= 0) this.waiting.splice(index, 1)[0].resolve(incoming)
    else this.queue.push(incoming)
  }

  // In one conversation every session sees `message` in seq order, each once.
  follow(message) {
    assertMessage(message)
    const last = this.lastSeq.get(message.conversationId) ?? 0
    assert.ok(message.seq > last, `conversation ${message.conversationId}: seq ${message.seq} came after ${last}`)
    this.lastSeq.set(message.conversationId, message.seq)
  }

  send(value) { this.socket.send(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)) }

  // The result; an error is thrown as an RpcError.
  call(method, params, { ms = 10_000 } = {}) {
    if (this.broken) return Promise.reject(this.broken)
    if (!this.isOpen) return Promise.reject(new Error(`${method}: the socket is closed`))
    const id = `c${++this.calls}`
    const answer = new Promise((resolve, reject) => this.pending.set(id, { method, resolve, reject }))
    this.send({ jsonrpc: '2.0', id, method, params })
    return within(ms, answer, `the answer to ${method} ${brief(params)}`)
  }

  // Calls, and insists on that error; returns it.
  async fails(code, method, params, options) {
    let result
    try {
      result = await this.call(method, params)
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      try {
        assertError(error, code, options)
      } catch (wrong) {
        wrong.message = `${method} ${brief(params)}: ${wrong.message}`
        throw wrong
      }
      return error
    }
    assert.fail(`${method} ${brief(params)} was answered ${brief(result)} instead of error ${code}`)
  }

  // Takes the first that `accepts`, waiting for it if need be; others stay.
  take(accepts, ms, what) {
    if (this.broken) return Promise.reject(this.broken)
    const index = this.queue.findIndex(accepts)
    if (index >= 0) return Promise.resolve(this.queue.splice(index, 1)[0])
    if (this.socket.readyState === WebSocket.CLOSED) return Promise.reject(new Error(`${what}: the socket is closed`))
    const found = new Promise((resolve, reject) => this.waiting.push({ accepts, resolve, reject }))
    return within(ms, found, what).catch((error) => {
      error.message += `; what came instead: ${brief(this.queue.slice(0, 5))}`
      throw error
    })
  }

  // The params of the next notification of that method that satisfies the predicate.
  async next(method, predicate = () => true, ms = 5_000) {
    const { params } = await this.take((it) => it.method === method && predicate(it.params), ms, `the notification ${method}`)
    return params
  }

  // The next message, of those that satisfy the predicate.
  async message(predicate = () => true, ms) { return (await this.next('message', (params) => predicate(params.message), ms)).message }

  // The next `count` messages of a conversation.
  async messages(conversationId, count, ms) {
    const all = []
    while (all.length < count) all.push(await this.message((message) => message.conversationId === conversationId, ms))
    return all
  }

  // The next answer that no call waits for, as it came.
  answer(ms = 5_000) { return this.take((it) => !('method' in it), ms, 'an answer') }

  // What came of that method and was not taken.
  left(method) { return this.queue.filter((it) => it.method === method).map(({ params }) => params) }

  // Sends a text, or with `more` something else; the message as stored.
  async say(to, content, more = {}) {
    const { message } = await this.call('message.send', { to, clientMsgId: uniqueId(), kind: 'text', content, ...more })
    assertMessage(message)
    return message
  }

  history(place, more = {}) { return this.call('message.history', { in: place, ...more }) }

  // The row of conversation.list about a place.
  async row(place) {
    const { conversations } = await this.call('conversation.list')
    return conversations.find((it) => it.place.userId === place.userId && it.place.groupId === place.groupId)
  }

  // All of a conversation that one may read, by seq.
  async all(place) {
    let messages = []
    for (let afterSeq = 0; ;) {
      const page = await this.history(place, { afterSeq, limit: 500 })
      for (const message of page.messages) assertMessage(message)
      messages = [...messages, ...page.messages]
      if (!page.hasMore) return messages
      assert.ok(page.messages.length > 0, 'there is more, and an empty page')
      afterSeq = messages.at(-1).seq
    }
  }

  closing(ms = 5_000) { return within(ms, this.closed, 'the close of a v1 socket') }

  close(code = 1000) {
    this.socket.close(code)
    return this.closing()
  }
}

const pathOf = (userId, device) => `/v1/connect?${new URLSearchParams({ userId, ...(device === undefined ? {} : { device }) })}`

// Connects, and resolves when `session` has come, which is in `hello`. With `t` the socket ends with the test.
export async function connectV1(server, userId, { t, device, path = pathOf(userId, device), protocols = [subprotocol], headers, origin } = {}) {
  const socket = new WebSocket(server.socketUrl(path), protocols, { headers, origin, perMessageDeflate: false, ...server.tls })
  t?.after(() => socket.terminate())
  const session = new V1(socket)
  session.userId = String(userId)
  const opened = new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  try {
    await within(10_000, opened, `the upgrade of ${path}`)
    const first = await session.take(() => true, 5_000, 'the first message')
    assert.equal(first.method, 'session', `the first message is ${brief(first)}`)
    session.hello = first.params
  } catch (error) {
    socket.terminate()
    error.message = `connecting to ${path}: ${error.message}`
    throw error
  }
  return session
}

// New users with a session each: [session…].
export const people = (server, t, count) => Promise.all(Array.from({ length: count }, () => connectV1(server, newId(), { t })))

// A group of these sessions, the first its owner; returns its place, and its conversation in `conversationId`.
export async function groupOf(sessions, params = {}) {
  const [owner, ...others] = sessions
  const created = await owner.call('group.create', { name: 'geese', members: others.map(({ userId }) => userId), ...params })
  const entries = await Promise.all(sessions.map((session) => session.message(
    ({ kind, to, content }) => kind === 'group' && to.groupId === created.group.groupId && content.action === 'create')))
  return { place: group(created.group.groupId), conversationId: entries[0].conversationId, group: created.group, entry: entries[0] }
}

// Calls for each params in that order, at most `window` in flight; the results in that order.
export async function pipeline(session, method, list, window = 32) {
  const results = new Array(list.length)
  let next = 0
  await Promise.all(Array.from({ length: Math.min(window, list.length) }, async () => {
    while (next < list.length) {
      const i = next++
      results[i] = await session.call(method, list[i], { ms: 30_000 })
    }
  }))
  return results
}

// Texts `first`…`last`, stored in that order; the messages.
export async function flood(session, to, first, last, text = (i) => `n${i}`) {
  const list = range(first, last).map((i) => ({ to, clientMsgId: uniqueId(), kind: 'text', content: text(i) }))
  return (await pipeline(session, 'message.send', list)).map(({ message }) => message)
}

// What a client keeps: the log of each conversation, and how far it is whole.
export class Replica {
  epoch = null
  resets = 0
  positions = {}
  logs = new Map() // conversationId → Map(seq → message)
  rows = new Map()

  log(conversationId) {
    if (!this.logs.has(conversationId)) this.logs.set(conversationId, new Map())
    return this.logs.get(conversationId)
  }

  // A message that came live, or in a page: a seq that is there already is dropped.
  keep(message) {
    assertMessage(message)
    const log = this.log(message.conversationId)
    if (!log.has(message.seq)) log.set(message.seq, message)
  }

  // What tells a client of a store that was set back: the newest messages that it holds, however they came.
  newest(count = 8) {
    const all = [...this.logs.values()].flatMap((log) => [...log.values()])
    return all.sort((a, b) => b.id - a.id).slice(0, count).map(({ conversationId, seq, id, createTime }) => ({ conversationId, seq, id, createTime }))
  }

  advance(conversationId) {
    const log = this.log(conversationId)
    while (log.has(this.positions[conversationId] + 1)) this.positions[conversationId]++
  }

  // Pages until there is no more; each page is checked for what sync promises.
  async sync(session, { limit = 200, recent, onPage } = {}) {
    const pages = []
    for (;;) {
      const asked = { ...this.positions }
      const page = await session.call('sync', { epoch: this.epoch, last: this.newest(), positions: asked, limit, recent }, { ms: 20_000 })
      pages.push(page)
      const total = page.conversations.reduce((sum, { messages }) => sum + messages.length, 0)
      assert.ok(total <= limit, `${total} messages on a page of at most ${limit}`)
      if (page.reset) {
        this.resets++
        this.positions = {}
        this.logs.clear()
      }
      this.epoch = page.epoch
      for (const id of page.gone) {
        assert.ok(id in asked, `gone: ${id} was not asked for`)
        delete this.positions[id]
        this.logs.delete(id)
      }
      let progress = page.gone.length > 0 || page.reset
      for (const row of page.conversations) {
        const { conversationId: id, messages } = row
        const known = !page.reset && id in asked
        this.rows.set(id, row)
        for (const message of messages) {
          assert.equal(message.conversationId, id)
          this.keep(message)
        }
        if (messages.length) {
          assert.deepEqual(seqs(messages), range(messages[0].seq, messages.at(-1).seq), `conversation ${id}: a page without holes`)
          assert.ok(messages[0].seq >= row.firstSeq, `conversation ${id}: seq ${messages[0].seq} is before firstSeq ${row.firstSeq}`)
          if (known) assert.equal(messages[0].seq, Math.max(asked[id] + 1, row.firstSeq), `conversation ${id}: goes on after position ${asked[id]}`)
          this.positions[id] = Math.max(this.positions[id] ?? 0, messages.at(-1).seq)
          progress = true
        } else if (!row.hasMore) {
          if (known) assert.ok(row.lastSeq <= asked[id] || row.lastSeq < row.firstSeq, `conversation ${id}: is at ${row.lastSeq}, was asked after ${asked[id]}, and nothing came`)
          else progress = true
          this.positions[id] = Math.max(this.positions[id] ?? 0, row.lastSeq)
        }
        if (!row.hasMore && messages.length) assert.ok(messages.at(-1).seq >= row.lastSeq, `conversation ${id}: stops at ${messages.at(-1).seq} of ${row.lastSeq} without hasMore`)
        if (row.hasMore) assert.equal(page.hasMore, true, 'a conversation with more makes the page have more')
        if (id in this.positions) this.advance(id)
      }
      await onPage?.(page)
      if (!page.hasMore) return pages
      assert.ok(progress, 'there is more, and a page that brings nothing')
      assert.ok(pages.length < 2_000, 'sync does not come to an end')
    }
  }

  // The messages of a conversation, by seq.
  of(conversationId) { return [...this.log(conversationId).values()].sort((a, b) => a.seq - b.seq) }
}
