'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')
const { parseTime, timeLabel, needsTimeLine } = require('../../../../examples/tutorial/utils/dates')

const at = (...parts) => new Date(...parts).getTime()
const NOW = at(2026, 10, 22, 18, 48) // a Sunday

test('createTime is local time, with and without a fraction', () => {
  assert.equal(parseTime('2026-11-22T18:48:39.123'), at(2026, 10, 22, 18, 48, 39, 123))
  assert.equal(parseTime('2026-11-22T18:48:39'), at(2026, 10, 22, 18, 48, 39))
  assert.equal(parseTime('2026-11-22T18:48'), at(2026, 10, 22, 18, 48))
  assert.ok(Number.isNaN(parseTime('soon')))
  assert.ok(Number.isNaN(parseTime(null)))
})

test('times are told as WeChat tells them', () => {
  const label = (...parts) => timeLabel(at(...parts), NOW)
  assert.equal(label(2026, 10, 22, 0, 0), '00:00')
  assert.equal(label(2026, 10, 22, 9, 5), '09:05')
  assert.equal(label(2026, 10, 21, 23, 59), '昨天 23:59')
  assert.equal(label(2026, 10, 20, 8, 30), '星期五 08:30')
  assert.equal(label(2026, 10, 16, 12, 0), '星期一 12:00')
  assert.equal(label(2026, 10, 15, 12, 0), '11月15日 12:00')
  assert.equal(label(2025, 11, 31, 7, 0), '2025年12月31日 07:00')
  assert.equal(label(2026, 10, 23, 7, 0), '11月23日 07:00') // a server whose clock is ahead
  assert.equal(timeLabel(NaN, NOW), '')
})

test('a time line comes first and after more than five minutes', () => {
  assert.equal(needsTimeLine(null, NOW), true)
  assert.equal(needsTimeLine(NOW, NOW + 5 * 60 * 1000), false)
  assert.equal(needsTimeLine(NOW, NOW + 5 * 60 * 1000 + 1), true)
  assert.equal(needsTimeLine(NOW, NaN), false)
})
