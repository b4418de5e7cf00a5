// Read marks: what has stood on the screen for half a second, in a page that is seen.

import { useEffect, useRef } from 'preact/hooks'
import { useApp } from '../app/hooks.js'

const LOOK_MS = 500
const MARK_MS = 1_000

/** @returns {(isNewestSeen: boolean) => void} to be told whenever what is on the screen changed */
export function useReading(log) {
  const { im } = useApp()
  const state = useRef({ isSeen: false, timer: null, markedAt: 0 })

  const check = () => {
    const { current } = state
    const { conversation } = log
    const isDue = () => document.visibilityState === 'visible' && current.isSeen && im.isOnline && log.isBegun && log.conversation && log.conversation.readSeq < log.conversation.lastSeq
    if (!conversation || !isDue()) {
      clearTimeout(current.timer)
      current.timer = null
    } else {
      current.timer ??= setTimeout(() => {
        current.timer = null
        if (!isDue()) return
        current.markedAt = Date.now()
        im.client.read(log.place)
      }, Math.max(LOOK_MS, current.markedAt + MARK_MS - Date.now()))
    }
  }

  useEffect(() => {
    document.addEventListener('visibilitychange', check)
    const off = im.onChange(check)
    return () => {
      document.removeEventListener('visibilitychange', check)
      off()
      clearTimeout(state.current.timer)
    }
  }, [log])

  return (isNewestSeen) => {
    state.current.isSeen = isNewestSeen
    check()
  }
}
