// The columns: conversations, the chat, a panel beside it; from 768 px two, from 1180 three.

import { useEffect, useRef } from 'preact/hooks'
import { keyOf, samePlace } from '../../../miniprogram/components/hy-chat/core/place.js'
import { words } from '../../../miniprogram/components/hy-chat/core/preview.js'
import { nameIn, LOGO, welcomeIn } from './brand.js'
import { PEOPLE } from './entry.jsx'
import { useApp, useChanges, useIm, useMedia } from './hooks.js'
import { showInTab, sound } from './tab.js'
import { titleOf } from './titles.js'
import { Sidebar } from '../list/sidebar.jsx'
import { Chat } from '../chat/chat.jsx'
import { Panel } from '../panels/panel.jsx'
import { Modals } from '../panels/modals.jsx'

const ANNOUNCE_MS = 1_000
const WIDTH = { min: 240, max: 400 }

export function Shell() {
  const { ui, look, t } = useApp()
  const im = useIm()
  useChanges((listener) => ui.onChange(listener), [ui])
  const isNarrow = useMedia('(max-width: 767px)')
  const hasThree = useMedia('(min-width: 1180px)')
  const { place, panel } = ui
  const name = nameIn(look.lang)

  useEffect(() => showInTab({ unread: im.client.unread, chat: place && titleOf(im, place, t).name, name }))
  useKeys()
  useDemoName()
  useNews()
  useEffect(() => im.client.on('error', ({ error }) => { if (error?.name === 'QuotaExceededError') ui.say(t('shell.full')) }), [im, t])

  const shows = { list: !isNarrow || (!place && !panel), chat: !isNarrow || (place && !panel), panel: Boolean(panel) }
  return (
    <div class={`shell ${isNarrow ? 'is-narrow' : hasThree ? 'is-wide' : 'is-middle'}`}>
      {shows.list && <Sidebar isNarrow={isNarrow} width={look.chosen.listWidth} />}
      {!isNarrow && <Divider />}
      {shows.chat && (place ? <Chat key={keyOf(place)} place={place} target={ui.target} isNarrow={isNarrow} /> : <Nobody name={name} look={look} />)}
      {shows.panel && !hasThree && !isNarrow && <div class="panel-mask" onClick={() => ui.change({ panels: [] })} />}
      {shows.panel && <Panel key={`${ui.panels.length} ${panel.name}`} panel={panel} isOver={!hasThree} />}
      <Modals />
      <div class="toast" role="status" aria-live="polite">{ui.toast && <span>{ui.toast}</span>}</div>
      <div class="unseen" id="announcer" aria-live="polite" />
    </div>
  )
}

const Nobody = ({ name, look }) => <main class="nobody"><img src={LOGO} alt="" width="72" height="72" /><p>{name}</p><p class="soft">{welcomeIn(look.lang)}</p></main>

/** Between the list and the chat: drawn, or moved by arrow keys. */
function Divider() {
  const { look, t } = useApp()
  const set = (width) => look.choose({ listWidth: Math.round(Math.max(WIDTH.min, Math.min(WIDTH.max, width))) })
  const onPointerDown = (event) => {
    const { target } = event
    target.setPointerCapture(event.pointerId)
    target.onpointermove = ({ clientX }) => set(clientX)
    target.onpointerup = target.onpointercancel = () => { target.onpointermove = null }
  }
  const onKeyDown = ({ key }) => {
    const step = { ArrowLeft: -16, ArrowRight: 16 }[key]
    if (step) set(look.chosen.listWidth + step)
  }
  return <div class="divider" role="separator" tabIndex={0} aria-orientation="vertical" aria-label={t('shell.width')} aria-valuemin={WIDTH.min} aria-valuemax={WIDTH.max} aria-valuenow={look.chosen.listWidth} onPointerDown={onPointerDown} onKeyDown={onKeyDown} />
}

/** Keys that work wherever the focus is. */
function useKeys() {
  const { ui, im } = useApp()
  useEffect(() => {
    const onKeyDown = (event) => {
      if (document.querySelector('dialog[open]')) return
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        const field = document.querySelector('.search-field input')
        if (field) field.focus()
        else ui.close() // on a narrow screen the list is behind the chat
      } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
        event.preventDefault()
        const { conversations } = im.client
        const i = conversations.findIndex(({ place }) => samePlace(place, ui.place))
        const next = conversations[i < 0 ? 0 : i + (event.key === 'ArrowUp' ? -1 : 1)]
        if (next) ui.open(next.place)
      } else if (event.key === 'Escape' && ui.panel && !event.defaultPrevented) {
        ui.back()
      }
    }
    addEventListener('keydown', onKeyDown)
    return () => removeEventListener('keydown', onKeyDown)
  }, [ui, im])
}

/** The people of the demo have names that others see. */
function useDemoName() {
  const { im, t } = useApp()
  useEffect(() => {
    const { userId } = im.login
    if (!PEOPLE.includes(userId)) return
    im.client.call('user.get', { userIds: [userId] }).then(({ users: [user] }) => {
      if (!user.name) return im.client.call('user.update', { name: t(`entry.person${userId}`) }).then(() => im.directory.refresh([userId]))
    }).catch(() => {}) // names are a courtesy
  }, [im])
}

/** What comes is read out, at most one a second, and heard where that is switched on. */
function useNews() {
  const { im, look, t } = useApp()
  const last = useRef(0)
  useEffect(() => im.client.on('message', ({ message, conversation }) => {
    const { from, kind } = message
    if (from === im.me || ['recall', 'edit', 'group'].includes(kind) || message.recalled || conversation.muted || !im.hasSynced) return
    if (look.chosen.sound && document.hidden) sound()
    if (Date.now() - last.current < ANNOUNCE_MS) return
    last.current = Date.now()
    document.getElementById('announcer').textContent = t('label.announce', { name: im.directory.nameOf(from, t), text: words(message, t) })
  }), [im, look, t])
}
