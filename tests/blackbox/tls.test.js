// S15: https and wss of the server's own.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import tls from 'node:tls'
import { after, before, describe, it } from 'node:test'
import { makeCertificate } from './lib/certificates.js'
import { connect, contents, get, history, newUser, pushed } from './lib/client.js'
import { makeDirectory, removeDirectory, run } from './lib/processes.js'
import { frame, opcodes, RawConnection, requestText, upgradeText } from './lib/raw.js'
import { runToEnd, serverFor, startServer } from './lib/server.js'
import { connectV1, newId, subprotocol, uniqueId, user } from './lib/v1.js'
import { eventually, within } from './lib/wait.js'

let directory
let first
let server
const argsOf = ({ cert, key }) => ['--tls-cert', cert, '--tls-key', key]
before(async () => {
  directory = makeDirectory('tls')
  first = await makeCertificate(directory)
  server = await startServer({ args: argsOf(first), ca: first.pem })
})
after(async () => {
  try { await server?.dispose() } finally { removeDirectory(directory) }
})

// One handshake: {protocol, cipher, alpn, subject}, or the error that ended it.
const shake = (options = {}, to = server) => within(5_000, new Promise((resolve) => {
  const socket = tls.connect({ host: to.address, port: to.port, ...to.tls, ...options })
  socket.once('secureConnect', () => {
    resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().name, alpn: socket.alpnProtocol, subject: socket.getPeerCertificate().subject.CN })
    socket.destroy()
  })
  socket.once('error', (error) => resolve({ error: error.code ?? error.message }))
}), 'a handshake')

describe('S15: TLS', () => {
  it('is of version 1.2 or 1.3, and offers no other protocol than HTTP/1.1', async () => {
    assert.equal((await shake()).protocol, 'TLSv1.3')
    assert.equal((await shake({ maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2')
    for (const version of ['TLSv1', 'TLSv1.1']) {
      assert.ok((await shake({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' })).error, version)
    }
    assert.equal((await shake({ ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'http/1.1')
    assert.equal((await shake({ ALPNProtocols: ['h2'] })).alpn, false)
  })

  it('takes only ciphers with forward secrecy and authentication', async () => {
    const old = (ciphers) => shake({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` })
    for (const weak of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'AES128-GCM-SHA256', 'AES128-SHA']) {
      assert.ok((await old(weak)).error, weak)
    }
    assert.equal((await old('ECDHE-ECDSA-AES128-GCM-SHA256')).cipher, 'ECDHE-ECDSA-AES128-GCM-SHA256')
    assert.equal((await old('ECDHE-ECDSA-CHACHA20-POLY1305')).cipher, 'ECDHE-ECDSA-CHACHA20-POLY1305')
  })

  it('does not renegotiate', async (t) => {
    const raw = await RawConnection.open({ ...plain(server), scheme: 'https', tls: { ...server.tls, maxVersion: 'TLSv1.2' } }, t)
    const refusal = new Promise((resolve) => {
      raw.socket.once('error', resolve)
      raw.socket.renegotiate({}, (error) => resolve(error))
    })
    assert.ok(await within(5_000, Promise.race([refusal, raw.closed.then(() => 'closed')]), 'the refusal'))
    assert.equal((await get(server, '/healthz')).status, 200)
  })

  it('carries HTTP, and tells browsers to come by it again', async () => {
    assert.match(server.stdout(), /^hongyan listening on https:\/\/127\.0\.0\.1:\d+$/m)
    const answer = await get(server, '/healthz')
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['strict-transport-security'], 'max-age=31536000')
  })

  it('carries the classic contract', async (t) => {
    const [a, b] = [newUser(), newUser()]
    const session = await connect(server, b, { t })
    await pushed(server, { userId: a, targetUserId: b, content: '你好' })
    assert.deepEqual(contents(await session.next()), ['你好'])
    assert.equal((await get(server, `/close?userId=${b}`)).status, 200)
    assert.equal((await session.closing()).code, 4003)
  })

  it('carries v1', async (t) => {
    const [a, b] = [await connectV1(server, newId(), { t }), await connectV1(server, newId(), { t })]
    await a.call('message.send', { to: user(b.userId), clientMsgId: uniqueId(), kind: 'text', content: 'hello' })
    assert.equal((await b.message(({ content }) => content === 'hello')).from, a.userId)
    assert.equal((await a.close()).code, 1000)
  })

  it('loses nothing of what one record carried besides the upgrade', async (t) => {
    const count = 150 // about 12 KiB: more than the server reads at once of a request
    const pings = Array.from({ length: count }, (_, id) => frame(opcodes.text, JSON.stringify({ jsonrpc: '2.0', id, method: 'ping', pad: 'x'.repeat(20) })))
    const raw = await RawConnection.open(server, t)
    raw.write(Buffer.concat([Buffer.from(upgradeText(`/v1/connect?userId=${newId()}`, { 'Sec-WebSocket-Protocol': subprotocol })), ...pings]))
    assert.equal((await raw.response()).status, 101)
    for (let next = 0; next < count;) {
      const { id, method } = JSON.parse((await raw.frame()).payload)
      if (method === undefined) assert.equal(id, next++)
    }
  })

  it('brings a large answer whole to one who reads slowly', async (t) => {
    const [a, b] = [newUser(), newUser()]
    const texts = Array.from({ length: 500 }, (_, i) => `${i} ${'雁'.repeat(4_000)}`)
    const agent = new server.http.Agent({ keepAlive: true, maxSockets: 8 })
    t.after(() => agent.destroy())
    await Promise.all(texts.map((content) => pushed(server, { userId: a, targetUserId: b, content }, { agent, ms: 60_000 })))
    const raw = await RawConnection.open(server, t)
    raw.socket.pause()
    raw.write(requestText('GET', `/getMessage?userId=${a}&limit=500`))
    const whole = await history(server, { userId: a, limit: 500 }) // by then the other answer has filled its socket
    raw.socket.resume()
    const answer = await raw.response(20_000)
    assert.deepEqual(JSON.parse(answer.text), whole)
    assert.equal(whole.length, 500)
  })

  it('ends whom it does not hear of: half handshakes after 10 s, other protocols at once', async (t) => {
    const open = async (bytes) => {
      const raw = await RawConnection.open(plain(server), t)
      if (bytes) raw.write(bytes)
      return raw
    }
    const hello = await clientHello()
    const begin = performance.now()
    const halves = await Promise.all(Array.from({ length: 200 }, (_, i) => open([null, hello.subarray(0, 40), hello][i % 3])))
    const wrong = await open(requestText('GET', '/healthz'))
    await wrong.closing()
    assert.ok(performance.now() - begin < 8_000)
    assert.equal((await get(server, '/healthz')).status, 200) // meanwhile
    await Promise.all(halves.map((raw) => raw.closing(15_000)))
    for (const raw of halves) assert.ok(raw.endedAt - begin > 9_000 && raw.endedAt - begin < 13_000, `closed after ${raw.endedAt - begin} ms`)
  })
})

describe('S15: SIGHUP', () => {
  it('exchanges the certificate without dropping a socket, and keeps the old one when a file is bad', async (t) => {
    const files = Object.fromEntries(['cert', 'key'].map((kind) => [kind, path.join(directory, `live.${kind}`)]))
    const put = ({ cert, key }) => { fs.copyFileSync(cert, files.cert); fs.copyFileSync(key, files.key) }
    const second = await makeCertificate(directory, 'second')
    put(first)
    const live = await serverFor(t, { args: argsOf(files), ca: [first.pem, second.pem] })
    const session = await connectV1(live, newId(), { t })
    assert.equal((await shake({}, live)).subject, 'server')

    put(second)
    live.signal('SIGHUP')
    await eventually(5_000, 'the new certificate', async () => (await shake({}, live)).subject === 'second')
    await session.call('ping')

    fs.writeFileSync(files.key, 'no key')
    live.signal('SIGHUP')
    await eventually(5_000, 'the log', () => /event=certificate_not_read reason="--tls-key .*live\.key/.test(live.stderr()))
    assert.equal((await shake({}, live)).subject, 'second')
    await session.call('ping')
  })
})

describe('S15: --tls-cert and --tls-key', () => {
  const refusal = async (args, expected) => {
    const { code, stderr } = await runToEnd(['--listen', '127.0.0.1:0', '--database', `sqlite:${path.join(directory, 'never.db')}`, ...args])
    assert.equal(code, 2)
    assert.match(stderr, expected)
    assert.equal(stderr.trimEnd().split('\n').length, 1)
    assert.ok(!fs.existsSync(path.join(directory, 'never.db')))
  }

  it('go together', async () => {
    await refusal(['--tls-cert', first.cert], /--tls-cert: .*accepted: --tls-cert and --tls-key together/)
    await refusal(['--tls-key', first.key], /--tls-key: .*accepted: --tls-cert and --tls-key together/)
  })

  it('must be a certificate and its key, which no passphrase guards', async () => {
    const other = await makeCertificate(directory, 'other')
    const guarded = path.join(directory, 'guarded.key')
    await run('openssl', ['ec', '-in', first.key, '-aes256', '-passout', 'pass:x', '-out', guarded])
    await refusal(argsOf({ cert: path.join(directory, 'none'), key: first.key }), /--tls-cert .*none: .*accepted: a PEM file/)
    await refusal(argsOf({ cert: first.key, key: first.key }), /--tls-cert .*accepted: a PEM file/)
    await refusal(argsOf({ cert: first.cert, key: first.cert }), /--tls-key .*accepted: a PEM file/)
    await refusal(argsOf({ cert: first.cert, key: guarded }), /--tls-key .*without a passphrase/)
    await refusal(argsOf({ cert: first.cert, key: other.key }), /--tls-key .*accepted: a PEM file with the private key of the certificate in --tls-cert/)
  })
})

// The same server as bare TCP.
function plain({ address, port }) {
  return { address, port }
}

// The first flight of a client, as bytes.
async function clientHello() {
  const listener = net.createServer()
  await new Promise((resolve) => { listener.listen(0, '127.0.0.1', resolve) })
  const client = tls.connect({ host: '127.0.0.1', port: listener.address().port })
  client.on('error', () => { /* nobody answers it */ })
  const bytes = await within(5_000, new Promise((resolve) => {
    listener.once('connection', (socket) => socket.once('data', (data) => { resolve(data); socket.destroy() }))
  }), 'a ClientHello')
  client.destroy()
  listener.close()
  return bytes
}
