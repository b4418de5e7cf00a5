// What the app takes of the phone, and what can go.

const { definePage } = require('../../services/page')
const { sizeText, KILO } = require('../../services/size')
const { usedBytes, clearFiles } = require('../../components/hy-chat/media')

definePage('storage', {
  data: { all: '', files: '', texts: '' },

  dressed() { this.draw() },

  draw() {
    const files = usedBytes()
    const texts = wx.getStorageInfoSync().currentSize * KILO
    this.setData({ all: sizeText(files + texts), files: sizeText(files), texts: sizeText(texts), hasFiles: files > 0 })
  },

  clear() {
    if (!this.data.hasFiles) return this.say(this.data.s.empty)
    clearFiles()
    this.draw()
    return this.say(this.data.s.cleared)
  },
})
