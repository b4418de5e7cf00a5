// Search in one chat.

import { useState } from 'preact/hooks'
import { useApp, useLater } from '../app/hooks.js'
import { Skeleton } from '../parts/cells.jsx'
import { Icon } from '../parts/icon.jsx'
import { Hit, useSearch } from '../list/results.jsx'

export function Find({ place }) {
  const { im, t } = useApp()
  const [text, setText] = useState('')
  const [query, setQuery] = useState('')
  const later = useLater(setQuery, 300)
  const { found, cursor, isBusy, error, more, again } = useSearch(query, place)
  const write = ({ target }) => {
    setText(target.value)
    later(target.value.trim())
  }
  return (
    <>
      <label class="search-field"><Icon name="search" size={16} /><input data-focus type="text" role="searchbox" aria-label={t('find.title')} placeholder={t('search.title')} value={text} maxLength={64} onInput={write} /></label>
      {query && <div class="results">
        {found.map((message) => <Hit key={message.id} message={message} query={query} inChat />)}
        {isBusy && <Skeleton rows={3} />}
        {error && <button type="button" class="load-failed" onClick={again}>{t(error.code === -32053 ? 'search.slow' : im.isOnline ? 'chat.retryLoad' : 'refused.network')}</button>}
        {cursor && !isBusy && <button type="button" class="load-failed" onClick={more}>{t('search.more')}</button>}
        {!found.length && !isBusy && !error && <p class="nothing" role="status">{t('search.none', { query })}</p>}
      </div>}
    </>
  )
}
