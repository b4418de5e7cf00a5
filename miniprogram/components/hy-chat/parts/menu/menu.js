// What a long press offers, at the bubble: emoji to react with, and what can be done with the message. Any touch beside it closes it.

const { textsIn } = require('../../texts')

const FACES = ['👍', '❤️', '😂', '😮', '😢', '🙏']
const COLUMNS = 4
/** In rpx. */
const CELL = 134
const EDGE = 24
const GAP = 20
/** Less room than that above the bubble: the menu stands below. */
const ROOM = 240
const CARET = 32

/** Where the page's own part of the screen begins, below the title, in px. */
function titleBottom({ screenHeight, windowHeight }) {
  if (windowHeight < screenHeight) return 0 // the native title is not ours
  const { bottom, top, height } = wx.getMenuButtonBoundingClientRect()
  return bottom + Math.max(0, (44 - height) / 2, top ? 0 : 44)
}

Component({
  properties: {
    show: Boolean,
    /** Of the bubble: {left, top, width, height} in px of the page. */
    rect: { type: Object, value: null },
    /** Names of core/menu. */
    actions: { type: Array, value: [] },
    canReact: Boolean,
    /** Which emoji are one's own already: {emoji: true}. */
    reacted: { type: Object, value: {} },
    lang: String,
  },

  data: { faces: FACES, items: [], width: 0, style: '', caret: '', isBelow: false, s: {} },

  observers: {
    'show, rect, actions, canReact, lang': function open(show, rect, actions, canReact, lang) {
      if (!show || !rect) return
      const t = textsIn(lang)
      const columns = canReact ? COLUMNS : Math.min(COLUMNS, Math.max(1, actions.length))
      this.setData({
        items: actions.map((name) => ({ name, text: t(`menu.${name}`) })), width: columns * CELL, style: 'opacity:0', s: { more: t('label.more'), react: t('menu.react') },
      }, () => this.place())
    },
  },

  methods: {
    /** Over the bubble, under it where there is no room, in any case on the screen. */
    place() {
      this.createSelectorQuery().select('.menu').boundingClientRect((menu) => {
        const { rect, show } = this.data
        if (!menu || !show) return
        const { windowWidth, windowHeight, screenHeight, safeArea } = wx.getWindowInfo()
        const px = (rpx) => rpx * windowWidth / 750
        const least = titleBottom({ screenHeight, windowHeight })
        const edge = px(EDGE)
        const lowest = Math.min(windowHeight, safeArea ? safeArea.bottom - (screenHeight - windowHeight) : windowHeight) - edge - menu.height
        const within = (value, low, high) => Math.round(Math.max(low, Math.min(high, value)))
        const above = rect.top - px(GAP) - menu.height
        const isBelow = rect.top - least < px(ROOM) || above < least
        const bottom = rect.top + rect.height
        const top = within(isBelow ? bottom + px(GAP) : above, least + px(8), Math.max(least + px(8), lowest))
        const middle = rect.left + rect.width / 2
        const left = within(middle - menu.width / 2, edge, windowWidth - edge - menu.width)
        // Over a bubble that fills the screen it points at nothing.
        const isBeside = isBelow ? top >= bottom : top + menu.height <= rect.top
        this.setData({
          isBelow, style: `left:${left}px;top:${top}px`,
          caret: isBeside ? `left:${within(middle - left, px(CARET), menu.width - px(CARET))}px` : 'display:none',
        })
      }).exec()
    },

    pick({ currentTarget }) { this.triggerEvent('pick', { action: currentTarget.dataset.name }) },
    react({ currentTarget }) {
      const { emoji } = currentTarget.dataset
      this.triggerEvent('react', { emoji, on: !this.data.reacted[emoji] })
    },
    more() { this.triggerEvent('more') },
    close() { this.triggerEvent('close') },
    stay() {},
  },
})
