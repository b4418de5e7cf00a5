// What stands over the page: the browser's own dialog keeps the focus inside.

import { useLayoutEffect, useRef } from 'preact/hooks'

/**
 * A dialog as long as it is drawn; then the focus goes back, or to the heading when what had it is gone.
 * @param {{onClose: () => void, closesBeside?: boolean}} props `onClose`: Esc; with `closesBeside` a click beside it too
 */
export function Dialog({ class: className = '', label, onClose, closesBeside, children }) {
  const node = useRef(null)
  // Not after the next frame: the first key after the click is the dialog's already.
  useLayoutEffect(() => {
    const { activeElement } = document
    const dialog = node.current
    dialog.showModal()
    return () => {
      dialog.close()
      // What was done may have taken the button with it, a frame later.
      setTimeout(() => (activeElement?.isConnected && activeElement !== document.body ? activeElement : document.querySelector('h1'))?.focus())
    }
  }, [])
  const cancel = (event) => {
    event.preventDefault()
    onClose()
  }
  return (
    <dialog
      ref={node} class={`dialog ${className}`} aria-label={label} onCancel={cancel}
      // A browser that was refused once closes it at the second Esc.
      onClose={() => { if (node.current?.isConnected) onClose() }}
      onMouseDown={(event) => { if (closesBeside && event.target === node.current) onClose() }}
    >
      {children}
    </dialog>
  )
}
