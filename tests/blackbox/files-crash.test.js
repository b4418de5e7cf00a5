// Row and bytes of a file, after a kill -9 at every moment: who was told 201 has it, and what nobody was told of goes away.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { download, multipart, png, upload, uploaded } from './lib/files.js'
import { RawConnection, requestText } from './lib/raw.js'
import { Bucket } from './lib/s3.js'
import { again, serverFor } from './lib/server.js'
import { openStore, order, storeKinds } from './lib/stores.js'
import { connectV1, uniqueId, user } from './lib/v1.js'
import { delay, eventually, within } from './lib/wait.js'

const kills = 24
const picture = (filling) => Buffer.concat([png(), Buffer.alloc(400_000, filling)])

// Where the bytes lie: the configuration of a server, and of that server the ids that are there, and how one is lost.
const places = {
  async 'a folder'() {
    const folder = (server) => path.join(server.directory, 'files')
    return {
      config: '[files]\nstore = "dir:files"\n',
      there: (server) => fs.readdirSync(folder(server), { withFileTypes: true }).filter((it) => it.isDirectory()).flatMap((it) => fs.readdirSync(path.join(folder(server), it.name))).sort(),
      lose: (server, id) => fs.rmSync(path.join(folder(server), id.slice(0, 2), id)),
    }
  },
  async 'a bucket'(t) {
    const bucket = await Bucket.open(t)
    return { bucket, config: bucket.config(), there: () => [...bucket.objects.keys()].sort(), lose: (_, id) => assert.ok(bucket.objects.delete(id)) }
  },
}

// A server whose files are there, and what of them it knows, has and has told.
class Files {
  told = new Map() // those answered 201: id → bytes

  static async begin(t, kind, place) {
    const files = new Files()
    files.t = t
    files.kind = kind
    files.place = await places[place](t)
    files.store = await openStore(kind)
    t.after(() => files.store.dispose())
    files.database = await files.store.newDatabase()
    files.server = await serverFor(t, { database: files.database, config: files.place.config })
    return files
  }

  async rows(sql) {
    return (await order(this.kind, this.store, this.database, sql)).trim().split('\n').filter(Boolean)
  }
  there() { return this.place.there(this.server) }
  lose(id) { this.place.lose(this.server, id) }
  async restart() { this.server = await again(this.t, this.server) }

  // No bytes without a row, no row that is whole without its bytes, and all that was told of.
  async assertAgree(when) {
    const known = await this.rows('SELECT id FROM file ORDER BY id')
    for (const id of this.there()) assert.ok(known.includes(id), `${when}: ${id} has no row`)
    for (const id of await this.rows('SELECT id FROM file WHERE state = 1')) {
      const answered = await download(this.server, '1', id)
      assert.equal(answered.status, 200, `${when}: ${answered.text}`)
      assert.equal(answered.bytes.length, picture(0).length)
      if (this.told.has(id)) assert.deepEqual(answered.bytes, this.told.get(id))
    }
    for (const id of this.told.keys()) assert.ok(known.includes(id), `${when}: ${id} was told of`)
  }

  // A day later: what a message has stays, and nothing else does.
  async assertTidied() {
    const kept = await uploaded(this.server, '1', png(8, 8))
    const session = await connectV1(this.server, 1, { t: this.t })
    await session.call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content: { fileId: kept.fileId } })
    await this.server.kill9()
    await this.rows('UPDATE file SET due_at_ms = 1 WHERE due_at_ms IS NOT NULL')
    await this.restart()
    await eventually(20_000, 'what is left over to be deleted', async () => this.there().length === 1 && (await this.rows('SELECT id FROM file')).length === 1)
    assert.deepEqual(this.there(), [kept.fileId])
    assert.equal((await download(this.server, '2', kept.fileId)).status, 200)
    for (const id of this.told.keys()) assert.equal((await download(this.server, '1', id)).status, 404)
  }
}

for (const kind of storeKinds) {
  for (const place of Object.keys(places)) {
    describe(`files in ${place} and kill -9, on ${kind}`, () => {
      it('agree, and what is left over is deleted', { timeout: 120_000 }, async (t) => {
        const files = await Files.begin(t, kind, place)
        for (let round = 0; round < kills; round++) {
          const bytes = picture(round)
          const { body, type } = multipart([['file', bytes, 'x.png']])
          const raw = await RawConnection.open(files.server, t)
          const answer = raw.response(10_000).catch(() => undefined)
          raw.write(requestText('POST', '/v1/files?userId=1', { 'Content-Type': type, 'Content-Length': body.length }))
          // Every kill is a little later than the one before: before the row, at the first byte, between, at the sync, after the answer.
          raw.write(body.subarray(0, Math.min(body.length, (round % 6) * 80_000)))
          await delay(round < kills / 2 ? round % 5 : 1)
          if (round >= kills / 2) {
            raw.write(body.subarray((round % 6) * 80_000))
            await delay((round - kills / 2) * 1.5)
          }
          await files.server.kill9()
          const got = await answer
          if (got?.status === 201) files.told.set(JSON.parse(got.text).fileId, bytes)
          await files.restart()
          await files.assertAgree(`round ${round}`)
        }
        t.diagnostic(`${files.told.size} of ${kills} were told of`)
        await files.assertTidied()
      })

      if (place === 'a bucket') {
        it('agree when killed at each step of a PUT', { timeout: 60_000 }, async (t) => {
          const files = await Files.begin(t, kind, place)
          const { bucket } = files.place
          for (const step of ['begun', 'came', 'whole', 'stored']) {
            const before = files.there().length
            const { reached, release } = bucket.hold(step)
            const answer = upload(files.server, '1', picture(before)).then(({ status }) => status, () => 'none')
            await within(10_000, reached, `a PUT to be ${step}`)
            await files.server.kill9()
            release()
            assert.equal(await answer, 'none', step)
            // What a killed server had handed to its kernel still comes, and may be all.
            await eventually(5_000, 'the PUT to end', () => bucket.busy === 0)
            const more = files.there().length - before
            assert.ok(more === 1 || (more === 0 && ['begun', 'came'].includes(step)), `${step}: ${more} more`)
            await files.restart()
            await files.assertAgree(step)
            assert.deepEqual(await files.rows('SELECT id FROM file WHERE state = 1'), [], `${step}: nobody was told of it`)
          }
          await files.assertTidied()
          assert.deepEqual(bucket.refused, [])
        })
      }

      it('killed between the bytes and the row deletes them all the same', async (t) => {
        const files = await Files.begin(t, kind, place)
        const { fileId } = await uploaded(files.server, '1', png())
        await files.rows(`UPDATE file SET state = 2, due_at_ms = 1 WHERE id = '${fileId}'`)
        await files.server.kill9()
        files.lose(fileId)
        await files.restart()
        await eventually(20_000, 'the row to go', async () => (await files.rows('SELECT id FROM file')).length === 0)
        assert.deepEqual(files.there(), [])
        assert.equal((await upload(files.server, '1', png())).status, 201)
      })
    })
  }
}
