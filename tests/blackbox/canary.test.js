// S29, S30: secrets, tokens and what people say are planted wherever a client, a back end or an operator can put them, and
// found in no log (at its most talkative), metric or error.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, it } from 'node:test'
import { connect as connectClassic, get, push, request } from './lib/client.js'
import { fetchBytes, link, upload, uploaded, words } from './lib/files.js'
import { onEachStore } from './lib/each-store.js'
import { apiKeys, bearer, KeyFiles, secret, tokenOf } from './lib/keys.js'
import { frame, opcodes, RawConnection, requestText, upgradeText } from './lib/raw.js'
import { connectV1, newId, subprotocol, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'
import { WechatStandIn } from './lib/wechat.js'

const keys = new KeyFiles()
const wechat = await WechatStandIn.start()
keys.write('wechat', `${wechat.secret}\n`)
after(async () => {
  try { await wechat.stop() } finally { keys.dispose() }
})
const config = `[log]\nlevel = "debug"\n[wechat]\napp_id = "${wechat.appId}"\nsecret_file = "${keys.path('wechat')}"\nbase_url = "${wechat.url}"\n[files]\nstore = "dir:files"\n`

// Its second half is the same everywhere, and nothing else has it.
const mark = 'kanarie7e21'
const canary = (what) => `${what}-${mark}`
const say = (content, more) => ({ clientMsgId: canary(uniqueId()), kind: 'text', content, ...more })

onEachStore('S29, S30', (the) => {
  it('what was planted stays where it was put', async (t) => {
    const { server } = the
    const errors = []
    const refused = async (promise) => {
      const answer = await promise
      assert.ok(answer.status >= 400, `${answer.status}: ${answer.text}`)
      errors.push(answer.text, JSON.stringify(answer.headers))
    }
    const failed = (promise) => promise.then((result) => assert.fail(`it was done: ${JSON.stringify(result)}`), (error) => errors.push(error.text ?? error.message))
    const [a, b] = [newId(), newId()]
    const token = tokenOf(a, { note: canary('claim') })
    const mine = bearer(token)
    const all = bearer(apiKeys.all)
    const strange = { 'user-agent': canary('agent'), cookie: canary('cookie'), referer: canary('referer'), 'x-canary': canary('header') }

    // The classic contract.
    const chat = { userId: a, targetUserId: b, content: canary('content'), userName: canary('name'), targetUserName: canary('other'), clientMsgId: canary('id') }
    assert.equal((await push(server, chat, { headers: { ...mine, ...strange } })).status, 200)
    await refused(push(server, { ...chat, content: canary('another') }, { headers: mine })) // a conflict
    await refused(push(server, { ...chat, userId: b }, { headers: mine }))
    await refused(push(server, { ...chat, content: canary('x').repeat(5_000) }, { headers: mine }))
    await refused(push(server, `{"content":"${canary('broken')}`, { headers: mine }))
    await refused(get(server, `/getMessage?userId=${a}&limit=${canary('limit')}`, { headers: mine }))
    await refused(get(server, `/getMessage?userId=${a}&token=${canary('token')}`))
    const classic = await connectClassic(server, a, { t, path: `/imserver/${a}?token=${token}` })
    classic.socket.send(canary('ignored'))
    classic.socket.close(1000, canary('reason'))
    await classic.closing()

    // v1.
    const [alice, bob] = [await connectV1(server, a, { t, path: '/v1/connect', headers: { ...mine, ...strange } }),
      await connectV1(server, b, { t, path: '/v1/connect', headers: bearer(tokenOf(b)) })]
    await alice.call('message.send', { to: user(b), ...say(canary('text'), { ext: { note: canary('ext') } }) })
    const { fileId } = await uploaded(server, { token }, words(canary('bytes')), { name: canary('file'), parts: [['seconds', '1'], ['more', canary('part')]] })
    await alice.call('message.send', { to: user(b), ...say({ fileId }, { kind: 'file' }) })
    assert.match((await fetchBytes(server, (await link(server, { token }, fileId)).url)).text, /bytes-/)
    await failed(alice.call('message.send', { to: user(b), ...say({ fileId: canary('file') }, { kind: 'file' }) }))
    await refused(fetchBytes(server, `/v1/files/${fileId}?user=${a}&expires=1&signature=${canary('signature')}`))
    await refused(upload(server, { token }, '', { name: canary('empty') }))
    const { group } = await alice.call('group.create', { name: canary('group'), members: [b] })
    await alice.call('user.update', { name: canary('nick'), avatar: canary('avatar') })
    await alice.call('message.search', { query: canary('query') })
    await bob.message(({ content }) => content === canary('text'))
    await failed(alice.call('message.send', { to: { groupId: canary('no-group') }, ...say(canary('lost')) }))
    await failed(alice.call('message.send', { to: user(b), ...say({ note: canary('not-a-text') }) }))
    await failed(alice.call('conversation.list', { cursor: canary('cursor') }))
    await failed(alice.call('session.refresh', { token: `${token}x` }))
    alice.socket.send(`{"broken": "${canary('json')}`)
    await alice.call('ping')
    const raw = await RawConnection.open(server, t)
    raw.write(upgradeText('/v1/connect', { 'Sec-WebSocket-Protocol': `${subprotocol}, bearer.${tokenOf(b)}` }))
    assert.equal((await raw.response()).status, 101)
    raw.write(frame(opcodes.text, Buffer.concat([Buffer.from(canary('utf8')), Buffer.from([0xff])])))
    await raw.closing()

    // HTTP that is none, and routes of the back end.
    for (const text of [`${canary('no')} http\r\n\r\n`, requestText('GET', '/healthz', { Bad: `${canary('fold')}\r\n x` }), requestText('GET', '/healthz', { 'Content-Length': canary('length') })]) {
      const broken = await RawConnection.open(server, t)
      errors.push((await broken.write(text).response()).text)
    }
    await refused(request(server, { method: 'POST', path: '/v1/tokens', headers: mine, body: { userId: canary('user') } }))
    await refused(request(server, { method: 'POST', path: '/v1/tokens', headers: all, body: { userId: a, device: `${canary('device')} !` } }))
    await refused(get(server, '/v1/online?userIds=1', { headers: bearer(canary('key')) }))
    await refused(request(server, { method: 'POST', path: '/v1/messages', headers: all, body: { from: a, to: { groupId: 'none' }, ...say(canary('http')) } }))
    await refused(request(server, { method: 'PATCH', path: `/v1/groups/${group.groupId}`, headers: mine, body: { name: canary('x').repeat(20) } }))
    assert.equal((await request(server, { method: 'PUT', path: `/v1/users/${a}`, headers: all, body: { name: canary('profile') } })).status, 200)

    // WeChat, and files that cannot be read as what they should be.
    const loggedIn = await request(server, { method: 'POST', path: '/v1/login/wechat', body: { code: wechat.code(canary('openid')) } })
    assert.equal(loggedIn.status, 200)
    for (const code of [canary('bad'), `broken-${mark}`, `failing-${mark}`]) await refused(request(server, { method: 'POST', path: '/v1/login/wechat', body: { code } }))
    for (const [file, text] of [['secret', canary('short')], ['jwks', `{"keys":[{"kid":"${canary('kid')}","k":"${canary('k')}"}]}`], ['api', `${canary('name')} ${canary('scope')} ${canary('key')}\n`], ['wechat', `${canary('two')} ${canary('words')}\n`]]) {
      const good = fs.readFileSync(keys.path(file), 'utf8')
      const before = server.stderr().split('event=keys_not_read').length
      keys.write(file, text)
      server.signal('SIGHUP')
      await eventually(5_000, 'the log', () => server.stderr().split('event=keys_not_read').length > before)
      keys.write(file, good)
    }

    const metrics = await get(server, '/metrics')
    assert.equal(metrics.status, 200)
    await server.stop()
    const places = { log: server.stderr(), 'standard output': server.stdout(), metrics: metrics.text, errors: errors.join('\n') }
    assert.ok(errors.length > 30, `${errors.length} errors were looked at`)
    assert.match(places.log, /event=database_up/)
    const planted = [mark, secret, wechat.secret, 'canary-session-key', 'canary-unionid', 'canary-rid', token, token.split('.')[2], loggedIn.json().token, ...Object.values(apiKeys)]
    for (const [place, text] of Object.entries(places)) {
      for (const it of planted) {
        const at = text.indexOf(it)
        assert.equal(at, -1, `${place}: …${text.slice(Math.max(0, at - 100), at + 60)}…`)
      }
    }
  })
}, { concurrency: 1, args: keys.args, config })
