// A stand-in for WeChat's server: GET /sns/jscode2session, each answer chosen by how the code begins.

import crypto from 'node:crypto'
import http from 'node:http'

const sessionKey = 'canary-session-key-tNgnB=='

export class WechatStandIn {
  appId = 'wx0123456789abcdef'
  secret = 'canary-app-secret-0123456789abcdef'
  requests = []
  used = new Set()
  held = new Set()
  // While it is down every code is answered like this one.
  always = null

  static async start(t) {
    const standIn = new WechatStandIn()
    standIn.server = http.createServer((request, response) => standIn.answer(request, response))
    await new Promise((resolve) => { standIn.server.listen(0, '127.0.0.1', resolve) })
    t?.after(() => standIn.stop())
    return standIn
  }

  get url() { return `http://127.0.0.1:${this.server.address().port}` }

  // A code of wx.login, good once, of whoever has this openid.
  code(openid) { return `good-${openid}-${crypto.randomUUID()}` }
  openidOf(code) { return code.slice('good-'.length, -37) }

  answer(request, response) {
    const url = new URL(request.url, this.url)
    const code = url.searchParams.get('js_code')
    this.requests.push({ method: request.method, path: url.pathname, ...Object.fromEntries(url.searchParams) })
    const say = (body, status = 200) => response.writeHead(status, { 'content-type': 'text/plain' }).end(typeof body === 'string' ? body : JSON.stringify(body))
    const fail = (errcode, errmsg) => say({ errcode, errmsg: `${errmsg}, rid: canary-rid` })
    if (url.pathname !== '/sns/jscode2session') return say('not found', 404)
    if (url.searchParams.get('appid') !== this.appId) return fail(40013, 'invalid appid')
    if (url.searchParams.get('secret') !== this.secret) return fail(40125, 'invalid appsecret')
    switch ((this.always ?? code).split('-')[0]) {
      case 'good':
        if (this.used.has(code)) return fail(40163, 'code been used')
        this.used.add(code)
        return say({ openid: this.openidOf(code), session_key: sessionKey, unionid: 'canary-unionid', errcode: 0, errmsg: 'ok' })
      case 'limited': return fail(45011, 'api minute-quota reach limit')
      case 'blocked': return fail(40226, 'code blocked')
      case 'busy': return fail(-1, 'system error')
      case 'slow': return this.held.add(response)
      case 'broken': return say('{"openid":"o-broken","session_key":')
      case 'array': return say([])
      case 'nobody': return say({ session_key: sessionKey })
      case 'strange': return say({ openid: 'two words', session_key: sessionKey })
      case 'huge': return say({ pad: 'x'.repeat(1 << 20), openid: 'o-huge' })
      case 'failing': return say({ openid: 'o-failing' }, 500)
      case 'redirect': return response.writeHead(302, { location: `/sns/jscode2session?${url.searchParams}&again=1` }).end()
      case 'cut': return response.destroy()
      default: return fail(40029, 'invalid code')
    }
  }

  stop() {
    this.server.closeAllConnections()
    return new Promise((resolve) => { this.server.close(resolve) })
  }
}
