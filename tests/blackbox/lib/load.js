// Clients that push through faults as good clients do: again with the same clientMsgId until it is acknowledged.
// And the check afterwards: nothing acknowledged lost, nothing twice, everything in order.

import assert from 'node:assert/strict'
import { connect, push, wholeHistory } from './client.js'
import { delay } from './wait.js'

let runs = 0

export class Load {
  // `current()` is the server to talk to, which may be another process later.
  // hedged: each push is sent twice at the same time, on two connections.
  constructor(current, { workers = 8, hedged = false } = {}) {
    this.current = current
    this.hedged = hedged
    this.tag = `load${++runs}`
    this.hub = `${this.tag}-hub`
    this.users = Array.from({ length: workers }, (_, i) => `${this.tag}-user${i}`)
    this.acknowledged = new Map() // content → the user who sent it
    this.attempted = new Map()
    this.refusals = [] // answers other than 200
    this.seen = new Map() // id → content, as sockets showed it
    this.agents = []
    this.stopping = false
  }

  start() {
    this.working = Promise.all(this.users.map((user, i) => this.work(user, i)))
    this.working.catch(() => {})
    return this
  }

  async work(user, index) {
    const agent = new (this.current().http.Agent)({ keepAlive: true, maxSockets: 2 })
    this.agents.push(agent)
    const peers = [this.hub, this.users[(index + 1) % this.users.length]]
    for (let i = 0; !this.stopping; i++) {
      const content = `${user}#${i}`
      this.attempted.set(content, user)
      await this.untilAcknowledged({ userId: user, targetUserId: peers[i % 2], content, clientMsgId: content }, agent)
    }
  }

  async untilAcknowledged(chat, agent) {
    const end = Date.now() + 30_000
    while (Date.now() < end) {
      const attempts = Array.from({ length: this.hedged ? 2 : 1 }, () => push(this.current(), chat, { agent, ms: 10_000 }))
      const answers = (await Promise.allSettled(attempts)).filter(({ status }) => status === 'fulfilled').map(({ value }) => value)
      for (const answer of answers) if (answer.status !== 200) this.refusals.push(answer)
      if (answers.some(({ status }) => status === 200)) {
        this.acknowledged.set(chat.content, chat.userId)
        return
      }
      if (answers.some(({ status }) => status !== 503)) throw new Error(`${chat.content} was answered ${answers.map(({ status, text }) => `${status} ${text}`)}`)
      await delay(20)
    }
    throw new Error(`${chat.content} was not acknowledged within 30 s`)
  }

  // Watches the hub's socket of the current server; what it shows has to be in the store for ever.
  async watch(t) {
    const { socket } = await connect(this.current(), this.hub, { t })
    socket.on('message', (data) => { for (const chat of JSON.parse(data.toString())) this.seen.set(chat.id, chat.content) })
  }

  // Until `count` more are acknowledged.
  async progress(count, ms = 15_000) {
    const goal = this.acknowledged.size + count
    const end = Date.now() + ms
    while (this.acknowledged.size < goal) {
      if (Date.now() > end) throw new Error(`only ${this.acknowledged.size} of ${goal} acknowledged within ${ms} ms`)
      await Promise.race([delay(5), this.working])
    }
  }

  async stop() {
    this.stopping = true
    try {
      await this.working
    } finally {
      for (const agent of this.agents) agent.destroy()
    }
  }

  // Reads everything back and compares.
  async verify() {
    const server = this.current()
    const stored = new Map() // content → id
    for (const user of this.users) {
      const own = (await wholeHistory(server, user)).filter((chat) => chat.userId === user)
      let last = -1
      for (const chat of own) {
        assert.ok(!stored.has(chat.content), `${chat.content} is there twice`)
        stored.set(chat.content, chat.id)
        assert.equal(this.attempted.get(chat.content), user, `${chat.content} was never sent by ${user}`)
        const number = Number(chat.content.split('#')[1])
        assert.ok(number > last, `${user} sent ${number} after ${last}, and it is stored before`)
        last = number
      }
    }
    const lost = [...this.acknowledged.keys()].filter((content) => !stored.has(content))
    assert.deepEqual(lost, [], `${lost.length} of ${this.acknowledged.size} acknowledged are lost`)
    const atHub = await wholeHistory(server, this.hub)
    const expected = [...stored].filter(([content]) => Number(content.split('#')[1]) % 2 === 0).sort((a, b) => a[1] - b[1])
    assert.deepEqual(atHub.map(({ content, id }) => [content, id]), expected, 'the peer has the same')
    for (const [id, content] of this.seen) assert.equal(stored.get(content), id, `${content} was delivered as ${id}, and is not stored so`)
    assert.ok(this.acknowledged.size > 0, 'something was acknowledged')
    return this.acknowledged.size
  }
}
