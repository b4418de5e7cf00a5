// v1: message.search: finds what is there, for those who may read it, and nothing else.

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pushed } from './lib/client.js'
import { onEachStore } from './lib/each-store.js'
import { flood, group, groupOf, newId, people, user } from './lib/v1.js'

const found = async (session, query, more = {}) => {
  const { messages, cursor } = await session.call('message.search', { query, limit: 100, ...more })
  assert.equal(cursor, null, 'all on one page')
  return messages.map(({ content }) => content).sort()
}

onEachStore('v1 message.search', (the) => {
  it('finds words of two characters, one character, and English', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const texts = ['今天天气很好', '明天下雨', '天气预报 says rain', 'Hello World', 'hello again', '我们明天见', '雨', 'x1y2z3 2026-11-23', '龘龘', 'naïve café']
    for (const text of texts) await a.say(user(b.userId), text)
    const cases = {
      天气: [0, 2], 明天: [1, 5], 天天气: [0], 雨: [1, 6], 天: [0, 1, 2, 5], 龘: [8], 今天天气很好: [0], 气很: [0], 天雨: [],
      World: [3], Hello: [3, 4], hello: [3, 4], 'Hello World': [3], orl: [], rain: [2], '2026-11-23': [7], y2: [], x1: [7], wor: [3], café: [9], 没有: [], nothing: [], '报 says': [2],
    }
    for (const session of [a, b]) {
      for (const [query, indexes] of Object.entries(cases)) assert.deepEqual(await found(session, query), indexes.map((i) => texts[i]).sort(), `“${query}”`)
    }
  })

  it('S27: takes special characters for what they are', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const texts = ['100% sure', 'a_b', 'say "hi"', "it's", 'c:\\path', 'star*', '(paren)', 'AND OR NOT', '-minus', 'a:b', '^caret', '{brace}', '😀 smile', 'semi;colon', '<b>bold</b>', 'tab\there', '问号？', "'; DROP TABLE message; --", 'NEAR(x y)', '$1 ?1 :n @n']
    for (const text of texts) await a.say(user(b.userId), text)
    // Words are found from their beginning on; signs are no part of them, so signs alone find nothing.
    const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
    const has = (text, word) => words(text).some((candidate) => candidate.startsWith(word))
    const contain = (query) => texts.filter((text) => words(query).length > 0 && words(query).every((word) => has(text, word))).sort()
    const queries = ['%', '_', '"', "'", '\\', '*', '(', ')', 'AND', 'OR NOT', '-minus', ':', '^', '{', '😀', ';', '<b>', '？', "'; DROP", 'NEAR(x y)', '$1', '?1', '100%', 'a_b', '%%', '__', '""', '\\\\', '*"', 'a%b', 'sure"', '"hi"', 'star*', '.*', '[a-z]']
    for (const query of queries) assert.deepEqual(await found(b, query), contain(query), `“${query}”`)
    await b.call('ping')
  })

  it('is of one’s own conversations only, everywhere or in one place', async (t) => {
    const [a, b, c, stranger] = await people(the.server, t, 4)
    const { place } = await groupOf([a, b])
    await a.say(user(b.userId), '秘密 direct')
    await a.say(place, '秘密 group')
    await a.say(user(c.userId), '秘密 with c')
    assert.deepEqual(await found(a, '秘密'), ['秘密 direct', '秘密 group', '秘密 with c'])
    assert.deepEqual(await found(b, '秘密'), ['秘密 direct', '秘密 group'])
    assert.deepEqual(await found(c, '秘密'), ['秘密 with c'])
    assert.deepEqual(await found(stranger, '秘密'), [])
    assert.deepEqual(await found(b, '秘密', { in: place }), ['秘密 group'])
    assert.deepEqual(await found(b, '秘密', { in: user(a.userId) }), ['秘密 direct'])
    assert.deepEqual(await found(b, '秘密', { in: user(c.userId) }), [])
    await stranger.fails(-32004, 'message.search', { query: '秘密', in: place })
    await stranger.fails(-32004, 'message.search', { query: '秘密', in: group('none') })
  })

  it('gives whole messages, and pages by its cursor: each once', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const stored = await flood(a, user(b.userId), 1, 25, (i) => `第${i}次提醒`)
    await flood(a, user(b.userId), 1, 5, () => 'other')
    for (const limit of [1, 7, 25, 26]) {
      const got = []
      let cursor
      let pages = 0
      do {
        const page = await b.call('message.search', { query: '提醒', limit, cursor })
        assert.ok(page.messages.length <= limit)
        got.push(...page.messages)
        cursor = page.cursor ?? undefined
        assert.ok(++pages <= 27, 'the pages do not come to an end')
      } while (cursor !== undefined)
      assert.equal(got.length, 25)
      assert.deepEqual(got.sort((x, y) => x.seq - y.seq), stored, `by ${limit}`)
    }
  })

  it('goes on from its cursor where it was, while new ones come', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const stored = await flood(a, user(b.userId), 1, 10, (i) => `提醒 ${i}`)
    const first = await b.call('message.search', { query: '提醒', limit: 6 })
    await flood(a, user(b.userId), 11, 14, (i) => `提醒 ${i}`)
    const second = await b.call('message.search', { query: '提醒', limit: 6, cursor: first.cursor })
    const got = [...first.messages, ...second.messages].map(({ seq }) => seq)
    assert.equal(new Set(got).size, got.length, 'none twice')
    for (const { seq } of stored) assert.ok(got.includes(seq), `seq ${seq} was there all the time`)
  })

  it('does not find what was recalled, cleared or left; others still find theirs', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    const { place } = await groupOf([a, b])
    const { seq } = await a.say(user(b.userId), '撤回 me')
    await a.say(user(b.userId), '撤回 not')
    await a.say(place, '撤回 in the group')
    await a.call('message.recall', { in: user(b.userId), seq })
    for (const session of [a, b]) assert.deepEqual(await found(session, '撤回'), ['撤回 in the group', '撤回 not'])
    await b.call('conversation.clear', { in: user(a.userId) })
    assert.deepEqual(await found(b, '撤回'), ['撤回 in the group'])
    await a.say(user(b.userId), '撤回 later')
    assert.deepEqual(await found(b, '撤回'), ['撤回 in the group', '撤回 later'])
    await b.call('group.leave', { groupId: place.groupId })
    assert.deepEqual(await found(b, '撤回'), ['撤回 later'])
    assert.deepEqual(await found(a, '撤回'), ['撤回 in the group', '撤回 later', '撤回 not'])
  })

  it('finds the texts that /push stored', async (t) => {
    const [a, b] = await people(the.server, t, 2)
    await pushed(the.server, { userId: a.userId, targetUserId: b.userId, content: '来自推送' })
    assert.deepEqual(await found(b, '推送'), ['来自推送'])
  })

  it('of nothing but white space, or of much, does no harm', async (t) => {
    const [a] = await people(the.server, t, 1)
    await a.say(user(newId()), 'two words')
    for (const query of [' ', '字'.repeat(64), '%'.repeat(64), 'a\0b']) {
      await a.call('message.search', { query }).then(({ messages }) => assert.ok(messages.length <= 1), ({ code }) => assert.ok([-32602, -32700, -32013].includes(code), `${code}`))
    }
    assert.deepEqual(await found(a, 'two'), ['two words'])
  })
})
