// One conversation on the screen. What it shows comes from utils/room.js; here are only the list's scrolling, the input
// bar and the dialogs.

const { server } = require('../../config')
const { normalizeId } = require('../../utils/ids')
const { Room } = require('../../utils/room')
const { TEXT_MAX, textLength, isBlank, sendable, insertAt, deleteBefore } = require('../../utils/text')

const NEAR_END_PX = 60 // so close to the newest message the list follows it
const COUNT_FROM = TEXT_MAX - 200 // from here on the bar counts
const KEPT_ITEMS = 200 // so many messages stay in the list while the newest is on the screen

Page({
  data: {
    me: { id: '', name: '' },
    peer: { id: '', name: '' },
    status: '', // the line about the connection
    others: null, // the newest message of somebody else: {id, name, text}
    items: [],
    edge: '', // the line above the oldest message
    unseen: 0, // new messages below the screen
    scrollTop: 0,
    draft: '',
    canSend: false,
    count: '',
    tooLong: false,
    focus: false,
    panel: false,
    keyboardHeight: 0,
  },

  onLoad(query) {
    const person = (id, name) => ({ id: normalizeId(decoded(id)), name: decoded(name || id) })
    const me = person(query.me, query.myName)
    const peer = person(query.peer, query.peerName)
    const { login } = getApp()
    this.login = login
    this.me = me
    this.checkUser = this.checkUser.bind(this)
    if (!this.checkUser()) return
    if (login) login.listen(this.checkUser)
    this.setData({ me, peer })
    wx.setNavigationBarTitle({ title: peer.name })
    this.cursor = 0
    this.atEnd = true
    this.viewHeight = 0
    this.scrollOffset = 0
    this.endScrolls = 0
    this.room = new Room({
      wx,
      server,
      login,
      me,
      peer,
      on: {
        changed: (addedByPeer) => this.changed(addedByPeer),
        status: (status) => { if (status !== this.data.status) this.setData({ status }, () => this.laidOut()) },
        others: (chat) => this.setData({ others: othersLine(chat) }),
      },
    })
    this.show(this.room.timeline.items())
    this.room.start()
  },

  onReady() {
    this.laidOut()
  },

  onShow() {
    if (this.room) this.room.shown()
  },

  onHide() {
    if (this.room) this.room.hidden()
  },

  onUnload() {
    if (this.login) this.login.unlisten(this.checkUser)
    if (this.room) this.room.stop()
  },

  /** A page of another user than the one who is logged in (an old link; a server with a new database) starts over. */
  checkUser() {
    if (!this.login || this.login.userId === this.me.id) return true
    wx.redirectTo({ url: '/pages/index/index' })
    return false
  },

  // ---- the list ----

  /** The room has something new to show. */
  changed(addedByPeer) {
    if (this.atEnd) this.room.trim(KEPT_ITEMS)
    if (!this.atEnd && addedByPeer) this.setData({ unseen: this.data.unseen + addedByPeer })
    this.show(this.room.timeline.items())
    if (this.atEnd) this.toNewest()
  },

  /** Hands only what changed to the view. */
  show(items, done) {
    const old = this.data.items
    const update = { edge: this.edgeText(items) }
    if (items.length < old.length || (old.length && items[0].key !== old[0].key)) {
      update.items = items
    } else {
      items.forEach((item, index) => { if (!same(item, old[index])) update[`items[${index}]`] = item })
    }
    this.setData(update, done)
  },

  edgeText(items) {
    if (!this.room.loaded) return ''
    if (this.room.loadingOlder) return '加载中…'
    if (this.olderFailed) return '加载失败，点按重试'
    if (!items.length) return '还没有消息，打个招呼吧'
    return this.lookedUp && !this.room.hasMore ? '没有更早的消息了' : ''
  },

  toNewest() {
    this.atEnd = true
    // scroll-view moves only when it is given another number than last time
    this.endScrolls = (this.endScrolls + 1) % 2
    this.setData({ scrollTop: 10000000 + this.endScrolls, unseen: 0 })
  },

  scrolled({ detail }) {
    this.scrollOffset = detail.scrollTop
    if (!this.viewHeight) return
    this.atEnd = detail.scrollHeight - detail.scrollTop - this.viewHeight < NEAR_END_PX
    if (this.atEnd && this.data.unseen) this.setData({ unseen: 0 })
  },

  /** The list's height changed: keyboard, panel, a longer draft, the status line. */
  laidOut() {
    wx.createSelectorQuery().in(this).select('#list').boundingClientRect((rect) => {
      if (!rect) return
      this.viewHeight = rect.height
      if (this.atEnd) this.toNewest()
    }).exec()
  },

  /** Puts older messages above, with those on the screen staying where they are. */
  async loadOlder() {
    if (!this.room.loaded || this.room.loadingOlder) return
    this.lookedUp = true
    if (!this.room.hasMore) {
      this.show(this.data.items)
      return
    }
    const loading = this.room.loadOlder()
    this.olderFailed = false
    this.show(this.data.items)
    this.olderFailed = !(await loading)
    const anchor = this.data.items.length ? this.data.items[0].key : ''
    const before = await this.topOf(anchor)
    this.show(this.room.timeline.items(), async () => {
      const after = await this.topOf(anchor)
      // the engine may have kept the place by itself; only what is missing is made up for
      if (before && after && after.top !== before.top) {
        this.setData({ scrollTop: after.scrollTop + after.top - before.top })
      }
    })
  },

  /** Where an item is on the screen, and how far the list is scrolled. */
  topOf(key) {
    if (!key) return Promise.resolve(null)
    return new Promise((resolve) => {
      wx.createSelectorQuery().in(this)
        .select(`#${key}`).boundingClientRect()
        .select('#list').scrollOffset()
        .exec(([rect, offset]) => resolve(rect && offset ? { top: rect.top, scrollTop: offset.scrollTop } : null))
    })
  },

  // ---- writing ----

  typed({ detail }) {
    this.cursor = detail.cursor
    this.setDraft(detail.value)
  },

  setDraft(draft) {
    const length = textLength(draft)
    this.setData({
      draft,
      canSend: !isBlank(draft) && length <= TEXT_MAX,
      count: length >= COUNT_FROM ? `${length}/${TEXT_MAX}` : '',
      tooLong: length > TEXT_MAX,
    })
  },

  /** The draft is taken away before anything else, so that a second tap finds nothing to send. */
  send() {
    const draft = this.data.draft
    const text = sendable(draft)
    if (isBlank(text)) return
    if (textLength(text) > TEXT_MAX) {
      wx.showToast({ title: `最多 ${TEXT_MAX} 个字`, icon: 'none' })
      return
    }
    this.cursor = 0
    this.setDraft('')
    this.atEnd = true
    try {
      this.room.send(text)
    } catch (error) {
      this.setDraft(draft)
      wx.showToast({ title: '手机存储已满，没有发出', icon: 'none' })
    }
  },

  tapFailed(event) {
    const key = event.currentTarget.dataset.key
    const clientMsgId = key.slice('c-'.length)
    const item = this.data.items.find((candidate) => candidate.key === key)
    wx.showActionSheet({
      alertText: (item && item.detail) || '消息没有发出',
      itemList: ['重新发送', '删除'],
      success: ({ tapIndex }) => {
        if (tapIndex === 0) this.room.retry(clientMsgId)
        else this.room.remove(clientMsgId)
      },
      fail() {}, // cancelled
    })
  },

  // ---- keyboard and emoji ----

  focused() {
    this.setData({ focus: true, panel: false }, () => this.laidOut())
  },

  blurred({ detail }) {
    if (typeof detail.cursor === 'number') this.cursor = detail.cursor
    this.setData({ focus: false })
  },

  keyboardChanged({ detail }) {
    if (detail.height === this.data.keyboardHeight) return
    this.setData({ keyboardHeight: detail.height }, () => this.laidOut())
  },

  togglePanel() {
    const panel = !this.data.panel
    if (panel) wx.hideKeyboard({ fail() {} }) // fails when there is no keyboard to hide
    this.setData({ panel, focus: !panel }, () => this.laidOut())
  },

  closePanels() {
    wx.hideKeyboard({ fail() {} })
    if (this.data.panel) this.setData({ panel: false }, () => this.laidOut())
  },

  pickEmoji({ detail }) {
    this.edit(insertAt(this.data.draft, this.cursor, detail.emoji))
  },

  deleteEmoji() {
    this.edit(deleteBefore(this.data.draft, this.cursor))
  },

  edit({ text, cursor }) {
    this.cursor = cursor
    this.setDraft(text)
  },

  // ---- somebody else's message ----

  openOther() {
    const { me } = this.data
    const other = this.data.others
    const query = `me=${me.id}&myName=${encodeURIComponent(me.name)}&peer=${other.id}&peerName=${encodeURIComponent(other.name)}`
    wx.redirectTo({ url: `/pages/chat/chat?${query}` })
  },
})

/** A value of the page's URL, which WeChat hands over as it stands there. */
function decoded(value = '') {
  try { return decodeURIComponent(value) } catch (error) { return value }
}

function othersLine(chat) {
  const id = normalizeId(chat.userId)
  return { id, name: chat.userName || id, text: Array.from(chat.content.replace(/\s+/g, ' ')).slice(0, 40).join('') }
}

const same = (a, b) => b !== undefined && a.key === b.key && a.text === b.text && a.time === b.time &&
  a.state === b.state && a.detail === b.detail && a.mine === b.mine
