// hongyan backup: a copy of everything while the server is used, and a server from it.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, it } from 'node:test'
import { request } from './lib/client.js'
import { fetchBytes, multipart, png } from './lib/files.js'
import { makeCertificate } from './lib/certificates.js'
import { bearer } from './lib/keys.js'
import { makeDirectory, removeDirectory, run } from './lib/processes.js'
import { again, runToEnd, serverFor } from './lib/server.js'
import { connectV1, flood, newId, people, Replica, user } from './lib/v1.js'
import { assertProblem } from './lib/problem.js'
import { withEachStore } from './lib/webhooks.js'

const owner = 'owner-key-of-the-tests-0123456789abcdef'
const plain = 'plain-key-of-the-tests-0123456789abcdef'
const directory = makeDirectory('backup')
const keys = path.join(directory, 'api-keys')
fs.writeFileSync(keys, `${plain}\nbackup owner ${owner}\nshop push,admin ${plain}2\n`, { mode: 0o600 })
after(() => removeDirectory(directory))

const args = ['--api-key-file', keys]
let count = 0
const newName = () => path.join(directory, `${++count}.tar`)
const backUp = (server, to, more = []) => runToEnd(['backup', to, '--listen', server.authority, '--database', server.database, ...args, ...more], { ms: 60_000 })

/** A backup that was begun, and of which nothing was read. */
const asked = (server) => new Promise((resolve, reject) => {
  const outgoing = server.http.request({ host: server.address, port: server.port, method: 'POST', path: '/v1/backup', headers: bearer(owner), agent: false, ...server.tls }, resolve)
  outgoing.once('error', reject)
  outgoing.end()
})

/** A folder with what is in the archive. */
async function unpacked(file) {
  const folder = `${file}.d`
  fs.mkdirSync(folder)
  await run('tar', ['-xf', file, '-C', folder])
  return folder
}

async function upload(server, userId, bytes = png()) {
  const { body, type } = multipart([['file', bytes, 'a.png']])
  const answer = await fetchBytes(server, `/v1/files?userId=${userId}`, { method: 'POST', headers: { 'content-type': type }, body })
  assert.equal(answer.status, 201, answer.text)
  return answer.json().fileId
}

withEachStore('a backup', (the) => {
  it('has all that was acknowledged before it was asked for, while others go on', { skip: the.kind !== 'sqlite' }, async (t) => {
    const server = await serverFor(t, { args })
    const [a, b] = await people(server, t, 2)
    const place = user(b.userId)
    const before = await flood(a, place, 1, 300)
    const fileId = await upload(server, a.userId)
    const picture = await a.say(place, { fileId }, { kind: 'image' })
    const replica = new Replica()
    await replica.sync(b)
    // Writers and uploads go on.
    let isOver = false
    const more = (async () => {
      for (let i = 0; !isOver; i++) {
        await a.say(place, `meanwhile ${i}`)
        if (i % 20 === 0) await a.say(place, { fileId: await upload(server, a.userId) }, { kind: 'image' })
      }
    })()
    const to = newName()
    const { code, stdout, stderr } = await backUp(server, to)
    isOver = true
    await more
    assert.equal(code, 0, stderr)
    assert.equal(stdout.trim(), `${to}: ${fs.statSync(to).size} bytes`)
    assert.equal(fs.statSync(to).mode & 0o777, 0o600)
    assert.ok(!fs.readdirSync(server.directory).some((name) => name.includes('backup')), 'nothing is left beside the store')
    const folder = await unpacked(to)
    assert.equal((await run('sqlite3', [path.join(folder, 'hongyan.db'), 'PRAGMA integrity_check'])).trim(), 'ok')

    const restored = await serverFor(t, { database: `sqlite:${path.join(folder, 'hongyan.db')}`, args })
    const b2 = await connectV1(restored, b.userId, { t })
    assert.notEqual(b2.hello.epoch, b.hello.epoch, 'a restored copy has an epoch of its own')
    const there = await b2.all(user(a.userId))
    assert.deepEqual(there.slice(0, 301), [...before, picture])
    for (const { kind, content } of there) if (kind === 'image') assert.equal((await fetchBytes(restored, `/v1/files/${content.fileId}?userId=${b.userId}`)).status, 200)
    const [page] = await replica.sync(b2)
    assert.equal(page.reset, true)
    assert.equal((await b2.say(user(a.userId), 'next')).seq, there.length + 1)
  })

  it('is one at a time, and says what it is', { skip: the.kind !== 'sqlite' }, async (t) => {
    const server = await serverFor(t, { args })
    const [a] = await people(server, t, 1)
    // More than a socket takes while nobody reads.
    for (let i = 0; i < 3; i++) await upload(server, a.userId, Buffer.concat([png(), Buffer.alloc(9 << 20, i)]))
    const headers = bearer(owner)
    const held = await asked(server)
    assert.deepEqual([held.statusCode, held.headers['content-type']], [200, 'application/x-tar'])
    assert.match(held.headers['content-disposition'], /^attachment; filename="hongyan-\d{8}T\d{6}Z\.tar"$/)
    assertProblem(await request(server, { method: 'POST', path: '/v1/backup', headers }), 409)
    const refused = await backUp(server, newName())
    assert.deepEqual([refused.code, /another backup is under way/.test(refused.stderr)], [2, true], refused.stderr)
    // Read to its end, it is as long as was said.
    let length = 0
    for await (const piece of held) length += piece.length
    assert.equal(length, Number(held.headers['content-length']))
    assert.equal((await backUp(server, newName())).code, 0)
    // Who goes away in the middle leaves nothing behind.
    ;(await asked(server)).destroy()
    const deadline = Date.now() + 20_000
    for (;;) {
      const { code, stderr } = await backUp(server, newName())
      if (code === 0) break
      assert.match(stderr, /another backup is under way/)
      assert.ok(Date.now() < deadline, 'the one that was left has ended')
    }
  })

  it('is taken from a server with the key of the certificate that is configured, and from no other', { skip: the.kind !== 'sqlite' }, async (t) => {
    const { cert, key, pem } = await makeCertificate(directory)
    const tls = ['--tls-cert', cert, '--tls-key', key]
    const server = await serverFor(t, { args: [...args, ...tls], ca: pem })
    assert.equal((await backUp(server, newName(), tls)).code, 0)
    const other = makeDirectory('other')
    t.after(() => removeDirectory(other))
    const { cert: otherCert, key: otherKey } = await makeCertificate(other)
    const to = newName()
    const { code, stderr } = await backUp(server, to, ['--tls-cert', otherCert, '--tls-key', otherKey])
    assert.deepEqual([code, fs.existsSync(to)], [2, false], stderr)
    assert.match(stderr, /pin|public key/i)
  })

  it('is for a key with the scope owner alone', async (t) => {
    const server = await serverFor(t, { args, database: await the.store.newDatabase() })
    assertProblem(await request(server, { method: 'POST', path: '/v1/backup' }), 401)
    for (const key of [plain, `${plain}2`]) assertProblem(await request(server, { method: 'POST', path: '/v1/backup', headers: bearer(key) }), 403)
    assertProblem(await request(server, { path: '/v1/backup', headers: bearer(owner) }), 405)
  })

  it('of PostgreSQL is for its own tools, and the answer says which', { skip: the.kind !== 'postgres' }, async (t) => {
    const server = await serverFor(t, { args, database: await the.store.newDatabase() })
    const { code, stderr } = await backUp(server, newName())
    assert.equal(code, 2)
    assert.match(stderr, /pg_basebackup and WAL archiving/)
  })

  it('that cannot be made says why in a line, and leaves no file', { skip: the.kind !== 'sqlite' }, async (t) => {
    const server = await serverFor(t, { args })
    const there = newName()
    fs.writeFileSync(there, 'x')
    const noOwner = path.join(directory, 'no-owner')
    fs.writeFileSync(noOwner, `${plain}\n`)
    const to = newName()
    for (const [given, why] of [[[], /the file is missing/], [[there, ...args], /is there already/], [[to], /--api-key-file is missing/], [[to, '--api-key-file', noOwner], /no key in it has the scope owner/],
      [[path.join(directory, 'none', 'x.tar'), ...args], /cannot be made/], [[to, '--listen', '127.0.0.1:1', ...args], /the server at http:\/\/127.0.0.1:1/]]) {
      const { code, stderr } = await runToEnd(['backup', ...given])
      assert.equal(code, 2, stderr)
      assert.match(stderr, why)
    }
    assert.ok(!fs.existsSync(to) && !fs.existsSync(`${to}.part`))
    assert.equal(fs.readFileSync(there, 'utf8'), 'x')
    await server.stop()
    // What a server leaves that was killed while it copied is gone with the next start.
    const half = path.join(server.directory, 'hongyan.db-backup')
    fs.writeFileSync(half, 'half of everything')
    assert.deepEqual([(await again(t, server)).running, fs.existsSync(half)], [true, false])
  })
})
