// WeChat's check of pictures and voices: asked for by their URL, told by its callback, late, twice and out of order.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Cluster } from './lib/cluster.js'
import { download, gif, mp3, mp4, png, uploaded, words } from './lib/files.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { again } from './lib/server.js'
import { storeKinds } from './lib/stores.js'
import { ok, one, post } from './lib/streams.js'
import { groupOf, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'
import { withEachStore } from './lib/webhooks.js'
import { badToken, hang, WechatStandIn } from './lib/wechat.js'
import { pushed, verdict } from './lib/wechat-push.js'
import { becomes, checkOf, enters, moderation, otherUser, takenBack, verdictOf, WechatSettings, wechatUser, wechatUsers, withWechat } from './lib/wechat-setup.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const publicUrl = 'https://chat.example.com'
const start = (the, t, moderationOf = {}, more = {}) => withWechat(the, t, {
  keys, callback: true, publicUrl, moderation: { media: 'after', ...moderationOf }, more: '[files]\nstore = "dir:the files"\n', ...more,
})

const isMedia = ({ api }) => api === 'media_check_async'

// Somebody sends a file that they have; the message.
async function shows(server, from, to, bytes, kind = 'image') {
  const { fileId } = await uploaded(server, { token: from.token }, bytes)
  return from.say(to, { fileId }, { kind })
}

// WeChat says what it thinks; the answer of the callback.
const tells = (server, wechat, trace, how = {}) => pushed(server, wechat, verdict(trace, { appId: wechat.appId, ...how }))

// A server that has not heard yet what WeChat calls a picture says 503, and is told again.
const told = async (...all) => {
  assertTaken(await eventually(10_000, 'the verdict to be taken', async () => {
    const answer = await tells(...all)
    return answer.status !== 503 && answer
  }))
}

const assertTaken = (answer) => {
  assert.deepEqual([answer.status, answer.text], [200, 'success'])
  assert.match(answer.headers['content-type'] ?? '', /^text\/plain\b/)
}

// A message with a picture of its own, and what WeChat calls it.
let height = 1
async function shown(server, wechat, from, to, bytes = png(3, ++height)) {
  const message = await shows(server, from, to, bytes)
  const trace = await wechat.trace((it) => it.bytes?.equals(bytes))
  return { message, trace, bytes }
}

const recallsIn = async (session, place) => (await session.all(place)).filter(({ kind }) => kind === 'recall')

withEachStore('a picture or voice that was sent is looked at by WeChat', (the) => {
  it('who is asked as its documentation says, and can fetch it', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const peer = user(b.userId)
    const { message, trace } = await shown(server, wechat, a, peer)
    assert.equal(await b.message(({ id }) => id === message.id).then(({ recalled }) => recalled), false, 'it is delivered first')
    const [{ body, raw }] = wechat.of('media_check_async')
    assert.deepEqual([body.version, body.media_type, body.openid], [2, 2, a.openid])
    assert.ok([1, 2, 3, 4].includes(body.scene), raw)
    assert.ok(body.media_url.startsWith(`${publicUrl}/v1/files/`), body.media_url)
    assert.equal(trace.type, 'image/png')
    const waiting = await checkOf(server, message)
    assert.deepEqual([waiting.verdict, waiting.label], ['waiting', null])
    await told(server, wechat, trace)
    await becomes(server, message, 'pass')
    assert.deepEqual(await verdictOf(server, message), ['pass', 'wechat', 100])
    const voice = mp3(777)
    await shows(server, a, peer, voice, 'voice')
    await wechat.trace((it) => it.mediaType === 1 && it.bytes?.equals(voice))
    assert.deepEqual(await recallsIn(b, user(a.userId)), [])
    assert.deepEqual(wechat.of('msg_sec_check'), [])
  })

  it('and what is risky is taken back, and its file is gone', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const { message, trace } = await shown(server, wechat, a, user(b.userId))
    const { fileId } = message.content
    assert.equal((await download(server, { token: b.token }, fileId)).status, 200)
    await told(server, wechat, trace, { suggest: 'risky' })
    await takenBack(a, message)
    await takenBack(b, message)
    assert.deepEqual(await verdictOf(server, message), ['risky', 'wechat', 20002])
    assert.equal((await one(b, user(a.userId), message.seq)).content, null)
    assertProblem(await download(server, { token: b.token }, fileId), 404)
  })

  it('whose verdict may come in the older shape', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const good = await shown(server, wechat, a, user(b.userId))
    const bad = await shown(server, wechat, a, user(b.userId))
    await told(server, wechat, bad.trace, { old: true, suggest: 'risky' })
    await told(server, wechat, good.trace, { old: true })
    await takenBack(b, bad.message)
    assert.equal((await checkOf(server, bad.message)).verdict, 'risky')
    await becomes(server, good.message, 'pass')
    assert.equal((await recallsIn(b, user(a.userId))).length, 1)
  })

  it('whose verdicts may come late, twice and out of order', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const all = []
    for (let i = 0; i < 4; i++) all.push(await shown(server, wechat, a, user(b.userId)))
    await server.kill9()
    const next = await again(t, server)
    wechat.site = next
    const reader = await enters(next, t, b)
    for (const i of [3, 1, 0, 2]) {
      // One who was killed before it had kept what WeChat calls a picture asks anew.
      const what = await eventually(20_000, 'a verdict to be taken', async () => {
        for (const trace of wechat.api.traces.filter((it) => it.bytes?.equals(all[i].bytes))) {
          const it = verdict(trace, { appId: wechat.appId, suggest: i % 2 ? 'risky' : 'pass' })
          if ((await pushed(next, wechat, it)).status === 200) return it
        }
        return false
      })
      for (let times = 0; times < 2; times++) assertTaken(await pushed(next, wechat, what))
    }
    for (const [i, { message }] of all.entries()) await becomes(next, message, i % 2 ? 'risky' : 'pass')
    const recalls = await eventually(10_000, 'both to be taken back', async () => {
      const found = await recallsIn(reader, user(a.userId))
      return found.length === 2 && found
    })
    assert.deepEqual(recalls.map(({ content }) => content), [3, 1].map((i) => ({ seq: all[i].message.seq, by: null })))
    await reader.say(user(a.userId), 'and then')
    assert.equal((await recallsIn(reader, user(a.userId))).length, 2)
  })

  it('whose verdict is too early before it has said how it calls the thing', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    let answers
    const released = new Promise((resolve) => { answers = resolve })
    wechat.answer(async ({ body }) => {
      const answer = wechat.api.mediaCheckAsync(body)
      await released
      return answer
    }, isMedia)
    const message = await shows(server, a, user(b.userId), gif())
    const trace = await wechat.trace()
    assert.equal((await tells(server, wechat, trace, { suggest: 'risky' })).status, 503, 'so that it comes again')
    assert.equal((await checkOf(server, message)).verdict, 'waiting')
    answers()
    await told(server, wechat, trace, { suggest: 'risky' })
    await takenBack(b, message)
    assert.equal((await tells(server, wechat, { ...trace, traceId: uniqueId() })).status, 503)
  })

  it('and what it could not fetch has failed', async (t) => {
    const { wechat, server } = await start(the, t, { on_failure: 'allow' })
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    for (const old of [false, true]) {
      const { message, trace } = await shown(server, wechat, a, user(b.userId))
      await told(server, wechat, trace, { unfetched: true, old, suggest: 'risky' })
      await becomes(server, message, 'failed')
    }
    assert.deepEqual(await recallsIn(b, user(a.userId)), [])
  })

  it('and what needs a review passes, unless that counts as risky', async (t) => {
    for (const review of ['pass', 'risky']) {
      const { wechat, server } = await start(the, t, { review })
      const [a, b] = await wechatUsers(server, wechat, t, 2)
      const { message, trace } = await shown(server, wechat, a, user(b.userId))
      await told(server, wechat, trace, { suggest: 'review', label: 20006 })
      if (review === 'risky') await takenBack(b, message)
      else await becomes(server, message, 'review')
      assert.equal((await one(b, user(a.userId), message.seq)).recalled, review === 'risky')
    }
  })

  it('in each message that has it', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const { place } = await groupOf([a, b])
    const first = await shown(server, wechat, a, user(b.userId))
    const second = await a.say(place, { fileId: first.message.content.fileId }, { kind: 'image' })
    // One question may do for both, or each has its own.
    const done = new Set()
    await eventually(15_000, 'both to be taken back', async () => {
      for (const trace of wechat.api.traces.filter((it) => !done.has(it.traceId))) {
        const answer = await tells(server, wechat, trace, { suggest: 'risky' })
        if (answer.status === 200) done.add(trace.traceId)
      }
      return (await recallsIn(b, user(a.userId))).length === 1 && (await recallsIn(b, place)).length === 1
    }, 100)
    for (const message of [first.message, second]) assert.equal((await checkOf(server, message)).verdict, 'risky')
    assertProblem(await download(server, { token: b.token }, first.message.content.fileId), 404)
  })

  it('not what it does not look at, and nothing of those whom it does not know', async (t) => {
    const { wechat, server } = await start(the, t)
    const a = await wechatUser(server, wechat, t)
    const other = await otherUser(server, t)
    const peer = user(other.userId)
    const none = [await shows(server, a, peer, mp4(), 'video'), await shows(server, a, peer, words(), 'file'), await shows(server, other, user(a.userId), png()),
      await a.say(peer, { latitude: 1, longitude: 2, name: 'x', address: '' }, { kind: 'location' })]
    const { fileId } = await uploaded(server, { token: a.token }, png(9, 9))
    none.push(ok(await post(server, '/v1/messages', { from: a.userId, to: peer, clientMsgId: uniqueId(), kind: 'image', content: { fileId } }, bearer(apiKeys.push))).message)
    await shown(server, wechat, a, peer)
    assert.equal(wechat.of('media_check_async').length, 1)
    for (const message of none) assertProblem(await moderation(server, message), 404)
  })

  it('also when the server was killed before it had asked', { timeout: 60_000 }, async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const lift = wechat.answer(hang, isMedia)
    const message = await shows(server, a, user(b.userId), gif())
    await wechat.call(isMedia)
    await server.kill9()
    lift()
    const next = await again(t, server)
    wechat.site = next
    const trace = await wechat.trace(undefined, 40_000)
    const reader = await enters(next, t, b)
    await told(next, wechat, trace, { suggest: 'risky' })
    await eventually(10_000, 'it to be taken back', async () => (await one(reader, user(a.userId), message.seq)).recalled)
    assert.equal((await checkOf(next, message)).verdict, 'risky')
  })

  it('with an access token that is asked for anew when it is no longer good', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    await shown(server, wechat, a, user(b.userId))
    wechat.api.revokes()
    await shown(server, wechat, a, user(b.userId))
    assert.deepEqual(wechat.of('media_check_async').map(({ errcode }) => errcode), [0, badToken.errcode, 0])
    assert.equal(wechat.of('stable_token').length, 2)
  })

  it('and not taken back a second time after its sender did it', async (t) => {
    const { wechat, server } = await start(the, t)
    const [a, b] = await wechatUsers(server, wechat, t, 2)
    const { message, trace } = await shown(server, wechat, a, user(b.userId))
    await a.call('message.recall', { in: user(b.userId), seq: message.seq })
    assert.ok([200, 503].includes((await tells(server, wechat, trace, { suggest: 'risky' })).status))
    await a.say(user(b.userId), 'and then')
    assert.deepEqual((await recallsIn(b, user(a.userId))).map(({ content }) => content), [{ seq: message.seq }])
  })
}, { keys, concurrency: 3 })

describe('pictures of a cluster', { skip: !storeKinds.includes('postgres') && 'HONGYAN_TEST_STORES is without postgres' }, () => {
  it('are looked at once, and the verdict may come to either node', { timeout: 60_000 }, async (t) => {
    const wechat = await WechatStandIn.start(t)
    const files = makeDirectory('wechat-files')
    t.after(() => removeDirectory(files))
    const settings = new WechatSettings(t, wechat, { callback: true, publicUrl, moderation: { media: 'after' }, more: `[files]\nstore = "dir:${files}"\n` })
    const cluster = await Cluster.start(2, () => ({ config: settings.toml, args: keys.args }))
    t.after(() => cluster.dispose())
    const [first, two] = cluster.nodes
    wechat.site = two
    const [alice, bob] = [await wechatUser(first, wechat, t), await wechatUser(two, wechat, t)]
    for (const node of [two, first]) {
      const { message, trace } = await shown(first, wechat, alice, user(bob.userId))
      const what = verdict(trace, { appId: wechat.appId, suggest: 'risky' })
      await eventually(10_000, 'the verdict to be taken', async () => (await pushed(node, wechat, what)).status === 200)
      await takenBack(bob, message)
      await takenBack(alice, message)
      assertTaken(await pushed(node === two ? first : two, wechat, what))
    }
    assert.equal(wechat.of('media_check_async').length, 2)
    assert.ok(wechat.of('stable_token').length <= 2)
    assert.equal((await recallsIn(bob, user(alice.userId))).length, 2)
  })
})
