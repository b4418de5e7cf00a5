'use strict'
// Names and avatars of users and groups: what is known at once, what is not is asked for behind it.

const { isGone } = require('./errors')
const { Kept, globalTimers } = require('./kept')
const { fallbackName } = require('./names')

const USERS_MAX = 2000
const GROUPS_MAX = 500
/** Ids in one request. */
const BATCH_MAX = 100
const BATCH_MS = 50
/** Requests of groups at once. */
const GROUP_REQUESTS_MAX = 4
/** After a failure it is not asked again before so long. */
const PAUSE_MS = 5_000
/** What is older is asked for again, while it is shown. */
const FRESH_MS = 3_600_000
/** A group's members that its picture has room for. */
const GRID_MAX = 9

class Directory {
  /**
   * @param {object} client
   * @param {object} storage as the client library's Host.storage
   * @param {{setTimeout: Function, clearTimeout: Function}} [timers]
   */
  constructor(client, storage, timers = globalTimers) {
    this.client = client
    this.timers = timers
    const kept = (name, max) => new Kept(storage, () => (client.userId ? `hongyan-chat:${client.userId}:${name}` : null), max, timers)
    this.users = kept('users', USERS_MAX)
    this.groups = kept('groups', GROUPS_MAX)
    /** By kind and id, when it was answered or failed in this run: {at, isDone}. */
    this.asked = new Map()
    this.wanted = new Set()
    /** Groups that the server does not know, or not as one's own. */
    this.gone = new Set()
    this.groupQueue = []
    this.pending = new Set()
    this.busyGroups = 0
    this.timer = null
    this.listeners = new Set()
    client.on('profile', (profile) => this.learn([profile]))
    client.on('message', ({ message }) => this.heard(message))
    client.on('synced', () => this.retry())
  }

  /** @returns {{userId: string, name: string|null, avatar: string|null}} as it is known now */
  user(userId) {
    this.want('u', userId)
    const [name, avatar] = this.users.get(userId) || [null, null]
    return { userId, name, avatar }
  }

  /** @returns {{groupId, name, memberCount, owner, muted, history}|null} as it is known now; null: nothing is */
  group(groupId) {
    this.want('g', groupId)
    const known = this.groups.get(groupId)
    if (!known) return null
    const { members, ...group } = known
    return group
  }

  /** @returns {{userId: string, role: string}[]} the first of a group's members, for its picture */
  members(groupId) {
    this.want('g', groupId)
    return (this.groups.get(groupId) || {}).members || []
  }

  /** Whether the server, asked last, did not know the group: dismissed, or one is not in it. */
  isGone(groupId) { return this.gone.has(groupId) }

  /** What somebody is called; never the id. */
  nameOf(userId, t) {
    return this.user(userId).name || fallbackName(userId, t)
  }

  /** Asks for these users anew. */
  refresh(userIds) {
    for (const userId of userIds) {
      this.asked.delete(`u:${userId}`)
      this.want('u', userId)
    }
  }

  /** Asks for a group anew. */
  refreshGroup(groupId) {
    this.asked.delete(`g:${groupId}`)
    this.want('g', groupId)
  }

  /** `listener` hears that something is known now that was not. @returns {() => void} what ends it */
  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** What is not written yet is: the app is hidden. */
  flush() {
    this.users.flush()
    this.groups.flush()
  }

  want(kind, id) {
    const key = `${kind}:${id}`
    const asked = this.asked.get(key)
    if (this.pending.has(key) || (asked && Date.now() - asked.at < (asked.isDone ? FRESH_MS : PAUSE_MS))) return
    this.pending.add(key)
    if (kind === 'u') {
      this.wanted.add(id)
      if (this.timer === null) this.timer = this.timers.setTimeout(() => this.askUsers(), BATCH_MS)
    } else {
      this.groupQueue.push(id)
      this.askGroups()
    }
  }

  askUsers() {
    this.timer = null
    const userIds = [...this.wanted]
    this.wanted.clear()
    for (let i = 0; i < userIds.length; i += BATCH_MAX) {
      const batch = userIds.slice(i, i + BATCH_MAX)
      const keys = batch.map((userId) => `u:${userId}`)
      this.client.call('user.get', { userIds: batch }).then(({ users }) => {
        this.answered(keys, true)
        this.learn(users)
      }).catch(() => this.answered(keys, false))
    }
  }

  askGroups() {
    while (this.busyGroups < GROUP_REQUESTS_MAX && this.groupQueue.length) {
      const groupId = this.groupQueue.shift()
      this.busyGroups++
      this.askGroup(groupId).then(() => true, (error) => {
        if (!isGone(error)) return false
        this.gone.add(groupId)
        this.tell()
        return true
      }).then((isDone) => {
        this.busyGroups--
        this.answered([`g:${groupId}`], isDone)
        this.askGroups()
      })
    }
  }

  async askGroup(groupId) {
    const [{ group }, { members }] = await Promise.all([
      this.client.call('group.get', { groupId }),
      this.client.call('group.members', { groupId, limit: GRID_MAX }),
    ])
    const { name, memberCount, owner, muted, history } = group
    this.learnGroup({ groupId, name, memberCount, owner, muted, history, members: members.map(({ userId, role }) => ({ userId, role })) })
  }

  answered(keys, isDone) {
    for (const key of keys) {
      this.pending.delete(key)
      this.asked.delete(key)
      this.asked.set(key, { at: Date.now(), isDone })
    }
    for (const oldest of this.asked.keys()) {
      if (this.asked.size <= USERS_MAX + GROUPS_MAX) break
      this.asked.delete(oldest)
    }
  }

  /** What failed is asked for once more: there is a connection. */
  retry() {
    for (const [key, { isDone }] of [...this.asked]) {
      if (isDone) continue
      this.asked.delete(key)
      this.want(key[0], key.slice(2))
    }
  }

  learn(users) {
    let isNew = false
    for (const { userId, name, avatar } of users) {
      const known = this.users.get(userId)
      if (known && known[0] === name && known[1] === avatar) continue
      this.users.set(userId, [name, avatar])
      isNew = true
    }
    if (isNew) this.tell()
  }

  learnGroup(group) {
    this.gone.delete(group.groupId)
    if (JSON.stringify(this.groups.get(group.groupId)) === JSON.stringify(group)) return
    this.groups.set(group.groupId, group)
    this.tell()
  }

  /** A group entry says the name, and that something is another. */
  heard({ kind, to, content }) {
    if (kind !== 'group' || !content) return
    const known = this.groups.get(to.groupId)
    if (known) this.learnGroup({ ...known, name: content.name, muted: typeof content.muted === 'boolean' ? content.muted : known.muted })
    if (known || this.asked.has(`g:${to.groupId}`)) this.refreshGroup(to.groupId)
  }

  tell() {
    for (const listener of [...this.listeners]) listener()
  }
}

module.exports = { Directory }
