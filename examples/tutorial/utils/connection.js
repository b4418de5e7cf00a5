// The one web socket of a user: opened, watched and opened again.
//
// There is never more than one: an old socket is closed and its later events are ignored before a new one is made.
// The state is one of `connecting`, `open`, `waiting` (for the next attempt) and `offline` (the phone has no network).
//
// With a login the socket carries its token, and the server closes it (4001) when that ends. So a socket is replaced
// when there is a new token, in the middle of its life and without a word: to the user it stays open.

const { Backoff } = require('./backoff')

const OPEN_TIMEOUT_MS = 10000
const KEEPALIVE_MS = 25000 // proxies cut a socket that is silent for 60 s; the server ignores what we say
const TRUSTED_HIDDEN_MS = 4000 // WeChat cuts sockets 5 s after the app left the screen, and not always tells
const TOKEN_ENDED = 4001

class Connection {
  /**
   * @param wx anything with connectSocket, onNetworkStatusChange and offNetworkStatusChange
   * @param login a Login, or null for a server that asks for none
   * @param on `{open(), message(text), state(name), unopened()}`; `unopened`: a socket with a token closed before it was
   *   open, for want of a network or because the token is not good. Phones do not tell which.
   */
  constructor({ wx, url, login = null, on, backoff = new Backoff(), now = Date.now }) {
    this.wx = wx
    this.url = url
    this.login = login
    this.on = on
    this.backoff = backoff
    this.now = now
    this.socket = null
    this.state = ''
    this.online = true
    this.hiddenAt = null
    this.running = false
    this.networkChanged = this.networkChanged.bind(this)
    this.tokenChanged = this.tokenChanged.bind(this)
  }

  start() {
    this.running = true
    this.wx.onNetworkStatusChange(this.networkChanged)
    if (this.login) this.login.listen(this.tokenChanged)
    this.connect()
  }

  stop() {
    this.running = false
    this.wx.offNetworkStatusChange(this.networkChanged)
    if (this.login) this.login.unlisten(this.tokenChanged)
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

  /** In the background the old socket lives on, to its 4001. */
  tokenChanged() {
    if (this.hiddenAt === null) this.connect({ quietly: this.state === 'open' })
  }

  connectNow() {
    this.backoff.reset()
    if (this.login) this.login.hurry()
    this.connect()
  }

  connect({ quietly = false } = {}) {
    this.drop()
    if (!this.running) return
    if (!quietly) this.setState('connecting')
    if (this.login) this.connectLoggedIn()
    else this.openSocket({})
  }

  async connectLoggedIn() {
    const place = { close() {} } // what stands for the socket until there is a token for it
    this.socket = place
    const session = await this.login.session()
    if (place !== this.socket) return
    if (session.ok) this.openSocket({ Authorization: `Bearer ${session.token}` }, session.token)
    else this.lost(place, session.afterMs)
  }

  openSocket(header, token) {
    const socket = this.wx.connectSocket({
      url: this.url,
      header,
      timeout: OPEN_TIMEOUT_MS,
      fail: () => setTimeout(() => this.lost(socket), 0), // not before connectSocket has answered
    })
    this.socket = socket
    let opened = false
    const current = () => socket === this.socket
    const ended = ({ code } = {}) => {
      if (!current()) return
      const tokenEnded = token && code === TOKEN_ENDED
      if (tokenEnded) this.login.refused(token)
      if (tokenEnded && this.hiddenAt === null) {
        this.connect()
        return
      }
      this.lost(socket)
      if (token && !opened) this.on.unopened()
    }
    this.timer = setTimeout(() => this.lost(socket), OPEN_TIMEOUT_MS)
    socket.onOpen(() => {
      if (!current()) return
      opened = true
      clearTimeout(this.timer)
      this.keepalive = setInterval(() => socket.send({ data: 'ping', fail: () => this.lost(socket) }), KEEPALIVE_MS)
      this.backoff.reset()
      this.setState('open')
      this.on.open()
    })
    socket.onMessage(({ data }) => { if (current()) this.on.message(data) })
    socket.onError(() => ended())
    socket.onClose(ended)
  }

  /** The socket is gone (or must be taken for it): try again after a while, at least `afterMs`. */
  lost(socket = this.socket, afterMs = 0) {
    if (socket !== this.socket || !this.running) return
    this.drop()
    this.setState(this.online ? 'waiting' : 'offline')
    if (this.hiddenAt === null) {
      this.timer = setTimeout(() => this.connect(), Math.max(this.backoff.next(), afterMs))
    }
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
