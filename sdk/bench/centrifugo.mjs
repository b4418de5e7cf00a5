// A Centrifugo of this machine with its memory engine, as the peer of centrifuge-js.

import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { makeDirectory, removeDirectory, start } from '../../tests/blackbox/lib/processes.js'
import { eventually } from '../../tests/blackbox/lib/wait.js'
import { channelsOf, text, users } from './users.mjs'

/** Starts the binary on a free port; `stop()` ends it. */
export async function startCentrifugo(binary) {
  const free = createServer()
  await new Promise((resolve) => free.listen(0, '127.0.0.1', resolve))
  const { port } = free.address()
  await new Promise((resolve) => free.close(resolve))
  const directory = makeDirectory('centrifugo')
  const file = join(directory, 'config.json')
  writeFileSync(file, JSON.stringify({
    http_server: { address: '127.0.0.1', port },
    http_api: { insecure: true },
    health: { enabled: true },
    usage_stats: { disabled: true },
    client: { insecure: true, history_max_publication_limit: 500, queue_max_size: 16 << 20 }, // room for all answers of a batch
    channel: { without_namespace: { history_size: 500, history_ttl: '1h', force_recovery: true, force_positioning: true } },
  }))
  const child = start(binary, ['--config', file], { cwd: directory })
  const url = `http://127.0.0.1:${port}`
  await eventually(10_000, 'Centrifugo to be healthy', () => {
    if (child.exitCode !== null) throw new Error(`Centrifugo ended with ${child.exitCode}: ${child.out()}${child.err()}`)
    return fetch(`${url}/health`).then(({ ok }) => ok, () => false)
  })
  return { port, url, stop: () => { child.kill(); return child.ended.then(() => removeDirectory(directory)) } }
}

/** Publishes what the users have: objects of the four members that a chat needs. */
export async function fillCentrifugo({ url }) {
  for (const [me, { each }] of Object.entries(users)) {
    for (const [i, channel] of channelsOf(me).entries()) {
      const commands = Array.from({ length: each }, (_, n) => (
        { publish: { channel, data: { id: n + 1, from: `${me}-peer${i}`, content: text(n + 1), createTime: new Date().toISOString() } } }))
      const answer = await (await fetch(`${url}/api/batch`, { method: 'POST', body: JSON.stringify({ commands }) })).json()
      if (!answer.replies?.every(({ publish }) => publish)) throw new Error(`Centrifugo refused: ${JSON.stringify(answer).slice(0, 300)}`)
    }
  }
}
