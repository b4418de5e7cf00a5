// What a client of the classic contract does: push, read the history, hold a WebSocket.

import assert from 'node:assert/strict'
import WebSocket from 'ws'
import { within } from './wait.js'

const defined = (headers) => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))

// One request; a connection of its own unless an agent is given. Body: a string, bytes, or a value sent as JSON.
export function request(server, { method = 'GET', path, headers = {}, body, agent = false, ms = 15_000 }) {
  const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const answer = new Promise((resolve, reject) => {
    const outgoing = server.http.request({
      host: server.address, port: server.port, method, path, agent, ...server.tls,
      headers: defined(bytes === undefined ? headers : { 'content-length': Buffer.byteLength(bytes), ...headers }),
    }, (incoming) => {
      const chunks = []
      incoming.on('data', (chunk) => chunks.push(chunk))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: incoming.statusCode, headers: incoming.headers, text, json: () => JSON.parse(text) })
      })
    })
    outgoing.setTimeout(ms, () => outgoing.destroy(new Error(`${method} ${path}: no answer within ${ms} ms`)))
    outgoing.on('error', reject)
    outgoing.end(bytes)
  })
  return within(ms + 1000, answer, `the answer to ${method} ${path}`)
}

export const get = (server, path, options = {}) => request(server, { path, ...options })

export function push(server, chat, { headers = { 'content-type': 'application/json' }, ...options } = {}) {
  return request(server, { method: 'POST', path: '/push', headers, body: chat, ...options })
}

// Pushes, and insists that it was stored.
export async function pushed(server, chat, options) {
  const answer = await push(server, chat, options)
  assert.equal(answer.status, 200, `push was answered ${answer.status}: ${answer.text}`)
  assert.equal(answer.text, 'MSG SEND SUCCESS')
  return answer
}

// What /getMessage answers: an array of chats.
export async function history(server, parameters) {
  const answer = await get(server, `/getMessage?${new URLSearchParams(parameters)}`)
  assert.equal(answer.status, 200, `getMessage was answered ${answer.status}: ${answer.text}`)
  const chats = answer.json()
  assert.ok(Array.isArray(chats), 'getMessage answers an array')
  return chats
}

// All that involves a user, paged from the newest back; fails unless ids ascend over the pages.
export async function wholeHistory(server, userId) {
  let chats = []
  for (;;) {
    const before = chats.length ? { beforeId: chats[0].id } : {}
    const page = await history(server, { userId, limit: 500, ...before })
    if (!page.length) break
    chats = [...page, ...chats]
  }
  assertAscending(chats)
  return chats
}

export function assertAscending(chats) {
  for (let i = 1; i < chats.length; i++) {
    assert.ok(chats[i - 1].id < chats[i].id, `ids ascend: ${chats[i - 1].id}, then ${chats[i].id}`)
  }
}

export const contents = (chats) => chats.map((chat) => chat.content)

export async function online(server) {
  const answer = await get(server, '/getOnlineUser')
  assert.equal(answer.status, 200)
  return answer.json()
}

// A classic session. Messages wait in a queue until a test takes them.
export class Session {
  constructor(socket) {
    this.socket = socket
    this.queue = []
    this.waiting = []
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        resolve({ code, reason: reason.toString() })
        for (const { reject } of this.waiting.splice(0)) reject(new Error(`the socket closed with ${code} ${reason}`))
      })
    })
    socket.on('message', (data, isBinary) => {
      const message = { text: data.toString('utf8'), isBinary }
      const next = this.waiting.shift()
      if (next) next.resolve(message)
      else this.queue.push(message)
    })
    socket.on('error', () => { /* 'close' follows */ })
  }

  get isOpen() { return this.socket.readyState === WebSocket.OPEN }

  // The next message, as it came: {text, isBinary}.
  raw(ms = 5_000) {
    if (this.queue.length) return Promise.resolve(this.queue.shift())
    const message = new Promise((resolve, reject) => this.waiting.push({ resolve, reject }))
    return within(ms, message, 'the next message on a socket')
  }

  // The next message, as the array of chats that it has to be.
  async next(ms) {
    const { text, isBinary } = await this.raw(ms)
    assert.equal(isBinary, false, 'chats come as text messages')
    const chats = JSON.parse(text)
    assert.ok(Array.isArray(chats), 'each message is an array')
    assertAscending(chats)
    return chats
  }

  // Takes messages until one satisfies `predicate`; returns all that came.
  async until(predicate, ms = 10_000) {
    const end = Date.now() + ms
    const frames = []
    do frames.push(await this.next(Math.max(1, end - Date.now())))
    while (!predicate(frames[frames.length - 1]))
    return frames
  }

  // A round trip: all that the server sent before it answers has come when this resolves.
  ping(ms = 5_000) {
    const mark = `p${Math.random()}`
    const pong = new Promise((resolve) => {
      const listener = (data) => {
        if (data.toString() !== mark) return
        this.socket.off('pong', listener)
        resolve()
      }
      this.socket.on('pong', listener)
    })
    this.socket.ping(mark)
    return within(ms, pong, 'a pong')
  }

  closing(ms = 5_000) { return within(ms, this.closed, 'the close of a socket') }

  async close(code = 1000) {
    this.socket.close(code)
    return this.closing()
  }
}

function open(server, path, { headers, origin, offerDeflate = false }) {
  return new WebSocket(server.socketUrl(path), { headers: headers && defined(headers), origin, perMessageDeflate: offerDeflate, ...server.tls })
}

const pathOf = (userId) => `/imserver/${encodeURIComponent(userId).replaceAll('%3A', ':').replaceAll('%40', '@')}`

// Connects, and resolves when the upgrade was answered. With `t` the socket ends with the test.
export async function connect(server, userId, { t, path = pathOf(userId), ...options } = {}) {
  const socket = open(server, path, options)
  const session = new Session(socket)
  t?.after(() => socket.terminate())
  const opened = new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  try {
    await within(10_000, opened, `the upgrade of ${path}`)
  } catch (error) {
    socket.terminate()
    throw error
  }
  return session
}

// Connects, and insists on being refused; returns the HTTP answer.
export function refused(server, userId, { path = pathOf(userId), ...options } = {}) {
  const socket = open(server, path, options)
  const answer = new Promise((resolve, reject) => {
    socket.once('open', () => { socket.terminate(); reject(new Error(`the upgrade of ${path} was accepted`)) })
    socket.once('error', reject)
    socket.once('unexpected-response', (outgoing, incoming) => {
      let text = ''
      incoming.setEncoding('utf8')
      incoming.on('data', (chunk) => { text += chunk })
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode, headers: incoming.headers, text, json: () => JSON.parse(text) })
      })
    })
  })
  return within(10_000, answer, `the refusal of ${path}`)
}

// Users that no other test has met.
let lastUser = 1000
export const newUser = () => ++lastUser
