// The server's two requests, each answered by one of three outcomes:
//   {ok: true, data}                     done
//   {ok: false, retry: true, afterMs}    not now: no network, or the server cannot (afterMs: its Retry-After, or 0)
//   {ok: false, retry: false, detail}    the server refuses it; `detail` says why
const NETWORK = '网络不给力'
const TIMEOUT_MS = 15000

class Api {
  /** @param wx anything with WeChat's request() */
  constructor(wx, server) {
    this.wx = wx
    this.server = server.replace(/\/+$/, '')
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

  request(options) {
    return new Promise((resolve) => {
      this.wx.request({
        timeout: TIMEOUT_MS,
        ...options,
        success: (response) => resolve(outcomeOf(response)),
        fail: () => resolve({ ok: false, retry: true, afterMs: 0, detail: NETWORK }),
      })
    })
  }
}

function outcomeOf({ statusCode, data, header }) {
  if (statusCode >= 200 && statusCode < 300) return { ok: true, data }
  const detail = (data && (data.detail || data.title)) || `服务器回答 ${statusCode}`
  if (statusCode === 408 || statusCode === 429 || statusCode >= 500) {
    return { ok: false, retry: true, afterMs: retryAfterMs(header), detail }
  }
  return { ok: false, retry: false, detail }
}

function retryAfterMs(header = {}) {
  const name = Object.keys(header).find((key) => key.toLowerCase() === 'retry-after')
  const seconds = name ? Number(header[name]) : 0
  return seconds > 0 ? seconds * 1000 : 0
}

module.exports = { Api }
