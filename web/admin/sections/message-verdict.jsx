import { ask } from '../app/api.js'
import { useAnswer } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { Facts, Time } from '../parts/card.jsx'
import { Answer } from '../parts/table.jsx'

/** Who judged, as the server names it. */
const BY = { words: 'verdict.by.words', wechat: 'verdict.by.wechat' }

/** What a content check says of a message; the trace knows whether there was one. */
export const Verdict = ({ id, isChecked }) => (
  <div class="part">
    <h3>{t('verdict.title')}</h3>
    {isChecked ? <Said id={id} /> : <p class="soft">{t('verdict.none')}</p>}
  </div>
)

function Said({ id }) {
  const answer = useAnswer(() => ask('GET', `/v1/messages/${id}/moderation`))
  return (
    <Answer answer={answer}>
      {({ verdict, by, label, at }) => (
        <Facts facts={[
          [t('verdict.verdict'), <span class={`pill is-plain is-${verdict}`}><i />{t(`verdict.${verdict}`)}</span>],
          [t('verdict.by'), BY[by] ? t(BY[by]) : by || '–'],
          [t('verdict.label'), label ?? '–'],
          [t('verdict.at'), <Time at={at} />],
        ]} />
      )}
    </Answer>
  )
}
