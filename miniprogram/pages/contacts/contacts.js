// Whoever one has talked to, or added, by initial.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { byInitial } = require('../../services/initials')
const { openProfile } = require('../../services/links')

const DRAW_MS = 50
const BONES_MS = 200

definePage('contacts', {
  hasTabs: true,

  data: { sections: [], isEmpty: false, groupCount: 0, into: '' },

  onLoad() {
    const { im } = this
    const soon = () => this.drawSoon()
    this.seen = new Set()
    this.lateTimer = setTimeout(() => { this.isLate = true; this.draw() }, BONES_MS)
    this.offs = [im.client.on('synced', soon), im.client.on('conversation', soon), im.directory.onChange(soon), im.presence.onChange(soon), im.onView(soon)]
  },

  onUnload() {
    this.offs.forEach((off) => off())
    this.leave()
    for (const timer of [this.drawing, this.lateTimer]) clearTimeout(timer)
  },

  onShow() {
    this.isShown = true
    this.draw()
    this.countGroups()
  },

  onHide() {
    this.isShown = false
    this.leave()
  },

  dressed() { this.draw() },

  drawSoon() {
    if (this.drawing || !this.isShown) return
    this.drawing = setTimeout(() => {
      this.drawing = null
      this.draw()
    }, DRAW_MS)
  },

  draw() {
    const { im, im: { contacts, directory } } = this
    const people = contacts.list().map((userId) => ({ ...personOf(userId, { directory, t: this.t }), online: im.isOnline(userId) }))
    const sections = byInitial(people).map(({ initial, people: some }) => ({ initial, id: initial === '#' ? 'at-other' : `at-${initial}`, people: some }))
    const drawn = sections.flatMap(({ people: some }) => some.map(({ userId }) => userId)).join(' ')
    this.setData({ sections, ...this.whatElse(people) }, () => { if (this.isShown) this.watchScreen(drawn) })
  },

  /** That one knows nobody is said once the server has said so: until then grey rows, and words where there is no connection. */
  whatElse({ length }) {
    const { client, isSyncing, view } = this.im
    if (client.state === 'online' && !isSyncing) this.hasSynced = true
    const isKnown = length > 0 || Boolean(this.hasSynced)
    return { isEmpty: isKnown && !length, hasFailed: !isKnown && Boolean(view.strip), hasBones: !isKnown && !view.strip && Boolean(this.isLate) }
  },

  retry() { this.im.connect() },

  /** Those on the screen are watched. */
  watchScreen(key) {
    if (this.observer && this.observed === key) return
    this.leave()
    this.observed = key
    this.observer = this.createIntersectionObserver({ observeAll: true })
    this.observer.relativeToViewport({ top: 0 }).observe('.person', ({ dataset, intersectionRatio }) => {
      if (intersectionRatio > 0) this.seen.add(dataset.id)
      else this.seen.delete(dataset.id)
      const before = this.offPresence
      this.offPresence = this.im.presence.look([...this.seen].filter(Boolean))
      if (before) before()
    })
  },

  leave() {
    if (this.observer) this.observer.disconnect()
    if (this.offPresence) this.offPresence()
    this.observer = this.offPresence = null
    this.seen.clear()
  },

  async countGroups() {
    const { groups } = await this.im.client.call('group.list', {}).catch(() => ({ groups: [] }))
    this.setData({ groupCount: groups.length })
  },

  search() { wx.navigateTo({ url: '/more/search/search' }) },
  add() { wx.navigateTo({ url: '/more/add/add' }) },
  code() { wx.navigateTo({ url: '/more/code/code' }) },
  groups() { wx.navigateTo({ url: '/more/groups/groups' }) },
  open({ currentTarget }) { openProfile(currentTarget.dataset.id) },
  jump({ currentTarget }) { this.setData({ into: '' }, () => this.setData({ into: currentTarget.dataset.to })) },
})
