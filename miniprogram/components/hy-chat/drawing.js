'use strict'
// What is on the screen of a chat: which rows are in the tree, and that nothing jumps while they come and go.

const { Blocks } = require('./list')

/** Changes that come together are drawn together. */
const DRAW_MS = 30
const LOOK_MS = 80
/** "At the bottom", in rpx. */
const BOTTOM_RPX = 160
/** Older ones are asked for when fewer screens than that are above. */
const SCREENS_ABOVE = 1.5
/** A glide is no longer than so many screens. */
const GLIDE_SCREENS = 2
const FLASH_MS = 1_200
const LED_MS = 300
const END = 1e7
/** What stands above the rows in the list: the ring, or that there is nothing older. */
const HEAD_RPX = 66

module.exports = Behavior({
  data: { blocks: [], rowsOf: {}, isPlaced: false, isAtBottom: true, flash: '', inset: 0 },

  lifetimes: {
    created() {
      this.blocks = new Blocks()
      this.rows = []
      this.top = 0
      this.isAtBottom = true
      this.screen = null
    },
    attached() {
      const { windowWidth, windowHeight } = wx.getWindowInfo()
      this.rpx = windowWidth / 750
      this.viewHeight = windowHeight
      this.isAttached = true
    },
    detached() {
      this.isAttached = false
      for (const timer of [this.drawTimer, this.lookTimer, this.flashTimer]) clearTimeout(timer)
    },
  },

  methods: {
    drawSoon() {
      if (this.drawTimer || !this.isAttached) return
      this.drawTimer = setTimeout(() => {
        this.drawTimer = null
        this.draw()
      }, DRAW_MS)
    },

    /** All as it is now. Two are never under way together: each must know where the rows were. */
    draw() {
      this.isStale = true
      return this.look()
    },

    /** The same rows; others of them may be on the screen. */
    look() {
      this.isDue = true
      if (!this.drawing) this.drawing = this.drawWhileDue().finally(() => { this.drawing = null })
      return this.drawing
    },

    async drawWhileDue() {
      while (this.isDue && this.isAttached) {
        this.isDue = false
        await this.drawOnce()
      }
    },

    async drawOnce() {
      if (this.log && this.isStale) {
        this.isStale = false
        this.rows = this.rowsNow()
        const lower = this.blocks.take(this.rows)
        if (!this.isAtBottom) this.top += lower // where it will stand: what is looked at is to stay in the tree
      }
      if (this.isAtBottom) this.blocks.lookAtEnd(this.viewHeight)
      else this.blocks.look({ top: this.top - HEAD_RPX * this.rpx, height: this.viewHeight })
      const patch = { ...this.blocks.patch(), ...this.around() }
      await this.show(patch)
      if (this.blocks.isPartial) this.isDue = true
      this.drawn()
    },

    /** Sets data, and keeps in its place what is read. */
    async show(patch) {
      const hasRows = Object.keys(patch).some((path) => /^(blocks|rowsOf)/.test(path))
      const before = hasRows && !this.isAtBottom ? await this.measure() : null
      const hasAny = Object.keys(patch).length > 0
      if (hasAny) await this.set(patch)
      if (this.isAtBottom && hasRows) await this.scrollTo(END)
      const after = hasAny ? await this.measure() : await this.known()
      if (before && after && !this.isAtBottom) await this.hold(before, after)
    },

    set(patch) { return new Promise((resolve) => this.setData(patch, resolve)) },

    /**
     * What was first on the screen is where it was, wherever the view itself has not seen to it (none does at the very top). While a finger
     * moves the list, what it has done cannot be told from what the view has done, but by the size of it.
     */
    async hold(before, after) {
      const now = new Map(after.rows.map((row) => [row.key, row]))
      const anchor = before.rows.find(({ key, bottom }) => bottom > before.edge && now.has(key))
      if (!anchor) return
      const scrolled = after.top - before.top
      const grown = now.get(anchor.key).top - anchor.top + scrolled
      const isLeft = Math.abs(scrolled) < 1 ? Math.abs(grown) >= 0.5 : Math.abs(grown) > this.viewHeight / 2 && Math.abs(scrolled) < Math.abs(grown) / 2
      if (isLeft) await this.scrollTo(after.top + grown)
    },

    /** Where all is. null: the list is not there. */
    measure() {
      return new Promise((resolve) => {
        const query = this.createSelectorQuery()
        query.select('.list').scrollOffset()
        query.select('.list').boundingClientRect()
        query.selectAll('.is-alive').boundingClientRect()
        query.selectAll('.row').boundingClientRect()
        query.exec(([offset, list, blocks, rows]) => {
          if (!offset || !list || !this.isAttached) return resolve(null)
          this.top = offset.scrollTop
          this.height = offset.scrollHeight
          this.viewHeight = list.height
          this.blocks.measure(blocks.map(({ dataset, height }) => ({ key: dataset.key, height })))
          this.screen = {
            top: offset.scrollTop, height: offset.scrollHeight, edge: list.top, end: list.bottom,
            rows: rows.map(({ dataset, top, bottom }) => ({ key: dataset.key, top, bottom })),
          }
          return resolve(this.screen)
        })
      })
    },

    /** Where all is. In the middle of a scroll, which moves all alike, rows are not asked for one by one; they are when the hand rests. */
    known() {
      const { screen } = this
      if (!screen || this.height !== screen.height || this.top === screen.top) return this.measure()
      const by = this.top - screen.top
      this.screen = { ...screen, top: this.top, rows: screen.rows.map(({ key, top, bottom }) => ({ key, top: top - by, bottom: bottom - by })) }
      this.lookSoon()
      return this.screen
    },

    /** Keys of the rows on the screen, from top to bottom. */
    visibleKeys() {
      if (!this.screen) return []
      const { rows, edge, end } = this.screen
      return rows.filter(({ top, bottom }) => bottom > edge && top < end).map(({ key }) => key)
    },

    scroller() {
      if (!this.scrolling) {
        this.scrolling = new Promise((resolve) => {
          this.createSelectorQuery().select('.list').node().exec(([found]) => resolve(found && found.node))
        })
      }
      return this.scrolling
    },

    async scrollTo(top, isAnimated = false) {
      const node = await this.scroller()
      if (node && this.isAttached) node.scrollTo({ top, animated: isAnimated })
    },

    /** To the newest; it stays there when more come. */
    async toBottom(isGliding = false) {
      const isNear = this.blocks.total - this.top - this.viewHeight < GLIDE_SCREENS * this.viewHeight
      if (isGliding && isNear) return this.scrollTo(END, true)
      this.setAtBottom(true)
      await this.draw()
      return this.scrollTo(END)
    },

    /** Brings a row onto the screen. @returns {Promise<boolean>} whether it is there */
    async toRow(key, { isFlashed = true, offset = this.viewHeight / 3 } = {}) {
      await this.drawing
      if (!this.blocks.lookAt(key, this.viewHeight)) return false
      this.setAtBottom(false)
      this.isLed = true // what the view still tells of where it was is no hand's
      setTimeout(() => { this.isLed = false }, LED_MS)
      await this.set(this.blocks.patch())
      const screen = await this.measure()
      const row = screen && screen.rows.find((one) => one.key === key)
      if (!row) return false
      const by = row.top - screen.edge - offset
      const last = screen.rows[screen.rows.length - 1]
      const isEnd = last.key === this.rows[this.rows.length - 1].key && last.bottom - by - screen.end <= BOTTOM_RPX * this.rpx
      this.top = screen.top + by
      await this.scrollTo(isEnd ? END : this.top)
      this.setAtBottom(isEnd)
      if (isFlashed) this.flash(key)
      this.lookSoon()
      return true
    },

    flash(key) {
      clearTimeout(this.flashTimer)
      this.setData({ flash: key })
      this.flashTimer = setTimeout(() => this.setData({ flash: '' }), FLASH_MS)
    },

    setAtBottom(isAtBottom) {
      if (isAtBottom === this.isAtBottom) return
      this.isAtBottom = isAtBottom
      this.bottomChanged(isAtBottom)
    },

    // ---- what a finger does ----

    scrolled({ detail: { scrollTop, scrollHeight } }) {
      // A hand does not change how high all of it is: other rows, and what the view does to keep them in their place, do.
      const isDown = scrollTop < this.top && scrollHeight === this.height
      this.top = scrollTop
      this.height = scrollHeight
      if (!this.data.isPlaced || this.isLed) return
      const rest = scrollHeight - scrollTop - this.viewHeight
      // Only who scrolls up leaves the bottom: rows that grow do not.
      if (rest <= BOTTOM_RPX * this.rpx) this.setAtBottom(true)
      else if (isDown || !this.isAtBottom) this.setAtBottom(false)
      this.lookSoon()
    },

    lookSoon() {
      if (this.lookTimer) return
      this.lookTimer = setTimeout(() => {
        this.lookTimer = null
        this.look()
      }, LOOK_MS)
    },

    /** Older ones are asked for before the top is reached. */
    reachUp() {
      if (this.data.isPlaced && this.top < SCREENS_ABOVE * this.viewHeight && this.mayLoad()) this.log.older()
    },

    resized({ detail: { height } }) {
      if (height === this.data.inset) return
      const grown = height - this.data.inset
      const { isAtBottom, top } = this
      this.viewHeight -= grown // a list that is higher moves what is in it, and tells: that is no hand's
      // Whoever reads sees the same rows above the composer as before.
      this.setData({ inset: height }, () => this.scrollTo(isAtBottom ? END : top + grown))
    },
  },
})
