// v1: groups: who may do what, what its log says, and that who is out reads nothing more.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { connectV1, flood, group, groupOf, newId, people, range, Replica, rfc3339, seqs, uniqueId, user } from './lib/v1.js'

const ids = (sessions) => sessions.map(({ userId }) => userId)
const entryOf = (session, action) => session.message(({ kind, content }) => kind === 'group' && content.action === action)
const members = async (session, groupId) => Object.fromEntries((await session.call('group.members', { groupId })).members.map(({ userId, role }) => [userId, role]))

// That a place is closed to a session by every way in.
async function assertShutOut(session, place, conversationId, word) {
  await session.fails(-32004, 'message.send', { to: place, clientMsgId: uniqueId(), kind: 'text', content: 'x' })
  for (const more of [{}, { afterSeq: 0 }, { beforeSeq: 2 }]) await session.fails(-32004, 'message.history', { in: place, ...more })
  await session.fails(-32004, 'message.search', { in: place, query: word })
  await session.fails(-32004, 'conversation.read', { in: place, seq: 1 })
  await session.fails(-32004, 'message.recall', { in: place, seq: 1 })
  await session.fails(-32004, 'group.get', { groupId: place.groupId })
  await session.fails(-32004, 'group.members', { groupId: place.groupId })
  assert.deepEqual((await session.call('message.search', { query: word })).messages, [])
  const page = await session.call('sync', { epoch: session.hello.epoch, positions: { [conversationId]: 0 } })
  assert.deepEqual([page.conversations.filter((row) => row.conversationId === conversationId), page.gone], [[], [conversationId]])
  assert.ok(!(await session.call('sync', {})).conversations.some((row) => row.conversationId === conversationId))
  assert.equal(await session.row(place), undefined)
  assert.ok(!(await session.call('group.list')).groups.some(({ groupId }) => groupId === place.groupId))
}

onEachStore('v1 groups', (the) => {
  it('.create makes one that all of its members see', async (t) => {
    const [a, b, c, stranger] = await people(the.server, t, 4)
    const made = await a.call('group.create', { name: '雁群', members: ids([b, c, b, a]) })
    const { groupId } = made.group
    assert.deepEqual(made.group, { ...made.group, name: '雁群', owner: a.userId, memberCount: 3, muted: false, history: 'joined' })
    assert.ok(typeof groupId === 'string' && groupId.length > 0)
    assert.match(made.group.createTime, rfc3339)
    for (const session of [a, b, c]) {
      const entry = await session.message()
      assert.deepEqual([entry.seq, entry.kind, entry.to, entry.from, entry.content.action, entry.content.by, entry.content.name], [1, 'group', group(groupId), a.userId, 'create', a.userId, '雁群'])
      assert.deepEqual((await session.call('group.get', { groupId })).group, made.group)
      assert.deepEqual((await session.call('group.list')).groups, [made.group])
    }
    assert.deepEqual(await members(b, groupId), { [a.userId]: 'owner', [b.userId]: 'member', [c.userId]: 'member' })
    for (const { joinedSeq } of (await c.call('group.members', { groupId })).members) assert.equal(joinedSeq, 1)
    assert.deepEqual((await stranger.call('group.list')).groups, [])
  })

  it('.create takes an id of one’s own, once, for ever', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const groupId = `team-${a.userId}.x:y@z`
    assert.equal((await a.call('group.create', { name: 'one', groupId })).group.groupId, groupId)
    for (const session of [a, b]) await session.fails(-32009, 'group.create', { name: 'two', groupId })
    await a.call('group.dismiss', { groupId })
    for (const session of [a, b]) await session.fails(-32009, 'group.create', { name: 'three', groupId })
    const races = await Promise.all([a, b].map((session) => session.call('group.create', { name: 'race', groupId: `race-${a.userId}` }).then(() => 'ok', ({ code }) => code)))
    assert.deepEqual(races.sort(), [-32009, 'ok'].sort())
  })

  it('.members and .list page by their cursors', async (t) => {
    const [a] = await people(the.server, t, 1)
    const others = Array.from({ length: 120 }, newId)
    const { group: { groupId, memberCount } } = await a.call('group.create', { name: 'many', members: others })
    assert.equal(memberCount, 121)
    for (const limit of [50, 121, 500]) {
      const got = []
      let cursor
      do {
        const page = await a.call('group.members', { groupId, limit, cursor })
        assert.ok(page.members.length <= limit)
        got.push(...page.members.map(({ userId }) => userId))
        cursor = page.cursor ?? undefined
        assert.ok(got.length <= 121)
      } while (cursor !== undefined)
      assert.deepEqual(got.sort(), [a.userId, ...others].sort())
    }
    const own = [groupId]
    for (let i = 0; i < 70; i++) own.push((await a.call('group.create', { name: `g${i}` })).group.groupId)
    const listed = []
    let cursor
    do {
      const page = await a.call('group.list', { cursor })
      listed.push(...page.groups.map((it) => it.groupId))
      cursor = page.cursor ?? undefined
      assert.ok(listed.length <= own.length)
    } while (cursor !== undefined)
    assert.deepEqual(listed.sort(), own.sort())
  })

  it('.update, .add, .remove and .role are written in the log, which all see', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place: { groupId }, place } = await groupOf([a, b])
    const steps = [
      ['group.update', { name: '新名' }, 'update', { name: '新名' }, { name: '新名' }],
      ['group.update', { muted: true }, 'update', {}, { muted: true }],
      ['group.update', { muted: false, history: 'all' }, 'update', {}, { muted: false, history: 'all' }],
      ['group.add', { userIds: [c.userId] }, 'add', { userIds: [c.userId] }, { memberCount: 3 }],
      ['group.role', { userId: b.userId, role: 'admin' }, 'role', { userIds: [b.userId] }, {}],
      ['group.remove', { userIds: [c.userId] }, 'remove', { userIds: [c.userId] }, { memberCount: 2 }],
    ]
    for (const [i, [method, params, action, content, expected]] of steps.entries()) {
      const { group: after } = await a.call(method, { groupId, ...params })
      assert.deepEqual(after, { ...after, groupId, owner: a.userId, ...expected })
      for (const session of [a, b]) {
        const entry = await entryOf(session, action)
        assert.deepEqual([entry.seq, entry.from], [i + 2, a.userId], method)
        assert.deepEqual(entry.content, { ...entry.content, action, by: a.userId, ...content })
      }
    }
    assert.deepEqual([(await entryOf(c, 'add')).seq, (await entryOf(c, 'role')).seq, (await entryOf(c, 'remove')).seq], [5, 6, 7])
    assert.deepEqual(seqs(await b.all(place)), range(1, 7))
  })

  it('are governed by owner and admins: each right of each role', async (t) => {
    const [owner, admin, admin2, member, stranger] = await people(the.server, t, 5)
    const { place: { groupId } } = await groupOf([owner, admin, admin2, member])
    for (const { userId } of [admin, admin2]) await owner.call('group.role', { groupId, userId, role: 'admin' })
    assert.deepEqual(await members(member, groupId), { [owner.userId]: 'owner', [admin.userId]: 'admin', [admin2.userId]: 'admin', [member.userId]: 'member' })
    const extra = newId()
    // method, params; who is refused how; who may
    const rights = [
      ['group.update', { name: 'n' }, { member: -32003, stranger: -32004 }, ['admin', 'owner']],
      ['group.update', { muted: false }, { member: -32003, stranger: -32004 }, ['admin', 'owner']],
      ['group.add', { userIds: [extra] }, { member: -32003, stranger: -32004 }, ['admin', 'owner']],
      ['group.remove', { userIds: [extra] }, { member: -32003, stranger: -32004 }, ['admin']],
      ['group.remove', { userIds: [admin2.userId] }, { member: -32003, admin: -32003, stranger: -32004 }, []],
      ['group.remove', { userIds: [owner.userId] }, { member: -32003, admin: -32003, stranger: -32004 }, []],
      ['group.role', { userId: member.userId, role: 'admin' }, { member: -32003, admin: -32003, stranger: -32004 }, []],
      ['group.role', { userId: admin2.userId, role: 'member' }, { member: -32003, admin: -32003, stranger: -32004 }, ['owner']],
      ['group.dismiss', {}, { member: -32003, admin: -32003, stranger: -32004 }, []],
    ]
    const who = { owner, admin, member, stranger }
    for (const [method, params, refusals, may] of rights) {
      for (const [name, code] of Object.entries(refusals)) await who[name].fails(code, method, { groupId, ...params })
      for (const name of may) await who[name].call(method, { groupId, ...params })
    }
    assert.deepEqual(await members(owner, groupId), { [owner.userId]: 'owner', [admin.userId]: 'admin', [admin2.userId]: 'member', [member.userId]: 'member' })
    await owner.fails([-32004, -32602], 'group.role', { groupId, userId: stranger.userId, role: 'admin' })
  })

  it('an owner hands over or dismisses before leaving', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place: { groupId }, place, conversationId } = await groupOf([a, b, c])
    await a.fails(-32003, 'group.leave', { groupId })
    assert.equal((await a.call('group.role', { groupId, userId: b.userId, role: 'owner' })).group.owner, b.userId)
    assert.deepEqual(await members(c, groupId), { [a.userId]: 'admin', [b.userId]: 'owner', [c.userId]: 'member' })
    await a.fails(-32003, 'group.dismiss', { groupId })
    assert.deepEqual(await a.call('group.leave', { groupId }), {})
    for (const session of [b, c]) assert.deepEqual((await entryOf(session, 'leave')).from, a.userId)
    assert.equal((await c.call('group.get', { groupId })).group.memberCount, 2)
    await b.say(place, '秘密 after')
    await c.message(({ content }) => content === '秘密 after')
    await assertShutOut(a, place, conversationId, '秘密')
    assert.equal(a.lastSeq.get(conversationId), 3, 'the entry of its own leaving is the last that a session gets')
  })

  it('muted silences all but owner and admins', async (t) => {
    const [owner, admin, member] = await people(the.server, t, 3)
    const { place: { groupId }, place } = await groupOf([owner, admin, member])
    await owner.call('group.role', { groupId, userId: admin.userId, role: 'admin' })
    await owner.call('group.update', { groupId, muted: true })
    const params = { to: place, clientMsgId: 'quiet', kind: 'text', content: 'x' }
    await member.fails(-32003, 'message.send', params)
    await owner.say(place, 'from the owner')
    await admin.say(place, 'from an admin')
    await admin.call('group.update', { groupId, muted: false })
    assert.equal((await member.call('message.send', params)).duplicate, false)
    assert.deepEqual((await member.all(place)).filter(({ kind }) => kind === 'text').map(({ content }) => content), ['from the owner', 'from an admin', 'x'])
  })

  it('history “joined” shows what came since, “all” everything; in history, search, list and unread', async (t) => {
    for (const history of ['joined', 'all']) {
      const [a, late] = await people(the.server, t, 2)
      const { place: { groupId }, place } = await groupOf([a], { history })
      await flood(a, place, 1, 3, (i) => `旧话${i}`)
      await a.call('group.add', { groupId, userIds: [late.userId] })
      await a.say(place, '新话')
      const first = history === 'all' ? 1 : 5
      assert.deepEqual(seqs(await late.all(place)), range(first, 6))
      assert.deepEqual(await late.history(place, { beforeSeq: first }), { messages: [], hasMore: false })
      assert.equal((await late.history(place, { beforeSeq: 6, limit: 1 })).hasMore, history === 'all')
      assert.equal((await late.call('message.search', { query: '旧话' })).messages.length, history === 'all' ? 3 : 0)
      assert.equal((await late.call('message.search', { query: '新话' })).messages.length, 1)
      const row = await late.row(place)
      assert.deepEqual([row.lastSeq, row.lastMessage.content], [6, '新话'])
      if (history === 'joined') assert.equal(row.unread, 1, 'what one cannot read is not unread')
      const member = (await late.call('group.members', { groupId })).members.find(({ userId }) => userId === late.userId)
      assert.deepEqual([member.role, member.joinedSeq], ['member', 5])
      await late.fails(history === 'all' ? -32003 : -32004, 'message.recall', { in: place, seq: 2 })
    }
  })

  it('who is removed gets the entry of it, and reads nothing more', async (t) => {
    const [a, b, victim] = await people(the.server, t, 3)
    const other = await connectV1(the.server, victim.userId, { t })
    const { place, conversationId } = await groupOf([a, b, victim])
    await other.message()
    await victim.say(place, '我的话')
    await a.say(place, '秘密 before')
    await a.call('group.remove', { groupId: place.groupId, userIds: [victim.userId] })
    for (const session of [victim, other]) assert.equal((await entryOf(session, 'remove')).seq, 4)
    await a.say(place, '秘密 after')
    await b.message(({ content }) => content === '秘密 after')
    for (const session of [victim, other]) await assertShutOut(session, place, conversationId, '秘密')
    assert.deepEqual((await victim.call('message.search', { query: '我的话' })).messages, [], 'not even what it said itself')
    await a.say(user(victim.userId), 'marker')
    for (const session of [victim, other]) {
      await session.message(({ content }) => content === 'marker')
      assert.equal(session.lastSeq.get(conversationId), 4)
    }
    const fresh = await connectV1(the.server, victim.userId, { t })
    await assertShutOut(fresh, place, conversationId, '秘密')
    await a.call('group.add', { groupId: place.groupId, userIds: [victim.userId] })
    assert.deepEqual(seqs(await victim.all(place)), [6], 'who comes back reads from there on')
  })

  it('S13: who is removed while all talk sees all up to it, and nothing after', async (t) => {
    const [owner, victim, ...talkers] = await people(the.server, t, 5)
    const { place, conversationId } = await groupOf([owner, victim, ...talkers])
    const talking = talkers.map((session) => flood(session, place, 1, 80))
    await talkers[0].message(({ seq, conversationId: id }) => id === conversationId && seq > 25, 10_000)
    await owner.call('group.remove', { groupId: place.groupId, userIds: [victim.userId] })
    await Promise.all(talking)
    const stored = await owner.all(place)
    assert.deepEqual(seqs(stored), range(1, 242))
    const removal = stored.find(({ content }) => content.action === 'remove')
    assert.ok(removal.seq > 20 && removal.seq < 242, `removed at ${removal.seq}`)
    await owner.say(user(victim.userId), 'marker')
    await victim.message(({ content }) => content === 'marker')
    const seen = victim.left('message').map(({ message }) => message).filter((message) => message.conversationId === conversationId)
    assert.deepEqual(seen, stored.slice(1, removal.seq))
    for (const session of [owner, talkers[1]]) assert.deepEqual(seqs((await session.messages(conversationId, 241, 10_000))), range(2, 242))
    await assertShutOut(victim, place, conversationId, 'n1')
  })

  it('who is added while all talk sees all from there on, without a hole', async (t) => {
    const [owner, late, ...talkers] = await people(the.server, t, 4)
    const { place, conversationId } = await groupOf([owner, ...talkers])
    const talking = talkers.map((session) => flood(session, place, 1, 80))
    await talkers[0].message(({ seq, conversationId: id }) => id === conversationId && seq > 20, 10_000)
    await owner.call('group.add', { groupId: place.groupId, userIds: [late.userId] })
    await Promise.all(talking)
    const { seq } = await owner.say(place, 'end')
    await late.message(({ content }) => content === 'end', 10_000)
    const replica = new Replica()
    await replica.sync(late, { recent: 100, limit: 500 })
    const live = late.left('message').map(({ message }) => message)
    assert.deepEqual(seqs(live), range(live[0].seq, seq - 1))
    assert.equal(live[0].content.action, 'add')
    assert.deepEqual(seqs(await late.all(place)), range(live[0].seq, seq))
  })

  it('.dismiss ends it for everybody', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place, conversationId } = await groupOf([a, b])
    await a.say(place, '秘密')
    assert.deepEqual(await a.call('group.dismiss', { groupId: place.groupId }), {})
    for (const session of [a, b]) {
      assert.equal((await entryOf(session, 'dismiss')).seq, 3)
      await assertShutOut(session, place, conversationId, '秘密')
    }
    await a.fails(-32004, 'group.dismiss', { groupId: place.groupId })
  })

  it('hold 2,000, and not one more', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const crowd = Array.from({ length: 1998 }, (_, i) => `c${a.userId}-${i}`)
    const { place } = await groupOf([a, b], { members: [b.userId, ...crowd] })
    assert.equal((await a.call('group.get', place)).group.memberCount, 2000)
    await a.fails(-32013, 'group.add', { groupId: place.groupId, userIds: [newId()] })
    await a.say(place, 'hello, all')
    assert.equal((await b.message()).content, 'hello, all')
    const far = await connectV1(the.server, crowd[1997], { t })
    assert.equal((await far.row(place)).unread, 1)
  })
})
