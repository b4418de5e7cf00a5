'use strict'
// Files of the server on this phone: downloaded once, since a file never changes, and kept as long as there is room; and files that
// are sent from here, which are kept until they are.

const FOLDER = `${wx.env.USER_DATA_PATH}/hongyan-files`
const OUT_FOLDER = `${wx.env.USER_DATA_PATH}/hongyan-out`
/** Of the 200 MB that WeChat gives an app; what is to be sent needs room beside it. */
const BYTES_MAX = 120 * 1024 * 1024
/** What stays when there were too many. */
const ROOM = 0.9
const SAFE_ID = /^[\w-]{1,100}$/
/** The server takes 32 KiB. */
const PREVIEW_BYTES = 30 * 1024
const PREVIEW_SIDE = 320
const PREVIEW_QUALITIES = [60, 30]

const files = wx.getFileSystemManager()
/** Downloads that are under way, by fileId. */
const flights = new Map()
/** Paths by fileId: what is kept, and what was sent since the start. */
let index = null
/** Of the kept files, once somebody has counted. */
let bytes = null
let count = 0

const isThere = (path) => {
  try {
    files.accessSync(path)
    return true
  } catch (error) {
    return false
  }
}

function makeFolder(path) {
  if (!isThere(path)) files.mkdirSync(path, true)
}

/** The kept files, oldest first. */
function kept() {
  if (!isThere(FOLDER)) return []
  return files.readdirSync(FOLDER).map((name) => {
    const { size, lastModifiedTime } = files.statSync(`${FOLDER}/${name}`)
    return { path: `${FOLDER}/${name}`, fileId: name.split('.')[0], size, at: lastModifiedTime }
  }).sort((a, b) => a.at - b.at)
}

function paths() {
  if (!index) index = new Map(kept().map(({ path, fileId }) => [fileId, path]))
  return index
}

/** Players and viewers look at a name's end. */
const endingOf = (path) => (/\.\w{1,8}$/.exec(path) || [''])[0]

/** One more is kept. Oldest go first, until the others have room. */
function makeRoom(path) {
  bytes = bytes === null ? usedBytes() : bytes + files.statSync(path).size
  if (bytes <= BYTES_MAX) return
  for (const old of kept()) {
    if (bytes <= BYTES_MAX * ROOM) break
    files.unlinkSync(old.path)
    if (paths().get(old.fileId) === old.path) paths().delete(old.fileId)
    bytes -= old.size
  }
}

const targetOf = (path, fileId) => `${FOLDER}/${fileId}${endingOf(path)}`

/** Keeps a temporary file; where there is no room, it is that one, as long as the app runs. */
function keep(path, fileId) {
  try {
    makeFolder(FOLDER)
    const target = files.saveFileSync(path, targetOf(path, fileId))
    makeRoom(target)
    return target
  } catch (error) {
    return path
  }
}

/** Keeps a copy of what was sent from here, for the next start. */
function keepCopy(path, fileId) {
  const target = targetOf(path, fileId)
  try {
    makeFolder(FOLDER)
    files.copyFile({ srcPath: path, destPath: target, success: () => makeRoom(target), fail: () => {} })
  } catch (error) { /* it is downloaded, then */ }
}

function download({ url, headers }) {
  return new Promise((resolve, reject) => {
    wx.downloadFile({
      url, header: headers,
      success: ({ statusCode, tempFilePath }) => (statusCode === 200 ? resolve(tempFilePath) : reject(Object.assign(new Error(`the file was answered ${statusCode}`), { status: statusCode }))),
      fail: ({ errMsg }) => reject(new Error(errMsg)),
    })
  })
}

/** @returns {string|null} the path of a file that is on this phone */
function knownPath(fileId) {
  const path = paths().get(fileId)
  if (!path || isThere(path)) return path || null
  paths().delete(fileId)
  return null
}

/**
 * @param {object} client of the client library
 * @returns {Promise<string>} the path of a file on this phone; rejects with `status` where the server refuses it
 */
function fileOf(client, fileId) {
  if (!SAFE_ID.test(fileId)) return Promise.reject(new Error('no fileId'))
  const known = knownPath(fileId)
  if (known) return Promise.resolve(known)
  if (!flights.has(fileId)) {
    const flight = client.fileRequest(fileId)
      .then(download)
      .then((path) => {
        paths().set(fileId, keep(path, fileId))
        return paths().get(fileId)
      })
    flights.set(fileId, flight)
    const done = () => flights.delete(fileId)
    flight.then(done, done)
  }
  return flights.get(fileId)
}

/** Bytes of the kept files. */
const usedBytes = () => kept().reduce((sum, { size }) => sum + size, 0)

/** The server has them yet. */
function clearFiles() {
  for (const { path } of kept()) files.unlinkSync(path)
  index = null
  bytes = null
}

// ---- what is sent from here ----

/**
 * Takes a temporary file to where it stays until it is sent, under the name that the other one is to see.
 * @returns {string} its path; where there is no room, the temporary one
 */
function keepOutgoing(tempPath, name) {
  const folder = `${OUT_FOLDER}/${Date.now().toString(36)}-${(count++).toString(36)}`
  const own = tempPath.split('/').pop()
  const safe = (name || own).replace(/[\\/\u0000-\u001f]/g, '_').slice(-100)
  try {
    makeFolder(OUT_FOLDER)
    makeFolder(folder)
    return files.saveFileSync(tempPath, `${folder}/${safe}`)
  } catch (error) {
    return tempPath
  }
}

function dropOutgoing(path) {
  if (path.indexOf(`${OUT_FOLDER}/`) !== 0) return
  try {
    files.unlinkSync(path)
    files.rmdirSync(path.slice(0, path.lastIndexOf('/')))
  } catch (error) { /* it is not there any more */ }
}

const compressed = (src, quality, size) => new Promise((resolve) => {
  wx.compressImage({ src, quality, ...size, success: ({ tempFilePath }) => resolve(tempFilePath), fail: () => resolve(null) })
})

/** A small picture of a picture or of a video; null: none can be made. */
async function previewOf({ path, poster, content: { width, height } }) {
  const source = poster || path
  const size = height > width ? { compressedHeight: Math.min(height, PREVIEW_SIDE) } : { compressedWidth: Math.min(width || PREVIEW_SIDE, PREVIEW_SIDE) }
  for (const quality of PREVIEW_QUALITIES) {
    const small = await compressed(source, quality, size)
    if (!small) return null
    if (files.statSync(small).size <= PREVIEW_BYTES) return small
  }
  return null
}

/** What is left of an app that ended, and waits no more. */
function sweep(waiting) {
  if (!isThere(OUT_FOLDER)) return
  for (const folder of files.readdirSync(OUT_FOLDER)) {
    const path = `${OUT_FOLDER}/${folder}`
    if (waiting.some((file) => file.indexOf(`${path}/`) === 0)) continue
    for (const name of files.readdirSync(path)) dropOutgoing(`${path}/${name}`)
  }
}

/** Gives a sender (core/sender) this phone's files. */
function serve(sender) {
  sender.useFiles({
    has: isThere,
    previewOf,
    stored(path, fileId) {
      paths().set(fileId, path) // the bubble goes on with the very same one
      keepCopy(path, fileId)
    },
    dropped: dropOutgoing,
  })
  try {
    sweep(sender.paths())
  } catch (error) { /* the next start may */ }
}

module.exports = { fileOf, knownPath, usedBytes, clearFiles, keepOutgoing, serve }
