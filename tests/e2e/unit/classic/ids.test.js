'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { normalizeId, userIdProblem, newClientMsgId } = require('../../../../examples/tutorial/utils/ids')

test('an id that came as a number is the same user as its string', () => {
  assert.equal(normalizeId(2), normalizeId('2'))
  assert.equal(normalizeId(' zhang '), 'zhang')
  assert.equal(normalizeId(null), '')
})

test('ids are held to the rule of the server', () => {
  for (const id of ['1', 'zhang.san', 'a_b-c.d:e@f', 'x'.repeat(64)]) assert.equal(userIdProblem(id), '')
  for (const id of ['', 'a b', '张三', 'a/b', 'x'.repeat(65)]) assert.notEqual(userIdProblem(id), '')
})

test('each message has an id of its own that the server takes', () => {
  const ids = Array.from({ length: 1000 }, () => newClientMsgId(0, () => 0.5))
  assert.equal(new Set(ids).size, 1000)
  for (const id of ids) assert.ok(id.length >= 1 && id.length <= 64)
})
