'use strict'
// Turns the folder of a mini-program into one script for the browser: templates by WeChat's own WXML compiler, styles
// as CSS, modules and configurations as they stand. What our pages do not use is refused rather than guessed.

const path = require('node:path')
const { TmplGroup } = require('glass-easel-template-compiler')
const { Files } = require('./compile/files')
const { collectModules, wxsForBrowser, WXS_REQUIRE } = require('./compile/scripts')
const { compileStyle } = require('./compile/style')

/** Collects templates, with those they include and their WXS. */
class Templates {
  constructor(files) {
    this.files = files
    this.group = TmplGroup.newDev()
    // The page sets these before it draws: what a change of a property calls, and how events are told (browser/wxs.js).
    this.group.setExtraRuntimeScript('Q.A=(f)=>templateHooks.change(f);Q.C=(c,e,f)=>templateHooks.listen(c,e,f);')
    this.added = new Set()
    this.watched = new Set() // the names in change:NAME, which any component may have
  }

  add(name) {
    if (this.added.has(name)) return
    this.added.add(name)
    const source = this.files.read(`${name}.wxml`)
    for (const found of this.group.addTmpl(name, source) || []) {
      throw new Error(`${name}.wxml:${found.startLine}: ${found.message}`)
    }
    for (const [, property] of source.matchAll(/\bchange:([\w-]+)/g)) this.watched.add(property)
    this.group.getDirectDependencies(name).forEach((other) => this.add(other))
    this.group.getScriptDependencies(name).forEach((script) => this.addScript(script))
    for (const script of this.group.getInlineScriptModuleNames(name)) {
      const text = this.group.getInlineScript(name, script)
      this.group.setInlineScript(name, script, wxsForBrowser(text))
      this.addRequired(name, text)
    }
  }

  addScript(name) {
    if (this.added.has(`wxs ${name}`)) return
    this.added.add(`wxs ${name}`)
    const source = this.files.read(name.endsWith('.wxs') ? name : `${name}.wxs`)
    this.group.addScript(name, wxsForBrowser(source))
    this.addRequired(name, source)
  }

  addRequired(name, source) {
    for (const [, , request] of source.matchAll(WXS_REQUIRE)) {
      this.addScript(request.startsWith('/') ? request.slice(1) : path.posix.join(path.posix.dirname(name), request))
    }
  }

  toScript() {
    const script = this.group.getTmplGenObjectGroups()
    this.group.free()
    return script
  }
}

/** WeChat takes names alone for generic:NAME, of components that the file may use: the framework here would only warn. */
function checkGenerics(files, unit, { usingComponents, componentGenerics = {} }) {
  for (const [attribute, target] of files.read(`${unit}.wxml`).matchAll(/\bgeneric:[\w-]+="([^"]*)"/g)) {
    if (!usingComponents[target] && !componentGenerics[target]) throw new Error(`${unit}.wxml: no component for ${attribute}`)
  }
}

/**
 * Compiles the mini-program in `directory`.
 * @param {{packageFolders?: string[]}} options where packages lie beside the mini-program's own node_modules
 * @returns {string} a script that sets window.miniProgram and window.miniProgramTemplates
 */
function compile(directory, { packageFolders } = {}) {
  const files = new Files(directory, packageFolders)
  const app = files.json('app.json')
  const theme = app.themeLocation ? files.json(app.themeLocation) : { light: {}, dark: {} }
  const subpackages = app.subPackages || app.subpackages || []
  const pages = [...app.pages, ...subpackages.flatMap(({ root, pages: names }) => names.map((page) => path.posix.join(root, page)))]

  const templates = new Templates(files)
  const units = {} // pages and components by path
  const styles = files.has('app.wxss') ? [compileStyle(files, 'app.wxss', '')] : []

  const addUnit = (unit, isPage) => {
    if (units[unit]) return
    const config = files.has(`${unit}.json`) ? files.json(`${unit}.json`) : {}
    if (isPage) delete config.component // a page's styles are shared, however it is written
    const isShared = isPage || /^(page-)?shared$/.test(config.styleIsolation)
    const prefix = isShared ? '' : `s${Object.keys(units).length}`
    units[unit] = { config, isPage, prefix, style: '' }
    const own = config.usingComponents || {}
    config.usingComponents = {}
    for (const [tag, target] of Object.entries({ ...app.usingComponents, ...own })) {
      const used = files.resolve(target, own[tag] ? unit : 'app', ['.json', '/index.json'])
      if (!used) throw new Error(`${unit}.json: no component ${target}`)
      const component = used.slice(0, -'.json'.length)
      config.usingComponents[tag] = `/${component}`
      addUnit(component, false)
    }
    for (const [tag, generic] of Object.entries(config.componentGenerics || {})) {
      if (generic === true) continue // whoever uses it says which
      const standard = files.resolve(generic.default, unit, ['.json', '/index.json'])
      if (!standard) throw new Error(`${unit}.json: no component ${generic.default}`)
      generic.default = `/${standard.slice(0, -'.json'.length)}`
      addUnit(standard.slice(0, -'.json'.length), false)
    }
    templates.add(unit)
    checkGenerics(files, unit, config)
    if (files.has(`${unit}.wxss`)) units[unit].style = compileStyle(files, `${unit}.wxss`, prefix)
  }
  pages.forEach((page) => addUnit(page, true))

  const { modules, links } = collectModules(files, [
    ...files.own().filter((name) => name.endsWith('.js')),
    ...Object.keys(units).map((unit) => `${unit}.js`),
  ])
  const watched = [...templates.watched]
  const compiled = JSON.stringify({ app, pages, theme, modules, links, units, styles, watched }).replace(/</g, '\\u003c')
  return `window.miniProgram = ${compiled};\nwindow.miniProgramTemplates = ${templates.toScript()};\n`
}

module.exports = { compile }
