'use strict'
// What is loaded of one chat: it outlives what the client lets go of, and not what is cleared.

const assert = require('node:assert/strict')
const test = require('node:test')
const { ChatLog } = require('../../../miniprogram/components/hy-chat/core/log')

const entry = (seq, more = {}) => ({ seq, conversationId: '1', from: '2', kind: 'text', content: `第${seq}条`, ...more })
const logOf = () => {
  const client = { held: null, on: () => () => {}, conversation: () => client.held }
  const hold = (...messages) => { client.held = messages.length ? { messages, firstSeq: 1, lastSeq: messages[messages.length - 1].seq } : undefined }
  return { log: new ChatLog({ client, hasSynced: true }, { userId: '2' }, () => {}), hold }
}
const seqs = (log) => log.messages.map(({ seq }) => seq)

test('what the client lets go of stays while the chat is open', () => {
  const { log, hold } = logOf()
  hold(entry(1), entry(2), entry(3))
  assert.deepEqual(seqs(log), [1, 2, 3])
  hold(entry(3), entry(4))
  assert.deepEqual(seqs(log), [1, 2, 3, 4])
})

test('what is cleared does not come back with the next message', () => {
  const { log, hold } = logOf()
  hold(entry(1), entry(2))
  assert.deepEqual(seqs(log), [1, 2])
  hold()
  assert.deepEqual(seqs(log), [])
  hold(entry(3))
  assert.deepEqual(seqs(log), [3])
})

test('of a group that one was taken out of, what was read stays', () => {
  const { log, hold } = logOf()
  hold(entry(1), entry(2))
  assert.deepEqual(seqs(log), [1, 2])
  log.isKept = true
  hold()
  assert.deepEqual(seqs(log), [1, 2])
})

test('what is kept here alone is changed by the entries that tell of it', () => {
  const { log, hold } = logOf()
  hold(entry(1), entry(2, { streaming: true, content: '半' }), entry(3))
  assert.equal(log.messages.length, 3)
  const edit = (seq, of, content) => entry(seq, { kind: 'edit', content: { seq: of, content } })
  hold(edit(4, 1, '改了'), edit(5, 2, '一半和另一半'), entry(6, { kind: 'recall', content: { seq: 3 } }))
  const [first, second, third] = log.messages
  assert.deepEqual([first.content, first.edited], ['改了', true])
  assert.deepEqual([second.content, second.edited, second.streaming], ['一半和另一半', undefined, undefined])
  assert.deepEqual([third.content, third.recalled], [null, true])
})
