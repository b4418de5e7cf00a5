// A face: the picture where there is one, else letters on a colour; of a group its members' as a grid.

import { colorOf, initials } from '../../../miniprogram/components/hy-chat/core/avatar.js'
import { useApp, useFile } from '../app/hooks.js'

/** A fileId of this server; other addresses would be another's server. */
const isFileId = (avatar) => typeof avatar === 'string' && /^[\w-]{8,64}$/.test(avatar)

function Letters({ letters, color, size }) {
  const length = Array.from(letters).length
  return <span class="face" style={{ background: color, fontSize: size * (length > 1 ? 0.36 : 0.44) }}>{letters}</span>
}

function Picture(props) {
  const { url } = useFile(props.avatar)
  return url ? <img class="face" src={url} alt="" draggable={false} /> : <Letters {...props} />
}

const Face = (props) => (isFileId(props.avatar) ? <Picture {...props} /> : <Letters {...props} />)

/** @param {{userId?: string, name: string, avatar?: string|null, size: number, online?: boolean}} props */
export function Avatar({ userId, name, avatar = null, size, online = false }) {
  return (
    <span class="avatar" style={{ width: size, height: size, borderRadius: size / 8 }} aria-hidden="true">
      <Face avatar={avatar} letters={initials(name)} color={colorOf(userId)} size={size} />
      {online && <i class="online-dot" />}
    </span>
  )
}

/** Two to nine members as WeChat's grid. @param {{members: {userId, avatar, initials, color}[], size: number}} props */
export function GroupAvatar({ groupId, name, members, size }) {
  if (members.length < 2) return <Avatar userId={groupId} name={name} size={size} />
  const columns = members.length <= 4 ? 2 : 3
  const cell = (size - 2 - columns + 1) / columns
  const rows = []
  // The first row is the short one.
  let from = members.length % columns || columns
  rows.push(members.slice(0, from))
  for (; from < members.length; from += columns) rows.push(members.slice(from, from + columns))
  return (
    <span class="avatar is-grid" style={{ width: size, height: size, borderRadius: size / 8 }} aria-hidden="true">
      {rows.map((row) => (
        <span class="grid-row">{row.map(({ userId, avatar, initials: letters, color }) => (
          <span class="cell" key={userId} style={{ width: cell, height: cell }}><Face avatar={avatar} letters={Array.from(letters)[0] || ''} color={color} size={cell} /></span>
        ))}</span>
      ))}
    </span>
  )
}

/** Of whoever a place names. */
export function PlaceAvatar({ place, size, online }) {
  const { im, t } = useApp()
  const { directory } = im
  if (place.groupId === undefined) return <Avatar userId={place.userId} name={directory.nameOf(place.userId, t)} avatar={directory.user(place.userId).avatar} size={size} online={online} />
  const group = directory.group(place.groupId)
  const members = directory.members(place.groupId).map(({ userId }) => ({ userId, avatar: directory.user(userId).avatar, initials: initials(directory.nameOf(userId, t)), color: colorOf(userId) }))
  return <GroupAvatar groupId={place.groupId} name={(group && group.name) || t('name.group')} members={members} size={size} />
}
