'use strict'
// A client's connection on this phone: one for all that show it.

const { Connection } = require('./core/connection')

const known = new WeakMap()

/** @param {object} client @returns {Connection} of core/connection */
function connectionOf(client) {
  if (!known.has(client)) {
    const connection = new Connection(client)
    wx.getNetworkType({ success: ({ networkType }) => connection.network(networkType !== 'none') })
    wx.onNetworkStatusChange(({ isConnected }) => connection.network(isConnected))
    known.set(client, connection)
  }
  return known.get(client)
}

module.exports = { connectionOf }
