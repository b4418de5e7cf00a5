'use strict'
// Why something was refused, in words that say what to do.

const BY_REASON = { blocked: 'refused.blocked', banned: 'refused.banned', muted: 'refused.muted', role: 'refused.role', not_member: 'refused.notMember' }
const BY_CODE = {
  [-32600]: 'refused.invalid', [-32601]: 'refused.invalid', [-32602]: 'refused.invalid', [-32001]: 'refused.session', [-32003]: 'refused.role',
  [-32004]: 'refused.notFound', [-32013]: 'refused.limit', [-32022]: 'refused.content', [-32029]: 'refused.tooOften', [-32053]: 'refused.busy',
  [-32603]: 'refused.busy', file: 'refused.fileGone', unsent: 'refused.unsent', offline: 'refused.network', lost: 'refused.network', timeout: 'refused.network',
}
const BY_STATUS = {
  400: 'refused.invalid', 401: 'refused.session', 403: 'refused.role', 404: 'refused.fileOff', 408: 'refused.network', 413: 'refused.fileSize', 415: 'refused.fileType',
  422: 'refused.content', 429: 'refused.fileQuota', 503: 'refused.busy', 507: 'refused.fileSpace',
}

const hasHan = (text) => /[\u3400-\u9fff]/.test(text)

/**
 * @param {{code?: number|string, status?: number, data?: {reason?: string, status?: number}}} error a ClientError, what an entry
 *   of the outbox keeps of one, or the answer to an upload
 * @returns {string} never a code, and never English in Chinese
 */
function refusalText(error, t) {
  const { code, data = {} } = error || {}
  const reason = data.reason || (error || {}).reason
  const status = data.status || (error || {}).status
  if ((code === -32022 || status === 422) && isWritten(reason, t.lang)) return reason
  if (code === -32003 && BY_REASON[reason]) return t(BY_REASON[reason])
  if (code === -32004 && data.param === undefined && (error.to || {}).groupId) return t('refused.notMember')
  return t(BY_CODE[code] || BY_STATUS[status] || 'refused.other')
}

/** Whether a business has said why, in the language of the reader. */
const isWritten = (reason, lang) => typeof reason === 'string' && reason !== '' && hasHan(reason) === (lang === 'zh')

/** A refusal that is told as a line below the bubble: it was sent, and did not arrive. */
const isTold = ({ code, data }) => code === -32022 || (code === -32003 && Boolean(data) && data.reason === 'blocked')

/** A group that is not there, or that one is not in: the server says the same of both. */
const isGone = ({ code }) => code === -32004 || code === -32003

module.exports = { refusalText, isTold, isGone }
