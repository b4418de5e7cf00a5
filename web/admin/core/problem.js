// What goes wrong, in the server's own words (RFC 9457), and how a reason travels in a header.

export const WHY_MAX = 200

export class Problem extends Error {
  /** @param {{status: number, title?: string, detail?: string}} facts `status` 0: there was no answer */
  constructor({ status, title = '', detail = '' }) {
    super(detail || title || String(status))
    Object.assign(this, { status, title, detail })
  }
}

/** Of an answer that is no success; a proxy's, which is no problem document, has its status alone. */
export function problemOf(status, text) {
  try {
    const { title, detail } = JSON.parse(text)
    return new Problem({ status, title: String(title || ''), detail: String(detail || '') })
  } catch {
    return new Problem({ status })
  }
}

/** Whether a reason may be sent: 1 to 200 characters, as people count them, spaces around it aside. */
export function isWhy(text) {
  const { length } = Array.from(text.trim())
  return length >= 1 && length <= WHY_MAX
}

/** UTF-8, percent-encoded: a header takes ASCII alone. Halves of a pair, which have no UTF-8, become U+FFFD. */
export const encodeWhy = (text) => encodeURIComponent(Array.from(text.trim(), (one) => (/^[\ud800-\udfff]$/.test(one) ? '\ufffd' : one)).join(''))

/** What a header can carry: a key with anything else in it is none. */
export const isKey = (text) => /^[\x21-\x7e]{1,1024}$/.test(text)
