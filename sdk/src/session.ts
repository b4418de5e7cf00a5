/** One connection at a time, kept for as long as the app wants it: token, `session`, calls and answers, heartbeat, coming back. */

import { ClientError } from './error.js'
import type { Host, Socket } from './host.js'
import type { Methods, Notifications } from './protocol.js'

/** Why a token is wanted: the first time; the one there is ends soon; the server said that it has ended; it was refused. */
export type TokenReason = 'start' | 'expiring' | 'expired' | 'refused'

/**
 * `waiting`: for the next try. `closed`: by close(). For good, until connect() is called again: `unauthorized` (there is no token,
 * or new ones are refused too), `replaced` (a newer session of this device), `kicked` (by the server).
 */
export type State = 'idle' | 'connecting' | 'online' | 'waiting' | 'closed' | 'unauthorized' | 'replaced' | 'kicked'

export interface SessionOptions {
  /** https://HOST or http://HOST, with a path where the server has one */
  server: string
  /** Who one is: without it by the token; with it the app shows what it has kept before it is online. */
  userId?: string
  /**
   * A token; null or an empty text: there is none (state `unauthorized`). A rejection is tried again as a lost connection is.
   * Absent: a server with `--auth none`.
   */
  getToken?: (reason: TokenReason) => Promise<string | null> | string | null
  /** Of several sessions of one device only the newest stays; without it none replaces another. */
  device?: string
}

export interface SessionListener {
  state(state: State): void
  /** Before what else the session says. */
  session(facts: Notifications['session']): void
  notification<Name extends keyof Notifications>(name: Name, params: Notifications[Name]): void
  /** What a heartbeat answered, also that of another tab on the same connection. */
  pong(result: Methods['ping']['result']): void
}

const answer_ms = 10_000
const open_ms = 10_000
const wake_ms = 3_000
const token_ms = 30_000
const backoff_max_ms = 30_000
const timer_max_ms = 0x7fffffff
/** New tokens that are refused one after the other, before it is the app's to say more. */
const refusals_max = 3

interface Call {
  resolve(result: unknown): void
  reject(error: ClientError): void
  timer: unknown
}

export class Session {
  state: State = 'idle'
  /** While it is `waiting`: when the next try is, by this device's clock. */
  retryAt = 0
  private socket: Socket | null = null
  /** Of the connection: what belongs to an older one is not heard. */
  private generation = 0
  private readonly calls = new Map<string, Call>()
  private readonly waiting: { run(): void; timer: unknown }[] = []
  private callCount = 0
  private readonly prefix = Math.random().toString(36).slice(2, 8)
  private failures = 0
  private refusals = 0
  private token: string | null = null
  /** Why the next one is asked for, when there is none. */
  private wants: TokenReason = 'start'
  private isTokenNew = false
  private renewal: Promise<string | null> | null = null
  private retry: unknown = null
  private opening: unknown = null
  private heartbeat: unknown = null
  private expiry: unknown = null
  private openedAt = 0
  private clockAhead = 0
  private heard = 0
  private closing: Notifications['closing'] | null = null
  private unwake: (() => void) | null = null

  constructor(private readonly host: Host, private readonly options: SessionOptions, private readonly to: SessionListener) {}

  /** Goes online and stays so until stop(). */
  start(): void {
    if (this.state === 'connecting' || this.state === 'online') return
    if (this.state === 'waiting') return this.wake() // somebody does not want to wait
    this.unwake ??= this.host.onWake((awake) => { if (awake) this.wake() })
    this.failures = this.refusals = 0
    void this.open()
  }

  stop(): void { this.end('closed') }

  /** The token that is in use, another than one that was `refused`; null: none is needed. */
  async currentToken(refused?: string): Promise<string | null> {
    if (!this.options.getToken) return null
    if (refused && refused === this.token) {
      this.token = null
      this.wants = 'refused'
    }
    return this.token ?? this.renew(this.wants)
  }

  /**
   * The answer to a request. Before there is a session it waits for one. Errors: ClientError, always within `ms` of each step.
   */
  async call<Name extends keyof Methods>(method: Name, params: Methods[Name]['params'], ms = answer_ms): Promise<Methods[Name]['result']> {
    if (this.state !== 'online') await this.whenOnline(ms)
    try {
      return await this.request(method, params, ms)
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== -32001 || !this.options.getToken) throw error
      await this.refresh('expired')
      return this.request(method, params, ms)
    }
  }

  // ---- connecting ----

  private async open(): Promise<void> {
    this.host.clearTimeout(this.retry)
    this.set('connecting')
    const mine = ++this.generation
    let token: string | null = null
    if (this.options.getToken) {
      try {
        token = this.token ?? await this.renew(this.wants)
      } catch {
        if (mine !== this.generation) return
        this.failures++
        return this.later()
      }
      if (mine !== this.generation) return
      if (!token) return this.end('unauthorized')
    }
    this.openedAt = Date.now()
    this.closing = null
    this.opening = this.host.setTimeout(() => this.lost(mine, 1006, 'no session came'), open_ms)
    try {
      this.socket = this.host.connect(this.address(), token, {
        opened: () => {},
        received: (text) => { if (mine === this.generation) this.received(text) },
        closed: (code, why) => this.lost(mine, code, why),
      })
    } catch {
      this.lost(mine, 1006, 'the host cannot connect')
    }
  }

  private address(): string {
    const { server, userId, device } = this.options
    let url = `${server.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/connect?many=true`
    if (this.host.withoutSubprotocols) url += '&protocol=hongyan.v1'
    if (userId) url += `&userId=${encodeURIComponent(userId)}`
    if (device) url += `&device=${encodeURIComponent(device)}`
    return url
  }

  /** The connection is no more, or is given up. */
  private lost(mine: number, code: number, why: string): void {
    if (mine !== this.generation) return
    const hadSession = this.state === 'online'
    // It had said why, and then the line went before the close did.
    if (this.closing && code < 4000) code = this.closing.code
    this.drop(new ClientError('lost', `the connection ended (${code}${why && ` ${why}`})`))
    if (code === 4009) return this.end('replaced')
    if (code === 4003) return this.end('kicked')
    if (code === 4001) {
      this.refusals = this.isTokenNew && !hadSession ? this.refusals + 1 : 0
      if (!this.options.getToken || this.refusals >= refusals_max) return this.end('unauthorized')
      this.token = null
      this.wants = hadSession ? 'expired' : 'refused'
      return void this.open()
    }
    const comeBackMs = this.closing?.reconnectAfterMs
    if (comeBackMs === null) return this.end('kicked')
    if (hadSession) {
      this.failures = 0
    } else if (this.failures++ % 2 === 1) { // a browser does not say whether a token was refused or the server is away
      this.token = null
      this.wants = 'refused'
    }
    this.later(comeBackMs)
  }

  /** Full jitter, so that clients of a server that went do not come back all at once. */
  private later(ms = Math.random() * Math.min(backoff_max_ms, 1000 * 2 ** this.failures)): void {
    this.retryAt = Date.now() + ms
    this.set('waiting')
    this.retry = this.host.setTimeout(() => void this.open(), ms)
  }

  /** The app is seen again, or the network is back: what there is may be dead without anybody having said so. */
  private wake(): void {
    if (this.state === 'waiting' || (this.state === 'connecting' && this.socket && Date.now() - this.openedAt > wake_ms)) {
      this.drop(new ClientError('lost', 'the network changed'))
      void this.open()
    } else if (this.state === 'online') {
      this.ping(wake_ms)
    }
  }

  private end(state: State): void {
    this.drop(new ClientError('closed', `the client is ${state}`))
    this.host.clearTimeout(this.retry)
    // Who comes next may be another.
    this.token = this.renewal = null
    this.wants = 'start'
    this.unwake?.()
    this.unwake = null
    this.set(state)
    for (const { run, timer } of this.waiting.splice(0)) {
      this.host.clearTimeout(timer)
      run()
    }
  }

  private drop(why: ClientError): void {
    this.generation++
    for (const timer of [this.opening, this.heartbeat, this.expiry]) this.host.clearTimeout(timer)
    const socket = this.socket
    this.socket = null
    socket?.close()
    const calls = [...this.calls.values()]
    this.calls.clear()
    for (const { reject, timer } of calls) {
      this.host.clearTimeout(timer)
      reject(why)
    }
  }

  private set(state: State): void {
    if (state === this.state) return
    this.state = state
    this.to.state(state)
  }

  // ---- talking ----

  private received(text: string): void {
    this.heard++
    let incoming
    try {
      incoming = JSON.parse(text)
    } catch {
      return // half a message is none
    }
    if (typeof incoming !== 'object' || !incoming) return
    if (incoming.method) return this.notified(incoming.method, incoming.params)
    const call = this.calls.get(incoming.id)
    if (call) {
      this.calls.delete(incoming.id)
      this.host.clearTimeout(call.timer)
      if (incoming.error) call.reject(new ClientError(incoming.error.code, incoming.error.message, incoming.error.data))
      else call.resolve(incoming.result)
    }
    if (incoming.result?.serverTime && incoming.result.positions) this.to.pong(incoming.result)
  }

  private notified<Name extends keyof Notifications>(name: Name, params: Notifications[Name]): void {
    if (name === 'session') return this.began(params as Notifications['session'])
    if (name === 'closing') this.closing = params as Notifications['closing']
    this.to.notification(name, params)
  }

  private began(facts: Notifications['session']): void {
    if (this.state === 'online') return
    this.host.clearTimeout(this.opening)
    this.failures = this.refusals = 0
    this.isTokenNew = false
    this.beat(facts.heartbeatSeconds * 1000)
    this.clockAhead = Date.parse(facts.serverTime) - Date.now()
    if (facts.expiresAt) this.expires(Date.parse(facts.expiresAt) - this.now())
    this.set('online')
    this.to.session(facts)
    for (const { run, timer } of this.waiting.splice(0)) {
      this.host.clearTimeout(timer)
      run()
    }
  }

  private beat(ms: number): void {
    this.heartbeat = this.host.setTimeout(() => {
      this.ping(answer_ms)
      this.beat(ms)
    }, ms)
  }

  /** What was heard meanwhile is a sign of life, too: a page in the background has its timers late. */
  private ping(ms: number): void {
    const mine = this.generation
    const heard = this.heard
    this.request('ping', {}, ms).catch((error: ClientError) => {
      if (error.code !== 'timeout' || heard !== this.heard || mine !== this.generation) return
      this.lost(mine, 1006, 'no heartbeat')
      if (ms === wake_ms) this.wake() // somebody is looking
    })
  }

  private request<Name extends keyof Methods>(method: Name, params: Methods[Name]['params'], ms: number): Promise<Methods[Name]['result']> {
    return new Promise((resolve, reject) => {
      if (!this.socket || this.state !== 'online') return reject(new ClientError('lost', 'there is no connection'))
      const id = `${this.prefix}${++this.callCount}`
      const timer = this.host.setTimeout(() => {
        this.calls.delete(id)
        reject(new ClientError('timeout', `${method} was not answered within ${ms} ms`))
      }, ms)
      this.calls.set(id, { resolve: resolve as (result: unknown) => void, reject, timer })
      try {
        this.socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
      } catch {
        this.lost(this.generation, 1006, 'the socket takes nothing')
      }
    })
  }

  private whenOnline(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = () => this.state === 'online' ? resolve() : reject(new ClientError('closed', `the client is ${this.state}`))
      if (this.state !== 'connecting' && this.state !== 'waiting') return run()
      const wait = { run, timer: this.host.setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(wait), 1)
        reject(new ClientError('offline', `there was no connection within ${ms} ms`))
      }, ms) }
      this.waiting.push(wait)
    })
  }

  // ---- tokens ----

  /** One flight, however many ask. */
  private renew(reason: TokenReason): Promise<string | null> {
    if (this.renewal) return this.renewal
    const flight: Promise<string | null> = new Promise<string | null>((resolve, reject) => {
      const timer = this.host.setTimeout(() => reject(new ClientError('timeout', 'getToken did not answer')), token_ms)
      const done = () => this.host.clearTimeout(timer)
      Promise.resolve().then(() => this.options.getToken!(reason)).then(resolve, reject).then(done)
    }).then((token) => {
      if (this.renewal === flight) { // else it came too late
        this.renewal = null
        this.token = token || null
        this.isTokenNew = true
        this.wants = 'start'
      }
      return token || null
    }, (error) => {
      if (this.renewal === flight) this.renewal = null
      throw error
    })
    return this.renewal = flight
  }

  /** A minute before its end, or halfway of a shorter life. */
  private expires(ms: number): void {
    this.host.clearTimeout(this.expiry)
    this.expiry = this.host.setTimeout(() => {
      if (ms > timer_max_ms) return this.expires(ms - timer_max_ms)
      const mine = this.generation
      this.refresh('expiring').catch(() => {
        const left = Math.min(60_000, ms / 2)
        if (mine === this.generation && left > 1000) this.expires(left) // at its end the server says so
      })
    }, Math.min(timer_max_ms, Math.max(ms - 60_000, ms / 2)))
  }

  private async refresh(reason: TokenReason): Promise<void> {
    const before = this.token
    const token = await this.renew(reason)
    if (reason === 'expiring' && token === before) throw new ClientError(-32001, 'getToken gave the token that ends')
    if (!token) throw new ClientError(-32001, 'there is no token')
    const { expiresAt } = await this.request('session.refresh', { token }, answer_ms)
    this.isTokenNew = false
    this.expires(Date.parse(expiresAt) - this.now())
  }

  /** The server's clock, as far as it is known: milliseconds since 1970. */
  now(): number { return Date.now() + this.clockAhead }
}
