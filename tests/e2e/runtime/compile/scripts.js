'use strict'
// The mini-program's modules: its own as they stand, and those of packages that are asked for.

const esbuild = require('esbuild')

const REQUIRE = /\brequire\(\s*(["'])([^"']+)\1\s*\)/g
/** Packages for mini-programs may be written as ES modules, which the devtools turn into CommonJS. */
const IS_ES_MODULE = /(^|[;}\s])(import|export)\s*[\s{*"']/

/**
 * @returns {{modules: Object<string, string>, links: Object<string, Object<string, string>>}} the text of each module,
 *   and for each module which other ones its requests mean
 */
function collectModules(files, roots) {
  const modules = {}
  const links = {}
  const add = (name) => {
    if (modules[name] !== undefined) return
    const source = files.read(name)
    const isPackage = /(^|\/)miniprogram_npm\//.test(name)
    modules[name] = isPackage && IS_ES_MODULE.test(source)
      ? esbuild.transformSync(source, { format: 'cjs', target: 'es2020', sourcefile: name }).code
      : source
    for (const [, , request] of modules[name].matchAll(REQUIRE)) {
      const target = files.resolve(request, name, ['.js', '', '/index.js'])
      if (!target || !target.endsWith('.js')) continue // told when it is asked for
      links[name] = { ...links[name], [request]: target }
      add(target)
    }
  }
  roots.forEach(add)
  return { modules, links }
}

/** What is JavaScript's `constructor` is a type's name in WXS. The mark tells WXS functions from the page's. */
const wxsForBrowser = (source) => `${source.replace(/\.constructor\b/g, '.wxsType')}\n;markWxs(module.exports)`

const WXS_REQUIRE = /\brequire\(\s*(["'])([^"']+)\1\s*\)/g

module.exports = { collectModules, wxsForBrowser, WXS_REQUIRE }
