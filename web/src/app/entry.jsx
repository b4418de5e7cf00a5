// The door: a token is wanted, or who one is, or the server does not answer.

import { useState } from 'preact/hooks'
import { LOGO, nameIn, welcomeIn } from './brand.js'
import { isUserId } from './login.js'
import { Avatar } from '../parts/avatar.jsx'

/** Of the demo, by id. */
export const PEOPLE = ['1', '2', '3', '4']

const Door = ({ look, children }) => (
  <main class="door">
    <img class="door-logo" src={LOGO} alt="" width="72" height="72" />
    <h1>{nameIn(look.lang)}</h1>
    <p class="door-welcome">{welcomeIn(look.lang)}</p>
    {children}
  </main>
)

/** Before it is known what the server wants. */
export const Asking = ({ look, t, isAway }) => (
  <Door look={look}><p class="door-note" role="status">{t(isAway ? 'entry.away' : 'entry.asking')}</p></Door>
)

/** The server wants a token. @param {{why?: string}} props why the last one is not good any more */
export function NeedToken({ look, t, login, why, onEnter }) {
  const [isOpen, setOpen] = useState(false)
  const [text, setText] = useState('')
  const [isWrong, setWrong] = useState(false)
  const enter = (event) => {
    event.preventDefault()
    const token = text.trim()
    if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return setWrong(true)
    login.useToken(token)
    return onEnter()
  }
  return (
    <Door look={look}>
      <p class="door-note" role="status">{why || t('entry.fromShop')}</p>
      {why && <p class="door-note">{t('entry.fromShop')}</p>}
      {!isOpen && <button type="button" class="button is-plain" onClick={() => setOpen(true)}>{t('entry.useToken')}</button>}
      {isOpen && (
        <form class="door-form" onSubmit={enter}>
          <label>{t('entry.token')}<input value={text} onInput={(event) => { setText(event.target.value); setWrong(false) }} autocomplete="off" spellcheck={false} autofocus aria-invalid={String(isWrong)} /></label>
          {isWrong && <p class="wrong" role="alert">{t('entry.noToken')}</p>}
          <button class="button">{t('entry.logIn')}</button>
        </form>
      )}
    </Door>
  )
}

/** A server without a login takes anyone as anyone. */
export function ChooseWho({ look, t, login, onEnter }) {
  const [text, setText] = useState('')
  const [isWrong, setWrong] = useState(false)
  const enter = (userId) => {
    if (!isUserId(userId)) return setWrong(true)
    login.choose(userId)
    return onEnter()
  }
  return (
    <Door look={look}>
      <h2>{t('entry.choose')}</h2>
      <div class="door-people">
        {PEOPLE.map((userId) => (
          <button key={userId} type="button" onClick={() => enter(userId)}>
            <Avatar userId={userId} name={t(`entry.person${userId}`)} size={56} /><span>{t(`entry.person${userId}`)}</span>
          </button>
        ))}
      </div>
      <form class="door-form is-line" onSubmit={(event) => { event.preventDefault(); enter(text.trim()) }}>
        <label>{t('entry.id')}<input value={text} maxLength={64} onInput={(event) => { setText(event.target.value); setWrong(false) }} autocomplete="off" autocapitalize="off" spellcheck={false} aria-invalid={String(isWrong)} /></label>
        <button class="button">{t('entry.enter')}</button>
      </form>
      {isWrong && <p class="wrong" role="alert">{t('entry.wrongId')}</p>}
      <p class="door-small">{t('entry.demo')}</p>
      <a class="door-small" href="demo">{t('entry.twoSided')}</a>
    </Door>
  )
}
