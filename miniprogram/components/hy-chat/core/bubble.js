'use strict'
// One bubble, as plain JSON.

const { segments, loneEmoji } = require('./links')
const { words } = require('./preview')
const { spokenTime } = require('./time')

const KINDS = ['text', 'image', 'voice', 'video', 'file', 'location', 'custom']

/** What was cut before: messages are many, and change seldom. */
const cut = new WeakMap()

/** @returns {object} the row of a message, or of one on its way */
function bubbleOf(item, context, { isFirstOfBlock, isRead }) {
  const { own, from, source, seq, id, clientMsgId, why } = item
  const { isGroup, nameOf, heard } = context
  const kind = KINDS.indexOf(source.kind) >= 0 ? source.kind : 'unknown'
  const text = kind === 'text' ? textOf(source, context) : { segments: null, lone: 0 }
  const state = isRead ? 'read' : item.state
  const row = {
    key: item.key, type: 'bubble', own, from, name: isGroup && !own ? nameOf(from) : null, seq, id, clientMsgId, kind,
    content: source.content, ext: source.ext || null, ...text, edited: Boolean(source.edited), streaming: Boolean(source.streaming), quote: quoteOf(source, context),
    reactions: (source.reactions || []).map(({ emoji, count, mine }) => ({ emoji, count, mine: Boolean(mine) })),
    state, why, isFirstOfBlock, time: item.time,
  }
  for (const local of ['progress', 'localPath', 'localPoster']) if (source[local] !== undefined) row[local] = source[local]
  if (kind === 'voice') row.heard = own || heard.has(id)
  row.label = labelOf(row, context)
  return row
}

/** A text cut into what can be tapped; {segments, lone}. */
function textOf(source, context) {
  const content = String(source.content === null || source.content === undefined ? '' : source.content)
  const mentions = mentionsOf(source, context)
  const names = mentions.map(({ name }) => name).join('\n')
  const known = cut.get(source)
  if (known && known.content === content && known.names === names) return known.text
  const lone = mentions.length || source.streaming ? 0 : loneEmoji(content)
  const text = { segments: segments(content, mentions), lone }
  cut.set(source, { content, names, text })
  return text
}

/** Whom a message calls (contract, section 7: ext.mentions). */
function mentionsOf({ ext }, { nameOf, t, isGroup }) {
  const mentions = ext && isGroup ? ext.mentions : null
  if (mentions === 'all') return [{ name: t('name.everyone'), userId: 'all' }]
  if (!Array.isArray(mentions)) return []
  return mentions.slice(0, 50).map((userId) => ({ name: nameOf(String(userId)), userId: String(userId) }))
}

/**
 * What a message answers (contract, section 7: ext.reply). state 'wanted': it is not here, and whoever draws asks for it
 * and gives it as `quoted`.
 */
function quoteOf({ ext }, { messageAt, nameOf, hidden, t }) {
  const seq = ext && ext.reply && ext.reply.seq
  if (typeof seq !== 'number') return null
  const message = messageAt(seq)
  if (message === undefined) return { seq, text: '', state: 'wanted' }
  if (message === null || hidden.has(message.id)) return { seq, text: t('quote.gone'), state: 'gone' }
  if (message.recalled) return { seq, text: t('quote.recalled'), state: 'recalled' }
  return { seq, text: `${nameOf(message.from)}: ${words(message, t)}`, state: 'ok' }
}

/** What a screen reader says. */
function labelOf(row, { nameOf, now, t }) {
  const said = row.own ? t('label.mine') : t('label.said', { name: nameOf(row.from) })
  const what = row.kind === 'voice' ? t('label.voice', { n: (row.content || {}).seconds || 0 }) : words(row, t)
  const parts = [`${said}: ${what}`]
  if (row.kind === 'voice' && !row.heard) parts.push(t('label.unheard'))
  parts.push(spokenTime(row.time, now, t))
  if (row.state) parts.push(row.state === 'failed' && row.why ? row.why : t(`bubble.${row.state}`))
  return parts.join(t('label.join'))
}

module.exports = { bubbleOf }
