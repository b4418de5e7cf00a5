// A TCP proxy that makes a bad line: slow, dead in one direction (nobody is told), or cut. Nothing is changed on the way.

import net from 'node:net'
import { Transform } from 'node:stream'

export const directions = ['there', 'back'] // to the target; from it

export class Proxy {
  // `target()`: {host, port}, asked for each connection.
  static async create(target, host = '127.0.0.1') {
    const proxy = new Proxy()
    proxy.pairs = new Set()
    proxy.latency = 0
    proxy.dead = undefined
    proxy.server = net.createServer({ allowHalfOpen: true }, (client) => proxy.join(client, net.connect({ ...target(), allowHalfOpen: true })))
    await new Promise((resolve, reject) => proxy.server.once('error', reject).listen(0, host, resolve))
    proxy.port = proxy.server.address().port
    return proxy
  }

  join(client, server) {
    const pair = { client, server, there: this.line(), back: this.line() }
    this.pairs.add(pair)
    const end = () => {
      this.pairs.delete(pair)
      for (const part of Object.values(pair)) part.destroy()
    }
    for (const part of Object.values(pair)) part.on('error', end)
    client.pipe(pair.there).pipe(server)
    server.pipe(pair.back).pipe(client)
    client.on('close', () => { if (server.destroyed) end() })
    server.on('close', () => { if (client.destroyed) end() })
    if (this.dead) pair[this.dead].hold()
  }

  // Bytes and the end of them pass in order, each after the latency of when it came, and not while it is held.
  line() {
    const proxy = this
    let released
    let gate = Promise.resolve()
    const pass = (done, ...what) => setTimeout(() => gate.then(() => done(null, ...what)), proxy.latency)
    const stream = new Transform({
      transform(bytes, encoding, done) { pass(done, bytes) },
      flush(done) { pass(done) },
    })
    stream.hold = () => { gate = new Promise((resolve) => { released = resolve }) }
    stream.release = () => released?.()
    return stream
  }

  // Of one way, for all connections there are and will be.
  hold(direction) {
    this.dead = direction
    for (const pair of this.pairs) pair[direction].hold()
  }

  release() {
    this.dead = undefined
    for (const pair of this.pairs) for (const direction of directions) pair[direction].release()
  }

  cut() {
    for (const { client, server } of this.pairs) {
      client.destroy()
      server.destroy()
    }
  }

  async dispose() {
    this.cut()
    await new Promise((resolve) => this.server.close(resolve))
  }
}
