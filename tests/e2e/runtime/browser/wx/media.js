// Pictures, films and files: chosen by the test, opened by nobody; what was to be opened is kept for the test.

import { methods } from './answers.js'

const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
const IS_IMAGE = /^image\//
const IS_VIDEO = /^video\//

async function measureVideo(url) {
  const video = document.createElement('video')
  video.muted = true
  video.src = url
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve
    video.onerror = () => reject(new Error('the film cannot be read'))
  })
  return video
}

const toJpeg = (source, width, height, quality = 80) => new Promise((resolve) => {
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width, height })
  canvas.getContext('2d').drawImage(source, 0, 0, width, height)
  canvas.toBlob(async (blob) => resolve(new Uint8Array(await blob.arrayBuffer())), 'image/jpeg', quality / 100)
})

export function createMedia(phone) {
  const { files } = phone
  const opens = (name) => (options) => phone.opened(name, options)

  /** Takes what the test has put into the phone, as many as may be chosen and of a kind. */
  const choose = async (count, isWanted) => {
    const chosen = (await window.chosenFiles()).filter(({ type }) => isWanted(type)).slice(0, count)
    if (chosen.length === 0) throw new Error('cancel')
    return chosen.map(({ name, type, base64 }) => ({ name, type, path: files.temporary(bytesOf(base64), type, name) }))
  }

  const bitmapOf = async (path) => createImageBitmap(await (await fetch(phone.sourceOf(path))).blob())

  /** An image or a film as chooseMedia tells it. */
  const mediaFile = async ({ path, type }) => {
    const { length: size } = files.get(path).bytes
    if (IS_IMAGE.test(type)) {
      const { width, height } = await bitmapOf(path)
      return { tempFilePath: path, size, fileType: 'image', width, height }
    }
    const video = await measureVideo(files.url(path))
    const { videoWidth: width, videoHeight: height, duration } = video
    const thumbTempFilePath = files.temporary(await toJpeg(video, width, height), 'image/jpeg')
    return { tempFilePath: path, size, fileType: 'video', width, height, duration, thumbTempFilePath }
  }

  return methods({
    async chooseMedia({ count = 9, mediaType = ['image', 'video'], sourceType = ['album', 'camera'] }) {
      if (sourceType.length === 1 && sourceType[0] === 'camera') await phone.permit('scope.camera')
      const kinds = mediaType.includes('mix') ? ['image', 'video'] : mediaType
      const chosen = await choose(count, (type) => kinds.some((kind) => type.startsWith(`${kind}/`)))
      const tempFiles = await Promise.all(chosen.map(mediaFile))
      const types = new Set(tempFiles.map(({ fileType }) => fileType))
      return { tempFiles, type: types.size > 1 ? 'mix' : [...types][0] }
    },
    async chooseMessageFile({ count, type = 'all' }) {
      const wanted = { all: () => true, image: (mime) => IS_IMAGE.test(mime), video: (mime) => IS_VIDEO.test(mime), file: (mime) => !IS_IMAGE.test(mime) && !IS_VIDEO.test(mime) }[type]
      const chosen = await choose(count, wanted)
      return {
        tempFiles: chosen.map(({ name, path, type: mime }) => ({
          name, path, size: files.get(path).bytes.length, time: Math.floor(Date.now() / 1000), type: IS_IMAGE.test(mime) ? 'image' : IS_VIDEO.test(mime) ? 'video' : 'file',
        })),
      }
    },
    async getImageInfo({ src }) {
      const { width, height } = await bitmapOf(src)
      return { width, height, path: src, orientation: 'up', type: (files.has(src) ? files.get(src).type : '').replace('image/', '') }
    },
    async compressImage({ src, quality = 80, compressedWidth, compressedHeight }) {
      const bitmap = await bitmapOf(src)
      const scale = compressedWidth ? compressedWidth / bitmap.width : compressedHeight ? compressedHeight / bitmap.height : 1
      const size = [bitmap.width * scale, bitmap.height * scale].map(Math.round)
      return { tempFilePath: files.temporary(await toJpeg(bitmap, ...size, quality), 'image/jpeg') }
    },
    async canvasToTempFilePath({ canvas, fileType = 'png', quality = 1 }) {
      const type = fileType === 'jpg' ? 'image/jpeg' : 'image/png'
      const blob = await new Promise((resolve) => { canvas.toBlob(resolve, type, quality) })
      return { tempFilePath: files.temporary(new Uint8Array(await blob.arrayBuffer()), type) }
    },
    async saveImageToPhotosAlbum(options) {
      await phone.permit('scope.writePhotosAlbum')
      phone.opened('saveImageToPhotosAlbum', options)
    },
    chooseLocation() {
      const { location } = phone.options
      if (!location) throw new Error('cancel')
      return location
    },
    scanCode() {
      const { scan } = phone.options
      if (!scan) throw new Error('cancel')
      return { result: scan, scanType: 'QR_CODE', charSet: 'UTF-8' }
    },
    previewMedia: opens('previewMedia'),
    previewImage: opens('previewImage'),
    openDocument: opens('openDocument'),
    openLocation: opens('openLocation'),
    makePhoneCall: opens('makePhoneCall'),
    shareFileMessage: opens('shareFileMessage'),
  })
}
