// A group's members: to look at, and for its owner and admins to take out, to make admins, to hand over to.

const { definePage, decoded } = require('../../services/page')
const { initialsOf } = require('../../services/initials')
const { membersOf, roleIn, canRemove, sorted } = require('../../services/groups')
const { openProfile } = require('../../services/links')

const PAGE = 50
const TITLES = { remove: 'removeTitle', admin: 'adminTitle', transfer: 'transferTitle' }

definePage('members', {
  isTitled: true,

  data: { people: [], query: '', mode: '', chosenCount: 0, button: '', isNone: false },

  onLoad(query) {
    this.groupId = decoded(query.groupId)
    this.members = []
    this.chosen = new Set()
    this.shown = PAGE
    this.off = this.im.directory.onChange(() => this.draw())
    this.setData({ mode: query.mode || '' })
    this.load()
  },

  onUnload() { this.off() },
  dressed() { this.draw() },

  load() {
    return this.read(async () => {
      this.members = await membersOf(this.im.client, this.groupId)
      this.draw()
    })
  },

  mine() { return roleIn(this.members, this.im.client.userId) },

  canChoose({ userId, role }) {
    const { mode } = this.data
    if (mode === 'remove') return canRemove(this.mine(), role)
    if (mode === 'admin') return role === 'member'
    return mode !== 'transfer' || userId !== this.im.client.userId
  },

  draw() {
    const { mode, query, s } = this.data
    const { t } = this
    const mine = this.mine()
    const count = this.members.length
    this.entitle(TITLES[mode] ? s[TITLES[mode]] : count ? t('members.titleN', { n: count }) : s.title)
    const wanted = query.toLowerCase()
    const found = sorted(this.members.filter((member) => !mode || this.canChoose(member)), this.im, t)
      .filter(({ name, userId }) => !wanted || name.toLowerCase().indexOf(wanted) >= 0 || initialsOf(name).indexOf(wanted) === 0 || userId === query)
    const people = found.slice(0, this.shown).map((person) => ({
      ...person, tag: person.role === 'member' ? '' : s[person.role], isOn: this.chosen.has(person.userId),
      hasActions: !mode && person.userId !== this.im.client.userId && (mine === 'owner' || canRemove(mine, person.role)),
    }))
    const n = this.chosen.size
    this.setData({ people, chosenCount: n, button: n ? t('members.removeN', { n }) : s.remove, isNone: Boolean(query) && !found.length, none: t('common.none', { query }) })
  },

  search({ detail }) {
    this.shown = PAGE
    this.setData({ query: detail.value.trim() })
    this.draw()
  },

  more() {
    if (this.shown >= this.members.length) return
    this.shown += PAGE
    this.draw()
  },

  personAt({ currentTarget }) { return this.data.people.find(({ userId }) => userId === currentTarget.dataset.id) },

  tap(event) {
    const person = this.personAt(event)
    const { mode } = this.data
    if (mode === 'remove') return this.toggle(person.userId)
    if (mode === 'admin') return this.setRole(person, 'admin', true)
    if (mode === 'transfer') return this.handOver(person, true)
    return openProfile(person.userId)
  },

  toggle(userId) {
    if (!this.chosen.delete(userId)) this.chosen.add(userId)
    this.draw()
  },

  /** What may be done to one of them. */
  async menu(event) {
    const person = this.personAt(event)
    const { s } = this.data
    const isOwner = this.mine() === 'owner'
    if (!person.hasActions) return
    const key = await this.choose({ title: person.name, items: [
      { key: 'view', text: s.view },
      ...(isOwner ? [person.role === 'admin' ? { key: 'member', text: s.dropAdmin } : { key: 'admin', text: s.makeAdmin }, { key: 'transfer', text: s.transfer }] : []),
      { key: 'remove', text: s.takeOut, danger: true },
    ] })
    if (key === 'view') openProfile(person.userId)
    if (key === 'member' || key === 'admin') this.setRole(person, key)
    if (key === 'transfer') this.handOver(person)
    if (key === 'remove') this.takeOut([person.userId])
  },

  async setRole({ userId }, role, isLast) {
    const { groupId } = this
    if (!await this.work(() => this.im.client.call('group.role', { groupId, userId, role }))) return
    if (isLast) wx.navigateBack()
    else this.load()
  },

  async handOver(person, isLast) {
    const { s } = this.data
    if (await this.ask({ title: this.t('members.transferAsk', person), text: s.transferText, confirm: s.transferDo, danger: true })) this.setRole(person, 'owner', isLast)
  },

  async takeOut(userIds) {
    const { s } = this.data
    const { groupId } = this
    if (!await this.ask({ title: this.t('members.removeAsk', { n: userIds.length }), text: s.removeText, confirm: s.remove, danger: true })) return
    if (!await this.work(() => this.im.client.call('group.remove', { groupId, userIds }))) return
    this.im.directory.refreshGroup(groupId)
    this.chosen.clear()
    if (this.data.mode) wx.navigateBack()
    else this.load()
  },

  remove() { if (this.chosen.size) this.takeOut([...this.chosen]) },
})
