// Files as a client sends and fetches them: bodies of multipart/form-data, and bytes that are what they say.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import zlib from 'node:zlib'
import { within } from './wait.js'

const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(zlib.crc32 ? zlib.crc32(body) : crc32(body), body.length + 4)
  return out
}
// Node 18 has none.
function crc32(bytes) {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xEDB88320 & -(crc & 1))
  }
  return ~crc >>> 0
}

// A picture that any viewer shows.
export function png(width = 3, height = 2) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2, 0, 0, 0], 8)
  const rows = Buffer.alloc(height * (1 + width * 3), 0x80)
  for (let y = 0; y < height; y++) rows[y * (1 + width * 3)] = 0
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', zlib.deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

export const mp3 = (bytes = 400) => Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'), Buffer.alloc(bytes)])
export const mp4 = () => Buffer.concat([Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1'), Buffer.alloc(200)])
export const gif = () => Buffer.from('GIF89a\x05\0\x04\0\0\0\0;', 'latin1')
export const words = (text = 'just text\n') => Buffer.from(text)

// A body: parts are [name, bytes or text, file name or undefined].
export function multipart(parts, boundary = `b${crypto.randomBytes(8).toString('hex')}`) {
  const pieces = parts.flatMap(([name, value, filename]) => [
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n`
      + `${filename === undefined ? '' : 'Content-Type: application/x-whatever\r\n'}\r\n`),
    Buffer.from(value), Buffer.from('\r\n')])
  return { body: Buffer.concat([...pieces, Buffer.from(`--${boundary}--\r\n`)]), type: `multipart/form-data; boundary=${boundary}` }
}

// A request whose answer is bytes.
export function fetchBytes(server, path, { method = 'GET', headers = {}, body } = {}) {
  const answer = new Promise((resolve, reject) => {
    const outgoing = server.http.request({ host: server.address, port: server.port, method, path, headers, agent: false, ...server.tls }, (incoming) => {
      const chunks = []
      incoming.on('data', (piece) => chunks.push(piece))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const bytes = Buffer.concat(chunks)
        resolve({ status: incoming.statusCode, headers: incoming.headers, bytes, text: bytes.toString('utf8'), json: () => JSON.parse(bytes.toString('utf8')) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
  return within(30_000, answer, `the answer to ${method} ${path}`)
}

const asked = (who) => (who?.token ? { headers: { authorization: `Bearer ${who.token}` }, query: who.userId === undefined ? '' : `userId=${who.userId}` }
  : { headers: {}, query: who === undefined ? '' : `userId=${who.userId ?? who}` })

// Sends a file as somebody: a user id, or {token, userId}.
export function upload(server, who, bytes, { name = 'a file', parts = [], field = 'file', headers = {} } = {}) {
  const by = asked(who)
  const { body, type } = multipart([...parts, [field, bytes, name]])
  return fetchBytes(server, `/v1/files${by.query && `?${by.query}`}`, {
    method: 'POST', body, headers: { 'content-type': type, 'content-length': body.length, ...by.headers, ...headers },
  })
}

// Sends one, and insists that it was stored.
export async function uploaded(server, who, bytes, options) {
  const answer = await upload(server, who, bytes, options)
  assert.equal(answer.status, 201, `the upload was answered ${answer.status}: ${answer.text}`)
  return answer.json()
}

export function download(server, who, fileId, { headers = {}, method, more = '' } = {}) {
  const by = asked(who)
  return fetchBytes(server, `/v1/files/${fileId}${more}${by.query && `?${by.query}`}`, { method, headers: { ...by.headers, ...headers } })
}

export async function link(server, who, fileId) {
  const answer = await download(server, who, fileId, { more: '/url' })
  assert.equal(answer.status, 200, answer.text)
  return answer.json()
}

// The configuration of a server that keeps none: what messages say of files is stored as clients send it.
export const withoutFiles = '[files]\nstore = "off"\n'
