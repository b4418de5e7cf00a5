// `node ../run.mjs [FILE...]` in a folder of tests: all its *.test.js, several files at a time. `node --test` takes one at
// a time on a machine of two cores, and these tests wait more than they compute: those of browsers less than others. Those
// that measure (fair*.test.js) come afterwards, one at a time: what other tests do would be in their figures.
import fs from 'node:fs'
import path from 'node:path'
import { run } from 'node:test'
import { tap } from 'node:test/reporters'

const AT_A_TIME = path.basename(process.cwd()) === 'blackbox' ? 4 : 2

const all = () => fs.readdirSync('.', { recursive: true })
  .filter((file) => file.endsWith('.test.js') && !file.split(path.sep).includes('node_modules'))
  .sort()
const given = (process.argv.length > 2 ? process.argv.slice(2) : all()).map((file) => path.resolve(file))

// Under a sanitizer figures say nothing, and what is done to the store, and by failovers, is in the other tests as well.
const isSlowed = /\b(asan|tsan)\b/.test(process.env.HONGYAN_BIN ?? '')
const measures = (file) => path.basename(file).startsWith('fair')

const files = given.filter((file) => !isSlowed || !['fair-store.test.js', 'failover.test.js'].includes(path.basename(file)))

for (const [some, concurrency] of [[files.filter((file) => !measures(file)), AT_A_TIME], [files.filter(measures), 1]]) {
  if (some.length === 0) continue
  await new Promise((done) => {
    run({ files: some, concurrency })
      .on('test:fail', () => { process.exitCode = 1 })
      .compose(tap)
      .on('end', done)
      .pipe(process.stdout, { end: false })
  })
}
