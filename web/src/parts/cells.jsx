// Rows of settings and of people, as panels have them.

import { useApp } from '../app/hooks.js'
import { Icon } from './icon.jsx'

/** A row that leads somewhere, or does something. */
export function Cell({ text, value, icon, danger, onClick, children }) {
  const inner = [icon && <Icon name={icon} size={20} />, <span class="cell-text">{text}</span>, value !== undefined && <span class="cell-value">{value}</span>, children]
  if (!onClick) return <div class="row-cell">{inner}</div>
  return <button type="button" class={`row-cell ${danger ? 'is-danger' : ''}`} onClick={onClick}>{inner}{!danger && <Icon name="chevron-right" size={16} />}</button>
}

/** A row that is on or off. It moves at once; `onChange` answers whether it may stay. */
export function Switch({ text, isOn, onChange, disabled }) {
  return (
    <button type="button" class="row-cell" role="switch" aria-checked={String(Boolean(isOn))} disabled={disabled} onClick={() => onChange(!isOn)}>
      <span class="cell-text">{text}</span><i class="switch" />
    </button>
  )
}

/** Rows that belong together. */
export const Cells = ({ children, title }) => <section class="cells">{title && <h3>{title}</h3>}{children}</section>

/** One of several. */
export function Choice({ text, options, value, onChange }) {
  return (
    <fieldset class="choice"><legend>{text}</legend>
      <div class="choice-options">{options.map(([key, label]) => (
        <button key={key} type="button" aria-pressed={String(key === value)} onClick={() => onChange(key)}>{label}</button>
      ))}</div>
    </fieldset>
  )
}

/** Grey rows, for what takes longer than 200 ms. */
export const Skeleton = ({ rows = 6, kind = 'row' }) => <div class={`skeleton is-${kind}`} aria-hidden="true">{Array.from({ length: rows }, (_, i) => <div key={i}><i /><span><b /><b /></span></div>)}</div>

/** In the place of a group that was dismissed, or that one is not in. */
export function Gone() {
  const { t } = useApp()
  return <div class="empty" role="status"><Icon name="group" size={48} /><p class="empty-title">{t('group.gone')}</p><p>{t('group.goneHint')}</p></div>
}

/** The text with what was looked for marked. */
export function Marked({ text, query }) {
  if (!query) return text
  const at = text.toLowerCase().indexOf(query.toLowerCase())
  if (at < 0) return text
  const from = at > 20 ? at - 12 : 0
  return [from ? '…' : '', text.slice(from, at), <mark>{text.slice(at, at + query.length)}</mark>, text.slice(at + query.length)]
}
