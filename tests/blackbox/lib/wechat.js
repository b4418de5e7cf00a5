// A stand-in for WeChat's server: the login, each answer chosen by how the code begins, and the server APIs (wechat-api.js). It answers HTTP
// 200 for every error of these, with a rid behind what it says. What it pushes to a callback is in wechat-push.js.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import http from 'node:http'
import { fetchBytes } from './files.js'
import { Watched } from './watched.js'
import { failure, WechatApi, withLiteralEscapes } from './wechat-api.js'

const sessionKey = 'canary-session-key-tNgnB=='

// In place of an answer.
export const hang = { hang: true }
export const reset = { reset: true }
export const raw = (body, status = 200, type = 'text/html') => ({ raw: body, status, type })
export const html = raw('<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>')
export const after = (ms, how) => ({ after: ms, how })
// As WeChat says them.
export const busy = failure(-1, 'system error')
export const overQuota = failure(45009, 'reach max api daily quota limit')
export const inactive = failure(61010, 'code is expired')
export const badToken = failure(40001, 'invalid credential, access_token is invalid or not latest')

const paths = {
  '/cgi-bin/stable_token': 'stable_token',
  '/wxa/msg_sec_check': 'msg_sec_check',
  '/wxa/media_check_async': 'media_check_async',
  '/cgi-bin/message/subscribe/send': 'send',
}

// It is told to answer by one of the above, or by {errcode, errmsg}.
export class WechatStandIn extends Watched {
  appId = 'wx0123456789abcdef'
  secret = 'canary-app-secret-0123456789abcdef'
  callbackToken = 'canaryCallbackToken0123'
  aesKey = 'canaryAesKey0123456789abcdefghijklmnopqrstF' // its last character has bits that no key has
  requests = [] // of logins
  used = new Set()
  held = new Set()
  // While it is down every code is answered like this one.
  always = null
  calls = [] // of the APIs: {api, body, raw, token, openid, at, begun, ended, errcode}
  clock = 0 // counts what happens: `begun` and `ended` of calls are its ticks
  // The server whose public_url is anything: what the name in it stands for.
  site = null

  static async start(t) {
    const standIn = new WechatStandIn()
    standIn.server = http.createServer((request, response) => standIn.receive(request, response))
    standIn.server.on('clientError', (error, socket) => socket.destroy())
    standIn.api = new WechatApi({ appId: standIn.appId, secret: standIn.secret, fetchMedia: (url) => standIn.fetchMedia(url) })
    standIn.api.onFetched = () => standIn.changed()
    await new Promise((resolve) => { standIn.server.listen(0, '127.0.0.1', resolve) })
    t?.after(() => standIn.stop())
    return standIn
  }

  get url() { return `http://127.0.0.1:${this.server.address().port}` }

  // A code of wx.login, good once, of whoever has this openid.
  code(openid) { return `good-${openid}-${crypto.randomUUID()}` }
  openidOf(code) { return code.slice('good-'.length, -37) }

  async fetchMedia(url) {
    const { pathname, search } = new URL(url)
    assert.ok(this.site, 'nobody has said whose public_url this is')
    return fetchBytes(this.site, `${pathname}${search}`)
  }

  of(api) { return this.calls.filter((it) => it.api === api) }
  // What was asked about texts, in the order in which it came.
  get texts() { return this.of('msg_sec_check').map(({ body }) => body.content) }
  get sent() { return this.api.messages }

  get place() { return 'WeChat' }
  summary() {
    const last = this.calls.slice(-4).map(({ api, raw: text, errcode }) => `${api} ${text.slice(0, 150)} → ${errcode ?? 'nothing'}`)
    return `${this.calls.length} calls came, the last: ${last.join('; ')}${this.api.faults.length ? `; faults: ${this.api.faults[0]}` : ''}`
  }

  call(accepts, ms, what = 'a call') { return this.waitFor(() => this.calls.find(accepts), ms, what) }
  about(content, ms) { return this.call(({ api, body }) => api === 'msg_sec_check' && body.content === content, ms, `a question about ${content}`) }
  trace(accepts = () => true, ms = 10_000) {
    return this.waitFor(() => this.api.traces.find((it) => (it.bytes || it.failed) && accepts(it)), ms, 'a picture or voice to look at')
  }
  notice(accepts = () => true, ms = 10_000) { return this.waitFor(() => this.sent.find(accepts), ms, 'a subscribe message') }

  receive(request, response) {
    response.on('error', () => {})
    request.on('error', () => {})
    const url = new URL(request.url, this.url)
    const api = paths[url.pathname]
    if (!api) {
      this.logIn(request, response, url)
      return
    }
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const call = { api, raw: text, token: url.searchParams.get('access_token'), at: Date.now(), begun: ++this.clock, headers: request.headers }
      response.on('close', () => {
        call.ended ??= ++this.clock
        this.changed()
      })
      try {
        call.body = JSON.parse(api === 'msg_sec_check' ? withLiteralEscapes(text) : text)
        call.openid = call.body.openid ?? call.body.touser
      } catch {
        call.body = {}
        call.fault = this.api.fault(47001, 'data format error')
      }
      if (request.method !== 'POST') call.fault = this.api.fault(43002, 'require POST method')
      this.calls.push(call)
      Promise.resolve(call.fault ? undefined : this.howOf(call)).then((it) => this.respond(call, it, request, response)).catch((error) => {
        this.api.faults.push(error.stack)
        response.destroy()
      })
      this.changed()
    })
  }

  respond(call, how, request, response) {
    if (how?.hang) return
    if (how?.reset) {
      request.socket.resetAndDestroy()
      return
    }
    if (how?.after) {
      setTimeout(() => this.respond(call, how.how, request, response), how.after)
      return
    }
    const said = how?.raw === undefined ? how ?? this.normal(call) : undefined
    const answer = said?.errcode ? { ...said, errmsg: `${said.errmsg} rid: 60f96f1d-canary-1976a3ae` } : said
    call.errcode = answer ? answer.errcode ?? 0 : undefined
    call.ended = ++this.clock
    response.writeHead(how?.status ?? 200, { 'content-type': how?.type ?? 'application/json; encoding=utf-8' })
    response.end(answer ? JSON.stringify(answer) : how.raw)
    this.changed()
  }

  normal({ api, body, token, fault }) {
    if (fault) return fault
    if (api === 'stable_token') return this.api.stableToken(body)
    const refusal = this.api.tokenFault(token)
    if (refusal) return refusal
    if (api === 'msg_sec_check') return this.api.msgSecCheck(body)
    return api === 'media_check_async' ? this.api.mediaCheckAsync(body) : this.api.subscribeSend(body)
  }

  logIn(request, response, url) {
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
        this.api.sees(this.openidOf(code))
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

  // Takes what was done wrong, so that it fails nothing.
  takeFaults() { return this.api.faults.splice(0) }

  async stop() {
    if (this.server.listening) {
      const closed = new Promise((resolve) => { this.server.close(resolve) })
      this.server.closeAllConnections()
      await closed
    }
    const [fault] = this.takeFaults()
    if (fault) throw new assert.AssertionError({ message: `at WeChat: ${fault}` })
  }
}
