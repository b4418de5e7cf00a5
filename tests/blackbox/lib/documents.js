// What docs/ says, as data: the two JSON documents, the tables and examples of the pages. Nothing here needs a server.

import assert from 'node:assert/strict'
import fs from 'node:fs'

// A file of the repository.
export const read = (path) => fs.readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

// ---- the JSON documents ----

export const asyncapi = JSON.parse(read('docs/asyncapi.json'))
export const openapi = JSON.parse(read('docs/openapi.json'))

export const messages = asyncapi.components.messages
const named = (action) => Object.entries(asyncapi.operations).filter(([, operation]) => operation.action === action).map(([name]) => name)
export const methods = named('receive')
export const notifications = named('send').map((name) => name.replace('notify.', ''))
export const payload = (name) => ['components', 'messages', name, 'payload']
export const operations = Object.entries(openapi.paths).flatMap(([path, item]) => Object.entries(item).map(([method, operation]) => ({ path, method, operation })))

// What any request may be answered, and what a method's own errors are beside those.
export const commonErrors = asyncapi.channels.v1['x-errors']
export const ownErrors = (method) => asyncapi.operations[method]['x-errors']

// What a $ref stands for. Of `allOf` the members of all are together; of what may also be null, what it is otherwise.
export function resolve(document, schema) {
  if (schema.$ref) return resolve(document, schema.$ref.split('/').slice(1).reduce((at, part) => at[part], document))
  if (schema.allOf && !schema.properties) {
    const parts = schema.allOf.map((part) => resolve(document, part))
    return { ...schema, properties: Object.assign({}, ...parts.map((part) => part.properties)), required: parts.flatMap((part) => part.required ?? []) }
  }
  const others = schema.oneOf?.filter(({ type }) => type !== 'null')
  if (others?.length === 1) return { ...schema, oneOf: undefined, ...resolve(document, others[0]) }
  return schema
}

// Of a request body its media type and what is in it; of an operation without one nothing.
export const bodyOf = (operation) => {
  const found = Object.entries(operation.requestBody?.content ?? {})
  assert.ok(found.length <= 1, `${operation.operationId} takes one type of body`)
  return found.map(([type, { schema, examples = {} }]) => ({ type, schema, examples }))[0]
}

// ---- the files of the documents ----

// The kinds of messages that have a file of the server's store.
export const fileKinds = ['image', 'voice', 'video', 'file']

// Every object in a value, however deep.
export function objects(value) {
  if (!value || typeof value !== 'object') return []
  return [...(Array.isArray(value) ? [] : [value]), ...Object.values(value).flatMap(objects)]
}

// The messages in a value that have a file, with their contents.
export const withFiles = (value) => objects(value).filter(({ kind, seq, content }) => fileKinds.includes(kind) && seq && content)

// ---- the code on a page ----

export const blocks = (text) => [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, language, code]) => ({ language, code }))

export const isDialogue = ({ code }) => /^\w+ [→←] /m.test(code)

// A block of lines `1 → …` and `1 ← …`, each going on in lines that are indented.
export function dialogue(code) {
  const steps = []
  for (const line of code.trimEnd().split('\n')) {
    const [, who, arrow, text] = /^(\w+) ([→←]) (.*)$/.exec(line) ?? []
    const connects = /^(\w+) connects$/.exec(line)
    if (arrow) steps.push({ who, sends: arrow === '→', text })
    else if (connects) steps.push({ who: connects[1] })
    else steps.at(-1).text += line.trimStart()
  }
  return steps
}

// ---- the tables on a page ----

// Columns have the same names here in either language.
const columns = {
  方法: 'method', 参数: 'params', 结果: 'result', 错误: 'errors', 谁可以: 'who may', 给谁: 'to', 字段: 'field', 请求: 'request', 回答: 'answer',
  代码: 'code', 名字: 'name', 何时: 'when', 怎么办: 'do', 原因: 'why', 拒绝: 'refused with',
}

function tablesOf(text) {
  const lines = text.replace(/^```[^]*?^```$/gm, '').split('\n')
  const cells = (line) => line.slice(1, line.lastIndexOf('|')).split('|').map((cell) => cell.trim())
  const tables = []
  lines.forEach((line, at) => {
    if (/^\|[-|]+\|$/.test(line)) tables.push({ header: cells(lines[at - 1]).map((name) => columns[name] ?? name), rows: [] })
    else if (line.startsWith('|') && lines[at - 1]?.startsWith('|')) tables.at(-1).rows.push(cells(line))
  })
  return tables
}

class Page {
  constructor(name) {
    this.name = name
    this.text = read(`docs/${name}`)
    this.prose = this.text.replace(/^```[^]*?^```$/gm, '')
    this.tables = tablesOf(this.text)
  }

  // The rows, as objects by column, of every table that has these columns.
  rows(...names) {
    const rows = this.tables.filter(({ header }) => names.every((name) => header.includes(name)))
      .flatMap(({ header, rows }) => rows.map((row) => Object.fromEntries(header.map((name, i) => [name, row[i] ?? '']))))
    assert.ok(rows.length, `${this.name} has no table with the columns ${names.join(', ')}`)
    return rows
  }
}
export const pages = ['protocol.md', 'protocol.zh-CN.md'].map((name) => new Page(name))

// The code in a cell, each with the question mark and the brackets behind it: `limit`? (50; 1–500).
export const spans = (cell) => [...cell.matchAll(/`([^`]+)`(\?)?(?:\s?[(（]([^()（）]*)[)）])?/g)]
  .map(([, code, mark, note = '']) => ({ code, optional: mark === '?', note }))

export const number = (text) => Number(text.replaceAll(',', ''))

// All numbers in a text, without those in code.
export const numbers = (text) => [...text.replace(/`[^`]*`/g, ' ').matchAll(/\d[\d,]*(?:\.\d+)?/g)].map(([it]) => number(it.replace(/,+$/, '')))

export const errorCodes = (text) => [...text.matchAll(/-3\d{4}\b/g)].map(Number)

// `{a, b?: [{c}], d? (1–9)}` as {a: {…}, b: {optional: true, of: {c: {…}}}, d: {optional: true, note: '1–9'}}.
export function shape(code) {
  let rest = code
  const take = (pattern) => {
    const [found] = new RegExp(`^\\s*${pattern}`).exec(rest) ?? []
    if (found !== undefined) rest = rest.slice(found.length)
    return found?.trim()
  }
  const object = () => {
    const members = {}
    assert.ok(take('\\{') !== undefined, `no object at "${rest}" of ${code}`)
    while (take('\\}') === undefined) {
      const name = take('"?\\w+"?')?.replaceAll('"', '')
      assert.ok(name, `no name at "${rest}" of ${code}`)
      members[name] = { optional: take('\\?') !== undefined, note: take('[(（][^)）]*[)）]')?.slice(1, -1) ?? '' }
      if (take(':') !== undefined) {
        const isList = take('\\[') !== undefined
        members[name].of = /^\s*\{/.test(rest) ? object() : (take('\\w+'), undefined)
        if (isList) assert.ok(take('\\]') !== undefined, `no ] at "${rest}" of ${code}`)
      }
      take(',')
    }
    return members
  }
  const members = object()
  assert.equal(rest.trim(), '', `more behind the object ${code}`)
  return members
}
export const isShape = (code) => /^\{.*\}$/.test(code) && !/"\w+":/.test(code)
