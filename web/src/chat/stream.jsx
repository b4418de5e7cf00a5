// Rows of any height in a list that never jumps: what is looked at keeps its pixel, the bottom stays the bottom, and of many rows
// only those around the window are in the tree, the others being the measured heights above and below.

import { Component } from 'preact'

const ROWS_MAX = 140
const GUESS = 70
/** Screens that are drawn on either side of what is seen, and how few may be left of them: seldom many at once costs fewer frames than often a few. */
const AHEAD = 3
const AHEAD_LEAST = 1
/** Nearer than this to the end is at the end. */
const NEAR_BOTTOM = 80

/** props: rows, draw(row, {isFlashed}), onNearTop(), onBottom(isAt), onSeen(first, last), head, label, onReady() */
export class Stream extends Component {
  heights = new Map()
  /** Nodes whose height is told by `sizes`: each is asked for once, and none is measured while one scrolls. */
  known = new WeakMap()
  /** What was drawn of a row. */
  cells = new WeakMap()
  isStuck = true
  anchor = null
  state = { flashed: null, around: null }

  componentDidMount() {
    this.observer = new ResizeObserver(() => {
      this.settle()
      // What became shorter may end here, and nobody scrolls. In the middle of a jump nothing is held yet.
      if (this.anchor && !this.isStuck) this.scrolled()
    })
    this.observer.observe(this.list)
    this.observer.observe(this.content)
    this.sizes = new ResizeObserver((entries) => {
      for (const { target, contentRect } of entries) if (target.isConnected) this.heights.set(this.known.get(target), contentRect.height)
    })
    this.props.control.current = this
    this.componentDidUpdate()
    this.props.onReady?.()
  }

  componentWillUnmount() {
    this.observer.disconnect()
    this.sizes.disconnect()
    clearTimeout(this.flashing)
  }

  /** Which rows are drawn: [from, to). */
  range(rows) {
    const height = (row) => this.heights.get(row.key) ?? GUESS
    const screen = this.list ? this.list.clientHeight : 800
    let from
    let to
    const at = this.isStuck ? -1 : rows.findIndex(({ key }) => key === this.state.around)
    if (at < 0) {
      to = rows.length
      for (from = to, this.sum = 0; from > 0 && this.sum < 3 * screen && to - from < ROWS_MAX; from--) this.sum += height(rows[from - 1])
    } else {
      let above = 0
      for (from = at; from > 0 && above < AHEAD * screen && at - from < ROWS_MAX / 2; from--) above += height(rows[from - 1])
      let below = 0
      for (to = at; to < rows.length && below < (AHEAD + 1) * screen && to - at < ROWS_MAX / 2; to++) below += height(rows[to])
    }
    let top = 0
    for (let i = 0; i < from; i++) top += height(rows[i])
    let bottom = 0
    for (let i = to; i < rows.length; i++) bottom += height(rows[i])
    return { from, to, top, bottom }
  }

  /** Before anything is drawn: what is looked at, and where it stands. */
  getSnapshotBeforeUpdate() {
    this.hold()
    return null
  }

  /** Remembers the first row in sight. */
  hold() {
    if (this.isStuck || !this.list) return
    const { top } = this.list.getBoundingClientRect()
    const node = this.firstBelow(top + 1)
    if (!node) return
    this.first = node
    this.anchor = { key: node.dataset.key, top: node.getBoundingClientRect().top - top }
  }

  /** The first row that ends below `y`: rows stand one under the other. Mostly it is the one of the last time, or beside it. */
  firstBelow(y) {
    const { children } = this.content
    const known = this.first?.parentNode === this.content ? this.first : null
    const endsBelow = (node) => node.getBoundingClientRect().bottom > y
    for (const node of [known, known?.nextElementSibling, known?.previousElementSibling])
      if (node && endsBelow(node) && !(node.previousElementSibling && endsBelow(node.previousElementSibling))) return node
    let from = 0
    let to = children.length
    while (from < to) {
      const middle = (from + to) >> 1
      if (children[middle].getBoundingClientRect().bottom > y) to = middle
      else from = middle + 1
    }
    return children[from]
  }

  componentDidUpdate() {
    for (const node of this.content.children) {
      if (this.known.has(node)) continue
      this.known.set(node, node.dataset.key)
      this.sizes.observe(node)
    }
    this.settle()
    this.look()
  }

  /** After anything has another size: the bottom, or what was looked at where it was. */
  settle() {
    const { list } = this
    if (this.isGliding) return
    if (this.isStuck) {
      // Near the end one may look a little higher, until something comes.
      const size = `${list.scrollHeight} ${list.clientHeight}`
      if (size !== this.settledAt) list.scrollTop = list.scrollHeight
      this.settledAt = size
    } else if (this.anchor) {
      const node = this.nodeOf(this.anchor.key)
      if (!node) return
      const moved = node.getBoundingClientRect().top - list.getBoundingClientRect().top - this.anchor.top
      if (Math.abs(moved) >= 0.5) list.scrollTop += moved
    }
  }

  nodeOf(key) {
    for (const node of this.content.children) if (this.known.get(node) === key) return node
    return null
  }

  scrolled = () => {
    const { list } = this
    const left = list.scrollHeight - list.scrollTop - list.clientHeight
    // Not at the end where only the drawn part ends.
    const isAtEnd = left <= NEAR_BOTTOM && this.isEndDrawn
    if (this.isGliding && !isAtEnd) return
    this.isGliding = false
    const isOther = isAtEnd !== this.isStuck
    this.isStuck = isAtEnd
    if (isOther) this.props.onBottom(isAtEnd)
    this.hold()
    // Around the same row there are no others: rows may be so low, or the window so high, that never enough are drawn.
    if (!isAtEnd && ((this.needsOthers() && this.anchor?.key !== this.state.around) || isOther)) this.setState({ around: this.anchor?.key ?? this.state.around })
    this.look()
  }

  /** Too little is drawn on one side: of an empty window (a leap by the scroll bar) the nearest row is found by heights. */
  needsOthers() {
    const { list } = this
    const box = list.getBoundingClientRect()
    const content = this.content.getBoundingClientRect()
    const least = AHEAD_LEAST * list.clientHeight
    const isShort = (content.top > box.top - least && this.drawn.from > 0) || (content.bottom < box.bottom + least && this.drawn.to < this.props.rows.length)
    if (isShort && (content.top > box.bottom || content.bottom < box.top)) {
      let top = 0
      const wanted = list.scrollTop
      const row = this.props.rows.find(({ key }) => (top += this.heights.get(key) ?? GUESS) > wanted)
      this.anchor = row ? { key: row.key, top: 0 } : null
    }
    return isShort
  }

  look() {
    const { list } = this
    if (list.scrollTop < 1.5 * list.clientHeight && this.drawn.from === 0) this.props.onNearTop()
    const box = list.getBoundingClientRect()
    let first = this.firstBelow(box.top)
    if (first && first.getBoundingClientRect().top >= box.bottom) first = null
    let last = null
    // Half of it is in sight.
    const isSeen = (node) => {
      const { top, bottom, height } = node.getBoundingClientRect()
      return top < box.bottom && Math.min(bottom, box.bottom) - top >= height / 2
    }
    for (let node = first; node && isSeen(node); node = node.nextElementSibling) last = node
    this.props.onSeen(this.known.get(first) ?? null, this.known.get(last) ?? null)
  }

  // ---- what the chat asks for ----

  toBottom({ isSmooth = false } = {}) {
    const { list } = this
    const isNear = list.scrollHeight - list.scrollTop <= 3 * list.clientHeight && this.isEndDrawn
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches
    if (isSmooth && isNear && !isCalm && !this.isStuck) {
      this.isGliding = true
      list.scrollTo({ top: list.scrollHeight, behavior: 'smooth' })
      setTimeout(() => {
        this.isGliding = false
        this.scrolled()
      }, 600)
      return
    }
    this.isGliding = false
    if (!this.isStuck) this.props.onBottom(true)
    this.isStuck = true
    this.settledAt = null
    this.forceUpdate()
  }

  /** Brings a row into the window, `top` px under its edge, and lights it up. False: there is none. */
  to(key, { isFlashed = true, top = 0.25 * this.list.clientHeight } = {}) {
    if (!this.props.rows.some((row) => row.key === key)) return false
    this.isGliding = false
    const wasStuck = this.isStuck
    this.isStuck = false
    this.anchor = null
    this.setState({ around: key, flashed: isFlashed ? key : null }, () => {
      this.anchor = { key, top }
      this.settle()
      const { list } = this
      this.isStuck = list.scrollHeight - list.scrollTop - list.clientHeight <= NEAR_BOTTOM && this.isEndDrawn
      if (this.isStuck !== wasStuck) this.props.onBottom(this.isStuck)
      this.hold()
    })
    clearTimeout(this.flashing)
    if (isFlashed) this.flashing = setTimeout(() => this.setState({ flashed: null }), 1_200)
    return true
  }

  /** Where it stands, to come back to it; null: at the end. */
  get spot() {
    this.hold()
    return this.isStuck ? null : this.anchor
  }

  get isEndDrawn() { return this.drawn.to >= this.props.rows.length }

  /** Where nothing but the window moved, what was drawn is not looked at again: the same node is not compared. */
  cell(row) {
    const { draw } = this.props
    const isFlashed = row.key === this.state.flashed
    const known = this.cells.get(row)
    if (known && known.draw === draw && known.isFlashed === isFlashed) return known.node
    const node = <div class="stream-row" key={row.key} data-key={row.key}>{draw(row, isFlashed)}</div>
    this.cells.set(row, { draw, isFlashed, node })
    return node
  }

  render({ rows, head, label, onKeyDown }) {
    this.drawn = this.range(rows)
    const { from, to, top, bottom } = this.drawn
    return (
      <div class="stream" ref={(node) => { this.list = node }} role="log" aria-label={label} aria-live="off" tabIndex={0} onScroll={this.scrolled} onKeyDown={onKeyDown}>
        {head}
        <div style={{ height: top }} />
        <div class="stream-rows" ref={(node) => { this.content = node }}>
          {rows.slice(from, to).map((row) => this.cell(row))}
        </div>
        <div style={{ height: bottom }} />
      </div>
    )
  }
}
