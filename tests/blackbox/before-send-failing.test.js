// Before a send, without an answer: who is asked hangs, is down, or says what is no verdict; and what is configured wrongly.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { push, request } from './lib/client.js'
import { png, uploaded } from './lib/files.js'
import { after as late, BeforeSend, deny, hang, Judge, judged, raw, redirect, replace, reset, status, verdicts } from './lib/judge.js'
import { bearer, KeyFiles, tokenOf } from './lib/keys.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { assertDenied, denied } from './lib/refused.js'
import { again, runToEnd, serverFor } from './lib/server.js'
import { begun, end, entryOf, wrote } from './lib/streams.js'
import { connectV1, newId, people, uniqueId, user } from './lib/v1.js'
import { eventually, timed } from './lib/wait.js'
import { newSecret } from './lib/webhook-receiver.js'
import { reread, withEachStore } from './lib/webhooks.js'

const keys = new KeyFiles()
after(() => keys.dispose())

const text = (to, content) => ({ to, clientMsgId: uniqueId(), kind: 'text', content })
const custom = (to, content) => ({ ...text(to, content), kind: 'custom' })
const location = (to) => ({ ...text(to, { latitude: 1, longitude: 2, name: 'x', address: '' }), kind: 'location' })
const json = (value) => raw(JSON.stringify(value))

// Answers that are none.
const answers = {
  'a status of 500': status(500), 'a status of 404': status(404), 'a status of 403 with a verdict': status(403, deny('x')), 'a status of 204': { status: 204, body: '' },
  'a redirect': redirect('/elsewhere'), 'a redirect that keeps the body': redirect('/elsewhere', 308), 'a redirect to the same place': redirect('/check', 307),
  'a connection that is reset': reset,
  'nothing': raw(''), 'a page': raw('<!doctype html><title>ok</title>', { 'content-type': 'text/html' }), 'half a verdict': raw('{"action":"al'),
  'a verdict with more behind it': raw('{"action":"allow"} x'), 'a list': json([{ action: 'allow' }]), 'a string': json('allow'), 'null': json(null), 'no action': json({}),
  'another action': json({ action: 'maybe' }), 'an action that is no string': json({ action: true }), 'an action in capitals': json({ action: 'ALLOW' }),
  'bytes that are no text': raw(Buffer.from([0x7B, 0xFF, 0xFE, 0x7D])), 'much': raw('x'.repeat(4_000_000)), 'a verdict in a body of 4 MB': raw(`${JSON.stringify({ action: 'allow' })}${' '.repeat(4_000_000)}`),
  'a replacement without content': json({ action: 'replace' }), 'a replacement of null': replace(null), 'a number in place of a text': replace(5), 'an object in place of a text': replace({ text: 'x' }),
  'an empty text': replace(''), 'a text that is too long': replace('x'.repeat(4_097)), 'a text with U+0000': replace('a\0b'),
}
const ofObjects = {
  'a text in place of an object': [custom, replace('x')], 'a list in place of an object': [custom, replace([1])], 'an object that is too large': [custom, replace({ x: 'x'.repeat(8_200) })],
  'a place without a latitude': [location, replace({ longitude: 2 })], 'a place that is none': [location, replace({ latitude: 'x', longitude: 2, name: '', address: '' })],
}

withEachStore('before a send, without an answer', (the) => {
  const start = (t, settings) => judged(the, t, { keys, ...settings })

  for (const onFailure of [undefined, 'deny', 'allow']) {
    const name = onFailure ?? 'denied, as nothing else is said'
    it(`what was written is ${name === 'allow' ? 'allowed' : name === 'deny' ? 'denied' : name}`, { timeout: 120_000 }, async (t) => {
      const { server, judge } = await start(t, { hook: { on_failure: onFailure } })
      const [a, b] = await people(server, t, 2)
      const peer = user(b.userId)
      let failures = 0
      let stored = 0
      const fails = async (what, params, how) => {
        const lift = judge.answer(how)
        failures++
        try {
          if (onFailure === 'allow') {
            stored++
            const { message } = await a.call('message.send', params)
            assert.deepEqual([message.seq, message.content], [stored, params.content])
          } else {
            await denied(a, 'message.send', params)
          }
        } catch (error) {
          error.message = `${what}: ${error.message}`
          throw error
        }
        lift()
        assert.equal(judge.questions.length, failures, `${what}: it is asked about once`)
      }
      for (const [what, how] of Object.entries(answers)) await fails(what, text(peer, 'as it is'), how)
      for (const [what, [kind, how]] of Object.entries(ofObjects)) await fails(what, kind(peer, { x: 1 }), how)
      await judge.down()
      await (onFailure === 'allow' ? a.say(peer, 'x').then(() => stored++) : denied(a, 'message.send', text(peer, 'x')))
      await judge.up()
      assert.equal((await b.all(user(a.userId))).length, stored)
      assert.equal((await verdicts(server)).failed, failures + 1)
      assert.equal((await a.say(peer, 'asked again')).seq, stored + 1, 'at once')
      assert.equal((await verdicts(server)).allow, 1)
    })
  }

  // Upper bounds are wide: this machine may be busy.
  for (const [what, timeout, seconds] of [['a second, when nothing else is said', undefined, 1], ['the time that is configured', 3, 3]]) {
    it(`in ${what}`, async (t) => {
      const { server, judge } = await start(t, { hook: { timeout } })
      const [a] = await people(server, t, 1)
      for (const how of [hang, late(9_000), raw('{"action":', { 'content-length': '1000' })]) {
        judge.answer(how)
        const { ms } = await timed(() => denied(a, 'message.send', text(user(newId()), 'x')))
        assert.ok(ms > seconds * 1_000 - 100 && ms < seconds * 1_000 + 4_000, `${seconds} s were given, and it took ${ms} ms`)
      }
    })
  }

  it('that comes late and in time: it counts', async (t) => {
    const { server, judge } = await start(t)
    const [a] = await people(server, t, 1)
    judge.answer(late(2_500, replace('late')))
    assert.equal((await a.say(user(newId()), 'x')).content, 'late')
  })

  it('all that is written is denied, or allowed', async (t) => {
    for (const onFailure of ['deny', 'allow']) {
      const { server, judge } = await start(t, { args: keys.args, hook: { on_failure: onFailure } })
      const own = { 'content-type': 'application/json' }
      const [a, b] = await Promise.all([newId(), newId()].map((id) => connectV1(server, id, { t, path: '/v1/connect', headers: bearer(tokenOf(id)) })))
      Object.assign(own, bearer(tokenOf(a.userId)))
      const peer = user(b.userId)
      await a.say(peer, 'first')
      const { streamId } = await begun(server, a.userId, peer, {}, own)
      await wrote(server, streamId, 0, 'streamed', own)
      judge.answer(status(500))
      const calls = [['message.edit', { in: peer, seq: 1, content: 'edited' }], ['user.update', { name: '雁' }], ['group.create', { groupId: `g${a.userId}`, name: 'x', members: [] }]]
      const asked = [() => push(server, { userId: a.userId, targetUserId: b.userId, content: 'x' }, { headers: own }), () => end(server, streamId, {}, own),
        () => request(server, { method: 'POST', path: '/v1/messages', body: { from: a.userId, ...text(peer, 'x') }, headers: own })]
      for (const [method, params] of calls) await (onFailure === 'allow' ? a.call(method, params) : denied(a, method, params))
      for (const ask of asked) {
        const answer = await ask()
        if (onFailure === 'allow') assert.equal(answer.status, 200, answer.text)
        else assertDenied(answer)
      }
      if (onFailure === 'deny') assert.equal((await entryOf(b, 'recall')).content.seq, 2)
      assert.equal((await verdicts(server)).failed, 6)
    }
  })

  it('a replacement of what has a file, or of a name that is too long, is none', async (t) => {
    const { server, judge } = await start(t, { more: '[files]\nstore = "dir:the files"\n' })
    const [a] = await people(server, t, 1)
    const { fileId } = await uploaded(server, a.userId, png())
    judge.answer(replace({ fileId }))
    await denied(a, 'message.send', { ...text(user(newId()), { fileId }), kind: 'image' })
    judge.answer(replace('x'.repeat(65)))
    await denied(a, 'user.update', { name: 'x' })
    judge.answer(replace({ name: 'x' }))
    await denied(a, 'group.create', { name: 'x', members: [] })
    assert.equal((await verdicts(server)).failed, 3)
    judge.answer(replace('雁'.repeat(64)))
    await a.call('user.update', { name: 'x' })
  })

  it('who is asked has more than one secret while they change', async (t) => {
    const { server, judge, hook } = await start(t)
    const [a] = await people(server, t, 1)
    const [older] = judge.secrets
    const newer = newSecret()
    judge.secrets = [newer, older]
    const until = (what, predicate) => eventually(10_000, what, async () => {
      await a.say(user(newId()), 'x')
      return predicate(judge.questions.at(-1))
    })
    await until('the old one alone', ({ signatures, verifiedBy }) => signatures === 1 && verifiedBy[0] === older)
    hook.write(newer, older)
    reread(server)
    await until('both', ({ signatures, verifiedBy }) => signatures === 2 && verifiedBy.length === 2)
    hook.write('nonsense')
    reread(server)
    await eventually(5_000, 'the log to say so', () => /secret/.test(server.stderr()))
    await until('both, still', ({ signatures }) => signatures === 2)
    hook.write(newer)
    reread(server)
    await until('the new one alone', ({ signatures, verifiedBy }) => signatures === 1 && verifiedBy[0] === newer)
    assert.ok(server.running)
  })

  it('no log shows a content or a secret', async (t) => {
    const { server, judge } = await start(t, { more: '[log]\nlevel = "debug"\n' })
    const [a] = await people(server, t, 1)
    for (const how of [status(500), reset, replace(5), deny('canary-reason'), raw('canary-answer')]) {
      const lift = judge.answer(how)
      await denied(a, 'message.send', text(user(newId()), 'canary-content'))
      lift()
    }
    const [secret] = judge.secrets
    const shown = [server.stderr(), server.stdout(), (await request(server, { path: '/metrics' })).text].join('\n')
    for (const canary of [secret, secret.slice(6), 'canary-content', 'canary-answer', Buffer.from(secret.slice(6), 'base64').toString('hex')]) assert.ok(!shown.includes(canary), `${canary} is shown`)
    for (const { headers } of judge.questions) assert.ok(!shown.includes(headers['webhook-signature']), 'a signature is shown')
  })
}, { keys })

describe('who is asked before a send, configured wrongly,', { concurrency: 4 }, () => {
  const directory = makeDirectory('before-send')
  after(() => removeDirectory(directory))
  let files = 0
  const file = (content) => {
    const name = path.join(directory, `file${++files}`)
    fs.writeFileSync(name, content, { mode: 0o600 })
    return name
  }
  const good = { url: 'https://example.com/check', secret_file: file(`${newSecret()}\n`) }
  const table = (settings) => `[before_send]\n${Object.entries({ ...good, ...settings }).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join('')}`
  const encoded = (bytes) => crypto.randomBytes(bytes).toString('base64')

  const wrong = {
    'with a url alone': table({ secret_file: undefined }),
    'with a secret alone': table({ url: undefined }),
    'with an empty url': table({ url: '' }),
    'with an empty secret_file': table({ secret_file: '' }),
    'with a url that is none': table({ url: 'example.com/check' }),
    'with another scheme': table({ url: 'ftp://example.com/check' }),
    'with a url that has a password': table({ url: 'https://user:password@example.com/check' }),
    'with a timeout of 0': table({ timeout: 0 }),
    'with a negative timeout': table({ timeout: -1 }),
    'with a timeout that is no number': table({ timeout: 'soon' }),
    'with a concurrency of 0': table({ concurrency: 0 }),
    'with a concurrency that is no number': table({ concurrency: 'many' }),
    'with another on_failure': table({ on_failure: 'x' }),
    'with an on_failure that is none': table({ on_failure: true }),
    'with a key that there is not': table({ secrets: 'x' }),
    'with a file that is not there': table({ secret_file: path.join(directory, 'none') }),
    'with an empty file': table({ secret_file: file('') }),
    'with a secret of 23 bytes': table({ secret_file: file(`whsec_${encoded(23)}\n`) }),
    'with a secret of 65 bytes': table({ secret_file: file(`whsec_${encoded(65)}\n`) }),
    'with a secret without whsec_': table({ secret_file: file(`${encoded(32)}\n`) }),
    'with three secrets': table({ secret_file: file(`${newSecret()}\n${newSecret()}\n${newSecret()}\n`) }),
  }
  for (const [what, config] of Object.entries(wrong)) {
    it(`${what} is refused at start, in one line that says so`, async () => {
      const { code, stderr, stdout } = await runToEnd(['--listen', '127.0.0.1:0', '--database', `sqlite:${path.join(directory, `${++files}.db`)}`, '--config', file(config)], { cwd: directory })
      assert.equal(code, 2, stderr)
      assert.equal(stdout, '')
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
      assert.match(stderr, /before_send|secret/)
      assert.doesNotMatch(stderr, /whsec_[A-Za-z0-9+/]{8}|password@/, 'no secret is shown')
    })
  }

  it('is asked when all of it is right', async (t) => {
    const judge = await Judge.open(t)
    const hook = new BeforeSend(t, judge, { timeout: 2, concurrency: 1, on_failure: 'allow' })
    const server = await serverFor(t, { config: hook.toml })
    const [a] = await people(server, t, 1)
    await a.say(user(newId()), 'asked')
    await server.stop()
    const unasked = await again(t, server, { config: '' })
    await (await connectV1(unasked, newId(), { t })).say(user(newId()), 'not asked')
    assert.deepEqual(judge.contents, ['asked'])
  })
})
