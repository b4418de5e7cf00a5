/** The client: what it keeps, what it tells, what it does. */

import { Conversation, keyOf, type SavedConversation } from './conversation.js'
import { Emitter } from './emitter.js'
import { ClientError } from './error.js'
import type { Host, Storage, UploadRequest } from './host.js'
import { Outbox, send_ms, type Draft, type Outgoing } from './outbox.js'
import type { Message, Methods, Notifications, Place, StoredFile } from './protocol.js'
import { Session, type SessionOptions, type State } from './session.js'
import { userOf } from './token.js'

export interface ClientOptions extends SessionOptions {
  /** Where it runs: one of the hosts of this package. */
  transport: Host
  /** Where it keeps what outlives the app; without it where the transport has it. */
  storage?: Storage
}

/** What `on` takes, and what each listener gets. */
export interface Events {
  state: { state: State }
  /** Each entry once, and each conversation's in order: what came live, and what came while one was away. */
  message: { message: Message; conversation: Conversation }
  /** Something about a conversation is another: counts, order, settings, a message's content or reactions. */
  conversation: { conversation: Conversation }
  /** Left, dismissed or cleared. */
  gone: { conversation: Conversation }
  /** A message on its way, at each step. */
  outbox: { entry: Outgoing }
  typing: { conversationId: string; userId: string; conversation: Conversation | undefined }
  presence: { userId: string; online: boolean }
  profile: Notifications['profile']
  /** A message that is still being written has grown. */
  stream: { message: Message; conversation: Conversation }
  /** All conversations are as the server has them. */
  synced: Record<string, never>
  /** The store is another than before, or was set back; or the user is another: what was shown is void, and what comes now is all. */
  reset: Record<string, never>
  /** What could not be kept, or done; the client goes on. */
  error: { error: unknown }
}

/** Messages of a conversation that one has not seen before. */
const recent = 20
const page = 200
/** Own messages that a store may have lost: sent again after a reset (contract, section 10). */
const resend_ms = 10 * 60_000
const resend_max = 200
/** Positions that one request has room for; those that were quiet longest come as if they were new. */
const positions_max = 2000
/** Syncs one after the other, before the app is told that it is up to date; and likewise of reactions. */
const rounds_max = 4
/** Messages that one `message.get` answers. */
const reread_max = 100
/** Messages that wait for what is missing before them; beyond, they are read again. */
const ahead_max = 500
const save_ms = 1_000
const read_ms = 200
/** How much of a conversation outlives the app: of the most active ones, and of the others. */
const saved_messages = [[50, 20, 1], [10, 10, 0], [0, 0, 0]] as const

interface Saved {
  version: 1
  epoch: string
  conversations: SavedConversation[]
  sent: Outgoing[]
}

type Terse = Omit<Message, 'ext' | 'clientMsgId' | 'recalled'> & Partial<Message>
const whole = (message: Terse): Message => ({ ...message, ext: message.ext ?? null, clientMsgId: message.clientMsgId ?? null, recalled: message.recalled ?? false } as Message)
const newestId = ({ messages }: Conversation): number => messages.length ? messages[messages.length - 1]!.id : 0
const ignore = () => {}

export class Client extends Emitter<Events> {
  /** Who one is; known with the first token or session. */
  userId: string | null
  /** What the server allows, once there was a session. */
  limits: Notifications['session']['limits'] | null = null
  /** What it keeps is here, under keys that begin with `hongyan:`; an app may keep its own beside it. */
  readonly storage: Storage
  private readonly host: Host
  private readonly session: Session
  private outbox: Outbox | null = null
  private byId = new Map<string, Conversation>()
  private byPlace = new Map<string, Conversation>()
  private sorted: Conversation[] | null = null
  private epoch: string | null = null
  /** Own ones of the last minutes. */
  private sent: Outgoing[] = []
  private unplaced = new Map<string, Message[]>()
  private syncing: Promise<void> | null = null
  private syncAgain = false
  private rounds = 0
  private hasSynced = false
  private readonly filling = new Set<string>()
  private readonly watched = new Set<string>()
  private saving: unknown = null
  private isUnsaved = false
  private reading: unknown = null
  private first: { resolve(): void; reject(error: ClientError): void }[] = []

  constructor(private readonly options: ClientOptions) {
    super()
    this.host = options.transport
    this.storage = options.storage ?? this.host.storage
    this.userId = null
    this.session = new Session(this.host, {
      ...options,
      ...(options.getToken ? { getToken: async (reason) => {
        const token = await options.getToken!(reason)
        if (token && !this.userId) this.become(userOf(token))
        return token
      } } : {}),
    }, {
      state: (state) => this.changed(state),
      session: (facts) => this.began(facts),
      notification: (name, params) => this.heard(name, params),
      pong: ({ positions }) => {
        this.compare(positions)
        // What has waited for a heartbeat would wait for ever: for an entry before it, or in a conversation that is gone.
        for (const of of this.byId.values()) if (of.ahead.size) this.fill(of)
        this.clearSent()
      },
    })
    this.become(options.userId)
  }

  // ---- what it is ----

  get state(): State { return this.session.state }
  /** In the state `waiting`: when it tries again by itself, in milliseconds since 1970 of this device's clock. */
  get retryAt(): number { return this.session.retryAt }
  /** The server's clock: milliseconds since 1970. */
  now(): number { return this.session.now() }

  /** All that are shown: pinned first, then newest first. */
  get conversations(): readonly Conversation[] {
    const when = (of: Conversation) => of.lastMessage?.createTime ?? ''
    return this.sorted ??= [...this.byId.values()].filter(({ lastSeq }) => lastSeq > 0).sort((a, b) =>
      Number(b.pinned) - Number(a.pinned) || (when(a) < when(b) ? 1 : when(a) > when(b) ? -1 : Number(b.conversationId) - Number(a.conversationId)))
  }

  /** That with a user or of a group, when there is one. */
  conversation(place: Place): Conversation | undefined { return this.byPlace.get(keyOf(place)) }

  /** Of all that are not muted. */
  get unread(): number { return this.conversations.reduce((sum, { muted, unread }) => sum + (muted ? 0 : unread), 0) }

  /** Messages on their way, oldest first; `to` only those to there. */
  outgoing(to?: Place): Outgoing[] {
    return (this.outbox?.entries ?? []).filter((entry) => !to || keyOf(entry.to) === keyOf(to))
  }

  // ---- going and coming ----

  /**
   * Goes online, and stays so. Resolves when all conversations are as the server has them. Rejects when that was not so within `ms`
   * (it goes on trying), and when there is nothing more to try: see `state`.
   */
  connect(ms = 30_000): Promise<void> {
    const synced = new Promise<void>((resolve, reject) => {
      const timer = this.host.setTimeout(() => reject(new ClientError('offline', `not online within ${ms} ms; still trying`)), ms)
      const done = () => this.host.clearTimeout(timer)
      this.first.push({ resolve: () => { done(); resolve() }, reject: (error) => { done(); reject(error) } })
    })
    if (this.state === 'online' && this.hasSynced) this.settle()
    else this.session.start()
    return synced
  }

  /** Ends the connection. What waits in the outbox is sent after the next connect(), of this client or a later one. */
  close(): void {
    this.session.stop()
    this.save()
  }

  // ---- doing ----

  /**
   * Resolves when the message is durable. Rejects only when it never will be (ClientError, `final`), and by close(), after which the
   * outbox still has it.
   */
  async send(draft: Draft): Promise<Message> {
    if (!this.outbox) throw new ClientError('offline', 'nobody knows yet who you are: connect() first, or give userId')
    return this.outbox.add(draft)
  }

  /** A message that failed for good, once more. */
  retry(clientMsgId: string): void { this.outbox?.retry(clientMsgId) }
  /** A message that failed for good is wanted no more. */
  discard(clientMsgId: string): void { this.outbox?.discard(clientMsgId) }

  /** Any method of the protocol. Errors: ClientError; it always ends. */
  call<Name extends keyof Methods>(method: Name, params: Methods[Name]['params'], ms?: number): Promise<Methods[Name]['result']> {
    return this.session.call(method, params, ms)
  }

  /**
   * Entries before or after a seq, the newest without either; ascending. What is kept is not asked for again, and what joins it is kept.
   */
  async history(place: Place, { before, after, limit = 50 }: { before?: number; after?: number; limit?: number } = {}): Promise<Methods['message.history']['result']> {
    const of = this.conversation(place)
    const kept = of?.messages ?? []
    if (of && kept.length && after === undefined && (before === undefined ? this.hasSynced : before > kept[0]!.seq && before <= of.lastSeq + 1)) {
      const older = before === undefined ? kept : kept.filter(({ seq }) => seq < before)
      if (older.length >= limit || kept[0]!.seq <= of.firstSeq) return { messages: older.slice(-limit), hasMore: older.length > limit || kept[0]!.seq > of.firstSeq }
    }
    const answer = await this.call('message.history', { in: place, limit, ...(before === undefined ? {} : { beforeSeq: before }), ...(after === undefined ? {} : { afterSeq: after }) })
    of?.prepend(answer.messages)
    return answer
  }

  /** Entries as they are now. After each `synced` ask for what is on the screen: it may have got reactions, which are in no log. */
  async get(place: Place, seqs: number[]): Promise<Message[]> { return this.reread(place, seqs, rounds_max) }

  private async reread(place: Place, seqs: number[], rounds: number): Promise<Message[]> {
    this.conversation(place)?.reacted.clear()
    const { messages } = await this.call('message.get', { in: place, seqs })
    const of = this.conversation(place)
    if (of) {
      for (const { seq, reactions } of messages) of.setReactions(seq, reactions)
      this.touch(of)
      this.rereadReacted(of, rounds - 1)
    }
    return messages
  }

  /** What came while reactions were read may be in what was read, or not. */
  private rereadReacted(of: Conversation, rounds = rounds_max): void {
    if (of.reacted.size && rounds) this.reread(of.place, [...of.reacted].slice(-reread_max), rounds).catch(ignore)
  }

  /** Read up to `seq`, or all that is here. Known at once here, told soon, and after the next connect() when there is no connection. */
  read(place: Place, seq?: number): void {
    const of = this.conversation(place)
    if (!of) return
    const wanted = Math.min(seq ?? of.lastSeq, of.lastSeq)
    if (!of.read(wanted)) return
    of.wantedReadSeq = wanted
    this.touch(of)
    this.reading ??= this.host.setTimeout(() => this.tellRead(), read_ms)
  }

  /** For oneself. */
  async set(place: Place, settings: { pinned?: boolean; muted?: boolean }): Promise<void> {
    await this.call('conversation.set', { in: place, ...settings } as Methods['conversation.set']['params'])
    const of = this.conversation(place)
    if (of) this.touch(Object.assign(of, settings))
  }

  /** Hides all up to now, for oneself. */
  async clear(place: Place): Promise<void> {
    await this.call('conversation.clear', { in: place })
    const of = this.conversation(place)
    if (of) this.hide(of, of.lastSeq)
  }

  /** Puts an emoji on a message, or takes one's own away; the event `conversation` follows. */
  async react(place: Place, seq: number, emoji: string, on = true): Promise<void> {
    await this.call('message.react', { in: place, seq, emoji, on })
  }

  /**
   * Tells `presence` of these from now on, also after the connection was another; at most 200 at a time, beyond it rejects. Answers
   * who is online.
   */
  async watch(userIds: string[]): Promise<string[]> {
    const { online } = await this.call('presence.watch', { userIds })
    for (const id of userIds) this.watched.add(id)
    return online
  }
  /** Ends that. */
  async unwatch(userIds: string[]): Promise<void> {
    for (const id of userIds) this.watched.delete(id)
    await this.call('presence.unwatch', { userIds })
  }

  /** Puts a file on the server; its fileId is the content of an `image`, `voice`, `video` or `file`. */
  async upload(file: unknown, { name, seconds, progress }: Pick<UploadRequest, 'name' | 'seconds' | 'progress'> = {}): Promise<StoredFile & { kind: string }> {
    const put = async (token: string | null) => ({ token, ...await this.host.upload({
      url: this.filesAddress(), token, file,
      ...(name ? { name } : {}), ...(seconds ? { seconds } : {}), ...(progress ? { progress } : {}),
    }) })
    let done = await put(await this.session.currentToken())
    if (done.status === 401 && done.token) done = await put(await this.session.currentToken(done.token))
    const { status, text } = done
    let answer: any
    try {
      answer = JSON.parse(text)
    } catch { /* of something between */ }
    if (status !== 201 || !answer) throw new ClientError('http', answer?.detail ?? `the upload was answered ${status}`, { ...answer, status })
    return answer
  }

  /** What to ask for a file's bytes with, by `wx.downloadFile` or `fetch`: a GET, now, of who may read a message that has it. */
  async fileRequest(fileId: string): Promise<{ url: string; headers: Record<string, string> }> {
    const token = await this.session.currentToken()
    return { url: this.filesAddress(fileId), headers: token ? { Authorization: `Bearer ${token}` } : {} }
  }

  private filesAddress(fileId?: string): string {
    const { server, userId } = this.options
    return `${server.replace(/\/$/, '')}/v1/files${fileId ? `/${encodeURIComponent(fileId)}` : ''}${userId ? `?userId=${encodeURIComponent(userId)}` : ''}`
  }

  // ---- what happens ----

  private changed(state: State): void {
    if (state !== 'online') this.outbox?.open(false) // who one is now, `session` says first
    this.emit('state', { state })
    if (state !== 'online' && state !== 'connecting' && state !== 'waiting') {
      const error = new ClientError('closed', `the client is ${state}`)
      this.settle(error)
      this.outbox?.close(error)
    }
  }

  private settle(error?: ClientError): void {
    for (const { resolve, reject } of this.first.splice(0)) error ? reject(error) : resolve()
  }

  private began({ userId, limits }: Notifications['session']): void {
    this.become(userId)
    this.limits = limits
    this.hasSynced = false
    this.outbox!.load() // what another tab left
    this.outbox!.open(true)
    this.sync() // which also tells whether the epoch is another
    this.watchAgain([...this.watched])
  }

  private heard<Name extends keyof Notifications>(name: Name, params: Notifications[Name]): void {
    const told = params as any
    const of: Conversation | undefined = this.byId.get(told.conversationId)
    switch (name as string) {
      case 'message': return this.live(told.message)
      case 'messages': {
        for (const message of told.messages) this.live(message)
        return
      }
      case 'read':
        if (!of) return this.missed()
        if (told.userId !== this.userId) of.peerReadSeq = Math.max(of.peerReadSeq ?? 0, told.seq)
        else if (!of.read(told.seq)) return
        return this.touch(of)
      case 'typing': return this.emit('typing', { ...told, conversation: of })
      case 'presence': return this.emit('presence', told)
      case 'profile': return this.emit('profile', told)
      case 'reaction': if (of?.react(told)) this.touch(of)
        return
      case 'stream': {
        const message = of?.grow(told)
        if (message) this.emit('stream', { message, conversation: of! })
        return
      }
      case 'conversation':
        if (!of) return this.missed()
        of.pinned = told.pinned
        of.muted = told.muted
        of.read(told.readSeq)
        if (told.clearedSeq >= Math.min(of.firstSeq, of.lastSeq)) this.hide(of, told.clearedSeq)
        else this.touch(of)
        return
      case 'did': return this.did(told.method, told.params)
    }
  }

  /** Of a conversation that is on its way here: what a sync answers of it may be older. */
  private missed(): void {
    if (this.syncing) this.syncAgain = true
  }

  /** By another tab on the same connection (hosts/tabs.ts): the server tells the other sessions only. */
  private did(method: string, params: any): void {
    if (method === 'user.update') {
      this.call('user.get', { userIds: [this.userId!] }).then(({ users }) => { for (const user of users) this.emit('profile', user) }, ignore)
    } else if (method === 'presence.unwatch') {
      this.watchAgain(params.userIds.map(String).filter((id: string) => this.watched.has(id)))
    } else {
      const of = this.conversation(params.in)
      if (!of) return
      if (method === 'conversation.clear') return this.hide(of, of.lastSeq)
      if (method === 'conversation.read') of.read(params.seq)
      else for (const setting of ['pinned', 'muted'] as const) of[setting] = params[setting] ?? of[setting]
      this.touch(of)
    }
  }

  private watchAgain(userIds: string[]): void {
    if (userIds.length) this.call('presence.watch', { userIds })
      .then(({ online }) => { for (const userId of userIds) this.emit('presence', { userId, online: online.indexOf(userId) >= 0 }) }, ignore)
  }

  /** An entry as it happens. */
  private live(terse: Terse): void {
    const message = whole(terse)
    if (message.from === this.userId) this.outbox?.met(message)
    this.place(message, true)
  }

  /** Where it belongs: in its place, or aside until what is before it has come. */
  private place(message: Message, isLive: boolean): void {
    let of = this.byId.get(message.conversationId)
    if (!of) {
      if (message.seq !== 1 || this.syncing) {
        const waiting = this.unplaced.get(message.conversationId) ?? []
        if (waiting.length < ahead_max) this.unplaced.set(message.conversationId, [...waiting, message])
        if (isLive || !this.syncing) this.sync()
        return
      }
      of = this.found(message)
    }
    if (message.seq <= of.lastSeq) return
    if (this.put(of, message)) this.join(of)
    else if (isLive && !this.syncing) this.fill(of)
  }

  /** Takes a new entry in, or puts it aside. False: something before it is missing. */
  private put(of: Conversation, message: Message): boolean {
    if (message.seq === of.lastSeq + 1) this.take(of, message)
    else if (of.ahead.size < ahead_max) of.ahead.set(message.seq, message)
    return message.seq <= of.lastSeq
  }

  /** The conversation that a first message begins. */
  private found({ conversationId, from, to }: Message): Conversation {
    const place: Place = 'groupId' in to ? to : { userId: from === this.userId ? to.userId : from }
    const of = new Conversation(conversationId, place, this.userId!)
    if (!('groupId' in place)) of.peerReadSeq = 0
    return this.keep(of)
  }

  private keep(of: Conversation): Conversation {
    this.byId.set(of.conversationId, of)
    this.byPlace.set(keyOf(of.place), of)
    return of
  }

  private take(of: Conversation, message: Message): void {
    of.append(message)
    this.tell(of, message)
    if (message.kind === 'group') this.groupChanged(of, message)
  }

  private tell(of: Conversation, message: Message): void {
    if (message.clientMsgId && message.from === this.userId) this.outbox?.shown(message.clientMsgId)
    if (message.kind === 'recall') this.sent = this.sent.filter(({ message: m }) => !(m?.conversationId === of.conversationId && m.seq === (message.content as any)?.seq))
    this.touch(of)
    this.emit('message', { message, conversation: of })
  }

  /** Who goes from a group, or whose group goes, has it no more. */
  private groupChanged(of: Conversation, { content }: Message): void {
    const { action, by, userIds } = (content ?? {}) as { action?: string; by?: string; userIds?: string[] }
    if (action === 'dismiss' || (action === 'leave' && by === this.userId) || (action === 'remove' && userIds && userIds.indexOf(this.userId!) >= 0)) this.drop(of)
  }

  /** What waited and now fits. */
  private join(of: Conversation): void {
    for (let next; (next = of.ahead.get(of.lastSeq + 1)); ) {
      of.ahead.delete(next.seq)
      this.take(of, next)
    }
    if (of.ahead.size) for (const seq of [...of.ahead.keys()]) if (seq <= of.lastSeq) of.ahead.delete(seq)
    if (of.isDoubtful && !of.wantedReadSeq) this.sync() // else once that is told
  }

  private forget(): void {
    this.byId = new Map()
    this.byPlace = new Map()
    this.sorted = null
  }

  private drop(of: Conversation): void {
    if (this.byId.get(of.conversationId) !== of) return
    this.byId.delete(of.conversationId)
    if (this.byPlace.get(keyOf(of.place)) === of) this.byPlace.delete(keyOf(of.place))
    this.sorted = null
    this.clearSent()
    this.saveSoon()
    this.emit('gone', { conversation: of })
  }

  private hide(of: Conversation, upTo: number): void {
    if (of.clear(upTo)) this.touch(of)
    else this.drop(of)
  }

  private touch(of: Conversation): void {
    this.sorted = null
    this.saveSoon()
    this.emit('conversation', { conversation: of })
  }

  // ---- catching up ----

  /** What a heartbeat says is there, and is not here; or is here, and not there. */
  private compare(positions: { [conversationId: string]: number }): void {
    for (const id in positions) {
      const of = this.byId.get(id)
      if (!of || of.lastSeq > positions[id]!) return this.sync()
      if (of.lastSeq < positions[id]!) this.fill(of)
    }
  }

  /** A hole: that conversation only. */
  private fill(of: Conversation): void {
    if (this.filling.has(of.conversationId) || this.syncing) return
    this.filling.add(of.conversationId)
    this.readOn(of).catch(() => this.syncSoon()).then(() => this.filling.delete(of.conversationId))
  }

  private async readOn(of: Conversation): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const asked = of.lastSeq
      const answer = await this.call('message.history', { in: of.place, afterSeq: asked, limit: page })
      if (this.byId.get(of.conversationId) !== of) return
      for (const message of answer.messages) if (message.seq === of.lastSeq + 1) this.take(of, message)
      this.join(of)
      hasMore = answer.hasMore
      // Nothing that fits: one has been away from the group, or the store was set back.
      if (of.lastSeq === asked && of.ahead.size) return this.sync()
    }
  }

  /** Asks for all that is not here; once more when that is asked for meanwhile. */
  private sync(): void {
    if (this.syncing) {
      this.syncAgain = true
      return
    }
    this.syncAgain = false
    this.syncing = this.resume().then(() => true, (error) => {
      // Another session resumes by itself.
      if (error instanceof ClientError && typeof error.code === 'number') this.emit('error', { error })
      return false
    }).then((isDone) => {
      this.syncing = null
      if (!isDone) return this.syncSoon()
      // Others may write as fast as one reads: then that is live, and what is left is asked for later.
      if (this.syncAgain && ++this.rounds < rounds_max) return this.sync()
      if (this.syncAgain) this.syncSoon()
      this.rounds = 0
      this.hasSynced = true
      this.tellRead()
      this.settle()
      this.emit('synced', {})
    })
  }

  private syncSoon(): void {
    if (this.state === 'online') this.host.setTimeout(() => { if (this.state === 'online') this.sync() }, 1000 + Math.random() * 1000)
  }

  private async resume(): Promise<void> {
    const isFirst = this.epoch === null
    let before: Map<string, Conversation> | null = null
    for (let hasMore = true; hasMore; ) {
      for (const of of this.byId.values()) {
        of.hasMoved = false
        of.reacted.clear()
      }
      const positions: { [id: string]: number } = {}
      // One entry that is here brings the counts with it.
      for (const of of [...this.byId.values()].sort((a, b) => newestId(b) - newestId(a)).slice(0, positions_max)) {
        positions[of.conversationId] = of.isDoubtful ? Math.max(0, of.lastSeq - 1) : of.lastSeq
      }
      const answer = await this.session.call('sync', { ...(this.epoch === null ? {} : { epoch: this.epoch }), last: this.newest(), positions, limit: page, recent })
      if (answer.reset) before = this.reset()
      for (const synced of answer.conversations) this.takeSynced(synced, isFirst, before?.get(synced.conversationId))
      for (const id of answer.gone) {
        const of = this.byId.get(id)
        if (of) this.drop(of)
      }
      this.epoch = answer.epoch
      hasMore = answer.hasMore
    }
    for (const [id, of] of before ?? []) if (!this.byId.has(id)) this.emit('gone', { conversation: of })
    this.saveSoon()
    const waiting = [...this.unplaced.values()]
    this.unplaced = new Map()
    // Of a conversation that is still not there nothing can be shown: it was left, or cleared.
    for (const messages of waiting) for (const message of messages) {
      const of = this.byId.get(message.conversationId) ?? (message.seq === 1 ? this.found(message) : undefined)
      if (of && message.seq > of.lastSeq) this.put(of, message)
    }
    for (const of of [...this.byId.values()]) {
      this.join(of)
      if (of.ahead.size || (of.differs && !of.wantedReadSeq)) this.syncAgain = true
    }
    this.clearSent()
  }

  /** Of what is sent the bubbles go that the log will not take over any more: one was away from the group meanwhile. */
  private clearSent(): void {
    for (const { state, message, clientMsgId } of this.outgoing())
      if (state === 'sent' && (this.byId.get(message!.conversationId)?.lastSeq ?? message!.seq) >= message!.seq) this.outbox!.shown(clientMsgId)
  }

  private newest(): NonNullable<Methods['sync']['params']['last']> {
    const last: Message[] = []
    for (const { messages } of this.byId.values()) last.push(...messages.slice(-8))
    return last.sort((a, b) => b.id - a.id).slice(0, 8).map(({ conversationId, seq, id, createTime }) => ({ conversationId, seq, id, createTime }))
  }

  /** `isFirst`: nothing was known before, so nothing of it is news. `old`: as it was before a reset. */
  private takeSynced(synced: Methods['sync']['result']['conversations'][number], isFirst: boolean, old: Conversation | undefined): void {
    const known = this.byId.get(synced.conversationId)
    const of = known ?? this.keep(new Conversation(synced.conversationId, synced.place, this.userId!))
    if (!known && synced.messages.length) of.lastSeq = synced.messages[0]!.seq - 1
    for (const message of of.take({ ...synced, messages: synced.messages.map(whole) }, recent)) {
      const isKnown = isFirst || (old && (old.at(message.seq)?.id === message.id || (old.messages.length && message.seq < old.messages[0]!.seq)))
      if (message.from === this.userId) this.outbox?.met(message)
      if (!isKnown) this.tell(of, message)
    }
    this.touch(of)
    this.rereadReacted(of)
  }

  /** All that is kept is void, and own messages that may be lost are sent again. Answers what it was. */
  private reset(): Map<string, Conversation> {
    const before = this.byId
    this.forget()
    const since = this.now() - resend_ms
    for (const entry of this.sent) if (Date.parse(entry.message!.createTime) > since) this.outbox!.again(entry)
    this.sent = []
    this.outbox!.open(true)
    this.emit('reset', {})
    return before
  }

  /** Marks that the server may not know. */
  private tellRead(): void {
    this.host.clearTimeout(this.reading)
    this.reading = null
    if (this.state !== 'online') return
    for (const of of this.byId.values()) {
      const seq = of.wantedReadSeq
      if (!seq) continue
      const told = () => {
        if (of.wantedReadSeq === seq) of.wantedReadSeq = 0
        if (of.isDoubtful || of.differs) this.sync()
      }
      this.call('conversation.read', { in: of.place, seq }).then(told, (error: ClientError) => {
        if (error.final) told()
        else this.reading ??= this.host.setTimeout(() => this.tellRead(), 1000)
      })
    }
  }

  // ---- what outlives the app ----

  private key(what: string): string { return `hongyan:${this.options.server}:${this.userId}:${what}` }

  /** This user from now on, with what was kept of theirs. */
  private become(userId: string | null | undefined): void {
    if (!userId || userId === this.userId) return
    const before = this.userId
    if (before) this.save()
    this.userId = userId
    this.forget()
    this.sent = []
    this.unplaced = new Map()
    this.epoch = null
    this.outbox?.close(new ClientError('closed', 'the user is another'))
    this.outbox = new Outbox(this.storage, this.key('out:'), {
      send: (params) => this.session.call('message.send', params, send_ms),
      changed: (entry) => this.emit('outbox', { entry: { ...entry } }),
      sent: (entry, message) => {
        this.sent = [...this.sent.slice(1 - resend_max), entry]
        this.place(message, false)
        if ((this.byId.get(message.conversationId)?.lastSeq ?? 0) >= message.seq) this.outbox!.shown(entry.clientMsgId)
        this.saveSoon()
      },
      unstored: (error) => this.wrong(error),
      setTimeout: (act, ms) => this.host.setTimeout(act, ms),
    })
    this.restore()
    this.outbox.load()
    if (before) this.emit('reset', {})
  }

  private restore(): void {
    try {
      const text = this.storage.get(this.key('state'))
      if (text === null) return
      const saved = JSON.parse(text) as Saved
      if (saved.version !== 1) throw new Error(`what is stored is of version ${saved.version}`)
      const all = saved.conversations.map((one) => Conversation.restore(one, this.userId!))
      for (const of of all) this.keep(of)
      this.sent = saved.sent
      this.epoch = saved.epoch
    } catch (error) { // of another version, or damaged: the server has all of it
      this.forget()
      this.wrong(error)
    }
  }

  /** Not before whoever made this client can listen. */
  private wrong(error: unknown): void { void Promise.resolve().then(() => this.emit('error', { error })) }

  private saveSoon(): void {
    this.saving ??= this.host.setTimeout(() => this.save(), save_ms)
  }

  private save(): void {
    this.host.clearTimeout(this.saving)
    this.saving = null
    if (this.epoch === null || !this.userId) return
    const since = this.now() - resend_ms
    this.sent = this.sent.filter(({ message }) => Date.parse(message!.createTime) > since)
    let failure: unknown
    for (const [active, newest, others] of saved_messages) {
      const conversations = [...this.conversations].sort((a, b) => newestId(b) - newestId(a))
        .map((of, i) => of.save(i < active ? newest : others))
      const saved: Saved = { version: 1, epoch: this.epoch, conversations, sent: this.sent }
      try {
        this.storage.set(this.key('state'), JSON.stringify(saved))
        this.isUnsaved = false
        return
      } catch (error) {
        failure = error
      }
    }
    if (!this.isUnsaved) this.emit('error', { error: failure }) // once, until there is room again
    this.isUnsaved = true
  }
}
