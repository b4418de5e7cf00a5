// One conversation, by literals: what counts, what calls, what changes, what grows (contract, sections 3 and 7).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editOf, entry, recallOf, synced } from './lib/fake-host.mjs'
import { Conversation, keyOf } from './lib/sdk.mjs'

/** A conversation of `me` with these entries. */
function conversation(entries = [], place = { userId: 'you' }) {
  const of = new Conversation('1', place, 'me')
  for (const one of entries) of.append(structuredClone(one))
  return of
}
const counts = ({ unread, mentionSeq }) => [unread, mentionSeq]
const calling = (...ids) => ({ ext: { mentions: ids } })

// ---- unread ----

test('others\' messages after what is read count; one\'s own do not', () => {
  const of = conversation([entry(1), entry(2, { from: 'me' }), entry(3)])
  assert.equal(of.unread, 2)
  of.read(1)
  assert.equal(of.unread, 1)
  of.read(3)
  assert.equal(of.unread, 0)
})

test('the log\'s own entries do not count, nor do kinds of a newer server\'s, nor what is recalled or being written', () => {
  const of = conversation([
    entry(1), recallOf(2, 99), editOf(3, 99, 'x'), entry(4, { kind: 'group', content: { action: 'add', by: 'you', userIds: ['x'], name: 'g' } }),
    entry(5, { kind: 'unknown', content: null }), entry(6, { recalled: true, content: null }), entry(7, { streaming: true, content: '' }), entry(8, { kind: 'image', content: { fileId: 'f' } }),
  ])
  of.isDoubtful = false
  of.read(0)
  assert.equal(of.unread, 2)
  assert.equal(of.lastSeq, 8, 'they have a seq like others')
})

test('the last message is no recall and no edit', () => {
  assert.equal(conversation().lastMessage, null)
  assert.equal(conversation([entry(1), entry(2), recallOf(3, 1), editOf(4, 2, 'x')]).lastMessage.seq, 2)
})

test('999 stands for more', () => {
  const of = conversation(Array.from({ length: 1200 }, (_, i) => entry(i + 1)))
  assert.equal(of.unread, 999)
})

test('reading goes forward, and not beyond the end', () => {
  const of = conversation([entry(1), entry(2), entry(3)])
  assert.equal(of.read(2), true)
  assert.equal(of.read(2), false)
  assert.equal(of.read(1), false)
  assert.deepEqual([of.readSeq, of.unread], [2, 1])
  assert.equal(of.read(99), true)
  assert.equal(of.readSeq, 3)
})

test('read to where nothing is kept: it knows that it does not know', () => {
  const of = conversation()
  of.take(synced([entry(50), entry(51)], { lastSeq: 51, readSeq: 10, unread: 41 }), 20)
  assert.deepEqual([of.unread, of.isDoubtful], [41, false])
  of.read(30)
  assert.equal(of.isDoubtful, true)
  of.read(49)
  assert.deepEqual([of.unread, of.isDoubtful], [2, false])
})

// ---- mentions ----

test('the lowest unread one that calls by name, or all', () => {
  const of = conversation([entry(1), entry(2, calling('x')), entry(3, calling('x', 'me')), entry(4, { ext: { mentions: 'all' } })])
  assert.equal(of.mentionSeq, 3)
  of.read(3)
  assert.equal(of.mentionSeq, 4)
  of.read(4)
  assert.equal(of.mentionSeq, null)
})

test('one\'s own calls, and what is no list, call nobody', () => {
  const of = conversation([entry(1, { from: 'me', ext: { mentions: 'all' } }), entry(2, { ext: { mentions: 'me' } }), entry(3, { ext: { mentions: { 0: 'me' } } }), entry(4, { ext: null })])
  assert.deepEqual(counts(of), [3, null])
})

test('a mention that is recalled calls no more; the next one does', () => {
  const of = conversation([entry(1, calling('me')), entry(2), entry(3, calling('me'))])
  of.append(recallOf(4, 1))
  assert.deepEqual(counts(of), [2, 3])
  of.append(recallOf(5, 3))
  assert.deepEqual(counts(of), [1, null])
})

// ---- recalls and edits ----

test('a recall: the message stays, without content, ext and reactions', () => {
  const of = conversation([entry(1, { ext: { reply: { seq: 1 } }, reactions: [{ emoji: '👍', count: 1, mine: true }] })])
  of.append(recallOf(2, 1))
  const { content, ext, recalled, reactions } = of.at(1)
  assert.deepEqual({ content, ext, recalled, reactions }, { content: null, ext: null, recalled: true, reactions: undefined })
  assert.equal(of.unread, 0)
  assert.equal(of.lastSeq, 2)
})

test('a recall of what was read, of one\'s own, of what was recalled, of what is not here', () => {
  const of = conversation([entry(1), entry(2, { from: 'me' }), entry(3), entry(4)])
  of.read(1)
  for (const [i, seq] of [1, 2, 3, 3].entries()) of.append(recallOf(5 + i, seq))
  assert.equal(of.unread, 1)
  const some = conversation()
  some.take(synced([entry(10)], { readSeq: 4, unread: 6 }), 20)
  some.append(recallOf(11, 7))
  assert.equal(some.isDoubtful, true, 'whether 7 counted only the server knows')
})

test('an edit: the content is another, and it says so', () => {
  const of = conversation([entry(1), entry(2)])
  of.append(editOf(3, 1, 'better'))
  assert.deepEqual([of.at(1).content, of.at(1).edited, of.at(2).edited], ['better', true, undefined])
  assert.equal(of.unread, 2)
  of.append(editOf(4, 99, 'of none'))
})

test('what a sync brings is as it is now: edited if it says so, and the end of a stream is no edit', () => {
  const of = conversation()
  of.take(synced([entry(1, { content: 'whole' }), editOf(2, 1, 'whole'), entry(3, { content: 'new', edited: true }), editOf(4, 3, 'new')]), 20)
  assert.deepEqual([of.at(1).edited, of.at(3).edited], [undefined, true])
})

test('an edit and a recall that come together leave it edited, as the server has it', () => {
  const of = conversation([entry(1, { content: 'said' }), entry(2)])
  of.take(synced([editOf(3, 1, null), recallOf(4, 1)]), 20)
  assert.deepEqual([of.at(1).content, of.at(1).edited, of.at(1).recalled], [null, true, true])
})

test('an edit entry of what is recalled brings nothing back', () => {
  const of = conversation([entry(1)])
  of.append(recallOf(2, 1))
  of.append(editOf(3, 1, null))
  assert.deepEqual([of.at(1).content, of.at(1).recalled], [null, true])
})

test('an entry without content is taken, too', () => {
  const of = conversation([entry(1)])
  of.append(entry(2, { kind: 'recall', content: null }))
  of.append(entry(3, { kind: 'edit', content: null }))
  of.append(entry(4, { kind: 'group', content: null }))
  assert.equal(of.lastSeq, 4)
})

// ---- reactions ----

const thumb = (userId, on, emoji = '👍') => ({ conversationId: '1', seq: 1, userId, emoji, on })

test('reactions: one more, one less, and none at all', () => {
  const of = conversation([entry(1)], { groupId: 'g' })
  of.react(thumb('a', true))
  of.react(thumb('b', true))
  of.react(thumb('me', true, '🎉'))
  assert.deepEqual(of.at(1).reactions, [{ emoji: '👍', count: 2, mine: false }, { emoji: '🎉', count: 1, mine: true }])
  of.react(thumb('a', false))
  of.react(thumb('b', false))
  assert.deepEqual(of.at(1).reactions, [{ emoji: '🎉', count: 1, mine: true }])
  of.react(thumb('me', false, '🎉'))
  assert.equal('reactions' in of.at(1), false)
})

test('one\'s own, told twice, counts once', () => {
  const of = conversation([entry(1, { reactions: [{ emoji: '👍', count: 2, mine: true }] })])
  assert.equal(of.react(thumb('me', true)), undefined)
  assert.equal(of.at(1).reactions[0].count, 2)
  of.react(thumb('me', false))
  assert.deepEqual(of.at(1).reactions, [{ emoji: '👍', count: 1, mine: false }])
})

test('reactions have no seq and no unread, and those of what is not here are left', () => {
  const of = conversation([entry(1)])
  of.read(1)
  of.react(thumb('you', true))
  assert.equal(of.react({ ...thumb('you', true), seq: 9 }), undefined)
  assert.deepEqual([of.lastSeq, of.unread], [1, 0])
})

test('what sync says of reactions is what there is; of older ones it says nothing', () => {
  const reactions = [{ emoji: '👍', count: 1, mine: false }]
  const of = conversation([1, 2, 3].map((seq) => entry(seq, { reactions })))
  of.take(synced([], { lastSeq: 3, changed: [{ seq: 3, reactions: [{ emoji: '🎉', count: 5, mine: true }] }] }), 2)
  assert.deepEqual([1, 2, 3].map((seq) => of.at(seq).reactions), [reactions, undefined, [{ emoji: '🎉', count: 5, mine: true }]])
})

// ---- streams ----

const more = (offset, delta, seq = 1) => ({ conversationId: '1', seq, offset, delta })
const streamed = (content = '') => conversation([entry(1, { streaming: true, content })])

test('a stream grows where it ends, counted in Unicode characters', () => {
  const of = streamed()
  assert.equal(of.grow(more(0, '大雁🪿')).content, '大雁🪿')
  assert.equal(of.grow(more(3, '南飞')).content, '大雁🪿南飞')
  assert.equal(of.grow(more(5, '👨‍👩‍👧')).content, '大雁🪿南飞👨‍👩‍👧')
  assert.equal(of.grow(more(10, '。')).content, '大雁🪿南飞👨‍👩‍👧。')
})

test('what is beyond its end is left; the whole comes', () => {
  const of = streamed('ab')
  assert.equal(of.grow(more(3, 'd')), undefined)
  assert.equal(of.at(1).content, 'ab')
  assert.equal(of.grow(more(0, 'abcde')).content, 'abcde')
  assert.equal(of.grow(more(5, 'f')).content, 'abcdef')
})

test('what is before its end replaces all from there on', () => {
  const of = streamed('大🪿雁')
  assert.equal(of.grow(more(1, '鱼')).content, '大鱼')
  assert.equal(of.grow(more(0, '')).content, '')
})

test('a stream that is over, is recalled, was none, or is not here, does not grow', () => {
  const over = streamed('ab')
  over.append(editOf(2, 1, 'abc'))
  assert.equal(over.grow(more(3, 'd')), undefined)
  const recalled = streamed('ab')
  recalled.append(recallOf(2, 1))
  assert.equal(recalled.grow(more(0, 'abc')), undefined)
  assert.equal(recalled.at(1).content, null)
  assert.equal(conversation([entry(1)]).grow(more(0, 'x')), undefined)
  assert.equal(streamed().grow(more(0, 'x', 7)), undefined)
})

test('its end is an edit that does not say edited, and from then on it counts and calls', () => {
  const of = conversation([entry(1, { streaming: true, content: '', ...calling('me') })])
  assert.deepEqual(counts(of), [0, null])
  of.grow(more(0, 'abc'))
  of.append(editOf(2, 1, 'abcd'))
  const { content, streaming, edited } = of.at(1)
  assert.deepEqual({ content, streaming, edited }, { content: 'abcd', streaming: undefined, edited: undefined })
  assert.deepEqual(counts(of), [1, 1])
})

test('however a stream is cut into pieces, and whichever of them are lost, the whole heals it', () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 4 }), fc.boolean(), fc.boolean())), (pieces) => {
    const of = streamed()
    let text = ''
    for (const [piece, isLost, isWhole] of pieces) {
      const offset = [...text].length
      text += piece
      if (!isLost) of.grow(more(offset, piece))
      if (isWhole) {
        of.grow(more(0, text))
        assert.equal(of.at(1).content, text)
      }
      assert.ok(text.startsWith(of.at(1).content))
    }
  }))
})

// ---- history, sync, clearing ----

const span = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => entry(from + i))
const seqs = (of) => of.messages.map(({ seq }) => seq)

test('older ones that end where these begin are kept; others would make a hole', () => {
  const of = conversation()
  of.take(synced(span(50, 59)), 20)
  of.prepend(span(30, 39))
  assert.equal(of.messages[0].seq, 50)
  of.prepend(span(40, 49))
  assert.equal(of.messages[0].seq, 40)
  of.prepend([])
  of.prepend(span(30, 44))
  assert.deepEqual(seqs(of), span(30, 59).map(({ seq }) => seq), 'a page that overlaps joins it, too')
  of.prepend(span(35, 40))
  assert.equal(of.messages.length, 30)
  assert.equal(of.at(30).seq, 30)
  assert.equal(of.at(59).seq, 59)
  assert.equal(of.at(29), undefined)
  assert.equal(of.at(60), undefined)
})

test('a sync goes on where one was; what one has is not taken again', () => {
  const of = conversation(span(1, 3))
  assert.deepEqual(of.take(synced(span(2, 5), { unread: 5 }), 20).map(({ seq }) => seq), [4, 5])
  assert.deepEqual(seqs(of), [1, 2, 3, 4, 5])
})

test('a sync in pages: the position is the last message\'s while there is more, and then lastSeq', () => {
  const of = conversation(span(1, 3))
  of.take(synced(span(4, 6), { lastSeq: 9, hasMore: true, unread: 9 }), 20)
  assert.equal(of.lastSeq, 6)
  of.take(synced(span(7, 9), { unread: 9 }), 20)
  assert.equal(of.lastSeq, 9)
  assert.equal(of.messages.length, 9)
})

test('a sync that begins later keeps no hole', () => {
  const of = conversation(span(1, 3))
  of.take(synced(span(10, 12), { unread: 3 }), 20)
  assert.deepEqual(seqs(of), [10, 11, 12])
})

test('what is below firstSeq is dropped (retention)', () => {
  const of = conversation(span(1, 10))
  of.take(synced([], { lastSeq: 10, firstSeq: 8, readSeq: 10 }), 20)
  assert.deepEqual(seqs(of), [8, 9, 10])
  of.take(synced([], { lastSeq: 10, firstSeq: 11, readSeq: 10 }), 20)
  assert.deepEqual([seqs(of), of.lastMessage, of.lastSeq], [[], null, 10])
})

test('what was read here, and the server does not know yet, is not undone by a sync', () => {
  const of = conversation(span(1, 5))
  of.read(5)
  of.wantedReadSeq = 5
  of.take(synced([], { lastSeq: 5, readSeq: 2, unread: 3 }), 20)
  assert.deepEqual([of.readSeq, of.unread], [5, 0])
})

test('what was read elsewhere comes with a sync', () => {
  const of = conversation(span(1, 5))
  of.take(synced([], { lastSeq: 5, readSeq: 4, unread: 1, mentionSeq: 5, peerReadSeq: 3, pinned: true, muted: true }), 20)
  assert.deepEqual([of.readSeq, of.unread, of.mentionSeq, of.peerReadSeq, of.pinned, of.muted], [4, 1, 5, 3, true, true])
})

test('what was read elsewhere counts, though something newer than the sync is here already', () => {
  const of = conversation([entry(1), entry(2), entry(3), entry(4)])
  of.take(synced([], { lastSeq: 3, readSeq: 2, unread: 1 }), 20)
  assert.deepEqual([of.readSeq, of.lastSeq, of.unread, of.isDoubtful], [2, 4, 2, false])
})

test('cleared: all up to there is hidden and read', () => {
  const of = conversation(span(1, 5))
  assert.equal(of.clear(3), true)
  assert.deepEqual([seqs(of), of.firstSeq, of.unread], [[4, 5], 4, 2])
  assert.equal(of.clear(5), false)
  assert.deepEqual([seqs(of), of.unread], [[], 0])
})

test('a conversation that runs for long keeps its newest', () => {
  const of = conversation(span(1, 1500))
  assert.ok(of.messages.length <= 1000)
  assert.equal(of.at(1500).seq, 1500)
  assert.equal(of.at(of.messages[0].seq).seq, of.messages[0].seq)
  assert.equal(of.unread, 999)
})

test('kept and restored it is the same', () => {
  const of = conversation(span(1, 60))
  of.read(55)
  Object.assign(of, { pinned: true, wantedReadSeq: 55, peerReadSeq: 7 })
  const again = Conversation.restore(JSON.parse(JSON.stringify(of.save(50))), 'me')
  for (const fact of ['conversationId', 'place', 'lastSeq', 'readSeq', 'unread', 'mentionSeq', 'pinned', 'muted', 'firstSeq', 'peerReadSeq', 'wantedReadSeq']) assert.deepEqual(again[fact], of[fact], fact)
  assert.deepEqual(seqs(again), seqs(of).slice(-50))
  again.append(entry(61))
  assert.equal(again.unread, 6)
  const bare = Conversation.restore(JSON.parse(JSON.stringify(of.save(0))), 'me')
  assert.deepEqual([bare.messages, bare.lastSeq, bare.unread], [[], 60, 5])
})

test('a place is one place, however its id is written', () => {
  assert.equal(keyOf({ userId: 2 }), keyOf({ userId: '2' }))
  assert.notEqual(keyOf({ userId: 'x' }), keyOf({ groupId: 'x' }))
})

// ---- whatever comes ----

test('whatever comes, the counts are those of the log', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ is: fc.constant('text'), from: fc.constantFrom('me', 'you', 'x'), mentions: fc.constantFrom(undefined, 'all', ['me'], ['x']), streaming: fc.boolean() }) },
    { weight: 3, arbitrary: fc.record({ is: fc.constantFrom('recall', 'edit'), of: fc.nat(30) }) },
    { weight: 2, arbitrary: fc.record({ is: fc.constant('read'), of: fc.nat(30) }) },
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const of = conversation()
    const log = []
    let readSeq = 0
    for (const { is, from, mentions, streaming, of: which } of steps) {
      const seq = log.length + 1
      const target = which && log[which - 1]
      if (is === 'read') {
        readSeq = Math.max(readSeq, Math.min(which, log.length))
        of.read(which)
        continue
      }
      if (is === 'text') log.push(entry(seq, { from, ...(streaming ? { streaming, content: '' } : {}), ...(mentions ? { ext: { mentions } } : {}) }))
      else if (target?.kind !== 'text' || (target.recalled && is === 'edit')) continue
      else if (is === 'recall') {
        log.push(recallOf(seq, which))
        Object.assign(target, { content: null, ext: null, recalled: true })
        delete target.streaming
      } else {
        log.push(editOf(seq, which, `changed ${seq}`)) // one with the same content leaves no entry
        target.content = `changed ${seq}`
        if (target.streaming) delete target.streaming
        else target.edited = true
      }
      of.append(structuredClone(log[seq - 1]))
    }
    const counted = log.filter((m) => m.seq > readSeq && m.from !== 'me' && m.kind === 'text' && !m.recalled && !m.streaming)
    assert.equal(of.unread, counted.length)
    assert.equal(of.mentionSeq, counted.find(({ ext }) => ext?.mentions === 'all' || ext?.mentions?.includes('me'))?.seq ?? null)
    assert.deepEqual(of.messages, log)
    assert.equal(of.isDoubtful, false)
  }))
})
