/** What the mini-program hosts have in common: one object with callbacks, called wx, uni, Taro, my, tt or qq. */

import type { Host, Socket, SocketListener, UploadRequest } from '../host.js'

/** The part of such an object that is used. */
export interface MiniApi {
  connectSocket(options: Record<string, unknown>): any
  getStorageSync(key: any): any
  setStorageSync(key: any, value?: any): unknown
  removeStorageSync(key: any): unknown
  getStorageInfoSync(): { keys: string[] }
  onAppShow?(listener: () => void): void
  offAppShow?(listener: () => void): void
  onAppHide?(listener: () => void): void
  offAppHide?(listener: () => void): void
  onNetworkStatusChange?(listener: (status: { isConnected: boolean }) => void): void
  offNetworkStatusChange?(listener: (status: { isConnected: boolean }) => void): void
  uploadFile(options: Record<string, unknown>): any
}

/** How this host differs. */
export interface MiniDialect {
  /** It takes subprotocols. */
  protocols?: boolean
  /** What else connectSocket wants. */
  socketOptions?: Record<string, unknown>
  /** Keys and values in an object (Alipay). */
  storageByObject?: boolean
  /** What else uploadFile wants, and calls otherwise. */
  uploadOptions?: (request: UploadRequest) => Record<string, unknown>
}

const bare = () => {}

/** Some hosts answer the task, some a promise of it, some (uni without callbacks) nothing. */
function connect(api: MiniApi, dialect: MiniDialect, url: string, token: string | null, to: SocketListener): Socket {
  let task: any
  let isOpen = false
  let isOver = false
  const over = (code: number, reason: string) => {
    if (isOver) return
    isOver = true
    isOpen = false
    to.closed(code, reason)
  }
  const failed = (failure: any) => {
    const why = String(failure?.errMsg ?? failure?.errorMessage ?? '')
    over(/\b401\b/.test(why) ? 4001 : 1006, why)
  }
  // `closeSocket:fail task not found` of one that is dead: it is closed, then.
  const close = () => {
    try {
      const done = task?.close({ code: 1000, reason: '', success: bare, fail: bare, complete: bare })
      done?.catch?.(bare)
    } catch { /* likewise */ }
  }
  const attach = (made: any) => {
    if (!made || task) return
    task = made
    if (isOver) close()
    task.onOpen(() => {
      if (isOver) return close() // it did not let itself be closed before
      isOpen = true
      to.opened()
    })
    task.onMessage(({ data }: any) => { if (!isOver) to.received(typeof data === 'object' && data ? data.data : data) })
    task.onClose(({ code, reason }: any = {}) => over(code ?? 1006, reason ?? ''))
    task.onError((failure: any) => {
      failed(failure)
      close()
    })
  }
  const made = api.connectSocket({
    url,
    header: token ? { Authorization: `Bearer ${token}` } : {},
    ...(dialect.protocols === false ? {} : { protocols: ['hongyan.v1'] }),
    ...dialect.socketOptions,
    success: bare,
    fail: failed,
    complete: bare,
  })
  if (made && typeof made.then === 'function' && !made.onOpen) made.then(attach, failed)
  else attach(made)
  return {
    send(text) {
      if (!isOpen) throw new Error('the socket is not open')
      const sent = task.send({ data: text, success: bare, fail: () => over(1006, 'send failed'), complete: bare })
      sent?.catch?.(bare)
    },
    close() {
      if (task) close()
      over(1000, '')
    },
  }
}

/** @param api the host's object, as `wx` */
export function miniHost(api: MiniApi, dialect: MiniDialect = {}): Host {
  const keyed = (key: string) => dialect.storageByObject ? { key } : key
  return {
    connect: (url, token, to) => connect(api, dialect, url, token, to),
    storage: {
      get(key) {
        const found = api.getStorageSync(keyed(key))
        const text = dialect.storageByObject ? found?.data : found
        return typeof text === 'string' && text !== '' ? text : null
      },
      set(key, text) {
        const failed: any = dialect.storageByObject ? api.setStorageSync({ key, data: text }) : api.setStorageSync(key, text)
        if (failed?.error) throw new Error(failed.errorMessage) // Alipay throws nothing
      },
      remove: (key) => { api.removeStorageSync(keyed(key)) },
      keys: () => api.getStorageInfoSync().keys,
    },
    setTimeout: (act, ms) => setTimeout(act, ms),
    clearTimeout: (timer) => clearTimeout(timer as any),
    onWake(listener) {
      const show = () => listener(true)
      const hide = () => listener(false)
      const network = ({ isConnected }: { isConnected: boolean }) => listener(isConnected)
      api.onAppShow?.(show)
      api.onAppHide?.(hide)
      api.onNetworkStatusChange?.(network)
      return () => {
        api.offAppShow?.(show)
        api.offAppHide?.(hide)
        api.offNetworkStatusChange?.(network)
      }
    },
    upload: (request) => new Promise((resolve, reject) => {
      const { url, token, file, seconds, progress } = request
      const task = api.uploadFile({
        url, filePath: file, name: 'file',
        header: token ? { Authorization: `Bearer ${token}` } : {},
        formData: seconds === undefined ? {} : { seconds: String(seconds) },
        ...dialect.uploadOptions?.(request),
        success: ({ statusCode, data }: any) => resolve({ status: statusCode, text: typeof data === 'string' ? data : JSON.stringify(data) }),
        fail: ({ errMsg, errorMessage }: any = {}) => reject(new Error(String(errMsg ?? errorMessage ?? 'uploadFile failed'))),
        complete: bare,
      })
      task?.catch?.(bare)
      if (progress) task?.onProgressUpdate?.(({ totalBytesSent, totalBytesExpectedToSend }: any) => progress(totalBytesSent, totalBytesExpectedToSend))
    }),
    ...(dialect.protocols === false ? { withoutSubprotocols: true } : {}),
  }
}
