'use strict'
// How the connection of a client stands, for all that shows it: titles and strips, see status.js. Whoever knows of the network tells it.

const { connectionView } = require('./status')

class Connection {
  /** @param {object} client @param {boolean} [hasNetwork] */
  constructor(client, hasNetwork = true) {
    this.client = client
    this.hasNetwork = hasNetwork
    this.since = Date.now()
    /** Online, and not yet `synced`. */
    this.isSyncing = false
    /** {title, strip, state} */
    this.view = { title: null, strip: null, state: client.state }
    this.listeners = new Set()
    client.on('state', ({ state }) => this.changed(state))
    client.on('synced', () => this.synced())
    if (client.state === 'online') client.connect().then(() => this.synced(), () => {})
    this.look()
  }

  /** `listener()` at each change of the view. @returns {() => void} what ends it */
  onChange(listener) {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** The device has a network, or none. */
  network(hasNetwork) {
    if (hasNetwork !== this.hasNetwork) this.since = Date.now()
    this.hasNetwork = hasNetwork
    this.look()
  }

  changed(state) {
    // Tries that fail one after the other are one time without a connection.
    const isTrying = state === 'connecting' || state === 'waiting'
    if (!isTrying || !this.wasTrying) this.since = Date.now()
    this.wasTrying = isTrying
    if (state === 'online') this.isSyncing = true
    this.look()
  }

  synced() {
    this.isSyncing = false
    this.look()
  }

  /** Also when the app comes to the front: its timers did not run. */
  look() {
    clearTimeout(this.timer)
    const { client: { state }, since, hasNetwork, isSyncing, view: before } = this
    const { title, strip, nextChangeIn } = connectionView({ state, since, hasNetwork, isSyncing }, Date.now())
    if (nextChangeIn !== null) this.timer = setTimeout(() => this.look(), nextChangeIn)
    if (title === before.title && strip === before.strip && state === before.state) return
    this.view = { title, strip, state }
    for (const listener of [...this.listeners]) listener()
  }

  /** Nobody looks any more. */
  end() {
    clearTimeout(this.timer)
    this.listeners.clear()
  }
}

module.exports = { Connection }
