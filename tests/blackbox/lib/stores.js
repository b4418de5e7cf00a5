// The databases that a test runs on: HONGYAN_TEST_STORES=sqlite,postgres (both unless told otherwise).

import path from 'node:path'
import { Postgres } from './postgres.js'
import { makeDirectory, removeDirectory, run } from './processes.js'

const known = ['sqlite', 'postgres']

export const storeKinds = (process.env.HONGYAN_TEST_STORES ?? known.join(',')).split(',').map((name) => name.trim()).filter(Boolean)
for (const kind of storeKinds) {
  if (!known.includes(kind)) throw new Error(`HONGYAN_TEST_STORES: "${kind}" is not one of ${known.join(', ')}`)
}

// {newDatabase(): URL, dispose()}
export async function openStore(kind) {
  if (kind === 'postgres') return Postgres.create()
  const directory = makeDirectory('sqlite')
  let count = 0
  return {
    newDatabase: async () => `sqlite:${path.join(directory, `test${++count}.db`)}`,
    dispose: async () => removeDirectory(directory),
  }
}

// An order to one of the databases of a store; what its client prints.
export const order = (kind, store, database, sql) =>
  (kind === 'postgres' ? store.sql(sql, new URL(database).pathname.slice(1)) : run('sqlite3', [database.slice('sqlite:'.length), sql]))
