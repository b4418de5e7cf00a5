'use strict'
// Who is writing where: for 6 s after the last that was told, or until their message.

const SHOWN_MS = 6_000

class Typing {
  /** @param {object} client @param {() => void} changed */
  constructor(client, changed) {
    this.client = client
    this.changed = changed
    this.writing = new Map()
    this.offs = [
      client.on('typing', ({ conversationId, userId }) => this.told(conversationId, userId)),
      client.on('message', ({ message }) => this.over(`${message.conversationId} ${message.from}`)),
    ]
  }

  /** Of a conversation: ids of those who are writing. */
  of(conversation) {
    if (!conversation || this.client.state !== 'online') return []
    const start = `${conversation.conversationId} `
    return [...this.writing.keys()].filter((key) => key.indexOf(start) === 0).map((key) => key.slice(start.length))
  }

  told(conversationId, userId) {
    if (userId === this.client.userId) return
    const key = `${conversationId} ${userId}`
    clearTimeout(this.writing.get(key))
    this.writing.set(key, setTimeout(() => this.over(key), SHOWN_MS))
    this.changed()
  }

  over(key) {
    if (!this.writing.has(key)) return
    clearTimeout(this.writing.get(key))
    this.writing.delete(key)
    this.changed()
  }

  end() {
    for (const off of this.offs) off()
    for (const timer of this.writing.values()) clearTimeout(timer)
  }
}

module.exports = { Typing }
