// A message: the face, the bubble by its kind, what stands beside and under it. What a finger does to it is the event `act`.

const { viewOf } = require('./view')
const { textsIn } = require('../../texts')

/** Texts that were unfolded: one that comes back into sight is as it was. */
const unfolded = new Set()
const translators = {}
/** What a tap on the bubble itself does. */
const TAPS = { image: 'picture', video: 'video', voice: 'voice', file: 'file', location: 'place' }

Component({
  properties: {
    /** A row of core/rows, of type 'bubble'. */
    row: Object,
    /** {avatar, initials, color} of who said it. */
    avatar: { type: Object, value: {} },
    lang: String,
    /** Of which `content.type` the card is the business's. */
    cards: { type: Array, value: [] },
    isSelecting: Boolean,
    isSelected: Boolean,
    isFlashing: Boolean,
    /** Of a voice, and of a file that is fetched: '', 'loading' or 'playing'. */
    playing: String,
  },

  data: { s: {}, view: {} },

  observers: {
    'row, lang, cards': function draw(row, lang, cards) {
      if (!row || row.type !== 'bubble') return
      const t = translators[lang] || (translators[lang] = textsIn(lang))
      const patch = {}
      if (this.t !== t) {
        this.t = t
        patch.s = {
          edited: t('bubble.edited'), showAll: t('bubble.showAll'), read: t('bubble.read'), waiting: t('bubble.waiting'), failed: t('bubble.failed'),
          retry: t('bubble.retryPicture'), cancel: t('action.cancel'),
        }
      }
      if (row.streaming) unfolded.add(row.key) // whoever has read along does not lose the end
      const view = viewOf(row, t, { isUnfolded: unfolded.has(row.key), cards })
      const drawn = JSON.stringify(view)
      if (drawn !== this.drawn) {
        this.drawn = drawn
        patch.view = view
      }
      // All at once: of many new rows each setData is felt.
      if (patch.s || patch.view) this.setData(patch)
    },
  },

  methods: {
    act(act, detail) { this.triggerEvent('act', { key: this.data.row.key, act, ...detail }) },

    tapped() {
      const act = TAPS[this.data.row.kind]
      if (act) this.act(act)
    },

    held() {
      this.createSelectorQuery().select('.bubble').boundingClientRect(({ left, top, right, bottom, width, height }) => {
        this.act('hold', { rect: { left, top, right, bottom, width, height } })
      }).exec()
    },

    faceTapped() { this.act('profile', { userId: this.data.row.from }) },
    faceHeld() { if (this.data.row.name !== null) this.act('mention', { userId: this.data.row.from }) },

    segmentTapped({ currentTarget }) {
      const { kind, value } = this.data.row.segments[currentTarget.dataset.index]
      if (kind === 'url') this.act('link', { url: value })
      if (kind === 'phone') this.act('phone', { number: value })
      if (kind === 'mention' && value !== 'all') this.act('profile', { userId: value })
    },

    unfold() {
      unfolded.add(this.data.row.key)
      this.setData({ 'view.isFolded': false })
      this.drawn = null
      this.act('unfold')
    },

    quoteTapped() { if (this.data.row.quote.state === 'ok') this.act('quote', { seq: this.data.row.quote.seq }) },
    chipTapped({ currentTarget }) {
      const { emoji, mine } = this.data.row.reactions[currentTarget.dataset.index]
      this.act('react', { emoji, on: !mine })
    },
    actionTapped({ detail }) { this.act('card', { action: this.data.row.content.actions[detail.index] }) },
    cardTapped({ detail }) { this.act('card', { action: detail }) },
    failedTapped() { this.act('failed') },
    cancelled() { this.act('cancel') },
    selected() { if (this.data.row.seq !== null) this.act('select') },
  },
})
