// Who you are, and whom you talk to. The choice is remembered on the phone.

const { normalizeId, userIdProblem } = require('../../utils/ids')

const STORAGE_KEY = 'chosen'

Page({
  data: {
    me: { id: '', name: '' },
    peer: { id: '', name: '' },
    myProblem: '',
    peerProblem: '',
  },

  onLoad() {
    const chosen = wx.getStorageSync(STORAGE_KEY)
    if (chosen) this.setData({ me: chosen.me, peer: chosen.peer })
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
    const myProblem = userIdProblem(me.id)
    const peerProblem = userIdProblem(peer.id)
    this.setData({ myProblem, peerProblem })
    if (myProblem || peerProblem) return
    wx.setStorageSync(STORAGE_KEY, { me, peer })
    const query = Object.entries({ me: me.id, myName: me.name, peer: peer.id, peerName: peer.name })
    wx.navigateTo({ url: `/pages/chat/chat?${query.map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}` })
  },
})

function cleaned(person) {
  const id = normalizeId(person.id)
  return { id, name: person.name.trim() || id }
}
