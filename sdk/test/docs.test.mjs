// What the documents print, as it is printed.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { serverFor } from '../../tests/blackbox/lib/server.js'
import { connectV1, uniqueId, user } from '../../tests/blackbox/lib/v1.js'
import { eventually } from '../../tests/blackbox/lib/wait.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

// A program that runs until the test ends; what it says.
function started(t, file, { cwd, env = {} }) {
  const child = spawn(process.execPath, [file], { cwd, env: { ...process.env, ...env } })
  const said = { out: '', err: '' }
  child.stdout.on('data', (bytes) => { said.out += bytes })
  child.stderr.on('data', (bytes) => { said.err += bytes })
  const ended = new Promise((resolve) => child.on('exit', resolve))
  t.after(() => {
    child.kill('SIGKILL')
    return ended
  })
  return Object.assign(child, { said })
}

function folderFor(t) {
  const folder = mkdtempSync(join(tmpdir(), 'hongyan-sdk-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

describe('the client that the protocol prints', () => {
  for (const page of ['docs/protocol.md', 'docs/protocol.zh-CN.md']) {
    it(`says hello and shows what it gets: ${page}`, async (t) => {
      const server = await serverFor(t)
      const peer = await connectV1(server, '2', { t })
      await peer.call('message.send', { to: user('1'), clientMsgId: uniqueId(), content: 'before' })
      const code = readFileSync(join(root, page), 'utf8').match(/```js\n(import \{ Client \}[^`]*(?:`[^`]+`[^`]*)*?)```/)[1]
      const folder = folderFor(t)
      writeFileSync(join(folder, 'client.mjs'), code
        .replace("'hongyan-client'", `'${join(root, 'sdk/dist/index.mjs')}'`).replace("'hongyan-client/node'", `'${join(root, 'sdk/dist/node.mjs')}'`)
        .replace('http://127.0.0.1:8080', `http://127.0.0.1:${server.port}`))
      const { said } = started(t, 'client.mjs', { cwd: folder })
      const shows = (text) => eventually(10_000, text, () => said.out.includes(text)).catch((error) => { throw new Error(`${error.message}: ${said.out}${said.err}`) })
      await shows('2 1: "hello"')
      await peer.call('message.send', { to: user('1'), clientMsgId: uniqueId(), content: 'live' })
      await shows('3 2: "live"')
      assert.match(said.out, /^connecting\nonline\n/)
    })
  }
})

describe('the bot', () => {
  it('answers what it is sent, also what came while it was down', async (t) => {
    const server = await serverFor(t)
    const folder = folderFor(t)
    const env = { HONGYAN_SERVER: `http://127.0.0.1:${server.port}`, BOT_FOLDER: join(folder, 'bot') }
    const run = () => started(t, join(root, 'sdk/examples/bot.mjs'), { cwd: folder, env })
    const asker = await connectV1(server, 'asker', { t })
    const ask = (content) => asker.call('message.send', { to: user('bot'), clientMsgId: uniqueId(), content })
    const answers = async () => (await asker.all(user('bot'))).filter(({ from }) => from === 'bot').map(({ content, ext }) => [content, ext.reply.seq])
    const first = run()
    await eventually(10_000, 'the bot', () => first.said.out.includes('bot is here'))
    await ask('one')
    await eventually(10_000, 'an answer', async () => (await answers()).length === 1)
    // Where it was is kept a second later at most; what it has read, too.
    await eventually(5_000, 'what the bot keeps', () => {
      const kept = join(folder, 'bot', encodeURIComponent(`hongyan:${env.HONGYAN_SERVER}:bot:state`))
      return existsSync(kept) && JSON.parse(readFileSync(kept, 'utf8')).conversations[0]?.lastSeq === 2
    })
    first.kill('SIGKILL')
    await ask('two')
    await ask('three')
    run()
    await eventually(15_000, 'the other answers', async () => (await answers()).length === 3)
    assert.deepEqual(await answers(), [['You said: one', 1], ['You said: two', 3], ['You said: three', 4]])
  })
})
