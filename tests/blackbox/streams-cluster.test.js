// Streams in a cluster: written at any node, seen at all, and gone on with elsewhere when a node goes.

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { assertProblem } from './lib/problem.js'
import { assertElsewhere, assertGone, begun, chars, end, entryOf, follow, ok, one, post, slice, write, wrote } from './lib/streams.js'
import { twoNodes } from './lib/two-nodes.js'
import { connectV1, groupOf, newId, range, uniqueId, user } from './lib/v1.js'
import { delay, eventually } from './lib/wait.js'

// Writes the text from `offset` on as the protocol says: where an answer is 409, from there. What did not work is tried again.
async function speak(server, id, text, offset, { size = 20, ms = 15_000, pause = 0 } = {}) {
  const limit = Date.now() + ms
  while (offset < chars(text)) {
    const answer = await write(server, id, offset, slice(text, offset, offset + size))
    if (answer.status === 200) offset = answer.json().offset
    else if (answer.status === 409) offset = answer.json().offset
    else assert.ok([429, 503].includes(answer.status) && Date.now() < limit, `${answer.status} ${answer.text}`)
    assert.ok(Date.now() < limit, `at ${offset} of ${chars(text)} after ${ms} ms`)
    if (pause) await delay(pause)
  }
}

const long = range(1, 300).map((i) => `${i}雁😀 `).join('')

describe('streams of a cluster', () => {
  const the = twoNodes()
  const assertGoneOnBoth = async (id) => { for (const node of the.cluster.nodes) await assertGone(node, id) }

  // Node a, started again and linked.
  async function back() {
    const a = await the.cluster.add(0)
    await the.cluster.whole()
    return a
  }

  it('are begun on one node, written on both in turn, ended on the other, and seen on both in order', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const there = await connectV1(b, alice.userId, { t })
    const clientMsgId = uniqueId()
    const { message, streamId } = await begun(a, alice.userId, user(bob.userId), { clientMsgId })
    for (const session of [alice, there, bob]) assert.deepEqual(await session.message(), message)
    const seen = [alice, there, bob].map((session) => follow(session, message))
    assert.deepEqual(await begun(b, alice.userId, user(bob.userId), { clientMsgId }), { message, streamId, duplicate: true })
    let text = ''
    for (const node of [b, b, a, a, b, a, b, b, a]) {
      const delta = `${node === a ? '甲' : '乙'}${chars(text)}😀 `
      await wrote(node, streamId, chars(text), delta)
      text += delta
    }
    const { message: now } = ok(await end(b, streamId))
    const { streaming, ...rest } = message
    assert.equal(streaming, true)
    assert.deepEqual(now, { ...rest, content: text })
    const entries = await Promise.all([alice, there, bob].map((session) => entryOf(session)))
    for (const entry of entries) assert.deepEqual(entry, entries[0])
    assert.deepEqual(entries[0].content, { seq: 1, content: text })
    for (const { text: shown, gaps } of seen) assert.deepEqual([shown, gaps], [text, []])
    assert.deepEqual(await bob.all(user(alice.userId)), [now, entries[0]])
    await assertGoneOnBoth(streamId)
    assert.deepEqual(await begun(b, alice.userId, user(bob.userId), { clientMsgId }), { message: now, streamId, duplicate: true })
  })

  it('written on one node are told whole on the other too', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
    await wrote(a, streamId, 0, '大雁😀')
    const late = await connectV1(b, bob.userId, { t })
    await late.next('stream', ({ seq, offset, delta }) => seq === message.seq && offset === 0 && delta === '大雁😀', 3_000)
    ok(await end(a, streamId))
  })

  it('written on both at once: each offset is given once, and nothing that was acknowledged is lost', { timeout: 60_000 }, async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
    let text = ''
    for (const round of range(1, 8)) {
      const deltas = [`甲${round} `, `😀乙${round} `]
      const answers = await Promise.all([write(a, streamId, chars(text), deltas[0]), write(b, streamId, chars(text), deltas[1])])
      const added = deltas.filter((_, i) => answers[i].status === 200)
      assert.equal(added.length, 1, `round ${round}: ${answers.map(({ status, text: said }) => `${status} ${said}`)}`)
      text += added[0]
      const other = answers.find(({ status }) => status !== 200)
      assertElsewhere(other, chars(text))
    }
    assert.equal(ok(await end(b, streamId)).message.content, text)
    assert.equal((await one(bob, user(alice.userId), message.seq)).content, text)
  })

  it('ended on the other node while one writes there: what was acknowledged is in the text', { timeout: 60_000 }, async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    for (const round of range(1, 6)) {
      const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
      await wrote(a, streamId, 0, 'x')
      const requests = [end(b, streamId), ...range(1, 3).map(() => write(b, streamId, 1, 'y')), end(b, streamId), write(b, streamId, 1, 'y')]
      const answers = await Promise.all(requests)
      const ends = [answers[0], answers[4]]
      assert.deepEqual(ends.map(({ status }) => status).sort(), [200, 404], `round ${round}: ${ends.map((it) => it.text)}`)
      const { content } = ends.find(({ status }) => status === 200).json().message
      for (const i of [1, 2, 3, 5]) {
        const { status, text } = answers[i]
        assert.ok([404, 409].includes(status) || (status === 200 && content === 'xy'), `round ${round}: a piece was answered ${status} ${text}, and the text is ${content}`)
      }
      assert.equal((await one(bob, user(alice.userId), message.seq)).content, content)
    }
  })

  it('recalled on the other node are gone on both, and not a piece more comes', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const there = await connectV1(b, alice.userId, { t })
    for (const take of [(message) => there.call('message.recall', { in: user(bob.userId), seq: message.seq }), async (message) => ok(await post(b, `/v1/messages/${message.id}/recall`))]) {
      const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
      const seen = [alice, bob].map((session) => follow(session, message))
      await wrote(a, streamId, 0, '机密')
      await bob.next('stream', ({ seq }) => seq === message.seq)
      await take(message)
      await eventually(1_000, 'the stream to be gone at the node that has it', async () => (await write(a, streamId, 2, '。')).status === 404)
      for (const session of [alice, bob]) assert.equal((await entryOf(session, 'recall')).content.seq, message.seq)
      const counts = seen.map(({ deltas }) => deltas.length)
      await assertGoneOnBoth(streamId)
      await delay(2_700)
      assert.deepEqual(seen.map(({ deltas }) => deltas.length), counts)
      const now = await one(bob, user(alice.userId), message.seq)
      assert.deepEqual([now.recalled, now.content, now.streaming], [true, null, undefined])
    }
  })

  it('are not told to who was removed on the other node', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const carol = await connectV1(b, newId(), { t })
    const { place } = await groupOf([alice, bob, carol])
    const owner = await connectV1(b, alice.userId, { t })
    const { message, streamId } = await begun(a, alice.userId, place)
    const [ofBob, ofCarol] = [bob, carol].map((session) => follow(session, message))
    let offset = await wrote(a, streamId, 0, '前')
    await carol.next('stream')
    await owner.call('group.remove', { groupId: place.groupId, userIds: [carol.userId] })
    const since = Date.now()
    while (Date.now() < since + 4_200) {
      offset = await wrote(a, streamId, offset, '后')
      await delay(100)
    }
    assert.deepEqual(ofCarol.deltas.filter(({ delta }) => delta.includes('后')).slice(5), [], 'a few may have been on their way')
    assert.ok(ofBob.deltas.filter(({ at }) => at > since + 3_000).length > 0)
    ok(await end(b, streamId))
  })

  for (const [how, go] of [['killed', (node) => node.kill9()], ['stopped in good order', (node) => node.stop()]]) {
    it(`gone on with at the other node, when the one that had them is ${how}`, { timeout: 90_000 }, async (t) => {
      const { a, b, alice, bob } = await the.cluster.apart(t)
      const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
      const seen = follow(bob, message)
      let offset = 0
      const sent = []
      for (const stop = Date.now() + 3_400; Date.now() < stop;) {
        offset = await wrote(a, streamId, offset, slice(long, offset, offset + 4))
        sent.push({ at: Date.now(), offset })
        await delay(40)
      }
      const since = Date.now()
      await go(a)
      const answer = await write(b, streamId, offset, slice(long, offset, offset + 1))
      t.diagnostic(`answered ${answer.status} at the other node after ${Date.now() - since} ms`)
      assert.ok(Date.now() - since < 12_000)
      const there = answer.status === 200 ? offset : assertElsewhere(answer)
      const safe = sent.filter(({ at }) => at < since - 2_700).at(-1)?.offset ?? 0
      t.diagnostic(`${offset} characters sent, ${there} there, ${safe} were older than 2 s`)
      if (how !== 'killed') assert.equal(there, offset)
      assert.ok(there <= offset && there >= safe, `${there} of ${offset}, of which ${safe} are older than 2 s`)
      await speak(b, streamId, long, there, { size: 50 })
      await bob.next('stream', ({ offset: at, delta }) => at === 0 && delta === long, 3_500)
      assert.equal(seen.text, long)
      assert.equal(ok(await end(await back(), streamId)).message.content, long, 'by the node that is back')
      assert.equal((await entryOf(bob)).content.content, long)
      assert.equal((await one(bob, user(alice.userId), message.seq)).content, long)
      await assertGoneOnBoth(streamId)
    })
  }

  // Before it is known that what a frozen node has is old, that node may be asked again.
  for (const [what, finish] of [
    ['written and ended at the one that thaws', async ({ a }, id) => {
      await speak(a, id, long, chars(long) - 300)
      return end(a, id)
    }],
    ['ended at the one that thaws', ({ a }, id) => end(a, id)],
    ['written on at the other', async ({ b }, id) => {
      await speak(b, id, long, chars(long) - 300)
      return end(b, id)
    }],
  ]) {
    for (const stored of [false, true]) {
      it(`gone on with at the other node while one is frozen${stored ? ' that had stored all' : ''}, then ${what}: one text, and whole`, { timeout: 90_000 }, async (t) => {
        const { a, b, alice, bob } = await the.cluster.apart(t)
        const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
        const is = async (text) => (await one(bob, user(alice.userId), message.seq)).content === text
        await wrote(a, streamId, 0, slice(long, 0, 10))
        await eventually(3_500, 'it to be stored', () => is(slice(long, 0, 10)))
        await wrote(a, streamId, 10, slice(long, 10, 40)) // not stored, or just so
        if (stored) await eventually(3_500, 'all to be stored', () => is(slice(long, 0, 40)))
        a.signal('SIGSTOP')
        try {
          await speak(b, streamId, slice(long, 0, what.startsWith('ended') ? chars(long) : chars(long) - 300), 40, { size: 50 })
        } finally {
          a.signal('SIGCONT')
        }
        const answer = await finish({ a, b }, streamId)
        assert.equal(answer.status, 200, `the end was answered ${answer.status} ${answer.text}`)
        assert.ok(answer.json().message.content === long, `the text is ${chars(answer.json().message.content)} characters of ${chars(long)}`)
        assert.ok(await is(long))
        await the.cluster.whole()
        await assertGoneOnBoth(streamId)
      })
    }
  }

  for (const count of [0, 3]) {
    it(`that a lost node left, and nobody goes on with, are ended by another as they were stored${count ? `, also beside ${count} that were recalled` : ''}`, { timeout: 60_000 }, async (t) => {
      const { a, b, alice, bob } = await the.cluster.apart(t)
      const recalled = []
      for (let i = 0; i < count; i++) recalled.push(await begun(a, alice.userId, user(bob.userId)))
      const { message, streamId } = await begun(a, alice.userId, user(bob.userId))
      await wrote(a, streamId, 0, '没说完 😀')
      await eventually(3_500, 'it to be stored', async () => (await one(bob, user(alice.userId), message.seq)).content.length > 0)
      await a.kill9()
      for (const { message: { id } } of recalled) ok(await post(b, `/v1/messages/${id}/recall`))
      // As if it were a minute and more later. They are looked for every 10 s.
      await the.cluster.postgres.sql('UPDATE stream SET touched_at_ms = touched_at_ms - 70000 WHERE NOT ended', the.cluster.database.split('/').pop())
      const since = Date.now()
      const entry = await entryOf(bob, 'edit', 45_000)
      const ms = Date.now() - since
      assert.deepEqual(entry.content, { seq: message.seq, content: '没说完 😀' })
      const now = await one(bob, user(alice.userId), message.seq)
      assert.deepEqual([now.content, now.streaming, now.edited], ['没说完 😀', undefined, undefined])
      assertProblem(await write(b, streamId, 5, 'x'), 404)
      assert.equal((await bob.row(user(alice.userId))).unread, 1)
      await back()
      await assertGoneOnBoth(streamId)
      await delay(300)
      assert.deepEqual((await bob.all(user(alice.userId))).filter(({ kind }) => kind === 'edit').length, 1, 'once')
      assert.ok(ms < 14_000, `it took ${ms} ms more`)
    })
  }
})

describe('streams of a cluster and who writes them', () => {
  const keys = new KeyFiles()
  const the = twoNodes(() => ({ args: keys.args }))
  after(() => keys.dispose())

  it('another’s is 404 on every node, and one’s own goes on on each', async () => {
    const [a, b] = the.cluster.nodes
    const [alice, bob] = [newId(), newId()]
    const [own, other] = [alice, bob].map((id) => bearer(tokenOf(id)))
    const [push, all] = [apiKeys.push, apiKeys.all].map(bearer)
    for (const [by, others] of [[own, [other, push, all]], [push, [own, other, all]]]) {
      const { streamId } = await begun(a, alice, user(bob), {}, by)
      const refused = async (node, offset) => {
        for (const stranger of others) {
          assertProblem(await write(node, streamId, offset, 'x', stranger), 404)
          assertProblem(await write(node, streamId, 99, 'x', stranger), 404)
          for (const body of [{}, { content: 'x' }]) assertProblem(await end(node, streamId, body, stranger), 404)
        }
      }
      await refused(b, 0)
      await wrote(b, streamId, 0, '甲', by)
      for (const node of [a, b]) await refused(node, 1)
      await wrote(a, streamId, 1, '乙', by)
      for (const node of [b, a]) await refused(node, 2)
      assert.equal(ok(await end(b, streamId, {}, by)).message.content, '甲乙')
    }
  })
})
