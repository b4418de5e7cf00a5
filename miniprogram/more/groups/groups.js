// The groups one is in.

const { definePage } = require('../../services/page')
const { initials, colorOf } = require('../../components/hy-chat/core/avatar')
const { openPlace } = require('../../services/links')

definePage('groups', {
  data: { groups: [], isEmpty: false },

  onLoad() {
    this.all = []
    this.off = this.im.directory.onChange(() => this.draw())
  },

  onUnload() { this.off() },
  onShow() { this.load() },
  dressed() { this.draw() },

  load() {
    return this.read(async () => {
      const { client } = this.im
      const all = []
      let cursor = null
      do {
        const page = await client.call('group.list', cursor ? { cursor } : {})
        all.push(...page.groups)
        cursor = page.cursor
      } while (cursor)
      this.all = all
      this.draw()
      this.setData({ isEmpty: !all.length })
    })
  },

  draw() {
    const { directory } = this.im
    const groups = this.all.map(({ groupId, name, memberCount }) => ({
      groupId, name, count: this.t('groups.members', { n: memberCount }), initials: initials(name), color: colorOf(groupId),
      members: directory.members(groupId).map(({ userId }) => {
        const called = directory.nameOf(userId, this.t)
        return { userId, avatar: directory.user(userId).avatar, initials: initials(called), color: colorOf(userId) }
      }),
    }))
    this.setData({ groups })
  },

  open({ currentTarget }) { openPlace({ groupId: currentTarget.dataset.id }) },
  create() { wx.navigateTo({ url: '/more/group-new/group-new' }) },
})
