'use strict'
// Read marks: what has stood on the screen for half a second, of a page that is seen, in an app that is in front.

const LOOK_MS = 500
const MARK_MS = 1_000
const PART = 0.5

module.exports = Behavior({
  lifetimes: {
    created() {
      this.isPageShown = true
      this.isInFront = true
      this.isNewestSeen = false
      this.markedAt = 0
    },
    attached() {
      this.front = () => this.lookedAt(true)
      this.back = () => this.lookedAt(false)
      wx.onAppShow(this.front)
      wx.onAppHide(this.back)
    },
    detached() {
      wx.offAppShow(this.front)
      wx.offAppHide(this.back)
      clearTimeout(this.readTimer)
      const isLate = this.seenAt && Date.now() - this.seenAt >= LOOK_MS
      if (isLate && this.isReading()) this.markRead() // it only waited for its turn
    },
  },

  pageLifetimes: {
    show() {
      this.isPageShown = true
      this.readSoon()
      this.shown()
    },
    hide() {
      this.isPageShown = false
      this.readSoon()
    },
  },

  methods: {
    lookedAt(isInFront) {
      this.isInFront = isInFront
      this.readSoon()
      if (isInFront) this.shown()
      else this.kept()
    },

    isReading() {
      const { log, kit } = this
      if (!log || !log.isBegun || !this.isPageShown || !this.isInFront || !this.isNewestSeen || kit.client.state !== 'online') return false
      const { conversation } = log
      return Boolean(conversation) && conversation.readSeq < conversation.lastSeq
    },

    /** After each look at the list. */
    readSoon() {
      this.isNewestSeen = this.seesNewest()
      if (!this.isReading()) {
        clearTimeout(this.readTimer)
        this.readTimer = null
        this.seenAt = 0
      } else if (!this.readTimer) {
        this.seenAt = Date.now()
        this.readTimer = setTimeout(() => {
          this.readTimer = null
          if (this.isReading()) this.markRead()
        }, Math.max(LOOK_MS, this.markedAt + MARK_MS - Date.now()))
      }
    },

    markRead() {
      this.markedAt = Date.now()
      this.kit.client.read(this.log.place)
    },

    /** Whether half of the newest is on the screen, or half of the screen shows it. */
    seesNewest() {
      const { screen, rows } = this
      if (!screen || !rows.length) return false
      const { key } = rows[rows.length - 1]
      const row = screen.rows.find((one) => one.key === key)
      if (!row) return false
      const part = Math.min(row.bottom, screen.end) - Math.max(row.top, screen.edge)
      return part >= PART * Math.min(row.bottom - row.top, screen.end - screen.edge)
    },
  },
})
