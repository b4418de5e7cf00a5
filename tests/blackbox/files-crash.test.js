// Row and bytes of a file, after a kill -9 at every moment: who was told 201 has it, and what nobody was told of goes away.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { download, multipart, png, upload, uploaded } from './lib/files.js'
import { run } from './lib/processes.js'
import { RawConnection, requestText } from './lib/raw.js'
import { again, serverFor } from './lib/server.js'
import { openStore, storeKinds } from './lib/stores.js'
import { connectV1, uniqueId, user } from './lib/v1.js'
import { delay, eventually } from './lib/wait.js'

const kills = 24
const config = '[files]\nstore = "dir:files"\n'

for (const kind of storeKinds) {
  describe(`files and kill -9, on ${kind}`, () => {
    const setup = async (t) => {
      const store = await openStore(kind)
      t.after(() => store.dispose())
      const database = await store.newDatabase()
      const rows = async (sql) => (kind === 'postgres' ? await store.sql(sql, new URL(database).pathname.slice(1)) : await run('sqlite3', [database.slice('sqlite:'.length), sql])).trim().split('\n').filter(Boolean)
      const server = await serverFor(t, { database, config })
      const folder = path.join(server.directory, 'files')
      const there = () => fs.readdirSync(folder, { withFileTypes: true }).filter((it) => it.isDirectory()).flatMap((it) => fs.readdirSync(path.join(folder, it.name))).sort()
      return { server, rows, there }
    }

    it('agree, and what is left over is deleted', { timeout: 120_000 }, async (t) => {
      let { server, rows, there } = await setup(t)
      const told = new Map()
      for (let round = 0; round < kills; round++) {
        const bytes = Buffer.concat([png(), Buffer.alloc(400_000, round)])
        const { body, type } = multipart([['file', bytes, 'x.png']])
        const raw = await RawConnection.open(server, t)
        const answer = raw.response(10_000).catch(() => undefined)
        raw.write(requestText('POST', '/v1/files?userId=1', { 'Content-Type': type, 'Content-Length': body.length }))
        // Every kill is a little later than the one before: before the row, at the first byte, between, at the sync, after the answer.
        raw.write(body.subarray(0, Math.min(body.length, (round % 6) * 80_000)))
        await delay(round < kills / 2 ? round % 5 : 1)
        if (round >= kills / 2) {
          raw.write(body.subarray((round % 6) * 80_000))
          await delay((round - kills / 2) * 1.5)
        }
        await server.kill9()
        const got = await answer
        if (got?.status === 201) told.set(JSON.parse(got.text).fileId, bytes)
        server = await again(t, server)
        const known = await rows('SELECT id FROM file ORDER BY id')
        for (const id of there()) assert.ok(known.includes(id), `round ${round}: ${id} has no row`)
        for (const id of await rows('SELECT id FROM file WHERE state = 1')) {
          const answered = await download(server, '1', id)
          assert.equal(answered.status, 200, `round ${round}: ${answered.text}`)
          assert.equal(answered.bytes.length, 400_000 + png().length)
          if (told.has(id)) assert.deepEqual(answered.bytes, told.get(id))
        }
        for (const id of told.keys()) assert.ok(known.includes(id), `round ${round}: ${id} was told of`)
      }
      // A day later: what a message has stays, and nothing else does.
      const kept = await uploaded(server, '1', png(8, 8))
      const session = await connectV1(server, 1, { t })
      await session.call('message.send', { to: user(2), clientMsgId: uniqueId(), kind: 'image', content: { fileId: kept.fileId } })
      await server.kill9()
      await rows('UPDATE file SET due_at_ms = 1 WHERE due_at_ms IS NOT NULL')
      server = await again(t, server)
      await eventually(20_000, 'what is left over to be deleted', async () => there().length === 1 && (await rows('SELECT id FROM file')).length === 1)
      assert.deepEqual(there(), [kept.fileId])
      assert.equal((await download(server, '2', kept.fileId)).status, 200)
      for (const id of told.keys()) assert.equal((await download(server, '1', id)).status, 404)
    })

    it('killed between the bytes and the row deletes them all the same', async (t) => {
      let { server, rows, there } = await setup(t)
      const { fileId } = await uploaded(server, '1', png())
      await rows(`UPDATE file SET state = 2, due_at_ms = 1 WHERE id = '${fileId}'`)
      await server.kill9()
      fs.rmSync(path.join(server.directory, 'files', fileId.slice(0, 2), fileId))
      server = await again(t, server)
      await eventually(20_000, 'the row to go', async () => (await rows('SELECT id FROM file')).length === 0)
      assert.deepEqual(there(), [])
      assert.equal((await upload(server, '1', png())).status, 201)
    })
  })
}
