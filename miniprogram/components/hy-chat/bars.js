'use strict'
// What floats over the rows: up to the first new ones, down to what came meanwhile; and quick replies below.

const { badge } = require('./core/unread')

/** What is drawn by then needs no way to it. */
const CHECK_MS = 400
const REPLIES_MAX = 6
const REPLY_CHARS_MAX = 12

module.exports = Behavior({
  data: { up: '', down: '', quickReplies: [] },

  methods: {
    beginBars() {
      const { log } = this
      this.upFirst = log.firstUnreadSeq
      this.upMention = log.mentionSeq
      this.seenSeq = log.conversation ? log.conversation.lastSeq : 0
      this.isUpChecked = false
      this.upTimer = setTimeout(() => {
        this.isUpChecked = true
        this.lookAtBars()
      }, CHECK_MS)
    },

    bottomChanged(isAtBottom) {
      if (!isAtBottom && this.log.conversation) this.seenSeq = this.log.conversation.lastSeq
      if (isAtBottom !== this.data.isAtBottom) this.setData({ isAtBottom })
    },

    /** After each look at the list: what was seen needs no bar. */
    lookAtBars() {
      if (!this.log || !this.log.isBegun || !this.isAttached) return
      const { rows, t, log } = this
      if ((this.upFirst || this.upMention) && this.screen) {
        const visible = this.visibleKeys()
        const isAbove = (i) => i >= 0 && visible.length > 0 && rows.findIndex(({ key }) => key === visible[0]) <= i
        if (isAbove(rows.findIndex(({ key }) => key === 'new'))) this.upFirst = null
        const mention = rows.findIndex(({ seq }) => seq === this.upMention)
        if (mention >= 0 && visible.indexOf(rows[mention].key) >= 0) this.upMention = null
      }
      const isUp = this.isUpChecked && (this.upFirst || this.upMention)
      const n = this.isAtBottom ? 0 : log.countAfter(this.seenSeq)
      const up = !isUp ? '' : this.upMention ? t('chat.mentioned') : t('chat.newAbove', { n: badge(log.unreadAtFirst) })
      const down = n ? t('chat.newBelow', { n: badge(n) }) : ''
      const patch = {}
      if (up !== this.data.up) patch.up = up
      if (down !== this.data.down) patch.down = down
      const quickReplies = this.repliesNow()
      if (quickReplies.join('\n') !== this.data.quickReplies.join('\n')) patch.quickReplies = quickReplies
      if (Object.keys(patch).length) this.setData(patch, () => { if (patch.quickReplies && this.isAtBottom) this.toBottom() })
    },

    async goUp() {
      if (this.upMention) {
        const seq = this.upMention
        this.upMention = null
        this.setData({ up: '' })
        return this.jump(seq)
      }
      const seq = this.upFirst
      this.upFirst = null
      this.setData({ up: '' })
      await this.reach(seq)
      await this.draw()
      return this.toRow('new', { isFlashed: false, offset: 60 * this.rpx })
    },

    goDown() { this.toBottom(true) },

    /** Of the newest message, when it is another's. */
    repliesNow() {
      const { kit: { client, sender }, place, log: { newest } } = this
      const given = newest && newest.from !== client.userId && newest.ext && newest.ext.quickReplies
      if (!Array.isArray(given) || sender.entries(place).some(({ state }) => state !== 'failed' && state !== 'sent')) return []
      return given.filter((text) => typeof text === 'string' && text && Array.from(text).length <= REPLY_CHARS_MAX).slice(0, REPLIES_MAX)
    },

    quickReply({ currentTarget }) { this.say(this.data.quickReplies[currentTarget.dataset.index]) },
  },
})
