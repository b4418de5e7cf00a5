// Takes the place of the devtools' "Build npm": writes miniprogram_npm/ with hongyan-client and, of tdesign-miniprogram, only
// what the mini-program's components name and what these need. TDesign's icons come as a font from a foreign host; ours are
// drawn instead. What only a subpackage uses is written into that subpackage.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'

const HERE = path.dirname(fileURLToPath(import.meta.url))
const CLIENT = path.join(HERE, 'node_modules/hongyan-client/miniprogram_dist')
const LIBRARY = 'tdesign-miniprogram'
const LIBRARY_FROM = path.join(HERE, 'node_modules', LIBRARY, 'miniprogram_dist')
const ICON_STYLE = 'icon/icon.wxss'
const HELPERS = 'miniprogram_npm/tslib/index.js'
/** TDesign's names of icons that its components draw, and ours for them. */
const ICONS = {
  search: 'search', close: 'close', 'close-circle': 'close-circle', 'close-circle-filled': 'close-circle', 'chevron-right': 'chevron-right',
  'chevron-left': 'chevron-left', 'chevron-down': 'chevron-down', check: 'check', 'error-circle': 'failed', 'error-circle-filled': 'failed', delete: 'delete',
}
const FOREIGN = /url\(\s*["']?(https?:)?\/\//i
/** The older phones' WebViews, as for hongyan-client. */
const TARGET = 'es2017'

class Refusal extends Error {}

const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8')
const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile()

/** The files of a folder and those below, as paths with slashes. */
const filesIn = (folder, below = '') => fs.readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
  if (['node_modules', 'miniprogram_npm'].includes(entry.name)) return []
  const name = path.posix.join(below, entry.name)
  return entry.isDirectory() ? filesIn(folder, name) : [name]
})

/** What files of each kind name others by. */
const NAMES = {
  '.wxml': /<(?:import|include|wxs)\b[^>]*?\bsrc=(["'])([^"']+)\1/g,
  '.wxss': /@import\s+(?:url\()?(["'])([^"']+)\1/g,
  '.wxs': /\brequire\(\s*(["'])([^"']+)\1/g,
  '.js': /\b(?:from|import|require\()\s*(["'])([^"']+)\1/g,
}

/** The library's files that its components of these names need, themselves among them. */
function neededBy(components) {
  const needed = new Set()
  const add = (file) => {
    if (needed.has(file)) return
    needed.add(file)
    if (file === ICON_STYLE) return
    const text = read(LIBRARY_FROM, file)
    const kind = path.extname(file)
    if (kind === '.json') Object.values(JSON.parse(text).usingComponents ?? {}).forEach((name) => addComponent(path.posix.join(path.posix.dirname(file), name)))
    for (const [, , request] of NAMES[kind] ? text.matchAll(NAMES[kind]) : []) {
      const name = kind === '.js' && !request.startsWith('.') ? `miniprogram_npm/${request}` : path.posix.join(path.posix.dirname(file), request)
      const found = [name, name + kind, `${name}/index${kind}`].find((candidate) => isFile(path.join(LIBRARY_FROM, candidate)))
      if (!found) throw new Refusal(`${LIBRARY}/${file} needs ${request}, which is not there`)
      add(found)
    }
  }
  const addComponent = (name) => {
    const files = ['.json', '.js', '.wxml', '.wxss'].map((kind) => name + kind).filter((file) => isFile(path.join(LIBRARY_FROM, file)))
    if (files.length === 0) throw new Refusal(`${LIBRARY} has no component ${name}`)
    files.forEach(add)
  }
  components.forEach(addComponent)
  return needed
}

/** icon.wxss without a font: masks of our own, for the icons that some file names. */
function iconStyle(texts) {
  const all = texts.join('\n')
  for (const [, name] of all.matchAll(/<t-icon\b[^>]*?\bname="([\w-]+)"/g)) {
    if (!ICONS[name]) throw new Refusal(`${LIBRARY} draws the icon ${name}: name one of design/icons for it in build-npm.mjs`)
  }
  const ours = read(HERE, 'components/hy-chat/icons.wxss')
  const mask = (name) => new RegExp(`\\.hy-icon-${name} \\{ (.*) \\}`).exec(ours)[1]
  return '.t-icon-base{display:block;width:1em;height:1em;background-color:currentColor;-webkit-mask:center/contain no-repeat;}\n'
    + Object.entries(ICONS).filter(([name]) => all.includes(`"${name}"`)).map(([name, own]) => `.t-icon-${name}{${mask(own)}}\n`).join('')
}

/** tslib with only the helpers that are asked for: of the library's own copy, 12 KB, nothing can be left out. */
async function helpers(scripts) {
  const names = new Set(scripts.flatMap((text) => [...text.matchAll(/import\s*\{([^}]+)\}\s*from\s*"tslib"/g)]).flatMap(([, list]) => list.split(',')))
  const stdin = { contents: `export { ${[...names].join(', ')} } from 'tslib'`, resolveDir: HERE }
  const { outputFiles } = await build({ stdin, bundle: true, write: false, format: 'esm', minify: true, target: TARGET })
  return outputFiles[0].text
}

const minified = async (text) => (await transform(text, { minify: true, target: TARGET, charset: 'utf8' })).code

/** What is to be written, by its path in the mini-program. */
async function wanted() {
  if (!isFile(path.join(CLIENT, 'index.js'))) throw new Refusal('hongyan-client is not built: npm ci && npm run build in ../sdk')
  const files = new Map()
  for (const file of filesIn(CLIENT).filter((name) => name.endsWith('.js'))) files.set(`miniprogram_npm/hongyan-client/${file}`, await minified(read(CLIENT, file)))

  const uses = filesIn(HERE).filter((file) => file.endsWith('.json')).flatMap((file) =>
    Object.values(JSON.parse(read(HERE, file)).usingComponents ?? {}).filter((name) => name.startsWith(`${LIBRARY}/`)).map((name) => ({ file, name: name.slice(LIBRARY.length + 1) })))
  if (uses.length === 0) return files
  const packages = JSON.parse(read(HERE, 'app.json')).subPackages ?? []
  const home = packages.map(({ root }) => root.replace(/\/?$/, '/')).find((root) => uses.every(({ file }) => file.startsWith(root))) ?? ''
  const needed = [...neededBy(uses.map(({ name }) => name))]
  const texts = needed.filter((file) => file !== ICON_STYLE).map((file) => read(LIBRARY_FROM, file))
  for (const file of needed) {
    const text = file === ICON_STYLE ? iconStyle(texts) : file === HELPERS ? await helpers(texts) : read(LIBRARY_FROM, file)
    files.set(`${home}miniprogram_npm/${LIBRARY}/${file}`, file.endsWith('.js') ? await minified(text) : text)
  }
  files.set(`${home}miniprogram_npm/${LIBRARY}/LICENSE`, read(LIBRARY_FROM, '../LICENSE'))
  return files
}

/** Writes what is not there already, each file at once, and takes away what is not wanted. */
function write(files) {
  const folders = ['', ...(JSON.parse(read(HERE, 'app.json')).subPackages ?? []).map(({ root }) => root)].map((root) => path.posix.join(root, 'miniprogram_npm'))
  for (const folder of folders.filter((name) => fs.existsSync(path.join(HERE, name)))) {
    for (const file of fs.readdirSync(path.join(HERE, folder), { recursive: true }).map((name) => path.posix.join(folder, name))) {
      if (![...files.keys()].some((name) => name === file || name.startsWith(`${file}/`))) fs.rmSync(path.join(HERE, file), { recursive: true, force: true })
    }
  }
  for (const [file, text] of files) {
    const at = path.join(HERE, file)
    if (isFile(at) && read(at) === text) continue
    fs.mkdirSync(path.dirname(at), { recursive: true })
    const part = path.join(HERE, `node_modules/.part-${process.pid}`)
    fs.writeFileSync(part, text)
    fs.renameSync(part, at)
  }
}

try {
  const files = await wanted()
  for (const [file, text] of files) if (FOREIGN.test(text)) throw new Refusal(`${file} asks a foreign host: ${text.slice(text.search(FOREIGN)).slice(0, 80)}`)
  write(files)
  console.log(`${files.size} files, ${[...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)} bytes`)
} catch (error) {
  if (!(error instanceof Refusal)) throw error
  console.error(error.message)
  process.exitCode = 1
}
