// What changes something: asked for in a dialog, with the reason that the audit log keeps.

import { effect, signal } from '@preact/signals'
import { me } from './api.js'

const TOAST_MS = 3_000

/**
 * The action that is asked about, or null:
 * {title, text, confirm, danger, typed, fields, act(why, values), done, after}. `typed`: what has to be typed first; `fields`: those of
 * parts/fields.jsx; `done`: what is said afterwards, `after(answer)` what is done then.
 */
export const asked = signal(null)
/** A word that passes. */
export const toast = signal('')

// Whoever comes next is not asked what the one before was.
effect(() => { if (!me.value) asked.value = null })

export const askFor = (action) => { asked.value = action }

let timer = 0
export function say(text) {
  clearTimeout(timer)
  toast.value = text
  timer = setTimeout(() => { toast.value = '' }, TOAST_MS)
}
