// -- v1: replies and edits
addTo(V1Phone, class extends Phone {

  /** What the next send is about: {reply: seq}, {edit: seq}, or nothing. A draft waits until an edit is over. */
  takeUp(task) {
    if (this.task?.edit) this.input.value = this.draft
    if (task?.edit) { this.draft = this.input.value; this.input.value = this.find(task.edit).content }
    const changes = this.task || task
    this.task = task
    if (!changes || !this.place) return
    this.drawTask()
    this.fit()
    this.input.focus()
    this.input.setSelectionRange(this.input.value.length, this.input.value.length)
  }

  drawTask() {
    const { task } = this, bar = $('.task', this.root), send = $('.composer .solid', this.root), about = task && this.find(task.reply ?? task.edit)
    if (task?.edit && about?.recalled) return this.takeUp(null)
    bar.hidden = !task
    send.dataset.t = task?.edit ? 'keep' : 'send'
    send.textContent = say(send.dataset.t)
    if (!task) return
    const put = (node, text) => { if (node.textContent !== text) node.textContent = text }
    put($('b', bar), task.edit ? say('editing') : say('replyTo', !about || about.from === this.me.id ? say('youToo') : cut(nameOf(about.from), NAME_SHOWN)))
    put($('span', bar), task.edit ? cut(about?.content ?? '', QUOTED) : this.quoteWords(task.reply, false))
  }

  /** `named`: with who said it. */
  quoteWords(seq, named = true) {
    const message = this.find(seq)
    if (message?.recalled) return say('quoteTaken')
    if (message && KINDS.includes(message.kind)) return (named ? say('says', message.from === this.me.id ? say('you') : nameOf(message.from)) : '') + cut(this.wordsOf(message).replace(/\s+/g, ' '), QUOTED)
    return message || this.quoted.get(quoteKey(this.talk, seq)) === null ? say('quoteGone') : '…'
  }

  /** A message by its seq, also one that is here for a quote alone. */
  find(seq) { return this.talk?.at(seq) ?? this.quoted.get(quoteKey(this.talk, seq)) ?? undefined }

  async askForQuoted(messages) {
    const { client, talk, quoted } = this, isNew = seq => seq > 0 && !talk.at(seq) && !quoted.has(quoteKey(talk, seq))
    const seqs = [...new Set(messages.map(replyOf).filter(isNew))].slice(0, 100)
    if (!seqs.length || !this.isSynced) return
    for (const seq of seqs) quoted.set(quoteKey(talk, seq), undefined)  // asked for
    const found = await client.get(talk.place, seqs).catch(error => isRefusal(error) ? [] : null)
    for (const seq of seqs) {
      if (found) quoted.set(quoteKey(talk, seq), found.find(one => one.seq === seq) ?? null)
      else quoted.delete(quoteKey(talk, seq))
    }
    this.drawSoon()
  }

  /** Once after each resume: what is on the screen may have got reactions meanwhile, which are in no log. */
  refresh() {
    const { talk } = this
    if (!this.isSynced || !this.stale.delete(talk)) return
    const seqs = talk.messages.filter(isSaid).slice(-100).map(one => one.seq)
    if (seqs.length) this.client.get(talk.place, seqs).catch(() => {})
  }

  /** To a message, wherever it is, and shows which. */
  async jump(seq) {
    const { talk, list } = this
    for (let pages = 0; !this.rowOf(seq) && this.quoted.get(quoteKey(talk, seq)) !== null && pages < PAGES_BACK; ++pages) if (!await this.older() || talk !== this.talk) break
    const row = this.rowOf(seq)
    if (!row || talk !== this.talk) return this.toast(say(this.find(seq)?.recalled ? 'quoteTaken' : 'quoteGone'))
    this.stick = false
    list.scrollTop += row.getBoundingClientRect().top - list.getBoundingClientRect().top - Math.max(8, (list.clientHeight - row.offsetHeight) / 2)
    row.tabIndex = -1
    row.focus({ preventScroll: true })
    row.classList.add('hit')
    setTimeout(() => row.classList.remove('hit'), FLASH)
  }

  async saveEdit(content) {
    const { task, place } = this
    if (content === this.find(task.edit)?.content) return this.takeUp(null)
    if (this.saving) return
    this.saving = true
    try {
      await this.client.call('message.edit', { in: place, seq: task.edit, content })
      if (this.task === task) this.takeUp(null)
    } catch (error) { this.notice(`${say('refused')}: ${isRefusal(error) ? error.message : say('noAnswer')}`) }
    this.saving = false
  }
})
