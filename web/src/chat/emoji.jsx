// Emoji by the system's own font.

import { useApp } from '../app/hooks.js'

const ALL = [
  '😀 😃 😄 😁 😆 😅 🤣 😂 🙂 😉 😊 😇 🥰 😍 🤩 😘 😚 😋 😛 😜 🤪 😝 🤗 🤭',
  '🤫 🤔 🤐 🤨 😐 😑 😶 😏 😒 🙄 😬 😌 😔 😪 😴 😷 🤒 🤕 🤢 🤧 🥵 🥶 🥴 😵',
  '🤯 🤠 🥳 😎 🤓 😕 😟 🙁 😮 😯 😲 😳 🥺 😦 😨 😰 😥 😢 😭 😱 😖 😣 😞 😓',
  '😩 😫 🥱 😤 😡 😠 🤬 😈 💀 💩 🤡 👻 👽 🤖 👍 👎 👌 ✌️ 🤞 🤟 🤘 🤙 👈 👉',
  '👆 👇 ✋ 👋 🖐️ 👏 🙌 👐 🤝 🙏 💪 👀 ❤️ 🧡 💛 💚 💙 💜 🖤 🤍 💔 💕 💖 💯',
  '💢 💥 💦 💤 🔥 ✨ 🎉 🎊 🎁 🎂 🌹 🌸 🌻 ☀️ 🌙 ⭐ ☁️ 🌧️ ⛄ ⚡ 🍎 🍉 🍓 🍑',
  '🍚 🍜 🍲 🍰 ☕ 🍵 🍺 🍻 🐶 🐱 🐼 🐷 🐮 🐵 🐔 🦆 🏠 🚗 🚄 ✈️ 📱 💻 📷 💰',
  '📦 ✅ ❌ ❓ ❗ ⏰',
].join(' ').split(' ')

/** @param {{recent?: string[], onPick: (emoji: string) => void}} props */
export function EmojiGrid({ recent = [], onPick }) {
  const { t } = useApp()
  const line = (emoji) => <button key={emoji} type="button" role="menuitem" aria-label={emoji} onClick={() => onPick(emoji)}>{emoji}</button>
  return (
    <div class="emoji-grid">
      {recent.length > 0 && <h3>{t('composer.recent')}</h3>}
      {recent.length > 0 && <div>{recent.slice(0, 8).map(line)}</div>}
      {recent.length > 0 && <h3>{t('composer.allEmoji')}</h3>}
      <div>{ALL.map(line)}</div>
    </div>
  )
}
