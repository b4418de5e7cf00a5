// What the owner of the data may ask for: a copy of all that is one user's, its end, and what operators have done.

import assert from 'node:assert/strict'
import net from 'node:net'
import { after, it } from 'node:test'
import { get, history, push, request } from './lib/client.js'
import { download, png, uploaded } from './lib/files.js'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { again, serverFor } from './lib/server.js'
import { connectV1, flood, groupOf, newId, people, range, user } from './lib/v1.js'
import { withEachStore } from './lib/webhooks.js'
import { eventually } from './lib/wait.js'

const keys = new KeyFiles()
after(() => keys.dispose())
const args = ['--api-key-file', keys.path('api')]
const owner = bearer(apiKeys.owner)
const admin = bearer(apiKeys.admin)
const json = { 'content-type': 'application/json' }

// What comes on a connection of its own until its end.
const rawly = (server, text) => new Promise((resolve, reject) => {
  const socket = net.connect(server.port, server.address)
  let all = ''
  socket.setEncoding('utf8')
  socket.on('data', (some) => { all += some })
  socket.once('end', () => resolve(all))
  socket.once('error', reject)
  socket.write(text)
})
const exported = async (server, userId, headers = owner) => {
  const answer = await request(server, { method: 'POST', path: '/v1/export', headers: { ...json, ...headers }, body: JSON.stringify({ userId }) })
  return answer.status === 200 ? answer.text.split('\n').slice(0, -1).map((line) => JSON.parse(line)) : answer
}
const erase = (server, userId, headers = owner) => request(server, { method: 'DELETE', path: `/v1/users/${userId}`, headers })
const audit = async (server, query = '', headers = owner) => {
  const answer = await get(server, `/v1/audit${query}`, { headers })
  return answer.status === 200 ? JSON.parse(answer.text) : answer
}
const of = (lines, type) => lines.filter((line) => line.type === type)
const erased = (server, userId) => eventually(40_000, 'the user to be erased', async () => {
  const lines = await exported(server, userId)
  return of(lines, 'message').length === 0 && of(lines, 'group').length === 0 && of(lines, 'file').length === 0 && of(lines, 'profile')[0].profile.name === null
})

withEachStore('the owner', (the) => {
  const open = async (t, more = {}) => serverFor(t, { database: await the.store.newDatabase(), args, config: '[files]\nstore = "dir:files"\n', ...more })

  it('is given all that is one user’s, and no word of others', async (t) => {
    const server = await open(t)
    const [a, b, c] = await people(server, t, 3)
    const place = user(b.userId)
    await flood(a, place, 1, 250, (i) => `a says ${i}`)
    await flood(b, user(a.userId), 1, 20, (i) => `b says ${i}`)
    const { place: group } = await groupOf([a, b, c])
    await a.say(group, 'in a group')
    await a.call('message.recall', { in: place, seq: 3 })
    await a.call('user.update', { name: '老雁' })
    await a.call('block.add', { userIds: [c.userId] })
    const fileId = (await uploaded(server, a, png())).fileId
    const lines = await exported(server, a.userId)
    assert.equal(of(lines, 'profile')[0].profile.name, '老雁')
    assert.deepEqual(of(lines, 'block'), [{ type: 'block', userId: c.userId }])
    assert.deepEqual(of(lines, 'group').map(({ conversation }) => [conversation.in, conversation.role]), [[group, 'owner']])
    assert.deepEqual(of(lines, 'file').map(({ file }) => file.fileId), [fileId])
    const said = of(lines, 'message').map(({ message }) => message)
    assert.ok(said.every((message) => message.from === a.userId))
    assert.deepEqual(said.map(({ content }) => content).sort(), ['in a group', ...range(1, 250).filter((i) => i !== 3).map((i) => `a says ${i}`)].sort())
    assert.deepEqual((await exported(server, 'nobody')).map(({ type }) => type), ['profile'])
    // Who knows no chunks is told by the end of the connection that this was all.
    const body = JSON.stringify({ userId: a.userId })
    const raw = await rawly(server, `POST /v1/export HTTP/1.0\r\nAuthorization: Bearer ${apiKeys.owner}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    assert.match(raw, /^HTTP\/1\.1 200 /)
    assert.doesNotMatch(raw, /transfer-encoding|content-length/i)
    assert.deepEqual(raw.slice(raw.indexOf('\r\n\r\n') + 4).trim().split('\n').map((line) => JSON.parse(line)), lines)
  })

  it('has a user erased: at once nobody comes in as them, and soon nothing is left but what others said', { timeout: 90_000 }, async (t) => {
    const server = await open(t)
    const [a, b, c] = await people(server, t, 3)
    const place = user(b.userId)
    await flood(a, place, 1, 100, (i) => `a says ${i}`)
    await flood(b, user(a.userId), 1, 5, (i) => `b says ${i}`)
    await push(server, { userId: a.userId, targetUserId: b.userId, userName: 'Anna', targetUserName: 'Ben', content: 'classic' })
    const { place: group } = await groupOf([a, b, c])
    await a.say(group, 'in a group')
    await a.call('user.update', { name: '老雁' })
    const { fileId } = await uploaded(server, a, png())
    await a.say(place, { fileId }, { kind: 'image' })
    const answer = await erase(server, a.userId)
    assert.equal(answer.status, 202, answer.text)
    assert.equal((await a.closed).code, 4003)
    await erased(server, a.userId)
    const log = await b.all(user(a.userId))
    assert.ok(log.length >= 107)
    for (const message of log.filter(({ from }) => from === a.userId)) assert.deepEqual([message.recalled, message.content], [true, null])
    assert.deepEqual(log.filter(({ from }) => from === b.userId).map(({ content }) => content), range(1, 5).map((i) => `b says ${i}`))
    assert.equal((await b.call('message.search', { query: 'says' })).messages.length, 5)
    assert.deepEqual((await history(server, { userId: b.userId, limit: 500 })).filter(({ userId }) => userId === a.userId), [])
    const { members } = await b.call('group.members', { groupId: group.groupId })
    assert.deepEqual(members.map(({ userId, role }) => [userId, role]).sort(), [[b.userId, 'owner'], [c.userId, 'member']].sort())
    await eventually(20_000, 'the file to be gone', async () => (await download(server, b, fileId)).status === 404)
    // Whoever is given the id again begins anew.
    const fresh = await connectV1(server, a.userId, { t })
    assert.deepEqual((await fresh.call('sync', {})).conversations, [])
  })

  it('has one erased although the server is killed meanwhile', { timeout: 120_000 }, async (t) => {
    let server = await open(t)
    const [a, b] = await people(server, t, 2)
    await flood(a, user(b.userId), 1, 150, (i) => `a says ${i}`)
    assert.equal((await erase(server, a.userId)).status, 202)
    let left = 150
    await eventually(60_000, 'a part of it to be gone', async () => {
      left = of(await exported(server, a.userId), 'message').length
      return left < 140
    })
    assert.ok(left > 0)
    await server.kill9()
    server = await again(t, server, { args })
    await erased(server, a.userId)
  })

  it('is told who did what, when and why', async (t) => {
    const server = await open(t)
    const id = newId()
    const reason = encodeURIComponent('他骂人：第三次')
    const ban = await request(server, { method: 'POST', path: '/v1/bans', headers: { ...json, ...admin, 'audit-reason': reason }, body: JSON.stringify({ userId: id, reason: 'spam' }) })
    assert.equal(ban.status, 200, ban.text)
    assert.equal((await request(server, { method: 'DELETE', path: `/v1/bans/${id}`, headers: admin })).status, 200)
    assert.equal((await request(server, { method: 'DELETE', path: `/v1/users/${id}/sessions?revoke=true`, headers: admin })).status, 200)
    const group = { method: 'POST', path: '/v1/groups', headers: { ...json, ...admin }, body: JSON.stringify({ owner: id, name: 'g', members: [] }) }
    assert.ok((await request(server, group)).status < 300) // a back end's everyday
    group.headers['audit-reason'] = 'asked%20for'
    assert.ok((await request(server, group)).status < 300)
    assertProblem(await request(server, { ...group, headers: { ...group.headers, 'audit-reason': '%E9' } }), 400, { mentions: /Audit-Reason/ })
    assertProblem(await request(server, { ...group, headers: { ...group.headers, 'audit-reason': 'x'.repeat(201) } }), 400, { mentions: /Audit-Reason.*200/ })
    const { entries, cursor } = await audit(server)
    assert.equal(cursor, null)
    assert.deepEqual(entries.map(({ what, why }) => [what.split(' {')[0], why]), [
      ['POST /v1/groups', 'asked for'],
      [`DELETE /v1/users/${id}/sessions revoke=true`, ''],
      [`DELETE /v1/bans/${id}`, ''],
      ['POST /v1/bans', '他骂人：第三次'],
    ])
    assert.match(entries[3].what, new RegExp(`"userId":"${id}"`))
    for (const { who, when } of entries) {
      assert.equal(who, 'ops')
      assert.ok(Math.abs(Date.parse(when) - Date.now()) < 60_000, when)
    }
    const first = await audit(server, '?limit=3')
    assert.deepEqual([first.entries.length, first.cursor], [3, String(first.entries[2].id)])
    assert.deepEqual((await audit(server, `?limit=3&cursor=${first.cursor}`)).entries, entries.slice(3))
  })

  it('is alone with it', async (t) => {
    for (const how of [{ args }, { args: keys.args }]) {
      const server = await open(t, how)
      const id = newId()
      for (const headers of [admin, bearer(apiKeys.observe), bearer(apiKeys.push), bearer(tokenOf(id))]) {
        for (const answer of [await exported(server, id, headers), await erase(server, id, headers), await audit(server, '', headers)]) assertProblem(answer, [401, 403])
      }
      for (const answer of [await exported(server, id, {}), await erase(server, id, {}), await audit(server, '', {})]) assertProblem(answer, 401)
    }
    const server = await open(t)
    assertProblem(await erase(server, newId(), admin), 403)
    assertProblem(await request(server, { method: 'POST', path: '/v1/export', headers: { ...json, ...owner }, body: '{}' }), 400, { mentions: /userId/ })
    assertProblem(await audit(server, '?limit=201'), 400, { mentions: /limit/ })
    // What was let in and could not be done is noted, too; what was not let in is not.
    assert.deepEqual((await audit(server)).entries.map(({ who, what }) => [who, what]), [['boss', 'POST /v1/export {}']])
  })

  it('is shown how the server is, by a key that may only look', async (t) => {
    const server = await open(t)
    const [a] = await people(server, t, 1)
    const answer = await get(server, '/v1/overview', { headers: bearer(apiKeys.observe) })
    assert.equal(answer.status, 200, answer.text)
    const told = JSON.parse(answer.text)
    assert.deepEqual([told.auth, told.database, told.nodes], ['none', the.kind === 'sqlite' ? 'sqlite' : 'postgresql', [told.node]])
    assert.deepEqual(told.key.scopes, ['observe'])
    assert.deepEqual([told.figures.online, told.figures.sessions], [1, 1])
    assert.ok(!answer.text.includes(a.userId))
    assertProblem(await get(server, '/v1/overview', { headers: admin }), 403, { mentions: /observe/ })
    assertProblem(await get(server, '/v1/overview'), 401)
  })
})
