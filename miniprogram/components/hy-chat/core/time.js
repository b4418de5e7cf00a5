'use strict'
// How times are written: by the device's zone, 24 hours, a future time as now.

const LINE_AFTER_MS = 5 * 60_000

const two = (number) => String(number).padStart(2, '0')
const clock = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`
const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime()

/** Whole days between two times; a day of a clock change has another length. */
const daysBetween = (earlier, later) => Math.round((midnight(later) - midnight(earlier)) / 86_400_000)

/** What a label is made of. */
function facts(ms, now, t) {
  const date = new Date(Math.min(ms, now))
  const today = new Date(now)
  const days = daysBetween(date, today)
  const params = {
    clock: clock(date), year: date.getFullYear(), m: date.getMonth() + 1, day: date.getDate(),
    month: t(`month.${date.getMonth() + 1}`), weekday: t(`weekday.${date.getDay()}`),
  }
  if (days === 0) return { which: 'today', params }
  if (days === 1) return { which: 'yesterday', params }
  if (days <= 6) return { which: 'week', params }
  return { which: date.getFullYear() === today.getFullYear() ? 'year' : 'earlier', params }
}

/** The time of a row of the list. */
function listTime(ms, now, t) {
  const { which, params } = facts(ms, now, t)
  return which === 'today' ? params.clock : t(`time.list.${which}`, params)
}

/** The date line of a chat. */
function chatTime(ms, now, t) {
  const { which, params } = facts(ms, now, t)
  return which === 'today' ? params.clock : t(`time.chat.${which}`, params)
}

/** The time of a row as a screen reader says it. */
function spokenTime(ms, now, t) {
  const { which, params } = facts(ms, now, t)
  const [hours, minutes] = params.clock.split(':')
  return which === 'today' ? t('label.clock', { hours, minutes }) : t(`time.list.${which}`, params)
}

/** Whether a date line stands between two messages; null: there is none before. */
function needsDateLine(previousMs, ms) {
  if (previousMs === null) return true
  return ms - previousMs > LINE_AFTER_MS || midnight(new Date(previousMs)) !== midnight(new Date(ms))
}

module.exports = { listTime, chatTime, spokenTime, needsDateLine }
