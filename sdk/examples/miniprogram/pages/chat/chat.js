// Two people on two phones: pages/chat/chat?me=1&peer=2 and pages/chat/chat?me=2&peer=1.
const { Client } = require('hongyan-client')

const server = 'http://127.0.0.1:8080'

Page({
  data: { state: 'closed', rows: [], text: '' },

  onLoad({ me = '1', peer = '2' }) {
    this.to = { userId: peer }
    const client = this.client = new Client({ server, userId: me })
    client.on('state', ({ state }) => this.setData({ state }))
    for (const event of ['conversation', 'outbox', 'synced']) client.on(event, () => this.draw())
    this.draw()
    client.connect().catch(() => {}) // it goes on trying
  },
  onShow() {
    this.isShown = true
    this.client.read(this.to)
  },
  onHide() { this.isShown = false },
  onUnload() { this.client.close() },

  draw() {
    const kept = this.client.conversation(this.to)?.messages ?? []
    this.setData({ rows: [...kept.filter(({ kind }) => kind === 'text'), ...this.client.outgoing(this.to)].map((row) => ({
      key: row.clientMsgId ?? row.id, text: row.content, who: row.from === this.to.userId ? 'theirs' : 'mine', state: row.state ?? '',
    })) })
    if (this.isShown) this.client.read(this.to)
  },

  type({ detail }) { this.setData({ text: detail.value }) },
  send() {
    const content = this.data.text.trim()
    if (!content) return
    this.setData({ text: '' })
    this.client.send({ to: this.to, content }).catch((error) => wx.showToast({ title: error.message, icon: 'none' }))
  },
})
