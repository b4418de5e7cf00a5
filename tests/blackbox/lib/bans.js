// Bans, as a back end asks for them.

import assert from 'node:assert/strict'
import { request } from './client.js'
import { apiKeys, bearer } from './keys.js'
import { rfc3339 } from './v1.js'

const json = (body) => (body === undefined ? {} : { 'content-type': 'application/json' })
export const asking = (server, method, rest, body, key = 'admin') => request(server, {
  method, path: `/v1/bans${rest}`, body, headers: { ...(key ? bearer(apiKeys[key] ?? key) : {}), ...json(body) },
})

export function assertBan(ban) {
  const where = JSON.stringify(ban)
  assert.deepEqual(Object.keys(ban).sort(), ['reason', 'since', 'until', 'userId'], where)
  for (const member of ['userId', 'reason']) assert.equal(typeof ban[member], 'string', where)
  assert.match(ban.since, rfc3339, where)
  if (ban.until !== null) assert.match(ban.until, rfc3339, where)
}

// Bans, and insists on it; the ban.
export async function ban(server, userId, seconds = 0, { reason = 'spam', key } = {}) {
  const answer = await asking(server, 'POST', '', { userId, seconds, reason }, key)
  assert.equal(answer.status, 200, answer.text)
  assert.match(answer.headers['content-type'] ?? '', /^application\/json\b/)
  const made = answer.json()
  assertBan(made)
  assert.deepEqual([made.userId, made.reason], [String(userId), reason])
  if (seconds === 0) assert.equal(made.until, null)
  else assert.equal(Date.parse(made.until) - Date.parse(made.since), seconds * 1_000, answer.text)
  return made
}

export async function lift(server, userId, key) {
  const answer = await asking(server, 'DELETE', `/${encodeURIComponent(userId)}`, undefined, key)
  assert.deepEqual([answer.status, answer.text], [200, '{}'])
}

// All bans, page by page.
export async function bansOf(server, { limit, key } = {}) {
  const all = []
  for (let cursor; ;) {
    const query = new URLSearchParams({ ...(limit ? { limit } : {}), ...(cursor ? { cursor } : {}) })
    const answer = await asking(server, 'GET', `?${query}`, undefined, key)
    assert.equal(answer.status, 200, answer.text)
    const { bans, cursor: next, ...more } = answer.json()
    assert.deepEqual(more, {})
    for (const it of bans) assertBan(it)
    if (limit) assert.ok(bans.length <= limit, `${bans.length} on a page of ${limit}`)
    all.push(...bans)
    if (next === null) return all
    assert.ok(typeof next === 'string' && bans.length > 0, answer.text)
    cursor = next
  }
}

export const banOf = async (server, userId, options) => (await bansOf(server, options)).find((it) => it.userId === String(userId))
