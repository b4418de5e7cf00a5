// The unacknowledged messages of one conversation in the phone's storage. Each change reads and writes the whole list
// at once, so a page that is closing and the one opened after it cannot undo each other's changes.
class Outbox {
  /** @param wx anything with getStorageSync, setStorageSync and removeStorageSync */
  constructor(wx, me, peer) {
    this.wx = wx
    this.key = `outbox ${me} ${peer}`
  }

  load() {
    const entries = this.wx.getStorageSync(this.key)
    return Array.isArray(entries) ? entries : []
  }

  /** Throws when the storage is full. */
  put(entry) {
    const entries = this.load()
    const at = entries.findIndex((other) => other.clientMsgId === entry.clientMsgId)
    if (at < 0) entries.push(entry)
    else entries[at] = entry
    this.wx.setStorageSync(this.key, entries)
  }

  remove(clientMsgId) {
    const entries = this.load().filter((entry) => entry.clientMsgId !== clientMsgId)
    if (entries.length) this.wx.setStorageSync(this.key, entries)
    else this.wx.removeStorageSync(this.key)
  }
}

module.exports = { Outbox }
