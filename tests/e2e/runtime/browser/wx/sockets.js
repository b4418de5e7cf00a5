// Sockets: five at most, cut by the phone when the app has left the screen.

import { guard, unsupported } from '../report.js'
import { finish } from './answers.js'

const MOST = 5

export function createSockets(phone) {
  const open = new Set()

  /**
   * A browser's socket can set no header: the token goes where the server looks for it as well, into the address of the
   * classic protocol, among the subprotocols of v1.
   */
  const openSocket = ({ url, header = {}, protocols = [] }) => {
    const address = new URL(phone.leadsTo(url))
    const offered = [...protocols]
    for (const [name, value] of Object.entries(header)) {
      const [, token] = /^Bearer (.+)$/.exec(value) || []
      if (!token || name.toLowerCase() !== 'authorization') unsupported(`the header ${name} of connectSocket`)
      else if (offered.length) offered.push(`bearer.${token}`)
      else address.searchParams.set('token', token)
    }
    return new WebSocket(address, offered)
  }

  function connectSocket(options) {
    if (open.size >= MOST) throw new Error(`WeChat allows no more than ${MOST} sockets at once`)
    const socket = phone.state.isAsleep ? {} : openSocket(options)
    const listeners = { open: [], message: [], close: [], error: [] }
    const emit = (name, event) => listeners[name].forEach((listener) => guard(() => listener(event)))
    const task = {
      onOpen: (listener) => listeners.open.push(listener),
      onMessage: (listener) => listeners.message.push(listener),
      onClose: (listener) => listeners.close.push(listener),
      onError: (listener) => listeners.error.push(listener),
      send(sendOptions) {
        if (socket.readyState !== WebSocket.OPEN) return finish(sendOptions, 'sendSocketMessage', 'not open')
        socket.send(sendOptions.data)
        return finish(sendOptions, 'sendSocketMessage', '')
      },
      close(closeOptions = {}) {
        if (!open.has(task)) {
          phone.state.socketCounts.closedGone += 1
          return finish(closeOptions, 'closeSocket', 'task not found')
        }
        socket.close(closeOptions.code || 1000, closeOptions.reason)
        return finish(closeOptions, 'closeSocket', '')
      },
      /** The network takes the socket away. */
      cut() {
        socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null
        socket.close()
        open.delete(task)
        emit('error', { errMsg: 'abnormal' })
        emit('close', { code: 1006, reason: 'abnormal closure' })
      },
    }
    if (phone.state.isAsleep) {
      setTimeout(() => finish(options, 'connectSocket', 'interrupted'), 0)
      return task
    }
    open.add(task)
    phone.state.socketCounts.most = Math.max(phone.state.socketCounts.most, open.size)
    socket.onopen = () => emit('open', { header: {} })
    socket.onmessage = ({ data }) => emit('message', { data })
    socket.onerror = () => emit('error', { errMsg: 'connect failed' })
    socket.onclose = ({ code, reason }) => { if (open.delete(task)) emit('close', { code, reason }) }
    setTimeout(() => finish(options, 'connectSocket', ''), 0)
    return task
  }

  phone.sockets = open
  return { connectSocket }
}
