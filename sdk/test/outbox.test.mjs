// What the app gave to be sent: stored before it goes, in order, once, and rejected only when final (contract, sections 3 and 10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Clock, FakeHost, clientOn, entry, fate, iso, online, stored, synced, turn, withRandom } from './lib/fake-host.mjs'
import { ClientError, Outbox, outbox_max, uniqueId } from './lib/sdk.mjs'

const you = { userId: 'you' }
const finals = [-32600, -32601, -32602, -32003, -32004, -32009, -32013, -32022]
const agains = [-32029, -32053, -32603]

function outboxOn({ kept = new Map(), clock = new Clock(), storage = {} } = {}) {
  const sends = []
  const changes = []
  const done = []
  const unstored = []
  const outbox = new Outbox({
    get: (key) => kept.get(key) ?? null, set: (key, text) => { kept.set(key, text) }, remove: (key) => { kept.delete(key) }, keys: () => [...kept.keys()], ...storage,
  }, 'out:', {
    send: (params) => new Promise((resolve, reject) => sends.push({ params, resolve, reject, kept: new Map(kept) })),
    changed: (one) => changes.push({ ...one }), sent: (one, message) => done.push([one.clientMsgId, message.seq]), unstored: (error) => unstored.push(error),
    setTimeout: clock.setTimeout,
  })
  let seq = 0
  /** The oldest send that waits is answered. */
  const answer = (send = sends[0]) => {
    sends.splice(sends.indexOf(send), 1)
    send.resolve({ message: stored(send, ++seq), duplicate: false })
    return turn()
  }
  const refuse = (error, send = sends[0]) => {
    sends.splice(sends.indexOf(send), 1)
    send.reject(error)
    return turn()
  }
  const kept_ = () => [...kept].filter(([key]) => key.startsWith('out:')).map(([, text]) => JSON.parse(text))
  return { outbox, sends, changes, done, unstored, kept, clock, answer, refuse, stored: kept_ }
}

test('a message is in the storage before it is sent, and gone from there when the server has it', async () => {
  const { outbox, sends, answer, stored } = outboxOn()
  outbox.open(true)
  const sent = fate(outbox.add({ to: you, content: 'hello' }))
  const { params, kept } = sends[0]
  assert.deepEqual(params, { to: you, clientMsgId: params.clientMsgId, kind: 'text', content: 'hello' })
  assert.equal(JSON.parse(kept.get(`out:${params.clientMsgId}`)).content, 'hello')
  await answer()
  assert.equal(sent.value.content, 'hello')
  assert.deepEqual(stored(), [])
})

test('ids of messages are unique, and fit the contract', () => {
  const ids = Array.from({ length: 20_000 }, uniqueId)
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, /^[\w]{1,64}$/)
})

test('kind and ext go as given', async () => {
  const { outbox, sends } = outboxOn()
  outbox.open(true)
  void outbox.add({ to: you, kind: 'image', content: { fileId: 'f' }, ext: { reply: { seq: 3 } } })
  const { clientMsgId, ...rest } = sends[0].params
  assert.deepEqual(rest, { to: you, kind: 'image', content: { fileId: 'f' }, ext: { reply: { seq: 3 } } })
})

test('to one place one after the other, each after the answer to the one before', async () => {
  const { outbox, sends, answer } = outboxOn()
  outbox.open(true)
  for (let n = 1; n <= 5; n++) void outbox.add({ to: you, content: `${n}` })
  const order = []
  while (sends.length) {
    assert.equal(sends.length, 1)
    order.push(sends[0].params.content)
    await answer()
  }
  assert.deepEqual(order, ['1', '2', '3', '4', '5'])
})

test('a place that waits keeps its order: what is behind does not overtake', async () => {
  const { outbox, sends, clock, answer, refuse } = outboxOn()
  outbox.open(true)
  for (const content of ['1', '2', '3']) void outbox.add({ to: you, content })
  await refuse(new ClientError(-32053, 'no'))
  assert.equal(sends.length, 0)
  await clock.advance(1500)
  const order = []
  while (sends.length) {
    order.push(sends[0].params.content)
    await answer()
  }
  assert.deepEqual(order, ['1', '2', '3'])
})

test('to sixteen places at once, of the server\'s thirty-two', async () => {
  const { outbox, sends, answer } = outboxOn()
  outbox.open(true)
  for (let n = 1; n <= 20; n++) for (const content of ['a', 'b']) void outbox.add({ to: { userId: `${n}` }, content })
  assert.equal(sends.length, 16)
  assert.equal(new Set(sends.map(({ params }) => params.to.userId)).size, 16)
  await answer()
  assert.equal(sends.length, 16)
  let most = 0
  let count = 1
  while (sends.length) {
    most = Math.max(most, sends.length)
    const busy = sends.map(({ params }) => params.to.userId)
    assert.equal(new Set(busy).size, busy.length)
    count++
    await answer()
  }
  assert.equal(count, 40)
  assert.equal(most, 16)
})

test('a user and a group of one name are two places', () => {
  const { outbox, sends } = outboxOn()
  outbox.open(true)
  void outbox.add({ to: { userId: 'x' }, content: '1' })
  void outbox.add({ to: { groupId: 'x' }, content: '2' })
  assert.equal(sends.length, 2)
})

for (const code of finals) test(`${code} is final: it rejects, stays as failed, and the next one goes`, async () => {
  const { outbox, sends, changes, clock, refuse, stored } = outboxOn()
  outbox.open(true)
  const first = fate(outbox.add({ to: you, content: '1' }))
  void outbox.add({ to: you, content: '2' })
  await refuse(new ClientError(code, 'no', { reason: 'blocked' }))
  assert.equal(first.error.code, code)
  assert.equal(first.error.final, true)
  const failed = changes.find(({ state }) => state === 'failed')
  assert.deepEqual(failed.error, { code, message: 'no', data: { reason: 'blocked' } })
  assert.equal(sends[0].params.content, '2')
  await clock.advance(600_000)
  assert.deepEqual(stored().map(({ content, state }) => [content, state])[0], ['1', 'failed'])
})

for (const code of [...agains, -32001, -32099, 'lost', 'timeout', 'offline']) test(`${code} is not: the same again, with the same id`, async () => {
  const { outbox, sends, clock, answer, refuse } = outboxOn()
  outbox.open(true)
  const sent = fate(outbox.add({ to: you, content: '1' }))
  const { clientMsgId } = sends[0].params
  for (let n = 0; n < 20; n++) {
    await refuse(new ClientError(code, 'no'))
    assert.equal(sent.settled, false)
    await clock.advance(999)
    assert.equal(sends.length, 0)
    await clock.advance(501)
    assert.equal(sends[0].params.clientMsgId, clientMsgId)
  }
  await answer()
  assert.equal(sent.value.clientMsgId, clientMsgId)
})

test('again after retryAfterMs, spread by half', async () => {
  for (const [random, ms] of [[0, 4000], [0.999_999, 6000]]) await withRandom(random, async () => {
    const { outbox, sends, clock, refuse } = outboxOn()
    outbox.open(true)
    void outbox.add({ to: you, content: '1' })
    await refuse(new ClientError(-32029, 'no', { retryAfterMs: 4000 }))
    await clock.advance(ms - 1)
    assert.equal(sends.length, 0)
    await clock.advance(1)
    assert.equal(sends.length, 1)
  })
})

test('one place that waits does not keep the others', async () => {
  const { outbox, sends, refuse } = outboxOn()
  outbox.open(true)
  void outbox.add({ to: you, content: '1' })
  await refuse(new ClientError(-32029, 'no', { retryAfterMs: 60_000 }))
  void outbox.add({ to: { userId: 'other' }, content: '2' })
  assert.deepEqual(sends.map(({ params }) => params.content), ['2'])
})

test('nothing is sent without a session', async () => {
  const { outbox, sends } = outboxOn()
  void outbox.add({ to: you, content: '1' })
  assert.equal(sends.length, 0)
  outbox.open(true)
  assert.equal(sends.length, 1)
})

test('close() ends the waiting, and not the message: the next app sends it, with its id', async () => {
  const one = outboxOn()
  one.outbox.open(true)
  const sent = fate(one.outbox.add({ to: you, content: '1' }))
  const { clientMsgId } = one.sends[0].params
  one.outbox.close(new ClientError('closed', 'closed'))
  await turn()
  assert.equal(sent.error.code, 'closed')
  assert.equal(sent.error.final, false)

  const two = outboxOn({ kept: one.kept, clock: one.clock })
  two.outbox.load()
  assert.deepEqual(two.changes.map(({ state }) => state), ['waiting'])
  two.outbox.open(true)
  assert.equal(two.sends[0].params.clientMsgId, clientMsgId)
  await two.answer()
  assert.deepEqual(two.stored(), [])
})

test('the order survives a restart, and a clock that is set back', async () => {
  const one = outboxOn()
  for (const content of ['1', '2', '3']) void one.outbox.add({ to: you, content }).catch(() => {})
  one.clock.now -= 3_600_000
  for (const content of ['4', '5']) void one.outbox.add({ to: you, content }).catch(() => {})
  const two = outboxOn({ kept: new Map([...one.kept].reverse()), clock: one.clock })
  two.outbox.load()
  void two.outbox.add({ to: you, content: '6' })
  two.outbox.open(true)
  const order = []
  while (two.sends.length) {
    order.push(two.sends[0].params.content)
    await two.answer()
  }
  assert.deepEqual(order, ['1', '2', '3', '4', '5', '6'])
})

test('what is no entry is taken out of the storage; what is others\' stays', () => {
  const kept = new Map([
    ['out:a', '{"clientMsgId":"a"'], ['out:b', 'null'], ['out:c', '{"clientMsgId":"x","to":{"userId":"y"}}'], ['out:d', '{"clientMsgId":"d"}'], ['out:e', '[]'],
    ['out:f', JSON.stringify({ clientMsgId: 'f', to: you, kind: 'text', content: 'f', at: 1, state: 'sending' })], ['other:a', '{'],
  ])
  const { outbox } = outboxOn({ kept })
  outbox.load()
  assert.deepEqual(outbox.entries.map(({ clientMsgId, state }) => [clientMsgId, state]), [['f', 'waiting']])
  assert.deepEqual([...kept.keys()].sort(), ['other:a', 'out:f'])
})

test('one that failed stays so over a restart, until the app says', async () => {
  const one = outboxOn()
  one.outbox.open(true)
  void one.outbox.add({ to: you, content: '1' }).catch(() => {})
  await one.refuse(new ClientError(-32003, 'no'))
  const two = outboxOn({ kept: one.kept, clock: one.clock })
  two.outbox.load()
  two.outbox.open(true)
  assert.equal(two.sends.length, 0)
  const [{ clientMsgId, state, error }] = two.outbox.entries
  assert.deepEqual([state, error.code], ['failed', -32003])
  two.outbox.retry(clientMsgId)
  assert.equal(two.sends[0].params.clientMsgId, clientMsgId)
  assert.equal(two.changes.at(-1).error, undefined)
  await two.refuse(new ClientError(-32003, 'no'))
  two.outbox.discard(clientMsgId)
  assert.deepEqual([two.outbox.entries, two.stored()], [[], []])
})

test('only what failed can be discarded or retried', async () => {
  const { outbox, sends } = outboxOn()
  outbox.open(true)
  void outbox.add({ to: you, content: '1' })
  const { clientMsgId } = sends[0].params
  outbox.discard(clientMsgId)
  outbox.retry(clientMsgId)
  outbox.discard('nothing')
  assert.equal(outbox.entries.length, 1)
  assert.equal(sends.length, 1)
})

test('beyond its limit a send is refused at once, for good', async () => {
  const { outbox } = outboxOn()
  for (let n = 0; n < outbox_max; n++) void outbox.add({ to: you, content: '1' })
  await assert.rejects(outbox.add({ to: you, content: '1' }), { code: -32013, final: true })
})

test('a storage that is full is said, and the message goes all the same', async () => {
  const { outbox, unstored, answer } = outboxOn({ storage: { set: () => { throw new Error('full') } } })
  outbox.open(true)
  const sent = fate(outbox.add({ to: you, content: '1' }))
  assert.equal(unstored.length, 1)
  await answer()
  assert.equal(sent.value.content, '1')
})

test('a storage that lets nothing be removed is said, and the message is sent all the same', async () => {
  const { outbox, unstored, answer, done } = outboxOn({ storage: { remove: () => { throw new Error('removeStorageSync:fail') } } })
  outbox.open(true)
  const sent = fate(outbox.add({ to: you, content: '1' }))
  await answer()
  assert.equal(sent.value?.content, '1')
  assert.equal(done.length, 1)
  assert.equal(unstored.length, 1)
})

test('a storage that cannot be read is said, and what is given is sent', async () => {
  const { outbox, unstored, answer } = outboxOn({ storage: { keys: () => { throw new Error('getStorageInfoSync:fail') } } })
  outbox.load()
  assert.equal(unstored.length, 1)
  outbox.open(true)
  const sent = fate(outbox.add({ to: you, content: '1' }))
  await answer()
  assert.equal(sent.value.content, '1')
})

test('the log before the answer: sent, once', async () => {
  const { outbox, sends, done, changes, answer } = outboxOn()
  outbox.open(true)
  const sent = fate(outbox.add({ to: you, content: '1' }))
  outbox.met(stored(sends[0], 7))
  await turn()
  assert.equal(sent.value.seq, 7)
  await answer()
  assert.equal(done.length, 1)
  assert.deepEqual(changes.map(({ state }) => state), ['waiting', 'sending', 'sent'])
})

test('the log, and then a lost connection: it is not sent again', async () => {
  const { outbox, sends, clock, refuse } = outboxOn()
  outbox.open(true)
  void outbox.add({ to: you, content: '1' })
  outbox.met(stored(sends[0], 7))
  await refuse(new ClientError('lost', 'lost'))
  await clock.advance(60_000)
  assert.equal(sends.length, 0)
})

test('what was lost with the connection goes as soon as there is another, and not before', async () => {
  const { outbox, sends, refuse } = outboxOn()
  outbox.open(true)
  void outbox.add({ to: you, content: 'x' })
  const { clientMsgId } = sends[0].params
  outbox.open(false)
  await refuse(new ClientError('lost', 'lost'))
  assert.deepEqual(sends, [])
  outbox.open(true)
  assert.deepEqual(sends.map(({ params }) => params.clientMsgId), [clientMsgId])
})

test('sent, and lost by a store that was set back: it goes again, also when its bubble is still there', async () => {
  const { outbox, sends, answer } = outboxOn()
  outbox.open(true)
  for (const content of ['1', '2']) void outbox.add({ to: you, content })
  const ids = [sends[0].params.clientMsgId]
  await answer()
  ids.push(sends[0].params.clientMsgId)
  await answer()
  const [one, two] = outbox.entries.map((of) => ({ ...of }))
  outbox.shown(ids[0])
  assert.deepEqual(outbox.entries.map(({ clientMsgId }) => clientMsgId), [ids[1]])
  outbox.again(one)
  outbox.again(two)
  assert.deepEqual(outbox.entries.map(({ clientMsgId, state, message }) => [clientMsgId, state, message]), ids.map((id) => [id, 'waiting', undefined]))
  outbox.open(true)
  assert.equal(sends[0].params.clientMsgId, ids[0])
  await answer()
  assert.equal(sends[0].params.clientMsgId, ids[1])
})

// ---- with a client around it ----

test('a message that is given before one is online goes after `session`', async () => {
  const { client, host } = clientOn(new FakeHost())
  const sent = fate(client.send({ to: you, content: 'early' }))
  client.connect().catch(() => {})
  await turn()
  assert.equal(client.outgoing(you)[0].state, 'waiting')
  host.socket.open()
  await turn()
  const request = host.socket.request('message.send')
  assert.equal(request.params.content, 'early')
  host.socket.answer('message.send', { message: stored(request, 1), duplicate: false })
  await turn()
  assert.equal(sent.value.seq, 1)
  assert.deepEqual(client.outgoing(), [])
})

test('nobody knows who one is: a send says so', async () => {
  const { client } = clientOn(new FakeHost(), { getToken: () => 'opaque' })
  await assert.rejects(client.send({ to: you, content: 'x' }), { code: 'offline' })
})

for (const order of ['echo first', 'answer first']) for (const known of [true, false]) test(`${order}${known ? '' : ', of a new conversation'}: one bubble, one message`, async () => {
  const host = new FakeHost()
  if (known) host.conversations = [synced([entry(1)])]
  const { client, socket, events } = await online({}, host)
  const seq = known ? 2 : 1
  const sent = fate(client.send({ to: you, content: 'hello' }))
  const request = socket.request('message.send')
  const message = stored(request, seq)
  const bubbles = () => [...client.outgoing(you), ...(client.conversation(you)?.messages ?? [])].filter((of) => of.clientMsgId === request.params.clientMsgId).length
  const steps = [() => socket.message(message), () => socket.answer('message.send', { message, duplicate: false })]
  for (const step of order === 'echo first' ? steps : steps.reverse()) {
    assert.equal(bubbles(), 1)
    step()
    assert.equal(bubbles(), 1)
    await turn()
    assert.equal(bubbles(), 1)
  }
  assert.equal(sent.value.seq, seq)
  assert.deepEqual(events('message').map((of) => of.message.seq), [seq])
  assert.deepEqual(events('outbox').map((of) => of.entry.state), ['waiting', 'sending', 'sent'])
  assert.deepEqual(client.outgoing(), [])
})

test('an answer with what another sent before it, which never comes: it is asked for at the next heartbeat', async () => {
  const host = new FakeHost()
  host.conversations = [synced([entry(1)])]
  const { client, socket, seqs } = await online({}, host)
  void client.send({ to: you, content: 'hello' })
  const message = stored(socket.request('message.send'), 3)
  socket.answer('message.send', { message, duplicate: false })
  await turn()
  assert.deepEqual(client.outgoing().map(({ state }) => state), ['sent'])
  await host.advance(25_000)
  socket.answer('message.history', { messages: [entry(2), message], hasMore: false })
  await turn()
  assert.deepEqual([seqs(), client.outgoing()], [[2, 3], []])
})

test('an answer with what another sent before it: the message waits for that, and keeps its bubble', async () => {
  const host = new FakeHost()
  host.conversations = [synced([entry(1)])]
  const { client, socket, seqs } = await online({}, host)
  void client.send({ to: you, content: 'hello' })
  const message = stored(socket.request('message.send'), 3)
  socket.answer('message.send', { message, duplicate: false })
  await turn()
  assert.deepEqual(seqs(), [])
  assert.deepEqual(client.outgoing().map(({ state }) => state), ['sent'])
  socket.message(entry(2))
  await turn()
  assert.deepEqual(seqs(), [2, 3])
  assert.deepEqual(client.outgoing(), [])
  socket.message(message)
  assert.deepEqual(seqs(), [2, 3])
})

test('-32001 renews the token and goes on', async () => {
  const reasons = []
  const { client, socket, host } = await online({ getToken: (reason) => {
    reasons.push(reason)
    return `t${reasons.length}`
  } })
  const sent = fate(client.send({ to: you, content: 'hello' }))
  socket.refuse('message.send', -32001)
  await turn()
  assert.deepEqual(reasons, ['start', 'expired'])
  assert.deepEqual(socket.request('session.refresh').params, { token: 't2' })
  socket.answer('session.refresh', { expiresAt: iso(Date.now() + 3_600_000) })
  await turn()
  const request = socket.request('message.send')
  assert.equal(socket.of('message.send')[0].params.clientMsgId, request.params.clientMsgId)
  socket.answer('message.send', { message: stored(request, 1), duplicate: false })
  await turn()
  assert.equal(sent.value.seq, 1)
  assert.equal(host.sockets.length, 1)
})

test('a line that is lost before the answer: resent with its id, in order, after `session`, and stored once', async () => {
  const { client, socket, host } = await online()
  const sent = [1, 2].map((n) => fate(client.send({ to: you, content: `${n}` })))
  const first = socket.request('message.send')
  socket.end(1006)
  await host.advance(3000)
  host.socket.open()
  await host.advance(1500)
  const again = host.socket.request('message.send')
  assert.deepEqual(again.params, first.params)
  host.socket.answer('message.send', { message: stored(again, 1), duplicate: true })
  await turn()
  const second = host.socket.request('message.send')
  assert.equal(second.params.content, '2')
  host.socket.answer('message.send', { message: stored(second, 2), duplicate: false })
  await turn()
  assert.deepEqual(sent.map(({ value }) => value.seq), [1, 2])
})

test('an answer that never comes is asked for again after 15 s', async () => {
  const { client, socket, host } = await online()
  const sent = fate(client.send({ to: you, content: 'hello' }))
  await host.advance(15_000 + 1500)
  assert.equal(sent.settled, false)
  assert.equal(socket.of('message.send').length, 2)
  assert.equal(new Set(socket.of('message.send').map(({ params }) => params.clientMsgId)).size, 1)
})

test('the app is ended and started again: the message goes, and `outbox` tells how it ends', async () => {
  const { client, host } = clientOn(new FakeHost())
  client.send({ to: you, content: 'kept' }).catch(() => {})
  const [{ clientMsgId }] = client.outgoing()
  const again = await online({}, new FakeHost({ clock: host.clock, kept: host.kept }))
  assert.equal(again.client.outgoing()[0].clientMsgId, clientMsgId)
  const request = again.socket.request('message.send')
  assert.equal(request.params.clientMsgId, clientMsgId)
  again.socket.refuse('message.send', -32022, { reason: 'risky' })
  await turn()
  const [ended] = again.events('outbox').slice(-1)
  assert.deepEqual([ended.entry.state, ended.entry.error.code, ended.entry.error.data], ['failed', -32022, { reason: 'risky' }])
})

test('close() with a message under way: the promise ends, the message stays', async () => {
  const { client } = await online()
  const sent = fate(client.send({ to: you, content: 'hello' }))
  client.close()
  await turn()
  assert.equal(sent.error.code, 'closed')
  assert.equal(client.outgoing().length, 1)
})

for (const [code, state] of [[4009, 'replaced'], [4003, 'kicked']]) test(`${state}: a send ends, and does not hang`, async () => {
  const { client, socket } = await online()
  const sent = fate(client.send({ to: you, content: 'hello' }))
  socket.end(code)
  await turn()
  assert.equal(sent.error.code, 'closed')
  assert.equal(client.outgoing().length, 1)
})

test('what the app does with what it gave does not change what is sent again', async () => {
  const { client, socket } = await online()
  const ext = { reply: { seq: 1 } }
  const content = { fileId: 'f' }
  client.send({ to: you, kind: 'image', content, ext }).catch(() => {})
  const first = structuredClone(socket.request('message.send').params)
  content.fileId = 'another'
  ext.reply.seq = 2
  socket.refuse('message.send', -32053)
  await socket.host.advance(1500)
  assert.deepEqual(socket.request('message.send').params, first)
})
