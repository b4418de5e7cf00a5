// Section 2 of the contract, row by row, on each store: push, the sockets, getMessage.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertAscending, connect, contents, get, history, newUser, push, pushed, wholeHistory } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { startServer } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'

for (const kind of storeKinds) {
  describe(`the classic contract on ${kind}`, () => {
    let store
    let server
    before(async () => {
      store = await openStore(kind)
      server = await startServer({ database: await store.newDatabase() })
    })
    after(async () => {
      try { await server?.dispose() } finally { await store?.dispose() }
    })

    describe('POST /push', () => {
      it('answers 200, text/plain, MSG SEND SUCCESS', async () => {
        const answer = await push(server, { userId: newUser(), targetUserId: newUser(), content: '你好' })
        assert.equal(answer.status, 200)
        assert.match(answer.headers['content-type'], /^text\/plain\b/)
        assert.equal(answer.text, 'MSG SEND SUCCESS')
      })

      it('stores a chat with all the fields of the contract, in their types', async () => {
        const [a, b] = [newUser(), newUser()]
        await pushed(server, { userId: a, targetUserId: b, userName: '李四', targetUserName: '张三', content: '你好' })
        const [chat, ...more] = await history(server, { userId: a })
        assert.equal(more.length, 0)
        const { id, createTime, ...rest } = chat
        assert.ok(Number.isSafeInteger(id) && id > 0, `id ${id}`)
        assert.equal(typeof createTime, 'string')
        assert.deepEqual(rest, { userId: a, targetUserId: b, userName: '李四', targetUserName: '张三', content: '你好' })
      })

      it('gives createTime as local time without an offset, with milliseconds, and it is now', async () => {
        const a = newUser()
        const before = Date.now()
        await pushed(server, { userId: a, targetUserId: newUser(), content: 'when' })
        const [chat] = await history(server, { userId: a })
        assert.match(chat.createTime, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$/)
        // Without an offset, JavaScript reads it in the system's zone, which is the server's default.
        const time = new Date(chat.createTime).getTime()
        assert.ok(time >= before - 1 && time <= Date.now() + 1, `${chat.createTime} is not now`)
      })

      it('ignores id and createTime from a client, whatever they are', async () => {
        const a = newUser()
        const others = [
          { id: 987654321, createTime: '1999-12-31T23:59:59.999' }, { id: '1', createTime: 5 }, { id: {}, createTime: [] },
          { id: null, createTime: null }, { id: -1, createTime: '' },
        ]
        for (const [i, other] of others.entries()) {
          await pushed(server, { userId: a, targetUserId: newUser(), content: `${i}`, ...other })
        }
        const chats = await history(server, { userId: a })
        assert.deepEqual(contents(chats), ['0', '1', '2', '3', '4'])
        for (const chat of chats) {
          assert.notEqual(chat.id, 987654321)
          assert.ok(chat.id > 0)
          assert.ok(Math.abs(new Date(chat.createTime) - Date.now()) < 60_000, chat.createTime)
        }
      })

      it('ignores fields that it does not know', async () => {
        const a = newUser()
        await pushed(server, { userId: a, targetUserId: newUser(), content: 'x', seq: 9, role: 'owner', 内容: [1, { a: null }], recalled: true })
        const [chat] = await history(server, { userId: a })
        assert.equal(chat.content, 'x')
        assert.notEqual(chat.recalled, true)
        assert.ok(!('role' in chat) && !('内容' in chat), 'nothing unknown is stored')
      })

      it('keeps names with that chat only, and gives null when they are absent', async () => {
        const [a, b] = [newUser(), newUser()]
        await pushed(server, { userId: a, targetUserId: b, content: '1' })
        await pushed(server, { userId: a, targetUserId: b, content: '2', userName: 'A' })
        await pushed(server, { userId: a, targetUserId: b, content: '3', targetUserName: 'B' })
        await pushed(server, { userId: b, targetUserId: a, content: '4', userName: null, targetUserName: null })
        const chats = await history(server, { userId: a })
        assert.deepEqual(chats.map(({ userName, targetUserName }) => [userName, targetUserName]),
          [[null, null], ['A', null], [null, 'B'], [null, null]])
      })

      it('accepts names of 64 characters of any width', async () => {
        const a = newUser()
        const name = '😀'.repeat(64)
        await pushed(server, { userId: a, targetUserId: newUser(), content: 'x', userName: name, targetUserName: name })
        const [chat] = await history(server, { userId: a })
        assert.equal(chat.userName, name)
        assert.equal(chat.targetUserName, name)
      })

      it('refuses names of 65 characters, and stores nothing', async () => {
        const a = newUser()
        for (const field of ['userName', 'targetUserName']) {
          assertProblem(await push(server, { userId: a, targetUserId: newUser(), content: 'x', [field]: '名'.repeat(65) }), [400, 413])
        }
        assert.deepEqual(await history(server, { userId: a }), [])
      })

      it('reads the body as JSON whatever content type is sent', async () => {
        const a = newUser()
        const types = [
          undefined, '', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x',
          'application/json; charset=gbk', 'image/png', ';;;', 'JSON',
        ]
        for (const type of types) {
          const headers = type === undefined ? {} : { 'content-type': type }
          await pushed(server, { userId: a, targetUserId: newUser(), content: `type ${type}` }, { headers })
        }
        assert.deepEqual(contents(await history(server, { userId: a })), types.map((type) => `type ${type}`))
      })

      it('accepts a body in chunks', async () => {
        const a = newUser()
        const body = JSON.stringify({ userId: a, targetUserId: newUser(), content: 'chunked' })
        await pushed(server, body, { headers: { 'transfer-encoding': 'chunked', 'content-length': undefined } })
        assert.deepEqual(contents(await history(server, { userId: a })), ['chunked'])
      })

      it('gives ids over the whole server, ascending as conversations store', async () => {
        const [a, b, c] = [newUser(), newUser(), newUser()]
        const ids = []
        for (const [from, to] of [[a, b], [b, c], [c, a], [a, b], [b, a]]) {
          await pushed(server, { userId: from, targetUserId: to, content: 'x' })
          ids.push((await history(server, { userId: from, targetUserId: to, limit: 1 }))[0].id)
        }
        assert.deepEqual(ids, [...new Set(ids)].sort((x, y) => x - y))
      })
    })

    describe('contents', () => {
      const texts = {
        'emoji of several code points': '👩‍👩‍👧‍👦🏳️‍🌈👋🏽',
        'four-byte ideographs': '𠮷野家で𩸽',
        'the highest code point': '\u{10ffff}',
        'noncharacters and private ones': '\ufffe\uffff\ue000\u{f0000}',
        'a byte order mark and a replacement character': '\ufeffx\ufffd',
        'line and paragraph separators': 'a\u2028b\u2029c',
        'control characters': '\u0001\u0008\u001b[31m\u007f\u0085',
        'white space at both ends': ' \t\r\n x \n',
        'a single space': ' ',
        'right to left and combining': 'שלום مرحبا e\u0301 ดี',
        'not normalised': '\u212b \u00c5 A\u030a',
        'quotes and backslashes': '"\\/\\"\\\\u0041\'`',
        'SQL': "'; DROP TABLE message; -- $1 ? %s % _ \\x00 {1,\"a\"}",
        'HTML and templates': '<script>alert(1)</script>&lt;{{x}}${y}',
        'JSON': '[{"id":1}]',
        'digits': '007',
        'the word null': 'null',
      }
      for (const [name, text] of Object.entries(texts)) {
        it(`come back as they went in: ${name}`, async (t) => {
          const [a, b] = [newUser(), newUser()]
          const session = await connect(server, b, { t })
          const name64 = [...text].slice(0, 64).join('')
          await pushed(server, { userId: a, targetUserId: b, content: text, userName: name64 })
          const [live] = await session.next()
          assert.equal(live.content, text)
          assert.equal(live.userName, name64)
          assert.deepEqual(await history(server, { userId: a }), [live], 'stored and delivered are the same')
        })
      }

      it('are the same raw and escaped', async () => {
        const a = newUser()
        const escaped = `{"userId":${a},"targetUserId":1,"content":"\\ud83d\\ude00\\u4f60\\n\\/"}`
        await pushed(server, escaped)
        assert.deepEqual(contents(await history(server, { userId: a })), ['😀你\n/'])
      })

      it('may have 4096 characters of four bytes', async () => {
        const a = newUser()
        const content = '😀'.repeat(4095) + '𠮷'
        await pushed(server, { userId: a, targetUserId: newUser(), content })
        assert.deepEqual(contents(await history(server, { userId: a })), [content])
      })

      it('may have 4096 characters written as escapes', async () => {
        const a = newUser()
        await pushed(server, `{"userId":${a},"targetUserId":1,"content":"${'\\ud83d\\ude00'.repeat(4096)}"}`)
        assert.deepEqual(contents(await history(server, { userId: a })), ['😀'.repeat(4096)])
      })

      for (const [name, character] of [['one byte', 'a'], ['three bytes', '你'], ['four bytes', '😀']]) {
        it(`of 4097 characters of ${name} are refused and not stored`, async () => {
          const a = newUser()
          const answer = await push(server, { userId: a, targetUserId: newUser(), content: character.repeat(4097) })
          assertProblem(answer, [400, 413])
          assert.deepEqual(await history(server, { userId: a }), [])
        })
      }

      it('that are empty are refused and not stored', async () => {
        const a = newUser()
        assertProblem(await push(server, { userId: a, targetUserId: newUser(), content: '' }), 400, { mentions: /content/ })
        assert.deepEqual(await history(server, { userId: a }), [])
      })
    })

    describe('user ids', () => {
      it('are the same user as a number and as its decimal string', async (t) => {
        const [a, b] = [newUser(), newUser()]
        const session = await connect(server, b, { t })
        await pushed(server, { userId: String(a), targetUserId: String(b), content: 'strings' })
        assert.deepEqual(contents(await session.next()), ['strings'])
        await pushed(server, { userId: a, targetUserId: b, content: 'numbers' })
        assert.deepEqual(contents(await session.next()), ['strings', 'numbers'])
        for (const chat of await history(server, { userId: a, targetUserId: b })) {
          assert.strictEqual(chat.userId, a)
          assert.strictEqual(chat.targetUserId, b)
        }
      })

      const forms = [
        // as sent, as written by the server
        [0, 0], ['0', 0], [9007199254740991, 9007199254740991], ['9007199254740991', 9007199254740991],
        ['9007199254740992', '9007199254740992'], ['18446744073709551616', '18446744073709551616'],
        ['007', '007'], ['00', '00'], ['-5', '-5'], ['1.5', '1.5'], ['1e3', '1e3'], ['0x10', '0x10'],
        ['a:b@c', 'a:b@c'], ['A_b-c.D', 'A_b-c.D'], ['null', 'null'], ['__proto__', '__proto__'], ['.', '.'], ['..', '..'],
        ['x'.repeat(64), 'x'.repeat(64)], ['9'.repeat(64), '9'.repeat(64)],
      ]
      for (const [sent, written] of forms) {
        const name = `${JSON.stringify(sent)} ${typeof sent === 'number' ? '(a number)' : ''}`
        it(`${name.trim()} is written as the ${typeof written} ${JSON.stringify(written)}`, async () => {
          const peer = newUser()
          await pushed(server, { userId: sent, targetUserId: peer, content: 'from' })
          await pushed(server, { userId: peer, targetUserId: sent, content: 'to' })
          const [from, to] = await history(server, { userId: peer })
          assert.strictEqual(from.userId, written)
          assert.strictEqual(to.targetUserId, written)
          const own = await history(server, { userId: sent, targetUserId: peer })
          assert.deepEqual(own, [from, to], 'the query finds the same user')
        })
      }

      it('may be any of the contract in the path of a socket, and in a query', async (t) => {
        for (const id of ['a:b@c', 'A_b-c.D', '007', 'z'.repeat(64)]) {
          const session = await connect(server, id, { t })
          await pushed(server, { userId: newUser(), targetUserId: id, content: `to ${id}` })
          const frame = await session.next()
          assert.equal(frame.at(-1).content, `to ${id}`)
          assert.equal((await history(server, { userId: id })).at(-1).content, `to ${id}`)
        }
      })

      it('may be percent-encoded in the path of a socket', async (t) => {
        const session = await connect(server, '', { t, path: '/imserver/pct%3Aenc%40d' })
        await pushed(server, { userId: newUser(), targetUserId: 'pct:enc@d', content: 'x' })
        assert.deepEqual(contents(await session.next()), ['x'])
      })

      it('differ by case and by leading zeros', async (t) => {
        const number = newUser()
        const sessions = {}
        for (const id of [`${number}`, `0${number}`, `case${number}`, `CASE${number}`]) sessions[id] = await connect(server, id, { t })
        for (const id of Object.keys(sessions)) await pushed(server, { userId: newUser(), targetUserId: id, content: id })
        for (const id of Object.keys(sessions)) {
          assert.deepEqual(contents(await sessions[id].next()), [id])
          assert.equal(sessions[id].queue.length, 0)
        }
      })
    })

    describe('a socket', () => {
      // Pushes, and waits until the last has been delivered to a session of `user`: a push may be answered just
      // before its delivery, and would else meet a session that connects in between.
      async function pushAndDeliver(t, user, chats) {
        const witness = await connect(server, user, { t })
        for (const chat of chats) await pushed(server, chat)
        await witness.until((frame) => frame.at(-1).content === chats.at(-1).content)
      }

      it('gets nothing on connecting, also when there is a history', async (t) => {
        const [a, b] = [newUser(), newUser()]
        await pushAndDeliver(t, b, ['1', '2', '3'].map((content) => ({ userId: a, targetUserId: b, content })))
        const session = await connect(server, b, { t })
        await session.ping()
        assert.equal(session.queue.length, 0)
      })

      it('gets with each message the window, with what was before it connected', async (t) => {
        const [a, b] = [newUser(), newUser()]
        await pushAndDeliver(t, b, ['1', '2', '3'].map((content) => ({ userId: a, targetUserId: b, content })))
        const session = await connect(server, b, { t })
        await pushed(server, { userId: a, targetUserId: b, content: '4' })
        assert.deepEqual(contents(await session.next()), ['1', '2', '3', '4'])
        await pushed(server, { userId: b, targetUserId: a, content: '5' })
        assert.deepEqual(contents(await session.next()), ['1', '2', '3', '4', '5'])
        await session.ping()
        assert.equal(session.queue.length, 0, 'one text message for each message')
      })

      it('gets the same array that getMessage answers', async (t) => {
        const [a, b] = [newUser(), newUser()]
        const session = await connect(server, b, { t })
        await pushed(server, { userId: a, targetUserId: b, content: 'x', userName: 'n' })
        await session.next()
        await pushed(server, { userId: b, targetUserId: a, content: 'y' })
        assert.deepEqual(await session.next(), await history(server, { userId: b }))
      })

      it('never gets more than the latest 50', async (t) => {
        const [a, b] = [newUser(), newUser()]
        const session = await connect(server, b, { t })
        for (let i = 1; i <= 60; i++) {
          await pushed(server, { userId: a, targetUserId: b, content: `${i}` })
          const expected = Array.from({ length: Math.min(i, 50) }, (_, k) => `${i - Math.min(i, 50) + 1 + k}`)
          assert.deepEqual(contents(await session.next()), expected)
        }
      })

      it('gets a window over all conversations of the user, and of nobody else', async (t) => {
        const [a, b, c, d] = [newUser(), newUser(), newUser(), newUser()]
        for (let i = 0; i < 20; i++) {
          await pushed(server, { userId: a, targetUserId: b, content: `ab${i}` })
          await pushed(server, { userId: c, targetUserId: a, content: `ca${i}` })
          await pushed(server, { userId: b, targetUserId: c, content: `bc${i}` })
          if (i < 19) await pushed(server, { userId: a, targetUserId: d, content: `ad${i}` })
        }
        await pushAndDeliver(t, a, [{ userId: a, targetUserId: d, content: 'ad19' }])
        const session = await connect(server, a, { t })
        await pushed(server, { userId: d, targetUserId: a, content: 'last' })
        const all = []
        for (let i = 0; i < 20; i++) all.push(`ab${i}`, `ca${i}`, `ad${i}`)
        all.push('last')
        const frame = await session.next()
        assert.deepEqual(contents(frame), all.slice(-50))
        assert.deepEqual(await history(server, { userId: a }), frame)
      })

      it('of the sender gets the message too, and a third user nothing', async (t) => {
        const [a, b, c] = [newUser(), newUser(), newUser()]
        const [sender, target, third] = [await connect(server, a, { t }), await connect(server, b, { t }), await connect(server, c, { t })]
        await pushed(server, { userId: a, targetUserId: b, content: 'x' })
        assert.deepEqual(contents(await sender.next()), ['x'])
        assert.deepEqual(contents(await target.next()), ['x'])
        await pushed(server, { userId: b, targetUserId: c, content: 'y' })
        assert.deepEqual(contents(await third.next()), ['y'], 'the first that the third sees is its own')
      })

      it('gets a message to oneself once, and it is stored once', async (t) => {
        const [a, b] = [newUser(), newUser()]
        const session = await connect(server, a, { t })
        await pushed(server, { userId: a, targetUserId: a, content: 'note' })
        assert.deepEqual(contents(await session.next()), ['note'])
        await pushed(server, { userId: b, targetUserId: a, content: 'next' })
        assert.deepEqual(contents(await session.next()), ['note', 'next'])
        await session.ping()
        assert.equal(session.queue.length, 0)
        assert.deepEqual(contents(await history(server, { userId: a })), ['note', 'next'])
        assert.deepEqual(contents(await history(server, { userId: a, targetUserId: a })), ['note'])
      })

      it('is one of several that a user may have, and each gets everything', async (t) => {
        const [a, b] = [newUser(), newUser()]
        const sessions = await Promise.all(Array.from({ length: 5 }, () => connect(server, b, { t })))
        await pushed(server, { userId: a, targetUserId: b, content: '1' })
        for (const session of sessions) assert.deepEqual(contents(await session.next()), ['1'])
        await pushed(server, { userId: b, targetUserId: a, content: '2' })
        for (const session of sessions) assert.deepEqual(contents(await session.next()), ['1', '2'])
        await sessions[0].close()
        await pushed(server, { userId: a, targetUserId: b, content: '3' })
        for (const session of sessions.slice(1)) assert.deepEqual(contents(await session.next()), ['1', '2', '3'])
      })

      it('gets each message as one of its own from the first on, also right after connecting', async (t) => {
        for (let i = 0; i < 20; i++) {
          const b = newUser()
          const session = await connect(server, b, { t })
          await pushed(server, { userId: 1, targetUserId: b, content: 'first' })
          await pushed(server, { userId: 1, targetUserId: b, content: 'second' })
          assert.deepEqual(contents(await session.next()), ['first'])
          assert.deepEqual(contents(await session.next()), ['first', 'second'])
        }
      })

      it('misses nothing that is pushed once its upgrade was answered', async (t) => {
        for (let i = 0; i < 30; i++) {
          const b = newUser()
          const session = await connect(server, b, { t })
          await pushed(server, { userId: 1, targetUserId: b, content: `${i}` })
          assert.deepEqual(contents(await session.next()), [`${i}`])
          session.socket.terminate()
        }
      })

      it('sees its messages in the order of their ids, as everyone else does, under concurrent senders', async (t) => {
        const hub = newUser()
        const senders = Array.from({ length: 8 }, newUser)
        const [hubSession, senderSession] = [await connect(server, hub, { t }), await connect(server, senders[0], { t })]
        await Promise.all(senders.map(async (sender) => {
          for (let i = 0; i < 15; i++) await pushed(server, { userId: sender, targetUserId: hub, content: `${sender}-${i}` })
        }))
        const stored = await wholeHistory(server, hub)
        assert.equal(stored.length, 8 * 15)
        for (const sender of senders) {
          assert.deepEqual(contents(stored.filter((chat) => chat.userId === sender)), Array.from({ length: 15 }, (_, i) => `${sender}-${i}`))
        }
        // Newer frames may have replaced waiting ones, but none shows a conversation with a hole or going back.
        const seen = new Map(senders.map((sender) => [sender, -1]))
        const complete = JSON.stringify(stored.slice(-50))
        for (const frame of await hubSession.until((f) => JSON.stringify(f) === complete)) {
          assert.ok(frame.length <= 50)
          for (const sender of senders) {
            const all = stored.filter((chat) => chat.userId === sender)
            const part = frame.filter((chat) => chat.userId === sender)
            if (!part.length) continue
            const end = all.findIndex((chat) => chat.id === part.at(-1).id)
            assert.deepEqual(part, all.slice(end + 1 - part.length, end + 1), 'no hole')
            assert.ok(end >= seen.get(sender), 'no going back')
            seen.set(sender, end)
          }
        }
        const own = stored.filter((chat) => chat.userId === senders[0])
        const frames = await senderSession.until((f) => f.length === 15)
        assert.deepEqual(frames.at(-1), own)
      })

      it('may send text, which is ignored', async (t) => {
        const [a, b] = [newUser(), newUser()]
        const session = await connect(server, a, { t })
        for (const text of ['hello', '', '😀', '{', JSON.stringify({ userId: a, targetUserId: b, content: 'not a push' }), '{"jsonrpc":"2.0","id":1,"method":"ping"}']) {
          session.socket.send(text)
        }
        await session.ping()
        assert.equal(session.queue.length, 0, 'nothing comes back')
        assert.ok(session.isOpen)
        assert.deepEqual(await history(server, { userId: a }), [])
        await pushed(server, { userId: b, targetUserId: a, content: 'x' })
        assert.deepEqual(contents(await session.next()), ['x'])
      })

      for (const [name, bytes] of [['with bytes', Buffer.from([1, 2, 3])], ['with text in it', Buffer.from('hello')], ['that is empty', Buffer.alloc(0)]]) {
        it(`is closed with 1003 by a binary frame ${name}`, async (t) => {
          const session = await connect(server, newUser(), { t })
          session.socket.send(bytes, { binary: true })
          assert.equal((await session.closing()).code, 1003)
        })
      }
    })

    describe('GET /getMessage', () => {
      let a
      let b
      let c
      let all
      before(async () => {
        a = newUser(); b = newUser(); c = newUser()
        for (let i = 1; i <= 60; i++) {
          const [from, to] = i % 3 ? [a, b] : i % 2 ? [c, a] : [b, a]
          await pushed(server, { userId: from, targetUserId: to, content: `${i}` })
        }
        await pushed(server, { userId: b, targetUserId: c, content: 'not of a' })
        all = await history(server, { userId: a, limit: 500 })
      })

      it('answers application/json', async () => {
        assert.match((await get(server, `/getMessage?userId=${a}`)).headers['content-type'], /^application\/json\b/)
      })

      it('gives the latest 50, oldest first', async () => {
        assert.deepEqual(contents(all), Array.from({ length: 60 }, (_, i) => `${i + 1}`))
        assertAscending(all)
        assert.deepEqual(await history(server, { userId: a }), all.slice(-50))
      })

      it('gives an empty array for a user who never wrote', async () => {
        assert.deepEqual(await history(server, { userId: newUser() }), [])
      })

      it('gives with targetUserId only what is between the two, from either side', async () => {
        const between = all.filter((chat) => chat.userId === b || chat.targetUserId === b).slice(-50)
        assert.ok(between.length > 0 && between.length < 60)
        assert.deepEqual(await history(server, { userId: a, targetUserId: b }), between)
        assert.deepEqual(await history(server, { userId: b, targetUserId: a }), between)
        assert.deepEqual(await history(server, { userId: a, targetUserId: newUser() }), [])
      })

      it('gives with beforeId what is before it, exclusively', async () => {
        assert.deepEqual(await history(server, { userId: a, beforeId: all[10].id }), all.slice(0, 10))
        assert.deepEqual(await history(server, { userId: a, beforeId: all[59].id }), all.slice(9, 59))
        assert.deepEqual(await history(server, { userId: a, beforeId: all[0].id }), [])
        assert.deepEqual(await history(server, { userId: a, beforeId: Number.MAX_SAFE_INTEGER }), all.slice(-50))
      })

      it('gives with limit that many, of the newest', async () => {
        for (const limit of [1, 2, 49, 51, 60, 500]) {
          assert.deepEqual(await history(server, { userId: a, limit }), all.slice(-limit), `limit=${limit}`)
        }
      })

      it('combines all parameters, in any order', async () => {
        const between = all.filter((chat) => chat.userId === b || chat.targetUserId === b)
        const expected = between.filter((chat) => chat.id < all[30].id).slice(-7)
        const answer = await get(server, `/getMessage?limit=7&beforeId=${all[30].id}&targetUserId=${b}&userId=${a}`)
        assert.deepEqual(answer.json(), expected)
      })

      it('pages back to the first', async () => {
        let pages = []
        for (;;) {
          const page = await history(server, { userId: a, limit: 7, ...(pages.length ? { beforeId: pages[0].id } : {}) })
          if (!page.length) break
          pages = [...page, ...pages]
        }
        assert.deepEqual(pages, all)
      })

      it('ignores parameters that it does not know', async () => {
        const answer = await get(server, `/getMessage?userId=${a}&limit=3&afterId=1&foo=%20&bar`)
        assert.equal(answer.status, 200, answer.text)
        assert.deepEqual(answer.json(), all.slice(-3))
      })
    })
  })
}
