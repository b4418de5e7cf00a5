// Nodes that prove to one another who they are: mutual TLS on the cluster's port.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import tls from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { makeAuthority, makeCertificate } from './lib/certificates.js'
import { Cluster, figure } from './lib/cluster.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { runToEnd } from './lib/server.js'
import { connectV1, newId, user } from './lib/v1.js'
import { eventually } from './lib/wait.js'

let directory
let ours
let cluster
let files // of each node: {cert, key}
const options = ({ cert, key }, ca = ours.cert) => ['--cluster-tls-cert', cert, '--cluster-tls-key', key, '--cluster-tls-ca', ca]

before(async () => {
  directory = makeDirectory('cluster-tls')
  ours = await makeAuthority(directory, 'ours')
  files = [await ours.issue('node-0'), await ours.issue('node-1', { names: 'IP:127.0.0.1' })]
  cluster = await Cluster.start(2, (i) => ({ args: options(files[i] ?? files[0]) }))
})
after(async () => {
  await cluster?.dispose()
  removeDirectory(directory)
})

// What a node answers to a stranger: nothing; resolves to what was heard, when the node has closed.
const visit = (port, settings) => new Promise((resolve) => {
  let heard = ''
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...settings })
  socket.on('secureConnect', () => socket.write('x'.repeat(96)))
  socket.on('data', (data) => { heard += data.toString('latin1') })
  socket.on('error', () => {})
  socket.on('close', () => resolve(heard))
})

describe('S36: nodes with certificates', () => {
  it('act as one, whether the certificate has the name of the node or its address', async (t) => {
    const { alice, bob } = await cluster.apart(t)
    await alice.say(user(bob.userId), 'under seal')
    assert.equal((await bob.message()).content, 'under seal')
  })

  it('let no stranger in, with whatever certificate', async () => {
    const read = ({ cert, key }) => ({ cert: fs.readFileSync(cert), key: fs.readFileSync(key) })
    const other = await makeAuthority(directory, 'other')
    const [a] = cluster.nodes
    const port = await cluster.portOf(a)
    const strangers = {
      'without a certificate': {},
      'signed by itself': read(await makeCertificate(directory, 'node-1')),
      'of another authority': read(await other.issue('node-1')),
      'of ours, made out to another name': read(await ours.issue('node-7')),
      'of ours, expired': read(await ours.issue('node-1-old', { names: 'DNS:node-1', days: 0 })),
      'of TLS 1.2': { ...read(files[1]), maxVersion: 'TLSv1.2' },
      'of a node, without the secret of the cluster': read(files[1]),
    }
    for (const [who, settings] of Object.entries(strangers)) {
      const before = await figure(a, 'hongyan_cluster_refused_total{reason="fence"}').catch(() => 0)
      assert.equal(await visit(port, settings), '', who)
      await eventually(5_000, `a stranger ${who} to be counted`, async () => await figure(a, 'hongyan_cluster_refused_total{reason="fence"}') === before + 1)
    }
    await cluster.whole()
  })

  it('are found by --cluster-join, at addresses that the database does not know', async (t) => {
    const apart = await Cluster.start(0)
    t.after(() => apart.dispose())
    const b = await apart.add(1, { args: options(await ours.issue('node-1-named', { names: 'DNS:node-1' })) })
    const port = await apart.portOf(b)
    // As behind NAT: what a node says of itself leads nowhere.
    const database = apart.database.split('/').pop()
    await apart.postgres.sql(`CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.address = '192.0.2.1:' || substr(NEW.name, 6); RETURN NEW; END $$;
      CREATE TRIGGER elsewhere BEFORE INSERT OR UPDATE ON node FOR EACH ROW EXECUTE FUNCTION elsewhere(); UPDATE node SET name = name`, database)
    const a = await apart.add(0, { args: [...options(files[0]), '--cluster-join', `127.0.0.1:${port}`] })
    await apart.whole()
    const to = newId()
    const receiver = await connectV1(b, to, { t })
    await (await connectV1(a, newId(), { t })).say(user(to), 'by another way')
    assert.equal((await receiver.message()).content, 'by another way')
  })

  it('are not joined by a node that another authority vouches for', async () => {
    const other = await makeAuthority(directory, 'third')
    const alien = await cluster.add(9, { args: options(await other.issue('node-9'), other.cert) })
    try {
      await eventually(10_000, 'the log to say that it reaches nobody', () => cluster.nodes.some((node) => node.stderr().includes('event=cluster_stranger')))
      assert.equal(await figure(alien, 'hongyan_cluster_peers'), 0)
      await cluster.whole(cluster.nodes.slice(0, 2))
    } finally {
      await alien.dispose()
      cluster.nodes.length = 2
    }
  })

  it('take new certificates by SIGHUP, and keep their links', async () => {
    const [a] = cluster.nodes
    const renewed = await ours.issue('node-0')
    assert.deepEqual(renewed, files[0], 'the same files')
    a.signal('SIGHUP')
    await eventually(5_000, 'the log to say so', () => a.stderr().includes('event=cluster_certificate_read'))
    await cluster.whole()
    fs.writeFileSync(files[0].cert, 'nonsense')
    a.signal('SIGHUP')
    await eventually(5_000, 'the log to say why not', () => /event=cluster_certificate_not_read reason="--cluster-tls-cert/.test(a.stderr()))
    await cluster.whole()
  })

  it('refuse files that are none, at start', async () => {
    for (const [option, index] of [['--cluster-tls-cert', 1], ['--cluster-tls-key', 3], ['--cluster-tls-ca', 5]]) {
      const args = options(files[1])
      args[index] = '/nonexistent'
      const { code, stderr } = await runToEnd(['--listen', '127.0.0.1:0', '--database', cluster.database, '--cluster-listen', '127.0.0.1:0', ...args])
      assert.equal(code, 2)
      assert.match(stderr, new RegExp(`${option} /nonexistent.*accepted`))
      assert.equal(stderr.trim().split('\n').length, 1)
    }
  })
})
