// "Tell me in WeChat when they reply": subscribe messages. A server without them answers that there is no such method, and nothing of
// it is shown. WeChat lets ask only inside a tap, and what is accepted once is sent once.

const { Kept } = require('../components/hy-chat/core/kept')

const ASKED_MAX = 5
const DAY_MS = 86_400_000
/** Whoever said no is not asked for so long; who closed the strip so often, never again. */
const REST_MS = 7 * DAY_MS
const CLOSED_MAX = 3
const RENEWED_MS = 60_000
const MAIN_SWITCH_OFF = 20004

class Notices {
  /** @param {object} client @param {object} storage as the client library's Host.storage */
  constructor(client, storage) {
    this.client = client
    this.kept = new Kept(storage, () => (client.userId ? `hongyan-chat:${client.userId}:notices` : null), 10)
    /** What is granted, by template; null: not known, or there are none here. */
    this.grants = null
    this.isOff = false
    /** What is answered without asking, by template, and when that was used last. */
    this.always = {}
    this.renewed = 0
  }

  /** Asks the server what is granted. */
  async read() {
    if (this.isOff) return
    try {
      const { grants } = await this.client.call('push.status', {})
      this.grants = Object.keys(grants).length ? grants : null
    } catch (error) {
      this.grants = null
    }
  }

  get templates() { return Object.keys(this.grants || {}).slice(0, ASKED_MAX) }
  /** So many messages will be told of. */
  get left() { return Object.values(this.grants || {}).reduce((all, n) => all + n, 0) }

  /** Whether the strip may ask: nothing is left, and nobody said no, or not lately. */
  get isDue() {
    return Boolean(this.grants) && !this.left && (this.kept.get('closed') || 0) < CLOSED_MAX && Date.now() >= (this.kept.get('until') || 0)
  }

  /** The strip was closed. */
  close() {
    this.kept.set('closed', (this.kept.get('closed') || 0) + 1)
    this.rest()
  }

  rest() { this.kept.set('until', Date.now() + REST_MS) }

  /**
   * Asks; only inside a tap.
   * @returns {Promise<'accept'|'reject'|'off'|'offline'>} off: WeChat's main switch is off, or the server refuses
   */
  async ask() {
    const { templates } = this
    let answers
    try {
      answers = await subscribe(templates)
    } catch ({ errCode }) {
      if (errCode === MAIN_SWITCH_OFF) return this.turnOff()
      this.rest()
      return 'reject'
    }
    const accepted = templates.filter((template) => answers[template] === 'accept')
    if (accepted.length) return this.grant(accepted)
    this.rest()
    return 'reject'
  }

  /** In each tap on Send: where somebody chose "always keep", WeChat answers without asking. */
  async renew() {
    const { templates } = this
    if (!templates.length || Date.now() < this.renewed + RENEWED_MS) return
    if (!templates.every((template) => this.always[template] === 'accept')) return
    this.renewed = Date.now()
    const answers = await subscribe(templates).catch(() => ({}))
    const accepted = templates.filter((template) => answers[template] === 'accept')
    if (accepted.length) await this.grant(accepted)
  }

  /** What was answered for always. */
  readAlways() {
    wx.getSetting({ withSubscriptions: true, success: ({ subscriptionsSetting }) => { this.always = (subscriptionsSetting && subscriptionsSetting.itemSettings) || {} } })
  }

  async grant(templates) {
    try {
      for (const templateId of templates) await this.client.call('push.grant', { templateId, count: 1 })
    } catch (error) {
      return error.final ? this.turnOff() : 'offline' // a busy server may take it the next time
    }
    for (const templateId of templates) this.grants[templateId] += 1
    return 'accept'
  }

  /** Strip and setting are gone until the app is started anew. */
  turnOff() {
    this.isOff = true
    this.grants = null
    return 'off'
  }

  flush() { this.kept.flush() }
}

const subscribe = (tmplIds) => new Promise((resolve, reject) => { wx.requestSubscribeMessage({ tmplIds, success: resolve, fail: reject }) })

module.exports = { Notices }
