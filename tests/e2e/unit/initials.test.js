'use strict'
// Names by their initials.

const assert = require('node:assert/strict')
const path = require('node:path')
const { test } = require('node:test')

const services = path.join(__dirname, '../../../miniprogram/services')
const table = require(path.join(services, 'initials-table'))
const { initialOf, initialsOf, byInitial } = require(path.join(services, 'initials'))

test('the table has one ASCII letter for each character', () => {
  assert.equal(table.length, 0x9fa5 - 0x4e00 + 1)
  assert.match(table, /^[A-Z#]+$/)
})

test('initials of Chinese, surnames, Latin with accents, and others', () => {
  const found = ['张三', '李四', '王五', '赵六', '曾国藩', '单田芳', '欧阳', 'bob', 'Émile', ' 陈', '7号', '😀', '', 'さくら'].map(initialOf).join('')
  assert.equal(found, 'ZLWZZSOBEC####')
  assert.equal(initialsOf('张三a1'), 'zsa1')
})

test('# stands last, and within an initial the names are in order', () => {
  const names = byInitial(['9', '赵六', '李四', '张三', 'Al', '李三'].map((name) => ({ name })))
  assert.deepEqual(names.map(({ initial, people }) => initial + people.map(({ name }) => name).join(',')), ['AAl', 'L李三,李四', 'Z赵六,张三', '#9'])
})
