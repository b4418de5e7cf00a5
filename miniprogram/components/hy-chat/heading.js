'use strict'
// What stands around the rows: whom one talks with and how that stands, for the host's title; strips; and whether one may write.

const { connectionOf } = require('./connection')
const { isGone } = require('./core/errors')
const { Typing } = require('./core/typing')

const TYPING_GROUP_MAX = 20
const MEMBERS_PAGE = 200

module.exports = Behavior({
  data: { strip: '', closed: '', closedAction: '', canAll: false },

  methods: {
    /** Begins to hear. @returns {(() => void)[]} what ends it */
    hearHeading() {
      const { client, presence } = this.kit
      const { place } = this
      this.typing = new Typing(client, () => this.tellHeading())
      this.link = connectionOf(client)
      const offs = [
        this.link.onChange(() => this.tellHeading()),
        client.on('message', ({ message, conversation }) => {
          if (conversation !== this.log.conversation || message.kind !== 'group') return
          if (this.log.messages.length) this.askGroup() // read now: with the entry that ends it the client has the conversation no more
        }),
        client.on('gone', () => this.gone()),
        client.on('synced', () => this.askGroup()),
        presence.onChange(() => this.tellHeading()),
        () => this.typing.end(),
      ]
      if (place.userId !== undefined && place.userId !== client.userId) offs.push(presence.look([place.userId]))
      this.askGroup()
      return offs
    },

    /** Left, dismissed or cleared. */
    gone() {
      if (this.place.groupId === undefined) return
      this.log.isKept = true // until it is known which
      this.askGroup()
    },

    /** Whether one is in the group, as what, and whether it is muted. */
    async askGroup() {
      const { client } = this.kit
      const { groupId } = this.place
      if (groupId === undefined || client.state !== 'online') return
      this.isAskedAgain = this.isAsking // what is under way may not know of it
      if (this.isAsking) return
      this.isAsking = true
      const { log } = this
      try {
        const { group } = await client.call('group.get', { groupId })
        log.isKept = false
        if (log === this.log) {
          this.group = group
          this.hasLeft = false
        }
        const role = await this.roleIn(groupId)
        if (log === this.log) this.role = role
      } catch (error) {
        if (isGone(error) && log === this.log) this.hasLeft = log.isKept = true
      }
      this.isAsking = false
      if (!this.isAttached || !this.log) return
      if (this.isAskedAgain || log !== this.log) this.askGroup()
      this.tellHeading()
      this.drawSoon()
    },

    /** Owner and admins are few; a member's own role is the last that is found. */
    async roleIn(groupId) {
      const { client } = this.kit
      for (let cursor = null, isFirst = true; isFirst || cursor; isFirst = false) {
        const page = await client.call('group.members', { groupId, limit: MEMBERS_PAGE, ...(cursor ? { cursor } : {}) })
        const me = page.members.find(({ userId }) => userId === client.userId)
        if (me) return me.role
        cursor = page.cursor
      }
      return undefined
    },

    nameOfPlace() {
      const { directory } = this.kit
      const { userId, groupId } = this.place
      if (userId !== undefined) return { name: directory.nameOf(userId, this.t), count: null }
      const group = directory.group(groupId) || this.group
      return { name: (group && group.name) || this.t('name.group'), count: group ? group.memberCount : null }
    },

    /** What takes the name's place for as long as it holds; ''. */
    stateOfPlace(count) {
      const { t } = this
      const { title } = this.link.view
      if (title) return t(`state.${title}`)
      const [userId] = this.typing.of(this.log.conversation)
      if (userId === undefined) return ''
      if (this.place.userId !== undefined) return t('state.typing')
      return count && count <= TYPING_GROUP_MAX ? t('state.typingName', { name: this.kit.directory.nameOf(userId, t) }) : ''
    },

    /** Tells the host's title, and sets strip and composer, where they are others. */
    tellHeading() {
      if (!this.log || !this.isAttached) return
      const { kit: { client, presence }, place, t } = this
      const { conversation } = this.log
      const { strip, state } = this.link.view
      const { name, count } = this.nameOfPlace()
      const others = client.unread - (conversation && !conversation.muted ? conversation.unread : 0)
      const title = {
        text: name, name, count, state: this.stateOfPlace(count), isGroup: place.groupId !== undefined, unreadOthers: Math.max(0, others),
        online: place.userId !== undefined && place.userId !== client.userId && presence.isOnline(place.userId), muted: Boolean(conversation && conversation.muted),
      }
      const text = JSON.stringify(title)
      if (text !== this.toldTitle) {
        this.toldTitle = text
        this.triggerEvent('title', title)
      }
      const isMuted = this.group && this.group.muted && this.role === 'member'
      const isClosed = state === 'kicked' || state === 'replaced'
      const next = {
        strip: strip ? t(`strip.${strip}`) : '',
        closed: isClosed ? t(`closed.${state}`) : this.hasLeft ? t('refused.notMember') : isMuted ? t('refused.muted') : '',
        closedAction: isClosed ? t(`closed.${state}Action`) : '',
        canAll: this.role === 'owner' || this.role === 'admin',
      }
      const patch = {}
      for (const key of Object.keys(next)) if (next[key] !== this.data[key]) patch[key] = next[key]
      if (!Object.keys(patch).length) return
      if (!patch.closed) this.setData(patch)
      else { // the keyboard goes before its field does
        wx.hideKeyboard({ fail: () => {} })
        this.closePanels()
        wx.nextTick(() => this.setData(patch))
      }
    },

    /** The strip, or the button of a closed composer: now. */
    connect() { this.kit.client.connect().catch(() => {}) }, // how it goes the state tells
  },
})
