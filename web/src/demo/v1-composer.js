// -- v1: the composer
addTo(V1Phone, class extends Phone {

  /** Beside the field: the button for files. Above it: what the next send is about. */
  composerParts() {
    const composer = $('.composer', this.root), files = element('input'), button = push('attach', '', icon('attach', 26)), bar = element('div', 'task'), words = element('p')
    Object.assign(files, { type: 'file', multiple: true, hidden: true })
    files.onchange = () => { this.attach([...files.files]); files.value = '' }
    button.onclick = () => files.click()
    button.hidden = true
    composer.prepend(button, files)
    this.input.onpaste = event => {
      const { files, types } = event.clipboardData
      if (!files.length || types.includes('text/plain')) return  // an office program gives a picture of its text, too
      event.preventDefault()
      this.attach([...files])
    }
    this.input.addEventListener('keydown', event => {
      if (event.key !== 'ArrowUp' || this.input.value || this.task) return
      const last = this.talk?.messages.findLast(one => this.mayEdit(one))
      if (last) { event.preventDefault(); this.takeUp({ edit: last.seq }) }
    })
    words.append(element('b'), element('span'))
    bar.append(words, push('', '', '×'))
    bar.lastChild.dataset.label = 'cancel'
    bar.lastChild.onclick = () => this.takeUp(null)
    bar.hidden = true
    bar.setAttribute('role', 'status')
    composer.before(bar)
    this.list.addEventListener('scroll', () => this.placeMenu())
    document.addEventListener('pointerdown', ({ target }) => { if (this.menu && !this.menu.node.contains(target) && !this.menu.opener.contains(target)) this.closeMenu() }, true)
  }

  async attach(files) {
    const { place } = this, most = this.client.limits?.fileBytes ?? 0
    for (const file of files) {
      if (file.size > most) { this.notice(say('tooBig', cutMiddle(file.name, PREVIEW), sizeText(most))); continue }
      const { local, ...about } = await lookAt(file), ext = this.task?.reply ? { reply: { seq: this.task.reply } } : undefined
      about.content.fileId = `chosen ${randomId()}`  // until the server gives it one
      if (local) this.keepMedia(about.content.fileId, Promise.resolve(local))
      if (ext) this.takeUp(null)
      this.stick = true
      this.put({ to: place, ...about, ext, file })
    }
    this.input.focus()
  }

  /** What a person has before the eyes is read. */
  readIt() {
    const { talk } = this, before = shown() === undefined || shown() === this.index
    if (!talk?.unread || !this.stick || !before || document.hidden || tab !== 'v1') return
    this.client.read(talk.place)
  }

  /** The page before the oldest that is here; whether it brought something. */
  older() { return this.asking ??= this.page().finally(() => { this.asking = null }) }

  async page() {
    const { client, list, talk } = this, before = talk?.messages[0]?.seq
    if (!talk || before <= talk.firstSeq) return false
    const { messages } = await client.history(talk.place, { before, limit: PAGE }).catch(() => ({ messages: [] }))
    if (!messages.length || talk !== this.talk) return false
    const below = list.scrollHeight - list.scrollTop
    this.draw()
    list.scrollTop = list.scrollHeight - below
    return true
  }

  scrolled() { if (this.talk?.unread) this.draw() }

  typed() {
    if (!this.place || !this.isSynced || !this.input.value || this.task?.edit || Date.now() - this.lastTyped < TYPING_EVERY) return
    this.lastTyped = Date.now()
    this.client.call('conversation.typing', { in: this.place }).catch(() => {})
  }

  send() {
    const content = this.input.value.trim()
    this.input.focus()
    if (!content) return
    if (this.task?.edit) { this.saveEdit(content); return }
    const ext = this.task ? { reply: { seq: this.task.reply } } : undefined
    this.input.value = ''
    this.takeUp(null)
    this.fit()
    this.stick = true
    this.put({ to: this.place, kind: 'text', content, ext })
  }

  /** A file is uploaded before its message is sent, and what is written meanwhile waits behind it: the order stays. */
  put(entry) {
    this.held.push({ ...entry, clientMsgId: randomId(), state: 'waiting', tries: 0 })
    this.flush()
    this.drawSoon()
  }

  async flush() {
    if (this.flushing) return
    this.flushing = true
    for (let entry; (entry = this.held.find(one => one.state !== 'failed')) && (this.isSynced || !entry.file);) {
      if (entry.file && !await this.upload(entry)) continue
      const { to, kind, content, ext } = entry
      this.held = this.held.filter(one => one !== entry)
      this.client.send({ to, kind, content, ext }).catch(() => {})  // its entry tells
    }
    this.flushing = false
  }

  /** Whether its message can go now. */
  async upload(entry) {
    const { file, content, seconds } = entry
    try {
      const { fileId, kind } = await this.client.upload(file, { seconds })
      this.rename(content, fileId)
      Object.assign(entry, { kind, file: null })
      return this.held.includes(entry)  // not of a user before
    } catch (error) {
      const status = error.data?.status
      if (status === 401) this.checkToken()
      // The day's allowance may be used up, and a refusal may look like a cut line, when it comes before all was sent: that is not tried for ever.
      const isFinal = !status || status === 429 ? ++entry.tries >= SEND_TRIES : ![401, 408].includes(status) && (status < 500 || status === 507)
      Object.assign(entry, { state: isFinal ? 'failed' : 'waiting', error: { ...error, message: status ? error.message : say('noAnswer') } })
      this.drawSoon()
      if (!isFinal) await sleep(PAUSE)
      return false
    }
  }

  /** A message that is being written got longer. */
  grow({ message, conversation }) {
    const row = conversation === this.talk && this.rowOf(message.seq)
    if (!row) return
    this.steady(() => this.freshen(row, message))
    this.toNewest()
  }

  seen() { this.draw(); this.toNewest() }

  words() {
    super.words()
    if (!this.place) return
    this.list.setAttribute('aria-label', say('logOf', this.titleOf(this.place)))
    this.input.setAttribute('aria-label', say('write', this.titleOf(this.place)))
    const attach = $('.attach', this.root)
    attach.hidden = !(this.client.limits?.fileBytes > 0)
    attach.title = say('attach')
    attach.setAttribute('aria-label', say('attach'))
  }

  translate() { this.tellState(); this.draw() }
})
