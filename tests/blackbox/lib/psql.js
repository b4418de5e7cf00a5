// SQL, as a business's own application says it to the database.

import { binaries } from './postgres.js'
import { start } from './processes.js'
import { uniqueId } from './v1.js'
import { eventually, within } from './wait.js'

const options = ['-X', '-At', '-q', '-v', 'ON_ERROR_STOP=1', '-d']

// Statements of one session, one after the other; what they answer.
export async function psql(url, ...statements) {
  const child = start(`${binaries()}/psql`, [...options, url, '-f', '-'], { stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(statements.map((it) => `${it};\n`).join(''))
  await within(30_000, child.ended, 'the end of psql')
  if (child.err()) throw new Error(child.err())
  return child.out()
}

// A session that goes on.
export class Psql {
  constructor(t, url) {
    this.child = start(`${binaries()}/psql`, [...options, url], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.child.stdin.on('error', () => {})
    t.after(() => this.kill())
  }

  kill() { this.child.kill('SIGKILL') }

  // Until these statements are done; the lines that they answer.
  async run(sql) {
    const mark = `done ${uniqueId()}`
    const from = this.child.out().length
    this.child.stdin.write(`${sql};\n\\echo ${mark}\n`)
    const ended = this.child.ended.then(() => { throw new Error(`psql ended: ${this.child.err()}`) })
    await within(30_000, Promise.race([ended, eventually(30_000, sql.slice(0, 200), () => this.child.out().includes(mark, from))]), sql.slice(0, 200))
    return this.child.out().slice(from).split('\n').filter((line) => line && line !== mark)
  }
}
