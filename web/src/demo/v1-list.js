// -- v1: the list of conversations
addTo(V1Phone, class extends Phone {

  /** The conversation that is open; undefined also when nothing was said in it yet. */
  get talk() { return this.place ? this.client.conversation(this.place) : undefined }

  titleOf(place) {
    if (place.groupId) return this.groups.get(place.groupId)?.name ?? say('groupOnly')
    return place.userId === this.me.id ? say('memo') : nameOf(place.userId)
  }

  isOnline(place) { return this.isSynced && this.online.has(place.userId) }

  drawTalks() {
    const items = this.client.conversations.map(talk => ({ talk, place: talk.place, last: talk.messages.findLast(isShown) }))
    const peer = { userId: this.peer.id }
    if (!items.some(({ place }) => placeKey(place) === placeKey(peer))) items.push({ place: peer })
    const rows = $('.rows', this.root)
    this.drawRows(rows, items.map(({ place }) => ({ key: placeKey(place), make: () => {
      const row = element('li'), button = row.appendChild(element('button'))
      button.type = 'button'
      button.onclick = () => this.show(place, true)
      return row
    } })))
    items.forEach((item, i) => this.fill(rows.children[i].firstChild, item))
  }

  fill(button, { talk, place, last }) {
    const title = cut(this.titleOf(place), NAME_SHOWN), words = element('span', 'words'), head = element('span', 'title', title), end = element('span', 'end')
    if (place.userId && place.userId !== this.me.id) {
      const online = this.isOnline(place), dot = element('span', online ? 'dot good' : 'dot away')
      head.append(dot, element('span', 'unseen', say(online ? 'connected' : 'away')))
    }
    const typing = this.typingIn(talk)
    words.append(head, element('span', 'last', typing || (last ? cut(this.preview(last, place), PREVIEW) : say('list'))))
    if (last) end.append(element('span', 'when', dateLine(last.createTime)))
    if (talk?.unread) {
      end.append(element('b', 'badge', talk.unread > 99 ? '99+' : String(talk.unread)))
      end.lastChild.setAttribute('aria-hidden', 'true')
      end.append(element('span', 'unseen', say('unread', talk.unread)))
    }
    button.replaceChildren(avatar({ id: place.groupId ?? place.userId, name: title }), words, end)
  }

  preview(message, place) {
    if (message.recalled || message.kind === 'group') return this.systemWords(message)
    const words = this.wordsOf(message).replace(/\s+/g, ' ')
    return place.groupId && message.from !== this.me.id ? say('says', nameOf(message.from)) + words : words
  }

  wordsOf({ kind, content }) {
    if (kind === 'text') return content ?? ''
    return say(kind) + (kind === 'file' && content?.name ? ` ${cutMiddle(content.name, PREVIEW)}` : '')
  }

  /** What the log itself says: who took a message back, what became of a group. */
  systemWords(message) {
    const by = id => id === this.me.id ? say('you') : nameOf(id)
    if (message.recalled) return say('took', by(message.from))
    const { action, by: actor, userIds = [], name, role } = message.content
    const whom = userIds.filter(id => action !== 'create' || id !== actor).map(id => id === this.me.id ? say('youToo') : nameOf(id)).join(say('join'))
    const key = `group${action[0].toUpperCase()}${action.slice(1)}`
    return say(key in WORDS.zh ? key : 'groupUpdate', by(actor), whom, name, role in WORDS.zh ? say(role) : role)
  }

  groupForm() {
    const form = $('.group', this.root), button = $('.new-group', this.root), wrong = $('.why-not', form)
    const open = yes => {
      form.hidden = !yes
      wrong.hidden = true
      button.setAttribute('aria-expanded', String(yes))
      if (yes) { form.elements.name.value = say('flock'); form.elements.name.select() } else button.focus()
    }
    button.onclick = () => open(form.hidden)
    form.onkeydown = event => { if (event.key === 'Escape') open(false) }
    form.onsubmit = async event => {
      event.preventDefault()
      const members = [this.peer.id].filter(id => id !== this.me.id)
      try {
        const { group } = await this.client.call('group.create', { name: form.elements.name.value.trim(), members })
        this.groups.set(group.groupId, group)
        open(false)
        this.show({ groupId: group.groupId }, true)
      } catch (error) {
        wrong.textContent = isRefusal(error) ? error.message : say('noAnswer')
        wrong.hidden = false
      }
    }
  }
})
