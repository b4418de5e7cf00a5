// Who a user is: picture, name, id, and whether somebody is there.

import { useEffect, useState } from 'preact/hooks'
import { askBytes } from '../app/api.js'
import { t } from '../app/lang.js'
import { isFileId } from '../core/ids.js'
import { Trouble } from '../parts/trouble.jsx'
import { colorOf, initials } from '../../../miniprogram/components/hy-chat/core/avatar.js'

export function Face({ id, profile, sessions }) {
  const { name, avatar } = profile.value || {}
  const many = sessions.value?.sessions.length
  return (
    <>
      <div class="face-line">
        <Picture id={id} name={name} avatar={avatar} />
        <div class="face-text">
          <h2>{name || <span class="mono">{id}</span>}</h2>
          {name && <p class="soft mono">{id}</p>}
        </div>
        {many !== undefined && <span class={`pill ${many ? 'is-good' : ''}`} role="status"><i />{many ? t('users.online', { n: many }) : t('users.offline')}</span>}
      </div>
      {profile.error && <Trouble error={profile.error} again={profile.again} />}
    </>
  )
}

function Picture({ id, name, avatar }) {
  const [url, setUrl] = useState(null)
  useEffect(() => {
    // Another server's picture would tell that one who looks.
    if (!isFileId(avatar || '')) return undefined
    let made = null
    let isOver = false
    askBytes('GET', `/v1/files/${avatar}`).then(({ blob }) => {
      if (!isOver) setUrl(made = URL.createObjectURL(blob))
    }, () => {})
    return () => {
      isOver = true
      if (made) URL.revokeObjectURL(made)
    }
  }, [avatar])
  if (url) return <img class="face" src={url} alt="" width="48" height="48" />
  return <span class="face" style={{ background: colorOf(id) }} aria-hidden="true">{initials(name || id)}</span>
}
