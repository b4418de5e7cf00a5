'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const core = (name) => require(`../../../miniprogram/components/hy-chat/core/${name}`)
const { lengthOf, clipped, withoutMention, erased, askedAt, inserted, mentionsIn, extOf } = core('field')
const { EMOJI } = core('emoji')
const { pictureBox, voiceWidth } = core('sizes')
const { loneEmoji } = core('links')

const WANG = { userId: '5', name: '王五' }
const ANN = { userId: '6', name: 'Ann Lee' }

test('characters are counted as the server counts them', () => {
  for (const text of ['', 'abc', '你好😀', '👨‍👩‍👧', '😀'.repeat(50)]) assert.equal(lengthOf(text), Array.from(text).length)
})

test('there is no room for more than so many characters, wherever they are put', () => {
  assert.equal(clipped('abcd', 'abcd', 4), 'abcd')
  assert.equal(clipped('abcd', 'abcde', 4), 'abcd')
  assert.equal(clipped('abd', 'abXYd', 4), 'abXd')
  assert.equal(clipped('', '😀😀😀', 2), '😀😀')
  assert.equal(clipped('abcd', 'xyzabcd', 4), 'abcd')
  assert.equal(clipped('abcdef', 'abXcdef', 4), 'abXc') // an old draft of a larger limit
})

test('one stroke takes a whole mention', () => {
  const text = '问 @王五 和 @Ann Lee 好'
  assert.deepEqual(withoutMention(text, '问 @王五和 @Ann Lee 好', [WANG, ANN]), { text: '问 和 @Ann Lee 好', cursor: 2 })
  assert.deepEqual(withoutMention(text, '问 @王五 和 @Ann Le 好', [WANG, ANN]), { text: '问 @王五 和 好', cursor: 8 })
  assert.equal(withoutMention(text, '问 @王五 和 @Ann Lee ', [WANG, ANN]), null)
  assert.equal(withoutMention(text, '问 @王五 和 @Ann Lee 好的', [WANG, ANN]), null)
  assert.equal(withoutMention('@王五 ', '@王五', []), null)
  assert.deepEqual(erased('你好 @王五 ', 7, [WANG]), { text: '你好 ', cursor: 3 })
  assert.deepEqual(erased('你好 @王五 啊', 8, [WANG]), { text: '你好 @王五 ', cursor: 7 })
})

test('the erase key takes an emoji whole', () => {
  for (const emoji of [...EMOJI, '👍🏽', '👨‍👩‍👧', '🇨🇳', '1️⃣', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '字', 'a']) {
    const text = `啊${emoji}`
    assert.deepEqual(erased(text, text.length, []), { text: '啊', cursor: 1 }, emoji)
  }
  assert.deepEqual(erased('🇨🇳🇯🇵', 8, []), { text: '🇨🇳', cursor: 4 })
  assert.deepEqual(erased('', 0, []), { text: '', cursor: 0 })
  assert.deepEqual(erased('ab', 1, []), { text: 'b', cursor: 0 })
})

test('an @ asks whom, in a mail address it does not', () => {
  assert.equal(askedAt('', '@'), 0)
  assert.equal(askedAt('你好', '你@好'), 1)
  assert.equal(askedAt('me', 'me@'), -1)
  assert.equal(askedAt('', '@王'), -1)
  assert.equal(askedAt('@a', '@'), -1)
  assert.deepEqual(inserted('你好', 1, '@王五 '), { text: '你@王五 好', cursor: 5 })
})

test('who is called goes with the message', () => {
  assert.deepEqual(mentionsIn('@王五 看', [WANG, ANN]), [WANG])
  assert.deepEqual(mentionsIn('看 @王五', [WANG]), [WANG])
  assert.deepEqual(extOf({ reply: { seq: 7, name: '李四', text: '' }, mentions: [WANG, WANG, ANN] }), { reply: { seq: 7 }, mentions: ['5', '6'] })
  assert.deepEqual(extOf({ reply: null, mentions: [WANG, { userId: 'all', name: '所有人' }] }), { mentions: 'all' })
  assert.equal(extOf({ reply: null, mentions: [] }), undefined)
})

test('each emoji is one, and there once; whole lines of eight', () => {
  assert.equal(new Set(EMOJI).size, EMOJI.length)
  assert.equal(EMOJI.length % 8, 0)
  for (const emoji of EMOJI) assert.equal(loneEmoji(emoji), 1, emoji)
})

test('pictures and voices have their room before they are here', () => {
  assert.deepEqual(pictureBox({ width: 4000, height: 3000 }), { width: 360, height: 270 })
  assert.deepEqual(pictureBox({ width: 1000, height: 8000 }), { width: 120, height: 480 })
  assert.deepEqual(pictureBox({ width: 8000, height: 100 }), { width: 360, height: 120 })
  assert.deepEqual(pictureBox({ width: 8, height: 8 }), { width: 120, height: 120 })
  assert.deepEqual(pictureBox({}), { width: 360, height: 360 })
  assert.deepEqual([1, 8, 60, 600].map(voiceWidth), [146, 184, 470, 470])
})
