// Who the user is. By WeChat: wx.login gives a code, the server makes a token of it, which is kept on the phone until it ends. In the
// demo: whoever they say.

const TIMEOUT_MS = 8000

const KEY = 'hongyan:login'

const kept = () => wx.getStorageSync(KEY) || {}

const code = () => new Promise((resolve, reject) => {
  wx.login({ timeout: TIMEOUT_MS, success: (answer) => resolve(answer.code), fail: () => reject(new Error('wx.login failed')) })
})

const post = (url, data) => new Promise((resolve, reject) => {
  wx.request({ method: 'POST', url, data, timeout: TIMEOUT_MS, success: resolve, fail: () => reject(new Error('no answer')) })
})

class WechatLogin {
  /** @param {string} server */
  constructor(server) {
    this.url = `${server.replace(/\/+$/, '')}/v1/login/wechat`
    /** Why there is no token: null, 'failed' (it is tried again) or 'unavailable' (the server has no WeChat login, or refuses this user). */
    this.problem = null
  }

  get userId() { return kept().userId }
  get isKnown() { return true } // WeChat says, when it is asked

  /**
   * For the client: the token that is kept, or when that is not good any more a new one. null: there will be none. Rejects when it
   * could not be had this time.
   */
  async token(reason) {
    const { token } = kept()
    if (reason === 'start' && token) return token
    let answer
    try {
      answer = await post(this.url, { code: await code() })
    } catch (error) {
      this.problem = 'failed'
      throw error
    }
    const { statusCode, data } = answer
    if (statusCode === 200 && data && data.token) {
      this.problem = null
      wx.setStorageSync(KEY, { token: data.token, userId: data.userId })
      return data.token
    }
    if (statusCode === 403 || statusCode === 404) {
      this.problem = 'unavailable'
      return null
    }
    this.problem = 'failed'
    throw new Error(`the login was answered ${statusCode}`)
  }

  forget() { wx.removeStorageSync(KEY) }
}

class DemoLogin {
  constructor() { this.problem = null }

  get userId() { return kept().userId }
  get isKnown() { return Boolean(this.userId) }
  /** What the server is to call them, and has not heard yet. */
  get name() { return kept().name }

  /** Who somebody says to be, and what they are called where they chose one of the demo's people. */
  choose(userId, name) { wx.setStorageSync(KEY, { userId, ...(name && { name }) }) }
  introduced() { wx.setStorageSync(KEY, { userId: this.userId }) }
  forget() { wx.removeStorageSync(KEY) }
}

/** @param {{server: string, login: 'wechat'|'demo'}} config */
const createLogin = ({ server, login }) => (login === 'wechat' ? new WechatLogin(server) : new DemoLogin())

module.exports = { createLogin }
