import { t } from '../app/lang.js'
import { Facts, Time } from '../parts/card.jsx'
import { Trouble } from '../parts/trouble.jsx'

/** That a user is banned, and why; of one who is not there is nothing. @param {{bans: object}} props of useAnswer() */
export function Ban({ bans }) {
  if (bans.error) return <Trouble error={bans.error} again={bans.again} />
  const ban = banIn(bans)
  return ban && (
    <div class="note is-wrong banned" role="status">
      <p><b>{t('users.banned')}</b></p>
      <Facts facts={[
        [t('moderation.reason'), ban.reason || '–', true],
        [t('moderation.since'), <Time at={ban.since} />],
        [t('moderation.until'), ban.until ? <Time at={ban.until} /> : t('ban.ever')],
      ]} />
    </div>
  )
}

/** The ban in the answer about one user, or undefined. */
export const banIn = (bans) => bans.value?.bans[0]
