// What can be sent beside words.
Component({
  properties: {
    /** [{key, text, icon, picture}] icon: a name of ours; picture: an address instead. */
    items: Array,
  },

  methods: {
    pick({ currentTarget }) { this.triggerEvent('pick', { key: currentTarget.dataset.key }) },
  },
})
