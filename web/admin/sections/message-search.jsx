import { useState } from 'preact/hooks'
import { ask } from '../app/api.js'
import { usePages } from '../app/hooks.js'
import { t } from '../app/lang.js'
import { addressOf } from '../app/route.js'
import { isId } from '../core/ids.js'
import { query } from '../core/query.js'
import { Card, PlaceLink, Time } from '../parts/card.jsx'
import { Preview } from '../parts/preview.jsx'
import { PagedTable } from '../parts/table.jsx'
import { Recall } from './message-recall.jsx'

const A_PAGE = 20
const WORDS_MAX = 100

/** Words in one user's conversations. */
export function MessageSearch() {
  const [asked, setAsked] = useState(null)
  const [userId, setUserId] = useState('')
  const [words, setWords] = useState('')
  const [isWrong, setWrong] = useState(false)
  const submit = (event) => {
    event.preventDefault()
    const isGood = isId(userId.trim())
    setWrong(!isGood)
    if (isGood && words.trim()) setAsked({ userId: userId.trim(), query: words.trim() })
  }
  return (
    <Card title={t('search.title')}>
      <form class="lookup is-two" role="search" onSubmit={submit}>
        <label class="labelled"><span>{t('search.user')}</span><input class="field mono" value={userId} required autocomplete="off" autocapitalize="off" spellcheck={false} aria-invalid={String(isWrong)} onInput={({ target }) => { setUserId(target.value); setWrong(false) }} /></label>
        <label class="labelled"><span>{t('search.words')}</span><input class="field" value={words} required maxLength={WORDS_MAX} autocomplete="off" enterkeyhint="search" onInput={({ target }) => setWords(target.value)} /></label>
        <button class="button is-main">{t('search.do')}</button>
        {isWrong && <p class="wrong" role="alert">{t('rule.id')}</p>}
      </form>
      {asked && <Found key={JSON.stringify(asked)} asked={asked} />}
    </Card>
  )
}

function Found({ asked }) {
  const pages = usePages((cursor) => ask('GET', `/v1/search${query({ ...asked, limit: A_PAGE, cursor })}`))
  return (
    <PagedTable
      label={t('search.found')} pages={pages} items="messages" empty={t('search.none')} keyOf={({ id }) => id} columns={[
        { name: t('search.id'), cell: ({ id }) => <a class="link mono" href={addressOf('messages', String(id))} aria-label={t('search.open', { id })}>{id}</a> },
        { name: t('search.from'), class: 'is-id', cell: ({ from }) => <PlaceLink place={{ userId: from }} /> },
        { name: t('search.to'), class: 'is-id', cell: ({ to }) => <PlaceLink place={to} /> },
        { name: t('search.message'), class: 'is-wide', cell: (message) => <Preview message={message} /> },
        { name: t('search.at'), cell: ({ createTime }) => <Time at={createTime} /> },
        { name: '', class: 'is-action', cell: ({ id, recalled }) => !recalled && <Recall id={id} label={t('recall.label', { id })} after={pages.again} /> },
      ]}
    />
  )
}
