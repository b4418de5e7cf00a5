// Who is asked before what users write is stored: a receiver on a free port of this machine. Each question is verified by the official package
// of Standard Webhooks, and kept in the order in which it came; what is wrong with one fails whoever waits here. It says yes, unless told
// otherwise.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { get } from './client.js'
import { makeDirectory, removeDirectory } from './processes.js'
import { parseMetrics } from './prometheus.js'
import { serverFor } from './server.js'
import { Watched } from './watched.js'
import { newSecret, signersOf } from './webhook-receiver.js'

export const allow = { action: 'allow' }
export const deny = (reason) => ({ action: 'deny', ...(reason === undefined ? {} : { reason }) })
export const replace = (content) => ({ action: 'replace', content })

// In place of a verdict: an answer that is none.
export const hang = { hang: true }
export const reset = { reset: true }
export const status = (code, verdict = allow) => ({ status: code, body: JSON.stringify(verdict) })
export const raw = (body, headers = {}) => ({ body, headers })
export const redirect = (location, code = 302) => ({ status: code, headers: { location }, body: '' })
export const after = (ms, how = allow) => ({ after: ms, how })

// It is told to answer by a verdict, or by one of the above.
export class Judge extends Watched {
  questions = [] // {event, from, to, kind, content, ext, headers, path, verifiedBy, begun, ended, at}, each once
  ids = new Map() // webhook-id → the body of its question
  busy = 0
  busiest = 0
  clock = 0 // counts what happens: `begun` and `ended` of questions are its ticks
  faults = []

  static async open(t, { secrets = [newSecret()] } = {}) {
    const judge = new Judge()
    judge.secrets = secrets
    judge.server = http.createServer((request, response) => judge.receive(request, response))
    judge.server.keepAliveTimeout = 0
    judge.server.requestTimeout = 0
    judge.server.on('clientError', (error, socket) => socket.destroy())
    await judge.up()
    judge.port = judge.server.address().port
    t?.after(() => judge.close())
    return judge
  }

  get url() { return `http://127.0.0.1:${this.port}/check` }

  up() {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(this.port ?? 0, '127.0.0.1', () => { this.server.off('error', reject); resolve() })
    })
  }

  // Nobody is there: connections are refused, and those there are end.
  down() {
    const ended = new Promise((resolve) => this.server.close(resolve))
    this.server.closeAllConnections()
    return ended
  }

  async close() {
    if (this.server.listening) await this.down()
    this.assertGood()
  }

  of(content) { return this.questions.filter((it) => it.content === content) }
  get contents() { return this.questions.map(({ content }) => content) }
  // What was asked, without how.
  get asked() { return this.questions.map(({ event, from, to, kind, content, ext }) => ({ event, from, to, kind, content, ext })) }

  get place() { return 'the judge' }
  assertGood() {
    if (this.faults.length) throw new assert.AssertionError({ message: `at ${this.place}: ${this.faults[0]}` })
  }
  summary() { return `${this.questions.length} questions came, the last: ${JSON.stringify(this.asked.slice(-5)).slice(0, 600)}` }

  question(accepts, ms, what = 'a question') { return this.waitFor(() => this.questions.find(accepts), ms, what) }
  about(content, ms) { return this.question((it) => it.content === content, ms, `a question about ${content}`) }

  receive(request, response) {
    const question = { begun: ++this.clock, at: Date.now() }
    this.busiest = Math.max(this.busiest, ++this.busy)
    response.on('close', () => {
      this.busy--
      question.ended ??= ++this.clock
      this.changed()
    })
    response.on('error', () => {})
    request.on('error', () => {})
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8')
      try {
        this.check(question, request, body)
      } catch (error) {
        this.faults.push(`${error.message}; ${request.method} ${request.url} ${JSON.stringify(request.headers)} ${body.slice(0, 500)}`)
        response.writeHead(400).end()
        this.changed()
        return
      }
      // A client of HTTP may ask again when a connection that it kept is cut before an answer.
      if (!question.isRepeat) this.questions.push(question)
      Promise.resolve(this.howOf(question)).then((it) => this.respond(question, it ?? allow, request, response))
      this.changed()
    })
  }

  // What holds for each question.
  check(question, { method, url, headers }, body) {
    assert.equal(method, 'POST')
    assert.equal(url, '/check')
    assert.match(headers['content-type'] ?? '', /^application\/json\b/)
    assert.equal(headers.host, `127.0.0.1:${this.port}`)
    assert.equal(headers.authorization, undefined)
    assert.ok(headers['webhook-id']?.length > 0 && !headers['webhook-id'].includes('.'), 'it has an id')
    question.isRepeat = this.ids.has(headers['webhook-id'])
    if (question.isRepeat) assert.equal(body, this.ids.get(headers['webhook-id']), 'each question has an id of its own')
    this.ids.set(headers['webhook-id'], body)
    assert.match(headers['webhook-timestamp'] ?? '', /^\d{10}$/)
    const verifiedBy = signersOf(this.secrets, headers, body)
    const asked = JSON.parse(body)
    assert.deepEqual(Object.keys(asked).sort(), ['content', 'event', 'ext', 'from', 'kind', 'to'])
    assert.match(asked.event, /^(send|edit|name)$/)
    assert.equal(typeof asked.from, 'string')
    if (asked.to !== null) {
      const [place, ...more] = Object.keys(asked.to)
      assert.ok(['userId', 'groupId'].includes(place) && !more.length && typeof asked.to[place] === 'string', 'a place')
    }
    if (asked.event === 'name') assert.deepEqual([asked.kind, asked.ext, typeof asked.content], [null, null, 'string'])
    else assert.match(asked.kind, /^(text|image|voice|video|file|location|custom)$/)
    const signatures = headers['webhook-signature'].split(' ').length
    Object.assign(question, asked, { headers, path: url, verifiedBy, signatures })
  }

  respond(question, how, request, response) {
    if (how.hang) return
    if (how.reset) {
      request.socket.resetAndDestroy()
      return
    }
    if (how.after) {
      setTimeout(() => this.respond(question, how.how, request, response), how.after)
      return
    }
    const { status: code = 200, headers = {}, body = JSON.stringify(how) } = how
    question.ended = ++this.clock
    response.writeHead(code, { 'content-type': 'application/json', ...headers })
    response.end(body)
    this.changed()
  }
}

// The settings of a server that asks: what a judge needs of it, and others beside (`timeout`, `concurrency`, `on_failure`). The timeout is long,
// but for who tests it: this machine may be busy.
export class BeforeSend {
  constructor(t, judge, settings = {}) {
    this.directory = makeDirectory('before-send')
    t?.after(() => removeDirectory(this.directory))
    this.settings = { url: judge.url, secret_file: path.join(this.directory, 'secret'), timeout: 8, ...settings }
    this.write(...judge.secrets)
  }

  write(...secrets) { fs.writeFileSync(path.join(this.directory, 'secret'), secrets.map((it) => `${it}\n`).join(''), { mode: 0o600 }) }

  get toml() {
    const lines = Object.entries(this.settings).filter(([, value]) => value !== undefined).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
    return `[before_send]\n${lines.join('')}`
  }
}

// A judge, and a server that asks it: {server, judge, hook}. `the` is that of withEachStore; `hook`: settings; `more`: TOML beside.
export async function judged(the, t, { hook: settings, judge: how, more = '', keys, args = ['--api-key-file', keys.path('api')], ...rest } = {}) {
  const judge = await Judge.open(t, how)
  const hook = new BeforeSend(t, judge, settings)
  const database = await the.store.newDatabase()
  const server = await serverFor(t, { database, config: `${hook.toml}\n${more}`, args, ...rest })
  return { server, judge, hook }
}

// How often which verdict was counted.
export async function verdicts(server) {
  const { samples } = parseMetrics((await get(server, '/metrics')).text)
  const counts = samples.filter(({ name, labels }) => name === 'hongyan_checks_total' && labels.by === 'before_send')
  return Object.fromEntries(counts.map(({ labels, value }) => [labels.outcome, value]))
}
