// All members of a group; owner and admins first. Taken out one by one or several at once.

import { useState } from 'preact/hooks'
import { useApp, useIm } from '../app/hooks.js'
import { Avatar } from '../parts/avatar.jsx'
import { Unknown } from '../list/conversations.jsx'
import { Gone } from '../parts/cells.jsx'
import { Icon } from '../parts/icon.jsx'

const SHOWN_MAX = 200

export const Role = ({ role }) => {
  const { t } = useApp()
  return role === 'owner' || role === 'admin' ? <small class="role">{t(`group.${role}`)}</small> : null
}

export function MemberList({ groupId, isRemoving: isBegun = false }) {
  const { ui, t } = useApp()
  const im = useIm()
  const [query, setQuery] = useState('')
  const [chosen, setChosen] = useState(isBegun ? [] : null)
  const members = im.members.of(groupId)
  const own = im.members.role(groupId, im.me)
  const mayRemove = ({ userId, role }) => userId !== im.me && (own === 'owner' || (own === 'admin' && role === 'member'))
  if (im.members.hasLeft(groupId)) return <Gone />
  if (!members) return <Unknown onRetry={() => im.members.load(groupId)} />
  const found = members.map((member) => ({ ...member, name: im.directory.nameOf(member.userId, t) })).filter(({ name, userId }) => !query || name.toLowerCase().includes(query.toLowerCase()) || userId === query)
  const press = (member) => {
    if (!chosen) return ui.deeper({ name: 'profile', userId: member.userId, groupId })
    return setChosen(chosen.includes(member.userId) ? chosen.filter((id) => id !== member.userId) : [...chosen, member.userId])
  }
  const remove = () => ui.ask({
    name: 'confirm', title: t('group.removeTitle'), text: chosen.map((id) => im.directory.nameOf(id, t)).join(t('name.join')), confirm: t('group.remove'), danger: true,
    act: () => im.client.call('group.remove', { groupId, userIds: chosen }).then(() => setChosen(null)),
  })
  return (
    <>
      <label class="search-field"><Icon name="search" size={16} /><input data-focus type="text" role="searchbox" aria-label={t('search.title')} placeholder={t('search.title')} value={query} onInput={({ target }) => setQuery(target.value.trim())} /></label>
      <ul class="people-rows">
        {found.slice(0, SHOWN_MAX).map((member) => (
          <li key={member.userId}>
            <button type="button" class="row is-small" role={chosen ? 'checkbox' : undefined} aria-checked={chosen ? String(chosen.includes(member.userId)) : undefined} disabled={Boolean(chosen) && !mayRemove(member)} onClick={() => press(member)}>
              {chosen && <span class={`select-circle ${chosen.includes(member.userId) ? 'is-on' : ''}`}>{chosen.includes(member.userId) && <Icon name="check" size={16} />}</span>}
              <Avatar userId={member.userId} name={member.name} avatar={im.directory.user(member.userId).avatar} size={40} /><span class="row-words"><span class="row-top"><span class="row-name">{member.name}</span><Role role={member.role} /></span></span>
            </button>
          </li>
        ))}
      </ul>
      {chosen && <footer class="panel-foot"><button type="button" class="button is-danger" disabled={!chosen.length} onClick={remove}>{t('group.removeN', { n: chosen.length })}</button></footer>}
    </>
  )
}
