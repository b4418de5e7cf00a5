// What owner and admins of a group set for all.

import { useApp, useIm } from '../app/hooks.js'
import { Cell, Cells, Gone, Switch } from '../parts/cells.jsx'
import { useSetting } from './info.jsx'

export function Manage({ groupId }) {
  const { ui, t } = useApp()
  const im = useIm()
  const group = im.directory.group(groupId)
  const set = (facts) => im.client.call('group.update', { groupId, ...facts }).then(() => im.directory.refreshGroup(groupId))
  const [muted, mute] = useSetting(group?.muted, (value) => set({ muted: value }))
  const [history, open] = useSetting(group?.history === 'all', (value) => set({ history: value ? 'all' : 'joined' }))
  const admins = (im.members.of(groupId) || []).filter(({ role }) => role === 'admin')
  if (im.members.hasLeft(groupId)) return <Gone />
  return (
    <>
      <Cells>
        <Switch text={t('group.muteAll')} isOn={muted} onChange={mute} />
        <Switch text={t('group.history')} isOn={history} onChange={open} />
      </Cells>
      <Cells title={t('group.admins')}>
        {admins.map(({ userId }) => <Cell key={userId} text={im.directory.nameOf(userId, t)} onClick={() => ui.deeper({ name: 'profile', userId, groupId })} />)}
        <Cell text={t('group.all')} onClick={() => ui.deeper({ name: 'members', groupId })} />
      </Cells>
      <p class="hint">{t('group.adminHint')}</p>
    </>
  )
}
