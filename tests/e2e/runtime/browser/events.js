// Events as WeChat tells them: touches on the event, long presses, plain objects for handlers, and the `ready` lifetime.

import { glassEasel } from 'glass-easel-miniprogram-adapter'
import { guard } from './report.js'

const LONG_PRESS_MS = 350
const LONG_PRESS_MOVE = 10
const STRAY_MS = 500
const { triggerEvent } = glassEasel.Event

/** A page's points are counted from below the navigation bar. */
export const pageTop = () => document.querySelector('phone-view:not([hidden])')?.getBoundingClientRect().top || 0

const points = (touches) => Array.from(touches, ({ identifier, clientX, clientY, pageX, pageY, force }) => ({
  identifier, force, clientX, pageX, clientY: clientY - pageTop(), pageY: pageY - pageTop(),
}))
const touchFields = (event) => event.touches && { touches: points(event.touches), changedTouches: points(event.changedTouches) }

/** Elements that are no page's, such as the phone's own bars, belong to nobody. */
function owner(node) {
  let element = node
  while (element && !element.__wxElement) element = element.parentNode
  return element && element.__wxElement
}

function listens(node, names) {
  const listeners = node._$eventTarget && node._$eventTarget.listeners
  return listeners && names.some((name) => listeners[name])
}

/** A finger that rests is a long press; where someone listens to it, no tap follows. */
let pressTimer
let wasLongPress = false
let startedAt
function startPress(event) {
  clearTimeout(pressTimer)
  wasLongPress = false
  touched = { target: event.target, at: Infinity }
  const target = owner(event.target)
  if (!target || event.touches.length !== 1) return
  const { clientX, clientY } = event.touches[0]
  startedAt = { clientX, clientY }
  const extraFields = touchFields(event)
  pressTimer = setTimeout(() => {
    for (let node = target; node; node = node.getComposedParent()) {
      if (listens(node, ['longpress', 'longtap'])) wasLongPress = true
    }
    for (const name of ['longpress', 'longtap']) {
      const options = { bubbles: true, composed: true, capturePhase: true, extraFields }
      guard(() => triggerEvent(target, name, { x: clientX, y: clientY - pageTop() }, options))
    }
  }, LONG_PRESS_MS)
}
function movePress({ touches: [touch] }) {
  const far = Math.max(Math.abs(touch.clientX - startedAt?.clientX), Math.abs(touch.clientY - startedAt?.clientY))
  if (far > LONG_PRESS_MOVE) clearTimeout(pressTimer)
}

/** After a touch Chromium sends a mouse's events; they are not for what a tap has just put under the finger. */
let touched
function dropStray(event) {
  const isOfTouch = touched && event.timeStamp - touched.at < STRAY_MS
  if (!isOfTouch || event.target === touched.target) return
  event.preventDefault()
  event.stopImmediatePropagation()
}

function tell(target, type, detail, options) {
  const { originalEvent } = options
  if (type === 'tap') {
    const isOff = originalEvent.target.closest?.('wx-button[disabled]')
    if (wasLongPress || isOff) return undefined
    detail = { ...detail, y: detail.y - pageTop() }
  }
  const isTouch = /^touch/.test(type)
  const outcome = triggerEvent(target, type, isTouch ? {} : detail, { ...options, extraFields: touchFields(originalEvent) })
  return type === 'touchmove' ? outcome : undefined // the framework takes anything else for "no focus, no click"
}

/** Hears the elements' events through the framework's backend. */
export function hearEvents(backend) {
  const { body } = document
  const add = body.addEventListener
  // Chromium lets no listener of the body keep a page from scrolling unless it says so.
  body.addEventListener = (type, listener, options) => (
    add.call(body, type, listener, /^touch/.test(type) ? { ...options, passive: false } : options))
  backend.onEvent(tell)
  const early = { capture: true, passive: true }
  for (const type of ['mousedown', 'mouseup', 'click']) addEventListener(type, dropStray, true)
  add.call(body, 'touchstart', startPress, early)
  add.call(body, 'touchmove', movePress, early)
  for (const type of ['touchend', 'touchcancel']) {
    add.call(body, type, ({ timeStamp }) => {
      clearTimeout(pressTimer)
      if (touched) touched.at = timeStamp
    }, early)
  }
}

/** Sends `ready`, which the framework leaves to its host: to children before their parents, once they are drawn. */
export function sendReady() {
  const { prototype } = glassEasel.Component
  const trigger = prototype.triggerLifetime
  const fresh = []
  prototype.triggerLifetime = function triggerLifetime(name, parameters) {
    const result = trigger.call(this, name, parameters)
    if (name === 'attached' && fresh.push(this) === 1) {
      requestAnimationFrame(() => setTimeout(() => {
        for (const component of fresh.splice(0).reverse()) guard(() => trigger.call(component, 'ready', []))
      }, 0))
    }
    return result
  }
}

const describe = (node) => {
  const element = node._$ || node // a component is told as what its file sees
  const { id, dataset } = element
  const drawn = element.getBackendElement && element.getBackendElement()
  return { id, dataset: { ...dataset }, offsetLeft: drawn?.offsetLeft ?? 0, offsetTop: drawn?.offsetTop ?? 0 }
}

/** What a handler gets in WeChat: an object of its own, not the framework's. */
export const plainEvent = (event) => ({
  type: event.type, timeStamp: event.timeStamp, target: describe(event.target), currentTarget: describe(event.currentTarget),
  mark: { ...event.mark }, detail: event.detail, ...event.extraFields,
})
