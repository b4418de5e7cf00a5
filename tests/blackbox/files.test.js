// Files: sent, fetched, sent in messages, and who may have them (contract, section 6).

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fill, tinyDisk } from './lib/disk.js'
import { onEachStore } from './lib/each-store.js'
import { apiKeys, KeyFiles, tokenOf } from './lib/keys.js'
import { download, fetchBytes, gif, link, mp3, mp4, multipart, png, upload, uploaded, words } from './lib/files.js'
import { request } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { parseResponses, RawConnection, requestText } from './lib/raw.js'
import { Bucket } from './lib/s3.js'
import { again, isSanitized, startServer } from './lib/server.js'
import { delay, eventually } from './lib/wait.js'
import { makeDirectory, removeDirectory, run } from './lib/processes.js'
import { connectV1, group, newId, uniqueId, user } from './lib/v1.js'

const folder = (the) => path.join(the.server.directory, 'the files')
const settings = {
  config: '[files]\nstore = "dir:the files"\nmax = 300000\nuser_day = 1000000\n',
}

const rowsOf = async (server, sql) => (await run('sqlite3', [server.database.slice('sqlite:'.length), sql])).trim().split('\n').filter(Boolean)

// The paths of all files in a folder.
const bytesOf = (store) => fs.readdirSync(store, { withFileTypes: true }).flatMap((entry) => {
  const there = path.join(store, entry.name)
  return entry.isDirectory() ? bytesOf(there) : there
})

onEachStore('a file', (the) => {
  it('is stored, and fetched as it was sent', async () => {
    const a = newId()
    const bytes = png(640, 480)
    const file = await uploaded(the.server, a, bytes, { name: 'C:\\fakepath\\cat.png' })
    assert.match(file.fileId, /^[0-9a-f]{32}$/)
    assert.deepEqual({ ...file, fileId: '' },
      { fileId: '', kind: 'image', name: 'cat.png', mime: 'image/png', size: bytes.length, width: 640, height: 480, seconds: null })
    const answer = await download(the.server, a, file.fileId)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.bytes, bytes)
    const { headers } = answer
    assert.equal(headers['content-type'], 'image/png')
    assert.equal(headers['content-length'], String(bytes.length))
    assert.equal(headers['cache-control'], 'private, max-age=600')
    assert.match(headers.vary, /Authorization/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['content-security-policy'], "sandbox; default-src 'none'")
    assert.match(headers['content-disposition'], /^inline; filename="cat\.png"/)
    assert.match(headers.etag, /^"[^"]+"$/)
  })

  for (const [what, bytes, expected] of [
    ['a voice', mp3(), { kind: 'voice', mime: 'audio/mpeg', seconds: 3.25 }],
    ['a video', mp4(), { kind: 'video', mime: 'video/mp4', seconds: 3.25 }],
    ['a picture', gif(), { kind: 'image', mime: 'image/gif', width: 5, height: 4, seconds: null }],
    ['a text', words(), { kind: 'file', mime: 'application/octet-stream', width: null, height: null, seconds: null }],
    ['a page that calls itself a picture', words('<svg onload=alert(1)>'), { kind: 'file', mime: 'application/octet-stream' }],
  ]) {
    it(`is ${what} by its own bytes`, async () => {
      const a = newId()
      const file = await uploaded(the.server, a, bytes, { name: 'x.png', parts: [['seconds', '3.25'], ['other', 'whatever']] })
      for (const [name, value] of Object.entries(expected)) assert.equal(file[name], value, name)
      const { headers } = await download(the.server, a, file.fileId)
      assert.match(headers['content-disposition'], expected.kind === 'file' ? /^attachment; / : /^inline; /)
      assert.equal(headers['content-type'], expected.mime)
    })
  }

  it('of each format is told by its first bytes, its size by its header, and only what runs nothing is shown in place', async () => {
    const a = newId()
    const of = (...bytes) => Buffer.concat([...bytes.map((it) => Buffer.from(it, 'latin1')), Buffer.alloc(64)])
    const jpegSegment = (marker, body) => Buffer.concat([Buffer.from([0xFF, marker, (body.length + 2) >> 8, (body.length + 2) & 255]), body])
    const exif = jpegSegment(0xE1, Buffer.alloc(60_000, 0xFF))
    const jpeg = Buffer.concat([Buffer.from([0xFF, 0xD8]), exif, jpegSegment(0xC2, Buffer.from([8, 1, 2, 3, 4, 3, 1, 1, 1, 2, 1, 1, 3, 1, 1]))])
    const brand = (name) => of('\0\0\0\x18ftyp', name, '\0\0\0\0')
    for (const [bytes, kind, mime, isInline, width = null, height = null] of [
      [jpeg, 'image', 'image/jpeg', true, 772, 258],
      [of('RIFF....WEBPVP8X\x0A\0\0\0\0\0\0\0\x1F\x03\0\x57\x02\0'), 'image', 'image/webp', true, 800, 600],
      [of('RIFF....WEBPVP8L\x0A\0\0\0\x2F\x1F\xC3\x95\0'), 'image', 'image/webp', true, 800, 600],
      [of('RIFF....WEBPVP8 \x0A\0\0\0\0\0\0\x9D\x01\x2A\x20\x03\x58\x02'), 'image', 'image/webp', true, 800, 600],
      [brand('heic'), 'image', 'image/heic', true], [of('BM\x46\0\0\0\0\0\0\0\x36\0\0\0'), 'image', 'image/bmp', true],
      [of('\xFF\xFB\x90\x64'), 'voice', 'audio/mpeg', true], [of('\xFF\xF1\x50\x80'), 'voice', 'audio/aac', true],
      [brand('M4A '), 'voice', 'audio/mp4', true], [of('RIFF....WAVEfmt '), 'voice', 'audio/wav', true],
      [of('#!AMR\n'), 'voice', 'audio/amr', false], [of('\x02#!SILK_V3'), 'voice', 'audio/silk', false], [of('OggS'), 'voice', 'audio/ogg', false],
      [brand('isom'), 'video', 'video/mp4', true], [brand('qt  '), 'video', 'video/quicktime', false], [of('\x1A\x45\xDF\xA3'), 'video', 'video/webm', false],
      [of('%PDF-1.7'), 'file', 'application/pdf', false], [of('PK\x03\x04'), 'file', 'application/zip', false],
      [of('<!doctype html><script>alert(1)</script>'), 'file', 'application/octet-stream', false],
    ]) {
      const file = await uploaded(the.server, a, bytes, { name: 'x.html' })
      assert.deepEqual([file.kind, file.mime, file.size, file.width, file.height], [kind, mime, bytes.length, width, height])
      const { headers } = await download(the.server, a, file.fileId, { method: 'HEAD' })
      assert.equal(headers['content-type'], mime)
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.match(headers['content-disposition'], isInline ? /^inline; / : /^attachment; /, mime)
    }
  })

  it('has a name that harms nobody', async () => {
    const a = newId()
    for (const [given, name, disposition] of [
      ['../../etc/passwd', 'passwd', 'filename="passwd"'], ['C:\\fakepath\\猫.png', '猫.png', `filename*=UTF-8''%E7%8C%AB.png`],
      ['gpj.\u202Eexe', 'gpj.exe', 'filename="gpj.exe"'], ['a\u2066b\u061Cc', 'abc', 'filename="abc"'], ['a\tb\x7F', 'ab', 'filename="ab"'],
      ['..', 'file', 'filename="file"'], ['dir/', 'file', 'filename="file"'], [`${'a'.repeat(254)}报`, 'a'.repeat(254), `filename="${'a'.repeat(254)}"`],
    ]) {
      const file = await uploaded(the.server, a, words(), { name: given })
      assert.equal(file.name, name)
      const { headers } = await download(the.server, a, file.fileId)
      assert.ok(headers['content-disposition'].endsWith(disposition), headers['content-disposition'])
    }
  })

  it('is large, and comes in pieces of any size', async () => {
    const a = newId()
    const bytes = Buffer.concat([png(), Buffer.alloc(299_000)])
    const { body, type } = multipart([['file', bytes, 'big.png']])
    const raw = await RawConnection.open(the.server)
    raw.write(requestText('POST', `/v1/files?userId=${a}`, { 'Content-Type': type, 'Transfer-Encoding': 'chunked' }))
    for (let at = 0; at < body.length; at += 7_001) {
      const piece = body.subarray(at, at + 7_001)
      raw.write(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
    }
    raw.write('0\r\n\r\n')
    const answer = await raw.response()
    assert.equal(answer.status, 201, answer.text)
    raw.socket.destroy()
    assert.deepEqual((await download(the.server, a, JSON.parse(answer.text).fileId)).bytes, bytes)
  })

  it('is refused when it is none', async () => {
    const a = newId()
    const send = (parts, headers = {}) => {
      const { body, type } = multipart(parts)
      return fetchBytes(the.server, `/v1/files?userId=${a}`, { method: 'POST', body, headers: { 'content-type': type, 'content-length': body.length, ...headers } })
    }
    assertProblem(await send([['file', png(), 'a.png']], { 'content-type': 'application/json' }), 400)
    assertProblem(await send([['file', png(), 'a.png']], { 'content-type': 'multipart/form-data' }), 400)
    assertProblem(await send([['text', 'hello']]), 400)
    assertProblem(await send([['file', png(), 'a.png'], ['file', png(), 'b.png']]), 400)
    assertProblem(await send([['file', png(), 'a.png'], ['another', png(), 'b.png']]), 400)
    assertProblem(await send([['file', '', 'a.png']]), 400)
    assertProblem(await send([['file', mp3(), 'a.mp3'], ['seconds', 'long']]), 400)
    const { body, type } = multipart([['file', png(), 'a.png']])
    assertProblem(await fetchBytes(the.server, `/v1/files?userId=${a}`, { method: 'POST', body: body.subarray(0, body.length - 10), headers: { 'content-type': type, 'content-length': body.length - 10 } }), 400)
    assertProblem(await upload(the.server, undefined, png()), 400)
  })

  it('over files.max is 413, before it comes where its length is said', async (t) => {
    const a = newId()
    const raw = await RawConnection.open(the.server, t)
    raw.write(requestText('POST', `/v1/files?userId=${a}`, { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 1_000_000, Expect: '100-continue' }))
    assertProblem(await raw.response(), 413)
    assert.doesNotMatch(raw.received.toString('latin1'), /100 Continue/)
    await raw.closing()
    const other = await RawConnection.open(the.server, t)
    other.write(requestText('POST', `/v1/files?userId=${a}`, { 'Content-Type': 'multipart/form-data; boundary=b', 'Transfer-Encoding': 'chunked' }))
    const body = Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'), Buffer.alloc(310_000)])
    other.write(Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]))
    assertProblem(await other.response(), 413)
    await other.closing()
  })

  it('a fifth at once is 429, and so is more than files.user_day', async (t) => {
    const a = newId()
    const begun = []
    for (let i = 0; i < 4; i++) {
      const raw = await RawConnection.open(the.server, t)
      raw.write(requestText('POST', `/v1/files?userId=${a}`, { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 1000, Expect: '100-continue' }))
      assert.equal((await raw.response()).status, 100)
      begun.push(raw)
    }
    const fifth = await upload(the.server, a, png())
    assertProblem(fifth, 429)
    assert.ok(Number(fifth.headers['retry-after']) > 0)
    assert.equal((await upload(the.server, newId(), png())).status, 201, 'another user has places of their own')
    for (const raw of begun) raw.socket.destroy()
    const b = newId()
    const big = Buffer.concat([png(), Buffer.alloc(290_000)])
    for (let i = 0; i < 3; i++) await uploaded(the.server, b, big)
    assertProblem(await upload(the.server, b, big), 429)
  })

  it('answers conditions and ranges', async () => {
    const a = newId()
    const bytes = Buffer.concat([png(), Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))])
    const { fileId } = await uploaded(the.server, a, bytes)
    const size = bytes.length
    const ask = (headers, method) => download(the.server, a, fileId, { headers, method })
    const { headers: { etag } } = await ask({})
    for (const [range, from, to] of [['bytes=0-9', 0, 10], ['bytes=5-', 5, size], ['bytes=-7', size - 7, size], [`bytes=10-${size + 100}`, 10, size], ['bytes=-100000', 0, size]]) {
      const answer = await ask({ range })
      assert.equal(answer.status, 206, range)
      assert.equal(answer.headers['content-range'], `bytes ${from}-${to - 1}/${size}`)
      assert.deepEqual(answer.bytes, bytes.subarray(from, to))
      assert.equal(answer.headers.etag, etag)
    }
    for (const range of ['bytes=0-1,4-5', 'lines=1-2', 'bytes=b-c', 'bytes=9-2']) {
      const answer = await ask({ range })
      assert.equal(answer.status, 200, range)
      assert.deepEqual(answer.bytes, bytes)
    }
    for (const range of [`bytes=${size}-`, 'bytes=-0', 'bytes=99999999999999999999999-']) {
      const answer = await ask({ range })
      assertProblem(answer, 416)
      assert.equal(answer.headers['content-range'], `bytes */${size}`)
    }
    assert.equal((await ask({ range: 'bytes=0-1', 'if-range': etag })).status, 206)
    assert.equal((await ask({ range: 'bytes=0-1', 'if-range': '"other"' })).status, 200)
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const same = await ask({ 'if-none-match': tag })
      assert.equal(same.status, 304)
      assert.equal(same.bytes.length, 0)
      assert.equal(same.headers.etag, etag)
      assert.equal(same.headers['cache-control'], 'private, max-age=600')
    }
    assert.equal((await ask({ 'if-none-match': '"other"' })).status, 200)
    const head = await ask({ range: 'bytes=0-1' }, 'HEAD')
    assert.equal(head.status, 200)
    assert.equal(head.headers['content-length'], String(size))
    assert.equal(head.bytes.length, 0)
  })

  it('goes with a message, whose content is the server\'s', async (t) => {
    const [a, b] = [newId(), newId()]
    const alice = await connectV1(the.server, a, { t })
    const bob = await connectV1(the.server, b, { t })
    const file = await uploaded(the.server, a, mp3(), { name: '说话.mp3', parts: [['seconds', '7']] })
    const clientMsgId = uniqueId()
    const params = { to: user(b), clientMsgId, kind: 'voice', content: { fileId: file.fileId, name: 'a lie', mime: 'image/png', size: 1 } }
    const { message } = await alice.call('message.send', params)
    const { kind, ...facts } = file
    assert.deepEqual(message.content, facts)
    assert.deepEqual((await bob.message()).content, facts)
    assert.deepEqual((await download(the.server, b, file.fileId)).status, 200)
    // A repeat is one by what was sent.
    const again = await alice.call('message.send', params)
    assert.equal(again.duplicate, true)
    assert.deepEqual(again.message, message)
    await alice.fails(-32009, 'message.send', { ...params, content: { fileId: (await uploaded(the.server, a, mp3())).fileId } })
    // How long it is the message may say.
    const longer = await alice.call('message.send', { ...params, clientMsgId: uniqueId(), content: { fileId: file.fileId, seconds: 9.5 } })
    assert.equal(longer.message.content.seconds, 9.5)
    const asFile = await bob.call('message.send', { to: user(a), clientMsgId: uniqueId(), kind: 'file', content: { fileId: file.fileId } })
    assert.deepEqual(asFile.message.content, facts, 'who sees it may pass it on, as a file too')
    await alice.fails(-32602, 'message.send', { ...params, clientMsgId: uniqueId(), kind: 'image' }, { param: 'content.fileId' })
    await alice.fails(-32004, 'message.send', { ...params, clientMsgId: uniqueId(), content: { fileId: '0'.repeat(32) } })
    await alice.fails(-32004, 'message.send', { ...params, clientMsgId: uniqueId(), content: { fileId: 'elsewhere' } })
  })

  it('is nobody else\'s: by its id, in a message of one\'s own, as an avatar or a preview', async (t) => {
    const [a, b, c] = [newId(), newId(), newId()]
    const { fileId } = await uploaded(the.server, a, png())
    const carol = await connectV1(the.server, c, { t })
    for (const more of ['', '/url']) assertProblem(await download(the.server, c, fileId, { more }), 404)
    assert.equal((await download(the.server, c, fileId, { method: 'HEAD' })).status, 404)
    await carol.fails(-32004, 'message.send', { to: user(c), clientMsgId: uniqueId(), kind: 'image', content: { fileId } })
    await carol.fails(-32004, 'message.send', { to: user(c), clientMsgId: uniqueId(), kind: 'text', content: 'x', ext: { preview: { fileId } } })
    await carol.fails(-32004, 'user.update', { avatar: fileId })
    assertProblem(await request(the.server, { method: 'POST', path: '/v1/messages', body: { from: c, to: user(b), clientMsgId: uniqueId(), kind: 'image', content: { fileId } } }), 404)
    assertProblem(await download(the.server, c, fileId), 404)
    for (const id of ['x', '../../etc/passwd', '%2e%2e', '0'.repeat(32), `${fileId}%00`]) assert.ok([400, 404].includes((await download(the.server, a, id)).status), id)
  })

  it('is nobody else\'s over HTTP: as a preview, of a stream too, or as an avatar', async () => {
    const [a, b, c] = [newId(), newId(), newId()]
    const { fileId } = await uploaded(the.server, a, png())
    const ext = { preview: { fileId } }
    const send = (from, to, more) => request(the.server, { method: 'POST', path: '/v1/messages', body: { from, to: user(to), clientMsgId: uniqueId(), ext, ...more } })
    const face = (who) => request(the.server, { method: 'PUT', path: `/v1/users/${who}`, body: { avatar: fileId } })
    const ways = [{ kind: 'text', content: 'x' }, { stream: true }]
    for (const more of ways) assertProblem(await send(c, b, more), 404)
    assertProblem(await face(c), 404)
    for (const who of [b, c]) assert.equal((await download(the.server, who, fileId)).status, 404)
    for (const more of ways) {
      const to = newId()
      assert.equal((await send(a, to, more)).status, 200)
      assert.equal((await download(the.server, to, fileId)).status, 200, 'whom its own user sent it to')
    }
    assert.equal((await face(a)).status, 200)
    assert.equal((await download(the.server, c, fileId)).status, 200)
  })

  it('is not taken from a foreign page', async () => {
    const a = newId()
    const origin = 'https://evil.example'
    assertProblem(await upload(the.server, a, png(), { headers: { origin } }), 403)
    assert.equal((await upload(the.server, a, png(), { headers: { origin: `${the.server.scheme}://${the.server.authority}` } })).status, 201)
  })

  it('is seen by members: not after they left, not after a recall, not from before they joined', async (t) => {
    const [a, b, c, d] = [newId(), newId(), newId(), newId()]
    const alice = await connectV1(the.server, a, { t })
    const seen = async (who, id) => (await download(the.server, who, id)).status === 200
    for (const history of ['joined', 'all']) {
      const { group: { groupId } } = await alice.call('group.create', { name: 'g', members: [b, c], history })
      const file = await uploaded(the.server, a, png())
      const sent = await alice.call('message.send', { to: group(groupId), clientMsgId: uniqueId(), kind: 'image', content: { fileId: file.fileId } })
      assert.equal(await seen(b, file.fileId), true)
      assert.equal(await seen(d, file.fileId), false, 'a stranger')
      await alice.call('group.remove', { groupId, userIds: [c] })
      assert.equal(await seen(c, file.fileId), false, 'who was removed')
      await alice.call('group.add', { groupId, userIds: [c, d] })
      for (const late of [c, d]) assert.equal(await seen(late, file.fileId), history === 'all', `who joined later, with history ${history}`)
      await alice.call('message.recall', { in: group(groupId), seq: sent.message.seq })
      for (const one of [b, c, d]) assert.equal(await seen(one, file.fileId), false, 'after a recall')
    }
    const file = await uploaded(the.server, a, png())
    const { message } = await alice.call('message.send', { to: user(b), clientMsgId: uniqueId(), kind: 'image', content: { fileId: file.fileId } })
    const again = await alice.call('message.send', { to: user(b), clientMsgId: uniqueId(), kind: 'image', content: { fileId: file.fileId } })
    await alice.call('message.recall', { in: user(b), seq: message.seq })
    assert.equal(await seen(b, file.fileId), true, 'another message has it')
    await alice.call('message.recall', { in: user(b), seq: again.message.seq })
    assert.equal(await seen(b, file.fileId), false)
  })

  it('is not seen after group.leave, group.dismiss and conversation.clear: not by HEAD, its link or a link of before', async (t) => {
    const [a, b] = [newId(), newId()]
    const [alice, bob] = [await connectV1(the.server, a, { t }), await connectV1(the.server, b, { t })]
    const ways = (fileId, old) => Promise.all([download(the.server, b, fileId), download(the.server, b, fileId, { method: 'HEAD' }),
      download(the.server, b, fileId, { more: '/url' }), fetchBytes(the.server, old)].map(async (answer) => (await answer).status))
    const create = async () => group((await alice.call('group.create', { name: 'g', members: [b] })).group.groupId)
    for (const [what, place, end] of [
      ['group.leave', await create(), ({ groupId }) => bob.call('group.leave', { groupId })],
      ['group.dismiss', await create(), ({ groupId }) => alice.call('group.dismiss', { groupId })],
      ['conversation.clear of a group', await create(), (place) => bob.call('conversation.clear', { in: place })],
      ['conversation.clear', user(b), () => bob.call('conversation.clear', { in: user(a) })],
      ['message.recall', user(b), (place, { seq }) => alice.call('message.recall', { in: place, seq })],
    ]) {
      const { fileId } = await uploaded(the.server, a, png())
      const { message } = await alice.call('message.send', { to: place, clientMsgId: uniqueId(), kind: 'image', content: { fileId } })
      const { url } = await link(the.server, b, fileId)
      assert.deepEqual(await ways(fileId, url), [200, 200, 200, 200], `before ${what}`)
      await end(place, message)
      assert.deepEqual(await ways(fileId, url), [404, 404, 404, 404], `after ${what}`)
      assert.equal((await download(the.server, a, fileId)).status, what === 'message.recall' ? 404 : 200, `who sent it, after ${what}`)
    }
  })

  it('has links that are good for whoever has them, until they are old, or changed, or not their user\'s any more', async (t) => {
    const [a, b] = [newId(), newId()]
    const alice = await connectV1(the.server, a, { t })
    const bytes = png()
    const file = await uploaded(the.server, a, bytes)
    const { message } = await alice.call('message.send', { to: user(b), clientMsgId: uniqueId(), kind: 'image', content: { fileId: file.fileId } })
    const mine = await link(the.server, a, file.fileId)
    const theirs = await link(the.server, b, file.fileId)
    assert.ok(Math.abs(Date.parse(mine.expiresAt) - Date.now() - 600_000) < 10_000, mine.expiresAt)
    assert.match(mine.url, /^\/v1\/files\//, 'a path, since the server does not know what it is called')
    for (const { url } of [mine, theirs]) assert.deepEqual((await fetchBytes(the.server, url)).bytes, bytes)
    const other = await uploaded(the.server, a, png())
    for (const changed of [
      mine.url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      mine.url.replace(file.fileId, other.fileId),
      mine.url.replace(/expires=(\d+)/, (_, at) => `expires=${Number(at) + 1}`),
      mine.url.replace(`user=${a}`, `user=${b}`),
      mine.url.replace(/&signature=.*/, '&signature='),
    ]) assertProblem(await fetchBytes(the.server, changed), 404)
    await alice.call('message.send', { to: user(a), clientMsgId: uniqueId(), kind: 'image', content: { fileId: file.fileId } })
    await alice.call('message.recall', { in: user(b), seq: message.seq })
    assertProblem(await fetchBytes(the.server, theirs.url), 404)
    assert.equal((await fetchBytes(the.server, mine.url)).status, 200)
    assert.doesNotMatch(the.server.stderr(), /signature=/)
  })

  it('of an avatar or a preview is seen', async (t) => {
    const [a, b, c] = [newId(), newId(), newId()]
    const alice = await connectV1(the.server, a, { t })
    const face = await uploaded(the.server, a, png())
    await alice.call('user.update', { avatar: face.fileId })
    assert.equal((await download(the.server, c, face.fileId)).status, 200)
    await alice.fails(-32602, 'user.update', { avatar: (await uploaded(the.server, a, mp3())).fileId })
    const [whole, small] = [await uploaded(the.server, a, png(300, 300)), await uploaded(the.server, a, png())]
    const { message } = await alice.call('message.send', { to: user(b), clientMsgId: uniqueId(), kind: 'image', content: { fileId: whole.fileId }, ext: { preview: { fileId: small.fileId } } })
    assert.deepEqual(message.ext, { preview: { fileId: small.fileId } })
    assert.equal((await download(the.server, b, small.fileId)).status, 200)
    assert.equal((await download(the.server, c, small.fileId)).status, 404)
    for (const bytes of [mp3(), Buffer.concat([png(), Buffer.alloc(32 * 1024)])]) {
      const { fileId } = await uploaded(the.server, a, bytes)
      await alice.fails(-32602, 'message.send', { to: user(b), clientMsgId: uniqueId(), kind: 'text', content: 'x', ext: { preview: { fileId } } }, { param: 'ext.preview.fileId' })
    }
  })

  it('has no text of a client\'s asked for by its id', async (t) => {
    const alice = await connectV1(the.server, newId(), { t })
    for (const fileId of ['a\0b', 'x'.repeat(200), '\'; --', ''])
      await alice.call('message.send', { to: user(newId()), clientMsgId: uniqueId(), kind: 'text', content: 'x', ext: { preview: { fileId } } }).then(() => assert.equal(fileId, ''), ({ code }) => assert.equal(code, -32004))
    assert.equal((await fetchBytes(the.server, '/readyz')).status, 200)
    await alice.say(user(newId()), 'still works')
  })

  it('in an endless body is 413', async (t) => {
    const raw = await RawConnection.open(the.server, t)
    raw.write(requestText('POST', `/v1/files?userId=${newId()}`, { 'Content-Type': 'multipart/form-data; boundary=b', 'Transfer-Encoding': 'chunked' }))
    raw.write('3a\r\n--b\r\nContent-Disposition: form-data; name="other"\r\n\r\nwords\r\n')
    for (let i = 0; i < 40; i++) raw.write(`2710\r\n${'w'.repeat(10_000)}\r\n`)
    assertProblem(await raw.response(), 413)
  })

  it('that is not sent whole leaves nothing behind', async (t) => {
    const sent = Buffer.alloc(200_000, 'half a file ')
    const isHalf = (file) => { try { return fs.readFileSync(file).includes('half a file half') } catch { return false } }
    const halves = () => bytesOf(folder(the)).filter(isHalf)
    const raw = await RawConnection.open(the.server, t)
    raw.write(requestText('POST', `/v1/files?userId=${newId()}`, { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 250_000 }))
    raw.write('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n')
    raw.write(sent)
    await eventually(5_000, 'a piece of it to be written', () => halves().length === 1)
    raw.socket.destroy()
    await eventually(5_000, 'it to be removed', () => halves().length === 0)
  })
}, settings)

// All that was sent to it, and by it, has been read.
const isDrained = (server) => fs.readFileSync(`/proc/${server.pid}/net/tcp`, 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
  .filter(([, local, remote]) => [local, remote].some((end) => parseInt(end?.split(':')[1], 16) === server.port))
  .every(([, , , state, queued]) => state === '0A' || queued === '00000000:00000000')

// ---- the store ----

describe('a file store', () => {
  const begin = async (t, options) => {
    const server = await startServer(options)
    t.after(() => server.dispose())
    return server
  }

  it('is beside an SQLite database when nothing is said, and its files outlive the server', async (t) => {
    const directory = makeDirectory('files')
    t.after(() => removeDirectory(directory))
    const first = await begin(t, { directory })
    const bytes = png(9, 9)
    const { fileId } = await uploaded(first, '1', bytes)
    assert.ok(bytesOf(path.join(directory, 'files')).some((file) => file.endsWith(fileId)))
    const url = (await link(first, '1', fileId)).url
    await first.kill9()
    const second = await begin(t, { directory })
    assert.deepEqual((await download(second, '1', fileId)).bytes, bytes)
    assert.deepEqual((await fetchBytes(second, url)).bytes, bytes, 'its key is the database\'s')
  })

  it('of another database is refused at start', async (t) => {
    const directory = makeDirectory('files')
    t.after(() => removeDirectory(directory))
    const first = await begin(t, { directory })
    await first.stop()
    fs.renameSync(path.join(directory, 'files'), path.join(directory, 'away'))
    await assert.rejects(startServer({ directory }), /files\.store: it is not the file store of this database/)
    fs.renameSync(path.join(directory, 'away'), path.join(directory, 'files').concat('x'))
    fs.rmSync(path.join(directory, 'files'), { recursive: true })
    fs.renameSync(path.join(directory, 'filesx'), path.join(directory, 'files'))
    await (await begin(t, { directory })).stop()
  })

  it('that is off keeps no files, and contents are as clients send them', async (t) => {
    const server = await begin(t, { config: '[files]\nstore = "off"\n' })
    assertProblem(await upload(server, '1', png()), 404)
    for (const more of ['', '/url']) assertProblem(await download(server, '1', '0'.repeat(32), { more }), 404)
    const session = await connectV1(server, 1, { t })
    assert.deepEqual([session.hello.limits.fileBytes, session.hello.limits.fileTypes], [0, []])
    const content = { fileId: 'elsewhere', width: 3, mine: true }
    const { message } = await session.call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content })
    assert.deepEqual(message.content, content)
  })

  it('leaves contents of when it was off as they are', async (t) => {
    const first = await begin(t, { config: '[files]\nstore = "off"\n' })
    const content = { fileId: 'elsewhere', mine: true }
    const { message } = await (await connectV1(first, 1, { t })).call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content })
    await first.kill9()
    const second = await again(t, first, { config: '[files]\nstore = "dir:files"\n' })
    const session = await connectV1(second, 1, { t })
    assert.deepEqual((await session.all(user(2))), [message])
    assert.deepEqual(message.content, content)
    await session.call('message.recall', { in: user(2), seq: message.seq })
    const [recalled] = (await session.call('message.get', { in: user(2), seqs: [message.seq] })).messages
    assert.deepEqual([recalled.recalled, recalled.content], [true, null])
  })

  it('tells its limits when nothing is said', async (t) => {
    const { hello: { limits } } = await connectV1(await begin(t), 1, { t })
    assert.deepEqual([limits.fileBytes, limits.fileTypes], [20_971_520, ['*/*']])
  })

  it('with url_seconds = 1 gives links that are soon old', async (t) => {
    const server = await begin(t, { config: '[files]\nurl_seconds = 1\n' })
    const { fileId } = await uploaded(server, '1', png())
    const { url, expiresAt } = await link(server, '1', fileId)
    assert.ok(Date.parse(expiresAt) < Date.now() + 2_000, expiresAt)
    await eventually(5_000, 'the link to be old', async () => (await fetchBytes(server, url)).status === 404)
    assertProblem(await fetchBytes(server, url), 404)
    assert.ok(Date.now() >= Date.parse(expiresAt), 'not before it says')
    assert.equal((await download(server, '1', fileId)).status, 200)
  })

  for (const [config, ms] of [['', 86_400_000], ['[files]\nunsent_hours = 1\n', 3_600_000]]) {
    it(`keeps what is not sent for ${ms / 3_600_000} h`, async (t) => {
      const server = await begin(t, { config })
      const { fileId } = await uploaded(server, '1', png())
      assert.deepEqual(await rowsOf(server, `SELECT due_at_ms - created_at_ms FROM file WHERE id = '${fileId}'`), [String(ms)])
    })
  }

  it('deletes the bytes of a recalled message, unless another message has them', async (t) => {
    const first = await begin(t)
    const session = await connectV1(first, 1, { t })
    const send = async (fileId) => (await session.call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content: { fileId } })).message.seq
    const [gone, kept] = [await uploaded(first, '1', png()), await uploaded(first, '1', png())]
    const sent = [await send(gone.fileId), await send(kept.fileId)]
    await send(kept.fileId)
    for (const seq of sent) await session.call('message.recall', { in: user(2), seq })
    await first.kill9()
    await rowsOf(first, 'UPDATE file SET due_at_ms = 1 WHERE due_at_ms IS NOT NULL')
    const second = await again(t, first)
    const has = (fileId) => bytesOf(path.join(first.directory, 'files')).some((file) => file.endsWith(fileId))
    await eventually(20_000, 'bytes and row to go', async () => !has(gone.fileId) && (await rowsOf(first, 'SELECT id FROM file')).length === 1)
    assert.ok(has(kept.fileId))
    assertProblem(await download(second, '1', gone.fileId), 404)
    assert.equal((await download(second, '2', kept.fileId)).status, 200)
  })

  for (const [where, settings] of [['a folder', async () => ({})], ['a bucket', async (t) => ({ config: (await Bucket.open(t)).config() })]]) {
    it(`in ${where} takes a hundred files at once, for at most 256 KiB of memory each`, { skip: isSanitized(), timeout: 60_000 }, async (t) => {
      const server = await begin(t, await settings(t))
      const { body, type } = multipart([['file', Buffer.concat([png(), Buffer.alloc(2 ** 20 - png().length)]), 'x.png']])
      await uploaded(server, newId(), png()) // once for all there is more to be made
      const before = server.memory()
      const uploads = []
      for (let who = 0; who < 25; who++) {
        const id = newId()
        for (let i = 0; i < 4; i++) {
          const raw = await RawConnection.open(server, t)
          // What waits to be written is now less and now more.
          const half = body.length / 2 + uploads.length * 1311
          raw.write(requestText('POST', `/v1/files?userId=${id}`, { 'Content-Type': type, 'Content-Length': body.length }))
          raw.write(body.subarray(0, half))
          uploads.push({ raw, rest: body.subarray(half) })
        }
      }
      await eventually(20_000, 'what was sent to be taken', () => uploads.every(({ raw }) => raw.socket.writableLength === 0) && isDrained(server))
      const grew = server.memory() - before
      t.diagnostic(`${(grew / 1024 / uploads.length).toFixed(0)} KiB for each of ${uploads.length}`)
      assert.ok(uploads.every(({ raw }) => !raw.ended && raw.received.length === 0), 'all are under way')
      assert.ok(grew <= uploads.length * 256 * 1024, `${uploads.length} of them took ${grew >> 10} KiB`)
      for (const { raw, rest } of uploads) raw.write(rest)
      for (const { raw } of uploads) {
        const answer = await raw.response(30_000)
        assert.equal(answer.status, 201, answer.text)
        assert.equal(JSON.parse(answer.text).size, 2 ** 20)
      }
    })
  }

  it('that is full is 507, keeps nothing of what did not fit, and takes files again when there is room', async (t) => {
    const disk = await tinyDisk(t, '4m')
    if (!disk) return
    const server = await begin(t, { config: `[files]\nstore = "dir:${path.join(disk.directory, 'files')}"\n`, prefix: disk.prefix })
    const session = await connectV1(server, 1, { t })
    const [small, large] = [png(), Buffer.concat([png(), Buffer.alloc(1_000_000)])]
    const kept = await uploaded(server, '1', small)
    const there = () => bytesOf(path.join(disk.here, 'files')).sort()
    const refused = async (bytes) => {
      const before = there()
      const answer = await upload(server, '1', bytes)
      assertProblem(answer, 507)
      assert.ok(!answer.text.includes(disk.directory))
      await eventually(5_000, 'what did not fit to be removed', () => there().join() === before.join())
    }
    const filler = fill(disk, 400_000)
    for (let i = 0; i < 5; i++) await refused(large)
    const fits = await uploaded(server, '1', small)
    fill(disk)
    await refused(small)
    await refused(large)
    assert.equal((await fetchBytes(server, '/readyz')).status, 200)
    const { message } = await session.call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content: { fileId: kept.fileId } })
    assert.equal(message.content.fileId, kept.fileId)
    await session.say(user(2), 'still works')
    for (const { fileId } of [kept, fits]) assert.deepEqual((await download(server, '1', fileId)).bytes, small)
    fs.rmSync(filler)
    const { fileId } = await uploaded(server, '1', large)
    assert.deepEqual((await download(server, '1', fileId)).bytes, large)
  })

  it('is for API keys with the scope admin, and its limits are not for them', async (t) => {
    const keys = new KeyFiles()
    t.after(() => keys.dispose())
    const server = await begin(t, { args: keys.args, config: '[files]\nuser_day = 1000\n' })
    const by = (name) => ({ token: apiKeys[name], userId: '3' })
    const { fileId } = await uploaded(server, by('admin'), png())
    for (const name of ['push', 'metrics', 'observe', 'owner']) {
      assertProblem(await upload(server, by(name), png()), 403)
      for (const more of ['', '/url']) assertProblem(await download(server, by(name), fileId, { more }), 403)
      assert.equal((await download(server, by(name), fileId, { method: 'HEAD' })).status, 403)
    }
    for (const more of ['', '/url']) assert.equal((await download(server, by('all'), fileId, { more })).status, 200)
    const big = Buffer.concat([png(), Buffer.alloc(700)])
    for (let i = 0; i < 3; i++) await uploaded(server, by('all'), big)
    const mine = { token: tokenOf('4') }
    await uploaded(server, mine, big)
    assertProblem(await upload(server, mine, big), 429)
    const begun = []
    for (let i = 0; i < 6; i++) {
      const raw = await RawConnection.open(server, t)
      begun.push(raw)
      raw.write(requestText('POST', '/v1/files?userId=3', { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 1000, Expect: '100-continue', Authorization: `Bearer ${apiKeys.all}` }))
      assert.equal((await raw.response()).status, 100)
    }
    for (const raw of begun) raw.destroy()
  })

  it('takes the types that it is told to, and says which', async (t) => {
    const server = await begin(t, { config: '[files]\nmax = 1000\ntypes = ["image/*", "audio/mpeg"]\n' })
    const session = await connectV1(server, 1, { t })
    assert.deepEqual([session.hello.limits.fileBytes, session.hello.limits.fileTypes], [1000, ['image/*', 'audio/mpeg']])
    for (const bytes of [png(), gif(), mp3()]) assert.equal((await upload(server, '1', bytes)).status, 201)
    for (const bytes of [mp4(), words()]) {
      const answer = await upload(server, '1', bytes)
      assertProblem(answer, 415)
      assert.match(answer.json().detail, /image\/\*, audio\/mpeg/)
    }
  })

  it('with a public_url gives links that are whole', async (t) => {
    const server = await begin(t, { config: 'public_url = "https://chat.example.com"\n' })
    const { fileId } = await uploaded(server, '1', png())
    const { url } = await link(server, '1', fileId)
    assert.ok(url.startsWith(`https://chat.example.com/v1/files/${fileId}?`), url)
    assert.equal((await fetchBytes(server, url.slice('https://chat.example.com'.length))).status, 200)
  })

  it('asks for tokens, and an API key may all', async (t) => {
    const keys = new KeyFiles()
    t.after(() => keys.dispose())
    const server = await begin(t, { args: keys.args })
    const [mine, theirs, key] = [{ token: tokenOf('1') }, { token: tokenOf('2') }, apiKeys.all]
    const { fileId } = await uploaded(server, mine, png())
    assert.equal((await download(server, mine, fileId)).status, 200)
    assertProblem(await download(server, theirs, fileId), 404)
    assertProblem(await fetchBytes(server, `/v1/files/${fileId}`), 401)
    assertProblem(await upload(server, undefined, png()), 401)
    assertProblem(await upload(server, { ...theirs, userId: '1' }, png()), 403)
    assert.equal((await download(server, { token: key }, fileId)).status, 200)
    assert.equal((await upload(server, { token: key, userId: '3' }, png())).status, 201)
    assertProblem(await upload(server, { token: key }, png()), 400)
    assert.equal((await fetchBytes(server, (await link(server, mine, fileId)).url)).status, 200)
    assertProblem(await fetchBytes(server, `/v1/files/${fileId}?user=1&expires=9999999999&signature=x`), 404)
    const lent = (await link(server, mine, fileId)).url.split('?')[1]
    assertProblem(await fetchBytes(server, `/v1/files/${fileId}/url?${lent}`, { headers: { authorization: `Bearer ${theirs.token}` } }), 404)
  })

  if (process.env.HONGYAN_TEST_SLOW) {
    // Its answer, and how long that took: a file of which so many bytes come each second.
    const slowly = async (t, server, userId, perSecond, seconds) => {
      const { body, type } = multipart([['file', Buffer.concat([png(), Buffer.alloc(perSecond * seconds)]), 'x.png']])
      const raw = await RawConnection.open(server, t)
      const begun = Date.now()
      const answer = raw.response(90_000).finally(() => raw.destroy())
      raw.write(requestText('POST', `/v1/files?userId=${userId}`, { 'Content-Type': type, 'Content-Length': body.length }))
      let at = body.length - perSecond * seconds
      raw.write(body.subarray(0, at))
      for (; at < body.length && !raw.ended; at += perSecond) {
        await delay(1000)
        raw.write(body.subarray(at, at + perSecond))
      }
      return { ...await answer, ms: Date.now() - begun }
    }

    it('SLOW (70 s): takes what comes slowly, not under 64 KiB in 60 s, nor after 10 s of silence', { timeout: 120_000 }, async (t) => {
      const server = await begin(t)
      const silence = async () => {
        const raw = await RawConnection.open(server, t)
        raw.write(requestText('POST', '/v1/files?userId=3', { 'Content-Type': 'multipart/form-data; boundary=b', 'Content-Length': 1000 }))
        raw.write('--b\r\n')
        return raw.response(11_000)
      }
      const [slow, enough, silent] = await Promise.all([slowly(t, server, '1', 500, 80), slowly(t, server, '2', 1_331, 70), silence()])
      assertProblem(slow, 408)
      assert.ok(slow.ms > 55_000 && slow.ms < 65_000, `after ${slow.ms} ms`)
      assert.equal(enough.status, 201, enough.text)
      assert.ok(enough.ms > 65_000, `after ${enough.ms} ms`)
      assertProblem(silent, 408)
    })
  }

  for (const [config, what] of [
    ['store = "s4:bucket"', 'files.store'], ['store = "dir:"', 'files.store'], ['max = 0', 'files.max'], ['types = ["png"]', 'files.types'], ['url_seconds = 0', 'files.url_seconds'],
    ['unsent_hours = 0', 'files.unsent_hours'],
  ]) {
    it(`refuses ${config} at start`, () => assert.rejects(startServer({ config: `[files]\n${config}\n` }), new RegExp(`ended with 2[^]*${what}`)))
  }
})
