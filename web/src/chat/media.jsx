// Pictures and films: their box is there before their bytes.

import { useEffect, useRef, useState } from 'preact/hooks'
import { useApp, useFile } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

const BOX = { widest: 180, highest: 240, least: 60 }

/** The box of a picture. */
export function boxOf({ width, height } = {}) {
  const [w, h] = width > 0 && height > 0 ? [width, height] : [4, 3].map((side) => side * 45)
  const scale = Math.min(BOX.widest / w, BOX.highest / h, 1)
  return { width: Math.round(Math.max(BOX.least, w * scale)), height: Math.round(Math.max(BOX.least, h * scale)) }
}

/** The file of this device that a bubble shows while it is on its way, and after. */
export function useLocal(row, place) {
  const { im } = useApp()
  if (!row.clientMsgId) return null
  const entry = im.sender.entries(place).find(({ clientMsgId }) => clientMsgId === row.clientMsgId)
  return entry && entry.localPath instanceof Blob ? im.files.urlOf(entry.localPath) : null
}

/** Loaded when it comes near the window. */
function useNear() {
  const node = useRef(null)
  const [isNear, setNear] = useState(false)
  useEffect(() => {
    if (isNear) return undefined
    const observer = new IntersectionObserver(([{ isIntersecting }]) => { if (isIntersecting) setNear(true) }, { rootMargin: '600px 0px' })
    observer.observe(node.current)
    return () => observer.disconnect()
  }, [isNear])
  return [node, isNear]
}

export function Picture({ row, context }) {
  const { ui, t } = useApp()
  const content = row.content || {}
  const local = useLocal(row, context.place)
  const [node, isNear] = useNear()
  const small = row.ext?.preview?.fileId
  const preview = useFile(small, isNear && !local)
  const { url, isFailed, retry } = useFile(content.fileId, isNear && !local)
  const [isBroken, setBroken] = useState(false)
  const shown = local || url || preview.url
  const isWrong = !local && (isFailed || isBroken)
  const box = boxOf(content)
  return (
    <button ref={node} type="button" class="picture" style={box} aria-label={t(isWrong ? 'bubble.retryPicture' : 'label.image')}
      onClick={() => { if (isWrong) { setBroken(false); retry() } else if (shown) ui.ask({ name: 'viewer', place: context.place, first: row.key }) }}>
      {shown && !isBroken && <img src={shown} alt="" draggable={false} onError={() => setBroken(true)} />}
      {isWrong && <span class="picture-told"><Icon name="resend" size={20} />{t('bubble.retryPicture')}</span>}
      {!shown && !isWrong && <i class="ring is-late" />}
    </button>
  )
}

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

export function Video({ row, context }) {
  const { ui, t } = useApp()
  const { seconds, width, height } = row.content || {}
  const box = boxOf(width ? { width, height } : { width: 16, height: 9 })
  const size = width ? box : { width: 180, height: 101 }
  const small = useFile(row.ext?.preview?.fileId)
  return (
    <button type="button" class="picture is-video" style={size} aria-label={`${t('label.play')} ${t('label.video')}`} onClick={() => ui.ask({ name: 'viewer', place: context.place, first: row.key })}>
      {small.url && <img src={small.url} alt="" draggable={false} />}
      <span class="play-disc"><Icon name="play" size={24} /></span>
      {seconds > 0 && <span class="video-length">{clock(seconds)}</span>}
    </button>
  )
}
