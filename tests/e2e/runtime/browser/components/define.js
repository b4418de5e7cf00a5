// How a built-in component is made.

const HOVER_LAYER = 2
const ARIA = ['Role', 'Label', 'Hidden', 'Checked', 'Selected', 'Disabled', 'Expanded', 'Live', 'Modal', 'Haspopup', 'Pressed', 'Valuenow', 'Valuemin', 'Valuemax', 'Describedby', 'Labelledby', 'Level']

/** Tells a page; such an event goes to the component alone. */
export const fire = (component, name, detail) => component.triggerEvent(name, detail, {})

const kept = new WeakMap() // what a component itself has set of its element's style

/** Sets a style that stays when the app sets the element's style attribute. */
export function keepStyle(element, name, value) {
  kept.set(element, { ...kept.get(element), [name]: value })
  element.style.setProperty(name, value)
}
export function restoreStyle(element) {
  for (const [name, value] of Object.entries(kept.get(element) || {})) element.style.setProperty(name, value)
}

/** What a finger on the element shows, and for how long. */
function hover(component, element) {
  let timer
  const show = (isOn) => component.toggleNodeClass(component.data.hoverClass, isOn, HOVER_LAYER)
  const { hoverClass } = component.data
  const change = (isOn, delay) => {
    clearTimeout(timer)
    timer = setTimeout(() => show(isOn), delay)
  }
  if (!hoverClass || hoverClass === 'none' || component.isHovering) return
  component.isHovering = true
  element.addEventListener('touchstart', () => change(true, component.data.hoverStartTime), { passive: true })
  element.addEventListener('touchmove', () => change(false, 0), { passive: true })
  for (const type of ['touchend', 'touchcancel']) element.addEventListener(type, () => change(false, component.data.hoverStayTime), { passive: true })
}

/** @returns `define(tag, options)` for a component space, and the tags that it defined */
export function definerFor(space) {
  const tags = new Set()

  /**
   * @param props attributes and their types
   * @param react what happens when an attribute gets another value: `{name(value, element)}`. The framework tells of
   *   each setData, WeChat's components know only a changed value; the last one is remembered for that.
   * @param created (element) => void
   * @param attached, detached (element) => void
   * @param methods of the component
   */
  const define = (tag, { props = {}, react = {}, created = () => {}, attached = () => {}, detached = () => {}, methods = {} } = {}) => {
    tags.add(tag)
    const apply = (component, name, value) => {
      if (!component.element || component.last[name] === value) return
      component.last[name] = value
      react[name].call(component, value, component.element)
    }
    const observers = { hoverClass() { if (this.element) hover(this, this.element) } }
    const ariaProps = {}
    for (const name of ARIA) {
      ariaProps[`aria${name}`] = { type: null, value: null }
      const attribute = name === 'Role' ? 'role' : `aria-${name.toLowerCase()}`
      observers[`aria${name}`] = function tellReaders(value) {
        if (value === null || value === undefined || value === '') this.element.removeAttribute(attribute)
        else this.element.setAttribute(attribute, value)
      }
    }
    for (const name of Object.keys(react)) observers[name] = function observe(value) { apply(this, name, value) }
    const definition = space.defineComponent({
      is: `built-in/${tag}`,
      properties: {
        hoverClass: String, hoverStartTime: { type: Number, value: 50 }, hoverStayTime: { type: Number, value: 400 },
        hoverStopPropagation: Boolean, ...ariaProps, ...props,
      },
      observers,
      methods,
      lifetimes: {
        created() {
          this.element = this.getBackendElement()
          this.last = {}
          created.call(this, this.element)
        },
        attached() {
          for (const name of Object.keys(react)) apply(this, name, this.data[name])
          attached.call(this, this.element)
        },
        detached() { detached.call(this, this.element) },
      },
    })
    space.setGlobalUsingComponent(tag, definition)
  }
  return { define, tags }
}
