// WeChat's check of what users write, before it is stored or after it was delivered, and the operator's own words.
// Pictures and voices: wechat-media.test.js.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, describe, it } from 'node:test'
import { connect, contents, get, history, push, pushed, request } from './lib/client.js'
import { Cluster } from './lib/cluster.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { assertDenied, denied } from './lib/refused.js'
import { again, runToEnd, serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { assertGone, begun, end, ended, entryOf, ok, one, post, wrote } from './lib/streams.js'
import { groupOf, newId, pipeline, range, seqs, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'
import { Receiver } from './lib/webhook-receiver.js'
import { Hook, withEachStore } from './lib/webhooks.js'
import { badToken, busy, hang, html, inactive, overQuota, raw, reset, WechatStandIn } from './lib/wechat.js'
import { failure } from './lib/wechat-api.js'
import { becomes, checkOf, enters, loggedIn, moderation, otherUser, takenBack, text, verdictOf, WechatSettings, wechatUser, wechatUsers, withWechat } from './lib/wechat-setup.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const slow = !process.env.HONGYAN_TEST_SLOW && 'SLOW: waits for the next minute' // of CI; scripts/test slow has them

const bad = '一起去赌博吧'
const doubtful = '能不能借钱'
const key = (name = 'push') => bearer(apiKeys[name])
const own = ({ token }) => bearer(token)
const json = { 'content-type': 'application/json' }
const say = (session, to, content, more) => session.call('message.send', text(to, content, more))
const isCheck = ({ api }) => api === 'msg_sec_check'
const asksAbout = (content) => (call) => isCheck(call) && call.body.content === content
const start = (the, t, moderationOf = { text: 'before' }, more = {}) => withWechat(the, t, { keys, moderation: moderationOf, ...more })

// Nothing more was asked than these texts.
const assertTexts = (wechat, texts) => assert.deepEqual(wechat.texts, texts)

// What a WeChat that does not help answers.
const troubles = {
  nothing: hang, 'a page': html, 'that it is busy': busy, 'that the quota is used up': overQuota, 'that the user was not there lately': inactive, 'half a connection': reset,
  'half an answer': raw('{"errcode":0,"errmsg":"ok","result":{"suggest":"pass"'), 'no result': raw('{"errcode":0,"errmsg":"ok"}'), 'a list': raw('[]'),
  'a word of its own': raw('{"errcode":0,"errmsg":"ok","result":{"suggest":"maybe","label":100}}'), 'an error of HTTP': raw('no', 502),
}

withEachStore('WeChat is asked about texts before they are stored', (the) => {
  it('as its documentation says, in UTF-8 as it stands, and the verdict is kept', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    const content = '你好 😀 "\\\n\u0001 <b>é</b>'
    const message = await a.say(peer, content, { ext: { n: 1 } })
    assert.deepEqual([message.content, message.ext], [content, { n: 1 }])
    const [call] = wechat.of('msg_sec_check')
    assert.deepEqual([call.body.version, call.body.openid, call.body.content, call.errcode], [2, a.openid, content, 0])
    assert.ok([1, 2, 3, 4].includes(call.body.scene))
    assert.ok(call.raw.includes('你好 😀') && call.raw.includes('é'), call.raw)
    assert.match(call.headers['content-type'] ?? '', /^application\/json\b/)
    assert.deepEqual(await verdictOf(server, message), ['pass', 'wechat', 100])
    const [token] = wechat.of('stable_token')
    assert.deepEqual({ force_refresh: false, ...token.body }, { force_refresh: false, grant_type: 'client_credential', appid: wechat.appId, secret: wechat.secret })
  })

  it('of all that a user writes, whichever way', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    await a.say(peer, 'direct')
    await a.say(user(a.userId), 'a note')
    const { place } = await groupOf([a, b], { name: 'geese' })
    await a.say(place, 'to all')
    await pushed(server, { userId: a.userId, targetUserId: b.userId, content: 'pushed' }, { headers: { ...json, ...own(a) } })
    ok(await post(server, '/v1/messages', { from: a.userId, ...text(peer, 'over HTTP') }, own(a)))
    await a.call('message.edit', { in: peer, seq: 1, content: 'edited' })
    await a.call('user.update', { name: '雁' })
    await a.call('group.update', { groupId: place.groupId, name: 'other geese' })
    const answer = await request(server, { method: 'PATCH', path: `/v1/groups/${place.groupId}`, body: { name: 'by HTTP' }, headers: { ...json, ...own(a) } })
    assert.equal(answer.status, 200, answer.text)
    const { streamId } = await begun(server, a.userId, peer, {}, own(a))
    await wrote(server, streamId, 0, '大雁', own(a))
    await wrote(server, streamId, 2, '南飞', own(a))
    await ended(server, streamId, {}, own(a))
    assertTexts(wechat, ['direct', 'a note', 'geese', 'to all', 'pushed', 'over HTTP', 'edited', '雁', 'other geese', 'by HTTP', '大雁南飞'])
    assert.ok(wechat.of('msg_sec_check').every(({ openid }) => openid === a.openid))
  })

  it('and what is risky was never written, and nobody saw it', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const classic = await connect(server, b.userId, { t, path: `/imserver/${b.userId}`, headers: own(b) })
    const peer = user(b.userId)
    await a.say(peer, 'first')
    const { place } = await groupOf([a, b], { name: 'geese' })
    const before = await b.call('sync', {})
    const params = text(peer, bad)
    const { reason } = await denied(a, 'message.send', params)
    assert.ok(typeof reason === 'string' && reason.length > 0)
    for (const [method, it] of [['message.send', text(place, bad)], ['message.edit', { in: peer, seq: 1, content: bad }], ['user.update', { name: bad }],
      ['group.create', { name: bad, members: [b.userId] }], ['group.update', { groupId: place.groupId, name: bad, muted: true }]]) assert.deepEqual(await denied(a, method, it), { reason })
    assertDenied(await push(server, { userId: a.userId, targetUserId: b.userId, content: bad }, { headers: { ...json, ...own(a) } }), reason)
    assertDenied(await post(server, '/v1/messages', { from: a.userId, ...text(peer, bad) }, own(a)), reason)
    assert.deepEqual(await b.call('sync', {}), before)
    assert.deepEqual((await a.call('group.list')).groups.map(({ name, muted }) => [name, muted]), [['geese', false]])
    wechat.api.words.risky = []
    assert.deepEqual((await a.call('message.send', params)).duplicate, false, 'what was refused is forgotten')
    assert.deepEqual(contents((await classic.until((chats) => chats.length === 2)).at(-1)), ['first', bad])
  })

  it('and a stream that is risky at its end is taken back', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const { message, streamId } = await begun(server, a.userId, user(b.userId), {}, own(a))
    await wrote(server, streamId, 0, '去赌', own(a))
    await wrote(server, streamId, 2, '博吧', own(a))
    assertDenied(await end(server, streamId, {}, own(a)))
    assertTexts(wechat, ['去赌博吧'])
    assert.deepEqual((await entryOf(b, 'recall')).content, { seq: message.seq, by: null })
    assert.equal((await one(b, user(a.userId), message.seq)).recalled, true)
    await assertGone(server, streamId, own(a))
  })

  it('of nobody whom WeChat does not know, and of nothing that a back end writes', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    const other = await otherUser(server, t)
    const messages = [await other.say(user(a.userId), bad)]
    await other.call('user.update', { name: bad })
    messages.push(ok(await post(server, '/v1/messages', { from: a.userId, ...text(user(other.userId), bad) }, key())).message)
    await pushed(server, { userId: a.userId, targetUserId: other.userId, content: bad }, { headers: { ...json, ...key() } })
    const renamed = await request(server, { method: 'PUT', path: `/v1/users/${a.userId}`, body: { name: bad }, headers: { ...json, ...key('admin') } })
    assert.equal(renamed.status, 200, renamed.text)
    await a.call('message.react', { in: user(other.userId), seq: 1, emoji: '👍', on: true })
    await a.call('message.recall', { in: user(other.userId), seq: messages[1].seq })
    await a.call('message.search', { query: '赌博' })
    if (the.kind === 'postgres') {
      await the.sendBySql(server, a.userId, other.userId, bad)
      messages.push(await other.message(({ content, clientMsgId }) => content === bad && clientMsgId !== messages[1].clientMsgId))
    }
    await a.say(user(other.userId), 'x')
    assertTexts(wechat, ['x'])
    for (const message of messages) assertProblem(await moderation(server, message), 404)
  })

  it('in pieces when they are long, and a word on a cut is found', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    const filled = (at, word) => `${'字'.repeat(at)}${word}${'字'.repeat(4096 - at - word.length)}`
    assert.equal((await a.say(peer, filled(0, ''))).content.length, 4096)
    assert.ok(wechat.texts.length >= 2)
    assert.ok(wechat.texts.reduce((sum, it) => sum + it.length, 0) >= 4096)
    for (const at of [0, 1, 1595, 1596, 1597, 2047, 2498, 2499, 2500, 2501, 3000, 4094]) await denied(a, 'message.send', text(peer, filled(at, '赌博')))
    // Whatever the pieces are, a word of two characters is whole in one of them.
    wechat.api.words.risky = ['赌博']
    for (const count of [2499, 2500, 2501]) {
      const said = `${'😀'.repeat(count - 1)}.`
      const asked = wechat.texts.length
      const message = await a.say(peer, said)
      assert.equal(message.content, said)
      assert.equal(wechat.texts.length - asked > 1, count > 2500, `${count} characters in ${wechat.texts.length - asked} pieces`)
    }
    assert.ok(wechat.texts.every((it) => [...it].length <= 2500))
    assert.ok(wechat.texts.every((it) => it.isWellFormed?.() ?? true), 'no character is cut in two')
    await denied(a, 'message.send', text(peer, `${'😀'.repeat(2499)}赌博${'😀'.repeat(50)}`))
  })

  it('and what needs a review passes, unless that counts as risky', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    assert.deepEqual(await verdictOf(server, await a.say(user(b.userId), doubtful)), ['review', 'wechat', 20008])
    const strict = await start(the, t, { text: 'before', review: 'risky' })
    const [c, d] = await wechatUsers(strict.server, strict.wechat, t, 2)
    await denied(c, 'message.send', text(user(d.userId), doubtful))
    await c.say(user(d.userId), 'x')
  })

  it('once: a repeat asks nobody', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const params = text(user(b.userId), 'once')
    const { message } = await a.call('message.send', params)
    assert.deepEqual(await a.call('message.send', params), { message, duplicate: true })
    assert.deepEqual(ok(await post(server, '/v1/messages', { from: a.userId, ...params }, own(a))), { message, duplicate: true })
    await a.fails(-32009, 'message.send', { ...params, content: 'other' })
    await server.kill9()
    const next = await again(t, server)
    assert.deepEqual(await (await enters(next, t, a)).call('message.send', params), { message, duplicate: true })
    assertTexts(wechat, ['once'])
  })

  it('of the same at once, one is asked about and stored', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const second = await enters(server, t, a)
    const params = text(user(b.userId), 'once')
    const answers = await Promise.all([a, second, a].map((session) => session.call('message.send', params)))
    assert.deepEqual(answers.map(({ duplicate }) => duplicate).sort(), [false, true, true])
    for (const { message } of answers) assert.deepEqual(message, answers[0].message)
    assertTexts(wechat, ['once'])
  })

  it('in the order sent, and one who waits holds up no other conversation', async (t) => {
    // Should this machine be so slow that WeChat's answer comes too late, the message goes on all the same.
    const { wechat, server } = await start(the, t, { text: 'before', on_failure: 'allow' })
    const [a, b, c] = await wechatUsers(server, wechat, t, 3)
    const { place } = await groupOf([a, b, c])
    await a.say(user(b.userId), 'before') // so that there is a token
    const release = wechat.hold(asksAbout('held'))
    const held = say(a, user(b.userId), 'held')
    const behind = range(1, 5).map((i) => say(a, user(b.userId), `behind ${i}`))
    await wechat.about('held')
    const others = await Promise.all([a.say(user(c.userId), 'x'), a.say(place, 'x'), b.say(user(a.userId), 'x'), c.say(user(b.userId), 'x')])
    assert.equal(wechat.texts.filter((it) => it.startsWith('behind')).length, 0, 'of a line one is asked about at a time')
    release()
    const line = (await Promise.all([held, ...behind])).map(({ message }) => message)
    assert.deepEqual(seqs(line), [...seqs(line)].sort((x, y) => x - y))
    assert.deepEqual(line.map(({ content }) => content), ['held', ...range(1, 5).map((i) => `behind ${i}`)])
    for (const { id } of others) assert.ok(id < line[0].id, 'others were stored while it was held')
    assert.deepEqual((await b.messages(line[0].conversationId, 8)).filter(({ from, content }) => from === a.userId && content !== 'before').map(({ content }) => content), line.map(({ content }) => content))
  })

  it('in the order sent also when answers come at any time', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const slowly = () => new Promise((resolve) => { setTimeout(resolve, Math.random() * 20) })
    wechat.answer(slowly, isCheck)
    const list = range(1, 30).map((i) => text(user(b.userId), i % 5 === 0 ? `${bad} ${i}` : `n${i}`))
    const outcomes = await Promise.all(list.map((it) => a.call('message.send', it).then(({ message }) => message.seq, ({ code }) => code)))
    assert.deepEqual(outcomes, range(1, 30).map((i) => (i % 5 === 0 ? -32022 : i - Math.floor(i / 5))))
    assert.deepEqual((await b.all(user(a.userId))).map(({ content }) => content), list.map(({ content }) => content).filter((it) => it.startsWith('n')))
  })

  for (const onFailure of ['deny', 'allow']) {
    it(`and when WeChat does not help: ${onFailure}`, { timeout: 150_000 }, async (t) => {
      const { wechat, server } = await start(the, t, { text: 'before', ...(onFailure === 'deny' ? {} : { on_failure: 'allow' }) }) // deny is what is there by itself
      const [a, b] = await wechatUsers(server, wechat, t, 2)
      const peer = user(b.userId)
      await a.say(peer, 'before')
      for (const [what, how] of Object.entries(troubles)) {
        const lift = wechat.answer(how, isCheck)
        if (onFailure === 'deny') await denied(a, 'message.send', text(peer, what))
        else assert.equal((await checkOf(server, await a.say(peer, what))).verdict, 'failed', what)
        lift()
      }
      assert.deepEqual((await b.all(user(a.userId))).map(({ content }) => content), ['before', ...(onFailure === 'deny' ? [] : Object.keys(troubles))])
      // When the quota is used up, a server may well wait for the clock's next minute.
      await eventually(75_000, 'WeChat to be asked again', async () => {
        const message = await a.say(peer, 'afterwards').catch(({ code }) => assert.equal(code, -32022))
        return message && (await checkOf(server, message)).verdict === 'pass'
      }, 250)
      await denied(a, 'message.send', text(peer, bad))
    })
  }

  it('and 87014, the answer of its older check, lets nothing pass', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    wechat.answer(failure(87014, 'risky content'), isCheck)
    await denied(a, 'message.send', text(user(b.userId), 'x'))
    assert.deepEqual(await b.all(user(a.userId)), [])
  })
}, { keys, concurrency: 3 })

withEachStore('access tokens of WeChat', (the) => {
  it('are asked for once, never by force, and anew when one is no longer good', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    for (const i of range(1, 20)) await a.say(peer, `n${i}`)
    assert.equal(wechat.of('stable_token').length, 1)
    const ends = {
      40001: () => wechat.api.revokes(),
      42001: () => {
        wechat.api.ahead += 7_200_000
        wechat.api.sees(a.openid)
      },
      40014: () => { wechat.api.tokens = [] },
    }
    for (const [i, [code, how]] of Object.entries(ends).entries()) {
      how()
      assert.deepEqual(await verdictOf(server, await a.say(peer, `after ${code}`)), ['pass', 'wechat', 100])
      const answers = wechat.of('msg_sec_check').filter(({ body }) => body.content === `after ${code}`).map(({ errcode }) => String(errcode))
      assert.deepEqual(answers, [code, '0'], `once more after ${code}`)
      assert.equal(wechat.of('stable_token').length, i + 2)
    }
    assert.ok(wechat.of('stable_token').every(({ body }) => !body.force_refresh))
    assert.equal(wechat.takeFaults().length, 1, 'the token that was unknown')
  })

  it('that are never good are not asked for without end', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    await a.say(user(b.userId), 'before')
    const lift = wechat.answer(badToken, isCheck)
    await denied(a, 'message.send', text(user(b.userId), 'x'))
    assert.ok(wechat.of('msg_sec_check').length <= 4, `${wechat.of('msg_sec_check').length} checks`)
    assert.ok(wechat.of('stable_token').length <= 4, `${wechat.of('stable_token').length} tokens`)
    lift()
    await eventually(20_000, 'it to go on', async () => {
      const said = await a.say(user(b.userId), 'y').catch(({ code }) => assert.equal(code, -32022))
      return said
    }, 250)
    assert.ok(wechat.of('stable_token').every(({ body }) => !body.force_refresh))
  })

  it('that cannot be had fail the check, until the secret is right', async (t) => {
    const { wechat, server, settings } = await start(the, t, { text: 'before', on_failure: 'allow' })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    wechat.secret = 'canary-another-secret-0123456789'
    wechat.api.secret = wechat.secret
    assert.equal((await checkOf(server, await a.say(user(b.userId), 'x'))).verdict, 'failed')
    assertTexts(wechat, [])
    settings.write('secret', `${wechat.secret}\n`)
    server.signal('SIGHUP')
    await eventually(30_000, 'a check', async () => (await checkOf(server, await a.say(user(b.userId), 'y'))).verdict === 'pass', 250)
  })

  it('are in no log, metric or error, and neither are openids and contents', async (t) => {
    const { wechat, server } = await start(the, t, { text: 'before' }, { more: '[log]\nlevel = "debug"\n' })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const message = await a.say(user(b.userId), 'canary-content 你好')
    const refusals = [await denied(a, 'message.send', text(user(b.userId), `canary-content ${bad}`))]
    for (const how of Object.values(troubles).slice(1)) {
      const lift = wechat.answer(how, isCheck)
      refusals.push(await denied(a, 'message.send', text(user(b.userId), 'canary-content')))
      lift()
    }
    const seen = [server.stderr(), server.stdout(), (await get(server, '/metrics')).text, (await moderation(server, message)).text, JSON.stringify(refusals)].join('\n')
    for (const it of [a.openid, wechat.secret, wechat.api.tokens[0].value.slice(0, 60), 'canary-content', '赌博', '60f96f1d-canary']) assert.ok(!seen.includes(it), it)
  })
}, { keys, concurrency: 3 })

withEachStore('texts are checked after they were delivered', (the) => {
  const after_ = { text: 'after' }

  it('and what is risky is taken back by the server', async (t) => {
    const receiver = await Receiver.open(t)
    const { wechat, server } = await start(the, t, after_, { more: new Hook(t, receiver).toml })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    const release = wechat.hold(asksAbout(bad))
    const message = await a.say(peer, bad)
    assert.deepEqual(await b.message(({ seq }) => seq === message.seq), message, 'it is delivered first')
    await wechat.about(bad)
    const waiting = await checkOf(server, message)
    assert.deepEqual([waiting.verdict, waiting.label], ['waiting', null])
    release()
    await takenBack(a, message)
    const entry = await takenBack(b, message)
    assert.deepEqual(await verdictOf(server, message), ['risky', 'wechat', 20006])
    for (const session of [a, b]) {
      const { content, recalled } = await one(session, user((session === a ? b : a).userId), message.seq)
      assert.deepEqual([content, recalled], [null, true])
    }
    assert.deepEqual((await a.call('message.search', { query: '赌博' })).messages, [])
    assert.deepEqual(await history(server, { userId: b.userId, token: b.token }), [])
    const { data } = await receiver.event(({ type }) => type === 'message.recalled')
    assert.deepEqual([data.message.id, data.message.content, data.by], [message.id, null, null])
    assert.equal((await a.say(peer, 'and then')).seq, entry.seq + 1)
  })

  it('in groups, edits and streams too; and what is good stays', async (t) => {
    const { wechat, server } = await start(the, t, after_)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const { place } = await groupOf([a, b])
    const good = await a.say(place, 'good')
    const risky = await a.say(place, bad)
    await takenBack(b, risky)
    const mended = await a.say(place, 'to be edited')
    await becomes(server, mended, 'pass')
    await a.call('message.edit', { in: place, seq: mended.seq, content: bad })
    await takenBack(b, mended)
    assert.equal((await checkOf(server, mended)).verdict, 'risky')
    const { message, streamId } = await begun(server, a.userId, user(b.userId), {}, own(a))
    await wrote(server, streamId, 0, bad, own(a))
    await ended(server, streamId, {}, own(a))
    await takenBack(b, message)
    await pushed(server, { userId: a.userId, targetUserId: b.userId, content: bad }, { headers: { ...json, ...own(a) } })
    const direct = await eventually(15_000, 'the pushed one to be taken back', async () => {
      const all = await b.all(user(a.userId))
      return all.filter(({ kind }) => kind === 'recall').length === 2 && all
    })
    assert.deepEqual(direct.filter(({ kind }) => kind === 'text').map(({ recalled }) => recalled), [true, true])
    assert.deepEqual((await becomes(server, good, 'pass')).label, 100)
    assert.deepEqual((await b.all(place)).filter(({ kind }) => kind === 'text').map(({ content }) => content), ['good', null, null])
  })

  it('and a slow verdict holds up nothing at all', async (t) => {
    const { wechat, server } = await start(the, t, after_)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    wechat.answer(hang, isCheck)
    const sent = await pipeline(a, 'message.send', range(1, 40).map((i) => text(user(b.userId), `n${i}`)))
    assert.deepEqual(sent.map(({ message }) => message.seq), range(1, 40))
    assert.deepEqual((await b.messages(sent[0].message.conversationId, 40)).map(({ content }) => content), range(1, 40).map((i) => `n${i}`))
  })

  it('once of each, and not of what its sender took back meanwhile', async (t) => {
    const { wechat, server } = await start(the, t, after_)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    const release = wechat.hold(asksAbout(bad))
    const params = text(peer, bad)
    const { message } = await a.call('message.send', params)
    assert.equal((await a.call('message.send', params)).duplicate, true)
    await wechat.about(bad)
    await a.call('message.recall', { in: peer, seq: message.seq })
    release()
    await eventually(15_000, 'the verdict', async () => {
      const answer = await moderation(server, message)
      return answer.status === 404 || answer.json().verdict !== 'waiting'
    })
    const next = await a.say(peer, `${bad} 2`)
    await takenBack(b, next)
    const log = await b.all(user(a.userId))
    assert.deepEqual(log.filter(({ kind }) => kind === 'recall').map(({ content }) => content), [{ seq: message.seq }, { seq: next.seq, by: null }])
    assert.equal(wechat.texts.filter((it) => it === bad).length, 1)
  })

  it('also when the server was killed between a send and its verdict', { timeout: 60_000 }, async (t) => {
    const { wechat, server } = await start(the, t, after_)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    const lift = wechat.answer(hang, isCheck)
    const contentsOf = range(1, 12).map((i) => (i % 3 === 0 ? `${bad} ${i}` : `n${i}`))
    const messages = (await pipeline(a, 'message.send', contentsOf.map((it) => text(peer, it)))).map(({ message }) => message)
    await wechat.call(isCheck)
    await server.kill9()
    lift()
    const next = await again(t, server)
    const reader = await enters(next, t, b)
    for (const [i, message] of messages.entries()) await becomes(next, message, i % 3 === 2 ? 'risky' : 'pass', 30_000)
    const log = await eventually(15_000, 'all of them to be taken back', async () => {
      const all = await reader.all(user(a.userId))
      return all.filter(({ kind }) => kind === 'recall').length === 4 && all
    })
    assert.deepEqual(log.filter(({ kind }) => kind === 'recall').map(({ content }) => content.seq).sort((x, y) => x - y), [3, 6, 9, 12])
    assert.ok(log.filter(({ kind }) => kind === 'recall').every(({ content }) => content.by === null))
  })

  it('and without an answer: allow leaves it, deny takes it back', { timeout: 150_000, skip: slow }, async (t) => {
    const outcome = async (onFailure) => {
      const { wechat, server } = await start(the, t, { text: 'after', on_failure: onFailure })
      const [a, b] = await wechatUsers(server, wechat, t, 2)
      wechat.answer(html, isCheck)
      const message = await a.say(user(b.userId), 'x')
      await becomes(server, message, 'failed', 120_000)
      return one(await enters(server, t, b), user(a.userId), message.seq) // b's first session has fallen silent
    }
    const [left, taken] = await Promise.all([outcome('allow'), outcome('deny')])
    assert.deepEqual([left.content, left.recalled, taken.content, taken.recalled], ['x', false, null, true])
  })
}, { keys, concurrency: 3 })

withEachStore('words of the operator’s own', (the) => {
  const words = ['# gambling', '', 'Casino', '彩票', '  spaced out  ', '#no word']

  it('are looked for without WeChat, wherever they are in a text and in either case', async (t) => {
    const { server } = await start(the, t, { text: 'before', words }, { login: false })
    const [a, b] = await Promise.all([otherUser(server, t), otherUser(server, t)])
    const peer = user(b.userId)
    for (const content of ['casino', 'CASINO', 'a cAsInOs', '买彩票吧', 'it is spaced out there']) await denied(a, 'message.send', text(peer, content))
    for (const [method, params] of [['user.update', { name: 'Mr Casino' }], ['group.create', { name: 'casino', members: [] }]]) await denied(a, method, params)
    for (const said of [{ content: '彩票' }, { content: 'fine', userName: 'Mr Casino' }, { content: 'fine', targetUserName: '彩票王' }]) {
      assertDenied(await push(server, { userId: a.userId, targetUserId: b.userId, ...said }, { headers: { ...json, ...own(a) } }))
    }
    for (const content of ['casin', '彩 票', 'ｃａｓｉｎｏ', '# gambling', '#no word', 'spaced  out']) assert.deepEqual(await verdictOf(server, await a.say(peer, content)), ['pass', 'words', null], content)
    const byKey = ok(await post(server, '/v1/messages', { from: a.userId, ...text(peer, 'casino') }, key())).message
    assertProblem(await moderation(server, byKey), 404)
    await a.call('message.edit', { in: peer, seq: 1, content: 'mended' })
    await denied(a, 'message.edit', { in: peer, seq: 1, content: 'casino' })
  })

  it('need no question to WeChat, who is asked about the rest', async (t) => {
    const { wechat, server } = await start(the, t, { text: 'before', words })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const { reason } = await denied(a, 'message.send', text(user(b.userId), 'casino'))
    assert.ok(typeof reason === 'string' && reason.length > 0)
    assertTexts(wechat, [])
    await denied(a, 'message.send', text(user(b.userId), bad))
    assert.deepEqual(await verdictOf(server, await a.say(user(b.userId), 'x')), ['pass', 'wechat', 100])
    const other = await otherUser(server, t)
    assert.deepEqual(await verdictOf(server, await other.say(user(b.userId), bad)), ['pass', 'words', null])
    await denied(other, 'message.send', text(user(b.userId), 'casino'))
    assertTexts(wechat, [bad, 'x'])
  })

  it('take back what was delivered', async (t) => {
    const { server } = await start(the, t, { text: 'after', words }, { login: false })
    const [a, b] = await Promise.all([otherUser(server, t), otherUser(server, t)])
    const message = await a.say(user(b.userId), 'to the Casino')
    await takenBack(b, message)
    assert.deepEqual(await verdictOf(server, message), ['risky', 'words', null])
    await pushed(server, { userId: a.userId, targetUserId: b.userId, content: 'fine', userName: 'Mr Casino' }, { headers: { ...json, ...own(a) } })
    await eventually(10_000, 'what a bad name stands beside to be taken back', async () => (await b.all(user(a.userId))).filter(({ kind }) => kind === 'recall').length === 2)
    assert.deepEqual((await becomes(server, await a.say(user(b.userId), 'home'), 'pass')).by, 'words')
  })
}, { keys, concurrency: 3 })

withEachStore('GET /v1/messages/{id}/moderation', (the) => {
  it('is for keys with the scope admin, and of messages that were checked', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const began = Date.now()
    const message = await a.say(user(b.userId), 'x')
    const check = await checkOf(server, message)
    assert.ok(Date.parse(check.at) >= began - 1_000 && Date.parse(check.at) <= Date.now() + 1_000, check.at)
    assert.equal((await moderation(server, message, 'all')).status, 200)
    for (const [by, status] of [...['push', 'metrics', 'observe', 'owner'].map((name) => [name, 403]), [a.token, 403], [tokenOf(newId()), 403], [null, 401], ['no-key-of-anybody-0123456789', 401]]) {
      assertProblem(await moderation(server, message, by), status)
    }
    for (const id of [message.id + 1_000, 0]) assertProblem(await moderation(server, { id }), [400, 404])
    for (const id of ['x', '-1', '1.5', '99999999999999999999999']) assertProblem(await moderation(server, { id }), [400, 404])
    assertProblem(await request(server, { method: 'POST', path: `/v1/messages/${message.id}/moderation`, headers: key('admin') }), 405)
    await server.stop()
    const next = await again(t, server)
    assert.deepEqual(await checkOf(next, message), check)
  })

  it('says nothing where nothing is checked', async (t) => {
    const { wechat, server } = await start(the, t, {})
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const message = await a.say(user(b.userId), bad)
    assertProblem(await moderation(server, message), 404)
    assert.deepEqual(wechat.calls, [])
  })
}, { keys })

describe('content checks of a cluster', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  const opened = async (t, moderationOf, more = '') => {
    const wechat = await WechatStandIn.start(t)
    const settings = new WechatSettings(t, wechat, { moderation: moderationOf, more })
    const cluster = await Cluster.start(2, () => ({ config: settings.toml, args: keys.args }))
    t.after(() => cluster.dispose())
    return { wechat, cluster, nodes: cluster.nodes }
  }

  it('ask for few access tokens, and about one user at most 60 times a minute', { timeout: 180_000 }, async (t) => {
    const { wechat, nodes } = await opened(t, { text: 'before' }, '[limits]\nsends_burst = 500\n')
    const [who, other] = [await loggedIn(nodes[0], wechat), await loggedIn(nodes[1], wechat)]
    const sessions = await Promise.all(nodes.map((node) => enters(node, t, who)))
    const bob = await enters(nodes[1], t, other)
    const minute = () => Math.floor(Date.now() / 60_000)
    await eventually(20_000, 'enough to be left of the minute', () => Date.now() % 60_000 < 45_000)
    const begun = minute()
    const send = (session, i) => session.call('message.send', text(user(other.userId), `n${i}`)).then(() => 'stored', ({ code }) => code)
    const outcomes = (await Promise.all(sessions.map(async (session, n) => {
      const all = []
      for (const i of range(1, 40)) all.push(await send(session, n * 100 + i))
      return all
    }))).flat()
    await bob.say(user(who.userId), 'and others go on')
    const asked = wechat.of('msg_sec_check').filter(({ openid }) => openid === who.openid)
    t.diagnostic(`${asked.length} checks of 80 messages`)
    if (minute() === begun) {
      assert.ok(asked.length <= 60 && asked.length >= 30, `${asked.length} checks`)
      assert.equal(outcomes.filter((it) => it === 'stored').length, asked.length)
      assert.equal(outcomes.filter((it) => it === -32022).length, 80 - asked.length)
    }
    const tokens = wechat.of('stable_token')
    assert.ok(tokens.length <= 2, `${tokens.length} access tokens were asked for`)
    assert.ok(tokens.every(({ body }) => !body.force_refresh))
    if (slow) return
    await eventually(70_000, 'the next minute', () => minute() > begun, 250)
    assert.deepEqual([await send(sessions[0], 'next'), await send(sessions[1], 'next')], ['stored', 'stored'])
  })

  it('ask no more than 4,000 times a minute, all nodes together', { timeout: 240_000, skip: slow }, async (t) => {
    const { wechat, nodes } = await opened(t, { text: 'before' }, '[limits]\nsends_burst = 500\n')
    wechat.api.quota = Infinity // what is asked too much is counted, not refused
    const users = await Promise.all(range(0, 79).map((n) => loggedIn(nodes[n % 2], wechat)))
    const sessions = await Promise.all(users.map((who, n) => enters(nodes[n % 2], t, who)))
    const minute = () => Math.floor(Date.now() / 60_000)
    const before = minute()
    await eventually(70_000, 'a minute of its own', () => minute() > before, 50)
    const begun = minute()
    const outcomes = (await Promise.all(sessions.map(async (session, n) => {
      const all = []
      for (const i of range(1, 55)) all.push(await session.call('message.send', text(user(users[(n + 1) % 80].userId), `n${n} ${i}`)).then(() => 'stored', ({ code }) => code))
      return all
    }))).flat()
    assert.equal(minute(), begun, 'it was done within the minute')
    const asked = wechat.of('msg_sec_check').length
    t.diagnostic(`${asked} checks of ${outcomes.length} messages`)
    assert.equal(asked, 4_000)
    assert.equal(outcomes.filter((it) => it === 'stored').length, 4_000)
    assert.equal(outcomes.filter((it) => it === -32022).length, 400)
  })

  it('a message that was delivered by one node is taken back for those on the other', { timeout: 60_000 }, async (t) => {
    const { wechat, nodes } = await opened(t, { text: 'after' })
    const [alice, bob] = [await wechatUser(nodes[0], wechat, t), await wechatUser(nodes[1], wechat, t)]
    const message = await alice.say(user(bob.userId), bad)
    await bob.message(({ seq }) => seq === message.seq)
    await takenBack(bob, message)
    assert.deepEqual(await checkOf(nodes[1], message), await checkOf(nodes[0], message))
    assert.equal(wechat.texts.length, 1)
  })

  it('each message is checked once, whichever node is killed meanwhile', { timeout: 120_000 }, async (t) => {
    const { wechat, cluster, nodes } = await opened(t, { text: 'after' })
    const [who, other] = [await loggedIn(nodes[0], wechat), await loggedIn(nodes[1], wechat)]
    const alice = await enters(nodes[0], t, who)
    const bob = await enters(nodes[1], t, other)
    const lift = wechat.answer(hang, asksAbout(bad))
    const message = await alice.say(user(other.userId), bad)
    await wechat.about(bad)
    await nodes[0].kill9()
    lift()
    await cluster.add(0)
    await takenBack(bob, message, 60_000)
    assert.equal((await checkOf(nodes[1], message)).verdict, 'risky')
  })
})

describe('content checks that make no sense', () => {
  it('are refused at start', { timeout: 60_000 }, async (t) => {
    const wechat = await WechatStandIn.start(t)
    const settings = new WechatSettings(t, wechat, { moderation: { words: ['x'] } })
    settings.write('short', `${wechat.aesKey.slice(1)}\n`)
    settings.write('strange', `${wechat.aesKey.slice(1)}!\n`)
    settings.write('empty', '\n')
    const login = `[wechat]\napp_id = "${wechat.appId}"\nsecret_file = "${settings.path('secret')}"\nbase_url = "${wechat.url}"\n`
    const callback = `callback_token_file = "${settings.path('token')}"\n`
    const aes = (name = 'aes') => `aes_key_file = "${settings.path(name)}"\n`
    const publicUrl = 'public_url = "https://chat.example.com"\n'
    const media = '[moderation]\nmedia = "after"\n'
    const cases = [
      ['[moderation]\ntext = "maybe"\n', /moderation\.text.*off/],
      ['[moderation]\ntext = "before"\n', /moderation\.text/], ['[moderation]\ntext = "after"\n', /moderation\.text/],
      [`${login}[moderation]\nmedia = "before"\n`, /moderation\.media/],
      [`${login}[moderation]\ntext = "before"\nreview = "maybe"\n`, /moderation\.review/],
      [`${login}[moderation]\ntext = "before"\non_failure = "maybe"\n`, /moderation\.on_failure/],
      [`[moderation]\ntext = "before"\nwords_file = "${settings.path('none')}"\n`, /moderation\.words_file/],
      [`${publicUrl}${media}`, /moderation\.media|wechat\.app_id/],
      [`${login}${callback}${aes()}${media}`, /public_url/],
      [`${publicUrl}${login}${aes()}${media}`, /callback_token_file/],
      [`${publicUrl}${login}${callback}${media}`, /aes_key_file/],
      [`${publicUrl}${login}${callback}${aes('short')}${media}`, /aes_key_file/], [`${publicUrl}${login}${callback}${aes('strange')}${media}`, /aes_key_file/],
      [`${login}callback_token_file = "${settings.path('empty')}"\n`, /callback_token_file/], [`${login}callback_token_file = "${settings.path('none')}"\n`, /callback_token_file/],
    ]
    for (const [config, expected] of cases) {
      fs.writeFileSync(settings.path('refused.toml'), config)
      const { code, stderr } = await runToEnd(['--config', settings.path('refused.toml'), '--database', `sqlite:${settings.path('never.db')}`, ...keys.args])
      assert.equal(code, 2, `${config}\n${stderr}`)
      assert.match(stderr, expected, config)
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
    }
    const whole = `${publicUrl}${login}${callback}${aes()}${media}text = "after"\n`
    const server = await serverFor(t, { config: whole, args: keys.args })
    assert.equal((await get(server, '/readyz')).status, 200)
  })
})
