import { randomBytes, createHash } from 'node:crypto'
import { createReadStream, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { basename, join } from 'node:path'
import type { Duplex } from 'node:stream'
import type { Host, Socket, SocketListener, Storage } from '../host.js'
import { memoryStorage } from './memory.js'

/** The largest message that is taken: the server's are smaller. */
const message_max = 16 * 1024 * 1024

/** Asks for the upgrade, and speaks RFC 6455 as a client: texts, whole or in parts, pings, close. */
function connect(url: string, token: string | null, to: SocketListener): Socket {
  const key = randomBytes(16).toString('base64')
  let stream: Duplex | null = null
  let isOver = false
  const request = (url.startsWith('wss:') ? httpsRequest : httpRequest)(url.replace(/^ws/, 'http'), { headers: {
    Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Protocol': 'hongyan.v1',
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
  } })
  const over = (code: number, reason: string) => {
    if (isOver) return
    isOver = true
    request.destroy()
    stream?.destroy()
    to.closed(code, reason)
  }
  const write = (opcode: number, data: Buffer) => {
    const mask = randomBytes(4)
    const long = data.length > 0xffff ? 8 : data.length > 125 ? 2 : 0
    const frame = Buffer.alloc(2 + long + 4 + data.length)
    frame[0] = 0x80 | opcode
    frame[1] = 0x80 | (long === 8 ? 127 : long === 2 ? 126 : data.length)
    if (long === 8) frame.writeBigUInt64BE(BigInt(data.length), 2)
    else if (long === 2) frame.writeUInt16BE(data.length, 2)
    mask.copy(frame, 2 + long)
    for (let i = 0; i < data.length; i++) frame[6 + long + i] = data[i]! ^ mask[i & 3]!
    stream!.write(frame)
  }

  let parts: Buffer[] = []
  const frame = (fin: boolean, opcode: number, data: Buffer) => {
    if (opcode === 9) return write(10, data)
    if (opcode === 8) {
      write(8, data.subarray(0, 2))
      return over(data.length >= 2 ? data.readUInt16BE(0) : 1005, data.subarray(2).toString())
    }
    if (opcode > 2) return
    parts.push(data)
    if (!fin) return
    const whole = Buffer.concat(parts)
    parts = []
    to.received(whole.toString())
  }
  let buffer: Buffer = Buffer.alloc(0)
  const received = (piece: Buffer) => {
    buffer = buffer.length ? Buffer.concat([buffer, piece]) : piece
    while (!isOver && buffer.length >= 2) {
      const short = buffer[1]! & 0x7f
      const head = short === 127 ? 10 : short === 126 ? 4 : 2
      if (buffer.length < head) return
      const length = short === 127 ? Number(buffer.readBigUInt64BE(2)) : short === 126 ? buffer.readUInt16BE(2) : short
      if (length > message_max) return over(1009, 'a message is too large')
      if (buffer.length < head + length) return
      const [first, data] = [buffer[0]!, buffer.subarray(head, head + length)]
      buffer = buffer.subarray(head + length)
      frame((first & 0x80) !== 0, first & 0x0f, data)
    }
  }

  request.on('upgrade', (response, socket, head) => {
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    if (response.headers['sec-websocket-accept'] !== accept) {
      socket.destroy()
      return over(1002, 'the upgrade was answered wrongly')
    }
    stream = socket
    ;(socket as any).setNoDelay?.(true)
    socket.on('data', received)
    socket.on('error', (error: Error) => over(1006, error.message))
    socket.on('close', () => over(1006, ''))
    to.opened()
    if (head.length) received(head)
  })
  request.on('response', (response) => {
    response.resume()
    over(response.statusCode === 401 ? 4001 : 1006, `the upgrade was answered ${response.statusCode}`)
  })
  request.on('error', (error) => over(1006, error.message))
  request.end()
  return {
    send(text) {
      if (!stream || isOver) throw new Error('the socket is not open')
      write(1, Buffer.from(text))
    },
    close() {
      if (stream && !isOver) write(8, Buffer.from([0x03, 0xe8]))
      over(1000, '')
    },
  }
}

function folderStorage(folder: string): Storage {
  mkdirSync(folder, { recursive: true })
  const path = (key: string) => join(folder, encodeURIComponent(key))
  return {
    get(key) {
      try {
        return readFileSync(path(key), 'utf8')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw error
      }
    },
    set(key, text) { // whole or not at all
      writeFileSync(`${path(key)}.tmp`, text)
      renameSync(`${path(key)}.tmp`, path(key))
    },
    remove: (key) => rmSync(path(key), { force: true }),
    keys: () => readdirSync(folder).filter((name) => !name.endsWith('.tmp')).map(decodeURIComponent),
  }
}

/** Node 18 and later: bots and back ends. `folder`: where what must outlive the process is kept; absent: nowhere. */
export function nodeTransport({ folder }: { folder?: string } = {}): Host {
  return {
    connect,
    storage: folder === undefined ? memoryStorage() : folderStorage(folder),
    setTimeout: (act, ms) => setTimeout(act, ms),
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
    onWake: () => () => {},
    upload: ({ url, token, file, name, seconds, progress }) => new Promise((resolve, reject) => {
      const boundary = `hongyan${randomBytes(12).toString('hex')}`
      const path = String(file)
      const { size } = statSync(path)
      const part = (headers: string) => `--${boundary}\r\nContent-Disposition: form-data; ${headers}\r\n`
      const head = Buffer.from(`${seconds === undefined ? '' : `${part('name="seconds"')}\r\n${seconds}\r\n`}`
        + `${part(`name="file"; filename="${(name ?? basename(path)).replace(/["\r\n]/g, '_')}"`)}Content-Type: application/octet-stream\r\n\r\n`)
      const tail = Buffer.from(`\r\n--${boundary}--\r\n`)
      const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, { method: 'POST', headers: {
        'Content-Type': `multipart/form-data; boundary=${boundary}`, 'Content-Length': head.length + size + tail.length,
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
      } }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (piece) => chunks.push(piece))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }))
      })
      request.on('error', reject)
      request.write(head)
      let sent = 0
      const bytes = createReadStream(path)
      bytes.on('data', (piece) => progress?.(sent += piece.length, size))
      bytes.on('error', (error) => request.destroy(error))
      bytes.on('end', () => request.end(tail))
      bytes.pipe(request, { end: false })
    }),
  }
}
