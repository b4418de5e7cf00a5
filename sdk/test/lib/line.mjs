// A phone's line to the server: a TCP proxy that cuts, delays, halves, goes silent, and says what the server says twice.

import net from 'node:net'

export class Line {
  static async create(target) {
    const line = new Line()
    line.pairs = new Set()
    line.delayMs = 0
    line.doubles = false
    line.isSilent = false
    line.isDown = false
    line.server = net.createServer((client) => line.join(client, target()))
    await new Promise((resolve) => line.server.listen(0, '127.0.0.1', resolve))
    line.url = `http://127.0.0.1:${line.server.address().port}`
    return line
  }

  join(client, port) {
    if (this.isDown) return client.destroy()
    const server = net.connect(port, '127.0.0.1')
    const pair = { client, server, cutsAfter: Infinity, isUpgraded: false, rest: Buffer.alloc(0), queue: Promise.resolve() }
    this.pairs.add(pair)
    const end = () => {
      this.pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    for (const socket of [client, server]) socket.setNoDelay().on('error', end).on('close', end)
    client.on('data', (bytes) => this.pass(pair, server, bytes, end))
    server.on('data', (bytes) => {
      for (const piece of this.frames(pair, bytes)) this.pass(pair, client, piece, end)
    })
  }

  // Bytes that go on, in order, late, in part, or not at all.
  pass(pair, to, bytes, end) {
    const due = performance.now() + this.delayMs
    const late = () => due > performance.now() && new Promise((resolve) => setTimeout(resolve, due - performance.now()))
    pair.queue = pair.queue.then(late).then(() => {
      if (this.isSilent) return
      if (bytes.length < pair.cutsAfter) {
        pair.cutsAfter -= bytes.length
        to.write(bytes)
        return
      }
      to.write(bytes.subarray(0, pair.cutsAfter), end)
    })
  }

  // What the server says, as whole frames, some of them twice.
  frames(pair, bytes) {
    const out = []
    pair.rest = Buffer.concat([pair.rest, bytes])
    if (!pair.isUpgraded) {
      const end = pair.rest.indexOf('\r\n\r\n')
      if (end < 0) return out
      pair.isUpgraded = pair.rest.toString('latin1', 0, 12) === 'HTTP/1.1 101'
      if (!pair.isUpgraded) return [bytes] // a refusal
      out.push(pair.rest.subarray(0, end + 4))
      pair.rest = pair.rest.subarray(end + 4)
    }
    for (;;) {
      if (pair.rest.length < 2) return out
      const short = pair.rest[1] & 0x7f
      const head = short === 127 ? 10 : short === 126 ? 4 : 2
      if (pair.rest.length < head) return out
      const length = head + (short === 127 ? Number(pair.rest.readBigUInt64BE(2)) : short === 126 ? pair.rest.readUInt16BE(2) : short)
      if (pair.rest.length < length) return out
      const frame = pair.rest.subarray(0, length)
      pair.rest = pair.rest.subarray(length)
      out.push(frame)
      if (this.doubles && frame[0] === 0x81) out.push(frame)
    }
  }

  cut() { for (const { client } of this.pairs) client.resetAndDestroy?.() ?? client.destroy() }
  // After so many more bytes, in the middle of whatever that is.
  halve(bytes) { for (const pair of this.pairs) pair.cutsAfter = bytes }
  // Nobody hears anything, and nobody is told.
  silence() { this.isSilent = true }
  // A new network: what was open is dead.
  heal() {
    this.isSilent = false
    this.delayMs = 0
    this.doubles = false
  }
  close() {
    this.isDown = true
    this.cut()
    return new Promise((resolve) => this.server.close(resolve))
  }
}
