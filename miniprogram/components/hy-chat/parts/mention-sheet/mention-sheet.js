// Whom a message calls: the members of a group, from below.

const { colorOf, initials } = require('../../core/avatar')
const { kitOf } = require('../../core/kit')
const { getClient } = require('../../current')
const { textsIn } = require('../../texts')

const PAGE = 200
/** More rows than that nobody reads: they search. */
const SHOWN_MAX = 200

Component({
  properties: {
    groupId: String,
    /** Everyone may be called. */
    canAll: Boolean,
    lang: String,
  },

  data: { s: {}, query: '', rows: [], isEmpty: false },

  lifetimes: {
    attached() {
      const { directory } = kitOf(getClient())
      this.directory = directory
      this.t = textsIn(this.data.lang)
      this.setData({ s: { title: this.t('composer.mention'), search: this.t('composer.search'), close: this.t('action.close'), none: this.t('composer.noMember') } })
      this.members = directory.members(this.data.groupId)
      this.off = directory.onChange(() => this.draw())
      this.draw()
      this.load()
    },
    detached() {
      this.off()
      this.isGone = true
    },
  },

  methods: {
    async load() {
      const found = []
      let cursor
      do {
        let answer
        try {
          answer = await getClient().call('group.members', { groupId: this.data.groupId, limit: PAGE, ...(cursor ? { cursor } : {}) })
        } catch (error) { // those who are known stay
          break
        }
        if (this.isGone) return
        found.push(...answer.members)
        cursor = answer.cursor
        this.members = found
        this.draw()
      } while (cursor)
      this.isLoaded = true
      this.draw()
    },

    draw() {
      const { directory, t, data: { canAll, query } } = this
      const me = getClient().userId
      const wanted = query.trim().toLowerCase()
      const everyone = canAll ? [{ userId: 'all', name: t('name.everyone'), isAll: true }] : []
      const others = this.members.filter(({ userId }) => userId !== me).map(({ userId }) => {
        const name = directory.nameOf(userId, t)
        return { userId, name, avatar: directory.user(userId).avatar, initials: initials(name), color: colorOf(userId) }
      })
      const rows = [...everyone, ...others].filter(({ name }) => name.toLowerCase().indexOf(wanted) >= 0).slice(0, SHOWN_MAX)
      this.setData({ rows, isEmpty: !rows.length && Boolean(this.isLoaded) })
    },

    searched({ detail }) {
      this.setData({ query: detail.value })
      this.draw()
    },

    pick({ currentTarget }) {
      const { userId, name } = this.data.rows[currentTarget.dataset.index]
      this.triggerEvent('pick', { userId, name })
    },

    close() { this.triggerEvent('close') },
    stay() {},
  },
})
