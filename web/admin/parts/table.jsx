// Lists: a table where there is room, else a card a row. The roles stay whatever the sheet makes of the boxes.

import { t } from '../app/lang.js'
import { Trouble } from './trouble.jsx'

/**
 * @param {{label: string, columns: {name: string, cell: (row) => any, class?: string}[], rows: object[], keyOf: (row) => string,
 *   isCompact?: boolean}} props `isCompact`: its columns have room everywhere
 */
export const Table = ({ label, columns, rows, keyOf, isLoading, isCompact }) => (
  <table class={`table ${isCompact ? 'is-compact' : ''}`} role="table" aria-label={label} aria-busy={String(Boolean(isLoading))}>
    <thead role="rowgroup"><tr role="row">{columns.map(({ name, class: className }) => <th key={name} role="columnheader" scope="col" class={className}>{name}</th>)}</tr></thead>
    <tbody role="rowgroup">
      {rows.map((row) => (
        <tr role="row" key={keyOf(row)}>
          {columns.map(({ name, cell, class: className = '' }) => <td key={name} role="cell" class={className} data-label={name}><div class="cell">{cell(row)}</div></td>)}
        </tr>
      ))}
    </tbody>
  </table>
)

/** While nothing is there yet, when it is refused, when there is nothing; else what `children` draws of it. */
export function Answer({ answer, children }) {
  if (answer.error) return <Trouble error={answer.error} again={answer.again} />
  if (answer.value === undefined) return <Waiting />
  return children(answer.value)
}

export const Waiting = () => <p class="waiting" role="status"><i class="ring" /><span>{t('wait.asking')}</span></p>

/** A list that comes in pages, of which one is here. @param {{pages: object, items: string}} props of usePages(); the list's name in the answer */
export function PagedTable({ pages, items, empty, ...table }) {
  return (
    <Answer answer={pages}>
      {(value) => (
        <>
          {value[items].length > 0 ? <Table {...table} rows={value[items]} isLoading={pages.isLoading} /> : <p class="empty">{empty}</p>}
          <Pager {...pages} />
        </>
      )}
    </Answer>
  )
}

/** Where there is more than one page: from one to the other. @param {object} props of usePages() or useParts(); `again`: a button asks anew */
export const Pager = ({ number, next, back, again, isLoading }) => (again || next || back) && (
  <div class="pager" role="group" aria-label={t('pager')}>
    {again && <button type="button" class="button" disabled={isLoading} onClick={again}>{t('again')}</button>}
    {(next || back) && (
      <div class="pager-steps">
        <button type="button" class="button" disabled={!back || isLoading} onClick={back}>{t('pager.back')}</button>
        <span class="soft" aria-live="polite">{t('pager.page', { n: number })}</span>
        <button type="button" class="button" disabled={!next || isLoading} onClick={next}>{t('pager.next')}</button>
      </div>
    )}
  </div>
)
