// The built server as a process: started on a free port in a directory of its own, and always ended.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeCertificate } from './certificates.js'
import { makeDirectory, removeDirectory, start } from './processes.js'
import { eventually, within } from './wait.js'

const here = path.dirname(fileURLToPath(import.meta.url))
export const binary = process.env.HONGYAN_BIN
  ? path.resolve(process.env.HONGYAN_BIN)
  : path.resolve(here, '../../../build/release/hongyan')

// Sanitizers keep freed memory for a while, so figures about memory mean nothing under them.
let sanitized
export function isSanitized() {
  sanitized ??= fs.readFileSync(binary).includes('__asan_init') || fs.readFileSync(binary).includes('__tsan_init')
  return sanitized
}

// The caller's environment without settings for the server, so that a developer's own cannot change a test.
export function cleanEnvironment(extra = {}) {
  const env = {}
  for (const [name, value] of Object.entries(process.env)) if (!name.startsWith('HONGYAN_')) env[name] = value
  return { ...env, ...extra }
}

let certificate
const sharedCertificate = () => (certificate ??= makeCertificate(makeDirectory('certificate')))

const listening = /^hongyan listening on (https?):\/\/(\S+):(\d+)$/m

class Server {
  constructor(settings) {
    this.settings = settings
    this.directory = settings.directory ?? makeDirectory('server')
    this.ownsDirectory = !settings.directory
    this.database = settings.database ?? `sqlite:${path.join(this.directory, 'hongyan.db')}`
  }

  async begin() {
    const { args = [], env = {}, config, listen = '127.0.0.1:0', cwd } = this.settings
    const all = ['--listen', listen, '--database', this.database, ...args]
    if (process.env.HONGYAN_TEST_TLS && !args.includes('--tls-cert')) {
      const { cert, key, pem } = await sharedCertificate()
      all.push('--tls-cert', cert, '--tls-key', key)
      this.settings.ca = pem
    }
    if (config !== undefined) {
      const file = path.join(this.directory, 'hongyan.toml')
      fs.writeFileSync(file, config)
      all.push('--config', file)
    }
    const [command, ...before] = [...(this.settings.prefix ?? []), this.settings.binary ?? binary]
    this.process = start(command, [...before, ...all], { cwd: cwd ?? this.directory, env: cleanEnvironment(env) })
    const ready = new Promise((resolve, reject) => {
      this.process.stdout.on('data', () => {
        const line = listening.exec(this.process.out())
        if (line) resolve(line)
      })
      this.process.ended.then(
        ({ code, signal }) => reject(new Error(`hongyan ended with ${code ?? signal} at start: ${this.process.err()}`)),
        reject)
    })
    try {
      const [, scheme, host, port] = await within(20_000, ready, 'the line "hongyan listening on …"')
      this.scheme = scheme
      this.host = host
      this.port = Number(port)
    } catch (error) {
      this.process.kill('SIGKILL')
      throw error
    }
    return this
  }

  becomeReady() {
    return eventually(10_000, '/readyz to say 200', () => new Promise((resolve) => {
      this.http.get({ host: this.address, port: this.port, path: '/readyz', agent: false, ...this.tls }, (answer) => {
        answer.resume()
        resolve(answer.statusCode === 200)
      }).on('error', () => resolve(false))
    }))
  }

  get pid() { return this.process.pid }
  get running() { return this.process.exitCode === null && this.process.signalCode === null }
  // What an HTTP client connects to: 0.0.0.0 is where it listens, not where it is.
  get address() { return this.host === '0.0.0.0' ? '127.0.0.1' : this.host }
  get authority() { return `${this.address}:${this.port}` }
  // With a certificate: what clients need to know of it. settings.ca: whom they trust.
  get tls() { return this.scheme === 'https' ? { ca: this.settings.ca, servername: 'localhost' } : {} }
  get http() { return this.scheme === 'https' ? https : http }
  socketUrl(path) { return `${this.scheme === 'https' ? 'wss' : 'ws'}://${this.authority}${path}` }
  stderr() { return this.process.err() }
  stdout() { return this.process.out() }

  // Resident memory in bytes.
  memory() {
    const status = fs.readFileSync(`/proc/${this.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]) * 1024
  }

  signal(name) { this.process.kill(name) }

  async kill9() {
    this.process.kill('SIGKILL')
    await within(5_000, this.process.ended, 'the end of a killed server')
  }

  // Drains it, and fails when it does not end as promised: a crash at the end is a crash.
  async stop() {
    if (!this.running) return
    this.process.kill('SIGTERM')
    try {
      const end = await within(15_000, this.process.ended, 'the end of the server after SIGTERM')
      assert.deepEqual(end, { code: 0, signal: null }, `ended badly after SIGTERM: ${this.stderr().slice(-2000)}`)
    } finally {
      this.process.kill('SIGKILL')
    }
  }

  // Ends it however it can be ended, and removes what it left.
  async dispose() {
    try {
      const crashed = !this.running && this.process.signalCode !== null && this.process.signalCode !== 'SIGKILL'
      await this.stop()
      assert.ok(!crashed, `the server crashed with ${this.process.signalCode}: ${this.stderr().slice(-2000)}`)
    } finally {
      if (this.ownsDirectory) removeDirectory(this.directory)
    }
  }
}

// settings: database (URL), directory, listen, args, env, config (TOML text), prefix (a command to start it by), binary (another than the one
// under test); ready: false when the database is
// not there, so that /readyz is not waited for.
export async function startServer(settings = {}) {
  const server = new Server(settings)
  try {
    await server.begin()
    if (settings.ready !== false) await server.becomeReady()
    return server
  } catch (error) {
    server.process?.kill('SIGKILL')
    if (server.ownsDirectory) removeDirectory(server.directory)
    throw error
  }
}

// A server for one test, ended after it.
export async function serverFor(t, settings) {
  const server = await startServer(settings)
  t.after(() => server.dispose())
  return server
}

// The same server again, after it ended: same directory, database and options, maybe another port.
export async function again(t, server, changes = {}) {
  const next = await startServer({
    ...server.settings, database: server.database, directory: server.directory, ...changes,
  })
  t?.after(() => next.dispose())
  return next
}

// Runs the binary with options that should end it at once: {code, signal, stdout, stderr}. A server that starts
// in spite of them is ended, and `code` is 'it started'.
export async function runToEnd(args, { env = {}, cwd, prefix = [], ms = 10_000 } = {}) {
  const [command, ...before] = [...prefix, binary]
  const child = start(command, [...before, ...args], { cwd, env: cleanEnvironment(env) })
  const started = new Promise((resolve) => {
    child.stdout.on('data', () => { if (listening.test(child.out())) resolve({ code: 'it started', signal: null }) })
  })
  try {
    const end = await within(ms, Promise.race([child.ended, started]), `the end of hongyan ${args.join(' ')}`)
    return { ...end, stdout: child.out(), stderr: child.err() }
  } finally {
    child.kill('SIGKILL')
    await child.ended.catch(() => {})
  }
}
