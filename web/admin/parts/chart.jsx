// One figure over time: what it is now, and a line. Where the pointer is, what it was then.

import { useState } from 'preact/hooks'
import { lang, t } from '../app/lang.js'
import { areaOf, linesOf, nearest, niceTop, strokeOf } from '../core/chart.js'
import { clock, figure as written } from '../core/format.js'

/** The box that the lines are drawn in; the sheet stretches it. */
const BOX = { width: 300, height: 100 }

/** @param {{title: string, unit: string, series: {at, value}[], from: number, to: number, floor: number, top?: number, note?: any}} props `top`: of the scale, when it has one of its own */
export function Chart({ title, unit, series, from, to, floor, top: fixed, note }) {
  const [at, setAt] = useState(null)
  const seen = series.filter((one) => one.at >= from)
  const values = seen.map(({ value }) => value).filter((value) => value !== null)
  const top = fixed || Math.max(floor, niceTop(Math.max(0, ...values)))
  const lines = linesOf(seen, { from, to, top, ...BOX })
  const text = (value) => written(unit, value, lang.value)
  const now = seen.length ? seen[seen.length - 1].value : null
  const chosen = at === null ? -1 : nearest(seen, at)
  const shown = chosen < 0 ? null : seen[chosen]
  const follow = (event) => {
    const { left, width } = event.currentTarget.getBoundingClientRect()
    setAt(from + (event.clientX - left) / width * (to - from))
  }
  const said = values.length ? t('chart.said', { title, now: text(now), low: text(Math.min(...values)), high: text(Math.max(...values)) }) : t('chart.nothing', { title })
  const place = shown && { left: `${(shown.at - from) / (to - from) * 100}%`, top: `${(1 - Math.min(shown.value, top) / top) * 100}%` }
  return (
    <figure class="card chart">
      <figcaption><span class="chart-title">{title}</span><b class="chart-now">{text(shown ? shown.value : now)}</b><small class="soft">{shown ? clock(shown.at) : note || ' '}</small></figcaption>
      <div class="plot-line">
        <div class="plot" onPointerMove={follow} onPointerDown={follow} onPointerLeave={() => setAt(null)}>
          <svg viewBox={`0 0 ${BOX.width} ${BOX.height}`} preserveAspectRatio="none" role="img" aria-label={said}>
            <path class="grid" d={`M0 0H${BOX.width}M0 ${BOX.height / 2}H${BOX.width}M0 ${BOX.height}H${BOX.width}`} />
            <path class="area" d={areaOf(lines, BOX.height)} />
            <path class="line" d={strokeOf(lines)} />
          </svg>
          {place && <><i class="cursor" style={{ left: place.left }} /><i class="spot" style={place} /></>}
        </div>
        <div class="scale" aria-hidden="true"><span>{text(top)}</span><span>0</span></div>
        <div class="axis soft" aria-hidden="true"><span>{clock(from).slice(0, 5)}</span><span>{clock(to).slice(0, 5)}</span></div>
      </div>
    </figure>
  )
}
