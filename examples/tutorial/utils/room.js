// One conversation: its timeline, the socket that brings new messages, and the sending of one's own.
//
// A message from the socket is the newest window of all that involves the user. As long as each window reaches back to
// what the one before showed, nothing was missed. Where it does not, and after every opening of the socket, the
// conversation is fetched until the fetched stretch meets what is known.

const { Api } = require('./api')
const { Backoff } = require('./backoff')
const { Connection } = require('./connection')
const { normalizeId } = require('./ids')
const { Outbox } = require('./outbox')
const { Sender } = require('./sender')
const { Timeline } = require('./timeline')

const PAGE = 30 // messages in one request
const CATCH_UP_PAGES = 5 // how far back to look for what is known before starting anew
const ECHO_MS = 3000 // how long to wait for the socket to bring an acknowledged message

class Room {
  /**
   * @param login a Login whose user is `me`, or null for a server that asks for none
   * @param me, peer `{id, name}`
   * @param on `{changed(addedByPeer), status(text), others(chat)}`
   */
  constructor({ wx, server, login = null, me, peer, on }) {
    this.me = me
    this.peer = peer
    this.on = on
    this.login = login
    this.api = new Api(wx, server, login)
    this.outbox = new Outbox(wx, me.id, peer.id)
    this.timeline = new Timeline(me.id, peer.id, this.outbox.load())
    this.sender = new Sender({
      timeline: this.timeline,
      outbox: this.outbox,
      post: (entry) => this.post(entry),
      on: { changed: () => this.changed(0), acknowledged: () => this.expectEcho() },
    })
    this.connection = new Connection({
      wx,
      url: this.api.socketUrl(me.id),
      login,
      on: {
        open: () => this.catchUp(),
        unopened: () => this.catchUp(), // which finds out whether the token is still good
        message: (text) => this.received(text),
        state: () => this.showStatus(),
      },
    })
    this.backoff = new Backoff()
    this.loaded = false
    this.hasMore = true // whether older messages may be on the server
    this.loadingOlder = false
    this.seenId = 0 // the highest id that a window or a fetch has shown, in whatever conversation
    this.problem = '' // why the last fetch failed
    this.open = false
    this.away = false // the app is not on the screen
  }

  start() {
    this.open = true
    this.connection.start()
    this.catchUp()
  }

  stop() {
    this.open = false
    this.connection.stop()
    this.sender.stop()
    clearTimeout(this.fetchTimer)
    clearTimeout(this.echoTimer)
  }

  hidden() {
    this.away = true
    this.connection.hidden()
  }

  shown() {
    if (!this.away) return
    this.away = false
    this.connection.shown()
    this.catchUp()
  }

  /** Throws when the phone's storage is full. */
  send(text) {
    this.sender.send(text)
    this.changed(0)
  }

  retry(clientMsgId) {
    this.sender.retry(clientMsgId)
    this.changed(0)
  }

  remove(clientMsgId) {
    this.sender.remove(clientMsgId)
    this.changed(0)
  }

  post(entry) {
    return this.api.push({
      userId: this.me.id,
      userName: this.me.name,
      targetUserId: this.peer.id,
      targetUserName: this.peer.name,
      content: entry.content,
      clientMsgId: entry.clientMsgId,
    })
  }

  received(text) {
    let chats
    try { chats = JSON.parse(text) } catch (error) { return }
    if (!Array.isArray(chats) || !chats.length) return
    const last = chats[chats.length - 1]
    const fresh = this.seenId ? chats.filter((chat) => chat.id > this.seenId) : [last]
    const foreign = fresh.filter((chat) => !this.timeline.belongs(chat) && normalizeId(chat.userId) !== this.me.id)
    if (foreign.length) this.on.others(foreign[foreign.length - 1])
    if (!this.loaded || chats[0].id > Math.max(this.seenId, this.timeline.newestId)) {
      this.missedUpTo = last.id
      this.catchUp()
      return
    }
    this.seenId = Math.max(this.seenId, last.id)
    const newestId = this.timeline.newestId
    // What is older than the list stays for loadOlder(): nothing may push down what is being read.
    this.added(this.timeline.merge(chats.filter((chat) => chat.id > this.timeline.oldestId)), newestId)
  }

  /** Fetches what is newer than what is known. One at a time; asked for meanwhile, once more afterwards. */
  async catchUp() {
    clearTimeout(this.fetchTimer)
    if (this.fetching) {
      this.fetchAgain = true
      return
    }
    this.fetching = true
    this.fetchAgain = false
    const acknowledged = this.timeline.acknowledged()
    const missedUpTo = this.missedUpTo || 0
    const outcome = await this.fetchDownTo(this.timeline.newestId)
    this.fetching = false
    if (!this.open) return
    if (!outcome.ok) {
      this.problem = outcome.detail
      this.showStatus()
      this.fetchTimer = setTimeout(() => this.catchUp(), Math.max(this.backoff.next(), outcome.afterMs || 0))
      return
    }

    this.backoff.reset()
    this.problem = ''
    const newestId = this.timeline.newestId
    const known = this.timeline.chats.length > 0 && (outcome.atStart || outcome.chats[0].id <= newestId)
    const added = this.timeline.take(outcome.chats, outcome.atStart)
    if (outcome.atStart) this.hasMore = false
    else if (!known) this.hasMore = true
    // The server showed all that was acknowledged before; what is still not recognised stands there under another one.
    for (const entry of acknowledged) if (entry.chatId === null) this.timeline.remove(entry.clientMsgId)
    this.seenId = Math.max(this.seenId, missedUpTo, this.timeline.newestId)
    const first = !this.loaded
    this.loaded = true
    this.showStatus()
    if (first) this.changed(0)
    else this.added(added, newestId)
    this.sender.wake()
    if (this.fetchAgain) this.catchUp()
  }

  /** The newest messages, back to an id that is known, to the start, or as far as it makes sense. */
  async fetchDownTo(knownId) {
    let chats = []
    for (let page = 0; page < CATCH_UP_PAGES; page += 1) {
      const beforeId = chats.length ? chats[0].id : 0
      const outcome = await this.api.history(this.me.id, this.peer.id, { beforeId, limit: PAGE })
      if (!outcome.ok) return outcome
      chats = outcome.data.concat(chats)
      if (outcome.data.length < PAGE) return { ok: true, chats, atStart: true }
      if (!knownId || chats[0].id <= knownId) break
    }
    return { ok: true, chats, atStart: false }
  }

  /** Loads older messages; answers whether that went well. */
  async loadOlder() {
    if (!this.loaded || !this.hasMore || this.loadingOlder) return true
    this.loadingOlder = true
    const beforeId = this.timeline.oldestId
    const outcome = await this.api.history(this.me.id, this.peer.id, { beforeId, limit: PAGE })
    this.loadingOlder = false
    if (!outcome.ok) return false
    if (this.timeline.oldestId === beforeId) {
      this.hasMore = outcome.data.length === PAGE
      this.timeline.merge(outcome.data)
    }
    return true
  }

  /** The newest one is on the screen: what is far above it need not be kept. */
  trim(count) {
    if (this.loadingOlder || !this.timeline.keepNewest(count)) return false
    this.hasMore = true
    return true
  }

  /** The socket should bring the acknowledged message in a moment; when it does not, fetch it. */
  expectEcho() {
    clearTimeout(this.echoTimer)
    if (!this.open) return
    this.echoTimer = setTimeout(() => { if (this.timeline.acknowledged().length) this.catchUp() }, ECHO_MS)
  }

  /** `newestId`: the newest one before these were added. */
  added(chats, newestId) {
    const fromPeer = chats.filter((chat) => chat.id > newestId && !this.timeline.isMine(chat))
    this.changed(fromPeer.length)
  }

  changed(addedByPeer) {
    if (this.open) this.on.changed(addedByPeer)
  }

  showStatus() {
    const texts = { connecting: '连接中…', waiting: '网络不给力，正在重连…', offline: '网络不可用，请检查网络设置', open: '' }
    this.on.status((this.login && this.login.problem) || texts[this.connection.state] || this.problem)
  }
}

module.exports = { Room }
