'use strict'
// What the title and the strip under it say of the connection.

const TITLE_MS = 3_000
const STRIP_MS = 10_000
const NETWORK_STRIP_MS = 3_000

/**
 * @param {{state: string, since: number, hasNetwork: boolean, isSyncing: boolean}} facts state: the client's; since: when the client
 *   was online last, or, when the phone has no network, since when that is so; isSyncing: online, and not yet `synced`
 * @param {number} now by the same clock as `since`
 * @returns {{title: null|'offline'|'connecting'|'updating', strip: null|'network'|'connecting', nextChangeIn: number|null}}
 *   nextChangeIn: after so many ms it is another without any event
 */
function connectionView({ state, since, hasNetwork, isSyncing }, now) {
  const view = (title, strip, at) => ({ title, strip, nextChangeIn: at === undefined ? null : Math.max(0, at - now) })
  if (state === 'idle') return view(null, null)
  if (!hasNetwork) {
    const at = since + NETWORK_STRIP_MS
    return now >= at ? view('offline', 'network') : view('offline', null, at)
  }
  if (state === 'online') return view(isSyncing ? 'updating' : null, null)
  if (state !== 'connecting' && state !== 'waiting') return view('offline', null)
  if (now < since + TITLE_MS) return view(null, null, since + TITLE_MS)
  if (now < since + STRIP_MS) return view('connecting', null, since + STRIP_MS)
  return view('connecting', 'connecting')
}

module.exports = { connectionView }
