// Buttons, switches, sliders, and the forms around them.

import { fire, keepStyle } from './define.js'

/** Elements of a form by their names; each tells its value by `formValue`. */
const controlsOf = (form) => [...form.element.querySelectorAll('*')]
  .map((element) => element.__wxElement)
  .filter((component) => component && component.formValue && component.data.name)

const formAround = (component) => component.element.closest('wx-form')?.__wxElement

export function defineControls(define, host) {
  define('form', { props: { reportSubmit: Boolean } })

  define('button', {
    props: {
      type: String, size: String, plain: Boolean, disabled: Boolean, loading: Boolean, formType: String, openType: String, lang: String,
    },
    react: { disabled(is, element) { element.toggleAttribute('disabled', is) } },
    methods: { activate() { this.press() }, press() { this.triggerEvent('tap', {}, { bubbles: true, composed: true }) } },
    created(element) {
      element.setAttribute('role', 'button')
      this.addListener('tap', () => {
        const { formType, openType, disabled } = this.data
        if (disabled) return
        const form = formAround(this)
        if (form && formType === 'submit') {
          fire(form, 'submit', { value: Object.fromEntries(controlsOf(form).map((control) => [control.data.name, control.formValue()])) })
        }
        if (form && formType === 'reset') {
          controlsOf(form).forEach((control) => control.formReset())
          fire(form, 'reset', {})
        }
        if (openType) host.openType(openType, this)
      })
    },
  })

  define('switch', {
    props: { checked: Boolean, disabled: Boolean, color: String, type: String, name: String },
    react: {
      checked(is) { this.show(is) },
      color(color, element) { keepStyle(element, '--on', color || '#04be02') },
      disabled(is, element) { element.toggleAttribute('disabled', is) },
    },
    methods: {
      show(is) {
        this.isOn = is
        this.element.toggleAttribute('on', is)
        this.element.setAttribute('aria-checked', is)
      },
      activate() {
        if (this.data.disabled) return
        this.show(!this.isOn)
        this.last.checked = this.isOn // the page may put it back
        fire(this, 'change', { value: this.isOn })
      },
      formValue() { return this.isOn },
      formReset() { this.show(false) },
    },
    created(element) {
      element.setAttribute('role', 'switch')
      this.addListener('tap', () => this.activate())
    },
  })

  define('slider', {
    props: {
      value: Number, min: Number, max: { type: Number, value: 100 }, step: { type: Number, value: 1 }, disabled: Boolean, name: String,
      showValue: Boolean, activeColor: String, backgroundColor: String, blockSize: Number, blockColor: String,
    },
    react: {
      min(value) { this.range.min = value },
      max(value) { this.range.max = value },
      step(value) { this.range.step = value },
      value(value) { this.range.value = value },
      disabled(is) { this.range.disabled = is },
      activeColor(color) { this.range.style.accentColor = color },
    },
    methods: { formValue() { return Number(this.range.value) }, formReset() { this.range.value = this.data.min } },
    created(element) {
      this.range = document.createElement('input')
      this.range.type = 'range'
      element.appendChild(this.range)
      for (const [native, name] of [['input', 'changing'], ['change', 'change']]) {
        this.range.addEventListener(native, (event) => {
          event.stopPropagation()
          fire(this, name, { value: Number(this.range.value) })
        })
      }
    },
  })
}
