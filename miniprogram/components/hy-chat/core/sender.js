'use strict'
// Files are uploaded before their messages; what is sent to the same place after one waits for it, other places do not.
// All of it is stored before anything goes, and goes on after a restart. What nothing holds up is the client's at once.

const { keyOf } = require('./place')
const { globalTimers } = require('./kept')

/** Uploads at once, one a place. The server takes four of one user. */
const UPLOADS_MAX = 3
const RETRY_MS = 1_000
const RETRY_MAX_MS = 30_000
/** A server that asks to wait longer has had enough for today. */
const PATIENCE_MS = 60_000
/** "Too many at once" so often, and no word of how long: it is the day's quota. */
const CROWDED_MAX = 3
/** Answers to an upload that would be the same again. */
const FINAL = [400, 403, 404, 413, 415, 422, 507]
/** Bubbles that keep the key, the time and the picture they had before the client took them. */
const HANDED_MAX = 300
/** Many given in one moment have times that run ahead of the clock. */
const SLACK_MS = 1_000
/** A ring that grows by less is not drawn anew. */
const PROGRESS_STEP = 0.02

let count = 0
/** Of an entry that the client has not taken yet, and of its bubble for good. */
const newKey = () => `up-${Date.now().toString(36)}-${(count++).toString(36)}${Math.random().toString(36).slice(2, 8)}`

/** What it is sent as. The server takes its own figures; these are the bubble's until then. */
const contentOf = ({ content, fileId }) => (fileId ? { fileId, ...content } : content)

class Sender {
  /**
   * @param {object} client
   * @param {object} storage as the client library's Host.storage
   * @param {() => string|null} prefix of the keys; null: nobody knows who one is
   * @param {{setTimeout: Function, clearTimeout: Function}} [timers]
   */
  constructor(client, storage, prefix, timers = globalTimers) {
    this.client = client
    this.storage = storage
    this.prefix = prefix
    this.timers = timers
    /** The host's files, see useFiles(). */
    this.files = null
    this.queue = []
    this.loadedPrefix = null
    this.promises = new Map()
    this.uploading = new Set()
    this.handing = null
    /** By clientMsgId: {key, at, localPath, localPoster} of what was here before the client had it. */
    this.handed = new Map()
    this.listeners = new Set()
    client.on('outbox', ({ entry }) => this.told(entry))
    client.on('state', ({ state }) => {
      if (state === 'online') for (const entry of this.loaded()) this.stopWaiting(entry)
      this.pump()
    })
    this.pump()
  }

  /**
   * What the host does with files. All may be left out.
   * @param {{has?: (path) => boolean, previewOf?: (entry) => Promise<unknown|null>, stored?: (path, fileId: string) => void,
   *   dropped?: (path) => void}} files has: it can still be read; previewOf: a picture of at most 32 KiB of one; stored: the server
   *   has it, under this fileId; dropped: nobody wants it any more
   */
  useFiles(files) { this.files = files }

  /** `listener(entry)` hears of each step of a message on its way. @returns {() => void} what ends it */
  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * What is on its way to a place, as client.outgoing(place), and behind it what waits here: state 'sending' while it is uploaded,
   * with `progress` (0 to 1), `localPath` and `localPoster`.
   */
  entries(place) {
    const taken = this.client.outgoing(place).map((entry) => {
      const { key, ...before } = this.handed.get(entry.clientMsgId) || {}
      return { ...entry, ...before }
    })
    return [...taken, ...this.loaded().filter(({ to }) => keyOf(to) === keyOf(place)).map(shown)]
  }

  /** By clientMsgId, the key under which a message was drawn before it had one. */
  get aliases() {
    const aliases = {}
    for (const [clientMsgId, { key }] of this.handed) aliases[clientMsgId] = key
    return aliases
  }

  /** Paths of the files that wait here. */
  paths() { return [].concat(...this.loaded().map(pathsOf)) }

  /** As client.send(); behind a file that is still uploaded to the same place it waits. */
  send(draft) {
    if (!this.loaded().some((entry) => isHolding(entry, keyOf(draft.to)))) return this.client.send(draft)
    const { to, kind = 'text', content, ext } = draft
    return this.add({ to, kind, content: copy(content), ...(ext ? { ext: copy(ext) } : {}) })
  }

  /**
   * Sends a file.
   * @param {{to: object, kind: string, path: unknown, name?: string, seconds?: number, width?: number, height?: number, size?: number,
   *   poster?: string, unsent?: boolean, ext?: object}} file path: as the host has files; what is no text (a browser's File) does not
   *   outlive the app; poster: the path of a video's picture; unsent: it is shown as failed, and sent by retry()
   * @returns {Promise<object>} as of client.send()
   */
  sendFile({ to, kind, path, name, seconds, width, height, size, poster, unsent, ext }) {
    const content = {}
    for (const [field, value] of Object.entries({ name, seconds, width, height, size })) if (value) content[field] = value
    const state = unsent ? { state: 'failed', error: { code: 'unsent', message: '' } } : {}
    return this.add({ to, kind, path, content, ...(poster ? { poster } : {}), ...state, ...(ext ? { ext: copy(ext) } : {}) })
  }

  /** What failed for good, once more. */
  retry(clientMsgId) {
    const entry = this.find(clientMsgId)
    if (!entry) return this.client.retry(clientMsgId)
    if (entry.state !== 'failed') return undefined
    delete entry.error
    delete entry.tries
    this.become(entry, 'waiting')
    return this.pump()
  }

  /** What failed for good is wanted no more. */
  discard(clientMsgId) {
    const entry = this.find(clientMsgId)
    if (!entry) return this.client.discard(clientMsgId)
    if (entry.state !== 'failed') return undefined
    return this.drop(entry)
  }

  /** What still waits here is wanted no more; of what the client has already nothing is undone. @returns {boolean} whether it was here */
  cancel(clientMsgId) {
    const entry = this.find(clientMsgId)
    if (entry) this.drop(entry)
    return Boolean(entry)
  }

  // ---- what waits ----

  find(key) { return this.loaded().find((entry) => entry.clientMsgId === key) }

  add(fields) {
    const queue = this.loaded()
    const last = queue[queue.length - 1]
    const entry = { clientMsgId: newKey(), at: Math.max(Date.now(), last ? last.at + 1 : 0), state: 'waiting', ...fields }
    queue.push(entry)
    this.store(entry)
    const promise = new Promise((resolve, reject) => this.promises.set(entry.clientMsgId, { resolve, reject }))
    this.tell(entry)
    this.pump()
    return promise
  }

  drop(entry) {
    this.remove(entry)
    this.stopWaiting(entry)
    this.promises.delete(entry.clientMsgId)
    if (this.files && this.files.dropped) for (const path of pathsOf(entry)) this.files.dropped(path)
    this.become(entry, 'discarded')
    this.pump()
  }

  remove(entry) {
    this.queue = this.queue.filter((other) => other !== entry)
    try {
      this.storage.remove(this.storageKey(entry))
    } catch (error) { /* found again by the next app, it is seen that the client has it */ }
  }

  become(entry, state) {
    entry.state = state
    if (state !== 'discarded') this.store(entry)
    this.tell(entry)
  }

  fail(entry, error) {
    entry.error = plain(error)
    this.become(entry, 'failed')
    this.settle(entry, 'reject', error)
    this.pump()
  }

  settle(entry, how, value) {
    const promise = this.promises.get(entry.clientMsgId)
    this.promises.delete(entry.clientMsgId)
    if (promise) promise[how](value)
  }

  tell(entry) {
    for (const listener of [...this.listeners]) listener(shown(entry))
  }

  // ---- going ----

  /** Whatever can go goes. */
  pump() {
    const places = new Set()
    for (const entry of this.loaded().slice()) {
      const place = keyOf(entry.to)
      const isGone = this.queue.indexOf(entry) < 0 // while others were told of the ones before
      if (isGone || entry.state === 'failed' || places.has(place)) continue
      if ((entry.path === undefined || entry.fileId) && this.hand(entry)) continue
      places.add(place)
      if (entry.fileId || entry.path === undefined || entry.timer || this.uploading.has(place)) continue
      if (this.client.state === 'online' && this.uploading.size < UPLOADS_MAX) this.upload(entry, place)
    }
  }

  async upload(entry, place) {
    this.uploading.add(place)
    entry.progress = 0
    this.become(entry, 'sending')
    let failure = null
    try {
      if (typeof entry.path === 'string' && this.files && this.files.has && !this.files.has(entry.path)) throw new FileGone()
      await this.uploadPreview(entry)
      const { path, content: { name, seconds } } = entry
      const progress = (sent, total) => this.progressed(entry, total ? sent / total : 0)
      const { fileId, kind } = await this.client.upload(path, { progress, ...(name ? { name } : {}), ...(seconds ? { seconds } : {}) })
      entry.fileId = fileId
      if (entry.kind !== 'file') entry.kind = kind // by its bytes, as the message will be judged
    } catch (error) {
      failure = error
    }
    this.uploading.delete(place)
    delete entry.progress
    if (entry.state === 'discarded') return this.pump() // the server forgets a file that no message has
    if (!failure) {
      if (this.files && this.files.stored) this.files.stored(entry.path, entry.fileId)
      this.become(entry, 'waiting')
      return this.pump()
    }
    return isFinal(failure, entry) ? this.fail(entry, failure) : this.wait(entry, failure)
  }

  /** A small picture, to be seen before the other one is here. Without it goes as well. */
  async uploadPreview(entry) {
    const isSeen = entry.kind === 'image' || entry.poster
    if (!isSeen || (entry.ext && entry.ext.preview) || !this.files || !this.files.previewOf) return
    try {
      const preview = await this.files.previewOf(entry)
      if (!preview) return
      const { fileId } = await this.client.upload(preview)
      entry.ext = { ...entry.ext, preview: { fileId } }
    } catch (error) { /* a courtesy */ }
  }

  progressed(entry, progress) {
    if (entry.state !== 'sending' || progress - entry.progress < PROGRESS_STEP) return
    entry.progress = progress
    this.tell(entry)
  }

  /** Tried again in a while, and at once when the connection is back. */
  wait(entry, failure) {
    entry.tries = (entry.tries || 0) + 1
    const { retryAfterMs } = failure.data || {}
    const ms = retryAfterMs || Math.min(RETRY_MAX_MS, RETRY_MS * 2 ** (entry.tries - 1)) * (1 + Math.random() / 2)
    entry.timer = this.timers.setTimeout(() => {
      delete entry.timer
      this.pump()
    }, ms)
    this.become(entry, 'waiting')
    this.pump()
  }

  stopWaiting(entry) {
    this.timers.clearTimeout(entry.timer)
    delete entry.timer
  }

  /** To the client, which stores it before it is taken from here. @returns {boolean} whether it was taken */
  hand(entry) {
    this.handing = entry
    const { to, kind, ext } = entry
    const sent = this.client.send({ to, kind, content: contentOf(entry), ...(ext ? { ext } : {}) })
    const isTaken = this.handing === null
    this.handing = null
    sent.then((message) => this.settle(entry, 'resolve', message), (error) => {
      if (isTaken) this.settle(entry, 'reject', error)
      else if (error.final) this.fail(entry, error) // the client has too many already
      // else nobody knows who one is: the next state of the client tells
    })
    return isTaken
  }

  /** The client tells first of all of what it takes: here it is drawn under the key that it had. */
  told(entry) {
    const { handing } = this
    if (handing && entry.state === 'waiting') {
      this.handing = null
      this.handed.set(entry.clientMsgId, { key: handing.clientMsgId, at: handing.at, ...localsOf(handing) })
      for (const oldest of this.handed.keys()) {
        if (this.handed.size <= HANDED_MAX) break
        this.handed.delete(oldest)
      }
      this.remove(handing)
    }
    this.tell(entry)
  }

  // ---- what outlives the app ----

  storageKey({ clientMsgId }) { return `${this.loadedPrefix}up:${clientMsgId}` }

  store(entry) {
    if (!this.isStorable(entry)) return
    const { state, progress, timer, tries, isUnstored, ...kept } = entry
    try {
      this.storage.set(this.storageKey(entry), JSON.stringify(state === 'failed' ? { ...kept, state } : kept))
      delete entry.isUnstored
    } catch (error) { // full: it goes as long as the app runs
      entry.isUnstored = true
    }
  }

  /** A browser's File cannot be stored; and without it what waits for it would be sent by every tab that finds it. */
  isStorable({ to, at }) {
    return !this.queue.some((other) => other.path !== undefined && typeof other.path !== 'string' && other.at <= at && isHolding(other, keyOf(to)))
  }

  /** What waits of whoever one is now. */
  loaded() {
    const prefix = this.prefix()
    if (prefix && prefix !== this.loadedPrefix) {
      const isAnother = this.loadedPrefix !== null
      this.loadedPrefix = prefix
      this.queue = [...(isAnother ? [] : this.queue), ...this.read()].sort((a, b) => a.at - b.at)
      if (isAnother) this.promises.clear()
    }
    return this.queue
  }

  read() {
    const start = `${this.loadedPrefix}up:`
    let found = []
    try {
      for (const key of this.storage.keys()) {
        if (key.indexOf(start) !== 0) continue
        const entry = entryOf(this.storage.get(key), key.slice(start.length))
        if (entry) found.push(entry)
        else this.storage.remove(key)
      }
      // An app that ended in the moment of the handing over: the client had it already, and has nothing later from here.
      for (const taken of this.client.outgoing()) {
        const twice = found.filter(({ to, at }) => keyOf(to) === keyOf(taken.to) && at <= taken.at + SLACK_MS).find((entry) => isSame(entry, taken))
        if (!twice) continue
        found = found.filter((entry) => entry !== twice)
        this.storage.remove(start + twice.clientMsgId)
      }
    } catch (error) { /* perhaps it can be the next time */ }
    return found
  }
}

/** A file that is not on the phone any more. */
class FileGone extends Error {
  constructor() {
    super('the file is gone')
    this.code = 'file'
  }
}

const copy = (value) => JSON.parse(JSON.stringify(value))

const isHolding = ({ to, state }, place) => state !== 'failed' && keyOf(to) === place

const pathsOf = ({ path, poster }) => [path, poster].filter(Boolean)

const localsOf = ({ path, poster }) => ({ ...(path === undefined ? {} : { localPath: path }), ...(poster ? { localPoster: poster } : {}) })

/** An entry as those are told of it that draw it. */
function shown(waiting) {
  const { path, poster, fileId, timer, tries, ...entry } = waiting
  return { ...entry, ...localsOf(waiting) }
}

function isFinal(failure, entry) {
  if (failure.code === 'file') return true
  const { status, retryAfterMs } = failure.data || {}
  if (failure.code !== 'http' || status !== 429) return failure.code === 'http' && FINAL.indexOf(status) >= 0
  return retryAfterMs ? retryAfterMs > PATIENCE_MS : (entry.tries || 0) >= CROWDED_MAX
}

const plain = ({ code = 'other', message = '', data }) => ({ code, message: String(message), ...(data ? { data } : {}) })

/** Null: it is none. */
function entryOf(text, key) {
  try {
    const entry = JSON.parse(text)
    return entry.clientMsgId === key && entry.to ? { state: 'waiting', ...entry } : null
  } catch (error) {
    return null
  }
}

const isSame = (entry, taken) => entry.kind === taken.kind && JSON.stringify(contentOf(entry)) === JSON.stringify(taken.content)

module.exports = { Sender }
