'use strict'
// Turns the folder of a mini-program into one script for the browser: templates by WeChat's own WXML compiler, styles
// as CSS, modules and configurations as they stand. What our pages do not use is refused rather than guessed.

const fs = require('node:fs')
const path = require('node:path')
const postcss = require('postcss')
const selectorParser = require('postcss-selector-parser')
const { TmplGroup } = require('glass-easel-template-compiler')

/** All files below a folder, as paths with slashes. */
function filesBelow(directory, prefix = '') {
  return fs.readdirSync(path.join(directory, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(prefix, entry.name)
    return entry.isDirectory() ? filesBelow(directory, name) : [name]
  })
}

/** 750rpx are the width of the screen. */
const rpxToVw = (text) => text.replace(/(-?\d*\.?\d+)rpx\b/g, (_, number) => `${Number((number / 7.5).toFixed(4))}vw`)

/**
 * WXSS as CSS: rpx, `wx-` before each tag, and the component's prefix before each class (components do not see each
 * other's styles; the framework writes the same prefix into the elements).
 */
function compileStyle(file, source, prefix) {
  const selectors = selectorParser((root) => root.walk((node) => {
    if (node.type === 'tag') node.value = `wx-${node.value}`
    if (node.type === 'class' && prefix) node.value = `${prefix}--${node.value}`
    if (node.type === 'id') throw new Error(`${file}: styles by id are not provided: #${node.value}`)
  }))
  const sheet = postcss.parse(source, { from: file })
  sheet.walkAtRules('import', () => { throw new Error(`${file}: @import is not provided`) })
  sheet.walkRules((rule) => {
    const isKeyframe = rule.parent.type === 'atrule' && rule.parent.name === 'keyframes'
    if (!isKeyframe) rule.selector = selectors.processSync(rule.selector)
  })
  sheet.walkDecls((declaration) => { declaration.value = rpxToVw(declaration.value) })
  return sheet.toString()
}

/**
 * Compiles the mini-program in `directory`.
 * @returns {string} a script that sets window.miniProgram and window.miniProgramTemplates
 */
function compile(directory) {
  const read = (name) => fs.readFileSync(path.join(directory, name), 'utf8')
  const files = filesBelow(directory)
  const has = new Set(files)
  const app = JSON.parse(read('app.json'))
  const theme = app.themeLocation ? JSON.parse(read(app.themeLocation)) : { light: {}, dark: {} }

  const modules = {}
  for (const name of files) if (name.endsWith('.js')) modules[name] = read(name)

  const templates = TmplGroup.newDev()
  const units = {} // pages and components by path
  const styles = has.has('app.wxss') ? [compileStyle('app.wxss', read('app.wxss'), '')] : []

  const addUnit = (unit, isPage) => {
    if (units[unit]) return
    const config = has.has(`${unit}.json`) ? JSON.parse(read(`${unit}.json`)) : {}
    const prefix = isPage ? '' : `s${Object.keys(units).length}`
    units[unit] = { config, isPage, prefix, style: '' }
    for (const [tag, target] of Object.entries(config.usingComponents || {})) {
      const used = target.startsWith('/') ? target.slice(1) : path.posix.join(path.posix.dirname(unit), target)
      config.usingComponents[tag] = `/${used}`
      addUnit(used, false)
    }
    for (const found of templates.addTmpl(unit, read(`${unit}.wxml`)) || []) {
      throw new Error(`${unit}.wxml:${found.startLine}: ${found.message}`)
    }
    if (templates.getDirectDependencies(unit).length || templates.getScriptDependencies(unit).length) {
      throw new Error(`${unit}.wxml: import, include and wxs are not provided`)
    }
    if (has.has(`${unit}.wxss`)) units[unit].style = compileStyle(`${unit}.wxss`, read(`${unit}.wxss`), prefix)
  }
  app.pages.forEach((page) => addUnit(page, true))

  const templateScript = templates.getTmplGenObjectGroups()
  templates.free()
  const compiled = JSON.stringify({ app, theme, modules, units, styles }).replace(/</g, '\\u003c')
  return `window.miniProgram = ${compiled};\nwindow.miniProgramTemplates = ${templateScript};\n`
}

module.exports = { compile }
