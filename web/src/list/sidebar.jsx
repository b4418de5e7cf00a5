// The first column: who one is, search, conversations.

import { useEffect, useRef, useState } from 'preact/hooks'
import { nameIn, LOGO } from '../app/brand.js'
import { useApp } from '../app/hooks.js'
import { PlaceAvatar } from '../parts/avatar.jsx'
import { Icon, IconButton } from '../parts/icon.jsx'
import { Menu } from '../parts/menu.jsx'
import { Conversations } from './conversations.jsx'
import { Results } from './results.jsx'

export function Sidebar({ isNarrow, width }) {
  const { im, ui, look, t } = useApp()
  const [menuAt, setMenuAt] = useState(null)
  const { title, strip } = im.view
  const name = nameIn(look.lang)
  const state = title && t(`state.${title}`)
  // In English the words of the state stand alone: with the name they are too wide.
  const heading = !state ? name : look.lang === 'zh' && Array.from(name).length <= 5 ? `${name}(${state})` : state
  return (
    <nav class="sidebar" style={isNarrow ? undefined : { width }} aria-label={t('list.title')}>
      <header class="sidebar-head">
        <img src={LOGO} alt="" width="28" height="28" />
        <h1 aria-live="polite">{heading}</h1>
        {im.me && <button type="button" class="me-button" aria-label={t('me.title')} title={t('me.title')} onClick={() => ui.show({ name: 'me' })}><PlaceAvatar place={{ userId: im.me }} size={32} /></button>}
      </header>
      <div class="sidebar-search">
        <SearchField hasKeys={!isNarrow} />
        <IconButton name="plus-circle" label={t('list.new')} aria-haspopup="menu" onClick={(event) => setMenuAt(event.currentTarget.getBoundingClientRect())} />
      </div>
      {menuAt && <Menu at={menuAt} side="end" label={t('list.new')} onClose={() => setMenuAt(null)} onPick={(key) => ui.ask({ name: key })}
        items={[{ key: 'newGroup', text: t('group.new'), icon: 'group' }, { key: 'addContact', text: t('contact.add'), icon: 'person-add' }]} />}
      {strip && <Strip kind={strip} />}
      {ui.query ? <Results query={ui.query} /> : <Conversations />}
    </nav>
  )
}

/** At most one, under the title. */
export function Strip({ kind, isChat = false }) {
  const { im, t } = useApp()
  if (kind === 'network') return <p class="strip" role="status"><Icon name="info" size={16} />{t(isChat ? 'strip.network' : 'strip.networkList')}</p>
  return <button type="button" class="strip" onClick={() => im.connect()}><Icon name="info" size={16} />{t('strip.connecting')}</button>
}

function SearchField({ hasKeys }) {
  const { ui, t } = useApp()
  const [text, setText] = useState(ui.query)
  const field = useRef(null)
  const timer = useRef(null)
  useEffect(() => () => clearTimeout(timer.current), [])
  const search = (value, ms) => {
    setText(value)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => ui.change({ query: value.trim() }), ms)
  }
  const onKeyDown = (event) => {
    if (event.key === 'Escape' && text) {
      event.preventDefault()
      search('', 0)
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      const first = field.current.closest('nav').querySelector('.sidebar-scroll .row')
      if (!first) return
      event.preventDefault()
      if (event.key === 'Enter') first.click()
      else first.focus()
    }
  }
  const key = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl K'
  return (
    <label class="search-field">
      <Icon name="search" size={16} />
      <input ref={field} type="text" role="searchbox" aria-label={t('search.title')} placeholder={hasKeys ? `${t('search.title')}  ${key}` : t('search.title')} value={text} maxLength={64}
        autocomplete="off" onInput={({ target }) => search(target.value, 300)} onKeyDown={onKeyDown} />
      {text && <IconButton name="close-circle" size={16} label={t('search.clear')} onClick={() => { search('', 0); field.current.focus() }} />}
    </label>
  )
}
