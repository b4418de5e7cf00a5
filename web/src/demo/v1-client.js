// -- v1: what the client tells
addTo(V1Phone, class extends Phone {

  /** It tells each thing by itself, and many at once after a resume: one drawing does for all of them. */
  drawSoon() {
    this.drawing ??= Promise.resolve().then(() => { this.drawing = null; this.draw(); this.learn() })
  }

  stateChanged() {
    const { state } = this.client
    if (state === 'waiting' && !this.isOpen) this.checkToken()
    if (state === 'unauthorized') this.tokenRefused()
    if (this.isSynced) this.stale = new Set(this.client.conversations)
    this.isOpen = state === 'online'
    this.isSynced = false
    if (this.isOpen) this.wasIn = true
    this.forgetTyping()
    this.tellState()
  }

  synced() {
    if (!this.isSynced) {
      this.isSynced = true
      this.tellState()
      if (this.missed) this.fine(say('caught', this.missed))
      this.missed = 0
      this.introduce()
      this.flush()
    }
    this.refresh()
  }

  tellState() {
    const { state } = this.client
    clearInterval(this.ticking)
    const words = state === 'online' ? this.isSynced ? 'connected' : 'syncing' : state === 'connecting' ? 'connecting' : 'offline'
    this.stateLine(say(words), { connected: 'good', offline: 'bad' }[words] ?? '')
    $('.line-switch', this.root).textContent = say(this.quietly ? 'comeBack' : 'goOffline')
    const tick = () => {
      const left = Math.ceil((this.client.retryAt - Date.now()) / 1000)
      this.notice(left > 0 ? say('lost', left) : say('lostNow'), say('retry'))
    }
    if (state === 'waiting') { tick(); this.ticking = setInterval(tick, 1000) }
    else if (state === 'kicked' || state === 'replaced') this.notice(say(state === 'kicked' ? 'ended' : state), say('retry'), true)
    else if (state === 'closed' && this.quietly) this.notice(say('offlineNow'), say('comeBack'), true)
    else if (words === 'syncing' || words === 'offline') this.notice('')
  }

  /** A word that goes away by itself. */
  fine(text) {
    this.notice(text)
    $('.notice', this.root).classList.add('fine')
    setTimeout(() => { if ($('.notice.fine span', this.root)?.textContent === text) this.notice('') }, 6000)
  }

  complain(error) { if (isRefusal(error)) this.notice(`${say('refused')}: ${error.message}`) }

  /** Our name to the server; and what we want to know of others. */
  introduce() {
    this.client.call('user.update', { name: cut(this.me.name, 63) }).catch(() => {})
    this.learn()
  }

  /** Asks for what is not known here: who of those that we talk with is online, names of users, groups. */
  async learn() {
    const { client, groups } = this, talks = client.conversations
    if (!this.isSynced) return
    this.watch([this.peer.id, ...talks.flatMap(talk => talk.place.userId ?? [])])
    if (this.learning) return
    const users = new Set(talks.flatMap(talk => [talk.place.userId, ...talk.messages.flatMap(one => [one.from, ...(one.kind === 'group' && one.content.userIds) || []])]))
    const userIds = [...users].filter(id => id && !names.has(id) && !people.some(one => one.id === id)).slice(0, 100)
    const groupIds = talks.map(talk => talk.place.groupId).filter(id => id && !groups.get(id)?.memberCount)
    if (!userIds.length && !groupIds.length) return
    this.learning = true
    try {
      for (const id of userIds) names.set(id, id)
      if (userIds.length) for (const user of (await client.call('user.get', { userIds })).users) names.set(user.userId, user.name ?? user.userId)
      for (const groupId of groupIds) groups.set(groupId, await client.call('group.get', { groupId }).then(({ group }) => group, error => {
        if (!isRefusal(error)) throw error
        return { name: groups.get(groupId)?.name ?? groupId, memberCount: NaN }  // no longer ours
      }))
    } catch { /* after the next connect */ }
    this.learning = false
    this.draw()
  }

  async watch(userIds) {
    const { client, online, watched } = this, added = [...new Set(userIds)].filter(id => !watched.has(id)).slice(0, WATCHED - watched.size)
    if (!added.length) return
    for (const id of added) watched.add(id)
    for (const id of await client.watch(added).catch(() => [])) online.add(id)
    this.drawSoon()
  }

  noteMessage({ message, conversation }) {
    const { kind, content } = message
    this.forgetTyping(`${conversation.conversationId} ${message.from}`)
    if (kind === 'group') this.groups.set(conversation.place.groupId, { name: content.name })
    if (kind === 'recall' || kind === 'edit') this.quoted.delete(quoteKey(conversation, content.seq))  // to be asked for anew
    if (message.from === this.me.id || !isSaid(message)) return
    if (!this.isSynced) { this.missed += 1; return }
    fly(this.index)
    if (conversation === this.talk && !this.stick) $('.newest', this.root).hidden = false
  }

  noteTyping({ conversationId, userId }) {
    const writing = `${conversationId} ${userId}`
    this.forgetTyping(writing)
    this.typing.set(writing, setTimeout(() => { this.typing.delete(writing); this.draw() }, TYPING_SHOWN))
    this.draw()
  }

  forgetTyping(writing) {
    for (const [key, timer] of this.typing) if (!writing || key === writing) { clearTimeout(timer); this.typing.delete(key) }
  }

  /** “… is typing” of a conversation, or nothing. */
  typingIn(talk) {
    const writing = [...this.typing.keys()].find(key => key.startsWith(`${talk?.conversationId} `))
    if (!writing) return ''
    return talk.place.groupId ? say('typingBy', nameOf(writing.split(' ')[1])) : say('typingNow')
  }
})
