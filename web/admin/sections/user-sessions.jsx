import { useParts } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { Card, Time } from '../parts/card.jsx'
import { Answer, Pager, Table } from '../parts/table.jsx'

const A_PAGE = 10

/** Where a user is connected: a handful, or as many as `limits.sessions` lets in. @param {{sessions: object}} props of useAnswer() */
export const Sessions = ({ sessions }) => (
  <Card title={t('sessions.title')} actions={<button type="button" class="button" disabled={sessions.isLoading} onClick={sessions.again}>{t('again')}</button>}>
    <Answer answer={sessions}>
      {({ sessions: all }) => (all.length === 0 ? <p class="empty">{t('sessions.none')}</p> : <List all={all} />)}
    </Answer>
  </Card>
)

function List({ all }) {
  const { rows, ...parts } = useParts(all, A_PAGE)
  return (
    <>
      <Table
        label={t('sessions.title')} rows={rows} keyOf={({ sessionId }) => sessionId} columns={[
          { name: t('sessions.device'), class: 'is-id', cell: ({ device }) => <span class="mono">{device || '–'}</span> },
          { name: t('sessions.kind'), cell: ({ kind }) => kind },
          { name: t('sessions.node'), class: 'is-id', cell: ({ node }) => <span class="mono">{node}</span> },
          { name: t('sessions.since'), cell: ({ since }) => <Time at={since} /> },
          { name: t('sessions.id'), cell: ({ sessionId }) => <span class="mono">{sessionId}</span> },
        ]}
      />
      <Pager {...parts} />
    </>
  )
}
