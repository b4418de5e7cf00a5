// PNG pictures of SVG, drawn by Chromium. A picture carries the digest of what it was drawn from, so that whether it is
// current can be told without drawing it, and does not depend on the version of Chromium.

import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'

const KEYWORD = 'source'
const SIGNATURE_AND_HEADER = 8 + 25

const CRC = Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

function crc32(bytes) {
  let value = 0xffffffff
  for (const byte of bytes) value = CRC[(value ^ byte) & 255] ^ (value >>> 8)
  return (value ^ 0xffffffff) >>> 0
}

/** A tEXt chunk of PNG: length, type and text, checksum. */
function textChunk(text) {
  const body = Buffer.from(`tEXt${KEYWORD}\0${text}`, 'latin1')
  const chunk = Buffer.alloc(4 + body.length + 4)
  chunk.writeUInt32BE(body.length - 4)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), 4 + body.length)
  return chunk
}

/** Digest of what a picture is drawn from. */
export const digestOf = (picture) => createHash('sha256').update(JSON.stringify([picture.svg, picture.size, picture.style])).digest('hex')

/** Whether the bytes of a PNG are those of this picture. */
export const isPictureOf = (png, picture) => png.includes(`${KEYWORD}\0${digestOf(picture)}`, 0, 'latin1')

/**
 * Draws pictures.
 * @param {{svg: string, size: number, style: string}[]} pictures style: CSS of the SVG's element (its colour, variables)
 * @returns {Promise<Buffer[]>}
 */
export async function draw(pictures) {
  const { launch } = createRequire(import.meta.url)('../../tests/e2e/lib/browser.js')
  const browser = await launch()
  try {
    const page = await browser.newPage()
    const drawn = []
    for (const picture of pictures) {
      const { svg, size, style } = picture
      await page.setViewportSize({ width: size, height: size })
      await page.setContent(`<style>body { margin: 0 } svg { display: block; width: 100vw; height: 100vh; ${style} }</style>${svg}`)
      const png = await page.screenshot({ omitBackground: true })
      drawn.push(Buffer.concat([png.subarray(0, SIGNATURE_AND_HEADER), textChunk(digestOf(picture)), png.subarray(SIGNATURE_AND_HEADER)]))
    }
    return drawn
  } finally {
    await browser.close()
  }
}
