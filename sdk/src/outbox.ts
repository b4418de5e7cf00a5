/** What the app gave to be sent: stored before it goes, sent in order, kept until the server has it or never will. */

import { ClientError } from './error.js'
import type { Storage } from './host.js'
import type { Message, Methods, Place, Send } from './protocol.js'
import { keyOf } from './conversation.js'

/** What is sent; `kind` is `text` where it says nothing. */
export interface Draft {
  to: Place
  kind?: NonNullable<Send['kind']>
  content: unknown
  ext?: Record<string, unknown>
}

/** A message on its way. With the same clientMsgId it is in the log afterwards: one bubble. */
export interface Outgoing extends Draft {
  clientMsgId: string
  kind: NonNullable<Send['kind']>
  /** When it was given, by this device's clock: milliseconds since 1970. */
  at: number
  /** `failed`: for good; it stays until retry() or discard(). */
  state: 'waiting' | 'sending' | 'sent' | 'failed' | 'discarded'
  /** Why it was not taken: for good, or this time. */
  error?: { code: number | string; message: string; data?: Record<string, unknown> }
  /** Of one that is sent. */
  message?: Message
}

export interface OutboxListener {
  send(params: Methods['message.send']['params']): Promise<Methods['message.send']['result']>
  changed(entry: Outgoing): void
  /** The server has it. */
  sent(entry: Outgoing, message: Message): void
  /** The storage took an entry not, which would be lost with the app; or could not be read. */
  unstored(error: unknown): void
  setTimeout(act: () => void, ms: number): unknown
}

/** Messages that wait, for a phone that is offline for long; beyond, a send is refused at once. */
export const outbox_max = 1000
/** Failed ones that are kept, the newest. */
const failed_max = 100
/** Places that are sent to at once; one message each, so that their order stays. Of the server's 32. */
const places_max = 16
/** An answer to a send, before it is sent again. A check before sends may take its time. */
export const send_ms = 15_000

interface Promised { resolve(message: Message): void; reject(error: ClientError): void }

export class Outbox {
  entries: Outgoing[] = []
  private readonly busy = new Set<string>()
  private readonly promises = new Map<string, Promised>()
  private isOpen = false

  constructor(private readonly storage: Storage, private readonly prefix: string, private readonly to: OutboxListener) {}

  /** What an app that has ended, or another tab, left. What is no entry is taken away. */
  load(): void {
    const known = new Set(this.entries.map(({ clientMsgId }) => clientMsgId))
    const found: Outgoing[] = []
    try {
      for (const key of this.storage.keys()) {
        const clientMsgId = key.slice(this.prefix.length)
        if (key.indexOf(this.prefix) !== 0 || known.has(clientMsgId)) continue
        const entry = entryOf(this.storage.get(key), clientMsgId)
        if (!entry) this.storage.remove(key)
        else found.push(entry.state === 'failed' ? entry : { ...entry, state: 'waiting' })
      }
    } catch (error) { // perhaps it can be the next time
      this.to.unstored(error)
    }
    if (!found.length) return
    this.entries = [...this.entries, ...found].sort((a, b) => a.at - b.at || (a.clientMsgId < b.clientMsgId ? -1 : 1))
    for (const entry of found) this.to.changed(entry)
  }

  /** Resolves when the server has stored it; rejects when it never will, or by close(). */
  add(draft: Draft): Promise<Message> {
    if (this.entries.filter(({ state }) => state !== 'failed').length >= outbox_max) return Promise.reject(new ClientError(-32013, `${outbox_max} messages wait already`))
    const last = this.entries[this.entries.length - 1]
    const at = Math.max(Date.now(), last ? last.at + 1 : 0) // also when the clock was set back
    // A copy: sent again it is the same, whatever the app makes of what it gave.
    const entry: Outgoing = { ...JSON.parse(JSON.stringify(draft)) as Draft, kind: draft.kind ?? 'text', clientMsgId: uniqueId(), at, state: 'waiting' }
    this.entries.push(entry)
    this.store(entry)
    const promise = new Promise<Message>((resolve, reject) => this.promises.set(entry.clientMsgId, { resolve, reject }))
    this.to.changed(entry)
    this.pump()
    return promise
  }

  /** A failed one, once more. */
  retry(clientMsgId: string): void {
    const entry = this.find(clientMsgId)
    if (entry?.state !== 'failed') return
    delete entry.error
    entry.state = 'waiting'
    this.store(entry)
    this.to.changed(entry)
    this.pump()
  }

  /** A failed one is wanted no more. */
  discard(clientMsgId: string): void {
    const entry = this.find(clientMsgId)
    if (entry?.state === 'failed') this.forget(entry)
  }

  /** Sent before, and perhaps lost by a store that was set back. Sent again with its clientMsgId it is there once. */
  again(entry: Outgoing): void {
    const known = this.find(entry.clientMsgId)
    if (known && known.state !== 'sent') return
    const { message: _, ...rest } = entry
    const waiting: Outgoing = { ...rest, state: 'waiting' }
    this.entries = [...this.entries.filter((of) => of !== known), waiting].sort((a, b) => a.at - b.at)
    this.store(waiting)
    this.to.changed(waiting)
  }

  /** There is a session, or there is none. */
  open(isOpen: boolean): void {
    this.isOpen = isOpen
    this.pump()
  }

  /** The log has this own message: it is stored, whatever became of the answer. */
  met(message: Message): void {
    const entry = message.clientMsgId && this.find(message.clientMsgId)
    if (entry) this.done(entry, message)
  }

  /** The log shows it: its bubble goes. */
  shown(clientMsgId: string): void {
    const entry = this.find(clientMsgId)
    if (entry?.state === 'sent') this.entries.splice(this.entries.indexOf(entry), 1)
  }

  /** Nobody waits any more; what is stored stays, for the next time. */
  close(error: ClientError): void {
    this.isOpen = false
    const promises = [...this.promises.values()]
    this.promises.clear()
    for (const { reject } of promises) reject(error)
  }

  private find(clientMsgId: string): Outgoing | undefined {
    return this.entries.find((entry) => entry.clientMsgId === clientMsgId)
  }

  private pump(): void {
    if (!this.isOpen) return
    const passed = new Set<string>()
    for (const entry of this.entries) {
      if (this.busy.size >= places_max) return
      const place = keyOf(entry.to)
      if (entry.state !== 'waiting' || this.busy.has(place) || passed.has(place)) continue
      passed.add(place)
      void this.sendOne(entry, place)
    }
  }

  private async sendOne(entry: Outgoing, place: string): Promise<void> {
    this.busy.add(place)
    entry.state = 'sending'
    this.to.changed(entry)
    let waitMs = 0
    try {
      const { to, clientMsgId, kind, content, ext } = entry
      const { message } = await this.to.send({ to, clientMsgId, kind, content, ...(ext ? { ext } : {}) } as Methods['message.send']['params'])
      this.done(entry, message)
    } catch (error) {
      if (entry.state !== 'sending') { /* the log was quicker */
      } else if (error instanceof ClientError && error.final) {
        this.fail(entry, error)
      } else {
        entry.state = 'waiting'
        if (error instanceof ClientError && typeof error.code === 'number') entry.error = plain(error)
        this.to.changed(entry)
        const asked = error instanceof ClientError ? error.data?.retryAfterMs : undefined
        if (this.isOpen) waitMs = (typeof asked === 'number' ? asked : 1000) * (1 + Math.random() / 2)
      }
    }
    const free = () => {
      this.busy.delete(place)
      this.pump()
    }
    if (waitMs) this.to.setTimeout(free, waitMs)
    else free()
  }

  private done(entry: Outgoing, message: Message): void {
    if (entry.state === 'sent') return
    entry.state = 'sent'
    delete entry.error
    entry.message = message
    this.unstore(entry)
    this.promises.get(entry.clientMsgId)?.resolve(message)
    this.promises.delete(entry.clientMsgId)
    this.to.sent(entry, message)
    this.to.changed(entry)
  }

  private fail(entry: Outgoing, error: ClientError): void {
    entry.state = 'failed'
    entry.error = plain(error)
    this.store(entry)
    this.to.changed(entry)
    this.promises.get(entry.clientMsgId)?.reject(error)
    this.promises.delete(entry.clientMsgId)
    const failed = this.entries.filter(({ state }) => state === 'failed')
    if (failed.length > failed_max) this.forget(failed[0]!)
  }

  private forget(entry: Outgoing): void {
    this.entries.splice(this.entries.indexOf(entry), 1)
    this.unstore(entry)
    this.to.changed({ ...entry, state: 'discarded' })
  }

  private store(entry: Outgoing): void {
    try {
      this.storage.set(this.prefix + entry.clientMsgId, JSON.stringify(entry))
    } catch (error) {
      this.to.unstored(error)
    }
  }

  private unstore(entry: Outgoing): void {
    try {
      this.storage.remove(this.prefix + entry.clientMsgId)
    } catch (error) { // sent once more by the next app, it is there once
      this.to.unstored(error)
    }
  }
}

/** Null: it is none. */
function entryOf(text: string | null, clientMsgId: string): Outgoing | null {
  try {
    const entry = JSON.parse(text!) as Outgoing
    return entry.clientMsgId === clientMsgId && entry.to ? entry : null
  } catch {
    return null
  }
}

const plain = ({ code, message, data }: ClientError): NonNullable<Outgoing['error']> => ({ code, message, ...(data ? { data } : {}) })

/** Unique among a sender's messages: the time, and 80 random bits. */
export function uniqueId(): string {
  let id = Date.now().toString(36)
  for (let i = 0; i < 5; i++) id += (0x10000 + Math.floor(Math.random() * 0x10000)).toString(16).slice(1)
  return id
}
