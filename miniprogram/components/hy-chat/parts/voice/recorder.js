'use strict'
// The phone has one recorder: whoever started it last hears of it.

/** 16 kHz mono at 48 kbit/s: a minute is 360 KB, and every phone plays it. */
const OPTIONS = { format: 'mp3', sampleRate: 16000, numberOfChannels: 1, encodeBitRate: 48000 }

let manager = null
let owner = null

const tell = (name) => (event) => { if (owner) owner[name](event) }

function recorder() {
  if (manager) return manager
  manager = wx.getRecorderManager()
  manager.onStart(tell('started'))
  manager.onStop(tell('stopped'))
  manager.onError(tell('failed'))
  manager.onInterruptionBegin(tell('interrupted'))
  return manager
}

/** @param {{started(): void, stopped(record): void, failed(error): void, interrupted(): void}} by */
function startRecorder(by, duration) {
  const starting = recorder()
  owner = by
  starting.start({ ...OPTIONS, duration })
}

const stopRecorder = () => recorder().stop()

module.exports = { startRecorder, stopRecorder }
