// The text being written: its limit, and inserting and deleting at the cursor.

const EMOJI = require('./emoji')

/** The server's limit, in Unicode characters; an emoji of two UTF-16 units is one. */
const TEXT_MAX = 4096

const textLength = (text) => Array.from(text).length

const isBlank = (text) => text.trim() === ''

/** What may be sent of a text; U+0000 is the one character that the server does not take. */
const sendable = (text) => text.replace(/\u0000/g, '')

function insertAt(text, cursor, piece) {
  const at = Math.min(cursor, text.length)
  return { text: text.slice(0, at) + piece + text.slice(at), cursor: at + piece.length }
}

/** Deletes what stands before the cursor: one of the panel's emoji whole, otherwise one character. */
function deleteBefore(text, cursor) {
  const at = Math.min(cursor, text.length)
  const before = text.slice(0, at)
  const emoji = EMOJI.find((candidate) => before.endsWith(candidate))
  const last = emoji || Array.from(before).pop() || ''
  return { text: before.slice(0, at - last.length) + text.slice(at), cursor: at - last.length }
}

module.exports = { TEXT_MAX, textLength, isBlank, sendable, insertAt, deleteBefore }
