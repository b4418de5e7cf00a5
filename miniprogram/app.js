const { Im } = require('./services/im')
const { keepLeft, takeLeft } = require('./services/left')
const { Look } = require('./services/look')

App({
  onLaunch({ path }) {
    this.look = new Look()
    this.im = new Im()
    this.left = takeLeft(path)
    this.im.start()
  },

  onShow() {
    this.im.seen()
  },

  onHide() {
    this.im.hidden()
    keepLeft()
  },
})
