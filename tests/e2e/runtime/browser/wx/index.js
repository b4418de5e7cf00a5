// The wx API over the browser's own, as far as our pages use it. Anything else throws when it is asked for, and is reported.

import { unsupported } from '../report.js'
import { createAudio } from './audio.js'
import { createDevice } from './device.js'
import { createFiles } from './files.js'
import { createMedia } from './media.js'
import { createNavigation } from './navigation.js'
import { createNetwork } from './network.js'
import { createSockets } from './sockets.js'
import { createStorage } from './storage.js'
import { createUi } from './ui.js'

/** What uni-app and Taro look for and do without, or set themselves. */
const PROBED = new Set(['webpackJsonp', 'cloud', 'preloadAssets', '$onErrorHandlers'])
const PARTS = [createNetwork, createSockets, createFiles, createMedia, createAudio, createStorage, createUi, createNavigation, createDevice]

/** @param phone what the API needs of the runtime: see main.js */
export function createWx(phone) {
  const wx = Object.assign({}, ...PARTS.map((create) => create(phone)))
  wx.canIUse = (schema) => {
    const [name, ...rest] = schema.split('.')
    return name in wx || (phone.tags.has(name) && rest.length === 0)
  }
  return new Proxy(wx, {
    get(target, name) {
      if (name in target || typeof name === 'symbol' || PROBED.has(name)) return target[name]
      unsupported(`wx.${name}`)
      throw new Error(`wx.${name} is not provided`)
    },
  })
}
