/**
 * One connection for all tabs of a user. The tab that holds a lock has the socket, and passes on over a channel what comes and what
 * goes; calls have ids that differ by tab, so that each finds its answers. When that tab goes, the others find that out by the lock.
 */

import type { Socket, SocketListener } from '../host.js'
import { userOf } from '../token.js'
import { ownSocket } from './browser.js'

type Word =
  | { is: 'here' } // of one who came: is there a session?
  | { is: 'session'; text: string; at: number } // when it came, by the clock that the tabs share
  | { is: 'down'; text: string }
  | { is: 'up'; text: string; from: number }
  | { is: 'doubt' } // of one who gave up: nothing is heard any more
  | { is: 'did'; text: string; from: number } // what that tab asked for is done
  | { is: 'closed'; code: number; reason: string }

/** The server tells these to one's other sessions. Tabs that share one tell each other. */
const untold = ['conversation.read', 'conversation.set', 'conversation.clear', 'user.update', 'presence.unwatch']
/** What a channel carries may be there later than a lock that was let go after it. */
const word_ms = 200
/** Without a word since somebody's ping, before a doubt is believed. */
const quiet_ms = 2_000
/** Locks are there, and refused: in a frame without an origin. */
let isForbidden = false

export function sharedSocket(url: string, token: string | null, to: SocketListener): Socket {
  if (isForbidden) return ownSocket(url, token, to)
  const name = `hongyan ${url} ${token ? userOf(token) : ''}`
  const channel = new BroadcastChannel(name)
  const say = (word: Word) => { if (!isForbidden) channel.postMessage(word) }
  const me = Math.random()
  const asked = new Map<string, { method: string; params: unknown; from: number }>()
  const leaving = new AbortController()
  let own: Socket | null = null
  let session: { text: string; at: number } | null = null
  let pingedAt = 0 // with nothing heard since
  let isOver = false
  let release = () => {}

  const over = (code: number, reason: string) => {
    if (isOver) return
    isOver = true
    if (own) {
      say({ is: 'closed', code, reason })
      own.close()
    }
    channel.close()
    if (own && code >= 4000) setTimeout(release, word_ms) // it may be a word not to come back
    else release()
    leaving.abort()
    to.closed(code, reason)
  }

  const received = (text: string) => {
    pingedAt = 0
    if (!session) {
      session = { text, at: Date.now() } // `session` is the first that comes
      say({ is: 'session', ...session })
    } else {
      say({ is: 'down', text })
    }
    to.received(text)
    if (asked.size && !isOver) answered(text)
  }

  const answered = (text: string) => {
    const { id, result } = JSON.parse(text)
    const done = asked.get(id)
    if (!done) return
    asked.delete(id)
    if (!result) return
    const { method, params, from } = done
    const told = JSON.stringify({ jsonrpc: '2.0', method: 'did', params: { method, params } })
    say({ is: 'did', text: told, from })
    if (from !== me) to.received(told)
  }

  /** To the server, in the tab with the connection. */
  const sendUp = (text: string, from: number) => {
    const { id, method, params } = JSON.parse(text)
    if (untold.indexOf(method) >= 0) asked.set(id, { method, params, from })
    if (method === 'ping') pingedAt = pingedAt || Date.now()
    own!.send(text)
  }

  const lead = () => {
    try {
      own = ownSocket(url, token, { opened: () => to.opened(), received, closed: over })
    } catch {
      over(1006, 'the host cannot connect')
    }
  }

  channel.onmessage = ({ data }: { data: Word }) => {
    if (isOver) return
    if (own) {
      if (data.is === 'here' && session) say({ is: 'session', ...session })
      else if (data.is === 'up') try {
        sendUp(data.text, data.from)
      } catch { /* it is closing, and that is told */ }
      else if (data.is === 'doubt' && pingedAt && Date.now() - pingedAt > quiet_ms) over(1006, 'no heartbeat')
      return
    }
    if (data.is === 'session' && !session) {
      session = data
      to.opened()
      const said = JSON.parse(data.text)
      said.params.serverTime = new Date(Date.parse(said.params.serverTime) + Date.now() - data.at).toISOString()
      to.received(JSON.stringify(said))
    } else if (data.is === 'down' && session) {
      to.received(data.text)
    } else if (data.is === 'did' && session) {
      if (data.from !== me) to.received(data.text)
    } else if (data.is === 'closed') {
      over(data.code, data.reason)
    }
  }

  navigator.locks.request(name, { signal: leaving.signal }, () => {
    if (isOver) return
    // The tab that had the connection went without a word.
    if (session) return over(1006, 'the tab with the connection went')
    lead()
    return isOver ? undefined : new Promise<void>((resolve) => { release = resolve })
  }).catch(() => {
    if (isOver) return
    isForbidden = true
    channel.close()
    if (session) over(1006, 'locks are refused')
    else lead()
  })
  say({ is: 'here' })

  return {
    send(text) {
      if (own) sendUp(text, me)
      else if (session && !isOver) say({ is: 'up', text, from: me })
      else throw new Error('the socket is not open')
    },
    close() {
      if (session && !own && !isOver) say({ is: 'doubt' })
      over(1001, 'the tab with the connection went')
    },
  }
}
