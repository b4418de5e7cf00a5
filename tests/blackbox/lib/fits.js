// Whether a value fits what the JSON documents in docs/ say.

import assert from 'node:assert/strict'
import Ajv from 'ajv'
import Ajv2020 from 'ajv/dist/2020.js'
import { asyncapi, commonErrors, methods, openapi, ownErrors, payload, withFiles } from './documents.js'

// A copy in which an object has only the members that are written down: what the server says beyond is not documented.
function closed(schema) {
  if (Array.isArray(schema)) return schema.map(closed)
  if (!schema || typeof schema !== 'object') return schema
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  if (copy.type === 'object' && copy.properties && !('additionalProperties' in copy)) copy.additionalProperties = false
  return copy
}

function validators(Class, document) {
  const ajv = new Class({ strict: false, allErrors: true })
  ajv.addSchema(document, 'open')
  ajv.addSchema(closed(document), 'closed')
  const pointer = (path) => path.map((part) => `/${encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')
  const fits = (where, path, value) => {
    const check = ajv.getSchema(`${where}#${pointer(path)}`)
    assert.ok(check, `no schema at ${path.join(' / ')}`)
    if (check(value)) return null
    // The deepest errors say most: others are of alternatives that were not meant.
    const depth = ({ instancePath }) => instancePath.split('/').length
    const deepest = Math.max(...check.errors.map(depth))
    return `${path.join(' / ')}: ${ajv.errorsText(check.errors.filter((error) => depth(error) === deepest))} in ${JSON.stringify(value)}`
  }
  return {
    // Of what a client may send: what is wrong with it, or null.
    accepts: (path, value) => fits('open', path, value),
    // Of what the server says: what is not exactly as it is written down, or null.
    differs: (path, value) => fits('closed', path, value),
    assert: (path, value) => assert.equal(fits('closed', path, value), null),
  }
}
export const socket = validators(Ajv, asyncapi)
export const http = validators(Ajv2020, openapi)

// The schema of a message takes what clients made up where no files are kept. The servers of the documents keep them, and
// what these say of one is all that there is to say.
export const assertFiles = (value) => withFiles(value).forEach(({ content }) => socket.assert(['components', 'schemas', 'StoredFile'], content))

// What the server sends over a socket; `method` is that of the request.
export function assertDocumented(incoming, method) {
  assertFiles(incoming)
  if (incoming.method) return socket.assert(payload(incoming.method), incoming)
  socket.assert(payload(incoming.error ? 'error' : `${method}.result`), incoming)
  if (incoming.error && methods.includes(method)) {
    const { code } = incoming.error
    assert.ok([...commonErrors, ...ownErrors(method)].includes(code), `${method} was answered ${code}, which is not in its x-errors`)
  }
}
