// What owner and admins may do to a group.

const { definePage, decoded } = require('../../services/page')
const { membersOf, roleIn, sorted } = require('../../services/groups')
const { openAbout, openProfile } = require('../../services/links')

definePage('group-manage', {
  data: { admins: [], isOwner: false, muted: false, seesHistory: false },

  onLoad(query) {
    this.groupId = decoded(query.groupId)
    this.members = []
    this.off = this.im.directory.onChange(() => this.draw())
  },

  onUnload() { this.off() },
  onShow() { this.load() },
  dressed() { this.draw() },

  load() {
    this.im.directory.refreshGroup(this.groupId)
    return this.read(async () => {
      this.members = await membersOf(this.im.client, this.groupId)
      this.draw()
    })
  },

  draw() {
    const { client, directory } = this.im
    const group = directory.group(this.groupId)
    this.setData({
      admins: sorted(this.members.filter(({ role }) => role === 'admin'), this.im, this.t), isOwner: roleIn(this.members, client.userId) === 'owner',
      muted: Boolean(group && group.muted), seesHistory: Boolean(group && group.history === 'all'),
    })
  },

  mute({ detail }) { this.change({ muted: detail.checked }, { muted: detail.checked }) },
  showHistory({ detail }) { this.change({ history: detail.checked ? 'all' : 'joined' }, { seesHistory: detail.checked }) },

  /** Shown at once, and taken back when it was refused. */
  async change(setting, shown) {
    const { groupId } = this
    this.setData(shown)
    await this.attempt(() => this.im.client.call('group.update', { groupId, ...setting }).then(({ group }) => {
      const known = this.im.directory.group(groupId)
      if (known) this.im.directory.learnGroup({ ...known, muted: group.muted, history: group.history, members: this.im.directory.members(groupId) })
    }))
    this.draw()
  },

  openPerson({ currentTarget }) { openProfile(currentTarget.dataset.id) },
  addAdmin() { openAbout('members', { groupId: this.groupId }, '&mode=admin') },
  transfer() { openAbout('members', { groupId: this.groupId }, '&mode=transfer') },

  async drop({ currentTarget }) {
    const userId = currentTarget.dataset.id
    if (await this.work(() => this.im.client.call('group.role', { groupId: this.groupId, userId, role: 'member' }))) this.load()
  },
})
