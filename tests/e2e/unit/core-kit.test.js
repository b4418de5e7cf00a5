'use strict'
process.env.TZ = 'Asia/Shanghai'
const assert = require('node:assert/strict')
const { test } = require('node:test')
const core = (name) => require(`../../../miniprogram/components/hy-chat/core/${name}`)
const { Directory } = core('directory')
const { Local } = core('local')
const { kitOf } = core('kit')
const { conversationRow } = core('list')
const { translator, own } = core('i18n')

const zh = translator('zh', own)
const en = translator('en', own)
const settled = () => new Promise((resolve) => setImmediate(resolve))

/** As Host.storage, in memory; `isFull` refuses. */
function memoryStorage(values = {}) {
  const map = new Map(Object.entries(values))
  const storage = { isFull: false, get: (key) => (map.has(key) ? map.get(key) : null), remove: (key) => map.delete(key), keys: () => [...map.keys()] }
  storage.set = (key, text) => {
    if (storage.isFull) throw new Error('full')
    map.set(key, text)
  }
  return storage
}

/** Timers that go off when told. */
function handTimers() {
  const waiting = new Map()
  let last = 0
  return {
    setTimeout: (act, ms) => (waiting.set(++last, { act, ms }), last),
    clearTimeout: (timer) => waiting.delete(timer),
    pass(ms) {
      for (const [timer, { act, ms: after }] of [...waiting]) if (after <= ms && waiting.delete(timer)) act()
    },
  }
}

/** A client that answers what `answers` says, and keeps what it was asked. */
function fakeClient(answers = {}, facts = {}) {
  const listeners = {}
  const client = {
    userId: '3', asked: [], conversations: [], storage: memoryStorage(), now: () => Date.now(), outgoing: () => [],
    on: (name, listener) => (listeners[name] = listeners[name] || []).push(listener),
    emit: (name, event) => (listeners[name] || []).forEach((listener) => listener(event)),
    async call(method, params) {
      client.asked.push([method, params])
      if (!answers[method]) throw Object.assign(new Error('no'), { code: 'offline' })
      return answers[method](params)
    },
    ...facts,
  }
  return client
}
const answers = {
  'user.get': ({ userIds }) => ({ users: userIds.map((userId) => ({ userId, name: `名${userId}`, avatar: null })) }),
  'group.get': ({ groupId }) => ({ group: { groupId, name: '周末爬山', memberCount: 5, owner: '3', muted: false, history: 'joined', createTime: '' } }),
  'group.members': () => ({ members: [{ userId: '4', role: 'owner', joinedSeq: 1 }, { userId: '5', role: 'member', joinedSeq: 1 }] }),
}

test('users are asked for together, once, and told', async () => {
  const client = fakeClient(answers)
  const timers = handTimers()
  const directory = new Directory(client, client.storage, timers)
  let told = 0
  const off = directory.onChange(() => told++)
  assert.deepEqual(directory.user('4'), { userId: '4', name: null, avatar: null })
  assert.equal(directory.nameOf('4', zh), '用户4')
  for (let i = 0; i < 150; i++) directory.user(`u${i}`)
  timers.pass(50)
  directory.user('4') // under way
  await settled()
  assert.deepEqual(client.asked.map(([, { userIds }]) => userIds.length), [100, 51])
  assert.equal(directory.nameOf('4', zh), '名4')
  assert.equal(told, 2)
  timers.pass(50)
  await settled()
  assert.equal(client.asked.length, 2)
  directory.refresh(['4'])
  timers.pass(50)
  await settled()
  assert.equal(client.asked.length, 3)
  off()
  client.emit('profile', { userId: '4', name: '新名', avatar: 'f1' })
  assert.deepEqual([directory.user('4'), told], [{ userId: '4', name: '新名', avatar: 'f1' }, 2])
})

test('what failed is asked again after a while, or with a connection, and not in a loop', async (t) => {
  const has = {}
  const client = fakeClient(has)
  const timers = handTimers()
  const directory = new Directory(client, client.storage, timers)
  const ask = async () => {
    directory.user('4')
    timers.pass(50)
    await settled()
    return client.asked.length
  }
  assert.equal(await ask(), 1)
  assert.equal(await ask(), 1)
  const { now } = Date
  t.after(() => { Date.now = now }) // Node 18 mocks no Date
  Date.now = () => now() + 6000
  assert.equal(await ask(), 2)
  Object.assign(has, answers)
  client.emit('synced', {})
  timers.pass(50)
  await settled()
  assert.equal(directory.nameOf('4', zh), '名4')
  client.emit('synced', {})
  timers.pass(50)
  await settled()
  assert.equal(client.asked.length, 3)
})

test('names outlive the app, not a damaged storage, and are another user’s not', async () => {
  const client = fakeClient(answers)
  const timers = handTimers()
  const first = new Directory(client, client.storage, timers)
  first.user('4')
  timers.pass(50)
  await settled()
  timers.pass(1000)
  const again = (facts) => new Directory(fakeClient({}, facts), client.storage, handTimers())
  assert.equal(again({}).nameOf('4', zh), '名4')
  assert.equal(again({ userId: '9' }).nameOf('4', zh), '用户4')
  assert.equal(again({ userId: null }).nameOf('4', zh), '用户4')
  for (const text of ['{', 'null', '{"a":1}', '[1,null,["4"]]']) {
    const storage = memoryStorage({ 'hongyan-chat:3:users': text })
    assert.equal(new Directory(fakeClient({}), storage, handTimers()).nameOf('4', zh), '用户4')
  }
})

test('the directory is bounded', async () => {
  const client = fakeClient(answers)
  const timers = handTimers()
  const directory = new Directory(client, client.storage, timers)
  for (let i = 0; i < 2100; i++) directory.user(`u${i}`)
  timers.pass(50)
  await settled()
  timers.pass(1000)
  assert.equal(JSON.parse(client.storage.get('hongyan-chat:3:users')).length, 2000)
})

test('groups are asked for with their first members, and follow their log', async () => {
  const client = fakeClient({ ...answers })
  const directory = new Directory(client, client.storage, handTimers())
  assert.equal(directory.group('g'), null)
  assert.deepEqual(directory.members('g'), [])
  await settled()
  assert.deepEqual(directory.group('g'), { groupId: 'g', name: '周末爬山', memberCount: 5, owner: '3', muted: false, history: 'joined' })
  assert.deepEqual(directory.members('g'), [{ userId: '4', role: 'owner' }, { userId: '5', role: 'member' }])
  assert.equal(client.asked.length, 2)
  client.emit('message', { message: { kind: 'group', to: { groupId: 'g' }, content: { action: 'update', name: '改名', muted: true } } })
  assert.deepEqual([directory.group('g').name, directory.group('g').muted], ['改名', true])
  assert.equal(client.asked.length, 4)
})

test('what a device knows alone is kept by user and place', () => {
  const storage = memoryStorage()
  const timers = handTimers()
  const local = new Local(storage, 'p:', timers)
  const place = { userId: '4' }
  assert.equal(local.drafts.get(place), null)
  local.drafts.set(place, { text: '我带水', reply: null, mentions: [] })
  local.drafts.set({ groupId: '4' }, { text: 'x', reply: null, mentions: [] })
  local.drafts.set({ groupId: '4' }, { text: '', reply: null, mentions: [] })
  local.hidden.add(7)
  local.heard.add(8)
  local.mode.set(place, 'voice')
  for (const emoji of ['👍', '😂', '👍']) local.recentEmoji.add(emoji)
  local.former.set(9, '原话', 5)
  assert.equal(storage.keys().length, 0)
  timers.pass(1000)
  const again = new Local(storage, 'p:', timers)
  assert.equal(again.drafts.get(place).text, '我带水')
  assert.equal(again.drafts.get({ groupId: '4' }), null)
  assert.deepEqual([again.hidden.has(7), again.hidden.has(8), again.heard.has(8)], [true, false, true])
  assert.deepEqual([again.mode.get(place), again.mode.get({ userId: '5' })], ['voice', 'text'])
  assert.deepEqual(again.recentEmoji.list(), ['👍', '😂'])
  assert.deepEqual(again.former.get(9), { text: '原话', at: 5 })
  again.drafts.remove(place)
  again.flush()
  assert.equal(new Local(storage, 'p:', timers).drafts.get(place), null)
})

test('a full storage is survived, and two tabs do not undo each other', () => {
  const storage = memoryStorage()
  const [a, b] = [new Local(storage, 'p:', handTimers()), new Local(storage, 'p:', handTimers())]
  const draft = (text) => ({ text, reply: null, mentions: [] })
  a.drafts.get({ userId: '4' })
  b.drafts.set({ userId: '5' }, draft('b'))
  b.flush()
  a.drafts.set({ userId: '4' }, draft('a'))
  storage.isFull = true
  a.flush()
  assert.equal(a.drafts.get({ userId: '4' }).text, 'a')
  storage.isFull = false
  a.drafts.set({ userId: '4' }, draft('a2'))
  a.flush()
  const c = new Local(storage, 'p:', handTimers())
  assert.deepEqual([c.drafts.get({ userId: '4' }).text, c.drafts.get({ userId: '5' }).text], ['a2', 'b'])
})

test('drafts are bounded, the oldest go', () => {
  const local = new Local(memoryStorage(), 'p:', handTimers())
  for (let i = 0; i < 201; i++) local.drafts.set({ userId: String(i) }, { text: 'x', reply: null, mentions: [] })
  assert.equal(local.drafts.get({ userId: '0' }), null)
  assert.equal(local.drafts.get({ userId: '1' }).text, 'x')
})

test('a client has one kit', () => {
  const client = fakeClient()
  assert.equal(kitOf(client), kitOf(client))
  assert.equal(kitOf(client).client, client)
})

// ---- the list ----

const now = Date.parse('2026-11-25T02:00:00.000Z')
const message = (from, content, more = {}) => ({ seq: 1, id: 1, from, kind: 'text', content, ext: null, clientMsgId: null, createTime: '2026-11-25T01:41:00.000Z', recalled: false, ...more })

async function rowOf(facts, { t = zh, draft, outgoing = [], isOnline } = {}) {
  const client = fakeClient(answers, { outgoing: () => outgoing, now: () => now })
  const timers = handTimers()
  const directory = new Directory(client, client.storage, timers)
  const local = new Local(client.storage, 'p:', timers)
  const conversation = { place: { userId: '4' }, unread: 0, mentionSeq: null, pinned: false, muted: false, messages: [], lastMessage: null, ...facts }
  if (draft) local.drafts.set(conversation.place, draft)
  const make = () => conversationRow(conversation, { client, directory, local, t, now, me: '3', isOnline })
  for (let i = 0; i < 3; i++) { // until all names are there
    make()
    timers.pass(50)
    await settled()
  }
  return make()
}

test('a row of the list', async () => {
  const lastMessage = message('4', '好的')
  const { label, ...row } = await rowOf({ lastMessage, messages: [lastMessage], unread: 4, pinned: true, muted: false, mentionSeq: 1 }, { isOnline: () => true })
  assert.deepEqual(row, {
    key: 'u:4', place: { userId: '4' }, isGroup: false, name: '名4', count: null, avatar: null, initials: '名', color: row.color, members: [], online: true,
    time: '09:41', preview: '好的', mark: 'mention', markText: '[有人@我]', badge: '4', dot: false, muted: false, pinned: true,
  })
  assert.equal(label, '名4，在线，4 条未读，有人@我，好的，09 点 41 分，已置顶')
  const inEnglish = await rowOf({ lastMessage, messages: [lastMessage], unread: 4, muted: true }, { t: en })
  assert.equal(inEnglish.label, '名4, 4 unread, “好的”, 09:41, muted')
})

test('a row of a group has its members, and who said it', async () => {
  const lastMessage = message('5', '下午开会')
  const row = await rowOf({ place: { groupId: 'g' }, lastMessage, messages: [lastMessage], unread: 12, muted: true })
  assert.deepEqual([row.name, row.count, row.preview, row.badge, row.dot], ['周末爬山', 5, '[12条] 名5: 下午开会', '', true])
  assert.deepEqual(row.members.map(({ userId, initials }) => [userId, initials]), [['4', '名'], ['5', '名']])
})

test('a draft comes before all, what is on its way before what was said', async () => {
  const lastMessage = message('4', '好的')
  const facts = { lastMessage, messages: [lastMessage], mentionSeq: 1 }
  const entry = (state, at) => ({ clientMsgId: 'c', kind: 'text', content: '断网时写的', at, state, to: { userId: '4' } })
  const said = async (more, change = {}) => {
    const { mark, preview } = await rowOf({ ...facts, ...change }, more)
    return [mark, preview]
  }
  assert.deepEqual(await said({ draft: { text: '我\n带水', reply: null, mentions: [] } }), ['draft', '我 带水'])
  assert.deepEqual(await said({}), ['mention', '好的'])
  assert.deepEqual(await said({ outgoing: [entry('waiting', Date.now())] }, { mentionSeq: null }), ['sending', '断网时写的'])
  assert.deepEqual(await said({ outgoing: [entry('failed', Date.now())] }, { mentionSeq: null }), ['failed', '断网时写的'])
  assert.deepEqual(await said({ outgoing: [entry('failed', Date.now() - 7_200_000)] }, { mentionSeq: null }), [null, '好的'])
  assert.deepEqual(await said({}, { lastMessage: null, messages: [], mentionSeq: null }), [null, ''])
})

test('a recalled one says who took it back', async () => {
  const lastMessage = message('5', null, { recalled: true })
  const messages = [lastMessage, message('4', { seq: 1, by: '4' }, { seq: 2, kind: 'recall' })]
  const { preview } = await rowOf({ place: { groupId: 'g' }, lastMessage, messages })
  assert.equal(preview, '管理员名4撤回了名5的一条消息')
})
