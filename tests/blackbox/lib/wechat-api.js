// What WeChat's server APIs answer, by their documentation and by what is known of them beyond it. Nothing here speaks HTTP.

import crypto from 'node:crypto'

const chars = (text) => [...text].length
const hour = 3_600_000
const openidLife = 2 * hour
const textChars = 2_500
const mediaBytes = 10 * 2 ** 20

// An answer that is an error.
export const failure = (errcode, errmsg = 'failed') => ({ errcode, errmsg })

// WeChat does not understand \u escapes in the bodies of its content check: what it looks at is the escape itself, which is harmless.
export const withLiteralEscapes = (raw) => raw.replace(/\\(?:u([0-9a-fA-F]{4})|[^])/g,
  (all, code) => (code !== undefined && parseInt(code, 16) >= 0x80 ? `\\\\u${code}` : all))

// ---- the data of subscribe messages ----

const day = /\d{4}(?:年\d{1,2}月\d{1,2}日|[-/.]\d{1,2}[-/.]\d{1,2})/.source
const clock = /(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?/.source
const isHan = /^\p{Script=Han}+$/u
const isAscii = /^[\x20-\x7e]+$/
const formats = {
  thing: (value) => chars(value) <= 20,
  character_string: (value) => isAscii.test(value) && value.length <= 32,
  number: (value) => /^-?\d+(\.\d+)?$/.test(value) && value.length <= 32,
  letter: (value) => /^[A-Za-z]{1,32}$/.test(value),
  symbol: (value) => chars(value) <= 5,
  time: (value) => new RegExp(`^(?:${day} ?)?${clock}$`).test(value),
  date: (value) => new RegExp(`^${day}(?: ?${clock})?$`).test(value),
  name: (value) => chars(value) <= (isAscii.test(value) ? 20 : 10),
  phrase: (value) => isHan.test(value) && chars(value) <= 5,
}

// What is wrong with a value under a key such as thing1; nothing when it is right.
export function faultOf(key, value) {
  const format = formats[/^(.*?)\d+$/.exec(key)?.[1]]
  if (!format) return `data.${key} is no key of a template`
  if (typeof value !== 'string') return `data.${key}.value is no text`
  if (value.trim() === '') return `data.${key}.value is empty`
  if (/[\u0000-\u001f\u007f]/.test(value)) return `data.${key}.value has a newline`
  return format(value) ? undefined : `data.${key}.value invalid`
}

export class WechatApi {
  // How far its clock is ahead of this machine's, in milliseconds.
  ahead = 0
  // Seconds that an access token is good, and in which the next one is good beside it.
  lifetime = 7_200
  overlap = 300
  tokens = [] // {value, until}; the last is the current one
  forced = []
  users = new Map() // openid → when it was seen last
  words = { risky: ['赌博'], review: ['借钱'] }
  labels = { pass: 100, review: 20_008, risky: 20_006 }
  quota = 4_000
  minutes = new Map() // of the quota: clock minute → count
  traces = [] // {traceId, openid, url, mediaType, version, bytes, type, failed}
  templates = new Map() // templateId → keys of its data
  pages = ['pages/index/index']
  grants = new Map() // `${openid} ${templateId}` → how often it may be sent
  messages = [] // that were sent: {openid, templateId, page, values, at, msgId}
  // What a client of WeChat does wrong: each is in `faults`, and no test may end with one.
  faults = []

  constructor({ appId, secret, fetchMedia }) {
    Object.assign(this, { appId, secret, fetchMedia })
  }

  now() { return Date.now() + this.ahead }

  fault(errcode, errmsg) {
    this.faults.push(`${errcode}: ${errmsg}`)
    return failure(errcode, errmsg)
  }

  // ---- users ----

  sees(openid) { this.users.set(openid, this.now()) }
  // It was not in the mini-program for more than two hours.
  forgets(openid) { this.users.set(openid, this.now() - openidLife - 1) }

  // ---- tokens ----

  get token() { return this.tokens.at(-1) }
  newToken() {
    // As long as they get.
    this.tokens.push({ value: `${this.tokens.length + 1}_${crypto.randomBytes(400).toString('base64url')}`.slice(0, 512), until: this.now() + this.lifetime * 1_000 })
  }

  // Somebody else has asked for a new one, so that none of before is good.
  revokes() {
    for (const it of this.tokens) it.isRevoked = true
  }

  stableToken({ grant_type: type, appid, secret, force_refresh: isForced = false }) {
    if (type !== 'client_credential') return this.fault(40002, 'invalid grant_type')
    if (appid !== this.appId) return this.fault(40013, 'invalid appid')
    if (secret !== this.secret) return failure(40125, 'invalid appsecret')
    if (typeof isForced !== 'boolean') return this.fault(47001, 'data format error')
    if (isForced) {
      this.forced = this.forced.filter((at) => at > this.now() - 24 * hour)
      if (this.forced.length >= 20 || this.forced.at(-1) > this.now() - 30_000) return failure(45009, 'reach max api daily quota limit')
      this.forced.push(this.now())
      this.revokes()
    }
    const { token } = this
    // A new one comes before the end of the old one, and then both are good.
    if (!token || token.isRevoked || token.until - this.now() <= this.overlap * 1_000) this.newToken()
    return { access_token: this.token.value, expires_in: Math.ceil((this.token.until - this.now()) / 1_000) }
  }

  // What is wrong with a token; nothing when it is good.
  tokenFault(value) {
    if (!value) return this.fault(41001, 'access_token missing')
    const token = this.tokens.find((it) => it.value === value)
    if (!token) return this.fault(40014, 'invalid access_token')
    if (token.isRevoked) return failure(40001, 'invalid credential, access_token is invalid or not latest')
    if (token.until <= this.now()) return failure(42001, 'access_token expired')
    return undefined
  }

  // ---- content checks ----

  verdictOf(text) { return ['risky', 'review'].find((verdict) => this.words[verdict].some((word) => text.includes(word))) ?? 'pass' }

  checkFault({ openid, scene, version }) {
    if (version !== 2) return undefined
    if (![1, 2, 3, 4].includes(scene)) return this.fault(40129, 'invalid scene')
    if (typeof openid !== 'string' || !this.users.has(openid)) return this.fault(40003, 'invalid openid')
    if (this.users.get(openid) <= this.now() - openidLife) return failure(61010, 'code is expired')
    return undefined
  }

  // By the clock's own minutes, not by the last sixty seconds.
  isOverQuota() {
    const minute = Math.floor(this.now() / 60_000)
    this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + 1)
    return this.minutes.get(minute) > this.quota
  }

  msgSecCheck(body) {
    const { content, version } = body
    const fault = this.checkFault(body)
    if (fault) return fault
    if (typeof content !== 'string' || content === '') return this.fault(44002, 'empty content')
    if (chars(content) > textChars) return this.fault(45002, 'content size out of limit')
    if (this.isOverQuota()) return failure(45009, 'reach max api minute-quota limit')
    const suggest = this.verdictOf(content)
    if (version !== 2) { // of 1.0, which has no result
      this.fault(0, 'msg_sec_check without version 2')
      return suggest === 'risky' ? failure(87014, 'risky content') : { errcode: 0, errmsg: 'ok' }
    }
    const label = this.labels[suggest]
    return { errcode: 0, errmsg: 'ok', result: { suggest, label }, trace_id: crypto.randomUUID(), detail: [
      { strategy: 'keyword', errcode: 0, suggest: 'pass', label: 100, level: 0 },
      { strategy: 'content_model', errcode: 0, suggest, label, prob: 90 }] }
  }

  // Answers at once, and looks at the thing later.
  mediaCheckAsync(body) {
    const { media_url: url, media_type: mediaType, version, openid } = body
    const fault = this.checkFault(body)
    if (fault) return fault
    if (![1, 2].includes(mediaType)) return this.fault(40129, 'invalid media_type')
    if (typeof url !== 'string' || !url.startsWith('https://')) return this.fault(40097, 'invalid media_url')
    const trace = { traceId: crypto.randomUUID(), openid, url, mediaType, version }
    this.traces.push(trace)
    this.fetch(trace)
    return { errcode: 0, errmsg: 'ok', trace_id: trace.traceId }
  }

  async fetch(trace) {
    const file = await this.fetchMedia(trace.url).catch((error) => ({ status: error.message }))
    const isFetched = file.status === 200 && file.bytes.length <= mediaBytes
    Object.assign(trace, isFetched ? { bytes: file.bytes, type: file.headers['content-type'] } : { failed: file.status })
    this.onFetched?.()
  }

  // ---- subscribe messages ----

  grantsOf(openid, templateId) { return this.grants.get(`${openid} ${templateId}`) ?? 0 }
  setGrants(openid, templateId, count) { this.grants.set(`${openid} ${templateId}`, count) }
  // Somebody accepts in a dialogue.
  accepts(openid, templateId, count = 1) { this.setGrants(openid, templateId, this.grantsOf(openid, templateId) + count) }

  subscribeSend({ touser: openid, template_id: templateId, page, data }) {
    const keys = this.templates.get(templateId)
    if (!this.users.has(openid)) return this.fault(40003, 'invalid openid')
    if (!keys) return this.fault(40037, 'invalid template_id')
    if (page !== undefined && !this.pages.includes(String(page).split('?')[0])) return this.fault(41030, 'invalid page')
    if (!data || typeof data !== 'object' || Array.isArray(data)) return this.fault(47001, 'data format error')
    const wrong = keys.map((key) => faultOf(key, data[key]?.value)).find(Boolean)
    if (wrong) return this.fault(47003, `argument invalid! ${wrong}`)
    if (this.grantsOf(openid, templateId) === 0) return failure(43101, 'user refuse to accept the msg')
    this.accepts(openid, templateId, -1)
    const msgId = String(crypto.randomInt(2 ** 47))
    this.messages.push({ openid, templateId, page, at: Date.now(), msgId, values: Object.fromEntries(Object.entries(data).map(([key, { value }]) => [key, value])) })
    return { errcode: 0, errmsg: 'ok', msgid: msgId }
  }
}
