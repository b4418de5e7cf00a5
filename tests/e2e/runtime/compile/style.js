'use strict'
// WXSS as CSS: rpx and vh, `wx-` before each tag, the component's prefix before each class (components do not see each
// other's styles; the framework writes the same prefix into the elements), and @import put in place.

const postcss = require('postcss')
const selectorParser = require('postcss-selector-parser')

const URL_VALUE = /(url\((?:"[^"]*"|'[^']*'|[^)]*)\))/

/** 750rpx are the width of the screen, 100vh the height of the page between its bars. */
const unitsForBrowser = (text) => text.split(URL_VALUE).map((part, index) => (index % 2 ? part : part
  .replace(/(-?\d*\.?\d+)rpx\b/g, 'calc(100vw * $1 / 750)') // exact to the pixel, as a rounded vw is not
  .replace(/(-?\d*\.?\d+)vh\b/g, 'calc(var(--page-height) * $1 / 100)'))).join('')

/** Compiles one file; `prefix` is the component's, '' for what pages share. */
function compileStyle(files, file, prefix, within = []) {
  if (within.includes(file)) throw new Error(`${file}: imports itself`)
  const selectors = selectorParser((root) => root.walk((node) => {
    if (node.type === 'tag') node.value = `wx-${node.value}`
    if (node.type === 'class' && prefix) node.value = `${prefix}--${node.value}`
    if (node.type === 'id') throw new Error(`${file}: styles by id are not provided: #${node.value}`)
    if (node.type === 'pseudo' && node.value === ':host') {
      if (!prefix) throw new Error(`${file}: :host is for components with styles of their own`)
      node.replaceWith(selectorParser.attribute({ attribute: 'wx-host', operator: '=', value: prefix, quoteMark: '"', raws: {} }))
    }
  }))
  const sheet = postcss.parse(files.read(file), { from: file })
  sheet.walkRules((rule) => {
    const isKeyframe = rule.parent.type === 'atrule' && rule.parent.name.endsWith('keyframes')
    if (!isKeyframe) rule.selector = selectors.processSync(rule.selector)
  })
  sheet.walkDecls((declaration) => {
    const [, local] = /url\(\s*["']?(?!data:|https?:|["'])([^)"']+)/.exec(declaration.value) || []
    if (local) throw new Error(`${file}: WeChat's styles take no file of the mini-program: ${local}`)
    declaration.value = unitsForBrowser(declaration.value)
  })
  sheet.walkAtRules('media', (rule) => { rule.params = unitsForBrowser(rule.params) })
  sheet.walkAtRules('import', (rule) => {
    const [, request] = /^(?:url\()?["']?([^"')]+)/.exec(rule.params)
    const target = files.resolve(request, file, ['', '.wxss'])
    if (!target) throw new Error(`${file}: nothing to import: ${request}`)
    rule.replaceWith(compileStyle(files, target, prefix, [...within, file]).nodes)
  })
  return sheet
}

module.exports = { compileStyle: (files, file, prefix) => compileStyle(files, file, prefix).toString() }
