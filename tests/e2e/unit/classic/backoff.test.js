'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { Backoff } = require('../../../../examples/tutorial/utils/backoff')

test('the wait doubles from one second up to thirty and starts anew after a reset', () => {
  const shortest = new Backoff({ random: () => 0 })
  assert.deepEqual(Array.from({ length: 6 }, () => shortest.next()), [1000, 2000, 4000, 8000, 15000, 15000])
  const longest = new Backoff({ random: () => 1 })
  assert.deepEqual(Array.from({ length: 6 }, () => longest.next()), [2000, 4000, 8000, 16000, 30000, 30000])

  longest.reset()

  assert.equal(longest.next(), 2000)
})

test('two clients do not wait equally long', () => {
  assert.notEqual(new Backoff({ random: () => 0.2 }).next(), new Backoff({ random: () => 0.7 }).next())
})
