// Certificates for tests, by the openssl command: each signs itself, for localhost and 127.0.0.1.

import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { run } from './processes.js'

// {cert, key}: the paths of PEM files NAME.crt and NAME.key in `directory`; `pem`, the certificate's text.
export async function makeCertificate(directory, name = 'server') {
  const [cert, key] = ['crt', 'key'].map((kind) => path.join(directory, `${name}.${kind}`))
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', key, '-out', cert])
  return { cert, key, pem: fs.readFileSync(cert, 'utf8') }
}

// An authority that signs certificates of nodes. {cert, issue(name, {names, days})}, where issue gives {cert, key} of a
// certificate for both directions of TLS, made out to `names` (a list in openssl's words, such as DNS:node-1).
export async function makeAuthority(directory, name) {
  const [cert, key] = ['crt', 'key'].map((kind) => path.join(directory, `${name}.${kind}`))
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  await run('openssl', ['req', '-x509', ...curve, '-days', '2', '-subj', `/CN=${name}`, '-keyout', key, '-out', cert])
  const issue = async (file, { names = `DNS:${file}`, days = 2 } = {}) => {
    const own = Object.fromEntries(['crt', 'key', 'csr', 'ext'].map((kind) => [kind, path.join(directory, `${name}-${file}.${kind}`)]))
    fs.writeFileSync(own.ext, `subjectAltName=${names}\nextendedKeyUsage=serverAuth,clientAuth\n`)
    await run('openssl', ['req', ...curve, '-subj', `/CN=${file}`, '-keyout', own.key, '-out', own.csr])
    // A number of its own: openssl's file of them is not for several at once.
    const serial = `0x${randomBytes(16).toString('hex')}`
    await run('openssl', ['x509', '-req', '-in', own.csr, '-CA', cert, '-CAkey', key, '-set_serial', serial, '-days', String(days),
      '-extfile', own.ext, '-out', own.crt])
    return { cert: own.crt, key: own.key }
  }
  return { cert, issue }
}
