'use strict'
// What can be tapped in a text, and what is nothing but emoji. Old WebViews know no lookbehind in regular expressions:
// what stands before a hit is looked at here.

const URL_PATTERN = '(?:https?:\\/\\/|www\\.)[\\w\\-.~:/?#\\[\\]@!$&\'()*+,;=%]+'
/** A host without a scheme, only of endings that no file has. */
const HOST_PATTERN = '(?:[a-z0-9][a-z0-9\\-]{0,62}\\.){1,5}(?:com|cn|net|org|edu|gov|io|me|cc|top|xyz|app|dev|shop|vip|tech|info|site|hk|tw)' +
  '(?![a-z0-9_\\-])(?:[:/?#][\\w\\-.~:/?#\\[\\]@!$&\'()*+,;=%]*)?'
/** Mobiles and landlines of China, 400 and 800, and what begins with +. */
const PHONE_PATTERN = '(?:\\+86[ -]?)?1[3-9]\\d[ -]?\\d{4}[ -]?\\d{4}|0\\d{2,3}[ -]\\d{3,4}[ -]?\\d{4}|[48]00[ -]?\\d{3}[ -]?\\d{4}|\\+\\d{1,3}(?:[ -]?\\d{2,4}){2,4}'
const PATTERN = `(${URL_PATTERN})|(${HOST_PATTERN})|(${PHONE_PATTERN})`
const NAMELESS = new RegExp(PATTERN, 'gi')

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** Signs at the end belong to the sentence, and a bracket that nothing opened. */
function withoutTail(url) {
  let end = url.length
  for (; end > 0; end--) {
    const last = url[end - 1]
    const isUnopened = last === ')' && url.slice(0, end).split(')').length > url.slice(0, end).split('(').length
    if (!isUnopened && '.,;:!?\'"]*'.indexOf(last) < 0) break
  }
  return url.slice(0, end)
}

/**
 * Cuts a text into what can be tapped and what cannot.
 * @param {string} text
 * @param {{name: string, userId: string}[]} [mentions] who is called in it, as `@name`
 * @returns {{kind: 'text'|'url'|'phone'|'mention', text: string, value?: string}[]} value: the address, the digits, the user's id
 */
function segments(text, mentions = []) {
  // The longer name first: @王五一 is not @王五.
  const called = mentions.slice().sort((a, b) => b.name.length - a.name.length)
  const names = called.map(({ name }) => `@${escaped(name)}`).join('|')
  const pattern = names ? new RegExp(`${PATTERN}|(${names})`, 'gi') : NAMELESS
  pattern.lastIndex = 0
  const found = []
  let done = 0
  for (let hit; (hit = pattern.exec(text));) {
    const before = hit.index ? text[hit.index - 1] : ''
    const [whole, url, host, phone] = hit
    const piece = pieceOf(whole, { url, host, phone, before, after: text[hit.index + whole.length] || '', called })
    if (!piece) {
      pattern.lastIndex = hit.index + (host || url ? whole.length : 1)
      continue
    }
    if (hit.index > done) found.push({ kind: 'text', text: text.slice(done, hit.index) })
    found.push(piece)
    done = pattern.lastIndex = hit.index + piece.text.length
  }
  if (done < text.length) found.push({ kind: 'text', text: text.slice(done) })
  return found
}

function pieceOf(whole, { url, host, phone, before, after, called }) {
  if (url || host) {
    if (/[\w@.-]/.test(before)) return null // of a mail address, or of a longer word
    const shown = withoutTail(whole)
    return { kind: 'url', text: shown, value: /^https?:/i.test(shown) ? shown : `https://${shown}` }
  }
  if (phone) {
    const value = whole.replace(/[ -]/g, '')
    if (/[\w+.-]/.test(before) || /\w/.test(after) || value.length < 8) return null // of a longer number, or a sum
    return { kind: 'phone', text: whole, value }
  }
  const { userId } = called.find(({ name }) => `@${name}`.toLowerCase() === whole.toLowerCase())
  return { kind: 'mention', text: whole, value: userId }
}

const isFlag = (code) => code >= 0x1f1e6 && code <= 0x1f1ff
const isTone = (code) => code >= 0x1f3fb && code <= 0x1f3ff
const isKeycap = (code) => (code >= 0x30 && code <= 0x39) || code === 0x23 || code === 0x2a
const isEmoji = (code) => (code >= 0x1f000 && code <= 0x1faff && !isFlag(code)) || (code >= 0x2600 && code <= 0x27bf) ||
  (code >= 0x231a && code <= 0x23ff) || (code >= 0x2b00 && code <= 0x2bff) || (code >= 0x2190 && code <= 0x21ff) || (code >= 0x25a0 && code <= 0x25ff) ||
  [0xa9, 0xae, 0x203c, 0x2049, 0x2122, 0x2139, 0x24c2, 0x2934, 0x2935, 0x3030, 0x303d, 0x3297, 0x3299].indexOf(code) >= 0
/** These are signs of a text where no U+FE0F asks for a picture. */
const isSign = (code) => code < 0x2600 && !(code >= 0x231a && code <= 0x231b) && !(code >= 0x23e9 && code <= 0x23f3)

/** How many emoji a text is that has nothing else; 0 also for more than three. */
function loneEmoji(text) {
  const codes = Array.from(text.trim()).map((character) => character.codePointAt(0))
  if (!codes.length || codes.length > 30) return 0
  let count = 0
  for (let i = 0; i < codes.length; count++) {
    const end = emojiEnd(codes, i)
    if (end === i) return 0
    i = end
  }
  return count <= 3 ? count : 0
}

/** Where the emoji that begins at `i` ends; `i`: none does. */
function emojiEnd(codes, i) {
  if (isFlag(codes[i])) return isFlag(codes[i + 1]) ? i + 2 : i
  if (isKeycap(codes[i])) {
    const cap = codes[i + 1] === 0xfe0f ? i + 2 : i + 1
    return codes[cap] === 0x20e3 ? cap + 1 : i
  }
  if (!isEmoji(codes[i]) || (isSign(codes[i]) && codes[i + 1] !== 0xfe0f)) return i
  let end = i + 1
  while (codes[end] === 0xfe0f || codes[end] === 0x20e3 || isTone(codes[end]) || (codes[end] >= 0xe0020 && codes[end] <= 0xe007f)) end++
  return codes[end] === 0x200d ? emojiEnd(codes, end + 1) : end
}

module.exports = { segments, loneEmoji }
