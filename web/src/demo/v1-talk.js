// -- v1: one conversation
addTo(V1Phone, class extends Phone {

  /** Opens a conversation, or the list for null. `asked`: by the person, whose focus goes along. */
  show(place, asked = false) {
    const from = this.place
    this.closeMenu()
    this.takeUp(null)
    sounding?.pause()
    if (from) this.drafts.set(placeKey(from), this.input.value)
    Object.assign(this, { place, stick: true })
    $('.talks', this.root).hidden = Boolean(place)
    $('.talk', this.root).hidden = !place
    $('.newest', this.root).hidden = true
    this.input.value = place ? this.drafts.get(placeKey(place)) ?? '' : ''
    this.draw()
    if (place) this.fit()
    this.refresh()
    if (!asked) return
    if (!place) $(`[data-key="${CSS.escape(placeKey(from))}"] button`, this.root)?.focus()
    else if (matchMedia('(hover: hover)').matches) this.input.focus(); else $('.back', this.root).focus()
  }

  draw() {
    if (!this.client) return
    if (this.place) this.drawTalk()
    this.unread = this.client.unread
    this.drawTalks()
    this.words()
  }

  drawTalk() {
    const { place, talk } = this, title = this.titleOf(place), messages = talk?.messages.filter(isShown) ?? [], rows = $('.chats', this.root)
    let before = 0
    this.steady(() => {
      this.drawRows(rows, messages.map(message => {
        const time = Date.parse(message.createTime), dated = time - before > DATE_GAP
        before = time
        const speakers = message.kind === 'group' ? this.systemWords(message) : nameOf(message.from)
        return { key: [language, placeKey(place), message.id, message.recalled, dated, speakers].join(' '), make: () => this.row(message, dated) }
      }))
      messages.forEach((message, i) => this.freshen(rows.children[i], message))
    })
    this.askForQuoted(messages)
    for (const tick of this.root.querySelectorAll('.tick')) {  // in place, so that a screen reader does not hear the message again
      const read = talk.peerReadSeq !== null && Number(tick.dataset.seq) <= talk.peerReadSeq
      tick.className = read ? 'tick read' : 'tick'
      tick.textContent = read ? '✓✓' : '✓'
      tick.setAttribute('aria-label', say(read ? 'read' : 'sent'))
      tick.title = say(read ? 'read' : 'sent')
    }
    const waiting = [...this.client.outgoing(place), ...this.held.filter(entry => placeKey(entry.to) === placeKey(place))]
    this.drawRows($('.pending', this.root), waiting.map(entry => ({
      key: [language, entry.clientMsgId, entry.state === 'failed', entry.error?.message].join(' '), make: () => this.waitingRow(entry),
    })))
    const empty = $('.empty', this.root)
    empty.hidden = messages.length + waiting.length > 0
    empty.textContent = say('empty', title)
    if (this.menu && !this.rowOf(this.menu.seq)?.contains(this.menu.line)) this.closeMenu()
    this.drawTask()
    this.drawBar(title, talk)
    this.toNewest()
    if (talk && this.list.scrollHeight <= this.list.clientHeight) this.older()
    this.readIt()
  }

  /** What is before the reader's eyes stays there, whatever grows above it. */
  steady(change) {
    const rows = $('.chats', this.root), edge = this.list.getBoundingClientRect().top
    const first = this.stick ? undefined : [...rows.children].find(row => row.getBoundingClientRect().bottom > edge)
    const before = first?.getBoundingClientRect().top
    change()
    if (first?.isConnected) this.list.scrollTop += first.getBoundingClientRect().top - before
  }

  waitingRow(entry) {
    const { clientMsgId, error } = entry, failed = entry.state === 'failed', why = (failed && say(REFUSED_FILE[error.data?.status])) || error?.message
    const row = this.pendingRow(this.body(entry), failed, why, () => {
      if (this.held.includes(entry)) { Object.assign(entry, { state: 'waiting', error: undefined, tries: 0 }); this.flush() }
      else this.client.retry(clientMsgId)
      this.draw()
    })
    this.dress($('.bubble', row), entry)
    if (failed) {
      const remove = push('', '', say('remove'))
      remove.onclick = () => {
        this.held = this.held.filter(one => one !== entry)
        this.client.discard(clientMsgId)
        this.draw()
        this.input.focus()
      }
      $('.why', row)?.append(' ', remove)
    }
    return row
  }

  drawBar(title, talk) {
    const { place } = this, size = this.groups.get(place.groupId)?.memberCount, online = this.isOnline(place)
    const about = $('.talk .about .text', this.root), dot = $('.talk .about .dot', this.root), badge = $('.back .badge', this.root)
    const direct = place.userId && place.userId !== this.me.id && this.isSynced
    $('.talk h3', this.root).textContent = cut(title, NAME_SHOWN)
    const words = this.typingIn(talk) || (place.groupId ? size > 0 ? say('group', size) : say('groupOnly') : direct ? say(online ? 'connected' : 'away') : '')
    if (about.textContent !== words) about.textContent = words
    dot.hidden = !direct
    dot.className = online ? 'dot good' : 'dot away'
    const elsewhere = this.client.unread - (talk?.muted ? 0 : talk?.unread ?? 0)
    badge.hidden = !elsewhere
    badge.textContent = elsewhere > 99 ? '99+' : String(elsewhere)
    badge.setAttribute('aria-label', say('unread', elsewhere))
  }

  row(message, dated) {
    const own = message.from === this.me.id, row = element('div')
    if (dated) row.append(element('p', 'time', dateLine(message.createTime)))
    if (message.recalled || message.kind === 'group') {
      row.append(element('p', 'system', this.systemWords(message)))
      return row
    }
    const line = this.line({ id: message.from, name: nameOf(message.from) }, this.body(message), own), bubble = $('.bubble', line)
    this.dress(bubble, message)
    if (!own && this.place.groupId) bubble.prepend(element('span', 'who-said', nameOf(message.from)))
    if (message.kind === 'text') bubble.append(element('span', 'edited', say('edited')))
    line.append(this.side(message, line, own))
    const chips = element('div', own ? 'chips own' : 'chips')
    chips.setAttribute('role', 'group')
    chips.setAttribute('aria-label', say('reactions'))
    row.append(line, chips)
    row.dataset.seq = message.seq
    row.parts = { text: $('.bubble > .text', row), edited: $('.edited', row), quote: $('.quote', row), recall: $('.recall', row), chips }
    return row
  }

  rowOf(seq) { return $(`.chats > [data-seq="${seq}"]`, this.root) }

  /** What may change of a message is changed in place: its row stays, with a picture that is loaded or a voice that plays. */
  freshen(row, message) {
    if (!row.parts) return
    const { text, edited, quote, recall, chips } = row.parts
    if (message.kind === 'text') {
      if (text.textContent !== message.content) text.textContent = message.content
      text.classList.toggle('streaming', Boolean(message.streaming))
      row.ariaBusy = message.streaming ? 'true' : null  // read out when it is whole
      edited.hidden = !message.edited
    }
    if (quote) {
      const words = this.quoteWords(replyOf(message))
      if (quote.textContent !== words) quote.textContent = words
    }
    if (recall) recall.hidden = !this.isWithin(message, 'recallSeconds')
    this.drawChips(chips, message)
  }

  drawChips(chips, { seq, reactions = [] }) {
    chips.hidden = !reactions.length
    this.drawRows(chips, reactions.map(({ emoji, count, mine }) => ({ key: `${emoji} ${count} ${mine}`, make: () => {
      const chip = push('', '', element('span', 'emoji', emoji), ` ${number(count)}`)
      chip.setAttribute('aria-pressed', String(mine))
      chip.onclick = () => this.react(seq, emoji)
      return chip
    } })))
  }

  /** Beside a message: the button of its menu; beside an own one also its tick, and the button that takes it back (on hover, by Tab, or after a long press). */
  side(message, line, own) {
    const side = element('div', 'side'), acts = side.appendChild(element('div', 'acts')), { seq } = message, words = cut(this.wordsOf(message), PREVIEW)
    if (own) {
      const recall = acts.appendChild(push('recall', `${say('recall')}: ${words}`, icon('take-back', 17))), tick = element('span', 'tick')
      recall.title = say('recall')
      recall.onclick = () => this.recall(seq)
      tick.dataset.seq = seq
      tick.setAttribute('role', 'img')
      side.append(tick)
    }
    const more = acts.appendChild(push('more', `${say('more')}: ${words}`, icon('more')))
    more.title = say('more')
    more.setAttribute('aria-haspopup', 'menu')
    more.setAttribute('aria-expanded', 'false')
    more.onclick = () => { if (this.menu?.line === line) this.closeMenu(true); else this.openMenu(seq, line, true) }
    this.listenToHolds(line, seq)
    return side
  }

  /** The menu also comes by a long press and by the right button, but where a piece of the text is selected: that is to be copied. */
  listenToHolds(line, seq) {
    let timer, held = false
    line.onpointerdown = event => {
      held = false
      if (event.pointerType === 'touch') timer = setTimeout(() => { held = true; this.openMenu(seq, line) }, HELD)
    }
    line.onpointerup = line.onpointercancel = line.onpointerleave = () => clearTimeout(timer)
    line.addEventListener('click', event => {  // the finger is lifted from what it held: that is no tap
      if (held) { event.stopPropagation(); event.preventDefault() }
      held = false
    }, true)
    line.oncontextmenu = event => {
      if (getSelection().toString() && getSelection().containsNode(line, true)) return
      event.preventDefault()
      this.openMenu(seq, line, event.pointerType !== 'touch')
    }
  }
})
