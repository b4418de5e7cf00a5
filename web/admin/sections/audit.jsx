// Who did what, when and why, newest first.

import { ask } from '../app/api.js'
import { usePages } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { query } from '../core/query.js'
import { Card, Time } from '../parts/card.jsx'
import { PagedTable } from '../parts/table.jsx'

const A_PAGE = 50

export function Audit() {
  const pages = usePages((cursor) => ask('GET', `/v1/audit${query({ limit: A_PAGE, cursor })}`))
  return (
    <Card>
      <PagedTable
        label={t('audit.title')} pages={pages} items="entries" empty={t('audit.none')} keyOf={({ id }) => id} columns={[
          { name: t('audit.when'), cell: ({ when }) => <Time at={when} /> },
          { name: t('audit.who'), class: 'is-id', cell: ({ who }) => <b>{who}</b> },
          { name: t('audit.what'), class: 'is-wide', cell: ({ what }) => <code>{what}</code> },
          { name: t('audit.why'), class: 'is-wide', cell: ({ why }) => why || <span class="soft">{t('audit.noWhy')}</span> },
        ]}
      />
    </Card>
  )
}
