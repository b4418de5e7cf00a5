// `npm test`: what is generated is current, the package is built anew, and all tests.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const run = (...args) => spawnSync(process.execPath, args, { stdio: 'inherit' }).status === 0

const isWell = run('types.mjs', '--check') && run('reference.mjs', '--check') && run('build.mjs')
const tests = readdirSync('test').filter((name) => name.endsWith('.test.mjs')).map((name) => `test/${name}`)
process.exitCode = isWell && run('--test', ...tests) ? 0 : 1
