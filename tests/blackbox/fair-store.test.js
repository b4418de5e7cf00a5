// Promise 9: the writer is shared by turns. What one user has under way delays another by about one turn.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { onEachStore } from './lib/each-store.js'
import { isSanitized } from './lib/server.js'
import { connectV1, newId, people, range, user } from './lib/v1.js'

const p99 = (times) => [...times].sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1]

// How long each of `count` calls took, one after the other; each has to succeed.
const calls = async (from, method, params, count) => {
  const times = []
  for (let i = 0; i < count; ++i) {
    const begin = performance.now()
    await from.call(method, params)
    times.push(performance.now() - begin)
  }
  return times
}

// How long each of `count` sends took, one after the other; each has to succeed.
const sends = async (from, to, count) => {
  const times = []
  for (let i = 0; i < count; ++i) {
    const begin = performance.now()
    await from.say(to, `m${i}`)
    times.push(performance.now() - begin)
  }
  return times
}

onEachStore('by turns', (the) => {
  it('240 block lists of 100 that one user has under way do not hold up the sends of another', async (t) => {
    const [victim, friend] = await people(the.server, t, 2)
    const attacker = newId()
    const sockets = []
    for (let i = 0; i < 4; ++i) sockets.push(await connectV1(the.server, attacker, { t }))
    await sends(victim, user(friend.userId), 10)
    const before = p99(await sends(victim, user(friend.userId), 50))

    let goesOn = true
    let done = 0
    // 4 sockets with 60 under way each; what one request adds, the next removes.
    const attack = sockets.flatMap((socket, s) => range(1, 60).map(async (lane) => {
      const userIds = range(0, 99).map((i) => `x${s * 60 + lane}.${i}`.slice(0, 64))
      for (let round = 0; goesOn; ++round) {
        await socket.call(round % 2 === 0 ? 'block.add' : 'block.remove', { userIds }).catch(() => {})
        ++done
      }
    }))
    const during = p99(await sends(victim, user(friend.userId), 50))
    goesOn = false
    await Promise.all(attack)
    assert.ok(done >= 1, 'nothing was under way')
    assert.ok(isSanitized() || during <= Math.max(5 * before, 250), `p99 ${during.toFixed(0)} ms, before ${before.toFixed(0)} ms`)
  })

  it('searches that one user has under way do not hold up the reads of another', async (t) => {
    const [victim, friend] = await people(the.server, t, 2)
    for (let i = 0; i < 20; ++i) await friend.say(user(victim.userId), `m${i}`)
    const attacker = newId()
    const sockets = []
    for (let i = 0; i < 6; ++i) sockets.push(await connectV1(the.server, attacker, { t }))
    for (let i = 0; i < 60; ++i) await sockets[0].call('group.create', { name: `g${i}`, members: [] })
    const reads = async () => ({
      list: p99(await calls(victim, 'conversation.list', {}, 50)),
      history: p99(await calls(victim, 'message.history', { in: user(friend.userId) }, 50)),
    })
    await reads()
    const before = await reads()

    let goesOn = true
    let done = 0
    const query = range(1, 33).map((i) => `w${i}`).join(' ').slice(0, 100)
    const attack = sockets.flatMap((socket) => range(1, 60).map(async () => {
      // What is refused comes again when it may, as of any client.
      while (goesOn) await socket.call('message.search', { query }).then(() => ++done, ({ data }) => delay(data?.retryAfterMs ?? 1_000))
    }))
    const during = await reads()
    goesOn = false
    await Promise.all(attack)
    assert.ok(done >= 1, 'nothing was under way')
    for (const what of ['list', 'history'])
      assert.ok(isSanitized() || during[what] <= Math.max(5 * before[what], 250), `${what}: p99 ${during[what].toFixed(0)} ms, before ${before[what].toFixed(0)} ms`)
  })
})
