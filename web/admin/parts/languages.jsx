import { choose, lang, t } from '../app/lang.js'

const NAMES = { zh: '中文', en: 'English' }

/** In which language the page speaks. */
export const Languages = () => (
  <div class="choice" role="group" aria-label={t('language')}>
    {Object.entries(NAMES).map(([code, name]) => <button key={code} type="button" lang={code} aria-pressed={String(lang.value === code)} onClick={() => choose(code)}>{name}</button>)}
  </div>
)
