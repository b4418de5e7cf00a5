'use strict'
// Who is online, of those that somebody looks at. Whoever looks says so, and says when they do not any more: several may look at one.

const { globalTimers } = require('./kept')

/** Those that come on the screen together are one request. */
const BATCH_MS = 50
/** Who is not looked at is watched so long yet: rows come and go while one scrolls. */
const LINGER_MS = 10_000
/** Who went may only have lost the line for a moment. */
const GONE_MS = 5_000
/** As many as the server watches for a session. */
const WATCHED_MAX = 200

class Presence {
  /** @param {object} client @param {{setTimeout: Function, clearTimeout: Function}} [timers] */
  constructor(client, timers = globalTimers) {
    this.client = client
    this.timers = timers
    /** By user, how many look. */
    this.lookers = new Map()
    this.watched = new Set()
    this.online = new Set()
    /** By user, the timer after which they are gone. */
    this.going = new Map()
    this.lingering = new Map()
    this.timer = null
    this.listeners = new Set()
    client.on('presence', ({ userId, online }) => this.heard(userId, online))
    client.on('state', ({ state }) => {
      if (state === 'online') this.ask()
      this.tell()
    })
  }

  /** Looks at these. @returns {() => void} what ends it */
  look(userIds) {
    for (const userId of userIds) {
      this.lookers.set(userId, (this.lookers.get(userId) || 0) + 1)
      this.timers.clearTimeout(this.lingering.get(userId))
      this.lingering.delete(userId)
    }
    this.askSoon()
    let isLooking = true
    return () => {
      if (isLooking) for (const userId of userIds) this.leave(userId)
      isLooking = false
    }
  }

  /** Whether somebody is known to be online: without a connection nobody is. */
  isOnline(userId) { return this.client.state === 'online' && this.online.has(userId) }

  /** @returns {() => void} what ends it */
  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  leave(userId) {
    const left = this.lookers.get(userId) - 1
    if (left > 0) return this.lookers.set(userId, left)
    this.lookers.delete(userId)
    return this.lingering.set(userId, this.timers.setTimeout(() => {
      this.lingering.delete(userId)
      if (!this.watched.delete(userId)) return
      this.online.delete(userId)
      this.client.unwatch([userId]).catch(() => {}) // it ends with the connection, too
    }, LINGER_MS))
  }

  askSoon() {
    if (this.timer !== null) return
    this.timer = this.timers.setTimeout(() => {
      this.timer = null
      this.ask()
    }, BATCH_MS)
  }

  ask() {
    if (this.client.state !== 'online') return
    const userIds = [...this.lookers.keys()].filter((userId) => !this.watched.has(userId)).slice(0, WATCHED_MAX - this.watched.size)
    if (!userIds.length) return
    for (const userId of userIds) this.watched.add(userId)
    this.client.watch(userIds).then((online) => {
      for (const userId of online) this.online.add(userId)
      if (online.length) this.tell()
    }, () => { // it is asked again with the next connection
      for (const userId of userIds) this.watched.delete(userId)
    })
  }

  heard(userId, isOnline) {
    this.timers.clearTimeout(this.going.get(userId))
    this.going.delete(userId)
    if (isOnline === this.online.has(userId)) return
    if (isOnline) {
      this.online.add(userId)
      this.tell()
      return
    }
    this.going.set(userId, this.timers.setTimeout(() => {
      this.going.delete(userId)
      this.online.delete(userId)
      this.tell()
    }, GONE_MS))
  }

  tell() {
    for (const listener of [...this.listeners]) listener()
  }
}

module.exports = { Presence }
