'use strict'
// What belongs to a client, made once for each.

const { Directory } = require('./directory')
const { Local } = require('./local')
const { Presence } = require('./presence')
const { Sender } = require('./sender')

const kits = new WeakMap()

/**
 * @param {object} client of the client library
 * @returns {{client: object, directory: Directory, local: Local, sender: Sender, presence: Presence, hasSynced: boolean}} hasSynced: what
 *   is unread is as the server has it
 */
function kitOf(client) {
  if (!kits.has(client)) {
    const { storage } = client
    const prefix = () => (client.userId ? `hongyan-chat:${client.userId}:` : null)
    const kit = {
      client, directory: new Directory(client, storage), local: new Local(storage, prefix),
      sender: new Sender(client, storage, prefix), presence: new Presence(client),
      hasSynced: client.state === 'online',
    }
    client.on('synced', () => { kit.hasSynced = true })
    client.on('state', ({ state }) => { if (state !== 'online') kit.hasSynced = false })
    kits.set(client, kit)
  }
  return kits.get(client)
}

module.exports = { kitOf }
