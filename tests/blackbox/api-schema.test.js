// One schema. docs/asyncapi.json is where v1 is written down; openapi.json, the tables of protocol.md in both languages
// and the golden files say the same again, each for its readers, and here they are compared with it. No server is needed:
// api-docs.test.js asks it whether all of this is true.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import {
  asyncapi, blocks, bodyOf, commonErrors, dialogue, errorCodes, fileKinds, isDialogue, isShape, messages, methods, notifications, number,
  numbers, openapi, operations, ownErrors, pages, payload, read, resolve, shape, spans,
} from './lib/documents.js'
import { assertDocumented, http, socket } from './lib/fits.js'

const schemas = asyncapi.components.schemas
const [english, chinese] = pages

// ---- comparing ----

const brief = (value) => {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 400 ? `${text.slice(0, 400)}…` : text
}
const keys = (object) => Object.keys(object ?? {}).sort()
// A list without those of another, each as often as it is there.
function without(list, others) {
  const rest = [...others]
  return list.filter((it) => !rest.includes(it) || !rest.splice(rest.indexOf(it), 1))
}

// Gathers all differences, so that a run names them all and not only the first.
function differences(check) {
  const found = []
  check({
    same(what, there, source) { if (!isDeepStrictEqual(there, source)) found.push(`${what}: ${brief(there)} instead of ${brief(source)}`) },
    // In any order, each as often.
    list(what, there, source) {
      const said = (word, names) => (names.length ? ` ${word} ${names.join(', ')}` : '')
      const wrong = said('has in excess', without(there, source)) + said('lacks', without(source, there))
      if (wrong) found.push(`${what}:${wrong}`)
    },
    set(what, there, source) { this.list(what, [...new Set(there)], [...new Set(source)]) },
    says(what, wrong) { if (wrong) found.push(`${what}: ${wrong}`) },
  })
  if (found.length) assert.fail(`what differs:\n${found.join('\n')}`)
}

const onEachPage = (name, check) => {
  for (const page of pages) it(`${page.name}: ${name}`, () => differences((is) => check(page, is)))
}

const paramsOf = (method) => resolve(asyncapi, messages[method].payload.properties.params)
const resultOf = (method) => messages[`${method}.result`].payload.properties.result
const notificationOf = (name) => resolve(asyncapi, messages[name].payload.properties.params)

// Of a schema all that it allows: of `oneOf` each.
const alternatives = (document, schema) => {
  const all = resolve(document, schema)
  return all.oneOf ? all.oneOf.flatMap((one) => alternatives(document, one)) : [all]
}

const typesOf = (schema) => [schema.type].flat()
const allowsNull = (schema) => typesOf(schema).includes('null') || (schema.enum ?? []).includes(null) || (schema.oneOf ?? []).some(({ type }) => type === 'null')

// The least and the most that a schema allows.
function bounds(schema) {
  const [type] = typesOf(schema)
  if (type === 'string') return [schema.minLength, schema.maxLength]
  if (type === 'array') return [schema.minItems ?? 0, schema.maxItems]
  return [schema.minimum, schema.maximum]
}

// What it is when it is absent. In words, since a `default` makes generated types ask for it; where none are generated
// (a query) it may be one.
const absent = (schema) => schema.default?.toString() ?? /[Aa]bsent(?: or null)?: (\w+)/.exec(schema.description ?? '')?.[1]

// ---- what a page says of a parameter ----

// The brackets behind a name: `limit`? (50; 1–500), `userIds` (at most 200), `kind`? (default `text`).
function compareNote(is, where, note, document, given) {
  const schema = resolve(document, given)
  for (const part of note.split(/[;；]/)) {
    const [, low, high] = /(\d[\d,]*)–(\d[\d,]*)/.exec(part) ?? []
    const [, most] = /(?:at most|至多)\s*(\d[\d,]*)/.exec(part) ?? []
    const [, word] = /(?:default|默认)\s*`(\w+)`/.exec(part) ?? []
    const plain = numbers(part)
    if (low) is.same(`${where}: from and to`, [number(low), number(high)], bounds(schema))
    else if (most) is.same(`${where}: at most`, number(most), bounds(schema)[1])
    else if (plain.length === 1) is.same(`${where}: when absent`, String(plain[0]), absent(given) ?? absent(schema))
    if (word) is.same(`${where}: when absent`, word, absent(given) ?? absent(schema))
    for (const { code } of spans(part)) if (isShape(code)) compareShape(is, where, shape(code), document, schema)
  }
  const words = spans(note).map(({ code }) => code).filter((code) => /^\w+$/.test(code))
  for (const code of words) is.says(where, schema.enum?.includes(code) ? null : `there is no ${code} in ${brief(schema.enum)}`)
  if (words.length > 1) is.set(`${where}: the words`, words, schema.enum ?? [])
}

// `{a, b?}` and what is inside it. Of a list it is the element; of a map by names, one member stands for all.
function compareShape(is, where, members, document, given) {
  let schema = resolve(document, given)
  if (typesOf(schema).includes('array')) schema = resolve(document, schema.items)
  if (!schema.properties && schema.additionalProperties) return is.same(`${where}: the members of a map`, Object.keys(members).length, 1)
  is.list(`${where}: the members`, keys(members), keys(schema.properties))
  for (const [name, { optional, note, of }] of Object.entries(members)) {
    const property = schema.properties?.[name]
    if (!property) continue
    is.same(`${where}.${name}: optional`, optional, !(schema.required ?? []).includes(name))
    if (note) compareNote(is, `${where}.${name}`, note, document, property)
    if (of) compareShape(is, `${where}.${name}`, of, document, property)
  }
}

// The shapes in a cell, in any order, against a schema that may allow several.
function compareShapes(is, where, cell, document, schema) {
  const there = spans(cell).map(({ code }) => code).filter(isShape).map(shape)
  const source = alternatives(document, schema).filter((one) => one.properties || one.maxProperties === 0)
  is.same(`${where}: how many objects`, there.length, source.length)
  const like = (members) => source.find((one) => isDeepStrictEqual(keys(one.properties), keys(members)))
  for (const members of there) compareShape(is, where, members, document, like(members) ?? source[0] ?? {})
}

// ---- asyncapi.json by itself ----

describe('asyncapi.json', () => {
  it('has of each method the request, the result and the error, and of each notification its message', () => differences((is) => {
    is.set('the messages', Object.keys(messages), [...methods.flatMap((name) => [name, `${name}.result`]), ...notifications, 'error'])
    is.set('the messages of the channel', Object.keys(asyncapi.channels.v1.messages), Object.keys(messages))
    const to = (name) => ({ $ref: `#/channels/v1/messages/${name}` })
    for (const [name, { $ref }] of Object.entries(asyncapi.channels.v1.messages)) is.same(`the channel's ${name}`, $ref, `#/components/messages/${name}`)
    for (const [operation, { messages: sent, reply, summary }] of Object.entries(asyncapi.operations)) {
      const name = operation.replace('notify.', '')
      is.same(`${operation}: the message`, sent, [to(name)])
      is.same(`${operation}: the reply`, reply?.messages, methods.includes(name) ? [to(`${name}.result`), to('error')] : undefined)
      is.same(`${operation}: the summary`, messages[name].summary, summary)
      is.same(`${operation}: the method`, messages[name].payload.properties.method, { const: name })
    }
  }))

  it('says of each method what it is answered when it fails', () => differences((is) => {
    const { code } = schemas.Failure.properties.error.properties
    for (const method of methods) {
      const own = ownErrors(method)
      is.says(method, Array.isArray(own) ? null : 'it has no x-errors')
      for (const it of own ?? []) is.says(method, code.enum.includes(it) && !commonErrors.includes(it) ? null : `${it} is unknown, or every method's`)
    }
    is.set('the codes of Failure', code.enum, [...commonErrors, ...methods.flatMap((method) => ownErrors(method) ?? [])])
    is.list('the codes that Failure explains', errorCodes(code.description.replace(/: .*/g, '')), code.enum)
  }))

  it('takes null for what may be absent, except in user.update, and asks for params where {} is refused', () => differences((is) => {
    for (const method of methods) {
      const params = paramsOf(method)
      for (const [name, property] of Object.entries(params.properties)) {
        const may = !(params.required ?? []).includes(name) && method !== 'user.update'
        is.same(`${method} ${name}: may be null`, allowsNull(property) || allowsNull(resolve(asyncapi, property)), may)
      }
      const needed = socket.accepts([...payload(method), 'properties', 'params'], {}) !== null
      is.same(`${method}: params are required`, messages[method].payload.required.includes('params'), needed)
    }
  }))

  it('has an example of each method and notification, that fits its schema', () => {
    for (const [name, message] of Object.entries(messages)) {
      assert.ok(message.examples?.length, `no example of ${name}`)
      for (const example of message.examples) {
        const refused = /-32602/.test(example.summary)
        if (refused) assert.ok(socket.accepts(payload(name), example.payload), `${name} ${example.name} should not fit`)
        else if (methods.includes(name)) assert.equal(socket.accepts(payload(name), example.payload), null)
        else socket.assert(payload(name), example.payload)
      }
    }
  })

  it('is what the server knows: the table of core/wire/v1/commands.cpp, with the route that does the same', () => differences((is) => {
    const [, table] = /\barray table\{([^]*?)\n\};/.exec(read('core/wire/v1/commands.cpp'))
    const rows = [...table.matchAll(/"([\w.]+)"(?:,\s*"(\w+) ([^"]+)")?\)/g)].map(([, name, verb, path]) => [name, verb && `${verb} ${path}`])
    assert.equal(rows.length, table.match(/\brow</g).length, 'each row of the table is understood')
    is.list('the methods', methods, rows.map(([name]) => name))
    const there = operations.filter(({ operation }) => operation['x-method']).map(({ path, method, operation }) => `${operation['x-method']} as ${method.toUpperCase()} ${path.replace(/{\w+}/g, '{}')}`)
    is.list('the x-method of openapi.json', there, rows.filter(([, route]) => route).map(([name, route]) => `${name} as ${route}`))
  }))
})

// ---- openapi.json ----

describe('openapi.json', () => {
  it('has the same schemas by the same names', () => differences((is) => {
    // The dialects are draft-07 and 2020-12. Both documents keep to what these have in common, so nothing is translated.
    const shared = Object.keys(openapi.components.schemas).filter((name) => name in schemas)
    assert.ok(shared.length > 20, 'the schemas in both are found')
    for (const name of shared) is.same(name, openapi.components.schemas[name], schemas[name])
    // Here they differ: draft-07 does not look at what stands beside a $ref.
    is.same('what stands beside a $ref', JSON.stringify(asyncapi).match(/{[^{}]*(?:"\$ref":"[^"]*",|,"\$ref":)[^{}]*}/g) ?? [], [])
  }))

  // What HTTP adds to a method's parameters, and how it names them. The id in the path is the group's or the user's.
  const whose = new Set(['from', 'owner', 'userId'])
  const renamed = { peer: 'in', group: 'in' }
  const inPath = { 'group.add': { id: 'groupId', userId: 'userIds' }, 'group.remove': { id: 'groupId', userId: 'userIds' }, 'user.get': { id: 'userIds' }, 'user.update': {} }
  // Of a method's parameters, which are JSON.
  const paramsInBody = (operation) => {
    const body = bodyOf(operation)
    assert.ok([undefined, 'application/json'].includes(body?.type), `${operation.operationId} takes ${body?.type}`)
    return body && resolve(openapi, body.schema)
  }
  const success = (operation) => Object.entries(operation.responses).filter(([status]) => /^2/.test(status)).map(([, response]) => response)
  const withMethod = operations.filter(({ operation }) => operation['x-method'])

  it('has the parameters of the method that a request carries out', () => differences((is) => {
    assert.ok(withMethod.length > 10, 'the methods are found')
    for (const { path, method, operation } of withMethod) {
      const name = operation['x-method']
      const where = `${method} ${path} (${name})`
      const params = paramsOf(name)
      const body = paramsInBody(operation)
      const query = (operation.parameters ?? []).filter((it) => it.in === 'query' && !whose.has(it.name))
      const segments = (operation.parameters ?? []).filter((it) => it.in === 'path').map((it) => (inPath[name] ?? { id: 'groupId' })[it.name])
      const given = Object.keys(body?.properties ?? {}).filter((it) => !whose.has(it))
      // PUT of a member is group.add, and with a role group.role too; a stream begins over HTTP alone, without content.
      const extra = { 'group.add': ['role'], 'message.send': ['stream'] }[name] ?? []
      is.set(`${where}: the parameters`, [...given, ...query.map((it) => renamed[it.name] ?? it.name), ...segments].filter((it) => it && !extra.includes(it)), Object.keys(params.properties))
      for (const it of given) if (!extra.includes(it)) is.same(`${where} ${it}`, body.properties[it], params.properties[it])
      if (extra.includes('role')) is.same(`${where} role`, body.properties.role, paramsOf('group.role').properties.role)
      for (const it of query) {
        const source = params.properties[it.name] && resolve(asyncapi, params.properties[it.name])
        if (!source) continue
        is.same(`${where} ${it.name}: from and to`, bounds(it.schema), bounds(source))
        if (it.schema.default !== undefined) is.same(`${where} ${it.name}: when absent`, absent(it.schema), absent(source))
      }
      const asked = (body?.required ?? []).concat(query.filter((it) => it.required).map((it) => it.name)).filter((it) => !whose.has(it))
      const needed = (params.required ?? []).filter((it) => !segments.includes(it) && (given.includes(it) || query.some((one) => one.name === it)))
      is.set(`${where}: what is required`, asked, needed.filter((it) => it !== 'content' || !extra.includes('stream')))
      // In an allOf of its own: beside the members, generators of clients take each alternative for the whole.
      is.same(`${where}: at least one of`, body?.allOf?.[0].anyOf, body && params.anyOf)
      const [, said = name] = /\b[Aa]s ([a-z]+\.[a-z]+)/.exec(operation.summary) ?? []
      is.same(`${where}: the summary's method`, said, name)
    }
  }))

  it('sends the contents that message.send does, or begins a stream', () => differences((is) => {
    const [{ oneOf }] = openapi.components.schemas.SendAs.allOf
    const whole = oneOf.filter(({ properties }) => !properties.stream.const)
    is.same('how many begin a stream', oneOf.length - whole.length, 1)
    is.same('the contents', whole.map(({ required, properties: { stream, ...others } }) => ({ required, properties: others })),
      schemas.Send.oneOf.map(({ required = [], properties }) => ({ required: [...required, 'content'], properties })))
  }))

  it('answers as the method does: with its result, and with the status of each of its errors', () => differences((is) => {
    // A code has several rows where HTTP tells more apart: the first is the method's.
    const statusOf = Object.fromEntries(errorRows().reverse().map(({ code, status }) => [code, status]))
    for (const { path, method, operation } of withMethod) {
      const name = operation['x-method']
      const where = `${method} ${path} (${name})`
      // user.get answers a list, of which this is the one.
      const source = name === 'user.get' ? schemas.Profiles.properties.users.items : resultOf(name)
      for (const response of success(operation)) {
        const { schema } = response.content['application/json']
        if (name !== 'message.send') is.same(`${where}: the answer`, schema, source)
        else {
          // Of a stream the id too.
          const { properties: { streamId, ...properties }, ...rest } = resolve(openapi, schema)
          is.same(`${where}: the answer`, { properties, ...rest }, resolve(asyncapi, source))
        }
      }
      for (const code of [...ownErrors(name), -32602, -32029, -32603]) is.says(where, String(statusOf[code]) in operation.responses ? null : `${statusOf[code]} is missing, for ${code}`)
    }
  }))

  it('opens the socket as asyncapi.json does', () => differences((is) => {
    const { query, headers } = asyncapi.channels.v1.bindings.ws
    const { parameters } = openapi.paths[asyncapi.channels.v1.address].get
    const of = (where) => parameters.filter((it) => it.in === where)
    is.set('the query', of('query').map(({ name }) => name), Object.keys(query.properties))
    for (const { name, description, schema, required = false } of of('query')) {
      is.same(name, { description, ...schema }, query.properties[name])
      is.same(`${name}: required`, required, (query.required ?? []).includes(name))
    }
    is.set('the headers', of('header').map(({ name }) => name), Object.keys(headers.properties))
    for (const { name, description } of of('header')) is.same(name, description, headers.properties[name].description)
  }))

  it('has examples that fit their schemas', () => {
    for (const { path, method, operation } of operations) {
      const { type: sent, examples: sentOnes = {} } = bodyOf(operation) ?? {}
      for (const [name, { summary = '', value }] of Object.entries(sentOnes)) {
        const wrong = http.accepts(['paths', path, method, 'requestBody', 'content', sent, 'schema'], value)
        if (/400/.test(summary)) assert.ok(wrong, `${method} ${path} ${name} should not fit`)
        else assert.equal(wrong, null)
      }
      for (const [status, response] of Object.entries(operation.responses)) {
        for (const [type, { example, examples = {} }] of Object.entries(response.content ?? {})) {
          const values = [...Object.values(examples).map(({ value }) => value), ...(example === undefined ? [] : [example])]
          for (const value of values) http.assert(['paths', path, method, 'responses', status, 'content', type, 'schema'], value)
        }
      }
    }
    for (const [name, { content }] of Object.entries(openapi.components.responses)) {
      for (const [type, { example }] of Object.entries(content)) http.assert(['components', 'responses', name, 'content', type, 'schema'], example)
    }
  })
})

// ---- the tables of the pages ----

describe('the methods', () => {
  const rowsOf = (page) => page.rows('method', 'params', 'result', 'errors')
  const nameOf = (row) => spans(row.method).map(({ code }) => code).join(', ')

  onEachPage('each has its row, and none is there twice', (page, is) => {
    is.list('the methods', rowsOf(page).map(nameOf), methods)
  })

  onEachPage('the parameters, which of them are optional, and their limits', (page, is) => {
    for (const row of rowsOf(page)) {
      const name = nameOf(row)
      if (!methods.includes(name)) continue
      const params = paramsOf(name)
      const there = spans(row.params)
      is.list(`${name}: the parameters`, there.map(({ code }) => code), keys(params.properties))
      for (const { code, optional, note } of there) {
        const property = params.properties[code]
        if (!property) continue
        is.same(`${name} ${code}: optional`, optional, !(params.required ?? []).includes(code))
        compareNote(is, `${name} ${code}`, note, asyncapi, property)
      }
      is.same(`${name}: at least one of`, /at least one|至少一个/.test(row.params), Boolean(params.anyOf))
      is.same(`${name}: not both`, /not both|不能都给/.test(row.params), Boolean(params.not))
    }
  })

  onEachPage('the members of the result', (page, is) => {
    for (const row of rowsOf(page)) if (methods.includes(nameOf(row))) compareShapes(is, nameOf(row), row.result, asyncapi, resultOf(nameOf(row)))
  })

  onEachPage('the errors', (page, is) => {
    for (const row of rowsOf(page)) {
      const name = nameOf(row)
      if (methods.includes(name)) is.set(name, errorCodes(row.errors).filter((code) => !commonErrors.includes(code)), ownErrors(name))
    }
    const [said] = /^(?:Any request may be answered|任何请求都可能得到)[^([（]*/m.exec(page.prose) ?? ['']
    is.set('what any request may be answered', errorCodes(said), commonErrors)
  })

  onEachPage('the objects that its sentences name', (page, is) => {
    const there = page.prose.split('\n').filter((line) => !line.startsWith('|')).flatMap(spans).map(({ code }) => code).filter(isShape).map((code) => keys(shape(code)))
    for (const name of ['Conversation', 'SyncedConversation', 'Group', 'StoredFile']) {
      is.says(name, there.some((members) => isDeepStrictEqual(members, keys(schemas[name].properties))) ? null : `nowhere is it {${Object.keys(schemas[name].properties).join(', ')}}`)
    }
  })

  onEachPage('each has an example, and each notification its row', (page, is) => {
    for (const name of methods) is.says(name, page.text.includes(`"method":"${name}"`) ? null : 'it has no example')
    is.list('the notifications', page.rows('method', 'params', 'to').map(nameOf), notifications)
  })

  onEachPage('the parameters of the notifications', (page, is) => {
    for (const row of page.rows('method', 'params', 'to')) {
      const name = nameOf(row)
      if (!notifications.includes(name)) continue
      const params = notificationOf(name)
      is.set(name, row.params.replaceAll('`', '').split(/,\s*/), Object.keys(params.properties))
      is.set(`${name}: what is always there`, params.required, Object.keys(params.properties))
      if (params.properties.code) is.set(`${name}: the codes`, numbers(row.to).filter((it) => it > 1000), params.properties.code.enum)
    }
  })
})

describe('the messages', () => {
  const typeWords = { integer: 'integer', 整数: 'integer', string: 'string', 字符串: 'string', boolean: 'boolean', 布尔: 'boolean' }

  onEachPage('the fields of a message', (page, is) => {
    const rows = page.rows('field')
    const fields = rows.flatMap(({ field }) => spans(field))
    is.list('the fields', fields.map(({ code }) => code), keys(schemas.Message.properties))
    is.set('what is always there', schemas.Message.required, fields.filter(({ optional }) => !optional).map(({ code }) => code))
    for (const { field, '': text } of rows) {
      for (const { code } of spans(field)) {
        const schema = resolve(asyncapi, schemas.Message.properties[code] ?? {})
        const [, word] = /^(\p{L}+)/u.exec(text) ?? []
        if (typeWords[word]) is.same(`${code}: the type`, typeWords[word], typesOf(schema)[0])
        // Of the content the kind decides, and who recalls.
        if (code !== 'content') is.same(`${code}: may be null`, /`null`/.test(text) && spans(field).length === 1, allowsNull(schema))
      }
    }
  })

  const contentOf = (among, kind) => among.find(({ properties }) => [properties.kind.const, ...(properties.kind.enum ?? [])].includes(kind))?.properties.content
  // Of a kind that has a file: what the server says of it, or what a client said where no files are kept. Of a text:
  // nothing yet, which only a stream says, or what was sent.
  const came = (kind) => contentOf(schemas.Message.else.oneOf, kind)
  const stored = (kind) => came(kind).anyOf[0]
  const told = (kind) => came(kind)?.anyOf?.[1] ?? came(kind)

  onEachPage('the kinds and what is in them', (page, is) => {
    // A row may be of several.
    const rows = page.rows('kind', 'content').flatMap((row) => spans(row.kind).map(({ code }) => ({ ...row, kind: `\`${code}\`` })))
    const kindOf = ({ kind }) => spans(kind)[0].code
    is.list('the kinds', rows.map(kindOf), schemas.Message.properties.kind.enum)
    for (const row of rows) {
      const schema = fileKinds.includes(kindOf(row)) ? stored(kindOf(row)) : told(kindOf(row))
      const content = schema && resolve(asyncapi, schema)
      compareShapes(is, kindOf(row), row.content, asyncapi, content?.properties ? content : {})
      if (content?.type === 'string') compareNote(is, kindOf(row), row.content.replaceAll('`', ''), asyncapi, content)
      if (content?.properties?.action) {
        const words = [...row.content.matchAll(/`(\w+)`/g)].map(([, word]) => word)
        is.set(`${kindOf(row)}: the actions`, words.filter((word) => !(word in content.properties) || content.properties.action.enum.includes(word)), content.properties.action.enum)
      }
    }
    const [, low, high] = /`fileId`[^\d]*(\d+)–(\d+)/.exec(page.prose) ?? /(\d+)–(\d+)[^\d]*`fileId`/.exec(page.prose) ?? []
    for (const name of ['ImageContent', 'VoiceContent', 'VideoContent', 'FileContent']) is.same(`${name}: fileId`, [Number(low), Number(high)], bounds(schemas[name].properties.fileId))
  })

  it('a kind that can be sent holds the same as one that came', () => differences((is) => {
    const sendable = schemas.Send.properties.kind.enum.filter(Boolean)
    is.set('the kinds that can be sent', sendable, schemas.Message.properties.kind.enum.filter((kind) => !['recall', 'edit', 'group', 'unknown'].includes(kind)))
    for (const kind of sendable) is.same(kind, contentOf(schemas.Send.oneOf, kind), told(kind))
    for (const kind of fileKinds) is.same(`${kind}: of a file that is kept`, stored(kind), { $ref: '#/components/schemas/StoredFile' })
  }))

  it('a file is the same where it was uploaded as in a message, where its kind is the message\'s', () => differences((is) => {
    const { kind, ...facts } = openapi.components.schemas.Upload.properties
    is.same('the kinds', kind.enum, fileKinds)
    is.set('the members', Object.keys(facts), Object.keys(schemas.StoredFile.properties))
    for (const [name, { description, ...schema }] of Object.entries(schemas.StoredFile.properties)) is.same(name, { ...facts[name], description }, { ...schema, description })
    for (const [name, { properties, required }] of [['Upload', openapi.components.schemas.Upload], ['StoredFile', schemas.StoredFile]]) is.set(`${name}: what is always there`, required, Object.keys(properties))
  }))
})

describe('the HTTP requests', () => {
  const verbs = /^(GET|POST|PUT|PATCH|DELETE) ([^\s?]+)(\?.*)?$/
  const requestsOf = (page) => page.rows('request', 'answer').map((row) => ({
    ...row,
    requests: spans(row.request).map(({ code }) => verbs.exec(code)).filter(Boolean).map(([, verb, path]) => `${verb} ${path}`),
  }))
  const find = (request) => operations.find(({ path, method }) => `${method.toUpperCase()} ${path}` === request)?.operation

  onEachPage('each has its row, and none is there twice', (page, is) => {
    is.list('the requests', requestsOf(page).flatMap(({ requests }) => requests), operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`))
  })

  // `?userId=N&peer=M`, `&group=G`, `limit=L` (1–500), and by the name alone `cursor`: [name, the brackets behind it].
  function queryOf({ request, answer }) {
    const named = spans(`${request} ${answer}`).flatMap(({ code, note }) => {
      const [, , , query = ''] = verbs.exec(code) ?? (/^[?&]?\w+=/.test(code) ? [0, 0, 0, code] : [])
      const names = [...query.matchAll(/(\w+)=/g)].map(([, name]) => name)
      return names.map((name, at) => [name, at === names.length - 1 ? note : ''])
    })
    return new Map([...named.reverse(), ...spans(request).filter(({ code }) => /^\w+$/.test(code)).map(({ code, note }) => [code, note])])
  }

  onEachPage('the query', (page, is) => {
    for (const row of requestsOf(page)) {
      for (const request of row.requests) {
        const parameters = (find(request)?.parameters ?? []).filter((it) => it.in === 'query')
        const there = queryOf(row)
        is.set(request, there.keys(), parameters.map(({ name }) => name))
        for (const { name, schema } of parameters) compareNote(is, `${request} ${name}`, there.get(name) ?? '', openapi, schema)
      }
    }
  })

  onEachPage('the body', (page, is) => {
    for (const row of requestsOf(page)) {
      for (const request of row.requests) {
        const schema = find(request) && bodyOf(find(request))?.schema
        const there = spans(row.request).filter(({ code }) => isShape(code))
        is.same(`${request}: there is a body`, there.length, schema ? 1 : 0)
        // Whose it is may be left out by users alone: to a back end, for whom the table is, it is required.
        const required = schema && resolve(openapi, schema).required
        if (schema && there.length) compareShape(is, request, shape(there[0].code), openapi, { ...resolve(openapi, schema), required: [...required ?? [], 'from', 'owner'] })
      }
    }
  })

  onEachPage('the answer, and the statuses that are named', (page, is) => {
    for (const row of requestsOf(page)) {
      for (const request of row.requests) {
        const operation = find(request)
        if (!operation) continue
        const [[status, response]] = Object.entries(operation.responses)
        const schema = response.content?.['application/json']?.schema
        // A list or a map is shown by an example below the table.
        const isObject = schema && alternatives(openapi, schema).some((one) => one.properties)
        compareShapes(is, request, row.answer, openapi, isObject ? schema : resolve(openapi, schema ?? {}).maxProperties === 0 ? schema : {})
        is.same(`${request}: the status`, /^(\d{3}) /.exec(row.answer)?.[1] ?? (status === '101' ? '101' : '200'), status)
        const all = row.requests.flatMap((one) => Object.keys(find(one)?.responses ?? {}))
        for (const [, named] of row.answer.matchAll(/(?<![\d,–])([45]\d\d)(?![\d,])/g)) is.says(request, all.includes(named) ? null : `${named} is not in openapi.json`)
        const method = spans(row.answer).map(({ code }) => code).filter((code) => methods.includes(code))
        is.same(`${request}: the method`, method, [operation['x-method']].flat().filter(Boolean))
      }
    }
  })

  onEachPage('with what the socket is refused', (page, is) => {
    // Whatever is asked for may be answered these, for its header.
    const any = errorRows().filter(({ name }) => ['timeout', 'header-too-large'].includes(name)).map(({ status }) => String(status))
    const { responses } = openapi.paths['/v1/connect'].get
    is.set('the statuses', page.rows('refused with').map((row) => row['refused with']), Object.keys(responses).filter((status) => status !== '101' && !any.includes(status)))
  })
})

// ---- the limits ----

describe('the limits', () => {
  // The golden file is of a server that keeps no files; by default, with SQLite, one does.
  const [{ payload: { params: first } }] = messages.session.examples
  const golden = { ...JSON.parse(read('tests/golden/v1/notification.session.json')).notification.params.limits, fileBytes: first.limits.fileBytes, fileTypes: first.limits.fileTypes }

  it('are those of the example of `session`, and of files those of the configuration', () => differences((is) => {
    is.same('the limits', first.limits, golden)
    is.same('fileBytes', golden.fileBytes, Number(/^#max = (\d+)$/m.exec(read('config/hongyan.toml'))[1]))
    is.same('fileTypes', golden.fileTypes, ['*/*'])
  }))

  onEachPage('have the names and the numbers of `session`', (page, is) => {
    const text = page.tables.filter(({ header }) => header.join('') === '').flatMap(({ rows }) => rows.map((row) => row[1])).join('\n')
    const there = [...text.matchAll(/(?:(\d[\d,]*)\s*(KiB|MiB)?[^\d;；\n(（]*|`(\[[^`]*\])`\s*)[(（]`(\w+)`[)）]/g)]
      .map(([, count, unit, list, name]) => [name, list ? JSON.parse(list) : number(count) * ({ KiB: 1024, MiB: 1024 ** 2 }[unit] ?? 1)])
    is.set('the names', there.map(([name]) => name), Object.keys(notificationOf('session').properties.limits.properties))
    for (const [name, value] of there) is.same(name, value, golden[name])
  })

  // Of what a session says, where asyncapi.json says the same number.
  const same = {
    contentChars: [schemas.TextContent],
    nameChars: [schemas.Name, schemas.ClientMsgId, schemas.Message.properties.clientMsgId],
    groupMembers: [schemas.Group.properties.memberCount, schemas.UserIds2000, paramsOf('group.create').properties.members],
    historyLimit: [schemas.Limit],
    syncLimit: [paramsOf('sync').properties.limit],
    watchedUsers: [schemas.WatchedIds],
    userIds: [schemas.UserIds100, schemas.AskedIds],
  }
  it('are those of the schemas', () => differences((is) => {
    for (const [name, list] of Object.entries(same)) for (const schema of list) is.same(`${name} in ${brief(schema)}`, bounds(schema)[1], golden[name])
  }))
})

// ---- the errors ----

// The table of core/errors.cpp.
function errorRows() {
  const source = read('core/errors.cpp')
  const rows = [...source.matchAll(/error_row\s*\{\s*errc::(\w+),\s*"([\w-]+)",\s*(\d+),\s*(-\d+),\s*"([^"]*)"\s*(?:,\s*(true|false)\s*)?\}/g)]
    .map(([, errc, name, status, code, title, later]) => ({ errc, name, status: Number(status), code: Number(code), title, later: later === 'true' }))
  assert.equal(rows.length, source.match(/error_row\s*\{/g).length, 'each row of core/errors.cpp is understood')
  return rows
}

// enum class close_code of core/errors.hpp: [[name, number]…]; 1000 is the client's own.
function closeCodes() {
  const [, body] = /enum class close_code[^{]*\{([^}]*)\}/.exec(read('core/errors.hpp'))
  return [...body.matchAll(/^\s*(\w+)\s*=\s*(\d+)/gm)].map(([, name, code]) => [name, code]).filter(([, code]) => code !== '1000')
}

describe('the errors', () => {
  const { error } = schemas.Failure.properties
  const { code, data } = error.properties

  it('of the JSON documents are those of core/errors.cpp', () => differences((is) => {
    const rows = errorRows()
    is.set('the codes of Failure', code.enum, rows.map((row) => row.code))
    const later = error.allOf.find(({ then }) => then.properties.data?.required?.includes('retryAfterMs')).if.properties.code.enum
    is.set('the codes with retryAfterMs', later, rows.filter((row) => row.later || row.errc === 'internal').map((row) => row.code))
    const names = /\((.*)\)/.exec(openapi.components.schemas.Problem.properties.type.pattern)[1].split('|')
    is.list('the names of Problem', names, rows.map(({ name }) => name))
    is.same('the reasons of Problem', openapi.components.schemas.Problem.properties.reason.enum, data.properties.reason.enum)
    const statuses = new Set(rows.map(({ status }) => String(status)))
    for (const { path, method, operation } of operations) for (const status of Object.keys(operation.responses)) is.says(`${method} ${path}`, /^[123]/.test(status) || statuses.has(status) ? null : `nothing has the status ${status}`)
    // An example of a problem has the status and title of its name.
    const problems = [...JSON.stringify(openapi).matchAll(/"type":"urn:hongyan:problem:([\w-]+)","title":"([^"]*)","status":(\d+)/g)]
    assert.ok(problems.length > 20, 'the examples of problems are found')
    for (const [, name, title, status] of problems) {
      const row = rows.find((one) => one.name === name)
      is.same(`the example of ${name}`, [title, Number(status)], [row?.title, row?.status])
    }
  }))

  onEachPage('the table', (page, is) => {
    const rows = errorRows()
    const there = page.rows('code', 'HTTP', 'name').map((row) => ({ ...row, name: spans(row.name)[0].code }))
    is.list('the names', there.map(({ name }) => name), rows.map(({ name }) => name))
    is.set('the codes', there.map((row) => Number(row.code)).filter(Boolean), rows.map((row) => row.code))
    for (const { name, code: shown, HTTP } of there) {
      const row = rows.find((one) => one.name === name)
      if (!row) continue
      is.same(`${name}: HTTP`, Number(HTTP), row.status)
      // Without a code: HTTP alone says it.
      if (shown) is.same(`${name}: the code`, Number(shown), row.code)
    }
    const { enum: known } = error.allOf.find(({ if: one }) => one.properties.code.const === -32003).then.properties.data.properties.reason
    const reasons = spans(there.find(({ name }) => name === 'forbidden').when).map(({ code: it }) => it).filter((it) => known.includes(it) || /^[a-z]+ed$/.test(it))
    is.set('the reasons', reasons, known)
  })

  onEachPage('which are final', (page, is) => {
    const listed = (sentence) => {
      const [, text] = sentence.exec(page.prose.replaceAll('\n', ' ')) ?? [, '']
      return text.replace(/(-3\d{4}) (?:to|到) (-3\d{4})/g, (_, from, to) => Array.from({ length: from - to + 1 }, (__, i) => from - i).join(' ')).match(/-3\d{4}/g)?.map(Number) ?? []
    }
    const final = listed(/(?:changes nothing:|原样再来一次也不会变：)(.*?)(?:Not final|不是终局的)/)
    const later = listed(/(?:Not final:|不是终局的：)(.*?)(?:Over HTTP|HTTP 上是)/)
    is.set('the final ones, and the others', [...final, ...later], code.enum)
    is.set('both', final.filter((it) => later.includes(it)), [])
    const { enum: again } = error.allOf.find(({ then }) => then.properties.data?.required?.includes('retryAfterMs')).if.properties.code
    is.set('those to try again', later.filter((it) => it !== -32001), again)
  })

  it('the close codes of asyncapi.json are those of the server', () => differences((is) => {
    const codes = closeCodes()
    assert.ok(codes.length > 10, 'the close codes of core/errors.hpp are found')
    // Nobody sends 1006: it is what there is without a close.
    is.set('x-close-codes', Object.keys(asyncapi.channels.v1['x-close-codes']), codes.map(([, it]) => it).filter((it) => it !== '1006'))
    const [, farewell] = /void v1_session::farewell\(close_code code\) \{([^]*?)\n\}/.exec(read('actors/v1_session.cpp'))
    const told = [...farewell.matchAll(/case close_code::(\w+):/g)].map(([, name]) => Number(codes.find(([one]) => one === name)[1]))
    is.set('the codes of closing', notificationOf('closing').properties.code.enum, told)
  }))

  onEachPage('the close codes', (page, is) => {
    is.same('the codes', page.rows('code', 'why', 'do').map((row) => row.code), closeCodes().map(([, it]) => it))
  })
})

// ---- the golden files ----

describe('the golden files', () => {
  const folder = new URL('../golden/v1/', import.meta.url)
  const files = fs.readdirSync(folder).map((file) => file.replace('.json', ''))
  const golden = (name) => JSON.parse(read(`tests/golden/v1/${name}.json`))

  it('are one for each method and each notification', () => differences((is) => {
    is.list('the files', files, [...methods, ...notifications.map((name) => `notification.${name}`), 'errors', 'messages'])
  }))

  // What only the server can know is wrong: a schema does not know who asks.
  const beyondSchemas = ['has your own id in it']

  it('fit the schemas: requests, results, and what is refused', () => differences((is) => {
    for (const name of methods) {
      const { request, result, errors } = golden(name)
      is.same(`${name}: the method`, request.method, name)
      is.says(name, socket.accepts(payload(name), request))
      is.says(name, socket.differs(payload(`${name}.result`), { jsonrpc: '2.0', id: 1, result }))
      for (const { request: refused, error } of errors) {
        const answer = { jsonrpc: '2.0', id: 1, error }
        is.says(`${name}: an error`, socket.differs(payload('error'), answer))
        is.says(`${name}: an error`, [...commonErrors, ...ownErrors(name)].includes(error.code) ? null : `${error.code} is not in its x-errors`)
        if (error.code === -32602 && !beyondSchemas.some((it) => error.message.includes(it))) {
          is.says(`${name}: refused is ${brief(refused.params)}`, socket.accepts(payload(name), refused) ? null : 'the schema takes it')
        }
      }
    }
  }))

  it('fit the schemas: notifications, messages and errors', () => differences((is) => {
    for (const name of notifications) {
      const { notification } = golden(`notification.${name}`)
      is.same(`${name}: the method`, notification.method, name)
      is.says(name, socket.differs(payload(name), notification))
    }
    for (const message of golden('messages').messages) is.says('messages', socket.differs(['components', 'schemas', 'Message'], message))
    const { requests, answers } = golden('errors')
    for (const answer of [...requests.map((it) => it.answer), ...answers]) is.says('errors', socket.differs(payload('error'), answer))
  }))

  it('show each kind of message, and each error', () => differences((is) => {
    const kinds = golden('messages').messages.map(({ kind }) => kind)
    is.set('the kinds', kinds, schemas.Message.properties.kind.enum)
    const { requests, answers } = golden('errors')
    const codes = [...requests.map((it) => it.answer), ...answers].map(({ error }) => error.code)
    is.set('the codes', codes, schemas.Failure.properties.error.properties.code.enum)
  }))
})

// ---- the pages by themselves ----

describe('the pages', () => {
  it('say the same in Chinese: all code is the same', () => {
    assert.deepEqual(blocks(chinese.text), blocks(english.text))
  })

  it('say the same in Chinese: in each row of each table the same code and the same numbers', () => differences((is) => {
    is.same('the tables', chinese.tables.map(({ header }) => header), english.tables.map(({ header }) => header))
    english.tables.forEach(({ header, rows }, t) => {
      is.same(`the rows of ${header.join(', ')}`, chinese.tables[t]?.rows.length, rows.length)
      rows.forEach((row, r) => row.forEach((cell, c) => {
        const translated = chinese.tables[t]?.rows[r]?.[c] ?? ''
        const code = (text) => [...text.matchAll(/`([^`]*)`/g)].map(([, it]) => it.replaceAll('（', ' (').replaceAll('）', ')').replaceAll('；', '; '))
        is.list(`the code of ${row[0]} in ${header[c]}`, code(translated), code(cell))
        is.list(`the numbers of ${row[0]} in ${header[c]}`, numbers(translated), numbers(cell))
      }))
    })
  }))

  it('say the same in Chinese: in the sentences of each section the same code and the same numbers', () => differences((is) => {
    const sections = (page) => page.prose.replace(/^\|.*$/gm, '').split(/^#+ .*$/m)
    const theirs = sections(chinese)
    is.same('the sections', theirs.length, sections(english).length)
    sections(english).forEach((section, at) => {
      const where = `the section that begins "${section.trim().split('\n')[0].slice(0, 60)}"`
      const code = (text) => [...text.matchAll(/`([^`]*)`/g)].map(([, it]) => it.replace(/\s+/g, ' '))
      // Not those of links, which name headings.
      const plain = (text) => text.replace(/\]\([^)]*\)/g, ']')
      is.set(`the code of ${where}`, code(theirs[at] ?? ''), code(section))
      is.set(`the numbers of ${where}`, numbers(plain(theirs[at] ?? '')), numbers(plain(section)))
    })
  }))

  it('have JSON that parses and fits', () => {
    for (const { language, code } of blocks(english.text)) {
      const [, schema] = /^json (\w+)$/.exec(language) ?? []
      if (!schema) continue
      if (messages[schema]) socket.assert(payload(schema), JSON.parse(code))
      else http.assert(['components', 'schemas', schema], JSON.parse(code))
    }
    const steps = blocks(english.text).filter(isDialogue).flatMap(({ code }) => dialogue(code))
    steps.forEach(({ who, sends, text }, at) => {
      if (!text || sends) return
      const value = JSON.parse(text)
      // The method of an answer is that of the last request before it, of that user and with that id.
      const asked = steps.slice(0, at).reverse().find((step) => step.sends && step.who === who && JSON.parse(step.text).id === value.id)
      assertDocumented(value, value.id === undefined ? undefined : JSON.parse(asked.text).method)
    })
  })
})
