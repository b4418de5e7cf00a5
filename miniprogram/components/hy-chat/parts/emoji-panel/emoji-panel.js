// All emoji, the last used before them, and the keys to take one away and to send, which cover none.

const { EMOJI } = require('../../core/emoji')

const REPEAT_MS = 90

Component({
  properties: {
    /** Texts: {recent, all, emoji, erase}. */
    s: Object,
    recent: Array,
    /** There is something to send. */
    canSend: Boolean,
    sendText: String,
    /** One is to be chosen, and nothing is being written: there are no keys. */
    isBare: Boolean,
  },

  data: { all: EMOJI },

  lifetimes: {
    detached() { this.stopErasing() },
  },

  methods: {
    pick({ currentTarget }) { this.triggerEvent('pick', { emoji: currentTarget.dataset.emoji }) },
    erase() { this.triggerEvent('erase') },
    eraseOn() {
      this.erase()
      this.erasing = setInterval(() => this.erase(), REPEAT_MS)
    },
    stopErasing() { clearInterval(this.erasing) },
    send() { if (this.data.canSend) this.triggerEvent('send') },
  },
})
