// What the server signs is accepted by the official packages of Standard Webhooks, and by the Java that docs/webhooks.md prints; another body and
// another secret are refused. For Node the black-box tests verify each request that any of them gets by the official package; here it is beside others.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { pushed } from '../blackbox/lib/client.js'
import { makeDirectory, removeDirectory } from '../blackbox/lib/processes.js'
import { startServer } from '../blackbox/lib/server.js'
import { within } from '../blackbox/lib/wait.js'
import { newSecret } from '../blackbox/lib/webhook-receiver.js'
import { configOf, Hook } from '../blackbox/lib/webhooks.js'
import { goProgram, here, javaPackages, javaProgram, pythonTools, root, run } from './lib.js'

const source = path.join(here, 'verifiers')
const content = '大雁 😀 𠮷 "\\ \u0001\u2028 é'
// While secrets change there are two, each of which signs.
const secrets = [newSecret(), newSecret(64)]

let server, receiver, hook
before(async () => {
  receiver = http.createServer()
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  hook = new Hook(undefined, { url: `http://127.0.0.1:${receiver.address().port}/`, secrets }, { events: ['message.created'] })
  server = await startServer({ config: configOf([hook]) })
})
after(async () => {
  try {
    await server?.dispose()
  } finally {
    hook?.dispose()
    receiver.close()
    receiver.closeAllConnections()
  }
})

// {id, timestamp, signatures, body} of a message that is told now: what was signed is good for five minutes alone, and tools take their time.
async function delivery() {
  const arrived = new Promise((resolve) => receiver.once('request', async (request, response) => {
    const body = Buffer.concat(await request.toArray())
    response.writeHead(204).end()
    const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = request.headers
    resolve({ id, timestamp, signatures, body })
  }))
  await pushed(server, { userId: 1, targetUserId: 2, content })
  const it = await within(10_000, arrived, 'the webhook')
  assert.equal(it.signatures.split(' ').length, 2)
  assert.equal(JSON.parse(it.body).data.message.content, content)
  return it
}

// `verify({secret, id, timestamp, signatures, body})` says "accepted" or "refused".
async function assertVerifies(verify) {
  const told = await delivery()
  for (const secret of secrets) assert.equal(await verify({ secret, ...told }), 'accepted')
  const wrong = {
    body: Buffer.from(told.body.toString().replace('大雁', '小雁')),
    id: `${told.id}0`,
    timestamp: String(Number(told.timestamp) - 1),
    secret: newSecret(),
  }
  assert.notDeepEqual(wrong.body, told.body)
  for (const [name, value] of Object.entries(wrong)) assert.equal(await verify({ secret: secrets[0], ...told, [name]: value }), 'refused', `another ${name}`)
}

// A program that is told by its arguments and its input.
const program = (command, args, options) => async ({ secret, id, timestamp, signatures, body }) =>
  (await run(command, [...args, secret, id, timestamp, signatures], { ...options, input: body })).trim()

describe('what the server signs is verified', () => {
  it('in Node, by standardwebhooks of npm', () => assertVerifies(({ secret, id, timestamp, signatures, body }) => {
    try {
      new Webhook(secret).verify(body, { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures })
      return 'accepted'
    } catch (error) {
      assert.ok(error instanceof WebhookVerificationError, error)
      return 'refused'
    }
  }))

  it('in Python, by standardwebhooks of PyPI', async () => {
    const tools = await pythonTools('clients-verifiers-python', path.join(source, 'requirements.txt'))
    await assertVerifies(program(path.join(tools, 'python3'), [path.join(source, 'verify.py')]))
  })

  it('in Go, by github.com/standard-webhooks/standard-webhooks/libraries/go', async (t) => {
    const verify = await goProgram(t, source)
    if (verify) await assertVerifies(program(verify, []))
  })

  it('in Java, by com.standardwebhooks of Maven Central', async (t) => {
    const packages = await javaPackages(t, 'clients-verifiers-java')
    if (packages) await assertVerifies(program(...await javaProgram(t, path.join(source, 'Verify.java'), packages)))
  })

  for (const page of ['docs/webhooks.md', 'docs/webhooks.zh-CN.md']) {
    it(`in Java, as ${page} prints it`, async (t) => {
      const folder = makeDirectory('printed')
      t.after(() => removeDirectory(folder))
      const [, printed] = /```java\n([^`]*isOurs[^`]*)```/.exec(fs.readFileSync(path.join(root, page), 'utf8'))
      const file = path.join(folder, 'Printed.java')
      fs.writeFileSync(file, `import static java.nio.charset.StandardCharsets.UTF_8;
import java.security.*;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
class Printed {
${printed}
  public static void main(String[] args) throws Exception {
    System.out.println(isOurs(args[0], args[1], args[2], args[3], System.in.readAllBytes()) ? "accepted" : "refused");
  }
}
`)
      await assertVerifies(program(...await javaProgram(t, file)))
    })
  }
})
