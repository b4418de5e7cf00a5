import { ask } from '../app/api.js'
import { usePages } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { query } from '../core/query.js'
import { ActButton } from '../parts/act-button.jsx'
import { Time } from '../parts/card.jsx'
import { PagedTable } from '../parts/table.jsx'

const A_PAGE = 50

/** What a webhook was given up with, by id: the cursor is the last id of a page. `children`: a button that hides it. */
export function Failed({ name, onChange, children }) {
  const pages = usePages(async (afterId) => {
    const { failed, hasMore } = await ask('GET', `/v1/webhooks/${name}/failed${query({ afterId, limit: A_PAGE })}`)
    return { failed, cursor: hasMore ? failed[failed.length - 1].id : null }
  })
  const replay = (ids) => ({
    title: ids.length === 1 ? t('replay.one', { id: ids[0] }) : t('replay.many', { n: ids.length }), text: t('replay.text', { name }), confirm: t('replay.do'), done: t('replay.done'),
    after: () => { pages.again(); onChange() },
    act: (why) => ask('POST', `/v1/webhooks/${name}/replay`, { why, body: { ids } }),
  })
  const ids = pages.value?.failed.map(({ id }) => id) || []
  return (
    <div class="part">
      <div class="actions">{children}{ids.length > 1 && <ActButton needs="admin" {...replay(ids)}>{t('replay.page', { n: ids.length })}</ActButton>}</div>
      <PagedTable
        label={t('failed.title', { name })} pages={pages} items="failed" empty={t('failed.none')} keyOf={({ id }) => id} columns={[
          { name: t('failed.id'), cell: ({ id }) => <span class="mono">{id}</span> },
          { name: t('failed.error'), class: 'is-wide', cell: ({ error }) => error },
          { name: t('failed.attempts'), class: 'is-number', cell: ({ attempts }) => attempts },
          { name: t('failed.at'), cell: ({ failedAt }) => <Time at={failedAt} /> },
          { name: '', class: 'is-action', cell: ({ id }) => <ActButton needs="admin" label={t('replay.label', { id })} {...replay([id])}>{t('replay.ask')}</ActButton> },
        ]}
      />
    </div>
  )
}
