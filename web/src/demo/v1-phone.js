// -- v1 on a phone ----------------------------------------------------------------------------------------------------
const TYPING_EVERY = 2500, WATCHED = 200, TYPING_SHOWN = 5000, HELD = 400, FRAMES_KEPT = 60, FRAME_SHOWN = 180, PREVIEW = 34
const FACES = ['👍', '❤️', '😂', '😮', '😢', '🙏'], QUOTED = 60, FLASH = 1200, TOLD = 1600, MEDIA_KEPT = 100, PAGES_BACK = 40
const PAUSE = 1000
const REFUSED_FILE = { 413: 'fileTooBig', 415: 'fileType', 429: 'fileDay', 507: 'fileRoom' }
const KINDS = ['text', 'image', 'voice', 'video', 'file', 'location', 'custom']  // what people send; all else are the log's own
const isSaid = entry => KINDS.includes(entry.kind) && !entry.recalled && !entry.streaming
const isShown = entry => KINDS.includes(entry.kind) || entry.kind === 'group'
const fileOf = ({ kind, content }) => ['image', 'voice', 'video', 'file'].includes(kind) && typeof content?.fileId === 'string' ? content.fileId : undefined
const replyOf = ({ ext }) => Number.isSafeInteger(ext?.reply?.seq) ? ext.reply.seq : undefined
let sounding = null  // the one voice or film that plays
const names = new Map()  // what other users call themselves
const nameOf = id => people.find(one => one.id === id)?.name ?? names.get(id) ?? id
const placeKey = place => place.groupId ? `g:${place.groupId}` : `u:${place.userId}`
const quoteKey = (talk, seq) => `${talk?.conversationId} ${seq}`
const isRefusal = error => typeof error.code === 'number'  // else the line is down, and nobody said no

class V1Phone extends Phone {
  constructor(index) {
    super(index, 'v1')
    Object.assign(this, { place: null, typing: new Map(), groups: new Map(), drafts: new Map(), lastTyped: 0, task: null, media: new Map() })
    this.device = `page-${randomId()}`  // a newer session of a device replaces the older: no ghost after a dead line
    this.root.classList.add('v1')
    this.composerParts()
    this.near = new IntersectionObserver(seen => {
      for (const { isIntersecting, target } of seen) if (isIntersecting) { this.near.unobserve(target); target.load() }
    }, { root: this.list, rootMargin: '400px 0px' })
    for (const part of ['.talks', '.talk .bar', '.line-switch']) $(part, this.root).hidden = false
    $('.line-switch', this.root).onclick = () => this.toggle()
    $('.back', this.root).onclick = () => this.show(null, true)
    $('.talk', this.root).onkeydown = event => {
      if (event.key !== 'Escape' || event.isComposing) return
      if (this.task) this.takeUp(null); else this.show(null, true)
    }
    this.groupForm()
  }

  /** The browser's, but one sees what goes over the wire, and nothing is kept when the page is closed, or the user is another. */
  makeTransport() {
    const browser = hongyan.browserTransport({ shareTabs: false }), texts = new Map(), note = frame => noteFrame(this.me.id, frame)
    return {
      ...browser,
      storage: { get: key => texts.get(key) ?? null, set: (key, text) => texts.set(key, text), remove: key => texts.delete(key), keys: () => [...texts.keys()] },
      connect(url, token, to) {
        const socket = browser.connect(url, token, { ...to, received: text => { note({ text }); to.received(text) } })
        return { ...socket, send: text => { socket.send(text); note({ out: true, text }) } }
      },
    }
  }

  /** Begins as `me`. The same user as before comes back with what was kept. */
  start() {
    const pair = `${this.me.id} ${this.peer.id}`, isOther = this.client?.userId !== this.me.id
    if (isOther) {
      this.forgetMedia(0)
      Object.assign(this, { quietly: false, groups: new Map(), drafts: new Map(), held: [], wasIn: false, transport: this.makeTransport() })
    }
    if (isOther || this.token !== this.givenToken) this.makeClient()
    this.mindToken()
    if (this.pair !== pair) this.show(null)
    this.pair = pair
    if (this.asked === 'needToken') this.lock()
    else if (this.isSynced) this.introduce(); else if (!this.quietly) this.connect()
    this.translate()
  }

  makeClient() {
    this.client?.close()
    this.givenToken = this.token
    Object.assign(this, { isSynced: false, missed: 0, online: new Set(), watched: new Set(), quoted: new Map() })
    const client = this.client = new hongyan.Client({
      server: location.origin, userId: this.me.id, device: this.device, transport: this.transport,
      ...(this.token && { getToken: reason => this.tokenFor(reason) }),
    })
    this.stale = new Set(client.conversations)
    const on = (name, act) => client.on(name, event => { if (client === this.client) act(event) })
    on('state', () => this.stateChanged())
    on('synced', () => this.synced())
    on('message', about => this.noteMessage(about))
    on('typing', about => this.noteTyping(about))
    on('stream', about => this.grow(about))
    on('reset', () => this.quoted.clear())
    on('presence', ({ userId, online }) => this.online[online ? 'add' : 'delete'](userId))
    for (const name of ['state', 'synced', 'message', 'conversation', 'gone', 'outbox', 'presence']) on(name, () => this.drawSoon())
  }

  connect() { this.client.connect().catch(() => {}) }  // `state` tells
  stop() { clearTimeout(this.endsTimer); this.client.close() }
  wake() { this.draw() }  // the client wakes by itself

  lock() {
    this.tokenRefused()
    this.client.close()
  }

  /** A live session takes the next token when the client asks for it, before the end of the one there is. */
  async renew() {
    if (this.isSynced) await ask(this.whereToCheck, { headers: this.authorization }); else this.start()
  }

  tokenFor(reason) {
    const isNext = this.token !== this.givenToken
    if (reason === 'expiring' && !isNext) throw new Error('the person is asked for it')
    this.givenToken = this.token
    return reason === 'expired' && !isNext ? null : this.token.text
  }

  /** Offline by the person's wish, and back again. */
  toggle() {
    this.quietly = !this.quietly
    if (this.quietly) this.client.close(); else this.connect()
  }

  noticed() {
    if (this.quietly) this.toggle()
    else if (['waiting', 'kicked', 'replaced'].includes(this.client.state)) this.connect()
    else this.notice('')
  }

}

/** Gives V1Phone the methods of a part of it. */
function addTo(whole, part) {
  const { constructor, ...methods } = Object.getOwnPropertyDescriptors(part.prototype)
  Object.defineProperties(whole.prototype, methods)
}
