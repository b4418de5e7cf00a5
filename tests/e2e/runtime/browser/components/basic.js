// What holds other things, and texts.

import { keepStyle } from './define.js'

export function defineBasics(define, host) {
  define('view')
  // The page's own place in the tree is kept; what is fixed stands above the page anyway.
  define('root-portal', { props: { enable: { type: Boolean, value: true } } })
  define('text', {
    props: { userSelect: Boolean, selectable: Boolean, decode: Boolean, space: String, overflow: String, maxLines: Number },
    react: {
      userSelect(is, element) { keepStyle(element, 'user-select', is ? 'text' : 'none') },
      selectable(is, element) { if (is) keepStyle(element, 'user-select', 'text') },
    },
  })
  define('navigator', {
    props: { url: String, openType: { type: String, value: 'navigate' }, delta: { type: Number, value: 1 } },
    created() {
      const methods = { navigate: 'navigateTo', redirect: 'redirectTo', switchTab: 'switchTab', reLaunch: 'reLaunch', navigateBack: 'navigateBack' }
      this.addListener('tap', () => {
        const method = methods[this.data.openType]
        if (!method) return host.unsupported(`open-type ${this.data.openType} of <navigator>`)
        return host.wx[method]({ url: this.data.url, delta: this.data.delta })
      })
    },
  })
  // A page's text nodes cannot be told from outside, so a label looks for its control when it is tapped.
  define('label', {
    props: { for: String },
    created(element) {
      this.addListener('tap', ({ target }) => {
        const controls = 'wx-switch, wx-input, wx-textarea, wx-button'
        if (target !== this && target.getBackendElement().closest(controls)) return
        const control = this.data.for
          ? this.ownerShadowRoot.querySelector(`#${this.data.for}`)
          : element.querySelector(controls)?.__wxElement
        if (control) control.activate()
      })
    },
  })
}
