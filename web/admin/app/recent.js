// What was looked up a moment ago, as long as somebody is in: back to it in one tap. In memory alone, as the key.

import { effect, signal } from '@preact/signals'
import { me } from './api.js'

const KEPT = 8

/** Ids by section, the newest first. */
export const recent = signal({})
effect(() => { if (!me.value) recent.value = {} })

export function remember(section, id) {
  const ids = recent.peek()[section] || []
  recent.value = { ...recent.peek(), [section]: [id, ...ids.filter((one) => one !== id)].slice(0, KEPT) }
}
