'use strict'
// What is shown of one chat: the client's stretch of the log with what was read before it, what it quotes, where the new ones begin.

const { rows } = require('./rows')

const PAGE = 50
const LEAP = 200
const LEAPS_MAX = 60
/** A screen has room for so many: with fewer new ones nobody has to be led to the first. */
const NEW_MIN = 10
/** Kinds that somebody said. */
const SAID = ['text', 'image', 'voice', 'video', 'file', 'location', 'custom']

const isSaid = ({ kind, recalled }) => SAID.indexOf(kind) >= 0 && !recalled

class ChatLog {
  /**
   * @param {{client: object, directory: object, local: object, sender: object, hasSynced: boolean}} kit as of core/kit
   * @param {object} place
   * @param {() => void} changed there is something else to draw
   */
  constructor(kit, place, changed) {
    Object.assign(this, { kit, place, changed })
    this.memory = {}
    this.quoted = {}
    this.asked = new Set()
    this.shown = []
    this.loading = null
    this.loadError = null
    this.hasMore = true
    this.firstUnreadSeq = this.mentionSeq = null
    this.unreadAtFirst = 0
    this.isBegun = false
    /** Of a group that one is not in any more: what was read stays. */
    this.isKept = false
    this.off = kit.client.on('reset', () => {
      this.shown = []
      this.hasMore = true
      this.quoted = {}
      this.asked.clear()
    })
  }

  end() { this.off() }

  get conversation() { return this.kit.client.conversation(this.place) }

  /** What is new is known once the server has said it. @returns {boolean} whether it is known since now */
  begin() {
    const { conversation } = this
    if (this.isBegun || !this.kit.hasSynced) return false
    this.isBegun = true
    if (!conversation) return true
    if (conversation.unread >= NEW_MIN) this.firstUnreadSeq = conversation.readSeq + 1
    this.unreadAtFirst = conversation.unread
    this.mentionSeq = conversation.mentionSeq
    return true
  }

  /** Ascending and without a hole: what the client let go of stays as long as the chat is open. */
  get messages() {
    const { conversation, shown } = this
    const kept = conversation ? conversation.messages : []
    if (!kept.length) {
      if (!conversation && !this.isKept) this.shown = [] // cleared: nothing of it comes back with the next message
      return this.shown
    }
    const first = kept[0].seq
    const isJoined = shown.length > 0 && shown[0].seq < first && shown[shown.length - 1].seq >= first - 1
    const before = isJoined ? shown.filter(({ seq }) => seq < first) : []
    if (before.length) for (const message of kept) if (message.seq > shown[shown.length - 1].seq) amend(before, message)
    this.shown = [...before, ...kept]
    return this.shown
  }

  /** Whether the server may have older ones than these. */
  get mayHaveOlder() {
    const { conversation, shown } = this
    if (!conversation || !this.hasMore) return false
    return !shown.length || shown[0].seq > conversation.firstSeq
  }

  /**
   * @param {Function} t
   * @param {{online: boolean, hasReads: boolean}} how online: what waits does not do so for the network; hasReads: 已读 is shown
   * @returns {object[]} as core/rows makes them
   */
  rows(t, { online, hasReads }) {
    const { place, conversation } = this
    const { client, directory, local, sender } = this.kit
    const drawn = rows({
      messages: this.messages, outgoing: sender.entries(place), aliases: sender.aliases, me: client.userId, place,
      peerReadSeq: conversation && hasReads ? conversation.peerReadSeq : null, firstUnreadSeq: this.firstUnreadSeq, hidden: local.hidden,
      heard: local.heard, former: local.former, quoted: this.quoted, now: client.now(), skew: client.now() - Date.now(),
      online, t, nameOf: (id) => directory.nameOf(id, t), memory: this.memory,
    })
    this.fetchQuoted(drawn)
    return drawn
  }

  /** The entry `seq`, when it is here. */
  messageAt(seq) { return this.shown.length ? this.shown[seq - this.shown[0].seq] : undefined }

  /** The newest thing that anybody said; null. */
  get newest() {
    for (let i = this.shown.length - 1; i >= 0; i--) if (isSaid(this.shown[i])) return this.shown[i]
    return null
  }

  /** Foreign messages behind `seq`. */
  countAfter(seq) {
    let n = 0
    for (let i = this.shown.length - 1; i >= 0 && this.shown[i].seq > seq; i--) if (this.shown[i].from !== this.kit.client.userId && isSaid(this.shown[i])) n++
    return n
  }

  /** Older ones, one request at a time. Answers whether there was anything. */
  older(limit = PAGE) {
    if (this.loading) return this.loading
    if (!this.mayHaveOlder) return Promise.resolve(false)
    this.loading = this.load(limit).then((isMore) => {
      this.loading = null
      this.changed()
      return isMore
    })
    this.changed()
    return this.loading
  }

  async load(limit) {
    this.loadError = null
    try {
      const [first] = this.messages
      const { messages, hasMore } = await this.kit.client.history(this.place, { limit, ...(first ? { before: first.seq } : {}) })
      this.hasMore = hasMore
      if (!first && !this.messages.length) this.shown = messages
      else if (first && messages.length && messages[messages.length - 1].seq === first.seq - 1) this.shown = [...messages, ...this.shown]
      return messages.length > 0
    } catch (error) {
      this.loadError = error
      return false
    }
  }

  /** Everything from `seq` on. Answers whether it is here. */
  async reach(seq) {
    for (let i = 0; i < LEAPS_MAX; i++) {
      const { messages } = this
      if (messages.length && messages[0].seq <= seq) return Boolean(this.messageAt(seq))
      if (!await this.older(LEAP)) return false
    }
    return false
  }

  /** Messages that are quoted and not here. */
  fetchQuoted(drawn) {
    const { client } = this.kit
    const seqs = [...new Set(drawn.filter(({ quote }) => quote && quote.state === 'wanted' && !this.asked.has(quote.seq)).map(({ quote }) => quote.seq))].slice(0, 100)
    if (!seqs.length || client.state !== 'online') return
    for (const seq of seqs) this.asked.add(seq)
    client.get(this.place, seqs).then((messages) => {
      for (const seq of seqs) this.quoted[seq] = messages.find((message) => message.seq === seq) || null
      this.changed()
    }, () => { for (const seq of seqs) this.asked.delete(seq) })
  }
}

/** What a new entry says of an older one that the client does not keep any more. */
function amend(before, { kind, content }) {
  if ((kind !== 'recall' && kind !== 'edit') || !content) return
  const i = content.seq - before[0].seq
  if (!before[i]) return
  if (kind === 'recall') {
    const { reactions, ...rest } = before[i]
    before[i] = { ...rest, content: null, ext: null, recalled: true }
  } else if (content.content !== null && content.content !== before[i].content) {
    const { streaming, ...rest } = before[i]
    before[i] = { ...rest, content: content.content, ...(streaming ? {} : { edited: true }) }
  }
}

module.exports = { ChatLog }
