'use strict'
// The operator's page: its pure parts and its texts.

const test = require('node:test')
const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')

const WEB = path.join(__dirname, '..', '..', '..', 'web')
const ADMIN = path.join(WEB, 'admin')
const source = (file) => import(path.join(ADMIN, file))
const files = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? files(path.join(folder, entry.name)) : [path.join(folder, entry.name)]))
const scripts = () => files(ADMIN).filter((file) => /\.jsx?$/.test(file) && !/i18n/.test(file)).map((file) => fs.readFileSync(file, 'utf8'))

test('both languages have the same texts, with the same places in them', async () => {
  const [zh, en] = [(await source('i18n/zh.js')).default, (await source('i18n/en.js')).default]
  assert.deepEqual(Object.keys(en), Object.keys(zh))
  const places = (text) => JSON.stringify([...new Set(JSON.stringify(text).match(/\{\w+\}/g) || [])].sort())
  for (const key of Object.keys(zh)) {
    assert.equal(places(en[key]), places(zh[key]), key)
    assert.doesNotMatch(JSON.stringify(en[key]), /[\u3400-\u9fff]/, key)
  }
})

test('every text that the source asks for is there, and none is for nobody', async () => {
  const zh = (await source('i18n/zh.js')).default
  const texts = scripts().join('\n')
  const asked = new Set([...texts.matchAll(/'([a-z]+(?:\.[A-Za-z0-9]+)*)'/g)].map(([, key]) => key))
  const made = [...texts.matchAll(/`([a-z]+\.(?:[a-z]+\.)?)\$\{/g)].map(([, start]) => start)
  for (const [, key] of texts.matchAll(/\bt\('([^']+)'/g)) assert.ok(key in zh, key)
  for (const key of Object.keys(zh)) assert.ok(asked.has(key) || made.some((start) => key.startsWith(start)) || /^\w+\.about$/.test(key), `nobody asks for ${key}`)
})

test('the page has no script, style or handler of its own, and no script of it evaluates text or keeps anything but the language', () => {
  const html = fs.readFileSync(path.join(WEB, 'dist', 'admin.html'), 'utf8')
  assert.doesNotMatch(html, /<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|https?:\/\//i)
  const texts = scripts().join('\n')
  assert.doesNotMatch(texts, /\beval\(|new Function|innerHTML|sessionStorage|document\.cookie/)
  assert.deepEqual(texts.match(/localStorage\.setItem\([^)]*\)/g), ['localStorage.setItem(KEY, chosen)'])
})

const answer = (more, figures) => ({
  node: 'n1', uptimeSeconds: 100, ...more,
  figures: { online: 3, sessions: 4, messages: 120, deliveries: 300, commitSeconds: { count: 100, sum: 0.2, p99: 0.004 }, memoryBytes: 1000, memoryLimitBytes: 100000, webhooksFailed: 0, ...figures },
})

test('a rate is the difference of counters over the time between, of one node and one life of it', async () => {
  const { missing, rateAt, sampleOf, withSample } = await source('core/figures.js')
  const of = (...samples) => samples.reduce((all, sample) => withSample(all, sample), [])
  const first = sampleOf(answer(), 1_000)
  assert.equal(rateAt(of(first), 0, 'messages'), null, 'of one sample nothing is known')
  const second = sampleOf(answer({ uptimeSeconds: 105 }, { messages: 170 }), 6_000)
  assert.equal(rateAt(of(first, second), 1, 'messages'), 10)
  assert.equal(rateAt(of(first, second), 1, 'deliveries'), 0)
  assert.equal(rateAt(of(first, sampleOf(answer({ uptimeSeconds: 1 }, { messages: 500 }), 6_000)), 1, 'messages'), null, 'it began anew')
  assert.equal(rateAt(of(first, sampleOf(answer({ uptimeSeconds: 105 }, { messages: 1 }), 6_000)), 1, 'messages'), null, 'a counter went back')
  const other = sampleOf(answer({ node: 'n2', uptimeSeconds: 9 }, { messages: 7 }), 6_000)
  const third = sampleOf(answer({ uptimeSeconds: 110 }, { messages: 220 }), 11_000)
  assert.equal(rateAt(of(first, other), 1, 'messages'), null, 'another node')
  assert.equal(rateAt(of(first, other, third), 2, 'messages'), 10, 'against the same node, over the other one')
  assert.equal(rateAt(of(first, missing(6_000), third), 2, 'messages'), 10, 'over a poll without an answer')
  assert.equal(rateAt(of(first, missing(6_000)), 1, 'messages'), null)
})

test('drawn is one node, as long as it answers', async () => {
  const { missing, nodesOf, nodeToShow, ofNode, sampleOf } = await source('core/figures.js')
  const of = (node, at) => sampleOf(answer({ node }), at)
  const both = [of('n2', 0), of('n1', 5_000), missing(10_000), of('n2', 15_000), of('n1', 20_000)]
  assert.deepEqual(nodesOf(both), ['n1', 'n2'])
  assert.equal(nodeToShow(both, null), 'n1', 'the last that answered')
  assert.equal(nodeToShow(both, 'n2'), 'n2')
  assert.equal(nodeToShow([...both, of('n1', 100_000)], 'n2'), 'n1', 'the other one is gone')
  assert.equal(nodeToShow([missing(0)], null), undefined)
  assert.deepEqual(ofNode(both, 'n2').map(({ at }) => at), [0, 10_000, 15_000])
})

test('samples are kept for an hour', async () => {
  const { FIGURES, KEPT_MS, missing, sampleOf, seriesOf, withSample } = await source('core/figures.js')
  let samples = []
  for (let at = 0; at <= KEPT_MS * 2; at += 5_000) samples = withSample(samples, sampleOf(answer(), at))
  assert.equal(samples.length, KEPT_MS / 5_000)
  samples = withSample(samples, missing(KEPT_MS * 2 + 5_000))
  for (const figure of FIGURES) {
    const series = seriesOf(figure, samples)
    assert.equal(series.length, samples.length)
    assert.equal(series[series.length - 1].value, null, figure.name)
    assert.equal(typeof series[series.length - 2].value, 'number', figure.name)
  }
  assert.equal(FIGURES.find(({ name }) => name === 'memory').topOf(samples), 100000)
})

test('a line goes through its points, and ends at a gap', async () => {
  const { areaOf, linesOf, nearest, strokeOf, GAP_MS } = await source('core/chart.js')
  const box = { from: 0, to: 1_000, top: 10, width: 100, height: 50 }
  const series = [{ at: -5, value: 9 }, { at: 0, value: 0 }, { at: 500, value: 5 }, { at: 700, value: null }, { at: 1_000, value: 20 }]
  const lines = linesOf(series, box)
  assert.deepEqual(lines, [[[0, 50], [50, 25]], [[100, 0]]], 'what is outside of the time is left out, and the scale is the limit')
  assert.equal(strokeOf(lines), 'M0 50L50 25M100 0h.01')
  assert.equal(areaOf(lines, 50), 'M0 50L50 25L50 50L0 50Z')
  assert.deepEqual(linesOf([{ at: 0, value: 1 }, { at: GAP_MS + 1, value: 1 }], { ...box, to: GAP_MS * 2 }).length, 2)
  assert.equal(strokeOf([]), '')
  assert.equal(nearest(series, 690), 2)
  assert.equal(nearest([{ at: 1, value: null }], 1), -1)
})

test('a scale ends with a round number', async () => {
  const { niceTop } = await source('core/chart.js')
  for (const [value, top] of [[0, 1], [-1, 1], [1, 1], [1.1, 1.2], [7, 8], [9, 10], [11, 12], [10899, 12000], [0.0031, 0.004], [0.1 + 0.2, 0.3], [99, 100], [2 ** 40, 1.2e12]]) assert.equal(niceTop(value), top, String(value))
  assert.equal(niceTop(NaN), 1)
})

test('numbers, sizes, times and spans', async () => {
  const { bytes, figure, seconds, share, span, time } = await source('core/format.js')
  assert.equal(bytes(0, 'en'), '0 B')
  assert.equal(bytes(1023, 'en'), '1,023 B')
  assert.equal(bytes(1536, 'zh'), '1.5 KiB')
  assert.equal(bytes(4 * 1024 ** 3, 'en'), '4 GiB')
  assert.deepEqual([0, 0.0001, 0.325, 1].map((part) => share(part, 'en')), ['0', '<0.1', '32.5', '100'])
  assert.equal(seconds(0.004, 'en'), '4 ms')
  assert.equal(seconds(0.00025, 'en'), '250 µs')
  assert.equal(seconds(2.5, 'en'), '2.5 s')
  assert.equal(figure('count', null, 'en'), '–')
  assert.equal(figure('rate', 0.2, 'en'), '0.2')
  assert.deepEqual(span(0), [[0, 'second']])
  assert.deepEqual(span(59), [[59, 'second']])
  assert.deepEqual(span(3_600), [[1, 'hour']])
  assert.deepEqual(span(86_400 * 3 + 7_200 + 5), [[3, 'day'], [2, 'hour']])
  assert.match(time('2026-11-30T21:00:00.123Z'), /^2026-1[12]-\d\d \d\d:00:00$/)
  assert.match(time('2026-11-30T21:00:00.123Z', true), /:00:00\.123$/)
  assert.equal(time('soon'), 'soon')
})

test('a reason has 1 to 200 characters, and goes as UTF-8', async () => {
  const { encodeWhy, isKey, isWhy, problemOf } = await source('core/problem.js')
  assert.ok(!isWhy(''))
  assert.ok(!isWhy('  \n'))
  assert.ok(isWhy('广'.repeat(200)))
  assert.ok(isWhy('😀'.repeat(200)), 'characters, not halves of them')
  assert.ok(!isWhy('a'.repeat(201)))
  assert.equal(encodeWhy(' 广告 spam '), '%E5%B9%BF%E5%91%8A%20spam')
  assert.equal(encodeWhy('a\nb'), 'a%0Ab')
  assert.equal(decodeURIComponent(encodeWhy('x\ud83dy😀')), 'x\ufffdy😀')
  assert.ok(isKey('canary-key_1.2/3+4='))
  for (const bad of ['', 'two words', '钥匙', 'a\nb']) assert.ok(!isKey(bad), bad)
  assert.deepEqual({ ...problemOf(404, '{"title":"Not found","detail":"there is none"}') }, { status: 404, title: 'Not found', detail: 'there is none' })
  assert.deepEqual({ ...problemOf(502, '<html>') }, { status: 502, title: '', detail: '' })
})

test('ids, names of files, queries, previews', async () => {
  const { isFileId, isId, isMessageId, nameIn } = await source('core/ids.js')
  const { query } = await source('core/query.js')
  const { pageOf, previewOf } = await source('core/message.js')
  assert.ok(isId('a_B-1.2:3@4') && !isId('') && !isId('a b') && !isId('a'.repeat(65)) && !isId('../x'))
  assert.ok(isMessageId('12') && !isMessageId('0') && !isMessageId('1.5') && !isMessageId('-1'))
  assert.ok(isFileId('0'.repeat(32)) && !isFileId('0'.repeat(31)) && !isFileId(`${'0'.repeat(31)}G`))
  assert.equal(nameIn('inline; filename="a.png"; filename*=UTF-8\'\'%E5%B1%B1.png'), '山.png')
  assert.equal(nameIn('attachment; filename="a\\"b.txt"'), 'a"b.txt')
  assert.equal(nameIn(null), '')
  assert.equal(query({ userId: 'a@b', cursor: null, limit: 5 }), '?userId=a%40b&limit=5')
  assert.equal(query({}), '')
  assert.deepEqual(previewOf({ kind: 'text', content: null, recalled: true }), { kind: 'text', text: null })
  assert.deepEqual(previewOf({ kind: 'file', content: { fileId: 'f', name: '合同.pdf' } }), { kind: 'file', text: '合同.pdf' })
  assert.equal(Array.from(previewOf({ kind: 'text', content: '😀'.repeat(500) }).text).length, 161)
  assert.deepEqual(pageOf({ groupId: 'g' }), { section: 'groups', id: 'g' })
})

test('a trace is steps in time', async () => {
  const { stepsOf } = await source('core/trace.js')
  const at = (s) => `2026-11-30T21:00:0${s}.000Z`
  const bare = { accepted: at(1), committed: null, delivered: { each: [] }, read: { each: [] }, push: [], moderation: null }
  assert.deepEqual(stepsOf(bare), [{ what: 'accepted', at: at(1) }])
  const steps = stepsOf({
    ...bare, committed: at(1), push: [{ userId: '4', at: at(9) }], moderation: { verdict: 'pass', at: at(2) }, read: { each: [{ userId: '2', at: null }, { userId: '3', at: at(5) }] },
    delivered: { each: [{ node: 'n', userId: '2', sessionId: null, at: at(3), queued: false }, { node: 'n', userId: '3', sessionId: 's', at: at(2), queued: true }] },
  })
  assert.deepEqual(steps.map(({ what, userId }) => [what, userId].join(' ').trim()), ['accepted', 'committed', 'queued 3', 'checked', 'taken 2', 'read 3', 'pushed 4', 'read 2'])
})
