// The mini-program's modules, and what stands around them.

const { modules, links } = window.miniProgram
/** Names that a mini-program does not have; its files see them as undefined. */
const MISSING = ['window', 'document', 'location', 'localStorage', 'navigator', 'fetch', 'XMLHttpRequest', 'WebSocket', 'alert']

/** @returns `load(path)`, which runs a module once and gives what it exports */
export function moduleLoader(globals) {
  const loaded = {}
  const names = ['module', 'exports', 'require', ...Object.keys(globals), ...MISSING]

  function load(path) {
    if (loaded[path]) return loaded[path].exports
    if (modules[path] === undefined) throw new Error(`no module ${path}`)
    const module = { exports: {} }
    loaded[path] = module
    const require = (request) => {
      if (links[path]?.[request]) return load(links[path][request])
      if (request.endsWith('.json')) throw new Error(`${path}: WeChat requires no JSON: ${request}`)
      throw new Error(`${path}: no module ${request}`)
    }
    const body = new Function(...names, `'use strict';${modules[path]}\n//# sourceURL=app/${path}`)
    body.call(undefined, module, module.exports, require, ...Object.values(globals))
    return module.exports
  }
  return load
}
