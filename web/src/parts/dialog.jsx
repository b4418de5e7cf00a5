// What stands over the page: the browser's own dialog keeps the focus inside, and gives it back.

import { useLayoutEffect, useRef } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { IconButton } from './icon.jsx'

/** A dialog as long as it is drawn. `onClose`: Esc, or a click beside it. */
export function Modal({ class: className = '', label, onClose, children }) {
  const node = useRef(null)
  // Not after the next frame: the first key after the click is the dialog's already.
  useLayoutEffect(() => {
    const { activeElement } = document
    const dialog = node.current
    dialog.showModal()
    return () => {
      dialog.close()
      if (activeElement && activeElement.isConnected) activeElement.focus()
    }
  }, [])
  const cancel = (event) => {
    event.preventDefault()
    event.stopPropagation()
    onClose()
  }
  return (
    <dialog ref={node} class={`modal ${className}`} aria-label={label} onCancel={cancel} onMouseDown={(event) => { if (event.target === node.current) onClose() }}>
      {children}
    </dialog>
  )
}

/** A dialog with a title and a way out. */
export function Box({ title, class: className = '', onClose, children, footer }) {
  const { t } = useApp()
  return (
    <Modal label={title} class={`box ${className}`} onClose={onClose}>
      <header class="box-head"><h2>{title}</h2><IconButton name="close" label={t('action.close')} onClick={onClose} /></header>
      <div class="box-body">{children}</div>
      {footer && <footer class="box-foot">{footer}</footer>}
    </Modal>
  )
}

/** Asks before what cannot be undone. */
export function Confirm({ title, text, confirm, danger, onConfirm, onClose }) {
  const { t } = useApp()
  return (
    <Modal class="confirm" label={title} onClose={onClose}>
      <h2>{title}</h2>
      {text && <p>{text}</p>}
      <div class="confirm-buttons">
        <button type="button" class="button is-plain" onClick={onClose}>{t('action.cancel')}</button>
        <button type="button" class={`button ${danger ? 'is-danger' : ''}`} onClick={() => { onClose(); onConfirm() }}>{confirm}</button>
      </div>
    </Modal>
  )
}
