// Certificates for tests, by the openssl command: each signs itself, for localhost and 127.0.0.1.

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
