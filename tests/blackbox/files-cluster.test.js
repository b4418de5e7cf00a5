// Files on several nodes, which share a folder.

import assert from 'node:assert/strict'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { download, fetchBytes, link, png, uploaded } from './lib/files.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { twoNodes } from './lib/two-nodes.js'
import { uniqueId, user } from './lib/v1.js'

describe('files of a cluster', () => {
  const directory = makeDirectory('files')
  const the = twoNodes(() => ({ config: `[files]\nstore = "dir:${path.join(directory, 'shared')}"\n` }))
  after(() => removeDirectory(directory))

  it('are sent to one node, and read, passed on, linked and taken back on another', async (t) => {
    const { a, b, alice, bob } = await the.cluster.apart(t)
    const other = bob.userId
    const bytes = png(5, 5)
    const file = await uploaded(a, alice.userId, bytes)
    const { message } = await alice.call('message.send', { to: user(other), clientMsgId: uniqueId(), kind: 'image', content: { fileId: file.fileId } })
    const { kind, ...facts } = file
    assert.equal(kind, 'image')
    assert.deepEqual((await bob.message()).content, facts)
    assert.deepEqual((await download(b, other, file.fileId)).bytes, bytes)
    const { url } = await link(a, other, file.fileId)
    assert.deepEqual((await fetchBytes(b, url)).bytes, bytes, 'a link of one node is good on another')
    await alice.call('message.recall', { in: user(other), seq: message.seq })
    for (const node of [a, b]) {
      assert.equal((await download(node, other, file.fileId)).status, 404)
      assert.equal((await fetchBytes(node, url)).status, 404)
    }
  })

  it('are of one folder: a node with another does not start', async () => {
    await assert.rejects(the.cluster.add(2, { config: `[files]\nstore = "dir:${path.join(directory, 'another')}"\n` }), /files\.store: it is not the file store of this database/)
  })
})
