// Dialogs: one at a time.

import { useState } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { Box, Confirm } from '../parts/dialog.jsx'
import { samePlace } from '../../../miniprogram/components/hy-chat/core/place.js'
import { AddContact } from './add-contact.jsx'
import { AddMembers, NewGroup } from './new-group.jsx'
import { Forward } from './forward.jsx'
import { Viewer } from './viewer.jsx'

const BOXES = { newGroup: NewGroup, addMembers: AddMembers, addContact: AddContact, forward: Forward, viewer: Viewer, text: TextBox, confirm: ConfirmBox }

export function Modals() {
  const { ui } = useApp()
  if (!ui.modal) return null
  const { name, ...props } = ui.modal
  const Content = BOXES[name]
  return <Content key={name} {...props} onClose={() => ui.ask(null)} />
}

/** What is asked before it is done. `closes`: the chat that is no more then. */
function ConfirmBox({ act, closes, onClose, ...props }) {
  const { im, ui, t } = useApp()
  const confirmed = async () => {
    if ((await done(im, ui, t, act)) && closes && samePlace(closes, ui.place)) ui.close()
  }
  return <Confirm {...props} onConfirm={confirmed} onClose={onClose} />
}

/** What the server does may be refused; what is done here is done. */
async function done(im, ui, t, act) {
  try {
    await act()
    return true
  } catch (error) {
    return ui.attempt(im, t, () => { throw error })
  }
}

/** One line of text: a name. */
function TextBox({ title, value, max, act, onClose }) {
  const { im, ui, t } = useApp()
  const [text, setText] = useState(value)
  const [isBusy, setBusy] = useState(false)
  const wanted = text.trim()
  const save = async (event) => {
    event.preventDefault()
    if (!wanted || isBusy) return
    setBusy(true)
    const isDone = wanted === value || (await ui.attempt(im, t, () => act(wanted)))
    setBusy(false)
    if (isDone) onClose()
  }
  return (
    <Box title={title} class="is-small" onClose={onClose}>
      <form class="box-form" onSubmit={save}>
        <input class="field" aria-label={title} value={text} maxLength={max} autofocus onInput={({ target }) => setText(target.value)} />
        <div class="confirm-buttons"><button type="button" class="button is-plain" onClick={onClose}>{t('action.cancel')}</button><button class="button" disabled={!wanted || isBusy}>{isBusy ? <i class="ring" /> : t('composer.save')}</button></div>
      </form>
    </Box>
  )
}
