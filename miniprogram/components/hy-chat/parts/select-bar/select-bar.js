// What is done with the chosen messages, in place of the composer.

const { textsIn } = require('../../texts')

Component({
  properties: {
    /** How many are chosen. */
    count: Number,
    lang: String,
  },

  data: { s: {} },

  observers: {
    'count, lang': function draw(count, lang) {
      const t = textsIn(lang)
      this.setData({ s: { forward: t('select.forward', { n: count }), remove: t('select.delete') } })
    },
  },

  methods: {
    forward() { if (this.data.count) this.triggerEvent('forward') },
    remove() { if (this.data.count) this.triggerEvent('delete') },
  },
})
