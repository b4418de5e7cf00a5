'use strict'
// A room against a server in memory whose network can be broken: what is shown is what is stored.

const assert = require('node:assert/strict')
const test = require('node:test')
const { Room } = require('../../../../examples/tutorial/utils/room')
const { FakeWx, fakeTimers } = require('./fakes')

const WINDOW = 50

/** The classic contract in memory. `chance()` < `faults` breaks a request before or after it was served. */
class FakeServer {
  constructor(chance = Math.random) {
    this.chats = []
    this.requests = 0
    this.faults = 0
    this.chance = chance
    this.wx = new FakeWx()
    this.wx.request = (options) => this.request(options)
  }

  store(userId, targetUserId, content, clientMsgId) {
    const known = clientMsgId && this.chats.find((chat) => chat.clientMsgId === clientMsgId)
    if (known) return
    this.chats.push({
      id: this.chats.length + 1, userId, targetUserId, content, clientMsgId, createTime: '2026-11-22T18:48:39.123',
    })
    const socket = this.wx.socket
    if (socket && socket.isOpen && !socket.closed) socket.fire('message', { data: JSON.stringify(this.newest(WINDOW)) })
  }

  newest(limit, belongs = () => true, beforeId = Infinity) {
    return this.chats.filter((chat) => belongs(chat) && chat.id < beforeId).slice(-limit)
      .map(({ clientMsgId, ...chat }) => chat)
  }

  request({ method, url, data, success, fail }) {
    this.requests += 1
    const broken = this.chance() < this.faults
    const reaches = !broken || this.chance() < 0.5
    setTimeout(() => {
      const answer = reaches ? this.serve(method, new URL(url), data) : undefined
      setTimeout(() => (broken ? fail({}) : success({ statusCode: 200, header: {}, data: answer })), 20)
    }, 20)
  }

  serve(method, url, data) {
    if (method === 'POST') {
      this.store(data.userId, data.targetUserId, data.content, data.clientMsgId)
      return 'MSG SEND SUCCESS'
    }
    const query = (name) => url.searchParams.get(name)
    return this.newest(Number(query('limit')), isBetween(query('userId'), query('targetUserId')),
      Number(query('beforeId')) || Infinity)
  }

  openSocket() {
    this.wx.socket.isOpen = true
    this.wx.socket.fire('open')
  }

  dropSocket() {
    this.wx.socket.isOpen = false
    this.wx.socket.fire('close')
  }
}

const isBetween = (one, other) => ({ userId, targetUserId }) =>
  (userId === one && targetUserId === other) || (userId === other && targetUserId === one)

function start(context, { server = new FakeServer(), timers = fakeTimers(context) } = {}) {
  const seen = { byPeer: 0, others: [], status: '' }
  const room = new Room({
    wx: server.wx,
    server: 'http://server',
    me: { id: '1', name: '张三' },
    peer: { id: '2', name: '李四' },
    on: {
      changed: (count) => { seen.byPeer += count },
      status: (status) => { seen.status = status },
      others: (chat) => seen.others.push(chat.content),
    },
  })
  return { server, timers, room, seen }
}

const shown = (room) => room.timeline.items().map(({ text, state }) => (state ? `${text} (${state})` : text))
const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

test('the newest page is shown first, older ones on demand until there are no more', async (context) => {
  const { server, timers, room } = start(context)
  numbers(1, 70).forEach((text) => server.store('2', '1', text))
  room.start()
  await timers.pass(100)
  assert.deepEqual(shown(room), numbers(41, 70))

  for (const first of [11, 1]) {
    assert.equal(room.hasMore, true)
    room.loadOlder()
    await timers.pass(100)
    assert.deepEqual(shown(room), numbers(first, 70))
  }

  assert.equal(room.hasMore, false)
})

test('windows of the socket add what is new and neither count nor show what is older', async (context) => {
  const { server, timers, room, seen } = start(context)
  numbers(1, 70).forEach((text) => server.store('2', '1', text))
  room.start()
  server.openSocket()
  await timers.pass(100)
  const requests = server.requests

  server.store('2', '1', '71')

  assert.deepEqual(shown(room), numbers(41, 71))
  assert.equal(seen.byPeer, 1)
  assert.equal(server.requests, requests, 'nothing had to be fetched')
})

test('a window that does not reach back to the last one makes it fetch what was missed', async (context) => {
  const { server, timers, room } = start(context)
  room.start()
  server.openSocket()
  server.store('2', '1', '1')
  await timers.pass(100)

  server.wx.socket.isOpen = false // the slow socket's windows were replaced by newer ones
  numbers(2, 70).forEach((text) => server.store('2', '1', text))
  server.wx.socket.isOpen = true
  server.store('2', '1', '71')
  await timers.pass(200)

  assert.deepEqual(shown(room), numbers(1, 71))
})

test('after a very long absence the newest pages stand alone, without a hole', async (context) => {
  const { server, timers, room } = start(context)
  server.store('2', '1', '1')
  room.start()
  server.openSocket()
  await timers.pass(100)

  server.dropSocket()
  numbers(2, 400).forEach((text) => server.store('2', '1', text))
  await timers.pass(2000)
  server.openSocket()
  await timers.pass(1000)

  assert.deepEqual(shown(room), numbers(251, 400))
  assert.equal(room.hasMore, true)
})

test('somebody else\'s messages are hinted at, and do not make it fetch each time', async (context) => {
  const { server, timers, room, seen } = start(context)
  server.store('2', '1', 'von 2')
  numbers(1, 60).forEach((text) => server.store('3', '1', text))
  room.start()
  server.openSocket()
  await timers.pass(100)
  server.store('3', '1', '61')
  await timers.pass(100)
  const requests = server.requests

  server.store('3', '1', '62')
  await timers.pass(100)

  assert.deepEqual(shown(room), ['von 2'])
  assert.deepEqual(seen.others, ['61', '62'])
  assert.equal(server.requests, requests)
})

test('an acknowledged message that the socket does not bring is fetched', async (context) => {
  const { server, timers, room } = start(context)
  room.start()
  await timers.pass(100) // loaded, but no socket

  room.send('一')
  await timers.pass(100)
  assert.deepEqual(shown(room), ['一'])
  assert.equal(room.timeline.newestId, 0)
  await timers.pass(5000)

  assert.deepEqual(shown(room), ['一'])
  assert.equal(room.timeline.newestId, 1)
})

test('a stopped room leaves no timer behind', async (context) => {
  const { server, timers, room } = start(context)
  room.start()
  server.openSocket()
  await timers.pass(100)
  room.send('一')
  await timers.pass(100)

  room.stop()

  assert.equal(timers.pending(), 0)
})

test('whatever the network does, each message is stored once and shown once, and no hole is shown', async (context) => {
  const timers = fakeTimers(context)
  for (let seed = 1; seed <= 40; seed += 1) {
    const chance = generator(seed)
    const server = new FakeServer(chance)
    let { room } = start(context, { server, timers })
    const sent = []
    room.start()
    server.faults = 0.4
    for (let step = 0; step < 150; step += 1) {
      const dice = chance()
      if (dice < 0.2) server.store('2', '1', `von 2 ${chance() < 0.5 ? 'ja' : step}`)
      else if (dice < 0.25) for (let count = 0; count < 60; count += 1) server.store('3', '1', 'Rauschen')
      else if (dice < 0.45) {
        const text = chance() < 0.5 ? '好' : `von 1 ${step}`
        sent.push(text)
        room.send(text)
      } else if (dice < 0.6) server.dropSocket()
      else if (dice < 0.8) { if (!server.wx.socket.closed && !server.wx.socket.isOpen) server.openSocket() }
      else if (dice < 0.83) {
        room.stop()
        server.wx.socket.isOpen = false
        room = start(context, { server, timers }).room
        room.start()
      }
      await timers.pass(Math.floor(chance() * 1500))
      checkNoHoleNorDouble(room, server, seed)
    }
    server.faults = 0
    while (!server.wx.socket.isOpen) {
      await timers.pass(1000)
      if (!server.wx.socket.closed) server.openSocket() // between two attempts there is only a closed one
    }
    for (let round = 0; round < 5; round += 1) {
      await timers.pass(31000)
      for (const entry of room.timeline.entries) room.retry(entry.clientMsgId) // what was given up
    }

    const stored = server.chats.filter(isBetween('1', '2')).map(({ content }) => content)
    const own = server.chats.filter(({ userId }) => userId === '1').map(({ content }) => content)
    assert.deepEqual([...own].sort(), [...sent].sort(), `seed ${seed}: each is stored once`)
    const all = shown(room)
    assert.deepEqual(all, stored.slice(-all.length), `seed ${seed}: shown as stored`)
    assert.ok(all.length >= Math.min(30, stored.length), `seed ${seed}: the newest page is there`)
    assert.deepEqual(room.outbox.load(), [], `seed ${seed}: nothing is left in the outbox`)
    room.stop()
  }
})

function checkNoHoleNorDouble(room, server, seed) {
  const keys = room.timeline.items().map(({ key }) => key)
  assert.equal(new Set(keys).size, keys.length, `seed ${seed}: no bubble twice`)
  const ids = room.timeline.chats.map(({ id }) => id)
  const there = server.chats.filter(isBetween('1', '2')).map(({ id }) => id)
  const from = there.indexOf(ids[0])
  assert.deepEqual(ids, ids.length ? there.slice(from, from + ids.length) : [], `seed ${seed}: no hole`)
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}
