'use strict'
// Sockets of users, which only stay: hundreds at once, where a browser opens one after the other.

const crypto = require('node:crypto')
const http = require('node:http')

const HEARTBEAT_MS = 25_000
const PING = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}')
/** A text, masked with zeros. */
const PING_FRAME = Buffer.concat([Buffer.from([0x81, 0x80 | PING.length, 0, 0, 0, 0]), PING])

/** @returns {Promise<import('node:net').Socket>} once the server has greeted it; `destroy()` ends it */
const phone = (server, token) => new Promise((resolve, reject) => {
  const headers = {
    Authorization: `Bearer ${token}`, Connection: 'Upgrade', Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': crypto.randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': 'hongyan.v1',
  }
  http.get(`${server.url}/v1/connect`, { headers, agent: false })
    .once('upgrade', (response, socket, head) => {
      const timer = setInterval(() => socket.write(PING_FRAME), HEARTBEAT_MS)
      socket.on('error', () => {}).once('close', () => clearInterval(timer))
      const isGreeted = () => resolve(socket.resume())
      if (head.length) isGreeted()
      else socket.once('data', isGreeted)
    })
    .once('response', ({ statusCode }) => reject(new Error(`a phone was answered ${statusCode}`)))
    .once('error', reject)
})

module.exports = { phone }
