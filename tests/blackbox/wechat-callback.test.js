// GET/POST /v1/wechat/callback: who may push, in which form, and that each event counts once. What is pushed about pictures: wechat-media.test.js;
// what it does to the ledger of subscribe messages: wechat-notices.test.js.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { get, request } from './lib/client.js'
import { Cluster } from './lib/cluster.js'
import { png, uploaded } from './lib/files.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { again, serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { range, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'
import { withEachStore } from './lib/webhooks.js'
import { WechatStandIn } from './lib/wechat.js'
import { encrypt, popup, pushed, sent, signature, signed, verdict, verifies } from './lib/wechat-push.js'
import { checkOf, enters, fields, loggedIn, template, WechatSettings, wechatUser, wechatUsers, withWechat } from './lib/wechat-setup.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const subscribe = [{ template_id: template, fields }]
const start = (the, t, more = {}) => withWechat(the, t, { keys, callback: true, subscribe, ...more })

const seconds = () => Math.floor(Date.now() / 1000)
const grants = async (session) => (await session.call('push.status', {})).grants[template]
const assertTaken = (answer) => {
  assert.deepEqual([answer.status, answer.text], [200, 'success'])
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain\b/)
}
const assertRefused = (answer, what) => {
  assert.ok(answer.status >= 400 && answer.status < 500, `${what}: ${answer.status} ${answer.text}`)
  assertProblem(answer, answer.status)
}
// A tap of somebody's, at a second of its own.
let tapped = seconds() - 200
const tap = (openid, how = {}) => popup(openid, { [template]: 'accept' }, { createTime: ++tapped, ...how })

withEachStore('WeChat’s callback', (the) => {
  it('proves to WeChat whose it is', async (t) => {
    const { wechat, server } = await start(the, t)
    for (const echostr of ['4375120948345356249', '<script>alert(1)</script>', '你好']) {
      const answer = await verifies(server, wechat, { echostr })
      assert.deepEqual([answer.status, answer.text], [200, echostr])
      assert.match(answer.headers['content-type'] ?? '', /^text\/plain\b/)
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    }
    assertProblem(await verifies(server, wechat, { withToken: 'another' }), 403)
    assertProblem(await verifies(server, wechat, { signature: '' }), 403)
    assertProblem(await verifies(server, wechat, { nonce: 'another', signature: signature(wechat.callbackToken, seconds(), 'one') }), 403)
    for (const missing of ['signature', 'timestamp', 'nonce']) assertProblem(await verifies(server, wechat, { [missing]: null }), [400, 403])
    assertProblem(await verifies(server, wechat, { signature: 'f464b24fc39322e44b38aa78f5edd27bd1441696' }), 403)
    assertProblem(await request(server, { method: 'PUT', path: '/v1/wechat/callback' }), 405)
  })

  it('takes what is encrypted and signed, whatever it is about', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    assertTaken(await pushed(server, wechat, tap(a.openid)))
    assert.equal(await grants(a), 1)
    // What is nothing to a chat server is taken too: WeChat would send it again.
    for (const what of [tap('o-nobody'), popup(a.openid, { 'no-template': 'accept' }), { ...tap(a.openid), Event: 'user_enter_tempsession' }, { ...tap(a.openid), MsgType: 'text', Event: undefined, Content: '你好', MsgId: 5 },
      { ...tap(a.openid), MsgType: 'other', Event: undefined }]) assertTaken(await pushed(server, wechat, what))
    assert.equal(await grants(a), 1)
    assertTaken(await pushed(server, wechat, tap(a.openid), { type: 'text/plain' }))
    assert.equal(await grants(a), 2)
  })

  it('takes a List that is an object or an array, and times that are numbers or texts', async (t) => {
    const { wechat, server } = await start(the, t, { subscribe: [{ template_id: template, fields }, { template_id: 'other', fields }] })
    const a = await wechatUser(server, wechat, t)
    const both = { [template]: 'accept', other: 'accept' }
    const events = [tap(a.openid), tap(a.openid, { array: true }), popup(a.openid, both, { createTime: ++tapped }), popup(a.openid, both, { createTime: String(++tapped) }), tap(a.openid, { createTime: String(++tapped) })]
    for (const what of events) assertTaken(await pushed(server, wechat, what))
    assert.deepEqual((await a.call('push.status', {})).grants, { [template]: 5, other: 2 })
    for (const List of [undefined, null, [], {}, 'x', [null], [{}], [{ TemplateId: 5, SubscribeStatusString: {} }]]) assertTaken(await pushed(server, wechat, { ...tap(a.openid), List }))
    assert.deepEqual((await a.call('push.status', {})).grants, { [template]: 5, other: 2 })
  })

  it('counts each event once, however often and wherever it comes again', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    const what = tap(a.openid)
    for (let i = 0; i < 3; i++) assertTaken(await pushed(server, wechat, what))
    const as = signed(wechat, what)
    const same = () => request(server, { method: 'POST', path: as.path, body: as.body, headers: { 'content-type': 'application/json' } })
    for (const answer of await Promise.all(range(1, 4).map(same))) assert.ok([200, 403].includes(answer.status), answer.text)
    assert.equal(await grants(a), 1)
    await server.kill9()
    const next = await again(t, server)
    const session = await enters(next, t, a)
    assertTaken(await pushed(next, wechat, what))
    assert.equal(await grants(session), 1)
    const others = range(1, 5).map(() => tap(a.openid))
    for (const answer of await Promise.all([...others, ...others].map((it) => pushed(next, wechat, it)))) assertTaken(answer)
    assert.equal(await grants(session), 6)
  })

  it('counts two events of the same second that say different things', async (t) => {
    const { wechat, server } = await start(the, t, { subscribe: [{ template_id: template, fields }, { template_id: 'other', fields }] })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const createTime = ++tapped
    for (const what of [tap(a.openid, { createTime }), popup(a.openid, { other: 'accept' }, { createTime }), tap(b.openid, { createTime })]) assertTaken(await pushed(server, wechat, what))
    assert.deepEqual((await a.call('push.status', {})).grants, { [template]: 1, other: 1 })
    assert.equal(await grants(b), 1)
  })

  it('refuses what is not signed or encrypted as it should be, and nothing comes of it', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    const { aesKey, appId } = wechat
    const what = () => tap(a.openid)
    const cut = (text) => encrypt(aesKey, appId, text).slice(0, -4)
    const cases = {
      'another token': { withToken: 'another' }, 'no msg_signature': { msgSignature: '' }, 'another msg_signature': { msgSignature: 'f464b24fc39322e44b38aa78f5edd27bd1441696' },
      'another key': { withKey: `${'A'.repeat(42)}B` }, 'another app': { forApp: 'wxffffffffffffffff' }, 'no app': { forApp: '' }, 'an app with more behind': { forApp: `${appId}x` },
      'no base64': { encrypted: '!!!!' }, nothing: { encrypted: '' }, 'half a block': { encrypted: cut('x') }, 'one block': { encrypted: Buffer.alloc(16).toString('base64') },
      'a length beyond the end': { length: 2 ** 31 }, 'a length of all ones': { length: 2 ** 32 - 1 }, 'a length that is too short': { length: 5 },
      'padding of 0': { padding: Buffer.alloc(32) }, 'padding of 255': { padding: Buffer.alloc(32, 255) }, 'padding of 33': { padding: Buffer.alloc(32, 33) },
    }
    for (const [name, how] of Object.entries(cases)) {
      // So that padding which is not its own still ends a block.
      let it = what()
      if (how.padding) while ((20 + Buffer.byteLength(JSON.stringify(it)) + appId.length) % 32) it = { ...it, More: `${it.More ?? ''}x` }
      assertRefused(await pushed(server, wechat, it, how), name)
    }
    for (const text of ['no JSON', '', '[]', '5', '{"Event":', '<xml><Event>subscribe_msg_popup_event</Event></xml>']) {
      const answer = await pushed(server, wechat, text)
      assert.ok(answer.status < 500, `${text}: ${answer.status}`)
    }
    for (const shape of [{}, { Encrypt: 5 }, { Encrypt: null }, [], { encrypt: 'x' }]) assertRefused(await pushed(server, wechat, what(), { shape }), JSON.stringify(shape))
    const right = signed(wechat, what())
    const query = new URL(right.path, 'http://x').searchParams
    for (const name of ['timestamp', 'nonce', 'msg_signature']) {
      const less = new URLSearchParams(query)
      less.delete(name)
      assertRefused(await request(server, { method: 'POST', path: `/v1/wechat/callback?${less}`, body: right.body }), `without ${name}`)
    }
    for (const body of ['', 'x', '{', '<xml><Encrypt>x</Encrypt></xml>', undefined]) assertRefused(await request(server, { method: 'POST', path: right.path, body }), body)
    assertRefused(await request(server, { method: 'POST', path: right.path, body: 'x'.repeat(300_000) }), 'a body that is too large')
    assert.equal(await grants(a), 0)
    assertTaken(await request(server, { method: 'POST', path: right.path, body: right.body }))
    assert.equal(await grants(a), 1, 'nothing of it has spoiled what is right')
  })

  it('with the key takes nothing that is plain', async (t) => {
    const { wechat, server } = await start(the, t, { publicUrl: 'https://chat.example.com', moderation: { media: 'after' }, more: '[files]\nstore = "dir:the files"\n' })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    assertRefused(await pushed(server, wechat, tap(a.openid), { plain: true }), 'a plain event')
    const mixed = signed(wechat, tap(a.openid))
    assertRefused(await request(server, { method: 'POST', path: mixed.path, body: JSON.stringify(tap(a.openid)) }), 'a plain body with an encrypted one’s signature')
    assert.equal(await grants(a), 0)
    const { fileId } = await uploaded(server, { token: a.token }, png())
    const message = await a.say(user(b.userId), { fileId }, { kind: 'image' })
    const trace = await wechat.trace()
    assertRefused(await pushed(server, wechat, verdict(trace, { appId: wechat.appId, suggest: 'risky' }), { plain: true }), 'a plain verdict')
    assert.equal((await checkOf(server, message)).verdict, 'waiting')
    await eventually(10_000, 'the right one to be taken', async () => (await pushed(server, wechat, verdict(trace, { appId: wechat.appId }))).status === 200)
    assert.equal((await checkOf(server, message)).verdict, 'pass')
  })

  it('without the key takes what is plain, of now and once', async (t) => {
    const { wechat, server } = await start(the, t, { callback: 'plain' })
    const a = await wechatUser(server, wechat, t)
    const plain = (what, how = {}) => pushed(server, wechat, what, { plain: true, ...how })
    assert.equal((await verifies(server, wechat)).status, 200)
    assertTaken(await plain(tap(a.openid)))
    assert.equal(await grants(a), 1)
    for (const timestamp of [seconds() - 320, seconds() + 320, 0, '']) assertRefused(await plain(tap(a.openid), { timestamp }), `of ${timestamp}`)
    assertRefused(await plain(tap(a.openid), { withToken: 'another' }), 'another token')
    assert.ok((await pushed(server, wechat, tap(a.openid))).status < 500, 'one that it cannot read')
    assert.equal(await grants(a), 1)
    const [timestamp, nonce] = [seconds(), '4711']
    assertTaken(await plain(tap(a.openid), { timestamp, nonce }))
    assert.equal(await grants(a), 2)
    const second = await plain(tap(a.openid), { timestamp, nonce })
    assert.ok([200, 403].includes(second.status), second.text)
    assert.equal(await grants(a), 2, 'each nonce once: the body is not signed')
    assertTaken(await plain(tap(a.openid), { timestamp: seconds() - 200 }))
    assert.equal(await grants(a), 3)
  })

  it('is not there without its token', async (t) => {
    const { wechat, server } = await start(the, t, { callback: false })
    assertProblem(await verifies(server, wechat), 404)
    assertProblem(await pushed(server, wechat, tap('o-1')), 404)
    const bare = await serverFor(t, { args: keys.args })
    assertProblem(await verifies(bare, wechat), 404)
  })

  it('needs no token or key of ours, and minds none', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    const right = signed(wechat, tap(a.openid))
    assertTaken(await request(server, { method: 'POST', path: right.path, body: right.body }))
    assert.equal(await grants(a), 1)
    for (const headers of [bearer(a.token), bearer(apiKeys.all)]) assertRefused(await request(server, { method: 'POST', path: '/v1/wechat/callback', body: right.body, headers }), 'no signature')
  })

  it('tells nobody what is secret', async (t) => {
    const { wechat, server } = await start(the, t, { more: '[log]\nlevel = "debug"\n' })
    const a = await wechatUser(server, wechat, t)
    const answers = [await pushed(server, wechat, tap(a.openid)), await pushed(server, wechat, tap(a.openid), { withToken: 'another' }), await pushed(server, wechat, tap(a.openid), { forApp: 'wx1' }), await verifies(server, wechat, { withToken: 'x' })]
    assert.deepEqual(answers.map(({ status }) => status === 200), [true, false, false, false])
    const seen = [server.stderr(), server.stdout(), (await get(server, '/metrics')).text, ...answers.map((it) => it.text + JSON.stringify(it.headers))].join('\n')
    for (const secret of [wechat.callbackToken, wechat.aesKey, a.openid, wechat.secret]) assert.ok(!seen.includes(secret), secret)
  })

  it('takes another token and key after SIGHUP', async (t) => {
    const { wechat, server, settings } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    const changed = { callbackToken: 'canaryOtherToken', aesKey: `${wechat.aesKey.slice(1)}A`, appId: wechat.appId }
    assertRefused(await pushed(server, changed, tap(a.openid)), 'before')
    settings.write('token', `${changed.callbackToken}\n`)
    settings.write('aes', `${changed.aesKey}\n`)
    server.signal('SIGHUP')
    await eventually(10_000, 'the new ones to be known', async () => (await verifies(server, changed)).status === 200)
    assertTaken(await pushed(server, changed, tap(a.openid)))
    assertRefused(await pushed(server, wechat, tap(a.openid)), 'the old ones')
  })

  it('leaves the ledger alone when WeChat tells that a message was sent', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    assertTaken(await pushed(server, wechat, tap(a.openid)))
    assertTaken(await pushed(server, wechat, sent(a.openid, template)))
    assertTaken(await pushed(server, wechat, sent(a.openid, template, { array: true })))
    assert.equal(await grants(a), 1)
  })
}, { keys, concurrency: 3 })

describe('WeChat’s callback in a cluster', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  it('counts an event once, whichever nodes it comes to', { timeout: 60_000 }, async (t) => {
    const wechat = await WechatStandIn.start(t)
    const settings = new WechatSettings(t, wechat, { callback: true, subscribe })
    const cluster = await Cluster.start(2, () => ({ config: settings.toml, args: keys.args }))
    t.after(() => cluster.dispose())
    const [first, second] = cluster.nodes
    const who = await loggedIn(first, wechat)
    const sessions = await Promise.all(cluster.nodes.map((node) => enters(node, t, who)))
    const events = range(1, 4).map(() => tap(who.openid))
    const answers = await Promise.all(events.flatMap((it) => [pushed(first, wechat, it), pushed(second, wechat, it)]))
    for (const answer of answers) assertTaken(answer)
    for (const session of sessions) assert.equal(await grants(session), 4)
  })
})
