'use strict'

const assert = require('node:assert/strict')
const test = require('node:test')

const HY_CHAT = '../../../miniprogram/components/hy-chat/'

/** A phone's files in memory, players, and downloads that the test answers. */
class FakeWx {
  constructor() {
    this.env = { USER_DATA_PATH: 'wxfile://usr' }
    this.stored = new Map() // path to {size, at}
    this.folders = new Set()
    this.players = []
    this.downloads = []
    this.isFull = false
  }

  setInnerAudioOption() {}

  createInnerAudioContext() {
    const player = { play() { player.isPlaying = true }, destroy() { player.isGone = true } }
    for (const name of ['Play', 'Error', 'Ended']) player[`on${name}`] = (listener) => { player[name] = listener }
    this.players.push(player)
    return player
  }

  downloadFile(options) { this.downloads.push(options) }
  /** The server answers the oldest download. */
  answer(statusCode, size = 1) {
    const { success } = this.downloads.shift()
    const tempFilePath = `wxfile://tmp/${this.stored.size}.mp3`
    this.stored.set(tempFilePath, { size, at: this.stored.size })
    success({ statusCode, tempFilePath })
  }

  compressImage({ success, quality }) {
    this.stored.set(`wxfile://tmp/small${quality}`, { size: quality * 700, at: 0 })
    success({ tempFilePath: `wxfile://tmp/small${quality}` })
  }

  getFileSystemManager() {
    const { stored, folders } = this
    const below = (folder) => [...stored.keys(), ...folders].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1).split('/')[0])
    const get = (path) => {
      if (!stored.has(path)) throw new Error(`no such file ${path}`)
      return stored.get(path)
    }
    const copy = (from, to) => {
      if (this.isFull) throw new Error('the maximum size is exceeded')
      stored.set(to, { ...get(from), at: stored.size })
    }
    return {
      accessSync(path) { if (!folders.has(path)) get(path) },
      mkdirSync: (path) => folders.add(path),
      rmdirSync: (path) => folders.delete(path),
      readdirSync: (folder) => [...new Set(below(folder))],
      statSync: (path) => ({ size: get(path).size, lastModifiedTime: get(path).at }),
      unlinkSync(path) { get(path); stored.delete(path) },
      saveFileSync(from, to) { copy(from, to); stored.delete(from); return to },
      copyFile({ srcPath, destPath, success, fail }) { try { copy(srcPath, destPath); success() } catch (error) { fail(error) } },
    }
  }
}

const client = { fileRequest: async (fileId) => ({ url: `https://chat.example.com/v1/files/${fileId}`, headers: { Authorization: 'Bearer TOKEN' } }) }
const settled = () => new Promise((resolve) => { setImmediate(resolve) })
const MEGABYTE = 1024 * 1024

/** The modules as at the start of an app. */
function start(wx = new FakeWx()) {
  global.wx = wx
  for (const name of ['media', 'voices']) delete require.cache[require.resolve(HY_CHAT + name)]
  return { wx, media: require(`${HY_CHAT}media`), voices: require(`${HY_CHAT}voices`) }
}

test('a file is downloaded once, with the token, and found after a restart', async () => {
  const { wx, media } = start()
  const both = [media.fileOf(client, 'f1'), media.fileOf(client, 'f1')]
  await settled()
  assert.equal(wx.downloads.length, 1)
  assert.equal(wx.downloads[0].url, 'https://chat.example.com/v1/files/f1')
  assert.deepEqual(wx.downloads[0].header, { Authorization: 'Bearer TOKEN' })
  wx.answer(200)
  const [path, same] = await Promise.all(both)
  assert.equal(path, 'wxfile://usr/hongyan-files/f1.mp3')
  assert.equal(same, path)
  const again = start(wx)
  assert.equal(again.media.knownPath('f1'), path)
  assert.equal(await again.media.fileOf(client, 'f1'), path)
  assert.equal(wx.downloads.length, 0)
  assert.equal(again.media.usedBytes(), 1)
  again.media.clearFiles()
  assert.equal(again.media.knownPath('f1'), null)
})

test('a file that is refused is asked for anew the next time', async () => {
  const { wx, media } = start()
  const refused = media.fileOf(client, 'f1')
  await settled()
  wx.answer(404)
  await assert.rejects(refused, { status: 404 })
  media.fileOf(client, 'f1')
  await settled()
  assert.equal(wx.downloads.length, 1)
  await assert.rejects(media.fileOf(client, '../../secret'))
})

test('the oldest go first, silently; where there is no room at all it goes without', async () => {
  const { wx, media } = start()
  for (let i = 0; i < 5; i++) {
    const got = media.fileOf(client, `f${i}`)
    await settled()
    wx.answer(200, 30 * MEGABYTE)
    await got
  }
  assert.deepEqual([0, 1, 2, 3, 4].map((i) => media.knownPath(`f${i}`) !== null), [false, false, true, true, true])
  wx.isFull = true
  const got = media.fileOf(client, 'f9')
  await settled()
  wx.answer(200)
  assert.match(await got, /^wxfile:\/\/tmp/)
})

test('what is sent stays under its name until it is sent, and is then of the files that are kept', () => {
  const { wx, media } = start()
  wx.stored.set('wxfile://tmp/x.pdf', { size: 5, at: 0 })
  const path = media.keepOutgoing('wxfile://tmp/x.pdf', '合同/最终.pdf')
  assert.match(path, /^wxfile:\/\/usr\/hongyan-out\/[\w-]+\/合同_最终\.pdf$/)
  let given
  media.serve({ useFiles(hooks) { given = hooks }, paths: () => [path] })
  assert.equal(given.has(path), true)
  given.stored(path, 'f1')
  assert.equal(media.knownPath('f1'), path) // the very same picture
  const again = start(wx)
  again.media.serve({ useFiles() {}, paths: () => [] })
  assert.equal(wx.stored.has(path), false)
  assert.equal(again.media.knownPath('f1'), 'wxfile://usr/hongyan-files/f1.pdf')
})

test('a preview is no more than the server takes', async () => {
  const { media } = start()
  let given
  media.serve({ useFiles(hooks) { given = hooks }, paths: () => [] })
  assert.equal(await given.previewOf({ path: 'wxfile://tmp/a', content: { width: 4000, height: 3000 } }), 'wxfile://tmp/small30')
})

test('one voice at a time; a second tap is silence', async () => {
  const { wx, voices } = start()
  const heard = []
  voices.onVoice(({ key, state }) => heard.push(`${key} ${state}`))
  voices.toggle({ key: 'a', path: '/a.mp3' }, { client })
  await settled()
  wx.players[0].Play()
  assert.equal(wx.players[0].src, '/a.mp3')
  voices.toggle({ key: 'b', path: '/b.mp3' }, { client })
  await settled()
  assert.equal(wx.players[0].isGone, true)
  wx.players[1].Play()
  voices.toggle({ key: 'b', path: '/b.mp3' }, { client })
  assert.equal(wx.players[1].isGone, true)
  assert.deepEqual(heard, ['a loading', 'a playing', 'a stopped', 'b loading', 'b playing', 'b stopped'])
})

test('the next unheard plays on; one that cannot be had says so', async () => {
  const { wx, voices } = start()
  const heard = []
  voices.onVoice(({ key, state }) => heard.push(`${key} ${state}`))
  const how = { client, next: ({ key }) => (key === 'a' ? { key: 'b', fileId: 'f2' } : null) }
  voices.toggle({ key: 'a', path: '/a.mp3' }, how)
  await settled()
  wx.players[0].Play()
  wx.players[0].Ended()
  await settled()
  wx.answer(200)
  await settled()
  assert.equal(wx.players[1].src, 'wxfile://usr/hongyan-files/f2.mp3')
  wx.players[1].Play()
  wx.players[1].Ended()
  assert.equal(wx.players.length, 2)
  voices.toggle({ key: 'c', fileId: 'f3' }, how)
  await settled()
  wx.answer(404)
  await settled()
  assert.deepEqual(heard, ['a loading', 'a playing', 'a stopped', 'b loading', 'b playing', 'b stopped', 'c loading', 'c failed'])
})
