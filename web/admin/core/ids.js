// What may stand in a path: the server's own rules, so that a slip is told before it is sent.

export const isId = (text) => /^[A-Za-z0-9_.:@-]{1,64}$/.test(text)
export const isMessageId = (text) => /^[1-9][0-9]{0,18}$/.test(text)
export const isFileId = (text) => /^[0-9a-f]{32}$/.test(text)

/** The name in a Content-Disposition; the starred one, which has all letters, goes first. */
export function nameIn(disposition) {
  const starred = /filename\*=UTF-8''([^;]+)/i.exec(disposition || '')
  if (starred) {
    try {
      return decodeURIComponent(starred[1])
    } catch { /* the other one, then */ }
  }
  const plain = /filename="((?:[^"\\]|\\.)*)"/i.exec(disposition || '')
  return plain ? plain[1].replace(/\\(.)/g, '$1') : ''
}
