// A bucket that checks AWS Signature Version 4 as S3 does, of headers and of links: what is signed wrongly, changed, too old, or of another
// body than its digest says, is refused. (moto checks nothing.) Written from AWS' description:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html

import crypto from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { makeDirectory, removeDirectory } from './processes.js'

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest()
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex')
const encode = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
const timeOf = (amz) => Date.parse(amz.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'))

export const region = 'cn-north-1'
export const key = { id: 'AKIDTESTTEST', secret: 'test/secret+of/the+bucket' }

export class Bucket {
  // `inHost`: its name is the host's first label, and not the path's first segment.
  static async open(t, { name = 'files', inHost = false } = {}) {
    const bucket = new Bucket(name, inHost)
    await new Promise((resolve) => bucket.http.listen(0, '127.0.0.1', resolve))
    t.after(() => bucket.close())
    return bucket
  }

  constructor(name, inHost) {
    this.name = name
    this.inHost = inHost
    this.held = undefined // the step that the next PUT is stopped at: {step, arrive, release, released}
    this.objects = new Map()
    this.refused = [] // what was answered with an error, and why
    this.seen = []
    this.directory = makeDirectory('s3')
    this.keyFile = path.join(this.directory, 'key')
    this.writeKey(key)
    this.busy = 0 // requests under way
    this.http = http.createServer((request, response) => {
      this.busy++
      this.serve(request, response).finally(() => { this.busy-- })
    })
  }

  writeKey({ id, secret }) { fs.writeFileSync(this.keyFile, `${id}\n${secret}\n`, { mode: 0o600 }) }
  get port() { return this.http.address().port }
  // Whatever is below localhost is this machine, for libcurl as for browsers (RFC 6761).
  get endpoint() { return `${this.inHost ? 'localhost' : '127.0.0.1'}:${this.port}` }
  get host() { return this.inHost ? `${this.name}.${this.endpoint}` : this.endpoint }
  get root() { return this.inHost ? '/' : `/${this.name}/` }
  urlOf(object) { return `http://${this.host}${this.root}${object}` }
  // The configuration of a server that has it.
  config(more = '') {
    return `[files]\nstore = "s3:http://${this.endpoint}/${this.name}"\ns3_region = "${region}"\ns3_key_file = "${this.keyFile}"\n${this.inHost ? '' : 's3_path_style = true\n'}${more}`
  }

  // Stops the next PUT at a step: when it has 'begun', when some of it 'came', when it is 'whole', and 'stored' before it is answered.
  // `reached` resolves there, and release() lets it go on.
  hold(step) {
    const held = { step }
    const reached = new Promise((resolve) => { held.arrive = resolve })
    held.released = new Promise((resolve) => { held.release = resolve })
    this.held = held
    return { reached, release: held.release }
  }
  async at(step, { method }) {
    if (method !== 'PUT' || step !== this.held?.step) return
    const { arrive, released } = this.held
    this.held = undefined
    arrive()
    await released
  }

  close() {
    this.http.closeAllConnections?.()
    this.http.close()
    removeDirectory(this.directory)
  }

  // What S3 calls the error, or null: the request is signed as it should be.
  fault({ method, url, headers }, body) {
    const [pathname, query = ''] = url.split('?')
    const parameters = query.split('&').filter(Boolean).map((pair) => pair.split('=').map(decodeURIComponent))
    const get = (name) => parameters.find(([key]) => key === name)?.[1]
    const presigned = get('X-Amz-Signature') !== undefined
    const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')
    if (!presigned && !given) return 'AccessDenied'
    const [credential, signedHeaders, signature] = presigned ? [get('X-Amz-Credential'), get('X-Amz-SignedHeaders'), get('X-Amz-Signature')] : given.slice(1)
    const amz = presigned ? get('X-Amz-Date') : headers['x-amz-date']
    const [id, ...scope] = credential.split('/')
    if (id !== key.id) return 'InvalidAccessKeyId'
    if (scope.join('/') !== `${amz.slice(0, 8)}/${region}/s3/aws4_request`) return 'AuthorizationHeaderMalformed'
    const age = Date.now() - timeOf(amz)
    if (presigned && (age < -900_000 || age > Number(get('X-Amz-Expires')) * 1000)) return 'AccessDenied'
    if (!presigned && Math.abs(age) > 900_000) return 'RequestTimeTooSkewed'
    const names = signedHeaders.split(';')
    if (!names.includes('host') || (!presigned && !names.includes('x-amz-content-sha256'))) return 'AccessDenied'
    const canonical = [
      method, pathname,
      parameters.filter(([name]) => name !== 'X-Amz-Signature').map((pair) => pair.map(encode).join('=')).sort().join('&'),
      ...names.map((name) => `${name}:${String(headers[name]).trim()}`), '', signedHeaders,
      presigned ? 'UNSIGNED-PAYLOAD' : headers['x-amz-content-sha256'],
    ].join('\n')
    const signing = [amz.slice(0, 8), region, 's3', 'aws4_request'].reduce(hmac, `AWS4${key.secret}`)
    const right = hmac(signing, ['AWS4-HMAC-SHA256', amz, scope.join('/'), sha256(canonical)].join('\n')).toString('hex')
    if (signature !== right) return 'SignatureDoesNotMatch'
    if (!presigned && headers['x-amz-content-sha256'] !== sha256(body)) return 'XAmzContentSHA256Mismatch'
    return null
  }

  async serve(request, response) {
    const chunks = []
    try {
      await this.at('begun', request)
      for await (const chunk of request) {
        chunks.push(chunk)
        await this.at('came', request)
      }
    } catch {
      return // who sent it is gone, and of an object there is all or nothing
    }
    await this.at('whole', request)
    const body = Buffer.concat(chunks)
    const answer = (status, code, headers = {}, bytes = Buffer.alloc(0)) => {
      if (status >= 400) this.refused.push(code)
      response.writeHead(status, headers)
      response.end(status >= 400 ? `<?xml version="1.0"?><Error><Code>${code}</Code></Error>` : bytes)
    }
    this.seen.push(request.method)
    if (this.failing) return answer(this.failing[0], this.failing[1])
    const wrong = this.fault(request, body)
    if (wrong) return answer(403, wrong)
    const { pathname, searchParams } = new URL(request.url, `http://${this.host}`)
    if (request.headers.host !== this.host || !pathname.startsWith(this.root)) return answer(404, 'NoSuchBucket')
    const object = pathname.slice(this.root.length)
    const kept = this.objects.get(object)
    if (request.method === 'PUT') {
      this.objects.set(object, body)
      await this.at('stored', request)
      return answer(200)
    }
    if (request.method === 'DELETE') {
      this.objects.delete(object)
      return answer(204)
    }
    if (object === '') return answer(200)
    if (!kept) return answer(404, 'NoSuchKey')
    const headers = { 'accept-ranges': 'bytes' }
    for (const one of ['content-type', 'content-disposition']) if (searchParams.has(`response-${one}`)) headers[one] = searchParams.get(`response-${one}`)
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const bytes = range ? kept.subarray(Number(range[1]), Number(range[2]) + 1) : kept
    headers['content-length'] = bytes.length
    if (request.method === 'HEAD') {
      response.writeHead(200, headers)
      return response.end()
    }
    return answer(range ? 206 : 200, '', headers, bytes)
  }
}
