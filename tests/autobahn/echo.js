// The suite wants an echo server, and there is none in ours. This stands between: a client's octets go through to a v1
// session as they come, so that the server alone judges them, and the server's frames come back as they are, but for
// one thing: what it says to a text that is no JSON becomes that text.

import assert from 'node:assert/strict'
import net from 'node:net'
import { acceptOf, frame, opcodes, parseFrame, rawV1, RawConnection } from '../blackbox/lib/raw.js'
import { within } from '../blackbox/lib/wait.js'

const patience = 120_000 // longer than any case takes; its own deadlines are the suite's

// The messages in what a client sends. It may be wrong in any way: then the server closes, and nobody asks for them.
class Messages {
  rest = Buffer.alloc(0)
  fragments = []
  whole = []

  feed(bytes) {
    this.rest = Buffer.concat([this.rest, bytes])
    for (let found; (found = parseFrame(this.rest)); this.rest = this.rest.subarray(found.used)) {
      const { opcode, fin, payload } = found.value
      if (opcode > opcodes.binary) continue
      this.fragments.push(payload)
      if (fin) this.whole.push(Buffer.concat(this.fragments.splice(0)))
    }
  }
}

// A frame with its octets as they came.
function wholeFrame(bytes) {
  const found = parseFrame(bytes)
  return found && { used: found.used, value: { ...found.value, bytes: bytes.subarray(0, found.used) } }
}

async function serve(socket, server, userId) {
  const client = new RawConnection(socket)
  const request = await client.take((bytes) => {
    const end = bytes.indexOf('\r\n\r\n')
    return end < 0 ? null : { used: end + 4, value: bytes.subarray(0, end).toString('latin1') }
  }, patience, 'an upgrade')
  const upstream = await rawV1(server, userId)
  socket.once('close', () => upstream.destroy())
  socket.once('end', () => upstream.socket.end())
  assert.equal((await upstream.frame()).opcode, opcodes.text, '`session` comes first')
  const key = /^sec-websocket-key: *(\S+)$/im.exec(request)[1]
  client.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\n\r\n`)

  const messages = new Messages()
  const forward = (bytes) => {
    upstream.write(bytes)
    messages.feed(bytes)
  }
  forward(client.received)
  socket.removeAllListeners('data').on('data', forward) // `client` only writes from here on

  for (;;) {
    const answer = await upstream.take((bytes, ended) => wholeFrame(bytes) ?? (ended ? { used: 0, value: null } : null), patience, 'a frame')
    if (!answer) break
    if (answer.opcode !== opcodes.text) {
      client.write(answer.bytes)
      continue
    }
    const { id, error } = JSON.parse(answer.payload)
    assert.ok(id === null && error.code === -32700, `an unforeseen answer: ${answer.payload}`)
    client.write(frame(opcodes.text, messages.whole.shift(), { masked: false }))
  }
  socket.end()
}

// Resolves to {port, close}; a connection that ends otherwise than foreseen ends for the suite too, whose case fails.
export async function startEcho(server) {
  let users = 0
  const listener = net.createServer({ allowHalfOpen: true }, (socket) => {
    serve(socket, server, `echo-${++users}`).catch((error) => {
      console.error(error)
      socket.destroy()
    })
  })
  await within(5_000, new Promise((resolve) => listener.listen(0, '127.0.0.1', resolve)), 'listening')
  return { port: listener.address().port, close: () => listener.close() }
}
