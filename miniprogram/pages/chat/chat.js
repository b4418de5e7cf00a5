// A chat with its own navigation bar: the native one has no button in its title.

const { definePage } = require('../../services/page')
const { openAbout, openForward, openPlace, openProfile } = require('../../services/links')
const { keyOf, placeOf } = require('../../components/hy-chat/core/place')
const { cutMiddle } = require('../../components/hy-chat/core/middle')
const { badge } = require('../../components/hy-chat/core/unread')
const { webDomains } = require('../../config')

/** Of the design, in rpx: the title, its letters. */
const TITLE_RPX = 342
const LETTER_RPX = 34
/** In letters: what stands behind the name. */
const CHEVRON = 1.1
const DOT = 0.8
const BELL = 1.1
const BAR_HEIGHT = 44
const CAPSULE_GAP = 6

definePage('chat', {
  isTitled: true,

  data: { place: null, seq: 0, statusHeight: 0, barHeight: BAR_HEIGHT, titleWidth: 0, isFirst: false, title: {}, name: '', others: '', select: '', backLabel: '', titleLabel: '', asksNotice: false, webDomains },

  onLoad(query) {
    const { statusBarHeight, windowWidth } = wx.getWindowInfo()
    const { top, height, left } = wx.getMenuButtonBoundingClientRect()
    const place = placeOf(query)
    if (!place) return wx.switchTab({ url: '/pages/chats/chats' })
    // In the middle, and never under the capsule, which is as wide on a narrow phone.
    const titleWidth = Math.min(TITLE_RPX * windowWidth / 750, windowWidth - 2 * (windowWidth - left + CAPSULE_GAP))
    this.room = titleWidth / (LETTER_RPX * windowWidth / 750) - CHEVRON
    this.setData({
      titleWidth, place, seq: Number(query.seq) || 0, statusHeight: statusBarHeight, barHeight: Math.max(BAR_HEIGHT, 2 * (top - statusBarHeight) + height),
      isFirst: getCurrentPages().length === 1,
    })
    return undefined
  },

  onReady() {
    this.chat = this.selectComponent('#chat')
    this.chat.use(this.im.client)
    this.hearSent()
  },
  onShow() { this.im.notices.readAlways() },
  onUnload() { if (this.offs) this.offs.forEach((off) => off()) },

  titled({ detail }) {
    this.setData({ title: detail })
    this.drawTitle()
    this.drawNotice()
  },
  dressed() { if (this.data.title.name) this.drawTitle() },

  drawTitle() {
    const { name, count, online, muted, unreadOthers } = this.data.title
    const counted = count ? `(${count})` : ''
    const room = this.room - counted.length * 0.6 - (online ? DOT : 0) - (muted ? BELL : 0)
    const others = badge(unreadOthers)
    const back = this.t(this.data.isFirst ? 'label.home' : 'label.back')
    this.setData({ name: cutMiddle(name, room), others, backLabel: others ? `${back} ${others}` : back, titleLabel: `${name}${counted} ${this.t('label.info')}` })
  },

  selected({ detail }) { this.setData({ select: detail && detail.title ? detail.title : '' }) },

  // ---- "notify me when they reply" ----

  hearSent() {
    const { im, im: { notices }, data: { place } } = this
    if (!place) return
    this.offs = [
      im.client.on('outbox', ({ entry }) => {
        if (keyOf(entry.to) !== keyOf(place)) return
        if (entry.state === 'waiting') notices.renew() // still inside the tap on Send
        if (entry.state !== 'sent') return
        this.hasSent = true
        this.drawNotice()
      }),
      im.onView(() => this.drawNotice()),
    ]
  },

  /** Asked for where somebody waits for an answer: they wrote, and the other is away. */
  drawNotice() {
    const { im: { client, isConnected, notices }, data: { place: { userId }, title } } = this
    const isWaiting = Boolean(this.hasSent && userId !== undefined && userId !== client.userId && !title.online)
    const asksNotice = isWaiting && isConnected && notices.isDue
    if (asksNotice === this.data.asksNotice) return
    this.setData({ asksNotice }, () => { if (this.chat.data.isAtBottom) this.chat.toBottom() }) // the newest stays in sight
  },

  async turnNoticesOn() {
    const { im: { notices }, data: { s } } = this
    const answer = await notices.ask()
    if (answer === 'accept') this.say(s.noticeAccepted)
    if (answer === 'offline') this.say(s.offline)
    this.drawNotice()
  },

  closeNotice() {
    this.im.notices.close()
    this.drawNotice()
  },

  back() {
    if (this.chat.endSelect()) return
    if (this.data.isFirst) wx.switchTab({ url: '/pages/chats/chats' })
    else wx.navigateBack()
  },

  openInfo() {
    const { place, select } = this.data
    if (!select) openAbout('info', place)
  },
  openProfile({ detail }) { openProfile(detail.userId) },
  openPlace({ detail }) { openPlace(detail.place, detail.seq) },
  openLink({ detail }) { wx.navigateTo({ url: `/more/web/web?url=${encodeURIComponent(detail.url)}` }) },
  openCard({ detail: { action } }) { if (typeof action.path === 'string' && action.path[0] === '/') wx.navigateTo({ url: action.path, fail: () => {} }) },
  forward({ detail }) { openForward(detail.messages) },
})
