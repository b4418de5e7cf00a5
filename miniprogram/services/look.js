// How the app looks and speaks on this phone: theme, language, size of its texts. Pages have it through services/page.

const { languageOf, own, translator } = require('../components/hy-chat/core/i18n')
const app = { zh: require('../i18n/zh'), en: require('../i18n/en') }

const KEY = 'hongyan:look'
const TABS = ['chats', 'contacts', 'me']
/** The native bars follow the phone by themselves, not the app: as theme.json has them, but that no brand is known here. */
const BARS = {
  light: { front: '#000000', back: '#ededed', tab: { color: '#5f5f5f', selectedColor: '#191919', backgroundColor: '#f7f7f7' } },
  dark: { front: '#ffffff', back: '#111111', tab: { color: '#a3a3a3', selectedColor: '#d9d9d9', backgroundColor: '#1e1e1e' } },
}
/** WeChat's own table at a width of 375: its setting, and the size of a chat's text in px. The design is drawn at 17. */
const CHAT_SIZES = { 14: 16, 15: 16, 16: 17, 17: 17, 18: 18.5, 19: 19.5, 20: 23, 21: 25.5, 22: 27.5, 23: 27.5 }
const DRAWN_SIZE = 17
/** Rows and settings grow no more than that. */
const GROW_MAX = 1.4

/** The size of texts beside the design's, as WeChat is set: Android says the factor, others their setting. */
function scaleOf({ fontSizeScaleFactor, fontSizeSetting }) {
  if (fontSizeScaleFactor) return Math.min(27.5 / DRAWN_SIZE, Math.max(16 / DRAWN_SIZE, fontSizeScaleFactor))
  return (CHAT_SIZES[Math.round(fontSizeSetting)] || DRAWN_SIZE) / DRAWN_SIZE
}

class Look {
  constructor() {
    const base = wx.getAppBaseInfo()
    this.system = { lang: languageOf(base.language), theme: base.theme || 'light' }
    this.scale = scaleOf(base)
    this.chosen = { theme: '', lang: '', ...wx.getStorageSync(KEY) }
    /** Once bars were given colours they do not follow the phone any more. */
    this.isForced = Boolean(this.chosen.theme)
    this.listeners = new Set()
    wx.onThemeChange(({ theme }) => {
      this.system.theme = theme
      this.tell()
    })
    this.tell()
  }

  get lang() { return this.chosen.lang || this.system.lang }
  /** 'light' or 'dark', as it is seen. */
  get theme() { return this.chosen.theme || this.system.theme }

  /** Data of a page: the class and the style of its root, and what hy-chat takes. */
  get data() {
    const { theme, lang } = this.chosen
    const grow = Math.min(GROW_MAX, this.scale)
    return { className: theme && `hy-${theme}`, style: `--hy-scale:${this.scale.toFixed(4)};--hy-grow:${grow.toFixed(4)}`, theme, lang, scale: this.scale, grow }
  }

  /** The texts of pages whose keys begin with one of these names, by the rest of the key. */
  texts(...names) {
    const found = {}
    for (const name of names) {
      for (const key of Object.keys(app[this.lang])) if (key.indexOf(`${name}.`) === 0) found[key.slice(name.length + 1)] = app[this.lang][key]
    }
    return found
  }

  /** @param {{theme?: ''|'light'|'dark', lang?: ''|'zh'|'en'}} chosen empty: as the phone and WeChat have it */
  choose(chosen) {
    Object.assign(this.chosen, chosen)
    this.isForced = this.isForced || Boolean(chosen.theme)
    wx.setStorageSync(KEY, this.chosen)
    this.tell()
  }

  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The navigation bar of the page in front. */
  dressBar() {
    if (!this.isForced) return
    const { front, back } = BARS[this.theme]
    wx.setNavigationBarColor({ frontColor: front, backgroundColor: back, fail: () => {} })
    wx.setBackgroundColor({ backgroundColor: back, fail: () => {} })
  }

  /** The tab bar, while a page that has it is in front: WeChat changes no other. */
  dressTabs() {
    const { theme, isForced } = this
    for (const [index, tab] of TABS.entries()) {
      const pictures = isForced && { iconPath: `/icons/tab-${tab}-${theme}.png`, selectedIconPath: `/icons/tab-${tab}-selected-${theme}.png` }
      wx.setTabBarItem({ index, text: this.t(`tabs.${tab}`), ...pictures, fail: () => {} })
    }
    if (isForced) wx.setTabBarStyle({ ...BARS[theme].tab, fail: () => {} })
  }

  tell() {
    this.t = translator(this.lang, app, own)
    for (const listener of this.listeners) listener()
  }
}

module.exports = { Look, BARS }
