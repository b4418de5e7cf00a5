// v1: presence.watch and .unwatch.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, get } from './lib/client.js'
import { startServer } from './lib/server.js'
import { connectV1, newId, people } from './lib/v1.js'
import { timed } from './lib/wait.js'

let server
before(async () => { server = await startServer() })
after(() => server?.dispose())

const comes = async (session, userId, online) => {
  const { ms, value } = await timed(() => session.next('presence', (params) => params.userId === userId))
  assert.deepEqual(value, { userId, online })
  assert.ok(ms < 2_000, `told after ${Math.round(ms)} ms`)
}

describe('v1 presence', { concurrency: 4 }, () => {
  it('.watch answers who is online, and then tells each change within 2 s', async (t) => {
    const [a, b] = await people(server, t, 2)
    const id = newId()
    assert.deepEqual(await a.call('presence.watch', { userIds: [id, b.userId, 'never-here'] }), { online: [b.userId] })
    const first = await connectV1(server, id, { t })
    await comes(a, id, true)
    const second = await connectV1(server, id, { t })
    await first.close()
    await a.call('ping')
    assert.deepEqual(a.left('presence'), [], 'still online with another session')
    second.socket.terminate()
    await comes(a, id, false)
    await connectV1(server, id, { t })
    await comes(a, id, true)
    await b.close()
    await comes(a, b.userId, false)
    assert.deepEqual((await a.call('presence.watch', { userIds: [id, b.userId] })).online, [id])
  })

  it('sees classic sessions too, and a kick', async (t) => {
    const [a] = await people(server, t, 1)
    const id = newId()
    await a.call('presence.watch', { userIds: [id] })
    const classic = await connect(server, id, { t })
    await comes(a, id, true)
    await get(server, `/close?userId=${id}`)
    await comes(a, id, false)
    assert.equal((await classic.closing()).code, 4003)
  })

  it('.unwatch ends it, for those only', async (t) => {
    const [a] = await people(server, t, 1)
    const [one, two] = [newId(), newId()]
    await a.call('presence.watch', { userIds: [one, two] })
    assert.deepEqual(await a.call('presence.unwatch', { userIds: [one, 'unknown'] }), {})
    await connectV1(server, one, { t })
    await connectV1(server, two, { t })
    await comes(a, two, true)
    await a.call('ping')
    assert.deepEqual(a.left('presence'), [])
  })

  it('is of the session that asked, and ends with it', async (t) => {
    const [a] = await people(server, t, 1)
    const twin = await connectV1(server, a.userId, { t })
    const id = newId()
    await a.call('presence.watch', { userIds: [id] })
    await connectV1(server, id, { t })
    await comes(a, id, true)
    await twin.call('ping')
    assert.deepEqual(twin.left('presence'), [])
    await a.close()
    await twin.call('ping')
  })

  it('takes 200 users a session; with one more nothing is watched', async (t) => {
    const [a] = await people(server, t, 1)
    const ids = Array.from({ length: 200 }, newId)
    const beyond = newId()
    await a.fails(-32602, 'presence.watch', { userIds: [...ids, beyond] }, { param: 'userIds' })
    await a.call('presence.watch', { userIds: ids.slice(0, 199) })
    await a.fails(-32602, 'presence.watch', { userIds: [ids[199], beyond] }, { param: 'userIds' })
    await connectV1(server, beyond, { t })
    await connectV1(server, ids[199], { t })
    assert.deepEqual((await a.call('presence.watch', { userIds: ids })).online, [ids[199]], 'those watched already do not count again')
    await connectV1(server, ids[0], { t })
    await comes(a, ids[0], true)
    assert.deepEqual(a.left('presence'), [])
    await a.call('presence.unwatch', { userIds: [ids[5]] })
    assert.deepEqual((await a.call('presence.watch', { userIds: [beyond] })).online, [beyond])
  })

  it('tells many changes at once, each user’s last as it is', async (t) => {
    const [a] = await people(server, t, 1)
    const ids = Array.from({ length: 40 }, newId)
    await a.call('presence.watch', { userIds: ids })
    const sessions = await Promise.all(ids.map((id) => connectV1(server, id, { t })))
    for (const id of ids) await comes(a, id, true)
    await Promise.all(sessions.map((session, i) => (i % 2 ? session.close() : session.socket.terminate())))
    for (const id of ids) await comes(a, id, false)
    assert.deepEqual((await a.call('presence.watch', { userIds: ids })).online, [])
  })
})
