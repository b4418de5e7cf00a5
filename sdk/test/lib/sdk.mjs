// The SDK from src, as one module: what it exports and what it hides, without a build and of one mould (one ClientError).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const src = fileURLToPath(new URL('../../src', import.meta.url))
const hidden = ['conversation', 'emitter', 'guess', 'outbox', 'session', 'token', 'hosts/browser', 'hosts/mini', 'hosts/node', 'hosts/tabs']
const { outputFiles: [{ text }] } = await build({
  stdin: { contents: [`export * from './index.js'`, ...hidden.map((name) => `export * from './${name}.js'`)].join('\n'), resolveDir: src },
  bundle: true, format: 'esm', platform: 'node', target: 'es2017', write: false, logLevel: 'error', sourcemap: 'inline',
})
const folder = mkdtempSync(join(tmpdir(), 'hongyan-sdk-'))
const file = join(folder, 'sdk.mjs')
writeFileSync(file, text)
const sdk = await import(pathToFileURL(file))
rmSync(folder, { recursive: true })

export const { Client, ClientError, Conversation, Emitter, Outbox, Session, browserTransport, guessMini, keyOf, miniHost, myTransport, nodeTransport, outbox_max,
  sharedSocket, taroTransport, ttTransport, uniTransport, uniqueId, userOf, wxTransport } = sdk
