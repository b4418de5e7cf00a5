// WXS: its handlers of events and of changed properties, and what they may do to an element.

import { guard } from './report.js'
import { plainEvent, pageTop } from './events.js'

const TEMPORARY = 3 // the layer of an element's style and classes that setData does not touch
const states = new WeakMap()
const described = new WeakMap()

const elementOf = (node) => (node && node._$) || node
const toCss = (style) => (typeof style === 'string' ? style : Object.entries(style)
  .map(([name, value]) => `${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}:${value}`).join(';'))

/** A rectangle as a page sees it. */
export const plainRect = ({ left, top, right, bottom, width, height }, from = pageTop()) => ({
  left, right, width, height, top: top - from, bottom: bottom - from,
})

/** What WXS gets for an element: WeChat's ComponentDescriptor. */
function describe(element) {
  if (!element) return null
  if (described.has(element)) return described.get(element)
  const inside = () => (element.getShadowRoot && element.getShadowRoot()) || element
  const changeClasses = (names, isOn) => {
    for (const name of names.flat()) element.toggleNodeClass(name, isOn, TEMPORARY)
    return descriptor
  }
  const descriptor = {
    selectComponent: (selector) => describe(inside().querySelector(selector)),
    selectAllComponents: (selector) => inside().querySelectorAll(selector).map(describe),
    setStyle(style) {
      element.setNodeStyle(toCss(style), TEMPORARY)
      return descriptor
    },
    addClass: (...names) => changeClasses(names, true),
    removeClass: (...names) => changeClasses(names, false),
    hasClass: (name) => element.classList.contains(name),
    getDataset: () => ({ ...element.dataset }),
    getState() {
      if (!states.has(element)) states.set(element, {})
      return states.get(element)
    },
    callMethod(name, argument) {
      queueMicrotask(() => guard(() => {
        const component = element.getMethodCaller()
        if (typeof component[name] === 'function') component[name](argument)
      }))
    },
    triggerEvent: (name, detail, options) => element.triggerEvent(name, detail, options),
    getBoundingClientRect: () => plainRect(element.getBackendElement().getBoundingClientRect()),
    getComputedStyle(names) {
      const style = getComputedStyle(element.getBackendElement())
      return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))]))
    },
    requestAnimationFrame: (run) => requestAnimationFrame(run),
    setTimeout: (run, delay) => setTimeout(run, delay),
    clearTimeout: (timer) => clearTimeout(timer),
  }
  described.set(element, descriptor)
  return descriptor
}

/** Calls a handler. What a page's returns means nothing; `false` of WXS stops the event. */
export function listen(component, event, handler) {
  if (!window.wxsFunctions.has(handler)) {
    handler.call(component, plainEvent(event))
    return undefined
  }
  const told = { ...plainEvent(event), instance: describe(elementOf(event.currentTarget)) }
  return handler.call(undefined, told, describe(elementOf(component))) === false ? false : undefined
}

/** Changes are told when the tree stands, newest first: TDesign's upload stacks its pictures in any other order. */
const changes = []
const change = (handler) => (value, oldValue, host, element) => {
  const isFirst = changes.push(() => handler(value, oldValue, describe(host), describe(element))) === 1
  if (isFirst) queueMicrotask(() => changes.splice(0).reverse().forEach((run) => guard(run)))
}

window.templateHooks = { change, listen }

/** A compiled template, its events told by `listen`; the compiler sees to it only where there is WXS. */
export const heard = (template) => Object.assign((name) => template(name) && ((run, ...rest) => {
  run.setEventListenerWrapper(listen)
  return template(name)(run, ...rest)
}), template)
