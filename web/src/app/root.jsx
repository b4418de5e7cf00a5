// First who somebody is, then the chat.

import { useEffect, useMemo, useState } from 'preact/hooks'
import { AppContext, useChanges } from './hooks.js'
import { Im } from './im.js'
import { Ui } from './ui.js'
import { Asking, ChooseWho, NeedToken } from './entry.jsx'
import { Shell } from './shell.jsx'

const BETWEEN_MS = 20
const TRY_MS = [1_000, 3_000, 9_000]

export function Root({ look, login }) {
  useChanges((listener) => look.onChange(listener), [look])
  const [visit, setVisit] = useState(0)
  const [wanted, setWanted] = useState(null)
  const [isBetween, setBetween] = useState(false)
  /** One visit ends, and has kept what it has to keep, before the next begins. */
  const again = () => {
    setWanted(null)
    setBetween(true)
    setTimeout(() => {
      setVisit((n) => n + 1)
      setBetween(false)
    }, BETWEEN_MS)
  }

  useEffect(() => {
    const changed = () => { if (login.takeFromAddress()) again() }
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [login])

  useEffect(() => {
    if (login.isKnown) return undefined
    let isOver = false
    const find = async (tries) => {
      const answer = await login.wanted().catch(() => null)
      if (isOver) return
      setWanted(answer || 'away')
      if (!answer) setTimeout(() => { if (!isOver) find(tries + 1) }, TRY_MS[Math.min(tries, TRY_MS.length - 1)])
    }
    find(0)
    return () => { isOver = true }
  }, [login, visit])

  const { t } = look
  if (isBetween) return null
  if (login.isKnown) return <Session key={visit} look={look} login={login} onLeave={again} />
  const props = { t, look, login, onEnter: again }
  if (wanted === 'token') return <NeedToken {...props} />
  if (wanted === 'demo') return <ChooseWho {...props} />
  return <Asking {...props} isAway={wanted === 'away'} />
}

function Session({ look, login, onLeave }) {
  const [im] = useState(() => new Im(login))
  const [ui] = useState(() => new Ui())
  useChanges((listener) => im.onChange(listener), [im])
  useChanges((listener) => look.onChange(listener), [look])
  useEffect(() => () => {
    im.end()
    ui.end()
  }, [])
  const { t } = look
  // Another object only where something in it is another: whatever takes it is drawn anew then.
  const app = useMemo(() => ({
    im, look, t, ui,
    leave: () => {
      im.isForgotten = true
      login.forget()
      onLeave()
    },
  }), [im, look, t, ui])
  if (im.state === 'unauthorized') {
    return <NeedToken t={t} look={look} login={login} why={t(im.hasSynced ? 'closed.unauthorized' : 'entry.refused')} onEnter={onLeave} />
  }
  return <AppContext.Provider value={app}><Shell /></AppContext.Provider>
}
