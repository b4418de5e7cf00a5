// A page of one of the domains that config.js allows; any other address is not opened.

const { definePage, decoded } = require('../../services/page')
const config = require('../../config')

definePage('web', {
  isForAll: true,
  isTitled: true,
  data: { url: '' },

  onLoad(query) {
    const url = decoded(query.url)
    const [, domain] = /^https:\/\/([^/?#@]+)(?:[/?#]|$)/.exec(url) || []
    if (config.webDomains.indexOf(domain) >= 0) this.setData({ url })
    else wx.navigateBack()
  },
})
