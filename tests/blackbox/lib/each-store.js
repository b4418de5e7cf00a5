// The same tests on every database: a server of its own for each.

import { after, before, describe } from 'node:test'
import { startServer } from './server.js'
import { openStore, storeKinds } from './stores.js'

// `define(the)` defines the tests; in them `the.server`, `the.store` and `the.kind` are there.
export function onEachStore(title, define, { concurrency = 4, ...settings } = {}) {
  for (const kind of storeKinds) {
    // A PostgreSQL takes a second to come up: the tests on SQLite need not wait for it.
    const opening = openStore(kind)
    opening.catch(() => {})
    describe(`${title}, on ${kind}`, { concurrency }, () => {
      const the = { kind }
      before(async () => {
        the.store = await opening
        the.server = await startServer({ ...settings, database: await the.store.newDatabase() })
      })
      after(async () => {
        try { await the.server?.dispose() } finally { await (await opening.catch(() => undefined))?.dispose() }
      })
      define(the)
    })
  }
}
