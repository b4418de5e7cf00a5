// `node bench/run.mjs` (after `node build.mjs`): what the client costs beside a bare WebSocket client that asks for the same, and beside
// centrifuge-js that asks a Centrifugo for as much: cold start to the first message, CPU and bytes of a sync of 1,000 messages in 50
// conversations, memory of 10,000 kept messages. Each figure is the median of several processes, in turns. HONGYAN_BIN says which
// server, CENTRIFUGO which Centrifugo.

import { execFile, execFileSync } from 'node:child_process'
import { createServer, connect as connectTcp } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { makeDirectory, removeDirectory } from '../../tests/blackbox/lib/processes.js'
import { startServer } from '../../tests/blackbox/lib/server.js'
import { connectV1, flood, user } from '../../tests/blackbox/lib/v1.js'
import { fillCentrifugo, startCentrifugo } from './centrifugo.mjs'
import { text, users } from './users.mjs'

const runs = 7
const program = fileURLToPath(new URL('one.mjs', import.meta.url))
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
const counted = { bytes: 0 }

// The URL of a server behind a proxy that counts the bytes of both directions.
async function countedUrl(port) {
  const proxy = createServer((client) => {
    const there = connectTcp(port, '127.0.0.1')
    for (const [from, to] of [[client, there], [there, client]]) {
      from.on('data', (bytes) => { counted.bytes += bytes.length; to.write(bytes) }).on('close', () => to.destroy()).on('error', () => {})
    }
  })
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${proxy.address().port}`
}

async function fillHongyan(server) {
  for (const [me, { conversations, each }] of Object.entries(users)) {
    for (let i = 0; i < conversations; i++) {
      const peer = await connectV1(server, `${me}-peer${i}`)
      await flood(peer, user(me), 1, each, text)
      await peer.close()
    }
  }
}

async function one(who, url, me, wanted, folder) {
  counted.bytes = 0
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, who, url, me, String(wanted), ...(folder ? [folder] : [])])
  return { ...JSON.parse(stdout), bytes: counted.bytes }
}

const server = await startServer()
await fillHongyan(server)
const url = await countedUrl(server.port)
const folder = makeDirectory('bench')
await one('sdk', url, 'many', 0, folder) // what it keeps for the next start
const measured = [
  ['hongyan-client', 'sdk', url, 'many', 0], ['hongyan-client, started again', 'sdk', url, 'many', 0, folder], ['bare WebSocket (ws)', 'bare', url, 'many', 0],
  ['hongyan-client, kept', 'sdk', url, 'large', 10_000], ['bare WebSocket (ws), kept', 'bare', url, 'large', 10_000],
]

let centrifugo
if (process.env.CENTRIFUGO) {
  centrifugo = await startCentrifugo(process.env.CENTRIFUGO)
  await fillCentrifugo(centrifugo)
  const there = await countedUrl(centrifugo.port)
  measured.push(['centrifuge-js', 'centrifuge', there, 'many', 0], ['centrifuge-js, kept', 'centrifuge', there, 'large', 10_000])
} else {
  console.log('centrifuge-js is left out: give CENTRIFUGO=path (`go install github.com/centrifugal/centrifugo/v6@v6.9.1`) to have it too')
}

const rows = {}
for (let i = 0; i < runs; i++) for (const [name, ...how] of measured) (rows[name] ??= []).push(await one(...how))
console.log(`Node ${process.version}, ${execFileSync('nproc').toString().trim()} cores, medians of ${runs}`)
for (const [name, list] of Object.entries(rows)) {
  const of = (what) => median(list.map((row) => row[what])).toFixed(0)
  const kib = (what) => (of(what) / 1024).toFixed(0)
  console.log(`${name}: ${of('count')} messages, ${of('count') > 1000 ? `heap ${kib('heap')} KiB`
    : `first shown after ${of('firstMs')} ms, CPU ${of('allMs')} ms (${of('loadMs')} to load the modules), ${kib('bytes')} KiB`}`)
}
await centrifugo?.stop()
await server.kill9()
removeDirectory(folder)
process.exit(0)
