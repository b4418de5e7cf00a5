// What floats over the rows: up to the first new ones, down to what came meanwhile.

import { useEffect, useRef, useState } from 'preact/hooks'
import { useApp } from '../app/hooks.js'
import { Icon } from '../parts/icon.jsx'

const CHECK_MS = 300

export function useBars({ log, control, jump, rows }) {
  const [isAtBottom, setAtBottom] = useState(true)
  const [up, setUp] = useState({ first: null, mention: null, isChecked: false })
  const seenSeq = useRef(log.conversation?.lastSeq ?? 0)
  if (isAtBottom) seenSeq.current = log.conversation?.lastSeq ?? 0
  useEffect(() => {
    if (!log.isBegun) return undefined
    setUp({ first: log.firstUnreadSeq, mention: log.mentionSeq, isChecked: false })
    const timer = setTimeout(() => { // what is drawn by then needs no way to it
      control.current?.look()
      setUp((old) => ({ ...old, isChecked: true }))
    }, CHECK_MS)
    return () => clearTimeout(timer)
  }, [log.isBegun])

  const onSeen = (first, last) => {
    if (up.first === null && up.mention === null) return
    const indexOf = (key) => rows.findIndex((row) => row.key === key)
    const [from, to] = [indexOf(first), indexOf(last)]
    const mark = indexOf('new')
    const mention = rows.findIndex(({ seq }) => seq === up.mention)
    const isFirstSeen = mark >= 0 && from <= mark + 1
    const isMentionSeen = mention >= 0 && from <= mention && mention <= Math.max(to, from)
    if ((isFirstSeen && up.first !== null) || (isMentionSeen && up.mention !== null)) {
      setUp((old) => ({ ...old, first: isFirstSeen ? null : old.first, mention: isMentionSeen ? null : old.mention }))
    }
  }
  const goUp = async () => {
    if (up.mention !== null) {
      setUp((old) => ({ ...old, mention: null }))
      return jump(up.mention)
    }
    setUp((old) => ({ ...old, first: null }))
    await log.reach(up.first)
    return setTimeout(() => control.current?.to('new', { isFlashed: false, top: 60 }), 30)
  }
  const isUp = up.isChecked && (up.first !== null || up.mention !== null)
  return {
    isAtBottom, onBottom: setAtBottom, onSeen, goUp,
    up: !isUp ? null : up.mention !== null ? { isMention: true } : { n: log.unreadAtFirst },
    below: isAtBottom ? 0 : log.countAfter(seenSeq.current),
    goDown: () => control.current.toBottom({ isSmooth: true }),
  }
}

export function Bars({ bars }) {
  const { t } = useApp()
  const { up, isAtBottom, below } = bars
  return (
    <>
      {up && <button type="button" class="float is-up" onClick={bars.goUp}><Icon name="double-up" size={16} />{up.isMention ? t('chat.mentioned') : t('chat.newAbove', { n: up.n > 99 ? '99+' : up.n })}</button>}
      {!isAtBottom && <button type="button" class={`float is-down ${below ? '' : 'is-bare'}`} aria-label={below ? undefined : t('chat.toNewest')} title={t('chat.toNewest')} onClick={bars.goDown}><Icon name="double-down" size={16} />{below > 0 && t('chat.newBelow', { n: below > 99 ? '99+' : below })}</button>}
    </>
  )
}
