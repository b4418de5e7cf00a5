'use strict'
// Voices are heard one at a time, from the loudspeaker; the next one that was not heard plays on.

const { fileOf } = require('./media')

const listeners = new Set()
/** {voice, next, client, player|null} of what is heard or fetched now. */
let playing = null

const tell = (voice, state) => { for (const listener of [...listeners]) listener({ key: voice.key, state }) }

/** @param {(event: {key: string, state: 'loading'|'playing'|'stopped'|'failed'}) => void} listener @returns {() => void} what ends it */
function onVoice(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function end(state) {
  if (!playing) return
  const { voice, player } = playing
  playing = null
  if (player) player.destroy()
  tell(voice, state)
}

/** Silence. */
const stop = () => end('stopped')

async function start(voice, { client, next }) {
  const mine = { voice, player: null }
  playing = mine
  tell(voice, 'loading')
  let path
  try {
    path = voice.path || await fileOf(client, voice.fileId)
  } catch (error) {
    if (playing === mine) end('failed')
    return
  }
  if (playing !== mine) return
  wx.setInnerAudioOption({ obeyMuteSwitch: false, speakerOn: true, fail: () => {} })
  const player = wx.createInnerAudioContext()
  mine.player = player
  player.onPlay(() => { if (playing === mine) tell(voice, 'playing') })
  player.onError(() => { if (playing === mine) end('failed') })
  player.onEnded(() => {
    if (playing !== mine) return
    end('stopped')
    const following = next && next(voice)
    if (following) start(following, { client, next })
  })
  player.src = path
  player.play()
}

/**
 * Plays a voice, or stops it when it is the one that plays.
 * @param {{key: string, fileId: string, path?: string|null}} voice
 * @param {{client: object, next?: (voice) => object|null}} how next: which plays on behind it
 */
function toggle(voice, how) {
  const isSame = playing && playing.voice.key === voice.key
  stop()
  if (!isSame) start(voice, how)
}

module.exports = { toggle, stop, onVoice }
