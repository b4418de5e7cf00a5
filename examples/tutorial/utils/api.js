// The server's two requests, each answered by an outcome as in http.js. With a login they go out with its token, and
// once more with a new one when the server does not take it: a push is safe to repeat by its `clientMsgId`.
const { request } = require('./http')

class Api {
  /**
   * @param wx anything with WeChat's request()
   * @param login a Login, or null for a server that asks for none
   */
  constructor(wx, server, login = null) {
    this.wx = wx
    this.server = server.replace(/\/+$/, '')
    this.login = login
  }

  /** Sends a chat; the same `clientMsgId` again is stored only once. */
  push(chat) {
    return this.request({ method: 'POST', url: `${this.server}/push`, data: chat })
  }

  /** Messages between two users, oldest first: the newest, or those before an id. */
  async history(userId, targetUserId, { beforeId = 0, limit }) {
    const before = beforeId ? `&beforeId=${beforeId}` : ''
    const query = `userId=${userId}&targetUserId=${targetUserId}&limit=${limit}${before}`
    const outcome = await this.request({ method: 'GET', url: `${this.server}/getMessage?${query}` })
    if (outcome.ok && !Array.isArray(outcome.data)) return { ok: false, retry: true, afterMs: 0, detail: '服务器的回答无法理解' }
    return outcome
  }

  socketUrl(userId) {
    return `${this.server.replace(/^http/, 'ws')}/imserver/${userId}`
  }

  async request(options) {
    if (!this.login) return request(this.wx, options)
    const outcome = await this.authorized(options)
    return outcome.status === 401 ? this.authorized(options) : outcome
  }

  async authorized(options) {
    const session = await this.login.session()
    if (!session.ok) return session
    const outcome = await request(this.wx, { ...options, header: { Authorization: `Bearer ${session.token}` } })
    if (outcome.status !== 401) return outcome
    this.login.refused(session.token)
    // Not final: the user was refused, not the message, which an earlier attempt may even have stored.
    return { ...outcome, retry: true, afterMs: 0 }
  }
}

module.exports = { Api }
