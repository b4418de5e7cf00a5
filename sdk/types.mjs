// `node types.mjs [--check]`: src/protocol.ts from docs/asyncapi.json, which is the one list of what v1 says. --check only
// tells whether it is current.

import { readFileSync, writeFileSync } from 'node:fs'
import { compile } from 'json-schema-to-typescript'

const here = new URL('.', import.meta.url)
const { components: { messages, schemas } } = JSON.parse(readFileSync(new URL('../docs/asyncapi.json', here)))
const methods = Object.keys(messages).filter((name) => messages[`${name}.result`])
const notifications = Object.keys(messages).filter((name) => name !== 'error' && !name.endsWith('.result') && !methods.includes(name))

// TypeScript has no conditions: what they say of contents is written below, as a union.
const byKind = schemas.Message.else.oneOf.map(({ properties: { kind, content } }) => [kind.const, content])
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain)
  if (schema === null || typeof schema !== 'object') return schema
  const { $ref, if: _if, then: _then, else: _else, allOf: _allOf, not: _not, pattern: _p, ...rest } = schema
  if ($ref) return { $ref: $ref.replace('#/components/schemas/', '#/$defs/') }
  const known = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, plain(value)]))
  // An array of at least one is no tuple, and an object has what is listed unless it says otherwise.
  for (const key of ['minItems', 'maxItems']) delete known[key]
  if (known.properties && known.additionalProperties === undefined) known.additionalProperties = false
  if (known.properties && known.type === undefined) known.type = 'object'
  return known
}

const empty = { type: 'object', additionalProperties: false }
const root = {
  title: 'Everything',
  type: 'object',
  additionalProperties: false,
  properties: {
    methods: { title: 'Methods', description: 'Of each method what it wants and what it answers', type: 'object', additionalProperties: false, required: methods,
      properties: Object.fromEntries(methods.map((name) => [name, { type: 'object', additionalProperties: false, required: ['params', 'result'],
        description: messages[name].summary,
        properties: { params: plain(messages[name].payload.properties.params ?? empty), result: plain(messages[`${name}.result`].payload.properties.result) } }])) },
    notifications: { title: 'Notifications', description: 'What the server says of itself', type: 'object', additionalProperties: false, required: notifications,
      properties: Object.fromEntries(notifications.map((name) => [name, { ...plain(messages[name].payload.properties.params), description: messages[name].summary }])) },
  },
  $defs: Object.fromEntries(Object.entries(schemas).filter(([name]) => !['Failure', 'TerseMessage'].includes(name)).map(([name, schema]) => [name, { ...plain(schema), title: name }])),
}
// The terse form is made whole where it comes in (session.ts).
root.properties.notifications.properties.messages.properties.messages.items = { $ref: '#/$defs/Message' }
const message = root.$defs.Message
delete message.properties.kind
delete message.properties.content
message.required = message.required.filter((name) => !['kind', 'content'].includes(name))
message.title = 'Entry'

const typeOf = ({ $ref, anyOf, const: constant }) => $ref ? $ref.split('/').at(-1) : anyOf ? [...new Set(anyOf.map(typeOf))].filter((t) => t !== '""').join(' | ') : JSON.stringify(constant)
const union = byKind.map(([kind, content]) => `  | (Entry & { kind: '${kind}'; content: ${content ? `${typeOf(content)} | null` : 'unknown'} })`).join('\n')

const body = (await compile(root, 'Everything', {
  additionalProperties: false, bannerComment: '', format: true, style: { semi: false, singleQuote: true, printWidth: 140 }, unreachableDefinitions: true, ignoreMinAndMaxItems: true,
}))
  .replace(/export interface Everything \{[^}]*\}\n/s, '')
  .replaceAll(/( \*\n)? \* This (interface|type) was referenced by .*\n \* via the .*\n/g, '')
  .replaceAll(/\/\*\*\n \*\/\n/g, '')
  .replaceAll(/\bEntry(\[\]|\b)/g, 'Message$1')
  .replace('export interface Message {', 'export interface Entry {')
const text = `// Made by types.mjs from docs/asyncapi.json; do not edit.

${body.trim()}

/** An entry of a conversation's log. Recalled: its content is null. */
export type Message =
${union}
`
const file = new URL('src/protocol.ts', here)
if (!process.argv.includes('--check')) writeFileSync(file, text)
else if (readFileSync(file, 'utf8') !== text) {
  console.error('src/protocol.ts is not what docs/asyncapi.json says: node types.mjs makes it anew')
  process.exitCode = 1
}
