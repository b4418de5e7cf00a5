// The HTTP API of v1, under --auth none: the same as the methods, and errors as problems.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { connect, get, request } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { assertProblem } from './lib/problem.js'
import { assertMessage, connectV1, flood, group, groupOf, newId, people, range, seqs, uniqueId, user } from './lib/v1.js'

onEachStore('v1 over HTTP', (the) => {
  const post = (path, body, options) => request(the.server, { method: 'POST', path, body, headers: { 'content-type': 'application/json' }, ...options })
  const call = (method, path, body) => request(the.server, { method, path, body })
  const ok = async (answer, status = 200) => {
    const { text, headers, status: got, json } = await answer
    assert.equal(got, status, text)
    assert.match(headers['content-type'] ?? '', /^application\/json\b/)
    return json()
  }
  const send = (from, to, more = {}) => post('/v1/messages', { from, to, clientMsgId: uniqueId(), kind: 'text', content: 'x', ...more })

  it('POST /v1/messages is message.send', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const body = { from: a.userId, to: user(b.userId), clientMsgId: 'h1', kind: 'text', content: '你好', ext: { n: 1 } }
    const { message, duplicate } = await ok(post('/v1/messages', body))
    assertMessage(message)
    assert.equal(duplicate, false)
    for (const session of [a, b]) assert.deepEqual(await session.message(), message)
    assert.deepEqual(await ok(post('/v1/messages', body)), { message, duplicate: true })
    assert.deepEqual(await a.call('message.send', { ...body, from: undefined }), { message, duplicate: true }, 'one clientMsgId, whichever way')
    assertProblem(await post('/v1/messages', { ...body, content: 'other' }), 409)
    const picture = await ok(send(Number(a.userId), { userId: Number(b.userId) }, { kind: 'image', content: { fileId: 'f' } }))
    assert.deepEqual([picture.message.from, picture.message.seq, picture.message.kind], [a.userId, 2, 'image'])
    const { place } = await groupOf([a, b])
    assert.equal((await ok(send(a.userId, place))).message.seq, 2)
    assert.deepEqual((await b.message(({ to }) => 'groupId' in to)).to, place)
  })

  it('POST /v1/messages refuses as message.send does', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    const bad = [{ from: undefined }, { from: '' }, { from: 'a b' }, { to: undefined }, { to: {} }, { to: 'x' }, { clientMsgId: undefined }, { clientMsgId: '' }, { clientMsgId: 'x'.repeat(65) }, { kind: 'recall' }, { kind: 5 }, { content: undefined }, { content: '' }, { content: 'a\0b' }, { ext: [] }, { kind: 'image', content: {} }]
    for (const more of bad) assertProblem(await send(a.userId, user(b.userId), more), 400, { mentions: new RegExp(Object.keys(more).at(-1)) })
    for (const text of ['', '{', '[]', '5', 'null']) assertProblem(await post('/v1/messages', text), 400)
    assertProblem(await send(a.userId, user(b.userId), { content: 'x'.repeat(4097) }), 413)
    assertProblem(await send(a.userId, user(b.userId), { ext: { x: 'x'.repeat(1024) } }), 413)
    assertProblem(await send(stranger.userId, place), 404)
    assertProblem(await send(a.userId, group('none')), 404)
    await b.call('block.add', { userIds: [a.userId] })
    assertProblem(await send(a.userId, user(b.userId)), 403)
    await a.call('group.update', { groupId: place.groupId, muted: true })
    assertProblem(await send(b.userId, place), 403)
    assert.deepEqual(await b.all(user(a.userId)), [])
  })

  it('GET /v1/messages is message.history', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const stored = await flood(a, user(b.userId), 1, 12)
    const path = (query) => `/v1/messages?${new URLSearchParams(query)}`
    assert.deepEqual(await ok(get(the.server, path({ userId: b.userId, peer: a.userId }))), { messages: stored, hasMore: false })
    const page = await ok(get(the.server, path({ userId: a.userId, peer: b.userId, beforeSeq: 10, limit: 3 })))
    assert.deepEqual([seqs(page.messages), page.hasMore], [[7, 8, 9], true])
    assert.deepEqual(seqs((await ok(get(the.server, path({ userId: a.userId, peer: b.userId, afterSeq: 10 })))).messages), [11, 12])
    const { place } = await groupOf([a, b])
    await a.say(place, 'x')
    assert.deepEqual(seqs((await ok(get(the.server, path({ userId: b.userId, group: place.groupId })))).messages), [1, 2])
    assertProblem(await get(the.server, path({ userId: stranger.userId, group: place.groupId })), 404)
    assertProblem(await get(the.server, path({ userId: a.userId, group: 'none' })), 404)
    const bad = [
      [{ peer: b.userId }, /userId/], [{ userId: a.userId }, /peer|group/], [{ userId: a.userId, peer: b.userId, group: 'g' }, /peer|group/], [{ userId: 'a b', peer: '1' }, /userId/], [{ userId: '1', peer: '' }, /peer/],
      [{ userId: '1', peer: '2', limit: 0 }, /limit/], [{ userId: '1', peer: '2', limit: 501 }, /limit/], [{ userId: '1', peer: '2', limit: 'x' }, /limit/], [{ userId: '1', peer: '2', beforeSeq: 'x' }, /beforeSeq/], [{ userId: '1', peer: '2', beforeSeq: 1, afterSeq: 1 }, /beforeSeq|afterSeq/],
    ]
    for (const [query, mentions] of bad) assertProblem(await get(the.server, path(query)), 400, { mentions })
  })

  it('GET /v1/conversations is conversation.list', async (t) => {
    const [a] = await people(the.server, t, 1)
    for (let i = 0; i < 3; i++) await a.say(user(newId()), 'x')
    assert.deepEqual(await ok(get(the.server, `/v1/conversations?userId=${a.userId}`)), await a.call('conversation.list'))
    const first = await ok(get(the.server, `/v1/conversations?userId=${a.userId}&limit=2`))
    const second = await ok(get(the.server, `/v1/conversations?userId=${a.userId}&limit=2&cursor=${encodeURIComponent(first.cursor)}`))
    assert.deepEqual([...first.conversations, ...second.conversations], (await a.call('conversation.list')).conversations)
    assert.equal(second.cursor, null)
    for (const query of ['', '?userId=', '?userId=1&limit=0', '?userId=1&cursor=nonsense']) assertProblem(await get(the.server, `/v1/conversations${query}`), 400)
  })

  it('groups are made, changed and dismissed with the back end’s rights', async (t) => {
    const [owner, member, late] = await people(the.server, t, 3)
    const groupId = `http-${owner.userId}`
    const body = { groupId, name: '群', owner: owner.userId, members: [member.userId], history: 'all' }
    const created = await ok(post('/v1/groups', body), 201)
    const read = async () => {
      const answer = await ok(get(the.server, `/v1/groups/${groupId}`))
      return answer.group ?? answer
    }
    assert.deepEqual(created.group ?? created, await read())
    assert.deepEqual(await read(), (await member.call('group.get', { groupId })).group)
    assert.equal((await member.message()).content.by, owner.userId)
    assertProblem(await post('/v1/groups', body), 409)
    await ok(call('PATCH', `/v1/groups/${groupId}`, { name: 'new', muted: true }))
    assert.deepEqual([(await read()).name, (await read()).muted], ['new', true])
    const entry = await member.message()
    assert.deepEqual([entry.content.action, entry.content.by], ['update', owner.userId])
    const memberPath = (userId) => `/v1/groups/${groupId}/members/${userId}`
    for (let i = 0; i < 2; i++) assert.equal((await call('PUT', memberPath(late.userId), {})).status, 200, 'may be repeated')
    assert.equal((await late.message()).content.action, 'add')
    await ok(call('PUT', memberPath(late.userId), { role: 'admin' }))
    assert.equal((await member.call('group.members', { groupId })).members.find(({ userId }) => userId === late.userId).role, 'admin')
    assert.equal((await call('DELETE', memberPath(late.userId))).status, 200)
    await late.fails(-32004, 'group.get', { groupId })
    await ok(call('PUT', memberPath(member.userId), { role: 'owner' }))
    assert.equal((await read()).owner, member.userId)
    assert.equal((await call('DELETE', `/v1/groups/${groupId}`)).status, 200)
    assertProblem(await get(the.server, `/v1/groups/${groupId}`), 404)
    await owner.fails(-32004, 'group.get', { groupId })
    assert.ok((await ok(post('/v1/groups', { name: 'no id', owner: owner.userId }), 201)), 'an id is given when there is none')
  })

  it('groups refuse what is wrong', async (t) => {
    const [owner] = await people(the.server, t, 1)
    const good = { name: 'g', owner: owner.userId, members: [] }
    for (const more of [{ name: undefined }, { name: '' }, { name: 'x'.repeat(65) }, { owner: undefined }, { owner: 'a b' }, { members: 'x' }, { members: [''] }, { groupId: 'a b' }, { history: 'none' }]) {
      assertProblem(await post('/v1/groups', { ...good, ...more }), 400, { mentions: new RegExp(Object.keys(more)[0]) })
    }
    assertProblem(await post('/v1/groups', { ...good, members: range(1, 2000).map((i) => `m${i}`) }), 413)
    const { place: { groupId } } = await groupOf([owner])
    for (const body of [{}, { name: '' }, { muted: 'yes' }, { history: 'none' }]) assertProblem(await call('PATCH', `/v1/groups/${groupId}`, body), 400)
    assertProblem(await call('PUT', `/v1/groups/${groupId}/members/1`, { role: 'king' }), 400, { mentions: /role/ })
    for (const [method, path] of [['GET', '/v1/groups/none'], ['PATCH', '/v1/groups/none'], ['DELETE', '/v1/groups/none'], ['PUT', '/v1/groups/none/members/1'], ['DELETE', '/v1/groups/none/members/1']]) {
      assertProblem(await call(method, path, method === 'PATCH' ? { name: 'x' } : method === 'PUT' ? {} : undefined), 404)
    }
  })

  it('PUT /v1/users/{id} sets a name and an avatar', async (t) => {
    const [a] = await people(the.server, t, 1)
    const id = newId()
    await ok(call('PUT', `/v1/users/${id}`, { name: '李四', avatar: 'https://x.example/4.png' }))
    assert.deepEqual((await a.call('user.get', { userIds: [id] })).users, [{ userId: id, name: '李四', avatar: 'https://x.example/4.png' }])
    for (const body of [{}, { name: '' }, { name: 5 }, { name: 'x'.repeat(65) }, { avatar: 'x'.repeat(513) }, []]) assertProblem(await call('PUT', `/v1/users/${id}`, body), 400)
    assertProblem(await call('PUT', '/v1/users/a%20b', { name: 'x' }), 400)
  })

  it('GET /v1/users/{id} is a profile as user.get has it', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await a.call('user.update', { name: '李四' })
    assert.deepEqual(await ok(get(the.server, `/v1/users/${a.userId}`)), (await b.call('user.get', { userIds: [a.userId] })).users[0])
    assert.deepEqual(await ok(get(the.server, '/v1/users/nobody-knows')), { userId: 'nobody-knows', name: null, avatar: null })
    assertProblem(await get(the.server, '/v1/users/a%20b'), 400)
  })

  it('GET /v1/groups/{id}/members is group.members', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { place: { groupId } } = await groupOf([a, b])
    const path = (query) => `/v1/groups/${groupId}/members?${new URLSearchParams(query)}`
    assert.deepEqual(await ok(get(the.server, path({ userId: b.userId }))), await b.call('group.members', { groupId }))
    const first = await ok(get(the.server, path({ userId: b.userId, limit: 1 })))
    const second = await ok(get(the.server, path({ userId: b.userId, limit: 1, cursor: first.cursor })))
    assert.deepEqual([...first.members, ...second.members], (await a.call('group.members', { groupId })).members)
    assertProblem(await get(the.server, path({ userId: stranger.userId })), 404)
    for (const query of [{}, { userId: 'a b' }, { userId: b.userId, limit: 0 }, { userId: b.userId, cursor: 'nonsense' }]) assertProblem(await get(the.server, path(query)), 400)
  })

  it('POST /v1/conversations/read is conversation.read', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { conversationId } = await flood(a, user(b.userId), 1, 3).then((all) => all[0])
    const read = (userId, body) => post(`/v1/conversations/read?userId=${userId}`, body)
    assert.deepEqual(await ok(read(b.userId, { in: user(a.userId), seq: 2 })), {})
    for (const session of [a, b]) assert.deepEqual(await session.next('read'), { conversationId, userId: b.userId, seq: 2 })
    assert.equal((await b.row(user(a.userId))).readSeq, 2)
    assertProblem(await read(stranger.userId, { in: user(a.userId), seq: 1 }), 404)
    for (const body of [{}, { in: user(a.userId) }, { seq: 1 }, { in: {}, seq: 1 }, { in: user(a.userId), seq: 0 }]) assertProblem(await read(b.userId, body), 400)
    assertProblem(await post('/v1/conversations/read', { in: user(a.userId), seq: 1 }), 400, { mentions: /userId/ })
  })

  it('GET /v1/search is message.search', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { place } = await groupOf([a, b])
    const direct = await a.say(user(b.userId), '大雁南飞 goose')
    const inGroup = await a.say(place, '大雁北归 goose')
    const found = async (query) => (await ok(get(the.server, `/v1/search?${new URLSearchParams(query)}`))).messages
    assert.deepEqual(await found({ userId: b.userId, query: '大雁' }), [inGroup, direct])
    assert.deepEqual(await found({ userId: b.userId, query: 'goose', peer: a.userId }), [direct])
    assert.deepEqual(await found({ userId: b.userId, query: 'goose', group: place.groupId }), [inGroup])
    assert.deepEqual(await found({ userId: b.userId, query: 'goose', limit: 1 }), [inGroup])
    assert.deepEqual(await found({ userId: stranger.userId, query: '大雁' }), [])
    for (const query of [{ query: 'x' }, { userId: '1' }, { userId: '1', query: '' }, { userId: '1', query: 'x', peer: '2', group: 'g' }, { userId: '1', query: 'x', limit: 501 }, { userId: '1', query: 'x', cursor: 'nonsense' }]) assertProblem(await get(the.server, `/v1/search?${new URLSearchParams(query)}`), 400)
  })

  it('a refusal says why, also for programs', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    await a.call('group.update', { groupId: place.groupId, muted: true })
    assert.equal(assertProblem(await send(b.userId, place), 403).reason, 'muted')
    await a.call('block.add', { userIds: [b.userId] })
    assert.equal(assertProblem(await send(b.userId, user(a.userId)), 403).reason, 'blocked')
  })

  it('sessions are shown and kicked, and who is online', async (t) => {
    const id = newId()
    assert.deepEqual(await ok(get(the.server, `/v1/users/${id}/sessions`)), { sessions: [] })
    const begin = Date.now()
    const v1 = await connectV1(the.server, id, { t, device: 'phone' })
    const classic = await connect(the.server, id, { t })
    const { sessions } = await ok(get(the.server, `/v1/users/${id}/sessions`))
    assert.equal(sessions.length, 2)
    const own = sessions.find(({ kind }) => kind === 'v1')
    assert.deepEqual([own.sessionId, own.device, own.node], [v1.hello.sessionId, 'phone', v1.hello.node])
    for (const { since } of sessions) assert.ok(Math.abs(Date.parse(since) - begin) < 5_000, since)
    assert.ok(sessions.some(({ kind }) => kind === 'classic'))
    assert.deepEqual(await ok(get(the.server, `/v1/online?userIds=${id},nobody-here`)), { online: [id] })
    assert.deepEqual(await ok(call('DELETE', `/v1/users/${id}/sessions`)), { closed: 2 })
    assert.deepEqual(await ok(get(the.server, `/v1/online?userIds=${id}`)), { online: [] })
    for (const session of [v1, classic]) assert.equal((await session.closing()).code, 4003)
    assert.deepEqual(await ok(call('DELETE', `/v1/users/${id}/sessions`)), { closed: 0 })
    for (const query of ['', '?userIds=', '?userIds=a%20b', `?userIds=${range(1, 201).join(',')}`]) assertProblem(await get(the.server, `/v1/online${query}`), 400, { mentions: /userIds/ })
    assert.deepEqual(await ok(get(the.server, `/v1/online?userIds=${range(1, 200).map((i) => `z${i}`).join(',')}`)), { online: [] })
  })

  it('paths and methods that are not there are 404 and 405', async () => {
    for (const path of ['/v1', '/v1/', '/v1/nothing', '/v1/messages/', '/v1/groups/a/b', '/v1/conversations/read', '/v2/messages']) {
      const answer = await get(the.server, path)
      if (path === '/v1/conversations/read') assertProblem(answer, 405)
      else assertProblem(answer, 404)
    }
    const methods = { '/v1/messages': ['GET', 'POST'], '/v1/conversations': ['GET'], '/v1/conversations/read': ['POST'], '/v1/search': ['GET'], '/v1/groups/g/members': ['GET'], '/v1/groups': ['POST'], '/v1/groups/g': ['GET', 'PATCH', 'DELETE'], '/v1/groups/g/members/1': ['PUT', 'DELETE'], '/v1/users/1': ['GET', 'PUT', 'DELETE'], '/v1/users/1/sessions': ['GET', 'DELETE'], '/v1/online': ['GET'] }
    for (const [path, allowed] of Object.entries(methods)) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((name) => !allowed.includes(name))) {
        const answer = await call(method, path)
        assertProblem(answer, 405)
        for (const name of allowed) assert.match(answer.headers.allow, new RegExp(`\\b${name}\\b`), `${method} ${path}`)
      }
    }
  })

  it('a foreign page may change nothing', async (t) => {
    const [a] = await people(the.server, t, 1)
    const headers = { origin: 'https://evil.example', 'content-type': 'application/json' }
    const attempts = [
      ['POST', '/v1/messages', { from: a.userId, to: user(a.userId), clientMsgId: 'evil', kind: 'text', content: 'evil' }], ['POST', '/v1/groups', { name: 'evil', owner: a.userId }],
      ['PUT', `/v1/users/${a.userId}`, { name: 'evil' }], ['DELETE', `/v1/users/${a.userId}/sessions`, undefined],
    ]
    for (const [method, path, body] of attempts) assertProblem(await request(the.server, { method, path, body, headers }), 403)
    await a.call('ping')
    assert.deepEqual(await a.call('conversation.list'), { conversations: [], cursor: null })
  })
}, { config: withoutFiles })
