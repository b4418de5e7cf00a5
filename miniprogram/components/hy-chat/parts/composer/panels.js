'use strict'
// What is under the field: the keyboard, the emoji, the things to send; all of one height, so that one takes the place of another
// and nothing moves.

const LEAST_RPX = 480
/** A keyboard that does not come in this time is none (a computer's). */
const KEYBOARD_MS = 400

module.exports = Behavior({
  properties: {
    /** In px, below which nothing is tapped; -1: as the phone has it. */
    safeBottom: { type: Number, value: -1 },
  },

  data: { panel: '', keyboard: 0, tray: 0, safe: 0, focus: false, cursor: -1 },

  lifetimes: {
    attached() {
      const { windowWidth, screenHeight, safeArea } = wx.getWindowInfo()
      this.least = LEAST_RPX * windowWidth / 750
      this.bottom = this.data.safeBottom >= 0 ? this.data.safeBottom : Math.max(0, screenHeight - safeArea.bottom)
      this.setData({ safe: this.bottom })
      this.lastKeyboard = 0
      this.isAttached = true
      this.stand()
    },
    ready() { this.fit() },
    detached() {
      this.isAttached = false
      this.stopWaiting()
    },
  },

  methods: {
    /** Emoji, or what else can be sent; once more: the keyboard; and once more before that is there: the panel after all. */
    togglePanel({ currentTarget }) {
      const { panel } = currentTarget.dataset
      if (!this.stopWaiting() && this.data.panel === panel) {
        if (panel !== 'emoji') return this.closePanel()
        this.keyboardWanted() // a field that has the focus already does not tell of it
        return this.focus()
      }
      if (panel === 'plus') this.dress() // by now it may be known what the server takes
      this.setData({ panel, isVoice: false, notice: null, ...(panel === 'emoji' ? { recent: this.recentEmoji() } : {}) })
      this.stand()
      wx.hideKeyboard({ fail: () => {} })
      return undefined
    },

    closePanel() {
      if (!this.data.panel) return
      this.setData({ panel: '' })
      this.stand()
    },

    /** The field has been tapped: a panel stays until the keyboard is there. */
    keyboardWanted() {
      this.stopWaiting()
      this.comingKeyboard = setTimeout(() => {
        this.comingKeyboard = null
        this.closePanel()
      }, KEYBOARD_MS)
    },

    /** @returns {boolean} whether a keyboard was on its way */
    stopWaiting() {
      const wasComing = Boolean(this.comingKeyboard)
      clearTimeout(this.comingKeyboard)
      this.comingKeyboard = null
      return wasComing
    },

    keyboardMoved({ detail: { height } }) {
      if (height > 0) {
        this.stopWaiting()
        this.lastKeyboard = height
      }
      if (height === this.data.keyboard) return
      this.setData({ keyboard: height, ...(height > 0 ? { panel: '' } : {}) })
      this.stand()
    },

    /** How high what is under the field is. */
    stand() {
      const { panel, keyboard } = this.data
      const tray = panel ? Math.max(this.lastKeyboard, this.least) : Math.max(keyboard, this.bottom)
      if (tray !== this.data.tray) this.setData({ tray })
      this.tellInset()
    },

    fitSoon() {
      if (this.fitting || !this.isAttached) return
      this.fitting = true
      wx.nextTick(() => this.fit())
    },

    /** The field and what is above it have another height. */
    fit() {
      this.fitting = false
      if (!this.isAttached) return
      wx.createSelectorQuery().in(this).select('.head').boundingClientRect((rect) => {
        if (!rect || !this.isAttached) return
        this.headHeight = rect.height
        this.tellInset()
      }).exec()
    },

    tellInset() {
      if (this.headHeight === undefined) return
      const height = this.headHeight + this.data.tray
      if (height === this.told) return
      this.told = height
      this.triggerEvent('inset', { height })
    },
  },
})
