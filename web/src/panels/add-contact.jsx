import { useState } from 'preact/hooks'
import { isUserId } from '../app/login.js'
import { useApp } from '../app/hooks.js'
import { copy } from '../chat/actions.jsx'
import { Box } from '../parts/dialog.jsx'

/** A chat with whoever has an id: there are no friends to make first. */
export function AddContact({ onClose }) {
  const { im, ui, t } = useApp()
  const [text, setText] = useState('')
  const [wrong, setWrong] = useState(null)
  const find = async (event) => {
    event.preventDefault()
    const userId = text.trim()
    if (!isUserId(userId)) return setWrong(t('contact.wrongId'))
    if (userId === im.me) return setWrong(t('contact.self'))
    onClose()
    return ui.open({ userId })
  }
  return (
    <Box title={t('contact.add')} class="is-small" onClose={onClose}>
      <form class="box-form" onSubmit={find}>
        <label>{t('contact.id')}<input class="field" value={text} maxLength={64} autofocus autocomplete="off" autocapitalize="off" spellcheck={false} aria-invalid={String(Boolean(wrong))} onInput={({ target }) => { setText(target.value); setWrong(null) }} /></label>
        {wrong && <p class="wrong" role="alert">{wrong}</p>}
        <button class="button">{t('profile.message')}</button>
        <p class="hint">{t('contact.own')} <button type="button" class="name-link" onClick={() => copy(im.me, ui, t)}>{im.me}</button></p>
      </form>
    </Box>
  )
}
