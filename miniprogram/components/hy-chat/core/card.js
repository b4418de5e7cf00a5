'use strict'
// What cards show: a file, a place, an order; and how long a text is.

const { kindLabel } = require('./preview')

const KILOBYTE = 1024
const MEGABYTE = 1024 * KILOBYTE
/** Of a long name its end is always seen: so wide, in letters as wide as they are high. */
const TAIL_WIDTH = 5
const TYPE = /\.([A-Za-z0-9]{1,4})$/
const ACTIONS_MAX = 2
const SIGNS = { CNY: '¥', USD: '$', EUR: '€', GBP: '£', JPY: '¥', HKD: 'HK$' }
const LINES_MAX = 30
/** Letters as wide as they are high that a bubble has room for in a line, at WeChat's standard size. */
const LINE_WIDTH = 13.7
const NARROW = 0.5

const widthOf = (character) => (character > '\u2e7f' ? 1 : NARROW)
const textOf = (value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

const sizeText = (bytes) => (bytes < MEGABYTE ? `${Math.max(1, Math.ceil(bytes / KILOBYTE))} KB` : `${(bytes / MEGABYTE).toFixed(1)} MB`)

/** @returns {string} minutes and seconds, '0:15' */
function lengthText(seconds) {
  const whole = Math.max(0, Math.round(Number(seconds) || 0))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** A name in two parts, the first of which may be cut: {head, tail}. */
function nameParts(name) {
  const characters = Array.from(name)
  let start = characters.length
  for (let room = TAIL_WIDTH; start > 0; start--) {
    room -= widthOf(characters[start - 1])
    if (room < 0) break
  }
  return { head: characters.slice(0, start).join(''), tail: characters.slice(start).join('') }
}

/** @returns {{head: string, tail: string, size: string, type: string}} of a file; head and tail are its name */
function fileCard(content, t) {
  const { name, size } = content || {}
  const [, type = ''] = TYPE.exec(textOf(name)) || []
  return { ...nameParts(textOf(name) || kindLabel('file', null, t)), size: size > 0 ? sizeText(size) : '', type: type.toUpperCase() }
}

/** @returns {{name: string, address: string}} */
function placeCard(content, t) {
  const { name, address } = content || {}
  return { name: textOf(name) || kindLabel('location', null, t), address: textOf(address) }
}

/** @returns {{id, status, title, total, count, amount, image, actions: {text}[]}} texts, '' where there is none; image: a fileId */
function orderCard(content, t) {
  const { orderId, status, title, count, amount, currency = 'CNY', image, actions } = content || {}
  const sum = typeof amount === 'number' ? amount.toFixed(2) : textOf(amount)
  return {
    id: t('order.title', { id: textOf(orderId) }), status: textOf(status), title: textOf(title), count: count > 0 ? t('order.count', { n: count }) : '',
    total: t('order.total'),
    amount: sum && `${SIGNS[currency] || `${textOf(currency)} `}${sum}`, image: textOf(image),
    actions: (Array.isArray(actions) ? actions : []).slice(0, ACTIONS_MAX).map((action) => ({ text: textOf(action && action.text) })),
  }
}

/** Whether a text has more lines than a bubble shows unasked. Where lines break is guessed, rather too few of them. */
function isLong(text) {
  let lines = 0
  for (const line of text.split('\n')) {
    let width = 0
    for (const character of line) width += widthOf(character)
    lines += Math.max(1, Math.ceil(width / LINE_WIDTH))
    if (lines > LINES_MAX) return true
  }
  return false
}

module.exports = { fileCard, placeCard, orderCard, lengthText, isLong }
