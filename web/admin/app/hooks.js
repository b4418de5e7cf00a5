import { useEffect, useReducer, useState } from 'preact/hooks'

/**
 * What a promise of `load()` gave: {value, error, isLoading, again}. The value before stays until the next comes; of another thing it
 * would be wrong, so components that show one are drawn with its id as key.
 */
export function useAnswer(load, deps = []) {
  const [state, setState] = useState({ value: undefined, error: null, isLoading: true })
  const [tries, again] = useReducer((n) => n + 1, 0)
  useEffect(() => {
    let isOver = false
    setState((old) => ({ ...old, error: null, isLoading: true }))
    load().then(
      (value) => { if (!isOver) setState({ value, error: null, isLoading: false }) },
      (error) => { if (!isOver) setState({ value: undefined, error, isLoading: false }) },
    )
    return () => { isOver = true }
  }, [...deps, tries])
  return { ...state, again }
}

/**
 * A list, one page of it at a time.
 * @param {(cursor: string|null) => Promise<{cursor: string|null}>} load
 * @returns useAnswer's, and {number, next, back}: functions, or null where there is no such page
 */
export function usePages(load) {
  const [trail, setTrail] = useState([null])
  const answer = useAnswer(() => load(trail[trail.length - 1]), [trail])
  const cursor = answer.value?.cursor ?? null
  return {
    ...answer,
    number: trail.length,
    next: cursor === null ? null : () => setTrail([...trail, cursor]),
    back: trail.length > 1 ? () => setTrail(trail.slice(0, -1)) : null,
  }
}

/**
 * A list that is here in one piece, `size` rows of it at a time.
 * @returns {{rows: object[], number: number, next: function|null, back: function|null}}
 */
export function useParts(all, size) {
  const [wanted, setWanted] = useState(0)
  const last = Math.max(0, Math.ceil(all.length / size) - 1)
  const at = Math.min(wanted, last)
  return {
    rows: all.slice(at * size, (at + 1) * size),
    number: at + 1,
    next: at < last ? () => setWanted(at + 1) : null,
    back: at > 0 ? () => setWanted(at - 1) : null,
  }
}
