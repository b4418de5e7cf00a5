// Who the user is, by WeChat's login: wx.login gives a code, the server makes a token of it.
//
// There is one Login in the app, so that all who need a token at the same time share one login. The token is kept on the
// phone. It is renewed while it still works, when a tenth of its life is left, at most an hour: that is long enough to
// sit out a failure of WeChat's, and a day's token is still used for nearly all of its day. While somebody listens (a
// chat is open) that happens by itself, otherwise at the next use.

const { Backoff } = require('./backoff')
const { headerOf, request } = require('./http')

const RENEW_PART = 0.1
const RENEW_MAX_MS = 3600000
const SETTLED_MS = 30000 // a token refused so soon is no reason to log in at once: the next might be refused as well
const REFUSED_MS = 60000 // a server that said no is asked again after that
const TIMEOUT_MS = 15000
const TIMER_MAX_MS = 3600000 // phones' timers do not run while they sleep, and end at 24 days

const WORDS = {
  401: '微信登录没有成功，正在重试…',
  403: '微信限制了这个账号，不能登录',
  404: '服务器没有开通微信登录',
  429: '登录太频繁，稍后自动重试',
}
const UNAVAILABLE = '微信登录暂时不可用，正在重试…'
const NOT_TAKEN = '服务器不认刚才的登录，正在重试…'

class Login {
  /** @param wx anything with login, request, getStorageSync and setStorageSync */
  constructor({ wx, server, backoff = new Backoff(), now = Date.now }) {
    this.wx = wx
    this.url = `${server.replace(/\/+$/, '')}/v1/login/wechat`
    this.key = `login ${server}`
    this.backoff = backoff
    this.now = now
    this.kept = wx.getStorageSync(this.key) || { token: '', userId: '', renewAt: 0, endsAt: 0 }
    this.gotAt = null // when this run of the app logged in last
    this.flight = null // the login that is under way
    this.failure = null // why the last one failed: {detail, isTold}
    this.notBefore = 0
    this.listeners = new Set()
  }

  /** The user's id, also while a new token is needed; empty before the first login. */
  get userId() { return this.kept.userId }

  /** What is in the way of a login, in words for the user; empty while there is a good token. */
  get problem() { return this.failure && !this.isGood() ? this.failure.detail : '' }

  /** `{ok: true, token, userId}`, after a login if need be; or an outcome as in http.js, to be asked again after `afterMs`. */
  async session() {
    if (!this.isGood()) return this.renew()
    if (this.now() >= this.kept.renewAt) this.renew() // until it is there, the old one does
    return { ok: true, ...this.kept }
  }

  /** The server does not take this token (401, 4001). Said of an older one, it changes nothing. */
  refused(token) {
    if (!token || token !== this.kept.token) return
    if (this.gotAt !== null && this.now() - this.gotAt < SETTLED_MS) this.failed(NOT_TAKEN)
    this.keep({ ...this.kept, token: '' })
  }

  /** The user asks for it, or the network is back: no waiting, but for a time that the server named. */
  hurry() {
    if (this.failure && !this.failure.isTold) this.notBefore = 0
  }

  /** `listener()` is called when there is a new token. */
  listen(listener) {
    this.listeners.add(listener)
    this.schedule()
  }

  unlisten(listener) {
    this.listeners.delete(listener)
    this.schedule()
  }

  isGood() { return this.kept.token !== '' && this.now() < this.kept.endsAt }

  renew() {
    const wait = this.notBefore - this.now()
    if (!this.flight && wait > 0) return Promise.resolve(this.outcome(wait))
    if (!this.flight) {
      this.flight = this.logIn().then((outcome) => {
        this.flight = null
        this.schedule()
        if (outcome.ok) this.listeners.forEach((listener) => listener())
        return outcome
      })
    }
    return this.flight
  }

  async logIn() {
    if (this.gotAt !== null && this.now() - this.gotAt >= SETTLED_MS) this.backoff.reset()
    const code = await this.code()
    if (!code) return this.failed(UNAVAILABLE)
    const answer = await request(this.wx, { method: 'POST', url: this.url, data: { code } })
    if (!answer.ok) return this.refusal(answer)
    const { token, userId, expiresAt } = answer.data || {}
    const now = this.now()
    // By the server's clock on both sides: the phone's own may be wrong by more than a token lives.
    const life = Date.parse(expiresAt) - (Date.parse(headerOf(answer.header, 'date')) || now)
    if (!token || !userId || !(life > 0)) return this.failed('服务器的回答无法理解')
    this.failure = null
    this.notBefore = 0
    this.gotAt = now
    this.keep({ token, userId, endsAt: now + life, renewAt: now + life - Math.min(life * RENEW_PART, RENEW_MAX_MS) })
    return { ok: true, ...this.kept }
  }

  code() {
    return new Promise((resolve) => {
      this.wx.login({ timeout: TIMEOUT_MS, success: ({ code }) => resolve(code), fail: () => resolve('') })
    })
  }

  refusal({ status, retry, afterMs, detail }) {
    const words = WORDS[status] || (status >= 500 ? UNAVAILABLE : detail)
    return this.failed(words, retry || status === 401 ? afterMs : REFUSED_MS, afterMs > 0)
  }

  failed(detail, afterMs = 0, isTold = false) {
    const wait = Math.max(this.backoff.next(), afterMs || 0)
    this.failure = { detail, isTold }
    this.notBefore = this.now() + wait
    return this.outcome(wait)
  }

  /** Never final: whatever was to be done with the token was not refused itself. */
  outcome(afterMs) {
    return { ok: false, retry: true, afterMs, detail: this.failure.detail }
  }

  /** With a full storage it is kept until the app ends. */
  keep(kept) {
    this.kept = kept
    try { this.wx.setStorageSync(this.key, kept) } catch (error) { /* see above */ }
  }

  schedule() {
    clearTimeout(this.timer)
    if (!this.listeners.size || !this.isGood()) return
    const wait = Math.max(this.kept.renewAt, this.notBefore) - this.now()
    this.timer = setTimeout(() => {
      if (this.isGood() && this.now() >= this.kept.renewAt) this.renew()
      else this.schedule()
    }, Math.min(Math.max(wait, 0), TIMER_MAX_MS))
  }
}

module.exports = { Login }
