// What a back end and its users do, by a client of generated types, as strict TypeScript has it.

import createClient, { type Client } from 'openapi-fetch'
import type { components, paths } from './schema.js'

type Send = components['schemas']['SendAs']

const to = { userId: '2' }
const text: Send = { to, clientMsgId: 't1', content: '大雁南飞' }
// What may be left out is not asked for, and what must be there is.
export const stream: Send = { to, clientMsgId: 't2', stream: true }
// @ts-expect-error: a text has content
export const nothing: Send = { to, clientMsgId: 't3' }
// @ts-expect-error: a text is no object
export const object: Send = { to, clientMsgId: 't4', content: { fileId: 'f' } }

// What came, if it is what was hoped for.
function good<T>({ data, error, response }: { data?: T; error?: unknown; response: Response }): T {
  if (data !== undefined) return data
  throw new Error(`${response.url} was answered ${response.status}: ${JSON.stringify(error)}`)
}

export async function talk(baseUrl: string, key: string) {
  const clientWith = (secret: string): Client<paths> =>
    createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${secret}` } })
  const backEnd = clientWith(key)
  const user = async (userId: string) =>
    clientWith(good(await backEnd.POST('/v1/tokens', { body: { userId } })).token)
  const [one, two] = [await user('1'), await user('2')]

  good(await one.POST('/v1/messages', { body: text }))
  const form = new FormData()
  form.append('file', new Blob(['雁字回时']), '词.txt')
  // Generated types know no Blob.
  const { fileId, name } = good(await one.POST('/v1/files', { body: form as unknown as { file: string } }))
  good(await one.POST('/v1/messages', { body: { to, clientMsgId: 't5', kind: 'file', content: { fileId } } }))

  const { messages } = good(await two.GET('/v1/messages', { params: { query: { peer: '1' } } }))
  const bytes = good(await two.GET('/v1/files/{id}', { params: { path: { id: fileId } }, parseAs: 'text' }))
  const taken = await one.POST('/v1/messages', { body: { to, clientMsgId: 't1', content: '另一条' } })
  const stranger = await createClient<paths>({ baseUrl }).GET('/v1/conversations')
  return {
    messages: messages.map(({ seq, kind }) => [seq, kind]),
    text: messages[0]?.content,
    file: [name, bytes],
    problems: [taken, stranger].map(({ error }) => error?.title),
  }
}
