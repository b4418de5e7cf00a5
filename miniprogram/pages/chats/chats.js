// The conversations: pinned first, then newest. Only the rows around the screen are in the tree.

const { definePage } = require('../../services/page')
const { addressOfScan, openPlace } = require('../../services/links')
const { conversationRow } = require('../../components/hy-chat/core/list')
const { keyOf } = require('../../components/hy-chat/core/place')
const { rowsInTree, rowsOnScreen } = require('./window')
const brand = require('../../brand')

/** Of the design, in rpx. */
const ROW_RPX = 144
const HEAD_RPX = 108
/** Changes that come together are drawn together. */
const DRAW_MS = 30
const BONES_MS = 200
const PULL_MS = 3000
/** A longer name and the state would not fit beside the capsule. */
const NAME_MAX = 5
const EVENTS = ['conversation', 'message', 'gone', 'outbox', 'synced', 'reset', 'stream']

definePage('chats', {
  hasTabs: true,
  isTitled: true,

  data: {
    rows: [], above: 0, below: 0, count: 0, openKey: '', hasMenu: false, isPulled: false,
    /** '', 'bones', 'failed', 'empty' or 'rows'. */
    shows: '', strip: '', stripAction: '',
  },

  onLoad() {
    const { im } = this
    const { windowWidth, windowHeight } = wx.getWindowInfo()
    Object.assign(this, { rpx: windowWidth / 750, height: windowHeight, scrollTop: 0, conversations: [] })
    const soon = () => this.drawSoon()
    this.offs = [
      ...EVENTS.map((event) => im.client.on(event, soon)),
      im.sender.onChange(soon), im.directory.onChange(soon), im.presence.onChange(soon), im.onView(() => this.stateChanged()),
    ]
    this.bonesTimer = setTimeout(() => { if (this.data.shows === '') this.setData({ shows: 'bones' }) }, BONES_MS)
  },

  onReady() {
    const app = getApp()
    if (app.left) wx.navigateTo({ url: app.left })
    app.left = ''
  },

  onUnload() {
    this.offs.forEach((off) => off())
    if (this.offPresence) this.offPresence()
    for (const timer of [this.drawing, this.bonesTimer, this.midnight]) clearTimeout(timer)
  },

  onShow() {
    this.isShown = true
    this.stateChanged()
    this.draw()
    this.relabelAtMidnight()
  },

  onHide() {
    this.isShown = false
    clearTimeout(this.midnight)
    if (this.offPresence) this.offPresence()
    this.offPresence = null
    this.setData({ openKey: '', hasMenu: false })
  },

  dressed() {
    this.rowHeight = ROW_RPX * this.rpx * this.look.data.grow
    this.stateChanged()
    this.draw()
  },

  // ---- drawing ----

  /** While another page is above, the list is drawn when one comes back. */
  drawSoon() {
    if (this.drawing || !this.isShown) return
    this.drawing = setTimeout(() => {
      this.drawing = null
      this.draw()
    }, DRAW_MS)
  },

  /** Conversations of the server, and before them those whose first message is still on its way. */
  allConversations() {
    const { client, sender } = this.im
    const known = client.conversations
    const keys = {}
    const coming = []
    for (const { to, state } of [...client.outgoing(), ...sender.loaded()].reverse()) {
      if (keys[keyOf(to)] || state === 'sent' || state === 'discarded' || client.conversation(to)) continue
      keys[keyOf(to)] = true
      coming.push({ place: to, messages: [], lastMessage: null, unread: 0, mentionSeq: null, pinned: false, muted: false })
    }
    if (!coming.length) return known
    const pinned = known.filter((conversation) => conversation.pinned)
    return [...pinned, ...coming, ...known.slice(pinned.length)]
  },

  draw() {
    if (!this.im.client) return
    this.conversations = this.allConversations()
    const { from, to } = rowsInTree(this.list())
    const { im, im: { client, directory, local, sender } } = this
    const context = { client, sender, directory, local, t: this.t, now: client.now(), me: client.userId, isOnline: (userId) => im.isOnline(userId) }
    const rows = this.conversations.slice(from, to).map((conversation) => {
      const row = conversationRow(conversation, context)
      return { ...row, isMarked: row.mark === 'draft' || row.mark === 'mention', buttons: this.buttonsOf(conversation), isUnread: conversation.unread > 0 }
    })
    const count = this.conversations.length
    this.setData({ rows, count, above: from * this.rowHeight, below: (count - to) * this.rowHeight, shows: this.whatToShow() })
    this.lookAtPresence()
  },

  list() {
    return { count: this.conversations.length, rowHeight: this.rowHeight, height: this.height, scrollTop: this.scrollTop - HEAD_RPX * this.rpx }
  },

  whatToShow() {
    if (this.conversations.length) return 'rows'
    if (this.hasSynced || this.im.client.state === 'online' && !this.im.isSyncing) return this.hasSynced = true, 'empty'
    if (this.im.view.strip) return 'failed'
    return this.data.shows === 'failed' ? 'bones' : this.data.shows
  },

  buttonsOf({ pinned, muted }) {
    const { s } = this.data
    return [{ key: 'pin', text: pinned ? s.unpin : s.pin }, { key: 'mute', text: muted ? s.unmute : s.mute }, { key: 'delete', text: s.delete }]
  },

  scrolled({ detail }) {
    this.scrollTop = detail.scrollTop
    if (this.data.openKey) this.setData({ openKey: '' })
    const { from, to } = rowsInTree(this.list())
    const key = `${from}-${to}`
    if (key !== this.drawnWindow) this.draw()
    this.drawnWindow = key
  },

  lookAtPresence() {
    const { from, to } = rowsOnScreen(this.list())
    const userIds = this.conversations.slice(from, to).map(({ place }) => place.userId).filter((userId) => userId !== undefined)
    const key = userIds.join(' ')
    if (!this.isShown || (this.offPresence && key === this.lookedAt)) return
    this.lookedAt = key
    const before = this.offPresence
    this.offPresence = this.im.presence.look(userIds)
    if (before) before()
  },

  relabelAtMidnight() {
    const now = new Date(this.im.client.now())
    const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1)
    clearTimeout(this.midnight)
    this.midnight = setTimeout(() => {
      this.draw()
      this.relabelAtMidnight()
    }, midnight - now + 1000)
  },

  // ---- the connection ----

  stateChanged() {
    const { im, t, look } = this
    if (!im.client) return
    const { title, strip } = im.view
    const name = brand.name[look.lang]
    const state = title && t(`state.${title}`)
    const isLong = look.lang === 'en' || Array.from(name).length > NAME_MAX
    this.entitle(!state ? name : isLong ? state : t('chats.state', { name, state }))
    const closed = im.state === 'kicked' || im.state === 'replaced' ? im.state : ''
    const words = closed ? t(`closed.${closed}`) : strip ? t(strip === 'network' ? 'strip.networkList' : 'strip.connecting') : ''
    this.setData({ strip: words, stripAction: closed ? t(`closed.${closed}Action`) : '' })
    this.drawSoon()
  },

  connect() { this.im.connect() },

  retry() {
    this.setData({ shows: 'bones' })
    this.im.connect()
  },

  /** A heartbeat shows what was missed; the client then reads it. */
  async pulled() {
    this.setData({ isPulled: true })
    if (this.im.state !== 'online') this.im.connect()
    await this.im.client.call('ping', {}, PULL_MS).catch(() => {})
    this.setData({ isPulled: false })
  },

  // ---- what a finger does ----

  search() { wx.navigateTo({ url: '/more/search/search' }) },

  toggleMenu() { this.setData({ hasMenu: !this.data.hasMenu, openKey: '' }) },
  closeMenu() { this.setData({ hasMenu: false }) },
  newGroup() { wx.navigateTo({ url: '/more/group-new/group-new' }) },
  addContact() { wx.navigateTo({ url: '/more/add/add' }) },
  scan() {
    this.closeMenu()
    addressOfScan(this)
  },
  toContacts() { wx.switchTab({ url: '/pages/contacts/contacts' }) },

  rowAt({ currentTarget }) { return this.data.rows.find(({ key }) => key === currentTarget.dataset.key) },

  open(event) {
    if (this.data.openKey) return this.setData({ openKey: '' })
    return openPlace(this.rowAt(event).place)
  },

  swiped({ currentTarget }) { this.setData({ openKey: currentTarget.dataset.key }) },
  swipedBack({ currentTarget }) { if (this.data.openKey === currentTarget.dataset.key) this.setData({ openKey: '' }) },

  pick(event) {
    this.setData({ openKey: '' })
    this.act(this.rowAt(event), event.detail.key)
  },

  async menu(event) {
    const row = this.rowAt(event)
    const { s } = this.data
    this.setData({ openKey: '' })
    const key = await this.choose({ items: [
      ...(row.isUnread ? [{ key: 'read', text: s.markRead }] : []), ...row.buttons.slice(0, 2), { ...row.buttons[2], danger: true },
    ] })
    if (key) this.act(row, key)
  },

  act({ place, pinned, muted }, key) {
    const { client } = this.im
    if (key === 'read') client.read(place)
    if (key === 'pin') this.attempt(() => client.set(place, { pinned: !pinned }))
    if (key === 'mute') this.attempt(() => client.set(place, { muted: !muted }))
    if (key === 'delete') this.remove(place)
  },

  async remove(place) {
    const { client, local, sender } = this.im
    const { s } = this.data
    if (!await this.choose({ title: s.deleteAsk, items: [{ key: 'delete', text: s.delete, danger: true }] })) return
    if (!client.conversation(place) || await this.attempt(() => client.clear(place))) {
      local.drafts.remove(place)
      for (const { clientMsgId, state } of sender.entries(place)) if (state === 'failed') sender.discard(clientMsgId)
      this.draw()
    }
  },
})
