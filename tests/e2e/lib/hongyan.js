'use strict'
// Starts the real hongyan server for a test, on a database of its own.

const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')

const REPOSITORY = path.resolve(__dirname, '..', '..', '..')
const BINARY = process.env.HONGYAN_BIN || path.join(REPOSITORY, 'build', 'release', 'hongyan')
const START_TIMEOUT_MS = 20000

/**
 * Starts a server and waits until it says where it listens.
 * `restart()` kills it (SIGKILL, as a crash would) and starts it again on the same port and database.
 * @param {{origins?: string[], args?: string[], config?: string}} options the web origins that may come in, further
 *   flags, and the text of a configuration file
 */
async function startHongyan({ origins = [], args: flags = [], config } = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hongyan-e2e-'))
  const database = path.join(directory, 'x.db')
  let child
  let url

  const start = async (listen) => {
    const args = ['--listen', listen, '--database', `sqlite:${database}`, ...flags]
    for (const origin of origins) args.push('--allow-origin', origin)
    if (origins.length > 0 && !flags.includes('--auth')) args.push('--insecure')
    if (config !== undefined) {
      const file = path.join(directory, 'hongyan.toml')
      fs.writeFileSync(file, config)
      args.push('--config', file)
    }
    child = spawn(BINARY, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    url = await listeningAddress(child)
  }
  const kill = (signal) => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', resolve)
    child.kill(signal)
  })

  try {
    await start('127.0.0.1:0')
  } catch (error) {
    fs.rmSync(directory, { recursive: true, force: true })
    throw error
  }
  return {
    get url() { return url },
    kill: () => kill('SIGKILL'),
    start: () => start(new URL(url).host),
    /** It reads its files of keys again. */
    reload: () => { child.kill('SIGHUP') },
    async restart() { await this.kill(); await this.start() },
    async stop() {
      await kill('SIGTERM')
      fs.rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The address in the line `hongyan listening on http://HOST:PORT`; fails with the server's log if none comes. */
function listeningAddress(child) {
  return new Promise((resolve, reject) => {
    let output = ''
    let log = ''
    const fail = (why) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`${BINARY} ${why}\n${log}`))
    }
    const timer = setTimeout(() => fail('did not say that it listens'), START_TIMEOUT_MS)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code, signal) => fail(`ended with ${code === null ? signal : code}`))
    child.stderr.on('data', (bytes) => { log = (log + bytes).slice(-20000) })
    child.stdout.on('data', (bytes) => {
      output += bytes
      const match = /^hongyan listening on (https?:\/\/\S+)$/m.exec(output)
      if (!match) return
      clearTimeout(timer)
      child.removeAllListeners('exit')
      resolve(match[1])
    })
  })
}

module.exports = { startHongyan }
