// Searches contacts and messages; with a place, that chat's messages.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { initialsOf } = require('../../services/initials')
const { openPlace, openProfile } = require('../../services/links')
const { initials, colorOf } = require('../../components/hy-chat/core/avatar')
const { placeOf, keyOf } = require('../../components/hy-chat/core/place')
const { listTime } = require('../../components/hy-chat/core/time')
const { marked, byChat } = require('./hits')

const WAIT_MS = 300
const PAGE = 20
const CONTACTS_MAX = 20
const BUSY = -32053

definePage('search', {
  isTitled: true,

  data: { query: '', people: [], chats: [], hits: [], problem: '', isSearching: false, isNone: false, none: '', isInChat: false },

  onLoad(query) {
    this.place = placeOf(query)
    this.run = 0
    this.reset()
    this.off = this.im.directory.onChange(() => this.draw())
    this.setData({ isInChat: Boolean(this.place) })
  },

  onUnload() {
    this.off()
    clearTimeout(this.timer)
  },

  dressed() {
    this.entitle(this.place ? this.data.s.inChat : this.data.s.title)
    this.draw()
  },

  reset() {
    this.messages = []
    this.cursor = null
    this.single = null
  },

  typed({ detail }) {
    const query = detail.value
    clearTimeout(this.timer)
    this.run++ // what is under way is not wanted any more
    this.setData({ query, problem: '', isNone: false })
    this.reset()
    this.draw()
    if (query.trim()) this.timer = setTimeout(() => this.search(), WAIT_MS)
    else this.setData({ isSearching: false })
  },

  confirmed() {
    clearTimeout(this.timer)
    if (this.data.query.trim()) this.search()
  },

  cancel() { wx.navigateBack() },

  search() {
    this.run++
    this.reset()
    this.setData({ problem: '' })
    return this.readPage()
  },

  more() { if (this.cursor && !this.data.isSearching) this.readPage() },

  async readPage() {
    const mine = this.run
    const query = this.data.query.trim()
    const where = this.single || this.place
    if (!this.im.isConnected) return this.setData({ problem: this.data.s.offline, isSearching: false })
    this.setData({ isSearching: true })
    try {
      const { messages, cursor } = await this.im.client.call('message.search', {
        query, limit: PAGE, ...(where && { in: where }), ...(this.cursor && { cursor: this.cursor }),
      })
      if (mine !== this.run) return
      this.messages = [...this.messages, ...messages]
      this.cursor = cursor
      this.draw()
      const isNone = !this.messages.length && !this.data.people.length
      this.setData({ isNone, none: this.t('common.none', { query }) })
    } catch (error) {
      if (mine !== this.run) return
      this.setData({ problem: this.wordsFor(error) })
    } finally {
      if (mine === this.run) this.setData({ isSearching: false })
    }
  },

  wordsFor({ code }) {
    const { s } = this.data
    if (code === BUSY || code === 'timeout') return s.slow
    return code === 'offline' || code === 'lost' || code === 'closed' ? s.offline : s.failed
  },

  // ---- drawing ----

  draw() {
    const { client } = this.im
    const query = this.data.query.trim()
    const chats = this.place || this.single ? [] : byChat(this.messages, { me: client.userId, keyOf }).map((chat) => this.chatRow(chat, query))
    const hits = this.place || this.single ? this.messages.map((message) => this.hitRow(message, query)) : []
    this.setData({ people: this.place || this.single || !query ? [] : this.findPeople(query), chats, hits })
  },

  findPeople(query) {
    const { contacts, directory } = this.im
    const wanted = query.toLowerCase()
    return contacts.list().map((userId) => personOf(userId, { directory, t: this.t }))
      .filter(({ name, userId }) => name.toLowerCase().indexOf(wanted) >= 0 || initialsOf(name).indexOf(wanted) === 0 || userId === query)
      .slice(0, CONTACTS_MAX).map((person) => ({ ...person, pieces: marked(person.name, query) }))
  },

  faceOf(place) {
    const { directory } = this.im
    if (place.userId !== undefined) return { ...personOf(place.userId, { directory, t: this.t }), members: [] }
    const group = directory.group(place.groupId)
    const name = (group && group.name) || this.t('name.group')
    const members = directory.members(place.groupId).map(({ userId }) => personOf(userId, { directory, t: this.t }))
    return { name, avatar: null, initials: initials(name), color: colorOf(place.groupId), members }
  },

  chatRow({ key, place, messages }, query) {
    const [newest] = messages
    const count = messages.length
    const matches = this.cursor ? this.t('search.matchesMore', { n: count }) : this.t('search.matches', { n: count })
    return {
      ...this.faceOf(place), key, place, seq: newest.seq, time: this.timeOf(newest), isSeveral: count > 1,
      matches, pieces: marked(String(newest.content), query),
    }
  },

  hitRow(message, query) {
    return { ...personOf(message.from, { directory: this.im.directory, t: this.t }), seq: message.seq, time: this.timeOf(message), pieces: marked(String(message.content), query) }
  },

  timeOf({ createTime }) { return listTime(Date.parse(createTime), this.im.client.now(), this.t) },

  // ---- to what was found ----

  openPerson({ currentTarget }) { openProfile(currentTarget.dataset.id) },

  openChat({ currentTarget }) {
    const chat = this.data.chats.find(({ key }) => key === currentTarget.dataset.key)
    if (!chat.isSeveral) return openPlace(chat.place, chat.seq)
    this.run++
    this.reset()
    this.single = chat.place
    this.entitle(chat.name)
    return this.readPage()
  },

  openHit({ currentTarget }) { openPlace(this.single || this.place, currentTarget.dataset.seq) },
})
