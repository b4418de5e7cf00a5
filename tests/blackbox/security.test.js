// What docs/security.md promises and no other file has a test for.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { it } from 'node:test'
import { get, history, push, request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { again, serverFor } from './lib/server.js'
import { connectV1, newId, uniqueId, user } from './lib/v1.js'

onEachStore('S12: what only the server gives', (the) => {
  const planted = { id: 999_999, seq: 77, conversationId: '999', from: 'mallory', sender: 'mallory', createTime: '1999-01-01T00:00:00.000Z', created_at_ms: 1, recalled: true, role: 'owner' }

  it('is not taken from a message', async (t) => {
    const session = await connectV1(the.server, newId(), { t })
    const { message } = await session.call('message.send', { ...planted, to: user('sink'), clientMsgId: uniqueId(), kind: 'text', content: 'x' })
    assert.equal(message.from, session.userId)
    assert.equal(message.seq, 1)
    assert.equal(message.recalled, false)
    assert.notEqual(message.id, planted.id)
    assert.ok(Date.parse(message.createTime) > Date.now() - 60_000)
    const [a, b] = [newId(), newId()]
    assert.equal((await push(the.server, { ...planted, userId: a, targetUserId: b, content: 'x', sessions: 9 })).status, 200)
    const [chat] = await history(the.server, { userId: a })
    assert.equal(String(chat.userId), a)
    assert.notEqual(chat.id, planted.id)
    assert.ok(!chat.createTime.startsWith('1999'))
  })

  it('is not taken from a group or a profile', async (t) => {
    const [owner, member] = [await connectV1(the.server, newId(), { t }), await connectV1(the.server, newId(), { t })]
    const { group } = await owner.call('group.create', { ...planted, name: 'geese', members: [member.userId], owner: member.userId, memberCount: 7, muted: true, dismissed: true })
    assert.deepEqual([group.owner, group.memberCount, group.muted], [owner.userId, 2, false])
    await member.fails(-32003, 'group.update', { ...planted, groupId: group.groupId, name: 'mine' })
    await owner.call('user.update', { name: 'a', userId: member.userId, sub: member.userId })
    const { users } = await owner.call('user.get', { userIds: [owner.userId, member.userId] })
    assert.deepEqual(users.map(({ name }) => name), ['a', null])
  })
})

it('S25: what clients may make the server keep is told at start and in the metrics', async (t) => {
  const server = await serverFor(t, { config: '[limits]\nmemory = 134217728\n' })
  const told = /event=bounds clients_mib=(\d+) user_mib=(\d+) (?:machine|cgroup)_mib=(\d+) meaning=".+"/.exec(server.stderr()).slice(1).map(Number)
  assert.deepEqual(told.slice(0, 2), [128, 2])
  const { text } = await get(server, '/metrics')
  assert.doesNotMatch(text, /hongyan_bound_bytes\{what="cluster"\}/)
  for (const name of ['hongyan_bound_bytes{what="clients"}', 'hongyan_memory_limit_bytes', 'hongyan_limit{name="memory"}'])
    assert.ok(text.includes(`\n${name} 134217728\n`), name)
  // Without a word about it, a quarter of what there is.
  const plain = await serverFor(t)
  const [, clients, all] = /event=bounds clients_mib=(\d+) user_mib=\d+ \w+_mib=(\d+)/.exec(plain.stderr()).map(Number)
  assert.ok(Math.abs(clients - all / 4) <= 1, `${clients} of ${all}`)
})

it('S33: a database that was copied back has another epoch, and old positions are void', async (t) => {
  const directory = makeDirectory('restore')
  t.after(() => removeDirectory(directory))
  const [live, copy] = ['live.db', 'copy.db'].map((name) => path.join(directory, name))
  const server = await serverFor(t, { database: `sqlite:${live}` })
  const a = newId()
  const session = await connectV1(server, a, { t })
  const send = (content) => session.call('message.send', { to: user('sink'), clientMsgId: uniqueId(), kind: 'text', content })
  const { message } = await send('kept')
  await server.stop()
  fs.copyFileSync(live, copy)

  const restored = await again(t, server, { database: `sqlite:${copy}` })
  const back = await connectV1(restored, a, { t })
  assert.notEqual(back.hello.epoch, session.hello.epoch)
  const resumed = await back.call('sync', { epoch: session.hello.epoch, positions: { [message.conversationId]: 9_999 } })
  assert.equal(resumed.reset, true)
  assert.deepEqual(resumed.conversations[0].messages.map(({ content }) => content), ['kept'])
  assert.equal((await request(restored, { path: '/readyz' })).status, 200)
})
