// Before anything is changed: what will happen, and why one does it.

import { useId, useRef, useState } from 'preact/hooks'
import { asked, say } from '../app/act.js'
import { t } from '../app/lang.js'
import { isWhy, WHY_MAX } from '../core/problem.js'
import { Dialog } from './dialog.jsx'
import { Fields } from './fields.jsx'
import { Trouble } from './trouble.jsx'

/** Draws the action that is asked about, each anew. */
export function ActDialog() {
  const action = asked.value
  return action && <Asking key={action} action={action} />
}

function Asking({ action }) {
  const { title, text, confirm, danger, typed, fields = [], act, done, after } = action
  const [why, setWhy] = useState('')
  const [name, setName] = useState('')
  const [values, setValues] = useState(() => Object.fromEntries(fields.map((field) => [field.name, field.value ?? ''])))
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState(null)
  const isRunning = useRef(false)
  const hint = useId()
  const isGood = isWhy(why) && (!typed || name === typed) && fields.every(({ name: one, isGood: test }) => !test || test(values[one]))
  const close = () => { if (!isRunning.current) asked.value = null }
  const submit = async (event) => {
    event.preventDefault()
    if (!isGood || isRunning.current) return
    isRunning.current = true
    setBusy(true)
    setError(null)
    try {
      const answer = await act(why, values)
      asked.value = null
      say(done)
      after?.(answer)
    } catch (failure) {
      isRunning.current = false
      setBusy(false)
      setError(failure)
    }
  }
  return (
    <Dialog class="ask" label={title} onClose={close}>
      <form onSubmit={submit} aria-busy={String(isBusy)}>
        <h2>{title}</h2>
        {text && <p class="ask-text">{text}</p>}
        <Fields fields={fields} values={values} onChange={setValues} isOff={isBusy} />
        {typed && (
          <label class="labelled">
            <span>{t('act.type', { id: typed })}</span>
            <input class="field mono" value={name} autocomplete="off" autocapitalize="off" spellcheck={false} disabled={isBusy} onInput={({ target }) => setName(target.value)} />
          </label>
        )}
        <label class="labelled">
          <span>{t('act.why')}</span>
          <textarea class="field" rows={2} value={why} required autofocus={fields.length === 0 && !typed} disabled={isBusy} aria-describedby={hint} onInput={({ target }) => setWhy(target.value)} />
        </label>
        <p class="hint" id={hint}>{t('act.hint')} <span class={Array.from(why.trim()).length > WHY_MAX ? 'wrong' : ''}>{Array.from(why.trim()).length}/{WHY_MAX}</span></p>
        {error && <Trouble error={error} />}
        <div class="ask-buttons">
          <button type="button" class="button" disabled={isBusy} onClick={close}>{t('act.cancel')}</button>
          <button class={`button ${danger ? 'is-danger' : 'is-main'}`} disabled={!isGood || isBusy}>{isBusy ? <i class="ring" role="status" aria-label={t('wait.asking')} /> : confirm}</button>
        </div>
      </form>
    </Dialog>
  )
}
