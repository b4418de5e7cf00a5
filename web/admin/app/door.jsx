// The door: a key is wanted.

import { useRef, useState } from 'preact/hooks'
import { enter, left } from './api.js'
import { t } from './lang.js'
import { Languages } from '../parts/languages.jsx'
import { Trouble } from '../parts/trouble.jsx'
import { Icon } from '../../src/parts/icon.jsx'
import { isKey, Problem } from '../core/problem.js'

export function Door() {
  const field = useRef(null)
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState(null)
  const submit = async (event) => {
    event.preventDefault()
    // The field has no state of ours: what is typed is read once, and the field is emptied.
    const given = field.current.value.trim()
    if (!given || isBusy) return
    setBusy(true)
    setError(null)
    try {
      if (!isKey(given)) throw new Problem({ status: 401 })
      await enter(given)
    } catch (failure) {
      setBusy(false)
      setError(failure)
      if (!field.current) return
      if (failure.status === 401 || failure.status === 403) field.current.value = ''
      field.current.focus()
    }
  }
  return (
    <main class="door">
      <form class="door-box" onSubmit={submit} autocomplete="off" aria-busy={String(isBusy)}>
        <h1><Icon name="goose" size={32} /><span>{t('door.title')}</span></h1>
        <label class="labelled">
          <span>{t('door.key')}</span>
          <input ref={field} type="password" class="field" autocomplete="off" autocapitalize="off" spellcheck={false} autofocus required maxLength={1024} aria-describedby="door-hint" onInput={() => setError(null)} />
        </label>
        <button class="button is-main" disabled={isBusy}>{isBusy ? <i class="ring" role="status" aria-label={t('wait.asking')} /> : t('door.enter')}</button>
        {error ? <Refusal error={error} /> : left.value && <p class="note is-warning" role="alert">{t(left.value)}</p>}
        <p class="hint" id="door-hint">{t('door.hint')}</p>
      </form>
      <Languages />
    </main>
  )
}

/** A wrong key, one that may not look, or a server that does not answer. */
function Refusal({ error }) {
  if (error.status === 401) return <p class="note is-wrong" role="alert">{t('door.wrong')}</p>
  if (error.status === 403) return <p class="note is-wrong" role="alert">{t('door.lacks', { scope: 'observe' })}</p>
  return <Trouble error={error} />
}
