// Whom one has blocked.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { openProfile } = require('../../services/links')

definePage('blocked', {
  data: { people: [], isEmpty: false },

  onLoad() {
    this.userIds = []
    this.off = this.im.directory.onChange(() => this.draw())
  },

  onUnload() { this.off() },
  onShow() { this.load() },
  dressed() { this.draw() },

  load() {
    return this.read(async () => {
      this.userIds = (await this.im.client.call('block.list', {})).userIds
      this.draw()
      this.setData({ isEmpty: !this.userIds.length })
    })
  },

  draw() { this.setData({ people: this.userIds.map((userId) => personOf(userId, { directory: this.im.directory, t: this.t })) }) },

  open({ currentTarget }) { openProfile(currentTarget.dataset.id) },

  async unblock({ currentTarget }) {
    const userId = currentTarget.dataset.id
    if (!await this.work(() => this.im.client.call('block.remove', { userIds: [userId] }))) return
    this.userIds = this.userIds.filter((id) => id !== userId)
    this.draw()
    this.setData({ isEmpty: !this.userIds.length })
  },
})
