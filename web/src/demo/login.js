// -- their tokens, where the server asks for a login: one for each phone, kept as long as the browser's tab -----------
let loginNeeded = false
const tokens = [null, null]

/** {text, sub, exp, soon} of a user token, for display and timing only: whether it is good is for the server to say. */
function readToken(text) {
  try {
    const bytes = Uint8Array.from(atob(/^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text)[1].replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0))
    const { sub, exp, iat = Date.now() / 1000 } = JSON.parse(new TextDecoder().decode(bytes)), life = exp - iat
    if (typeof sub !== 'string' || !VALID_ID.test(sub) || !(life > 0)) return null
    return { text, sub, exp: exp * 1000, soon: exp * 1000 - Math.min(SOON, life * 100) }  // at a tenth of its life, at most 5 min
  } catch { return null }
}

function keepToken(index, token) {
  tokens[index] = token
  try { sessionStorage.setItem('hongyan.tokens', JSON.stringify(tokens.map(one => one?.text ?? null))) } catch { /* forbidden: until the page is left */ }
}

/** The tab that the address names. A token in it (`#token=…`, `#v1&token=…`) goes to the phone of its user, or a free one. */
function readAddress() {
  const parts = location.hash.slice(1).split('&'), at = parts.findIndex(part => part.startsWith('token='))
  if (at < 0) return parts[0]
  const [given] = parts.splice(at, 1), text = given.slice('token='.length), token = readToken(text)
  history.replaceState(null, '', `${location.pathname}${location.search}${parts[0] ? `#${parts[0]}` : ''}`)  // before anybody sees it
  const index = [people.findIndex(one => one.id === token?.sub), tokens.indexOf(null), 0].find(one => one >= 0)
  if (phones.length) phones[index].signIn(text)
  else if (token) useToken(index, token)
  return parts[0] ?? tab
}

function useToken(index, token) {
  keepToken(index, token)
  if (people[index].id !== token.sub) people[index] = { id: token.sub, name: token.sub }
}

const frame = $('.frame'), narrow = matchMedia('(max-width: 719px)')
const TABS = { classic: [new ClassicPhone(0), new ClassicPhone(1)], v1: [new V1Phone(0), new V1Phone(1)] }
let tab, phones = []

/** On a narrow screen one phone is in sight: its index; otherwise undefined stands for both. */
function shown() {
  return narrow.matches ? Number(frame.dataset.shown) : undefined
}

function show(index) {
  frame.dataset.shown = index
  for (const phone of phones) {
    phone.tab.setAttribute('aria-pressed', String(phone.index === index))
    phone.seen(phone.index === index || !narrow.matches)
  }
}

/**
 * The tab that the address names. Only its two phones are connected, or whoever goes offline in the one would still be
 * online in the other; v1 keeps its positions meanwhile, so that coming back to it is a resume.
 */
function turnTo(name) {
  if (!TABS[name]) name = 'classic'
  if (name === tab) return
  for (const phone of phones) { phone.stop(); phone.root.remove() }
  tab = name
  phones = TABS[tab]
  for (const link of document.querySelectorAll('.tabs a')) {
    if (link.hash === `#${tab}`) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current')
  }
  for (const card of document.querySelectorAll('[data-tab]')) card.hidden = card.dataset.tab !== tab
  $('.switch').replaceChildren(...phones.map(phone => phone.tab))
  $('.switch').after(...phones.map(phone => phone.root))
  for (const phone of phones) phone.start()
  translate()
  show(Number(frame.dataset.shown))
}

/** The goose carries a letter to phone `to`. */
function fly(to) {
  const goose = $('.flyer'), turn = to === 1 ? 'scaleX(1)' : 'scaleX(-1)', from = to === 1 ? -220 : 220
  if (!goose.animate || goose.getAnimations().length || matchMedia('(prefers-reduced-motion: reduce)').matches) return
  goose.style.transform = turn
  goose.animate([
    { transform: `translate(0, 0) ${turn}` }, { transform: `translate(${-from}px, -26px) ${turn}`, offset: .45 },
    { transform: `translate(${from}px, 14px) ${turn}`, offset: .4501 }, { transform: `translate(0, 0) ${turn}` },
  ], { duration: 2400, easing: 'ease-in-out' })
}
