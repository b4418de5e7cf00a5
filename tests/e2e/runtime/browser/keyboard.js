// The phone's keyboard: as high as the test says, 0 for none. It covers the page and pushes it up where a box wants that.

import { fire } from './components/define.js'

const RISE_MS = 250

export function createKeyboard(phone) {
  const panel = document.createElement('phone-keyboard')
  panel.hidden = true
  document.body.append(panel)
  let holder = null
  let shown = 0

  const change = (component, height) => {
    if (shown === height) return
    shown = height
    panel.hidden = height === 0
    panel.style.height = `${height}px`
    fire(component, 'keyboardheightchange', { height, duration: RISE_MS })
    phone.tell('KeyboardHeightChange', { height })
  }
  /** The page goes up as far as the box would be covered. */
  const push = (component) => {
    const { view } = phone.pages.top()
    view.style.transform = ''
    if (!component || !component.data.adjustPosition || shown === 0) return
    const { bottom } = component.element.getBoundingClientRect()
    const covered = bottom + component.data.cursorSpacing - (innerHeight - shown)
    if (covered > 0) view.style.transform = `translate3d(0, ${-covered}px, 0)`
  }

  return {
    height: () => phone.options.keyboardHeight,
    raise(component) {
      holder = component
      change(component, phone.options.keyboardHeight)
      push(component)
    },
    lower(component) {
      if (holder === component) holder = null
      setTimeout(() => { // another box may take it over
        if (holder) return
        change(component, 0)
        push(null)
      }, 0)
    },
    /** Another keyboard, or the user closes it. */
    set(height) {
      phone.options.keyboardHeight = height
      if (!holder) return
      if (height === 0) return holder.box.blur()
      change(holder, height)
      push(holder)
    },
  }
}
