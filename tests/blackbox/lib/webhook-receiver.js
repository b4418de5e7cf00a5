// A receiver of webhooks on a free port of this machine. Each request is verified by the official package of Standard Webhooks, and kept in
// the order in which it came; what is wrong with one fails whoever waits here. It can be told to answer badly, also for some events only.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import http from 'node:http'
import https from 'node:https'
import { Webhook } from 'standardwebhooks'
import { assertMessage, rfc3339 } from './v1.js'
import { Watched } from './watched.js'

export const newSecret = (bytes = 32) => `whsec_${crypto.randomBytes(bytes).toString('base64')}`

// How a request is answered: a status, one of these, or a function of the arrival that returns one; `after` are milliseconds, and `times` how
// often until the rule is no more.
export const hang = { hang: true }
export const reset = { reset: true }
export const closing = { status: 200, headers: { connection: 'close' } }
export const redirect = (location, status = 302) => ({ status, headers: { location } })
export const retryAfter = (value, status = 429) => ({ status, headers: { 'retry-after': String(value) } })
export const huge = (bytes = 2 ** 30) => ({ status: 200, bytes })
export const dripping = { status: 200, drip: true }

const members = {
  'message.created': ['message'],
  'message.edited': ['by', 'message'],
  'message.recalled': ['by', 'message'],
  'message.reacted': ['conversationId', 'emoji', 'on', 'seq', 'userId'],
  'group.changed': ['message'],
  'user.online': ['since', 'userId'],
  'user.offline': ['since', 'userId'],
}
export const types = Object.keys(members)

// What an event's order goes by.
const placeOf = ({ message, conversationId, userId }) => message?.conversationId ?? conversationId ?? `user ${userId}`

// Which of these secrets have signed a request: one at least.
export function signersOf(secrets, headers, body) {
  const signers = secrets.filter((secret) => {
    try {
      new Webhook(secret).verify(body, headers)
      return true
    } catch {
      return false
    }
  })
  assert.ok(signers.length > 0, 'it is signed with none of the secrets')
  return signers
}

const is2xx = ({ status }) => status >= 200 && status < 300

export class Receiver extends Watched {
  arrivals = [] // {id, type, timestamp, data, place, headers, path, by, signatures, verifiedBy, first, begun, answered, status, at, took, bytes}
  taken = [] // of each event the arrival that was the first to be answered 2xx
  takenIds = new Set()
  bodies = new Map() // id → the event of its first arrival
  busy = 0
  busiest = 0
  connections = 0
  clock = 0 // counts what happens: `begun` and `answered` of arrivals are its ticks
  faults = []

  // `secrets`: of which one at least has signed; `tls`: {cert, key}, texts; `who(socket)`: names the sender, as `by`.
  static async open(t, { secrets = [newSecret()], tls } = {}) {
    const receiver = new Receiver()
    receiver.secrets = secrets
    receiver.scheme = tls ? 'https' : 'http'
    receiver.server = tls ? https.createServer(tls) : http.createServer()
    receiver.server.on('connection', () => { receiver.connections++ })
    receiver.server.on('request', (request, response) => receiver.receive(request, response))
    // Of a connection that was cut there is nothing to say.
    receiver.server.on('clientError', (error, socket) => {
      if (error.code?.startsWith('HPE_') && error.code !== 'HPE_INVALID_EOF_STATE') receiver.fault(`a malformed request: ${error.code}`)
      socket.destroy()
    })
    // One that is cut while a request comes would be a failure that no test has asked for.
    receiver.server.keepAliveTimeout = 0
    receiver.server.requestTimeout = 0
    await receiver.listen(0)
    receiver.port = receiver.server.address().port
    t?.after(() => receiver.close())
    return receiver
  }

  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(port, '127.0.0.1', () => { this.server.off('error', reject); resolve() })
    })
  }

  get url() { return this.urlAt('127.0.0.1') }
  urlAt(host) { return `${this.scheme}://${host}:${this.port}/hook` }

  // Nobody is there: connections are refused, and those there are end.
  down() {
    const ended = new Promise((resolve) => this.server.close(resolve))
    this.server.closeAllConnections()
    return ended
  }

  up() { return this.listen(this.port) }

  async close() {
    if (this.server.listening) await this.down()
    this.assertGood()
  }

  // From now on those that `accepts` are answered so; the newest such rule counts. Returns what takes it back.
  answer(how, accepts = () => true) {
    const rule = { how: typeof how === 'number' ? { status: how } : how, accepts, left: how.times ?? Infinity }
    this.rules.push(rule)
    return () => { this.rules = this.rules.filter((it) => it !== rule) }
  }

  get place() { return 'the receiver' }
  assertGood() {
    if (this.faults.length) throw new assert.AssertionError({ message: `at ${this.place}: ${this.faults[0]}` })
  }

  fault(what) {
    this.faults.push(what)
    this.changed()
  }

  summary() {
    const last = this.arrivals.slice(-5).map(({ id, type, status, data }) => `${id} ${type} ${JSON.stringify(data.message?.content ?? null)?.slice(0, 40)} → ${status ?? 'nothing'}`)
    return `${this.arrivals.length} requests came, ${this.taken.length} events are delivered, the last: ${last.join('; ')}`
  }

  // Events that were answered 2xx, each once, in the order of their first arrival.
  get delivered() { return this.firsts.filter(({ id }) => this.takenIds.has(id)) }
  // Of these what is about conversations.
  get events() { return this.delivered.filter(({ type }) => !type.startsWith('user.')) }
  get firsts() { return this.arrivals.filter(({ first }) => first) }
  of(type) { return this.delivered.filter((it) => it.type === type) }
  attempts(id) { return this.arrivals.filter((it) => it.id === String(id)) }

  // The next that is delivered of those that satisfy the predicate, however long ago.
  event(accepts, ms, what = 'an event') { return this.waitFor(() => this.delivered.find(accepts), ms, what) }

  // The delivery of a message, and so of all that were told before it in its conversation.
  told({ id }, ms) { return this.event((it) => it.type === 'message.created' && it.data.message.id === id, ms, `message.created of ${id}`) }

  // The delivery of all these messages.
  toldAll(messages, ms = 20_000) {
    const left = new Set(messages.map(({ id }) => id))
    let seen = 0
    return this.waitFor(() => {
      for (; seen < this.taken.length; seen++) if (this.taken[seen].type === 'message.created') left.delete(this.taken[seen].data.message.id)
      return left.size === 0
    }, ms, `message.created of all of ${messages.length}`)
  }

  // First deliveries are in order within a conversation, each after the one before was answered 2xx.
  assertOrder() {
    const last = new Map()
    const takenAt = new Map(this.taken.map(({ id, answered }) => [id, answered]))
    for (const it of [...this.firsts].sort((a, b) => a.begun - b.begun)) {
      const before = last.get(it.place)
      if (before) {
        assert.ok(Number(before.id) < Number(it.id), `conversation ${it.place}: event ${it.id} came after ${before.id}`)
        assert.ok(takenAt.get(before.id) < it.begun, `conversation ${it.place}: event ${it.id} came before ${before.id} was taken`)
      }
      last.set(it.place, it)
    }
  }

  receive(request, response) {
    const arrival = { begun: ++this.clock, at: Date.now(), by: this.who?.(request.socket) }
    this.busiest = Math.max(this.busiest, ++this.busy)
    let isOver = false
    arrival.over = () => {
      if (!isOver) this.busy--
      isOver = true
    }
    response.on('close', () => {
      arrival.over()
      arrival.took = Date.now() - arrival.at
      this.changed()
    })
    response.on('error', () => {})
    const chunks = []
    request.on('error', () => {})
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      try {
        this.check(arrival, request, body)
      } catch (error) {
        this.fault(`${error.message}; ${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body.slice(0, 500)}`)
        response.writeHead(400).end()
        return
      }
      this.arrivals.push(arrival)
      const rule = this.rules.findLast(({ accepts, left }) => left > 0 && accepts(arrival))
      if (rule) rule.left--
      const how = typeof rule?.how === 'function' ? rule.how(arrival) : rule?.how
      this.respond(arrival, how ?? { status: 200 }, request, response)
      this.changed()
    })
  }

  // What holds for each request.
  check(arrival, { method, url, headers }, body) {
    assert.equal(method, 'POST')
    assert.match(headers['content-type'] ?? '', /^application\/json\b/)
    assert.match(headers['webhook-id'] ?? '', /^[1-9]\d*$/)
    assert.match(headers['webhook-timestamp'] ?? '', /^\d{10}$/)
    assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 30, 'webhook-timestamp is that of the attempt')
    const signatures = (headers['webhook-signature'] ?? '').split(' ')
    for (const signature of signatures) assert.match(signature, /^v1,[A-Za-z0-9+/]{43}=$/)
    const verifiedBy = signersOf(this.secrets, headers, body)
    const { type, timestamp, data, ...more } = JSON.parse(body)
    assert.deepEqual(more, {}, 'an event has type, timestamp and data')
    assert.match(timestamp, rfc3339)
    assert.ok(members[type], `the type ${type}`)
    assert.deepEqual(Object.keys(data).sort(), members[type], `the data of ${type}`)
    if (data.message) assertMessage(data.message)
    const id = headers['webhook-id']
    const event = { type, timestamp, data }
    const before = this.bodies.get(id)
    if (before) assert.deepEqual(event, before, `event ${id} is another than before`)
    else this.bodies.set(id, event)
    Object.assign(arrival, { id, ...event, place: placeOf(data), headers, path: url, signatures: signatures.length, verifiedBy, first: !before, bytes: body.length })
  }

  respond(arrival, { status = 200, headers = {}, after, hang: never, reset: cut, bytes, drip }, request, response) {
    if (never) return
    if (cut) {
      request.socket.resetAndDestroy()
      return
    }
    if (after) {
      setTimeout(() => this.respond(arrival, { status, headers, bytes, drip }, request, response), after)
      return
    }
    arrival.status = status
    arrival.answered = ++this.clock
    arrival.over()
    if (is2xx(arrival) && !this.takenIds.has(arrival.id)) {
      this.takenIds.add(arrival.id)
      this.taken.push(arrival)
    }
    response.writeHead(status, bytes === undefined ? headers : { 'content-length': bytes, ...headers })
    if (bytes !== undefined) this.pour(response, bytes)
    else if (drip) {
      const timer = setInterval(() => response.write('.'), 200)
      response.on('close', () => clearInterval(timer))
    } else response.end()
    this.changed()
  }

  pour(response, left) {
    const piece = Buffer.alloc(256 * 1024, 'x')
    const more = () => {
      while (left > 0 && !response.destroyed) {
        const size = Math.min(left, piece.length)
        left -= size
        if (!response.write(piece.subarray(0, size))) {
          response.once('drain', more)
          return
        }
      }
      if (left <= 0) response.end()
    }
    more()
  }
}
