// Boots the mini-program: modules, built-in components, the stack of pages with their lifecycles, and the navigation
// bar. Sets window.phone, through which a test plays the phone.

import { MiniProgramEnv, glassEasel } from 'glass-easel-miniprogram-adapter'
import { defineComponents } from './components.js'
import { createWx } from './wx.js'

const { app: appConfig, theme, modules, units, styles } = window.miniProgram
const templates = window.miniProgramTemplates
const { servers } = window.runtimeOptions
const BACKGROUND_SOCKET_MS = 5000 // so long WeChat keeps a socket when the app has left the screen

// ---- what went wrong ----

const errors = []
const unsupported = new Set()
const complain = (error) => {
  errors.push(String((error && error.stack) || error))
  console.warn(error)
}
const guard = (run) => {
  try { return run() } catch (error) { return complain(error) }
}
glassEasel.globalOptions.throwGlobalError = false
glassEasel.addGlobalErrorListener((error) => { complain(error); return false })
glassEasel.addGlobalWarningListener((message) => { complain(`warning: ${message}`); return false })
addEventListener('error', (event) => complain(event.error || event.message))
addEventListener('unhandledrejection', (event) => complain(event.reason))

// ---- the framework on the browser's elements ----

/** Each element is called wx-TAG, so that no HTML element's own behaviour gets in. */
class Backend extends glassEasel.CurrentWindowBackendContext {
  document = {
    createElement: (tag) => {
      const element = document.createElement(`wx-${tag}`)
      const setAttribute = element.setAttribute
      element.setAttribute = (name, value) => {
        if (name === 'style' && /\drpx\b/.test(value)) unsupported.add('rpx in a style attribute')
        setAttribute.call(element, name, value)
      }
      return element
    },
    createTextNode: (text) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
  }
}
const backend = new Backend()
backend.onEvent(glassEasel.Event.triggerEvent)
const environment = new MiniProgramEnv()
const codeSpace = environment.createCodeSpace('', true)
codeSpace.getComponentSpace().updateComponentOptions({ writeIdToDOM: true })
const builtInTags = defineComponents(codeSpace.getComponentSpace())
const associated = environment.associateBackend(backend)

const addStyle = (css) => {
  const element = document.createElement('style')
  element.textContent = css
  document.head.append(element)
  return element
}
styles.forEach(addStyle)
const pageStyles = {} // a page's style holds only while the page is shown
for (const [path, unit] of Object.entries(units)) {
  const config = unit.isPage ? unit.config : { ...unit.config, component: true }
  codeSpace.addComponentStaticConfig(path, config)
  if (unit.prefix) codeSpace.addStyleSheet(path, undefined, unit.prefix)
  codeSpace.addCompiledTemplate(path, { groupList: templates, content: templates[path] })
  const style = addStyle(unit.style)
  if (unit.isPage) pageStyles[path] = style
}

// ---- the app's modules ----

let app = null
let registering = null // the component environment of the file being loaded
const stack = []
const top = () => stack[stack.length - 1]

const { wx, sockets, clipboard } = createWx({
  guard, complain, servers,
  loginCode: () => window.loginCode(),
  unsupported: (name) => unsupported.add(name),
  navigate: (how, url) => guard(() => navigate(how, url)),
  setTitle: (title) => { top().title = title; drawNavigation() },
})
const register = (kind) => (definition) => {
  if (!registering) throw new Error(`${kind}() outside the file of a page or component`)
  return registering[kind](definition)
}
const globals = {
  wx,
  App: (definition) => { app = definition },
  getApp: () => app,
  getCurrentPages: () => stack.map((page) => page.instance),
  Page: register('Page'),
  Component: register('Component'),
}
/** Names that a mini-program does not have; its files see them as undefined. */
const MISSING = ['window', 'document', 'location', 'localStorage', 'navigator', 'fetch', 'XMLHttpRequest', 'WebSocket', 'alert']
const loaded = {}

function resolvePath(from, relative) {
  const base = new URL(relative, `http://app/${from}`)
  return base.pathname.slice(1)
}

function load(path) {
  if (loaded[path]) return loaded[path].exports
  if (modules[path] === undefined) throw new Error(`no module ${path}`)
  const module = { exports: {} }
  loaded[path] = module
  const require = (relative) => {
    const target = resolvePath(path, relative)
    return load(target.endsWith('.js') ? target : `${target}.js`)
  }
  const names = ['module', 'exports', 'require', ...Object.keys(globals), ...MISSING]
  const body = new Function(...names, `'use strict';${modules[path]}\n//# sourceURL=app/${path}`)
  body.call(undefined, module, module.exports, require, ...Object.values(globals))
  return module.exports
}

// ---- pages ----

const call = (page, name, ...args) => {
  if (page && typeof page.instance[name] === 'function') guard(() => page.instance[name](...args))
}

/** Values of a query arrive as they stand in the URL, not decoded. */
function parseUrl(url) {
  const { pathname, search } = new URL(url, top() ? `http://app/${top().route}` : 'http://app/')
  const query = {}
  for (const pair of search.slice(1).split('&').filter(Boolean)) {
    const [key, value = ''] = pair.split('=')
    query[key] = value
  }
  return { route: pathname.slice(1) || appConfig.pages[0], query }
}

function navigate(how, url) {
  const { route, query } = parseUrl(url)
  if (!appConfig.pages.includes(route)) throw new Error(`no page ${route}`)
  if (how === 'push' && stack.length >= 10) throw new Error('WeChat allows no more than 10 pages')
  if (how === 'push') call(top(), 'onHide')
  else leave()

  const view = document.createElement('phone-view')
  const pageElement = document.createElement('wx-page')
  const mark = document.createElement('span')
  pageElement.append(mark)
  view.append(pageElement)
  document.body.append(view)
  const root = associated.createRoot('app-root', codeSpace, route)
  const page = { route, root, view, instance: root.get(), title: windowConfig(route).navigationBarTitleText || '' }
  Object.assign(page.instance, { route, options: query })
  stack.push(page)
  showTop()
  root.attach(pageElement, mark)
  checkTags(view)
  call(page, 'onLoad', query)
  call(page, 'onShow')
  requestAnimationFrame(() => setTimeout(() => { checkTags(view); call(page, 'onReady') }, 0))
}

/** The top page goes for good. */
function leave() {
  const page = stack.pop()
  if (!page) return
  call(page, 'onUnload')
  page.root.release()
  page.view.remove()
}

function goBack() {
  leave()
  showTop()
  call(top(), 'onShow')
}

function showTop() {
  for (const page of stack) page.view.hidden = page !== top()
  for (const [route, style] of Object.entries(pageStyles)) style.media = route === top().route ? 'all' : 'not all'
  drawNavigation()
}

function checkTags(view) {
  const own = new Set(Object.values(units).flatMap(({ config }) => Object.keys(config.usingComponents || {})))
  for (const element of view.querySelectorAll('*')) {
    const [, tag] = /^wx-(.*)$/.exec(element.localName) || []
    if (tag && !builtInTags.has(tag) && !own.has(tag) && tag !== 'page' && tag !== 'app-root') unsupported.add(`<${tag}>`)
  }
}

// ---- the navigation bar ----

const navigation = document.createElement('phone-nav')
document.body.append(navigation)
const dark = matchMedia('(prefers-color-scheme: dark)')
dark.addEventListener('change', () => drawNavigation())

/** The window's configuration of a page, with the theme's colours put in. */
function windowConfig(route) {
  const config = { ...appConfig.window, ...units[route].config }
  const colors = theme[dark.matches && appConfig.darkmode ? 'dark' : 'light']
  for (const [key, value] of Object.entries(config)) {
    if (typeof value === 'string' && value.startsWith('@')) config[key] = colors[value.slice(1)]
  }
  return config
}

function drawNavigation() {
  const config = windowConfig(top().route)
  navigation.textContent = top().title
  navigation.style.background = config.navigationBarBackgroundColor
  navigation.style.color = config.navigationBarTextStyle === 'white' ? '#fff' : '#000'
  document.body.style.background = config.backgroundColorContent
  if (stack.length > 1) {
    const back = document.createElement('phone-back')
    back.addEventListener('click', goBack)
    navigation.append(back)
  }
  navigation.append(document.createElement('phone-capsule'))
}

// ---- the start, and what a test may do to the phone ----

guard(() => {
  load('app.js')
  for (const path of Object.keys(units)) {
    codeSpace.componentEnv(path, (componentEnvironment) => {
      registering = componentEnvironment
      load(`${path}.js`)
      registering = null
    })
  }
  if (app.onLaunch) app.onLaunch({})
  navigate('push', location.pathname + location.search)
})

let socketTimer
window.phone = {
  report: () => ({ errors, unsupported: [...unsupported] }),
  sockets: () => sockets.size,
  clipboard,
  dropSockets: () => [...sockets].forEach((socket) => socket.cut()),
  /** The user leaves the app; WeChat cuts its sockets five seconds later. */
  background() {
    call(top(), 'onHide')
    socketTimer = setTimeout(window.phone.dropSockets, BACKGROUND_SOCKET_MS)
  },
  foreground() {
    clearTimeout(socketTimer)
    call(top(), 'onShow')
  },
}
