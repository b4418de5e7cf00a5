'use strict'
// What of miniprogram/ is packed: what its pages reach, and nothing else; by package, as large as the design allows.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')
const esbuild = require('esbuild')
const { MINI_PROGRAM, buildNpm } = require('../lib/product')
const { Files } = require('../runtime/compile/files')

const KB = 1024
const TOTAL_MAX = 600 * KB
/** What the first screen needs of the main package: with `lazyCodeLoading` nothing else of it runs before. */
const FIRST_MAX = 300 * KB
const SHOWN = 15
/** What the devtools take into a package; project.config.json is theirs. */
const PACKED = /\.(js|json|wxml|wxss|wxs|png|jpe?g|gif|svg|webp|mp3)$/
const CONFIGURES = ['project.config.json', 'project.private.config.json']

const NAMES = {
  '.wxml': [/<(?:import|include|wxs)\b[^>]*?\bsrc=(["'])([^"']+)\1/g, ['', '.wxml']],
  '.wxss': [/@import\s+(?:url\()?(["'])([^"']+)\1/g, ['', '.wxss']],
  '.wxs': [/\brequire\(\s*(["'])([^"']+)\1/g, ['', '.wxs']],
  '.js': [/\b(?:from|import|require\()\s*(["'])([^"']+)\1/g, ['.js', '', '/index.js']],
}
const PICTURE = /(["'(])([\w./-]+\.(?:png|jpe?g|gif|svg|webp|mp3))\1?/g

const allPages = (app) => [...app.pages, ...app.subPackages.flatMap(({ root, pages }) => pages.map((page) => path.posix.join(root, page)))]

/** The files that pages reach, and what names a file that is not there. */
function reach(files, pages = allPages(files.json('app.json'))) {
  const app = files.json('app.json')
  const reached = new Set()
  const missing = []
  const add = (file) => {
    if (reached.has(file)) return
    reached.add(file)
    const kind = path.posix.extname(file)
    if (!/\.(js|json|wxml|wxss|wxs)$/.test(file)) return
    const text = files.read(file)
    if (kind === '.json') {
      const { usingComponents = {}, componentGenerics = {} } = JSON.parse(text)
      for (const name of [...Object.values(usingComponents), ...Object.values(componentGenerics).map((generic) => generic.default).filter(Boolean)]) addUnit(name, file)
    }
    const [pattern, endings] = NAMES[kind] || []
    for (const [, , request] of pattern ? text.matchAll(pattern) : []) addNamed(request, file, endings)
    for (const [, , picture] of text.matchAll(PICTURE)) {
      const found = [picture.replace(/^\//, ''), path.posix.join(path.posix.dirname(file), picture)].find((name) => files.has(name))
      if (found) add(found)
    }
  }
  const addNamed = (request, from, endings) => {
    const found = files.resolve(request, from, endings)
    if (found) add(found)
    else missing.push(`${from}: ${request}`)
  }
  const addUnit = (name, from) => {
    const found = files.resolve(name, from, ['.json', '/index.json'])
    if (!found) return missing.push(`${from}: ${name}`)
    const unit = found.slice(0, -'.json'.length)
    return ['.js', '.json', '.wxml', '.wxss'].map((ending) => unit + ending).filter((file) => files.has(file)).forEach(add)
  }
  pages.forEach((page) => addUnit(`/${page}`, 'app.json'))
  for (const file of ['app.js', 'app.json', 'app.wxss', app.themeLocation, app.sitemapLocation]) add(file)
  return { reached, missing, roots: app.subPackages.map(({ root }) => root) }
}

/** As the devtools pack a script, "minified" and "es6" being set. */
const packedSize = (files, file) => (file.endsWith('.js')
  ? Buffer.byteLength(esbuild.transformSync(files.read(file), { minify: true, format: 'cjs', target: 'es2017', charset: 'utf8' }).code)
  : fs.statSync(files.real(file)).size)

const kilobytes = (bytes) => (bytes / KB).toFixed(1)

let files, reached, missing, roots
before(async () => {
  await buildNpm()
  files = new Files(MINI_PROGRAM)
  ;({ reached, missing, roots } = reach(files))
})

test('each file that is named is there, and each that is packed is reached by a page', () => {
  assert.deepEqual(missing, [])
  const { packOptions } = files.json('project.config.json')
  const isIgnored = (file) => CONFIGURES.includes(file)
    || packOptions.ignore.some(({ type, value }) => (type === 'folder' ? file.startsWith(`${value}/`) : file === value))
  assert.deepEqual(files.own().filter((file) => PACKED.test(file) && !isIgnored(file) && !reached.has(file)), [])
})

test('the app, and its first screen, are as small as they have to be', (t) => {
  assert.equal(files.json('app.json').lazyCodeLoading, 'requiredComponents')
  const sized = (names) => [...names].map((file) => ({ file, size: packedSize(files, file) })).sort((a, b) => b.size - a.size)
  const sum = (list) => list.reduce((bytes, { size }) => bytes + size, 0)
  const all = sized(reached)
  for (const root of ['', ...roots]) {
    const own = all.filter(({ file }) => (roots.find((name) => file.startsWith(`${name}/`)) || '') === root)
    t.diagnostic(`${root || 'main package'}: ${kilobytes(sum(own))} KB, ${own.length} files`)
  }
  const first = sized(reach(files, [files.json('app.json').pages[0]]).reached)
  t.diagnostic(`first screen: ${kilobytes(sum(first))} KB, ${first.length} files`)
  const largest = (list) => list.slice(0, SHOWN).map(({ file, size }) => `${kilobytes(size)} ${file}`).join('\n')
  assert.ok(sum(all) <= TOTAL_MAX, `${kilobytes(sum(all))} KB are packed, at most ${TOTAL_MAX / KB}; the largest:\n${largest(all)}`)
  assert.ok(sum(first) <= FIRST_MAX, `the first screen needs ${kilobytes(sum(first))} KB, at most ${FIRST_MAX / KB}; the largest:\n${largest(first)}`)
})

test('nothing is asked of a foreign host by a style', () => {
  for (const file of reached) if (file.endsWith('.wxss')) assert.doesNotMatch(files.read(file), /url\(\s*["']?(https?:)?\/\//i, file)
})
