'use strict'
process.env.TZ = 'Asia/Shanghai'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const core = (name) => require(`../../../miniprogram/components/hy-chat/core/${name}`)
const { rows } = core('rows')
const { systemLine, lineText } = core('system')
const { preview } = core('preview')
const { translator, own } = core('i18n')

const zh = translator('zh', own)
const en = translator('en', own)
const NAMES = { 3: '三三', 4: '李四', 5: '王五', 6: '赵六' }
const nameOf = (userId) => NAMES[userId] || `用户${userId}`
const start = Date.parse('2026-11-25T02:00:00.000Z')
const message = (seq, from, content, more = {}) => ({
  id: 1000 + seq, conversationId: '1', seq, from, to: { userId: '3' }, kind: 'text', content, ext: null, clientMsgId: `${from}-${seq}`,
  createTime: new Date(start + seq * 1000).toISOString(), recalled: false, ...more,
})
const recallOf = (seq, of, from, content = {}) => message(seq, from, { seq: of, ...content }, { kind: 'recall', clientMsgId: null })
const outgoing = (clientMsgId, state, more = {}) => ({ to: { userId: '4' }, kind: 'text', content: clientMsgId, clientMsgId, at: start + 60_000, state, ...more })
const direct = { me: '3', place: { userId: '4' }, now: start + 61_000, t: zh, nameOf, messages: [] }
const group = { ...direct, place: { groupId: 'g' } }
const bubbles = (input) => rows(input).filter(({ type }) => type === 'bubble')
const lines = (drawn) => drawn.map((row) => {
  if (row.type === 'system') return row.parts.map(({ text }) => text).join('') + (row.edit ? ` [${row.edit}]` : '')
  return row.type === 'bubble' ? `${row.own ? '>' : '<'} ${row.content}` : row.text || row.type
})

test('a chat is date lines, bubbles and what failed', () => {
  const drawn = rows({ ...direct, messages: [message(1, '4', '你好'), message(2, '3', '在')], outgoing: [outgoing('c1', 'sending')] })
  assert.deepEqual(lines(drawn), ['10:00', '< 你好', '> 在', '> c1'])
  const { label, ...row } = drawn[2]
  assert.deepEqual(row, {
    key: '3-2', type: 'bubble', own: true, from: '3', name: null, seq: 2, id: 1002, clientMsgId: '3-2', kind: 'text', content: '在', ext: null,
    segments: [{ kind: 'text', text: '在' }], lone: 0, edited: false, streaming: false, quote: null, reactions: [], state: null, why: null,
    isFirstOfBlock: true, time: start + 2000,
  })
  assert.equal(label, '我说: 在，10 点 00 分')
  assert.deepEqual(drawn.map(({ key }) => key), ['date:seq:1', 'seq:1', '3-2', 'c1'])
  assert.deepEqual(JSON.parse(JSON.stringify(drawn)), drawn)
})

test('an own message is one bubble of one key, on its way and after', () => {
  const logged = message(2, '3', 'a', { clientMsgId: 'c1' })
  const states = [
    { outgoing: [outgoing('c1', 'waiting')] },
    { outgoing: [outgoing('c1', 'sending')] },
    { outgoing: [outgoing('c1', 'sent', { message: logged })] },
    { outgoing: [outgoing('c1', 'sent', { message: logged })], messages: [message(1, '4', 'x'), logged] },
    { outgoing: [outgoing('c1', 'sending')], messages: [message(1, '4', 'x'), logged] },
    { messages: [message(1, '4', 'x'), logged] },
  ]
  for (const state of states) assert.deepEqual(bubbles({ ...direct, ...state }).filter((row) => row.own).map(({ key }) => key), ['c1'])
  assert.deepEqual(bubbles({ ...direct, messages: [logged], aliases: { c1: 'up1' } }).map(({ key }) => key), ['up1'])
})

test('a file on its way up stays behind what was given before it', () => {
  const upload = outgoing('up1', 'sending', { kind: 'image', content: {}, progress: 0.5, localPath: 'wxfile://1' })
  const drawn = bubbles({ ...direct, outgoing: [outgoing('c1', 'waiting'), upload] })
  assert.deepEqual(drawn.map(({ key }) => key), ['c1', 'up1'])
  assert.deepEqual([drawn[1].progress, drawn[1].localPath, drawn[1].state], [0.5, 'wxfile://1', 'sending'])
})

test('what waits says so after ten seconds, and not while there is a connection', () => {
  const state = (change) => bubbles({ ...direct, outgoing: [outgoing('c1', 'waiting')], ...change })[0].state
  assert.equal(state({ now: start + 70_000 }), 'sending')
  assert.equal(state({ now: start + 70_001 }), 'waiting')
  assert.equal(state({ now: start + 70_001, skew: 5000 }), 'sending')
  assert.equal(state({ now: start + 90_000, online: true }), 'sending')
})

test('what failed says why, and a rejected one in a line below', () => {
  const failed = (error, more) => rows({ ...direct, outgoing: [outgoing('c1', 'failed', { error, ...more })] })
  assert.deepEqual(lines(failed({ code: -32003, data: { reason: 'blocked' } })), ['10:01', '> c1', '消息已发出，但被对方拒收了'])
  assert.equal(failed({ code: -32013 })[1].why, '超出限制，未发送')
  assert.equal(failed({ code: -32004 }, { to: { groupId: 'g' } })[1].why, '你已不在群聊')
  assert.equal(failed({ code: -32004 }, { to: { groupId: 'g' }, kind: 'image', content: {} })[1].why, '内容不存在或不可见，未发送')
})

test('已读 is under the newest own message that was read, and nowhere in groups', () => {
  const messages = [message(1, '3', 'a'), message(2, '3', 'b'), message(3, '4', 'c'), message(4, '3', 'd')]
  const states = (input) => bubbles({ messages, ...input }).map(({ state }) => state)
  assert.deepEqual(states({ ...direct, messages, peerReadSeq: 3 }), [null, 'read', null, null])
  assert.deepEqual(states({ ...direct, messages, peerReadSeq: 4 }), [null, null, null, 'read'])
  assert.deepEqual(states({ ...direct, messages, peerReadSeq: 0 }), [null, null, null, null])
  assert.deepEqual(states({ ...group, messages, peerReadSeq: 4 }), [null, null, null, null])
  assert.deepEqual(states({ ...direct, messages, place: { userId: '3' }, peerReadSeq: 4 }), [null, null, null, null])
})

test('recalled messages are lines in their places, edits draw nothing', () => {
  const messages = [
    message(1, '3', null, { recalled: true }), message(2, '5', null, { recalled: true }), message(3, '5', null, { recalled: true }),
    message(4, '4', '改过', { edited: true }), recallOf(5, 1, '3'), recallOf(6, 2, '5'), recallOf(7, 3, '4', { by: '4' }),
    message(8, '4', { seq: 4, content: '改过' }, { kind: 'edit', clientMsgId: null }),
    message(9, '3', null, { recalled: true }), recallOf(10, 9, '4', { by: '4' }), message(11, '5', null, { recalled: true }), recallOf(12, 11, '5', { by: null }),
    message(13, '6', null, { recalled: true }),
  ]
  const former = new Map([[1001, { text: '原话', at: start }], [1009, { text: '不行', at: start }]])
  const drawn = rows({ ...group, messages, former })
  assert.deepEqual(lines(drawn), [
    '10:00', '你撤回了一条消息 [原话]', '王五撤回了一条消息', '管理员李四撤回了王五的一条消息', '< 改过', '管理员李四撤回了你的一条消息', '王五的一条消息已被移除', '赵六撤回了一条消息',
  ])
  assert.equal(drawn[1].key, '3-1')
  assert.equal(drawn[4].edited, true)
  assert.deepEqual(drawn[3].parts, [{ text: '管理员' }, { text: '李四', userId: '4' }, { text: '撤回了' }, { text: '王五', userId: '5' }, { text: '的一条消息' }])
  assert.equal(rows({ ...group, messages, former, now: start + 300_001 })[1].edit, undefined)
})

test('group entries are lines in both languages', () => {
  const line = (content, t = zh, from = '4') => lineText(systemLine({ kind: 'group', from, content: { by: from, userIds: [], name: '周末爬山', ...content } }, { t, me: '3', nameOf }))
  const cases = [
    [{ action: 'create', userIds: ['4', '5', '6'] }, '李四邀请王五、赵六加入了群聊', '李四 added 王五, 赵六'],
    [{ action: 'create', userIds: ['4'] }, '李四创建了群聊', '李四 created the group'],
    [{ action: 'add', userIds: ['3'] }, '李四邀请你加入了群聊', '李四 added you'],
    [{ action: 'add', userIds: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }, '李四邀请用户a、用户b、用户c、用户d、用户e等7人加入了群聊', '李四 added 用户a, 用户b, 用户c, 用户d, 用户e and others (7)'],
    [{ action: 'add', userIds: ['5', '6', '3'] }, '李四邀请你、王五、赵六加入了群聊', '李四 added you, 王五, 赵六'],
    [{ action: 'remove', userIds: ['5'] }, '李四将王五移出了群聊', '李四 removed 王五'],
    [{ action: 'leave' }, '李四退出了群聊', '李四 left'],
    [{ action: 'dismiss' }, '李四解散了群聊', '李四 dismissed the group'],
    [{ action: 'role', role: 'owner', userIds: ['5'] }, '王五成为群主', '王五 is now the owner'],
    [{ action: 'role', role: 'admin', userIds: ['3'] }, '你成为管理员', 'You are now an admin'],
    [{ action: 'role', role: 'member', userIds: ['5'] }, '王五不再是管理员', '王五 is no longer an admin'],
    [{ action: 'update' }, '李四将群名改为“周末爬山”', '李四 renamed the group to “周末爬山”'],
    [{ action: 'update', muted: true }, '李四开启了全员禁言', '李四 turned on mute all'],
    [{ action: 'update', muted: false }, '李四关闭了全员禁言', '李四 turned off mute all'],
    [{ action: 'update', history: 'all' }, '李四允许新成员查看历史消息', '李四 let new members see history'],
    [{ action: 'of a newer server' }, '', ''],
  ]
  for (const [content, inZh, inEn] of cases) assert.deepEqual([line(content), line(content, en)], [inZh, inEn])
  assert.equal(line({ action: 'leave' }, en, '3'), 'You left')
})

test('what is not understood says so, what is deleted here is not drawn', () => {
  const messages = [message(1, '4', { a: 1 }, { kind: 'poll' }), message(2, '4', 'x'), message(3, '4', null, { kind: 'unknown' })]
  const drawn = bubbles({ ...direct, messages, hidden: new Set([1002]) })
  assert.deepEqual(drawn.map(({ kind, seq }) => [kind, seq]), [['unknown', 1], ['unknown', 3]])
  assert.equal(drawn[0].label, '李四说: [当前版本暂不支持查看此消息]，10 点 00 分')
})

test('quotes show what they answer, or why not', () => {
  const answer = (seq, to) => message(seq, '4', 'y', { ext: { reply: { seq: to } } })
  const messages = [message(1, '5', '原\n文'), message(2, '5', null, { recalled: true }), answer(3, 1), answer(4, 2), answer(5, 100), answer(6, 101), answer(7, 102)]
  const quotes = bubbles({ ...group, messages, quoted: { 101: null, 102: message(102, '3', { name: '合同.pdf' }, { kind: 'file' }) } }).map(({ quote }) => quote).filter(Boolean)
  assert.deepEqual(quotes, [
    { seq: 1, text: '王五: 原 文', state: 'ok' }, { seq: 2, text: '引用内容已撤回', state: 'recalled' }, { seq: 100, text: '', state: 'wanted' },
    { seq: 101, text: '引用内容不可见', state: 'gone' }, { seq: 102, text: '三三: [文件] 合同.pdf', state: 'ok' },
  ])
})

test('mentions, reactions, streams and voices', () => {
  const [called, streams, voice] = bubbles({ ...group, messages: [
    message(1, '4', '@三三 八点', { ext: { mentions: ['3'] }, reactions: [{ emoji: '👍', count: 3, mine: true }] }),
    message(2, '4', '退货', { streaming: true }), message(3, '4', { fileId: 'f', seconds: 8 }, { kind: 'voice' }),
  ] })
  assert.deepEqual(called.segments, [{ kind: 'mention', text: '@三三', value: '3' }, { kind: 'text', text: ' 八点' }])
  assert.deepEqual(called.reactions, [{ emoji: '👍', count: 3, mine: true }])
  assert.equal(called.name, '李四')
  assert.equal(streams.streaming, true)
  assert.equal(voice.heard, false)
  assert.equal(voice.label, '李四说: 语音 8 秒，未听，10 点 00 分')
})

test('以下为新消息 stands before the first foreign message that is unread', () => {
  const messages = [message(5, '4', 'a'), message(6, '3', 'b'), message(7, '4', 'c'), message(8, '4', 'd')]
  assert.deepEqual(lines(rows({ ...direct, messages, firstUnreadSeq: 6 })), ['10:00', '< a', '> b', 'new', '< c', '< d'])
  assert.deepEqual(lines(rows({ ...direct, messages, firstUnreadSeq: 4 })), ['10:00', '< a', '> b', '< c', '< d'])
  assert.deepEqual(lines(rows({ ...direct, messages, firstUnreadSeq: 9 })), ['10:00', '< a', '> b', '< c', '< d'])
})

test('a block ends with another sender, three minutes, and a line', () => {
  const at = (seconds) => ({ createTime: new Date(start + seconds * 1000).toISOString() })
  const messages = [message(1, '4', 'a', at(0)), message(2, '4', 'b', at(180)), message(3, '4', 'c', at(361)), message(4, '3', 'd', at(362)), message(5, '3', 'e', at(663))]
  assert.deepEqual(bubbles({ ...direct, messages }).map(({ isFirstOfBlock }) => isFirstOfBlock), [true, false, true, true, true])
})

test('what failed stays where it was drawn', () => {
  const memory = {}
  const draw = (messages, entries) => lines(rows({ ...direct, messages, outgoing: entries, memory, now: start + 61_000 })).slice(1)
  const error = { code: -32013 }
  const [a, b] = [message(1, '4', 'a'), message(2, '4', 'b')]
  assert.deepEqual(draw([a], [outgoing('w', 'waiting'), outgoing('f', 'waiting')]), ['< a', '> w', '> f'])
  assert.deepEqual(draw([a, b], [outgoing('w', 'waiting'), outgoing('f', 'failed', { error })]), ['< a', '< b', '> w', '> f'])
  assert.deepEqual(draw([a, b], [outgoing('w', 'failed', { error }), outgoing('f', 'failed', { error })]), ['< a', '< b', '> w', '> f'])
  const c = message(3, '4', 'c')
  assert.deepEqual(draw([a, b, c], [outgoing('w', 'failed', { error }), outgoing('f', 'failed', { error }), outgoing('n', 'waiting')]), ['< a', '< b', '> w', '> f', '< c', '> n'])
  assert.deepEqual(draw([a, b, c], [outgoing('w', 'sending'), outgoing('f', 'failed', { error }), outgoing('n', 'waiting')]), ['< a', '< b', '> f', '< c', '> w', '> n'])
})

/** Repeatable chance. */
const chance = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

test('whatever comes in whatever order, keys are unique and nothing that was drawn changes places', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = chance(seed)
    const pick = (list) => list[Math.floor(random() * list.length)]
    const memory = {}
    const log = [] // the server's
    let shown = 0 // how much of it is here
    let entries = []
    let next = 0
    let clock = start
    let before = []
    const put = (from, kind, content, more) => log.push({ ...message(log.length + 1, from, content, { kind, clientMsgId: null, ...more }), createTime: new Date(clock).toISOString() })
    for (let step = 0; step < 60; step++) {
      clock += Math.floor(random() * 200_000)
      const said = log.filter(({ kind, recalled }) => kind === 'text' && !recalled)
      let isMoved = null
      // One at a time, as the outbox sends.
      const stored = entries.find(({ state }) => state === 'stored')
      const going = stored || entries.find(({ state }) => state === 'sending') || entries.find(({ state }) => state === 'waiting')
      const failed = entries.filter(({ state }) => state === 'failed')
      const act = Math.floor(random() * 11)
      if (act <= 1) entries.push(outgoing(`c${next++}`, 'waiting', { at: clock + Math.floor(random() * 4000) - 2000 })) // a clock of its own
      else if (act === 2 && going && !stored) going.state = 'sending'
      else if (act === 3 && stored) Object.assign(stored, { state: 'sent', message: log.find(({ clientMsgId }) => clientMsgId === stored.clientMsgId) })
      else if (act === 3 && going && going.state === 'sending') { // stored; the answer or the echo will tell
        put('3', 'text', going.content, { clientMsgId: going.clientMsgId })
        going.state = 'stored'
      } else if (act === 4 && going && going.state === 'sending') Object.assign(going, { state: 'failed', error: { code: -32013 } })
      else if (act === 5) put('4', 'text', `x${step}`)
      else if (act === 6 && said.length) {
        const of = pick(said)
        Object.assign(of, { content: null, recalled: true })
        put(of.from, 'recall', { seq: of.seq })
      } else if (act === 7 && said.length) {
        const of = pick(said)
        Object.assign(of, { content: 'edited', edited: true })
        put(of.from, 'edit', { seq: of.seq, content: 'edited' })
      } else if (act === 8 && failed.length && random() < 0.3) {
        const again = pick(failed)
        again.state = 'waiting'
        isMoved = again.clientMsgId
      } else if (act === 9 && failed.length && random() < 0.3) entries = entries.filter((entry) => entry !== pick(failed))
      else shown = Math.min(log.length, shown + Math.floor(random() * 4))

      const messages = log.slice(0, shown)
      const here = new Set(messages.map(({ clientMsgId }) => clientMsgId))
      for (const entry of entries) if (here.has(entry.clientMsgId)) Object.assign(entry, { state: 'sent', message: log.find(({ clientMsgId }) => clientMsgId === entry.clientMsgId) })
      // The outbox forgets what the log shows, now or a little later.
      entries = entries.filter(({ clientMsgId }) => !(here.has(clientMsgId) && random() < 0.5))
      const drawn = rows({ ...direct, now: clock, messages, outgoing: entries.map((entry) => (entry.state === 'stored' ? { ...entry, state: 'sending' } : entry)), memory })
      const keys = drawn.map(({ key }) => key)
      assert.equal(new Set(keys).size, keys.length, `seed ${seed}, step ${step}: ${keys}`)
      const bodies = drawn.filter(({ type, key }) => type === 'bubble' || (type === 'system' && !key.startsWith('told:'))).map(({ key }) => key)
      const kept = before.filter((key) => bodies.includes(key) && key !== isMoved)
      assert.deepEqual(bodies.filter((key) => kept.includes(key)), kept, `seed ${seed}, step ${step}`)
      for (const { clientMsgId } of entries) assert.ok(bodies.includes(clientMsgId), `seed ${seed}, step ${step}: ${clientMsgId} is gone`)
      before = bodies
    }
  }
})

test('previews are one line', () => {
  const context = { t: zh, me: '3', nameOf, isGroup: false }
  const cases = [
    [message(1, '4', ' 第一\n\n第二 '), '第一 第二', '李四: 第一 第二'],
    [message(1, '3', '我的'), '我的', '我的'],
    [message(1, '4', {}, { kind: 'image' }), '[图片]', '李四: [图片]'],
    [message(1, '4', { seconds: 8 }, { kind: 'voice' }), '[语音] 8″', '李四: [语音] 8″'],
    [message(1, '4', { name: 'a.pdf' }, { kind: 'file' }), '[文件] a.pdf', '李四: [文件] a.pdf'],
    [message(1, '4', { name: '虹桥站' }, { kind: 'location' }), '[位置] 虹桥站', '李四: [位置] 虹桥站'],
    [message(1, '4', { type: 'order' }, { kind: 'custom' }), '[订单]', '李四: [订单]'],
    [message(1, '4', null, { kind: 'unknown' }), '[当前版本暂不支持查看此消息]', '李四: [当前版本暂不支持查看此消息]'],
    [message(1, '4', '', { streaming: true }), '…', '李四: …'],
    [message(1, '3', null, { recalled: true }), '你撤回了一条消息', '你撤回了一条消息'],
    [message(1, '4', null, { recalled: true, kind: 'image' }), '李四撤回了一条消息', '李四撤回了一条消息'],
    [message(1, '4', { action: 'leave', by: '4', userIds: [], name: 'g' }, { kind: 'group' }), '李四退出了群聊', '李四退出了群聊'],
    [outgoing('c', 'waiting'), 'c', 'c'],
  ]
  for (const [of, alone, inGroup] of cases) assert.deepEqual([preview(of, context), preview(of, { ...context, isGroup: true })], [alone, inGroup])
  assert.equal(preview(message(1, '3', null, { recalled: true }), { ...context, t: en }), 'You recalled a message')
  assert.equal(preview(message(1, '4', '😀'.repeat(500)), context), '😀'.repeat(60))
})
