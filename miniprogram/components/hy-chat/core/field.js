'use strict'
// What is written in a field: how long it is, whom it calls, what one stroke takes away.

const MODIFIER = /^[\ufe0f\u20e3\u{1f3fb}-\u{1f3ff}\u{e0020}-\u{e007f}]$/u
const FLAG = /^[\u{1f1e6}-\u{1f1ff}]$/u
const JOINER = '\u200d'

/** Characters as the server counts them: code points. */
function lengthOf(text) {
  let length = text.length
  for (let i = 0; i < text.length - 1; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0xd800 && code <= 0xdbff) {
      length--
      i++
    }
  }
  return length
}

/** Where two texts differ: {start, removed, added}. */
function difference(before, after) {
  let start = 0
  const shorter = Math.min(before.length, after.length)
  while (start < shorter && before[start] === after[start]) start++
  let end = 0
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++
  return { start, removed: before.slice(start, before.length - end), added: after.slice(start, after.length - end) }
}

/** A text that has become too long, without what there was no room for. */
function clipped(before, after, max) {
  const over = lengthOf(after) - max
  if (over <= 0) return after
  const { start, added } = difference(before, after)
  const kept = Array.from(added).slice(0, -over || undefined).join('')
  const text = after.slice(0, start) + (over < lengthOf(added) ? kept : '') + after.slice(start + added.length)
  return lengthOf(text) > max ? Array.from(after).slice(0, max).join('') : text
}

const tokenOf = ({ name }) => `@${name} `

/** The mention that stands at a place of a text: {at, token}, or null. */
function mentionAround(text, at, mentions) {
  for (const mention of mentions) {
    const token = tokenOf(mention)
    for (let i = text.indexOf(token); i >= 0 && i <= at; i = text.indexOf(token, i + 1)) if (at < i + token.length) return { at: i, token }
  }
  return null
}

/** One stroke has taken a letter of a mention: the text without all of it, {text, cursor}; null: it has not. */
function withoutMention(before, after, mentions) {
  const { start, removed, added } = difference(before, after)
  if (added || lengthOf(removed) !== 1) return null
  const hit = mentionAround(before, start, mentions)
  return hit && { text: before.slice(0, hit.at) + before.slice(hit.at + hit.token.length), cursor: hit.at }
}

/** Takes away what stands before the cursor: a mention, an emoji however it is made up, or a letter. */
function erased(text, cursor, mentions) {
  const hit = cursor > 0 && mentionAround(text, cursor - 1, mentions)
  const head = hit && hit.at + hit.token.length === cursor ? text.slice(0, hit.at) : withoutLast(text.slice(0, cursor))
  return { text: head + text.slice(cursor), cursor: head.length }
}

function withoutLast(text) {
  const letters = Array.from(text)
  let i = letters.length - 1
  const back = () => { while (i > 0 && MODIFIER.test(letters[i])) i-- }
  back()
  while (i > 1 && letters[i - 1] === JOINER) {
    i -= 2
    back()
  }
  let flags = 0
  while (i - flags >= 0 && FLAG.test(letters[i - flags])) flags++
  if (flags && flags % 2 === 0) i--
  return letters.slice(0, Math.max(0, i)).join('')
}

/** Where an @ was written that asks whom; -1: none was. Not in a mail address. */
function askedAt(before, after) {
  const { start, removed, added } = difference(before, after)
  return added === '@' && !removed && !/\w/.test(after[start - 1] || '') ? start : -1
}

/** Puts a text where the cursor is; {text, cursor}. */
const inserted = (text, cursor, piece) => ({ text: text.slice(0, cursor) + piece + text.slice(cursor), cursor: cursor + piece.length })

/** Those whose mention still stands in the text. */
const mentionsIn = (text, mentions) => mentions.filter((mention) => `${text} `.indexOf(tokenOf(mention)) >= 0)

/** The member `ext` of a message (contract: ext.reply, ext.mentions); undefined: it needs none. */
function extOf({ reply, mentions }) {
  const ids = mentions.map(({ userId }) => userId).filter((id, i, all) => all.indexOf(id) === i)
  const ext = {}
  if (reply) ext.reply = { seq: reply.seq }
  if (ids.length) ext.mentions = ids.indexOf('all') >= 0 ? 'all' : ids.slice(0, 50)
  return Object.keys(ext).length ? ext : undefined
}

module.exports = { lengthOf, clipped, withoutMention, erased, askedAt, inserted, mentionsIn, tokenOf, extOf }
