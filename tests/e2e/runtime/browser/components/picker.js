// picker: a sheet of choices. Only mode="selector".

import { fire } from './define.js'

export function definePicker(define, host) {
  define('picker', {
    props: {
      mode: { type: String, value: 'selector' }, range: { type: Array, value: [] }, rangeKey: String, value: Number, disabled: Boolean,
      headerText: String, name: String,
    },
    methods: { formValue() { return this.data.value }, formReset() {} },
    created() {
      this.addListener('tap', () => {
        const { mode, range, rangeKey, disabled, headerText } = this.data
        if (mode !== 'selector') host.unsupported(`mode ${mode} of <picker>`)
        if (disabled || mode !== 'selector') return
        host.sheet({
          title: headerText,
          lines: range.map((entry) => String(rangeKey ? entry[rangeKey] : entry)),
          chosen: (index) => fire(this, 'change', { value: index }),
          cancelled: () => fire(this, 'cancel', {}),
        })
      })
    },
  })
}
