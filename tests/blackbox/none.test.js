// --auth none is for this machine alone: what a proxy or a foreign name brings is refused, unless --insecure says otherwise.

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { get, history, newUser, push } from './lib/client.js'
import { assertProblem } from './lib/problem.js'
import { pushText, RawConnection, requestText, upgradeText } from './lib/raw.js'
import { startServer } from './lib/server.js'

let server
let insecure
before(async () => {
  server = await startServer()
  insecure = await startServer({ args: ['--insecure'] })
})
after(async () => {
  try { await server?.dispose() } finally { await insecure?.dispose() }
})

const byProxy = {
  forwarded: 'for=203.0.113.7', 'x-forwarded-for': '203.0.113.7', 'X-Forwarded-Host': 'chat.example.com', 'x-forwarded-proto': 'https',
  'X-FORWARDED-PREFIX': '/chat', 'x-real-ip': '203.0.113.7', via: '1.1 proxy',
}

describe('with --auth none', () => {
  for (const [name, value] of Object.entries(byProxy)) {
    it(`${name} is 403 everywhere but for the probes`, async () => {
      const headers = { [name]: value }
      for (const path of ['/', '/metrics', '/getMessage?userId=1', '/getOnlineUser', '/v1/conversations?userId=1', '/nope'])
        assertProblem(await get(server, path, { headers }), 403, { mentions: /--auth/ })
      const a = newUser()
      assertProblem(await push(server, { userId: a, targetUserId: 1, content: 'x' }, { headers }), 403)
      assert.deepEqual(await history(server, { userId: a }), [], 'nothing was stored')
      for (const path of ['/healthz', '/readyz']) assert.equal((await get(server, path, { headers })).status, 200)
    })
  }

  for (const host of ['chat.example.com', 'chat.example.com:8080', '10.0.0.1', '[fe80::1]:8080', 'localhost.example.com', '127.0.0.1.example.com', '128.0.0.1']) {
    it(`the Host ${host} is 403, as is an upgrade`, async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('GET', '/getMessage?userId=1', { Host: host }))
      assertProblem(await raw.response(), 403, { mentions: /loopback/ })
      raw.write(pushText({ userId: 1, targetUserId: 2, content: 'x' }, { Host: host }))
      assertProblem(await raw.response(), 403)
      raw.write(upgradeText(`/imserver/${newUser()}`, { Host: host }))
      assertProblem(await raw.response(), 403)
      raw.write(requestText('GET', '/healthz', { Host: host }))
      assert.equal((await raw.response()).status, 200)
    })
  }

  for (const host of ['localhost', 'LocalHost:1', '127.0.0.1:8080', '127.3.2.1', '[::1]:8080', '[::1]']) {
    it(`the Host ${host} is this machine`, async (t) => {
      const raw = await RawConnection.open(server, t)
      raw.write(requestText('GET', '/getMessage?userId=1', { Host: host }))
      assert.equal((await raw.response()).status, 200)
    })
  }

  it('--insecure takes them all', async (t) => {
    for (const [name, value] of Object.entries(byProxy)) assert.equal((await get(insecure, '/getMessage?userId=1', { headers: { [name]: value } })).status, 200)
    const raw = await RawConnection.open(insecure, t)
    raw.write(requestText('GET', '/getMessage?userId=1', { Host: 'chat.example.com' }))
    assert.equal((await raw.response()).status, 200)
  })
})
