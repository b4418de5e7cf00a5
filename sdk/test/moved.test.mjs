// The server's store is moved or put back while phones live on: by `hongyan migrate` they notice nothing, from a backup they begin anew.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Postgres } from '../../tests/blackbox/lib/postgres.js'
import { run } from '../../tests/blackbox/lib/processes.js'
import { again, runToEnd, startServer } from '../../tests/blackbox/lib/server.js'
import { eventually } from '../../tests/blackbox/lib/wait.js'
import { Phone } from './lib/phone.mjs'

async function withPhones(t, settings, move) {
  const folder = mkdtempSync(join(tmpdir(), 'hongyan-moved-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  let server = await startServer({ database: `sqlite:${join(folder, 'hongyan.db')}`, ...settings(folder) })
  t.after(() => server.dispose())
  const { authority } = server
  const told = { a: [], b: [] }
  const phones = ['a', 'b'].map((userId) => new Phone({ server: `http://${authority}`, userId, device: 'phone' }, (client) => {
    for (const name of ['message', 'reset']) client.on(name, (event) => told[userId].push([name, event.message?.content]))
  }))
  t.after(() => { for (const phone of phones) phone.kill() })
  const [a, b] = phones.map((phone) => phone.start())
  for (let i = 0; i < 10; i++) await a.send({ to: { userId: 'b' }, content: `before ${i}` })
  await eventually(5_000, 'b to have all', () => contents(b, 'a').length === 10)
  const begin = async (changes) => { server = await again(null, server, { listen: authority, ...changes }) }
  await move({ server, folder, begin, a, b, authority })
  return { a, b, told }
}

const contents = (client, userId) => (client.conversation({ userId })?.messages ?? []).filter(({ kind }) => kind === 'text').map(({ content }) => content)
const all = (...more) => [...Array.from({ length: 10 }, (_, i) => `before ${i}`), ...more]

test('hongyan migrate: phones go on with their positions, and what was written meanwhile goes', { timeout: 120_000 }, async (t) => {
  const postgres = await Postgres.create()
  t.after(() => postgres.dispose())
  const database = await postgres.newDatabase()
  const { a, b, told } = await withPhones(t, () => ({}), async ({ server, begin, a }) => {
    await server.stop()
    void a.send({ to: { userId: 'b' }, content: 'while it moves' })
    const { code, stderr } = await runToEnd(['migrate', '--from', server.database, '--to', database], { ms: 60_000 })
    assert.equal(code, 0, stderr)
    await begin({ database })
  })
  await eventually(40_000, 'b to have what was written meanwhile', () => contents(b, 'a').length === 11)
  await b.send({ to: { userId: 'a' }, content: 'an answer' })
  await eventually(5_000, 'a to have the answer', () => contents(a, 'b').includes('an answer'))
  for (const [client, peer] of [[a, 'b'], [b, 'a']]) assert.deepEqual(contents(client, peer), all('while it moves', 'an answer'))
  assert.deepEqual([...told.a, ...told.b].filter(([name]) => name === 'reset'), [])
})

test('a backup that is put back: phones begin anew, and what they had sent since is sent again', { timeout: 120_000 }, async (t) => {
  const key = 'owner-key-of-the-tests-0123456789abcdef'
  const keys = (folder) => ['--api-key-file', join(folder, 'keys')]
  const { a, b, told } = await withPhones(t, (folder) => {
    writeFileSync(join(folder, 'keys'), `backup owner ${key}\n`, { mode: 0o600 })
    return { args: keys(folder) }
  }, async ({ server, folder, begin, a, b, authority }) => {
    const to = join(folder, 'backup.tar')
    const { code, stderr } = await runToEnd(['backup', to, '--listen', authority, ...keys(folder)], { ms: 60_000 })
    assert.equal(code, 0, stderr)
    await a.send({ to: { userId: 'b' }, content: 'after the backup' })
    await eventually(5_000, 'b to have it', () => contents(b, 'a').length === 11)
    await server.kill9()
    const home = join(folder, 'restored')
    await run('mkdir', [home])
    await run('tar', ['-xf', to, '-C', home])
    await begin({ database: `sqlite:${home}/hongyan.db` })
  })
  await eventually(40_000, 'both to have begun anew', () => ['a', 'b'].every((who) => told[who].some(([name]) => name === 'reset')))
  await eventually(40_000, 'what was lost to be there again', () => contents(b, 'a').includes('after the backup'))
  await b.send({ to: { userId: 'a' }, content: 'an answer' })
  await eventually(5_000, 'a to have the answer', () => contents(a, 'b').includes('an answer'))
  for (const [client, peer] of [[a, 'b'], [b, 'a']]) assert.deepEqual(contents(client, peer), all('after the backup', 'an answer'))
})
