// One chat: its title, its rows, what is done with them, and the composer.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { ChatLog } from '../../../miniprogram/components/hy-chat/core/log.js'
import { keyOf } from '../../../miniprogram/components/hy-chat/core/place.js'
import { useApp, useIm } from '../app/hooks.js'
import { titleOf } from '../app/titles.js'
import { Strip } from '../list/sidebar.jsx'
import { Unknown } from '../list/conversations.jsx'
import { BubbleMenu, useActions } from './actions.jsx'
import { Bars, useBars } from './bars.jsx'
import { Bubble } from './bubble.jsx'
import { Composer } from './composer.jsx'
import { useReading } from './reading.js'
import { SelectBar } from './select.jsx'
import { Stream } from './stream.jsx'
import { Title } from './title.jsx'
import { DropZone, useFiles } from './upload.jsx'

/** Where chats stood when they were left: come back to within five minutes, if nothing came since. */
const spots = new Map()
/** So many are seen at one glance: nobody asks for more of them. */
const FEW = 20
const SPOT_MS = 5 * 60_000

export function Chat({ place, target, isNarrow }) {
  const { ui, look, t } = useApp()
  const im = useIm()
  const log = useMemo(() => new ChatLog(im, place, () => im.changed()), [im, keyOf(place)])
  const control = useRef(null)
  const composer = useRef(null)
  const [reply, setReply] = useState(null)
  const [edit, setEdit] = useState(null)
  const [selected, setSelected] = useState(null)
  const [active, setActive] = useState(null)
  const [menu, setMenu] = useState(null)
  const { name } = titleOf(im, place, t)
  const isGroup = place.groupId !== undefined
  const { conversation } = log
  log.begin()
  log.isKept = isGroup && im.members.left.has(place.groupId)
  const how = { online: im.isOnline, hasReads: look.chosen.reads }
  const rows = log.rows(t, how)

  const jump = async (seq) => {
    if (!(await log.reach(seq))) return ui.say(t('quote.gone'))
    const row = log.rows(t, how).find((one) => one.seq === seq)
    // What was just read is drawn first.
    return setTimeout(() => { if (!row || !control.current?.to(row.key)) ui.say(t('quote.gone')) }, 30)
  }
  const bars = useBars({ log, control, jump, rows })
  const reading = useReading(log)
  const files = useFiles(place)
  const actions = useActions({ log, rows, setReply, setEdit, setSelected, composer, jump })

  useEffect(() => {
    const end = isGroup ? () => {} : im.presence.look([place.userId])
    const spot = spots.get(keyOf(place))
    spots.delete(keyOf(place))
    if (!target && spot && Date.now() - spot.at < SPOT_MS && spot.lastSeq === conversation?.lastSeq && spot.anchor) {
      control.current?.to(spot.anchor.key, { isFlashed: false, top: spot.anchor.top })
    }
    return () => {
      const anchor = control.current?.spot
      if (anchor) spots.set(keyOf(place), { at: Date.now(), anchor, lastSeq: log.conversation?.lastSeq })
      end()
      log.end()
    }
  }, [])
  useEffect(() => { if (target) jump(target.seq) }, [target])
  useEffect(() => im.client.on('reset', () => control.current?.toBottom()), [im])
  // The focus is where one writes, but on a touch screen that would bring the keyboard up.
  useEffect(() => { if (matchMedia('(hover: hover)').matches) composer.current?.focus() }, [])

  const sent = () => {
    setReply(null)
    control.current?.toBottom()
  }
  /** What bubbles do; the same object for all of them. */
  const context = useRef({ place, isGroup, setActive, openMenu: (row, at) => setMenu({ row, at }) }).current
  context.actions = actions
  const draw = (row, isFlashed) => {
    if (row.type === 'date') return <p class="date-line">{row.text}</p>
    if (row.type === 'new') return <p class="new-line"><span>{t('system.newMessages')}</span></p>
    if (row.type === 'system') return <SystemLine row={row} onEdit={() => composer.current.put(row.edit)} />
    return (
      <Bubble row={actions.withReactions(row)} name={im.directory.nameOf(row.from, t)} avatar={im.directory.user(row.from).avatar} isFlashed={isFlashed} isActive={row.key === active}
        isSelecting={Boolean(selected)} isChosen={Boolean(selected?.has(row.key))} hasMenu={menu?.row.key === row.key} context={context} />
    )
  }
  const hasLeft = isGroup && (im.members.hasLeft(place.groupId) || im.directory.isGone(place.groupId))
  const isGone = !rows.length && hasLeft
  const isThere = !isGroup || Boolean(im.directory.group(place.groupId))
  const isEmpty = !rows.length && !isGone && !log.loading && (conversation ? !log.mayHaveOlder : im.hasSynced && isThere)
  const isUnknown = !rows.length && !isEmpty && !isGone
  const retry = () => {
    log.loadError = null
    if (im.isOnline) log.older()
    if (isGroup) im.directory.refreshGroup(place.groupId)
  }
  const head = (
    <div class="stream-head">
      {log.loadError && rows.length > 0 && <button type="button" class="load-failed" onClick={() => log.older()}>{t('chat.retryOlder')}</button>}
      {log.loading && rows.length > 0 && <i class="ring" />}
      {rows.length > FEW && !log.mayHaveOlder && !log.loading && <p class="date-line">{t('system.noOlder')}</p>}
    </div>
  )
  return (
    <main class="chat" aria-label={name} onDragEnter={files.onDragEnter} onDragOver={files.onDragOver} onPaste={files.onPaste}>
      <Title place={place} isNarrow={isNarrow} selected={selected} onCancel={() => setSelected(null)} />
      {im.view.strip && isNarrow && <Strip kind={im.view.strip} isChat />}
      <div class="chat-middle">
        <Stream control={control} rows={rows} draw={draw} head={head} label={t('chat.log', { name })} onKeyDown={(event) => walk(event, setActive)}
          onNearTop={() => { if (!log.loadError) log.older() }} onBottom={bars.onBottom}
          onSeen={(first, last) => { bars.onSeen(first, last); reading(last === rows[rows.length - 1]?.key) }} />
        {isUnknown && <div class="chat-cover"><Unknown kind="bubbles" hasFailed={Boolean(log.loadError)} isLoading={Boolean(log.loading)} onRetry={retry} /></div>}
        {isGone && <div class="chat-gone"><p role="status">{t('chat.gone')}</p></div>}
        {isEmpty && <Greeting name={name} isGroup={isGroup} onSay={(text) => actions.say(text).then(sent, sent)} />}
        <Bars bars={bars} />
      </div>
      {selected ? <SelectBar rows={rows} selected={selected} onDone={() => setSelected(null)} /> : (
        <Composer key={keyOf(place)} control={composer} place={place} log={log} reply={reply} setReply={setReply} edit={edit} setEdit={setEdit} onSent={sent} files={files}
          onEditLast={actions.editLast} />
      )}
      {menu && <BubbleMenu {...menu} actions={actions} log={log} onClose={() => setMenu(null)} />}
      {files.isOver && <DropZone name={name} {...files} />}
    </main>
  )
}

/** A comma behind a name begins no line. */
function SystemLine({ row, onEdit }) {
  const { ui, t } = useApp()
  return (
    <p class="system-line">
      {row.parts.map(({ text, userId }) => (userId ? <button type="button" class="name-link" onClick={() => ui.show({ name: 'profile', userId })}>{text}</button> : text.replace(/^(?=[、,])/, '\u2060')))}
      {row.edit !== undefined && [' ', <button type="button" class="name-link" onClick={onEdit}>{t('system.editAgain')}</button>]}
    </p>
  )
}

function Greeting({ name, isGroup, onSay }) {
  const { t } = useApp()
  return (
    <div class="greeting">
      <p>{isGroup ? t('chat.emptyGroup') : t('chat.empty', { name })}</p>
      <div>{['chat.greeting1', 'chat.greeting2'].map((key) => <button key={key} type="button" class="pill" onClick={() => onSay(t(key))}>{t(key)}</button>)}</div>
    </div>
  )
}

/** Arrow keys lead from bubble to bubble. */
function walk(event, setActive) {
  if (event.target.matches('textarea, input') || event.altKey || !['ArrowUp', 'ArrowDown', 'End'].includes(event.key)) return
  const bubbles = [...event.currentTarget.querySelectorAll('.bubble')]
  const i = bubbles.indexOf(event.target.closest('.bubble-line')?.querySelector('.bubble'))
  const next = event.key === 'End' || i < 0 ? bubbles[bubbles.length - 1] : bubbles[i + (event.key === 'ArrowUp' ? -1 : 1)]
  if (!next) return
  event.preventDefault()
  next.focus()
  setActive(next.closest('[data-key]').dataset.key)
}
