// Somebody new: by id, or by their code.

const { definePage } = require('../../services/page')
const { addressOfScan, openProfile } = require('../../services/links')

const USER_ID = /^[A-Za-z0-9_\-.:@]{1,64}$/

definePage('add', {
  data: { id: '', problem: '', isFocused: true },

  typed({ detail }) { this.setData({ id: detail.value.trim(), problem: '' }) },

  find() {
    const { id } = this.data
    if (!id) return
    if (!USER_ID.test(id)) return this.setData({ problem: this.data.s.badId })
    return this.work(async () => {
      try {
        await this.im.client.call('user.get', { userIds: [id] })
      } catch (error) {
        if (error.code !== -32004) throw error
        return this.setData({ problem: this.data.s.noUser })
      }
      this.im.directory.refresh([id])
      return openProfile(id)
    })
  },

  scan() { addressOfScan(this) },
  code() { wx.navigateTo({ url: '/more/code/code' }) },
})
