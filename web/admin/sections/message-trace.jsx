// What became of a message: where it went, step by step.

import { useParts } from '../app/hooks.js'
import { addressOf } from '../app/route.js'
import { lang, t } from '../app/lang.js'
import { count } from '../core/format.js'
import { NAMED_MAX, stepsOf } from '../core/trace.js'
import { Card, Facts, PlaceLink, Time } from '../parts/card.jsx'
import { Answer, Pager } from '../parts/table.jsx'

const A_PAGE = 50
const STATES = { sent: 'is-good', waiting: '', failed: 'is-bad' }

/** @param {{trace: object}} props of useAnswer() */
export const Trace = ({ trace }) => <Card title={t('trace.title')}><Answer answer={trace}>{(value) => <Traced trace={value} />}</Answer></Card>

/** Whose message it is. */
export const TraceFacts = ({ trace: { from, to, seq, recalled } }) => (
  <Facts facts={[
    [t('search.from'), <PlaceLink place={{ userId: from }} />],
    [t('search.to'), <PlaceLink place={to} />],
    [t('trace.seq'), seq],
    [t('trace.state'), t(recalled ? 'preview.recalled' : 'trace.stands')],
  ]} />
)

function Traced({ trace }) {
  const { delivered, read, webhooks, silentNodes } = trace
  // Whom WeChat was asked to tell can be all of a group.
  const { rows: steps, ...parts } = useParts(stepsOf(trace), A_PAGE)
  const n = (value) => count(value, lang.value)
  return (
    <>
      <Facts facts={[
        [t('trace.sessions'), n(delivered.sessions)],
        [t('trace.readers'), t('trace.readOf', { n: n(read.users), of: n(read.of) })],
        ...delivered.nodes.map(({ node, sessions, taken }) => [t('trace.node', { node }), t('trace.takenOf', { n: n(taken), of: n(sessions) })]),
        ...webhooks.map(({ name, state, error }) => [t('trace.webhook', { name }), <span class={`pill is-plain ${STATES[state] || ''}`}><i />{t(`trace.${state}`)}{error && ` · ${error}`}</span>]),
      ]} />
      <ol class="trace">{steps.map((step, i) => <Step key={i} {...step} />)}</ol>
      <Pager {...parts} />
      {[delivered, read].some(({ each }) => each.length >= NAMED_MAX) && <p class="hint">{t('trace.named', { n: NAMED_MAX })}</p>}
      {silentNodes.length > 0 && <p class="note is-warning">{t('trace.silent', { nodes: silentNodes.join(', ') })}</p>}
    </>
  )
}

const Step = ({ what, at, node, userId, sessionId, verdict }) => (
  <li>
    <Time at={at} isExact />
    <b>{t(`step.${what}`)}</b>
    <span class="trace-facts">
      {userId && <a class="link mono" href={addressOf('users', userId)}>{userId}</a>}
      {node && <span class="tag">{node}</span>}
      {sessionId !== undefined && <span class="soft mono">{sessionId || t('trace.classic')}</span>}
      {verdict && <span>{t(`verdict.${verdict}`)}</span>}
    </span>
  </li>
)
