// What may be done to a user.

import { ask, askBytes } from '../app/api.js'
import { t } from '../app/lang.js'
import { save } from '../app/save.js'
import { ActButton } from '../parts/act-button.jsx'
import { banIn } from './user-ban.jsx'

const DAY = 86_400
/** For how long: of 0 until it is lifted. */
const SPANS = [[3_600, 'ban.hour'], [DAY, 'ban.day'], [7 * DAY, 'ban.week'], [30 * DAY, 'ban.month'], [0, 'ban.ever']]

/** A ban, as an action. The reason is the business's own and the audit log's alike. */
export const banOf = (id, after) => ({
  title: t('ban.title', { id }), text: t('ban.text'), confirm: t('ban.do'), done: t('ban.done', { id }), danger: true, after,
  fields: [{ name: 'seconds', label: t('ban.for'), kind: 'select', value: String(DAY), options: SPANS.map(([seconds, name]) => [String(seconds), t(name)]) }],
  act: (why, { seconds }) => ask('POST', '/v1/bans', { why, body: { userId: id, reason: why.trim(), seconds: Number(seconds) } }),
})

export const liftOf = (id, after) => ({
  title: t('lift.title', { id }), text: t('lift.text'), confirm: t('lift.do'), done: t('lift.done', { id }), after,
  act: (why) => ask('DELETE', `/v1/bans/${encodeURIComponent(id)}`, { why }),
})

const closeOf = (id, after) => ({
  title: t('close.title', { id }), text: t('close.text'), confirm: t('close.do'), done: t('close.done'), after,
  fields: [{ name: 'revoke', label: t('close.revoke'), kind: 'check', value: false }],
  act: (why, { revoke }) => ask('DELETE', `/v1/users/${encodeURIComponent(id)}/sessions${revoke ? '?revoke=true' : ''}`, { why }),
})

const exportOf = (id) => ({
  title: t('export.title', { id }), text: t('export.text'), confirm: t('export.do'), done: t('export.done'),
  act: async (why) => {
    const { blob, name } = await askBytes('POST', '/v1/export', { why, body: { userId: id } })
    save(blob, name || `${id}.jsonl`)
  },
})

const eraseOf = (id, after) => ({
  title: t('erase.title', { id }), text: t('erase.text'), confirm: t('erase.do'), done: t('erase.done'), danger: true, typed: id, after,
  act: (why) => ask('DELETE', `/v1/users/${encodeURIComponent(id)}`, { why }),
})

/** @param {{bans: object}} props of useAnswer(). Until it is known whether there is a ban, neither is done; where it can't be known, either may be */
export function UserActions({ id, bans, onChange }) {
  const isBanned = Boolean(banIn(bans))
  return (
    <div class="actions">
      <ActButton needs="admin" {...closeOf(id, onChange)}>{t('close.ask')}</ActButton>
      {/* One button in either case: the focus stays on it. */}
      <ActButton needs="admin" isOff={!bans.value && !bans.error} {...(isBanned ? liftOf : banOf)(id, onChange)}>{t(isBanned ? 'lift.ask' : 'ban.ask')}</ActButton>
      {bans.error && <ActButton needs="admin" {...liftOf(id, onChange)}>{t('lift.ask')}</ActButton>}
      <ActButton needs="owner" {...exportOf(id)}>{t('export.ask')}</ActButton>
      <ActButton needs="owner" {...eraseOf(id, onChange)}>{t('erase.ask')}</ActButton>
    </div>
  )
}
