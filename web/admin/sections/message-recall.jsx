import { ask } from '../app/api.js'
import { t } from '../app/lang.js'
import { ActButton } from '../parts/act-button.jsx'

/** Takes a message back, whoever sent it and whenever. */
export const Recall = ({ id, label, after }) => (
  <ActButton
    needs="push" label={label} danger title={t('recall.title', { id })} text={t('recall.text')} confirm={t('recall.do')} done={t('recall.done', { id })} after={after}
    act={(why) => ask('POST', `/v1/messages/${id}/recall`, { why })}
  >
    {t('recall.ask')}
  </ActButton>
)
