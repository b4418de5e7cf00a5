// User ids and message ids, by the server's rules.

const ID_MAX = 64

/** The id as this client keeps it: a string, also when the server wrote it as a number. */
const normalizeId = (id) => String(id === null || id === undefined ? '' : id).trim()

/** Why this cannot be a user id, in words for the user; an empty string when it can. */
function userIdProblem(id) {
  if (!id) return '请填写账号'
  if (id.length > ID_MAX) return `账号最多 ${ID_MAX} 个字符`
  if (!/^[A-Za-z0-9_\-.:@]+$/.test(id)) return '账号只能用字母、数字和 _ - . : @'
  return ''
}

let sequence = 0

/** An id for one message to be sent, different from all others of this user. */
function newClientMsgId(now = Date.now(), random = Math.random) {
  sequence += 1
  const chance = () => Math.floor(random() * 2 ** 32).toString(36)
  return `${now.toString(36)}-${sequence.toString(36)}-${chance()}${chance()}`
}

module.exports = { ID_MAX, normalizeId, userIdProblem, newClientMsgId }
