// What can be done with messages.

import { useRef, useState } from 'preact/hooks'
import { actionsOf, canReact } from '../../../miniprogram/components/hy-chat/core/menu.js'
import { words } from '../../../miniprogram/components/hy-chat/core/preview.js'
import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'
import { Menu } from '../parts/menu.jsx'
import { EmojiGrid } from './emoji.jsx'

export const FACES = ['👍', '❤️', '😂', '😮', '😢', '🙏']
const KINDS_OF_REACTIONS_MAX = 20
const ICONS = { copy: 'copy', forward: 'forward', reply: 'reply', select: 'select', recall: 'recall', edit: 'edit', resend: 'resend', delete: 'delete' }

export function useActions({ log, rows, setReply, setEdit, setSelected, composer, jump }) {
  const { im, ui, t } = useApp()
  const { place } = log
  const isGroup = place.groupId !== undefined
  /** By seq and emoji: what was tapped and is not answered yet. */
  const pending = useRef(new Map())
  const [, again] = useState(0)

  const names = (row) => actionsOf(row, { limits: im.client.limits, role: isGroup ? im.members.role(place.groupId, im.me) : undefined, now: im.client.now(), isGroup })
  const act = {
    copy: (row) => copy(row.content, ui, t),
    forward: (row) => ui.ask({ name: 'forward', messages: [{ kind: row.kind, content: row.content }] }),
    reply: (row) => {
      setEdit(null)
      setReply({ seq: row.seq, name: im.directory.nameOf(row.from, t), text: words(row, t) })
      composer.current?.focus()
    },
    select: (row) => setSelected(new Set([row.key])),
    recall: (row) => {
      if (row.own && row.kind === 'text') im.local.former.set(row.id, row.content, im.client.now())
      return ui.attempt(im, t, () => im.client.call('message.recall', { in: place, seq: row.seq }))
    },
    edit: (row) => {
      setReply(null)
      setEdit({ seq: row.seq, text: row.content })
    },
    resend: (row) => im.sender.retry(row.clientMsgId),
    delete: (row) => ui.ask({
      name: 'confirm', title: t('menu.delete'), text: t(row.seq === null ? 'chat.discard' : 'menu.deleteHint'), confirm: t('menu.delete'), danger: true,
      act: () => {
        if (row.seq === null) im.sender.discard(row.clientMsgId)
        else im.local.hidden.add(row.id)
        im.changed()
      },
    }),
  }
  const react = async (row, emoji) => {
    const key = `${row.seq} ${emoji}`
    const isOn = !row.reactions.some((reaction) => reaction.emoji === emoji && reaction.mine)
    pending.current.set(key, isOn)
    again((n) => n + 1)
    await ui.attempt(im, t, () => im.client.react(place, row.seq, emoji, isOn))
    setTimeout(() => { // the log has it by now, or it was refused
      pending.current.delete(key)
      again((n) => n + 1)
    }, 100)
  }
  /** The row as it will be once what was tapped is done. */
  const withReactions = (row) => {
    const own = [...pending.current].filter(([key]) => key.startsWith(`${row.seq} `))
    if (!own.length || row.seq === null) return row
    let { reactions } = row
    for (const [key, isOn] of own) {
      const emoji = key.slice(key.indexOf(' ') + 1)
      const known = reactions.find((reaction) => reaction.emoji === emoji)
      if (Boolean(known?.mine) === isOn) continue
      reactions = known ? reactions.map((one) => (one === known ? { emoji, count: one.count + (isOn ? 1 : -1), mine: isOn } : one)).filter(({ count }) => count > 0) : [...reactions, { emoji, count: 1, mine: true }]
    }
    return { ...row, reactions }
  }
  return {
    names, act, react, withReactions, jump, toggle: (row) => setSelected((old) => toggled(old, row, ui, t)),
    /** What is said by a button: a greeting, a quick reply, an answer of a card. */
    say: (text) => im.sender.send({ to: place, content: text }),
    /** The next voice behind this one that was not heard. */
    nextVoice: ({ key }) => rows.slice(rows.findIndex((row) => row.key === key) + 1).find((row) => row.kind === 'voice' && !row.heard),
    mention: (userId) => composer.current?.mention(userId),
    editLast: () => {
      for (let i = rows.length - 1; i >= 0; i--) if (rows[i].own && rows[i].kind === 'text' && names(rows[i]).includes('edit')) return act.edit(rows[i])
      return undefined
    },
  }
}

const SELECTED_MAX = 100
function toggled(old, { key }, ui, t) {
  const next = new Set(old)
  if (next.has(key)) next.delete(key)
  else if (next.size < SELECTED_MAX) next.add(key)
  else ui.say(t('select.limit', { n: SELECTED_MAX }))
  return next
}

export async function copy(text, ui, t) {
  try {
    await navigator.clipboard.writeText(text)
  } catch { // a page by plain http has no clipboard
    const area = Object.assign(document.createElement('textarea'), { value: text, className: 'unseen' })
    document.body.append(area)
    area.select()
    document.execCommand('copy')
    area.remove()
  }
  ui.say(t('toast.copied'))
}

/** The menu of a bubble: faces, then actions. */
export function BubbleMenu({ row, at, actions, log, onClose }) {
  const { t } = useApp()
  const [isWide, setWide] = useState(false)
  const react = (emoji) => {
    onClose()
    actions.react(row, emoji)
  }
  const hasRoom = row.reactions.length < KINDS_OF_REACTIONS_MAX
  const head = canReact(row) && (isWide ? <EmojiGrid onPick={react} /> : (
    <div class="faces" role="group" aria-label={t('menu.react')}>
      {(hasRoom ? FACES : row.reactions.map(({ emoji }) => emoji).slice(0, 6)).map((emoji) => (
        <button key={emoji} type="button" role="menuitem" aria-label={emoji} class={row.reactions.some((one) => one.emoji === emoji && one.mine) ? 'is-mine' : ''} onClick={() => react(emoji)}>{emoji}</button>
      ))}
      {hasRoom && <button type="button" role="menuitem" aria-label={t('composer.allEmoji')} onClick={() => setWide(true)}><Icon name="plus" size={20} /></button>}
    </div>
  ))
  const items = isWide ? [] : actions.names(row).map((key) => ({ key, text: t(`menu.${key}`), icon: ICONS[key] }))
  return <Menu key={String(isWide)} at={at} side={row.own ? 'end' : 'start'} isGrid head={head} items={items} label={t('label.more')} onClose={onClose} onPick={(key) => actions.act[key](row, log)} />
}
