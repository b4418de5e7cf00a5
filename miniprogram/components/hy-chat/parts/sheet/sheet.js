// Choices from below.
Component({
  properties: {
    show: Boolean,
    title: String,
    /** [{key, text, danger}] */
    items: Array,
    cancel: String,
  },

  methods: {
    pick({ currentTarget }) { this.triggerEvent('pick', { key: currentTarget.dataset.key }) },
    cancelled() { this.triggerEvent('cancel') },
    stay() {},
  },
})
