// Autobahn's own cases against the built server: parts 1 to 7, 9 and 10, each a test of its own here. scripts/autobahn
// installs what runs them.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { start } from '../blackbox/lib/processes.js'
import { startServer } from '../blackbox/lib/server.js'
import { within } from '../blackbox/lib/wait.js'
import { startEcho } from './echo.js'

const build = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../build/autobahn')
const reports = path.join(build, 'reports')
// Without the opening handshake (8, which the suite itself lacks) and compression (12 and 13), which is not offered.
const parts = [1, 2, 3, 4, 5, 6, 7, 9, 10]
const cases = 301

const report = (name) => JSON.parse(fs.readFileSync(path.join(reports, name), 'utf8'))

async function runSuite() {
  // The suite's messages have up to 16 MiB. What is over the limit is for rfc6455.test.js.
  const server = await startServer({ config: '[limits]\nmessage_bytes = 16777216\n' })
  after(() => server.dispose())
  const echo = await startEcho(server)
  after(() => echo.close())
  fs.rmSync(reports, { recursive: true, force: true })
  const suite = start(path.join(build, 'bin/kosoku'),
    [`ws://127.0.0.1:${echo.port}`, '--outdir', reports, '--parallelism', '4', ...parts.flatMap((part) => ['--include', `${part}.*`])])
  // Its status is 1 when a case failed, which the binary ones do.
  const { code } = await within(300_000, suite.ended, 'the end of the suite')
  assert.ok(code === 0 || code === 1, `the suite ended with ${code}: ${suite.err()}`)
  const [results] = Object.values(report('index.json'))
  return results
}

const results = await runSuite()

// The server speaks no binary (docs/protocol.md, "Close codes").
const isBinary = (number) => /^(1\.2|9\.[2468])\./.test(number)

describe('the suite', () => {
  it(`has ${cases} cases`, () => assert.equal(Object.keys(results).length, cases))

  for (const [number, { behavior, behaviorClose, remoteCloseCode, reportfile }] of Object.entries(results)) {
    const { description, expectation, result, resultClose } = report(reportfile)
    const told = () => [description, expectation, result, resultClose, `see ${path.join(reports, reportfile)}`].join('\n')
    const title = description.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ').slice(0, 120)
    it(`${number}: ${title}${isBinary(number) ? ' It is closed with 1003.' : ''}`, () => {
      if (isBinary(number)) return assert.equal(remoteCloseCode, 1003, told())
      // Not NON-STRICT, which the suite lets pass; INFORMATIONAL is what it has no opinion about.
      for (const verdict of [behavior, behaviorClose]) assert.match(verdict, /^(OK|INFORMATIONAL)$/, told())
    })
  }
})
