'use strict'
// Texts by key, in one of two languages.

const own = { zh: require('../i18n/zh'), en: require('../i18n/en') }

/** The language for what a system calls its own: 'zh' for all kinds of Chinese, else 'en'. */
const languageOf = (systemLanguage) => (/^zh/i.test(systemLanguage || '') ? 'zh' : 'en')

/**
 * @param {'zh'|'en'} lang
 * @param {{zh: object, en: object}[]} tables texts by key; the first table that has a key gives its text
 * @returns {((key: string, params?: object) => string) & {lang: string}} `{name}` in a text is replaced by params.name;
 *   of a text with the forms {one, other} params.n chooses. A key that no table has throws.
 */
function translator(lang, ...tables) {
  const texts = Object.assign({}, ...tables.map((table) => table[lang]).reverse())
  const t = (key, params = {}) => {
    const found = texts[key]
    if (found === undefined) throw new Error(`no text has the key ${key}`)
    const text = typeof found === 'string' ? found : found[params.n === 1 ? 'one' : 'other']
    return text.replace(/\{(\w+)\}/g, (whole, name) => (params[name] === undefined ? whole : String(params[name])))
  }
  t.lang = lang
  return t
}

module.exports = { translator, languageOf, own }
