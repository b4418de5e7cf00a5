// Files in a bucket of S3, whose other side checks each signature.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import { describe, it } from 'node:test'
import { download, fetchBytes, link, png, upload, uploaded } from './lib/files.js'
import { assertProblem } from './lib/problem.js'
import { run } from './lib/processes.js'
import { Bucket, key } from './lib/s3.js'
import { again, serverFor } from './lib/server.js'
import { connectV1, uniqueId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

const rowsOf = async (server, sql) => (await run('sqlite3', [server.database.slice('sqlite:'.length), sql])).trim().split('\n').filter(Boolean)
const at = (bucket, url, host = bucket.host) => fetchBytes({ http, address: '127.0.0.1', port: bucket.port, tls: {} }, url.slice(new URL(url).origin.length), { headers: { host } })

describe('a bucket', { concurrency: 4 }, () => {
  for (const [named, inHost] of [['named in the path', false], ['named in the host', true]]) {
    it(`${named}, keeps files, and gives them back, whole and by ranges`, async (t) => {
      const bucket = await Bucket.open(t, { inHost })
      const server = await serverFor(t, { config: bucket.config() })
      const bytes = Buffer.concat([png(7, 7), Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 253))])
      const { fileId } = await uploaded(server, '1', bytes, { name: '图 片.png' })
      assert.deepEqual(bucket.objects.get(fileId), bytes)
      const whole = await download(server, '1', fileId)
      assert.equal(whole.status, 200)
      assert.deepEqual(whole.bytes, bytes)
      const part = await download(server, '1', fileId, { headers: { range: 'bytes=100000-200000' } })
      assert.equal(part.status, 206)
      assert.deepEqual(part.bytes, bytes.subarray(100_000, 200_001))
      assert.equal((await download(server, '1', fileId, { method: 'HEAD' })).headers['content-length'], String(bytes.length))
      assert.deepEqual(bucket.refused, [])
    })

    it(`${named}, gives links of its own, which nobody changes`, async (t) => {
      const bucket = await Bucket.open(t, { inHost })
      const server = await serverFor(t, { config: bucket.config() })
      const bytes = png()
      const { fileId } = await uploaded(server, '1', bytes, { name: '图片 (1).png' })
      const { url, expiresAt } = await link(server, '1', fileId)
      assert.ok(url.startsWith(`${bucket.urlOf(fileId)}?`), url)
      assert.ok(Date.parse(expiresAt) > Date.now())
      const answer = await at(bucket, url)
      assert.equal(answer.status, 200, answer.text)
      assert.deepEqual(answer.bytes, bytes)
      assert.equal(answer.headers['content-type'], 'image/png')
      assert.match(answer.headers['content-disposition'], /^inline; filename=/)
      for (const changed of [url.replace(/.$/, (last) => (last === '0' ? '1' : '0')), url.replace('X-Amz-Expires=600', 'X-Amz-Expires=6000'), url.replace('image%2Fpng', 'text%2Fhtml'), url.replace(fileId, `${fileId}x`)])
        assert.equal((await at(bucket, changed)).status, 403, changed)
      assert.equal((await at(bucket, url, `other.${bucket.host}`)).status, 403, 'at another host')
    })
  }

  it('with another key is no use, and that is said; with the right one it is, without a new start', async (t) => {
    const bucket = await Bucket.open(t)
    bucket.failing = [403, 'SignatureDoesNotMatch']
    const server = await serverFor(t, { config: bucket.config() })
    assertProblem(await upload(server, '1', png()), 503)
    assert.match(server.stderr(), /event=file_store_failed .*403: the key is not good there/)
    bucket.failing = undefined
    await eventually(5_000, 'the bucket to be used', async () => (await upload(server, '1', png())).status === 201)
  })

  it('by a wrong secret is refused', async (t) => {
    const bucket = await Bucket.open(t)
    bucket.writeKey({ id: 'AKIDTESTTEST', secret: 'another' })
    const server = await serverFor(t, { config: bucket.config() })
    assertProblem(await upload(server, '1', png()), 503)
    assert.ok(bucket.refused.length > 0 && bucket.refused.every((why) => why === 'SignatureDoesNotMatch'), `${bucket.refused}`)
    assert.equal(bucket.objects.size, 0)
  })

  it('that is full is 507, that fails is 503, and nothing is kept of it', async (t) => {
    const bucket = await Bucket.open(t)
    const server = await serverFor(t, { config: bucket.config() })
    const { fileId } = await uploaded(server, '1', png())
    bucket.failing = [507, 'XMinioStorageFull']
    assertProblem(await upload(server, '1', png()), 507)
    bucket.failing = [500, 'InternalError']
    assertProblem(await upload(server, '1', png()), 503)
    assertProblem(await download(server, '1', fileId), 503)
    bucket.failing = undefined
    assert.equal((await download(server, '1', fileId)).status, 200)
    assert.equal(bucket.objects.size, 1)
  })

  it('is sent nothing of a file over files.max', async (t) => {
    const bucket = await Bucket.open(t)
    const server = await serverFor(t, { config: bucket.config('max = 1000\n') })
    for (const more of [0, 70_000]) assertProblem(await upload(server, '1', Buffer.concat([png(), Buffer.alloc(2_000 - png().length + more)])), 413)
    assert.ok(!bucket.seen.includes('PUT'), `${bucket.seen}`)
    assert.equal(bucket.objects.size, 0)
    await uploaded(server, '1', png())
    assert.equal(bucket.objects.size, 1)
  })

  it('refuses a link after its time', async (t) => {
    const bucket = await Bucket.open(t)
    const server = await serverFor(t, { config: bucket.config('url_seconds = 1\n') })
    const { fileId } = await uploaded(server, '1', png())
    const { url } = await link(server, '1', fileId)
    assert.match(url, /X-Amz-Expires=1&/)
    await eventually(5_000, 'the link to be refused', async () => (await at(bucket, url)).status === 403)
    assert.ok(bucket.refused.every((why) => why === 'AccessDenied'), `${bucket.refused}`)
  })

  it('by a wrong key id is refused', async (t) => {
    const bucket = await Bucket.open(t)
    bucket.writeKey({ ...key, id: 'AKIDOTHER' })
    const server = await serverFor(t, { config: bucket.config() })
    assertProblem(await upload(server, '1', png()), 503)
    assert.ok(bucket.refused.length > 0 && bucket.refused.every((why) => why === 'InvalidAccessKeyId'), `${bucket.refused}`)
    assert.equal(bucket.objects.size, 0)
  })

  for (const [what, spoil] of [['missing', (file) => fs.rmSync(file)], ['of one line', (file) => fs.writeFileSync(file, `${key.id}\n`)]]) {
    it(`whose s3_key_file is ${what} is refused at start`, async (t) => {
      const bucket = await Bucket.open(t)
      spoil(bucket.keyFile)
      await assert.rejects(serverFor(t, { config: bucket.config() }), /ended with 2[^]*files\.s3_key_file: /)
    })
  }

  it('has what is due deleted, and an object for each file that is there', async (t) => {
    const bucket = await Bucket.open(t)
    const first = await serverFor(t, { config: bucket.config() })
    const session = await connectV1(first, 1, { t })
    const send = (fileId) => session.call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content: { fileId } })
    const [kept, recalled, unsent] = [await uploaded(first, '1', png()), await uploaded(first, '1', png()), await uploaded(first, '1', png())]
    await send(kept.fileId)
    const { message } = await send(recalled.fileId)
    await session.call('message.recall', { in: user(2), seq: message.seq })
    await first.kill9()
    const there = () => rowsOf(first, 'SELECT id FROM file WHERE state = 1 ORDER BY id')
    for (const id of [...await there(), unsent.fileId]) assert.ok(bucket.objects.has(id), id)
    await rowsOf(first, 'UPDATE file SET due_at_ms = 1 WHERE due_at_ms IS NOT NULL')
    const second = await again(t, first)
    await eventually(20_000, 'what is due to be deleted', async () => bucket.objects.size === 1 && (await rowsOf(first, 'SELECT id FROM file')).length === 1)
    assert.deepEqual([[...bucket.objects.keys()], await there()], [[kept.fileId], [kept.fileId]])
    assert.equal((await download(second, '2', kept.fileId)).status, 200)
    assert.deepEqual(bucket.refused, [])
  })

  for (const [store, what] of [['s3:http://example.com/b', /loopback/], ['s3:https://host', /s3:https:\/\/ENDPOINT\/BUCKET/]]) {
    it(`at ${store} is refused at start`, (t) => assert.rejects(serverFor(t, { config: `[files]\nstore = "${store}"\ns3_key_file = "/dev/null"\n` }), what))
  }
})
