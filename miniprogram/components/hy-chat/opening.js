'use strict'
// What a tap on a bubble opens: pictures, voices, files, places, cards, links.

const { fileOf, knownPath } = require('./media')
const voices = require('./voices')

/** What wx.openDocument shows. */
const DOCUMENTS = ['doc', 'docx', 'xls', 'xlsx', 'ppt', 'pptx', 'pdf']

const extensionOf = (name = '') => (/\.([A-Za-z0-9]+)$/.exec(name) || ['', ''])[1].toLowerCase()

module.exports = Behavior({
  data: {
    /** The bubble that plays, or whose file is fetched: state 'loading' or 'playing'. */
    voice: { key: '', state: '' },
  },

  lifetimes: {
    detached() { if (this.isVoiceMine) voices.stop() },
  },

  pageLifetimes: {
    hide() { if (this.isVoiceMine) voices.stop() },
  },

  methods: {
    hearVoices() {
      return voices.onVoice(({ key, state }) => {
        const row = this.rowOf(key)
        this.isVoiceMine = Boolean(row) && (state === 'playing' || state === 'loading')
        if (!row) return
        if (state === 'playing' && row.id !== null && !row.heard) {
          this.kit.local.heard.add(row.id)
          this.drawSoon()
        }
        if (state === 'failed') this.tell(this.t('toast.failed'))
        this.setData({ voice: { key, state: state === 'playing' || state === 'loading' ? state : '' } })
      })
    },

    voiceOf: (row) => ({ key: row.key, fileId: row.content.fileId, path: row.localPath || null }),

    onVoice(row) {
      voices.toggle(this.voiceOf(row), {
        client: this.kit.client,
        next: ({ key }) => {
          const next = this.rows.slice(this.rows.findIndex((one) => one.key === key) + 1).find((one) => one.kind === 'voice' && !one.heard && one.content)
          return row.own || !next ? null : this.voiceOf(next)
        },
      })
    },

    /** All pictures and videos of this chat that are loaded, at the one that was tapped. */
    async onPicture(row) {
      const { client } = this.kit
      const shown = this.rows.filter((one) => (one.kind === 'image' || one.kind === 'video') && (one.content || one.localPath))
      const pathOf = (one) => one.localPath || knownPath(one.content.fileId)
      try {
        if (!pathOf(row)) await this.loaded(row, fileOf(client, row.content.fileId))
        const sources = shown.filter((one) => one.key === row.key || pathOf(one))
          .map((one) => ({ key: one.key, url: pathOf(one), type: one.kind, ...(one.localPoster ? { poster: one.localPoster } : {}) }))
        const current = sources.findIndex(({ key }) => key === row.key)
        if (sources[current].url && this.isAttached) wx.previewMedia({ sources: sources.map(({ key, ...source }) => source), current })
      } catch (error) {
        this.tell(this.t('toast.failed'))
      }
    },

    onVideo(row) { return this.onPicture(row) },

    async onFile(row) {
      const { name, fileId } = row.content
      try {
        const path = row.localPath || knownPath(fileId) || await this.loaded(row, fileOf(this.kit.client, fileId))
        const fileType = extensionOf(name)
        if (DOCUMENTS.indexOf(fileType) >= 0) return wx.openDocument({ filePath: path, fileType, showMenu: true, fail: () => this.tell(this.t('toast.failed')) })
        const key = await this.choose([{ key: 'share', text: this.t('file.share') }], name)
        return key && wx.shareFileMessage({ filePath: path, fileName: name, fail: () => {} })
      } catch (error) {
        return this.tell(this.t('toast.failed'))
      }
    },

    /** A ring in the bubble while its file comes. */
    async loaded({ key }, promise) {
      this.setData({ voice: { key, state: 'loading' } })
      try {
        return await promise
      } finally {
        if (this.isAttached && this.data.voice.key === key) this.setData({ voice: { key: '', state: '' } })
      }
    },

    onPlace({ content: { latitude, longitude, name, address } }) { wx.openLocation({ latitude, longitude, name: name || '', address: address || '' }) },

    /** A card's button says something, or leads to where only the host knows. */
    onCard(row, { action }) {
      if (action && typeof action.reply === 'string' && action.reply) return this.say(action.reply)
      return this.triggerEvent('card', { message: { kind: row.kind, content: row.content, seq: row.seq, from: row.from }, action: action || null })
    },

    async onLink(row, { url }) {
      const { t } = this
      const [, domain = ''] = /^https?:\/\/([^/:?#]+)/i.exec(url) || []
      const canOpen = this.data.webDomains.indexOf(domain.toLowerCase()) >= 0
      const key = await this.choose([...(canOpen ? [{ key: 'open', text: t('link.open') }] : []), { key: 'copy', text: t('link.copy') }], url)
      if (key === 'open') this.triggerEvent('link', { url })
      if (key === 'copy') wx.setClipboardData({ data: url })
    },

    async onPhone(row, { number }) {
      const { t } = this
      const key = await this.choose([{ key: 'call', text: t('phone.call') }, { key: 'copy', text: t('menu.copy') }], number)
      if (key === 'call') wx.makePhoneCall({ phoneNumber: number, fail: () => {} })
      if (key === 'copy') wx.setClipboardData({ data: number })
    },

    onProfile(row, { userId }) { this.triggerEvent('profile', { userId }) },
    onQuote(row, { seq }) { return this.jump(seq) },
    onCancel({ clientMsgId }) { this.kit.sender.cancel(clientMsgId) },

    onMention(row, { userId }) {
      if (this.place.groupId === undefined || userId === this.kit.client.userId) return
      this.composer().insertMention({ userId, name: this.kit.directory.nameOf(userId, this.t) })
    },

    profileOfLine({ currentTarget }) { this.triggerEvent('profile', { userId: currentTarget.dataset.userId }) },
  },
})
