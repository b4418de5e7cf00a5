// A file, looked up by id: what its headers say, and a look at it.

import { useEffect, useState } from 'preact/hooks'
import { askBytes, askHeaders } from '../app/api.js'
import { useAnswer } from '../app/hooks.js'
import { lang, t } from '../app/lang.js'
import { go } from '../app/route.js'
import { save } from '../app/save.js'
import { bytes } from '../core/format.js'
import { isFileId, nameIn } from '../core/ids.js'
import { Card, Facts } from '../parts/card.jsx'
import { Lookup } from '../parts/lookup.jsx'
import { Answer, Waiting } from '../parts/table.jsx'
import { Trouble } from '../parts/trouble.jsx'

/** What is larger is only saved. */
const LOOK_MAX = 32 * 1024 * 1024
const SHOWN = /^(image|audio|video)\//

export const Files = ({ id }) => (
  <>
    <Lookup section="files" label={t('files.id')} id={id} isGood={isFileId} rule={t('rule.file')} onFind={(one) => go('files', one)} />
    {isFileId(id) && <File key={id} id={id} />}
  </>
)

async function factsOf(id) {
  const headers = await askHeaders(`/v1/files/${id}`)
  return { type: headers.get('Content-Type') || '', size: Number(headers.get('Content-Length')), name: nameIn(headers.get('Content-Disposition')) }
}

function File({ id }) {
  const answer = useAnswer(() => factsOf(id))
  return <Answer answer={answer}>{(facts) => <Found id={id} {...facts} />}</Answer>
}

function Found({ id, type, size, name }) {
  const [state, setState] = useState({ url: null, isBusy: false, error: null })
  useEffect(() => () => { if (state.url) URL.revokeObjectURL(state.url) }, [state.url])
  const fetchAnd = (use) => async () => {
    setState((old) => ({ ...old, isBusy: true, error: null }))
    try {
      const { blob } = await askBytes('GET', `/v1/files/${id}`)
      setState((old) => ({ ...old, isBusy: false, ...use(blob) }))
    } catch (error) {
      setState((old) => ({ ...old, isBusy: false, error }))
    }
  }
  const look = fetchAnd((blob) => ({ url: URL.createObjectURL(blob) }))
  const keep = fetchAnd((blob) => save(blob, name || id))
  return (
    <Card title={name || id} actions={(
      <>
        {SHOWN.test(type) && size <= LOOK_MAX && !state.url && <button type="button" class="button" disabled={state.isBusy} onClick={look}>{t('files.look')}</button>}
        <button type="button" class="button" disabled={state.isBusy} onClick={keep}>{t('files.save')}</button>
      </>
    )}>
      <Facts facts={[[t('files.id'), <span class="mono">{id}</span>, true], [t('files.type'), type], [t('files.size'), Number.isFinite(size) ? bytes(size, lang.value) : '–']]} />
      {state.isBusy && <Waiting />}
      {state.error && <Trouble error={state.error} />}
      {state.url && <Shown type={type} url={state.url} name={name} />}
    </Card>
  )
}

function Shown({ type, url, name }) {
  if (type.startsWith('image/')) return <img class="shown" src={url} alt={name || t('files.picture')} />
  return type.startsWith('audio/') ? <audio class="shown" src={url} controls /> : <video class="shown" src={url} controls />
}
