// Child processes end with the test process, however that ends; each by its own pid.

import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const running = new Set()
const directories = new Set()

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const directory of directories) {
    try { fs.rmSync(directory, { recursive: true, force: true }) } catch { /* a process may still be ending in it */ }
  }
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))

// Starts a process; `child.ended` resolves to {code, signal}; `child.out` and `child.err` are functions that
// return what it has written so far.
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8')
    child[name].on('data', (text) => { texts[name] += text })
  }
  child.out = () => texts.stdout
  child.err = () => texts.stderr
  running.add(child)
  child.ended = new Promise((resolve, reject) => {
    child.once('error', (error) => { running.delete(child); reject(error) })
    // 'close' comes when the pipes are empty too, so that the last words are not lost.
    child.once('close', (code, signal) => { running.delete(child); resolve({ code, signal }) })
  })
  child.ended.catch(() => {})
  return child
}

// Runs a process to its end, and fails when that is not status 0.
export async function run(command, args, options) {
  const child = start(command, args, options)
  const { code, signal } = await child.ended
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}: ${child.err()}`)
  return child.out()
}

export function makeDirectory(name) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), `hongyan-${name}-`))
  directories.add(directory)
  return directory
}

export function removeDirectory(directory) {
  fs.rmSync(directory, { recursive: true, force: true })
  directories.delete(directory)
}
