// A real nginx in front, by the documented configuration (deploy/nginx.conf): wss through it, time-outs, addresses, smuggling.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import https from 'node:https'
import net from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, describe, it } from 'node:test'
import WebSocket from 'ws'
import { makeCertificate } from './lib/certificates.js'
import { connect, contents, get, history, newUser, push, pushed, request } from './lib/client.js'
import { png, upload } from './lib/files.js'
import { bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { makeDirectory, removeDirectory, start } from './lib/processes.js'
import { assertProblem } from './lib/problem.js'
import { parseResponses, RawConnection, requestText } from './lib/raw.js'
import { startServer } from './lib/server.js'
import { corpus, innerOf } from './lib/smuggling.js'
import { connectV1, newId, subprotocol, uniqueId, user } from './lib/v1.js'
import { eventually, within } from './lib/wait.js'

const documented = fileURLToPath(new URL('../../deploy/nginx.conf', import.meta.url))
const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx', '/usr/local/sbin/nginx'].find((file) => fs.existsSync(file))
const skip = process.env.HONGYAN_TEST_TLS ? 'nginx itself speaks plain HTTP to the server' : !nginx && 'nginx is not installed'

async function freePort() {
  const listener = net.createServer()
  await new Promise((resolve) => { listener.listen(0, '127.0.0.1', resolve) })
  const { port } = listener.address()
  await new Promise((resolve) => { listener.close(resolve) })
  return port
}

// The documented text but for what a machine is its own in; each change has to find its line.
function adapted(directory, port, server, certificate, changes) {
  let text = fs.readFileSync(documented, 'utf8')
  const replace = (before, now) => {
    assert.equal(text.split(before).length, 2, `deploy/nginx.conf has once: ${before}`)
    text = text.replace(before, now)
  }
  replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
  replace('server 127.0.0.1:8080;', `server ${server.authority};`)
  replace('/etc/letsencrypt/live/chat.example.com/fullchain.pem', certificate.cert)
  replace('/etc/letsencrypt/live/chat.example.com/privkey.pem', certificate.key)
  replace('/run/nginx.pid', `${directory}/nginx.pid`)
  replace('/var/log/nginx/error.log', `${directory}/error.log`)
  replace('/var/log/nginx/access.log', `${directory}/access.log`)
  replace('http {\n', `http {\n${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};\n`).join('')}`)
  for (const [before, now] of changes) replace(before, now)
  return text
}

// nginx on a free port in front of `server`; looks like a server to the clients here.
async function startNginx(server, changes = []) {
  const directory = makeDirectory('nginx')
  const certificate = await makeCertificate(directory)
  const port = await freePort()
  const config = path.join(directory, 'nginx.conf')
  fs.writeFileSync(config, adapted(directory, port, server, certificate, changes))
  const child = start(nginx, ['-p', directory, '-c', config, '-g', `daemon off;${process.getuid() === 0 ? ' user root;' : ''}`]) // its files are in a directory of ours alone
  const front = {
    scheme: 'https', http: https, address: '127.0.0.1', port, authority: `127.0.0.1:${port}`, tls: { ca: certificate.pem, servername: 'localhost' },
    socketUrl: (to) => `wss://127.0.0.1:${port}${to}`,
    accessLog: () => fs.readFileSync(path.join(directory, 'access.log'), 'utf8'),
    errorLog: () => fs.readFileSync(path.join(directory, 'error.log'), 'utf8'),
    async stop() {
      child.kill('SIGTERM')
      await within(5_000, child.ended, 'the end of nginx')
      removeDirectory(directory)
    },
  }
  await eventually(5_000, 'nginx', () => {
    assert.equal(child.exitCode, null, `nginx ended: ${child.err()}`)
    return get(front, '/healthz').then(({ status }) => status === 200, () => false)
  })
  return front
}

describe('behind nginx', { skip }, () => {
  let server
  let front
  before(async () => {
    server = await startServer({ args: ['--trusted-proxy', '127.0.0.1', '--insecure'] })
    front = await startNginx(server)
  })
  after(async () => {
    try { await front?.stop() } finally { await server?.dispose() }
  })

  it('the classic contract works, and its close codes arrive', async (t) => {
    const [a, b] = [newUser(), newUser()]
    const session = await connect(front, b, { t })
    await pushed(front, { userId: a, targetUserId: b, content: '你好' })
    assert.deepEqual(contents(await session.next()), ['你好'])
    assert.equal((await get(front, `/close?userId=${b}`)).status, 200)
    assert.equal((await session.closing()).code, 4003)
  })

  it('v1 works, from a page of the site named by --allow-origin, and from no other', async (t) => {
    const site = 'https://chat.example.com'
    const own = await startServer({ args: ['--allow-origin', site, '--insecure'] })
    t.after(() => own.dispose())
    const before = await startNginx(own)
    t.after(() => before.stop())
    const [a, b] = [await connectV1(before, newId(), { t, origin: site }), await connectV1(before, newId(), { t })]
    await a.call('message.send', { to: user(b.userId), clientMsgId: uniqueId(), kind: 'text', content: 'hello' })
    assert.equal((await b.message(({ content }) => content === 'hello')).from, a.userId)
    await assert.rejects(connectV1(before, newId(), { t, origin: 'https://evil.example' }), /403/)
  })

  it('/metrics is not there', async () => {
    assert.equal((await get(front, '/metrics')).status, 404)
    assert.equal((await get(server, '/metrics')).status, 200)
  })

  it('a body that nginx lets through is one that the server takes', async () => {
    const [a, b] = [newUser(), newUser()]
    const pushOf = (bytes) => push(front, { userId: a, targetUserId: b, content: 'x', pad: 'x'.repeat(bytes) })
    assert.equal((await pushOf(250 * 1024)).status, 200)
    assert.equal((await pushOf(257 * 1024)).status, 413)
  })

  it('files are larger than other requests, and pass', async () => {
    const send = (bytes) => upload(front, newId(), bytes)
    const answer = await send(Buffer.concat([png(), Buffer.alloc(5 << 20)]))
    assert.equal(answer.status, 201, answer.text)
    assert.equal((await send(Buffer.alloc(22 << 20))).status, 413)
  })

  it('S19: what two servers could read in two ways comes out as one thing', async (t) => {
    const answered = async () => Number(/^hongyan_http_requests_total\{status="200"\} (\d+)$/m.exec((await get(server, '/metrics')).text)[1])
    for (const [name, bytes] of Object.entries(corpus)) {
      const smuggler = newUser()
      const begin = await answered()
      const raw = await RawConnection.open(front, t)
      // Whatever nginx makes of it, the last request ends the connection.
      raw.write(Buffer.concat([Buffer.from(bytes), Buffer.from(innerOf(smuggler)), Buffer.from(requestText('GET', '/healthz', { Connection: 'close' }))]))
      await raw.closing()
      const good = parseResponses(raw.received).filter(({ status }) => status === 200)
      assert.equal(await answered() - begin - 1, good.length, `${name}: each request that the server saw was nginx's too`) // 1: of /metrics itself
      const stored = await history(server, { userId: smuggler })
      assert.equal(stored.length, good.filter(({ text }) => text === 'MSG SEND SUCCESS').length, `${name}: nothing was smuggled in`)
      assert.deepEqual(await history(front, { userId: smuggler }), stored, `${name}: the next request has its own answer`)
    }
  })
})

it('with --auth none and nothing more nobody comes in through it', { skip }, async (t) => {
  const server = await startServer()
  t.after(() => server.dispose())
  const front = await startNginx(server)
  t.after(() => front.stop())
  for (const path of ['/', '/getOnlineUser', '/getMessage?userId=1', '/v1/conversations?userId=1'])
    assertProblem(await get(front, path), 403)
  assertProblem(await push(front, { userId: '1', targetUserId: '2', content: 'x' }), 403)
  await assert.rejects(connectV1(front, newId(), { t }), /403/)
  assert.equal((await get(front, '/healthz')).status, 200)
  assert.equal((await get(front, '/readyz')).status, 200)
  assert.deepEqual(await history(server, { userId: '1' }), [], 'and from this machine everybody does')
})

describe('behind nginx, time-outs', { skip }, () => {
  it('silence is for the server to end: nginx waits longer', async (t) => {
    // The documented 75 s are to the server's 25 s as 3 s are to 1 s.
    const server = await startServer({ args: ['--insecure'], config: 'heartbeat = 1\n' })
    t.after(() => server.dispose())
    const front = await startNginx(server, [['proxy_read_timeout 75s;', 'proxy_read_timeout 3s;'], ['proxy_send_timeout 75s;', 'proxy_send_timeout 3s;']])
    t.after(() => front.stop())
    const classic = await connect(front, newUser(), { t })
    const v1 = await connectV1(front, newId(), { t })
    let pings = 0
    const outlived = new Promise((resolve) => classic.socket.on('ping', () => { if (++pings === 7) resolve() })) // more than two time-outs
    assert.equal((await v1.closing()).code, 4010)
    await within(15_000, Promise.race([outlived, classic.closed.then(({ code }) => { throw new Error(`closed with ${code}`) })]), 'seven pings')
    await classic.ping()
  })
})

describe('behind nginx, with --auth token', { skip }, () => {
  it('S18, S21: addresses are those that nginx saw, whatever clients say; its logs hold no token', async (t) => {
    const keys = new KeyFiles()
    t.after(() => keys.dispose())
    const server = await startServer({ args: [...keys.args, '--trusted-proxy', '127.0.0.1'], config: '[limits]\nhandshakes_per_second = 1\nhandshakes_burst = 1\n' })
    t.after(() => server.dispose())
    const front = await startNginx(server)
    t.after(() => front.stop())
    const open = (localAddress, claimed) => within(5_000, new Promise((resolve, reject) => {
      const headers = { ...bearer(tokenOf(newId())), ...(claimed && { 'x-forwarded-for': claimed, 'x-real-ip': claimed, forwarded: `for=${claimed}` }) }
      const socket = new WebSocket(front.socketUrl('/v1/connect'), [subprotocol], { headers, localAddress, perMessageDeflate: false, ...front.tls })
      t.after(() => socket.terminate())
      socket.once('open', () => resolve(101))
      socket.once('unexpected-response', (_, { statusCode }) => { resolve(statusCode); socket.terminate() })
      socket.on('error', (error) => { if (!/closed before/.test(error.message)) reject(error) })
    }), 'an upgrade')
    // One new socket a second and address: of several at once, one.
    const burst = async (localAddress, claims) => (await Promise.all(claims.map((claimed) => open(localAddress, claimed)))).filter((status) => status === 429).length
    assert.ok(await burst('127.0.0.2', [undefined, undefined, '203.0.113.9', '203.0.113.10']) >= 2)
    assert.equal(await open('127.0.0.3', '127.0.0.2'), 101)
    assert.ok(await burst('127.0.0.3', [undefined, '203.0.113.9', '203.0.113.10']) >= 1)

    const token = tokenOf('7')
    assert.equal((await request(front, { path: `/getMessage?userId=7&token=${token}` })).status, 200)
    await server.kill9() // an error of nginx's own
    assert.equal((await request(front, { path: `/getMessage?userId=7&token=${token}` })).status, 502)
    await eventually(5_000, 'the log', () => front.accessLog().includes('"GET /getMessage" 502'))
    assert.ok(!front.accessLog().includes(token))
    assert.ok(!front.errorLog().includes(token))
  })
})
