// A QR code of a text: byte mode, level M, versions 1 to 9, which hold up to 180 bytes. Pure. ISO/IEC 18004.

/** Of level M, by version: code words of each block's correction, then how many blocks of how many words of data. */
const BLOCKS = [
  null,
  { correction: 10, blocks: [[1, 16]] }, { correction: 16, blocks: [[1, 28]] }, { correction: 26, blocks: [[1, 44]] },
  { correction: 18, blocks: [[2, 32]] }, { correction: 24, blocks: [[2, 43]] }, { correction: 16, blocks: [[4, 27]] },
  { correction: 18, blocks: [[4, 31]] }, { correction: 22, blocks: [[2, 38], [2, 39]] }, { correction: 22, blocks: [[3, 36], [2, 37]] },
]
/** Where alignment patterns are, by version. */
const ALIGNED = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46]]
const LEVEL_M = 0
const PADDING = [0xec, 0x11]

// ---- the field of 256 elements ----

const EXP = []
const LOG = []
for (let i = 0, x = 1; i < 255; i++) {
  EXP[i] = x
  LOG[x] = i
  x = x << 1 ^ (x & 0x80 ? 0x11d : 0)
}
const times = (a, b) => (a && b ? EXP[(LOG[a] + LOG[b]) % 255] : 0)

/** The words that correct a block: what is left of it by the generator. */
function correctionOf(data, count) {
  let generator = [1]
  for (let i = 0; i < count; i++) {
    const next = generator.concat(0)
    generator.forEach((factor, at) => { next[at + 1] ^= times(factor, EXP[i]) })
    generator = next
  }
  const rest = data.concat(new Array(count).fill(0))
  for (let i = 0; i < data.length; i++) {
    const lead = rest[i]
    generator.forEach((factor, at) => { rest[i + at] ^= times(factor, lead) })
  }
  return rest.slice(data.length)
}

// ---- the text as words ----

function bytesOf(text) {
  return Array.from(unescape(encodeURIComponent(text)), (character) => character.charCodeAt(0))
}

const dataWords = (version) => BLOCKS[version].blocks.reduce((sum, [count, size]) => sum + count * size, 0)

function versionFor(length) {
  const version = BLOCKS.findIndex((of, at) => of && dataWords(at) >= length + 2) // four bits say the mode, eight the length
  if (version < 0) throw new Error('the text is too long for a code')
  return version
}

/** Mode, length, bytes, an end, padding. */
function wordsOf(bytes, version) {
  const nibbles = [4, bytes.length >> 4, bytes.length & 15]
  for (const byte of bytes) nibbles.push(byte >> 4, byte & 15)
  nibbles.push(0)
  const words = []
  for (let i = 0; i < nibbles.length; i += 2) words.push(nibbles[i] << 4 | nibbles[i + 1])
  for (let i = 0; words.length < dataWords(version); i++) words.push(PADDING[i % 2])
  return words
}

/** The blocks' words in turn, then those that correct them. */
function interleaved(words, version) {
  const { correction, blocks } = BLOCKS[version]
  const data = []
  let at = 0
  for (const [count, size] of blocks) for (let i = 0; i < count; i++, at += size) data.push(words.slice(at, at + size))
  const corrections = data.map((block) => correctionOf(block, correction))
  const inTurn = (lists) => {
    const all = []
    for (let i = 0; i < Math.max(...lists.map(({ length }) => length)); i++) for (const list of lists) if (i < list.length) all.push(list[i])
    return all
  }
  return inTurn(data).concat(inTurn(corrections))
}

// ---- the matrix ----

const square = (size, value) => Array.from({ length: size }, () => new Array(size).fill(value))

/** What every code of a version has: null is where words go. */
function frame(version) {
  const size = 17 + 4 * version
  const matrix = square(size, null)
  const set = (y, x, isDark) => { if (y >= 0 && x >= 0 && y < size && x < size) matrix[y][x] = isDark }
  for (const [top, left] of [[0, 0], [0, size - 7], [size - 7, 0]]) {
    for (let y = -1; y <= 7; y++) {
      for (let x = -1; x <= 7; x++) {
        const ring = Math.max(Math.abs(y - 3), Math.abs(x - 3))
        set(top + y, left + x, ring !== 2 && ring !== 4)
      }
    }
  }
  const centres = ALIGNED[version]
  for (const y of centres) {
    for (const x of centres) {
      if (matrix[y][x] !== null) continue // a finder is there
      for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) set(y + dy, x + dx, Math.max(Math.abs(dy), Math.abs(dx)) !== 1)
    }
  }
  for (let i = 8; i < size - 8; i++) matrix[6][i] = matrix[i][6] = i % 2 === 0
  placeFormat(matrix, 0)
  if (version >= 7) placeVersion(matrix, version)
  return matrix
}

/** A remainder in the field of two, for the two words that say what a code is. */
function remainder(value, bits, generator) {
  const top = generator.toString(2).length
  let rest = value << (top - 1)
  for (let i = bits - 1; i >= 0; i--) if (rest >> (i + top - 1) & 1) rest ^= generator << i
  return rest
}

function placeFormat(matrix, mask) {
  const size = matrix.length
  const said = LEVEL_M << 3 | mask
  const bits = (said << 10 | remainder(said, 5, 0x537)) ^ 0x5412
  for (let i = 0; i < 15; i++) {
    const isDark = (bits >> i & 1) === 1
    matrix[i < 6 ? i : i < 8 ? i + 1 : size - 15 + i][8] = isDark
    matrix[8][i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i] = isDark
  }
  matrix[size - 8][8] = true
}

function placeVersion(matrix, version) {
  const size = matrix.length
  const bits = version << 12 | remainder(version, 6, 0x1f25)
  for (let i = 0; i < 18; i++) {
    const isDark = (bits >> i & 1) === 1
    const [a, b] = [Math.floor(i / 3), size - 11 + i % 3]
    matrix[a][b] = matrix[b][a] = isDark
  }
}

const MASKS = [
  (y, x) => (y + x) % 2 === 0, (y) => y % 2 === 0, (y, x) => x % 3 === 0, (y, x) => (y + x) % 3 === 0,
  (y, x) => (Math.floor(y / 2) + Math.floor(x / 3)) % 2 === 0, (y, x) => y * x % 2 + y * x % 3 === 0,
  (y, x) => (y * x % 2 + y * x % 3) % 2 === 0, (y, x) => ((y + x) % 2 + y * x % 3) % 2 === 0,
]

/** Two columns at a time, from the right, up and down in turn; the column of the timing is left out. */
function filled(empty, words, mask) {
  const size = empty.length
  const matrix = empty.map((row) => row.slice())
  let bit = 0
  let isUp = true
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right--
    for (let i = 0; i < size; i++) {
      const y = isUp ? size - 1 - i : i
      for (const x of [right, right - 1]) {
        if (matrix[y][x] !== null) continue
        const word = words[bit >> 3]
        matrix[y][x] = ((word !== undefined && (word >> (7 - bit % 8) & 1) === 1)) !== MASKS[mask](y, x)
        bit++
      }
    }
    isUp = !isUp
  }
  placeFormat(matrix, mask)
  return matrix
}

/** How hard a code is to read: runs, squares, what looks like a finder, too much of one colour. */
function penalty(matrix) {
  const size = matrix.length
  const lines = [...matrix, ...matrix.map((_, x) => matrix.map((row) => row[x]))].map((line) => line.map(Number).join(''))
  let sum = 0
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) || []) sum += run.length - 2
    for (let i = 0; i + 11 <= size; i++) {
      const part = line.slice(i, i + 11)
      if (part === '10111010000' || part === '00001011101') sum += 40
    }
  }
  for (let y = 0; y + 1 < size; y++) {
    for (let x = 0; x + 1 < size; x++) {
      const first = matrix[y][x]
      if (matrix[y][x + 1] === first && matrix[y + 1][x] === first && matrix[y + 1][x + 1] === first) sum += 3
    }
  }
  const dark = matrix.reduce((all, row) => all + row.filter(Boolean).length, 0)
  return sum + 10 * Math.floor(Math.abs(dark * 20 - size * size * 10) / (size * size))
}

/** @returns {boolean[][]} rows of a square, true is dark, without the quiet zone of four around it */
function qr(text) {
  const bytes = bytesOf(text)
  const version = versionFor(bytes.length)
  const words = interleaved(wordsOf(bytes, version), version)
  const empty = frame(version)
  const codes = MASKS.map((_, mask) => filled(empty, words, mask))
  const penalties = codes.map(penalty)
  return codes[penalties.indexOf(Math.min(...penalties))]
}

module.exports = { qr }
