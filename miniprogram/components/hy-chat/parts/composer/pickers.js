'use strict'
// What is no text: pictures, films, files, places, and the business's own things.

const { getClient } = require('../../current')
const { keepOutgoing } = require('../../media')
const { isDenial, isSystemDenied } = require('../../permission')

const AT_ONCE_MAX = 9
const FILM_SECONDS = 60
const MEGABYTE = 1024 * 1024
const PERMISSIONS = { microphone: 'record', camera: 'camera', album: 'album', location: 'location' }

/** A method of wx as a promise. */
const ask = (method, options) => new Promise((resolve, reject) => wx[method]({ ...options, success: resolve, fail: reject }))

const nameOf = ({ name, path }) => name || path.split('/').pop()

/** A picture that comes as a file tells no measures. */
const measured = async (file) => {
  if (file.kind !== 'image' || file.width) return file
  try {
    const { width, height } = await ask('getImageInfo', { src: file.path })
    return { ...file, width, height }
  } catch (error) { // none that this phone can draw
    return { ...file, kind: 'file' }
  }
}

const mediaFile = ({ tempFilePath, fileType, size, width, height, duration, thumbTempFilePath }) => (fileType === 'video'
  ? { kind: 'video', path: tempFilePath, size, width, height, seconds: Math.round(duration), poster: thumbTempFilePath }
  : { kind: 'image', path: tempFilePath, size, width, height })

module.exports = Behavior({
  data: { plusItems: [] },

  methods: {
    plusItems(t, hasFiles) {
      const own = hasFiles ? [['photos', 'photo'], ['camera', 'camera'], ['files', 'file']] : []
      return [
        ...[...own, ['location', 'location']].map(([key, icon]) => ({ key, icon, text: t(`composer.${key}`) })),
        ...this.data.plus.map(({ key, text, icon }) => ({ key: `own:${key}`, text, ...(/[/:]/.test(icon) ? { picture: icon } : { icon }) })),
      ]
    },

    pickPlus({ detail: { key } }) {
      if (key.indexOf('own:') === 0) {
        this.closePanel()
        return this.triggerEvent('plus', { key: key.slice(4) })
      }
      return this[`pick_${key}`]()
    },

    async pick_photos() {
      const chosen = await this.attempt('album', 'chooseMedia', {
        count: AT_ONCE_MAX, mediaType: ['image', 'video'], sourceType: ['album'], sizeType: ['original', 'compressed'], maxDuration: FILM_SECONDS,
      })
      if (chosen) this.sendAll(chosen.tempFiles.map(mediaFile))
    },

    async pick_camera() {
      const chosen = await this.attempt('camera', 'chooseMedia', { count: 1, mediaType: ['image', 'video'], sourceType: ['camera'], camera: 'back', maxDuration: FILM_SECONDS })
      if (chosen) this.sendAll(chosen.tempFiles.map(mediaFile))
    },

    async pick_files() {
      const chosen = await this.attempt(null, 'chooseMessageFile', { count: AT_ONCE_MAX, type: 'all' })
      if (!chosen) return
      this.sendAll(await Promise.all(chosen.tempFiles.map(({ path, name, size, type }) => measured({ kind: type === 'image' ? 'image' : 'file', path, name, size }))))
    },

    async pick_location() {
      const chosen = await this.attempt('location', 'chooseLocation', {})
      if (!chosen || (!chosen.latitude && !chosen.longitude)) return
      const { latitude, longitude, name, address } = chosen
      this.triggerEvent('located', { latitude, longitude, ...(name ? { name } : {}), ...(address ? { address } : {}) })
    },

    /** What was chosen; null: nothing was. Says so where it may not be chosen. */
    async attempt(name, method, options) {
      try {
        const chosen = await ask(method, options)
        this.closePanel()
        return chosen
      } catch (error) {
        if (name && isDenial(error)) this.denied({ detail: { name, isSystem: isSystemDenied(PERMISSIONS[name]) } })
        else if (!/cancel/i.test(error.errMsg || '')) this.triggerEvent('error', { text: this.t('toast.failed') })
        return null
      }
    },

    /** Each as a message of its own, in the order chosen; what is too large is left out, and named. */
    sendAll(all) {
      const { limits } = getClient()
      const most = (limits && limits.fileBytes) || Infinity
      const left = all.filter(({ size }) => size > most)
      if (left.length) {
        const tooLarge = this.t('file.tooLarge', { n: Math.floor(most / MEGABYTE) })
        const names = this.t('file.leftOut', { names: left.map(nameOf).join(this.t('name.join')) })
        this.triggerEvent('error', { text: all.length > 1 ? `${tooLarge} ${names}` : tooLarge })
      }
      for (const file of all) if (left.indexOf(file) < 0) this.sendFile(file)
    },

    sendFile({ path, poster, ...file }) {
      this.triggerEvent('file', { ...file, path: keepOutgoing(path, file.name), ...(poster ? { poster: keepOutgoing(poster) } : {}) })
    },

    // ---- what is not allowed ----

    denied({ detail: { name, isSystem } }) {
      this.closePanel()
      this.setData({ notice: { text: this.t(`denied.${name}${isSystem ? 'System' : ''}`), isSystem } })
    },

    openSettings() {
      const method = this.data.notice.isSystem ? 'openAppAuthorizeSetting' : 'openSetting'
      wx[method]({ fail: () => {} })
      this.dropNotice()
    },

    dropNotice() { this.setData({ notice: null }) },
  },
})
