// Rows of any height in a list that never jumps: what is looked at keeps its pixel, the bottom stays the bottom, and of many rows
// only those around the window are in the tree, the others being the measured heights above and below.

import { Component } from 'preact'

const ROWS_MAX = 140
const GUESS = 70
/** Nearer than this to the end is at the end. */
const NEAR_BOTTOM = 80

/** props: rows, draw(row, {isFlashed}), onNearTop(), onBottom(isAt), onSeen(first, last), head, label, onReady() */
export class Stream extends Component {
  heights = new Map()
  nodes = new Map()
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
    this.props.control.current = this
    this.componentDidUpdate()
    this.props.onReady?.()
  }

  componentWillUnmount() {
    this.observer.disconnect()
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
      for (from = at; from > 0 && above < 2 * screen && at - from < ROWS_MAX / 2; from--) above += height(rows[from - 1])
      let below = 0
      for (to = at; to < rows.length && below < 3 * screen && to - at < ROWS_MAX / 2; to++) below += height(rows[to])
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
    for (const [key, node] of this.inOrder()) {
      const box = node.getBoundingClientRect()
      if (box.bottom <= top + 1 || box.height === 0) continue
      this.anchor = { key, top: box.top - top }
      return
    }
  }

  *inOrder() {
    for (let node = this.content.firstElementChild; node; node = node.nextElementSibling) if (node.dataset.key) yield [node.dataset.key, node]
  }

  componentDidUpdate() {
    for (const [key, node] of this.inOrder()) this.heights.set(key, node.getBoundingClientRect().height)
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
    for (const [of, node] of this.inOrder()) if (of === key) return node
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
    if (!isAtEnd && (this.needsOthers() || isOther)) this.setState({ around: this.anchor?.key ?? this.state.around })
    this.look()
  }

  /** Less than a screen is drawn on one side: of an empty window (a leap by the scroll bar) the nearest row is found by heights. */
  needsOthers() {
    const { list } = this
    const box = list.getBoundingClientRect()
    const content = this.content.getBoundingClientRect()
    const isShort = (content.top > box.top - list.clientHeight && this.drawn.from > 0) || (content.bottom < box.bottom + list.clientHeight && this.drawn.to < this.props.rows.length)
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
    let first = null
    let last = null
    for (const [key, node] of this.inOrder()) {
      const { top, bottom, height } = node.getBoundingClientRect()
      if (bottom <= box.top || top >= box.bottom) continue
      first ??= key
      if (Math.min(bottom, box.bottom) - top >= height / 2) last = key
    }
    this.props.onSeen(first, last)
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

  render({ rows, draw, head, label, onKeyDown }, { flashed }) {
    this.drawn = this.range(rows)
    const { from, to, top, bottom } = this.drawn
    return (
      <div class="stream" ref={(node) => { this.list = node }} role="log" aria-label={label} aria-live="off" tabIndex={0} onScroll={this.scrolled} onKeyDown={onKeyDown}>
        {head}
        <div style={{ height: top }} />
        <div class="stream-rows" ref={(node) => { this.content = node }}>
          {rows.slice(from, to).map((row) => <div class="stream-row" key={row.key} data-key={row.key}>{draw(row, row.key === flashed)}</div>)}
        </div>
        <div style={{ height: bottom }} />
      </div>
    )
  }
}
