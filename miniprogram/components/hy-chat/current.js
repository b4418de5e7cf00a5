'use strict'
// The client whose files parts show: a Client cannot be a property of a component. Set by whoever makes one.

const { kitOf } = require('./core/kit')
const { serve } = require('./media')

let current = null

module.exports = {
  /** @param {object|null} client */
  setClient(client) {
    if (client && client !== current) serve(kitOf(client).sender)
    current = client
  },
  getClient: () => current,
}
