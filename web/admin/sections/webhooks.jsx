// The webhooks of the configuration, and what each was given up with.

import { ask, can } from '../app/api.js'
import { useAnswer } from '../app/hooks.js'
import { count, span } from '../core/format.js'
import { lang, t } from '../app/lang.js'
import { ActButton } from '../parts/act-button.jsx'
import { go } from '../app/route.js'
import { Card, Facts, Time } from '../parts/card.jsx'
import { Missing } from '../parts/scopes.jsx'
import { Answer } from '../parts/table.jsx'
import { Failed } from './webhook-failed.jsx'

const FAILED_MAX = 1_000
const LOOKS = { delivering: 'is-good', failing: 'is-bad', disabled: 'is-bad' }

/** @param {{id: string}} props the webhook whose failed events are open */
export function Webhooks({ id }) {
  const answer = useAnswer(() => ask('GET', '/v1/webhooks'))
  return (
    <Answer answer={answer}>
      {({ webhooks }) => (
        <>
          {webhooks.length === 0 && <Card><p class="empty">{t('webhooks.none')}</p></Card>}
          {webhooks.map((hook) => <Webhook key={hook.name} hook={hook} isOpen={hook.name === id} again={answer.again} />)}
          {webhooks.length > 0 && !can('admin') && <Missing scopes={['admin']} />}
        </>
      )}
    </Answer>
  )
}

function Webhook({ hook, isOpen, again }) {
  const { name, state } = hook
  const lag = span(hook.lagSeconds).map(([n, unit]) => t(`span.${unit}`, { n })).join(' ')
  const enable = { title: t('enable.title', { name }), text: t('enable.text'), confirm: t('enable.do'), done: t('enable.done'), after: again, act: (why) => ask('POST', `/v1/webhooks/${name}/enable`, { why }) }
  const toggle = <button type="button" class="button" aria-expanded={String(isOpen)} onClick={() => go('webhooks', isOpen ? '' : name)}>{t(isOpen ? 'webhooks.hide' : 'webhooks.show')}</button>
  return (
    <Card title={name} actions={(
      <>
        <span class={`pill ${LOOKS[state] || ''}`}><i />{LOOKS[state] ? t(`webhooks.${state}`) : state}</span>
        {state === 'disabled' && <ActButton needs="admin" {...enable}>{t('enable.ask')}</ActButton>}
      </>
    )}>
      <Facts facts={[
        [t('webhooks.url'), <span class="mono">{hook.url}</span>, true],
        [t('webhooks.lag'), hook.lagSeconds === 0 ? t('webhooks.noLag') : lag],
        [t('webhooks.lastId'), <span class="mono">{hook.lastId}</span>],
        [t('webhooks.failed'), hook.failed >= FAILED_MAX ? `${count(FAILED_MAX, lang.value)}+` : count(hook.failed, lang.value)],
        ...(hook.nextTryAt ? [[t('webhooks.next'), <Time at={hook.nextTryAt} />]] : []),
        ...(hook.lastError ? [[t('webhooks.error'), <span>{hook.lastError.detail} <span class="soft">· <Time at={hook.lastError.at} /></span></span>, true]] : []),
      ]} />
      {isOpen && <Failed name={name} onChange={again}>{toggle}</Failed>}
      {!isOpen && hook.failed > 0 && <div class="actions">{toggle}</div>}
    </Card>
  )
}
