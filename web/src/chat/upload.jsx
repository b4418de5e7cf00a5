// Files that come in by a button, by pasting or by dropping.

import { useEffect, useRef, useState } from 'preact/hooks'
import { look } from '../app/pictures.js'
import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

const AT_ONCE_MAX = 9
const MB = 1048576

const filesOf = (transfer) => [...(transfer?.files || [])]
const hasFiles = (event) => [...(event.dataTransfer?.types || [])].includes('Files')

export function useFiles(place) {
  const { im, ui, t } = useApp()
  const [isOver, setOver] = useState(false)

  /** Sends what is not too large, in the order chosen; says what was left out. */
  const send = async (given) => {
    const { fileBytes } = im.client.limits || {}
    const most = fileBytes || 20 * MB
    if (fileBytes === 0) return ui.say(t('refused.fileOff'))
    const files = given.slice(0, AT_ONCE_MAX)
    const fitting = files.filter(({ size }) => size <= most && size > 0)
    const left = [...files.filter((file) => !fitting.includes(file)), ...given.slice(AT_ONCE_MAX)]
    if (files.some(({ size }) => size > most)) ui.say(left.length === given.length && given.length === 1 ? t('file.tooLarge', { n: Math.floor(most / MB) }) : `${t('file.tooLarge', { n: Math.floor(most / MB) })} ${t('file.leftOut', { names: left.map(({ name }) => name).join(t('name.join')) })}`)
    else if (left.length) ui.say(t('file.leftOut', { names: left.map(({ name }) => name).join(t('name.join')) }))
    for (const file of fitting) {
      const facts = await look(file)
      im.sender.sendFile({ to: place, path: file, name: file.name, size: file.size, ...facts }).catch(() => {}) // the bubble says so
    }
    return fitting.length
  }
  return {
    send, isOver, setOver,
    onDragEnter: (event) => {
      if (!hasFiles(event)) return
      event.preventDefault()
      setOver(true)
    },
    onDragOver: (event) => { if (hasFiles(event)) event.preventDefault() },
    onPaste: (event) => {
      const files = filesOf(event.clipboardData)
      if (!files.length) return
      event.preventDefault()
      send(files)
    },
    onDrop: (event) => {
      event.preventDefault()
      setOver(false)
      send(filesOf(event.dataTransfer))
    },
  }
}

/** Over the whole chat while files are held over it. */
export function DropZone({ name, setOver, onDrop }) {
  const { t } = useApp()
  const node = useRef(null)
  useEffect(() => {
    const stop = (event) => { if (event.key === 'Escape') setOver(false) }
    addEventListener('keydown', stop)
    return () => removeEventListener('keydown', stop)
  }, [])
  return <div ref={node} class="drop-zone" onDragOver={(event) => event.preventDefault()} onDragLeave={() => setOver(false)} onDrop={onDrop}><p><Icon name="file" size={40} />{t('composer.drop', { name })}</p></div>
}
