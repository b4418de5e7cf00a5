// The recorder, which records silence, and players, which are the browser's.

import { complain } from '../report.js'
import { listeners } from './answers.js'

// One frame of silence: MPEG-2 layer III, 48 kbit/s, 16 kHz, mono.
const FRAME_MS = 36
const FRAME = new Uint8Array(216)
FRAME.set([0xff, 0xf3, 0x68, 0xc0])

/** Silence of a length, as an mp3. */
function silence(milliseconds) {
  const count = Math.max(1, Math.round(milliseconds / FRAME_MS))
  const bytes = new Uint8Array(count * FRAME.length)
  for (let index = 0; index < count; index += 1) bytes.set(FRAME, index * FRAME.length)
  return bytes
}

function createRecorder(phone) {
  const { api, tell } = listeners('Start', 'Stop', 'Pause', 'Resume', 'Error', 'FrameRecorded', 'InterruptionBegin', 'InterruptionEnd')
  let running = null // {since, before, options, timers}

  const elapsed = () => running.before + (running.since ? Date.now() - running.since : 0)
  const fail = (message) => tell('Error', { errMsg: `operateRecorder:fail ${message}` })
  const sendFrame = (isLastFrame) => {
    const until = elapsed()
    tell('FrameRecorded', { frameBuffer: silence(until - running.told).buffer, isLastFrame })
    running.told = until
  }

  const recorder = {
    ...api,
    async start(options = {}) {
      if (running) return fail('is recording or paused')
      const { format = 'aac', duration = 60000, frameSize } = options
      if (format !== 'mp3') phone.unsupported(`the format ${format} of the recorder`)
      try { await phone.permit('scope.record') } catch (error) { return fail(error.message) }
      running = { since: Date.now(), before: 0, told: 0, timers: [setTimeout(() => recorder.stop(), duration)] }
      if (frameSize) running.timers.push(setInterval(() => sendFrame(false), frameSize * 1024 / FRAME.length * FRAME_MS))
      return tell('Start', {})
    },
    stop() {
      if (!running) return fail('recorder not start')
      running.timers.forEach((timer) => { clearTimeout(timer); clearInterval(timer) })
      if (running.timers.length > 1) sendFrame(true)
      const duration = elapsed()
      const bytes = silence(duration)
      running = null
      return tell('Stop', { tempFilePath: phone.files.temporary(bytes, 'audio/mpeg'), duration, fileSize: bytes.length })
    },
    pause() {
      if (!running || !running.since) return fail('not recording')
      running.before = elapsed()
      running.since = 0
      return tell('Pause', {})
    },
    resume() {
      if (!running || running.since) return fail('not paused')
      running.since = Date.now()
      return tell('Resume', {})
    },
  }
  /** A call comes in, or the app leaves the screen: WeChat ends the record. */
  phone.interruptRecorder = () => {
    if (!running) return
    tell('InterruptionBegin', {})
    if (running) recorder.stop()
  }
  return recorder
}

function createPlayer(phone) {
  const { api, tell } = listeners('Canplay', 'Play', 'Pause', 'Stop', 'Ended', 'TimeUpdate', 'Error', 'Waiting', 'Seeking', 'Seeked')
  const audio = new Audio()
  let source = ''
  let wantsStart = false
  audio.addEventListener('canplay', () => tell('Canplay', {}))
  audio.addEventListener('playing', () => tell('Play', {}))
  audio.addEventListener('ended', () => tell('Ended', {}))
  audio.addEventListener('timeupdate', () => tell('TimeUpdate', {}))
  audio.addEventListener('waiting', () => tell('Waiting', {}))
  audio.addEventListener('seeked', () => tell('Seeked', {}))
  audio.addEventListener('error', () => { if (source) tell('Error', { errCode: 10004, errMsg: audio.error.message }) })

  const player = {
    ...api,
    autoplay: false, obeyMuteSwitch: true, startTime: 0,
    play() {
      wantsStart = true
      audio.play().catch((error) => { if (!/^(AbortError|NotSupportedError)$/.test(error.name)) complain(error) }) // told by `error`
    },
    pause() {
      audio.pause()
      tell('Pause', {})
    },
    stop() {
      audio.pause()
      audio.currentTime = 0
      tell('Stop', {})
    },
    seek(seconds) { audio.currentTime = seconds },
    destroy() {
      source = ''
      audio.pause()
      audio.removeAttribute('src')
      phone.players.delete(player)
    },
  }
  for (const name of ['loop', 'volume', 'playbackRate']) Object.defineProperty(player, name, { get: () => audio[name], set(value) { audio[name] = value } })
  for (const name of ['duration', 'currentTime', 'paused']) Object.defineProperty(player, name, { get: () => audio[name] || (name === 'paused' ? audio.paused : 0) })
  Object.defineProperty(player, 'src', {
    get: () => source,
    set(value) {
      source = value
      audio.src = phone.sourceOf(value)
      if (player.autoplay || wantsStart) player.play()
    },
  })
  phone.players.add(player)
  return player
}

export function createAudio(phone) {
  let recorder
  phone.players = new Set()
  return {
    getRecorderManager: () => { recorder = recorder || createRecorder(phone); return recorder },
    createInnerAudioContext: () => createPlayer(phone),
    setInnerAudioOption: (options) => phone.opened('setInnerAudioOption', options),
  }
}
