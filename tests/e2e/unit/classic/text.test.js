'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { textLength, isBlank, sendable, insertAt, deleteBefore } = require('../../../../examples/tutorial/utils/text')

test('a text is as long as it has Unicode characters', () => {
  assert.equal(textLength('a字😀'), 3)
})

test('blanks and line breaks alone are nothing to send', () => {
  assert.equal(isBlank(' \n\t　'), true)
  assert.equal(isBlank(' a '), false)
  assert.equal(sendable('a\u0000b'), 'ab')
})

test('inserting and deleting happen at the cursor', () => {
  assert.deepEqual(insertAt('你好', 1, '😀'), { text: '你😀好', cursor: 3 })
  assert.deepEqual(insertAt('你', 99, '😀'), { text: '你😀', cursor: 3 })
  assert.deepEqual(deleteBefore('你😀好', 3), { text: '你好', cursor: 1 })
  assert.deepEqual(deleteBefore('你❤️', 3), { text: '你', cursor: 1 })
  assert.deepEqual(deleteBefore('你好', 0), { text: '你好', cursor: 0 })
})
