'use strict'
// A chat as rows, oldest first: what is drawn of the log and of what is on its way. A bubble that was drawn keeps its key,
// and keeps its place among the others.

const { keyOf } = require('./place')
const { chatTime, needsDateLine } = require('./time')
const { systemLine } = require('./system')
const { bubbleOf } = require('./bubble')
const { refusalText, isTold } = require('./errors')
const { settle } = require('./settle')

const BLOCK_MS = 3 * 60_000
const WAITING_MS = 10_000
const EDIT_AGAIN_MS = 5 * 60_000

const nobody = { has: () => false }
const nothing = { get: () => undefined }

/**
 * @param {object} input
 * @param {object[]} input.messages of the log, ascending
 * @param {object[]} [input.outgoing] sender.entries(place): the client's, oldest first, and what waits behind them; one with `progress` is a file on its way up
 * @param {string} input.me
 * @param {object} input.place
 * @param {number|null} [input.peerReadSeq]
 * @param {number|null} [input.firstUnreadSeq] where 以下为新消息 stands: the first foreign message from there on
 * @param {{has(id: number): boolean}} [input.hidden] ids of messages that were deleted here: local.hidden
 * @param {{has(id: number): boolean}} [input.heard] ids of voices that were heard: local.heard
 * @param {{get(id: number): {text: string, at: number}|undefined}} [input.former] own texts before their recall: local.former
 * @param {Object<number, object|null>} [input.quoted] by seq, messages that are quoted and not among `messages`; null: out of reach
 * @param {Object<string, string>} [input.aliases] by clientMsgId, the key under which it was drawn before it had one
 * @param {number} input.now the server's clock
 * @param {number} [input.skew] the server's clock minus this device's
 * @param {boolean} [input.online] what waits does so for something else than the network
 * @param {Function} input.t
 * @param {(userId: string) => string} input.nameOf
 * @param {object} [input.memory] an object of the caller's, one a chat, kept between calls: where failed ones were drawn
 * @returns {object[]} plain JSON
 */
function rows(input) {
  const context = contextOf(input)
  const items = settle(...itemsOf(context), context.memory)
  const read = readKey(items, context)
  const drawn = []
  let previous = null
  let isMarked = false
  for (const item of items) {
    const isNew = !isMarked && context.isUnread(item)
    if (isNew) {
      isMarked = true
      drawn.push({ key: 'new', type: 'new' })
    }
    const isDated = needsDateLine(previous && previous.time, item.time)
    if (isDated) drawn.push({ key: `date:${item.key}`, type: 'date', text: chatTime(item.time, context.now, context.t) })
    if (item.parts) drawn.push(systemRow(item, context))
    else {
      const isSameBlock = !isNew && !isDated && previous && !previous.parts && previous.from === item.from && item.time - previous.time <= BLOCK_MS
      drawn.push(bubbleOf(item, context, { isFirstOfBlock: !isSameBlock, isRead: item.key === read }))
      if (item.told) drawn.push({ key: `told:${item.key}`, type: 'system', parts: [{ text: item.told }] })
    }
    previous = item
  }
  return drawn
}

/** What rows are made with. */
function contextOf(input) {
  const { messages, me, place, firstUnreadSeq = null, quoted = {} } = input
  const bySeq = new Map()
  const recalls = new Map()
  for (const message of messages) {
    bySeq.set(message.seq, message)
    if (message.kind === 'recall' && message.content) recalls.set(message.content.seq, message)
  }
  const isInSight = firstUnreadSeq !== null && messages.length > 0 && messages[0].seq <= firstUnreadSeq
  return {
    outgoing: [], peerReadSeq: null, hidden: nobody, heard: nobody, former: nothing, aliases: {}, skew: 0, online: false, memory: {}, ...input,
    isGroup: place.groupId !== undefined,
    isSelf: keyOf(place) === keyOf({ userId: me }),
    messageAt: (seq) => bySeq.get(seq) || quoted[seq],
    recallOf: (seq) => recalls.get(seq),
    isUnread: ({ seq, from, parts }) => isInSight && !parts && seq !== null && seq >= firstUnreadSeq && from !== me,
  }
}

/** What is drawn: in its place by the log or at the end, and what failed, whose place is where it was. */
function itemsOf(context) {
  const { messages, outgoing, me, hidden, skew } = context
  const known = new Set()
  const settled = []
  for (const message of messages) {
    if (message.from === me && message.clientMsgId) known.add(message.clientMsgId)
    if (hidden.has(message.id)) continue
    const item = loggedItem(message, context)
    if (item) settled.push(item)
  }
  const lastSeq = messages.length ? messages[messages.length - 1].seq : 0
  const failed = []
  for (const entry of inOrder(outgoing)) {
    const { clientMsgId, state, message } = entry
    if (known.has(clientMsgId) || state === 'discarded') continue
    if (state === 'sent') { // and the log has a hole before it
      if (message && message.seq > lastSeq) settled.push(loggedItem(message, context))
      continue
    }
    const key = context.aliases[clientMsgId] || clientMsgId
    const item = { key, time: entry.at + skew, from: me, own: true, seq: null, id: null, clientMsgId, entry, source: entry, ...stateOf(entry, context) }
    ;(state === 'failed' ? failed : settled).push(item)
  }
  return [settled, failed]
}

/** What is stored comes first, then what is under way: one that failed and is tried again gets its seq after them. A file on its way up is no message yet. */
function inOrder(outgoing) {
  const turn = { sent: 0, sending: 1 }
  const turnOf = ({ state, progress }) => (state in turn && progress === undefined ? turn[state] : 2)
  return outgoing.slice().sort((a, b) => turnOf(a) - turnOf(b) || (a.state === 'sent' ? a.message.seq - b.message.seq : 0))
}

/** An entry of the log; null: it draws nothing. */
function loggedItem(message, context) {
  const { me, aliases } = context
  const { from, seq, id, kind, clientMsgId } = message
  if (kind === 'recall' || kind === 'edit') return null
  const own = from === me
  const key = own && clientMsgId ? aliases[clientMsgId] || clientMsgId : `seq:${seq}`
  const item = { key, time: Date.parse(message.createTime), from, own, seq, id, clientMsgId: clientMsgId || null, source: message, state: null, why: null }
  if (message.recalled) return { ...item, parts: systemLine(recallEntry(message, context), { ...context, messageAt: () => message }), edit: formerText(message, context) }
  if (kind !== 'group') return item
  const parts = systemLine(message, context)
  return parts && { ...item, parts }
}

/** The entry that took a message back, or what it will have been where that is not here. */
const recallEntry = ({ seq, from }, { recallOf }) => recallOf(seq) || { kind: 'recall', from, content: { seq } }

/** One's own text, taken back by oneself a short while ago; undefined: nothing to edit again. */
function formerText(message, { me, former, recallOf, now }) {
  const entry = recallOf(message.seq)
  const isByOther = entry && entry.content.by !== undefined && entry.content.by !== me
  const kept = message.from === me && !isByOther ? former.get(message.id) : undefined
  return kept && now - kept.at <= EDIT_AGAIN_MS ? kept.text : undefined
}

/** Of one on its way: how it stands, why it failed, and whether that is a line of its own. */
function stateOf(entry, { now, skew, online, t }) {
  if (entry.state !== 'failed') {
    const isLate = !online && now - (entry.at + skew) > WAITING_MS
    return { state: isLate ? 'waiting' : 'sending', why: null }
  }
  const error = entry.error || {}
  // -32004 of a text can only be the group; of another kind it may be the file.
  const why = refusalText(entry.kind === 'text' ? { ...error, to: entry.to } : error, t)
  return isTold(error) ? { state: 'failed', why: null, told: why } : { state: 'failed', why }
}

/** The newest own message that the other one has read. */
function readKey(items, { isGroup, isSelf, peerReadSeq }) {
  if (isGroup || isSelf || peerReadSeq === null) return null
  for (let i = items.length - 1; i >= 0; i--) {
    const { own, parts, seq, key } = items[i]
    if (own && !parts && seq !== null && seq <= peerReadSeq) return key
  }
  return null
}

function systemRow({ key, parts, edit }) {
  return edit === undefined ? { key, type: 'system', parts } : { key, type: 'system', parts, edit }
}

module.exports = { rows }
