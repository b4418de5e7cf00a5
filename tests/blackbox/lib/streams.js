// Messages that are written while they are shown: their requests over HTTP, and what a session is told of them.

import assert from 'node:assert/strict'
import { request } from './client.js'
import { assertProblem } from './problem.js'
import { assertMessage, uniqueId } from './v1.js'

// Offsets count Unicode characters.
export const chars = (text) => [...text].length
export const slice = (text, begin, end) => [...text].slice(begin, end).join('')

export const post = (server, path, body, headers = {}) => request(server, { method: 'POST', path, body, headers: { 'content-type': 'application/json', ...headers } })
export const begin = (server, sender, to, more = {}, headers) => post(server, '/v1/messages', { from: sender, to, clientMsgId: uniqueId(), stream: true, ...more }, headers)
export const write = (server, id, offset, delta, headers) => post(server, `/v1/streams/${id}`, { offset, delta }, headers)
export const end = (server, id, body = {}, headers) => post(server, `/v1/streams/${id}/end`, body, headers)

export const ok = (answer) => {
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/)
  return answer.json()
}

export async function begun(...all) {
  const answer = ok(await begin(...all))
  assert.deepEqual(Object.keys(answer).sort(), ['duplicate', 'message', 'streamId'])
  assert.equal(typeof answer.streamId, 'string')
  assert.ok(answer.streamId.length >= 22, `a secret of 128 bits: ${answer.streamId}`)
  assertMessage(answer.message)
  return answer
}

// Adds, and insists on it; returns where the stream ends then.
export async function wrote(server, id, offset, delta, headers) {
  const answer = ok(await write(server, id, offset, delta, headers))
  assert.deepEqual(answer, { offset: offset + chars(delta) })
  return answer.offset
}

export async function ended(server, id, body, headers) {
  const { message, ...more } = ok(await end(server, id, body, headers))
  assert.deepEqual(more, {})
  assertMessage(message)
  assert.deepEqual([message.streaming, message.edited], [undefined, undefined], 'it is a text like any other')
  return message
}

// Is at another offset, namely there.
export function assertElsewhere(answer, offset) {
  const problem = assertProblem(answer, 409)
  assert.ok(Number.isSafeInteger(problem.offset), answer.text)
  if (offset !== undefined) assert.equal(problem.offset, offset, answer.text)
  return problem.offset
}

export async function assertGone(server, id, headers) {
  assertProblem(await write(server, id, 0, 'x', headers), 404)
  assertProblem(await end(server, id, {}, headers), 404)
  assertProblem(await end(server, id, { content: 'x' }, headers), 404)
}

// All that a session is told of a message, as it comes, in `news`; of it `deltas`, with `at`, when they came. `text`: what one sees who
// follows; `gaps`: pieces that did not fit behind it.
export function follow(session, { conversationId, seq }) {
  const seen = { news: [], deltas: [], text: '', gaps: [] }
  session.socket.on('message', (data) => {
    const { method, params } = JSON.parse(data.toString())
    if (method === 'stream' && params.conversationId === conversationId && params.seq === seq) {
      assert.deepEqual(Object.keys(params).sort(), ['conversationId', 'delta', 'offset', 'seq'])
      seen.deltas.push({ at: Date.now(), ...params })
      seen.news.push(params)
      if (params.offset !== 0 && params.offset !== chars(seen.text)) seen.gaps.push(params)
      seen.text = slice(seen.text, 0, params.offset) + params.delta
    } else if (method === 'message' && params.message.conversationId === conversationId && params.message.content?.seq === seq) {
      seen.news.push(params.message)
    }
  })
  return seen
}

export const entryOf = (session, kind = 'edit', ms = 5_000) => session.message((message) => message.kind === kind, ms)
export const one = async (session, place, seq) => (await session.call('message.get', { in: place, seqs: [seq] })).messages[0]
