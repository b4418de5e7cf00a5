// Sends the entries of a timeline one after the other, each until the server has acknowledged or refused it.
//
// An entry keeps its `clientMsgId` through all attempts, also those of a later visit, so the server stores it once
// however often an answer is lost. It leaves the outbox only with the server's answer.

const { Backoff } = require('./backoff')
const { newClientMsgId } = require('./ids')

const ATTEMPTS_MAX = 8 // about one and a half minutes, then the message shows as failed

class Sender {
  /**
   * @param post (entry) => Promise of an outcome as in api.js
   * @param on `{changed(), acknowledged()}`
   */
  constructor({ timeline, outbox, post, on, backoff = new Backoff() }) {
    this.timeline = timeline
    this.outbox = outbox
    this.post = post
    this.on = on
    this.backoff = backoff
    this.ready = false // until the conversation is loaded: an attempt must know the newest message before it
    this.busy = false
    this.stopped = false
  }

  /** Shows the text at once and sends it. Throws when the outbox cannot keep it. */
  send(content, now = Date.now()) {
    const entry = this.timeline.add(newClientMsgId(now), content, now)
    try {
      this.outbox.put(entry)
    } catch (error) {
      this.timeline.remove(entry.clientMsgId)
      throw error
    }
    this.pump()
  }

  /** The user asks to send a stopped one again. What was refused goes out as a new message. */
  retry(clientMsgId, now = Date.now()) {
    const entry = this.timeline.find(clientMsgId)
    if (!entry) return
    if (entry.state === 'refused') {
      this.remove(clientMsgId)
      this.send(entry.content, now)
      return
    }
    this.timeline.resume(clientMsgId)
    this.wake()
  }

  remove(clientMsgId) {
    this.timeline.remove(clientMsgId)
    this.outbox.remove(clientMsgId)
  }

  /** The network is back, or the conversation loaded: try at once. */
  wake() {
    this.ready = true
    this.timeline.resumeRecognised()
    this.backoff.reset()
    clearTimeout(this.timer)
    this.pump()
  }

  stop() {
    this.stopped = true
    clearTimeout(this.timer)
  }

  /** Writes down a new state. The entry itself is already kept, so a full storage does no harm here. */
  keep(entry) {
    try { this.outbox.put(entry) } catch (error) { /* see above */ }
  }

  async pump() {
    const entry = this.timeline.nextToSend()
    if (!entry || !this.ready || this.busy || this.stopped) return
    clearTimeout(this.timer)
    this.busy = true
    this.timeline.attempted(entry)
    this.keep(entry)
    const outcome = await this.post(entry)
    this.busy = false
    this.settle(entry, outcome)
    this.on.changed()
  }

  settle(entry, outcome) {
    const id = entry.clientMsgId
    if (outcome.ok) {
      this.backoff.reset()
      this.outbox.remove(id)
      this.timeline.acknowledge(id)
      this.on.acknowledged()
      this.pump()
    } else if (!outcome.retry) {
      this.timeline.refuse(id, outcome.detail)
      this.keep(entry)
      this.pump()
    } else if (this.stopped) {
      // kept in the outbox as it is, for the next visit
    } else if (this.backoff.attempts + 1 >= ATTEMPTS_MAX) {
      this.backoff.reset()
      this.timeline.giveUp(id, outcome.detail)
      this.keep(entry)
      this.pump()
    } else {
      this.timer = setTimeout(() => this.pump(), Math.max(this.backoff.next(), outcome.afterMs))
    }
  }
}

module.exports = { Sender }
