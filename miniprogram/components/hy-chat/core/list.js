'use strict'
// A row of the list of conversations, as plain JSON.

const { keyOf } = require('./place')
const { listTime, spokenTime } = require('./time')
const { initials, colorOf } = require('./avatar')
const { preview, oneLine } = require('./preview')
const { badge } = require('./unread')

/**
 * @param {object} conversation of the client library
 * @param {{client: object, directory: object, local: object, t: Function, now: number, me: string, sender?: object,
 *   isOnline?: (userId: string) => boolean}} context now: the server's clock; sender: the kit's, for files on their way up
 * @returns {object} {key, place, name, count, avatar, initials, color, isGroup, members, time, preview, mark, markText, badge, dot,
 *   muted, pinned, online, label}; count: a group's members; mark: what stands before the preview, in words markText
 */
function conversationRow(conversation, context) {
  const { t, now } = context
  const { place, unread, muted, pinned } = conversation
  const isGroup = place.groupId !== undefined
  const who = isGroup ? groupFacts(conversation, context) : userFacts(place.userId, context)
  const said = saidIn(conversation, { ...context, isGroup })
  const isCounted = muted && unread > 0 && said.mark !== 'draft'
  const row = {
    key: keyOf(place), place, isGroup, ...who,
    time: said.at === null ? '' : listTime(said.at, now, t),
    preview: isCounted ? `${t('mark.count', { n: badge(unread) })} ${said.text}` : said.text,
    mark: said.mark, markText: said.mark ? t(`mark.${said.mark}`) : '',
    badge: muted ? '' : badge(unread), dot: muted && unread > 0, muted, pinned,
  }
  return { ...row, label: labelOf(row, said, conversation, context) }
}

function userFacts(userId, { directory, t, isOnline }) {
  const { avatar } = directory.user(userId)
  const name = directory.nameOf(userId, t)
  return { name, count: null, avatar, initials: initials(name), color: colorOf(userId), members: [], online: Boolean(isOnline && isOnline(userId)) }
}

function groupFacts({ place, messages }, { directory, t }) {
  const { groupId } = place
  const group = directory.group(groupId)
  const name = (group && group.name) || lastGroupName(messages) || t('name.group')
  const members = directory.members(groupId).map(({ userId }) => {
    const { avatar } = directory.user(userId)
    return { userId, avatar, initials: initials(directory.nameOf(userId, t)), color: colorOf(userId) }
  })
  return { name, count: group ? group.memberCount : null, avatar: null, initials: initials(name), color: colorOf(groupId), members, online: false }
}

/** What the log's own newest entry calls the group. */
function lastGroupName(messages) {
  for (let i = messages.length - 1; i >= 0; i--) if (messages[i].kind === 'group' && messages[i].content) return messages[i].content.name
  return null
}

/** What the row says, and when that was; {text, at, mark}. */
function saidIn(conversation, context) {
  const { client, sender, directory, local, t, me, isGroup } = context
  const { place, lastMessage, messages, mentionSeq } = conversation
  const nameOf = (userId) => directory.nameOf(userId, t)
  const recallOf = (seq) => messages.find(({ kind, content }) => kind === 'recall' && content && content.seq === seq)
  const lineOf = (message) => preview(message, { t, me, nameOf, isGroup, recallOf })

  const lastAt = lastMessage ? Date.parse(lastMessage.createTime) : null
  const entry = newestOutgoing(sender ? sender.entries(place) : client.outgoing(place), messages)
  const entryAt = entry ? entry.at + client.now() - Date.now() : null // by the server's clock
  const isEntry = entry && (entry.state !== 'failed' || lastAt === null || entryAt >= lastAt)
  const at = isEntry ? Math.max(entryAt, lastAt || 0) : lastAt
  const text = isEntry ? lineOf(entry) : lastMessage ? lineOf(lastMessage) : ''

  const draft = local.drafts.get(place)
  if (draft && (draft.text || '').trim()) return { text: oneLine(draft.text), at, mark: 'draft' }
  if (mentionSeq !== null && mentionSeq !== undefined) return { text, at, mark: 'mention' }
  const states = { failed: 'failed', sent: null }
  return { text, at, mark: isEntry ? (entry.state in states ? states[entry.state] : 'sending') : null }
}

/** The last that was given to be sent there and is not in the log yet. */
function newestOutgoing(outgoing, messages) {
  const known = new Set(messages.map(({ clientMsgId }) => clientMsgId))
  const entries = outgoing.filter(({ clientMsgId, state }) => !known.has(clientMsgId) && state !== 'discarded')
  return entries.length ? entries[entries.length - 1] : null
}

/** What a screen reader says of the row: one button. */
function labelOf({ name, online, pinned, muted, mark }, { text, at }, { unread, mentionSeq }, { t, now }) {
  const isCalled = mentionSeq !== null && mentionSeq !== undefined
  return [
    name,
    online && t('label.online'),
    unread > 0 && t('label.unread', { n: badge(unread) }),
    isCalled && t('label.mention'),
    mark === 'draft' && t('label.draft'),
    (mark === 'failed' || mark === 'sending') && t(`mark.${mark}`),
    text && t('label.quoted', { text }),
    at !== null && spokenTime(at, now, t),
    pinned && t('label.pinned'),
    muted && t('label.muted'),
  ].filter(Boolean).join(t('label.join'))
}

module.exports = { conversationRow }
