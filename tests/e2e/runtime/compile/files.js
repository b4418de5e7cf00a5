'use strict'
// The files of a mini-program as the devtools see them: its own folder, and below miniprogram_npm/ the packages that
// "build npm" would copy there. Packages that were not built are read where npm put them.

const fs = require('node:fs')
const path = require('node:path')

const isFile = (file) => fs.existsSync(file) && fs.statSync(file).isFile()
const isDirectory = (file) => fs.existsSync(file) && fs.statSync(file).isDirectory()

/** 'name/below' as ['name', 'below']; a scope belongs to the name. */
function splitPackage(request) {
  const parts = request.split('/')
  const count = request.startsWith('@') ? 2 : 1
  return [parts.slice(0, count).join('/'), parts.slice(count).join('/')]
}

class Files {
  /** @param {string[]} packageFolders where to look for packages beside the mini-program's own node_modules */
  constructor(directory, packageFolders = []) {
    this.directory = directory
    this.packageFolders = [path.join(directory, 'node_modules'), ...packageFolders]
    this.mounts = new Map() // 'miniprogram_npm/NAME' to the folder it stands for
  }

  /** The mini-program's own files, as paths with slashes. */
  own(prefix = '') {
    return fs.readdirSync(path.join(this.directory, prefix), { withFileTypes: true }).flatMap((entry) => {
      if (entry.name === 'node_modules') return []
      const name = path.posix.join(prefix, entry.name)
      return entry.isDirectory() ? this.own(name) : [name]
    })
  }

  /** Where a file lies on the disk. */
  real(name) {
    const mounts = [...this.mounts].filter(([root]) => name.startsWith(`${root}/`))
    const [root, folder] = mounts.sort(([a], [b]) => b.length - a.length)[0] || ['', this.directory]
    return path.join(folder, name.slice(root.length))
  }

  has(name) { return isFile(this.real(name)) }
  read(name) { return fs.readFileSync(this.real(name), 'utf8') }
  json(name) {
    try { return JSON.parse(this.read(name)) } catch (error) { throw new Error(`${name}: ${error.message}`) }
  }

  /** The root of a package as `from` sees it, such as 'miniprogram_npm/NAME'; undefined where there is none. */
  packageRoot(name, from) {
    for (let folder = path.posix.dirname(from); ; folder = path.posix.dirname(folder)) {
      const built = path.posix.join(folder, 'miniprogram_npm', name)
      if (this.mounts.has(built) || isDirectory(this.real(built))) return built
      if (folder === '.') break
    }
    const installed = this.installed(name, from)
    if (!installed) return undefined
    const { miniprogram = '.' } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'))
    const root = `miniprogram_npm/${name}`
    this.mounts.set(root, path.join(installed, miniprogram))
    return root
  }

  /** The folder in which npm put a package: for a package's own files the nearest above them. */
  installed(name, from) {
    const above = []
    if (from.startsWith('miniprogram_npm/')) {
      for (let folder = fs.realpathSync(path.dirname(this.real(from))); folder !== path.dirname(folder); folder = path.dirname(folder)) {
        above.push(path.join(folder, 'node_modules'))
      }
    }
    return [...above, ...this.packageFolders].map((folder) => path.join(folder, name)).find((folder) => isFile(path.join(folder, 'package.json')))
  }

  /** What a package's file is called by its request, such as 'NAME' or 'NAME/below'. */
  inPackage(request, from) {
    const [name, below] = splitPackage(request)
    const root = this.packageRoot(name, from)
    if (!root) return undefined
    if (below) return `${root}/${below}`
    const manifest = `${root}/package.json`
    return path.posix.join(root, (this.has(manifest) && this.json(manifest).main) || 'index.js')
  }

  /** The file that `request` names in `from`, tried with each of the endings; undefined where there is none. */
  resolve(request, from, endings) {
    const base = request.startsWith('/') ? request.slice(1) : path.posix.join(path.posix.dirname(from), request)
    const found = (name) => name && endings.map((ending) => name + ending).find((file) => this.has(file))
    return found(base) || (/^[./]/.test(request) ? undefined : found(this.inPackage(request, from)))
  }
}

module.exports = { Files }
