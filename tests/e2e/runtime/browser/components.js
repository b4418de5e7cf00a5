// WeChat's built-in components, as far as our pages use them. A tag or an attribute that is missing here is reported.

const fire = (component, name, detail) => component.triggerEvent(name, detail, {})

/**
 * Defines the built-in components in a component space.
 * @returns {Set<string>} the defined tags
 */
export function defineComponents(space) {
  const tags = new Set()

  /**
   * @param props attributes and their types
   * @param react what happens when an attribute gets another value: `{name(value, element)}`. The framework tells of
   *   each setData, WeChat's components know only a changed value; the last one is remembered for that.
   * @param created (element) => void
   */
  const define = (tag, { props = {}, react = {}, created = () => {} } = {}) => {
    tags.add(tag)
    const apply = (component, name, value) => {
      if (!component.element || component.last[name] === value) return
      component.last[name] = value
      react[name].call(component, value, component.element)
    }
    const observers = {
      ariaRole(role) { if (role) this.$$.setAttribute('role', role) },
      ariaLabel(label) { if (label) this.$$.setAttribute('aria-label', label) },
    }
    for (const name of Object.keys(react)) observers[name] = function observe(value) { apply(this, name, value) }
    const definition = space.defineComponent({
      is: `built-in/${tag}`,
      properties: { hoverClass: String, ariaRole: String, ariaLabel: String, ...props },
      observers,
      lifetimes: {
        created() {
          this.element = this.getBackendElement()
          this.last = {}
          created.call(this, this.element)
        },
        attached() {
          for (const name of Object.keys(react)) apply(this, name, this.data[name])
        },
      },
    })
    space.setGlobalUsingComponent(tag, definition)
  }

  define('view')
  define('text', { props: { userSelect: Boolean, selectable: Boolean } })
  define('button', { props: { type: String, size: String } })
  define('image', {
    props: { src: String, mode: String },
    react: { src(src, element) { element.style.background = `center / cover url(${JSON.stringify(src)})` } },
  })

  define('scroll-view', {
    props: {
      scrollY: Boolean, scrollTop: { type: null, value: '' },
      upperThreshold: { type: Number, value: 50 }, lowerThreshold: { type: Number, value: 50 },
    },
    react: {
      scrollY(on, element) { element.style.overflowY = on ? 'auto' : 'hidden' },
      scrollTop(value, element) { if (value !== '') requestAnimationFrame(() => { element.scrollTop = value }) },
    },
    created(element) {
      let nearTop = true
      let nearEnd = false
      element.addEventListener('scroll', (event) => {
        event.stopImmediatePropagation() // the page gets WeChat's event, not the browser's as well
        const { scrollTop, scrollHeight, clientHeight } = element
        fire(this, 'scroll', { scrollTop, scrollLeft: 0, scrollHeight, scrollWidth: element.scrollWidth })
        const isNearTop = scrollTop <= this.data.upperThreshold
        const isNearEnd = scrollHeight - clientHeight - scrollTop <= this.data.lowerThreshold
        if (isNearTop && !nearTop) fire(this, 'scrolltoupper', { direction: 'top' })
        if (isNearEnd && !nearEnd) fire(this, 'scrolltolower', { direction: 'bottom' })
        nearTop = isNearTop
        nearEnd = isNearEnd
      })
    },
  })

  const textProps = {
    value: String, placeholder: String, placeholderClass: String, type: String, disabled: Boolean,
    maxlength: { type: Number, value: 140 }, focus: Boolean, confirmType: String, confirmHold: Boolean,
    adjustPosition: Boolean, holdKeyboard: Boolean, cursorSpacing: Number,
  }
  const defineTextBox = (tag, moreProps) => define(tag, {
    props: { ...textProps, ...moreProps },
    react: {
      value(value) {
        if (this.box.value !== value) this.box.value = value
        grow(this)
      },
      placeholder(text) { this.box.placeholder = text },
      disabled(is) { this.box.disabled = is },
      maxlength(most) {
        if (most >= 0) this.box.maxLength = most
        else this.box.removeAttribute('maxlength')
      },
      focus(is) { setTimeout(() => (is ? this.box.focus() : this.box.blur()), 0) },
    },
    created(element) {
      const box = document.createElement(tag)
      box.autocomplete = 'off'
      if (tag === 'textarea') box.rows = 1
      this.box = box
      element.appendChild(box)
      box.addEventListener('input', (event) => {
        event.stopPropagation()
        grow(this)
        fire(this, 'input', { value: box.value, cursor: box.selectionStart })
      })
      box.addEventListener('focus', () => fire(this, 'focus', { value: box.value, height: 0 }))
      box.addEventListener('blur', () => fire(this, 'blur', { value: box.value, cursor: box.selectionStart }))
      // hold-keyboard: a tap elsewhere does not take the keyboard away
      document.addEventListener('mousedown', (event) => {
        const elsewhere = !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)
        if (this.data.holdKeyboard && document.activeElement === box && elsewhere) event.preventDefault()
      })
      box.addEventListener('keydown', (event) => {
        const confirms = event.key === 'Enter' && !event.shiftKey && !event.isComposing &&
          (tag === 'input' || this.data.confirmType === 'send')
        if (!confirms) return
        event.preventDefault()
        fire(this, 'confirm', { value: box.value })
        if (!this.data.confirmHold) box.blur()
      })
    },
  })
  /** A textarea with auto-height is as high as its text. */
  const grow = (component) => {
    const { box, element } = component
    if (!component.data.autoHeight) return
    element.style.height = 'auto'
    box.style.height = '0'
    const height = box.scrollHeight
    box.style.height = `${height}px`
    if (component.height !== undefined && component.height !== height) fire(component, 'linechange', { height })
    component.height = height
  }
  defineTextBox('input', { password: Boolean })
  defineTextBox('textarea', { autoHeight: Boolean, fixed: Boolean, showConfirmBar: Boolean, disableDefaultPadding: Boolean })
  return tags
}
