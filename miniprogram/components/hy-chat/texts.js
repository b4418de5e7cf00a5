'use strict'
// The chat's own texts in the language of the phone, or in the one that was chosen.

const { translator, languageOf, own } = require('./core/i18n')

/** @param {''|'zh'|'en'} lang */
const textsIn = (lang) => translator(lang || languageOf(wx.getAppBaseInfo().language), own)

module.exports = { textsIn }
