// Somebody else.

import { useState } from 'preact/hooks'
import { reportUrl } from '../app/brand.js'
import { useAnswer, useApp, useIm } from '../app/hooks.js'
import { Avatar } from '../parts/avatar.jsx'
import { Cell, Cells, Switch } from '../parts/cells.jsx'
import { IconButton } from '../parts/icon.jsx'
import { copy } from '../chat/actions.jsx'
import { Me } from './me.jsx'

export function Profile({ userId, groupId }) {
  const { im } = useApp()
  return userId === im.me ? <Me /> : <Other userId={userId} groupId={groupId} />
}

function Other({ userId, groupId }) {
  const { ui, t } = useApp()
  const im = useIm()
  const { value: blocked, again } = useAnswer(() => im.client.call('block.list', {}).then(({ userIds }) => userIds.includes(userId)), [userId])
  const [wanted, setWanted] = useState(null)
  const name = im.directory.nameOf(userId, t)
  const block = (isOn) => {
    const act = async () => {
      setWanted(isOn)
      await ui.attempt(im, t, () => im.client.call(isOn ? 'block.add' : 'block.remove', { userIds: [userId] }))
      again()
      setTimeout(() => setWanted(null), 500)
    }
    if (isOn) ui.ask({ name: 'confirm', title: t('profile.block'), text: t('profile.blockText'), confirm: t('profile.blockDo'), danger: true, act })
    else act()
  }
  return (
    <>
      <div class="profile-head">
        <Avatar userId={userId} name={name} avatar={im.directory.user(userId).avatar} size={64} />
        <div>
          <p class="profile-name">{name} {im.presence.isOnline(userId) && <span class="online-word"><i class="title-dot" />{t('label.online')}</span>}</p>
          <p class="profile-id">{t('profile.id')} <span>{userId}</span><IconButton name="copy" size={16} label={t('menu.copy')} onClick={() => copy(userId, ui, t)} /></p>
        </div>
      </div>
      <button type="button" class="button is-wide" onClick={() => ui.open({ userId })}>{t('profile.message')}</button>
      {groupId && <Roles userId={userId} groupId={groupId} name={name} />}
      <Cells><Switch text={t('profile.block')} isOn={wanted ?? blocked} onChange={block} disabled={blocked === undefined} /></Cells>
      {reportUrl && <Cells><Cell text={t('profile.report')} onClick={() => open(reportUrl, '_blank', 'noopener,noreferrer')} /></Cells>}
    </>
  )
}

/** What one may do with a member of a group. */
function Roles({ userId, groupId, name }) {
  const { im, ui, t } = useApp()
  const own = im.members.role(groupId, im.me)
  const role = im.members.role(groupId, userId)
  if (!role || role === 'owner') return null
  const set = (wanted) => im.client.call('group.role', { groupId, userId, role: wanted })
  const remove = () => ui.ask({ name: 'confirm', title: t('group.removeTitle'), text: name, confirm: t('group.remove'), danger: true, act: () => im.client.call('group.remove', { groupId, userIds: [userId] }).then(() => ui.back()) })
  const transfer = () => ui.ask({ name: 'confirm', title: t('group.transfer'), text: t('group.transferText', { name }), confirm: t('group.transferDo'), danger: true, act: () => set('owner') })
  const mayRemove = own === 'owner' || (own === 'admin' && role === 'member')
  if (!mayRemove) return null
  return (
    <Cells title={t('group.in')}>
      {own === 'owner' && <Cell text={t(role === 'admin' ? 'group.makeMember' : 'group.makeAdmin')} onClick={() => ui.attempt(im, t, () => set(role === 'admin' ? 'member' : 'admin'))} />}
      {own === 'owner' && <Cell text={t('group.transfer')} onClick={transfer} />}
      <Cell text={t('group.removeOne')} danger onClick={remove} />
    </Cells>
  )
}
