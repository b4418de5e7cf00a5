import { askFor } from '../app/act.js'
import { can } from '../app/api.js'

/** A button that asks for an action; of what the key may not do there is none. */
export function ActButton({ needs, danger, isOff, children, label, ...action }) {
  if (!can(needs)) return null
  return <button type="button" class={`button ${danger ? 'is-risky' : ''}`} aria-label={label} disabled={isOff} onClick={() => askFor({ danger, ...action })}>{children}</button>
}
