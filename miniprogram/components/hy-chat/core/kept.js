'use strict'
// A bounded map that outlives the app: written a second after it changed, oldest given up first. Of several tabs each
// writes only what it changed itself.

const SAVE_MS = 1_000

const globalTimers = { setTimeout: (act, ms) => setTimeout(act, ms), clearTimeout: (timer) => clearTimeout(timer) }

class Kept {
  /**
   * @param {{get(key: string): string|null, set(key: string, text: string): void}} storage
   * @param {() => string|null} key where it is kept; null: nowhere yet (nobody knows who one is). With another key it is another map.
   * @param {number} max entries
   * @param {{setTimeout: Function, clearTimeout: Function}} [timers]
   */
  constructor(storage, key, max, timers = globalTimers) {
    this.storage = storage
    this.key = key
    this.max = max
    this.timers = timers
    this.map = new Map()
    this.changed = new Set()
    this.loadedKey = null
    this.saving = null
  }

  get(name) { return this.loaded().get(name) }
  has(name) { return this.loaded().has(name) }
  /** Oldest first. */
  entries() { return [...this.loaded().entries()] }

  /** The newest from now on. */
  set(name, value) {
    const map = this.loaded()
    map.delete(name)
    map.set(name, value)
    this.touch(name)
    for (const oldest of map.keys()) {
      if (map.size <= this.max) break
      map.delete(oldest)
      this.touch(oldest)
    }
  }

  delete(name) {
    if (this.loaded().delete(name)) this.touch(name)
  }

  /** Writes now what would be written soon: the app is hidden. A full storage loses it, and no more. */
  flush() {
    this.timers.clearTimeout(this.saving)
    this.saving = null
    this.loaded()
    this.write()
  }

  write() {
    if (!this.loadedKey || !this.changed.size) return
    const stored = this.read(this.loadedKey)
    for (const name of this.changed) {
      stored.delete(name)
      if (this.map.has(name)) stored.set(name, this.map.get(name))
    }
    this.changed.clear()
    try {
      this.storage.set(this.loadedKey, JSON.stringify([...stored].slice(-this.max)))
    } catch (error) { /* full: it stays in memory */ }
  }

  touch(name) {
    this.changed.delete(name) // the newest last
    this.changed.add(name)
    if (this.saving === null) this.saving = this.timers.setTimeout(() => this.flush(), SAVE_MS)
  }

  loaded() {
    const key = this.key()
    if (key !== this.loadedKey && key) {
      if (this.loadedKey) { // another user
        this.write()
        this.map = new Map()
      }
      this.loadedKey = key
      this.map = new Map([...this.read(key), ...this.map])
    }
    return this.map
  }

  /** What is stored; nothing where it is damaged. */
  read(key) {
    try {
      const entries = JSON.parse(this.storage.get(key))
      return new Map(Array.isArray(entries) ? entries.filter((entry) => Array.isArray(entry) && entry.length === 2) : [])
    } catch (error) {
      return new Map()
    }
  }
}

module.exports = { Kept, globalTimers }
