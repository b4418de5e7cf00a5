import type { Host } from './host.js'
import { myTransport } from './hosts/my.js'
import { ttTransport } from './hosts/tt.js'
import { uniTransport } from './hosts/uni.js'
import { wxTransport } from './hosts/wx.js'

declare const uni: unknown, my: any, tt: any, qq: any, wx: any

/** The mini-program host that this runs in; undefined: it is none that is known. uni-app's first, since it brings others' along. */
export function guessMini(): Host | undefined {
  if (typeof uni !== 'undefined' && uni) return uniTransport()
  if (typeof my !== 'undefined' && my.connectSocket) return myTransport()
  if (typeof tt !== 'undefined' && tt.connectSocket) return ttTransport()
  if (typeof qq !== 'undefined' && qq.connectSocket) return wxTransport(qq)
  if (typeof wx !== 'undefined' && wx.connectSocket) return wxTransport()
  return undefined
}

export const unknownHost = 'hongyan-client does not know where it runs: give it a transport, as nodeTransport() of hongyan-client/node'
