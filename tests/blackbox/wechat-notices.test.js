// Subscribe messages of WeChat: who is told that somebody wrote to them, of what, how often, and the ledger of what they have granted.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { get, request } from './lib/client.js'
import { Cluster } from './lib/cluster.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { again, serverFor } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { begun, ended, ok, post, wrote } from './lib/streams.js'
import { groupOf, RpcError, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'
import { withEachStore } from './lib/webhooks.js'
import { badToken, busy, WechatStandIn } from './lib/wechat.js'
import { change, popup, pushed, sent } from './lib/wechat-push.js'
import { enters, fields, loggedIn, otherUser, page, takenBack, template, text, WechatSettings, wechatUser, wechatUsers, withWechat } from './lib/wechat-setup.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const soon = 1
const one = (more = {}) => ({ template_id: template, page, delay: soon, fields, ...more })
const start = (the, t, more = {}) => withWechat(the, t, { keys, callback: true, subscribe: [one()], ...more })
const isSend = ({ api }) => api === 'send'

const status = async (session) => (await session.call('push.status', {})).grants
const grants = async (session) => (await status(session))[template]
// The ledger learns what WeChat took a moment after WeChat has it.
const left = (session, count) => eventually(5_000, `${count} grants to be left`, async () => (await grants(session)) === count)

// Somebody who accepts so often that they are told, here and at WeChat.
async function accepts(wechat, session, count, templateId = template) {
  for (let left = count; left > 0; left -= 5) await session.call('push.grant', { templateId, count: Math.min(left, 5) })
  wechat.api.accepts(session.openid, templateId, count)
}

const isAway = (server, { userId }) => eventually(10_000, `${userId} to be away`, async () => {
  const answer = await get(server, `/v1/online?userIds=${userId}`, { headers: bearer(apiKeys.all) })
  assert.equal(answer.status, 200, answer.text)
  return answer.json().online.length === 0
})

// Ends a session, and waits until its user is away for the server too.
async function leaves(server, session) {
  await session.close()
  await isAway(server, session)
  return { userId: session.userId, token: session.token, openid: session.openid }
}

// Somebody who has accepted so often, and is away.
async function away(server, wechat, t, count = 3) {
  const session = await wechatUser(server, wechat, t)
  if (count) await accepts(wechat, session, count)
  return leaves(server, session)
}

const named = async (server, t, wechat, name) => {
  const session = await wechatUser(server, wechat, t)
  await session.call('user.update', { name })
  return session
}

// A notice of `what` has come, so that one of what was written before has come as well, or never will: both were due by then.
const noticeOf = (wechat, what, ms = 15_000) => wechat.notice(({ values }) => values.thing1.includes(what), ms)
const toldOf = (wechat) => wechat.sent.map(({ values }) => values.thing1)

withEachStore('who is away is told', (the) => {
  it('that somebody wrote, after a while, and it costs one grant', async (t) => {
    const { wechat, server } = await start(the, t, { more: '[classic]\ntime_zone = "Asia/Shanghai"\n' })
    const a = await named(server, t, wechat, '小雁')
    const b = await away(server, wechat, t, 3)
    const began = Date.now()
    const message = await a.say(user(b.userId), '你好 😀')
    const notice = await wechat.notice()
    assert.ok(notice.at - began >= soon * 1_000 - 50, `after ${notice.at - began} ms`)
    assert.deepEqual([notice.openid, notice.templateId, notice.page.split('?')[0]], [b.openid, template, page])
    const { thing1, name2, time3, thing4, ...more } = notice.values
    assert.deepEqual([thing1, name2, thing4, more], ['你好 😀', '小雁', '小雁', {}])
    const beijing = new Date(Date.parse(message.createTime) + 8 * 3_600_000).toISOString()
    assert.ok(time3.includes(beijing.slice(11, 16)), `${time3} at ${beijing}`)
    const [call] = wechat.of('send')
    assert.ok(call.raw.includes('你好 😀'), call.raw)
    const back = await enters(server, t, b)
    await left(back, 2)
  })

  it('once for a conversation, until they have been back', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, c] = await wechatUsers(server, wechat, t, 2)
    const b = await away(server, wechat, t, 9)
    await a.say(user(b.userId), 'first of a')
    await a.say(user(b.userId), 'second of a')
    await wechat.notice()
    await a.say(user(b.userId), 'third of a')
    await c.say(user(b.userId), 'first of c')
    await noticeOf(wechat, 'first of c')
    assert.equal(wechat.sent.length, 2, toldOf(wechat).join())
    assert.match(wechat.sent[0].values.thing1, /of a$/)
    const back = await enters(server, t, b)
    await left(back, 7)
    await leaves(server, back)
    await a.say(user(b.userId), 'again of a')
    await noticeOf(wechat, 'again of a')
    assert.equal(wechat.sent.length, 3)
  })

  it('in groups when they are mentioned', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, session, c] = await wechatUsers(server, wechat, t, 3)
    await accepts(wechat, session, 5)
    const { place } = await groupOf([a, session, c], { name: '大雁群' })
    const other = await groupOf([a, session, c], { name: '另一个' })
    await leaves(server, session)
    await a.say(place, 'to nobody')
    await a.say(place, 'to another', { ext: { mentions: [c.userId] } })
    await a.say(place, 'to them', { ext: { mentions: [c.userId, session.userId] } })
    await noticeOf(wechat, 'to them')
    await a.say(other.place, 'to all', { ext: { mentions: 'all' } })
    const { values } = await noticeOf(wechat, 'to all')
    assert.equal(values.thing4, '另一个')
    assert.deepEqual(wechat.sent.map(({ values: it }) => [it.thing1, it.thing4]), [['to them', '大雁群'], ['to all', '另一个']])
  })

  it('of what the back end writes too, and of a stream at its end', async (t) => {
    const { wechat, server } = await start(the, t)
    const key = bearer(apiKeys.push)
    const b = await away(server, wechat, t, 3)
    ok(await post(server, '/v1/messages', { from: 'shop', ...text(user(b.userId), 'of the shop') }, key))
    await noticeOf(wechat, 'of the shop')
    const { streamId } = await begun(server, 'robot', user(b.userId), {}, key)
    const offset = await wrote(server, streamId, 0, 'while it', key)
    ok(await post(server, '/v1/messages', { from: 'control', ...text(user(b.userId), 'control') }, key))
    await noticeOf(wechat, 'control')
    assert.deepEqual(toldOf(wechat), ['of the shop', 'control'])
    await wrote(server, streamId, offset, ' speaks', key)
    await ended(server, streamId, {}, key)
    await noticeOf(wechat, 'while it speaks')
  })

  it('not of what they know or need not know when it comes to it', { timeout: 60_000 }, async (t) => {
    const { wechat, server } = await start(the, t, { subscribe: [one({ delay: 3 })] })
    const senders = await wechatUsers(server, wechat, t, 6)
    const [read, recalled, muted, blocked, back, control] = senders
    const b = await wechatUser(server, wechat, t)
    await accepts(wechat, b, 20)
    await muted.say(user(b.userId), 'so that it is there')
    await b.call('conversation.set', { in: user(muted.userId), muted: true })
    await leaves(server, b)
    await recalled.say(user(b.userId), 'recalled')
    await recalled.call('message.recall', { in: user(b.userId), seq: 1 })
    await muted.say(user(b.userId), 'muted')
    await read.say(user(b.userId), 'read')
    const mark = await request(server, { method: 'POST', path: '/v1/conversations/read', body: { in: user(read.userId), seq: 1 }, headers: { ...bearer(b.token), 'content-type': 'application/json' } })
    assert.equal(mark.status, 200, mark.text)
    const blocker = await away(server, wechat, t)
    await blocked.say(user(blocker.userId), 'blocked')
    const blocking = await enters(server, t, blocker)
    await blocking.call('block.add', { userIds: [blocked.userId] })
    await leaves(server, blocking)
    await control.say(user(b.userId), 'control')
    await noticeOf(wechat, 'control')
    assert.deepEqual(toldOf(wechat), ['control'])
    await back.say(user(b.userId), 'back')
    const here = await enters(server, t, b)
    const other = await away(server, wechat, t)
    await control.say(user(other.userId), 'control two')
    await noticeOf(wechat, 'control two')
    assert.deepEqual(toldOf(wechat), ['control', 'control two'])
    assert.equal(await grants(here), 19)
  })

  it('not of what was taken back as risky', async (t) => {
    const { wechat, server } = await start(the, t, { moderation: { text: 'after' } })
    const [a, c] = await wechatUsers(server, wechat, t, 2)
    const b = await away(server, wechat, t)
    await takenBack(a, await a.say(user(b.userId), '去赌博'))
    await c.say(user(b.userId), 'control')
    await noticeOf(wechat, 'control')
    assert.deepEqual(toldOf(wechat), ['control'])
  })

  it('only who has granted it, and nobody who came another way than WeChat', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, c] = await wechatUsers(server, wechat, t, 2)
    const none = await away(server, wechat, t, 0)
    const other = await otherUser(server, t)
    const answer = await other.call('push.grant', { templateId: template, count: 5 }).catch((error) => error)
    if (answer instanceof RpcError) assert.ok([-32003, -32004, -32602].includes(answer.code), answer.message)
    await leaves(server, other)
    await a.say(user(none.userId), 'to who granted nothing')
    await a.say(user(other.userId), 'to another')
    const b = await away(server, wechat, t)
    await c.say(user(b.userId), 'control')
    await noticeOf(wechat, 'control')
    assert.equal(wechat.of('send').length, 1)
    assert.equal(wechat.sent[0].openid, b.openid)
  })

  it('not of one’s own words', async (t) => {
    const { wechat, server } = await start(the, t)
    const key = bearer(apiKeys.push)
    const b = await away(server, wechat, t)
    ok(await post(server, '/v1/messages', { from: b.userId, ...text(user(b.userId), 'a note') }, key))
    ok(await post(server, '/v1/messages', { from: b.userId, ...text(user('somebody'), 'to another') }, key))
    ok(await post(server, '/v1/messages', { from: 'control', ...text(user(b.userId), 'control') }, key))
    await noticeOf(wechat, 'control')
    assert.deepEqual(toldOf(wechat), ['control'])
  })

  it('in fields that WeChat takes, whatever was written', async (t) => {
    const long = { thing1: 'content', name2: 'sender', date3: 'time', thing4: 'conversation' }
    const { wechat, server } = await start(the, t, { subscribe: [one({ fields: long })] })
    const contents = ['字'.repeat(500), '😀'.repeat(100), 'first line\nsecond\tline\r\n', '  \n ', 'x'.repeat(4096), '\u0001\u0007', '👨‍👩‍👧‍👦'.repeat(30)]
    const names = ['一个很长很长很长很长的名字', 'a name of more than twenty letters', '名 a😀'.repeat(10), 'x\u200by', ' ', undefined, '名'.repeat(64)]
    for (const [i, content] of contents.entries()) {
      const a = await wechatUser(server, wechat, t)
      if (names[i] !== undefined) await a.call('user.update', { name: names[i] }).catch((error) => assert.equal(error.code, -32602))
      const b = await away(server, wechat, t, 1)
      await a.say(user(b.userId), content)
      const { values } = await wechat.notice(({ openid }) => openid === b.openid)
      const plain = content.trim().split(/[\s\u0000-\u001f]/)[0]
      if (/^[字x😀]/u.test(plain)) assert.equal([...values.thing1].slice(0, 5).join(''), [...content].slice(0, 5).join(''))
    }
    const a = await wechatUser(server, wechat, t)
    const b = await away(server, wechat, t, 1)
    await a.say(user(b.userId), { any: 'thing' }, { kind: 'custom' })
    await wechat.notice(({ openid }) => openid === b.openid)
    assert.ok(wechat.of('send').every(({ errcode }) => errcode === 0))
  })

  it('with another template when one is used up', async (t) => {
    const { wechat, server } = await start(the, t, { subscribe: [one(), one({ template_id: 'second', page: undefined })] })
    const [a, c] = await wechatUsers(server, wechat, t, 2)
    const b = await wechatUser(server, wechat, t)
    assert.deepEqual(await status(b), { [template]: 0, second: 0 })
    await accepts(wechat, b, 1, 'second')
    assert.deepEqual(await status(b), { [template]: 0, second: 1 })
    await leaves(server, b)
    await a.say(user(b.userId), 'x')
    assert.equal((await wechat.notice()).templateId, 'second')
    assert.equal(wechat.sent[0].page, undefined)
    await c.say(user(b.userId), 'nothing is left')
    const other = await away(server, wechat, t)
    await c.say(user(other.userId), 'control')
    await noticeOf(wechat, 'control')
    assert.equal(wechat.of('send').length, 2)
  })
}, { keys, concurrency: 3 })

withEachStore('when WeChat does not send', (the) => {
  it('43101 sets the ledger to 0', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, c] = await wechatUsers(server, wechat, t, 2)
    const b = await away(server, wechat, t, 7)
    wechat.api.setGrants(b.openid, template, 0)
    await a.say(user(b.userId), 'x')
    await wechat.call((it) => isSend(it) && it.errcode === 43101)
    await c.say(user(b.userId), 'y')
    const other = await away(server, wechat, t)
    await c.say(user(other.userId), 'control')
    await noticeOf(wechat, 'control')
    assert.equal(wechat.of('send').filter(({ openid }) => openid === b.openid).length, 1)
    const back = await enters(server, t, b)
    await left(back, 0)
    await accepts(wechat, back, 1)
    assert.equal(await grants(back), 1)
  })

  it('what is busy, or needs another token, is tried again, and sent once', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    let times = 0
    const lift = wechat.answer(() => (++times === 1 ? busy : undefined), isSend)
    const b = await away(server, wechat, t, 2)
    await a.say(user(b.userId), 'busy')
    await noticeOf(wechat, 'busy', 30_000)
    lift()
    wechat.api.revokes()
    const c = await away(server, wechat, t, 2)
    await a.say(user(c.userId), 'token')
    await noticeOf(wechat, 'token')
    assert.deepEqual(toldOf(wechat), ['busy', 'token'])
    assert.deepEqual(wechat.of('send').map(({ errcode }) => errcode), [busy.errcode, 0, badToken.errcode, 0])
    assert.ok(wechat.of('stable_token').every(({ body }) => !body.force_refresh))
    for (const who of [b, c]) await left(await enters(server, t, who), 1)
  })

  it('what it does not take is not tried for ever', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, c] = await wechatUsers(server, wechat, t, 2)
    const b = await away(server, wechat, t, 2)
    wechat.answer({ errcode: 47003, errmsg: 'argument invalid! data.thing1.value invalid' }, (it) => isSend(it) && it.openid === b.openid)
    await a.say(user(b.userId), 'x')
    await wechat.call(isSend)
    for (const what of ['control', 'control two', 'control three']) {
      const other = await away(server, wechat, t)
      await c.say(user(other.userId), what)
      await noticeOf(wechat, what)
    }
    const tries = wechat.of('send').filter(({ openid }) => openid === b.openid).length
    assert.ok(tries <= 2, `${tries} tries`)
  })

  it('nobody learns who it was about', async (t) => {
    const { wechat, server } = await start(the, t, { more: '[log]\nlevel = "debug"\n' })
    const a = await named(server, t, wechat, 'canary-name')
    const b = await away(server, wechat, t, 2)
    let times = 0
    wechat.answer(() => (++times === 1 ? { errcode: 45009, errmsg: 'canary-errmsg' } : undefined), isSend)
    await a.say(user(b.userId), 'canary-content')
    await wechat.call(isSend)
    const c = await away(server, wechat, t, 2)
    await a.say(user(c.userId), 'canary-two')
    await noticeOf(wechat, 'canary-two')
    const seen = [server.stderr(), server.stdout(), (await get(server, '/metrics')).text].join('\n')
    for (const it of [a.openid, b.openid, c.openid, 'canary-content', 'canary-two', 'canary-name', wechat.api.tokens[0].value.slice(0, 60)]) assert.ok(!seen.includes(it), it)
  })
}, { keys, concurrency: 3 })

withEachStore('the ledger of what was granted', (the) => {
  it('goes by what a client says, within bounds', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    assert.deepEqual(await status(a), { [template]: 0 })
    for (const count of [0, -1, 6, 1.5, '1', null, {}]) await a.fails(-32602, 'push.grant', { templateId: template, count }, { param: 'count' })
    for (const templateId of ['', 5, null, {}]) await a.fails(-32602, 'push.grant', { templateId, count: 1 })
    await a.fails([-32602, -32004], 'push.grant', { templateId: 'another', count: 1 })
    await a.call('push.grant', { templateId: template, count: 5 })
    assert.equal(await grants(a), 5)
    for (let i = 0; i < 3; i++) await a.call('push.grant', { templateId: template, count: 5 })
    assert.equal(await grants(a), 20)
    const more = await a.call('push.grant', { templateId: template, count: 1 }).catch((error) => error)
    if (more instanceof RpcError) assert.ok([-32013, -32029].includes(more.code), more.message)
    assert.equal(await grants(a), 20)
    const b = await wechatUser(server, wechat, t)
    assert.equal(await grants(b), 0)
  })

  it('is there after a restart', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    await a.call('push.grant', { templateId: template, count: 3 })
    assert.equal(await grants(await enters(server, t, a)), 3)
    await server.kill9()
    assert.equal(await grants(await enters(await again(t, server), t, a)), 3)
  })

  it('counts one tap once, whether the client or WeChat tells of it first', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b, c] = await wechatUsers(server, wechat, t, 3)
    const seconds = () => Math.floor(Date.now() / 1000)
    const granted = (session) => session.call('push.grant', { templateId: template, count: 1 })
    const told = async (session, createTime = seconds()) => {
      const answer = await pushed(server, wechat, popup(session.openid, { [template]: 'accept' }, { createTime }))
      assert.deepEqual([answer.status, answer.text], [200, 'success'])
    }
    await granted(a)
    await told(a)
    assert.equal(await grants(a), 1)
    await told(b)
    await granted(b)
    assert.equal(await grants(b), 1)
    // Two taps, of which WeChat tells late and in either order.
    const now = seconds()
    await granted(c)
    await granted(c)
    await told(c, now)
    await told(c, now - 1)
    assert.equal(await grants(c), 2)
    await told(a, now + 1) // one that its client never told of
    assert.equal(await grants(a), 2)
    await granted(b)
    assert.equal(await grants(b), 2)
  })

  it('gains nothing by a no, and loses all by one in the settings', async (t) => {
    const { wechat, server } = await start(the, t, { subscribe: [one(), one({ template_id: 'second' })] })
    const a = await wechatUser(server, wechat, t)
    await a.call('push.grant', { templateId: template, count: 4 })
    await a.call('push.grant', { templateId: 'second', count: 2 })
    const tells = async (what) => assert.equal((await pushed(server, wechat, what)).text, 'success')
    await tells(popup(a.openid, { [template]: 'reject', second: 'reject' }))
    assert.deepEqual(await status(a), { [template]: 4, second: 2 })
    await tells(sent(a.openid, template))
    assert.equal(await grants(a), 4)
    await tells(change(a.openid, { [template]: 'reject' }))
    assert.deepEqual(await status(a), { [template]: 0, second: 2 })
    await a.call('push.grant', { templateId: template, count: 1 })
    assert.equal(await grants(a), 1)
    await tells(change(a.openid, { [template]: 'reject', second: 'reject' }, { createTime: Math.floor(Date.now() / 1000) + 1 }))
    assert.deepEqual(await status(a), { [template]: 0, second: 0 })
  })

  it('is not there where no template is', async (t) => {
    const { wechat, server } = await start(the, t, { subscribe: [] })
    const a = await wechatUser(server, wechat, t)
    await a.fails(-32601, 'push.status', {})
    await a.fails(-32601, 'push.grant', { templateId: template, count: 1 })
    const bare = await serverFor(t, { args: keys.args })
    await (await otherUser(bare, t)).fails(-32601, 'push.status', {})
  })
}, { keys, concurrency: 3 })

describe('notices of a cluster', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  it('go once, and only to who is on no node', { timeout: 90_000 }, async (t) => {
    const wechat = await WechatStandIn.start(t)
    const settings = new WechatSettings(t, wechat, { callback: true, subscribe: [one()] })
    const cluster = await Cluster.start(2, () => ({ config: settings.toml, args: keys.args }))
    t.after(() => cluster.dispose())
    const [first, second] = cluster.nodes
    const [a, c] = [await wechatUser(first, wechat, t), await wechatUser(second, wechat, t)]
    const who = await loggedIn(second, wechat)
    const there = await enters(second, t, who)
    await accepts(wechat, there, 9)
    const elsewhere = await away(first, wechat, t)
    await a.say(user(who.userId), 'while they are there')
    await there.message(({ content }) => content === 'while they are there')
    await a.say(user(elsewhere.userId), 'control')
    await noticeOf(wechat, 'control')
    assert.deepEqual(toldOf(wechat), ['control'])
    await there.close()
    for (const node of cluster.nodes) await isAway(node, who)
    await Promise.all([a.say(user(who.userId), 'of a'), c.say(user(who.userId), 'of c')])
    await noticeOf(wechat, 'of a')
    await noticeOf(wechat, 'of c')
    await a.say(user(who.userId), 'of a again')
    const third = await away(first, wechat, t)
    for (const [i, session] of [a, c].entries()) {
      await session.say(user(third.userId), `control ${i}`)
      await noticeOf(wechat, `control ${i}`)
    }
    assert.deepEqual(toldOf(wechat).sort(), ['control', 'control 0', 'control 1', 'of a', 'of c'])
    assert.ok(wechat.of('stable_token').length <= 2)
    assert.ok(wechat.of('stable_token').every(({ body }) => !body.force_refresh))
    for (const node of cluster.nodes) await left(await enters(node, t, who), 7)
  })
})
