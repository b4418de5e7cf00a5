// One's own code, drawn here: whoever scans it finds one's profile.

const { definePage } = require('../../services/page')
const { personOf } = require('../../services/contacts')
const { codeOf } = require('../../services/links')
const { qr } = require('./qr')

/** Readers want so much white around a code. */
const QUIET = 4
/** A code is dark on light in every theme: many readers know no other. */
const DARK = '#111111'
const LIGHT = '#ffffff'

definePage('code', {
  data: { person: {}, userId: '' },

  onLoad() { this.off = this.im.directory.onChange(() => this.draw()) },
  onUnload() { this.off() },
  onReady() { this.paint() },
  dressed() { this.draw() },

  draw() {
    const { client, directory } = this.im
    this.setData({ person: personOf(client.userId, { directory, t: this.t }), userId: client.userId })
  },

  paint() {
    this.createSelectorQuery().select('.code').fields({ node: true, size: true }).exec(([{ node, width }]) => {
      const matrix = qr(codeOf(this.im.client.userId))
      const cells = matrix.length + 2 * QUIET
      const cell = Math.max(1, Math.floor(width * wx.getWindowInfo().pixelRatio / cells))
      node.width = node.height = cell * cells
      const context = node.getContext('2d')
      context.fillStyle = LIGHT
      context.fillRect(0, 0, node.width, node.height)
      context.fillStyle = DARK
      matrix.forEach((row, y) => row.forEach((isDark, x) => { if (isDark) context.fillRect((x + QUIET) * cell, (y + QUIET) * cell, cell, cell) }))
      this.canvas = node
    })
  },

  save() {
    if (!this.canvas) return
    wx.canvasToTempFilePath({
      canvas: this.canvas,
      success: ({ tempFilePath }) => wx.saveImageToPhotosAlbum({
        filePath: tempFilePath,
        success: () => this.say(this.data.s.saved),
        fail: ({ errMsg }) => { if (/auth|denied|permission/i.test(errMsg)) this.say(this.data.s.denied) },
      }),
      fail: () => this.say(this.t('toast.failed')),
    })
  },
})
