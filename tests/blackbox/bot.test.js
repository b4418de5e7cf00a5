// examples/bot: from a message by its webhook to an answer that is written while it is read, and what the bot does not answer.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Webhook } from 'standardwebhooks'
import { apiKeys, bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { freePort } from './lib/postgres.js'
import { start } from './lib/processes.js'
import { serverFor } from './lib/server.js'
import { chars, entryOf, slice } from './lib/streams.js'
import { connectV1, newId, user } from './lib/v1.js'
import { eventually, within } from './lib/wait.js'
import { newSecret } from './lib/webhook-receiver.js'
import { configOf, Hook } from './lib/webhooks.js'

const script = fileURLToPath(new URL('../../examples/bot/bot.mjs', import.meta.url))
const keys = new KeyFiles()
after(() => keys.dispose())

const answerTo = (question) => `You said: ${question} Let me think about it.`
const listens = (port) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true) })
  socket.on('error', () => resolve(false))
})

// A server that tells the bot, which is there when `run` is called.
async function withBot(t) {
  const port = await freePort()
  const secret = newSecret()
  const hook = new Hook(t, { url: `http://127.0.0.1:${port}/`, secrets: [secret] }, { name: 'bot', events: ['message.created', 'user.online'] })
  const server = await serverFor(t, { args: keys.args, config: configOf([hook]) })
  const env = { PATH: process.env.PATH, HONGYAN: `${server.scheme}://${server.authority}`, API_KEY: apiKeys.push, WEBHOOK_SECRET: secret, PORT: String(port) }
  if (server.scheme === 'https') {
    env.NODE_EXTRA_CA_CERTS = path.join(hook.directory, 'ca.pem')
    fs.writeFileSync(env.NODE_EXTRA_CA_CERTS, server.settings.ca)
  }
  const run = async () => {
    const child = start(process.execPath, [script], { env })
    t.after(() => { child.kill('SIGKILL'); return child.ended })
    await eventually(10_000, 'the bot listening', () => {
      assert.equal(child.exitCode, null, child.err())
      return listens(port)
    })
    return child
  }
  const phone = (userId, device) => connectV1(server, userId, { t, path: '/v1/connect', headers: bearer(tokenOf(userId, { device })) })
  // An event as the server sends it, or as somebody else does: the status, or why there was none.
  const tell = (message, { by = secret, id = '1', at = new Date(), tampered = (body) => body, headers = {} } = {}) => {
    const body = JSON.stringify({ type: 'message.created', timestamp: new Date().toISOString(), data: { message } })
    const signed = { 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': new Webhook(by).sign(id, at, body), ...headers }
    return within(10_000, fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: signed, body: tampered(body) }), 'the bot’s answer').then(({ status }) => status, (error) => error.cause?.code ?? error.message)
  }
  return { server, run, phone, tell }
}

describe('the bot of examples/bot', { concurrency: 4 }, () => {
  it('has 20 lines', () => {
    const lines = fs.readFileSync(script, 'utf8').split('\n').filter((line) => !/^\s*(\/\/|$)/.test(line))
    assert.ok(lines.length <= 20, `${lines.length} lines`)
    assert.ok(lines.every((line) => line.length <= 150), 'lines that can be read')
  })

  it('answers word by word on both of one’s phones, and what it said stays', async (t) => {
    const { run, phone } = await withBot(t)
    await run()
    const one = newId()
    const phones = [await phone(one, 'old'), await phone(one, 'new')]
    const question = '大雁 why do you fly south? 😀'
    await phones[0].say(user('bot'), question)
    for (const it of phones) {
      const begun = await it.message(({ from }) => from === 'bot')
      assert.deepEqual([begun.content, begun.streaming, begun.to], ['', true, user(one)])
      assert.equal((await entryOf(it)).content.content, answerTo(question))
      const pieces = it.left('stream')
      assert.ok(pieces.length > 1, `${pieces.length} pieces`)
      const shown = pieces.reduce((text, { offset, delta }) => {
        assert.ok(offset === 0 || offset === chars(text), `a piece at ${offset} of ${JSON.stringify(text)}`)
        return slice(text, 0, offset) + delta
      }, '')
      assert.equal(shown, answerTo(question), 'it was shown while it was written')
      const history = await it.all(user('bot'))
      assert.deepEqual(history.filter(({ kind }) => kind === 'text').map(({ content, streaming }) => [content, streaming]), [[question, undefined], [answerTo(question), undefined]])
    }
  })

  it('answers what came while it was down', { timeout: 60_000 }, async (t) => {
    const { run, phone } = await withBot(t)
    const one = await phone(newId())
    await one.say(user('bot'), 'are you there?')
    await run()
    assert.equal((await entryOf(one, 'edit', 30_000)).content.content, answerTo('are you there?'))
  })

  it('answers once, however often it is told', async (t) => {
    const { run, phone, tell } = await withBot(t)
    await run()
    const one = await phone(newId())
    const question = await one.say(user('bot'), 'once')
    await entryOf(one)
    assert.equal(await tell(question, { id: String(question.id) }), 204)
    // Two at once, of which one at least finds that the answer is being written; another question shows that they are done.
    const twice = { ...question, id: question.id + 1_000_000 }
    assert.deepEqual(await Promise.all([tell(twice), tell(twice)]), [204, 204])
    await entryOf(one)
    await one.say(user('bot'), 'and now?')
    await entryOf(one)
    const answers = (await one.all(user('bot'))).filter(({ from, kind }) => from === 'bot' && kind === 'text')
    assert.deepEqual(answers.map(({ content }) => content), ['once', 'once', 'and now?'].map(answerTo))
  })

  it('refuses what is not from the server, and lives', async (t) => {
    const { run, phone, tell } = await withBot(t)
    const bot = await run()
    const one = await phone(newId())
    const fake = { id: 1, from: one.userId, to: user('bot'), kind: 'text', content: 'fake' }
    const wrong = {
      'another body': { tampered: (body) => body.replace('fake', 'fals') },
      'another secret': { by: newSecret() },
      'another id': { headers: { 'webhook-id': '2' } },
      'six minutes ago': { at: new Date(Date.now() - 360_000) },
      'in six minutes': { at: new Date(Date.now() + 360_000) },
      'a short signature': { headers: { 'webhook-signature': 'v1,AAAA' } },
      'no signature': { headers: { 'webhook-signature': '' } },
    }
    for (const [what, how] of Object.entries(wrong)) assert.notEqual(await tell(fake, how), 204, what)
    assert.equal(await tell({ ...fake, to: user('2') }), 204, 'what is for others is nothing to it')
    assert.equal(await tell({ ...fake, kind: 'image', content: {} }), 204, 'a picture is nothing to it')
    await one.say(user('bot'), 'real')
    await entryOf(one)
    assert.deepEqual((await one.all(user('bot'))).filter(({ kind }) => kind === 'text').map(({ content }) => content), ['real', answerTo('real')])
    assert.equal(bot.exitCode, null)
  })
})
