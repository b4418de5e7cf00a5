// A server that asks WeChat, and its users: those of a login by WeChat, and others.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { request } from './client.js'
import { apiKeys, bearer, tokenOf } from './keys.js'
import { makeDirectory, removeDirectory } from './processes.js'
import { serverFor } from './server.js'
import { connectV1, newId, rfc3339, uniqueId } from './v1.js'
import { eventually } from './wait.js'
import { WechatStandIn } from './wechat.js'

const inline = (value) => `{ ${Object.entries(value).map(([key, it]) => `${key} = ${JSON.stringify(it)}`).join(', ')} }`
const toml = (value) => (value && typeof value === 'object' ? inline(value) : JSON.stringify(value))
const table = (head, values) => `${head}\n${Object.entries(values).filter(([, it]) => it !== undefined).map(([key, it]) => `${key} = ${toml(it)}\n`).join('')}`

export const template = 'canaryTemplate-0123456789abcdef_ABCDEFGHIJK'
export const fields = { thing1: 'content', name2: 'sender', time3: 'time', thing4: 'conversation' }
export const page = 'pages/chat/chat'

// The configuration, with the files that it names. `callback`: true, 'plain' (without the key) or false; `subscribe`: settings of each template;
// `moderation`: its settings, `words` a list of them; `publicUrl`; `more`: TOML behind.
export class WechatSettings {
  constructor(t, wechat, { callback = false, subscribe = [], moderation = {}, publicUrl, more = '', login = true } = {}) {
    this.directory = makeDirectory('wechat')
    t?.after(() => this.dispose())
    Object.assign(this, { wechat, callback, subscribe, moderation, publicUrl, more, login })
    this.write('secret', `${wechat?.secret}\n`)
    this.write('token', `${wechat?.callbackToken}\n`)
    this.write('aes', `${wechat?.aesKey}\n`)
    if (moderation.words) this.write('words', moderation.words.map((it) => `${it}\n`).join(''))
    for (const it of subscribe) wechat.api.templates.set(it.template_id, Object.keys(it.fields))
    wechat?.api.pages.push(page)
  }

  path(name) { return path.join(this.directory, name) }
  write(name, text) { fs.writeFileSync(this.path(name), text, { mode: 0o600 }) }

  get toml() {
    const { words, ...moderation } = this.moderation
    const parts = [this.publicUrl ? `public_url = ${JSON.stringify(this.publicUrl)}\n` : '']
    if (this.login) {
      parts.push(table('[wechat]', {
        app_id: this.wechat.appId, secret_file: this.path('secret'), base_url: this.wechat.url,
        callback_token_file: this.callback ? this.path('token') : undefined, aes_key_file: this.callback === true ? this.path('aes') : undefined,
      }))
    }
    for (const it of this.subscribe) parts.push(table('[[wechat.subscribe]]', it))
    parts.push(table('[moderation]', { ...moderation, words_file: words && this.path('words') }), this.more)
    return parts.join('\n')
  }

  dispose() { removeDirectory(this.directory) }
}

// A stand-in, and a server that asks it: {wechat, server, settings}. `the` is that of withEachStore.
export async function withWechat(the, t, { keys, args = keys.args, server: rest = {}, ...how } = {}) {
  const wechat = await WechatStandIn.start(t)
  const settings = new WechatSettings(t, wechat, how)
  const server = await serverFor(t, { database: await the.store.newDatabase(), config: settings.toml, args, ...rest })
  wechat.site = server
  return { wechat, server, settings }
}

// Somebody logs in by WeChat: {userId, token, openid}.
export async function loggedIn(server, wechat, openid = `canary-o-${uniqueId().slice(0, 18)}`) {
  const answer = await request(server, { method: 'POST', path: '/v1/login/wechat', body: { code: wechat.code(openid) } })
  assert.equal(answer.status, 200, answer.text)
  const { userId, token } = answer.json()
  return { userId, token, openid }
}

// A session of somebody who has logged in.
export async function enters(server, t, who) {
  const session = await connectV1(server, who.userId, { t, path: '/v1/connect', headers: bearer(who.token) })
  return Object.assign(session, { token: who.token, openid: who.openid })
}

export const wechatUser = async (server, wechat, t, openid) => enters(server, t, await loggedIn(server, wechat, openid))
export const wechatUsers = (server, wechat, t, count) => Promise.all(Array.from({ length: count }, () => wechatUser(server, wechat, t)))
// Somebody who came by another way than WeChat.
export const otherUser = (server, t, userId = newId()) => enters(server, t, { userId, token: tokenOf(userId) })

export const text = (to, content, more = {}) => ({ to, clientMsgId: uniqueId(), kind: 'text', content, ...more })

// ---- GET /v1/messages/{id}/moderation ----

export const moderation = (server, { id }, key = 'admin') => request(server, {
  path: `/v1/messages/${id}/moderation`, headers: key ? bearer(apiKeys[key] ?? key) : {},
})

// What is known of a message's check, of the shape that it has to have.
export async function checkOf(server, message) {
  const answer = await moderation(server, message)
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/)
  const check = answer.json()
  assert.deepEqual(Object.keys(check).sort(), ['at', 'by', 'label', 'messageId', 'verdict'], answer.text)
  assert.equal(check.messageId, message.id, answer.text)
  assert.match(check.verdict, /^(pass|review|risky|failed|waiting)$/, answer.text)
  if (check.verdict !== 'waiting') assert.match(check.by ?? 'nobody', /^(wechat|words|nobody)$/, answer.text)
  if (check.label !== null) assert.ok(Number.isInteger(check.label), answer.text)
  if (check.at !== null || check.verdict !== 'waiting') assert.match(check.at, rfc3339, answer.text)
  return check
}

// Of that: [verdict, by, label].
export const verdictOf = async (server, message) => {
  const { verdict, by, label } = await checkOf(server, message)
  return [verdict, by, label]
}

export const becomes = (server, message, verdict, ms = 15_000) => eventually(ms, `the verdict on ${message.id} to be ${verdict}`, async () => {
  const check = await checkOf(server, message)
  return check.verdict === verdict && check
}, 50)

// Until it was taken back, by nobody's hand: the entry of it.
export async function takenBack(session, { conversationId, seq }, ms = 15_000) {
  const entry = await session.message((it) => it.conversationId === conversationId && it.kind === 'recall' && it.content.seq === seq, ms)
  assert.deepEqual(entry.content, { seq, by: null })
  return entry
}
