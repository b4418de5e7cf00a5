'use strict'
// A TCP proxy before the server that plays a bad network: it can cut what is open, let nothing in, and lose an answer
// after the request has reached the server.

const net = require('node:net')

/**
 * @param {() => string} serverUrl where the server is now (asked for each connection)
 */
async function startFaultProxy(serverUrl) {
  const pairs = new Set() // [client socket, server socket]
  let down = false
  let requestToLose = ''
  let lost = 0

  const proxy = net.createServer((client) => {
    if (down) return client.destroy()
    const { hostname, port } = new URL(serverUrl())
    const server = net.connect(Number(port), hostname)
    const pair = [client, server]
    pairs.add(pair)
    const end = () => {
      pairs.delete(pair)
      client.destroy()
      server.destroy()
    }
    let losing = false
    client.on('data', (bytes) => {
      if (requestToLose && bytes.includes(requestToLose)) {
        losing = true
        requestToLose = ''
      }
      server.write(bytes)
    })
    server.on('data', (bytes) => {
      if (!losing) return client.write(bytes)
      lost += 1
      return end()
    })
    for (const socket of pair) socket.on('close', end).on('error', end).setNoDelay()
    return undefined
  })
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  const cut = () => { for (const pair of pairs) pair.forEach((socket) => socket.destroy()) }

  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    /** How many answers were lost so far. */
    get lost() { return lost },
    /** Cuts all connections; new ones come through. */
    cut,
    /** Cuts all connections and lets no new one in, until `up()`. */
    down() { down = true; cut() },
    up() { down = false },
    /** The next request that begins like this (such as "POST /push") reaches the server, its answer is lost. */
    loseAnswerTo(request) { requestToLose = request },
    close: () => new Promise((resolve) => { proxy.close(resolve); cut() }),
  }
}

module.exports = { startFaultProxy }
