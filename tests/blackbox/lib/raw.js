// Bytes over a bare TCP socket: for what no decent client would send.

import crypto from 'node:crypto'
import net from 'node:net'
import tls from 'node:tls'
import { within } from './wait.js'

export class RawConnection {
  constructor(socket, tcp = socket) {
    this.socket = socket
    this.tcp = tcp
    this.received = Buffer.alloc(0)
    this.ended = false
    this.wake = []
    const changed = () => { for (const resolve of this.wake.splice(0)) resolve() }
    socket.setNoDelay(true)
    socket.on('data', (bytes) => { this.received = Buffer.concat([this.received, bytes]); changed() })
    socket.on('error', () => { /* 'close' follows */ })
    this.closed = new Promise((resolve) => {
      // The server's FIN counts as its closing: what we still send then is answered by a reset.
      const done = () => { this.ended = true; this.endedAt ??= performance.now(); resolve(); changed() }
      socket.once('end', done)
      socket.once('close', done)
    })
  }

  // localAddress: where it comes from.
  static async open(server, t, { localAddress } = {}) {
    const encrypted = server.scheme === 'https'
    const tcp = net.connect({ host: server.address, port: server.port, localAddress, allowHalfOpen: true })
    const socket = encrypted ? tls.connect({ socket: tcp, allowHalfOpen: true, ...server.tls }) : tcp
    t?.after(() => socket.destroy())
    await within(5_000, new Promise((resolve, reject) => {
      socket.once(encrypted ? 'secureConnect' : 'connect', resolve)
      socket.once('error', reject)
    }), 'a TCP connection')
    return new RawConnection(socket, tcp)
  }

  write(bytes) {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(bytes)
    return this
  }

  changes() { return new Promise((resolve) => this.wake.push(resolve)) }

  closing(ms = 5_000) { return within(ms, this.closed, 'the server closing a connection') }

  destroy() { this.socket.destroy() }

  // Ends it by a TCP reset.
  reset() { this.tcp.resetAndDestroy() }

  // Waits until `parse` makes something of what was received (and says how many bytes it used).
  async take(parse, ms, what) {
    const end = Date.now() + ms
    for (;;) {
      const found = parse(this.received, this.ended)
      if (found) {
        this.received = this.received.subarray(found.used)
        return found.value
      }
      if (this.ended) throw new Error(`${what}: the server closed; left over: ${JSON.stringify(this.received.toString('latin1').slice(0, 300))}`)
      await within(Math.max(1, end - Date.now()), this.changes(), what)
    }
  }

  // The next HTTP response: {status, headers, text}.
  response(ms = 5_000) { return this.take(parseResponse, ms, 'an HTTP response') }

  // The next WebSocket frame from the server: {fin, opcode, payload, code, masked}.
  frame(ms = 5_000) { return this.take(parseFrame, ms, 'a WebSocket frame') }
}

export function parseResponse(bytes, ended = false) {
  const headEnd = bytes.indexOf('\r\n\r\n')
  if (headEnd < 0) return null
  const [statusLine, ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine)?.[1])
  if (!status) throw new Error(`not an HTTP status line: ${statusLine}`)
  const headers = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const begin = headEnd + 4
  if (status < 200 || status === 204 || status === 304) return { used: begin, value: { status, headers, text: '' } }
  if (/chunked/i.test(headers['transfer-encoding'] ?? '')) {
    let at = begin
    let text = ''
    for (;;) {
      const lineEnd = bytes.indexOf('\r\n', at)
      if (lineEnd < 0) return null
      const size = parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
      if (bytes.length < lineEnd + 2 + size + 2) return null
      text += bytes.subarray(lineEnd + 2, lineEnd + 2 + size).toString('utf8')
      at = lineEnd + 2 + size + 2
      if (size === 0) return { used: at, value: { status, headers, text } }
    }
  }
  const length = headers['content-length']
  if (length === undefined) {
    return ended ? { used: bytes.length, value: { status, headers, text: bytes.subarray(begin).toString('utf8') } } : null
  }
  const end = begin + Number(length)
  if (bytes.length < end) return null
  return { used: end, value: { status, headers, text: bytes.subarray(begin, end).toString('utf8') } }
}

// All responses in what a closed connection left.
export function parseResponses(bytes) {
  const responses = []
  for (let rest = bytes; rest.length;) {
    const found = parseResponse(rest, true)
    if (!found) break
    responses.push(found.value)
    rest = rest.subarray(found.used)
  }
  return responses
}

export function requestText(method, target, headers = {}, body = '') {
  const lines = Object.entries({ Host: 'localhost', ...headers })
    .flatMap(([name, value]) => [value].flat().filter((v) => v !== undefined).map((v) => `${name}: ${v}\r\n`))
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}

export function pushText(chat, headers = {}) {
  const body = typeof chat === 'string' ? chat : JSON.stringify(chat)
  return requestText('POST', '/push', { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...headers }, body)
}

// WebSocket, by hand (RFC 6455).

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

export function upgradeText(path, headers = {}) {
  return requestText('GET', path, {
    Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers,
  })
}

export const acceptOf = (key) => crypto.createHash('sha1').update(key + guid).digest('base64')
export const acceptOfSampleKey = acceptOf('dGhlIHNhbXBsZSBub25jZQ==')

async function upgraded(server, path, t, headers) {
  const connection = await RawConnection.open(server, t)
  connection.write(upgradeText(path, headers))
  const answer = await connection.response()
  if (answer.status !== 101) throw new Error(`the upgrade was answered ${answer.status}: ${answer.text}`)
  return connection
}

// A raw connection after a successful upgrade.
export const rawSession = (server, userId, t, headers) => upgraded(server, `/imserver/${userId}`, t, headers)

// The same for v1; `session` is the first frame.
export const rawV1 = (server, userId, t) =>
  upgraded(server, `/v1/connect?userId=${userId}`, t, { 'Sec-WebSocket-Protocol': 'hongyan.v1' })

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 }

// A client's frame. `length` lies about the payload's length; `form` forces its encoding (7, 16 or 64 bits).
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length, form } = {}) {
  const data = Buffer.from(payload)
  const n = length ?? data.length
  const bits = form ?? (n < 126 ? 7 : n < 65536 ? 16 : 64)
  const head = [Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode])]
  const maskBit = masked ? 0x80 : 0
  if (bits === 7) head.push(Buffer.from([maskBit | Number(n)]))
  else if (bits === 16) {
    const b = Buffer.alloc(3)
    b[0] = maskBit | 126
    b.writeUInt16BE(Number(n), 1)
    head.push(b)
  } else {
    const b = Buffer.alloc(9)
    b[0] = maskBit | 127
    b.writeBigUInt64BE(BigInt(n), 1)
    head.push(b)
  }
  if (!masked) return Buffer.concat([...head, data])
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78])
  return Buffer.concat([...head, key, mask(data, key)])
}

function mask(data, key) {
  const hidden = Buffer.from(data)
  for (let i = 0; i < hidden.length; i++) hidden[i] ^= key[i & 3]
  return hidden
}

export function closePayload(code, reason = '') {
  const b = Buffer.alloc(2)
  b.writeUInt16BE(code)
  return Buffer.concat([b, Buffer.from(reason)])
}

export function parseFrame(bytes) {
  if (bytes.length < 2) return null
  const masked = (bytes[1] & 0x80) !== 0
  let length = bytes[1] & 0x7f
  let at = 2
  if (length === 126) {
    if (bytes.length < 4) return null
    length = bytes.readUInt16BE(2)
    at = 4
  } else if (length === 127) {
    if (bytes.length < 10) return null
    length = Number(bytes.readBigUInt64BE(2))
    at = 10
  }
  if (masked) at += 4
  if (bytes.length < at + length) return null
  const found = bytes.subarray(at, at + length)
  const payload = masked ? mask(found, bytes.subarray(at - 4, at)) : Buffer.from(found)
  const opcode = bytes[0] & 0x0f
  const code = opcode === opcodes.close && length >= 2 ? payload.readUInt16BE(0) : undefined
  return { used: at + length, value: { fin: (bytes[0] & 0x80) !== 0, rsv: (bytes[0] >> 4) & 7, masked, opcode, payload, code } }
}
