// `node reference.mjs [--check]`: docs/sdk-reference.md from the declarations in src. --check only tells whether it is current.

import { readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

const here = new URL('.', import.meta.url)
const wanted = [
  ['Client', 'client.ts'], ['ClientOptions', 'client.ts'], ['SessionOptions', 'session.ts'], ['Events', 'client.ts'], ['State', 'session.ts'],
  ['TokenReason', 'session.ts'], ['Draft', 'outbox.ts'], ['Outgoing', 'outbox.ts'], ['Conversation', 'conversation.ts'], ['ClientError', 'error.ts'],
  ['Emitter', 'emitter.ts'], ['Host', 'host.ts'], ['Socket', 'host.ts'], ['SocketListener', 'host.ts'], ['Storage', 'host.ts'], ['UploadRequest', 'host.ts'],
]
const hidden = ts.SyntaxKind.PrivateKeyword
// What the core needs of its own parts, and no app does.
const internal = { Conversation: ['ahead', 'isDoubtful', 'hasMoved', 'differs', 'wantedReadSeq', 'append', 'prepend', 'take', 'read', 'clear', 'react', 'grow', 'save', 'restore', 'constructor'], ClientError: ['constructor'] }

function commentOf(node) {
  const text = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).map((doc) => [
    typeof doc.comment === 'string' ? doc.comment : '', ...(doc.tags ?? []).map((tag) => `${tag.name ? `\`${tag.name.getText()}\`: ` : ''}${tag.comment ?? ''}`),
  ].filter(Boolean).join(' ')).join(' ')
  return text.replace(/\s+/g, ' ').trim()
}

function signature(node, source) {
  const end = node.body ? node.body.getStart(source) : node.end
  let text = source.text.slice(node.getStart(source), end).trim().replace(/\s+/g, ' ')
  if (ts.isPropertyDeclaration(node) && node.initializer) text = text.slice(0, node.initializer.getStart(source) - node.getStart(source)).replace(/\s*=\s*$/, '')
  if (ts.isGetAccessor(node)) text = text.replace('()', '')
  return text.replace('private readonly ', '').replace(/^(readonly |async |get |public |private readonly )+/, '').replace(/[;{]$/, '').trim()
}

const lines = ['# hongyan-client: reference', '', 'Made by `sdk/reference.mjs` from the declarations; do not edit. [The guide](sdk.md) says how to begin.', '']
for (const [name, file] of wanted) {
  const source = ts.createSourceFile(file, readFileSync(new URL(`src/${file}`, here), 'utf8'), ts.ScriptTarget.Latest, true)
  const node = source.statements.find((statement) => statement.name?.text === name)
  const heritage = node.heritageClauses?.length ? ` ${node.heritageClauses.map((clause) => clause.getText(source)).join(' ')}` : ''
  lines.push(`## ${name}`, '')
  if (commentOf(node)) lines.push(commentOf(node), '')
  if (heritage) lines.push(`\`${heritage.trim()}\``, '')
  if (ts.isTypeAliasDeclaration(node)) lines.push(`\`${node.type.getText(source)}\``, '')
  for (const member of node.members ?? []) {
    const memberName = member.kind === ts.SyntaxKind.Constructor ? 'constructor' : member.name?.getText(source)
    if (member.modifiers?.some(({ kind }) => kind === hidden) || internal[name]?.includes(memberName)) continue
    const comment = commentOf(member)
    lines.push(`- \`${signature(member, source)}\`${comment && `: ${comment}`}`)
  }
  lines.push('')
}
lines.push('Types of the protocol, as `Message`, `Place` and `Methods`, are in `protocol.ts`: what [asyncapi.json](asyncapi.json) says.', '')

const text = lines.join('\n').replace(/\n{3,}/g, '\n\n')
const target = new URL('../docs/sdk-reference.md', here)
if (!process.argv.includes('--check')) writeFileSync(target, text)
else if (readFileSync(target, 'utf8') !== text) {
  console.error('docs/sdk-reference.md is not what src says: node reference.mjs makes it anew')
  process.exitCode = 1
}
