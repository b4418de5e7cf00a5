// -- small tools --------------------------------------------------------------------------------------------------
const $ = (selector, root = document) => root.querySelector(selector)
const sleep = ms => new Promise(done => setTimeout(done, ms))

/** An element with a class and, as plain text, its content. */
function element(tag, className = '', text = '') {
  const made = document.createElement(tag)
  made.className = className
  made.textContent = text
  return made
}

const AVATAR_COLOURS = ['#4d7a45', '#2f7386', '#a85a36', '#62659f', '#96507a', '#7d6530']

/** An avatar drawn from the first character of the name, coloured by the id. */
function avatar(person, size = 38) {
  const make = (tag, attributes, parent) => {
    const node = document.createElementNS('http://www.w3.org/2000/svg', tag)
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value)
    return parent ? parent.appendChild(node) : node
  }
  let sum = 0
  for (const letter of person.id) sum += letter.codePointAt(0)
  const svg = make('svg', { width: size, height: size, viewBox: '0 0 38 38', 'aria-hidden': 'true' })
  make('rect', { width: 38, height: 38, rx: 8, fill: AVATAR_COLOURS[sum % AVATAR_COLOURS.length] }, svg)
  make('text', { x: 19, y: 25.2, fill: '#fff', 'font-size': 17, 'text-anchor': 'middle' }, svg)
    .textContent = [...(person.name || person.id)][0].toUpperCase()
  return svg
}

/** One of the drawings at the top of the page. */
function icon(name, size = 18) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), use = svg.appendChild(document.createElementNS(svg.namespaceURI, 'use'))
  for (const [key, value] of Object.entries({ class: 'icon', width: size, height: size, 'aria-hidden': 'true' })) svg.setAttribute(key, value)
  use.setAttribute('href', `#${name}`)
  return svg
}

/** A button that does not send its form. */
function push(className, label, ...content) {
  const made = element('button', className)
  made.type = 'button'
  if (label) made.setAttribute('aria-label', label)
  made.append(...content)
  return made
}

const cut = (text, length) => [...text].length > length ? `${[...text].slice(0, length).join('')}…` : text
const cutMiddle = (text, length) => [...text].length > length ? `${[...text].slice(0, length - 10).join('')}…${[...text].slice(-9).join('')}` : text
const sizeText = bytes => bytes < 1e6 ? `${number(Math.ceil(bytes / 1024))} KB` : `${number(bytes / 1048576, 1)} MB`
const randomId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')

/** fetch with a deadline; anything but 2xx throws an Error with `.status`, `.retryAfter` and the problem's own words. */
async function ask(path, { deadline = 10_000, ...options } = {}) {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), deadline)
  try {
    const response = await fetch(path, { cache: 'no-store', ...options, signal: abort.signal }).catch(() => { throw new Error(say('noAnswer')) })
    if (response.ok) return response
    const problem = await response.json().catch(() => ({}))
    const words = [problem.title, problem.detail].filter(word => typeof word === 'string' && word)
    throw Object.assign(new Error(words.join(': ') || `HTTP ${response.status}`),
      { status: response.status, retryAfter: Number(response.headers.get('Retry-After')) || 0 })
  } finally { clearTimeout(timer) }
}

/** A date line as WeChat writes it: the nearer, the shorter. `text` is the server's local time without offset. */
function dateLine(text) {
  const date = new Date(text), now = new Date()
  if (isNaN(date)) return String(text ?? '')
  const clock = `${date.getHours()}:${String(date.getMinutes()).padStart(2, '0')}`
  const days = Math.round((new Date(now).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 864e5)
  if (days <= 0) return clock
  if (days === 1) return `${say('yesterday')} ${clock}`
  const shape = days < 7 ? { weekday: 'long' } : { month: language === 'zh' ? 'long' : 'short', day: 'numeric', year: date.getFullYear() === now.getFullYear() ? undefined : 'numeric' }
  return `${date.toLocaleDateString(language === 'zh' ? 'zh-CN' : 'en', shape)} ${clock}`
}
