// v1: message.history.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { onEachStore } from './lib/each-store.js'
import { withoutFiles } from './lib/files.js'
import { connectV1, flood, group, groupOf, newId, people, range, seqs, user } from './lib/v1.js'

onEachStore('v1 message.history', (the) => {
  it('is the newest 50, by seq, and says whether there is more', async (t) => {
    const [a] = await people(the.server, t, 1)
    const place = user(newId())
    const stored = await flood(a, place, 1, 51)
    const page = await a.history(place)
    assert.deepEqual(page, { messages: stored.slice(1), hasMore: true })
    assert.deepEqual(await a.history(place, { limit: 51 }), { messages: stored, hasMore: false })
    assert.deepEqual(await a.history(place, { limit: 500 }), { messages: stored, hasMore: false })
  })

  it('pages back and forth without holes or repeats, whatever the limit', async (t) => {
    const [a] = await people(the.server, t, 1)
    const place = user(newId())
    await flood(a, place, 1, 23)
    for (const limit of [1, 2, 7, 22, 23, 24]) {
      const back = []
      for (let more = {}; ;) {
        const { messages, hasMore } = await a.history(place, { limit, ...more })
        assert.ok(messages.length <= limit)
        back.unshift(...seqs(messages))
        assert.equal(hasMore, messages[0].seq > 1, `back to ${messages[0].seq}`)
        if (!hasMore) break
        more = { beforeSeq: messages[0].seq }
      }
      assert.deepEqual(back, range(1, 23))
      const forth = []
      for (let afterSeq = 0; ;) {
        const { messages, hasMore } = await a.history(place, { limit, afterSeq })
        assert.ok(messages.length <= limit)
        forth.push(...seqs(messages))
        afterSeq = messages.at(-1).seq
        assert.equal(hasMore, afterSeq < 23, `forth to ${afterSeq}`)
        if (!hasMore) break
      }
      assert.deepEqual(forth, range(1, 23))
    }
  })

  it('beforeSeq and afterSeq are exclusive, and may be beyond either end', async (t) => {
    const [a] = await people(the.server, t, 1)
    const place = user(newId())
    await flood(a, place, 1, 10)
    const about = async (more) => {
      const { messages, hasMore } = await a.history(place, more)
      return [seqs(messages), hasMore]
    }
    const cases = [
      [{ beforeSeq: 5 }, [range(1, 4), false]], [{ beforeSeq: 5, limit: 2 }, [[3, 4], true]], [{ beforeSeq: 1 }, [[], false]], [{ beforeSeq: 11 }, [range(1, 10), false]],
      [{ beforeSeq: 1_000_000, limit: 3 }, [[8, 9, 10], true]], [{ afterSeq: 5 }, [range(6, 10), false]], [{ afterSeq: 5, limit: 2 }, [[6, 7], true]],
      [{ afterSeq: 0, limit: 10 }, [range(1, 10), false]], [{ afterSeq: 10 }, [[], false]], [{ afterSeq: 1_000_000 }, [[], false]], [{ afterSeq: 9, limit: 1 }, [[10], false]],
    ]
    for (const [more, expected] of cases) assert.deepEqual(await about(more), expected, JSON.stringify(more))
  })

  it('is the same seen from either side, and of the two only', async (t) => {
    const [a, b, c] = await people(the.server, t, 3)
    await a.say(user(b.userId), '1')
    await b.say(user(a.userId), '2')
    await c.say(user(b.userId), 'other')
    const messages = await a.all(user(b.userId))
    assert.deepEqual(messages.map(({ content }) => content), ['1', '2'])
    assert.deepEqual(await b.all(user(a.userId)), messages)
    assert.deepEqual(await c.history(user(a.userId)), { messages: [], hasMore: false })
  })

  it('of a group is for its members, whoever asks how', async (t) => {
    const [a, b, stranger] = await people(the.server, t, 3)
    const { place, group: { groupId } } = await groupOf([a, b])
    await flood(a, place, 1, 5)
    assert.deepEqual(seqs(await b.all(place)), range(1, 6))
    for (const more of [{}, { beforeSeq: 3 }, { afterSeq: 0 }, { limit: 500 }]) await stranger.fails(-32004, 'message.history', { in: place, ...more })
    await stranger.fails(-32004, 'message.history', { in: group(`${groupId} `.trim() + 'x') })
    assert.deepEqual(await stranger.history(user(groupId)), { messages: [], hasMore: false }, 'a group’s id is no user’s')
  })

  it('is there for one who comes later, with each kind in it', async (t) => {
    const [a] = await people(the.server, t, 1)
    const id = newId()
    const stored = [await a.say(user(id), 'x'), await a.say(user(id), { fileId: 'f' }, { kind: 'image' }), await a.say(user(id), { any: ['thing'] }, { kind: 'custom' })]
    const late = await connectV1(the.server, id, { t })
    assert.deepEqual(await late.all(user(a.userId)), stored)
  })
}, { config: withoutFiles })
