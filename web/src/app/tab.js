// What the browser's tab says: `(3) 李四 · 商店名`, and a dot on the icon.

import { LOGO } from './brand.js'
import { badge } from '../../../miniprogram/components/hy-chat/core/unread.js'

const BADGE = '#dc3636'

const iconOf = (hasDot) => 'data:image/svg+xml,' + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><clipPath id="c"><rect width="64" height="64" rx="14"/></clipPath><image width="64" height="64" clip-path="url(#c)" href="${LOGO}"/>` +
  `${hasDot ? `<circle cx="50" cy="14" r="13" fill="${BADGE}" stroke="#fff" stroke-width="3"/>` : ''}</svg>`)

let shown = null

/** @param {{unread: number, chat: string|null, name: string}} facts chat: whose chat is open */
export function showInTab({ unread, chat, name }) {
  document.title = `${unread ? `(${badge(unread)}) ` : ''}${chat ? `${chat} · ` : ''}${name}`
  const hasDot = unread > 0
  if (hasDot === shown) return
  shown = hasDot
  document.querySelector('link[rel=icon]').href = iconOf(hasDot)
}

/** Two short tones, where that is switched on: no file is asked for. */
export function sound() {
  try {
    const audio = new AudioContext()
    const gain = audio.createGain()
    gain.gain.setValueAtTime(0.08, audio.currentTime)
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.3)
    gain.connect(audio.destination)
    const tone = audio.createOscillator()
    tone.frequency.setValueAtTime(880, audio.currentTime)
    tone.frequency.setValueAtTime(1175, audio.currentTime + 0.1)
    tone.connect(gain)
    tone.start()
    tone.stop(audio.currentTime + 0.3)
    tone.onended = () => audio.close()
  } catch { /* the browser wants a click first */ }
}
