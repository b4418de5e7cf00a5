'use strict'
// The window of blocks of a chat: rows stay in their block, older ones move what is drawn down by as much as is told, few are alive.

const assert = require('node:assert/strict')
const test = require('node:test')
const { Blocks, BLOCK_ROWS, ROWS_MAX } = require('../../../miniprogram/components/hy-chat/list')

const SCREEN = 600
const rowsOf = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => ({ key: `k${from + i}`, n: from + i }))
const alive = (blocks) => blocks.blocks.filter(({ isAlive }) => isAlive)
const homes = (blocks) => new Map(blocks.blocks.flatMap(({ key, rows }) => rows.map((row) => [row.key, key])))

test('what comes before and behind leaves all others in their blocks', () => {
  const blocks = new Blocks()
  blocks.take(rowsOf(101, 145))
  const before = homes(blocks)
  blocks.take(rowsOf(51, 170))
  const after = homes(blocks)
  for (const [row, block] of before) assert.equal(after.get(row), block)
  assert.deepEqual(blocks.blocks.flatMap(({ rows }) => rows.map(({ n }) => n)), rowsOf(51, 170).map(({ n }) => n))
  assert.ok(blocks.blocks.every(({ rows }) => rows.length <= BLOCK_ROWS))
})

test('it tells by how much what is drawn moves down', () => {
  const blocks = new Blocks()
  blocks.take(rowsOf(101, 140))
  blocks.lookAtEnd(SCREEN)
  blocks.measure(alive(blocks).map(({ key, rows }) => ({ key, height: rows.length * 50 })))
  assert.equal(blocks.take(rowsOf(101, 141)), 0) // behind
  const moved = blocks.take(rowsOf(41, 141))
  assert.equal(moved, 60 * 50) // sixty rows that nobody has measured, each as high as those that somebody has
  const shown = alive(blocks).map(({ key }) => key)
  blocks.look({ top: moved, height: SCREEN })
  assert.ok(shown.every((key) => alive(blocks).some((block) => block.key === key))) // and it stays in the tree
})

test('of ten thousand few are alive, wherever one looks', () => {
  const blocks = new Blocks()
  blocks.take(rowsOf(1, 10_000))
  for (const top of [0, 1_000, 333_333, blocks.total - SCREEN]) {
    blocks.look({ top, height: SCREEN })
    const n = alive(blocks).reduce((sum, { rows }) => sum + rows.length, 0)
    assert.ok(n > 10 && n <= ROWS_MAX, `${n} at ${top}`)
  }
  assert.equal(blocks.lookAt('k5000', SCREEN), true)
  assert.ok(alive(blocks).some(({ rows }) => rows.some(({ n }) => n === 5000)))
  assert.equal(blocks.lookAt('nobody', SCREEN), false)
})

test('beside the screen one block more at a time, until all are there', () => {
  const blocks = new Blocks()
  blocks.take(rowsOf(1, 400))
  blocks.look({ top: 6_000, height: SCREEN })
  const counts = [alive(blocks).length]
  while (blocks.isPartial) {
    blocks.look({ top: 6_000, height: SCREEN })
    counts.push(alive(blocks).length)
  }
  assert.ok(counts.length > 1)
  counts.slice(1).forEach((count, i) => assert.equal(count, counts[i] + 1))
  const [first] = alive(blocks)
  assert.ok(blocks.edges().get(first.key) <= 6_000 - 2 * SCREEN) // two screens above are there
})

test('a row that is another is handed over alone', () => {
  const blocks = new Blocks()
  blocks.take(rowsOf(1, 30))
  blocks.lookAtEnd(SCREEN)
  blocks.patch()
  const changed = rowsOf(1, 30)
  changed[29] = { key: 'k30', n: 'another' }
  blocks.take(changed)
  blocks.lookAtEnd(SCREEN)
  const paths = Object.keys(blocks.patch())
  assert.equal(paths.length, 1)
  assert.match(paths[0], /^rowsOf\.b\d+\[\d+\]$/)
})
