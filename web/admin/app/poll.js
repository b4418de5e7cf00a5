// What GET /v1/overview and GET /readyz say, every five seconds as long as somebody is in.

import { computed, effect, signal } from '@preact/signals'
import { ask, leave, me } from './api.js'
import { missing, sampleOf, withSample } from '../core/figures.js'

const EVERY_MS = 5_000
const PATIENCE_MS = 10_000

/** The newest answer, or null. */
export const overview = signal(null)
export const samples = signal([])
/** {isReady, why}; null: not asked yet. */
export const readiness = signal(null)
/** Why the newest poll was without an answer: a Problem, or null. */
export const trouble = signal(null)

const isIn = computed(() => me.value !== null)

/** Polls as long as somebody is in, and forgets all afterwards. */
effect(() => {
  if (!isIn.value) return undefined
  let isOver = false
  let timer = 0
  const again = async () => {
    await Promise.all([poll(() => isOver), pollReadiness(() => isOver)])
    if (!isOver) timer = setTimeout(again, EVERY_MS)
  }
  again()
  return () => {
    isOver = true
    clearTimeout(timer)
    overview.value = null
    samples.value = []
    readiness.value = null
    trouble.value = null
  }
})

async function poll(isOver) {
  try {
    const answer = await ask('GET', '/v1/overview', { patience: PATIENCE_MS })
    if (isOver()) return
    overview.value = answer
    // The file of keys was read again: a key may do more, or less.
    if (String(answer.key.scopes) !== String(me.peek().scopes)) me.value = answer.key
    samples.value = withSample(samples.peek(), sampleOf(answer, Date.now()))
    trouble.value = null
  } catch (error) {
    if (isOver()) return
    if (error.status === 403) {
      leave('door.over')
      return
    }
    samples.value = withSample(samples.peek(), missing(Date.now()))
    trouble.value = error
  }
}

async function pollReadiness(isOver) {
  let state
  try {
    const response = await fetch('/readyz', { cache: 'no-store', credentials: 'omit' })
    state = { isReady: response.ok, why: response.ok ? '' : await whyNot(response) }
  } catch {
    state = { isReady: false, why: '' }
  }
  if (!isOver()) readiness.value = state
}

const whyNot = (response) => response.json().then(({ detail }) => String(detail || ''), () => String(response.status))
