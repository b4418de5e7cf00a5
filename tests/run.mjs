// `node ../run.mjs [FILE...]` in a folder of tests: all its *.test.js, two files at a time. `node --test` takes one at
// a time on a machine of two cores, and these tests wait more than they compute.
import fs from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { tap } from 'node:test/reporters'

const AT_A_TIME = 2

const all = () => fs.readdirSync('.', { recursive: true })
  .filter((file) => file.endsWith('.test.js') && !file.split(path.sep).includes('node_modules'))
  .sort()
const files = (process.argv.length > 2 ? process.argv.slice(2) : all()).map((file) => path.resolve(file))

run({ files, concurrency: AT_A_TIME })
  .on('test:fail', () => { process.exitCode = 1 })
  .compose(tap)
  .pipe(process.stdout)
