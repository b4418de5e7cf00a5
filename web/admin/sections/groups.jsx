// A group, looked up by id: what it is, who is in it.

import { ask } from '../app/api.js'
import { useAnswer, usePages } from '../app/hooks.js'
import { count } from '../core/format.js'
import { lang, t } from '../app/lang.js'
import { go } from '../app/route.js'
import { isId } from '../core/ids.js'
import { query } from '../core/query.js'
import { ActButton } from '../parts/act-button.jsx'
import { Card, Facts, PlaceLink, Time } from '../parts/card.jsx'
import { Lookup } from '../parts/lookup.jsx'
import { Answer, PagedTable } from '../parts/table.jsx'

const A_PAGE = 50
const NAME_MAX = 64

export const Groups = ({ id }) => (
  <>
    <Lookup section="groups" label={t('groups.id')} id={id} isGood={isId} rule={t('rule.id')} onFind={(one) => go('groups', one)} />
    {isId(id) && <Group key={id} id={id} />}
  </>
)

const addressOf = (id) => `/v1/groups/${encodeURIComponent(id)}`

function Group({ id }) {
  const answer = useAnswer(() => ask('GET', addressOf(id)))
  return (
    <Answer answer={answer}>
      {({ group }) => (
        <>
          <Card title={group.name || id} actions={<GroupActions group={group} again={answer.again} />}>
            <Facts facts={[
              [t('groups.id'), <span class="mono">{group.groupId}</span>],
              [t('groups.owner'), <PlaceLink place={{ userId: group.owner }} />],
              [t('groups.members'), count(group.memberCount, lang.value)],
              [t('groups.muted'), t(group.muted ? 'groups.mutedYes' : 'groups.mutedNo')],
              [t('groups.history'), t(`groups.history.${group.history}`)],
              [t('groups.created'), <Time at={group.createTime} />],
            ]} />
          </Card>
          <Members key={group.owner} group={group} onChange={answer.again} />
        </>
      )}
    </Answer>
  )
}

function GroupActions({ group, again }) {
  const { groupId: id, name, muted } = group
  const change = (body) => (why) => ask('PATCH', addressOf(id), { why, body })
  const rename = {
    title: t('rename.title', { id }), text: t('rename.text'), confirm: t('rename.do'), done: t('rename.done'), after: again,
    fields: [{ name: 'name', label: t('rename.name'), kind: 'text', value: name, max: NAME_MAX * 2, isGood: (text) => text.trim() !== '' && Array.from(text.trim()).length <= NAME_MAX }],
    act: (why, values) => change({ name: values.name.trim() })(why),
  }
  const mute = { title: t(muted ? 'unmute.title' : 'mute.title', { id }), text: t(muted ? 'unmute.text' : 'mute.text'), confirm: t(muted ? 'unmute.do' : 'mute.do'), done: t(muted ? 'unmute.done' : 'mute.done'), after: again, act: change({ muted: !muted }) }
  const dismiss = { title: t('dismiss.title', { id }), text: t('dismiss.text', { n: count(group.memberCount, lang.value) }), confirm: t('dismiss.do'), done: t('dismiss.done'), danger: true, typed: id, after: again, act: (why) => ask('DELETE', addressOf(id), { why }) }
  return (
    <>
      <ActButton needs="admin" {...rename}>{t('rename.ask')}</ActButton>
      <ActButton needs="admin" {...mute}>{t(muted ? 'unmute.ask' : 'mute.ask')}</ActButton>
      <ActButton needs="admin" {...dismiss}>{t('dismiss.ask')}</ActButton>
    </>
  )
}

/** A group's members are asked for as one of them: its owner always is. */
function Members({ group, onChange }) {
  const pages = usePages((cursor) => ask('GET', `${addressOf(group.groupId)}/members${query({ userId: group.owner, limit: A_PAGE, cursor })}`))
  const removal = (userId) => ({
    title: t('remove.title', { id: userId }), text: t('remove.text', { group: group.name || group.groupId }), confirm: t('remove.do'), done: t('remove.done', { id: userId }), danger: true,
    after: () => { pages.again(); onChange() },
    act: (why) => ask('DELETE', `${addressOf(group.groupId)}/members/${encodeURIComponent(userId)}`, { why }),
  })
  return (
    <Card title={t('groups.members')}>
      <PagedTable
        isCompact label={t('groups.members')} pages={pages} items="members" empty={t('groups.nobody')} keyOf={({ userId }) => userId} columns={[
          { name: t('groups.member'), class: 'is-id', cell: ({ userId }) => <PlaceLink place={{ userId }} /> },
          { name: t('groups.role'), cell: ({ role }) => t(`role.${role}`) },
          { name: '', class: 'is-action', cell: ({ userId, role }) => role !== 'owner' && <ActButton needs="admin" label={t('remove.label', { id: userId })} {...removal(userId)}>{t('remove.ask')}</ActButton> },
        ]}
      />
    </Card>
  )
}
