// Messages to other chats.

import { useState } from 'preact/hooks'
import { keyOf } from '../../../miniprogram/components/hy-chat/core/place.js'
import { words } from '../../../miniprogram/components/hy-chat/core/preview.js'
import { useApp, useIm } from '../app/hooks.js'
import { titleOf } from '../app/titles.js'
import { PlaceAvatar } from '../parts/avatar.jsx'
import { Box } from '../parts/dialog.jsx'
import { Icon } from '../parts/icon.jsx'

const CHATS_MAX = 9

export function Forward({ messages, onClose }) {
  const { ui, t } = useApp()
  const im = useIm()
  const [chosen, setChosen] = useState([])
  const [query, setQuery] = useState('')
  const all = im.client.conversations.map(({ place }) => ({ key: keyOf(place), place, name: titleOf(im, place, t).name })).filter(({ name }) => name.toLowerCase().includes(query.toLowerCase()))
  const toggle = (key) => {
    if (chosen.includes(key)) setChosen(chosen.filter((one) => one !== key))
    else if (chosen.length < CHATS_MAX) setChosen([...chosen, key])
    else ui.say(t('forward.limit', { n: CHATS_MAX }))
  }
  const send = () => {
    const places = im.client.conversations.map(({ place }) => place).filter((place) => chosen.includes(keyOf(place)))
    for (const to of places) for (const { kind, content } of messages) im.sender.send({ to, kind, content: kind === 'text' ? content : contentOf(kind, content) }).catch(() => {}) // the bubble says so
    onClose()
    ui.say(t('toast.sent'))
  }
  const footer = <button type="button" class="button" disabled={!chosen.length} onClick={send}>{chosen.length ? t('forward.sendN', { n: chosen.length }) : t('composer.send')}</button>
  return (
    <Box title={t('menu.forward')} onClose={onClose} footer={footer}>
      <p class="quote is-preview">{messages.length > 1 ? t('forward.many', { n: messages.length }) : words(messages[0], t)}</p>
      <label class="search-field"><Icon name="search" size={16} /><input type="text" role="searchbox" aria-label={t('search.title')} placeholder={t('search.title')} value={query} autofocus onInput={({ target }) => setQuery(target.value.trim())} /></label>
      <ul class="people-rows is-choice">
        {all.map(({ key, place, name }) => (
          <li key={key}><button type="button" class="row is-small" role="checkbox" aria-checked={String(chosen.includes(key))} onClick={() => toggle(key)}>
            <span class={`select-circle ${chosen.includes(key) ? 'is-on' : ''}`}>{chosen.includes(key) && <Icon name="check" size={16} />}</span><PlaceAvatar place={place} size={40} /><span class="row-words"><span class="row-name">{name}</span></span>
          </button></li>
        ))}
      </ul>
    </Box>
  )
}

/** Of a file the server has all but its id. */
const contentOf = (kind, content) => (['image', 'video', 'file'].includes(kind) ? { fileId: content.fileId } : content)
