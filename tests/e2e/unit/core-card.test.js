'use strict'
// What cards show, and when a text is folded.

const assert = require('node:assert/strict')
const test = require('node:test')
const core = (name) => require(`../../../miniprogram/components/hy-chat/core/${name}`)
const { translator, own } = core('i18n')
const { fileCard, placeCard, orderCard, lengthText, isLong } = core('card')

const t = translator('zh', own)

test('a file has the end of its name in a part of its own, its size and type', () => {
  assert.deepEqual(fileCard({ name: '采购合同最终版v3.pdf', size: 1_258_291 }, t), { head: '采购合同最', tail: '终版v3.pdf', size: '1.2 MB', type: 'PDF' })
  assert.deepEqual(fileCard({ name: 'README', size: 3 }, t), { head: '', tail: 'README', size: '1 KB', type: '' })
  assert.deepEqual(fileCard(null, t), { head: '', tail: '[文件]', size: '', type: '' })
  assert.equal(fileCard({ name: 'a.document' }, t).type, '')
  const { head, tail } = fileCard({ name: '😀😀😀😀😀😀😀😀.png' }, t)
  assert.equal(head + tail, '😀😀😀😀😀😀😀😀.png') // and none in halves
  assert.equal(tail, '😀😀😀.png')
})

test('a place has a name, whatever is missing', () => {
  assert.deepEqual(placeCard({ name: '虹桥站', address: '申贵路' }, t), { name: '虹桥站', address: '申贵路' })
  assert.deepEqual(placeCard({ name: { x: 1 } }, t), { name: '[位置]', address: '' })
})

test('an order: at most two actions, an amount by its currency, nothing where nothing is said', () => {
  const order = orderCard({ orderId: 7, title: '普洱', count: 2, amount: 196, status: '待发货', actions: [{ text: '一' }, { text: '二' }, { text: '三' }] }, t)
  assert.deepEqual(order, { id: '订单 7', status: '待发货', title: '普洱', count: '×2', total: '合计', amount: '¥196.00', image: '', actions: [{ text: '一' }, { text: '二' }] })
  assert.equal(orderCard({ amount: '12.5', currency: 'USD' }, t).amount, '$12.5')
  assert.equal(orderCard({ amount: 1, currency: 'CHF' }, t).amount, 'CHF 1.00')
  assert.deepEqual([orderCard({ actions: 'x' }, t).actions, orderCard({ actions: [null] }, t).actions, orderCard(null, t).amount], [[], [{ text: '' }], ''])
})

test('minutes and seconds', () => {
  assert.deepEqual([0, 15, 61, 3600, undefined].map(lengthText), ['0:00', '0:15', '1:01', '60:00', '0:00'])
})

test('more than thirty lines are too many', () => {
  assert.equal(isLong(Array(30).fill('a').join('\n')), false)
  assert.equal(isLong(Array(31).fill('a').join('\n')), true)
  assert.equal(isLong('字'.repeat(400)), false)
  assert.equal(isLong('字'.repeat(420)), true)
  assert.equal(isLong('w'.repeat(600)), false)
})
