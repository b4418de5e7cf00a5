'use strict'
// Files to send, made here: a picture, a voice, a document.

const zlib = require('node:zlib')

const CRC = Array.from({ length: 256 }, (_, n) => {
  let c = n
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
  return c >>> 0
})
const crc = (bytes) => (bytes.reduce((c, byte) => CRC[(c ^ byte) & 255] ^ (c >>> 8), 0xffffffff) ^ 0xffffffff) >>> 0

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name), data])
  const whole = Buffer.alloc(body.length + 8)
  whole.writeUInt32BE(data.length, 0)
  body.copy(whole, 4)
  whole.writeUInt32BE(crc(body), body.length + 4)
  return whole
}

/** A PNG, a sunset of some sort. */
function picture(width, height) {
  const line = width * 3 + 1
  const raw = Buffer.alloc(line * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const hill = height * (0.7 + 0.12 * Math.sin(x / width * 7))
      raw.set(y > hill ? [60, 100, 90] : [230, 140 + 90 * y / height, 110 + 60 * (1 - y / height)], y * line + 1 + x * 3)
    }
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2], 8)
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', head), chunk('IDAT', zlib.deflateSync(raw)), chunk('IEND', Buffer.alloc(0))])
}

/** A WAV of a tone. */
function sound(seconds, rate = 8000) {
  const bytes = Buffer.alloc(44 + rate * seconds)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + rate * seconds, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  for (const [at, value] of [[20, 1], [22, 1], [32, 1], [34, 8]]) bytes.writeUInt16LE(value, at)
  for (const at of [24, 28]) bytes.writeUInt32LE(rate, at)
  bytes.write('data', 36)
  bytes.writeUInt32LE(rate * seconds, 40)
  for (let i = 44; i < bytes.length; i++) bytes[i] = 128 + 40 * Math.sin(i / 3)
  return bytes
}

/** A PDF by its first bytes. */
const document = (size) => Buffer.concat([Buffer.from('%PDF-1.4\n'), Buffer.alloc(size, 32)])

module.exports = { picture, sound, document }
