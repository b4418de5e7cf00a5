import { useAnswer, useApp, useIm } from '../app/hooks.js'
import { Avatar } from '../parts/avatar.jsx'
import { Skeleton } from '../parts/cells.jsx'

/** Whom one has blocked. */
export function Blocked() {
  const { ui, t } = useApp()
  const im = useIm()
  const { value, error, again } = useAnswer(() => im.client.call('block.list', {}), [])
  if (error && !value) return <button type="button" class="load-failed" onClick={again}>{t('chat.retryLoad')}</button>
  if (!value) return <Skeleton />
  if (!value.userIds.length) return <p class="nothing">{t('settings.nobodyBlocked')}</p>
  const unblock = async (userId) => {
    await ui.attempt(im, t, () => im.client.call('block.remove', { userIds: [userId] }))
    again()
  }
  return (
    <ul class="people-rows">
      {value.userIds.map((userId) => {
        const name = im.directory.nameOf(userId, t)
        return <li key={userId} class="row is-small"><Avatar userId={userId} name={name} avatar={im.directory.user(userId).avatar} size={40} /><span class="row-words"><span class="row-name">{name}</span></span><button type="button" class="button is-plain is-small" onClick={() => unblock(userId)}>{t('settings.unblock')}</button></li>
      })}
    </ul>
  )
}
