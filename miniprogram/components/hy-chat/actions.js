'use strict'
// What is done with messages: the menu of a long press, reactions, several at once.

const { actionsOf, canReact } = require('./core/menu')
const { refusalText } = require('./core/errors')
const { words } = require('./core/preview')

/** What is done with the composer. */
const WRITTEN = ['reply', 'edit']
const SELECTED_MAX = 100
const KINDS_OF_REACTIONS_MAX = 20
/** The log has it by then. */
const REACTED_MS = 100
const RECENT_SHOWN = 8
const END = 1e7

module.exports = Behavior({
  data: { menu: { show: false, rect: null, actions: [], canReact: false, reacted: {} }, isSelecting: false, selected: {}, selectedCount: 0, dialog: { show: false }, sheet: { show: false, items: [] }, isPickingReaction: false, recentEmoji: [] },

  lifetimes: {
    created() {
      /** By seq, then emoji: what was tapped and is not answered yet. */
      this.reacting = new Map()
    },
  },

  methods: {
    rowOf(key) { return this.rows.find((row) => row.key === key) },

    // ---- words, questions ----

    tell(title) { wx.showToast({ title, icon: 'none', duration: 2000 }) },

    /** Does what needs the server. Answers whether it was done; says why when not. */
    async attempt(act) {
      try {
        await act()
        return true
      } catch (error) {
        this.tell(refusalText(error, this.t))
        return false
      }
    },

    /** @returns {Promise<boolean>} */
    ask(question) {
      this.setData({ dialog: { text: '', danger: false, cancel: this.t('action.cancel'), ...question, show: true } })
      return new Promise((resolve) => { this.answer = resolve })
    },

    /** @returns {Promise<string|null>} the key of what was chosen */
    choose(items, title = '') {
      this.closePanels()
      this.setData({ sheet: { title, items, cancel: this.t('action.cancel'), show: true } })
      return new Promise((resolve) => { this.choice = resolve })
    },

    dialogConfirmed() { this.closeDialog(true) },
    dialogCancelled() { this.closeDialog(false) },
    closeDialog(isConfirmed) {
      this.setData({ 'dialog.show': false })
      this.answer(isConfirmed)
    },
    sheetPicked({ detail }) { this.closeSheet(detail.key) },
    sheetCancelled() { this.closeSheet(null) },
    closeSheet(key) {
      this.setData({ 'sheet.show': false })
      this.choice(key)
    },

    // ---- the menu ----

    namesOf(row) {
      const { client } = this.kit
      const names = actionsOf(row, { limits: client.limits, role: this.role, now: client.now(), isGroup: this.place.groupId !== undefined })
      return this.data.closed ? names.filter((name) => WRITTEN.indexOf(name) < 0) : names
    },

    openMenu(row, rect) {
      const actions = this.namesOf(row)
      const mayReact = canReact(row) && !this.data.closed && row.reactions.length < KINDS_OF_REACTIONS_MAX
      if (!actions.length && !mayReact) return
      const reacted = {}
      for (const { emoji, mine } of row.reactions) if (mine) reacted[emoji] = true
      this.menuKey = row.key
      this.setData({ menu: { show: true, rect, actions, canReact: mayReact, reacted } })
    },

    closeMenu() { if (this.data.menu.show) this.setData({ 'menu.show': false }) },

    menuPicked({ detail: { action } }) {
      this.closeMenu()
      const row = this.rowOf(this.menuKey)
      if (row) this[`on${action[0].toUpperCase()}${action.slice(1)}`](row)
    },

    menuReacted({ detail: { emoji } }) {
      this.closeMenu()
      const row = this.rowOf(this.menuKey)
      if (row) this.react(row, emoji, !row.reactions.some((one) => one.emoji === emoji && one.mine))
    },

    menuMore() {
      this.closeMenu()
      this.closePanels()
      this.setData({ isPickingReaction: true, recentEmoji: this.kit.local.recentEmoji.list().slice(0, RECENT_SHOWN) })
    },

    reactionPicked({ detail: { emoji } }) {
      this.setData({ isPickingReaction: false })
      this.kit.local.recentEmoji.add(emoji)
      const row = this.rowOf(this.menuKey)
      if (row) this.react(row, emoji, true)
    },
    dropReactionPicker() { this.setData({ isPickingReaction: false }) },

    onCopy({ content }) { wx.setClipboardData({ data: content }) },
    onForward(row) { this.forward([row]) },
    onReply(row) { this.replyTo(row) },
    onSelect(row) {
      this.closePanels()
      this.setSelected({ [row.key]: true })
    },
    onEdit(row) { this.startEdit(row) },
    onResend({ clientMsgId }) { this.kit.sender.retry(clientMsgId) },

    async onRecall(row) {
      const { client, local } = this.kit
      if (row.own && row.kind === 'text') local.former.set(row.id, row.content, client.now())
      await this.attempt(() => client.call('message.recall', { in: this.place, seq: row.seq }))
    },

    async onDelete(row) {
      const { t } = this
      const text = row.seq === null ? '' : t('menu.deleteHint')
      if (!await this.ask({ title: t('menu.delete'), text, confirm: t('menu.delete'), danger: true })) return
      this.remove(row)
      this.draw()
    },

    remove(row) {
      if (row.seq === null) this.kit.sender.discard(row.clientMsgId)
      else this.kit.local.hidden.add(row.id)
    },

    /** What could not be sent. */
    async onFailed(row) {
      const names = this.namesOf(row).filter((name) => name === 'resend' || name === 'copy' || name === 'delete')
      const order = ['resend', 'copy', 'delete'].filter((name) => names.indexOf(name) >= 0)
      const key = await this.choose(order.map((name) => ({ key: name, text: this.t(`menu.${name}`), danger: name === 'delete' })), row.why || '')
      if (key === 'resend') this.onResend(row)
      if (key === 'copy') this.onCopy(row)
      if (key === 'delete') {
        this.remove(row)
        this.draw()
      }
    },

    /** The host lets choose where they go. */
    forward(rows) {
      this.triggerEvent('forward', { messages: rows.map(({ kind, content, ext }) => ({ kind, content, ext })) })
    },

    quoteTextOf(row) { return words(row, this.t) },

    // ---- reactions ----

    /** Seen at once; taken back when it is refused. */
    async react({ seq }, emoji, on) {
      const wanted = this.reacting.get(seq) || new Map()
      wanted.set(emoji, on)
      this.reacting.set(seq, wanted)
      this.draw()
      await this.attempt(() => this.kit.client.react(this.place, seq, emoji, on))
      setTimeout(() => {
        wanted.delete(emoji)
        if (!wanted.size) this.reacting.delete(seq)
        this.drawSoon()
      }, REACTED_MS)
    },

    /** The row as it will be once what was tapped is done. */
    withReactions(row) {
      const wanted = row.seq && this.reacting.get(row.seq)
      if (!wanted) return row
      let { reactions } = row
      for (const [emoji, on] of wanted) {
        const known = reactions.find((one) => one.emoji === emoji)
        if (Boolean(known && known.mine) === on) continue
        if (!known) reactions = [...reactions, { emoji, count: 1, mine: true }]
        else reactions = reactions.map((one) => (one === known ? { emoji, count: one.count + (on ? 1 : -1), mine: on } : one)).filter(({ count }) => count > 0)
      }
      return { ...row, reactions }
    },

    // ---- several at once ----

    setSelected(selected) {
      const n = Object.keys(selected).length
      this.setData({ isSelecting: true, selected, selectedCount: n }, () => { if (this.isAtBottom) this.scrollTo(END) })
      this.triggerEvent('select', { title: this.t('select.title', { n }) })
    },

    selectedCount() { return Object.keys(this.data.selected).length },

    toggleSelected({ key }) {
      const { [key]: isOn, ...others } = this.data.selected
      if (isOn) return this.setSelected(others)
      if (this.selectedCount() >= SELECTED_MAX) return this.tell(this.t('select.limit', { n: SELECTED_MAX }))
      return this.setSelected({ ...others, [key]: true })
    },

    /** @returns {boolean} whether something was being selected */
    endSelect() {
      if (!this.data.isSelecting) return false
      this.setData({ isSelecting: false, selected: {}, selectedCount: 0 })
      this.triggerEvent('select', { title: '' })
      return true
    },

    selectedRows() { return this.rows.filter(({ key }) => this.data.selected[key]) },

    forwardSelected() {
      const rows = this.selectedRows().filter((row) => this.namesOf(row).indexOf('forward') >= 0)
      if (!rows.length) return
      this.endSelect()
      this.forward(rows)
    },

    async deleteSelected() {
      const { t } = this
      const rows = this.selectedRows()
      if (!rows.length || !await this.ask({ title: t('menu.delete'), text: t('menu.deleteHint'), confirm: t('menu.delete'), danger: true })) return
      for (const row of rows) this.remove(row)
      this.endSelect()
      this.draw()
    },
  },
})
