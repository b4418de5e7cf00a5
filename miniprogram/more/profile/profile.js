// Somebody else: to write to, to keep, to recommend, to block.

const { definePage, decoded } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { openFresh } = require('../../services/links')
const brand = require('../../brand')
const config = require('../../config')

definePage('profile', {
  data: { userId: '', person: {}, isOnline: false, isMe: false, isContact: true, isBlocked: false, hasReport: Boolean(brand.report) },

  onLoad(query) {
    const { im } = this
    this.userId = decoded(query.userId)
    this.offs = [im.directory.onChange(() => this.draw()), im.presence.onChange(() => this.draw()), im.onView(() => this.draw()), im.client.on('synced', () => this.readBlocked())]
    im.directory.refresh([this.userId])
    this.readBlocked()
  },

  onUnload() {
    this.offs.forEach((off) => off())
    this.leave()
  },
  onShow() {
    if (this.userId !== this.im.client.userId) this.offPresence = this.im.presence.look([this.userId])
  },
  onHide() { this.leave() },
  leave() {
    if (this.offPresence) this.offPresence()
    this.offPresence = null
  },

  dressed() { this.draw() },

  draw() {
    const { im, im: { directory, contacts, client } } = this
    this.setData({
      userId: this.userId, person: personOf(this.userId, { directory, t: this.t }), isOnline: im.isOnline(this.userId),
      isMe: this.userId === client.userId, isContact: contacts.has(this.userId),
    })
  },

  async readBlocked() {
    const { userIds } = await this.im.client.call('block.list', {}).catch(() => ({ userIds: null }))
    if (userIds) this.setData({ isBlocked: userIds.indexOf(this.userId) >= 0 })
  },

  copyId() { wx.setClipboardData({ data: this.userId }) },

  message() {
    this.im.contacts.add(this.userId)
    openFresh({ userId: this.userId })
  },

  save() {
    this.im.contacts.add(this.userId)
    this.draw()
    this.say(this.data.s.added)
  },

  /** The switch has moved; it goes back when it is not wanted, or could not be done. */
  async block({ detail }) {
    const { s, person } = this.data
    this.setData({ isBlocked: detail.checked })
    const isWanted = !detail.checked || await this.ask({ title: this.t('profile.blockTitle', person), text: s.blockText, confirm: s.blockDo, danger: true })
    const method = detail.checked ? 'block.add' : 'block.remove'
    const isDone = isWanted && await this.attempt(() => this.im.client.call(method, { userIds: [this.userId] }))
    if (!isDone) this.setData({ isBlocked: !detail.checked })
  },

  report() {
    const domain = (/^https:\/\/([^/?#]+)/.exec(brand.report) || [])[1]
    if (config.webDomains.indexOf(domain) >= 0) wx.navigateTo({ url: `/more/web/web?url=${encodeURIComponent(brand.report)}` })
    else wx.setClipboardData({ data: brand.report })
  },

  onShareAppMessage() {
    return { title: this.t('profile.cardTitle', this.data.person), path: `/more/profile/profile?userId=${encodeURIComponent(this.userId)}` }
  },
})
