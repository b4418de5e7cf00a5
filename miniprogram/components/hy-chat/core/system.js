'use strict'
// What the log says of itself, as a line: who took a message back, who did what to a group.

/** Names in one line; of more it says how many. */
const NAMES_MAX = 5

/**
 * @param {object} message an entry of the kind recall or group
 * @param {{t: Function, me: string, nameOf: (userId: string) => string, messageAt?: (seq: number) => object|undefined}} context
 * @returns {{text: string, userId?: string}[]|null} pieces of the line, a name with its userId; null: nothing is shown
 */
function systemLine(message, { t, me, nameOf, messageAt }) {
  const context = { t, me, nameOf }
  if (message.kind === 'recall') return recallLine(message, messageAt && messageAt((message.content || {}).seq), context)
  if (message.kind === 'group' && message.content) return groupLine(message.content, context)
  return null
}

/** By the sender, by an owner or admin of the group, or by the back end. */
function recallLine(entry, original, context) {
  const { by } = entry.content || {}
  const sender = original ? original.from : null
  const isMine = sender === context.me
  if (by === undefined || by === sender) return parts('system.recall', { by: entry.from }, context)
  if (by === null) {
    if (isMine) return parts('system.removedMine', {}, context)
    return sender && parts('system.removed', { whom: [sender] }, context)
  }
  if (!sender) return parts('system.recall', { by }, context)
  if (by === context.me) return parts('system.recallOther', { by, whom: [sender] }, context)
  return isMine ? parts('system.recallByAdminMine', { by }, context) : parts('system.recallByAdmin', { by, whom: [sender] }, context)
}

function groupLine(content, context) {
  const { action, by, name } = content
  const whom = (content.userIds || []).filter((userId) => userId !== by || action === 'role')
  switch (action) {
    case 'create': return whom.length ? parts('system.add', { by, whom }, context) : parts('system.create', { by }, context)
    case 'add': return whom.length ? parts('system.add', { by, whom }, context) : parts('system.join', { by }, context)
    case 'remove': return whom.length ? parts('system.remove', { by, whom }, context) : parts('system.leave', { by }, context)
    case 'leave':
    case 'dismiss': return parts(`system.${action}`, { by }, context)
    case 'role': return roleLine(content.role, whom, context)
    case 'update': return parts(changeOf(content), { by, name }, context)
    default: return null
  }
}

function roleLine(role, whom, context) {
  if (!whom.length || ['owner', 'admin', 'member'].indexOf(role) < 0) return null
  return whom[0] === context.me ? parts(`system.${role}Me`, {}, context) : parts(`system.${role}`, { whom }, context)
}

/** An entry says what changed, the name aside, which it always has. */
function changeOf({ muted, history }) {
  if (typeof muted === 'boolean') return muted ? 'system.mute' : 'system.unmute'
  if (history) return history === 'all' ? 'system.historyAll' : 'system.historyJoined'
  return 'system.rename'
}

/** The text of `key`, cut where names stand in it. */
function parts(key, { by, whom, name = '' }, context) {
  const marked = context.t(key, { by: '\u0000by\u0000', whom: '\u0000whom\u0000', name })
  const found = []
  marked.split('\u0000').forEach((text, i) => {
    if (i % 2 === 0) found.push({ text })
    else if (text === 'by') found.push(person(by, found.every((part) => !part.text), context))
    else found.push(...people(whom, context))
  })
  return found.filter(({ text }) => text)
}

/** A name; oneself is "you", which leads nowhere. */
function person(userId, isSubject, { t, me, nameOf }) {
  if (userId === me) return { text: t(isSubject ? 'name.you' : 'name.youObject') }
  return userId ? { text: nameOf(userId), userId } : { text: t('name.admin') }
}

/** Oneself before the others: "you" is not to be left out. */
function people(userIds, context) {
  const isMe = (userId) => userId === context.me
  const shown = [...userIds.filter(isMe), ...userIds.filter((userId) => !isMe(userId))].slice(0, NAMES_MAX)
  const names = []
  shown.forEach((userId, i) => {
    if (i) names.push({ text: context.t('name.join') })
    names.push(person(userId, false, context))
  })
  if (shown.length === userIds.length) return names
  const [before, after] = context.t('name.andMore', { names: '\u0000', n: userIds.length }).split('\u0000')
  return [{ text: before }, ...names, { text: after }]
}

/** A line as one text. */
const lineText = (line) => (line ? line.map(({ text }) => text).join('') : '')

module.exports = { systemLine, lineText }
