// Files on several nodes, which share a folder.

import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Cluster } from './lib/cluster.js'
import { download, fetchBytes, link, png, uploaded } from './lib/files.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { connectV1, newId, uniqueId, user } from './lib/v1.js'

describe('files of a cluster', () => {
  let cluster
  let directory
  let a, b
  before(async () => {
    directory = makeDirectory('files')
    cluster = await Cluster.start(2, () => ({ config: `[files]\nstore = "dir:${path.join(directory, 'shared')}"\n` }))
    ;[a, b] = cluster.nodes
  })
  after(async () => {
    try { await cluster?.dispose() } finally { removeDirectory(directory) }
  })

  it('are sent to one node, and read, passed on, linked and taken back on another', async (t) => {
    const [one, other] = [newId(), newId()]
    const bytes = png(5, 5)
    const file = await uploaded(a, one, bytes)
    const [alice, bob] = [await connectV1(a, one, { t }), await connectV1(b, other, { t })]
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
    await assert.rejects(cluster.add(2, { config: `[files]\nstore = "dir:${path.join(directory, 'another')}"\n` }), /files\.store: it is not the file store of this database/)
  })
})
