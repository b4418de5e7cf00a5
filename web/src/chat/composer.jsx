// Where one writes.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { refusalText } from '../../../miniprogram/components/hy-chat/core/errors.js'
import { useApp, useMedia } from '../app/hooks.js'
import { IconButton } from '../parts/icon.jsx'
import { Menu } from '../parts/menu.jsx'
import { EmojiGrid } from './emoji.jsx'
import { mentionAt, mentionBefore } from './mention-text.js'
import { MentionList } from './mentions.jsx'

const CHARS_MAX = 4096
const COUNTER_FROM = 3600
const DRAFT_MS = 300
const TYPING_MS = 3_000
const LINES_HIGH = 136
const MENTIONS_MAX = 50

const lengthOf = (text) => Array.from(text).length

/** Why nobody can write here; null: one can. {text, action, act}. */
function useClosed(place) {
  const { im, t } = useApp()
  const { state } = im
  if (state === 'kicked') return { text: t('closed.kicked'), action: t('closed.kickedAction'), act: () => im.connect() }
  if (state === 'replaced') return { text: t('closed.replaced'), action: t('closed.replacedAction'), act: () => im.connect() }
  if (place.groupId === undefined) return null
  if (im.members.hasLeft(place.groupId) || im.directory.isGone(place.groupId)) return { text: t('refused.notMember') }
  const group = im.directory.group(place.groupId)
  const role = im.members.role(place.groupId, im.me)
  return group?.muted && role === 'member' ? { text: t('refused.muted') } : null
}

export function Composer({ control, place, log, reply, setReply, edit, setEdit, onSent, files, onEditLast }) {
  const { im, ui, t } = useApp()
  const field = useRef(null)
  const caret = useRef(null)
  const before = useRef(null)
  const timers = useRef({ typedAt: 0 })
  const [text, setText] = useState(() => im.local.drafts.get(place)?.text || '')
  const [mentions, setMentions] = useState(() => im.local.drafts.get(place)?.mentions || [])
  const [isEmoji, setEmoji] = useState(false)
  const [plusAt, setPlusAt] = useState(null)
  const [asked, setAsked] = useState(null)
  const picker = useRef(null)
  const measured = useRef({})
  const hasKeys = useMedia('(hover: hover)')
  const hasRoom = useMedia('(min-width: 1000px)')
  const closed = useClosed(place)
  const isGroup = place.groupId !== undefined

  // ---- the draft ----

  const draft = useRef({})
  draft.current = edit ? { text: before.current?.text || '', reply: null, mentions: [] } : { text, reply, mentions }
  useEffect(() => {
    const kept = im.local.drafts.get(place)
    if (kept?.reply && log) setReply(kept.reply)
    const save = () => im.local.drafts.set(place, draft.current)
    const hidden = () => { save(); im.local.flush() }
    addEventListener('pagehide', hidden)
    return () => {
      removeEventListener('pagehide', hidden)
      clearTimeout(timers.current.draft)
      save()
      im.changed()
    }
  }, [])
  const changed = (value, names = mentions) => {
    setText(value)
    setMentions(names.filter(({ name }) => value.includes(`@${name}`)))
    clearTimeout(timers.current.draft)
    if (edit) return
    timers.current.draft = setTimeout(() => im.local.drafts.set(place, draft.current), DRAFT_MS)
    if (!value.trim() || !im.isOnline || Date.now() - timers.current.typedAt < TYPING_MS) return
    timers.current.typedAt = Date.now()
    im.client.call('conversation.typing', { in: place }).catch(() => {})
  }

  // ---- edits ----

  useLayoutEffect(() => { // what is typed from now on belongs to the edit
    if (!edit) return
    before.current ??= { text, mentions }
    setText(edit.text)
    focus()
  }, [edit])
  const dropEdit = () => {
    setEdit(null)
    setText(before.current?.text || '')
    setMentions(before.current?.mentions || [])
    before.current = null
    focus()
  }

  // ---- the field ----

  const focus = () => setTimeout(() => {
    const node = field.current
    if (!node) return
    node.focus()
    node.setSelectionRange(node.value.length, node.value.length)
  })
  useLayoutEffect(() => {
    const node = field.current
    if (!node) return
    // To measure it the page is laid out twice: not while others write.
    const held = `${node.clientWidth} ${node.value}`
    if (node === measured.current.node && held === measured.current.held) return
    measured.current = { node, held }
    // While it is measured nothing around it moves: the list above would leave its end.
    const line = node.parentElement
    line.style.minHeight = `${line.offsetHeight}px`
    node.style.height = ''
    node.style.height = `${Math.min(LINES_HIGH, node.scrollHeight)}px`
    line.style.minHeight = ''
    node.style.overflowY = node.scrollHeight > LINES_HIGH ? 'auto' : 'hidden'
  })
  /** Puts `what` where the caret is, in the place of `length` characters before it. */
  const insert = (what, length = 0, names = mentions) => {
    const node = field.current
    const at = node.selectionStart
    const value = node.value.slice(0, at - length) + what + node.value.slice(node.selectionEnd)
    changed(value, names)
    caret.current = at - length + what.length
  }
  useLayoutEffect(() => { // with the text that it belongs to: a timer would move it under the next key
    if (caret.current === null || !field.current) return
    field.current.focus()
    field.current.setSelectionRange(caret.current, caret.current)
    caret.current = null
  })
  const mention = (userId, length = 0) => {
    const name = userId === 'all' ? t('name.everyone') : im.directory.nameOf(userId, t)
    insert(`@${name} `, length, [...mentions, { userId, name }])
    setAsked(null)
  }
  control.current = { focus: () => field.current?.focus(), put: (value) => { changed(value); focus() }, mention }

  // ---- sending ----

  const isFull = text.trim() !== ''
  const isTooLong = lengthOf(text) > CHARS_MAX
  const send = async () => {
    if (!isFull || isTooLong) return
    if (edit) {
      const { seq } = edit
      const content = text.trim()
      if (content === edit.text || (await ui.attempt(im, t, () => im.client.call('message.edit', { in: place, seq, content })))) dropEdit()
      return
    }
    const called = mentions.slice(0, MENTIONS_MAX)
    const ext = {
      ...(reply ? { reply: { seq: reply.seq } } : {}),
      ...(called.length ? { mentions: called.some(({ userId }) => userId === 'all') ? 'all' : [...new Set(called.map(({ userId }) => userId))] } : {}),
    }
    im.sender.send({ to: place, content: text, ...(Object.keys(ext).length ? { ext } : {}) }).catch((error) => { if (!error.final) ui.say(refusalText(error, t)) }) // the bubble tells the rest
    draft.current = { text: '', reply: null, mentions: [] }
    clearTimeout(timers.current.draft)
    setText('')
    setMentions([])
    im.local.drafts.remove(place)
    setAsked(null)
    onSent()
    field.current.focus()
  }
  const onKeyDown = (event) => {
    if (event.isComposing || event.keyCode === 229) return // of an input method
    if (asked && asked.onKeyDown?.(event)) return
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey && (hasKeys || event.ctrlKey)) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape') {
      if (isEmoji) setEmoji(false)
      else if (edit) dropEdit()
      else if (reply) setReply(null)
      else return
      event.preventDefault()
    } else if (event.key === 'ArrowUp' && !text && !edit) {
      event.preventDefault()
      onEditLast()
    } else if (event.key === 'Backspace' && field.current.selectionStart === field.current.selectionEnd) {
      const whole = mentionBefore(text.slice(0, field.current.selectionStart), mentions)
      if (!whole) return
      event.preventDefault()
      insert('', whole.length)
    }
  }
  const onInput = ({ target }) => {
    changed(target.value)
    if (isGroup) setAsked(mentionAt(target.value.slice(0, target.selectionStart)))
  }
  const choose = (accept) => {
    picker.current.accept = accept
    picker.current.click()
  }

  if (closed) return <footer class="composer is-closed"><p role="status">{closed.text}</p>{closed.act && <button type="button" class="button is-small" onClick={closed.act}>{closed.action}</button>}</footer>
  const quickReplies = quickRepliesOf(log.newest, im.me)
  return (
    <footer class="composer">
      {quickReplies.length > 0 && <div class="quick-replies">{quickReplies.map((words) => <button key={words} type="button" class="pill" onClick={() => { im.sender.send({ to: place, content: words }).catch(() => {}); onSent() }}>{words}</button>)}</div>}
      {asked && <MentionList place={place} query={asked.query} onReady={(handler) => { asked.onKeyDown = handler }} onPick={(userId) => mention(userId, asked.query.length + 1)} onClose={() => setAsked(null)} />}
      {(reply || edit) && (
        <p class="composer-task"><span>{edit ? t('composer.edit') : `${reply.name}: ${reply.text}`}</span>
          <IconButton name="close" size={18} label={t(edit ? 'action.cancel' : 'label.removeReply')} onClick={() => (edit ? dropEdit() : setReply(null))} /></p>
      )}
      <div class={`composer-line ${isFull || edit ? 'is-full' : ''}`}>
        <IconButton name="plus-circle" label={t('label.more')} aria-haspopup="menu" disabled={Boolean(edit)} onClick={(event) => setPlusAt(event.currentTarget.getBoundingClientRect())} />
        <IconButton name="emoji" label={t('label.emoji')} aria-expanded={String(isEmoji)} onClick={() => { setEmoji(!isEmoji); field.current.focus() }} />
        <textarea ref={field} rows={1} value={text} aria-label={t('composer.placeholder')} placeholder={t(hasKeys && hasRoom ? 'composer.placeholderKeys' : 'composer.placeholder')} enterkeyhint={hasKeys ? 'send' : 'enter'}
          autocomplete="off" onInput={onInput} onKeyDown={onKeyDown} onClick={() => setAsked(null)} />
        {lengthOf(text) >= COUNTER_FROM && <span class={`counter ${isTooLong ? 'is-wrong' : ''}`} role={isTooLong ? 'alert' : undefined} title={t('composer.tooLong')}>{CHARS_MAX - lengthOf(text)}</span>}
        <button type="button" class="send-button" disabled={!isFull || isTooLong} onClick={send}>{t(edit ? 'composer.save' : 'composer.send')}</button>
      </div>
      {isTooLong && <p class="composer-wrong" role="alert">{t('composer.tooLong')}</p>}
      {isEmoji && (
        <div class="emoji-panel" role="menu" aria-label={t('label.emoji')} onKeyDown={(event) => { if (event.key === 'Escape') { event.preventDefault(); event.stopPropagation(); setEmoji(false); field.current.focus() } }}>
          <EmojiGrid recent={im.local.recentEmoji.list()} onPick={(emoji) => { im.local.recentEmoji.add(emoji); insert(emoji) }} />
        </div>
      )}
      {plusAt && <Menu at={plusAt} label={t('label.more')} onClose={() => setPlusAt(null)} onPick={(key) => choose(key === 'photos' ? 'image/*,video/*' : '')}
        items={[{ key: 'photos', text: t('composer.photos'), icon: 'photo' }, { key: 'files', text: t('composer.files'), icon: 'file' }]} />}
      <input ref={picker} type="file" multiple hidden tabIndex={-1} onChange={({ target }) => { files.send([...target.files]).then((n) => { if (n) onSent() }); target.value = '' }} />
    </footer>
  )
}

const QUICK_MAX = 6
const QUICK_CHARS_MAX = 12
/** What the newest message offers to answer. */
function quickRepliesOf(newest, me) {
  const offered = newest && newest.from !== me ? newest.ext?.quickReplies : null
  return Array.isArray(offered) ? offered.filter((words) => typeof words === 'string' && words && lengthOf(words) <= 2 * QUICK_CHARS_MAX).slice(0, QUICK_MAX) : []
}
