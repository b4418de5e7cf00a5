// One HTTP request, answered by one of three outcomes:
//   {ok: true, data, status, header}              done
//   {ok: false, retry: true, afterMs, detail}     not now: no network, or the server cannot (afterMs: its Retry-After, or 0)
//   {ok: false, retry: false, detail, status}     the server refuses it; `detail` says why
const NETWORK = '网络不给力'
const TIMEOUT_MS = 15000

/** @param wx anything with WeChat's request() */
function request(wx, options) {
  return new Promise((resolve) => {
    wx.request({
      timeout: TIMEOUT_MS,
      ...options,
      success: (response) => resolve(outcomeOf(response)),
      fail: () => resolve({ ok: false, retry: true, afterMs: 0, detail: NETWORK }),
    })
  })
}

function outcomeOf({ statusCode: status, data, header }) {
  if (status >= 200 && status < 300) return { ok: true, data, status, header }
  const detail = (data && (data.detail || data.title)) || `服务器回答 ${status}`
  if (status === 408 || status === 429 || status >= 500) {
    return { ok: false, retry: true, afterMs: retryAfterMs(header), detail, status }
  }
  return { ok: false, retry: false, detail, status }
}

function retryAfterMs(header) {
  const seconds = Number(headerOf(header, 'retry-after'))
  return seconds > 0 ? seconds * 1000 : 0
}

/** A header of an answer, however its name is written. */
function headerOf(header = {}, name) {
  return header[Object.keys(header).find((key) => key.toLowerCase() === name)]
}

module.exports = { request, headerOf }
