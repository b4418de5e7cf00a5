// A message by its id, and messages by their words.

import { ask, can } from '../app/api.js'
import { useAnswer } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { go } from '../app/route.js'
import { isMessageId } from '../core/ids.js'
import { Card } from '../parts/card.jsx'
import { Lookup } from '../parts/lookup.jsx'
import { Missing } from '../parts/scopes.jsx'
import { MessageSearch } from './message-search.jsx'
import { Recall } from './message-recall.jsx'
import { Trace, TraceFacts } from './message-trace.jsx'
import { Verdict } from './message-verdict.jsx'

export const Messages = ({ id }) => (
  <>
    <Lookup section="messages" label={t('messages.id')} id={id} isGood={isMessageId} rule={t('rule.message')} onFind={(one) => go('messages', one)} />
    {isMessageId(id) && <Message key={id} id={id} />}
    {can('admin') && <MessageSearch />}
    {!id && <Missing scopes={['admin', 'push']} />}
  </>
)

function Message({ id }) {
  const trace = useAnswer(() => ask('GET', `/v1/messages/${id}/trace`))
  return (
    <>
      <Card title={t('messages.one', { id })} actions={<Recall id={id} after={trace.again} />}>
        {trace.value && <TraceFacts trace={trace.value} />}
        {trace.value && can('admin') && <Verdict id={id} isChecked={trace.value.moderation !== null} />}
        <Missing scopes={['admin', 'push']} />
      </Card>
      <Trace trace={trace} />
    </>
  )
}
