// Three servers that are one: presence, messages, kicks and order over all of them; and what happens to the others when
// one is killed, frozen or restarted.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect, get, online, push, request } from './lib/client.js'
import { Cluster, figure } from './lib/cluster.js'
import { apiKeys, bearer, KeyFiles, seconds, tokenOf } from './lib/keys.js'
import { runToEnd, startServer } from './lib/server.js'
import { connectV1, groupOf, newId, range, seqs, uniqueId, user } from './lib/v1.js'
import { eventually, within } from './lib/wait.js'

let cluster
let a, b, c
before(async () => {
  cluster = await Cluster.start(3)
  ;[a, b, c] = cluster.nodes
})
after(() => cluster?.dispose())

const seesOnline = (node, userId) => online(node).then((all) => all[userId])

describe('a cluster', () => {
  it('tells one’s other sessions of one’s own changes, on whichever node', async (t) => {
    const id = newId()
    const [phone, tablet] = [await connectV1(a, id, { t }), await connectV1(b, id, { t })]
    await eventually(5_000, 'both to be known', async () => (await seesOnline(a, id)).sessions === 2)
    await phone.call('user.update', { name: '雁' })
    assert.deepEqual(await tablet.next('profile'), { userId: id, name: '雁', avatar: null })
    await phone.say(user(newId()), 'x').then(({ to }) => phone.call('conversation.set', { in: to, muted: true }))
    assert.equal((await tablet.next('conversation')).muted, true)
    assert.deepEqual([phone.left('profile'), phone.left('conversation')], [[], []])
  })

  it('shows who is online anywhere, and where', async (t) => {
    const id = newId()
    await connectV1(a, id, { t })
    const second = await connect(b, id, { t })
    for (const node of [a, b, c]) {
      const row = await seesOnline(node, id)
      assert.equal(row.sessions, 2)
      assert.deepEqual([...row.nodes].sort(), ['node-0', 'node-1'])
    }
    second.socket.close()
    await eventually(5_000, 'the classic session to be gone', async () => (await seesOnline(c, id)).sessions === 1)
    const { sessions } = JSON.parse((await get(c, `/v1/users/${id}/sessions`)).text)
    assert.deepEqual(sessions.map(({ node }) => node), ['node-0'], 'the node that it is on, not the one that is asked')
    assert.deepEqual(JSON.parse((await get(c, `/v1/online?userIds=${id},nobody`)).text), { online: [id] })
  })

  it('delivers to every session of both ends, wherever they are', async (t) => {
    const [from, to] = [newId(), newId()]
    const sender = await connectV1(a, from, { t })
    const senderToo = await connectV1(b, from, { t })
    const receiver = await connectV1(c, to, { t })
    const classic = await connect(b, to, { t })
    const sent = await sender.say(user(to), 'over the mountains')
    for (const session of [sender, senderToo, receiver]) assert.deepEqual(await session.message(), sent)
    assert.deepEqual((await classic.next()).map(({ content }) => content), ['over the mountains'])
    await push(b, { userId: to, targetUserId: from, content: 'and back' })
    for (const session of [sender, senderToo, receiver]) assert.equal((await session.message()).content, 'and back')
  })

  it('carries read positions, typing and presence', async (t) => {
    const [one, two] = [newId(), newId()]
    const first = await connectV1(a, one, { t })
    assert.deepEqual(await first.call('presence.watch', { userIds: [two] }), { online: [] })
    const second = await connectV1(b, two, { t })
    assert.deepEqual(await first.next('presence'), { userId: two, online: true })
    const sent = await first.say(user(two), 'x')
    await second.message()
    await second.call('conversation.read', { in: user(one), seq: sent.seq })
    assert.deepEqual(await first.next('read'), { conversationId: sent.conversationId, userId: two, seq: sent.seq })
    await second.call('conversation.typing', { in: user(one) })
    assert.deepEqual(await first.next('typing'), { conversationId: sent.conversationId, userId: two })
    await second.close()
    assert.deepEqual(await first.next('presence'), { userId: two, online: false })
  })

  it('ends a user everywhere before /close has answered', async (t) => {
    const id = newId()
    const sessions = [await connectV1(a, id, { t }), await connectV1(b, id, { t })]
    const classic = await connect(c, id, { t })
    const { status, text } = await get(a, `/close?userId=${id}`)
    assert.deepEqual([status, text], [200, 'ok'])
    for (const node of [a, b, c]) assert.equal(await seesOnline(node, id), undefined)
    for (const session of sessions) assert.equal((await session.closing()).code, 4003)
    assert.equal((await within(5_000, classic.closed, 'the close')).code, 4003)
    const there = await connectV1(c, id, { t })
    assert.equal((await request(b, { method: 'DELETE', path: `/v1/users/${id}/sessions` })).status, 200)
    assert.equal((await there.closing()).code, 4003)
  })

  it('keeps one session of a device, the newest, on whichever node', async (t) => {
    const id = newId()
    let before = await connectV1(a, id, { t, device: 'phone' })
    for (const node of [b, c, a, a, b]) {
      const next = await connectV1(node, id, { t, device: 'phone' })
      assert.equal((await before.closing()).code, 4009)
      before = next
    }
    assert.equal((await seesOnline(c, id)).sessions, 1)
    assert.equal((await before.call('ping')).positions !== undefined, true)
  })

  it('leaves exactly one of many that log in at once', async (t) => {
    const id = newId()
    const sessions = (await Promise.allSettled(range(1, 12).map((i) => connectV1(cluster.nodes[i % 3], id, { t, device: 'phone' }))))
      .filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
    await eventually(2_000, 'one to be left', () => sessions.filter(({ isOpen }) => isOpen).length === 1)
    await eventually(2_000, 'all nodes to agree', async () => {
      const counts = await Promise.all(cluster.nodes.map((node) => seesOnline(node, id)))
      return counts.every((row) => row?.sessions === 1)
    })
    for (const session of sessions.filter(({ isOpen }) => !isOpen)) assert.equal((await session.closing()).code, 4009)
  })

  it('has one order of what is sent on all nodes at once', async (t) => {
    const members = await Promise.all(range(0, 5).map((i) => connectV1(cluster.nodes[i % 3], newId(), { t })))
    const { place, conversationId } = await groupOf(members)
    const each = 60
    await Promise.all(members.map(async (member) => {
      for (let i = 0; i < each; i++) await member.say(place, `${member.userId} ${i}`)
    }))
    const all = range(2, 1 + each * members.length)
    for (const member of members) assert.deepEqual(seqs(await member.messages(conversationId, all.length)), all)
    const logs = await Promise.all(members.map((member) => member.all(place)))
    for (const log of logs) assert.deepEqual(log, logs[0])
  })

  it('stores a message once that comes to all nodes at once', async (t) => {
    const [from, to] = [newId(), newId()]
    const receiver = await connectV1(c, to, { t })
    const sessions = await Promise.all(cluster.nodes.map((node) => connectV1(node, from, { t })))
    for (let i = 0; i < 20; i++) {
      const params = { to: user(to), clientMsgId: uniqueId(), kind: 'text', content: `${i}` }
      const results = await Promise.all(sessions.map((session) => session.call('message.send', params)))
      assert.equal(new Set(results.map(({ message }) => message.seq)).size, 1)
      assert.equal(results.filter(({ duplicate }) => !duplicate).length, 1)
    }
    assert.deepEqual(seqs(await receiver.messages((await receiver.row(user(from))).conversationId, 20)), range(1, 20))
  })

  it('lets nobody through the port of the cluster who is no node', async () => {
    const port = await cluster.portOf(a)
    // What makes CAF allocate a gigabyte for whoever asks: a header that promises it.
    const bomb = Buffer.alloc(96)
    bomb.set([1])
    bomb.writeUInt32BE(0x40000000, 4)
    const before = a.memory()
    const refused = await figure(a, 'hongyan_cluster_refused_total{reason="fence"}').catch(() => 0)
    const strangers = await Promise.all(range(1, 50).map(() => new Promise((resolve) => {
      const socket = net.connect(port, '127.0.0.1', () => socket.write(bomb))
      let answer = 0
      socket.on('data', (data) => { answer += data.length })
      socket.on('error', () => {})
      socket.on('close', () => resolve(answer))
    })))
    assert.deepEqual(new Set(strangers), new Set([0]), 'a stranger was answered')
    assert.equal(await figure(a, 'hongyan_cluster_refused_total{reason="fence"}'), refused + 50)
    assert.ok(a.memory() - before < 64 * 2 ** 20, 'strangers cost memory')
    await cluster.whole()
  })

  it('S37: allocates no gigabyte for somebody who knows its secret either', async () => {
    const secret = await cluster.postgres.sql('SELECT secret FROM cluster_secret', cluster.database.split('/').pop())
    const name = Buffer.alloc(64)
    name.write('node-1')
    const memory = a.memory()
    const socket = net.connect(await cluster.portOf(a), '127.0.0.1', () => socket.write(Buffer.concat([Buffer.from(secret), name])))
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    await within(5_000, once(socket, 'data'), 'the handshake of CAF')
    const bomb = Buffer.alloc(32)
    bomb.writeUInt32BE(0xFFFFFFFF, 4)
    socket.write(bomb)
    await within(5_000, closed, 'the end of the link')
    assert.ok(a.memory() - memory < 64 * 2 ** 20, 'a peer costs memory')
    assert.match(a.stderr(), /event=cluster_stranger .* reason="it claims to send what no node sends"/)
    await cluster.whole()
  })

  it('waits for no stranger who says nothing', async () => {
    const port = await cluster.portOf(a)
    const begin = Date.now()
    await new Promise((resolve) => net.connect(port, '127.0.0.1').on('error', () => {}).on('close', resolve))
    assert.ok(Date.now() - begin < 5_000, 'a silent stranger stayed')
  })

  it('listens for CAF itself on loopback only', async () => {
    const listening = fs.readFileSync(`/proc/${a.pid}/net/tcp`, 'utf8') + fs.readFileSync(`/proc/${a.pid}/net/tcp6`, 'utf8')
    const own = new Set(fs.readdirSync(`/proc/${a.pid}/fd`).map((fd) => {
      try { return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${a.pid}/fd/${fd}`))?.[1] } catch { return undefined }
    }))
    const addresses = listening.split('\n').map((line) => line.trim().split(/\s+/))
      .filter((row) => row[3] === '0A' && own.has(row[9])).map((row) => row[1].split(':')[0])
    assert.ok(addresses.length >= 3, 'HTTP, the fence and CAF')
    assert.deepEqual(new Set(addresses), new Set(['0100007F']))
  })
})

describe('when a node goes', () => {
  it('killed: its users are offline for the others within 10 s, and it comes back by itself', async (t) => {
    const id = newId()
    await connectV1(c, id, { t })
    const watcher = await connectV1(a, newId(), { t })
    assert.deepEqual(await watcher.call('presence.watch', { userIds: [id] }), { online: [id] })
    await c.kill9()
    assert.deepEqual(await watcher.next('presence', () => true, 10_000), { userId: id, online: false })
    assert.equal(await seesOnline(b, id), undefined)
    const port = c.port
    c = await cluster.add(2, { listen: `127.0.0.1:${port}` })
    await cluster.whole()
    const back = await connectV1(c, id, { t })
    assert.deepEqual(await watcher.next('presence'), { userId: id, online: true })
    const sender = await connectV1(a, newId(), { t })
    await sender.say(user(id), 'welcome back')
    assert.equal((await back.message()).content, 'welcome back')
  })

  it('frozen: the others forget it within 10 s and go on; thawed, it has all that it missed, once and in order', async (t) => {
    const [from, to] = [newId(), newId()]
    const sender = await connectV1(a, from, { t })
    const frozen = await connectV1(c, to, { t })
    const other = await connectV1(b, to, { t })
    await sender.say(user(to), '1')
    await frozen.message()
    c.signal('SIGSTOP')
    try {
      for (let i = 2; i <= 5; i++) await sender.say(user(to), `${i}`)
      assert.deepEqual((await Promise.all(range(1, 5).map(() => other.message()))).map(({ content }) => content), ['1', '2', '3', '4', '5'])
      await eventually(10_000, 'the others to forget it', async () => (await seesOnline(a, to)).nodes.join() === 'node-1')
      await sender.say(user(to), '6')
    } finally {
      c.signal('SIGCONT')
    }
    assert.deepEqual((await Promise.all(range(2, 6).map(() => frozen.message(() => true, 15_000)))).map(({ content }) => content), ['2', '3', '4', '5', '6'])
    await cluster.whole()
    await sender.say(user(to), '7')
    assert.equal((await frozen.message()).content, '7')
    assert.deepEqual((await seesOnline(a, to)).nodes.sort(), ['node-1', 'node-2'])
  })

  it('stopped in good order: no send fails for good, and nothing is lost or doubled', async (t) => {
    const [from, to] = [newId(), newId()]
    const receiver = await connectV1(a, to, { t })
    let sending = true
    let sent = 0
    let session = await connectV1(c, from, { t })
    const loop = (async () => {
      while (sending) {
        const params = { to: user(to), clientMsgId: uniqueId(), kind: 'text', content: `${sent + 1}` }
        for (let stored = false; !stored;) {
          try {
            await session.call('message.send', params)
            stored = true
          } catch {
            session = await connectV1(cluster.running.at(-1), from, { t }).catch(() => session) // the next, or again
          }
        }
        sent++
      }
    })()
    for (const i of [2, 1]) {
      await cluster.nodes[i].stop()
      await cluster.add(i)
      await cluster.whole()
    }
    sending = false
    await loop
    ;[a, b, c] = cluster.nodes
    assert.ok(sent > 10, `${sent} were sent`)
    await eventually(10_000, 'the last to come', () => [...receiver.queue].filter(({ method }) => method === 'message').length >= sent)
    assert.deepEqual(receiver.left('message').map(({ message }) => message.content), range(1, sent).map(String))
  })

  it('without its database: it refuses, and the others go on', async (t) => {
    const sender = await connectV1(a, newId(), { t })
    await cluster.postgres.stop()
    try {
      await eventually(10_000, '/readyz to say why', async () => (await get(a, '/readyz')).status === 503)
      await sender.fails(-32053, 'message.send', { to: user('1'), clientMsgId: uniqueId(), kind: 'text', content: 'x' })
    } finally {
      await cluster.postgres.start()
    }
    await eventually(5_000, 'every node to store again', async () => {
      const ready = await Promise.all(cluster.nodes.map((node) => get(node, '/readyz')))
      return ready.every(({ status }) => status === 200)
    })
    await sender.say(user('1'), 'again')
  })
})

describe('a node that cannot be one', () => {
  it('on SQLite', async () => {
    const { code, stderr } = await runToEnd(['--listen', '127.0.0.1:0', '--cluster-listen', '127.0.0.1:0'])
    assert.equal(code, 2)
    assert.match(stderr, /--cluster-listen.*SQLite.*postgresql:/)
  })
  it('off loopback without certificates', async () => {
    const { code, stderr } = await runToEnd(['--listen', '127.0.0.1:0', '--database', cluster.database, '--cluster-listen', '0.0.0.0:0'])
    assert.equal(code, 2)
    assert.match(stderr, /--cluster-listen.*certificates.*--cluster-tls-cert/)
  })
  it('with the name of another that lives: it says so, is not ready, and joins nobody', async (t) => {
    const twin = await cluster.add(9, { args: ['--node', 'node-0'], ready: false })
    try {
      await eventually(10_000, 'the log to say so', () => twin.stderr().includes('event=cluster_directory reason="another node of the cluster is called'))
      const { text } = await eventually(20_000, '/readyz to say so', async () => {
        const answer = await get(twin, '/readyz')
        return answer.status === 503 && answer
      })
      assert.match(text, /another node of the cluster is called/)
      assert.equal(await figure(twin, 'hongyan_cluster_peers'), 0)
      await cluster.whole([a, b, c])
    } finally {
      await twin.dispose()
      cluster.nodes.length = 3
    }
  })
})

describe('revoked tokens', () => {
  it('are good on no node from the answer on; on one that no link reaches, within 5 s', async (t) => {
    const keys = new KeyFiles()
    t.after(() => keys.dispose())
    const own = await Cluster.start(2, () => ({ args: keys.args }))
    t.after(() => own.dispose())
    const [one, two] = own.nodes
    const alone = await startServer({ database: own.database, args: keys.args }) // knows of the others by the database only
    t.after(() => alone.dispose())
    const id = newId()
    const token = tokenOf(id, { iat: seconds() - 5 })
    const headers = bearer(token)
    const live = await Promise.all([two, alone].map((node) => connectV1(node, id, { t, path: '/v1/connect', headers })))
    const reads = (node) => get(node, '/v1/conversations', { headers }).then(({ status }) => status)
    for (const node of [one, two, alone]) assert.equal(await reads(node), 200)
    const begin = Date.now()
    assert.equal((await request(one, { method: 'DELETE', path: `/v1/users/${id}/sessions?revoke=true`, headers: bearer(apiKeys.admin) })).status, 200)
    assert.deepEqual([await reads(one), await reads(two)], [401, 401])
    for (const session of live) assert.equal((await session.closing(6_000)).code, 4003)
    assert.ok(Date.now() - begin < 5_000)
    assert.equal(await reads(alone), 401)
    const fresh = await request(alone, { method: 'POST', path: '/v1/tokens', headers: bearer(apiKeys.admin), body: { userId: id } })
    for (const node of [one, two, alone]) assert.equal((await get(node, '/v1/conversations', { headers: bearer(fresh.json().token) })).status, 200)
  })
})
