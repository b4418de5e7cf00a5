// The clients that are measured. Each is given its loaded modules, connects, has all messages of a user, and says when it had the
// first, how many it keeps, and how it ends.

import { channelsOf, users } from './users.mjs'

/** hongyan-client. */
export async function measureSdk([{ Client }, { nodeTransport }], url, me, wanted, folder) {
  const client = new Client({ server: url, userId: me, transport: nodeTransport(folder ? { folder } : {}) })
  let firstAt = client.conversations.length ? performance.now() : undefined
  client.on('conversation', () => { firstAt ??= performance.now() })
  await client.connect()
  if (wanted) for (const { place } of client.conversations) {
    const oldest = () => client.conversation(place).messages[0].seq
    while (oldest() > 1) await client.history(place, { before: oldest(), limit: 500 })
  }
  return { firstAt, count: () => client.conversations.reduce((sum, { messages }) => sum + messages.length, 0), end: () => client.close() }
}

/** A bare WebSocket client of the same protocol. */
export async function measureBare([{ WebSocket }], url, me, wanted) {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/connect?userId=${me}`, ['hongyan.v1'], { perMessageDeflate: false })
  const answers = new Map()
  let id = 0
  const call = (method, params) => new Promise((resolve) => {
    answers.set(++id, resolve)
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
  })
  const hello = new Promise((resolve) => socket.on('message', (data) => {
    const incoming = JSON.parse(data)
    if (incoming.method === 'session') resolve()
    else answers.get(incoming.id)?.(incoming.result)
    answers.delete(incoming.id)
  }))
  await hello
  const kept = []
  const positions = {}
  let firstAt
  for (let hasMore = true; hasMore;) {
    const page = await call('sync', { positions })
    for (const { conversationId, messages, lastSeq, hasMore: more } of page.conversations) {
      kept.push(...messages)
      positions[conversationId] = more ? messages.at(-1).seq : lastSeq
    }
    firstAt ??= performance.now()
    hasMore = page.hasMore
  }
  if (wanted) for (const place of new Set(kept.map(({ from, to }) => from === me ? to.userId : from))) {
    for (let before = 481; before > 1;) {
      const { messages } = await call('message.history', { in: { userId: place }, beforeSeq: before, limit: 500 })
      kept.push(...messages)
      before = messages[0].seq
    }
  }
  return { firstAt, count: () => kept.length, end: () => socket.close() }
}

/** centrifuge-js. It keeps no messages and knows of no conversations: the app has the channels from elsewhere, and an array for each. */
export async function measureCentrifuge([{ Centrifuge }, { WebSocket }], url, me) {
  const client = new Centrifuge(`${url.replace('http', 'ws')}/connection/websocket`, { websocket: WebSocket })
  const { each } = users[me]
  const channels = channelsOf(me)
  const kept = channels.map(() => [])
  let firstAt
  for (const channel of channels) client.newSubscription(channel).subscribe()
  client.connect()
  await client.ready()
  // In one batch, behind that of the subscriptions: of the ways to ask, the one that took the least CPU and the fewest trips.
  client.startBatching()
  const answered = channels.map(async (channel, i) => {
    const { publications } = await client.history(channel, { limit: each, reverse: true })
    for (const { data } of publications.reverse()) kept[i].push(data)
    firstAt ??= performance.now()
  })
  setImmediate(() => client.stopBatching()) // a request is written a tick after its call
  await Promise.all(answered)
  return { firstAt, count: () => kept.reduce((sum, { length }) => sum + length, 0), end: () => client.disconnect() }
}
