// How the wx API answers: by success, fail and complete, or by a promise where none of them is given.

import { guard, complain } from '../report.js'

/** Calls success or fail, and complete. Without them a failure is told to the test: nobody heard of it. */
export function finish(options, name, error, result = {}) {
  const answer = { ...result, errMsg: error ? `${name}:fail ${error}` : result.errMsg || `${name}:ok` }
  const callback = error ? options.fail : options.success
  if (callback) guard(() => callback(answer))
  if (options.complete) guard(() => options.complete(answer))
  if (error && !callback && !options.complete) complain(`unhandled ${answer.errMsg}`)
}

/** A refusal with its code, such as {errMsg, errCode}. */
export class Refusal extends Error {
  constructor(message, more = {}) {
    super(message)
    this.more = more
  }
}

/**
 * Makes a method of wx that answers once.
 * @param work (options) => result or a promise of it; what it throws is the failure
 */
export const method = (name, work) => (options = {}) => {
  const outcome = new Promise((resolve) => { resolve(work(options)) }).then(
    (result) => ({ ...result, errMsg: `${name}:ok` }),
    (error) => Promise.reject(Object.assign(new Error(`${name}:fail ${error.message}`), { errMsg: `${name}:fail ${error.message}` }, error.more)))
  if (!options.success && !options.fail && !options.complete) return outcome
  const tell = (callback) => (answer) => {
    if (callback) guard(() => callback(answer))
    if (options.complete) guard(() => options.complete(answer))
    if (!callback && !options.complete) complain(`unhandled ${answer.errMsg}`)
  }
  outcome.then((answer) => {
    if (options.success) guard(() => options.success(answer))
    if (options.complete) guard(() => options.complete(answer))
  }, (error) => tell(options.fail)({ ...error }))
  return undefined
}

/** The methods of an object, each answering once. */
export const methods = (works) => Object.fromEntries(Object.entries(works).map(([name, work]) => [name, method(name, work)]))

/** onNAME and offNAME for each name, and `tell(name, event)`. */
export function listeners(...names) {
  const sets = Object.fromEntries(names.map((name) => [name, new Set()]))
  const api = {}
  for (const name of names) {
    api[`on${name}`] = (listener) => { sets[name].add(listener) }
    api[`off${name}`] = (listener) => { if (listener) sets[name].delete(listener); else sets[name].clear() }
  }
  return { api, tell: (name, event) => { for (const listener of [...sets[name]]) guard(() => listener(event)) } }
}
