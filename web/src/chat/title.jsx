// Who one talks with, and how that stands.

import { useApp } from '../app/hooks.js'
import { titleOf } from '../app/titles.js'
import { Icon, IconButton } from '../parts/icon.jsx'
import { badge } from '../../../miniprogram/components/hy-chat/core/unread.js'

const TYPING_GROUP_MAX = 20

/** What stands in the place of the name for as long as it holds. */
function stateIn({ im, place, t }) {
  const { title } = im.view
  if (title) return t(`state.${title}`)
  const writing = im.typing.of(im.client.conversation(place)).filter((id) => id !== im.me)
  if (!writing.length) return null
  if (place.groupId === undefined) return t('state.typing')
  const group = im.directory.group(place.groupId)
  return group && group.memberCount <= TYPING_GROUP_MAX ? t('state.typingName', { name: im.directory.nameOf(writing[0], t) }) : null
}

export function Title({ place, isNarrow, selected, onCancel }) {
  const { im, ui, t } = useApp()
  const { name, count } = titleOf(im, place, t)
  if (selected) {
    return (
      <header class="chat-head">
        <button type="button" class="text-button" onClick={onCancel}>{t('action.cancel')}</button>
        <h2 class="chat-title" aria-live="polite">{t('select.title', { n: selected.size })}</h2>
      </header>
    )
  }
  const others = im.client.unread - (im.client.conversation(place)?.muted ? 0 : im.client.conversation(place)?.unread || 0)
  const state = stateIn({ im, place, t })
  const isOnline = place.userId !== undefined && im.presence.isOnline(place.userId)
  return (
    <header class="chat-head">
      {isNarrow && <button type="button" class="back-button" aria-label={`${t('label.back')}${others > 0 ? ` ${badge(others)}` : ''}`} onClick={() => ui.close()}><Icon name="chevron-left" />{others > 0 && <span>{badge(others)}</span>}</button>}
      <button type="button" class="chat-title" onClick={() => ui.show({ name: 'info', place })} title={t('label.info')}>
        {isNarrow && state ? <span class="chat-name">{state}</span> : <><span class="chat-name">{name}</span>{count && <span>({count})</span>}</>}
        {!(isNarrow && state) && isOnline && <i class="title-dot" role="img" aria-label={t('label.online')} />}
        {im.client.conversation(place)?.muted && <Icon name="bell-off" size={16} />}
      </button>
      {!isNarrow && <span class="chat-state" role="status">{state}</span>}
      <IconButton name="search" label={t('find.title')} aria-pressed={String(ui.panel?.name === 'find')} onClick={() => ui.toggle({ name: 'find', place })} />
      <IconButton name={isNarrow ? 'more' : 'info'} label={t('label.info')} aria-pressed={String(ui.panel?.name === 'info')} onClick={() => ui.toggle({ name: 'info', place })} />
    </header>
  )
}
