// The frame: the menu, and the section that is open. The menu is a column where there is room, else it comes out of a bar.

import { useEffect, useRef, useState } from 'preact/hooks'
import { can, leave, me } from './api.js'
import { toast } from './act.js'
import { t } from './lang.js'
import { overview, readiness } from './poll.js'
import { addressOf, route, SECTIONS } from './route.js'
import { ActDialog } from '../parts/act-dialog.jsx'
import { Dialog } from '../parts/dialog.jsx'
import { Languages } from '../parts/languages.jsx'
import { NeedsScope } from '../parts/scopes.jsx'
import { Audit } from '../sections/audit.jsx'
import { Backup } from '../sections/backup.jsx'
import { Files } from '../sections/files.jsx'
import { Groups } from '../sections/groups.jsx'
import { Messages } from '../sections/messages.jsx'
import { Moderation } from '../sections/moderation.jsx'
import { Overview } from '../sections/overview.jsx'
import { Users } from '../sections/users.jsx'
import { Webhooks } from '../sections/webhooks.jsx'
import { useMedia } from '../../src/app/hooks.js'
import { Icon } from '../../src/parts/icon.jsx'

/** Without room for the menu's column; and without room for tables. */
const NARROW = '(max-width: 899px)'
const SMALL = '(max-width: 639px)'
const PAGES = { overview: Overview, users: Users, groups: Groups, messages: Messages, webhooks: Webhooks, moderation: Moderation, files: Files, audit: Audit, backup: Backup }

export function Shell() {
  const isNarrow = useMedia(NARROW)
  const isSmall = useMedia(SMALL)
  const { section, id } = route.value
  const heading = useRef(null)
  const isFirst = useRef(true)
  const title = t(`nav.${section.name}`)
  useEffect(() => { document.title = `${title} · ${t('brand')}` })
  // Who goes by keys or by ear is told that another section is there.
  useEffect(() => {
    if (!isFirst.current) heading.current.focus()
    isFirst.current = false
    scrollTo(0, 0)
  }, [section.name])
  const Page = PAGES[section.name]
  return (
    <div class={`shell ${isNarrow ? 'is-narrow' : ''} ${isSmall ? 'is-small' : ''}`}>
      <button type="button" class="skip unseen button" onClick={() => heading.current.focus()}>{t('nav.skip')}</button>
      {isNarrow ? <Bar /> : <aside class="side"><Brand /><Menu /><Who /></aside>}
      <main class="main">
        <header class="page-head">
          <h1 ref={heading} tabIndex={-1}>{title}</h1>
          <p class="soft">{t(`${section.name}.about`)}</p>
        </header>
        {can(section.needs) ? <Page id={id} /> : <NeedsScope scope={section.needs} />}
      </main>
      <ActDialog />
      <div class="toast" role="status" aria-live="polite">{toast.value && <span>{toast.value}</span>}</div>
    </div>
  )
}

const Brand = () => (
  <div class="brand">
    <Icon name="goose" size={28} />
    <div class="brand-text"><b>{t('brand')}</b><small>{overview.value ? `${overview.value.node} · ${overview.value.version}` : t('brand.admin')}</small></div>
  </div>
)

function Menu({ onChoose }) {
  const { section } = route.value
  return (
    <nav class="menu" aria-label={t('nav.menu')}>
      {SECTIONS.map(({ name, icon, needs }) => (
        <a key={name} href={addressOf(name)} class={`menu-item ${can(needs) ? '' : 'is-closed'}`} aria-current={section.name === name ? 'page' : undefined} onClick={onChoose}>
          <Icon name={icon} size={20} />
          <span>{t(`nav.${name}`)}</span>
          {!can(needs) && <small>{t('nav.needs', { scope: needs })}</small>}
        </a>
      ))}
    </nav>
  )
}

/** Whose key it is, the language, the way out. */
const Who = () => (
  <footer class="who">
    <div class="who-key"><b>{me.value.name}</b><span class="tags">{me.value.scopes.map((scope) => <span class="tag" key={scope}>{scope}</span>)}</span></div>
    <Languages />
    <button type="button" class="button" onClick={() => leave()}>{t('who.leave')}</button>
  </footer>
)

function Bar() {
  const [isOpen, setOpen] = useState(false)
  const close = () => setOpen(false)
  const isAway = readiness.value?.isReady === false
  return (
    <header class="bar">
      <button type="button" class="icon-button" aria-label={t('nav.open')} aria-expanded={String(isOpen)} aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <svg viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path class="stroke" d="M4 7h16M4 12h16M4 17h16" /></svg>
      </button>
      <Icon name="goose" size={24} />
      <b class="bar-title">{t('brand')}</b>
      {isAway && <span class="pill is-bad"><i />{t('ready.not')}</span>}
      {isOpen && (
        <Dialog class="drawer" label={t('nav.menu')} onClose={close} closesBeside>
          <div class="drawer-head"><Brand /><button type="button" class="icon-button" aria-label={t('close')} onClick={close}><Icon name="close" /></button></div>
          <Menu onChoose={close} />
          <Who />
        </Dialog>
      )}
    </header>
  )
}
