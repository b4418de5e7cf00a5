// -- v1: the menu of a message
addTo(V1Phone, class extends Phone {

  isWithin({ createTime }, limit) { return this.client.now() - Date.parse(createTime) < (this.client.limits?.[limit] ?? 0) * 1000 }
  mayEdit(message) { return message.from === this.me.id && message.kind === 'text' && !message.recalled && !message.streaming && this.isWithin(message, 'editSeconds') }

  /** What can be done with a message: [name of the word, what it does]…. */
  actsOn(message) {
    const { seq, kind, from } = message, fileId = fileOf(message)
    return [
      kind === 'text' && ['copy', () => this.copy(seq)],
      ['reply', () => this.takeUp({ reply: seq })],
      fileId && ['download', () => this.save(fileId, message.content.name)],
      this.mayEdit(message) && ['edit', () => this.takeUp({ edit: seq })],
      from === this.me.id && this.isWithin(message, 'recallSeconds') && ['recall', () => this.recall(seq)],
    ].filter(Boolean)
  }

  openMenu(seq, line, focus = false) {
    const message = this.find(seq)
    if (!message || message.recalled || this.menu?.line === line) return
    this.closeMenu()
    const menu = element('div', 'menu'), faces = menu.appendChild(element('div', 'faces')), acts = menu.appendChild(element('div'))
    const item = (words, role, act, into) => {
      const button = into.appendChild(push('', '', words))
      button.setAttribute('role', role)
      button.tabIndex = -1
      button.onclick = () => { this.closeMenu(true); act() }
      return button
    }
    for (const emoji of FACES) {
      const mine = message.reactions?.some(one => one.emoji === emoji && one.mine)
      item(emoji, 'menuitemcheckbox', () => this.react(seq, emoji), faces).setAttribute('aria-checked', String(Boolean(mine)))
    }
    for (const [word, act] of this.actsOn(message)) item(say(word), 'menuitem', act, acts).classList.toggle('grave', word === 'recall')
    menu.setAttribute('role', 'menu')
    menu.setAttribute('aria-label', say('more'))
    menu.onkeydown = event => this.menuKey(event)
    this.menu = { node: menu, line, seq, opener: $('.more', line), own: message.from === this.me.id }
    this.menu.opener.setAttribute('aria-expanded', 'true')
    line.classList.add('held')
    $('.middle', this.root).append(menu)
    this.placeMenu()
    if (focus) faces.firstChild.focus({ preventScroll: true })
  }

  /** Above its bubble, or below where there is no room, and never out of the list. It goes along when the list scrolls. */
  placeMenu() {
    if (!this.menu) return
    const { node, line, own } = this.menu, { offsetWidth: width, offsetHeight: height } = node
    const frame = $('.middle', this.root).getBoundingClientRect(), at = $('.bubble', line).getBoundingClientRect(), above = at.top - frame.top - height - 6
    if (at.bottom < frame.top || at.top > frame.bottom) return this.closeMenu()
    const within = (value, most) => Math.max(4, Math.min(value, most - 4))
    node.style.top = `${within(above >= 4 ? above : at.bottom - frame.top + 6, frame.height - height)}px`
    node.style.left = `${within(own ? at.right - frame.left - width : at.left - frame.left, frame.width - width)}px`
  }

  menuKey(event) {
    const items = [...this.menu.node.querySelectorAll('button')], at = items.indexOf(document.activeElement), row = FACES.length
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + items.length, ArrowDown: at < row ? row : 0, ArrowUp: at < row ? items.length - 1 : 0, Home: 0, End: items.length - 1 }[event.key]
    if (to !== undefined) items[to % items.length].focus()
    else if (event.key === 'Escape' || event.key === 'Tab') this.closeMenu(true)
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  /** `back`: the focus, if the menu has it, goes where it came from. */
  closeMenu(back = false) {
    if (!this.menu) return
    const { node, line, opener } = this.menu, hadFocus = node.contains(document.activeElement)
    this.menu = null
    node.remove()
    line.classList.remove('held')
    opener.setAttribute('aria-expanded', 'false')
    if (back && hadFocus) opener.focus({ preventScroll: true })
  }

  recall(seq) {
    this.input.focus()
    this.client.call('message.recall', { in: this.place, seq }).catch(error => this.complain(error))
  }

  /** The count changes when the server tells of it, to all alike. */
  react(seq, emoji) {
    const on = !this.find(seq)?.reactions?.some(one => one.emoji === emoji && one.mine)
    this.client.call('message.react', { in: this.place, seq, emoji, on }).catch(error => this.complain(error))
  }

  async copy(seq) {
    const { content } = this.find(seq)
    try { await navigator.clipboard.writeText(content) } catch {  // plain http from another host has no clipboard
      getSelection().selectAllChildren($('.text', this.rowOf(seq)))
      document.execCommand('copy')
      getSelection().removeAllRanges()
    }
    this.toast(say('copied'))
  }

  /** A word over the list that goes away by itself. */
  toast(text) {
    const told = $('.middle', this.root).appendChild(element('p', 'toast'))
    told.setAttribute('role', 'status')
    told.textContent = text
    setTimeout(() => told.remove(), TOLD)
  }
})
