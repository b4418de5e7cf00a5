'use strict'
// Who has no picture is shown by letters on a colour.

const COLORS = ['#c2570c', '#2a7f52', '#6d4fc4', '#c13b5b', '#2d6fa8', '#8a5a2b', '#4f6b2c', '#0f7a7a']

/** Han, kana and hangul. */
const isCjk = (code) => (code >= 0x3040 && code <= 0x30ff) || (code >= 0x3400 && code <= 0x9fff) ||
  (code >= 0xac00 && code <= 0xd7af) || (code >= 0xf900 && code <= 0xfaff) || (code >= 0x20000 && code <= 0x3ffff)

/** The last CJK character of a name, or the first letters of up to two of its words. */
function initials(name) {
  const characters = Array.from(name || '')
  for (let i = characters.length - 1; i >= 0; i--) if (isCjk(characters[i].codePointAt(0))) return characters[i]
  const words = (name || '').split(/[\s._@:-]+/).filter(Boolean)
  const chosen = words.length > 2 ? [words[0], words[words.length - 1]] : words
  return chosen.map((word) => Array.from(word)[0].toUpperCase()).join('')
}

/** The colour of a user or group, always the same one. */
function colorOf(id) {
  let hash = 2166136261
  for (const character of String(id)) hash = Math.imul(hash ^ character.codePointAt(0), 16777619)
  hash ^= hash >>> 15
  return COLORS[(hash >>> 0) % COLORS.length]
}

module.exports = { initials, colorOf, COLORS }
