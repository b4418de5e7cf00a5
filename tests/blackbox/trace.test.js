// Where did a message go? GET /v1/messages/{id}/trace.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { connect, get, pushed, history, request } from './lib/client.js'
import { apiKeys, bearer, KeyFiles } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { again, serverFor } from './lib/server.js'
import { twoNodes } from './lib/two-nodes.js'
import { connectV1, flood, groupOf, newId, people, range, user } from './lib/v1.js'
import { withEachStore } from './lib/webhooks.js'
import { eventually } from './lib/wait.js'

const keys = new KeyFiles()
after(() => keys.dispose())
const args = ['--api-key-file', keys.path('api')]
const observe = bearer(apiKeys.observe)

const traceOf = async (server, id, headers = observe) => {
  const answer = await get(server, `/v1/messages/${id}/trace`, { headers })
  return answer.status === 200 ? answer.json() : answer
}
const isTime = (text) => assert.ok(Math.abs(Date.parse(text) - Date.now()) < 60_000, text)

withEachStore('a message', (the) => {
  const open = async (t, more = {}) => serverFor(t, { database: await the.store.newDatabase(), args, ...more })

  it('is followed from its sender to each socket, and to who has read it', async (t) => {
    const server = await open(t)
    const [a, b] = await people(server, t, 2)
    const classic = await connect(server, b.userId, { t })
    const sent = await a.say(user(b.userId), 'where is it?')
    await b.message(({ id }) => id === sent.id)
    await classic.next()
    const told = await traceOf(server, sent.id)
    assert.deepEqual([told.id, told.conversationId, told.seq, told.from, told.to], [sent.id, sent.conversationId, 1, a.userId, user(b.userId)])
    for (const time of [told.accepted, told.committed, told.delivered.first, told.delivered.last]) isTime(time)
    assert.ok(told.accepted <= told.committed && told.committed <= told.delivered.last)
    const sockets = told.delivered.each.map(({ userId, sessionId, queued }) => [userId, sessionId, queued]).sort()
    assert.deepEqual(sockets, [[a.userId, a.hello.sessionId, false], [b.userId, b.hello.sessionId, false], [b.userId, null, false]].sort())
    assert.equal(told.delivered.nodes.length, 1)
    assert.equal(told.delivered.nodes[0].taken, 3)
    assert.deepEqual(told.read, { users: 0, of: 1, each: [] })
    assert.deepEqual([told.webhooks, told.push, told.moderation, told.silentNodes], [[], [], null, []])
    assert.ok(!JSON.stringify(told).includes('where is it'))
    await b.call('conversation.read', { in: user(a.userId), seq: 1 })
    const read = await eventually(5_000, 'the reading to be seen', async () => {
      const now = (await traceOf(server, sent.id)).read
      return now.users === 1 && now.each[0].at !== null && now
    })
    assert.deepEqual([read.of, read.each[0].userId], [1, b.userId])
    isTime(read.each[0].at)
  })

  it('of a group names twenty sockets, and counts all', async (t) => {
    const server = await open(t)
    const all = await people(server, t, 30)
    const { place } = await groupOf(all)
    const sent = await all[0].say(place, 'to all')
    await Promise.all(all.map((one) => one.message(({ id }) => id === sent.id)))
    const { delivered, read } = await traceOf(server, sent.id)
    assert.deepEqual([delivered.sessions, delivered.each.length, delivered.nodes[0].taken, read.of], [30, 20, 30, 29])
  })

  it('is known still when the server has begun anew, but not how it went', async (t) => {
    let server = await open(t)
    const [a, b] = await people(server, t, 2)
    const sent = await a.say(user(b.userId), 'x')
    await server.stop()
    server = await again(t, server, { args })
    const told = await traceOf(server, sent.id)
    assert.deepEqual([told.seq, told.committed, told.delivered.sessions], [1, null, 0])
    isTime(told.accepted)
  })

  it('is followed into webhooks', async (t) => {
    const { server, receiver } = await the.tells(t, { args })
    receiver.failing?.(500)
    const [a, b] = await people(server, t, 2)
    const sent = await a.say(user(b.userId), 'x')
    await eventually(10_000, 'the webhook to be told', async () => (await traceOf(server, sent.id)).webhooks[0]?.state === 'sent')
    assert.deepEqual((await traceOf(server, sent.id)).webhooks.map(({ name }) => name), ['shop'])
  })

  it('is shown to a key that may look, and only then', async (t) => {
    const server = await open(t, { config: '[trace]\nmemory = 0\n' })
    const [a, b] = await people(server, t, 2)
    const sent = await a.say(user(b.userId), 'x')
    assertProblem(await traceOf(server, sent.id, bearer(apiKeys.admin)), 403, { mentions: /observe/ })
    assertProblem(await traceOf(server, sent.id, {}), 401)
    assertProblem(await traceOf(server, '999999999'), 404)
    assertProblem(await traceOf(server, 'x'), 400)
    const told = await traceOf(server, sent.id) // of the store alone
    assert.deepEqual([told.seq, told.committed, told.delivered.each], [1, null, []])
  })
})

describe('a message in a cluster', () => {
  const the = twoNodes(() => ({ args }))

  it('is followed on all nodes, whichever is asked', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const sent = await alice.say(user(bob.userId), 'over there')
    await bob.message(({ id }) => id === sent.id)
    for (const node of [a, b]) {
      const told = await eventually(5_000, 'both nodes to have told', async () => {
        const now = await traceOf(node, sent.id)
        return now.delivered.each.length === 2 && now
      })
      assert.deepEqual(told.delivered.each.map(({ userId }) => userId).sort(), [alice.userId, bob.userId].sort())
      assert.equal(new Set(told.delivered.each.map((one) => one.node)).size, 2)
      assert.equal(told.delivered.nodes.length, 2)
      assert.deepEqual(told.silentNodes, [])
      isTime(told.committed)
    }
  })
})
