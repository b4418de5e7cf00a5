// What WeChat pushes to the callback of a mini-program: how it is signed and encrypted, and the events as its documentation shows them.

import crypto from 'node:crypto'
import { request } from './client.js'

const seconds = () => Math.floor(Date.now() / 1000)

export const signature = (...parts) => crypto.createHash('sha1').update(parts.map(String).sort().join('')).digest('hex')

// An EncodingAESKey is 43 characters of base64. The last one may have bits that are none of the key's: a strict reader of base64 stumbles.
const keyOf = (encodingKey) => Buffer.from(`${encodingKey}=`, 'base64')
const block = 32

// 16 random bytes, the length of the text, the text, whose app it is for; padded to 32, not to AES's own 16.
export function encrypt(encodingKey, appId, text, { random = crypto.randomBytes(16), length, padding } = {}) {
  const bytes = Buffer.from(text)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(length ?? bytes.length)
  const plain = Buffer.concat([random, size, bytes, Buffer.from(appId)])
  const missing = block - (plain.length % block)
  const padded = Buffer.concat([plain, padding ?? Buffer.alloc(missing, missing)])
  const key = keyOf(encodingKey)
  const cipher = crypto.createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  return Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64')
}

// {text, appId}
export function decrypt(encodingKey, encrypted) {
  const key = keyOf(encodingKey)
  const decipher = crypto.createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
  const padded = Buffer.concat([decipher.update(encrypted, 'base64'), decipher.final()])
  const plain = padded.subarray(0, padded.length - padded.at(-1))
  const end = 20 + plain.readUInt32BE(16)
  return { text: plain.subarray(20, end).toString(), appId: plain.subarray(end).toString() }
}

// ---- events ----

const account = 'gh_0123456789ab'
const event = (openid, name, more, createTime = seconds()) => ({ ToUserName: account, FromUserName: openid, CreateTime: createTime, MsgType: 'event', Event: name, ...more })

// One alone is an object, several are an array; `array` says otherwise.
const listed = (rows, array = rows.length !== 1) => ({ List: array ? rows : rows[0] })

// The answers of a tap: {templateId: 'accept' | 'reject'}.
export const popup = (openid, answers, { array, createTime, scene = '0' } = {}) => event(openid, 'subscribe_msg_popup_event',
  listed(Object.entries(answers).map(([id, said]) => ({ TemplateId: id, SubscribeStatusString: said, PopupScene: scene })), array), createTime)
// What somebody changed in the settings of the mini-program: a no takes back all there were.
export const change = (openid, answers, { array, createTime } = {}) => event(openid, 'subscribe_msg_change_event',
  listed(Object.entries(answers).map(([id, said]) => ({ TemplateId: id, SubscribeStatusString: said })), array), createTime)
export const sent = (openid, templateId, { msgId = String(crypto.randomInt(2 ** 47)), errorCode = '0', status = 'success', array, createTime } = {}) => event(
  openid, 'subscribe_msg_sent_event', listed([{ TemplateId: templateId, MsgID: msgId, ErrorCode: errorCode, ErrorStatus: status }], array), createTime)

// What WeChat thinks of a picture or a voice. `unfetched`: it could not get it.
export function verdict(trace, { appId, suggest = 'pass', label = suggest === 'pass' ? 100 : 20002, unfetched = false, old = trace.version !== 2, createTime } = {}) {
  const { traceId, openid } = trace
  if (old) {
    return event(openid, 'wxa_media_check', { isrisky: suggest === 'risky' && !unfetched ? 1 : 0, extra_info_json: '', appid: appId, trace_id: traceId,
      status_code: unfetched ? 2 ** 32 - 1008 : 0 }, createTime)
  }
  const detail = unfetched ? [{ strategy: 'content_model', errcode: -1008, suggest: '', label: 0, prob: 0 }]
    : [{ strategy: 'content_model', errcode: 0, suggest, label, prob: 90 }]
  return event(openid, 'wxa_media_check', { appid: appId, trace_id: traceId, version: 2, detail, ...(unfetched ? { errcode: -1008, errmsg: 'download failed' }
    : { errcode: 0, errmsg: 'ok', result: { suggest, label } }) }, createTime)
}

// ---- how they come ----

// Signed as WeChat does it: {path, body}. Whatever is given stands for what would be right.
export function signed({ callbackToken, aesKey, appId }, what, { plain = false, timestamp = seconds(), nonce = String(crypto.randomInt(2 ** 32)), forApp = appId,
  withToken = callbackToken, withKey = aesKey, encrypted, signature: own, msgSignature, shape, ...how } = {}) {
  const text = typeof what === 'string' ? what : JSON.stringify(what)
  const query = { signature: own ?? signature(withToken, timestamp, nonce), timestamp, nonce, openid: what?.FromUserName ?? 'nobody' }
  if (plain) return { path: `/v1/wechat/callback?${new URLSearchParams(query)}`, body: text }
  const sealed = encrypted ?? encrypt(withKey, forApp, text, how)
  const whole = { ...query, encrypt_type: 'aes', msg_signature: msgSignature ?? signature(withToken, timestamp, nonce, sealed) }
  return { path: `/v1/wechat/callback?${new URLSearchParams(whole)}`, body: JSON.stringify(shape ?? { ToUserName: account, Encrypt: sealed }) }
}

// Posts it to a server's callback; the answer. `type`: what it says that its body is.
export function pushed(server, wechat, what, { type = 'application/json', ...how } = {}) {
  const { path, body } = signed(wechat, what, how)
  return request(server, { method: 'POST', path, body, headers: { 'content-type': type, 'user-agent': 'Mozilla/4.0', accept: '*/*', pragma: 'no-cache' } })
}

// What WeChat asks when an operator has entered the address.
export function verifies(server, { callbackToken }, { echostr = String(crypto.randomInt(2 ** 47)), timestamp = seconds(), nonce = String(crypto.randomInt(2 ** 32)),
  withToken = callbackToken, ...changes } = {}) {
  const query = { signature: signature(withToken, timestamp, nonce), timestamp, nonce, echostr, ...changes }
  for (const [name, value] of Object.entries(query)) if (value === null) delete query[name]
  return request(server, { path: `/v1/wechat/callback?${new URLSearchParams(query)}` })
}
