// A picture of somebody, or letters on a colour where there is none; of a group its members in a grid. A picture of the server is read
// through the current client.

const { getClient } = require('../../current')
const { fileOf } = require('../../media')

const isAddress = (avatar) => /^(https?:|wxfile:|\/|http:\/\/tmp)/.test(avatar)

Component({
  properties: {
    name: String,
    /** A fileId, an address, or null. */
    avatar: { type: null, value: null },
    initials: String,
    color: String,
    /** In rpx. */
    size: { type: Number, value: 96 },
    /** Of a group: [{userId, avatar, initials, color}]. */
    groupMembers: { type: Array, value: [] },
    online: Boolean,
  },

  data: { src: '', cells: [], rows: 0 },

  observers: {
    avatar(avatar) {
      this.wanted = avatar
      if (!avatar) return this.setData({ src: '' })
      if (isAddress(avatar)) return this.setData({ src: avatar })
      const client = getClient()
      if (!client) return undefined
      return fileOf(client, avatar).then((src) => { if (this.wanted === avatar) this.setData({ src }) }, () => {}) // the letters stay
    },
    groupMembers(members) {
      const count = members ? members.length : 0
      if (count > 1) this.setData({ columns: count > 4 ? 3 : 2 })
    },
  },

  methods: {
    broke() { this.setData({ src: '' }) },
  },
})
