// What went wrong, in the server's words, in the place of what was asked for.

import { t } from '../app/lang.js'

/** @param {{error: import('../core/problem.js').Problem, again?: () => void}} props */
export function Trouble({ error, again }) {
  const isSilent = !error.status
  // That there is no such thing is an answer, and the same when asked again.
  const isNothing = error.status === 404
  return (
    <div class={`note ${isNothing ? '' : 'is-wrong'}`} role="alert">
      <p><b>{isSilent ? t('trouble.silent') : error.title || t('trouble.status', { status: error.status })}</b>{!isSilent && error.title && <span class="soft"> {error.status}</span>}</p>
      {error.detail && <p>{error.detail}</p>}
      {again && !isNothing && <button type="button" class="button" onClick={again}>{t('trouble.again')}</button>}
    </div>
  )
}
