// What opens beside the chat.

import { useLayoutEffect, useRef } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { IconButton } from '../parts/icon.jsx'
import { Blocked } from './blocked.jsx'
import { Find } from './find.jsx'
import { Info } from './info.jsx'
import { Manage } from './manage.jsx'
import { MemberList } from './member-list.jsx'
import { Me } from './me.jsx'
import { Profile } from './profile.jsx'
import { Settings } from './settings.jsx'

const PANELS = { info: [Info, 'label.info'], find: [Find, 'find.title'], members: [MemberList, 'group.members'], manage: [Manage, 'group.manage'], profile: [Profile, 'profile.title'],
  me: [Me, 'me.title'], settings: [Settings, 'settings.title'], blocked: [Blocked, 'settings.blocked'] }

export function Panel({ panel, isOver }) {
  const { ui, t } = useApp()
  const node = useRef(null)
  const [Content, title] = PANELS[panel.name]
  useLayoutEffect(() => {
    const { activeElement } = document
    const field = node.current.querySelector('[data-focus]')
    ;(field || node.current).focus()
    return () => { if (activeElement?.isConnected) activeElement.focus() }
  }, [])
  return (
    <aside ref={node} class={`panel ${isOver ? 'is-over' : ''}`} tabIndex={-1} aria-label={t(title)}>
      <header class="panel-head">
        {ui.panels.length > 1 && <IconButton name="chevron-left" label={t('label.back')} onClick={() => ui.back()} />}
        <h2>{t(title)}</h2>
        <IconButton name="close" label={t('action.close')} onClick={() => ui.change({ panels: [] })} />
      </header>
      <div class="panel-body"><Content {...panel} /></div>
    </aside>
  )
}
