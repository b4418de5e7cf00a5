// Who you are, and whom you talk to. The choice is remembered on the phone. With a login you are who WeChat says, and only
// the other is chosen, by the account that he has told you.

const { normalizeId, userIdProblem } = require('../../utils/ids')

const STORAGE_KEY = 'chosen'

Page({
  data: {
    hasLogin: false,
    me: { id: '', name: '' },
    peer: { id: '', name: '' },
    myProblem: '',
    peerProblem: '',
  },

  onLoad() {
    const chosen = wx.getStorageSync(STORAGE_KEY)
    if (chosen) this.setData({ me: chosen.me, peer: chosen.peer })
    this.login = getApp().login
    if (this.login) this.setData({ hasLogin: true, me: { id: '', name: '' } })
  },

  onShow() {
    if (this.login) this.logIn()
  },

  onHide() {
    this.stopAsking()
  },

  onUnload() {
    this.stopAsking()
  },

  /** Until there is a login, for as long as the page is seen. */
  async logIn() {
    this.stopAsking()
    const asking = this.asking = {}
    this.showMe('')
    const session = await this.login.session()
    if (asking !== this.asking) return
    this.showMe(session.ok ? '' : session.detail)
    if (!session.ok) this.timer = setTimeout(() => this.logIn(), session.afterMs)
  },

  stopAsking() {
    this.asking = null
    clearTimeout(this.timer)
  },

  showMe(problem) {
    const id = this.login.userId
    this.setData({ me: { id, name: id }, myProblem: problem || this.login.problem })
  },

  tryAgain() {
    this.login.hurry()
    this.logIn()
  },

  copyMe() {
    wx.setClipboardData({ data: this.data.me.id })
  },

  changeMe(event) {
    this.setData({ me: event.detail, myProblem: '' })
  },

  changePeer(event) {
    this.setData({ peer: event.detail, peerProblem: '' })
  },

  start() {
    const me = cleaned(this.data.me)
    const peer = cleaned(this.data.peer)
    const peerProblem = userIdProblem(peer.id)
    this.setData({ peerProblem })
    if (!this.login) this.setData({ myProblem: userIdProblem(me.id) })
    if (userIdProblem(me.id) || peerProblem) return
    wx.setStorageSync(STORAGE_KEY, { me, peer })
    const query = Object.entries({ me: me.id, myName: me.name, peer: peer.id, peerName: peer.name })
    wx.navigateTo({ url: `/pages/chat/chat?${query.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}` })
  },
})

function cleaned(person) {
  const id = normalizeId(person.id)
  return { id, name: person.name.trim() || id }
}
