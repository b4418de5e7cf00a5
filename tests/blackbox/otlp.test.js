// Spans: what is followed is posted to a collector (trace.otlp_url), under the trace of who asks, on every node.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, get, push, request } from './lib/client.js'
import { figure } from './lib/cluster.js'
import { Collector, newParent } from './lib/collector.js'
import { twoNodes } from './lib/two-nodes.js'
import { judged } from './lib/judge.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { connectV1, newId, people, uniqueId, user } from './lib/v1.js'
import { serverFor } from './lib/server.js'
import { eventually } from './lib/wait.js'
import { withEachStore } from './lib/webhooks.js'

const keys = new KeyFiles()
after(() => keys.dispose())
const args = ['--api-key-file', keys.path('api')]
const to = (collector) => `[trace]\notlp_url = "${collector.url}"\n`

// A message over HTTP, by the back end.
const post = (server, from, to, headers = {}) => request(server, {
  method: 'POST', path: '/v1/messages', headers: { ...bearer(apiKeys.push), 'content-type': 'application/json', ...headers },
  body: { from, to, clientMsgId: uniqueId(), kind: 'text', content: 'x' },
})
const parentOf = ({ traceparent }) => traceparent.split('-')[2]

withEachStore('what is followed', (the) => {
  const open = async (t, more = '') => {
    const collector = await Collector.open(t)
    const server = await serverFor(t, { database: await the.store.newDatabase(), args, config: to(collector) + more })
    return { collector, server }
  }

  it('is told under the request that began it', async (t) => {
    const { collector, server } = await open(t)
    const [a, b] = await people(server, t, 2)
    const classic = await connect(server, b.userId, { t })
    const asked = newParent()
    const { message } = (await post(server, a.userId, user(b.userId), asked)).json()
    await b.message(({ id }) => id === message.id)
    await classic.next()
    await b.call('conversation.read', { in: user(a.userId), seq: message.seq })
    const spans = await collector.trace(asked, ['POST /v1/messages', 'commit', 'deliver', 'deliver', 'deliver', 'read'])
    const [root] = spans('POST /v1/messages')
    assert.deepEqual([root.parentSpanId, root.kind, root['http.route'], root['http.response.status_code'], root.failed], [asked.spanId, 2, '/v1/messages', 200, false])
    for (const one of [...spans('commit'), ...spans('deliver'), ...spans('read')])
      assert.deepEqual([one.parentSpanId, one['hongyan.message.id']], [root.spanId, message.id])
    assert.deepEqual(spans('deliver').map((one) => [one['user.id'], one['session.id']]).sort(), [[a.userId, a.hello.sessionId], [b.userId, b.hello.sessionId], [b.userId, undefined]].sort())
    assert.ok(BigInt(root.begin) <= BigInt(spans('commit')[0].begin))
    assert.ok(BigInt(spans('commit')[0].end) <= BigInt(spans('deliver')[0].end))
    const age = Number(BigInt(root.begin) / 1_000_000n) - Date.now()
    assert.ok(Math.abs(age) < 60_000, `it began ${age} ms from now`)
    assert.ok(!JSON.stringify(collector.spans).includes('"x"'), 'and has no content')
  })

  it('is a socket’s sends, under the trace of its upgrade, and a classic push', async (t) => {
    const { collector, server } = await open(t)
    const asked = newParent(), pushed = newParent()
    const a = await connectV1(server, newId(), { t, headers: { traceparent: asked.traceparent } })
    await a.say(user(newId()), 'x')
    const spans = await collector.trace(asked, ['message.send', 'commit', 'deliver'])
    const [root] = spans('message.send')
    assert.deepEqual([root.parentSpanId, root.kind, root['user.id']], [asked.spanId, 2, a.userId])
    await push(server, { userId: newId(), targetUserId: newId(), content: 'x' }, { headers: { 'content-type': 'application/json', traceparent: pushed.traceparent } })
    await collector.trace(pushed, ['POST /push', 'commit'])
  })

  it('begins a trace of its own, where nobody has begun one; and is not what others do not keep', async (t) => {
    const { collector, server } = await open(t)
    const unkept = newParent('00')
    await post(server, newId(), user(newId()), unkept)
    for (const traceparent of ['', 'nonsense', `${newParent().traceparent}-00`]) await post(server, newId(), user(newId()), { traceparent })
    await get(server, '/v1/online', { headers: bearer(apiKeys.admin) }) // which changes nothing
    await collector.waitFor(() => collector.spans.length >= 6)
    const roots = collector.spans.filter(({ name }) => name === 'POST /v1/messages')
    assert.equal(collector.spans.length, 6)
    assert.deepEqual([roots.length, new Set(roots.map(({ traceId }) => traceId)).size], [3, 3])
    for (const root of roots) assert.equal(root.parentSpanId, undefined)
    assert.deepEqual(collector.of(unkept), [])
  })

  it('says of a request what became of it', async (t) => {
    const { collector, server } = await open(t)
    const asked = newParent(), looked = newParent()
    assertProblem(await post(server, 'no id at all!', user(newId()), asked), 400)
    const [refused] = (await collector.trace(asked, ['POST /v1/messages']))('POST /v1/messages')
    assert.deepEqual([refused['http.response.status_code'], refused.failed], [400, false])
    await get(server, '/v1/users/1/sessions', { headers: { ...bearer(apiKeys.admin), ...looked } })
    const [read] = (await collector.trace(looked, ['GET /v1/users/{}/sessions']))('GET /v1/users/{}/sessions')
    assert.deepEqual([read.parentSpanId, read['http.request.method']], [looked.spanId, 'GET'])
  })

  it('goes on to webhooks, and to who is asked before', async (t) => {
    const collector = await Collector.open(t)
    const asked = newParent()
    const { server, receiver } = await the.tells(t, { args, more: to(collector) })
    const { message } = (await post(server, newId(), user(newId()), asked)).json()
    const told = await receiver.told(message)
    const [told_] = (await collector.trace(asked, ['POST /v1/messages', 'commit', 'webhook shop']))('webhook shop')
    assert.equal(told.headers.traceparent, `00-${asked.traceId}-${told_.spanId}-01`)
    assert.deepEqual([told_.kind, told_['http.response.status_code'], told_.failed], [3, 200, false])

    const hooked = newParent()
    const { server: other, judge } = await judged(the, t, { keys, more: to(collector) })
    const a = await connectV1(other, newId(), { t, headers: hooked })
    await a.say(user(newId()), 'x')
    const [question] = judge.questions
    const spans = await collector.trace(hooked, ['message.send', 'before_send', 'commit', 'deliver'])
    assert.equal(parentOf(question.headers), spans('before_send')[0].spanId)
    assert.equal(spans('before_send')[0].parentSpanId, spans('message.send')[0].spanId)
  })

  it('waits for a collector that is away, and for none that refuses it', async (t) => {
    const { collector, server } = await open(t)
    const [lost, kept, refused] = [newParent(), newParent(), newParent()]
    await collector.down()
    await post(server, newId(), user(newId()), kept)
    collector.status = 503
    await collector.up()
    await collector.waitFor(() => collector.posts > 0)
    collector.status = 200
    await collector.trace(kept, ['POST /v1/messages', 'commit'], 20_000)
    assert.equal(await figure(server, 'hongyan_spans_total{outcome="sent"}'), 2)
    collector.status = 400
    await post(server, newId(), user(newId()), refused)
    await eventually(10_000, 'them to be refused', async () => await figure(server, 'hongyan_spans_total{outcome="refused"}') === 2)
    collector.status = 200
    await post(server, newId(), user(newId()), lost)
    await collector.trace(lost, ['POST /v1/messages', 'commit'])
    assert.deepEqual(collector.of(refused), [])
  })
})

describe('what is followed in a cluster', () => {
  let collector
  const ends = []
  before(async () => { collector = await Collector.open({ after: (end) => ends.push(end) }) })
  after(() => Promise.all(ends.map((end) => end())))
  const the = twoNodes(() => ({ args, config: to(collector) }))

  it('is told by each node of what it does, in one trace', async (t) => {
    const { a, alice, bob } = await the.cluster.apart(t)
    const asked = newParent()
    const { message } = (await post(a, alice.userId, user(bob.userId), asked)).json()
    await bob.message(({ id }) => id === message.id)
    const spans = await collector.trace(asked, ['POST /v1/messages', 'commit', 'deliver', 'deliver'])
    const [root] = spans('POST /v1/messages')
    assert.deepEqual(spans('deliver').map((one) => [one.node, one['user.id'], one.parentSpanId]).sort(),
      [['node-0', alice.userId, root.spanId], ['node-1', bob.userId, root.spanId]])
  })
})
