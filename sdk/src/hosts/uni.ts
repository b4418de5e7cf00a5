import type { Host } from '../host.js'
import { miniHost, type MiniApi } from './mini.js'

declare const uni: MiniApi

/** uni-app, on whatever it is built for but Alipay, which offers no subprotocols. */
export const uniTransport = (api: MiniApi = uni): Host => miniHost(api, { socketOptions: { multiple: true } })
