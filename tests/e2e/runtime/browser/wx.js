// The wx API over the browser's own, as far as our pages use it. Calling anything else throws and is reported.

/**
 * @param phone what the API needs of the runtime: `guard(function)`, `unsupported(name)`, `servers`, `loginCode`,
 *   `navigate`, `setTitle`, `currentPage`
 */
export function createWx(phone) {
  const { guard } = phone
  const networkListeners = new Set()
  const sockets = new Set()

  /** Calls success or fail, and complete, as all of WeChat's API does. */
  const finish = (options, api, error, result = {}) => {
    const answer = { errMsg: error ? `${api}:fail ${error}` : `${api}:ok`, ...result }
    const callback = error ? options.fail : options.success
    if (callback) guard(() => callback(answer))
    if (options.complete) guard(() => options.complete(answer))
    if (error && !callback) phone.complain(`unhandled ${answer.errMsg}`)
  }

  /** Where an address of the app leads in this test. */
  const leadsTo = (url) => {
    const { protocol, host } = new URL(url)
    const asHttp = `${protocol.replace(/^ws/, 'http')}//${host}`
    const target = phone.servers[asHttp]
    if (!target) throw new Error(`no server for ${url}`)
    return url.replace(`${protocol}//${host}`, protocol.startsWith('ws') ? target.replace(/^http/, 'ws') : target)
  }

  /** A browser's socket can set no header: the token goes into the address, where the server looks for it as well. */
  const socketAddress = ({ url, header = {} }) => {
    const address = new URL(leadsTo(url))
    for (const [name, value] of Object.entries(header)) {
      const [, token] = /^Bearer (.+)$/.exec(value) || []
      if (token && name.toLowerCase() === 'authorization') address.searchParams.set('token', token)
      else phone.unsupported(`the header ${name} of connectSocket`)
    }
    return address
  }
  let clipboard = ''

  const wx = {
    // ---- who the user is ----
    login(options) {
      phone.loginCode().then((code) => () => finish(options, 'login', '', { code }),
        (error) => () => finish(options, 'login', error.message)).then((report) => report())
    },

    // ---- network ----
    request(options) {
      const { url, method = 'GET', data, header = {}, timeout = 60000 } = options
      const target = new URL(leadsTo(url))
      const init = { method, headers: { 'content-type': 'application/json', ...header }, credentials: 'omit', cache: 'no-store' }
      if (method === 'GET') for (const [key, value] of Object.entries(data || {})) target.searchParams.set(key, value)
      else if (data !== undefined) init.body = typeof data === 'string' ? data : JSON.stringify(data)
      const giveUp = new AbortController()
      const timer = setTimeout(() => giveUp.abort(), timeout)
      fetch(target, { ...init, signal: giveUp.signal }).then(async (response) => {
        const text = await response.text()
        let body = text
        try { body = JSON.parse(text) } catch (error) { /* stays text, as in WeChat */ }
        const result = { statusCode: response.status, header: Object.fromEntries(response.headers), data: body }
        return () => finish(options, 'request', '', result)
      }).catch((error) => () => finish(options, 'request', error.message)).then((report) => {
        clearTimeout(timer)
        report()
      })
    },

    connectSocket(options) {
      if (sockets.size >= 5) throw new Error('WeChat allows no more than 5 sockets at once')
      const socket = new WebSocket(socketAddress(options))
      const listeners = { open: [], message: [], close: [], error: [] }
      const emit = (name, event) => listeners[name].forEach((listener) => guard(() => listener(event)))
      const gone = (code, reason) => { if (sockets.delete(task)) emit('close', { code, reason }) }
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
          socket.close(closeOptions.code || 1000, closeOptions.reason)
          finish(closeOptions, 'closeSocket', '')
        },
        /** The network takes the socket away. */
        cut() {
          socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null
          socket.close()
          emit('error', { errMsg: 'abnormal' })
          gone(1006, 'abnormal closure')
        },
      }
      sockets.add(task)
      socket.onopen = () => emit('open', { header: {} })
      socket.onmessage = ({ data }) => emit('message', { data })
      socket.onerror = () => emit('error', { errMsg: 'connect failed' })
      socket.onclose = ({ code, reason }) => gone(code, reason)
      setTimeout(() => finish(options, 'connectSocket', ''), 0)
      return task
    },

    onNetworkStatusChange: (listener) => { networkListeners.add(listener) },
    offNetworkStatusChange: (listener) => { networkListeners.delete(listener) },

    // ---- storage: values keep their type ----
    getStorageSync(key) {
      const text = localStorage.getItem(`storage ${key}`)
      return text === null ? '' : JSON.parse(text)
    },
    setStorageSync: (key, value) => localStorage.setItem(`storage ${key}`, JSON.stringify(value)),
    removeStorageSync: (key) => localStorage.removeItem(`storage ${key}`),

    // ---- pages ----
    navigateTo: ({ url }) => phone.navigate('push', url),
    redirectTo: ({ url }) => phone.navigate('replace', url),
    setNavigationBarTitle: ({ title }) => phone.setTitle(title),
    createSelectorQuery: () => ({ in: (component) => component.createSelectorQuery() }),
    pageScrollTo({ scrollTop }) {
      requestAnimationFrame(() => { document.querySelector('phone-view:not([hidden]) wx-page').scrollTop = scrollTop })
    },

    setClipboardData(options) {
      clipboard = options.data
      wx.showToast({ title: '内容已复制' }) // WeChat says so by itself
      finish(options, 'setClipboardData', '')
    },

    // ---- dialogs ----
    showToast({ title, duration = 1500 }) {
      const toast = document.createElement('phone-toast')
      toast.textContent = title
      document.body.append(toast)
      setTimeout(() => toast.remove(), duration)
    },
    showActionSheet(options) {
      const shade = document.createElement('phone-shade')
      const sheet = document.createElement('phone-sheet')
      const close = (report) => {
        shade.remove()
        sheet.remove()
        report()
      }
      const addLine = (text, onTap) => {
        const line = document.createElement('div')
        line.textContent = text
        if (onTap) line.addEventListener('click', () => close(onTap))
        sheet.append(line)
      }
      if (options.alertText) addLine(options.alertText)
      options.itemList.forEach((text, tapIndex) => addLine(text, () => finish(options, 'showActionSheet', '', { tapIndex })))
      addLine('取消', () => finish(options, 'showActionSheet', 'cancel'))
      document.body.append(shade, sheet)
    },
    hideKeyboard(options = {}) {
      const focused = document.activeElement && /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)
      if (focused) document.activeElement.blur()
      finish(options, 'hideKeyboard', focused ? '' : 'input not exists')
    },
  }

  const tellNetwork = (isConnected) => {
    for (const listener of networkListeners) guard(() => listener({ isConnected, networkType: isConnected ? 'wifi' : 'none' }))
  }
  addEventListener('online', () => tellNetwork(true))
  addEventListener('offline', () => tellNetwork(false))

  return {
    wx: new Proxy(wx, {
      get(target, name) {
        if (name in target || typeof name === 'symbol') return target[name]
        phone.unsupported(`wx.${name}`)
        throw new Error(`wx.${name} is not provided`)
      },
    }),
    sockets,
    clipboard: () => clipboard,
  }
}
