'use strict'
// What this device knows alone: drafts, messages deleted here, voices heard, voice or text, emoji used.

const { Kept } = require('./kept')
const { keyOf } = require('./place')

class Local {
  /**
   * @param {object} storage as the client library's Host.storage
   * @param {string|(() => string|null)} prefix of the keys; of a function null: nobody knows who one is
   * @param {{setTimeout: Function, clearTimeout: Function}} [timers]
   */
  constructor(storage, prefix, timers) {
    const keyFor = (name) => () => {
      const start = typeof prefix === 'function' ? prefix() : prefix
      return start === null ? null : start + name
    }
    const kept = (name, max) => new Kept(storage, keyFor(name), max, timers)
    this.all = {
      drafts: kept('drafts', 200), hidden: kept('hidden', 5000), heard: kept('heard', 5000), mode: kept('mode', 200),
      emoji: kept('emoji', 24), former: kept('former', 20), settings: kept('settings', 20),
    }
    const { drafts, hidden, heard, mode, emoji, former, settings } = this.all

    /** By place: {text, reply, mentions}; null: there is none. */
    this.drafts = {
      get: (place) => drafts.get(keyOf(place)) || null,
      set: (place, draft) => (draft.text || draft.reply ? drafts.set(keyOf(place), draft) : drafts.delete(keyOf(place))),
      remove: (place) => drafts.delete(keyOf(place)),
    }
    /** By the message's id: deleted on this device only. */
    this.hidden = idsOf(hidden)
    /** By the message's id: voices that were heard. */
    this.heard = idsOf(heard)
    /** By place: 'voice' or 'text'. */
    this.mode = { get: (place) => mode.get(keyOf(place)) || 'text', set: (place, value) => mode.set(keyOf(place), value) }
    /** The last used first. */
    this.recentEmoji = { list: () => emoji.entries().map(([name]) => name).reverse(), add: (name) => emoji.set(name, 1) }
    /** By the message's id: {text, at}, what one's own text said before its recall, to edit it again; `at` by the server's clock. */
    this.former = { get: (id) => former.get(id), set: (id, text, at) => former.set(id, { text, at }) }
  }

  /** Whether read marks are shown, one's own and others'. */
  get showsRead() { return this.all.settings.get('showsRead') !== 0 }
  set showsRead(is) { this.all.settings.set('showsRead', is ? 1 : 0) }

  /** Writes what is not written yet: the app is hidden. */
  flush() {
    for (const kept of Object.values(this.all)) kept.flush()
  }
}

const idsOf = (kept) => ({ has: (id) => kept.has(id), add: (id) => kept.set(id, 1) })

module.exports = { Local }
