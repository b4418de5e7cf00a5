// How the app looks and speaks, what it keeps, and the way out.

const { definePage } = require('../../services/page')
const { sizeText, KILO } = require('../../services/size')
const { usedBytes } = require('../../components/hy-chat/media')

const THEMES = { '': 'themeSystem', light: 'themeLight', dark: 'themeDark' }
const LANGS = { '': 'langSystem', zh: 'langZh', en: 'langEn' }

definePage('settings', {
  data: { theme: '', lang: '', notices: '', hasNotices: false, showsRead: true, blockedCount: '', used: '' },

  onLoad() { this.readNotices() },

  onShow() {
    this.draw()
    this.im.client.call('block.list', {}).then(({ userIds }) => this.setData({ blockedCount: userIds.length || '' }), () => {})
  },

  dressed() { this.draw() },

  draw() {
    const { theme, lang } = this.look.chosen
    const { s } = this.data
    const { currentSize } = wx.getStorageInfoSync()
    this.setData({
      theme: s[THEMES[theme]], lang: s[LANGS[lang]], showsRead: this.im.local.showsRead,
      used: sizeText(usedBytes() + currentSize * KILO), hasNotices: Boolean(this.im.notices.grants), notices: this.wordsOfNotices(),
    })
  },

  async chooseTheme() {
    const { s } = this.data
    const key = await this.choose({ items: Object.keys(THEMES).map((theme) => ({ key: theme || 'system', text: s[THEMES[theme]] })) })
    if (key) this.look.choose({ theme: key === 'system' ? '' : key })
  },

  async chooseLang() {
    const { s } = this.data
    const key = await this.choose({ items: Object.keys(LANGS).map((lang) => ({ key: lang || 'system', text: s[LANGS[lang]] })) })
    if (key) this.look.choose({ lang: key === 'system' ? '' : key })
  },

  showRead({ detail }) { this.im.local.showsRead = detail.checked },

  // ---- notices ----

  async readNotices() {
    await this.im.notices.read()
    this.draw()
  },

  wordsOfNotices() {
    const { left: n } = this.im.notices
    return n ? this.t('settings.noticesLeft', { n }) : this.t('settings.noticesNone')
  },

  async askNotices() {
    const { s } = this.data
    const answer = await this.im.notices.ask()
    if (answer === 'accept') this.say(s.noticesAccepted)
    if (answer === 'offline') this.say(s.offline)
    this.draw()
  },

  // ---- further ----

  blocked() { wx.navigateTo({ url: '/more/blocked/blocked' }) },
  storage() { wx.navigateTo({ url: '/more/storage/storage' }) },
  about() { wx.navigateTo({ url: '/more/about/about' }) },

  async logOut() {
    const { s } = this.data
    const { client, sender } = this.im
    const n = [...client.outgoing(), ...sender.loaded()].filter(({ state }) => state !== 'sent' && state !== 'discarded').length
    const text = n ? this.t('settings.logOutWaiting', { n }) : s.logOutText
    if (await this.ask({ title: s.logOutAsk, text, confirm: s.logOut, danger: true })) this.im.logOut()
  },
})
