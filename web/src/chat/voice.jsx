// A voice: one at a time, and the next that was not heard plays on.

import { useEffect, useState } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

const WIDTH = { least: 70, most: 235, second: 2.75 }

const player = { audio: null, key: null, listeners: new Set(), ended: null }
const tell = () => { for (const listener of player.listeners) listener() }

function stop() {
  player.audio?.pause()
  Object.assign(player, { audio: null, key: null })
  tell()
}

async function play(im, row, next) {
  stop()
  player.key = row.key
  tell()
  const url = await im.files.get(row.content.fileId)
  if (player.key !== row.key) return
  const audio = new Audio(url)
  player.audio = audio
  audio.onended = () => {
    stop()
    next()
  }
  audio.onerror = stop
  await audio.play()
  tell()
}

export function Voice({ row, context }) {
  const { im, ui, t } = useApp()
  const [, again] = useState(0)
  useEffect(() => {
    const listener = () => again((n) => n + 1)
    player.listeners.add(listener)
    return () => { player.listeners.delete(listener) }
  }, [])
  const { seconds = 0, fileId } = row.content || {}
  const isPlaying = player.key === row.key
  const start = (of) => {
    if (of.id) im.local.heard.add(of.id)
    im.changed()
    play(im, of, () => {
      const follows = context.actions.nextVoice(of)
      if (follows) start(follows)
    }).catch((error) => {
      stop()
      ui.say(t(error.name === 'NotSupportedError' ? 'voice.cannot' : 'toast.failed'))
    })
  }
  return (
    <button type="button" class={`voice ${isPlaying ? 'is-playing' : ''}`} style={{ width: Math.min(WIDTH.most, WIDTH.least + WIDTH.second * seconds) }} disabled={!fileId}
      aria-label={`${t('label.voice', { n: Math.round(seconds) })}${row.heard ? '' : `${t('label.join')}${t('label.unheard')}`}`} onClick={() => (isPlaying ? stop() : start(row))}>
      <Icon name={isPlaying ? 'pause' : 'voice'} size={20} /><span>{Math.round(seconds)}″</span>
      {!row.heard && <i class="unheard" />}
    </button>
  )
}
