/** hongyan-client: chat with a Hongyan server, from wherever it runs. */

import { Client as Core, type ClientOptions } from './client.js'
import { guessMini, unknownHost } from './guess.js'
import type { Host } from './host.js'
import { browserTransport } from './hosts/browser.js'

function guess(): Host {
  const host = guessMini() ?? (typeof document !== 'undefined' ? browserTransport() : undefined)
  if (!host) throw new Error(unknownHost)
  return host
}

/** A client; without a transport it guesses where it runs. */
export class Client extends Core {
  constructor(options: Omit<ClientOptions, 'transport'> & { transport?: Host }) {
    super({ ...options, transport: options.transport ?? guess() })
  }
}

export { browserTransport }
export * from './exports.js'
