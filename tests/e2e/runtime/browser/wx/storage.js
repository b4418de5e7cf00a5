// Storage: values keep their type. 1 MB a key and 10 MB in all, as WeChat allows.

import { methods } from './answers.js'

const PREFIX = 'storage '
const KEY_BYTES = 1024 * 1024
const ALL_BYTES = 10 * KEY_BYTES
const sizeOf = (text) => new Blob([text]).size

export function createStorage(phone) {
  const textOf = (key) => localStorage.getItem(PREFIX + key)
  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)).map((key) => key.slice(PREFIX.length))
  const used = () => keys().reduce((sum, key) => sum + sizeOf(key) + sizeOf(textOf(key)), 0)

  const get = (key) => {
    const text = textOf(key)
    return text === null ? '' : JSON.parse(text)
  }
  const set = (key, value) => {
    const text = JSON.stringify(value)
    if (phone.state.isStorageFull) throw new Error('the storage is full')
    if (sizeOf(text) > KEY_BYTES) throw new Error('entry size limit reached')
    if (used() - sizeOf(textOf(key) || '') + sizeOf(text) > ALL_BYTES) throw new Error('exceed storage max size 10Mb')
    localStorage.setItem(PREFIX + key, text)
  }
  const remove = (key) => localStorage.removeItem(PREFIX + key)
  const info = () => ({ keys: keys(), currentSize: Math.ceil(used() / 1024), limitSize: ALL_BYTES / 1024 })
  const clear = () => keys().forEach(remove)

  return {
    getStorageSync: get,
    setStorageSync: set,
    removeStorageSync: remove,
    clearStorageSync: clear,
    getStorageInfoSync: info,
    ...methods({
      getStorage({ key }) {
        if (textOf(key) === null) throw new Error('data not found')
        return { data: get(key) }
      },
      setStorage: ({ key, data }) => set(key, data),
      removeStorage: ({ key }) => remove(key),
      clearStorage: clear,
      getStorageInfo: info,
    }),
  }
}
