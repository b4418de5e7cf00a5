// What the key may not do, said once where it would stand.

import { can } from '../app/api.js'
import { t } from '../app/lang.js'

const Scopes = ({ scopes }) => <span class="tags">{scopes.map((scope) => <span key={scope} class="tag">{scope}</span>)}</span>

/** In the place of a section. */
export const NeedsScope = ({ scope }) => (
  <section class="card needs"><p>{t('scope.section')} <Scopes scopes={[scope]} /></p></section>
)

/** Below buttons that are not all there. @param {{scopes: string[]}} props those that they need */
export function Missing({ scopes }) {
  const lacking = scopes.filter((scope) => !can(scope))
  return lacking.length > 0 && <p class="hint missing">{t('scope.actions')} <Scopes scopes={lacking} /></p>
}
