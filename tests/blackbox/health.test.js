// The page, health, metrics and logs.

import assert from 'node:assert/strict'
import os from 'node:os'
import { after, before, describe, it } from 'node:test'
import { connect, get, newUser, push, pushed, request } from './lib/client.js'
import { KeyFiles } from './lib/keys.js'
import { Postgres } from './lib/postgres.js'
import { assertProblem } from './lib/problem.js'
import { parseMetrics } from './lib/prometheus.js'
import { serverFor, startServer } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'
import { eventually } from './lib/wait.js'

async function metrics(server) {
  const answer = await get(server, '/metrics')
  assert.equal(answer.status, 200)
  assert.match(answer.headers['content-type'], /^text\/plain\b/)
  return parseMetrics(answer.text)
}

describe('the page at /', () => {
  let server
  before(async () => { server = await startServer() })
  after(() => server?.dispose())

  it('is HTML, whole and in UTF-8', async () => {
    const answer = await get(server, '/')
    assert.equal(answer.status, 200)
    assert.match(answer.headers['content-type'], /^text\/html; *charset=utf-8/i)
    assert.match(answer.text, /^<!doctype html>/i)
    assert.match(answer.text, /<\/html>\s*$/i)
  })

  it('needs nothing from elsewhere', async () => {
    const { text } = await get(server, '/')
    const references = [...text.matchAll(/\b(?:src|href|action|data)\s*=\s*["']?([^"'\s>]+)/gi), ...text.matchAll(/(?:url\(|@import)\s*["']?([^"')\s]+)/gi)]
      .map((found) => found[1])
    const foreign = references.filter((address) => /^(https?:)?\/\//i.test(address))
    // A link that a reader may follow is not something that the page needs.
    const links = [...text.matchAll(/<a\b[^>]*\bhref\s*=\s*["']?([^"'\s>]+)/gi)].map((found) => found[1])
    assert.deepEqual(foreign.filter((address) => !links.includes(address)), [])
    for (const address of references.filter((a) => a.startsWith('/'))) {
      const { status } = await get(server, address)
      assert.ok(status !== 404, `${address} is there`)
    }
  })
})

describe('what browsers are told', () => {
  it('pages run the scripts of this server and no others, and speak with it only', async (t) => {
    const server = await serverFor(t)
    for (const path of ['/', '/chat', '/demo']) {
      const { headers, text } = await get(server, path)
      const policy = Object.fromEntries(headers['content-security-policy'].split('; ').map((it) => [it.split(' ')[0], it.split(' ').slice(1)]))
      for (const of of ['script-src', 'style-src', 'connect-src']) assert.deepEqual(policy[of], ["'self'"], `${path} ${of}`)
      assert.deepEqual(policy['default-src'], ["'none'"])
      assert.doesNotMatch(text, /<style|<script>|\s(style|on[a-z]+)=/i, `${path} has nothing that the policy forbids`)
    }
  })

  it('what pages load is there, of its type, and kept by its ETag', async (t) => {
    const server = await serverFor(t)
    for (const path of ['/', '/chat', '/demo']) {
      const page = await get(server, path)
      const loaded = [...page.text.matchAll(/(?:src|href)="(assets\/[^"]+)"/g)].map(([, address]) => `/${address}`)
      assert.equal(loaded.length, 2, `a script and a style sheet: ${loaded}`)
      for (const address of [path, ...loaded]) {
        const whole = await get(server, address)
        assert.equal(whole.status, 200, address)
        assert.match(whole.headers['content-type'], address.endsWith('.js') ? /^text\/javascript\b/ : address.endsWith('.css') ? /^text\/css\b/ : /^text\/html\b/)
        assert.equal(whole.headers['cache-control'], 'no-cache')
        const again = await request(server, { path: address, headers: { 'If-None-Match': whole.headers.etag } })
        assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', whole.headers.etag], address)
      }
    }
    assertProblem(await get(server, '/assets/nope.js'), 404)
    assertProblem(await get(server, '/assets/..%2Fchat.js'), 404)
  })

  it('at / two people chat where anybody may say who they are; the chat is where a login is asked for', async (t) => {
    const open = await serverFor(t)
    const keys = new KeyFiles()
    t.after(() => keys.dispose())
    const closed = await serverFor(t, { args: keys.args })
    assert.equal((await get(open, '/')).text, (await get(open, '/demo')).text)
    assert.equal((await get(closed, '/')).text, (await get(closed, '/chat')).text)
    assert.notEqual((await get(open, '/chat')).text, (await get(open, '/demo')).text)
  })

  it('answers are of the type that they say', async (t) => {
    const server = await serverFor(t)
    for (const path of ['/', '/getOnlineUser', '/getMessage?userId=1', '/nope', '/v1/online?userIds=1'])
      assert.equal((await get(server, path)).headers['x-content-type-options'], 'nosniff', path)
  })

  it('the page can be switched off', async (t) => {
    const server = await serverFor(t, { config: 'page = false\n' })
    for (const path of ['/', '/chat', '/demo', '/assets/chat.js']) assertProblem(await get(server, path), 404, { mentions: /page/ })
    assert.equal((await get(server, '/healthz')).status, 200)
  })
})

for (const kind of storeKinds) {
  describe(`health and metrics on ${kind}`, () => {
    let store
    let server
    before(async () => {
      store = await openStore(kind)
      server = await startServer({ database: await store.newDatabase(), config: '[log]\nlevel = "debug"\n' })
    })
    after(async () => {
      try { await server?.dispose() } finally { await store?.dispose() }
    })

    it('/healthz and /readyz are 200', async () => {
      for (const path of ['/healthz', '/readyz']) {
        const answer = await get(server, path)
        assert.equal(answer.status, 200)
        assert.ok(answer.text.length < 500, 'they say little')
      }
    })

    it('a server is ready when it says that it listens: the first push is stored', async (t) => {
      for (let i = 0; i < 5; i++) {
        const fresh = await serverFor(t, { database: await store.newDatabase(), ready: false })
        await pushed(fresh, { userId: 1, targetUserId: 2, content: 'first' })
        assert.equal((await get(fresh, '/readyz')).status, 200)
      }
    })

    it('/metrics is well-formed Prometheus text', async () => {
      await pushed(server, { userId: newUser(), targetUserId: 1, content: 'x' })
      const { types, samples } = await metrics(server)
      assert.ok(samples.length > 10)
      assert.ok(Object.values(types).includes('counter'))
      assert.ok(Object.values(types).includes('gauge'))
      assert.ok(Object.values(types).includes('histogram'))
    })

    it('a counter of pushes moves by exactly the pushes, by outcome', async () => {
      const a = newUser()
      const before = await metrics(server)
      for (let i = 0; i < 7; i++) await pushed(server, { userId: a, targetUserId: 1, content: 'x' })
      for (let i = 0; i < 3; i++) assert.equal((await push(server, '{')).status, 400)
      const now = await metrics(server)
      const deltas = now.samples.filter(({ family, name }) => now.types[family] === 'counter' && /push/i.test(name)).map((sample) => {
        const old = before.samples.find(({ name, labels }) => name === sample.name && JSON.stringify(labels) === JSON.stringify(sample.labels))
        return { ...sample, delta: sample.value - (old?.value ?? 0) }
      })
      assert.ok(deltas.some(({ delta }) => delta === 7), `no series of pushes moved by 7: ${JSON.stringify(deltas)}`)
      assert.ok(deltas.some(({ delta }) => delta === 3), `no series of pushes moved by 3: ${JSON.stringify(deltas)}`)
    })

    it('histograms of batch sizes, commits and deliveries move with pushes', async () => {
      const a = newUser()
      const session = await connect(server, a)
      const before = await metrics(server)
      for (let i = 0; i < 5; i++) {
        await pushed(server, { userId: a, targetUserId: 1, content: 'x' })
        await session.next()
      }
      const moved = (now, pattern) => Object.entries(now.types).some(([family, type]) => type === 'histogram' && pattern.test(family)
        && now.sum(new RegExp(`^${family}_count$`)) > before.sum(new RegExp(`^${family}_count$`)))
      await eventually(2_000, 'the histograms moving', async () => {
        const now = await metrics(server)
        return moved(now, /batch/i) && moved(now, /commit/i) && moved(now, /deliver/i)
      })
      session.socket.terminate()
    })

    it('gauges tell connections and online users as they come and go', async (t) => {
      const server = await serverFor(t) // on the others' one a session of the test before may still be ending
      // The connection that asks may count or not, but always alike.
      const figures = async () => {
        const now = await metrics(server)
        const gauge = (pattern) => now.samples.filter(({ family, name }) => now.types[family] === 'gauge' && pattern.test(name) && !/limit|max/i.test(name))
          .map(({ name, labels, value }) => [`${name}${JSON.stringify(labels)}`, value])
        return { connections: new Map(gauge(/connection|session|socket/i)), users: new Map(gauge(/online|user/i)) }
      }
      const grew = (before, now, by) => [...now].some(([key, value]) => value - (before.get(key) ?? 0) === by)
      const begin = await figures()
      assert.ok(begin.connections.size > 0 && begin.users.size > 0)
      const [a, b] = [newUser(), newUser()]
      const sessions = [await connect(server, a, { t }), await connect(server, a, { t }), await connect(server, b, { t })]
      await eventually(2_000, 'three connections and two users more', async () => {
        const now = await figures()
        return grew(begin.connections, now.connections, 3) && grew(begin.users, now.users, 2)
      })
      for (const session of sessions) session.socket.terminate()
      await eventually(5_000, 'the figures of before', async () => {
        const now = await figures()
        return grew(begin.connections, now.connections, 0) && grew(begin.users, now.users, 0)
      })
    })

    it('queue depths are told with their limits, and the database’s state', async () => {
      const { samples } = await metrics(server)
      const names = samples.map(({ name, labels }) => `${name}${JSON.stringify(labels)}`)
      assert.ok(names.some((name) => /queue|backlog|depth|pending|in_flight/i.test(name)), 'a depth')
      assert.ok(names.some((name) => /queue|backlog|depth|pending|in_flight/i.test(name) && /limit|max|capacity/i.test(name)), 'its limit')
      assert.ok(samples.some(({ name }) => /database|store|db_/i.test(name)), 'the state of the database')
    })

    it('all limits are told, with their defaults', async () => {
      const { samples } = await metrics(server)
      const told = samples.filter(({ name, labels }) => /limit/i.test(name + JSON.stringify(labels))).map(({ value }) => value)
      for (const value of [4096, 8 * 1024, 256 * 1024, 64 * 1024, 32, 64, 10]) {
        assert.ok(told.includes(value), `a limit of ${value} among ${told}`)
      }
    })

    it('neither metrics nor logs tell what people write', async () => {
      const secret = 'canary-7e21'
      const a = newUser()
      const session = await connect(server, a)
      await pushed(server, { userId: a, targetUserId: a, content: `${secret} content`, userName: `${secret} name`, clientMsgId: `${secret}-id` })
      await session.next()
      session.socket.send(`${secret} text`)
      await session.ping()
      session.socket.terminate()
      await push(server, { userId: a, targetUserId: a, content: `${secret} other`, clientMsgId: `${secret}-id` })
      await push(server, `{"userId":1,"targetUserId":1,"content":"${secret} \\u0000"}`)
      await push(server, `{"content":"${secret} broken`)
      assert.doesNotMatch((await get(server, '/metrics')).text, new RegExp(secret))
      assert.doesNotMatch(server.stderr(), new RegExp(`${secret} `))
    })

    it('logs are one line an event, without raw control characters', async () => {
      await get(server, '/getMessage?userId=%1b%5b31m%0aINJECTED')
      await request(server, { path: '/no%0apath%1b', headers: { 'user-agent': 'x\ty' } })
      const raw = [...server.stderr()].filter((c) => (c < ' ' && c !== '\n' && c !== '\t') || c === '\u007f')
      assert.deepEqual(raw, [])
      assert.doesNotMatch(server.stderr(), /^INJECTED/m)
    })
  })
}

describe('a PostgreSQL that is ill', () => {
  let postgres
  before(async () => { postgres = await Postgres.create() })
  after(() => postgres?.dispose())
  const ready = async (server) => { const { status, text } = await get(server, '/readyz'); return { status, text } }

  it('a write that hangs is told, and its end', async (t) => {
    const url = await postgres.newDatabase()
    const server = await serverFor(t, { database: url })
    const [from, to] = [newUser(), newUser()]
    await pushed(server, { userId: from, targetUserId: to, content: 'before' })
    const name = url.slice(url.lastIndexOf('/') + 1)
    // Whoever holds the lock is ended below: longer than a write may hang unseen, and shorter than its statement may take.
    const held = postgres.sql("SET application_name = 'locker'; BEGIN; LOCK TABLE message IN EXCLUSIVE MODE; SELECT pg_sleep(60)", name).catch(() => {})
    await eventually(5_000, 'the lock', async () => (await postgres.sql("SELECT count(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND granted AND relation IS NOT NULL")) !== '0')
    const waiting = push(server, { userId: from, targetUserId: to, content: 'while it hangs' })
    const told = await eventually(8_000, 'a word of the write that hangs', async () => {
      const answer = await ready(server)
      return answer.status === 503 && answer
    })
    assert.match(told.text, /a write has been under way for [3-9] s/)
    await eventually(2_000, 'the log to say so', () => /event=write_hangs seconds=[3-9]/.test(server.stderr()))
    await postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'locker'")
    await held
    await waiting
    await eventually(15_000, 'a server that is ready again', async () => (await ready(server)).status === 200)
    await pushed(server, { userId: from, targetUserId: to, content: 'after' })
  })

  it('reads that fail are told, while what is sent is stored', async (t) => {
    const url = await postgres.newDatabase()
    const name = url.slice(url.lastIndexOf('/') + 1)
    await postgres.sql('CREATE ROLE chat LOGIN')
    await postgres.sql(`ALTER DATABASE ${name} OWNER TO chat`)
    const server = await serverFor(t, { database: url.replace('hongyan@', 'chat@') })
    // Only the writer has connected: nothing was read yet.
    await postgres.sql('ALTER ROLE chat CONNECTION LIMIT 1')
    const [from, to] = [newUser(), newUser()]
    await eventually(5_000, 'reads to be given up', async () => {
      const { status } = await get(server, `/getMessage?userId=${from}`)
      assert.equal(status, 503)
      return (await ready(server)).status === 503
    })
    assert.match((await ready(server)).text, /reads fail: .*too many connections for role/)
    assert.match(server.stderr(), /event=reads_down/)
    await pushed(server, { userId: from, targetUserId: to, content: 'stored' })
    await postgres.sql('ALTER ROLE chat CONNECTION LIMIT -1')
    await eventually(10_000, 'a server that is ready again', async () => (await ready(server)).status === 200)
    assert.equal((await get(server, `/getMessage?userId=${from}`)).status, 200)
  })
})

describe('from outside', () => {
  const outside = Object.values(os.networkInterfaces()).flat().find(({ family, internal }) => (family === 'IPv4' || family === 4) && !internal)

  it('/metrics is for loopback only', { skip: !outside && 'this machine has no other address' }, async (t) => {
    const server = await serverFor(t, { listen: '0.0.0.0:0', args: ['--insecure'] })
    const fromOutside = { http: server.http, address: outside.address, port: server.port }
    assert.equal((await get(server, '/metrics')).status, 200)
    assert.equal((await get(fromOutside, '/healthz')).status, 200)
    assert.equal((await get(fromOutside, '/getMessage?userId=1')).status, 200)
    const answer = await get(fromOutside, '/metrics')
    assert.ok([401, 403, 404].includes(answer.status), `${answer.status}`)
    const forged = await get(fromOutside, '/metrics', { headers: { 'x-forwarded-for': '127.0.0.1', host: '127.0.0.1' } })
    assert.ok([401, 403, 404].includes(forged.status), `X-Forwarded-For is believed: ${forged.status}`)
  })
})

describe('secrets', () => {
  it('a password in --database is neither logged nor told', async (t) => {
    const server = await serverFor(t, { database: 'postgresql://hongyan:pass-word-9@127.0.0.1:1/nowhere', ready: false })
    const answers = [await get(server, '/readyz'), await get(server, '/metrics'), await push(server, { userId: 1, targetUserId: 2, content: 'x' })]
    assert.deepEqual(answers.map(({ status }) => status), [503, 200, 503])
    for (const { text } of answers) assert.doesNotMatch(text, /pass-word-9/)
    assert.doesNotMatch(server.stderr() + server.stdout(), /pass-word-9/)
  })
})
