import { createContext } from 'preact'
import { useContext, useEffect, useReducer, useRef, useState } from 'preact/hooks'

/** What every part of the page takes: {im, look, t, ui}. */
export const AppContext = createContext(null)
export const useApp = () => useContext(AppContext)

/** Draws the component anew at each change that `subscribe(listener)` tells of. */
export function useChanges(subscribe, deps = []) {
  const [, again] = useReducer((n) => n + 1, 0)
  useEffect(() => subscribe(again), deps)
}

/** Draws anew whenever the client has something new. */
export function useIm() {
  const { im } = useApp()
  useChanges((listener) => im.onChange(listener), [im])
  return im
}

/** The address of a file in this page: {url, isFailed, retry}. */
export function useFile(fileId, isWanted = true) {
  const im = useApp()?.im // at the door there is none
  const [state, setState] = useState({ url: null, isFailed: false })
  const [tries, again] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    if (!fileId || !isWanted) return undefined
    let isOver = false
    setState({ url: null, isFailed: false })
    im.files.get(fileId).then((url) => { if (!isOver) setState({ url, isFailed: false }) }, () => { if (!isOver) setState({ url: null, isFailed: true }) })
    return () => { isOver = true }
  }, [fileId, isWanted, tries, im])
  return { ...state, retry: again }
}

/** Calls `act` with what was last given, `ms` after the last change. */
export function useLater(act, ms) {
  const timer = useRef(null)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (...values) => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => act(...values), ms)
  }
}

/** Whether a media query matches now. */
export function useMedia(query) {
  const [matches, setMatches] = useState(() => matchMedia(query).matches)
  useEffect(() => {
    const list = matchMedia(query)
    const changed = () => setMatches(list.matches)
    changed()
    list.addEventListener('change', changed)
    return () => list.removeEventListener('change', changed)
  }, [query])
  return matches
}

/** What a promise of `ask()` gave: {value, error, again}; known values of `ask` stay until the next. */
export function useAnswer(ask, deps) {
  const [state, setState] = useState({ value: undefined, error: null })
  const [tries, again] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    let isOver = false
    ask().then((value) => { if (!isOver) setState({ value, error: null }) }, (error) => { if (!isOver) setState((old) => ({ ...old, error })) })
    return () => { isOver = true }
  }, [...deps, tries])
  return { ...state, again }
}
