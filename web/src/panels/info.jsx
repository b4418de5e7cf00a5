// About a chat: who is in it, and what can be done with it.

import { useState } from 'preact/hooks'
import { useApp, useIm } from '../app/hooks.js'
import { titleOf } from '../app/titles.js'
import { Avatar } from '../parts/avatar.jsx'
import { Cell, Cells, Gone, Switch } from '../parts/cells.jsx'
import { Icon } from '../parts/icon.jsx'

const SHOWN_MAX = 15

/** A switch that moves at once and goes back when it was refused. */
export function useSetting(isOn, change) {
  const { im, ui, t } = useApp()
  const [wanted, setWanted] = useState(null)
  return [wanted ?? isOn, async (value) => {
    setWanted(value)
    await ui.attempt(im, t, () => change(value))
    setWanted(null)
  }]
}

export function Info({ place }) {
  return place.groupId === undefined ? <DirectInfo place={place} /> : <GroupInfo place={place} />
}

/** What both kinds have. */
function Common({ place }) {
  const { ui, t } = useApp()
  const im = useIm()
  const conversation = im.client.conversation(place)
  const [muted, mute] = useSetting(conversation?.muted, (value) => im.client.set(place, { muted: value }))
  const [pinned, pin] = useSetting(conversation?.pinned, (value) => im.client.set(place, { pinned: value }))
  return (
    <>
      <Cells><Cell text={t('find.title')} icon="search" onClick={() => ui.deeper({ name: 'find', place })} /></Cells>
      <Cells>
        <Switch text={t('info.mute')} isOn={muted} onChange={mute} disabled={!conversation} />
        <Switch text={t('info.pin')} isOn={pinned} onChange={pin} disabled={!conversation} />
      </Cells>
    </>
  )
}

const clear = (im, ui, t, place) => ui.ask({
  name: 'confirm', title: t('info.clear'), text: t('info.clearText'), confirm: t('info.clearDo'), danger: true, act: () => im.client.clear(place),
})

function DirectInfo({ place }) {
  const { ui, t } = useApp()
  const im = useIm()
  const { userId } = place
  const name = im.directory.nameOf(userId, t)
  return (
    <>
      <div class="people">
        <button type="button" onClick={() => ui.deeper({ name: 'profile', userId })}><Avatar userId={userId} name={name} avatar={im.directory.user(userId).avatar} size={48} /><span>{name}</span></button>
        <button type="button" onClick={() => ui.ask({ name: 'newGroup', chosen: [userId] })}><span class="avatar is-icon is-large"><Icon name="plus" /></span><span>{t('group.new')}</span></button>
      </div>
      <Common place={place} />
      <Cells><Cell text={t('info.clear')} danger onClick={() => clear(im, ui, t, place)} /></Cells>
    </>
  )
}

function GroupInfo({ place }) {
  const { ui, t } = useApp()
  const im = useIm()
  const { groupId } = place
  const { name, count } = titleOf(im, place, t)
  const members = im.members.of(groupId) || im.directory.members(groupId)
  const role = im.members.role(groupId, im.me)
  const isManager = role === 'owner' || role === 'admin'
  if (im.members.hasLeft(groupId)) return <Gone />
  const rename = () => ui.ask({ name: 'text', title: t('group.name'), value: name, max: 64, act: (value) => im.client.call('group.update', { groupId, name: value }) })
  const leave = () => ui.ask({
    name: 'confirm', title: t('group.leave'), text: t('group.leaveText'), confirm: t('group.leaveDo'), danger: true, act: () => im.client.call('group.leave', { groupId }), closes: place,
  })
  const dismiss = () => ui.ask({
    name: 'confirm', title: t('group.dismiss'), text: t('group.dismissText'), confirm: t('group.dismissDo'), danger: true, act: () => im.client.call('group.dismiss', { groupId }), closes: place,
  })
  return (
    <>
      <div class="people">
        {members.slice(0, SHOWN_MAX - 2).map(({ userId }) => {
          const called = im.directory.nameOf(userId, t)
          return <button key={userId} type="button" onClick={() => ui.deeper({ name: 'profile', userId, groupId })}><Avatar userId={userId} name={called} avatar={im.directory.user(userId).avatar} size={48} /><span>{called}</span></button>
        })}
        {isManager && <button type="button" onClick={() => ui.ask({ name: 'addMembers', groupId })}><span class="avatar is-icon is-large"><Icon name="plus" /></span><span>{t('group.addHere')}</span></button>}
        {isManager && members.length > 1 && <button type="button" onClick={() => ui.deeper({ name: 'members', groupId, isRemoving: true })}><span class="avatar is-icon is-large"><Icon name="minus" /></span><span>{t('group.remove')}</span></button>}
      </div>
      <Cells><Cell text={t('group.all')} value={count ?? ''} onClick={() => ui.deeper({ name: 'members', groupId })} /></Cells>
      <Cells>
        <Cell text={t('group.name')} value={name} onClick={isManager ? rename : undefined} />
        {isManager && <Cell text={t('group.manage')} onClick={() => ui.deeper({ name: 'manage', groupId })} />}
      </Cells>
      <Common place={place} />
      <Cells>
        <Cell text={t('info.clear')} danger onClick={() => clear(im, ui, t, place)} />
        {role && role !== 'owner' && <Cell text={t('group.leave')} danger onClick={leave} />}
        {role === 'owner' && <Cell text={t('group.dismiss')} danger onClick={dismiss} />}
      </Cells>
      {role === 'owner' && <p class="hint">{t('group.ownerHint')}</p>}
    </>
  )
}
