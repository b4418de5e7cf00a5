// How long to wait before the next attempt: doubling from 1–2 s up to 30 s, spread at random so that the clients of a
// restarted server do not all come back in the same moment.
class Backoff {
  constructor({ firstMs = 2000, maxMs = 30000, random = Math.random } = {}) {
    this.firstMs = firstMs
    this.maxMs = maxMs
    this.random = random
    this.attempts = 0
  }

  /** Milliseconds until the next attempt; each call counts one failed attempt. */
  next() {
    const ceiling = Math.min(this.maxMs, this.firstMs * 2 ** this.attempts)
    this.attempts += 1
    return Math.round(ceiling / 2 + (this.random() * ceiling) / 2)
  }

  reset() {
    this.attempts = 0
  }
}

module.exports = { Backoff }
