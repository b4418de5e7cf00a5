// The grid of emoji. Fires `pick` with `{emoji}` and `delete`.

const EMOJI = require('../../utils/emoji')

Component({
  data: { emoji: EMOJI },
  methods: {
    pick(event) {
      this.triggerEvent('pick', { emoji: EMOJI[event.currentTarget.dataset.index] })
    },
    remove() {
      this.triggerEvent('delete')
    },
  },
})
