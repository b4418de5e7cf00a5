'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { Timeline } = require('../../../../examples/tutorial/utils/timeline')

const chat = (id, userId, content, targetUserId = userId === 1 ? 2 : 1) =>
  ({ id, userId, targetUserId, content, createTime: '2026-11-22T18:48:39.123' })
const shown = (timeline) => timeline.items().map(({ text, state }) => (state ? `${text} (${state})` : text))

/** A timeline of user 1 with user 2, with the given texts under way. */
function sending(texts, { known = [] } = {}) {
  const timeline = new Timeline('1', '2')
  timeline.merge(known)
  const entries = texts.map((text, index) => {
    const entry = timeline.add(`c${index}`, text, 0)
    timeline.attempted(entry)
    return entry
  })
  return { timeline, entries }
}

test('messages are in the order of their ids, each once, and others\' conversations stay out', () => {
  const timeline = new Timeline('1', '2')
  timeline.merge([chat(2, 2, 'b'), chat(4, 1, 'd')])
  const added = timeline.merge([chat(1, 1, 'a'), chat(2, 2, 'b'), chat(3, 3, 'x', 1), chat(5, 1, 'y', 3)])

  assert.deepEqual(added.map(({ id }) => id), [1])
  assert.deepEqual(shown(timeline), ['a', 'b', 'd'])
})

test('a message of one\'s own is shown at once and once, whichever of echo and answer comes first', () => {
  for (const order of [['echo', 'answer'], ['answer', 'echo']]) {
    const { timeline } = sending(['好'])
    assert.deepEqual(shown(timeline), ['好 (sending)'])
    const key = timeline.items()[0].key
    for (const what of order) {
      if (what === 'echo') timeline.merge([chat(7, 1, '好')])
      else timeline.acknowledge('c0')
      assert.deepEqual(shown(timeline), ['好'])
    }
    assert.equal(timeline.items()[0].key, key, 'the bubble stays the same one')
    assert.deepEqual(timeline.entries, [])
  }
})

test('an older message with the same words is not taken for the one being sent', () => {
  const { timeline } = sending(['好'], { known: [chat(3, 1, '好')] })

  timeline.merge([chat(2, 1, '好')]) // loaded by scrolling up

  assert.deepEqual(shown(timeline), ['好', '好', '好 (sending)'])
})

test('equal texts are told apart one by one', () => {
  const { timeline } = sending(['好', '好', '好'])

  timeline.merge([chat(1, 1, '好')])
  timeline.acknowledge('c0')
  timeline.merge([chat(1, 1, '好'), chat(2, 1, '好')])

  assert.deepEqual(shown(timeline), ['好', '好', '好 (sending)'])
})

test('an acknowledged one gets the message before one that failed with the same words', () => {
  const { timeline } = sending(['好', '好'])
  timeline.giveUp('c0', '网络不给力')
  timeline.acknowledge('c1')

  timeline.merge([chat(1, 1, '好')])

  assert.deepEqual(shown(timeline), ['好 (failed)', '好'])
})

test('the same words from one\'s other phone neither hide nor double a message', () => {
  const { timeline } = sending(['好'])

  timeline.merge([chat(1, 1, '好')]) // from the other phone
  timeline.merge([chat(2, 1, '好')]) // ours
  timeline.acknowledge('c0')

  assert.deepEqual(shown(timeline), ['好', '好'])
})

test('a refused message shows again, though its words were seen', () => {
  const { timeline } = sending(['好'])
  timeline.merge([chat(1, 1, '好')]) // from the other phone

  timeline.refuse('c0', '内容不行')

  assert.deepEqual(shown(timeline), ['好', '好 (refused)'])
  assert.equal(timeline.items()[1].detail, '内容不行')
})

test('a failed message keeps its place when newer ones come', () => {
  const { timeline } = sending(['失败的'], { known: [chat(1, 2, '早')] })
  timeline.giveUp('c0', '')

  timeline.merge([chat(2, 2, '后来')])

  assert.deepEqual(shown(timeline), ['早', '失败的 (failed)', '后来'])
})

test('after reopening, what was stored meanwhile is not shown a second time', () => {
  const kept = sending(['一', '二'], { known: [chat(1, 2, '早')] }).entries.map((entry) => JSON.parse(JSON.stringify(entry)))

  const timeline = new Timeline('1', '2', kept)
  timeline.merge([chat(1, 2, '早'), chat(2, 1, '一')])

  assert.deepEqual(shown(timeline), ['早', '一', '二 (sending)'])
})

test('a fetched stretch replaces what it covers, so recalled messages go', () => {
  const timeline = new Timeline('1', '2')
  timeline.merge([1, 2, 3, 4].map((id) => chat(id, 2, String(id))))

  timeline.take([chat(2, 2, '2'), chat(4, 2, '4')], false)
  assert.deepEqual(shown(timeline), ['1', '2', '4'])
  timeline.take([chat(2, 2, '2')], true)

  assert.deepEqual(shown(timeline), ['2', '4']) // 4 may have come by the socket after the fetch
})

test('a stretch that does not reach what is known takes its place: no hole is shown', () => {
  const timeline = new Timeline('1', '2')
  timeline.merge([chat(1, 2, '1')])

  timeline.take([chat(10, 2, '10'), chat(11, 2, '11')], false)

  assert.deepEqual(shown(timeline), ['10', '11'])
})

test('messages to oneself are one\'s own', () => {
  const timeline = new Timeline('1', '1')
  timeline.merge([chat(1, 1, '备忘', 1), chat(2, 1, '给别人', 2)])

  assert.deepEqual(timeline.items().map(({ text, mine }) => [text, mine]), [['备忘', true]])
})
