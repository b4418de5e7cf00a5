// What a large database costs, beside a small one (scripts/bench growth):
//   node bench/growth.mjs fill postgres|sqlite MESSAGES CONVERSATIONS OF_BIG   the SQL that fills a server's new database
//   node bench/growth.mjs measure URL FILE                                     asks a server on such a one, and writes the times down
//   node bench/growth.mjs compare SMALL LARGE                                  of two such files: each question, p50, its ratio, p99, its ratio
//
// Conversations are direct. The user "big" is in the first OF_BIG of them, and the others are between ones with a name of their own and some
// hundreds who are called v0, v1, …. Messages go to the conversations in turn, so that those of one lie far apart, as they do in life.

import fs from 'node:fs'
import http from 'node:http'
import { connectV1 } from '../tests/blackbox/lib/v1.js'

const peersOfV = 20 // conversations of each v, or so
const words = 5_000 // each message has one of these, and one that all have

const low = (c, ofBig) => `CASE WHEN ${c} <= ${ofBig} THEN 'big' ELSE 'u' || ${c} END`
const high = (c, ofBig, vs) => `CASE WHEN ${c} <= ${ofBig} THEN 'p' || ${c} ELSE 'v' || (${c} % ${vs}) END`

function fill(store, messages, conversations, ofBig) {
  const vs = Math.max(1, Math.floor((conversations - ofBig) / peersOfV))
  const isPostgres = store === 'postgres'
  const series = (alias, count) => (isPostgres
    ? `generate_series(1, ${count}) AS ${alias}`
    : `(WITH RECURSIVE n(${alias}) AS (SELECT 1 UNION ALL SELECT ${alias} + 1 FROM n WHERE ${alias} < ${count}) SELECT ${alias} FROM n)`)
  const seq = `(i - 1) / ${conversations} + 1`, place = `(i - 1) % ${conversations} + 1`
  const [a, b] = [low('c', ofBig), high('c', ofBig, vs)]
  const begin = Date.now() - messages // a millisecond each
  const perConversation = Math.ceil(messages / conversations)
  const [from, to] = [low(`(${place})`, ofBig), high(`(${place})`, ofBig, vs)]
  const word = `'w' || (i % ${words})`
  const lines = isPostgres ? ['SET synchronous_commit = off;'] : ['PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN;']
  lines.push(`INSERT INTO conversation (id, user_low, user_high, last_seq, last_at_ms)
    SELECT c, ${a}, ${b}, ${perConversation}, ${begin} + ${messages} - ${conversations} + c FROM ${series('c', conversations)};`)
  for (const side of [a, b])
    lines.push(`INSERT INTO member (user_id, conversation_id) SELECT ${side}, c FROM ${series('c', conversations)};`)
  lines.push(`INSERT INTO message (id, conversation_id, seq, created_at_ms, sender, target, content)
    SELECT i, ${place}, ${seq}, ${begin} + i, ${from}, ${to}, '你好 ' || ${word} || ' hello' FROM ${series('i', messages)};`)
  lines.push(isPostgres
    ? `INSERT INTO message_search (message_id, conversation_id, tokens)
    SELECT i, ${place}, array_to_tsvector(ARRAY['@' || (${place}), '你好', 'hello', ${word}]) FROM ${series('i', messages)};
  SELECT setval(pg_get_serial_sequence('message', 'id'), ${messages}), setval(pg_get_serial_sequence('conversation', 'id'), ${conversations});
  VACUUM ANALYZE;`
    : `INSERT INTO message_search (rowid, tokens)
    SELECT i, (${place}) || '_你好 ' || (${place}) || '_hello ' || (${place}) || '_' || ${word} FROM ${series('i', messages)};
  COMMIT; PRAGMA wal_checkpoint(TRUNCATE);`)
  return lines.join('\n')
}

const agent = new http.Agent({ keepAlive: true })

function ask(url, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(url + path, { agent, method: body ? 'POST' : 'GET', headers: body ? { 'content-type': 'application/json' } : {} }, (answer) => {
      const pieces = []
      answer.on('data', (piece) => pieces.push(piece))
      answer.on('end', () => {
        const text = Buffer.concat(pieces).toString()
        if (answer.statusCode === 200) resolve(text)
        else reject(new Error(`${path} was answered ${answer.statusCode}: ${text}`))
      })
    })
    request.on('error', reject)
    request.end(body && JSON.stringify(body))
  })
}

// One after the other; milliseconds, without the first ones.
async function timed(count, act) {
  const took = []
  for (let i = -10; i < count; i++) {
    const begin = process.hrtime.bigint()
    await act(i + 10)
    if (i >= 0) took.push(Number(process.hrtime.bigint() - begin) / 1e6)
  }
  took.sort((x, y) => x - y)
  const at = (p) => took[Math.min(took.length - 1, Math.ceil(took.length * p / 100) - 1)]
  return { p50: at(50), p99: at(99) }
}

async function measure(url) {
  const list = (userId) => ask(url, `/v1/conversations?userId=${userId}&limit=50`).then(JSON.parse)
  const { conversations } = await list('big')
  const peers = conversations.map(({ place }) => place.userId)
  const some = (i) => peers[i % peers.length]
  const told = {}
  told.push = await timed(300, (i) => ask(url, '/push', { userId: 'v1', targetUserId: `v${2 + i % 3}`, content: '你好 again' }))
  told.pushOfBig = await timed(300, (i) => ask(url, '/push', { userId: 'big', targetUserId: some(i), content: '你好 again' }))
  told.window = await timed(300, () => ask(url, '/getMessage?userId=v1'))
  told.windowOfBig = await timed(300, () => ask(url, '/getMessage?userId=big'))
  told.windowOfPair = await timed(300, (i) => ask(url, `/getMessage?userId=big&targetUserId=${some(i)}`))
  told.history = await timed(300, (i) => ask(url, `/v1/messages?userId=big&peer=${some(i)}&limit=50`))
  told.list = await timed(300, () => list('v1'))
  told.listOfBig = await timed(300, () => list('big'))
  for (const [name, who] of [['search', 'v1'], ['searchOfBig', 'big']])
    told[name] = await timed(200, () => ask(url, `/v1/search?userId=${who}&query=${encodeURIComponent('你好')}`))
  told.searchRare = await timed(200, (i) => ask(url, `/v1/search?userId=big&query=w${i * 7 % words}`))
  for (const [name, who] of [['sync', 'v1'], ['syncOfBig', 'big']])
    told[name] = await timed(30, async () => {
      const session = await connectV1({ socketUrl: (path) => url.replace('http', 'ws') + path }, who)
      await session.call('sync', { epoch: session.hello.epoch, positions: {} })
      await session.close()
    })
  return told
}

const [, , what, ...rest] = process.argv
if (what === 'fill') {
  const [store, ...counts] = rest
  console.log(fill(store, ...counts.map(Number)))
} else if (what === 'compare') {
  const [small, large] = rest.map((file) => JSON.parse(fs.readFileSync(file)))
  for (const [question, { p50, p99 }] of Object.entries(large))
    console.log(question, p50.toFixed(2), (p50 / small[question].p50).toFixed(3), p99.toFixed(2), (p99 / small[question].p99).toFixed(3))
} else {
  const [url, file] = rest
  fs.writeFileSync(file, JSON.stringify(await measure(url), null, 1))
  process.exit(0)
}
