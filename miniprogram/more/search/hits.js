// What a search found, as rows. Pure.

/** Of a long text this much stands before the hit. */
const BEFORE = 12
const LINE = 80

/** Words are found by their beginnings and in either case, Chinese by the characters: the text, cut where the query stands in it. */
function marked(text, query) {
  const line = text.replace(/\s+/g, ' ')
  const words = query.trim().split(/\s+/).filter(Boolean)
  const lower = line.toLowerCase()
  const first = Math.min(...words.map((word) => lower.indexOf(word.toLowerCase())).filter((at) => at >= 0))
  const from = Number.isFinite(first) && first > BEFORE ? first - BEFORE : 0
  const shown = `${from ? '…' : ''}${line.slice(from, from + LINE)}`
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  if (!escaped.length) return [{ key: 0, text: shown, isHit: false }]
  return shown.split(new RegExp(`(${escaped.join('|')})`, 'gi')).map((piece, key) => ({ key, text: piece, isHit: key % 2 === 1 })).filter(({ text: piece }) => piece)
}

/** Messages by the chat they are in, in the order of the newest: [{key, place, messages}]. */
function byChat(messages, { me, keyOf }) {
  const chats = []
  for (const message of messages) {
    const { from, to } = message
    const place = to.groupId !== undefined ? to : { userId: from === me ? to.userId : from }
    const key = keyOf(place)
    const known = chats.find((chat) => chat.key === key)
    if (known) known.messages.push(message)
    else chats.push({ key, place, messages: [message] })
  }
  return chats
}

module.exports = { marked, byChat }
