// v1: sync is a whole resume: nothing missed, whatever happened meanwhile and meanwhile still happens.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { connectV1, flood, group, groupOf, newId, people, pipeline, range, Replica, seqs, uniqueId, user } from './lib/v1.js'
import { eventually, timed } from './lib/wait.js'

const rowFields = ['changed', 'conversationId', 'firstSeq', 'hasMore', 'lastSeq', 'mentionSeq', 'messages', 'muted', 'peerReadSeq', 'pinned', 'place', 'readSeq', 'unread']
const only = (object, fields) => Object.fromEntries(fields.map((name) => [name, object[name]]))

onEachStore('v1 sync', (the) => {
  it('of one who is new is empty, and tells the epoch of the session', async (t) => {
    const [a] = await people(the.server, t, 1)
    const expected = { epoch: a.hello.epoch, reset: false, conversations: [], gone: [], hasMore: false }
    for (const params of [{}, { epoch: null }, { positions: {} }, { epoch: a.hello.epoch, positions: {} }]) assert.deepEqual(await a.call('sync', params), expected)
  })

  it('brings conversations that one has not, with their newest messages, newest active first', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const direct = await flood(a, user(b.userId), 1, 30)
    const { place, conversationId } = await groupOf([b, a])
    await b.call('conversation.read', { in: user(a.userId), seq: 12 })
    await a.call('conversation.read', { in: place, seq: 1 })
    const { conversations } = await a.call('sync', {})
    for (const row of conversations) assert.deepEqual(Object.keys(row).filter((key) => rowFields.includes(key)).sort(), rowFields)
    assert.deepEqual(conversations.map((row) => row.place), [place, user(b.userId)])
    assert.deepEqual(conversations[1], { ...conversations[1], conversationId: direct[0].conversationId, lastSeq: 30, readSeq: 0, peerReadSeq: 12, unread: 0, pinned: false, muted: false, firstSeq: 1, messages: direct.slice(10), hasMore: false })
    assert.deepEqual(only(conversations[0], ['conversationId', 'lastSeq', 'readSeq', 'peerReadSeq', 'firstSeq']), { conversationId, lastSeq: 1, readSeq: 1, peerReadSeq: null, firstSeq: 1 })
    await b.say(user(a.userId), 'newest')
    const { conversations: [first] } = await a.call('sync', { recent: 5 })
    assert.deepEqual([first.place, seqs(first.messages), first.unread], [user(b.userId), range(27, 31), 1])
    for (const [recent, expected] of [[0, []], [1, [31]], [31, range(1, 31)], [100, range(1, 31)]]) {
      assert.deepEqual(seqs((await a.call('sync', { recent })).conversations[0].messages), expected, `recent ${recent}`)
    }
  })

  it('brings all after each position, and then nothing more', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const replica = new Replica()
    const { conversationId } = await a.say(user(b.userId), 'first')
    await replica.sync(b)
    assert.deepEqual(replica.positions, { [conversationId]: 1 })
    const missed = await flood(a, user(b.userId), 2, 60)
    const [page] = await replica.sync(b)
    assert.deepEqual(page.conversations[0].messages, missed, 'all, not only the recent')
    const { epoch } = b.hello
    const quiet = await b.call('sync', { epoch, positions: { [conversationId]: 60 } })
    assert.deepEqual([quiet.reset, quiet.gone, quiet.hasMore], [false, [], false])
    for (const row of quiet.conversations) assert.deepEqual([row.messages, row.hasMore], [[], false])
    assert.deepEqual(seqs((await b.call('sync', { epoch, positions: { [conversationId]: 0 }, limit: 500 })).conversations[0].messages), range(1, 60))
    const ahead = await b.call('sync', { epoch, positions: { [conversationId]: 61 } })
    assert.deepEqual([ahead.reset, ahead.epoch, ahead.gone, seqs(ahead.conversations[0].messages)], [true, epoch, [], range(41, 60)], 'a store that has less was set back')
  })

  it('says reset when the store has another message, or none, where the client holds one', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place, conversationId } = await groupOf([a, b])
    const sent = await flood(a, place, 2, 9)
    const held = ({ conversationId, seq, id, createTime }) => ({ conversationId, seq, id, createTime })
    const last = sent.slice(0, 8).map(held).reverse()
    const ask = (change, positions = { [conversationId]: 9 }) => b.call('sync', { epoch: b.hello.epoch, positions, last: [change, ...last.slice(1)] })
    assert.equal((await ask(last[0])).reset, false)
    const wrong = {
      'another id': { ...last[0], id: last[0].id + 1 },
      'another time': { ...last[0], createTime: new Date(Date.parse(last[0].createTime) + 1).toISOString() },
      'a seq that is not there': { ...last[0], seq: 10 },
    }
    for (const [what, change] of Object.entries(wrong)) {
      const page = await ask(change)
      assert.deepEqual([page.reset, page.epoch], [true, b.hello.epoch], what)
      assert.deepEqual(seqs(page.conversations[0].messages), range(1, 9), `${what}: as if there were no position`)
    }
    // A recall changes neither id nor time.
    await a.call('message.recall', { in: place, seq: last[0].seq })
    assert.equal((await ask(last[0])).reset, false)
    // What is no more one's own is not judged.
    await b.call('conversation.clear', { in: place })
    assert.equal((await ask(last[0])).reset, false)
    await b.call('group.leave', { groupId: place.groupId })
    assert.deepEqual(await ask(last[0]).then(({ reset, gone }) => [reset, gone]), [false, [conversationId]])
    for (const bad of [{}, [1], Array(9).fill(last[0]), [{ ...last[0], createTime: 'yesterday' }], [{ ...last[0], seq: '1' }]]) {
      await b.fails(-32602, 'sync', { last: bad })
    }
  })

  it('comes to an end for a user with more conversations than a request can name', async (t) => {
    const [a] = await people(the.server, t, 1)
    const others = range(1, 2_400).map((i) => `peer${i}-of-${a.userId}`)
    await pipeline(a, 'message.send', others.map((id) => ({ to: user(id), clientMsgId: uniqueId(), kind: 'text', content: 'hi' })))
    const seen = new Map()
    const positions = {}
    for (let pages = 1; ; pages++) {
      const named = Object.fromEntries(Object.entries(positions).slice(0, 1_000))
      const page = await a.call('sync', { epoch: a.hello.epoch, positions: named, limit: 500 })
      for (const { conversationId, place, messages, lastSeq } of page.conversations) {
        if (messages.length) seen.set(place.userId, (seen.get(place.userId) ?? 0) + 1)
        positions[conversationId] = lastSeq
      }
      if (!page.hasMore) break
      assert.ok(pages < 10, 'sync does not come to an end')
    }
    assert.deepEqual([...seen.keys()].sort(), [...others].sort())
    assert.ok([...seen.values()].every((times) => times === 1), 'each came once')
    // The end is the end: what is not named comes as new again.
    assert.equal((await a.call('sync', { epoch: a.hello.epoch, positions: { [Object.keys(positions)[0]]: 1 }, limit: 500 })).conversations.length, 500)
  })

  it('of another epoch is a reset: the positions are void', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [{ conversationId }] = await flood(a, user(b.userId), 1, 25)
    const page = await b.call('sync', { epoch: 'of another store', positions: { [conversationId]: 25, 999999: 3 }, recent: 4 })
    assert.deepEqual([page.reset, page.epoch, page.gone], [true, b.hello.epoch, []])
    assert.deepEqual(seqs(page.conversations[0].messages), range(22, 25))
    const replica = new Replica()
    replica.epoch = 'of another store'
    replica.positions = { [conversationId]: 25 }
    await replica.sync(b)
    assert.deepEqual(seqs(replica.of(conversationId)), range(6, 25))
  })

  it('pages by its limit over all conversations, to the same end', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place, conversationId: inGroup } = await groupOf([b, a, c])
    const { conversationId: withA } = await a.say(user(b.userId), 'x')
    const old = new Replica()
    await old.sync(b)
    await flood(a, user(b.userId), 1, 23)
    await flood(c, place, 1, 31)
    const [{ conversationId: withC }] = await flood(c, user(b.userId), 1, 9)
    for (const limit of [1, 2, 7, 50, 64, 500]) {
      const replica = new Replica()
      replica.epoch = old.epoch
      replica.positions = { ...old.positions }
      const pages = await replica.sync(b, { limit })
      const expected = { [withA]: range(2, 24), [inGroup]: range(2, 32), [withC]: range(1, 9) }
      for (const [id, wanted] of Object.entries(expected)) assert.deepEqual(seqs(replica.of(id)), wanted, `by ${limit}`)
      assert.deepEqual(replica.positions, { [withA]: 24, [inGroup]: 32, [withC]: 9 })
      if (limit < 63) assert.ok(pages.length >= 63 / limit, `${pages.length} pages`)
      else assert.equal(pages.length, 1)
    }
  })

  it('names as gone what was left, dismissed, cleared or taken away, or never was one’s own', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const groups = []
    for (let i = 0; i < 4; i++) groups.push(await groupOf([a, b]))
    const direct = await a.say(user(b.userId), 'x')
    const foreign = await a.say(user(c.userId), 'not yours')
    const replica = new Replica()
    await replica.sync(b)
    assert.equal(Object.keys(replica.positions).length, 5)
    await b.call('group.leave', { groupId: groups[0].place.groupId })
    await a.call('group.dismiss', { groupId: groups[1].place.groupId })
    await a.call('group.remove', { groupId: groups[2].place.groupId, userIds: [b.userId] })
    await b.call('conversation.clear', { in: user(a.userId) })
    const page = await b.call('sync', { epoch: replica.epoch, positions: { ...replica.positions, [foreign.conversationId]: 0, 987654321: 5 } })
    const expected = [...groups.slice(0, 3).map(({ conversationId }) => conversationId), direct.conversationId, foreign.conversationId, '987654321']
    assert.deepEqual(page.gone.sort(), expected.sort())
    assert.deepEqual(page.conversations.map(({ conversationId }) => conversationId), [groups[3].conversationId])
    await replica.sync(b)
    assert.deepEqual(Object.keys(replica.positions), [groups[3].conversationId])
    const again = await b.say(user(a.userId), 'back')
    const [{ conversations }] = await replica.sync(b)
    const row = conversations.find(({ conversationId }) => conversationId === direct.conversationId)
    assert.deepEqual([row.firstSeq, row.messages], [2, [again]])
  })

  it('starts, after a clear and new messages, at what may be read', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const [{ conversationId }] = await flood(a, user(b.userId), 1, 5)
    const position = { epoch: b.hello.epoch, positions: { [conversationId]: 2 } }
    await b.call('conversation.clear', { in: user(a.userId) })
    await flood(a, user(b.userId), 6, 8)
    const { conversations: [row], gone } = await b.call('sync', position)
    assert.deepEqual([gone, row.firstSeq, seqs(row.messages), row.unread], [[], 6, [6, 7, 8], 3])
  })

  it('brings read positions, pins and mutes that moved without a message', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const b2 = await connectV1(the.server, b.userId, { t })
    const [{ conversationId }] = await flood(a, user(b.userId), 1, 4)
    const replica = new Replica()
    await replica.sync(b)
    await a.call('conversation.read', { in: user(b.userId), seq: 4 })
    await b2.call('conversation.read', { in: user(a.userId), seq: 3 })
    await b2.call('conversation.set', { in: user(a.userId), pinned: true, muted: true })
    const [page] = await replica.sync(b)
    const row = page.conversations.find((it) => it.conversationId === conversationId)
    assert.ok(row, 'it is there, although no message is new')
    assert.deepEqual(only(row, ['readSeq', 'peerReadSeq', 'unread', 'pinned', 'muted', 'messages']), { readSeq: 3, peerReadSeq: 4, unread: 1, pinned: true, muted: true, messages: [] })
  })

  it('shows a recall whichever side of a page’s edge it falls on', async (t) => {
    for (const seq of [3, 7]) {
      const [a, b] = await people(the.server, t, 2)
      const [{ conversationId }] = await flood(a, user(b.userId), 1, 9, (i) => `secret ${i}`)
      const replica = new Replica()
      replica.epoch = b.hello.epoch
      replica.positions = { [conversationId]: 0 }
      let pages = 0
      await replica.sync(b, { limit: 5, onPage: () => (++pages === 1 ? a.call('message.recall', { in: user(b.userId), seq }) : undefined) })
      const log = replica.of(conversationId)
      assert.deepEqual(seqs(log), range(1, 10))
      assert.deepEqual([log[9].kind, log[9].content], ['recall', { seq }])
      // What came on the first page is taken away by the entry; what came after it is empty already.
      assert.equal(log[seq - 1].recalled, seq > 5)
    }
  })

  it('of a group starts at one’s joining, or with history “all” at 1', async (t) => {
    for (const [history, first] of [['joined', 6], ['all', 1]]) {
      const [a, b] = await people(the.server, t, 2)
      const { place, conversationId } = await groupOf([a], { history })
      await flood(a, place, 1, 4)
      await a.call('group.add', { groupId: place.groupId, userIds: [b.userId] })
      await flood(a, place, 5, 6)
      const { conversations: [row] } = await b.call('sync', {})
      assert.deepEqual([row.conversationId, row.firstSeq, seqs(row.messages)], [conversationId, first, range(first, 8)])
      const { conversations: [all] } = await b.call('sync', { epoch: b.hello.epoch, positions: { [conversationId]: 0 } })
      assert.deepEqual(seqs(all.messages), range(first, 8), 'asking from 0 does not show more')
    }
  })

  it('loses nothing and repeats nothing while messages keep coming', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    const { place, conversationId } = await groupOf([a, b, c])
    const replica = new Replica()
    await replica.sync(b)
    b.socket.terminate()
    await flood(a, place, 1, 120)
    const back = await connectV1(the.server, b.userId, { t })
    // One socket has at most 32 sends under way, so c speaks in both places in turn.
    const talking = Promise.all([flood(a, place, 121, 300), flood(c, place, 1, 180).then(() => flood(c, user(b.userId), 1, 100))])
    await replica.sync(back, { limit: 20 })
    const [, direct] = await talking
    // Live messages are taken as they come; the last of each conversation ends it.
    const ends = [[conversationId, 481], [direct[0].conversationId, 100]]
    for (const [id, last] of ends) {
      if (back.lastSeq.get(id) !== last) await back.message((message) => message.conversationId === id && message.seq === last, 10_000).then((message) => replica.keep(message))
    }
    for (const { message } of back.left('message')) replica.keep(message)
    for (const [id, last] of ends) {
      if (id in replica.positions) replica.advance(id)
      const got = seqs(replica.of(id))
      assert.deepEqual(got, range(last === 481 ? 1 : got[0], last), 'live and sync together have no hole')
      assert.equal(replica.of(id).length, got.length)
    }
    const stored = await a.all(place)
    assert.deepEqual(replica.of(conversationId), stored)
  })

  it('brings 10,000 missed messages of a group within 5 s of asking, in bounded pages', async (t) => {
    const sessions = await people(the.server, t, 4)
    const late = await connectV1(the.server, newId(), { t })
    const { place, conversationId } = await groupOf([...sessions, late])
    const replica = new Replica()
    await replica.sync(late)
    await late.close()
    for (const session of sessions) session.socket.on('message', () => { session.queue.length = 0 })
    const { ms: sending } = await timed(() => Promise.all(sessions.map((session) => flood(session, place, 1, 2_500, (i) => `${session.userId}#${i}`))))
    const back = await connectV1(the.server, late.userId, { t })
    const { ms } = await timed(() => replica.sync(back, { limit: 500 }))
    t.diagnostic(`10,000 sent in ${Math.round(sending)} ms, synced in ${Math.round(ms)} ms`)
    const log = replica.of(conversationId)
    assert.deepEqual(seqs(log), range(1, 10_001))
    for (const { userId } of sessions) assert.deepEqual(log.filter(({ from, kind }) => from === userId && kind === 'text').map(({ content }) => content), range(1, 2_500).map((i) => `${userId}#${i}`))
    assert.ok(ms < 5_000, `${Math.round(ms)} ms`)
    assert.equal(replica.rows.get(conversationId).unread, 999, 'unread is told up to 999')
    assert.equal((await back.row(place)).unread, 999)
    await back.call('conversation.read', { in: place, seq: 10_001 - 998 })
    assert.equal((await back.row(place)).unread, 998)
  })

  it('after a ping that shows a higher position closes the hole', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { conversationId } = await a.say(user(b.userId), 'x')
    const replica = new Replica()
    await replica.sync(b)
    await flood(a, user(b.userId), 2, 10)
    // The senders' answers may overtake the deliveries by a moment.
    await eventually(5_000, 'a ping to show 10', async () => (await b.call('ping')).positions[conversationId] === 10)
    await replica.sync(b)
    assert.deepEqual(seqs(replica.of(conversationId)), range(1, 10))
  })

  it('does not show a stranger’s group, whatever is asked for', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { conversationId, place } = await groupOf([a, b])
    await a.say(place, 'inside')
    const page = await stranger.call('sync', { epoch: stranger.hello.epoch, positions: { [conversationId]: 0 } })
    assert.deepEqual([page.conversations, page.gone], [[], [conversationId]])
    await stranger.fails(-32004, 'message.history', { in: group(place.groupId) })
  })
}, { concurrency: 2 })
