// What WeChat shows over a page: toasts, dialogs, sheets.

import { guard } from '../report.js'
import { finish, method, methods } from './answers.js'

const SHEET_MOST = 6
const BUTTON_LETTERS = 4

const make = (tag, text = '') => Object.assign(document.createElement(tag), { textContent: text })

/**
 * A sheet from below, with a line to leave it.
 * @param {{title?: string, lines: string[], chosen: (index) => void, cancelled: () => void}} content
 */
export function showSheet({ title, lines, color, chosen, cancelled }) {
  const shade = make('phone-shade')
  const sheet = make('phone-sheet')
  const close = (report) => {
    shade.remove()
    sheet.remove()
    guard(report)
  }
  const addLine = (text, onTap) => {
    const line = make('div', text)
    line.addEventListener('click', () => close(onTap))
    sheet.append(line)
    return line
  }
  if (title) sheet.append(make('header', title))
  lines.forEach((text, index) => { addLine(text, () => chosen(index)).style.color = color || '' })
  addLine('取消', cancelled)
  shade.addEventListener('click', () => close(cancelled))
  document.body.append(shade, sheet)
}

export function createUi(phone) {
  let toast
  let timer
  const hide = () => {
    clearTimeout(timer)
    toast?.remove()
    toast = undefined
  }
  const show = ({ title, mask }, duration) => {
    hide()
    toast = make('phone-toast', title)
    toast.toggleAttribute('mask', Boolean(mask))
    document.body.append(toast)
    if (duration) timer = setTimeout(hide, duration)
  }

  function showModal(options) {
    const { title, content, showCancel = true, cancelText = '取消', confirmText = '确定', editable, placeholderText } = options
    for (const text of [cancelText, confirmText]) {
      if ([...text].length > BUTTON_LETTERS) throw new Error(`the text of a button may have ${BUTTON_LETTERS} letters: ${text}`)
    }
    return new Promise((resolve) => {
      const shade = make('phone-shade')
      const modal = make('phone-modal')
      const box = make('textarea', content)
      box.placeholder = placeholderText || ''
      if (title) modal.append(make('header', title))
      modal.append(editable ? box : make('p', content))
      const buttons = make('footer')
      const addButton = (text, isConfirm) => {
        const button = make('div', text)
        button.addEventListener('click', () => {
          shade.remove()
          modal.remove()
          resolve({ confirm: isConfirm, cancel: !isConfirm, content: editable && isConfirm ? box.value : null })
        })
        buttons.append(button)
      }
      if (showCancel) addButton(cancelText, false)
      addButton(confirmText, true)
      modal.append(buttons)
      document.body.append(shade, modal)
    })
  }

  function showActionSheet({ itemList, alertText, itemColor }) {
    if (itemList.length > SHEET_MOST) throw new Error(`a sheet may have ${SHEET_MOST} lines`)
    return new Promise((resolve, reject) => {
      showSheet({
        title: alertText, lines: itemList, color: itemColor,
        chosen: (tapIndex) => resolve({ tapIndex }),
        cancelled: () => reject(new Error('cancel')),
      })
    })
  }

  return {
    ...methods({
      showToast: (options) => show(options, options.duration || 1500),
      hideToast: hide,
      showLoading: (options) => show(options),
      hideLoading: hide,
      setClipboardData({ data }) {
        phone.state.clipboard = data
        show({ title: '内容已复制' }, 1500) // WeChat says so by itself
      },
      getClipboardData: () => ({ data: phone.state.clipboard }),
      vibrateShort: (options) => phone.opened('vibrateShort', options),
    }),
    showModal: method('showModal', showModal),
    // A sheet that is left is a failure that nobody has to hear of.
    showActionSheet: (options) => method('showActionSheet', showActionSheet)({ fail: () => {}, ...options }),
    hideKeyboard(options = {}) {
      const focused = document.activeElement && /^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)
      if (focused) document.activeElement.blur()
      finish({ fail: () => {}, ...options }, 'hideKeyboard', focused ? '' : 'input not exists')
    },
  }
}
