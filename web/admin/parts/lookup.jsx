import { useEffect, useState } from 'preact/hooks'
import { t } from '../app/lang.js'
import { remember } from '../app/recent.js'
import { Recent } from './recent.jsx'

/**
 * Asks for an id, and goes on with a good one.
 * @param {{isGood: (text: string) => boolean, rule: string, onFind: (id: string) => void, section?: string}} props `rule`: what a good one is;
 *   `section`: where what is found is remembered
 */
export function Lookup({ label, section, id = '', isGood, rule, onFind, button = t('lookup.find') }) {
  const [text, setText] = useState(id)
  const [isWrong, setWrong] = useState(false)
  useEffect(() => {
    setText(id)
    setWrong(false)
    if (section && isGood(id)) remember(section, id)
  }, [id])
  const submit = (event) => {
    event.preventDefault()
    const wanted = text.trim()
    setWrong(!isGood(wanted))
    if (isGood(wanted)) onFind(wanted)
  }
  return (
    <form class="lookup" role="search" onSubmit={submit}>
      <label class="labelled">
        <span>{label}</span>
        <input class="field mono" value={text} autocomplete="off" autocapitalize="off" spellcheck={false} enterkeyhint="search" aria-invalid={String(isWrong)} onInput={({ target }) => { setText(target.value); setWrong(false) }} />
      </label>
      <button class="button is-main">{button}</button>
      {isWrong && <p class="wrong" role="alert">{rule}</p>}
      {section && !id && <Recent section={section} />}
    </form>
  )
}
