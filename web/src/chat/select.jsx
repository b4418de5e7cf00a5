// Several messages at once.

import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

export function SelectBar({ rows, selected, onDone }) {
  const { im, ui, t } = useApp()
  const chosen = rows.filter(({ key }) => selected.has(key))
  // As WeChat: voices are not forwarded, nor what is not understood or not sent.
  const forwarded = chosen.filter(({ kind, seq, streaming }) => seq !== null && kind !== 'voice' && kind !== 'unknown' && !streaming)
  const remove = () => ui.ask({
    name: 'confirm', title: t('menu.delete'), text: t('menu.deleteHint'), confirm: t('menu.delete'), danger: true,
    act: () => {
      for (const { id } of chosen) if (id) im.local.hidden.add(id)
      im.changed()
      onDone()
    },
  })
  return (
    <div class="select-bar">
      <button type="button" disabled={!forwarded.length} onClick={() => { ui.ask({ name: 'forward', messages: forwarded.map(({ kind, content }) => ({ kind, content })) }); onDone() }}><Icon name="forward" />{t('select.forward', { n: forwarded.length })}</button>
      <button type="button" disabled={!chosen.length} onClick={remove}><Icon name="delete" />{t('select.delete')}</button>
    </div>
  )
}
