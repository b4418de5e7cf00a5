// How numbers, sizes, times and spans are written.

const locale = (lang) => (lang === 'zh' ? 'zh-CN' : 'en-US')

/** @param {'zh'|'en'} lang */
export const count = (n, lang, digits = 0) => new Intl.NumberFormat(locale(lang), { maximumFractionDigits: digits }).format(n)

/** Three digits that count. */
export const short = (n, lang) => count(n, lang, n >= 100 ? 0 : n >= 10 ? 1 : 2)

export function bytes(n, lang) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let i = 0
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024
  return `${count(n, lang, i === 0 || n >= 100 ? 0 : 1)} ${units[i]}`
}

/** A part of one, in percent. */
export const share = (part, lang) => (part > 0 && part < 0.001 ? `<${count(0.1, lang, 1)}` : count(part * 100, lang, 1))

/** A short time, as of a commit. */
export function seconds(n, lang) {
  if (n >= 1) return `${short(n, lang)} s`
  if (n >= 0.001 || n === 0) return `${short(n * 1e3, lang)} ms`
  return `${short(n * 1e6, lang)} µs`
}

/** A figure by its unit. */
export function figure(unit, n, lang) {
  if (n === null || n === undefined) return '–'
  if (unit === 'bytes') return bytes(n, lang)
  if (unit === 'seconds') return seconds(n, lang)
  return unit === 'rate' ? short(n, lang) : count(n, lang)
}

const two = (n) => String(n).padStart(2, '0')

/** A point of time in the zone of the one who looks, to the second or the millisecond: alike in both languages, and aligned in a column. */
export function time(iso, isExact = false) {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return String(iso ?? '–')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(date)}${isExact ? `.${String(date.getMilliseconds()).padStart(3, '0')}` : ''}`
}

/** @param {Date|number} at */
export function clock(at) {
  const date = new Date(at)
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** The two largest parts of a span: [[3, 'day'], [4, 'hour']]. */
export function span(total) {
  const parts = [['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1]]
  const first = Math.max(0, parts.findIndex(([, size]) => total >= size))
  if (total < 1) return [[0, 'second']]
  let rest = Math.floor(total)
  return parts.slice(first, first + 2).map(([name, size]) => {
    const n = Math.floor(rest / size)
    rest -= n * size
    return [n, name]
  }).filter(([n], i) => i === 0 || n > 0)
}
