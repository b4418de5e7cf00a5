// -- the classic contract: one socket that shows the newest, HTTP for all else ---------------------------------------
class ClassicPhone extends Phone {
  constructor(index) {
    super(index, 'phone')
    Object.assign(this, { chats: [], pending: [], delay: FIRST_DELAY })
  }

  noticed() { if (this.state === 'offline') this.connect(); else this.notice('') }

  /** Begins anew as `me` talking with `peer`; answers to questions of an earlier life are dropped. */
  start() {
    this.life = {}
    Object.assign(this, { chats: [], pending: [], unread: 0, delay: FIRST_DELAY, stick: true, loaded: false, complete: false, wasIn: false })
    this.words()
    this.draw()
    this.mindToken()
    if (this.asked === 'needToken') this.lock(); else this.connect()
  }

  /** Signs off, because the other tab was chosen. */
  stop() {
    clearTimeout(this.endsTimer)
    this.life = {}
    this.hangUp()
  }

  /** The server took no token of ours: what is on the screen stays, and what was written waits. */
  lock() {
    this.tokenRefused()
    this.hangUp()
    this.enter('offline', 'locked')
  }

  async renew() {
    this.delay = FIRST_DELAY
    this.connect()
  }

  hangUp() {
    clearTimeout(this.timer)
    const { socket } = this
    this.socket = null
    socket?.close()
  }

  wake() { if (this.state === 'offline' && !this.why) this.connect() }

  // -- the socket

  connect() {
    clearTimeout(this.timer)
    this.socket?.close()
    const life = this.life
    const socket = this.socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/imserver/${this.me.id}${this.token ? `?token=${this.token.text}` : ''}`)
    let opened = false
    this.enter('connecting')
    const tooLong = setTimeout(() => socket.close(), 8_000)
    socket.onopen = () => {
      clearTimeout(tooLong)
      if (this.socket !== socket) return
      opened = this.wasIn = true
      this.delay = FIRST_DELAY
      this.enter('connected')
      this.load()
      this.wake?.()
    }
    socket.onmessage = event => {
      if (this.socket !== socket || life !== this.life) return
      let frame
      try { frame = JSON.parse(event.data) } catch { return }
      if (Array.isArray(frame)) this.merge(frame, () => this.load())
    }
    socket.onclose = event => {
      clearTimeout(tooLong)
      if (this.socket !== socket) return
      if (event.code === 4001) return this.lock()
      if (!opened) this.checkToken()
      this.enter('offline', event.code === 4003 ? 'kicked' : '')
      if (event.code === 4003) return
      this.due = Date.now() + this.delay * (0.75 + Math.random() / 2)
      this.delay = Math.min(this.delay * 2, LONGEST_DELAY)
      this.countDown()
    }
  }

  countDown() {
    const left = Math.ceil((this.due - Date.now()) / 1000)
    if (left <= 0) return this.connect()
    this.notice(say('lost', left), say('retry'))
    this.timer = setTimeout(() => this.countDown(), Math.min(1000, this.due - Date.now() + 5))
  }

  enter(state, why = '') {
    const wasLost = this.state === 'offline' && this.why !== 'locked'
    Object.assign(this, { state, why })
    this.stateLine(say(state), { connected: 'good', offline: 'bad' }[state] ?? '')
    if (why === 'locked') this.notice('')
    else if (state === 'offline') this.notice(say(why || 'lostNow'), say('retry'))
    else if (state === 'connecting' && wasLost) this.notice(say('lostNow'), say('retry'))
    else if (state === 'connected') this.notice('')
  }

  // -- the list

  async history(query = '') {
    const both = `userId=${encodeURIComponent(this.me.id)}&targetUserId=${encodeURIComponent(this.peer.id)}`
    const chats = await (await this.request(`/getMessage?${both}&limit=${PAGE}${query}`)).json()
    if (!Array.isArray(chats)) throw new Error(say('noAnswer'))
    return chats
  }

  /** The newest page: at the start, after each connect, and when a frame may have left a gap. */
  async load() {
    const life = this.life
    try {
      const chats = await this.history()
      if (life !== this.life) return
      if (this.state === 'connected') this.notice('')
      if (!this.chats.length) this.complete = chats.length < PAGE
      this.merge(chats, () => { this.chats = []; this.complete = false; this.merge(chats) })
      this.loaded = true
    } catch (error) {
      if (life !== this.life || this.state !== 'connected') return
      this.notice(`${say('notLoaded')}: ${error.message}`)
      await sleep(3000)
      if (life === this.life && this.state === 'connected') this.load()
    }
  }

  /** The page before the oldest that is shown. */
  async older() {
    if (this.complete || this.asking || !this.chats.length) return
    const life = this.life
    this.asking = true
    try {
      const chats = await this.history(`&beforeId=${this.chats[0].id}`)
      if (life !== this.life) return
      this.complete = chats.length < PAGE
      const below = this.list.scrollHeight - this.list.scrollTop
      this.chats = [...chats.filter(chat => this.concerns(chat) && chat.id < this.chats[0].id), ...this.chats]
      this.draw()
      this.list.scrollTop = this.list.scrollHeight - below
    } catch (error) {
      if (life === this.life && this.why !== 'locked') this.notice(`${say('notLoaded')}: ${error.message}`)
    } finally { this.asking = false }
  }

  concerns(chat) {
    const from = String(chat.userId), to = String(chat.targetUserId)
    return (from === this.me.id && to === this.peer.id) || (from === this.peer.id && to === this.me.id)
  }

  /** Adds what is new in an oldest-first window. `gap` is called instead when messages before it may be missing here. */
  merge(window, gap) {
    const newest = this.chats.at(-1)?.id ?? 0
    if (gap && newest && window.length && window[0].id > newest) return gap()
    const fresh = window.filter(chat => chat.id > newest && this.concerns(chat))
    if (!fresh.length) return this.draw()
    for (const chat of fresh) {
      if (String(chat.userId) !== this.me.id) continue
      const sent = this.pending.findIndex(entry => entry.body.content === chat.content && chat.id > entry.after)
      if (sent >= 0) this.pending.splice(sent, 1)
    }
    this.chats = [...this.chats, ...fresh]
    if (this.stick && this.chats.length > KEPT) { this.chats = this.chats.slice(-KEPT / 2); this.complete = false }
    this.draw()
    const received = fresh.filter(chat => String(chat.userId) !== this.me.id).length
    if (!this.loaded || !received) return
    if (!this.stick) $('.newest', this.root).hidden = false
    if (shown() !== this.index) { this.unread += received; this.words() }
    fly(this.index)
  }

  draw() {
    let before = 0
    this.drawRows($('.chats', this.root), this.chats.map(chat => {
      const time = new Date(chat.createTime).getTime() || 0, dated = time - before > DATE_GAP
      before = time
      return { key: `${language} ${chat.id} ${this.me.name} ${this.peer.name} ${dated}`, make: () => this.row(chat, dated) }
    }))
    $('.pending', this.root).replaceChildren(...this.pending.map(entry => this.pendingRow(entry.body.content, entry.failed, entry.why, () => {
      Object.assign(entry, { failed: false, why: '', tries: 0 })
      this.draw()
      this.pump()
    })))
    const empty = $('.empty', this.root)
    empty.hidden = this.chats.length + this.pending.length > 0
    empty.textContent = say('empty', this.peer.name)
    this.toNewest()
  }

  row(chat, dated) {
    const own = String(chat.userId) === this.me.id, row = element('div')
    if (dated) row.append(element('p', 'time', dateLine(chat.createTime)))
    row.append(this.line(own ? this.me : this.peer, String(chat.content), own))
    return row
  }

  // -- sending

  /** Takes the text out of the field at once, so that a second tap finds nothing to send. */
  send() {
    const content = this.input.value.trim()
    this.input.focus()
    if (!content) return
    this.input.value = ''
    this.fit()
    const body = { userId: this.me.id, targetUserId: this.peer.id, userName: this.me.name, targetUserName: this.peer.name, content, clientMsgId: randomId() }
    this.pending.push({ body, after: this.chats.at(-1)?.id ?? 0, tries: 0 })
    this.stick = true
    this.draw()
    this.pump()
  }

  /** Sends what waits, one after the other. Every try of a message has the same clientMsgId: it is stored once. */
  async pump() {
    if (this.pumping) return
    this.pumping = true
    for (let entry; (entry = this.pending.find(one => !one.failed && !one.stored));) {
      const life = this.life
      try {
        await this.request('/push', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(entry.body) })
        entry.stored = true
        setTimeout(() => this.missing(entry), 3000)
      } catch (error) {
        if (error.status === 401) {  // not the message was refused, but who sent it
          if (!this.token) await new Promise(done => { this.wake = done })
          continue
        }
        entry.why = error.message
        const refused = error.status && error.status !== 429 && error.status < 500
        entry.failed = refused || (++entry.tries >= SEND_TRIES && error.status > 0)  // an absent server is waited for
        if (life === this.life) this.draw()
        const pause = Math.max(error.retryAfter * 1000 || 0, Math.min(500 * 2 ** entry.tries, 8000))
        if (!entry.failed) await Promise.race([sleep(pause), new Promise(done => { this.wake = done })])
      }
    }
    this.pumping = false
  }

  /** Stored, yet not seen on the socket: the socket is dead though nobody said so. */
  missing(entry) {
    if (this.pending.includes(entry) && this.state === 'connected') this.connect()
  }

  words() {
    super.words()
    this.list.setAttribute('aria-label', say('logOf', this.peer.name))
    this.input.setAttribute('aria-label', say('write', this.peer.name))
  }

  seen(yes) {
    if (yes) this.unread = 0
    this.words()
    this.toNewest()
  }

  /** Everything again, in another language. */
  translate() { this.words(); this.draw(); this.enter(this.state, this.why) }
}
