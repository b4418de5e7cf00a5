// Pictures, films, and what is drawn.

import { fire, keepStyle } from './define.js'

const FIT = { scaleToFill: 'fill', aspectFit: 'contain', aspectFill: 'cover', widthFix: 'fill', heightFix: 'fill', center: 'none' }

export function defineMedia(define, host) {
  define('image', {
    props: {
      src: String, mode: { type: String, value: 'scaleToFill' }, lazyLoad: Boolean, showMenuByLongpress: Boolean, webp: Boolean, fadeIn: Boolean,
    },
    react: {
      src(src) {
        if (src) this.picture.src = host.sourceOf(src, this)
        else this.picture.removeAttribute('src')
      },
      mode(mode, element) {
        if (!FIT[mode]) host.unsupported(`mode ${mode} of <image>`)
        element.setAttribute('mode', mode)
        this.picture.style.objectFit = FIT[mode]
      },
    },
    created(element) {
      this.picture = document.createElement('img')
      this.picture.alt = ''
      element.appendChild(this.picture)
      this.picture.addEventListener('load', () => fire(this, 'load', { width: this.picture.naturalWidth, height: this.picture.naturalHeight }))
      this.picture.addEventListener('error', () => fire(this, 'error', { errMsg: `GET ${this.data.src} failed` }))
    },
  })

  // A film is not played: a black box with its picture and its attributes.
  define('video', {
    props: {
      src: String, poster: String, controls: { type: Boolean, value: true }, autoplay: Boolean, loop: Boolean, muted: Boolean, duration: Number,
      objectFit: String, initialTime: Number, title: String, showFullscreenBtn: Boolean, showCenterPlayBtn: Boolean, showPlayBtn: Boolean, enableProgressGesture: Boolean,
    },
    react: {
      src(src, element) { element.setAttribute('src', src) },
      poster(poster, element) { keepStyle(element, 'background-image', poster ? `url(${JSON.stringify(host.sourceOf(poster, this))})` : '') },
    },
  })

  define('canvas', {
    props: { type: String, canvasId: String, disableScroll: Boolean },
    react: { type(type) { if (type !== '2d') host.unsupported(`<canvas> without type="2d"`) } },
    methods: { nodeForQuery() { return this.canvas } },
    created(element) {
      this.canvas = document.createElement('canvas')
      this.canvas.createImage = () => {
        const picture = new Image()
        const { set, get } = Object.getOwnPropertyDescriptor(HTMLImageElement.prototype, 'src')
        Object.defineProperty(picture, 'src', { get, set(src) { set.call(picture, host.sourceOf(src, this)) } })
        return picture
      }
      this.canvas.requestAnimationFrame = (run) => requestAnimationFrame(run)
      element.appendChild(this.canvas)
    },
  })
}
