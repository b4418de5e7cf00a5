// Chooses people: for a new group, or, with a groupId, for one that is there.

const { definePage, decoded } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { byInitial, initialsOf } = require('../../services/initials')
const { membersOf, missingIn } = require('../../services/groups')
const { openFresh } = require('../../services/links')

const USER_ID = /^[A-Za-z0-9_\-.:@]{1,64}$/
const NAME_MAX = 64
/** Of a name that nobody has chosen. */
const DEFAULT_NAME_MAX = 20

definePage('group-new', {
  isTitled: true,

  data: { sections: [], chosen: [], query: '', none: '', name: '', isAdding: false, hasIdField: false, id: '', button: '' },

  onLoad(query) {
    const { im } = this
    this.groupId = query.groupId ? decoded(query.groupId) : null
    this.chosen = query.userId ? [decoded(query.userId)] : []
    this.members = []
    const soon = () => this.draw()
    this.offs = [im.directory.onChange(soon), im.client.on('synced', soon)]
    this.setData({ isAdding: Boolean(this.groupId) })
    if (this.groupId) this.readMembers()
  },

  onUnload() { this.offs.forEach((off) => off()) },

  dressed() {
    this.entitle(this.groupId ? this.data.s.addTitle : this.data.s.title)
    this.draw()
  },

  async readMembers() {
    this.members = (await membersOf(this.im.client, this.groupId).catch(() => [])).map(({ userId }) => userId)
    this.draw()
  },

  draw() {
    const { contacts, directory } = this.im
    const { query } = this.data
    const person = (userId) => personOf(userId, { directory, t: this.t })
    const all = [...new Set([...this.chosen, ...contacts.list()])].map((userId) => ({
      ...person(userId), isMember: this.members.indexOf(userId) >= 0, isOn: this.chosen.indexOf(userId) >= 0,
    }))
    const found = query ? all.filter(({ name, userId }) => matches({ name, userId }, query)) : all
    const n = this.chosen.length
    const button = this.groupId ? this.t('group-new.addN', { n }) : this.t('group-new.createN', { n })
    this.setData({ sections: byInitial(found), none: query ? this.t('common.none', { query }) : this.data.s.empty, chosen: this.chosen.map(person), button: n ? button : this.groupId ? this.data.s.add : this.data.s.create })
  },

  search({ detail }) {
    this.setData({ query: detail.value.trim() })
    this.draw()
  },

  toggle({ currentTarget }) {
    const { id } = currentTarget.dataset
    if (this.members.indexOf(id) >= 0) return
    this.chosen = this.chosen.indexOf(id) >= 0 ? this.chosen.filter((userId) => userId !== id) : [...this.chosen, id]
    this.draw()
  },

  // ---- by id ----

  showIdField() { this.setData({ hasIdField: true }) },
  idTyped({ detail }) { this.setData({ id: detail.value.trim() }) },
  addId() {
    const { id, s } = this.data
    if (!USER_ID.test(id)) return this.say(s.badId)
    if (id !== this.im.client.userId && this.chosen.indexOf(id) < 0 && this.members.indexOf(id) < 0) this.chosen = [...this.chosen, id]
    this.setData({ id: '', hasIdField: false })
    return this.draw()
  },

  // ---- done ----

  nameTyped({ detail }) { this.setData({ name: detail.value }) },

  /** Oneself and the first ones: 三三、李四、王五. */
  defaultName() {
    const { client, directory } = this.im
    const names = [client.userId, ...this.chosen].map((userId) => directory.nameOf(userId, this.t))
    let name = names[0]
    for (const next of names.slice(1)) {
      const longer = name + this.t('name.join') + next
      if (Array.from(longer).length > DEFAULT_NAME_MAX) break
      name = longer
    }
    return Array.from(name).slice(0, NAME_MAX).join('')
  },

  finish() {
    if (!this.chosen.length) return undefined
    return this.groupId ? this.addToGroup() : this.create()
  },

  create() {
    const { client, contacts } = this.im
    return this.work(() => this.unlessFull(async () => {
      const members = this.chosen
      const { group } = await client.call('group.create', { name: this.data.name.trim() || this.defaultName(), members })
      members.forEach((userId) => contacts.add(userId))
      openFresh({ groupId: group.groupId })
      if (group.memberCount < members.length + 1) this.nameRefused(await missingIn(client, group.groupId, members))
    }))
  },

  addToGroup() {
    const { client, directory } = this.im
    return this.work(() => this.unlessFull(async () => {
      const userIds = this.chosen
      await client.call('group.add', { groupId: this.groupId, userIds })
      directory.refreshGroup(this.groupId)
      const refused = await missingIn(client, this.groupId, userIds)
      wx.navigateBack()
      this.nameRefused(refused)
    }))
  },

  async unlessFull(act) {
    try {
      await act()
    } catch (error) {
      if (error.code !== -32013) throw error
      this.say(this.data.s.full)
    }
  },

  nameRefused(userIds) {
    if (!userIds.length) return
    const names = userIds.map((userId) => this.im.directory.nameOf(userId, this.t)).join(this.t('name.join'))
    this.say(this.t('group-new.refused', { names }))
  },
})

/** By a part of the name, by its initials, or by the whole id. */
function matches({ name, userId }, query) {
  const wanted = query.toLowerCase()
  return name.toLowerCase().indexOf(wanted) >= 0 || initialsOf(name).indexOf(wanted) === 0 || userId === query
}
