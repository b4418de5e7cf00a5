'use strict'
// A chat: what was said, and the composer under it. Whoever embeds it gives the client by `use(client)`, says the place, and draws the title.

const drawing = require('./drawing')
const reading = require('./reading')
const heading = require('./heading')
const bars = require('./bars')
const actions = require('./actions')
const writing = require('./writing')
const opening = require('./opening')
const { ChatLog } = require('./core/log')
const { kitOf } = require('./core/kit')
const { isLate, LATE_TIMES } = require('./core/late')
const { keyOf, samePlace } = require('./core/place')
const { colorOf, initials } = require('./core/avatar')
const { setClient } = require('./current')
const { textsIn } = require('./texts')

const BONES_MS = 200
/** Who waits longer for what is far up is told that it is not to be had. */
const SYNC_MS = 10_000
/** It says that it waits then. */
const WAITING_MS = 10_000
const ANNOUNCE_MS = 1_000
/** So many are seen at one glance: nobody asks for more of them. */
const FEW = 20
/** Come back so soon, and nothing new: one reads on where one was. */
const SPOT_MS = 5 * 60_000
const EVENTS = ['conversation', 'message', 'outbox', 'stream', 'gone']
/** Events of a bubble, and what does them. */
const ACTS = {
  profile: 'onProfile', mention: 'onMention', failed: 'onFailed', quote: 'onQuote', picture: 'onPicture', voice: 'onVoice', video: 'onVideo', file: 'onFile',
  place: 'onPlace', card: 'onCard', link: 'onLink', phone: 'onPhone', cancel: 'onCancel', select: 'toggleSelected',
}

/** Where chats stood when they were left. */
const spots = new Map()

Component({
  options: { multipleSlots: true },
  behaviors: [drawing, reading, heading, bars, actions, writing, opening],

  properties: {
    /** {userId} or {groupId} */
    place: { type: Object, value: null },
    /** A message to open it at. */
    seq: { type: Number, value: 0 },
    /** '', 'light' or 'dark' */
    theme: String,
    /** '', 'zh' or 'en' */
    lang: String,
    /** More to send, as the composer's `plus`. */
    plus: { type: Array, value: [] },
    /** Values of `content.type`: the generic `card` draws these messages of the kind custom. */
    cards: { type: Array, value: [] },
    /** Domains whose pages the host shows: the event `link`. */
    webDomains: { type: Array, value: [] },
  },

  data: { s: {}, isUsed: false, shows: '', head: '', empty: '', announced: '', panelTexts: {}, isGroup: false },

  observers: {
    lang() { this.dress() },
    place() { this.begin() },
    seq(seq) { if (seq && this.log && this.data.isPlaced) this.jump(seq) },
  },

  lifetimes: {
    attached() { this.dress() },
    detached() { this.leave() },
  },

  methods: {
    /** The client whose chat it is; once. */
    use(client) {
      setClient(client)
      this.kit = kitOf(client)
      this.begin()
    },

    /** Keyboard, panels, selection and menus go, before the page does. @returns {boolean} whether there was one */
    close() { return this.endSelect() || this.closePanels() },

    begin() {
      const { place } = this.data
      if (!this.kit || !place || (place.userId === undefined && place.groupId === undefined) || samePlace(place, this.place)) return
      this.leave()
      const { kit, kit: { client, directory, sender } } = this
      this.place = place
      this.group = this.role = undefined
      this.hasLeft = false
      this.log = new ChatLog(kit, place, () => this.drawSoon())
      const soon = () => this.drawSoon()
      this.offs = [
        ...EVENTS.map((event) => client.on(event, soon)),
        client.on('synced', () => this.synced()), client.on('reset', () => this.toBottom()), client.on('state', soon),
        sender.onChange(soon), directory.onChange(() => { this.tellHeading(); soon() }), ...this.hearHeading(), this.hearVoices(),
        () => this.log.end(),
      ]
      this.setData({ isGroup: place.groupId !== undefined, shows: '' })
      this.takeDraft()
      this.bonesTimer = setTimeout(() => { if (this.data.shows === '') this.setData({ shows: 'bones' }) }, BONES_MS)
      this.lateTimers = []
      this.waitAgain()
      this.tellHeading()
      if (this.log.begin()) this.beginBars()
      this.open()
    },

    /** At the bottom; where it was left; or at a message. */
    async open() {
      const { log } = this
      await this.draw()
      if (log !== this.log) return
      await this.scrollTo(this.isAtBottom ? 1e7 : this.top)
      const spot = spots.get(keyOf(this.place))
      spots.delete(keyOf(this.place))
      if (this.data.seq) await this.jump(this.data.seq)
      else if (spot && Date.now() - spot.at < SPOT_MS && log.conversation && spot.lastSeq === log.conversation.lastSeq) {
        if (await this.reach(spot.firstSeq)) await this.draw()
        await this.toRow(spot.key, { isFlashed: false, offset: spot.offset })
      }
      this.setData({ isPlaced: true })
      this.lookSoon()
    },

    leave() {
      if (!this.log) return
      const { conversation } = this.log
      const row = this.screen && !this.isAtBottom && this.screen.rows.find(({ bottom }) => bottom > this.screen.edge)
      if (row && conversation) {
        const [first] = this.log.shown
        spots.set(keyOf(this.place), { at: Date.now(), key: row.key, offset: row.top - this.screen.edge, firstSeq: first ? first.seq : 0, lastSeq: conversation.lastSeq })
      }
      for (const off of this.offs) off()
      for (const timer of [this.bonesTimer, ...this.lateTimers, this.upTimer, this.midnight, this.aging, this.announcing]) clearTimeout(timer)
      this.log = null
    },

    synced() {
      this.log.loadError = null
      if (this.log.begin()) this.beginBars()
      const seqs = this.rows.filter(({ seq, key }) => seq && this.visibleKeys().indexOf(key) >= 0).map(({ seq }) => seq).slice(0, 100)
      if (seqs.length) this.kit.client.get(this.place, seqs).catch(() => {}) // they may have got reactions
      this.tellHeading()
      this.drawSoon()
    },

    /** The page is seen again: times may have other labels. */
    shown() {
      if (!this.log) return
      clearTimeout(this.midnight)
      const now = new Date()
      this.midnight = setTimeout(() => this.shown(), new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime() - now.getTime() + 1000)
      this.tellHeading()
      this.drawSoon()
    },

    // ---- drawing ----

    rowsNow() {
      const { directory } = this.kit
      const faces = new Map()
      const faceOf = (userId) => {
        if (!faces.has(userId)) {
          const { avatar } = directory.user(userId)
          faces.set(userId, { avatar: avatar || null, initials: initials(directory.nameOf(userId, this.t)), color: colorOf(userId) })
        }
        return faces.get(userId)
      }
      const isOnline = this.kit.client.state === 'online' && this.link.hasNetwork
      return this.log.rows(this.t, { online: isOnline, hasReads: this.kit.local.showsRead }).map((row) => (row.type === 'bubble' ? { ...this.withReactions(row), face: faceOf(row.from) } : row))
    },

    /** Beside the rows. */
    around() {
      const { kit, log, rows, data, place } = this
      if (!log) return {}
      const isKnown = kit.hasSynced || data.shows === 'empty' || data.shows === 'rows' // and stays so while one is not connected
      const isThere = place.groupId === undefined || Boolean(this.group || kit.directory.group(place.groupId))
      const isEmpty = !log.loading && isKnown && isThere && !log.mayHaveOlder
      const isWaiting = !rows.length && !this.hasLeft && !log.loadError && !isEmpty
      const isFailed = data.shows === 'failed'
      if (isWaiting && data.shows !== '' && data.shows !== 'bones' && !isFailed) this.waitAgain()
      const hasFailed = log.loadError || (isWaiting && !log.loading && isLate(this.waitsSince, kit.client.state === 'online', Date.now()))
      const shows = rows.length ? 'rows' : this.hasLeft ? 'gone' : hasFailed ? 'failed' : isEmpty ? 'empty' : data.shows === 'bones' || isFailed ? 'bones' : ''
      const head = !rows.length ? '' : log.loadError ? 'failed' : log.loading ? 'loading' : rows.length > FEW && !log.mayHaveOlder ? 'end' : ''
      const { name } = this.nameOfPlace()
      const empty = this.place.groupId === undefined ? this.t('chat.empty', { name }) : this.t('chat.emptyGroup')
      const next = { shows, head, empty }
      const patch = {}
      for (const key of Object.keys(next)) if (next[key] !== data[key]) patch[key] = next[key]
      return patch
    },

    /** After each time that it was drawn. */
    drawn() {
      if (!this.log) return
      this.announce()
      this.readSoon()
      this.lookAtBars()
      this.tellHeading()
      this.reachUp()
      this.ageSoon()
    },

    /** Those who hear the screen are told what another says, when it is whole. */
    announce() {
      const row = this.rows[this.rows.length - 1]
      if (!row || row.type !== 'bubble' || row.own || row.streaming || row.key === this.announcedKey) return
      const isFirst = this.announcedKey === undefined
      this.announcedKey = row.key
      clearTimeout(this.announcing)
      if (!isFirst) this.announcing = setTimeout(() => this.setData({ announced: row.label }), ANNOUNCE_MS)
    },

    /** A message that cannot go says so after a while. */
    ageSoon() {
      clearTimeout(this.aging)
      const left = this.kit.sender.entries(this.place).filter(({ state }) => state === 'waiting' || state === 'sending').map(({ at }) => at + WAITING_MS - Date.now()).filter((ms) => ms > 0)
      if (left.length) this.aging = setTimeout(() => this.draw(), Math.min(...left) + 50)
    },

    mayLoad() { return this.kit.client.state === 'online' && !this.log.loading && !this.log.loadError && this.log.mayHaveOlder },

    retryLoad() {
      const { log, rows, kit: { client } } = this
      const isOnline = client.state === 'online'
      log.loadError = null
      if (!isOnline) this.connect()
      if (isOnline || rows.length) log.older()
      if (rows.length) return
      this.waitAgain()
      this.setData({ shows: 'bones' })
      this.askGroup()
    },

    /** Grey bubbles from now on: after a while words come in their place. */
    waitAgain() {
      for (const timer of this.lateTimers) clearTimeout(timer)
      this.waitsSince = Date.now()
      this.lateTimers = LATE_TIMES.map((ms) => setTimeout(() => this.drawSoon(), ms))
    },

    /** A phone that was just taken out is not online yet, and may know nothing of the chat. */
    untilSynced() {
      const { client, hasSynced } = this.kit
      if (hasSynced && client.state === 'online') return undefined
      return new Promise((resolve) => {
        const done = () => {
          off()
          clearTimeout(timer)
          resolve()
        }
        const off = client.on('synced', done)
        const timer = setTimeout(done, SYNC_MS)
      })
    },

    /** Everything from `seq` on. Answers whether it is here. */
    async reach(seq) {
      const { log } = this
      if (!log.messageAt(seq)) await this.untilSynced()
      return log.reach(seq)
    },

    /** To a message, wherever it is. */
    async jump(seq) {
      const isHere = await this.reach(seq)
      await this.draw()
      const row = isHere && this.rows.find((one) => one.seq === seq)
      if (!row || !await this.toRow(row.key)) this.tell(this.t('quote.gone'))
    },

    // ---- a bubble ----

    acted({ detail }) {
      const row = this.rowOf(detail.key)
      if (!row) return
      if (detail.act === 'hold') return this.openMenu(row, detail.rect)
      if (detail.act === 'react') return this.react(row, detail.emoji, detail.on)
      if (detail.act === 'unfold') return this.lookSoon()
      if (ACTS[detail.act]) this[ACTS[detail.act]](row, detail)
      return undefined
    },

    tapped() { this.closePanels() },
    dragged() { this.closePanels() },

    dress() {
      const t = textsIn(this.data.lang)
      this.t = t
      const s = {}
      for (const key of ['chat.retryLoad', 'chat.retryOlder', 'chat.gone', 'chat.greeting1', 'chat.greeting2', 'chat.toNewest', 'system.newMessages', 'system.noOlder', 'system.editAgain', 'action.cancel', 'action.close']) {
        s[key.slice(key.indexOf('.') + 1)] = t(key)
      }
      this.setData({ s, panelTexts: { recent: t('composer.recent'), all: t('composer.allEmoji') } })
      this.tellHeading()
      this.drawSoon()
    },
  },
})
