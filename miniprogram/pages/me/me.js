// Oneself: avatar and nickname by WeChat's own controls, settings.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')

const NAME_MAX = 64

definePage('me', {
  hasTabs: true,

  data: { person: {}, userId: '', nickname: '', hasDot: false, isSaving: false },

  onLoad() { this.off = this.im.directory.onChange(() => this.draw()) },
  onUnload() { this.off() },
  onShow() { this.draw() },
  dressed() { this.draw() },

  draw() {
    const { client, directory } = this.im
    if (!client.userId) return
    const { name } = directory.user(client.userId)
    const hasSent = client.conversations.some(({ messages }) => messages.some(({ from, kind }) => from === client.userId && kind !== 'group'))
    this.setData({ person: personOf(client.userId, { directory, t: this.t }), userId: client.userId, hasDot: !name && hasSent })
    if (!this.isTyping) this.setData({ nickname: name || '' })
  },

  copyId() { wx.setClipboardData({ data: this.data.userId }) },
  code() { wx.navigateTo({ url: '/more/code/code' }) },
  settings() { wx.navigateTo({ url: '/more/settings/settings' }) },

  /** Shown at once, and taken back when it could not be kept. */
  async chosen({ detail }) {
    const { client } = this.im
    const { person } = this.data
    if (!this.isOnline()) return
    this.setData({ 'person.avatar': detail.avatarUrl, isSaving: true })
    try {
      const { fileId } = await client.upload(detail.avatarUrl)
      await client.call('user.update', { avatar: fileId })
      this.im.directory.refresh([client.userId])
      this.say(this.data.s.saved)
    } catch (error) {
      this.setData({ 'person.avatar': person.avatar })
      this.say(this.data.s.failedAvatar)
    } finally {
      this.setData({ isSaving: false })
    }
  },

  focused() { this.isTyping = true },

  async named({ detail }) {
    this.isTyping = false
    const { client, directory } = this.im
    const before = directory.user(client.userId).name || ''
    const name = detail.value.trim()
    const restore = () => this.setData({ nickname: detail.value }, () => this.setData({ nickname: before }))
    if (!name || name === before) return restore()
    if (Array.from(name).length > NAME_MAX) {
      this.say(this.data.s.tooLong)
      return restore()
    }
    const isDone = await this.attempt(() => client.call('user.update', { name }))
    if (!isDone) return restore()
    directory.refresh([client.userId])
    return this.say(this.data.s.saved)
  },
})
