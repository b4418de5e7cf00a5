// Whom one knows: whoever one has talked to, or added. The server has no friends, so the phone keeps them.

const { Kept } = require('../components/hy-chat/core/kept')
const { initials, colorOf } = require('../components/hy-chat/core/avatar')

const CONTACTS_MAX = 2000

/** Somebody as pages show them. */
function personOf(userId, { directory, t }) {
  const { avatar } = directory.user(userId)
  const name = directory.nameOf(userId, t)
  return { userId, name, avatar, initials: initials(name), color: colorOf(userId) }
}

class Contacts {
  /** @param {object} client @param {object} storage as the client library's Host.storage */
  constructor(client, storage) {
    this.client = client
    this.kept = new Kept(storage, () => (client.userId ? `hongyan-chat:${client.userId}:contacts` : null), CONTACTS_MAX)
    for (const event of ['synced', 'conversation']) client.on(event, () => this.meet())
    this.meet()
  }

  /** @returns {string[]} ids of users */
  list() { return this.kept.entries().map(([userId]) => userId) }
  has(userId) { return this.kept.has(userId) }
  add(userId) { if (userId !== this.client.userId) this.kept.set(userId, 1) }
  flush() { this.kept.flush() }

  /** Whoever one talks to stays, also when the chat is deleted. */
  meet() {
    for (const { place } of this.client.conversations) if (place.userId !== undefined && !this.has(place.userId)) this.add(place.userId)
  }
}

module.exports = { Contacts, personOf }
