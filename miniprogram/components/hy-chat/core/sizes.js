'use strict'
// How much room a picture or a voice takes, before its bytes are here. In rpx.

const WIDEST = 360
const HIGHEST = 480
const LEAST = 120
const VOICE_LEAST = 140
const VOICE_WIDEST = 470
const VOICE_STEP = 5.5

/** The box of a picture or a video; of unknown measures a square. */
function pictureBox({ width, height } = {}) {
  if (!(width > 0) || !(height > 0)) return { width: WIDEST, height: WIDEST }
  const scale = Math.min(WIDEST / width, HIGHEST / height, 1)
  const within = (length, most) => Math.round(Math.min(most, Math.max(LEAST, length * scale)))
  return { width: within(width, WIDEST), height: within(height, HIGHEST) }
}

/** The bubble of a voice. */
const voiceWidth = (seconds) => Math.round(Math.min(VOICE_WIDEST, VOICE_LEAST + VOICE_STEP * (seconds || 0)))

module.exports = { pictureBox, voiceWidth }
