// examples/spring-boot, built by Maven and run: its users' tokens, what it hears by webhooks, and what it pushes.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { apiKeys, bearer, KeyFiles } from '../blackbox/lib/keys.js'
import { freePort } from '../blackbox/lib/postgres.js'
import { makeDirectory, removeDirectory, start } from '../blackbox/lib/processes.js'
import { serverFor } from '../blackbox/lib/server.js'
import { connectV1, user } from '../blackbox/lib/v1.js'
import { eventually } from '../blackbox/lib/wait.js'
import { newSecret } from '../blackbox/lib/webhook-receiver.js'
import { configOf, Hook } from '../blackbox/lib/webhooks.js'
import { maven, root } from './lib.js'

describe('the shop of examples/spring-boot', () => {
  it('lets its users in, hears them, and pushes', { timeout: 600_000 }, async (t) => {
    const folder = makeDirectory('spring-boot')
    t.after(() => removeDirectory(folder))
    for (const name of ['pom.xml', 'src']) fs.cpSync(path.join(root, 'examples/spring-boot', name), path.join(folder, name), { recursive: true })
    if (!await maven(t, folder, '--quiet', 'package')) return

    const keys = new KeyFiles()
    t.after(() => keys.dispose())
    const [port, secret] = [await freePort(), newSecret()]
    const url = `http://127.0.0.1:${port}`
    const hook = new Hook(t, { url: `${url}/hook`, secrets: [secret] })
    const server = await serverFor(t, { args: keys.args, config: configOf([hook]) })
    const shop = start('java', ['-jar', path.join(folder, 'target/shop.jar')], { cwd: folder, env: {
      PATH: process.env.PATH, SERVER_PORT: String(port), HONGYAN_URL: `${server.scheme}://${server.authority}`, HONGYAN_API_KEY: apiKeys.all, HONGYAN_WEBHOOK_SECRET: secret,
    } })
    t.after(() => { shop.kill('SIGKILL'); return shop.ended })
    await eventually(120_000, 'the shop to start', () => {
      assert.equal(shop.exitCode, null, shop.out() + shop.err())
      return shop.out().includes('Started ShopApplication')
    })
    const post = (path, options) => fetch(url + path, { method: 'POST', ...options })

    // A token for who is logged in, and for nobody else.
    assert.equal((await fetch(`${url}/chat-token`)).status, 401)
    const login = await post('/login?user=buyer')
    assert.equal(login.status, 200)
    const answer = await fetch(`${url}/chat-token`, { headers: { cookie: login.headers.getSetCookie()[0].split(';')[0] } })
    const token = await answer.text()
    assert.equal(answer.status, 200, token)
    const buyer = await connectV1(server, 'buyer', { t, path: '/v1/connect', headers: bearer(token) })
    assert.equal(buyer.hello.userId, 'buyer')

    // Told of a payment twice, it says so once.
    for (let i = 0; i < 2; i++) assert.equal((await post('/orders/4711/paid?buyer=buyer')).status, 200, shop.out())
    const told = await buyer.message(({ from }) => from === 'shop')
    assert.deepEqual([told.content, told.clientMsgId], ['订单 4711 已付款', 'order-4711-paid'])

    // It hears what was said to it, and answers.
    const question = await buyer.say(user('shop'), '什么时候发货？😀')
    const reply = await buyer.message(({ from }) => from === 'shop', 30_000)
    assert.deepEqual([reply.content, reply.clientMsgId], ['已收到，马上回复您', `re-${question.id}`])

    // What it is told again it answers no second time; what the server did not sign it refuses.
    const hear = (message, { by = secret, tampered = (body) => body } = {}) => {
      const body = JSON.stringify({ type: 'message.created', timestamp: new Date().toISOString(), data: { message } })
      const [id, now] = [String(message.id), new Date()]
      const headers = { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': new Webhook(by).sign(id, now, body) }
      return post('/hook', { headers, body: tampered(body) }).then(({ status }) => status)
    }
    const fake = { ...question, id: 99 }
    assert.equal(await hear(question), 204)
    assert.equal(await hear({ ...fake, to: user('other') }), 204)
    assert.equal(await hear(fake, { tampered: (body) => body.replace('发货', '退货') }), 401)
    assert.equal(await hear(fake, { by: newSecret() }), 401)
    assert.equal((await post('/hook', { headers: { 'content-type': 'application/json' }, body: '{}' })).status, 401)
    assert.deepEqual((await buyer.all(user('shop'))).map(({ from, content }) => [from, content]), [['shop', told.content], ['buyer', question.content], ['shop', reply.content]])
  })
})
