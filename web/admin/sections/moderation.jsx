// The bans in force.

import { ask } from '../app/api.js'
import { askFor } from '../app/act.js'
import { usePages } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { isId } from '../core/ids.js'
import { query } from '../core/query.js'
import { ActButton } from '../parts/act-button.jsx'
import { Card, PlaceLink, Time } from '../parts/card.jsx'
import { Lookup } from '../parts/lookup.jsx'
import { PagedTable } from '../parts/table.jsx'
import { banOf, liftOf } from './user-actions.jsx'

const A_PAGE = 50

export function Moderation() {
  const pages = usePages((cursor) => ask('GET', `/v1/bans${query({ limit: A_PAGE, cursor })}`))
  return (
    <>
      <Lookup label={t('moderation.id')} isGood={isId} rule={t('rule.id')} button={t('ban.ask')} onFind={(id) => askFor(banOf(id, pages.again))} />
      <Card>
        <PagedTable
          label={t('moderation.title')} pages={pages} items="bans" empty={t('moderation.none')} keyOf={({ userId }) => userId} columns={[
            { name: t('moderation.user'), class: 'is-id', cell: ({ userId }) => <PlaceLink place={{ userId }} /> },
            { name: t('moderation.reason'), class: 'is-wide', cell: ({ reason }) => reason || '–' },
            { name: t('moderation.since'), cell: ({ since }) => <Time at={since} /> },
            { name: t('moderation.until'), cell: ({ until }) => (until ? <Time at={until} /> : t('ban.ever')) },
            { name: '', class: 'is-action', cell: ({ userId }) => <ActButton needs="admin" label={t('lift.label', { id: userId })} {...liftOf(userId, pages.again)}>{t('lift.ask')}</ActButton> },
          ]}
        />
      </Card>
    </>
  )
}
