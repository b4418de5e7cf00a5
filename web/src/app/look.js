// How the page looks and speaks in this browser: theme, language, sound, read marks.

import { languageOf, own, translator } from '../../../miniprogram/components/hy-chat/core/i18n.js'
import zh from '../i18n/zh.js'
import en from '../i18n/en.js'

const KEY = 'hongyan-web:look'

export class Look {
  constructor() {
    this.chosen = { theme: '', lang: '', sound: false, reads: true, listWidth: 320, ...stored() }
    this.listeners = new Set()
    this.dress()
  }

  get lang() { return this.chosen.lang || languageOf(navigator.language) }

  /** @param {{theme?: ''|'light'|'dark', lang?: ''|'zh'|'en', sound?: boolean, reads?: boolean, listWidth?: number}} chosen empty: the system's */
  choose(chosen) {
    Object.assign(this.chosen, chosen)
    try {
      localStorage.setItem(KEY, JSON.stringify(this.chosen))
    } catch { /* forbidden or full: until the page is left */ }
    this.dress()
    for (const listener of this.listeners) listener()
  }

  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  dress() {
    const { theme } = this.chosen
    const root = document.documentElement
    this.t = translator(this.lang, { zh, en }, own)
    root.lang = this.lang === 'zh' ? 'zh-CN' : 'en'
    if (theme) root.dataset.theme = theme
    else delete root.dataset.theme
  }
}

function stored() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) || {}
  } catch { // forbidden, or damaged
    return {}
  }
}
