import { addressOf } from '../app/route.js'
import { t } from '../app/lang.js'
import { recent } from '../app/recent.js'

/** What was looked up in a section before. */
export function Recent({ section }) {
  const ids = recent.value[section] || []
  return ids.length > 0 && (
    <nav class="recent" aria-label={t('recent')}>
      <span class="soft" aria-hidden="true">{t('recent')}</span>
      {ids.map((id) => <a key={id} class="button mono" href={addressOf(section, id)}>{id}</a>)}
    </nav>
  )
}
