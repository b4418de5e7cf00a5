// A bot that answers: HONGYAN_SERVER=http://127.0.0.1:8080 HONGYAN_TOKEN=… node bot.mjs
// What it was sent while it was down it answers when it is back: where it was is kept in ./bot.

import { Client } from 'hongyan-client'
import { nodeTransport } from 'hongyan-client/node'

const { HONGYAN_SERVER: server, HONGYAN_TOKEN: token } = process.env
const bot = new Client({
  server,
  ...(token ? { getToken: () => token } : { userId: 'bot' }),
  transport: nodeTransport({ folder: process.env.BOT_FOLDER ?? './bot' }),
})
bot.on('message', async ({ message, conversation }) => {
  if (message.from === bot.userId || message.kind !== 'text') return
  await bot.send({ to: conversation.place, content: `You said: ${message.content}`, ext: { reply: { seq: message.seq } } })
  bot.read(conversation.place)
})
await bot.connect()
console.log(`${bot.userId} is here`)
