// Bad input: a clear problem each, nothing stored, and the server goes on.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { contents, get, history, newUser, push, pushed, request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { startServer } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'

for (const kind of storeKinds) {
  describe(`S20: bad input on ${kind}`, () => {
    let store
    let server
    before(async () => {
      store = await openStore(kind)
      server = await startServer({ database: await store.newDatabase() })
    })
    after(async () => {
      try { await server?.dispose() } finally { await store?.dispose() }
    })
    afterEach(async () => {
      assert.equal((await get(server, '/healthz')).status, 200)
      await pushed(server, { userId: 'prober', targetUserId: 'prober', content: 'still works' })
    })

    // A body that is refused, whatever is wrong with it, and of which nothing is stored.
    const refusedBody = (name, makeBody, statuses = 400, options = {}) => it(name, async () => {
      const a = newUser()
      assertProblem(await push(server, makeBody(a)), statuses, options)
      assert.deepEqual(await history(server, { userId: a }), [], 'nothing is stored')
    })
    const text = (a, rest) => `{"userId":${a},"targetUserId":1,${rest}}`

    describe('JSON', () => {
      refusedBody('absent is 400', () => '')
      refusedBody('of white space is 400', () => ' \r\n\t')
      refusedBody('that is not JSON is 400', (a) => `userId=${a}&targetUserId=1&content=x`)
      refusedBody('with a word for a value is 400', (a) => text(a, '"content":hello'))
      refusedBody('with single quotes is 400', (a) => text(a, "'content':'x'"))
      refusedBody('with a comment is 400', (a) => text(a, '"content":"x" /* y */'))
      refusedBody('with a trailing comma is 400', (a) => text(a, '"content":"x",'))
      refusedBody('with NaN is 400', (a) => text(a, '"content":"x","z":NaN'))
      refusedBody('with something after its end is 400', (a) => `${text(a, '"content":"x"')} {}`)
      refusedBody('with a closing brace too many is 400', (a) => `${text(a, '"content":"x"')}}`)
      refusedBody('with a raw line feed in a string is 400', (a) => text(a, '"content":"x\ny"'))
      refusedBody('with a bad escape is 400', (a) => text(a, '"content":"\\x41"'))
      refusedBody('with half a unicode escape is 400', (a) => text(a, '"content":"\\u12"'))
      refusedBody('in UTF-16 is 400', (a) => Buffer.from(text(a, '"content":"x"'), 'utf16le'))
      for (const value of ['[]', '[{"userId":1,"targetUserId":1,"content":"x"}]', '"x"', '5', 'null', 'true']) {
        refusedBody(`that is not an object is 400: ${value}`, () => value)
      }

      it('truncated anywhere is 400', async () => {
        const a = newUser()
        const whole = Buffer.from(JSON.stringify({ userId: a, targetUserId: 1, content: '你😀', userName: 'n', x: [1, { y: null }] }))
        for (let length = 0; length < whole.length; length++) {
          assertProblem(await push(server, whole.subarray(0, length)), 400)
        }
        assert.deepEqual(await history(server, { userId: a }), [])
      })

      const nested = (a, depth) => text(a, `"content":"x","deep":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}`)
      it('32 deep is accepted', async () => {
        const a = newUser()
        await pushed(server, nested(a, 32))
        assert.deepEqual(contents(await history(server, { userId: a })), ['x'])
      })
      refusedBody('33 deep is 400', (a) => nested(a, 33))
      refusedBody('100,000 deep is 400', (a) => nested(a, 100_000))
      refusedBody('100,000 deep and never closed is 400', (a) => text(a, `"content":"x","deep":${'{"a":'.repeat(40_000)}`))

      // The contract does not say; but one sane answer it has to be.
      const silent = {
        'a number of 200,000 digits': '9'.repeat(200_000), 'a number beyond doubles': '1e999', 'a tiny number': '1e-999',
        '60,000 elements': `[${'0,'.repeat(60_000)}0]`, 'a key of 100,000 characters': `{"${'k'.repeat(100_000)}":1}`,
        'U+0000 in a field that nobody knows': '"\\u0000"',
      }
      for (const [name, value] of Object.entries(silent)) {
        it(`with ${name} in an unknown field is stored or refused, cleanly`, async () => {
          const a = newUser()
          const answer = await push(server, text(a, `"content":"x","unknown":${value}`))
          if (answer.status !== 200) assertProblem(answer, 400)
          assert.deepEqual(contents(await history(server, { userId: a })), answer.status === 200 ? ['x'] : [])
        })
      }

      it('with a key twice is one of the two or refused, cleanly', async () => {
        const a = newUser()
        const answer = await push(server, text(a, '"content":"first","content":"second"'))
        if (answer.status !== 200) assertProblem(answer, 400)
        const stored = contents(await history(server, { userId: a }))
        assert.ok(answer.status === 200 ? ['first', 'second'].includes(stored.join()) : stored.length === 0)
      })

      it('that is malformed says where', async () => {
        const answer = await push(server, '{"userId":1,"targetUserId":2,\n  "content":oops}')
        const { detail } = assertProblem(answer, 400)
        assert.match(detail, /\d|content|line|offset|position|byte|character/i)
      })
    })

    describe('text', () => {
      const invalid = {
        'a lone continuation': [0x80], 'a truncated sequence': [0xe4, 0xbd], 'a truncated sequence at the start': [0xf0, 0x9f],
        'an overlong slash': [0xc0, 0xaf], 'an overlong zero': [0xc0, 0x80], 'an overlong three-byte form': [0xe0, 0x80, 0xaf],
        'an encoded surrogate': [0xed, 0xa0, 0x80], 'a code point too high': [0xf4, 0x90, 0x80, 0x80],
        'a five-byte form': [0xf8, 0x88, 0x80, 0x80, 0x80], 'the byte FF': [0xff], 'GBK': [0xc4, 0xe3, 0xba, 0xc3],
      }
      const bytes = (a, field, value) => Buffer.concat([
        Buffer.from(`{"userId":${a},"targetUserId":1,"content":"x","${field}":"a`), Buffer.from(value), Buffer.from('b"}'),
      ])
      for (const [name, value] of Object.entries(invalid)) {
        refusedBody(`with ${name} in the content is 400`, (a) => Buffer.concat([
          Buffer.from(`{"userId":${a},"targetUserId":1,"content":"a`), Buffer.from(value), Buffer.from('b"}')]))
      }
      for (const field of ['userName', 'targetUserName', 'clientMsgId']) {
        refusedBody(`that is not UTF-8 in ${field} is 400`, (a) => bytes(a, field, [0xe4, 0xbd]))
        refusedBody(`with U+0000 in ${field} is 400`, (a) => text(a, `"content":"x","${field}":"a\\u0000b"`))
        refusedBody(`with a lone surrogate in ${field} is 400`, (a) => text(a, `"content":"x","${field}":"\\ud800"`))
      }
      for (const escape of ['\\u0000', 'a\\u0000b', '\\ud800', '\\udc00', '\\udc00\\ud800', '\\ud800\\ud800', '\\ud83dx', '\\ud83d\\n', 'x\\ud83d']) {
        refusedBody(`with ${escape} in the content is 400`, (a) => text(a, `"content":"${escape}"`))
      }
      refusedBody('with a raw zero byte in the content is 400', (a) => text(a, '"content":"a\0b"'))
    })

    describe('fields', () => {
      refusedBody('a number that no double holds is 400, and says so', (a) => `{"userId":${a},"targetUserId":1e400,"content":"x"}`, 400, { mentions: /JSON/ })
      const badIds = [
        'null', 'true', '[]', '[1]', '{}', '1.5', '-1', '-9', '9007199254740992', '18446744073709551616', '1e300', '""', '" "',
        '"a b"', '"张三"', '"a/b"', '"a\\nb"', '"a\'b"', '"a\\u0000"', '"a%20b"', '"1,2"', '"a+b"', '"😀"', `"${'x'.repeat(65)}"`,
      ]
      for (const field of ['userId', 'targetUserId']) {
        for (const id of badIds) {
          it(`${field} that is ${id.slice(0, 24)} is 400, and says so`, async () => {
            const chat = { userId: '7', targetUserId: '8', [field]: '@@' }
            const a = newUser()
            const other = field === 'userId' ? 'targetUserId' : 'userId'
            const body = JSON.stringify({ ...chat, [other]: a, content: 'x' }).replace('"@@"', () => id)
            assertProblem(await push(server, body), 400, { mentions: new RegExp(field) })
            assert.deepEqual(await history(server, { userId: a }), [])
          })
        }
        it(`${field} with leading zeros as a number is 400`, async () => {
          const a = newUser()
          const other = field === 'userId' ? 'targetUserId' : 'userId'
          assertProblem(await push(server, `{"${field}":007,"${other}":${a},"content":"x"}`), 400)
          assert.deepEqual(await history(server, { userId: a }), [])
        })
        it(`${field} missing is 400, and says so`, async () => {
          const chat = { userId: newUser(), targetUserId: newUser(), content: 'x' }
          delete chat[field]
          assertProblem(await push(server, chat), 400, { mentions: new RegExp(field) })
        })
      }

      refusedBody('content missing is 400, and says so', (a) => ({ userId: a, targetUserId: 1 }), 400, { mentions: /content/ })
      for (const value of [null, 5, 1.5, true, ['x'], { text: 'x' }]) {
        refusedBody(`content that is ${JSON.stringify(value)} is 400, and says so`,
          (a) => ({ userId: a, targetUserId: 1, content: value }), 400, { mentions: /content/ })
      }
      for (const field of ['userName', 'targetUserName']) {
        for (const value of [5, true, ['x'], { name: 'x' }]) {
          refusedBody(`${field} that is ${JSON.stringify(value)} is 400, and says so`,
            (a) => ({ userId: a, targetUserId: 1, content: 'x', [field]: value }), 400, { mentions: new RegExp(field) })
        }
      }
      refusedBody('names in other letters are other fields: Content is not content', (a) => ({ userId: a, targetUserId: 1, Content: 'x' }))
    })

    describe('query values', () => {
      const bad = {
        userId: ['', '%20', 'a%20b', 'a+b', '%E5%BC%A0', 'x'.repeat(65), '%00', '1%00', '%FF', '1%0d%0aX', "1'--", '%ZZ', '1%', '1%2', '1%2F2', '{}'],
        targetUserId: ['', 'a%20b', '%E5%BC%A0', 'x'.repeat(65), '%00', '%ZZ'],
        beforeId: ['', 'abc', '1.5', '1e3', '0x10', '%201', '9223372036854775808', '18446744073709551617', '9'.repeat(100), '--1', '1;2', '%E4%B8%80', 'null', '%00'],
        limit: ['', '0', '-1', '501', '1000000000', '9223372036854775808', '9'.repeat(100), 'abc', '1.5', '1e1', '0x10', '%2010', '10%20', 'all', '%00'],
      }
      for (const [name, values] of Object.entries(bad)) {
        for (const value of values) {
          it(`${name}=${value.slice(0, 24)} is 400, and says so`, async () => {
            const query = name === 'userId' ? `userId=${value}` : `userId=5&${name}=${value}`
            // Where a value cannot even be decoded, "where" may be the target as a whole.
            const undecodable = /%(00|FF|Z|.?$)/.test(value)
            assertProblem(await get(server, `/getMessage?${query}`), 400, { mentions: new RegExp(undecodable ? `${name}|target|query|URL` : name) })
          })
        }
      }
      for (const query of ['', '?', '?userid=1', '?limit=5', '?targetUserId=1']) {
        it(`without userId is 400, and says so: /getMessage${query}`, async () => {
          assertProblem(await get(server, `/getMessage${query}`), 400, { mentions: /userId/ })
        })
      }
      for (const query of ['beforeId=0', 'beforeId=-1', 'userId=5&userId=6', 'limit=5&limit=6', 'limit=%35', '%6Cimit=5', '&&&=&=x', 'userId']) {
        it(`that the contract is silent about is answered cleanly: ${query}`, async () => {
          const answer = await get(server, `/getMessage?userId=${newUser()}&${query}`)
          if (answer.status === 200) assert.deepEqual(answer.json(), [])
          else assertProblem(answer, 400)
        })
      }
    })
  })
}

describe('paths and methods', () => {
  let server
  before(async () => { server = await startServer() })
  after(() => server?.dispose())

  for (const path of ['/nope', '/push/', '/push/1', '/pushx', '/Push', '/getmessage', '/imserver', '/v1', '/v1/nope', '/v1/groups/a/b', '/v1/users',
    '/favicon.txt', '/index.php', '/healthz/x', '/.git/config', '/../etc/passwd', '/%2e%2e/etc/passwd', '//healthz']) {
    it(`an unknown path is 404: ${path}`, async () => {
      assertProblem(await get(server, path), 404)
    })
  }

  for (const path of ['/imserver/', '/imserver/1/2', '/imserver/a%20b', '/imserver/%E5%BC%A0', `/imserver/${'x'.repeat(65)}`, '/imserver/%00', '/imserver/%ZZ', '/imserver/a%2Fb']) {
    it(`a socket path without an id is refused: ${path.slice(0, 30)}`, async () => {
      assertProblem(await get(server, path), [400, 404, 426])
    })
  }

  it('a query does not change the path', async () => {
    assert.equal((await get(server, '/healthz?x=/nope')).status, 200)
    assertProblem(await get(server, '/nope?/healthz'), 404)
  })

  const allowed = {
    '/push': 'POST', '/getMessage?userId=1': 'GET', '/getOnlineUser': 'GET', '/close?userId=1': 'GET', '/imserver/1': 'GET',
    '/': 'GET', '/healthz': 'GET', '/readyz': 'GET', '/metrics': 'GET',
  }
  for (const [path, right] of Object.entries(allowed)) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      if (method === right) continue
      it(`${method} ${path} is 405, with Allow: ${right}`, async () => {
        const answer = await request(server, { method, path, body: method === 'GET' ? undefined : '{"userId":1,"targetUserId":1,"content":"x"}' })
        assertProblem(answer, 405)
        assert.match(answer.headers.allow ?? '', new RegExp(`\\b${right}\\b`))
        assert.doesNotMatch(answer.headers.allow, new RegExp(`\\b${method}\\b`))
      })
    }
  }

  it('HEAD is answered without a body', async () => {
    for (const path of ['/healthz', '/nope']) {
      const answer = await request(server, { method: 'HEAD', path })
      assert.ok([200, 404, 405].includes(answer.status), `${answer.status}`)
      assert.equal(answer.text, '')
    }
  })

  it('a socket path without an upgrade is 426, and says to what', async () => {
    const answer = await get(server, '/imserver/1')
    assertProblem(answer, 426)
    assert.match(answer.headers.upgrade ?? '', /\bwebsocket\b/i) // RFC 9110, 15.5.22
  })

  it('errors about a client’s input quote no raw control characters', async () => {
    const answer = await get(server, '/getMessage?userId=%1b%5b31m%0d%0aX-Evil:1')
    assertProblem(answer, 400)
    assert.equal(answer.headers['x-evil'], undefined)
    assert.ok(![...JSON.parse(answer.text).detail].some((c) => c < ' '), 'detail is one clean line')
  })
})
