import { ask } from '../app/api.js'
import { usePages } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { query } from '../core/query.js'
import { Card, PlaceLink, Time } from '../parts/card.jsx'
import { Preview } from '../parts/preview.jsx'
import { PagedTable } from '../parts/table.jsx'

const A_PAGE = 20

export function Conversations({ id }) {
  const pages = usePages((cursor) => ask('GET', `/v1/conversations${query({ userId: id, limit: A_PAGE, cursor })}`))
  return (
    <Card title={t('conversations.title')}>
      <PagedTable
        label={t('conversations.title')} pages={pages} items="conversations" empty={t('conversations.none')} keyOf={({ conversationId }) => conversationId} columns={[
          { name: t('conversations.with'), class: 'is-id', cell: ({ place }) => <span class="place"><small class="soft">{t(place.groupId === undefined ? 'place.user' : 'place.group')}</small><PlaceLink place={place} /></span> },
          { name: t('conversations.last'), class: 'is-wide', cell: ({ lastMessage }) => (lastMessage ? <Preview message={lastMessage} /> : '–') },
          { name: t('conversations.unread'), class: 'is-number', cell: ({ unread }) => (unread >= 999 ? '999+' : unread) },
          { name: t('conversations.at'), cell: ({ lastMessage }) => <Time at={lastMessage?.createTime} /> },
        ]}
      />
    </Card>
  )
}
