import type { Host } from '../host.js'
import { miniHost, type MiniApi } from './mini.js'

declare const my: MiniApi

/** Alipay: a task only with `multiple`, no subprotocols, storage by objects, and files have a type. */
export const myTransport = (api: MiniApi = my): Host => miniHost(api, {
  protocols: false,
  socketOptions: { multiple: true },
  storageByObject: true,
  uploadOptions: () => ({ fileName: 'file', fileType: 'image' }),
})
