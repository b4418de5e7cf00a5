// Sends messages once more, to up to nine chats.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { initialsOf } = require('../../services/initials')
const { conversationRow } = require('../../components/hy-chat/core/list')
const { keyOf } = require('../../components/hy-chat/core/place')
const { words } = require('../../components/hy-chat/core/preview')

const CHATS_MAX = 9
/** Kinds that go on: voices do not, as in WeChat. */
const KINDS = ['text', 'image', 'video', 'file', 'location', 'custom']

definePage('forward', {
  data: { rows: [], chosen: [], query: '', preview: '', button: '', isNone: false, none: '' },

  onLoad() {
    const { im } = this
    this.messages = []
    this.places = new Map() // the chosen ones, by key
    this.off = im.directory.onChange(() => this.draw())
    this.getOpenerEventChannel().on('messages', (messages) => {
      this.messages = messages.filter(({ kind }) => KINDS.indexOf(kind) >= 0)
      this.draw()
    })
  },

  onUnload() { this.off() },
  dressed() { this.draw() },

  /** Chats, then contacts without one. */
  candidates() {
    const { client, directory, local, contacts } = this.im
    const context = { client, directory, local, t: this.t, now: client.now(), me: client.userId }
    const chats = client.conversations.map((conversation) => conversationRow(conversation, context))
    const known = new Set(chats.map(({ key }) => key))
    const people = contacts.list().map((userId) => ({ ...personOf(userId, context), place: { userId }, key: keyOf({ userId }), members: [], count: null }))
    return [...chats, ...people.filter(({ key }) => !known.has(key))]
  },

  draw() {
    const { query, s } = this.data
    const wanted = query.toLowerCase()
    const rows = this.candidates().filter(({ name }) => !wanted || name.toLowerCase().indexOf(wanted) >= 0 || initialsOf(name).indexOf(wanted) === 0)
      .map(({ key, place, name, avatar, initials, color, members, count }) => ({ key, place, name, avatar, initials, color, members, count, isOn: this.places.has(key) }))
    const n = this.places.size
    const { messages } = this
    this.setData({
      rows, button: n ? this.t('forward.sendN', { n }) : s.send, isNone: Boolean(query) && !rows.length, none: this.t('common.none', { query }),
      preview: !messages.length ? s.nothing : messages.length === 1 ? words(messages[0], this.t) : this.t('forward.count', { n: messages.length }),
    })
  },

  search({ detail }) {
    this.setData({ query: detail.value.trim() })
    this.draw()
  },

  toggle({ currentTarget }) {
    const { key, place } = this.data.rows.find((row) => row.key === currentTarget.dataset.key)
    if (!this.places.delete(key)) {
      if (this.places.size >= CHATS_MAX) return this.say(this.t('forward.limit', { n: CHATS_MAX }))
      this.places.set(key, place)
    }
    return this.draw()
  },

  /** They are in the outbox at once; how it goes is told in each chat. */
  send() {
    if (!this.places.size || !this.messages.length || this.isSent) return
    this.isSent = true
    for (const to of this.places.values()) {
      for (const { kind, content, ext } of this.messages) {
        const preview = ext && ext.preview ? { ext: { preview: ext.preview } } : {}
        this.im.sender.send({ to, kind, content, ...preview }).catch(() => {})
      }
    }
    this.say(this.t('toast.sent'))
    wx.navigateBack()
  },
})
