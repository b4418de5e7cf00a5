// All members of groups that are open: asked for when somebody looks, and again when the log says that they are others.

import { isGone } from '../../../miniprogram/components/hy-chat/core/errors.js'

const PAGE = 200

export class Members {
  /** @param {object} client @param {() => void} changed */
  constructor(client, changed) {
    this.client = client
    this.changed = changed
    this.known = new Map()
    this.asked = new Set()
    this.again = new Set()
    /** By groupId: true, one is not in it; null, its log went and it is not known yet why. */
    this.left = new Map()
    client.on('gone', ({ conversation: { place: { groupId } } }) => {
      if (!this.known.has(groupId)) return
      this.left.set(groupId, null)
      this.load(groupId)
    })
    client.on('message', ({ message: { kind, to } }) => { if (kind === 'group' && this.known.has(to.groupId)) this.load(to.groupId) })
    client.on('synced', () => { for (const groupId of this.known.keys()) this.load(groupId) })
  }

  /** {userId, role}[], owner and admins first; null: not known yet. */
  of(groupId) {
    if (!this.known.has(groupId) && !this.asked.has(groupId)) this.load(groupId)
    return this.known.get(groupId) || null
  }

  /** 'owner', 'admin', 'member'; undefined: not known, or not in it. */
  role(groupId, userId) { return this.of(groupId)?.find((member) => member.userId === userId)?.role }

  /** Left, removed or dismissed; a log that was only cleared goes as well. */
  hasLeft(groupId) { return this.left.get(groupId) === true }

  async load(groupId) {
    if (this.asked.has(groupId)) return this.again.add(groupId) // what is under way may not know of it
    this.asked.add(groupId)
    this.again.delete(groupId)
    try {
      const all = []
      for (let cursor; cursor !== null;) {
        const answer = await this.client.call('group.members', { groupId, limit: PAGE, ...(cursor ? { cursor } : {}) })
        all.push(...answer.members)
        cursor = answer.cursor ?? null
      }
      const rank = { owner: 0, admin: 1, member: 2 }
      this.known.set(groupId, all.sort((a, b) => rank[a.role] - rank[b.role]))
      this.left.delete(groupId)
    } catch (error) { // not in it any more, or offline: asked again when all is synced, or the log has an entry
      this.known.set(groupId, this.known.get(groupId) || null)
      if (isGone(error)) this.left.set(groupId, true)
    }
    this.asked.delete(groupId)
    if (this.again.has(groupId)) return this.load(groupId)
    return this.changed()
  }
}
