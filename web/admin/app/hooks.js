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
