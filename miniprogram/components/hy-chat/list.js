'use strict'
// The rows of a chat in blocks: those around the screen are in the tree, of the others only their heights. Pure.

const BLOCK_ROWS = 20
/** Of a row that nobody has measured. */
const ROW_PX = 64
/** In the tree: what is at most so far from the screen; what is there already stays a little longer. */
const SCREENS_AROUND = 2
const SCREENS_KEPT = 3
const ROWS_MAX = 150

const texts = new WeakMap()

/** A row as one text: each is compared often and never changed. */
function textOf(row) {
  if (!texts.has(row)) texts.set(row, JSON.stringify(row))
  return texts.get(row)
}

class Blocks {
  constructor() {
    /** {key, rows, height: px or null, isAlive} from top to bottom. */
    this.blocks = []
    this.serial = 0
    this.measured = { px: 0, rows: 0 }
    /** What the tree was given last. */
    this.drawn = []
    /** More is to come into the tree: look once more. */
    this.isPartial = false
  }

  /**
   * The rows are these now. A row that is known stays in its block, so that little is drawn anew.
   * @returns {number} by how many px what is in the tree stands lower than before: older ones came above it
   */
  take(rows) {
    const before = this.edges()
    const home = new Map()
    this.blocks.forEach(({ rows: own }, i) => { for (const { key } of own) home.set(key, i) })
    const last = this.blocks.length - 1
    const first = rows.findIndex(({ key }) => home.has(key))
    const next = this.leading(first < 0 ? [] : rows.slice(0, first))
    let at = -1
    let current = null
    for (const row of rows.slice(Math.max(0, first))) {
      const i = home.has(row.key) ? home.get(row.key) : -1
      if (i > at) {
        at = i
        current = { ...this.blocks[i], rows: [] }
        next.push(current)
      } else if (!current || (i < 0 && at === last && current.rows.length >= BLOCK_ROWS)) {
        current = this.fresh([])
        next.push(current)
      }
      current.rows.push(row)
    }
    const sizes = new Map(this.blocks.map(({ key, rows: own }) => [key, own.length]))
    for (const block of next) if (sizes.has(block.key) && sizes.get(block.key) !== block.rows.length) block.height = null
    this.blocks = next
    const after = this.edges()
    const pin = next.find(({ key, isAlive }) => isAlive && before.has(key))
    return pin ? after.get(pin.key) - before.get(pin.key) : 0
  }

  /** By key, where each block begins, in px. */
  edges() {
    let edge = 0
    return new Map(this.blocks.map((block) => {
      const from = edge
      edge += this.heightOf(block)
      return [block.key, from]
    }))
  }

  /** Older ones, full blocks next to what is there. */
  leading(rows) {
    const found = []
    for (let end = rows.length; end > 0; end -= BLOCK_ROWS) found.unshift(this.fresh(rows.slice(Math.max(0, end - BLOCK_ROWS), end)))
    return found
  }

  fresh(rows) { return { key: `b${this.serial++}`, rows, height: null, isAlive: false } }

  heightOf({ height, rows }) {
    if (height !== null) return height
    const { px, rows: n } = this.measured
    return Math.round(rows.length * (n ? px / n : ROW_PX))
  }

  /** How high blocks in the tree are. @param {{key: string, height: number}[]} found */
  measure(found) {
    const heights = new Map(found.map(({ key, height }) => [key, height]))
    for (const block of this.blocks) {
      if (!block.isAlive || !heights.has(block.key)) continue
      block.height = heights.get(block.key)
    }
    const known = this.blocks.filter(({ height }) => height !== null)
    this.measured = { px: known.reduce((sum, { height }) => sum + height, 0), rows: known.reduce((sum, { rows }) => sum + rows.length, 0) }
  }

  /** What is on the screen, and around it, is in the tree from now on. @param {{top: number, height: number}} screen top: of the blocks' upper edge, in px */
  look({ top, height }) {
    const middle = top + height / 2
    let edge = 0
    const near = this.blocks.map((block) => {
      const from = edge
      edge += this.heightOf(block)
      const away = Math.max(0, from - (top + height), top - edge)
      return { block, away, order: Math.abs((from + edge) / 2 - middle) }
    })
    this.keep(near.filter(({ block, away }) => away <= height * (block.isAlive ? SCREENS_KEPT : SCREENS_AROUND)))
  }

  /** The last ones are in the tree: the list is at its end, whatever lies above. */
  lookAtEnd(height) { this.look({ top: Math.max(0, this.total - height), height }) }

  /** A row and what is around it is in the tree. @returns {boolean} whether there is such a row */
  lookAt(key, height) {
    let edge = 0
    for (const block of this.blocks) {
      const from = edge
      edge += this.heightOf(block)
      if (!block.rows.some((row) => row.key === key)) continue
      const middle = (from + edge) / 2
      this.look({ top: Math.max(0, middle - height / 2), height })
      block.isAlive = true
      return true
    }
    return false
  }

  /** The nearest first, until there are enough. Beside the screen one block more at a time: a frame is not to wait for three. */
  keep(near) {
    const alive = new Set()
    let n = 0
    let hasNew = false
    this.isPartial = false
    for (const { block, away } of near.sort((a, b) => a.order - b.order)) {
      if (n > 0 && n + block.rows.length > ROWS_MAX) break
      const isNew = !block.isAlive && away > 0
      if (isNew && hasNew) {
        this.isPartial = true
        continue
      }
      hasNew = hasNew || isNew
      n += block.rows.length
      alive.add(block)
    }
    for (const block of this.blocks) block.isAlive = alive.has(block)
  }

  get total() { return this.blocks.reduce((sum, block) => sum + this.heightOf(block), 0) }

  /**
   * What setData takes to show it; empty: all is as it was. `blocks` are all of them, `rowsOf` by key has the rows of those in the tree: so
   * what comes before does not send the others again.
   */
  patch() {
    const wanted = this.blocks.map((block) => ({ key: block.key, rows: block.isAlive ? block.rows : null, height: block.isAlive ? 0 : this.heightOf(block) }))
    const before = this.drawn
    this.drawn = wanted
    const patch = {}
    const isGoingOn = before.length > 0 && before.length <= wanted.length && before.every(({ key }, i) => key === wanted[i].key)
    if (!isGoingOn && before.length + wanted.length > 0) patch.blocks = wanted.map(({ key, height }) => ({ key, height }))
    else wanted.forEach(({ key, height }, i) => { if (!before[i] || before[i].height !== height) patch[`blocks[${i}]`] = { key, height } })
    const old = new Map(before.map(({ key, rows }) => [key, rows]))
    for (const { key, rows } of wanted) {
      changes(patch, `rowsOf.${key}`, old.get(key) || null, rows)
      old.delete(key)
    }
    for (const [key, rows] of old) if (rows) patch[`rowsOf.${key}`] = null
    return patch
  }
}

function changes(patch, path, old, rows) {
  if (!old || !rows) {
    if (old !== rows) patch[path] = rows
    return
  }
  const isGoingOn = old.length <= rows.length && old.every(({ key }, i) => key === rows[i].key)
  if (!isGoingOn) patch[path] = rows
  else rows.forEach((row, i) => { if (!old[i] || textOf(old[i]) !== textOf(row)) patch[`${path}[${i}]`] = row })
}

module.exports = { Blocks, BLOCK_ROWS, ROWS_MAX }
