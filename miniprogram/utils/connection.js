// The one web socket of a user: opened, watched and opened again.
//
// There is never more than one: an old socket is closed and its later events are ignored before a new one is made.
// The state is one of `connecting`, `open`, `waiting` (for the next attempt) and `offline` (the phone has no network).

const { Backoff } = require('./backoff')

const OPEN_TIMEOUT_MS = 10000
const KEEPALIVE_MS = 25000 // proxies cut a socket that is silent for 60 s; the server ignores what we say
const TRUSTED_HIDDEN_MS = 4000 // WeChat cuts sockets 5 s after the app left the screen, and not always tells

class Connection {
  /**
   * @param wx anything with connectSocket, onNetworkStatusChange and offNetworkStatusChange
   * @param on `{open(), message(text), state(name)}`
   */
  constructor({ wx, url, on, backoff = new Backoff(), now = Date.now }) {
    this.wx = wx
    this.url = url
    this.on = on
    this.backoff = backoff
    this.now = now
    this.socket = null
    this.state = ''
    this.online = true
    this.hiddenAt = null
    this.running = false
    this.networkChanged = this.networkChanged.bind(this)
  }

  start() {
    this.running = true
    this.wx.onNetworkStatusChange(this.networkChanged)
    this.connect()
  }

  stop() {
    this.running = false
    this.wx.offNetworkStatusChange(this.networkChanged)
    this.drop()
  }

  /** The app left the screen: nothing is tried until it comes back. */
  hidden() {
    this.hiddenAt = this.now()
    if (this.state !== 'open') this.drop()
  }

  /** The app is on the screen again. A socket that may have been cut meanwhile is replaced. */
  shown() {
    if (this.hiddenAt === null) return
    const away = this.now() - this.hiddenAt
    this.hiddenAt = null
    if (this.socket === null || away >= TRUSTED_HIDDEN_MS) this.connectNow()
  }

  networkChanged({ isConnected }) {
    this.online = isConnected
    if (this.hiddenAt !== null) return
    if (isConnected) this.connectNow() // also from one network to another: the old socket died with the old network
    else this.lost()
  }

  connectNow() {
    this.backoff.reset()
    this.connect()
  }

  connect() {
    this.drop()
    if (!this.running) return
    this.setState('connecting')
    const socket = this.wx.connectSocket({
      url: this.url,
      timeout: OPEN_TIMEOUT_MS,
      fail: () => setTimeout(() => this.lost(socket), 0), // not before connectSocket has answered
    })
    this.socket = socket
    const current = () => socket === this.socket
    this.timer = setTimeout(() => this.lost(socket), OPEN_TIMEOUT_MS)
    socket.onOpen(() => {
      if (!current()) return
      clearTimeout(this.timer)
      this.keepalive = setInterval(() => socket.send({ data: 'ping', fail: () => this.lost(socket) }), KEEPALIVE_MS)
      this.backoff.reset()
      this.setState('open')
      this.on.open()
    })
    socket.onMessage(({ data }) => { if (current()) this.on.message(data) })
    socket.onError(() => this.lost(socket))
    socket.onClose(() => this.lost(socket))
  }

  /** The socket is gone (or must be taken for it): try again after a while. */
  lost(socket = this.socket) {
    if (socket !== this.socket || !this.running) return
    this.drop()
    this.setState(this.online ? 'waiting' : 'offline')
    if (this.hiddenAt === null) this.timer = setTimeout(() => this.connect(), this.backoff.next())
  }

  /** Closes the socket and forgets it, so that nothing of it is heard any more. */
  drop() {
    clearTimeout(this.timer)
    clearInterval(this.keepalive)
    const socket = this.socket
    this.socket = null
    if (socket) socket.close({ code: 1000, fail() {} })
  }

  setState(state) {
    if (state === this.state) return
    this.state = state
    this.on.state(state)
  }
}

module.exports = { Connection }
