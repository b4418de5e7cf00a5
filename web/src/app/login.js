// Who somebody is: by the token in the address or one that is pasted, kept as long as the browser's tab; on a server without a login
// whoever they say.

const TOKEN_KEY = 'hongyan-web:token'
const USER_KEY = 'hongyan-web:user'
const ASK_MS = 8_000

/** Where the server is: the page's own folder. */
export const SERVER = new URL('.', location.href).href.replace(/\/$/, '')

/** An id as the server takes it. */
export const isUserId = (text) => /^[A-Za-z0-9_\-.:@]{1,64}$/.test(text)

/** Whose token it is, as it says: to show at once what is kept of them. Whether it is good is for the server to say. */
export function userOf(token) {
  try {
    const bytes = Uint8Array.from(atob(token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0))
    const { sub } = JSON.parse(new TextDecoder().decode(bytes))
    return typeof sub === 'string' && isUserId(sub) ? sub : null
  } catch { // no token
    return null
  }
}

export class Login {
  constructor() {
    this.token = session(TOKEN_KEY)
    this.userId = this.token ? null : session(USER_KEY)
    this.takeFromAddress()
  }

  get isKnown() { return Boolean(this.token || this.userId) }

  /** `#token=…` goes out of the address before anybody sees it; what else stands there stays. True: there was one. */
  takeFromAddress() {
    const parts = location.hash.slice(1).split('&')
    const at = parts.findIndex((part) => part.startsWith('token='))
    if (at < 0) return false
    const [given] = parts.splice(at, 1)
    history.replaceState(null, '', `${location.pathname}${location.search}${parts[0] ? `#${parts.join('&')}` : ''}`)
    this.useToken(given.slice('token='.length))
    return true
  }

  useToken(token) {
    this.token = token
    this.userId = null
    keep(TOKEN_KEY, token)
    keep(USER_KEY, null)
  }

  /** On a server without a login. */
  choose(userId) {
    this.userId = userId
    keep(USER_KEY, userId)
  }

  forget() {
    this.token = this.userId = null
    keep(TOKEN_KEY, null)
    keep(USER_KEY, null)
  }

  /** 'token' or 'demo', as the server wants it; rejects when it does not answer. */
  async wanted() {
    const { status } = await ask('getMessage?userId=1&limit=1')
    return status === 401 ? 'token' : 'demo'
  }

  /** For the client. A new one can only come from outside; one that the server takes still is good. null: there is none. */
  async tokenFor(reason) {
    const { token } = this
    if (reason === 'start') return token
    if (reason === 'expiring') throw new Error('there is no newer token')
    const { status } = await ask('v1/conversations?limit=1', token)
    if (status >= 500) throw new Error(`the server answered ${status}`)
    return status === 401 ? null : this.token
  }
}

function ask(path, token) {
  const abort = new AbortController()
  setTimeout(() => abort.abort(), ASK_MS)
  return fetch(`${SERVER}/${path}`, { cache: 'no-store', signal: abort.signal, headers: token ? { Authorization: `Bearer ${token}` } : {} })
}

function session(key) {
  try {
    return sessionStorage.getItem(key)
  } catch { // forbidden
    return null
  }
}

function keep(key, value) {
  try {
    if (value) sessionStorage.setItem(key, value)
    else sessionStorage.removeItem(key)
  } catch { /* forbidden: until the page is left */ }
}
