// Those who want too much, and what it does to others. Attackers run in threads of their own, so that what they do
// does not slow the measuring client down; they come from an address of their own (Linux takes any of 127.0.0.0/8).

import assert from 'node:assert/strict'
import net from 'node:net'
import tls from 'node:tls'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { isSanitized } from './server.js'
import { within } from './wait.js'

const chunkBytes = 64 * 1024

// ---- in the thread ----

function attack({ address, port, ca, from, connections, first, text, every, half }) {
  const figures = { open: 0, connected: 0, bytes: 0 }
  const chunk = text && Buffer.from(text.repeat(Math.max(1, Math.floor(chunkBytes / text.length))), 'latin1')
  let stopped = false
  const sockets = new Set()

  function open(again) {
    const tcp = net.connect({ host: address, port, localAddress: from })
    const socket = ca ? tls.connect({ socket: tcp, ca, servername: 'localhost' }) : tcp
    sockets.add(socket)
    let timer
    socket.once(ca ? 'secureConnect' : 'connect', () => {
      figures.open++
      figures.connected++
      if (every) { // keeps the connection alive, and repeats
        socket.write(text)
        timer = setInterval(() => socket.write(text), every)
      } else if (half) { // and no more
        socket.write(text)
      } else {
        const pour = () => { while (!stopped && !socket.destroyed && socket.write(chunk)) { /* more */ } }
        if (first) socket.write(first)
        socket.on('drain', pour)
        pour()
      }
      socket.once('close', () => figures.open--)
    })
    socket.on('data', (bytes) => { figures.bytes += bytes.length })
    socket.on('error', () => {})
    socket.once('close', () => {
      clearInterval(timer)
      sockets.delete(socket)
      if (again && !stopped) setTimeout(open, 200, again)
    })
  }
  for (let i = 0; i < connections; i++) open(!half)
  parentPort.on('message', (what) => {
    if (what === 'stop') {
      stopped = true
      for (const socket of sockets) socket.destroy()
      parentPort.close()
    } else {
      parentPort.postMessage(figures)
    }
  })
}

if (!isMainThread && workerData?.attack) attack(workerData.attack)

// ---- for tests ----

class Attack {
  constructor(t, server, settings) {
    this.worker = new Worker(new URL(import.meta.url), {
      workerData: { attack: { address: server.address, port: server.port, ca: server.tls.ca, from: '127.0.0.2', connections: 4, ...settings } },
    })
    t.after(() => this.stop())
  }

  // {open, connected, bytes}: connections now, ever, and what the server answered.
  figures() {
    const answer = new Promise((resolve) => this.worker.once('message', resolve))
    this.worker.postMessage('figures')
    return within(20_000, answer, "an attacker's figures")
  }

  async stop() {
    if (!this.worker) return
    const ended = new Promise((resolve) => this.worker.once('exit', resolve))
    this.worker.postMessage('stop')
    this.worker = null
    await within(20_000, ended, 'the end of an attacker')
  }
}

// `connections` connections that write `text` again and again, as fast as the server takes it (after `first`, an
// upgrade request for example), and come again when they are closed.
export const pour = (t, server, settings) => new Attack(t, server, settings)
// ... that write it once every `every` ms, come again when they are closed, and hold their place.
export const hold = (t, server, settings) => new Attack(t, server, { every: 1_000, ...settings })
// ... that write it once, and wait.
export const leave = (t, server, settings) => new Attack(t, server, { half: true, ...settings })

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))]

// Does `ask` one after another for `ms` (and 20 times at least): {count, p50, p99, failures: [...]}. `ask` rejects, or
// answers a sentence, when it failed.
export async function measure(ask, ms = 3_000) {
  const times = []
  const failures = []
  const end = performance.now() + ms
  while (performance.now() < end || times.length < 20) {
    const begin = performance.now()
    const failure = await ask().then((said) => (typeof said === 'string' ? said : undefined), (error) => error.message)
    if (failure) failures.push(failure)
    times.push(performance.now() - begin)
    if (performance.now() > end + 15_000) failures.push(`only ${times.length} in ${ms + 15_000} ms`)
    if (failures.length > 20 || performance.now() > end + 15_000) break
  }
  times.sort((a, b) => a - b)
  return { count: times.length, p50: quantile(times, 0.5), p99: quantile(times, 0.99), failures }
}

// Promise 9: nothing of others is refused, and their p99 stays within 5 times, or under 250 ms of what it was.
export function assertFair(t, what, before, during) {
  const text = ({ count, p50, p99 }) => `${count} with p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`
  t.diagnostic(`${what}: before ${text(before)}; during ${text(during)}`)
  assert.equal(during.failures.length, 0, `${what}: ${during.failures.length} failed, such as: ${during.failures[0]}`)
  if (isSanitized()) return // what a sanitizer slows down says nothing of turns
  assert.ok(during.p99 <= Math.max(5 * before.p99, 250), `${what}: p99 ${before.p99.toFixed(1)} ms before, ${during.p99.toFixed(1)} ms during`)
}

// Several at once: {name: ask} to {name: figures}.
export async function measureAll(asks, ms) {
  const entries = await Promise.all(Object.entries(asks).map(async ([name, ask]) => [name, await measure(ask, ms)]))
  return Object.fromEntries(entries)
}

export function assertAllFair(t, before, during) {
  for (const name of Object.keys(before)) assertFair(t, name, before[name], during[name])
}
