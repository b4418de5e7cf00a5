// Whom spans are posted to: a receiver of OTLP/HTTP in JSON on a free port of this machine. What comes is looked at as a collector would, and
// what is wrong with it fails whoever waits here.

import assert from 'node:assert/strict'
import http from 'node:http'
import { Watched } from './watched.js'

const hex = (digits) => new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`)
const valueOf = ({ stringValue, intValue }) => stringValue ?? Number(intValue)
const membersOf = (attributes = []) => Object.fromEntries(attributes.map(({ key, value }) => [key, valueOf(value)]))

// The header of a trace that somebody else has begun.
const digits = (count) => Array.from({ length: count }, () => Math.floor(Math.random() * 15 + 1).toString(16)).join('')
export function newParent(flags = '01') {
  const [traceId, spanId] = [digits(32), digits(16)]
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${flags}` }
}

export class Collector extends Watched {
  spans = [] // {traceId, spanId, parentSpanId, name, kind, begin, end, failed, node, …attributes}
  posts = 0
  status = 200
  faults = []

  static async open(t) {
    const collector = new Collector()
    collector.server = http.createServer((request, response) => collector.receive(request, response))
    await collector.up()
    collector.port = collector.server.address().port
    t.after(() => collector.close())
    return collector
  }

  get url() { return `http://127.0.0.1:${this.port}` }
  get place() { return 'the collector' }
  summary() { return `${this.posts} posts came, with ${this.spans.map(({ name }) => name).join(', ')}` }
  assertGood() { if (this.faults.length) throw this.faults[0] }

  up() { return new Promise((resolve) => { this.server.listen(this.port ?? 0, '127.0.0.1', resolve) }) }

  down() {
    const ended = new Promise((resolve) => { this.server.close(resolve) })
    this.server.closeAllConnections()
    return ended
  }

  async close() {
    if (this.server.listening) await this.down()
    this.assertGood()
  }

  async receive(request, response) {
    const pieces = []
    for await (const piece of request) pieces.push(piece)
    this.posts++
    try {
      assert.deepEqual([request.method, request.url, request.headers['content-type']], ['POST', '/v1/traces', 'application/json'])
      const body = JSON.parse(Buffer.concat(pieces))
      if (this.status === 200) this.take(body)
    } catch (error) {
      this.faults.push(error)
    }
    response.writeHead(this.status, { 'content-type': 'application/json' }).end('{}')
    this.changed()
  }

  take({ resourceSpans }) {
    for (const { resource, scopeSpans } of resourceSpans) {
      const of = membersOf(resource.attributes)
      assert.equal(of['service.name'], 'hongyan')
      assert.match(of['service.version'], /^\d+\.\d+\.\d+/)
      for (const { scope, spans } of scopeSpans) {
        assert.equal(scope.name, 'hongyan')
        for (const span of spans) this.spans.push({ ...this.checked(span), node: of['service.instance.id'], ...membersOf(span.attributes) })
      }
    }
  }

  checked({ traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, status }) {
    assert.match(traceId, hex(32))
    assert.match(spanId, hex(16))
    if (parentSpanId !== undefined) assert.match(parentSpanId, hex(16))
    assert.ok(name)
    assert.ok([1, 2, 3, 4].includes(kind), `the kind ${kind}`)
    for (const time of [startTimeUnixNano, endTimeUnixNano]) assert.match(time, /^\d{19}$/)
    assert.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano), `${name} ends before it begins`)
    assert.ok(!this.spans.some((it) => it.spanId === spanId), 'a span comes twice')
    return { traceId, spanId, parentSpanId, name, kind, begin: startTimeUnixNano, end: endTimeUnixNano, failed: status?.code === 2 }
  }

  of({ traceId }) { return this.spans.filter((it) => it.traceId === traceId) }

  // The spans of a trace, by name, once all of these have come, with as many of each as are named.
  trace(parent, names, ms) {
    const wanted = [...names].sort()
    return this.waitFor(() => {
      const there = this.of(parent)
      if (there.length < wanted.length) return undefined
      assert.deepEqual(there.map(({ name }) => name).sort(), wanted)
      return (name) => there.filter((it) => it.name === name)
    }, ms, `the spans ${wanted.join(', ')}`)
  }
}
