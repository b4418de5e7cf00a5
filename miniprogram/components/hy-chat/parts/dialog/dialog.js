// Asks before what cannot be undone. wx.showModal has room for four characters on a button.
Component({
  properties: {
    show: Boolean,
    title: String,
    text: String,
    confirm: String,
    cancel: String,
    danger: Boolean,
  },

  methods: {
    confirmed() { this.triggerEvent('confirm') },
    cancelled() { this.triggerEvent('cancel') },
    stay() {},
  },
})
