import type { Host } from '../host.js'
import { miniHost, type MiniApi } from './mini.js'

declare const wx: MiniApi

/** WeChat, and who does as WeChat: QQ, Kuaishou. */
export const wxTransport = (api: MiniApi = wx): Host => miniHost(api)
