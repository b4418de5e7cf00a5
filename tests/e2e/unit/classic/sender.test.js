'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { Backoff } = require('../../../../examples/tutorial/utils/backoff')
const { Outbox } = require('../../../../examples/tutorial/utils/outbox')
const { Sender } = require('../../../../examples/tutorial/utils/sender')
const { Timeline } = require('../../../../examples/tutorial/utils/timeline')
const { FakeWx, fakeTimers } = require('./fakes')

const OK = { ok: true }
const BROKEN = { ok: false, retry: true, afterMs: 0, detail: '网络不给力' }

/** A sender whose posts are answered by `answer(entry)`; `posted` holds what was posted. */
function start(context, answer, wx = new FakeWx()) {
  const timers = fakeTimers(context)
  const posted = []
  const outbox = new Outbox(wx, '1', '2')
  const timeline = new Timeline('1', '2', outbox.load())
  const sender = new Sender({
    timeline,
    outbox,
    post: async (entry) => {
      posted.push({ id: entry.clientMsgId, content: entry.content })
      return answer(entry, posted.length)
    },
    on: { changed() {}, acknowledged() {} },
    backoff: new Backoff({ random: () => 1 }),
  })
  return { timers, posted, outbox, timeline, sender }
}

test('messages go out in order, one at a time, and leave the outbox when acknowledged', async (context) => {
  const { timers, posted, outbox, sender } = start(context, () => OK)
  sender.send('一')
  sender.send('二')
  await timers.pass(0)
  assert.deepEqual(posted, [], 'not before the conversation is loaded')
  assert.equal(outbox.load().length, 2)

  sender.wake()
  await timers.pass(0)

  assert.deepEqual(posted.map(({ content }) => content), ['一', '二'])
  assert.deepEqual(outbox.load(), [])
})

test('what the network lost is sent again under the same id', async (context) => {
  const { timers, posted, outbox, sender } = start(context, (entry, count) => (count < 3 ? BROKEN : OK))
  sender.wake()
  sender.send('一')

  await timers.pass(2000 + 4000)

  assert.equal(posted.length, 3)
  assert.equal(new Set(posted.map(({ id }) => id)).size, 1)
  assert.deepEqual(outbox.load(), [])
})

test('the server\'s Retry-After is kept', async (context) => {
  const { timers, posted, sender } = start(context, (entry, count) => (count === 1 ? { ...BROKEN, afterMs: 7000 } : OK))
  sender.wake()
  sender.send('一')

  await timers.pass(6999)
  assert.equal(posted.length, 1)
  await timers.pass(1)

  assert.equal(posted.length, 2)
})

test('after many attempts a message counts as failed, and a tap sends it again under the same id', async (context) => {
  let network = BROKEN
  const { timers, posted, timeline, sender } = start(context, () => network)
  sender.wake()
  sender.send('一')
  await timers.pass(300000)
  assert.equal(timeline.items()[0].state, 'failed')
  assert.equal(posted.length, 8)

  network = OK
  sender.retry(posted[0].id)
  await timers.pass(0)

  assert.equal(new Set(posted.map(({ id }) => id)).size, 1)
  assert.equal(timeline.items()[0].state, '')
})

test('what the server refuses is final; sending it again is a new message', async (context) => {
  const refusal = { ok: false, retry: false, detail: 'content: too long' }
  const { timers, posted, timeline, outbox, sender } = start(context, (entry, count) => (count === 1 ? refusal : OK))
  sender.wake()
  sender.send('一')
  await timers.pass(300000)
  assert.equal(posted.length, 1)
  assert.equal(timeline.items()[0].detail, 'content: too long')
  assert.equal(outbox.load().length, 1)

  sender.retry(posted[0].id)
  await timers.pass(0)

  assert.equal(posted.length, 2)
  assert.notEqual(posted[1].id, posted[0].id)
  assert.deepEqual(outbox.load(), [])
})

test('the next visit sends what was left, under the same id', async (context) => {
  const wx = new FakeWx()
  const first = start(context, () => BROKEN, wx)
  first.sender.wake()
  first.sender.send('一')
  await first.timers.pass(0)
  first.sender.stop()

  const second = start(context, () => OK, wx)
  assert.deepEqual(second.timeline.items().map(({ text, state }) => [text, state]), [['一', 'sending']])
  second.sender.wake()
  await second.timers.pass(0)

  assert.equal(second.posted[0].id, first.posted[0].id)
  assert.deepEqual(second.outbox.load(), [])
})

test('a late answer to a closed page does not undo what the next page queued', async (context) => {
  const wx = new FakeWx()
  let answerFirst
  const first = start(context, () => new Promise((resolve) => { answerFirst = resolve }), wx)
  first.sender.wake()
  first.sender.send('一')
  await first.timers.pass(0)
  first.sender.stop()
  const second = start(context, () => BROKEN, wx)
  second.sender.send('二')

  answerFirst(OK)
  await first.timers.pass(0)

  assert.deepEqual(second.outbox.load().map(({ content }) => content), ['二'])
})

test('a full storage refuses the message instead of losing it', async (context) => {
  const wx = new FakeWx()
  const { timeline, sender } = start(context, () => OK, wx)
  wx.setStorageSync = () => { throw new Error('full') }

  assert.throws(() => sender.send('一'))

  assert.deepEqual(timeline.items(), [])
})
