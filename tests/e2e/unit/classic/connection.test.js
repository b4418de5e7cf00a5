'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { Backoff } = require('../../../../examples/tutorial/utils/backoff')
const { Connection } = require('../../../../examples/tutorial/utils/connection')
const { FakeWx, fakeTimers } = require('./fakes')

function start(context) {
  const wx = new FakeWx()
  const timers = fakeTimers(context)
  const heard = []
  const connection = new Connection({
    wx,
    url: 'ws://server/imserver/1',
    on: {
      open: () => heard.push('open'),
      message: (text) => heard.push(text),
      state: (name) => heard.push(`state ${name}`),
    },
    backoff: new Backoff({ random: () => 1 }),
    now: timers.now,
  })
  connection.start()
  return { wx, timers, heard, connection }
}

test('a socket that closes is opened again, later each time, and soon again after a success', async (context) => {
  const { wx, timers, heard } = start(context)
  wx.socket.fire('close')
  assert.deepEqual(heard, ['state connecting', 'state waiting'])
  await timers.pass(1999)
  assert.equal(wx.sockets.length, 1)
  await timers.pass(1)
  assert.equal(wx.sockets.length, 2)
  wx.socket.fire('error')
  wx.socket.fire('close')
  await timers.pass(4000)
  assert.equal(wx.sockets.length, 3, 'error and close of one socket are one loss')

  wx.socket.fire('open')
  wx.socket.fire('close')
  await timers.pass(2000)

  assert.equal(wx.sockets.length, 4)
})

test('events of an old socket are not heard, and the old one is closed before a new one is made', async (context) => {
  const { wx, heard } = start(context)
  const [old] = wx.sockets
  old.fire('open')

  wx.network(true)
  heard.length = 0
  old.fire('message', { data: 'late' })
  old.fire('close')

  assert.equal(old.closed, true)
  assert.equal(wx.sockets.length, 2)
  assert.deepEqual(heard, [])
})

test('a socket that does not open in time is given up', async (context) => {
  const { wx, timers } = start(context)

  await timers.pass(10000)
  assert.equal(wx.sockets[0].closed, true)
  await timers.pass(2000)

  assert.equal(wx.sockets.length, 2)
})

test('without a network it says so, and it connects at once when the network is back', async (context) => {
  const { wx, heard } = start(context)
  wx.socket.fire('open')

  wx.network(false)
  assert.equal(heard.pop(), 'state offline')
  wx.network(true)

  assert.equal(wx.sockets.length, 2)
})

test('a short look away keeps the socket, a long one replaces it', async (context) => {
  const { wx, timers, connection } = start(context)
  wx.socket.fire('open')

  connection.hidden()
  await timers.pass(3000)
  connection.shown()
  assert.equal(wx.sockets.length, 1)
  connection.hidden()
  await timers.pass(5000)
  connection.shown()

  assert.equal(wx.sockets.length, 2)
})

test('in the background nothing is tried; back in the foreground at once', async (context) => {
  const { wx, timers, connection } = start(context)
  wx.socket.fire('open')

  connection.hidden()
  wx.socket.fire('close')
  wx.network(true)
  await timers.pass(120000)
  assert.equal(wx.sockets.length, 1)
  connection.shown()

  assert.equal(wx.sockets.length, 2)
})

test('an open socket says something every 25 seconds, and a stopped one leaves nothing behind', async (context) => {
  const { wx, timers, connection } = start(context)
  wx.socket.fire('open')
  await timers.pass(50000)
  assert.equal(wx.socket.sent.length, 2)

  connection.stop()
  wx.socket.fire('close')

  assert.equal(timers.pending(), 0)
  assert.equal(wx.networkListeners.size, 0)
})
