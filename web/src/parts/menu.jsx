// A menu at a place on the screen, inside the window. Any touch elsewhere closes it; the focus comes back.

import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Icon } from './icon.jsx'

const MARGIN = 8

/**
 * @param {{at: {left, right, top, bottom}, side?: 'start'|'end', head?: object, items: {key, text, icon, danger?}[], isGrid?: boolean,
 *   label: string, onPick: (key: string) => void, onClose: () => void}} props at: what it stands above or below
 */
export function Menu({ at, side = 'start', head, items, isGrid = false, label, onPick, onClose }) {
  const node = useRef(null)
  const [spot, setSpot] = useState({ left: 0, top: 0 })

  useLayoutEffect(() => {
    const { width, height } = node.current.getBoundingClientRect()
    const above = at.top - height - MARGIN
    const top = above >= MARGIN ? above : Math.min(at.bottom + MARGIN, innerHeight - height - MARGIN)
    const wanted = side === 'end' ? at.right - width : at.left
    setSpot({ left: Math.max(MARGIN, Math.min(wanted, innerWidth - width - MARGIN)), top: Math.max(MARGIN, top) })
  }, [at])

  // Not after the next frame: the first key is the menu's already.
  useLayoutEffect(() => {
    const { activeElement } = document
    const inside = node.current
    inside.querySelector('[role=menuitem]')?.focus({ preventScroll: true })
    const outside = (event) => { if (!node.current.contains(event.target)) onClose() }
    const scrolled = () => onClose()
    addEventListener('pointerdown', outside, true)
    addEventListener('resize', scrolled)
    return () => {
      removeEventListener('pointerdown', outside, true)
      removeEventListener('resize', scrolled)
      // A click elsewhere has taken it already.
      if (activeElement?.isConnected && (inside.contains(document.activeElement) || document.activeElement === document.body)) activeElement.focus({ preventScroll: true })
    }
  }, [])

  const onKeyDown = (event) => {
    const options = [...node.current.querySelectorAll('[role=menuitem]')]
    const i = options.indexOf(document.activeElement)
    const step = { ArrowDown: isGrid ? 4 : 1, ArrowUp: isGrid ? -4 : -1, ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step) options[Math.max(0, Math.min(options.length - 1, i + step))].focus()
    else if (event.key === 'Escape' || event.key === 'Tab') onClose()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div ref={node} class={`menu ${isGrid ? 'is-grid' : ''}`} role="menu" aria-label={label} style={spot} onKeyDown={onKeyDown}>
      {head}
      <div class="menu-items">
        {items.map(({ key, text, icon, danger }) => (
          <button key={key} type="button" role="menuitem" class={danger ? 'is-danger' : ''} onClick={() => { onClose(); onPick(key) }}>
            {icon && <Icon name={icon} size={isGrid ? 22 : 18} />}<span>{text}</span>
          </button>
        ))}
      </div>
    </div>
  )
}
