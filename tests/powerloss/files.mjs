// `node files.mjs`: the folder of files on a disk that loses power, under the built server. What `scripts/powerloss --files`
// calls: every upload that was answered 201 is there afterwards, byte for byte.

import crypto from 'node:crypto'
import { parseArgs } from 'node:util'
import { number } from '../blackbox/lib/arguments.js'
import { random } from '../blackbox/lib/faults.js'
import { download, uploaded } from '../blackbox/lib/files.js'
import { makeDirectory, removeDirectory } from '../blackbox/lib/processes.js'
import { again, startServer } from '../blackbox/lib/server.js'
import { delay, within } from '../blackbox/lib/wait.js'
import { Disk } from './disk.mjs'

const { values } = parseArgs({ options: {
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  cuts: { type: 'string', default: '30' },
  lying: { type: 'boolean', default: false },
  disk: { type: 'string' },
} })
const first = number(values.seed, 'seed', 0)
const cuts = number(values.cuts, 'cuts', 1)
const users = ['1', '2', '3', '4']

const disk = await Disk.mount(values)
const folder = makeDirectory('files')
let server = await startServer({ database: `sqlite:${folder}/hongyan.db`, config: `[files]\nstore = "dir:${disk.folder}/files"\nuser_day = 4294967295\n` })
await disk.tell('keep') // the folder itself, made at start
const acknowledged = new Map() // id → [user, digest]
const digest = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex')
let isOver

async function send(user, next) {
  while (!isOver) {
    const bytes = crypto.randomBytes(1 + Math.floor(next() ** 4 * 600_000))
    try {
      const { fileId } = await uploaded(server, user, bytes)
      acknowledged.set(fileId, [user, digest(bytes)])
    } catch (error) {
      if (!isOver) throw error
    }
  }
}

let lostInAll = 0
for (let seed = first; seed < first + cuts && (lostInAll === 0 || values.lying); seed++) {
  const next = random(seed)
  const before = acknowledged.size
  isOver = false
  const sending = Promise.all(users.map((user) => send(user, next)))
  await Promise.race([delay(200 + next() * 800), sending])
  isOver = true
  const forgotten = await disk.tell(`off ${seed}`)
  await server.kill9()
  await within(30_000, sending, 'the end of the uploads')
  await disk.tell('on')
  server = await again(null, server)
  let lost = 0
  for (const [id, [user, of]] of acknowledged) {
    const { status, bytes } = await download(server, user, id)
    if (status === 200 && digest(bytes) === of) continue
    lost++
    acknowledged.delete(id)
  }
  lostInAll += lost
  console.log(`seed ${seed}: ${acknowledged.size + lost - before} acknowledged, ${lost} lost (${forgotten})`)
}
await server.kill9()
await disk.unmount()
removeDirectory(folder)
console.log(`${cuts} losses of power asked for, ${acknowledged.size + lostInAll} uploads acknowledged, ${lostInAll} lost`)
const isAsExpected = values.lying === lostInAll > 0
if (values.lying) console.log(isAsExpected ? 'as expected: syncs lied' : 'FAILED: syncs lied, and nothing was lost')
process.exitCode = isAsExpected ? 0 : 1
