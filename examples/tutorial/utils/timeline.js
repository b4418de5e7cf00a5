// What one conversation shows: the server's messages by id, and one's own that are on their way.
//
// The server's answer to a send has no message id, and its messages carry no client id. So an entry on its way is
// recognised by sender and content, and only among messages with a higher id than the newest one known when it was
// first sent (`afterId`): ids ascend in a conversation, so it cannot be an older one. A recognised message stands for
// the entry, which is no longer shown; the entry itself is done only when the server has acknowledged it. Should the
// recognised message have been another one (the same words from one's other phone), the entry's own message simply
// arrives as one more: nothing is shown twice and nothing is lost.

const { normalizeId } = require('./ids')
const { parseTime, timeLabel, needsTimeLine } = require('./dates')

// The states of an entry.
const SENDING = 'sending' // queued or under way
const FAILED = 'failed' // given up for now, perhaps stored: only to be sent again under the same id
const REFUSED = 'refused' // the server said no: not stored
const SENT = 'sent' // acknowledged, its message not seen yet

class Timeline {
  /** @param {object[]} entries what an earlier visit left unacknowledged */
  constructor(me, peer, entries = []) {
    this.me = me
    this.peer = peer
    this.chats = [] // the server's messages of this conversation, without a hole, ascending by id
    this.entries = entries.map((entry) => ({ ...entry, chatId: null }))
    this.standsFor = new Map() // message id -> clientMsgId of the entry that it was recognised as
  }

  get newestId() {
    return this.chats.length ? this.chats[this.chats.length - 1].id : 0
  }

  get oldestId() {
    return this.chats.length ? this.chats[0].id : 0
  }

  isMine(chat) {
    return normalizeId(chat.userId) === this.me
  }

  belongs(chat) {
    const from = normalizeId(chat.userId)
    const to = normalizeId(chat.targetUserId)
    return (from === this.me && to === this.peer) || (from === this.peer && to === this.me)
  }

  /** Adds the messages of this conversation that are new; answers them. */
  merge(chats) {
    const known = new Set(this.chats.map((chat) => chat.id))
    const added = []
    for (const chat of chats) {
      if (!this.belongs(chat) || known.has(chat.id)) continue
      known.add(chat.id)
      added.push(chat)
    }
    if (!added.length) return added
    added.sort((a, b) => a.id - b.id)
    this.chats = this.chats.concat(added).sort((a, b) => a.id - b.id)
    added.forEach((chat) => this.recognise(chat))
    return added
  }

  /**
   * Takes over a whole stretch as the server has it now: what is missing between its ends was recalled.
   * When it does not reach down to what is known, the older part goes: a hole is never shown.
   */
  take(stretch, reachesTheStart) {
    const first = stretch.length ? stretch[0].id : 0
    const last = stretch.length ? stretch[stretch.length - 1].id : 0
    const there = new Set(stretch.map((chat) => chat.id))
    if (reachesTheStart) {
      this.chats = this.chats.filter((chat) => chat.id > last || there.has(chat.id))
    } else if (first > this.newestId) {
      this.chats = []
    } else {
      this.chats = this.chats.filter((chat) => chat.id < first || chat.id > last || there.has(chat.id))
    }
    return this.merge(stretch)
  }

  /** Forgets the oldest messages beyond `count`; answers whether there were any. */
  keepNewest(count) {
    if (this.chats.length <= count) return false
    this.chats = this.chats.slice(-count)
    return true
  }

  /** An acknowledged entry comes first: its message is surely there. */
  recognise(chat) {
    if (!this.isMine(chat)) return
    const fits = this.entries.filter((entry) => entry.chatId === null && entry.state !== REFUSED &&
      entry.afterId !== null && entry.afterId < chat.id && entry.content === chat.content)
    const entry = fits.find((candidate) => candidate.state === SENT) || fits[0]
    if (!entry) return
    entry.chatId = chat.id
    this.standsFor.set(chat.id, entry.clientMsgId)
    // Entries go out one after the other, so the later ones are stored after this one.
    for (const later of this.entries.slice(this.entries.indexOf(entry) + 1)) {
      if (later.afterId !== null && later.afterId < chat.id) later.afterId = chat.id
    }
    if (entry.state === SENT) this.remove(entry.clientMsgId)
  }

  // ---- one's own messages on their way ----

  find(clientMsgId) {
    return this.entries.find((entry) => entry.clientMsgId === clientMsgId)
  }

  add(clientMsgId, content, createdAt) {
    const entry = { clientMsgId, content, createdAt, state: SENDING, afterId: null, chatId: null, anchor: 0, detail: '' }
    this.entries.push(entry)
    return entry
  }

  remove(clientMsgId) {
    this.entries = this.entries.filter((entry) => entry.clientMsgId !== clientMsgId)
  }

  /** The next entry to send. */
  nextToSend() {
    return this.entries.find((entry) => entry.state === SENDING)
  }

  /** Marks the first attempt: from here on its message may appear. */
  attempted(entry) {
    if (entry.afterId === null) entry.afterId = this.newestId
  }

  acknowledge(clientMsgId) {
    const entry = this.find(clientMsgId)
    if (!entry) return
    entry.state = SENT
    if (entry.chatId !== null) this.remove(clientMsgId)
  }

  /** Entries acknowledged by now. A look at the server from here on must show their messages. */
  acknowledged() {
    return this.entries.filter((entry) => entry.state === SENT)
  }

  giveUp(clientMsgId, detail) {
    this.stop(clientMsgId, FAILED, detail)
  }

  refuse(clientMsgId, detail) {
    const entry = this.find(clientMsgId)
    if (entry && entry.chatId !== null) { // what was recognised as this one was another message
      this.standsFor.delete(entry.chatId)
      entry.chatId = null
    }
    this.stop(clientMsgId, REFUSED, detail)
  }

  stop(clientMsgId, state, detail) {
    const entry = this.find(clientMsgId)
    if (!entry) return
    entry.state = state
    entry.detail = detail
    entry.anchor = this.newestId // where it stays in the list
  }

  resume(clientMsgId) {
    const entry = this.find(clientMsgId)
    if (!entry || entry.state !== FAILED) return
    entry.state = SENDING
    entry.detail = ''
  }

  /**
   * Takes up again the entries that were given up although their message seems to be there,
   * so that the server confirms it.
   */
  resumeRecognised() {
    for (const entry of this.entries) if (entry.state === FAILED && entry.chatId !== null) entry.state = SENDING
  }

  // ---- what the page shows ----

  /** The list's items, in order: `{key, mine, text, time, state, detail}`. */
  items(now = Date.now()) {
    const shown = this.entries.filter((entry) => entry.chatId === null)
    const stopped = shown.filter((entry) => entry.state === FAILED || entry.state === REFUSED)
      .sort((a, b) => a.anchor - b.anchor)
    const rows = []
    const putEntry = (entry) => rows.push({
      key: `c-${entry.clientMsgId}`, mine: true, text: entry.content, millis: entry.createdAt,
      state: entry.state === SENT ? '' : entry.state, detail: entry.detail,
    })
    let next = 0
    for (const chat of this.chats) {
      while (next < stopped.length && stopped[next].anchor < chat.id) putEntry(stopped[next++])
      const clientMsgId = this.standsFor.get(chat.id) // the same key as before, so that the bubble stays as it is
      rows.push({
        key: clientMsgId ? `c-${clientMsgId}` : `m-${chat.id}`, mine: this.isMine(chat), text: chat.content,
        millis: parseTime(chat.createTime), state: '', detail: '',
      })
    }
    stopped.slice(next).forEach(putEntry)
    shown.filter((entry) => !stopped.includes(entry)).forEach(putEntry)

    let previous = null
    return rows.map(({ millis, ...row }) => {
      const time = needsTimeLine(previous, millis) ? timeLabel(millis, now) : ''
      if (!Number.isNaN(millis)) previous = millis
      return { ...row, time }
    })
  }
}

module.exports = { Timeline, SENDING, FAILED, REFUSED, SENT }
