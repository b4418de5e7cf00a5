// orders.mjs URL NAME: a shop that takes orders, NAME-1, NAME-2 and so on, until it is killed: each with its message, in one transaction.

import pg from 'pg'

const [url, name] = process.argv.slice(2)
const client = new pg.Client({ connectionString: url })
await client.connect()
for (let i = 1; ; i++) {
  const id = `${name}-${i}`
  console.log(`begun ${id}`)
  await client.query('BEGIN')
  await client.query('INSERT INTO orders (id) VALUES ($1)', [id])
  await client.query('SELECT pg_sleep(random() * 0.01)') // there is more to an order
  await client.query('SELECT hongyan.send($1, $2, $3, $4, $5)', ['shop', 'buyer', 'custom', { type: 'order', id }, id])
  await client.query('SELECT pg_sleep(random() * 0.01)')
  await client.query('COMMIT')
  console.log(`committed ${id}`)
}
