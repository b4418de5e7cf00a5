// A bot: who writes to it is answered word by word, and sees the answer while it is being written. README.md says how it is started.

import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'

const { HONGYAN = 'http://127.0.0.1:8080', API_KEY, WEBHOOK_SECRET, PORT = 3000 } = process.env
const headers = { authorization: `Bearer ${API_KEY}` }
const post = async (path, body) => (await fetch(HONGYAN + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()

// Your model: whatever can be iterated over will do, an async generator too.
const think = (question) => `You said: ${question} Let me think about it.`.match(/\S+\s*/g)

async function hear(body, { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signatures }, response) {
  // Is it from Hongyan? What throws is refused, as is a signature of another length.
  const mac = createHmac('sha256', Buffer.from(WEBHOOK_SECRET.slice(6), 'base64')).update(`${id}.${time}.`).update(body).digest()
  const isSigned = signatures.split(' ').some((it) => timingSafeEqual(Buffer.from(it.slice(3), 'base64'), mac))
  if (!isSigned || Math.abs(Date.now() / 1000 - time) > 300) throw new Error('this is not from Hongyan')

  // It is taken when its answer is begun: if the bot dies before, it comes again, and the same clientMsgId finds the same stream.
  const { message } = JSON.parse(body).data
  if (message?.kind !== 'text' || message.to.userId !== 'bot') return response.writeHead(204).end()
  const { streamId } = await post('/v1/messages', { from: 'bot', to: { userId: message.from }, clientMsgId: `re ${message.id}`, stream: true })
  response.writeHead(streamId ? 204 : 503).end()

  // The end says all of it once more, whatever became of the pieces.
  let text = ''
  for await (const word of think(message.content)) { await post(`/v1/streams/${streamId}`, { offset: [...text].length, delta: word }); text += word }
  await post(`/v1/streams/${streamId}/end`, { content: text })
}
const answer = async (request, response) => hear(Buffer.concat(await request.toArray()), request.headers, response)
createServer((request, response) => answer(request, response).catch((error) => { console.error(error.message); response.destroy() })).listen(PORT)
