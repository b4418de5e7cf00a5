// Whom one calls with an @ in a group.

import { useState } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { Avatar } from '../parts/avatar.jsx'
import { Icon } from '../parts/icon.jsx'

const SHOWN_MAX = 50

export function MentionList({ place, query, onPick, onClose, onReady }) {
  const { im, t } = useApp()
  const [chosen, setChosen] = useState(0)
  const members = (im.members.of(place.groupId) || []).filter(({ userId }) => userId !== im.me)
  const role = im.members.role(place.groupId, im.me)
  const everyone = role === 'owner' || role === 'admin' ? [{ userId: 'all', name: t('name.everyone') }] : []
  const found = [...everyone, ...members.map(({ userId }) => ({ userId, name: im.directory.nameOf(userId, t) }))]
    .filter(({ name }) => name.toLowerCase().includes(query.toLowerCase())).slice(0, SHOWN_MAX)
  const at = Math.min(chosen, found.length - 1)
  onReady((event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!found.length) return false
    if (step) setChosen((at + step + found.length) % found.length)
    else if (event.key === 'Enter' || event.key === 'Tab') onPick(found[at].userId)
    else if (event.key === 'Escape') onClose()
    else return false
    event.preventDefault()
    return true
  })
  if (!found.length) return null
  return (
    <ul class="mention-list" role="listbox" aria-label={t('composer.mention')}>
      {found.map(({ userId, name }, i) => (
        <li key={userId} role="option" aria-selected={String(i === at)} ref={(node) => { if (i === at && node) node.scrollIntoView({ block: 'nearest' }) }} onMouseDown={(event) => { event.preventDefault(); onPick(userId) }} onMouseEnter={() => setChosen(i)}>
          {userId === 'all' ? <span class="avatar is-icon"><Icon name="group" size={20} /></span> : <Avatar userId={userId} name={name} avatar={im.directory.user(userId).avatar} size={28} />}<span>{name}</span>
        </li>
      ))}
    </ul>
  )
}
