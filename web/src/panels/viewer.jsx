// Pictures and films of a chat, as large as the window: wheel and pinch zoom, arrows, Esc, download.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useApp, useFile } from '../app/hooks.js'
import { Modal } from '../parts/dialog.jsx'
import { IconButton } from '../parts/icon.jsx'
import { save } from '../chat/file.jsx'

const ZOOM_MAX = 8

/** Of the messages that the client has and those on their way. */
function itemsOf(im, place) {
  const { sender, client, local } = im
  const logged = (client.conversation(place)?.messages || []).filter(({ kind, recalled, id }) => ['image', 'video'].includes(kind) && !recalled && !local.hidden.has(id))
  const aliases = sender.aliases
  const own = new Map(sender.entries(place).filter(({ localPath }) => localPath instanceof Blob).map((entry) => [entry.clientMsgId, entry]))
  return [
    ...logged.map((message) => ({ ...message, key: message.from === im.me && message.clientMsgId ? aliases[message.clientMsgId] || message.clientMsgId : `seq:${message.seq}` })),
    ...[...own.values()].filter(({ kind, clientMsgId }) => ['image', 'video'].includes(kind) && !logged.some((message) => message.clientMsgId === clientMsgId)).map((entry) => ({ ...entry, key: aliases[entry.clientMsgId] || entry.clientMsgId })),
  ]
}

export function Viewer({ place, first, onClose }) {
  const { im, ui, t } = useApp()
  const items = useMemo(() => itemsOf(im, place), [])
  const [at, setAt] = useState(() => Math.max(0, items.findIndex(({ key }) => key === first)))
  const item = items[at]
  const step = (by) => setAt((old) => Math.max(0, Math.min(items.length - 1, old + by)))
  const onKeyDown = (event) => {
    if (event.key === 'ArrowLeft') step(-1)
    else if (event.key === 'ArrowRight') step(1)
  }
  if (!item) return null
  return (
    <Modal class="viewer" label={t(`label.${item.kind}`)} onClose={onClose}>
      <div class="viewer-inside" onKeyDown={onKeyDown}>
        <Shown key={item.key} item={item} onClose={onClose} step={step} />
        <p class="viewer-count" aria-live="polite">{t('label.viewer', { n: at + 1, total: items.length })}</p>
        <div class="viewer-tools">
          {item.content?.fileId && <IconButton name="download" label={t('action.download')} onClick={() => save(im, ui, t, item.content.fileId, item.content.name)} />}
          <IconButton name="close" label={t('action.close')} autofocus onClick={onClose} />
        </div>
        {at > 0 && <IconButton class="viewer-step is-before" name="chevron-left" label={t('viewer.before')} onClick={() => step(-1)} />}
        {at < items.length - 1 && <IconButton class="viewer-step is-after" name="chevron-right" label={t('viewer.after')} onClick={() => step(1)} />}
      </div>
    </Modal>
  )
}

function Shown({ item, onClose, step }) {
  const { im, t } = useApp()
  const local = item.localPath instanceof Blob ? im.files.urlOf(item.localPath) : null
  const { url, isFailed, retry } = useFile(item.content?.fileId, !local)
  const src = local || url
  if (isFailed && !src) return <button type="button" class="load-failed" onClick={retry}>{t('bubble.retryPicture')}</button>
  if (!src) return <i class="ring is-large" />
  return item.kind === 'video' ? <video src={src} controls autoplay /> : <Zoomed src={src} onClose={onClose} step={step} />
}

function Zoomed({ src, onClose, step }) {
  const { t } = useApp()
  const node = useRef(null)
  const view = useRef({ scale: 1, x: 0, y: 0 })
  const fingers = useRef(new Map())
  const moved = useRef(0)
  const show = () => {
    const { scale, x, y } = view.current
    node.current.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
  }
  /** Larger or smaller, what is at the point staying there. */
  const zoom = (factor, clientX, clientY) => {
    const old = view.current
    const scale = Math.max(1, Math.min(ZOOM_MAX, old.scale * factor))
    const [px, py] = [clientX - innerWidth / 2, clientY - innerHeight / 2]
    const by = scale / old.scale
    view.current = scale === 1 ? { scale: 1, x: 0, y: 0 } : { scale, x: px - (px - old.x) * by, y: py - (py - old.y) * by }
    show()
  }
  useEffect(() => {
    const wheel = (event) => {
      event.preventDefault()
      zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY)
    }
    const { current } = node
    current.parentElement.addEventListener('wheel', wheel, { passive: false })
    return () => current.parentElement?.removeEventListener('wheel', wheel)
  }, [])
  const onPointerDown = (event) => {
    fingers.current.set(event.pointerId, event)
    moved.current = 0
    event.currentTarget.setPointerCapture(event.pointerId)
  }
  const onPointerMove = (event) => {
    const before = fingers.current.get(event.pointerId)
    if (!before) return
    const others = [...fingers.current.values()].filter(({ pointerId }) => pointerId !== event.pointerId)
    if (others.length === 1) {
      const distance = ({ clientX, clientY }) => Math.hypot(clientX - others[0].clientX, clientY - others[0].clientY)
      zoom(distance(event) / Math.max(1, distance(before)), (event.clientX + others[0].clientX) / 2, (event.clientY + others[0].clientY) / 2)
    } else if (view.current.scale > 1) {
      view.current.x += event.clientX - before.clientX
      view.current.y += event.clientY - before.clientY
      show()
    }
    moved.current += event.clientX - before.clientX
    fingers.current.set(event.pointerId, event)
  }
  const onPointerUp = (event) => {
    fingers.current.delete(event.pointerId)
    if (view.current.scale > 1 || fingers.current.size) return
    if (Math.abs(moved.current) > 60) step(moved.current > 0 ? -1 : 1)
    else if (event.pointerType === 'mouse' && Math.abs(moved.current) < 5 && event.target !== node.current) onClose()
  }
  return (
    <div class="viewer-stage" onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp} onPointerCancel={onPointerUp} onDblClick={({ clientX, clientY }) => zoom(view.current.scale > 1 ? 1 / ZOOM_MAX : 2.5, clientX, clientY)}>
      <img ref={node} src={src} alt={t('label.image')} draggable={false} />
    </div>
  )
}
