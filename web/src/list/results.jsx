// What a search over everything finds: people and groups that are known here, and messages that the server knows.

import { useEffect, useRef, useState } from 'preact/hooks'
import { listTime } from '../../../miniprogram/components/hy-chat/core/time.js'
import { words } from '../../../miniprogram/components/hy-chat/core/preview.js'
import { keyOf } from '../../../miniprogram/components/hy-chat/core/place.js'
import { useApp } from '../app/hooks.js'
import { titleOf } from '../app/titles.js'
import { PlaceAvatar } from '../parts/avatar.jsx'
import { Marked, Skeleton } from '../parts/cells.jsx'
import { Slow } from './conversations.jsx'

const PAGE = 20

/** The place of a message that was found, as one's own list has it. */
export const placeOfMessage = ({ from, to }, me) => (to.groupId !== undefined ? to : { userId: from === me ? to.userId : from })

/** Pages of a search: {found, hasMore, more, isBusy, error, again}. The one before is of no interest any more. */
export function useSearch(query, place) {
  const { im } = useApp()
  const [state, setState] = useState({ found: [], cursor: null, isBusy: true, error: null })
  const current = useRef(0)
  const load = async (cursor) => {
    const mine = cursor ? current.current : ++current.current
    setState((old) => ({ ...old, isBusy: true, error: null, ...(cursor ? {} : { found: [], cursor: null }) }))
    try {
      const answer = await im.client.call('message.search', { query, limit: PAGE, ...(place ? { in: place } : {}), ...(cursor ? { cursor } : {}) })
      if (mine !== current.current) return
      setState((old) => ({ found: [...(cursor ? old.found : []), ...answer.messages], cursor: answer.cursor, isBusy: false, error: null }))
    } catch (error) {
      if (mine === current.current) setState((old) => ({ ...old, isBusy: false, error }))
    }
  }
  useEffect(() => {
    if (query) load(null)
    return () => { current.current++ }
  }, [query, place && keyOf(place)])
  return { ...state, more: () => { if (state.cursor && !state.isBusy) load(state.cursor) }, again: () => load(null) }
}

export function Results({ query }) {
  const { im, ui, t } = useApp()
  const { found, isBusy, error, more, again } = useSearch(query)
  const people = im.client.conversations.map(({ place }) => ({ place, name: titleOf(im, place, t).name })).filter(({ name, place }) => name.toLowerCase().includes(query.toLowerCase()) || place.userId === query)
  const isEmpty = !people.length && !found.length && !isBusy && !error
  const nearEnd = ({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => { if (scrollHeight - scrollTop - clientHeight < clientHeight) more() }
  return (
    <div class="sidebar-scroll results" onScroll={nearEnd}>
      {people.length > 0 && <h2>{t('search.people')}</h2>}
      {people.slice(0, 20).map(({ place, name }) => (
        <button key={keyOf(place)} type="button" class="row is-small" onClick={() => ui.open(place)}><PlaceAvatar place={place} size={40} /><span class="row-words"><span class="row-name"><Marked text={name} query={query} /></span></span></button>
      ))}
      {(found.length > 0 || isBusy || error) && <h2>{t('search.messages')}</h2>}
      {found.map((message) => <Hit key={message.id} message={message} query={query} />)}
      {isBusy && <Slow><Skeleton rows={3} /></Slow>}
      {error && <button type="button" class="load-failed" onClick={again}>{t(error.code === -32053 ? 'search.slow' : im.isOnline ? 'chat.retryLoad' : 'refused.network')}</button>}
      {isEmpty && <p class="nothing" role="status">{t('search.none', { query })}</p>}
    </div>
  )
}

/** A message that was found: opens its chat there. @param {{inChat?: boolean}} props of one chat it says who wrote, else where */
export function Hit({ message, query, inChat = false }) {
  const { im, ui, t } = useApp()
  const place = placeOfMessage(message, im.me)
  const writer = { userId: message.from }
  const name = inChat ? im.directory.nameOf(message.from, t) : titleOf(im, place, t).name
  return (
    <button type="button" class="row is-small" onClick={() => ui.open(place, { seq: message.seq })}>
      <PlaceAvatar place={inChat ? writer : place} size={40} />
      <span class="row-words">
        <span class="row-top"><span class="row-name">{name}</span><time>{listTime(Date.parse(message.createTime), im.client.now(), t)}</time></span>
        <span class="row-preview"><Marked text={words(message, t)} query={query} /></span>
      </span>
    </button>
  )
}
