'use strict'
// The QR encoder, against matrices of another one.

const assert = require('node:assert/strict')
const { createHash } = require('node:crypto')
const { test } = require('node:test')
const { qr } = require('../../../miniprogram/more/code/qr')

const drawn = (text) => qr(text).map((row) => row.map((isDark) => (isDark ? '#' : '.')).join(''))

test('a small code, dot by dot', () => {
  assert.deepEqual(drawn('hongyan:u/wang5'), [
    '#######.###.......#######',
    '#.....#.........#.#.....#',
    '#.###.#..#.###.##.#.###.#',
    '#.###.#.###...###.#.###.#',
    '#.###.#.#..#.##.#.#.###.#',
    '#.....#.#....###..#.....#',
    '#######.#.#.#.#.#.#######',
    '........##.#..#..........',
    '#...#.###..#####.#####..#',
    '.##.#..#...#.......####..',
    '..#.#.#.#.##.###..##.#...',
    '#...#..##...##.#..##..#.#',
    '#.#.####.#####..###...##.',
    '#.#..#...#...###.#..##...',
    '....####.......#....#....',
    '..##.#.#..#.#.#...#.#.##.',
    '####..###.##.##.#######..',
    '........###.#...#...#.#..',
    '#######.##.####.#.#.#.#..',
    '#.....#....#.#..#...#.#.#',
    '#.###.#.##..##..#####.##.',
    '#.###.#..#...##.###.....#',
    '#.###.#..#.......##...##.',
    '#.....#...#.#.##.#..#.##.',
    '#######.####.###.##...###',
  ])
})

const LARGER = {
  'the longest id': [`hongyan:u/${'a'.repeat(64)}`, 5, '33fd862ab6ab03e891573e3e9bb921eb2f22dfd4b2855f777e4e9498d67a89b1'],
  '100 bytes': ['x'.repeat(100), 6, '79076e2d3a0990aedc4dc4a532e4f530c86574936f0e6cf6514e896957b96bf9'],
  '140 bytes': ['y'.repeat(140), 8, '1aef435bb828d660bccdbc115977503a5d0c2e0b316ef57ba344bac49d2549f5'],
  'Chinese': ['你好'.repeat(20), 7, 'd22dd698e3f900357621b0c6d3b2687f28c5922a9b204942db8d7742baf972af'],
  '170 bytes': ['z'.repeat(170), 9, '92bb9465f578f987b4854811ba28c2d003ba27088569acff462b13d393e29e6c'],
}

for (const [name, [text, version, hash]] of Object.entries(LARGER)) {
  test(`version ${version}: ${name}`, () => {
    const code = drawn(text)
    assert.equal(code.length, 17 + 4 * version)
    assert.equal(createHash('sha256').update(code.join('\n')).digest('hex'), hash)
  })
}

test('what is too long is refused', () => assert.throws(() => qr('a'.repeat(181)), /too long/))
