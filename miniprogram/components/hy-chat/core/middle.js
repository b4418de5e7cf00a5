'use strict'
// A name that is too long for its room loses its middle.

/** Han, kana and hangul are as wide as they are high; others take some half of it. */
const widthOf = (character) => (character.codePointAt(0) > 0x2e80 ? 1 : /[A-Zmw@%&]/.test(character) ? 0.75 : /[ilj.,:;'|!()[\] ]/.test(character) ? 0.32 : 0.58)

/** @param {string} name @param {number} room in letters as high as they are wide */
function cutMiddle(name, room) {
  const letters = Array.from(name)
  const widths = letters.map(widthOf)
  const whole = widths.reduce((sum, width) => sum + width, 0)
  if (whole <= room) return name
  let head = 0
  let tail = letters.length
  for (let sum = 1; head < tail;) {
    const isHead = head <= letters.length - tail
    sum += isHead ? widths[head] : widths[tail - 1]
    if (sum > room) break
    if (isHead) head++
    else tail--
  }
  return `${letters.slice(0, head).join('')}…${letters.slice(tail).join('')}`
}

module.exports = { cutMiddle }
