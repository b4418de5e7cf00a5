// Errors are RFC 9457 problems, and tell nothing about the inside.

import assert from 'node:assert/strict'

const inside = /sqlite|postgres|libpq|\bpq\b|select |insert |update |exception|std::|boost|caf::|\/tmp\/|\.cpp|0x[0-9a-f]{6}/i

// `statuses`: the status, or several of which one has to be it. Returns the problem.
// `discreet: false` leaves it to another test to see that the problem tells nothing about the inside.
export function assertProblem(answer, statuses, { mentions, discreet = true } = {}) {
  const accepted = [statuses].flat()
  assert.ok(accepted.includes(answer.status), `status ${answer.status} instead of ${accepted.join(' or ')}: ${answer.text}`)
  assert.match(answer.headers['content-type'] ?? '', /^application\/problem\+json\b/i)
  const problem = JSON.parse(answer.text)
  assert.equal(typeof problem.type, 'string')
  assert.ok(problem.type.length > 0)
  assert.equal(typeof problem.title, 'string')
  assert.ok(problem.title.length > 0)
  assert.equal(problem.status, answer.status, 'the status in the body is that of the answer')
  assert.equal(typeof problem.detail, 'string')
  assert.ok(problem.detail.length > 0, 'detail says something')
  if (discreet) assert.doesNotMatch(answer.text, inside, 'a problem tells nothing about the inside')
  if (mentions) assert.match(problem.detail, mentions, 'detail says where')
  if ([429, 503].includes(answer.status)) assertRetryAfter(answer)
  return problem
}

// Retry-After: seconds or an HTTP date.
export function assertRetryAfter(answer) {
  const value = answer.headers['retry-after']
  assert.ok(value !== undefined, 'there is a Retry-After')
  assert.ok(/^\d+$/.test(value) || !Number.isNaN(Date.parse(value)), `Retry-After: ${value}`)
}
