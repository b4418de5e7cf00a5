'use strict'
// A message in one line: for the list, for a quote, for a screen reader.

const { systemLine, lineText } = require('./system')

/** More than a line has room for. */
const PREVIEW_MAX = 120

/** What stands for a message that is not a text. */
function kindLabel(kind, content, t) {
  const { name, seconds, type, title } = content || {}
  switch (kind) {
    case 'image':
    case 'video': return t(`kind.${kind}`)
    case 'voice': return seconds ? `${t('kind.voice')} ${seconds}″` : t('kind.voice')
    case 'file':
    case 'location': return name ? `${t(`kind.${kind}`)} ${name}` : t(`kind.${kind}`)
    case 'custom':
      if (type === 'order') return t('kind.order')
      return typeof title === 'string' && title ? `[${title}]` : t('kind.unknown') // of a card of the business's own
    default: return t('kind.unknown')
  }
}

/** A text without line breaks, and no longer than a line. */
function oneLine(text) {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > PREVIEW_MAX ? Array.from(line.slice(0, PREVIEW_MAX + 1)).slice(0, -1).join('') : line
}

/** What a message says, in one line, whoever said it. */
function words({ kind, content }, t) {
  return kind === 'text' ? oneLine(String(content === null || content === undefined ? '' : content)) : oneLine(kindLabel(kind, content, t))
}

/**
 * @param {object} message an entry of the log, or one on its way (which has no `from`)
 * @param {{t: Function, me: string, nameOf: (userId: string) => string, isGroup: boolean, recallOf?: (seq: number) => object|undefined}} context
 *   recallOf: the entry that took a message back
 * @returns {string} one line for the list; of a group's others with the name before it
 */
function preview(message, { t, me, nameOf, isGroup, recallOf }) {
  const { kind, from = me } = message
  if (message.recalled) {
    const entry = (recallOf && recallOf(message.seq)) || { kind: 'recall', from, content: { seq: message.seq } }
    return lineText(systemLine(entry, { t, me, nameOf, messageAt: () => message }))
  }
  if (kind === 'group') return oneLine(lineText(systemLine(message, { t, me, nameOf })))
  const line = words(message, t) || (message.streaming ? '…' : '')
  return isGroup && from !== me ? `${nameOf(from)}: ${line}` : line
}

module.exports = { preview, kindLabel, oneLine, words }
