// The phone's files: what lies under wx.env.USER_DATA_PATH stays when the app is started anew, temporary files do not.

import { methods } from './answers.js'

const USER_DATA_PATH = 'wxfile://usr'
const TEMPORARY_PATH = 'wxfile://tmp'
const STORED_PATH = 'wxfile://store' // where saveFile puts what it is given no name for
const MOST_BYTES = 200 * 1024 * 1024
const ENDINGS = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif', 'image/webp': 'webp', 'audio/mpeg': 'mp3', 'video/mp4': 'mp4', 'application/pdf': 'pdf' }

const database = () => new Promise((resolve, reject) => {
  const opening = indexedDB.open('files')
  opening.onupgradeneeded = () => opening.result.createObjectStore('files')
  opening.onsuccess = () => resolve(opening.result)
  opening.onerror = () => reject(opening.error)
})

/** The files of a phone, those of earlier starts among them. */
export async function openFiles() {
  const stored = new Map() // path to {bytes, type, at}
  const urls = new Map()
  const db = await database()
  const change = (work) => work(db.transaction('files', 'readwrite').objectStore('files'))
  await new Promise((resolve) => {
    db.transaction('files').objectStore('files').openCursor().onsuccess = ({ target: { result: cursor } }) => {
      if (!cursor) return resolve()
      stored.set(cursor.key, cursor.value)
      return cursor.continue()
    }
  })

  let count = 0
  const files = {
    has: (path) => stored.has(path),
    get(path) {
      if (!stored.has(path)) throw new Error(`no such file or directory, open '${path}'`)
      return stored.get(path)
    },
    below: (folder) => [...stored.keys()].filter((path) => path.startsWith(`${folder.replace(/\/$/, '')}/`)),
    write(path, bytes, type = '') {
      const isKept = !path.startsWith(TEMPORARY_PATH)
      const kept = [...stored].filter(([name]) => !name.startsWith(TEMPORARY_PATH) && name !== path)
      if (isKept && kept.reduce((sum, [, file]) => sum + file.bytes.length, bytes.length) > MOST_BYTES) throw new Error('the maximum size of the file storage limit is exceeded')
      const file = { bytes, type, at: Date.now() }
      stored.set(path, file)
      if (isKept) change((store) => store.put(file, path))
      URL.revokeObjectURL(urls.get(path))
      urls.delete(path)
    },
    remove(path) {
      files.get(path)
      stored.delete(path)
      change((store) => store.delete(path))
    },
    /** Keeps bytes as a temporary file and returns its path. */
    temporary(bytes, type = '', name = '') {
      count += 1
      const ending = /\.\w+$/.exec(name)?.[0].slice(1) || ENDINGS[type.split(';')[0]] || 'dat'
      const path = `${TEMPORARY_PATH}/${Date.now()}_${count}.${ending}`
      files.write(path, bytes, type)
      return path
    },
    blob(path) {
      const { bytes, type } = files.get(path)
      return new Blob([bytes], { type })
    },
    /** An address under which the browser finds a file; undefined where there is none. */
    url(path) {
      if (!stored.has(path)) return undefined
      if (!urls.has(path)) urls.set(path, URL.createObjectURL(files.blob(path)))
      return urls.get(path)
    },
  }
  return files
}

/** wx.getFileSystemManager and what else a page does with files. */
export function createFiles(phone) {
  const { files } = phone
  const isFolder = (path) => path === USER_DATA_PATH || files.below(path).length > 0
  const folders = new Set()
  const stats = (path) => {
    if (!files.has(path) && (isFolder(path) || folders.has(path))) return { size: 0, isFile: () => false, isDirectory: () => true }
    const { bytes, at } = files.get(path)
    return { size: bytes.length, lastModifiedTime: Math.floor(at / 1000), isFile: () => true, isDirectory: () => false }
  }
  const copy = (from, to) => files.write(to, files.get(from).bytes, files.get(from).type)
  const decode = (bytes, encoding) => {
    if (!encoding) return bytes.slice().buffer
    if (encoding === 'base64') return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    return new TextDecoder().decode(bytes)
  }
  const encode = (data, encoding) => {
    if (typeof data !== 'string') return new Uint8Array(data)
    return encoding === 'base64' ? Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0)) : new TextEncoder().encode(data)
  }

  const sync = {
    access(path) { if (!files.has(path) && !isFolder(path) && !folders.has(path)) files.get(path) },
    stat: (path) => ({ stats: stats(path) }),
    unlink: (path) => files.remove(path),
    mkdir(path) { folders.add(path) },
    rmdir(path) { folders.delete(path) },
    readdir: (path) => ({ files: [...new Set(files.below(path).map((file) => file.slice(path.replace(/\/$/, '').length + 1).split('/')[0]))] }),
    copyFile: (from, to) => copy(from, to),
    saveFile(from, to = `${STORED_PATH}/${from.split('/').pop()}`) {
      copy(from, to)
      files.remove(from)
      return { savedFilePath: to }
    },
    readFile: (path, encoding) => ({ data: decode(files.get(path).bytes, encoding) }),
    writeFile: (path, data, encoding) => files.write(path, encode(data, encoding)),
    getFileInfo: (path) => ({ size: files.get(path).bytes.length }),
  }
  const manager = {
    accessSync: sync.access, unlinkSync: sync.unlink, mkdirSync: sync.mkdir, rmdirSync: sync.rmdir, copyFileSync: sync.copyFile, writeFileSync: sync.writeFile,
    statSync: stats,
    readdirSync: (path) => sync.readdir(path).files,
    saveFileSync: (from, to) => sync.saveFile(from, to).savedFilePath,
    readFileSync: (path, encoding) => sync.readFile(path, encoding).data,
    ...methods({
      access: ({ path }) => sync.access(path),
      stat: ({ path }) => sync.stat(path),
      unlink: ({ filePath }) => sync.unlink(filePath),
      mkdir: ({ dirPath }) => sync.mkdir(dirPath),
      rmdir: ({ dirPath }) => sync.rmdir(dirPath),
      readdir: ({ dirPath }) => sync.readdir(dirPath),
      copyFile: ({ srcPath, destPath }) => sync.copyFile(srcPath, destPath),
      saveFile: ({ tempFilePath, filePath }) => sync.saveFile(tempFilePath, filePath),
      readFile: ({ filePath, encoding }) => sync.readFile(filePath, encoding),
      writeFile: ({ filePath, data, encoding }) => sync.writeFile(filePath, data, encoding),
      getFileInfo: ({ filePath }) => sync.getFileInfo(filePath),
      getSavedFileList: () => ({
        fileList: files.below(STORED_PATH).map((filePath) => ({ filePath, size: files.get(filePath).bytes.length, createTime: Math.floor(files.get(filePath).at / 1000) })),
      }),
      removeSavedFile: ({ filePath }) => sync.unlink(filePath),
    }),
  }
  return {
    env: { USER_DATA_PATH },
    getFileSystemManager: () => manager,
    base64ToArrayBuffer: (text) => encode(text, 'base64').buffer,
    arrayBufferToBase64: (buffer) => decode(new Uint8Array(buffer), 'base64'),
    ...methods({ saveFile: ({ tempFilePath, filePath }) => sync.saveFile(tempFilePath, filePath) }),
  }
}
