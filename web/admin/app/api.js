// Asks the server, with the key. The key is in this module's memory and nowhere else: no storage, no address, no element.

import { batch, signal } from '@preact/signals'
import { nameIn } from '../core/ids.js'
import { encodeWhy, Problem, problemOf } from '../core/problem.js'

const PATIENCE_MS = 30_000

let key = ''
/** Whose key it is: {name, scopes}; null: at the door. */
export const me = signal(null)
/** Why one is at the door again: a key of a text, or ''. */
export const left = signal('')

/** Whether the key has a scope. */
export const can = (scope) => Boolean(me.value?.scopes.includes(scope))

/** Tries a key; answers what GET /v1/overview says. Errors: Problem. */
export async function enter(given) {
  key = given
  try {
    const overview = await ask('GET', '/v1/overview')
    batch(() => {
      left.value = ''
      me.value = overview.key
    })
    return overview
  } catch (error) {
    key = ''
    throw error
  }
}

/** Forgets the key. @param {string} why key of a text for the door */
export function leave(why = '') {
  key = ''
  batch(() => {
    left.value = why
    me.value = null
  })
}

/**
 * @param {{body?: object, why?: string, headers?: object, patience?: number}} options `why`: what the audit log keeps
 * @returns what the JSON of the answer says
 */
export async function ask(method, path, options) {
  const response = await fetchWith(method, path, options)
  return response.status === 204 ? null : read(response, 'json')
}

/** The bytes of an answer, as long as they take: {blob, name}; the name that the server gives them, or ''. */
export async function askBytes(method, path, options) {
  const response = await fetchWith(method, path, { patience: 0, ...options })
  return { blob: await read(response, 'blob'), name: nameIn(response.headers.get('Content-Disposition')) }
}

/** What the headers of an answer say; where it is refused, in the words that only a body has. */
export async function askHeaders(path) {
  const response = await fetchWith('HEAD', path, { isHead: true })
  if (response.ok) return response.headers
  await ask('GET', path)
  return response.headers
}

async function fetchWith(method, path, { body, why, headers = {}, patience = PATIENCE_MS, isHead = false } = {}) {
  const used = key
  const all = { ...headers, Authorization: `Bearer ${used}` }
  if (body !== undefined) all['Content-Type'] = 'application/json'
  if (why !== undefined) all['Audit-Reason'] = encodeWhy(why)
  const controller = new AbortController()
  const timer = patience ? setTimeout(() => controller.abort(), patience) : 0
  let response
  try {
    response = await fetch(path, {
      method, headers: all, body: body === undefined ? undefined : JSON.stringify(body),
      cache: 'no-store', credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', signal: controller.signal,
    })
  } catch {
    throw new Problem({ status: 0 })
  } finally {
    clearTimeout(timer)
  }
  if (response.ok || isHead) return response
  // A key that was taken out of the file while the page was open.
  if (response.status === 401 && used === key && me.value) leave('door.over')
  throw problemOf(response.status, await response.text().catch(() => ''))
}

async function read(response, as) {
  try {
    return await response[as]()
  } catch { // it broke off, or is no JSON
    throw new Problem({ status: 0 })
  }
}
