// The app's one client: whose it is, how its connection stands, and what the tab bar says of it. Pages take `getApp().im`.

const { Client, wxTransport } = require('hongyan-client')
const { connectionOf } = require('../components/hy-chat/connection')
const { setClient } = require('../components/hy-chat/current')
const { kitOf } = require('../components/hy-chat/core/kit')
const { badge } = require('../components/hy-chat/core/unread')
const { clearFiles } = require('../components/hy-chat/media')
const config = require('../config')
const { Contacts } = require('./contacts')
const { createLogin } = require('./login')
const { Notices } = require('./notices')

const DEVICE_KEY = 'hongyan:device'
const LOGIN_PAGE = '/pages/login/login'
const CHATS_PAGE = '/pages/chats/chats'
const CHATS_TAB = 0
/** WeChat's login is not seen when it takes no longer. */
const SILENT_MS = 1000
/** What belongs to the phone, and stays when somebody logs out. */
const PHONE_KEYS = [DEVICE_KEY, 'hongyan:look']
const KEYS = /^hongyan[:-]/

/** This phone, for the server: of its sessions only the newest stays. */
function device() {
  let id = wx.getStorageSync(DEVICE_KEY)
  if (!id) wx.setStorageSync(DEVICE_KEY, (id = `wx-${Math.random().toString(36).slice(2, 12)}`))
  return id
}

class Im {
  constructor() {
    this.login = createLogin(config)
    /** null before anybody is known, after logging out too. */
    this.client = null
    this.directory = null
    this.local = null
    this.presence = null
    this.contacts = null
    this.notices = null
    /** The page that was opened before anybody was known. */
    this.wanted = null
    this.connection = null
    this.listeners = new Set()
  }

  /** What the titles show: {title, strip}, see core/status. */
  get view() { return this.connection ? this.connection.view : { title: null, strip: null } }
  /** Online, and not yet as the server has it. */
  get isSyncing() { return Boolean(this.connection) && this.connection.isSyncing }

  /** Goes online as whoever is known; else the first page leads to the login. */
  start() {
    if (!this.login.isKnown) return
    const { login } = this
    const { userId } = login
    this.client = new Client({
      server: config.server,
      device: device(),
      transport: wxTransport(),
      ...(userId ? { userId } : {}),
      ...(login.token ? { getToken: (reason) => login.token(reason).then((token) => this.named(token), (error) => this.unnamed(error)) } : {}),
    })
    Object.assign(this, kitOf(this.client))
    setClient(this.client)
    this.contacts = new Contacts(this.client, this.client.storage)
    this.notices = new Notices(this.client, this.client.storage)
    this.isExpired = false
    this.connection = connectionOf(this.client)
    this.connection.onChange(() => { for (const listener of this.listeners) listener() })
    this.client.on('state', ({ state }) => { if (state === 'unauthorized') this.refused() })
    this.client.on('synced', () => {
      this.introduce()
      this.notices.read()
    })
    for (const event of ['conversation', 'gone', 'reset', 'synced']) this.client.on(event, () => this.countSoon())
    this.connect()
    this.countSoon()
    if (!userId) setTimeout(() => { if (!this.client.userId) this.waitForName() }, SILENT_MS)
  }

  /** Also after somebody else took this device's place, or the server sent one away. */
  connect() {
    if (this.client) this.client.connect().catch(() => {}) // how it goes the state tells
  }

  /** Of the client. */
  get state() { return this.client ? this.client.state : 'idle' }

  /** Whether the server can be asked: the client finds out later than the phone that there is no network. */
  get isConnected() { return this.state === 'online' && this.view.title !== 'offline' }
  /** Whether somebody is seen to be online: without a connection nobody is. */
  isOnline(userId) { return this.isConnected && this.presence.isOnline(userId) }

  /** `listener()` at each change of what the titles show. Returns what ends it. */
  onView(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  seen() {
    if (this.connection) this.connection.look()
    this.countSoon()
  }

  hidden() { this.flush() }

  /** Everything of this user leaves the phone. */
  logOut() {
    if (!this.client) return
    this.client.close()
    this.flush() // nothing is written afterwards
    for (const key of wx.getStorageInfoSync().keys) if (KEYS.test(key) && PHONE_KEYS.indexOf(key) < 0) wx.removeStorageSync(key)
    clearFiles()
    this.login.forget()
    setClient(null)
    this.connection.end()
    this.client = this.directory = this.local = this.presence = this.contacts = this.notices = this.connection = null
    wx.removeTabBarBadge({ index: CHATS_TAB, fail: () => {} })
    this.askWho()
  }

  flush() {
    if (this.client) for (const kept of [this.directory, this.local, this.contacts, this.notices]) kept.flush()
  }

  /** In the demo: who they say they are. */
  enter(userId, name) {
    this.login.choose(userId, name)
    this.start()
    this.goOn()
  }

  askWho() { wx.reLaunch({ url: LOGIN_PAGE }) }

  /** A page that was opened before anybody is known: it is opened again afterwards. */
  askFirst(url) {
    this.wanted = url
    setTimeout(() => this.askWho(), 0) // not while a page is being opened
  }

  /** From the login page to what was wanted. */
  goOn() {
    const url = this.wanted || CHATS_PAGE
    this.wanted = null
    wx.reLaunch({ url })
  }

  // ---- what happens ----

  named(token) {
    if (token && this.isAskedFor) {
      this.isAskedFor = false
      this.goOn()
    }
    return token
  }

  unnamed(error) {
    if (!this.login.userId) this.waitForName()
    throw error
  }

  /** Without anybody's name there is nothing to show but that. */
  waitForName() {
    if (this.isAskedFor) return
    this.isAskedFor = true
    this.askWho()
  }

  /** In the demo who says to be somebody is called so, where nobody has said otherwise. */
  introduce() {
    const { client } = this
    const { name } = this.login
    if (!name) return
    client.call('user.get', { userIds: [client.userId] }).then(async ({ users }) => {
      if (!users[0].name) await client.call('user.update', { name })
      this.login.introduced()
      this.directory.refresh([client.userId])
    }).catch(() => {}) // at the next connection
  }

  refused() {
    this.isExpired = this.login.problem === null
    this.waitForName()
  }

  /** The tab's number: many messages at once are one change. */
  countSoon() {
    if (this.counting) return
    this.counting = setTimeout(() => {
      this.counting = null
      if (!this.client) return
      const text = badge(this.client.unread)
      // Both fail on pages without a tab bar; the next tab page asks again.
      if (text) wx.setTabBarBadge({ index: CHATS_TAB, text, fail: () => {} })
      else wx.removeTabBarBadge({ index: CHATS_TAB, fail: () => {} })
    }, 50)
  }
}

module.exports = { Im }
