// The configuration of webhooks, and what a back end asks of them.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { request } from './client.js'
import { apiKeys, bearer } from './keys.js'
import { assertProblem } from './problem.js'
import { makeDirectory, removeDirectory } from './processes.js'
import { runToEnd, serverFor } from './server.js'
import { openStore, order, storeKinds } from './stores.js'
import { pipeline, range, rfc3339, uniqueId } from './v1.js'
import { Receiver, types } from './webhook-receiver.js'
import { eventually } from './wait.js'

const toml = (value) => (Array.isArray(value) ? `[${value.map(toml).join(', ')}]` : typeof value === 'string' ? JSON.stringify(value) : String(value))

// One of the configuration: what a receiver needs of it, and settings beside (`events`, `concurrency`, `keep_days`, …). A setting that is
// undefined is left out.
export class Hook {
  constructor(t, receiver, { name = 'shop', secrets = receiver.secrets, ...settings } = {}) {
    this.directory = makeDirectory('webhook')
    t?.after(() => this.dispose())
    this.name = name
    this.settings = { name, url: receiver?.url, secret_file: path.join(this.directory, 'secret'), allow_private: true, ...settings }
    this.write(...secrets)
  }

  write(...secrets) { fs.writeFileSync(path.join(this.directory, 'secret'), secrets.map((it) => `${it}\n`).join(''), { mode: 0o600 }) }

  get toml() {
    const lines = Object.entries(this.settings).filter(([, value]) => value !== undefined).map(([key, value]) => `${key} = ${toml(value)}\n`)
    return `[[webhooks]]\n${lines.join('')}`
  }

  dispose() { removeDirectory(this.directory) }
}

export const configOf = (hooks, more = '') => `${more}\n${hooks.map((hook) => hook.toml).join('\n')}`

// Another configuration for a server that runs.
export function reread(server, config) {
  if (config !== undefined) fs.writeFileSync(path.join(server.directory, 'hongyan.toml'), config)
  server.signal('SIGHUP')
}

// Of what is said; who comes and goes is told beside it.
export const said = types.filter((it) => !it.startsWith('user.'))

// For each database a group of tests, each of which has a server of its own: `the.tells(t, …)`, which tells `events`, or all.
export function withEachStore(title, define, { concurrency = 4, events, keys, skip = false, stores = storeKinds } = {}) {
  for (const kind of stores) {
    if (skip) { // nobody would dispose of the store
      describe(`${title}, on ${kind}`, { skip }, () => {})
      continue
    }
    const opening = openStore(kind)
    opening.catch(() => {})
    describe(`${title}, on ${kind}`, { concurrency }, () => {
      const the = { kind }
      before(async () => { the.store = await opening })
      after(async () => (await opening.catch(() => undefined))?.dispose())
      // A receiver, and a server that tells it: {server, receiver, hook}. `hook`: its settings; `receiver`: how it is; `more`: TOML before.
      the.tells = async (t, { hook: settings = {}, receiver: how = {}, more = '', args = ['--api-key-file', keys.path('api')], ...rest } = {}) => {
        const receiver = await Receiver.open(t, how)
        const hook = new Hook(t, receiver, { events, ...settings })
        const database = await the.store.newDatabase()
        const server = await serverFor(t, { database, config: configOf([hook], more), args, ...rest })
        return { server, receiver, hook }
      }
      // An order to a database of `the.store` whose server is down.
      the.run = (database, sql) => order(kind, the.store, database, sql)
      // A text as the business' own transaction sends it (PostgreSQL).
      the.sendBySql = async (server, from, to, content) => {
        const { code, stderr } = await runToEnd(['grant-sql', 'hongyan', '--database', server.database])
        assert.equal(code, 0, stderr)
        await the.run(server.database, `SELECT hongyan.send('${from}', '${to}', 'text', to_jsonb('${content}'::text), '${uniqueId()}')`)
      }
      define(the)
    })
  }
}

// Texts `first`…`last` to each of these places, all at once, those to a place in that order; the messages.
export async function floodAll(session, places, first, last) {
  const list = range(first, last).flatMap((i) => places.map((to) => ({ to, clientMsgId: uniqueId(), kind: 'text', content: `n${i}` })))
  return (await pipeline(session, 'message.send', list)).map(({ message }) => message)
}

const ask = (server, method, rest, body, key = 'admin') => request(server, {
  method, path: `/v1/webhooks${rest}`, body, headers: { ...(key ? bearer(apiKeys[key] ?? key) : {}), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
})

export const listing = (server, key) => ask(server, 'GET', '', undefined, key)
export const failed = (server, name, query = '', key = undefined) => ask(server, 'GET', `/${name}/failed${query}`, undefined, key)
export const replay = (server, name, body, key) => ask(server, 'POST', `/${name}/replay`, body, key)
export const enable = (server, name, key) => ask(server, 'POST', `/${name}/enable`, undefined, key)
export { ask }

// What GET /v1/webhooks says, of the shape that it has to have.
export async function listed(server, key) {
  const answer = await listing(server, key)
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/)
  const { webhooks, ...more } = answer.json()
  assert.deepEqual(more, {})
  for (const it of webhooks) {
    const where = JSON.stringify(it)
    assert.deepEqual(Object.keys(it).sort(), ['failed', 'lagSeconds', 'lastError', 'lastId', 'name', 'nextTryAt', 'state', 'url'], where)
    assert.match(it.state, /^(delivering|failing|disabled)$/, where)
    assert.match(it.lastId, /^\d+$/, where)
    assert.ok(Number.isFinite(it.lagSeconds) && it.lagSeconds >= 0, where)
    assert.ok(Number.isSafeInteger(it.failed) && it.failed >= 0, where)
    if (it.lastError !== null) {
      assert.deepEqual(Object.keys(it.lastError).sort(), ['at', 'detail'], where)
      assert.match(it.lastError.at, rfc3339, where)
      assert.ok(typeof it.lastError.detail === 'string' && it.lastError.detail.length > 0, where)
    }
    if (it.nextTryAt !== null) assert.match(it.nextTryAt, rfc3339, where)
  }
  return webhooks
}

export async function stateOf(server, { name }) {
  const state = (await listed(server)).find((it) => it.name === name)
  assert.ok(state, `${name} is not in GET /v1/webhooks`)
  return state
}

// Until it says so of this webhook; what it says then.
export const becomes = (server, hook, what, predicate, ms = 10_000) => eventually(ms, `${hook.name} ${what}`, async () => {
  const state = await stateOf(server, hook)
  return predicate(state) && state
}, 50)

export const replayed = async (server, hook, body) => {
  const answer = await replay(server, hook.name, body)
  assert.deepEqual([answer.status, answer.json()], [202, {}])
}

export const enabled = async (server, hook) => {
  const answer = await enable(server, hook.name)
  assert.deepEqual([answer.status, answer.json()], [200, {}])
}

export const assertNone = (answer) => assertProblem(answer, 404)

// The types of the events that the entries of a log make, by their ids.
export const eventsOf = (log) => log.map(({ id, kind }) => [String(id), { edit: 'message.edited', recall: 'message.recalled', group: 'group.changed' }[kind] ?? 'message.created'])
