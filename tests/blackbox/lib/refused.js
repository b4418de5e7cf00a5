// What a user is told who may not write: the error of a method, with all of its data, and the problem of an HTTP request.

import assert from 'node:assert/strict'
import { commonErrors, ownErrors } from './documents.js'
import { assertProblem } from './problem.js'
import { rfc3339 } from './v1.js'

let asked = 0

// Calls, and resolves with the answer as it came: a result or an error, whichever.
export async function answerOf(session, method, params) {
  const id = `refused ${++asked}`
  session.send({ jsonrpc: '2.0', id, method, params })
  return session.take((it) => it.id === id && !('method' in it), 15_000, `the answer to ${method} ${JSON.stringify(params)?.slice(0, 200)}`)
}

// Calls, and insists on that error; returns its data.
export async function refused(session, code, method, params) {
  const { error, result } = await answerOf(session, method, params)
  const where = `${method} ${JSON.stringify(params)?.slice(0, 300)}`
  assert.ok(error, `${where} was answered ${JSON.stringify(result)?.slice(0, 300)} instead of error ${code}`)
  assert.equal(error.code, code, `${where} was answered ${JSON.stringify(error)}`)
  assert.ok(typeof error.message === 'string' && error.message.length > 0, `${where}: an error says something`)
  return error.data
}

// Each of these [method, code] is what docs/asyncapi.json says of it.
export function assertDocumented(pairs) {
  const missing = pairs.filter(([method, code]) => ![...commonErrors, ...ownErrors(method)].includes(code))
  assert.deepEqual(missing, [], 'these are in x-errors of their methods')
}

// ---- of a ban ----

const assertUntil = (until, expected, where) => {
  assert.notEqual(until, undefined, `${where}: there is an until`)
  if (until !== null) assert.match(until, rfc3339, where)
  if (expected !== undefined) assert.equal(until, expected, where)
}

export async function banned(session, method, params, until) {
  const data = await refused(session, -32003, method, params)
  const where = `${method}: ${JSON.stringify(data)}`
  assert.deepEqual(Object.keys(data ?? {}).sort(), ['reason', 'until'], where)
  assert.equal(data.reason, 'banned', where)
  assertUntil(data.until, until, where)
}

export function assertBanned(answer, until) {
  const problem = assertProblem(answer, 403)
  assert.equal(problem.reason, 'banned', answer.text)
  assertUntil(problem.until, until, answer.text)
}

// ---- of a check ----

export async function denied(session, method, params, reason) {
  const data = await refused(session, -32022, method, params)
  if (reason !== undefined) assert.deepEqual(data, { reason }, method)
  return data
}

export function assertDenied(answer, reason) {
  const problem = assertProblem(answer, 422)
  if (reason !== undefined) assert.equal(problem.reason, reason, answer.text)
}
