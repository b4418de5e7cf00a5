// How the server does: ready or why not, what it is, and its figures over time.

import { useRef, useState } from 'preact/hooks'
import { lang, t } from '../app/lang.js'
import { overview, readiness, samples, trouble } from '../app/poll.js'
import { addressOf } from '../app/route.js'
import { FIGURES, nodesOf, nodeToShow, ofNode, seriesOf } from '../core/figures.js'
import { count, share, span } from '../core/format.js'
import { Card, Facts } from '../parts/card.jsx'
import { Chart } from '../parts/chart.jsx'
import { Waiting } from '../parts/table.jsx'
import { Trouble } from '../parts/trouble.jsx'

const MINUTES = [5, 15, 60]

export function Overview() {
  const [minutes, setMinutes] = useState(MINUTES[0])
  const wanted = useRef(null)
  const [, choose] = useState(null)
  const now = overview.value
  const all = samples.value
  if (!now) return trouble.value ? <Trouble error={trouble.value} /> : <Waiting />
  // Behind a balancer the answers are of one node and the other: drawn is one of them.
  wanted.current = nodeToShow(all, wanted.current)
  const shown = ofNode(all, wanted.current)
  const nodes = nodesOf(all)
  const to = all[all.length - 1].at
  const from = to - minutes * 60_000
  return (
    <>
      <Ready />
      {trouble.value && <Trouble error={trouble.value} />}
      <Server now={now} />
      <div class="charts-head">
        <h2>{now.nodes.length > 1 ? t('overview.figuresOf', { node: wanted.current }) : t('overview.figures')}</h2>
        {nodes.length > 1 && <Choice label={t('overview.node')} options={nodes.map((node) => [node, node])} chosen={wanted.current} onChoose={(node) => { wanted.current = node; choose(node) }} />}
        <Choice label={t('overview.window')} options={MINUTES.map((n) => [n, n === 60 ? t('overview.hour') : t('overview.minutes', { n })])} chosen={minutes} onChoose={setMinutes} />
      </div>
      <div class="charts">
        {FIGURES.map((figure) => (
          <Chart key={figure.name} title={t(`figure.${figure.name}`)} unit={figure.unit} series={seriesOf(figure, shown)} from={from} to={to} floor={figure.floor} top={figure.topOf?.(shown)} note={noteOf(figure.name, shown)} />
        ))}
      </div>
    </>
  )
}

/** A word beside a figure: of counters what they are at. */
function noteOf(name, shown) {
  const last = [...shown].reverse().find(({ isMissing }) => !isMissing)
  if (!last) return null
  if (name === 'memory' && last.limit) return t('figure.share', { percent: share(last.memory / last.limit, lang.value) })
  if (name === 'messages' || name === 'deliveries') return t('figure.total', { total: count(last[name], lang.value) })
  if (name === 'commit') return t('figure.commits', { total: count(last.commits, lang.value) })
  return null
}

const Choice = ({ label, options, chosen, onChoose }) => (
  <div class="choice" role="group" aria-label={label}>
    {options.map(([value, text]) => <button key={value} type="button" aria-pressed={String(value === chosen)} onClick={() => onChoose(value)}>{text}</button>)}
  </div>
)

function Ready() {
  const state = readiness.value
  if (!state) return null
  if (state.isReady) return null
  return <div class="note is-wrong" role="alert"><p><b>{t('ready.not')}</b></p><p>{state.why || t('trouble.silent')}</p></div>
}

function Server({ now }) {
  const { figures } = now
  const failed = figures.webhooksFailed
  const failedText = t('overview.sinceStart', { n: count(failed, lang.value) })
  const up = span(now.uptimeSeconds).map(([n, unit]) => t(`span.${unit}`, { n })).join(' ')
  const ready = readiness.value
  return (
    <Card title={t('overview.server')} actions={ready && <span class={`pill ${ready.isReady ? 'is-good' : 'is-bad'}`} role="status"><i />{t(ready.isReady ? 'ready.yes' : 'ready.not')}</span>}>
      <Facts facts={[
        [t('overview.version'), now.version],
        [t('overview.uptime'), up],
        [t('overview.database'), now.database],
        [t('overview.auth'), now.auth],
        [t('overview.failed'), failed > 0 ? <a class="link" href={addressOf('webhooks')}>{failedText}</a> : failedText],
        [t('overview.nodes', { n: now.nodes.length }), <span class="tags">{now.nodes.map((node) => <span key={node} class={`tag ${node === now.node ? 'is-this' : ''}`} title={node === now.node ? t('overview.thisNode') : undefined}>{node}</span>)}</span>, true],
      ]} />
    </Card>
  )
}
