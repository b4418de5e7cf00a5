// Waiting for events with a bound, in place of sleeping.

import { setTimeout as delay } from 'node:timers/promises'

export { delay }

// Rejects with a sentence when `promise` takes longer than `ms`.
export function within(ms, promise, what) {
  let timer
  const limit = new Promise((resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms)
  })
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer))
}

// Calls `probe` until it returns something truthy, and returns that.
export async function eventually(ms, what, probe, every = 25) {
  const end = Date.now() + ms
  for (;;) {
    const got = await probe()
    if (got) return got
    if (Date.now() >= end) throw new Error(`${what}: not within ${ms} ms`)
    await delay(every)
  }
}

// The milliseconds that `action` took, and what it returned.
export async function timed(action) {
  const begin = performance.now()
  const value = await action()
  return { ms: performance.now() - begin, value }
}
