// docs/protocol.md, asyncapi.json and openapi.json against the built server: each example is sent, each answer is
// what the page shows and fits its schema, and nothing that the server knows is left out. Whether they agree among
// themselves is for api-schema.test.js.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { after, describe, it } from 'node:test'
import { connect, request } from './lib/client.js'
import { blocks, bodyOf, dialogue, isDialogue, messages, methods, notifications, openapi, operations, payload, read, resolve, withFiles } from './lib/documents.js'
import { onEachStore } from './lib/each-store.js'
import { fetchBytes, mp3, multipart, png, uploaded, words } from './lib/files.js'
import { assertDocumented, assertFiles, http, socket } from './lib/fits.js'
import { KeyFiles } from './lib/keys.js'
import { binary, serverFor } from './lib/server.js'
import { connectV1, people, range, user } from './lib/v1.js'

const page = read('docs/protocol.md')

// ---- comparing with what the page shows ----

// These differ from run to run, or are sentences: of them only the type is compared.
const varying = new Set(['sessionId', 'epoch', 'node', 'nodes', 'createTime', 'serverTime', 'since', 'until', 'expiresAt', 'message', 'detail', 'reason', 'reconnectAfterMs'])
// Of a link to a file its end.
const lasting = (url) => url.replace(/expires=\d+&signature=[\w-]{43}$/, 'expires=…&signature=…')

function assertLike(real, shown, where = '') {
  const key = where.split('.').at(-1)
  if (typeof shown === 'string' && varying.has(key) && typeof real === 'string') return
  // Of the second conversation on: PostgreSQL has counted the one of a message that was refused.
  if (key === 'conversationId' && Number(shown) > 1 && Number(real) > 1) return
  if (key === 'url' && typeof shown === 'string' && typeof real === 'string') return assert.equal(lasting(real), lasting(shown), `at ${where}`)
  if (key === 'nodes' || (key === 'reconnectAfterMs' && typeof shown === typeof real)) return
  if (shown && real && typeof shown === 'object' && typeof real === 'object' && Array.isArray(shown) === Array.isArray(real)) {
    assert.deepEqual(Object.keys(real).sort(), Object.keys(shown).sort(), `the members at ${where || 'the top'}: ${JSON.stringify(real)}`)
    for (const name of Object.keys(shown)) assertLike(real[name], shown[name], `${where}.${name}`)
    return
  }
  assert.deepEqual(real, shown, `at ${where}`)
}

// The epoch of an example is that of the server it was taken from.
const localized = (value, epoch) => JSON.parse(JSON.stringify(value), (key, it) => (key === 'epoch' && typeof it === 'string' ? epoch : it))

// ---- the files that are sent ----

// Bytes of which the server says this.
function bytesOf({ mime, size, width, height }) {
  const first = { 'image/png': () => png(width, height), 'audio/mpeg': () => mp3(0), 'application/pdf': () => words('%PDF-1.7\n'), 'application/octet-stream': () => words() }[mime]()
  assert.ok(first.length <= size, `a file of ${mime} has at least ${first.length} bytes`)
  return Buffer.concat([first, Buffer.alloc(size - first.length)])
}

// Ids of files are random: those that the documents show stand for those that the server has given.
class FileIds {
  constructor() {
    this.real = new Map()
    this.shown = new Map()
  }

  isShown(id) { return this.real.has(id) }

  pair(shown, real) {
    for (const id of [shown, real]) assert.match(id, /^[0-9a-f]{32}$/)
    this.real.set(shown, real)
    this.shown.set(real, shown)
  }

  // What a document shows as the server is to get it, and the other way round: a text, or a value with texts in it.
  toServer(value) { return FileIds.#renamed(value, this.real) }
  toDocument(value) { return FileIds.#renamed(value, this.shown) }

  static #renamed(value, names) {
    if (value === undefined) return undefined
    if (typeof value !== 'string') return JSON.parse(this.#renamed(JSON.stringify(value), names))
    return value.replace(/\b[0-9a-f]{32}\b/g, (id) => names.get(id) ?? id)
  }
}

// ---- the page's code ----

// A block of curl lines, each with its answer behind `#`.
function curls(code) {
  const calls = []
  for (const line of code.replaceAll('\\\n', '').trimEnd().split('\n')) {
    if (line.startsWith('#')) {
      calls.at(-1).shown += line.replace(/^# */, '')
      continue
    }
    const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare)
    assert.equal(words.shift(), 'curl', line)
    const call = { line, method: 'GET', shown: '' }
    while (words.length) {
      const word = words.shift()
      if (word === '-X') call.method = words.shift()
      else if (word === '-F') {
        const [, name, isFile, value] = /^(\w+)=(@?)(.*)$/.exec(words.shift())
        call.parts = [...call.parts ?? [], { name, isFile: isFile === '@', value }]
        call.method = 'POST'
      } else if (word === '-d') {
        call.body = words.shift()
        call.method = call.method === 'GET' ? 'POST' : call.method
      } else call.url = new URL(word)
    }
    calls.push(call)
  }
  return calls
}

// The operation that a URL belongs to.
function operationOf(method, pathname) {
  const found = operations.find((it) => it.method === method.toLowerCase() && new RegExp(`^${it.path.replace(/{\w+}/g, '[^/]+')}$`).test(pathname))
  assert.ok(found, `${method} ${pathname} is not in openapi.json`)
  return found
}

// It is of a documented status and type, with the headers and the content that are written down for these.
function assertAnswer({ path, method, operation }, answer) {
  const response = operation.responses[answer.status]
  assert.ok(response, `${method} ${path} was answered ${answer.status}, which is not documented: ${answer.text}`)
  const shared = response.$ref?.split('/').at(-1)
  const where = shared ? ['components', 'responses', shared] : ['paths', path, method, 'responses', answer.status]
  const { content = {}, headers = {} } = shared ? openapi.components.responses[shared] : response
  for (const [name, header] of Object.entries(headers)) {
    const value = answer.headers[name.toLowerCase()]
    assert.ok(value !== undefined, `${method} ${path} was answered ${answer.status} without ${name}`)
    const at = header.$ref?.split('/').slice(1) ?? [...where, 'headers', name]
    http.assert([...at, 'schema'], resolve(openapi, header).schema.type === 'integer' ? Number(value) : value)
  }
  const type = answer.headers['content-type']
  if (Object.keys(content).length === 0) return assert.deepEqual([type, answer.text], [undefined, ''], `${method} ${path} was answered ${answer.status} with something`)
  // A file's type is its own.
  const key = type in content ? type : '*/*'
  assert.ok(content[key], `${method} ${path} was answered with ${type} instead of ${Object.keys(content)}`)
  const isJson = key.includes('json')
  http.assert([...where, 'content', key, 'schema'], isJson ? answer.json() : answer.text)
  if (isJson) assertFiles(answer.json())
}

// ---- the documents and the server ----

const keys = new KeyFiles()
after(() => keys.dispose())
// Of subscribe messages the methods alone: nobody is there to send one.
const wechat = `[wechat]\napp_id = "wx0123456789abcdef"\nsecret_file = ${JSON.stringify(keys.path('secret'))}\nbase_url = "http://127.0.0.1:9"\n` +
  `[[wechat.subscribe]]\ntemplate_id = "${Object.keys(messages['push.status.result'].examples[0].payload.result.grants)[0]}"\nfields = { thing1 = "content" }\n`
const plain = '[classic]\ntime_zone = "Asia/Shanghai"\n[files]\nstore = "dir:files"\n'
const config = `auth_secret_file = ${JSON.stringify(keys.path('secret'))}\n${plain}${wechat}`

onEachStore('the documents', (the) => {
  const ownServer = async (t, settings) => serverFor(t, { database: await the.store.newDatabase(), config, ...settings })

  it('asyncapi.json: the examples, step by step, are answered as they say', async (t) => {
    const server = await ownServer(t)
    const stepOf = ({ name }) => /^step-(\d+)-user-(\w+)$/.exec(name)
    const steps = methods.flatMap((method) => messages[method].examples.map((example) => ({ method, example, number: Number(stepOf(example)[1]), who: stepOf(example)[2] }))).sort((a, b) => a.number - b.number)
    assert.deepEqual(steps.map(({ number }) => number), range(1, steps.length), 'the steps have no hole')
    const shown = new Map([...methods.map((method) => `${method}.result`), 'error'].flatMap((name) => messages[name].examples.map((example) => [example.name, example.payload])))
    // The story begins when its files are there.
    const ids = new FileIds()
    for (const { from, content } of [...shown.values()].flatMap(withFiles)) {
      if (!ids.isShown(content.fileId)) ids.pair(content.fileId, (await uploaded(server, from, bytesOf(content), { name: content.name })).fileId)
    }
    assert.ok(ids.real.size > 2, 'the files of the story are found')
    const sessions = new Map()
    const others = [] // who is told of their own changes
    for (const { method, example, who } of steps) {
      if (!sessions.has(who)) sessions.set(who, await connectV1(server, who, { t }))
      const session = sessions.get(who)
      if (['conversation.set', 'user.update'].includes(method)) others.push(await connectV1(server, who, { t }))
      const sent = ids.toServer(localized(example.payload, session.hello.epoch))
      session.send(sent)
      const answer = await session.take((incoming) => incoming.id === sent.id, 5_000, `the answer to ${example.name}`)
      assertDocumented(answer, method)
      assert.ok(shown.has(example.name), `${example.name} has no answer in the document`)
      try {
        assertLike(ids.toDocument(answer), shown.get(example.name))
      } catch (error) {
        error.message = `${example.name} ${method}: ${error.message}`
        throw error
      }
    }
    assert.equal((await request(server, { method: 'DELETE', path: '/v1/users/1/sessions' })).status, 200)
    await sessions.get('1').closing()
    const came = new Set(['session'])
    for (const session of [...sessions.values(), ...others]) {
      socket.assert(payload('session'), { jsonrpc: '2.0', method: 'session', params: session.hello })
      for (const incoming of session.queue) {
        assertDocumented(incoming)
        came.add(incoming.method)
      }
    }
    // Others come to who asked for them, and of what is written over HTTP.
    const elsewhere = ['messages', 'stream']
    assert.deepEqual([...came, ...elsewhere].sort(), [...notifications].sort(), 'every notification came')
  })

  it('openapi.json: the examples, step by step, are answered as they say', async (t) => {
    const server = await ownServer(t, { config: plain })
    const session = await connectV1(server, 1, { t, device: 'phone-7f3a' })
    await connect(server, 2, { t })
    const steps = new Map()
    const step = (name, found) => steps.get(name) ?? steps.set(name, { ...found, path: {}, query: {}, header: {}, template: found.path }).get(name)
    for (const found of operations) {
      for (const { name, in: where, examples = {} } of found.operation.parameters ?? []) {
        for (const [at, { value }] of Object.entries(examples)) step(at, found)[where][name] = value
      }
      const { type, schema, examples = {} } = bodyOf(found.operation) ?? {}
      for (const [at, { value }] of Object.entries(examples)) Object.assign(step(at, found), { type, schema, body: value })
      for (const [status, { content = {} }] of Object.entries(found.operation.responses)) {
        for (const [at, { value }] of Object.values(content).flatMap(({ examples = {} }) => Object.entries(examples))) Object.assign(step(at, found), { status: Number(status), shown: value })
      }
    }
    const names = [...steps.keys()].sort((a, b) => a.slice(5) - b.slice(5))
    assert.deepEqual(names, range(1, names.length).map((n) => `step-${String(n).padStart(2, '0')}`), 'the steps have no hole')
    const ids = new FileIds()
    // Of a form the parts that are files have a name: the one that the answer gives back.
    const encoded = ({ type, schema, body, shown }) => {
      if (type !== 'multipart/form-data') return { type, body: ids.toServer(body) }
      const { properties } = resolve(openapi, schema)
      const isFile = (part) => properties[part]?.contentMediaType !== undefined
      return multipart(Object.entries(body).map(([part, value]) => [part, String(value), isFile(part) ? shown.name ?? 'a file' : undefined]))
    }
    for (const name of names) {
      const { template, method, operation, path, query, header, status, shown, ...sent } = steps.get(name)
      const filled = ids.toServer(template.replace(/{(\w+)}/g, (_, key) => encodeURIComponent(path[key])) + (Object.keys(query).length ? `?${new URLSearchParams(query)}` : ''))
      const { type, body } = encoded({ ...sent, shown })
      const answer = await request(server, { method: method.toUpperCase(), path: filled, body, headers: { 'content-type': type, ...header } })
      assert.equal(answer.status, status, `${name} ${method} ${filled}: ${answer.text}`)
      assertAnswer({ path: template, method, operation }, answer)
      if (operation.operationId === 'uploadFile' && status === 201) ids.pair(shown.fileId, answer.json().fileId)
      if (shown?.streamId) ids.pair(shown.streamId, answer.json().streamId)
      if (typeof shown === 'object') assertLike(ids.toDocument(answer.json()), shown)
      else if (shown.endsWith('…')) assert.ok(answer.text.startsWith(shown.slice(0, -1)), answer.text.slice(0, 80))
      else assert.equal(answer.text, shown)
      // An answer without content cannot have an example: it is the one to who has it already.
      if (status === 200 && operation.responses[304]) {
        const same = await request(server, { path: filled, headers: { 'if-none-match': answer.headers.etag } })
        assert.equal(same.status, 304)
        assertAnswer({ path: template, method, operation }, same)
      }
    }
    for (const incoming of session.queue) assertDocumented(incoming)
    for (const { path, method, operation } of operations) assert.ok(names.some((name) => steps.get(name).operation === operation), `${method} ${path} has no example`)
  })

  it('protocol.md: every request and every curl line, from top to bottom, is answered as it shows', async (t) => {
    const server = await ownServer(t)
    const sessions = new Map()
    const fresh = new Set()
    const ids = new FileIds()
    const session = async (who) => {
      if (!sessions.has(who)) {
        sessions.set(who, await connectV1(server, who, { t }))
        fresh.add(who)
      }
      return sessions.get(who)
    }
    const run = async ({ who, sends, text }) => {
      const at = await session(who)
      if (text === undefined) return
      const value = localized(JSON.parse(text), at.hello.epoch)
      if (sends) {
        at.send(ids.toServer(text.includes('"epoch"') ? value : text))
        at.asked = value
      } else if (value.method === 'session') {
        assert.ok(fresh.delete(who), 'session comes once')
        assertLike({ jsonrpc: '2.0', method: 'session', params: at.hello }, value)
      } else {
        const what = value.method ?? `the answer to ${at.asked.method}`
        const kind = value.params?.message?.kind
        const incoming = await at.take((it) => it.method === value.method && (value.method ? it.params.message?.kind === kind : it.id === value.id), 5_000, what)
        assertDocumented(incoming, at.asked?.method)
        assertLike(ids.toDocument(incoming), value)
      }
    }
    for (const { language, code } of blocks(page)) {
      if (isDialogue({ code })) {
        for (const step of dialogue(code)) {
          await run(step).catch((error) => {
            error.message = `${step.who} ${step.sends ? '→' : '←'} ${step.text}: ${error.message}`
            throw error
          })
        }
      } else if (language === 'sh' && code.startsWith('curl')) {
        for (const { line, method, url, body, parts, shown } of curls(code)) {
          const value = /^[[{]/.test(shown) ? JSON.parse(shown) : undefined
          // As curl does; a file is what the answer says that it is.
          const form = parts && multipart(parts.map(({ name, isFile, value: it }) => (isFile ? [name, bytesOf(value), it] : [name, it])))
          const answer = await request(server, {
            method, path: ids.toServer(url.pathname + url.search), body: form?.body ?? body,
            headers: { 'content-type': form?.type ?? (body === undefined ? undefined : 'application/x-www-form-urlencoded') },
          })
          assert.ok(answer.status < 300, `${line}: ${answer.status} ${answer.text}`)
          assertAnswer(operationOf(method, url.pathname), answer)
          if (form) ids.pair(value.fileId, answer.json().fileId)
          if (value?.streamId) ids.pair(value.streamId, answer.json().streamId)
          if (value) assertLike(ids.toDocument(answer.json()), value)
          else assert.equal(answer.text, shown)
        }
      }
    }
  })

  it('leave out no method, and name none that is not there', async (t) => {
    const [session] = await people(await ownServer(t), t, 1)
    const knows = (method) => session.call(method, {}).then(() => true, ({ code }) => code !== -32601)
    for (const method of methods) assert.ok(await knows(method), `${method} is documented, and the server does not know it`)
    // Whatever in the server looks like a method.
    const bytes = fs.readFileSync(binary).toString('latin1')
    const texts = bytes.match(/(?<![\w.])[a-z]{3,16}\.[a-z]{3,16}(?![\w.])/g)
    const candidates = new Set(texts.filter((it) => /^(message|conversation|presence|user|users|block|group|session|file|rpc|device|push)\./.test(it)))
    // One may stand right behind another text: the compiler cuts long ones into pieces.
    assert.ok(methods.filter((it) => it.includes('.')).every((it) => bytes.includes(it)), 'the texts in the server are found')
    for (const method of [...candidates, 'sync', 'ping', 'echo', 'hello', 'connect', 'login', 'typing', 'read', 'resume']) {
      assert.equal(await knows(method), methods.includes(method), method)
    }
  })

  it('leave out no path and no method of it, and name none that is not there', async () => {
    const allowed = async (path) => {
      const answer = await request(the.server, { method: 'LOCK', path })
      assert.ok([404, 405].includes(answer.status), `LOCK ${path}: ${answer.status}`)
      return answer.status === 404 ? null : answer.headers.allow.split(', ').filter((it) => !['HEAD', 'OPTIONS'].includes(it)).sort()
    }
    for (const [path, item] of Object.entries(openapi.paths)) {
      assert.deepEqual(await allowed(path.replace(/{\w+}/g, 'x')), Object.keys(item).map((it) => it.toUpperCase()).sort(), path)
    }
    // Whatever in the server looks like a path; perhaps the end of a text with its method in front.
    const texts = fs.readFileSync(binary).toString('latin1').match(/(?<=\0|[A-Z] )\/[A-Za-z0-9_{}/]{0,60}(?=\0)/g)
    const templates = new Set(Object.keys(openapi.paths).map((path) => path.replace(/{\w+}/g, '{}')))
    assert.ok([...templates].every((path) => texts.includes(path)), 'the texts in the server are found')
    for (const text of new Set(texts)) {
      const isBeginning = text.endsWith('/') && templates.has(`${text}{}`) // of a path that it puts together
      if (!templates.has(text) && !isBeginning && !text.includes('//')) assert.equal(await allowed(text.replaceAll('{}', 'x')), null, `${text} is there, and not documented`)
    }
  })
}, { concurrency: 1 })

// ---- the code of the page ----

describe('the uploads that the page gives', () => {
  const bodies = blocks(page).filter(({ language, code }) => language === 'js' && code.includes('const upload =')).map(({ code }) => code)
  const [inMiniProgram, inBrowser] = ['wx.uploadFile', 'FormData'].map((word) => bodies.find((code) => code.includes(word)))
  const send = (server, path, type, body) => fetchBytes(server, `${path}?userId=1`, { method: 'POST', body, headers: { 'content-type': type, 'content-length': body.length } })
  const bytes = mp3()
  const expected = { kind: 'voice', name: 'a.mp3', mime: 'audio/mpeg', size: bytes.length, width: null, height: null, seconds: 2.5 }

  async function check(upload, file) {
    const { fileId, ...facts } = await upload(file, 2.5)
    assert.match(fileId, /^[0-9a-f]{32}$/)
    assert.deepEqual(facts, expected)
    assert.equal((await upload(file)).seconds, null)
  }

  it('in a mini-program', async (t) => {
    const server = await serverFor(t)
    // As WeChat documents it.
    const wx = {
      uploadFile: ({ url, filePath, name, header, formData, success, fail }) => {
        const { body, type } = multipart([...Object.entries(formData), [name, bytes, filePath]])
        send(server, new URL(url).pathname, type, body).then((answer) => success({ statusCode: answer.status, data: answer.text }), fail)
        assert.equal(header.Authorization, 'Bearer T')
      },
    }
    await check(new Function('wx', 'token', `${inMiniProgram}\nreturn upload`)(wx, 'T'), 'wxfile://tmp/a.mp3')
  })

  it('in a browser', async (t) => {
    const server = await serverFor(t)
    const fetch = async (path, { method, headers, body }) => {
      assert.deepEqual([method, headers], ['POST', { Authorization: 'Bearer T' }])
      const form = new Response(body)
      const answer = await send(server, path, form.headers.get('content-type'), Buffer.from(await form.arrayBuffer()))
      return new Response(answer.text, { status: answer.status })
    }
    // Node 18 has no File: a part's name is set as of one; nor does its Response know a class made of FormData.
    function Form() {
      const form = new FormData()
      const append = form.append.bind(form)
      form.append = (name, value) => (value instanceof Blob ? append(name, value, 'a.mp3') : append(name, value))
      return form
    }
    await check(new Function('fetch', 'FormData', 'token', `${inBrowser}\nreturn upload`)(fetch, Form, 'T'), new Blob([bytes]))
  })
})
