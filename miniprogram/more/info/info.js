// What a chat is: who is in it, how it is kept, and the ways out.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { membersOf, roleIn, canRemove, sorted } = require('../../services/groups')
const { openAbout, openProfile } = require('../../services/links')
const { placeOf } = require('../../components/hy-chat/core/place')

const SHOWN_MAX = 15
const NAME_MAX = 64

definePage('info', {
  isTitled: true,

  data: {
    isGroup: false, people: [], hasMore: false, canAdd: false, canRemove: false, isLead: false, isOwner: false, canLeave: false, name: '', pinned: false, muted: false,
    isBlocked: false, hasConversation: false, isRenaming: false, newName: '',
  },

  onLoad(query) {
    const { im } = this
    this.place = placeOf(query)
    this.members = null
    const soon = () => this.draw()
    this.offs = [im.directory.onChange(soon), im.client.on('conversation', soon), im.client.on('gone', () => this.load())]
    this.setData({ isGroup: this.place.groupId !== undefined })
  },

  onUnload() { this.offs.forEach((off) => off()) },
  onShow() { this.load() },
  dressed() { this.draw() },

  load() {
    const { client, directory } = this.im
    const { groupId, userId } = this.place
    if (groupId !== undefined) {
      directory.refreshGroup(groupId)
      return this.read(async () => {
        this.members = await membersOf(client, groupId)
      }).then(() => this.draw())
    }
    return client.call('block.list', {}).then(({ userIds }) => this.setData({ isBlocked: userIds.indexOf(userId) >= 0 }), () => {})
  },

  draw() {
    const { client, directory } = this.im
    const { place, t, data } = this
    const conversation = client.conversation(place)
    const settings = { hasConversation: Boolean(conversation), pinned: Boolean(conversation && conversation.pinned), muted: Boolean(conversation && conversation.muted) }
    if (place.userId !== undefined) {
      this.entitle(data.s.title)
      return this.setData({ ...settings, people: [personOf(place.userId, { directory, t })], canAdd: true })
    }
    const group = directory.group(place.groupId)
    const members = this.members || directory.members(place.groupId)
    const role = roleIn(members, client.userId)
    const isLead = role === 'owner' || role === 'admin'
    const n = (this.members && this.members.length) || (group && group.memberCount)
    this.entitle(n && !data.isGone ? t('info.titleN', { n }) : data.s.title)
    return this.setData({
      ...settings, isLead, isOwner: role === 'owner', canLeave: Boolean(role) && role !== 'owner', canAdd: isLead,
      people: sorted(members, this.im, t).slice(0, SHOWN_MAX), hasMore: n > SHOWN_MAX,
      canRemove: members.some((member) => canRemove(role, member.role)), name: group ? group.name : '',
    })
  },

  openPerson({ currentTarget }) { openProfile(currentTarget.dataset.id) },
  add() {
    const { userId } = this.place
    if (userId !== undefined) wx.navigateTo({ url: `/more/group-new/group-new?userId=${encodeURIComponent(userId)}` })
    else openAbout('group-new', this.place)
  },
  remove() { openAbout('members', this.place, '&mode=remove') },
  all() { openAbout('members', this.place) },
  search() { openAbout('search', this.place) },
  manage() { openAbout('group-manage', this.place) },

  // ---- settings ----

  pin({ detail }) { this.setOne('pinned', detail.checked) },
  mute({ detail }) { this.setOne('muted', detail.checked) },
  async setOne(name, value) {
    this.setData({ [name]: value })
    if (!await this.attempt(() => this.im.client.set(this.place, { [name]: value }))) this.setData({ [name]: !value })
  },

  async block({ detail }) {
    const { t, place } = this
    this.setData({ isBlocked: detail.checked })
    const name = this.im.directory.nameOf(place.userId, t)
    const isWanted = !detail.checked || await this.ask({ title: t('profile.blockTitle', { name }), text: t('profile.blockText'), confirm: t('profile.blockDo'), danger: true })
    const method = detail.checked ? 'block.add' : 'block.remove'
    if (!isWanted || !await this.attempt(() => this.im.client.call(method, { userIds: [place.userId] }))) this.setData({ isBlocked: !detail.checked })
  },

  // ---- the name ----

  rename() {
    if (this.data.isLead) this.setData({ isRenaming: true, newName: this.data.name })
  },
  nameTyped({ detail }) { this.setData({ newName: detail.value }) },
  dropName() { this.setData({ isRenaming: false }) },
  async saveName() {
    const name = this.data.newName.trim()
    if (!name || name === this.data.name) return this.dropName()
    if (Array.from(name).length > NAME_MAX) return this.say(this.data.s.nameTooLong)
    const isDone = await this.attempt(() => this.im.client.call('group.update', { groupId: this.place.groupId, name }))
    if (!isDone) return undefined
    this.setData({ isRenaming: false, name })
    return this.im.directory.refreshGroup(this.place.groupId)
  },

  // ---- ways out ----

  async clear() {
    const { s } = this.data
    if (!await this.ask({ title: s.clearAsk, text: s.clearText, confirm: s.clearDo, danger: true })) return
    if (await this.attempt(() => this.im.client.clear(this.place))) this.say(s.cleared)
  },

  leave() {
    const { s } = this.data
    return this.goAway({ title: s.leaveAsk, text: s.leaveText, confirm: s.leaveDo, danger: true }, 'group.leave')
  },

  dismiss() {
    const { s } = this.data
    return this.goAway({ title: s.dismissAsk, text: s.dismissText, confirm: s.dismissDo, danger: true }, 'group.dismiss')
  },

  async goAway(question, method) {
    if (!await this.ask(question)) return
    const isDone = await this.attempt(() => this.im.client.call(method, { groupId: this.place.groupId }))
    if (isDone) wx.switchTab({ url: '/pages/chats/chats' })
  },
})
