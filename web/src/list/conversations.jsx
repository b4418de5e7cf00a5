// The list of conversations. Of many only those around what is in sight are in the tree.

import { useEffect, useReducer, useRef, useState } from 'preact/hooks'
import { isLate, LATE_TIMES } from '../../../miniprogram/components/hy-chat/core/late.js'
import { conversationRow } from '../../../miniprogram/components/hy-chat/core/list.js'
import { samePlace } from '../../../miniprogram/components/hy-chat/core/place.js'
import { useApp, useIm } from '../app/hooks.js'
import { Avatar, GroupAvatar } from '../parts/avatar.jsx'
import { Skeleton } from '../parts/cells.jsx'
import { Icon } from '../parts/icon.jsx'
import { Menu } from '../parts/menu.jsx'

const ROW = 72
const SLOW_MS = 200

/** Drafts are shown of chats that were left, not of the one that is open. */
const localBeside = (local, open) => ({ ...local, drafts: { ...local.drafts, get: (place) => (samePlace(place, open) ? null : local.drafts.get(place)) } })

export function Conversations() {
  const { ui, t } = useApp()
  const im = useIm()
  const [view, setView] = useState({ from: 0, to: 40 })
  const [menu, setMenu] = useState(null)
  const scroll = useRef(null)
  const watching = useRef({ users: [], end: () => {} })
  const { client, directory } = im
  const all = client.conversations
  const context = { client, directory, sender: im.sender, local: localBeside(im.local, ui.place), t, now: client.now(), me: im.me, isOnline: (id) => im.presence.isOnline(id) }

  const look = () => {
    if (!scroll.current) return
    const { scrollTop, clientHeight } = scroll.current
    const first = Math.floor(scrollTop / ROW)
    const shown = Math.ceil(clientHeight / ROW)
    const from = Math.max(0, first - 2 * shown)
    const to = first + 3 * shown
    setView((old) => (old.from === from && old.to === to ? old : { from, to }))
    const users = all.slice(first, first + shown + 1).map(({ place }) => place.userId).filter((id) => id && id !== im.me)
    if (users.join() === watching.current.users.join()) return
    watching.current.end()
    watching.current = { users, end: im.presence.look(users) }
  }
  useEffect(look, [all])
  useEffect(() => {
    addEventListener('resize', look)
    return () => {
      removeEventListener('resize', look)
      watching.current.end()
    }
  }, [])

  if (!all.length) return im.hasSynced ? <EmptyList /> : <Unknown rows={8} />
  const shown = all.slice(view.from, view.to)
  return (
    <div class="sidebar-scroll" ref={scroll} onScroll={look}>
      <ul class="rows" style={{ paddingTop: view.from * ROW, paddingBottom: Math.max(0, all.length - view.to) * ROW }}>
        {shown.map((conversation) => {
          const row = conversationRow(conversation, context)
          return <Row key={row.key} row={row} isOpen={samePlace(row.place, ui.place)} onOpen={() => ui.open(row.place)} onMenu={(at) => setMenu({ at, row, conversation })} />
        })}
      </ul>
      {menu && <RowMenu {...menu} onClose={() => setMenu(null)} />}
    </div>
  )
}

function Row({ row, isOpen, onOpen, onMenu }) {
  const { t } = useApp()
  const open = (event) => {
    event.preventDefault()
    onMenu(event.clientX ? { left: event.clientX, right: event.clientX, top: event.clientY, bottom: event.clientY } : event.currentTarget.getBoundingClientRect())
  }
  const onKeyDown = (event) => {
    if (event.altKey || !['ArrowDown', 'ArrowUp'].includes(event.key)) return
    const rows = [...event.currentTarget.closest('ul').querySelectorAll('.row')]
    rows[rows.indexOf(event.currentTarget) + (event.key === 'ArrowDown' ? 1 : -1)]?.focus()
    event.preventDefault()
  }
  return (
    <li class={`row-line ${row.pinned ? 'is-pinned' : ''} ${isOpen ? 'is-open' : ''}`}>
      <button type="button" class={`row ${row.badge || row.dot ? 'is-unread' : ''}`} aria-label={row.label} aria-current={isOpen ? 'true' : undefined} onClick={onOpen} onContextMenu={open} onKeyDown={onKeyDown}>
        <span class="row-face">
          {row.isGroup ? <GroupAvatar groupId={row.place.groupId} name={row.name} members={row.members} size={48} /> : <Avatar userId={row.place.userId} name={row.name} avatar={row.avatar} size={48} online={row.online} />}
          {row.badge && <b class="badge">{row.badge}</b>}
          {row.dot && <b class="dot" />}
        </span>
        <span class="row-words">
          <span class="row-top"><span class="row-name">{row.name}</span>{row.count && <span class="row-count">({row.count})</span>}<time>{row.time}</time></span>
          <span class="row-bottom">
            <span class="row-preview">{mark(row)}{row.preview}</span>
            {row.muted && <Icon name="bell-off" size={14} />}
          </span>
        </span>
      </button>
      <button type="button" class="row-more" tabIndex={-1} aria-label={t('label.more')} title={t('label.more')} onClick={(event) => onMenu(event.currentTarget.getBoundingClientRect())}><Icon name="more" size={18} /></button>
    </li>
  )
}

/** What stands before the preview. */
function mark({ mark: kind, markText }) {
  if (kind === 'draft' || kind === 'mention') return <span class="row-mark">{markText} </span>
  if (kind === 'failed') return <span class="row-failed" title={markText}><Icon name="failed" size={14} /> </span>
  if (kind === 'sending') return <span class="row-sending" title={markText}><Icon name="clock" size={14} /> </span>
  return null
}

function RowMenu({ at, row, conversation, onClose }) {
  const { im, ui, t } = useApp()
  const { place, pinned, muted, unread } = conversation
  const act = {
    pin: () => im.client.set(place, { pinned: !pinned }),
    mute: () => im.client.set(place, { muted: !muted }),
    read: () => im.client.read(place),
    delete: () => ui.ask({ name: 'confirm', title: t('list.deleteTitle'), text: row.name, confirm: t('list.delete'), danger: true, act: () => im.client.clear(place), closes: place }),
  }
  return (
    <Menu at={at} label={row.name} onClose={onClose} onPick={(key) => ui.attempt(im, t, act[key])} items={[
      { key: 'pin', text: t(pinned ? 'list.unpin' : 'list.pin'), icon: 'pin' },
      { key: 'mute', text: t(muted ? 'list.unmute' : 'list.mute'), icon: muted ? 'bell' : 'bell-off' },
      ...(unread ? [{ key: 'read', text: t('list.read'), icon: 'check' }] : []),
      { key: 'delete', text: t('list.delete'), icon: 'delete', danger: true },
    ]} />
  )
}

function EmptyList() {
  const { ui, t } = useApp()
  return (
    <div class="empty">
      <Icon name="goose" size={72} />
      <p class="empty-title">{t('list.empty')}</p>
      <p>{t('list.emptyHint')}</p>
      <button type="button" class="button" onClick={() => ui.ask({ name: 'addContact' })}>{t('list.start')}</button>
    </div>
  )
}

/** Nothing is known yet: grey rows, and, where that takes too long, words and a way to try again. */
export function Unknown({ hasFailed = false, isLoading = false, onRetry = () => {}, ...props }) {
  const { im, t } = useApp()
  const [since, setSince] = useState(() => Date.now())
  const [, again] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    const timers = LATE_TIMES.map((ms) => setTimeout(again, ms))
    return () => timers.forEach(clearTimeout)
  }, [since])
  const retry = () => {
    setSince(Date.now())
    if (!im.isOnline) im.connect()
    onRetry()
  }
  const hasWords = hasFailed || (!isLoading && isLate(since, im.isOnline, Date.now()))
  return <Slow>{hasWords ? <button type="button" class="load-failed" onClick={retry}>{t('chat.retryLoad')}</button> : <Skeleton {...props} />}</Slow>
}

/** What is shown only when it takes longer. */
export function Slow({ children }) {
  const [isSlow, setSlow] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS)
    return () => clearTimeout(timer)
  }, [])
  return <div class="sidebar-scroll">{isSlow && children}</div>
}
