// The framework on the browser's elements: spaces, templates, styles.

import { MiniProgramEnv, glassEasel } from 'glass-easel-miniprogram-adapter'
import { restoreStyle } from './components/define.js'
import { hearEvents, sendReady } from './events.js'
import { createIntersectionObserver, createSelectorQuery } from './query.js'
import { guard, unsupported } from './report.js'
import { heard } from './wxs.js'

const { units, styles } = window.miniProgram
const templates = window.miniProgramTemplates

/** Units of WeChat's in a style attribute. */
export const inlineStyle = (text) => String(text || '')
  .replace(/(-?\d*\.?\d+)rpx\b/g, 'calc(100vw * $1 / 750)')
  .replace(/(-?\d*\.?\d+)vh\b/g, 'calc(var(--page-height) * $1 / 100)')

/** The tags that mean something; main.js adds the built-in ones. */
export const knownTags = new Set(['app-root', ...Object.values(units).flatMap(({ config }) => Object.keys({ ...config.usingComponents, ...config.componentGenerics }))])

/** Each element is called wx-TAG, so that no HTML element's own behaviour gets in. */
class Backend extends glassEasel.CurrentWindowBackendContext {
  document = {
    createElement: (tag) => {
      if (!knownTags.has(tag)) unsupported(`<${tag}>`)
      const element = document.createElement(`wx-${tag}`)
      const setAttribute = element.setAttribute
      element.setAttribute = (name, value) => {
        setAttribute.call(element, name, name === 'style' ? inlineStyle(value) : value)
        if (name === 'style') restoreStyle(element)
      }
      return element
    },
    createTextNode: (text) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
  }
}

const backend = new Backend()
hearEvents(backend)
sendReady()
const environment = new MiniProgramEnv()
export const codeSpace = environment.createCodeSpace('', true)
// Methods count that a page got while it runs: uni-app sets its handlers so.
codeSpace.getComponentSpace().updateComponentOptions({ writeIdToDOM: true, useMethodCallerListeners: true })
const associated = environment.associateBackend(backend)

function addStyle(css) {
  const element = document.createElement('style')
  element.textContent = css
  document.head.append(element)
  return element
}

const pageStyles = {} // a page's style holds only while the page is shown
styles.forEach(addStyle)
for (const [path, unit] of Object.entries(units)) {
  codeSpace.addComponentStaticConfig(path, unit.isPage ? unit.config : { ...unit.config, component: true })
  if (unit.prefix) codeSpace.addStyleSheet(path, undefined, unit.prefix)
  codeSpace.addCompiledTemplate(path, { groupList: templates, content: heard(templates[path]) })
  const style = addStyle(unit.style)
  if (unit.isPage) pageStyles[path] = style
}

export function showStyleOf(route) {
  for (const [path, style] of Object.entries(pageStyles)) style.media = path === route ? 'all' : 'not all'
}

/** A component says in its file how it shares styles; the framework wants to know it from the configuration. */
export function takeStyleOptions(path, { options = {} } = {}) {
  const config = codeSpace.getComponentStaticConfig(path)
  if (units[path].isPage || config.styleIsolation) return
  const isolation = options.styleIsolation || (options.addGlobalClass ? 'apply-shared' : undefined)
  if (/^(page-)?shared$/.test(isolation)) throw new Error(`${path}: styleIsolation ${isolation} belongs into the .json here`)
  config.styleIsolation = isolation
}

const SET_DATA_MOST = 1024 * 1024
/** What goes to the other thread in WeChat is JSON; the framework here would let anything pass. */
function checkData(is, data) {
  const check = (value, at) => {
    if (typeof value === 'function') throw new Error(`${is}: a function in setData: ${at}`)
    if (value === null || typeof value !== 'object') return
    const prototype = Object.getPrototypeOf(value)
    if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) throw new Error(`${is}: no plain object in setData: ${at}`)
    for (const [key, member] of Object.entries(value)) check(member, `${at}.${key}`)
  }
  guard(() => {
    for (const [key, value] of Object.entries(data)) check(value, key)
    const { length } = JSON.stringify(data)
    if (length > SET_DATA_MOST) throw new Error(`${is}: ${length} characters in setData; WeChat takes 1 MB`)
  })
}

/** Queries of pages and components are ours: see query.js. */
let isPrepared = false
function prepare(instance) {
  if (isPrepared) return
  isPrepared = true
  let prototype = instance
  while (!Object.hasOwn(prototype, 'createSelectorQuery')) prototype = Object.getPrototypeOf(prototype)
  prototype.createSelectorQuery = function query() { return createSelectorQuery(this) }
  const { setData } = prototype
  prototype.setData = function checked(data, callback) {
    if (data && !/(^|\/)miniprogram_npm\//.test(this.is)) checkData(this.is, data)
    return setData.call(this, data, callback)
  }
  prototype.createIntersectionObserver = function observe(options) { return createIntersectionObserver(this, options) }
}

/** Makes the tree of a page, not yet attached. */
export function createRoot(route) {
  const root = associated.createRoot('app-root', codeSpace, route)
  prepare(root.get())
  return root
}

/** The page or component in whose template a built-in component stands. */
export const ownerOf = (component) => component.ownerShadowRoot.getHostNode().is

/** Classes as they stand in the elements of that template. */
export function classesOf(names, component) {
  const prefix = units[ownerOf(component)]?.prefix
  return (names || '').split(/\s+/).filter(Boolean).map((name) => (prefix ? `${prefix}--${name}` : name)).join(' ')
}
