'use strict'
// Who is watched, and for how long.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Presence } = require('../../../miniprogram/components/hy-chat/core/presence')

/** A client that is asked, and timers that run when they are told to. */
function setUp() {
  const listeners = {}
  const asked = []
  const client = {
    state: 'online',
    on: (name, listener) => { listeners[name] = listener },
    watch: async (userIds) => { asked.push(`watch ${userIds}`); return userIds.filter((id) => id === '2') },
    unwatch: async (userIds) => { asked.push(`unwatch ${userIds}`) },
  }
  const pending = new Map()
  let now = 0
  const timers = {
    setTimeout: (act, ms) => { const timer = {}; pending.set(timer, { act, at: now + ms }); return timer },
    clearTimeout: (timer) => pending.delete(timer),
  }
  const pass = async (ms) => {
    now += ms
    for (const [timer, { act, at }] of [...pending]) if (at <= now && pending.delete(timer)) act()
    await new Promise(setImmediate)
  }
  const presence = new Presence(client, timers)
  return { client, asked, pass, presence, tell: (name, event) => listeners[name](event) }
}

test('those who are looked at are watched together, and a while longer', async () => {
  const { presence, asked, pass } = setUp()
  const leaveBoth = presence.look(['2', '3'])
  const leaveTwo = presence.look(['2'])
  await pass(50)
  assert.deepEqual(asked, ['watch 2,3'])
  assert.deepEqual([presence.isOnline('2'), presence.isOnline('3')], [true, false])
  leaveBoth()
  leaveBoth()
  await pass(9000)
  assert.equal(asked.length, 1)
  await pass(1000)
  assert.deepEqual(asked.slice(1), ['unwatch 3'])
  leaveTwo()
  presence.look(['2'])
  await pass(20000)
  assert.equal(asked.length, 2)
  assert.equal(presence.isOnline('2'), true)
})

test('who goes is gone after five seconds, and nobody is online without a connection', async () => {
  const { presence, client, pass, tell } = setUp()
  presence.look(['2'])
  await pass(50)
  tell('presence', { userId: '2', online: false })
  await pass(4000)
  tell('presence', { userId: '2', online: true })
  await pass(4000)
  assert.equal(presence.isOnline('2'), true)
  tell('presence', { userId: '2', online: false })
  await pass(5000)
  assert.equal(presence.isOnline('2'), false)
  tell('presence', { userId: '2', online: true })
  client.state = 'waiting'
  assert.equal(presence.isOnline('2'), false)
})
