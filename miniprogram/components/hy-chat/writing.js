'use strict'
// What the composer hands over, and what stands in it.

module.exports = Behavior({
  data: { draft: null, reply: null, edit: null },

  methods: {
    composer() { return this.selectComponent('.composer') },

    /** Keyboard, panels and the menu go. @returns {boolean} whether there was one */
    closePanels() {
      this.closeMenu()
      const composer = this.composer()
      return Boolean(composer) && composer.close()
    },

    takeDraft() {
      const draft = this.kit.local.drafts.get(this.place)
      this.setData({ draft, reply: (draft && draft.reply) || null, edit: null, isUsed: true })
    },

    keepDraft({ detail: { text, reply, mentions } }) {
      this.kit.local.drafts.set(this.place, { text, reply, mentions })
    },

    /** The app is hidden. */
    kept() {
      const composer = this.composer()
      if (composer) composer.save()
      if (this.kit) this.kit.local.flush()
    },

    wasTyping() { if (this.kit.client.state === 'online') this.kit.client.call('conversation.typing', { in: this.place }).catch(() => {}) },

    sendText({ detail: { text, ext } }) {
      this.setData({ reply: null })
      this.send({ content: text, ...(ext ? { ext } : {}) })
    },

    sendFile({ detail }) {
      this.kit.sender.sendFile({ to: this.place, ...detail }).catch(() => {})
      this.toBottom()
    },

    sendPlace({ detail }) { this.send({ kind: 'location', content: detail }) },

    /** A text that a button says: a greeting, a quick reply, an answer of a card. */
    say(text) { this.send({ content: text }) },

    /** How it goes is told at its bubble. */
    send(draft) {
      this.kit.sender.send({ to: this.place, ...draft }).catch(() => {})
      this.toBottom()
    },

    plusPicked({ detail }) { this.triggerEvent('plus', detail) },
    complained({ detail: { text } }) { this.tell(text) },

    replyTo(row) {
      const name = this.kit.directory.nameOf(row.from, this.t)
      this.setData({ edit: null, reply: { seq: row.seq, name, text: this.quoteTextOf(row) } })
      this.composer().focus()
    },
    swiped({ key }) {
      const row = this.rowOf(key)
      if (row && this.namesOf(row).indexOf('reply') >= 0) this.replyTo(row)
    },
    dropReply() { this.setData({ reply: null }, () => this.composer().save()) },

    startEdit({ seq, content }) { this.setData({ reply: null, edit: { seq, text: content } }) },
    dropEdit() { this.setData({ edit: null }) },

    /** The text stays in the field until it is taken. */
    async saveEdit({ detail: { seq, text } }) {
      const isDone = await this.attempt(() => this.kit.client.call('message.edit', { in: this.place, seq, content: text }))
      if (isDone) this.dropEdit()
    },

    editAgain({ currentTarget }) { this.composer().setText(currentTarget.dataset.text) },
    greet({ currentTarget }) { this.say(currentTarget.dataset.text) },
  },
})
