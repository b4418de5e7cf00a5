import type { Storage } from '../host.js'

/** Texts that end with the process, or the page: where nothing is to be kept, or nothing can be (a private window, a foreign frame). */
export function memoryStorage(): Storage {
  const texts = new Map<string, string>()
  return { get: (key) => texts.get(key) ?? null, set: (key, text) => { texts.set(key, text) }, remove: (key) => { texts.delete(key) }, keys: () => [...texts.keys()] }
}
