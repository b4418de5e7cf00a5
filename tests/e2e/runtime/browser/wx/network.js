// Requests, uploads and downloads. The app's server addresses lead to the test's servers.

import { guard } from '../report.js'
import { finish, listeners, methods } from './answers.js'

const headersOf = (lines) => Object.fromEntries(lines.trim().split(/\r?\n/).filter(Boolean).map((line) => {
  const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line)
  return [name, value]
}))

/** The listeners that a task has, and what calls them. */
function taskListeners() {
  const { api, tell } = listeners('ProgressUpdate', 'HeadersReceived')
  return { api, tell }
}

export function createNetwork(phone) {
  function request(options) {
    const { url, method = 'GET', data, header = {}, timeout = 60000, responseType = 'text', dataType = 'json' } = options
    const target = new URL(phone.leadsTo(url))
    const init = { method, headers: { 'content-type': 'application/json', ...header }, credentials: 'omit', cache: 'no-store' }
    if (method === 'GET') for (const [key, value] of Object.entries(data || {})) target.searchParams.set(key, value)
    else if (data !== undefined) init.body = typeof data === 'string' || data instanceof ArrayBuffer ? data : JSON.stringify(data)
    const giveUp = new AbortController()
    const { api, tell } = taskListeners()
    const timer = setTimeout(() => giveUp.abort(new Error('timeout')), timeout)
    fetch(target, { ...init, signal: giveUp.signal }).then(async (response) => {
      const headers = Object.fromEntries(response.headers)
      tell('HeadersReceived', { header: headers, statusCode: response.status })
      let body = responseType === 'arraybuffer' ? await response.arrayBuffer() : await response.text()
      if (responseType === 'text' && dataType === 'json') {
        try { body = JSON.parse(body) } catch (error) { /* stays text, as in WeChat */ }
      }
      return () => finish(options, 'request', '', { statusCode: response.status, header: headers, data: body })
    }).catch((error) => () => finish(options, 'request', error.message)).then((report) => {
      clearTimeout(timer)
      report()
    })
    return { abort: () => giveUp.abort(new Error('abort')), onHeadersReceived: api.onHeadersReceived, offHeadersReceived: api.offHeadersReceived }
  }

  /** By XMLHttpRequest, which tells how far an upload is. */
  function transfer(name, options, prepare, take) {
    const xhr = new XMLHttpRequest()
    const { api, tell } = taskListeners()
    const told = (loaded, total) => tell('ProgressUpdate', {
      progress: total ? Math.round(loaded / total * 100) : 0,
      totalBytesSent: loaded, totalBytesExpectedToSend: total, totalBytesWritten: loaded, totalBytesExpectedToWrite: total,
    })
    let failure = 'network error'
    xhr.timeout = options.timeout || 60000
    xhr.ontimeout = () => { failure = 'timeout' }
    xhr.onabort = () => { failure = 'abort' }
    const answer = () => {
      if (xhr.status === 0) return finish(options, name, failure)
      const headers = headersOf(xhr.getAllResponseHeaders())
      tell('HeadersReceived', { header: headers, statusCode: xhr.status })
      return finish(options, name, '', { statusCode: xhr.status, header: headers, ...take(xhr, headers) })
    }
    xhr.onloadend = () => guard(answer)
    setTimeout(() => {
      let body
      try { body = prepare(xhr, told) } catch (error) { return finish(options, name, error.message) }
      for (const [key, value] of Object.entries(options.header || {})) {
        if (key.toLowerCase() !== 'content-type') xhr.setRequestHeader(key, value)
      }
      return xhr.send(body)
    }, 0)
    return { abort: () => xhr.abort(), ...api }
  }

  const uploadFile = (options) => transfer('uploadFile', options, (xhr, told) => {
    const { url, filePath, name, formData = {} } = options
    const form = new FormData()
    for (const [key, value] of Object.entries(formData)) form.append(key, value)
    form.append(name, phone.files.blob(filePath), filePath.split('/').pop())
    xhr.open('POST', phone.leadsTo(url))
    xhr.upload.onprogress = ({ loaded, total }) => told(loaded, total)
    return form
  }, (xhr) => ({ data: xhr.responseText }))

  const downloadFile = (options) => transfer('downloadFile', options, (xhr, told) => {
    xhr.open('GET', phone.leadsTo(options.url))
    xhr.responseType = 'arraybuffer'
    xhr.onprogress = ({ loaded, total }) => told(loaded, total)
  }, (xhr, headers) => {
    const bytes = new Uint8Array(xhr.response)
    const type = headers['content-type'] || ''
    if (options.filePath) {
      phone.files.write(options.filePath, bytes, type)
      return { filePath: options.filePath }
    }
    return { tempFilePath: phone.files.temporary(bytes, type) }
  })

  const networkType = (isConnected) => (isConnected ? 'wifi' : 'none')
  const { api, tell } = listeners('NetworkStatusChange')
  const changed = (isConnected) => tell('NetworkStatusChange', { isConnected, networkType: networkType(isConnected) })
  addEventListener('online', () => changed(true))
  addEventListener('offline', () => changed(false))

  return {
    request, uploadFile, downloadFile, ...api,
    ...methods({ getNetworkType: () => ({ networkType: networkType(navigator.onLine) }) }),
  }
}
