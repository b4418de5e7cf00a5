// input and textarea, and the keyboard that they raise.

import { fire, keepStyle } from './define.js'

const CONFIRMS = new Set(['send', 'search', 'next', 'go', 'done'])
const PROPS = {
  value: String, placeholder: String, placeholderClass: String, placeholderStyle: String, type: String, disabled: Boolean, name: String,
  maxlength: { type: Number, value: 140 }, focus: Boolean, autoFocus: Boolean, confirmType: String, confirmHold: Boolean,
  adjustPosition: { type: Boolean, value: true }, holdKeyboard: Boolean, cursorSpacing: Number, cursorColor: String, alwaysEmbed: Boolean,
  cursor: { type: Number, value: -1 }, selectionStart: { type: Number, value: -1 }, selectionEnd: { type: Number, value: -1 },
}

/** A textarea with auto-height is as high as its text. */
function grow(component) {
  const { box, element } = component
  if (!component.data.autoHeight || !element.isConnected) return
  keepStyle(element, 'height', 'auto')
  box.style.height = '0'
  const height = box.scrollHeight
  if (height === 0) return // not drawn yet
  box.style.height = `${height}px`
  if (component.height !== undefined && component.height !== height) {
    const lineCount = Math.round(height / (parseFloat(getComputedStyle(box).lineHeight) || height))
    fire(component, 'linechange', { height, lineCount, heightRpx: height * 750 / innerWidth })
  }
  component.height = height
}

export function defineTextBoxes(define, host) {
  const select = (component, start, end) => { if (start >= 0) component.box.setSelectionRange(start, end) }

  const defineTextBox = (tag, moreProps) => define(tag, {
    props: { ...PROPS, ...moreProps },
    react: {
      value(value) {
        if (this.box.value !== value) this.box.value = value
        this.drawHint()
        grow(this)
      },
      placeholder() { this.drawHint() },
      placeholderClass() { this.drawHint() },
      placeholderStyle() { this.drawHint() },
      disabled(is) { this.box.disabled = is },
      maxlength(most) {
        if (most >= 0) this.box.maxLength = most
        else this.box.removeAttribute('maxlength')
      },
      password(is) { this.box.type = is ? 'password' : 'text' },
      cursorColor(color) { this.box.style.caretColor = color },
      cursor(at) { setTimeout(() => select(this, at, at), 0) },
      selectionStart(from) { setTimeout(() => select(this, from, this.data.selectionEnd), 0) },
      selectionEnd(to) { setTimeout(() => select(this, this.data.selectionStart, to), 0) },
      focus(is) { setTimeout(() => (is ? this.box.focus() : this.box.blur()), 0) },
    },
    methods: {
      activate() { this.box.focus() },
      formValue() { return this.box.value },
      formReset() { this.box.value = ''; this.drawHint() },
      drawHint() {
        const { placeholder, placeholderClass, placeholderStyle } = this.data
        this.box.placeholder = placeholder // for readers and tests; what is seen is the hint
        this.hint.textContent = placeholder
        this.hint.className = host.classesOf(placeholderClass, this)
        this.hint.style.cssText = host.inlineStyle(placeholderStyle)
        this.hint.hidden = this.box.value !== ''
      },
      /** A page that binds with model:value follows what is typed. */
      follow() {
        const bound = this._$dataGroup._$modelBindingListener
        if (!bound || !bound.value) return
        this.last.value = this.box.value
        this.setData({ value: this.box.value })
      },
    },
    created(element) {
      const box = document.createElement(tag)
      box.autocomplete = 'off'
      if (tag === 'textarea') box.rows = 1
      this.box = box
      this.hint = document.createElement('phone-hint')
      element.append(box, this.hint)
      box.addEventListener('input', (event) => {
        event.stopPropagation()
        this.drawHint()
        grow(this)
        this.follow()
        fire(this, 'input', { value: box.value, cursor: box.selectionStart })
      })
      box.addEventListener('change', (event) => event.stopPropagation())
      box.addEventListener('scroll', (event) => event.stopPropagation())
      box.addEventListener('focus', () => {
        host.keyboard.raise(this)
        fire(this, 'focus', { value: box.value, height: host.keyboard.height() })
      })
      box.addEventListener('blur', () => {
        host.keyboard.lower(this)
        fire(this, 'blur', { value: box.value, cursor: box.selectionStart })
      })
      // hold-keyboard: a tap elsewhere does not take the keyboard away
      document.addEventListener('mousedown', (event) => {
        const elsewhere = !/^(INPUT|TEXTAREA)$/.test(event.target.tagName)
        if (this.data.holdKeyboard && document.activeElement === box && elsewhere) event.preventDefault()
      })
      box.addEventListener('keydown', (event) => {
        const confirms = event.key === 'Enter' && !event.shiftKey && !event.isComposing &&
          (tag === 'input' || CONFIRMS.has(this.data.confirmType))
        if (!confirms) return
        event.preventDefault()
        fire(this, 'confirm', { value: box.value })
        if (!this.data.confirmHold) box.blur()
      })
    },
    attached() {
      requestAnimationFrame(() => grow(this))
      if (this.data.autoFocus) setTimeout(() => this.box.focus(), 0)
    },
  })
  defineTextBox('input', { password: Boolean })
  defineTextBox('textarea', { autoHeight: Boolean, fixed: Boolean, showConfirmBar: { type: Boolean, value: true }, disableDefaultPadding: Boolean })
}
