// An order of the business's, with at most two things to do.

const { getClient } = require('../../../current')
const { fileOf } = require('../../../media')

Component({
  properties: {
    /** Of core/card. */
    order: Object,
  },

  data: { src: '' },

  observers: {
    /** A picture comes from our own server or not at all: another's would learn who looks at it. */
    'order.image': function draw(image) {
      if (!image || image === this.image || !getClient()) return
      this.image = image
      fileOf(getClient(), image).then((src) => this.setData({ src }), () => {})
    },
  },

  methods: {
    broke() { this.setData({ src: '' }) },
    tapped({ currentTarget }) { this.triggerEvent('action', { index: currentTarget.dataset.index }) },
  },
})
