// A field to search by.
Component({
  properties: {
    value: String,
    placeholder: String,
    clearLabel: String,
    cancel: String,
    focus: Boolean,
  },

  methods: {
    typed({ detail }) { this.triggerEvent('input', { value: detail.value }) },
    confirmed({ detail }) { this.triggerEvent('confirm', { value: detail.value }) },
    clear() {
      this.setData({ value: '' })
      this.triggerEvent('input', { value: '' })
    },
    cancelled() { this.triggerEvent('cancel') },
  },
})
