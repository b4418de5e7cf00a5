// retention.days: what is older goes by itself, in the background, and clients are told from where there is anything.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, it } from 'node:test'
import { history, request } from './lib/client.js'
import { parseMetrics } from './lib/prometheus.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { again, runToEnd, serverFor } from './lib/server.js'
import { connectV1, newId, range, Replica, user } from './lib/v1.js'
import { withEachStore } from './lib/webhooks.js'
import { eventually } from './lib/wait.js'

const directory = makeDirectory('retention')
after(() => removeDirectory(directory))
const config = '[retention]\ndays = 30\n'
const day = (ago) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 19).replace('T', ' ')
let files = 0

async function imported(database, rows) {
  const file = path.join(directory, `${++files}.tsv`)
  fs.writeFileSync(file, `id\tuser_id\ttarget_user_id\tcreate_time\tcontent\n${rows.map((row) => row.join('\t')).join('\n')}\n`)
  const { code, stderr } = await runToEnd(['import', file, '--database', database], { ms: 60_000 })
  assert.equal(code, 0, stderr)
}

withEachStore('what is kept for thirty days', (the) => {
  it('goes after them, with its search and its list, and what is newer stays with its seqs', { timeout: 60_000 }, async (t) => {
    const database = await the.store.newDatabase()
    const [a, b, c] = range(1, 3).map(newId)
    let id = 0
    await imported(database, [
      ...range(1, 450).map((i) => [++id, a, b, day(60), `old ${i}`]),
      ...range(1, 20).map((i) => [++id, a, b, day(2), `new ${i}`]),
      ...range(1, 30).map((i) => [++id, c, a, day(31), `gone ${i}`]),
    ])
    // A phone that has all of it.
    let server = await serverFor(t, { database })
    const replica = new Replica()
    await replica.sync(await connectV1(server, a, { t }), { recent: 100, limit: 500 })
    const ofB = (await (await connectV1(server, a, { t })).row(user(b))).conversationId
    await server.stop()

    server = await again(t, server, { config })
    const session = await connectV1(server, a, { t })
    await eventually(20_000, 'the old ones to be gone', async () => (await session.all(user(b))).length === 20)
    await eventually(20_000, 'the other conversation to be empty', async () => (await session.all(user(c))).length === 0)
    assert.deepEqual((await session.all(user(b))).map(({ seq, content }) => [seq, content]), range(1, 20).map((i) => [450 + i, `new ${i}`]))
    assert.deepEqual((await history(server, { userId: a, limit: 500 })).map(({ content }) => content), range(1, 20).map((i) => `new ${i}`))
    assert.equal((await session.call('message.search', { query: 'old' })).messages.length, 0)
    const { lastMessage, lastSeq, unread } = await session.row(user(c))
    assert.deepEqual([lastMessage, lastSeq, unread], [null, 30, 0])
    const fresh = await session.call('sync', {})
    assert.deepEqual(fresh.conversations.map(({ place, firstSeq, messages }) => [place.userId, firstSeq, messages.length]), [[b, 451, 20], [c, 31, 0]])
    // Who has what is gone is not told that the store was set back; and who has nothing of it is brought up to what there is.
    const [page] = await replica.sync(session)
    assert.deepEqual([page.reset, page.conversations.find(({ conversationId }) => conversationId === ofB).firstSeq], [false, 451])
    const behind = await session.call('sync', { epoch: session.hello.epoch, positions: { [ofB]: 3 }, limit: 500 })
    assert.deepEqual([behind.reset, behind.conversations.find(({ conversationId }) => conversationId === ofB).messages.map(({ seq }) => seq)], [false, range(451, 470)])
    assert.equal((await session.say(user(c), 'next')).seq, 31)
    assert.equal(parseMetrics((await request(server, { path: '/metrics' })).text).sum(/^hongyan_messages_expired_total$/), 480)
    // Not only are they not found: the index has them no more.
    await server.stop()
    const indexed = the.kind === 'postgres' ? 'SELECT count(*) FROM message_search' : `SELECT count(*) FROM message_search WHERE message_search MATCH '"${ofB}_old"'`
    assert.equal(Number(await the.run(database, indexed)), the.kind === 'postgres' ? 21 : 0)
  })

  it('is for ever where nothing is said, and is never under a week', async (t) => {
    const database = await the.store.newDatabase()
    const [a, b] = range(1, 2).map(newId)
    await imported(database, [[1, a, b, day(4000), 'very old']])
    const server = await serverFor(t, { database })
    assert.equal((await history(server, { userId: a })).length, 1)
    for (const [days, isGood] of [[0, true], [6, false], ['"x"', false], [-1, false], [7, true]]) {
      const file = path.join(directory, 'retention.toml')
      fs.writeFileSync(file, `[retention]\ndays = ${days}\n`)
      const { code, stderr } = await runToEnd(['--config', file, '--listen', '127.0.0.1:0', '--database', `sqlite:${path.join(directory, 'x.db')}`])
      assert.equal(code, isGood ? 'it started' : 2, stderr)
      if (!isGood) assert.match(stderr, /retention\.days.*0 \(messages are kept for ever\), or 7 to 36500/)
    }
    const file = path.join(directory, 'hook.toml')
    fs.writeFileSync(path.join(directory, 'secret'), 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n', { mode: 0o600 })
    fs.writeFileSync(file, `[retention]\ndays = 7\n[[webhooks]]\nname = "shop"\nurl = "https://shop.example/hook"\nsecret_file = "${path.join(directory, 'secret')}"\nkeep_days = 8\n`)
    const { code, stderr } = await runToEnd(['--config', file, '--listen', '127.0.0.1:0'])
    assert.equal(code, 2)
    assert.match(stderr, /keep_days of "shop": it is longer than retention\.days.*accepted: at most 7/)
  })
})
