// -- a phone: one user before one list; what is behind it is in the two classes after this --------------------------
const DATE_GAP = 5 * 60_000, KEPT = 500, PAGE = 50, FIRST_DELAY = 500, LONGEST_DELAY = 10_000, SEND_TRIES = 5, ID_SHOWN = 24, NAME_SHOWN = 24
const SOON = 5 * 60_000, TIMER_MAX = 3_600_000
const VALID_ID = /^(?!\.\.?$)[A-Za-z0-9_\-.:@]{1,64}$/  // "." and ".." cannot stand in a path

class Phone {
  constructor(index, id) {
    Object.assign(this, { index, unread: 0, state: 'connecting', stick: true })
    this.root = $('#phone').content.cloneNode(true).firstElementChild
    this.root.id = `${id}-${index}`
    this.root.classList.add('ab'[index])
    this.list = $('.log', this.root)
    this.input = $('textarea', this.root)
    this.tab = element('button')
    this.tab.type = 'button'
    this.tab.onclick = () => show(index)
    this.listen()
  }

  get me() { return people[this.index] }
  get peer() { return people[1 - this.index] }

  listen() {
    const edit = $('.edit', this.root), change = $('.change', this.root)
    const open = yes => {
      edit.hidden = !yes
      change.setAttribute('aria-expanded', String(yes))
      $('.wrong', edit).hidden = true
      if (yes) { edit.elements.id.value = this.me.id; edit.elements.name.value = this.me.name; edit.elements.id.select() } else change.focus()
    }
    change.onclick = () => open(edit.hidden)
    edit.onkeydown = event => { if (event.key === 'Escape') open(false) }
    edit.onsubmit = event => {
      event.preventDefault()
      const id = edit.elements.id.value.trim(), name = edit.elements.name.value.trim()
      const wrong = $('.wrong', edit)
      wrong.textContent = say('wrongId')
      wrong.hidden = VALID_ID.test(id)
      if (!wrong.hidden) return edit.elements.id.focus()
      open(false)
      people[this.index] = { id, name: name || id }
      remembered('people', people)
      if (this.token && this.token.sub !== id) keepToken(this.index, null)
      for (const phone of phones) phone.start()
    }

    $('.composer', this.root).onsubmit = event => { event.preventDefault(); this.send() }
    this.input.onkeydown = event => {  // Enter that chooses a candidate in an input method is not a send
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
      event.preventDefault()
      this.send()
    }
    this.input.oninput = () => { this.fit(); this.typed() }
    this.list.onscroll = () => {
      this.stick = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 48
      if (this.stick) { $('.newest', this.root).hidden = true; this.scrolled() }
      if (this.list.scrollTop < 60) this.older()
    }
    new ResizeObserver(() => this.toNewest()).observe(this.list)
    $('.newest', this.root).onclick = () => { this.toNewest(true); this.input.focus() }
    $('.notice button', this.root).onclick = () => this.noticed()
    $('.login', this.root).onsubmit = event => { event.preventDefault(); this.signIn(event.target.elements.token.value.trim()) }
  }

  // -- the login, where the server asks for one

  get token() { return tokens[this.index] }
  get authorization() { return this.token ? { Authorization: `Bearer ${this.token.text}` } : {} }

  /** At a start: what is asked of the person, and when to say that the token will end. */
  mindToken() {
    this.askForToken(this.token || !loginNeeded ? '' : 'needToken')
    clearTimeout(this.endsTimer)
    const look = () => {
      const left = this.token.soon - Date.now()
      if (left <= 0) return this.askForToken('endsSoon')
      this.endsTimer = setTimeout(look, Math.min(left, TIMER_MAX))
    }
    if (this.token) look()
  }

  /** `why`: needToken, badToken, endsSoon, or nothing. Who was in before stays on the screen. */
  askForToken(why) {
    const form = $('.login', this.root)
    if (form.hidden || !why) { form.elements.token.value = ''; $('.not-taken', form).hidden = true }
    this.asked = why
    form.hidden = !why
    $('.ask', form).textContent = why && say(why, this.token && dateLine(this.token.exp))
    this.root.classList.toggle('out', Boolean(why) && !this.token && !this.wasIn)
  }

  /** As ask(), with the token. One that is not taken is asked for anew, unless that was done meanwhile. */
  async request(path, options = {}) {
    const { token } = this
    try { return await ask(path, { ...options, headers: { ...options.headers, ...this.authorization } }) } catch (error) {
      if (error.status === 401 && token === this.token) this.lock()
      throw error
    }
  }

  get whereToCheck() { return `/getMessage?userId=${encodeURIComponent(this.me.id)}&limit=1` }

  /** A browser does not tell why a socket did not open. A request does, if it was for want of a token. */
  checkToken() { this.request(this.whereToCheck).catch(() => {}) }

  /** The server wants a token, or another one than this. */
  tokenRefused() {
    const why = this.token ? 'badToken' : this.asked || 'needToken'
    loginNeeded = true
    clearTimeout(this.endsTimer)
    keepToken(this.index, null)
    this.askForToken(why)
  }

  /** With a token of the same user everything goes on; with another's it begins anew. */
  async signIn(text) {
    const wrong = $('.not-taken', this.root), token = readToken(text), before = this.token
    wrong.textContent = say('noToken')
    wrong.hidden = Boolean(token)
    if (!token) return
    keepToken(this.index, token)
    if (token.sub !== this.me.id) {
      useToken(this.index, token)
      for (const phone of phones) phone.start()
      return
    }
    try { await this.renew() } catch (error) {
      keepToken(this.index, before)
      wrong.textContent = error.message
      wrong.hidden = false
      return
    }
    this.mindToken()
  }

  /** The bar above the list. `spoken`: read out; a countdown and what the state line says already are not. */
  notice(text, action = say('close'), spoken = action === say('close')) {
    const bar = $('.notice', this.root)
    bar.classList.remove('fine')
    bar.setAttribute('aria-live', spoken ? 'polite' : 'off')
    bar.hidden = !text
    if ($('span', bar).textContent !== text) $('span', bar).textContent = text
    $('button', bar).textContent = action
  }

  /** Hooks of the composer and of the list, for whoever needs them. */
  typed() {}
  scrolled() {}

  stateLine(text, dot) {
    const line = $('.state .text', this.root), words = `ID ${cut(this.me.id, ID_SHOWN)} · ${text}`
    if (line.textContent !== words) line.textContent = words
    $('.state .dot', this.root).className = `dot ${dot}`
  }

  /** Draws the list from [{key, make}…]. Rows that are already there stay, so that a selection lasts and a screen reader hears only what is new. */
  drawRows(rows, items) {
    const keep = new Map([...rows.children].map(row => [row.dataset.key, row]))
    let at = rows.firstChild
    for (const { key, make } of items) {
      const row = keep.get(key) ?? make()
      row.dataset.key = key
      if (row === at) at = at.nextSibling; else rows.insertBefore(row, at)
    }
    while (at) { const next = at.nextSibling; at.remove(); at = next }
  }

  /** A message: a text, or whatever else its bubble holds. */
  line(person, content, own) {
    const line = element('div', own ? 'chat own' : 'chat'), bubble = element('div', 'bubble')
    bubble.append(element('span', 'unseen', say('says', person.name)), content instanceof Node ? content : element('span', 'text', content))
    line.append(avatar(person), bubble)
    return line
  }

  pendingRow(content, failed, why, resend) {
    const row = element('div'), line = this.line(this.me, content, true)
    const mark = element(failed ? 'button' : 'span', failed ? 'mark failed' : 'mark wait')
    mark.setAttribute('aria-label', say(failed ? 'resend' : 'sending'))
    mark.setAttribute(failed ? 'type' : 'role', failed ? 'button' : 'img')
    if (failed) mark.onclick = resend
    line.append(mark)
    row.append(line)
    if (why) row.append(element('p', 'why', `${say(failed ? 'notSent' : 'trying')}: ${why}`))
    return row
  }

  toNewest(force = false) {
    if (force) this.stick = true
    if (this.stick) this.list.scrollTop = this.list.scrollHeight
  }

  fit() {
    this.input.style.height = ''
    this.input.style.height = `${this.input.scrollHeight + 2}px`
    this.input.style.overflowY = this.input.scrollHeight > 120 ? 'auto' : 'hidden'
  }

  /** Names and labels, in the language that is chosen. */
  words() {
    this.root.setAttribute('aria-label', say('phoneOf', this.me.name))
    $('h2', this.root).textContent = cut(this.me.name, NAME_SHOWN)
    $('h2', this.root).title = this.me.name
    $('.face', this.root).replaceChildren(avatar(this.me))
    this.input.placeholder = say('type')
    this.tab.replaceChildren(avatar(this.me, 22), element('span', '', this.me.name))
    if (this.unread) {
      this.tab.append(element('b', '', this.unread > 99 ? '99+' : String(this.unread)))
      this.tab.lastChild.setAttribute('aria-label', say('unread', this.unread))
    }
  }
}
