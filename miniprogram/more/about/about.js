// What this is.

const { definePage } = require('../../services/page')
const brand = require('../../brand')
const config = require('../../config')

definePage('about', {
  data: { name: '', logo: brand.logo, version: '', host: config.server.replace(/^https?:\/\//, '').replace(/\/.*$/, '') },

  dressed() {
    const { version } = wx.getAccountInfoSync().miniProgram // empty but in what was released
    this.setData({ name: brand.name[this.look.lang], version: version && this.t('about.version', { version }) })
  },
})
