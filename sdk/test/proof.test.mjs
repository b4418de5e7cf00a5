// Whatever users do, and whatever their phones, lines and the server suffer: in the end everybody has what the server has, each
// message once and in order, and the counts are the server's. Random, from a seed that is printed.
//   HONGYAN_PROOF_MESSAGES=1000000   so many instead of ten thousand
//   HONGYAN_PROOF_SEED=N             that one again

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { again, startServer } from '../../tests/blackbox/lib/server.js'
import { connectV1 } from '../../tests/blackbox/lib/v1.js'
import { delay, eventually } from '../../tests/blackbox/lib/wait.js'
import { Line } from './lib/line.mjs'
import { Phone } from './lib/phone.mjs'

const wanted = Number(process.env.HONGYAN_PROOF_MESSAGES ?? 10_000)
const seed = Number(process.env.HONGYAN_PROOF_SEED ?? Date.now() % 1_000_000_000)
const users = ['a', 'b', 'c', 'd', 'e', 'f']
const groups = ['g', 'h']
const realNow = Date.now

const one = (...of) => fc.constantFrom(...of)
const user = one(...users)
const place = fc.oneof(user.map((userId) => ({ userId })), one(...groups).map((groupId) => ({ groupId })))
const upTo = (n) => fc.integer({ min: 0, max: n })
const step = fc.oneof(
  { weight: 600, arbitrary: fc.record({ do: one('send'), user, place, count: fc.integer({ min: 1, max: 8 }), calls: one(null, 'all', ...users) }) },
  { weight: 80, arbitrary: fc.record({ do: one('read'), user, place, back: upTo(4) }) },
  { weight: 50, arbitrary: fc.record({ do: one('edit', 'recall', 'react'), user, place, back: upTo(6) }) },
  { weight: 30, arbitrary: fc.record({ do: one('restart', 'fresh', 'background'), user, ms: upTo(400) }) },
  { weight: 40, arbitrary: fc.record({ do: one('cut', 'halve', 'delay', 'double', 'silence', 'heal'), user, n: upTo(3000) }) },
  { weight: 10, arbitrary: fc.record({ do: one('clock'), hours: fc.integer({ min: -48, max: 48 }) }) },
  { weight: 10, arbitrary: fc.record({ do: one('leave', 'join'), user: one(...users.slice(1)), place: one(...groups) }) },
  { weight: 40, arbitrary: fc.record({ do: one('wait'), ms: upTo(60) }) },
  { weight: 4, arbitrary: fc.record({ do: one('kill'), ms: upTo(300) }) },
)

const waiting = (client) => client?.outgoing().filter(({ state }) => state !== 'failed').length ?? 0

class World {
  given = new Map() // clientMsgId → what became of it, as far as the app that gave it lived to hear
  count = 0

  static async create() {
    const world = new World()
    world.server = await startServer({ config: 'heartbeat = 2\n' })
    world.lines = new Map()
    world.phones = new Map()
    for (const id of users) {
      const line = await Line.create(() => world.server.port)
      world.lines.set(id, line)
      world.phones.set(id, new Phone({ server: line.url, userId: id, device: 'phone' }, (client) => world.watch(id, client)))
    }
    const owner = await connectV1(world.server, 'a')
    for (const groupId of groups) await owner.call('group.create', { groupId, name: groupId, members: users })
    await owner.close()
    for (const phone of world.phones.values()) phone.start()
    return world
  }

  // Each once, and in order: in one run of an app a conversation's entries follow one another.
  watch(id, client) {
    const last = new Map()
    const forget = ({ conversation }) => last.delete(conversation.conversationId)
    client.on('gone', forget)
    client.on('reset', () => last.clear())
    client.on('message', ({ message: { conversationId, seq }, conversation }) => {
      const before = last.get(conversationId)
      if (before !== undefined && seq !== before + 1 && seq !== conversation.firstSeq && conversation.messages[0]?.seq !== seq) {
        this.wrong ??= `${id} was told of ${seq} after ${before} in conversation ${conversationId}`
      }
      last.set(conversationId, seq)
    })
    client.on('error', ({ error }) => { this.wrong ??= `${id}: ${error.stack ?? error}` })
  }

  async do(what) {
    const client = this.phones.get(what.user)?.client
    const line = this.lines.get(what.user)
    switch (what.do) {
      case 'send':
        for (let i = 0; client && i < what.count; i++) {
          const content = `${what.user}#${++this.count}`
          const sent = client.send({ to: what.place, content, ...(what.calls ? { ext: { mentions: what.calls === 'all' && what.user !== 'a' ? [what.user] : what.calls === 'all' ? 'all' : [what.calls] } } : {}) })
          const { clientMsgId } = client.outgoing().at(-1)
          const given = { is: 'waiting', isDirect: 'userId' in what.place }
          this.given.set(clientMsgId, given)
          sent.then(() => { given.is = 'stored' }, (error) => {
            if (!error.final) return
            given.is = 'refused'
            client.discard(clientMsgId)
          })
        }
        // Not faster than they can be sent: what waits has a limit of its own.
        if (waiting(client) > 300) await eventually(60_000, 'an outbox that gets empty', () => waiting(this.phones.get(what.user).client) < 300 || line.isSilent)
        return
      case 'read': {
        const of = client?.conversation(what.place)
        if (of) client.read(what.place, of.lastSeq - what.back)
        return
      }
      case 'edit': case 'recall': case 'react': {
        const of = client?.conversation(what.place)
        const message = of?.at(of.lastSeq - what.back)
        if (!message || message.kind !== 'text' || (what.do !== 'react' && message.from !== what.user)) return
        const at = { in: what.place, seq: message.seq }
        const done = what.do === 'edit' ? client.call('message.edit', { ...at, content: `${message.content} edited` })
          : what.do === 'recall' ? client.call('message.recall', at) : client.react(what.place, message.seq, '👍')
        done.catch(() => {})
        return
      }
      case 'restart': case 'fresh': {
        const phone = this.phones.get(what.user)
        if (!phone.client) return
        if (what.do === 'fresh' && waiting(phone.client)) return
        phone.kill()
        this.lines.get(what.user).cut()
        if (what.do === 'fresh') phone.texts.clear()
        setTimeout(() => { if (!phone.client && !this.isOver) phone.start() }, what.ms)
        return
      }
      case 'background':
        line.silence()
        setTimeout(() => {
          line.cut()
          line.heal()
          this.phones.get(what.user).wake?.()
        }, what.ms)
        return
      case 'cut': return line.cut()
      case 'halve': return line.halve(what.n)
      case 'delay': return void (line.delayMs = what.n / 60)
      case 'double': return void (line.doubles = true)
      case 'silence': return line.silence()
      case 'heal':
        if (line.isSilent) line.cut()
        return line.heal()
      case 'clock':
        Date.now = () => realNow() + what.hours * 3_600_000
        return
      case 'leave': {
        const owner = this.phones.get('a').client
        return void owner?.call('group.remove', { groupId: what.place, userIds: [what.user] }).catch(() => {})
      }
      case 'join': {
        const owner = this.phones.get('a').client
        return void owner?.call('group.add', { groupId: what.place, userIds: users }).catch(() => {})
      }
      case 'wait': return delay(what.ms)
      case 'kill':
        await this.server.kill9()
        await delay(what.ms)
        this.server = await again(null, this.server)
    }
  }

  // All is well again; and then everybody has the same.
  async settle() {
    Date.now = realNow
    for (const line of this.lines.values()) {
      if (line.isSilent) line.cut()
      line.heal()
    }
    for (const phone of this.phones.values()) if (!phone.client) phone.start()
    for (const [id, phone] of this.phones) {
      phone.wake?.()
      await eventually(60_000, `${id} to have sent all`, () => phone.client.state === 'online' && waiting(phone.client) === 0).catch((error) => {
        throw new Error(`${error.message}: ${phone.client.state}, ${JSON.stringify(phone.client.outgoing()[0])}`)
      })
    }
    for (const [id, phone] of this.phones) {
      const witness = await connectV1(this.server, id)
      try {
        let difference
        await eventually(20_000, `${id} to have what the server has`, async () => !(difference = await this.difference(id, phone.client, witness))).catch((error) => {
          throw new Error(`${error.message}: ${difference}`)
        })
      } finally {
        await witness.close()
      }
    }
  }

  async difference(id, client, witness) {
    const facts = []
    for (let cursor; ;) {
      const listed = await witness.call('conversation.list', { limit: 100, ...(cursor ? { cursor } : {}) })
      facts.push(...listed.conversations)
      if (!(cursor = listed.cursor)) break
    }
    if (facts.length !== client.conversations.length) return `${client.conversations.length} conversations instead of ${facts.length}`
    for (const expected of facts) {
      const of = client.conversation(expected.place)
      const where = `${id} in ${JSON.stringify(expected.place)}`
      if (!of) return `${where}: nothing`
      for (const fact of ['conversationId', 'lastSeq', 'readSeq', 'unread', 'mentionSeq']) if (of[fact] !== expected[fact]) return `${where}: ${fact} is ${of[fact]} instead of ${expected[fact]}`
      for (const [i, { seq }] of of.messages.entries()) if (seq !== of.messages[0].seq + i) return `${where}: a hole before ${seq}`
      if (of.messages.length && of.messages.at(-1).seq !== of.lastSeq) return `${where}: it ends at ${of.messages.at(-1).seq}`
      const first = of.messages[0]?.seq ?? of.lastSeq + 1
      const kept = []
      while (kept.length < of.messages.length) {
        const { messages } = await witness.call('message.history', { in: expected.place, afterSeq: kept.at(-1)?.seq ?? first - 1, limit: 500 })
        if (!messages.length) break
        kept.push(...messages)
      }
      const plain = ({ reactions: _, ...message }) => message
      for (const [i, message] of of.messages.entries()) {
        // What an edit entry says is of when it was read.
        if (message.kind === 'edit') continue
        try {
          assert.deepEqual(plain(message), plain(kept[i]))
        } catch (error) {
          return `${where}: ${error.message}`
        }
      }
    }
    return undefined
  }

  // What was given is there, once; what was refused is not.
  async assertAll() {
    const found = new Map()
    const placesOf = new Set()
    for (const id of users) {
      const witness = await connectV1(this.server, id)
      const { conversations } = await witness.call('conversation.list', { limit: 100 })
      for (const { conversationId, place: of } of conversations) {
        const first = this.phones.get(id).client.conversation(of).firstSeq
        if (placesOf.has(conversationId) && first === 1) continue
        placesOf.add(conversationId)
        for (let seq = 0; ;) {
          const { messages, hasMore } = await witness.call('message.history', { in: of, afterSeq: seq, limit: 500 })
          for (const { clientMsgId, id: messageId } of messages) if (clientMsgId) {
            assert.ok(!found.has(clientMsgId) || found.get(clientMsgId) === messageId, `${clientMsgId} is there twice`)
            found.set(clientMsgId, messageId)
          }
          seq = messages.at(-1)?.seq
          if (!hasMore) break
        }
      }
      await witness.close()
    }
    for (const [clientMsgId, { is, isDirect }] of this.given) {
      if (is === 'refused') assert.ok(!found.has(clientMsgId), `${clientMsgId} was refused`)
      // Only a group refuses, who is in it no more.
      else if (is === 'stored' || isDirect) assert.ok(found.has(clientMsgId), `${clientMsgId} (${is}) is not there`)
    }
    return found.size
  }

  async dispose() {
    this.isOver = true
    Date.now = realNow
    for (const phone of this.phones.values()) phone.kill()
    for (const line of this.lines.values()) await line.close()
    await this.server.kill9()
  }
}

test(`everybody has what the server has (HONGYAN_PROOF_SEED=${seed})`, { timeout: Math.max(3_600_000, 20 * wanted) }, async (t) => {
  const world = await World.create()
  t.after(() => world.dispose())
  let steps = 0
  for (let round = 0; world.count < wanted; round++) {
    for (const what of fc.sample(step, { seed: seed + round, numRuns: 400 })) {
      steps++
      await world.do(what)
      if (world.wrong) throw new Error(world.wrong)
    }
    await world.settle()
    if (world.wrong) throw new Error(world.wrong)
  }
  const stored = await world.assertAll()
  const waiting = [...world.given].filter(([, { is }]) => is === 'waiting').length
  t.diagnostic(`${world.count} messages given in ${steps} steps, ${stored} stored; of ${waiting} the app that gave them was ended before it heard`)
})
