import type { Host } from '../host.js'
import { miniHost, type MiniApi } from './mini.js'

declare const tt: MiniApi

/** Douyin: it fails when the subprotocol that it offers is not selected; the server selects it. */
export const ttTransport = (api: MiniApi = tt): Host => miniHost(api)
