// A webhook's receiver that was away: takes all that has waited for it, and says how fast it came, as JSON. It fails when a conversation's
// messages come out of order, or one comes twice.   node webhook-receiver.mjs PORT SERVER
import http from 'node:http'

const [port, server] = [Number(process.argv[2]), process.argv[3]]
const silence = 2_000
const deadline = 60_000 // without an event, while some wait
const seqs = new Map()
let events = 0
let wrong = 0
let first = 0
let last = 0

const receiver = http.createServer((request, response) => {
  let text = ''
  request.setEncoding('utf8').on('data', (piece) => { text += piece }).on('end', () => {
    response.writeHead(204).end()
    last = Date.now()
    first ||= last
    events++
    const { conversationId, seq } = JSON.parse(text).data.message
    if (seq <= (seqs.get(conversationId) ?? 0)) wrong++
    seqs.set(conversationId, seq)
  })
})
await new Promise((resolve) => receiver.listen(port, '127.0.0.1', resolve))

const state = () => new Promise((resolve, reject) => {
  http.get(`${server}/v1/webhooks`, (answer) => {
    let text = ''
    answer.on('data', (piece) => { text += piece }).on('end', () => resolve(JSON.parse(text).webhooks[0]))
  }).on('error', reject)
})
const begun = Date.now()
for (;;) {
  await new Promise((resolve) => setTimeout(resolve, 200))
  if (Date.now() - Math.max(begun, last) > deadline) throw new Error(`no event for ${deadline} ms, after ${events}`)
  if (Date.now() - last > silence && events > 0 && (await state()).lagSeconds === 0) break
}
console.log(JSON.stringify({ events, seconds: (last - first) / 1000, eventsPerSecond: events / Math.max((last - first) / 1000, 0.001), outOfOrder: wrong }, null, 1))
process.exit(wrong ? 1 : 0)
