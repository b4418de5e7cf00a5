// A switch. It moves at once, and the page may put it back.
Component({
  properties: { checked: Boolean, disabled: Boolean, label: String },

  methods: {
    flip() {
      if (this.data.disabled) return
      const checked = !this.data.checked
      this.setData({ checked })
      this.triggerEvent('change', { checked })
    },
  },
})
