// In which language the page speaks: the browser's, or the one chosen here.

import { computed, effect, signal } from '@preact/signals'
import { languageOf, translator } from '../../../miniprogram/components/hy-chat/core/i18n.js'
import zh from '../i18n/zh.js'
import en from '../i18n/en.js'

const KEY = 'hongyan-admin:lang'
const LANGUAGES = ['zh', 'en']

export const lang = signal(kept() || languageOf(navigator.language))
const speak = computed(() => translator(lang.value, { zh, en }))

/** A text by its key. What draws it is drawn anew in the other language. */
export const t = (key, params) => speak.value(key, params)

export function choose(chosen) {
  lang.value = chosen
  try {
    localStorage.setItem(KEY, chosen)
  } catch { /* forbidden or full: until the page is left */ }
}

/** The document says the language too: readers aloud go by it. */
export const dress = () => effect(() => { document.documentElement.lang = lang.value === 'zh' ? 'zh-CN' : 'en' })

function kept() {
  try {
    const found = localStorage.getItem(KEY)
    return LANGUAGES.includes(found) ? found : ''
  } catch { // forbidden
    return ''
  }
}
