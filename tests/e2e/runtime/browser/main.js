// Boots the mini-program: modules, built-in components, the wx API, the first page. Sets window.phone at the end.

import { createBars } from './bars.js'
import { defineComponents } from './components/index.js'
import { classesOf, codeSpace, inlineStyle, knownTags, ownerOf, takeStyleOptions } from './framework.js'
import { createKeyboard } from './keyboard.js'
import { moduleLoader } from './modules.js'
import { createPages } from './pages.js'
import { createPhone } from './phone.js'
import { guard, unsupported } from './report.js'
import { openFiles } from './wx/files.js'
import { createWx } from './wx/index.js'
import { showSheet } from './wx/ui.js'

const { app: appConfig, units } = window.miniProgram

/** What the parts of the runtime know of each other. */
const phone = {
  appConfig,
  options: window.runtimeOptions,
  unsupported,
  classesOf,
  inlineStyle,
  sheet: showSheet,
  files: await openFiles(),
  state: { isAsleep: false, isStorageFull: false, clipboard: '', opened: [], socketCounts: { most: 0, closedGone: 0 } },
  opened(name, options) {
    const { success, fail, complete, ...plain } = options
    phone.state.opened.push({ name, ...plain })
  },

  /** Where an address of the app leads in this test. */
  leadsTo(url) {
    const { protocol, host } = new URL(url)
    const asHttp = `${protocol.replace(/^ws/, 'http')}//${host}`
    const target = phone.options.servers[asHttp]
    if (!target) throw new Error(`no server for ${url}`)
    return url.replace(`${protocol}//${host}`, protocol.startsWith('ws') ? target.replace(/^http/, 'ws') : target)
  },
  /** Where the browser finds a picture or a sound: on the phone, in the mini-program, or at the app's server. */
  sourceOf(source, component) {
    if (/^(data|blob):/.test(source)) return source
    if (/^wxfile:/.test(source)) return phone.files.url(source) || '/no-such-file'
    if (/^https?:/.test(source)) return phone.leadsTo(source)
    const from = component ? ownerOf(component) : phone.pages.top().route
    return new URL(source, `http://app/${from}`).pathname
  },
  /** What a button does with an open-type. */
  async openType(type, button) {
    if (type === 'chooseAvatar') {
      const [file] = (await window.chosenFiles()).filter((one) => one.type.startsWith('image/'))
      if (!file) return
      const bytes = Uint8Array.from(atob(file.base64), (letter) => letter.charCodeAt(0))
      button.triggerEvent('chooseavatar', { avatarUrl: phone.files.temporary(bytes, file.type, file.name) }, {})
    } else if (type === 'share') {
      phone.pages.share({ from: 'button', target: { id: button.id, dataset: { ...button.dataset } } })
    } else if (type === 'openSetting') {
      phone.wx.openSetting({ success: ({ authSetting }) => button.triggerEvent('opensetting', { authSetting }, {}) })
    } else {
      unsupported(`open-type ${type} of <button>`)
    }
  },
}
phone.keyboard = createKeyboard(phone)
phone.tags = defineComponents(codeSpace.getComponentSpace(), phone)
phone.tags.forEach((tag) => knownTags.add(tag))
phone.pages = createPages(phone)
phone.bars = createBars(phone)
phone.wx = createWx(phone)

let app = {}
let registering = null // the path and the environment of the component whose file is being loaded
const register = (kind) => (definition) => {
  if (!registering) throw new Error(`${kind}() outside the file of a page or component`)
  if (kind === 'Component') takeStyleOptions(registering.path, definition)
  return registering.environment[kind](withoutBuiltIns(definition))
}
/** Behaviours of WeChat's own, such as wx://form-field, only say which part a component takes in a form. */
function withoutBuiltIns(definition) {
  if (!Array.isArray(definition?.behaviors)) return definition
  return { ...definition, behaviors: definition.behaviors.filter((behavior) => !String(behavior).startsWith('wx://')) }
}
const load = moduleLoader({
  wx: phone.wx,
  App: (definition) => { app = definition },
  getApp: () => app,
  getCurrentPages: () => phone.pages.all().map((page) => page.instance),
  Page: register('Page'),
  Component: register('Component'),
  Behavior: register('Behavior'),
  global: {},
})

const { scene, referrerInfo } = phone.options
phone.launch = {
  path: phone.pages.parse(location.pathname).route, query: phone.pages.parse(location.search).query, scene, referrerInfo,
}
phone.entered = phone.launch
phone.app = () => app
guard(() => {
  load('app.js')
  for (const path of Object.keys(units)) {
    codeSpace.componentEnv(path, (environment) => {
      registering = { path, environment }
      guard(() => load(`${path}.js`)) // a broken page does not keep the others from opening
      registering = null
    })
  }
  if (app.onLaunch) app.onLaunch(phone.launch)
  if (app.onShow) app.onShow(phone.launch)
  phone.pages.start(location.pathname + location.search)
})
window.phone = createPhone(phone)
