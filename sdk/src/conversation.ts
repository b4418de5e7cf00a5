/** One conversation as its user sees it: the newest stretch of its log without a hole, and what counts in it. Pure. */

import type { Conversation as Listed, Message, Methods, Notifications, Place } from './protocol.js'

type Synced = Methods['sync']['result']['conversations'][number]

/** What a server counts at most (contract, section 3). */
const unread_max = 999
/** Messages that are kept of a conversation when new ones come. */
const kept_max = 500

export const keyOf = (place: Place): string => 'groupId' in place ? `g:${place.groupId}` : `u:${place.userId}`

/** Somebody's word, and no entry of the log's own or of a newer server's. */
const isSaid = ({ kind, recalled, streaming }: Message): boolean =>
  !recalled && !streaming && kind !== 'recall' && kind !== 'edit' && kind !== 'group' && kind !== 'unknown'

/** How a conversation is kept over restarts. */
export interface SavedConversation extends Omit<Listed, 'lastMessage'> {
  firstSeq: number
  wanted: number
  isDoubtful: boolean
  messages: Message[]
}

export class Conversation {
  /** Of the newest entry that is here. */
  lastSeq = 0
  /** Read up to here by oneself. */
  readSeq = 0
  /** Of a direct conversation: read up to here by the other one. */
  peerReadSeq: number | null = null
  /** Others' messages after readSeq; 999 stands for more. */
  unread = 0
  /** The lowest unread message that calls one by name. */
  mentionSeq: number | null = null
  pinned = false
  muted = false
  /** The lowest that one may read. */
  firstSeq = 1
  /** Ascending, without a hole, up to lastSeq. */
  messages: Message[] = []
  /** Read here, which the server may not know yet. */
  wantedReadSeq = 0
  /** What is counted may be wrong: only the server knows. */
  isDoubtful = false
  /** Read since a sync was asked for: what it says of that may be older. */
  hasMoved = false
  /** The server knows of less that was read: it has not heard of it yet, or one was away from the group. */
  differs = false
  /** What came before what is missing. */
  readonly ahead = new Map<number, Message>()
  /** Entries that somebody reacted to since their reactions were asked for: what is answered may be older. */
  readonly reacted = new Set<number>()
  /** Of an entry, by user and emoji, what was told since its reactions were read. */
  private readonly reactors = new Map<number, Map<string, boolean>>()

  constructor(readonly conversationId: string, readonly place: Place, private readonly me: string) {}

  /** The newest that is no recall and no edit; null: none is here. */
  get lastMessage(): Message | null {
    for (let i = this.messages.length - 1; i >= 0; i--) {
      const { kind } = this.messages[i]!
      if (kind !== 'recall' && kind !== 'edit') return this.messages[i]!
    }
    return null
  }

  /** The entry `seq`, when it is here. */
  at(seq: number): Message | undefined {
    const { messages } = this
    return messages.length ? messages[seq - messages[0]!.seq] : undefined
  }

  /** Takes the entry behind the last one. */
  append(entry: Message): void {
    this.messages.push(entry)
    this.lastSeq = entry.seq
    if (this.messages.length > 2 * kept_max) this.messages = this.messages.slice(-kept_max)
    if (entry.kind === 'recall') this.recall((entry.content as { seq: number } | null)?.seq ?? 0)
    else if (entry.kind === 'edit') this.edit(entry.content as { seq: number; content: string | null } | null)
    else this.count(entry)
  }

  /** Older ones that reach to where these begin. */
  prepend(page: Message[]): void {
    const first = this.messages.length ? this.messages[0]!.seq : this.lastSeq + 1
    const older = page.filter(({ seq }) => seq < first)
    if (older.length && older[older.length - 1]!.seq === first - 1) this.messages = [...older, ...this.messages]
  }

  /** What a sync says. Answers the entries that are new here. */
  take(synced: Synced, recent: number): Message[] {
    const fresh = synced.messages.filter(({ seq }) => seq > this.lastSeq)
    if (fresh.length && fresh[0]!.seq !== this.lastSeq + 1) this.messages = []
    const isNewest = synced.lastSeq >= this.lastSeq
    for (const entry of fresh) this.append(entry)
    if (!synced.hasMore && synced.lastSeq > this.lastSeq) {
      this.messages = []
      this.lastSeq = synced.lastSeq
    }
    this.firstSeq = synced.firstSeq
    while (this.messages.length && this.messages[0]!.seq < this.firstSeq) this.messages.shift()
    this.pinned = synced.pinned
    this.muted = synced.muted
    this.peerReadSeq = synced.peerReadSeq
    // Lower than what is known here it is of one who was away from the group.
    if (isNewest && (synced.readSeq >= this.readSeq || !(this.hasMoved || this.wantedReadSeq))) {
      this.readSeq = synced.readSeq
      this.unread = synced.unread
      this.mentionSeq = synced.mentionSeq
      this.isDoubtful = this.differs = false
    } else {
      this.differs = synced.readSeq < this.readSeq
      this.readSeq = Math.max(this.readSeq, synced.readSeq)
      this.recount() // what is unread may have gone from sight
    }
    if (!synced.hasMore) {
      const changed = new Map(synced.changed.map(({ seq, reactions }) => [seq, reactions]))
      for (const { seq } of this.messages.slice(-recent)) this.setReactions(seq, changed.get(seq))
    }
    return fresh
  }

  /** Read up to there, here or on another device. False: that is known. */
  read(seq: number): boolean {
    if (seq <= this.readSeq) return false
    this.readSeq = Math.min(seq, this.lastSeq)
    this.hasMoved = true
    this.recount()
    return true
  }

  /** Hidden up to there. False: nothing is left to show. */
  clear(upTo: number): boolean {
    this.firstSeq = Math.max(this.firstSeq, upTo + 1)
    this.messages = this.messages.filter(({ seq }) => seq > upTo)
    this.read(upTo)
    return this.lastSeq > upTo
  }

  /** The reactions of an entry, as they were read. */
  setReactions(seq: number, reactions: Message['reactions']): void {
    const message = this.at(seq)
    if (!message) return
    if (reactions?.length) message.reactions = reactions
    else delete message.reactions
    this.reactors.delete(seq)
  }

  /** A reaction as it happens. What was read may count it already. */
  react({ seq, userId, emoji, on }: Notifications['reaction']): Message | undefined {
    const message = this.at(seq)
    if (!message || message.recalled) return
    this.reacted.add(seq)
    const others = (message.reactions ?? []).map((r) => ({ ...r }))
    let of = others.find((r) => r.emoji === emoji)
    if (!of) others.push(of = { emoji, count: 0, mine: false })
    const isMine = userId === this.me
    const heard = this.reactors.get(seq) ?? new Map<string, boolean>()
    this.reactors.set(seq, heard)
    const who = `${userId} ${emoji}`
    // Who was counted is not told. Of two, who is not oneself is the other; of more, that something changes is likelier.
    const guess = of.count > 0 && ('groupId' in this.place ? !on : of.count > Number(of.mine))
    const was = isMine ? of.mine : heard.get(who) ?? guess
    heard.set(who, on)
    if (was === on) return
    of.count += on ? 1 : -1
    if (isMine) of.mine = on
    message.reactions = others.filter(({ count }) => count > 0)
    if (!message.reactions.length) delete message.reactions
    return message
  }

  /** More of a message that is still being written, from `offset` characters on. What is beyond its end is left: the whole comes every 2 s. */
  grow({ seq, offset, delta }: Notifications['stream']): Message | undefined {
    const message = this.at(seq)
    if (!message?.streaming || typeof message.content !== 'string') return
    const known = Array.from(message.content)
    if (offset > known.length) return
    message.content = known.slice(0, offset).join('') + delta
    return message
  }

  save(messages: number): SavedConversation {
    const { conversationId, place, lastSeq, readSeq, peerReadSeq, unread, mentionSeq, pinned, muted, firstSeq, isDoubtful } = this
    const last = messages ? this.messages.slice(-messages) : []
    return { conversationId, place, lastSeq, readSeq, peerReadSeq, unread, mentionSeq, pinned, muted, firstSeq, wanted: this.wantedReadSeq, isDoubtful, messages: last }
  }

  static restore(saved: SavedConversation, me: string): Conversation {
    const { conversationId, place, wanted, ...facts } = saved
    return Object.assign(new Conversation(conversationId, place, me), facts, { wantedReadSeq: wanted })
  }

  private count(message: Message): void {
    if (message.from === this.me || !isSaid(message) || message.seq <= this.readSeq) return
    this.unread = Math.min(unread_max, this.unread + 1)
    if (this.calls(message) && !(this.mentionSeq && this.mentionSeq < message.seq)) this.mentionSeq = message.seq
  }

  private calls({ ext }: Message): boolean {
    const mentions = ext?.mentions
    return mentions === 'all' || (Array.isArray(mentions) && mentions.indexOf(this.me) >= 0)
  }

  private recall(seq: number): void {
    const message = this.at(seq)
    if (message) {
      const counted = message.from !== this.me && isSaid(message)
      Object.assign(message, { content: null, ext: null, recalled: true })
      delete message.reactions
      delete message.streaming
      if (!counted) return
    }
    if (seq > this.readSeq) this.recount()
  }

  private edit(change: { seq: number; content: string | null } | null): void {
    const message = change && this.at(change.seq)
    if (!message) {
      if (change && change.seq > this.readSeq) this.isDoubtful = true // it may have been a stream, which counts now
      return
    }
    const wasStream = message.streaming
    delete message.streaming
    // Without a content it was recalled since: what is held from before was edited all the same.
    const isAsItWas = change.content === null ? message.recalled : message.content === change.content
    if (change.content !== null) message.content = change.content
    if (wasStream) this.count(message)
    else if (!isAsItWas) message.edited = true // else it came as it is now: an edited one says so, and an ended stream is none
  }

  private recount(): void {
    if (this.readSeq >= this.lastSeq) {
      this.unread = 0
      this.mentionSeq = null
      this.isDoubtful = false
      return
    }
    const first = this.messages.length ? this.messages[0]!.seq : this.lastSeq + 1
    if (first > Math.max(this.readSeq + 1, this.firstSeq)) {
      this.isDoubtful = true
      return
    }
    const unread = this.messages.filter((m) => m.seq > this.readSeq && m.from !== this.me && isSaid(m))
    this.unread = Math.min(unread_max, unread.length)
    this.mentionSeq = unread.find((m) => this.calls(m))?.seq ?? null
    this.isDoubtful = false
  }
}
