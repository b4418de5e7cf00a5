'use strict'
// What can be done with a bubble.

/**
 * @param {object} row a row of rows()
 * @param {{limits: object|null, role?: string, now: number, isGroup: boolean, createTime?: number}} context limits: the client's;
 *   role: one's own in the group; createTime: milliseconds, the row's where absent
 * @returns {string[]} of copy, forward, reply, select, recall, edit, resend and delete, in this order
 */
function actionsOf(row, { limits, role, now, isGroup, createTime = row.time }) {
  if (row.type !== 'bubble') return []
  const isText = row.kind === 'text'
  const isFailed = row.state === 'failed'
  if (row.seq === null) return [isText && 'copy', isFailed && 'resend', isFailed && 'delete'].filter(Boolean)
  const isWithin = (seconds) => now - createTime <= seconds * 1000
  const { recallSeconds = 0, editSeconds = 0 } = limits || {}
  const isKnown = row.kind !== 'unknown'
  const isManager = isGroup && (role === 'owner' || role === 'admin')
  return [
    isText && 'copy',
    isKnown && row.kind !== 'voice' && !row.streaming && 'forward',
    'reply',
    'select',
    ((row.own && isWithin(recallSeconds)) || isManager) && 'recall',
    row.own && isText && !row.streaming && editSeconds > 0 && isWithin(editSeconds) && 'edit',
    'delete',
  ].filter(Boolean)
}

/** Whether a bubble takes reactions: what is on its way, and what is not understood, takes none. */
const canReact = (row) => row.type === 'bubble' && row.seq !== null && row.kind !== 'unknown'

module.exports = { actionsOf, canReact }
