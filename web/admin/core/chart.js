// A line chart's geometry: a scale, and points in a box.

/** So long without a sample is a gap: a tab that nobody looks at polls once a minute. */
export const GAP_MS = 90_000
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10]

/** The lowest round number that is at least `value`. */
export function niceTop(value) {
  if (!(value > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  const step = STEPS.find((one) => one * power >= value * (1 - 1e-9))
  return Number((step * power).toPrecision(2))
}

/**
 * The points of a series in a box, as lines without gaps.
 * @param {{at: number, value: number|null}[]} series ascending
 * @param {{from: number, to: number, top: number, width: number, height: number}} box of times and values; y goes down
 * @returns {[number, number][][]}
 */
export function linesOf(series, { from, to, top, width, height }) {
  const lines = []
  let last = null
  for (const { at, value } of series) {
    if (value === null || at < from || at > to) {
      if (value === null) last = null
      continue
    }
    if (last === null || at - last > GAP_MS) lines.push([])
    lines[lines.length - 1].push([round((at - from) / (to - from) * width), round((1 - Math.min(value, top) / top) * height)])
    last = at
  }
  return lines
}

const round = (n) => Math.round(n * 100) / 100
const path = (points) => `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`

/** A path of all lines; a single point is a dot. */
export const strokeOf = (lines) => lines.map((points) => (points.length === 1 ? `${path(points)}h.01` : path(points))).join('')

/** What is below the lines. */
export const areaOf = (lines, height) => lines.filter((points) => points.length > 1)
  .map((points) => `${path(points)}L${points[points.length - 1][0]} ${height}L${points[0][0]} ${height}Z`).join('')

/** The value nearest to a time: its index, or -1. */
export function nearest(series, at) {
  let best = -1
  series.forEach((one, i) => {
    if (one.value !== null && (best < 0 || Math.abs(one.at - at) < Math.abs(series[best].at - at))) best = i
  })
  return best
}
