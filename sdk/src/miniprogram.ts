/** The one file that WeChat's own packing takes: without what only browsers have. */

import { Client as Core, type ClientOptions } from './client.js'
import { guessMini, unknownHost } from './guess.js'
import type { Host } from './host.js'

/** A client; without a transport it guesses where it runs. */
export class Client extends Core {
  constructor(options: Omit<ClientOptions, 'transport'> & { transport?: Host }) {
    const transport = options.transport ?? guessMini()
    if (!transport) throw new Error(unknownHost)
    super({ ...options, transport })
  }
}

export * from './exports.js'
