// People to choose from: whoever one has talked to, and anybody by id.

import { useMemo, useState } from 'preact/hooks'
import { isUserId } from '../app/login.js'
import { useApp, useIm } from '../app/hooks.js'
import { Avatar } from '../parts/avatar.jsx'
import { Icon } from '../parts/icon.jsx'

/** Whoever has a conversation with one. */
export function useContacts() {
  const { t } = useApp()
  const im = useIm()
  return im.client.conversations.filter(({ place }) => place.userId && place.userId !== im.me).map(({ place: { userId } }) => ({ userId, name: im.directory.nameOf(userId, t) }))
    .sort((a, b) => a.name.localeCompare(b.name, t.lang === 'zh' ? 'zh-CN' : 'en'))
}

/** @param {{chosen: string[], setChosen: Function, without?: string[]}} props */
export function Choose({ chosen, setChosen, without = [] }) {
  const { im, t } = useApp()
  const [query, setQuery] = useState('')
  const [added, setAdded] = useState(() => chosen)
  const contacts = useContacts()
  const extra = useMemo(() => added.filter((id) => !contacts.some(({ userId }) => userId === id)), [added, contacts])
  const all = [...extra.map((userId) => ({ userId, name: im.directory.nameOf(userId, t) })), ...contacts].filter(({ userId }) => !without.includes(userId))
  const found = all.filter(({ name, userId }) => !query || name.toLowerCase().includes(query.toLowerCase()) || userId === query)
  const isNew = isUserId(query) && query !== im.me && !without.includes(query) && !all.some(({ userId }) => userId === query)
  const toggle = (userId) => setChosen(chosen.includes(userId) ? chosen.filter((id) => id !== userId) : [...chosen, userId])
  const add = () => {
    setAdded([query, ...added])
    setChosen([...chosen, query])
    setQuery('')
  }
  return (
    <>
      {chosen.length > 0 && <p class="chosen">{chosen.map((userId) => <button key={userId} type="button" title={im.directory.nameOf(userId, t)} aria-label={`${t('group.remove')} ${im.directory.nameOf(userId, t)}`} onClick={() => toggle(userId)}><Avatar userId={userId} name={im.directory.nameOf(userId, t)} avatar={im.directory.user(userId).avatar} size={32} /></button>)}</p>}
      <label class="search-field"><Icon name="search" size={16} /><input type="text" role="searchbox" aria-label={t('people.search')} placeholder={t('people.search')} value={query} autofocus onInput={({ target }) => setQuery(target.value.trim())}
        onKeyDown={(event) => { if (event.key === 'Enter') { event.preventDefault(); if (isNew) add() } }} /></label>
      <ul class="people-rows is-choice">
        {isNew && <li><button type="button" class="row is-small" onClick={add}><span class="avatar is-icon"><Icon name="person-add" size={20} /></span><span class="row-words"><span class="row-name">{t('people.addId', { id: query })}</span></span></button></li>}
        {found.map(({ userId, name }) => (
          <li key={userId}><button type="button" class="row is-small" role="checkbox" aria-checked={String(chosen.includes(userId))} onClick={() => toggle(userId)}>
            <span class={`select-circle ${chosen.includes(userId) ? 'is-on' : ''}`}>{chosen.includes(userId) && <Icon name="check" size={16} />}</span><Avatar userId={userId} name={name} avatar={im.directory.user(userId).avatar} size={40} /><span class="row-words"><span class="row-name">{name}</span></span>
          </button></li>
        ))}
        {!found.length && !isNew && <li class="nothing">{t('people.none')}</li>}
      </ul>
    </>
  )
}
