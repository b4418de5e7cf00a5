import type { Host, Socket, SocketListener, Storage } from '../host.js'
import { memoryStorage } from './memory.js'
import { sharedSocket } from './tabs.js'

/** One WebSocket of this page's own. */
export function ownSocket(url: string, token: string | null, to: SocketListener): Socket {
  const socket = new WebSocket(url, token ? ['hongyan.v1', `bearer.${token}`] : ['hongyan.v1'])
  let isOver = false
  const over = (code: number, reason: string) => {
    if (isOver) return
    isOver = true
    to.closed(code, reason)
  }
  socket.onopen = () => to.opened()
  socket.onmessage = ({ data }) => { if (!isOver) to.received(data) }
  socket.onclose = ({ code, reason }) => over(code, reason)
  return {
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) throw new Error('the socket is not open')
      socket.send(text)
    },
    close() {
      socket.close()
      over(1000, '') // a line that is dead says so only after minutes
    },
  }
}

/** The server asks for 64 KiB a minute: this is for one that says nothing more. */
const upload_ms = 10 * 60_000

function pageStorage(): Storage {
  try {
    const { localStorage } = window
    localStorage.getItem('hongyan') // throws where it is forbidden
    return {
      get: (key) => localStorage.getItem(key), set: (key, text) => localStorage.setItem(key, text), remove: (key) => localStorage.removeItem(key),
      keys: () => Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i)!),
    }
  } catch {
    return memoryStorage()
  }
}

/**
 * A browser. All tabs of one user share a connection, where the browser has locks and channels (since 2022 all do, on https and
 * localhost); else, or with `shareTabs: false`, each has its own.
 */
export function browserTransport({ shareTabs = true }: { shareTabs?: boolean } = {}): Host {
  const canShare = shareTabs && typeof BroadcastChannel === 'function' && typeof navigator !== 'undefined' && 'locks' in navigator
  return {
    connect(url, token, to) {
      let socket: Socket
      // A page that is put aside whole gives its connection up first, and is back with another.
      const leave = () => {
        socket.close()
      }
      addEventListener('pagehide', leave)
      const listener: SocketListener = { ...to, closed(code, reason) {
        removeEventListener('pagehide', leave)
        to.closed(code, reason)
      } }
      socket = (canShare ? sharedSocket : ownSocket)(url, token, listener)
      return socket
    },
    storage: pageStorage(),
    setTimeout: (act, ms) => window.setTimeout(act, ms),
    clearTimeout: (timer) => window.clearTimeout(timer as number),
    onWake(listener) {
      const visible = () => listener(document.visibilityState === 'visible')
      const online = () => listener(true)
      const offline = () => listener(false)
      const shown = ({ persisted }: PageTransitionEvent) => { if (persisted) listener(true) }
      document.addEventListener('visibilitychange', visible)
      addEventListener('online', online)
      addEventListener('offline', offline)
      addEventListener('pageshow', shown)
      return () => {
        document.removeEventListener('visibilitychange', visible)
        removeEventListener('online', online)
        removeEventListener('offline', offline)
        removeEventListener('pageshow', shown)
      }
    },
    upload: ({ url, token, file, name, seconds, progress }) => new Promise((resolve, reject) => {
      const form = new FormData()
      if (seconds !== undefined) form.append('seconds', String(seconds))
      form.append('file', file as Blob, name ?? (file as File).name ?? 'file')
      const request = new XMLHttpRequest()
      request.open('POST', url)
      if (token) request.setRequestHeader('Authorization', `Bearer ${token}`)
      if (progress) request.upload.onprogress = ({ loaded, total }) => progress(loaded, total)
      request.onload = () => resolve({ status: request.status, text: request.responseText })
      request.timeout = upload_ms
      request.onerror = request.onabort = request.ontimeout = () => reject(new Error('the upload was cut'))
      request.send(form)
    }),
  }
}
