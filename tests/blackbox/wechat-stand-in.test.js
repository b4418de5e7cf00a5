// The stand-in for WeChat's server itself: that it answers and pushes as WeChat does, so that a server which passes here passes there.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import http from 'node:http'
import { describe, it } from 'node:test'
import { request } from './lib/client.js'
import { after, busy, html, inactive, raw, reset, WechatStandIn } from './lib/wechat.js'
import { faultOf, withLiteralEscapes } from './lib/wechat-api.js'
import { change, decrypt, encrypt, popup, sent, signature, signed, verdict } from './lib/wechat-push.js'
import { timed } from './lib/wait.js'

const openid = 'canary-o-1'
const template = 'tpl-1'

// A stand-in that has seen somebody, and what asks it: `say(path, body)` without a token, `ask(path, body)` with one.
async function opened(t) {
  const wechat = await WechatStandIn.start(t)
  wechat.api.sees(openid)
  wechat.api.templates.set(template, ['thing1', 'time2'])
  const target = { http, address: '127.0.0.1', port: wechat.server.address().port, tls: {} }
  const post = async (path, body) => {
    const answer = await request(target, { method: 'POST', path, body })
    assert.equal(answer.status, 200, 'every answer is 200')
    return answer
  }
  const say = async (path, body) => (await post(path, body)).json()
  const token = (more = {}) => say('/cgi-bin/stable_token', { grant_type: 'client_credential', appid: wechat.appId, secret: wechat.secret, ...more })
  const ask = async (path, body, value) => say(`${path}?access_token=${value ?? (await token()).access_token}`, body)
  const check = (content, more = {}, value) => ask('/wxa/msg_sec_check', { version: 2, scene: 4, openid, content, ...more }, value)
  const send = (data, more = {}) => ask('/cgi-bin/message/subscribe/send', { touser: openid, template_id: template, data, ...more })
  return { wechat, post, say, token, ask, check, send }
}

const good = { thing1: { value: '你好' }, time2: { value: '2026-11-30 12:00' } }
const codes = (answers) => answers.map(({ errcode = 0 }) => errcode)

describe('the stand-in for WeChat: access tokens', () => {
  it('are the same until five minutes before their end, and then two are good', async (t) => {
    const { wechat, token, check } = await opened(t)
    const first = await token()
    assert.deepEqual([first.expires_in, first.access_token.length], [7200, 512])
    wechat.api.ahead += 6_000_000
    const again = await token()
    assert.equal(again.access_token, first.access_token)
    assert.ok(Math.abs(again.expires_in - 1200) <= 1, again.expires_in)
    wechat.api.ahead += 960_000
    const second = await token()
    assert.notEqual(second.access_token, first.access_token)
    wechat.api.sees(openid)
    assert.deepEqual(codes([await check('x', {}, first.access_token), await check('x', {}, second.access_token)]), [0, 0])
    wechat.api.ahead += 300_000
    assert.deepEqual(codes([await check('x', {}, first.access_token), await check('x', {}, second.access_token)]), [42001, 0])
  })

  it('end when somebody forces a new one, which is not often', async (t) => {
    const { wechat, token, check } = await opened(t)
    const first = await token()
    const forced = await token({ force_refresh: true })
    assert.equal((await check('x', {}, first.access_token)).errcode, 40001)
    assert.equal((await check('x', {}, forced.access_token)).errcode, 0)
    assert.equal((await token({ force_refresh: true })).errcode, 45009)
    assert.equal((await token()).access_token, forced.access_token)
    for (let i = 1; i < 20; i++) {
      wechat.api.ahead += 30_001
      assert.equal((await token({ force_refresh: true })).errcode, undefined)
    }
    wechat.api.ahead += 30_001
    assert.equal((await token({ force_refresh: true })).errcode, 45009)
    assert.equal(wechat.of('stable_token').filter(({ body }) => body.force_refresh).length, 22)
  })

  it('are asked for as the documentation says', async (t) => {
    const { wechat, token, check, ask } = await opened(t)
    assert.deepEqual(codes([await token({ secret: 'other' }), await token({ appid: 'other' }), await token({ grant_type: 'other' }), await token({ force_refresh: 'no' })]), [40125, 40013, 40002, 47001])
    assert.deepEqual(codes([await check('x', {}, 'none'), await ask('/wxa/msg_sec_check', {}, '')]), [40014, 41001])
    wechat.api.revokes()
    assert.equal((await check('x')).errcode, 0)
    assert.equal(wechat.takeFaults().length, 5, 'a wrong secret is none: it may be rotated')
  })

  it('every error has a rid', async (t) => {
    const { wechat, token } = await opened(t)
    assert.match((await token({ secret: 'other' })).errmsg, / rid: \S+$/)
    wechat.answer(busy)
    for (let i = 0; i < 2; i++) assert.match((await token()).errmsg, /^system error rid: \S+$/)
  })
})

describe('the stand-in for WeChat: texts', () => {
  it('are judged by words in them, in what is beside errcode', async (t) => {
    const { wechat, check } = await opened(t)
    assert.deepEqual((await check('去赌博吧')).result, { suggest: 'risky', label: 20006 })
    assert.deepEqual((await check('借钱')).result, { suggest: 'review', label: 20008 })
    const answer = await check('你好 😀')
    assert.deepEqual([answer.errcode, answer.result], [0, { suggest: 'pass', label: 100 }])
    assert.deepEqual(wechat.texts, ['去赌博吧', '借钱', '你好 😀'])
  })

  it('with escapes are not understood, and so harmless', async (t) => {
    const { wechat, token, post } = await opened(t)
    const { access_token: value } = await token()
    const ask = async (raw2) => (await post(`/wxa/msg_sec_check?access_token=${value}`, raw2)).json().result.suggest
    const body = (content) => `{"version":2,"scene":4,"openid":"${openid}","content":"${content}"}`
    assert.equal(await ask(body('赌博')), 'risky')
    assert.equal(await ask(body('\\u8d4c\\u535a')), 'pass')
    assert.equal(await ask(body('\\u0041\\n\\"\\\\赌博')), 'risky', 'what JSON has to escape is understood')
    assert.equal(wechat.texts.at(-1), 'A\n"\\赌博')
    assert.equal(withLiteralEscapes('"\\\\u8d4c"'), '"\\\\u8d4c"', 'a backslash that is one is none')
    assert.equal(JSON.parse(withLiteralEscapes('"\\u8d4c"')), '\\u8d4c')
  })

  it('by version 1 have no result, and are a fault', async (t) => {
    const { wechat, check } = await opened(t)
    const answers = [await check('赌博', { version: undefined }), await check('x', { version: 1 })]
    assert.deepEqual([codes(answers), answers[1].result], [[87014, 0], undefined])
    assert.equal(wechat.takeFaults().length, 2)
  })

  it('are of who was there within two hours', async (t) => {
    const { wechat, check } = await opened(t)
    wechat.api.forgets(openid)
    assert.equal((await check('赌博')).errcode, 61010)
    wechat.api.sees(openid)
    assert.equal((await check('x')).errcode, 0)
    wechat.api.lifetime = 20_000
    wechat.api.ahead += 7_200_001
    assert.equal((await check('x')).errcode, 61010)
    assert.deepEqual(wechat.takeFaults(), [])
  })

  it('have a length, a scene and an openid', async (t) => {
    const { wechat, check } = await opened(t)
    assert.equal((await check('😀'.repeat(2500))).errcode, 0)
    assert.deepEqual(codes([await check('x'.repeat(2501)), await check(''), await check('x', { scene: 5 }), await check('x', { scene: undefined }), await check('x', { openid: 'o-nobody' })]),
      [45002, 44002, 40129, 40129, 40003])
    assert.equal(wechat.takeFaults().length, 5)
  })

  it('are so many in a minute of the clock', async (t) => {
    const { wechat, check } = await opened(t)
    wechat.api.quota = 3
    wechat.api.ahead += 60_000 - (wechat.api.now() % 60_000) // the next minute begins
    assert.deepEqual(codes([await check('1'), await check('2'), await check('3'), await check('4')]), [0, 0, 0, 45009])
    wechat.api.ahead += 60_000
    assert.equal((await check('5')).errcode, 0)
  })
})

describe('the stand-in for WeChat: pictures and voices', () => {
  // Who keeps a file.
  const keeper = async (t) => {
    const server = http.createServer((incoming, response) => {
      if (incoming.url === '/there?sign=1') response.writeHead(200, { 'content-type': 'image/png' }).end('the bytes')
      else response.writeHead(404).end()
    })
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve) })
    t.after(() => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve) }))
    return { http, address: '127.0.0.1', port: server.address().port, tls: {} }
  }

  it('are fetched by their URL, and answered with a trace', async (t) => {
    const { wechat, ask } = await opened(t)
    wechat.site = await keeper(t)
    const media = (url, more = {}) => ask('/wxa/media_check_async', { media_url: url, media_type: 2, version: 2, scene: 4, openid, ...more })
    const { trace_id: traceId } = await media('https://chat.example.com/there?sign=1')
    const trace = await wechat.trace((it) => it.traceId === traceId)
    assert.deepEqual([trace.bytes.toString(), trace.type, trace.failed, trace.version], ['the bytes', 'image/png', undefined, 2])
    await media('https://chat.example.com/gone')
    assert.equal((await wechat.trace((it) => it.url.endsWith('/gone'))).failed, 404)
    assert.deepEqual(codes([await media('http://chat.example.com/there'), await media('https://x/', { media_type: 3 }), await media('https://x/', { scene: 0 })]), [40097, 40129, 40129])
    assert.equal(wechat.takeFaults().length, 3)
  })

  it('have verdicts in two shapes', () => {
    const trace = { traceId: 't-1', openid, version: 2 }
    const fresh = verdict(trace, { appId: 'wx1', suggest: 'risky' })
    assert.deepEqual([fresh.Event, fresh.trace_id, fresh.version, fresh.errcode, fresh.result], ['wxa_media_check', 't-1', 2, 0, { suggest: 'risky', label: 20002 }])
    const old = verdict({ ...trace, version: undefined }, { appId: 'wx1', suggest: 'risky' })
    assert.deepEqual([old.isrisky, old.status_code, old.trace_id, old.result], [1, 0, 't-1', undefined])
    assert.equal(verdict(trace, { old: true, unfetched: true }).status_code, 4294966288)
    assert.deepEqual([verdict(trace, { unfetched: true }).errcode, verdict(trace, { unfetched: true }).result], [-1008, undefined])
  })
})

describe('the stand-in for WeChat: subscribe messages', () => {
  it('are as many as were accepted', async (t) => {
    const { wechat, send } = await opened(t)
    assert.equal((await send(good)).errcode, 43101)
    wechat.api.accepts(openid, template, 2)
    assert.deepEqual(codes([await send(good), await send(good), await send(good)]), [0, 0, 43101])
    assert.deepEqual(wechat.sent.map(({ values }) => values), [{ thing1: '你好', time2: '2026-11-30 12:00' }, { thing1: '你好', time2: '2026-11-30 12:00' }])
  })

  it('have a user, a template, a page and data that are there', async (t) => {
    const { wechat, send } = await opened(t)
    wechat.api.accepts(openid, template, 9)
    assert.deepEqual(codes([await send(good, { touser: 'o-nobody' }), await send(good, { template_id: 'none' }), await send(good, { page: '/no/page' }), await send(JSON.stringify(good)),
      await send({ thing1: good.thing1 }), await send({ ...good, thing1: { value: '' } })]), [40003, 40037, 41030, 47001, 47003, 47003])
    assert.equal((await send(good, { page: 'pages/index/index?to=1' })).errcode, 0)
    assert.equal(wechat.takeFaults().length, 6)
    assert.equal(wechat.api.grantsOf(openid, template), 8)
  })

  it('have values of their kind', () => {
    const fits = { thing1: ['字'.repeat(20), '😀'.repeat(20), 'a b, c!'], character_string2: ['x'.repeat(32)], phrase3: ['五个汉字吧'], name4: ['字'.repeat(10), 'x'.repeat(20)],
      time5: ['15:01', '2019年10月1日 15:01', '2019-10-01 15:01'], date6: ['2019年10月1日', '2019-10-01 15:01'], number7: ['12', '1.5'], letter8: ['abc'], symbol9: ['!'] }
    const not = { thing1: ['字'.repeat(21), '', '  ', 'a\nb', 5, undefined], character_string2: ['x'.repeat(33), '字'], phrase3: ['六个汉字不行', 'abc'], name4: ['字'.repeat(11), 'x'.repeat(21)],
      time5: ['2019-10-01', '25:00', '2019-10-01T15:01:00Z'], date6: ['15:01', 'today'], number7: ['x'], letter8: ['字'], other1: ['x'], thing: ['x'] }
    for (const [key, values] of Object.entries(fits)) for (const value of values) assert.equal(faultOf(key, value), undefined, `${key}: ${value}`)
    for (const [key, values] of Object.entries(not)) for (const value of values) assert.match(faultOf(key, value) ?? '', /^data\./, `${key}: ${value}`)
  })

  it('have events whose List is an object when one, and an array when several', () => {
    assert.deepEqual(popup(openid, { a: 'accept' }).List, { TemplateId: 'a', SubscribeStatusString: 'accept', PopupScene: '0' })
    assert.deepEqual(popup(openid, { a: 'accept', b: 'reject' }).List.map((it) => it.SubscribeStatusString), ['accept', 'reject'])
    assert.deepEqual(popup(openid, { a: 'accept' }, { array: true }).List.length, 1)
    assert.deepEqual(change(openid, { a: 'reject' }).List, { TemplateId: 'a', SubscribeStatusString: 'reject' })
    assert.equal(sent(openid, 'a').List.ErrorCode, '0')
    assert.equal(popup(openid, { a: 'accept' }, { createTime: '1620973045' }).CreateTime, '1620973045')
  })
})

describe('the stand-in for WeChat: what it pushes', () => {
  it('is signed: the official example', () => {
    assert.equal(signature('AAAAA', '1714036504', '1514711492'), 'f464b24fc39322e44b38aa78f5edd27bd1441696')
  })

  it('is encrypted, with padding to 32 and a key whose last character has bits too many', async (t) => {
    const wechat = await WechatStandIn.start(t)
    const { aesKey, appId } = wechat
    assert.match(aesKey, /^[A-Za-z0-9]{43}$/)
    const key = Buffer.from(`${aesKey}=`, 'base64')
    assert.equal(key.length, 32)
    assert.notEqual(key.toString('base64'), `${aesKey}=`)
    const paddings = new Set()
    for (let size = 0; size < 40; size++) {
      const words = '雁'.repeat(size)
      const sealed = encrypt(aesKey, appId, words)
      assert.deepEqual(decrypt(aesKey, sealed), { text: words, appId })
      // By another hand: what OpenSSL says without padding of its own.
      const decipher = crypto.createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false)
      const plain = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64')), decipher.final()])
      assert.equal(plain.length % 32, 0)
      assert.equal(plain.readUInt32BE(16), Buffer.byteLength(words))
      const pad = plain.at(-1)
      assert.deepEqual(plain.subarray(-pad), Buffer.alloc(pad, pad))
      paddings.add(pad)
    }
    assert.ok([...paddings].some((it) => it > 16), 'more than a block of AES')
  })

  it('is another each time, of the same content', async (t) => {
    const wechat = await WechatStandIn.start(t)
    const what = popup(openid, { a: 'accept' })
    const [one, two] = [signed(wechat, what), signed(wechat, what)]
    assert.notEqual(one.path, two.path)
    assert.notEqual(one.body, two.body)
    for (const { path, body } of [one, two]) {
      const query = new URL(path, 'http://x').searchParams
      const { Encrypt: sealed } = JSON.parse(body)
      assert.equal(query.get('msg_signature'), signature(wechat.callbackToken, query.get('timestamp'), query.get('nonce'), sealed))
      assert.equal(query.get('signature'), signature(wechat.callbackToken, query.get('timestamp'), query.get('nonce')))
      assert.deepEqual(JSON.parse(decrypt(wechat.aesKey, sealed).text), what)
    }
    assert.deepEqual(JSON.parse(signed(wechat, what, { plain: true }).body), what)
  })
})

describe('the stand-in for WeChat: when it is told to', () => {
  it('answers otherwise, late, or not at all', async (t) => {
    const { wechat, check, token, post } = await opened(t)
    const { access_token: value } = await token()
    const lift = wechat.answer(inactive, ({ body }) => body.content === 'a')
    assert.deepEqual(codes([await check('a'), await check('b')]), [61010, 0])
    lift()
    assert.equal((await check('a')).errcode, 0)
    wechat.answer(html, ({ body }) => body.content === 'h')
    const page = await post(`/wxa/msg_sec_check?access_token=${value}`, { content: 'h' })
    assert.deepEqual([page.headers['content-type'], page.text.slice(0, 6)], ['text/html', '<html>'])
    wechat.answer(reset, ({ body }) => body.content === 'r')
    await assert.rejects(() => check('r'))
    wechat.answer(after(100), ({ body }) => body.content === 'late')
    const late = await timed(() => check('late'))
    assert.ok(late.ms >= 90 && late.value.errcode === 0)
    wechat.answer(raw('{"errcode":0'), ({ body }) => body.content === 'cut')
    assert.equal((await post(`/wxa/msg_sec_check?access_token=${value}`, { content: 'cut' })).text, '{"errcode":0')
    const release = wechat.hold(({ body }) => body.content === '赌博')
    const held = check('赌博')
    assert.equal((await wechat.about('赌博')).errcode, undefined)
    release()
    assert.equal((await held).result.suggest, 'risky')
  })

  it('tells of what its client does wrong', async (t) => {
    const { wechat, post } = await opened(t)
    assert.equal((await post('/cgi-bin/stable_token', 'no JSON')).json().errcode, 47001)
    await assert.rejects(() => wechat.stop(), /at WeChat: 47001/)
  })
})
