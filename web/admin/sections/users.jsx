// A user, looked up by id.

import { ask, can } from '../app/api.js'
import { useAnswer } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { go } from '../app/route.js'
import { isId } from '../core/ids.js'
import { query } from '../core/query.js'
import { Card } from '../parts/card.jsx'
import { Lookup } from '../parts/lookup.jsx'
import { Missing } from '../parts/scopes.jsx'
import { Face } from './user-face.jsx'
import { UserActions } from './user-actions.jsx'
import { Ban } from './user-ban.jsx'
import { Conversations } from './user-conversations.jsx'
import { Sessions } from './user-sessions.jsx'

export const Users = ({ id }) => (
  <>
    <Lookup section="users" label={t('users.id')} id={id} isGood={isId} rule={t('rule.id')} onFind={(one) => go('users', one)} />
    {isId(id) && <User key={id} id={id} />}
  </>
)

function User({ id }) {
  const at = `/v1/users/${encodeURIComponent(id)}`
  // A name is contents, and so is a ban: a key that only observes has sessions alone.
  const mayRead = can('admin')
  const read = (path) => (mayRead ? ask('GET', path) : Promise.resolve(null))
  const profile = useAnswer(() => read(at), [mayRead])
  const bans = useAnswer(() => read(`/v1/bans${query({ userId: id })}`), [mayRead])
  const sessions = useAnswer(() => ask('GET', `${at}/sessions`))
  return (
    <>
      <Card class="user">
        <Face id={id} profile={profile} sessions={sessions} />
        <Ban bans={bans} />
        <UserActions id={id} bans={bans} onChange={() => { profile.again(); bans.again(); sessions.again() }} />
        <Missing scopes={['admin', 'owner']} />
      </Card>
      <Sessions id={id} sessions={sessions} />
      {mayRead && <Conversations id={id} />}
    </>
  )
}
