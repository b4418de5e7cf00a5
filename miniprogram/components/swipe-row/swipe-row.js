// A row that is swiped to the left to show its buttons. The finger is followed in swipe.wxs; whether it is open is the page's to know, so
// that one row is open at a time.
Component({
  properties: {
    /** [{key, text}], at most three, the last one red. */
    buttons: Array,
    open: Boolean,
  },

  methods: {
    moved({ open }) { this.triggerEvent(open ? 'open' : 'close') },
    pick({ currentTarget }) { this.triggerEvent('pick', { key: currentTarget.dataset.key }) },
  },
})
