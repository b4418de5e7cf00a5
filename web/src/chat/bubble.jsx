// A message: the face, the bubble by its kind, what stands under it and beside it.

import { Component } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { canReact } from '../../../miniprogram/components/hy-chat/core/menu.js'
import { useApp } from '../app/hooks.js'
import { Avatar } from '../parts/avatar.jsx'
import { Icon } from '../parts/icon.jsx'
import { FACES } from './actions.jsx'
import { Body, isBare } from './kinds.jsx'

const RING_MS = 600
const HELD_MS = 350

/** A finger that rests on something: there is one. */
let holding
const stopHolding = () => clearTimeout(holding)
const held = (act) => ({
  onTouchStart: ({ currentTarget }) => {
    stopHolding()
    holding = setTimeout(() => { if (currentTarget.isConnected) act(currentTarget) }, HELD_MS)
  },
  onTouchMove: stopHolding,
  onTouchEnd: stopHolding,
  onTouchCancel: stopHolding,
})

/**
 * Of a chat many are in the tree, and seldom is one of them another: it is drawn anew only then. `context` is the same object as long as the
 * chat is open, so what is drawn of it comes as a property of its own; what it does is looked up when it is done.
 */
export class Bubble extends Component {
  shouldComponentUpdate({ row, ...rest }) {
    const { row: drawn, ...known } = this.props
    return !isSteady(row) || !isSame(drawn, row) || !isSame(known, rest)
  }

  render(props) { return <Message {...props} /> }
}

/** Of one on its way the clock, and the file's, tell more than its row. */
const isSteady = ({ state }) => state === null || state === 'read'

/** Rows are plain JSON, made anew each time. */
function isSame(a, b) {
  if (a === b) return true
  const keys = Object.keys(b)
  if (keys.length !== Object.keys(a).length) return false
  return keys.every((key) => a[key] === b[key] || (a[key] && b[key] && key !== 'context' && typeof b[key] === 'object' && JSON.stringify(a[key]) === JSON.stringify(b[key])))
}

function Message({ row, name, avatar, isFlashed, isActive, isSelecting, isChosen, hasMenu, context }) {
  const { ui, t } = useApp()
  const { isGroup } = context
  const { own, from } = row
  const [isNear, setNear] = useState(false)
  const rectOf = (event) => event.currentTarget.closest('.bubble-line').querySelector('.bubble').getBoundingClientRect()
  const menuAt = (event) => {
    event.preventDefault()
    context.openMenu(row, rectOf(event))
  }
  const onContextMenu = (event) => {
    // Of selected words the browser's own menu is wanted.
    if (String(getSelection()) && !event.defaultPrevented && event.button === 2) return
    menuAt(event)
  }
  const onKeyDown = (event) => {
    if (event.target !== event.currentTarget) return
    if (event.key === 'Enter' || event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) menuAt(event)
    else if (event.key.toLowerCase() === 'r' && !event.ctrlKey && !event.metaKey && row.seq !== null) {
      event.preventDefault()
      context.actions.act.reply(row)
    }
  }
  const face = <Avatar userId={from} name={name} avatar={avatar} size={40} />
  const bubble = (
    <div class={`bubble is-${row.kind} ${isBare(row) ? 'is-bare' : ''}`} role="article" aria-label={row.label} title={isNear ? new Date(row.time).toLocaleString() : undefined} tabIndex={isActive ? 0 : -1}
      onKeyDown={onKeyDown} onContextMenu={onContextMenu} {...held((node) => context.openMenu(row, node.getBoundingClientRect()))} onFocus={() => context.setActive(row.key)}>
      <Body row={row} context={context} />
    </div>
  )
  return (
    <div class={`bubble-line ${own ? 'is-own' : ''} ${row.isFirstOfBlock ? 'is-first' : ''} ${isFlashed ? 'is-flashed' : ''} ${isSelecting ? 'is-selecting' : ''} ${hasMenu ? 'has-menu' : ''}`} onMouseEnter={() => setNear(true)} onMouseLeave={(event) => setNear(hasFocus(event))}
      onClickCapture={isSelecting ? (event) => { event.preventDefault(); event.stopPropagation(); context.actions.toggle(row) } : undefined}>
      {isSelecting && <button type="button" role="checkbox" class="select-circle" aria-checked={String(Boolean(isChosen))} aria-label={row.label}>{isChosen && <Icon name="check" size={16} />}</button>}
      <button type="button" class="face-button" tabIndex={-1} aria-hidden="true" title={name} onClick={() => ui.show({ name: 'profile', userId: from })}
        onContextMenu={isGroup && !own ? (event) => { event.preventDefault(); context.actions.mention(from) } : undefined}>{face}</button>
      <div class="bubble-column">
        {row.name && <span class="bubble-name">{row.name}</span>}
        <div class="bubble-row">
          {bubble}
          <State row={row} context={context} />
          {(isNear || isActive || hasMenu) && !isSelecting && row.seq !== null && <Tools row={row} context={context} isActive={isActive} onMenu={(event) => context.openMenu(row, rectOf(event))} />}
        </div>
        {row.quote && row.quote.state !== 'wanted' && (row.quote.state === 'ok'
          ? <button type="button" class="quote" onClick={() => context.actions.jump(row.quote.seq)}>{row.quote.text}</button>
          : <span class="quote">{row.quote.text}</span>)}
        {row.reactions.length > 0 && (
          <div class="chips">{row.reactions.map(({ emoji, count, mine }) => (
            <button key={emoji} type="button" class="chip" aria-pressed={String(mine)} aria-label={t('label.reaction', { emoji, n: count })} onClick={() => context.actions.react(row, emoji)}><span>{emoji}</span> {count}</button>
          ))}</div>
        )}
        {row.state === 'read' && <span class="bubble-note">{t('bubble.read')}</span>}
        {row.state === 'waiting' && <span class="bubble-note">{t('bubble.waiting')}</span>}
        {row.state === 'failed' && row.why && <span class="bubble-note is-wrong">{row.why}</span>}
      </div>
    </div>
  )
}

/** Whether the keyboard is somewhere in it. */
const hasFocus = ({ currentTarget }) => currentTarget.contains(document.activeElement)

/** What stands beside one's own: on its way, or not sent. */
function State({ row, context }) {
  const { im, t } = useApp()
  const { state } = row
  if (state === 'failed') {
    return <button type="button" class="failed" aria-label={t('bubble.failed')} title={t('bubble.failed')} onClick={(event) => context.openMenu(row, event.currentTarget.getBoundingClientRect())}>!</button>
  }
  if (state !== 'sending' && state !== 'waiting') return null
  const entry = im.sender.entries(context.place).find(({ clientMsgId }) => clientMsgId === row.clientMsgId)
  const isOld = im.client.now() - row.time > RING_MS
  if (entry && entry.localPath !== undefined && ['image', 'video', 'file'].includes(row.kind)) {
    return <button type="button" class="cancel-upload" aria-label={t('upload.cancel')} title={t('upload.cancel')} onClick={() => { im.sender.cancel(row.clientMsgId); im.changed() }}><Progress value={entry.progress} /><Icon name="close" size={12} /></button>
  }
  return <i class={`ring ${isOld ? '' : 'is-late'}`} role="img" aria-label={t('bubble.sending')} />
}

/** A ring that fills. */
export function Progress({ value = 0 }) {
  const length = 2 * Math.PI * 10
  return <svg class="progress" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><circle cx="12" cy="12" r="10" /><circle class="done" cx="12" cy="12" r="10" stroke-dasharray={`${Math.max(0.04, value) * length} ${length}`} /></svg>
}

/** At the pointer, or at the focus: by Tab those of one bubble are reached, not of all. */
function Tools({ row, context, isActive, onMenu }) {
  const { t } = useApp()
  const [isFaces, setFaces] = useState(false)
  const node = useRef(null)
  const hadFocus = useRef(false)
  // What had the focus of the keyboard is replaced.
  useLayoutEffect(() => { if (hadFocus.current) node.current.firstElementChild.focus() }, [isFaces])
  const show = (isOn) => {
    hadFocus.current = Boolean(node.current.querySelector(':focus-visible'))
    setFaces(isOn)
  }
  const onKeyDown = (event) => {
    if (event.key !== 'Escape' || !isFaces) return
    event.preventDefault()
    event.stopPropagation()
    show(false)
  }
  const tool = { type: 'button', class: 'tool', tabIndex: isActive ? 0 : -1 }
  return (
    <div ref={node} class="tools" onMouseLeave={() => show(false)} onKeyDown={onKeyDown}>
      {isFaces ? FACES.map((emoji) => <button key={emoji} {...tool} class="tool is-face" aria-label={emoji} onClick={() => { show(false); context.actions.react(row, emoji) }}>{emoji}</button>) : (
        <>
          {canReact(row) && <button {...tool} aria-label={t('menu.react')} title={t('menu.react')} onClick={() => show(true)}><Icon name="emoji" size={18} /></button>}
          <button {...tool} aria-label={t('menu.reply')} title={t('menu.reply')} onClick={() => context.actions.act.reply(row)}><Icon name="reply" size={18} /></button>
          <button {...tool} aria-label={t('label.more')} title={t('label.more')} onClick={onMenu}><Icon name="more" size={18} /></button>
        </>
      )}
    </div>
  )
}
