// A picture, or what a video begins with. Its box is there before its bytes; a small one is seen before the whole.

const { getClient } = require('../../../current')
const { fileOf, knownPath } = require('../../../media')

Component({
  properties: {
    fileId: String,
    /** The fileId of a small one. */
    preview: String,
    /** Of one that goes up from here. */
    localPath: String,
    localPoster: String,
    /** In rpx. */
    width: Number,
    height: Number,
    isVideo: Boolean,
    length: String,
    /** Percent of what goes up, or null. */
    progress: { type: null, value: null },
    /** It is fetched to be seen. */
    isLoading: Boolean,
    retryText: String,
    cancelText: String,
  },

  data: { small: '', src: '', isBroken: false, isFetching: false },

  observers: {
    'fileId, preview, localPath, localPoster, isVideo': function draw() { this.draw() },
  },

  lifetimes: {
    detached() { this.isGone = true },
  },

  methods: {
    draw() {
      const { fileId, preview, localPath, localPoster, isVideo } = this.data
      const local = isVideo ? localPoster : localPath
      const wanted = [fileId, preview, local].join(' ')
      if (this.wanted === wanted) return
      this.wanted = wanted
      if (local) return this.setData({ src: local, isBroken: false, isFetching: false })
      if (preview) this.fetch(preview, 'small')
      if (!isVideo) this.fetch(fileId, 'src')
    },

    /** One that is on the phone is there at once. */
    fetch(fileId, name) {
      const known = fileId && knownPath(fileId)
      if (known) return this.setData({ [name]: known, isBroken: false, isFetching: false })
      const { wanted } = this
      const isStill = () => this.wanted === wanted && !this.isGone
      const client = getClient()
      const isWhole = name === 'src'
      if (isWhole) this.setData({ isFetching: true, isBroken: false })
      return (client && fileId ? fileOf(client, fileId) : Promise.reject(new Error('no file'))).then(
        (path) => { if (isStill()) this.setData(isWhole ? { src: path, isFetching: false } : { small: path }) },
        () => { if (isStill() && isWhole) this.setData({ isFetching: false, isBroken: true }) },
      )
    },

    retry() { this.fetch(this.data.fileId, 'src') },
    broke() { this.setData({ src: '', isBroken: !this.data.isVideo }) },
    smallBroke() { this.setData({ small: '' }) },
    cancelled() { this.triggerEvent('cancel') },
  },
})
