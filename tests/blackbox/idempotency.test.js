// clientMsgId: one message, however often it is sent.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, contents, history, newUser, push, pushed } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { again, startServer } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'

for (const kind of storeKinds) {
  describe(`a clientMsgId on ${kind}`, () => {
    let store
    let server
    before(async () => {
      store = await openStore(kind)
      server = await startServer({ database: await store.newDatabase() })
    })
    after(async () => {
      try { await server?.dispose() } finally { await store?.dispose() }
    })

    it('that comes again is answered 200, not stored and not delivered a second time', async (t) => {
      const [a, b] = [newUser(), newUser()]
      const [sender, target] = [await connect(server, a, { t }), await connect(server, b, { t })]
      const chat = { userId: a, targetUserId: b, content: 'once', clientMsgId: 'm-1' }
      await pushed(server, chat)
      for (const session of [sender, target]) assert.deepEqual(contents(await session.next()), ['once'])
      for (let i = 0; i < 3; i++) {
        const answer = await pushed(server, chat)
        assert.match(answer.headers['content-type'], /^text\/plain\b/)
      }
      await pushed(server, { userId: a, targetUserId: b, content: 'after' })
      for (const session of [sender, target]) {
        assert.deepEqual(contents(await session.next()), ['once', 'after'])
        await session.ping()
        assert.equal(session.queue.length, 0)
      }
      assert.deepEqual(contents(await history(server, { userId: a })), ['once', 'after'])
    })

    it('raced by 20 connections is one message', async (t) => {
      const [a, b] = [newUser(), newUser()]
      const target = await connect(server, b, { t })
      const agent = new server.http.Agent({ keepAlive: true, maxSockets: 20 })
      t.after(() => agent.destroy())
      for (let round = 0; round < 5; round++) {
        const chat = { userId: a, targetUserId: b, content: `round ${round}`, clientMsgId: `race-${round}` }
        await Promise.all(Array.from({ length: 20 }, () => pushed(server, chat, { agent })))
      }
      const expected = Array.from({ length: 5 }, (_, i) => `round ${i}`)
      assert.deepEqual(contents(await history(server, { userId: b })), expected)
      const frames = await target.until((frame) => frame.length === 5)
      assert.deepEqual(contents(frames.at(-1)), expected)
      await target.ping()
      assert.equal(target.queue.length, 0)
      assert.ok(frames.length <= 5, `${frames.length} frames for 5 messages`)
    })

    it('with another target or other content is 409, and nothing is stored', async (t) => {
      const [a, b, c] = [newUser(), newUser(), newUser()]
      const third = await connect(server, c, { t })
      const chat = { userId: a, targetUserId: b, content: 'first', clientMsgId: 'taken' }
      await pushed(server, chat)
      assertProblem(await push(server, { ...chat, content: 'second' }), 409)
      assertProblem(await push(server, { ...chat, targetUserId: c }), 409)
      assertProblem(await push(server, { ...chat, targetUserId: a }), 409)
      assertProblem(await push(server, { ...chat, content: 'First' }), 409)
      await pushed(server, chat)
      assert.deepEqual(contents(await history(server, { userId: a })), ['first'])
      await pushed(server, { userId: b, targetUserId: c, content: 'later' })
      assert.deepEqual(contents(await third.next()), ['later'])
    })

    it('raced with two contents is one of them, and 409 for the other', async () => {
      const [a, b] = [newUser(), newUser()]
      const answers = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
        const content = i % 2 ? 'odd' : 'even'
        return { content, answer: await push(server, { userId: a, targetUserId: b, content, clientMsgId: 'contested' }) }
      }))
      const stored = await history(server, { userId: a })
      assert.equal(stored.length, 1)
      for (const { content, answer } of answers) {
        if (content === stored[0].content) assert.equal(answer.status, 200)
        else assertProblem(answer, 409)
      }
    })

    it('belongs to its sender: the same from another user is another message', async () => {
      const [a, b] = [newUser(), newUser()]
      await pushed(server, { userId: a, targetUserId: b, content: 'from a', clientMsgId: 'shared' })
      await pushed(server, { userId: b, targetUserId: a, content: 'from b', clientMsgId: 'shared' })
      assert.deepEqual(contents(await history(server, { userId: a })), ['from a', 'from b'])
    })

    it('is of the same sender whether that is a number or a string', async () => {
      const [a, b] = [newUser(), newUser()]
      await pushed(server, { userId: a, targetUserId: b, content: 'x', clientMsgId: 'form' })
      await pushed(server, { userId: `${a}`, targetUserId: `${b}`, content: 'x', clientMsgId: 'form' })
      assert.equal((await history(server, { userId: a })).length, 1)
    })

    it('differs by case and by white space', async () => {
      const a = newUser()
      for (const clientMsgId of ['k', 'K', 'k ', ' k']) await pushed(server, { userId: a, targetUserId: 1, content: clientMsgId, clientMsgId })
      assert.equal((await history(server, { userId: a })).length, 4)
    })

    it('may have 64 characters of any width', async () => {
      const a = newUser()
      for (const clientMsgId of ['x', 'x'.repeat(64), '号'.repeat(64), '😀'.repeat(64), "'; --"]) {
        for (let i = 0; i < 2; i++) await pushed(server, { userId: a, targetUserId: 1, content: 'x', clientMsgId })
      }
      assert.equal((await history(server, { userId: a })).length, 5)
    })

    for (const [name, clientMsgId] of [['empty', ''], ['65 characters long', 'x'.repeat(65)], ['a number', 5], ['an array', ['x']], ['an object', {}], ['a boolean', true]]) {
      it(`that is ${name} is 400, and nothing is stored`, async () => {
        const a = newUser()
        assertProblem(await push(server, { userId: a, targetUserId: 1, content: 'x', clientMsgId }), 400, { mentions: /clientMsgId/ })
        assert.deepEqual(await history(server, { userId: a }), [])
      })
    }

    it('absent makes two equal messages two', async () => {
      const a = newUser()
      for (let i = 0; i < 2; i++) await pushed(server, { userId: a, targetUserId: 1, content: 'same' })
      assert.deepEqual(contents(await history(server, { userId: a })), ['same', 'same'])
    })

    it('is still known after a restart, and so is the history as it was', async (t) => {
      const [a, b] = [newUser(), newUser()]
      const first = await startServer({ database: await store.newDatabase() })
      t.after(() => first.dispose())
      const chat = { userId: a, targetUserId: b, content: 'kept 😀', userName: '李四', clientMsgId: 'old' }
      await pushed(first, chat)
      await pushed(first, { userId: b, targetUserId: a, content: 'answer' })
      const stored = await history(first, { userId: a })
      await first.stop()
      const second = await again(t, first)
      assert.deepEqual(await history(second, { userId: a }), stored)
      await pushed(second, chat)
      assertProblem(await push(second, { ...chat, content: 'other' }), 409)
      assert.deepEqual(await history(second, { userId: a }), stored)
      await pushed(second, { userId: a, targetUserId: b, content: 'third' })
      const [, , third] = await history(second, { userId: a })
      assert.ok(third.id > stored[1].id, 'ids go on ascending')
    })
  })
}
