import { useState } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

export const sizeText = (bytes) => (bytes < 1e6 ? `${Math.max(1, Math.ceil(bytes / 1024))} KB` : `${(bytes / 1048576).toFixed(1)} MB`)

/** Of a long name its end says more than its middle. */
const cutName = (name) => (name.length > 34 ? `${name.slice(0, 20)}…${name.slice(-12)}` : name)
const typeOf = (name) => (/\.([A-Za-z0-9]{1,5})$/.exec(name)?.[1] || '').toUpperCase()

/** Hands a file of the server to the browser. */
export async function save(im, ui, t, fileId, name) {
  await ui.attempt(im, t, async () => {
    const url = await im.files.get(fileId).catch(({ status }) => { throw { status: status || 0, code: status ? undefined : 'lost' } })
    const link = Object.assign(document.createElement('a'), { href: url, download: name || '' })
    link.click()
  })
}

export function FileCard({ row }) {
  const { im, ui, t } = useApp()
  const [isBusy, setBusy] = useState(false)
  const { fileId, name = '', size } = row.content || {}
  const open = async () => {
    if (isBusy || !fileId) return
    setBusy(true)
    await save(im, ui, t, fileId, name)
    setBusy(false)
  }
  return (
    <button type="button" class="card is-file" onClick={open} title={name}>
      <span class="card-words"><b>{cutName(name) || t('kind.file')}</b>{size > 0 && <span class="soft">{sizeText(size)}</span>}</span>
      <span class="file-type">{isBusy ? <i class="ring" /> : typeOf(name) || <Icon name="file" />}</span>
    </button>
  )
}
