// What a bubble holds, by the kind of its message.

import { useState } from 'preact/hooks'
import { kindLabel } from '../../../miniprogram/components/hy-chat/core/preview.js'
import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'
import { Picture, Video } from './media.jsx'
import { FileCard, sizeText } from './file.jsx'
import { OrderCard } from './order.jsx'
import { Voice } from './voice.jsx'

export { sizeText }

const LINES_MAX = 30
const FOLDED_LINES = 20

/** Drawn without a bubble around it. */
export const isBare = ({ kind, lone }) => ['image', 'video'].includes(kind) || lone > 0

export function Body({ row, context }) {
  switch (row.kind) {
    case 'text': return <Text row={row} context={context} />
    case 'image': return <Picture row={row} context={context} />
    case 'video': return <Video row={row} context={context} />
    case 'voice': return <Voice row={row} context={context} />
    case 'file': return <FileCard row={row} context={context} />
    case 'location': return <Location content={row.content || {}} />
    case 'custom': return row.content?.type === 'order' ? <OrderCard content={row.content} actions={context.actions} /> : <Unknown row={row} />
    default: return <Unknown row={row} />
  }
}

const Unknown = ({ row }) => {
  const { t } = useApp()
  return <span class="text">{kindLabel(row.kind === 'custom' ? 'custom' : 'unknown', row.content, t)}</span>
}

function Text({ row, context }) {
  const { ui, t } = useApp()
  const [isWhole, setWhole] = useState(false)
  const isLong = String(row.content).split('\n').length > LINES_MAX
  if (row.lone) return <span class="text is-lone">{row.content}</span>
  let { segments } = row
  if (isLong && !isWhole) segments = [{ kind: 'text', text: `${String(row.content).split('\n').slice(0, FOLDED_LINES).join('\n')}\n` }]
  return (
    <span class="text">
      {segments.map(({ kind, text, value }, i) => {
        if (kind === 'url') return <a key={i} href={value} target="_blank" rel="noopener noreferrer">{text}</a>
        if (kind === 'phone') return <a key={i} href={`tel:${value}`}>{text}</a>
        if (kind === 'mention' && value !== 'all') return <button key={i} type="button" class="mention" onClick={() => ui.show({ name: 'profile', userId: value })}>{text}</button>
        return kind === 'mention' ? <b key={i} class="mention">{text}</b> : text
      })}
      {row.streaming && <i class="caret" aria-hidden="true">▍</i>}
      {row.edited && <span class="edited"> {t('bubble.edited')}</span>}
      {isLong && <button type="button" class="show-all" onClick={() => setWhole(!isWhole)}>{t(isWhole ? 'chat.fold' : 'bubble.showAll')}</button>}
    </span>
  )
}

/** No map: that would be another's server. */
function Location({ content }) {
  const { name, address, latitude, longitude } = content
  const { t } = useApp()
  const isPlace = Number.isFinite(latitude) && Number.isFinite(longitude)
  const inner = (
    <>
      <span class="card-words"><b>{name || t('kind.location')}</b>{address && <span class="soft">{address}</span>}</span>
      <Icon name="location" size={28} />
    </>
  )
  // The system's own maps, where it has some.
  return isPlace ? <a class="card is-location" href={`geo:${latitude},${longitude}?q=${latitude},${longitude}`}>{inner}</a> : <span class="card is-location">{inner}</span>
}
