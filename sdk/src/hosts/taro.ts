import type { Host } from '../host.js'
import { miniHost, type MiniApi } from './mini.js'

/** Taro 4: `import Taro from '@tarojs/taro'`, and give it here. Its connectSocket answers a promise. */
export const taroTransport = (taro: MiniApi): Host => miniHost(taro)
