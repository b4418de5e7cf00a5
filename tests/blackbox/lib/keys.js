// Keys and tokens, made by Node alone: what a business back end does.

import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { makeDirectory, removeDirectory } from './processes.js'

const encode = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
export const seconds = () => Math.floor(Date.now() / 1000)

// header.payload.signature, signed by `sign(text)` (bytes). A header or payload that is a string goes in as it is.
export function jwt(header, payload, sign) {
  const text = `${encode(header)}.${encode(payload)}`
  return `${text}.${Buffer.from(sign(text)).toString('base64url')}`
}

export const secret = 'S3cret-canary-of-the-tests-0123456789abcdef'
export const hmac = (key = secret, hash = 'sha256') => (text) => crypto.createHmac(hash, key).update(text).digest()

// A good token of a user, but for what is said otherwise.
export const tokenOf = (userId, claims = {}) => jwt({ alg: 'HS256', typ: 'JWT' }, { sub: String(userId), exp: seconds() + 600, ...claims }, hmac())
export const bearer = (token) => ({ authorization: `Bearer ${token}` })

export const edwards = { ...crypto.generateKeyPairSync('ed25519'), kid: 'ed-1' }
export const p256 = { ...crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }), kid: 'ec-1' }
export const byEdwards = (text) => crypto.sign(null, Buffer.from(text), edwards.privateKey)
export const byP256 = (text) => crypto.sign('sha256', Buffer.from(text), { key: p256.privateKey, dsaEncoding: 'ieee-p1363' })
export const jwks = (...keys) => JSON.stringify({ keys: keys.map(({ publicKey, kid }) => ({ ...publicKey.export({ format: 'jwk' }), kid })) })

export const apiKeys = { all: 'canary-key-all-0123456789', push: 'canary-key-push-012345678', admin: 'canary-key-admin-01234567', metrics: 'canary-key-metrics-012345', observe: 'canary-key-observe-012345', owner: 'canary-key-owner-01234567' }
const apiKeyFile = `${apiKeys.all}\nshop push ${apiKeys.push}\nops admin ${apiKeys.admin}\nwatch metrics ${apiKeys.metrics}\neye observe ${apiKeys.observe}\nboss owner ${apiKeys.owner}\n`

// The files of keys in a directory, and the options that name them.
export class KeyFiles {
  directory = makeDirectory('keys')
  constructor() {
    this.write('secret', `${secret}\n`)
    this.write('jwks', jwks(edwards, p256))
    this.write('api', apiKeyFile)
  }
  path(name) { return path.join(this.directory, name) }
  write(name, text) { fs.writeFileSync(this.path(name), text, { mode: 0o600 }) }
  get args() {
    return ['--auth', 'token', '--auth-secret-file', this.path('secret'), '--auth-keys', this.path('jwks'), '--api-key-file', this.path('api')]
  }
  dispose() { removeDirectory(this.directory) }
}
