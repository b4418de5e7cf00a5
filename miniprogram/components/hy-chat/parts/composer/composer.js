// Where one writes: a text with whom it calls, or a voice; panels under it for emoji and for what is no text. It floats at the
// bottom of whatever holds it, and tells how much room it takes.

const { kitOf } = require('../../core/kit')
const { keyOf } = require('../../core/place')
const { lengthOf, clipped, withoutMention, erased, askedAt, inserted, mentionsIn, tokenOf, extOf } = require('../../core/field')
const { getClient } = require('../../current')
const { textsIn } = require('../../texts')
const panels = require('./panels')
const pickers = require('./pickers')

const CHARS_MAX = 4096
/** The counter comes so long before the end. */
const COUNTED = 496
const DRAFT_MS = 300
const TYPING_MS = 3_000
const RECENT_SHOWN = 8

Component({
  behaviors: [panels, pickers],

  properties: {
    /** {userId} or {groupId} */
    place: Object,
    isGroup: Boolean,
    /** Stands in place of all, where one may not write. */
    closedText: String,
    /** A button behind it: the event `closedaction`. */
    closedAction: String,
    /** What was written before: {text, reply, mentions}. Taken when the place is another. */
    draft: { type: Object, value: null },
    /** What is answered: {seq, name, text}. */
    reply: { type: Object, value: null },
    /** The own message that is written anew: {seq, text}. */
    edit: { type: Object, value: null },
    /** Everyone may be called. */
    canAll: Boolean,
    /** More to send: [{key, text, icon}], icon a name of ours or an address. */
    plus: Array,
    lang: String,
  },

  data: { s: {}, value: '', hasText: false, left: null, isVoice: false, hasFiles: true, recent: [], notice: null, isMentioning: false },

  observers: {
    lang() { this.dress() },
    plus() { this.dress() },
    place() { this.enter() },
    edit(edit) { this.editing(edit) },
    'reply, notice, closedText': function fit() { this.fitSoon() },
  },

  lifetimes: {
    created() {
      this.text = ''
      this.cursor = 0
      this.mentions = []
    },
    attached() {
      this.dress()
      this.enter()
    },
    detached() {
      this.save()
      clearTimeout(this.saving)
    },
  },

  pageLifetimes: {
    hide() { this.save() },
  },

  methods: {
    // ---- what others ask of it ----

    focus() {
      this.setData({ isVoice: false, focus: false }, () => this.setData({ focus: true }))
    },

    /** Keyboard and panels go. @returns {boolean} whether there was one */
    close() {
      const wasOpen = this.data.panel !== '' || this.data.keyboard > 0 || this.data.isMentioning
      if (this.data.isMentioning) this.setData({ isMentioning: false })
      this.closePanel()
      if (wasOpen) wx.hideKeyboard({ fail: () => {} })
      return wasOpen
    },

    /** From a long press on somebody's picture: `@name ` where the cursor is. */
    insertMention({ userId, name }) {
      this.mentions = [...this.mentions, { userId, name }]
      this.put(inserted(this.text, this.cursor, tokenOf({ name })))
      this.focus()
    },

    /** Another text than there is, to be written on. */
    setText(text) {
      this.mentions = []
      this.put({ text })
      this.focus()
    },

    /** Tells the draft as it is now. */
    save() {
      clearTimeout(this.saving)
      if (this.place && !this.data.edit) this.triggerEvent('draft', this.draftNow())
    },

    draftNow() { return { place: this.place, text: this.text, reply: this.data.reply, mentions: mentionsIn(this.text, this.mentions) } },

    // ---- the field ----

    typed({ detail: { value, cursor } }) {
      const before = this.text
      const isCalling = this.data.isGroup && !this.data.edit
      const shorter = isCalling ? withoutMention(before, value, this.mentions) : null
      this.cursor = cursor
      if (shorter) return this.put(shorter)
      const text = clipped(before, value, this.charsMax())
      if (text !== value) {
        this.put({ text, cursor: Math.min(cursor, text.length) })
        return this.triggerEvent('error', { text: this.t('composer.tooLong') })
      }
      this.changed(text)
      const asked = isCalling ? askedAt(before, text) : -1
      if (asked >= 0) {
        this.asked = asked
        this.setData({ isMentioning: true })
      }
      return undefined
    },

    blurred({ detail }) {
      if (typeof detail.cursor === 'number') this.cursor = detail.cursor
      this.setData({ focus: false })
    },

    focused() {
      this.setData({ focus: true })
      this.keyboardWanted()
    },

    /** What the user has done by other means than the keyboard. */
    put(written) {
      this.show(written)
      this.changed(written.text)
    },

    /** Stands there, and nobody is told. */
    show({ text, cursor = text.length }) {
      this.cursor = cursor
      this.setData({ value: text, cursor })
      this.look(text)
    },

    changed(text) {
      this.look(text)
      if (this.data.notice) this.setData({ notice: null })
      if (this.data.edit) return
      if (this.data.hasText) this.tellTyping()
      clearTimeout(this.saving)
      this.saving = setTimeout(() => this.save(), DRAFT_MS)
    },

    look(text) {
      this.text = text
      const hasText = /\S/.test(text)
      const rest = text.length >= this.charsMax() - COUNTED ? this.charsMax() - lengthOf(text) : null
      const left = rest !== null && rest <= COUNTED ? String(rest) : null
      if (hasText === this.data.hasText && left === this.data.left) return
      this.setData({ hasText, left })
      this.fitSoon()
    },

    tellTyping() {
      const now = Date.now()
      if (now - (this.typedAt || 0) < TYPING_MS) return
      this.typedAt = now
      this.triggerEvent('typing')
    },

    charsMax() {
      const { limits } = getClient() || {}
      return (limits && limits.contentChars) || CHARS_MAX
    },

    send() {
      const text = this.text.trim()
      if (!text) return
      const { edit, reply } = this.data
      if (edit) {
        this.triggerEvent('edit', { seq: edit.seq, text })
        return
      }
      const mentions = mentionsIn(text, this.mentions)
      const ext = extOf({ reply, mentions })
      this.triggerEvent('text', { text, mentions: ext && ext.mentions ? ext.mentions : null, reply, ext })
      this.mentions = []
      this.show({ text: '' })
      this.typedAt = 0
      clearTimeout(this.saving)
      this.triggerEvent('draft', { place: this.place, text: '', reply: null, mentions: [] })
    },

    // ---- whom it calls ----

    mentioned({ detail: { userId, name } }) {
      this.mentions = [...this.mentions, { userId, name }]
      const without = this.text.slice(0, this.asked) + this.text.slice(this.asked + 1)
      this.setData({ isMentioning: false })
      this.put(inserted(without, this.asked, tokenOf({ name })))
      this.focus()
    },

    unmentioned() {
      this.setData({ isMentioning: false })
      this.focus()
    },

    // ---- emoji ----

    addEmoji({ detail: { emoji } }) {
      const { text, cursor } = inserted(this.text, this.cursor, emoji)
      if (lengthOf(text) > this.charsMax()) return this.triggerEvent('error', { text: this.t('composer.tooLong') })
      kitOf(getClient()).local.recentEmoji.add(emoji)
      return this.put({ text, cursor })
    },

    erase() { this.put(erased(this.text, this.cursor, this.data.isGroup ? this.mentions : [])) },

    // ---- text or voice ----

    toggleVoice() {
      const isVoice = !this.data.isVoice
      kitOf(getClient()).local.mode.set(this.data.place, isVoice ? 'voice' : 'text')
      this.setData({ isVoice, notice: null })
      this.closePanel()
      if (isVoice) wx.hideKeyboard({ fail: () => {} })
      else this.focus()
      this.fitSoon()
    },

    short() { this.triggerEvent('error', { text: this.t('voice.tooShort') }) },
    broken() { this.triggerEvent('error', { text: this.t('voice.failed') }) },
    spoken({ detail: { path, ...voice } }) { this.sendFile({ ...voice, path }) },

    // ---- bars above ----

    dropReply() { this.triggerEvent('dropreply') },
    dropEdit() { this.triggerEvent('dropedit') },
    closedTapped() { this.triggerEvent('closedaction') },

    // ---- what changes from outside ----

    dress() {
      const t = textsIn(this.data.lang)
      this.t = t
      const { limits } = getClient() || {}
      const hasFiles = !limits || limits.fileBytes !== 0
      this.setData({
        hasFiles,
        s: {
          toVoice: t('label.toVoice'), toText: t('label.toText'), emoji: t('label.emoji'), more: t('label.more'), send: t('composer.send'), save: t('composer.save'),
          editing: t('composer.edit'), close: t('action.close'), removeReply: t('label.removeReply'), settings: t('denied.settings'), field: t('composer.placeholder'),
        },
        panelTexts: { recent: t('composer.recent'), all: t('composer.allEmoji'), erase: t('label.erase') },
        plusItems: this.plusItems(t, hasFiles),
      })
    },

    /** Another chat: its draft, its mode. */
    enter() {
      const { place, draft } = this.data
      const client = getClient()
      const key = place && (place.userId || place.groupId) ? keyOf(place) : null
      if (!client || !key || (this.place && key === keyOf(this.place))) return
      if (this.place) this.leave()
      this.place = place
      const { text = '', mentions = [] } = draft || {}
      this.mentions = mentions
      this.setData({ isVoice: kitOf(client).local.mode.get(place) === 'voice', notice: null })
      this.show({ text })
      this.fitSoon()
    },

    /** The draft of now is told when whoever changes this is done. */
    leave() {
      clearTimeout(this.saving)
      const draft = this.draftNow()
      wx.nextTick(() => this.triggerEvent('draft', draft))
    },

    /** One message is written anew; what was begun before comes back afterwards. */
    editing(edit) {
      if (edit && !this.before) {
        this.leave()
        this.before = { text: this.text, mentions: this.mentions }
        this.show({ text: edit.text })
        this.focus()
      } else if (!edit && this.before) {
        const { text, mentions } = this.before
        this.before = null
        this.mentions = mentions
        this.show({ text })
      }
      this.fitSoon()
    },

    recentEmoji() {
      return kitOf(getClient()).local.recentEmoji.list().slice(0, RECENT_SHOWN)
    },
  },
})
