// Times as WeChat shows them between messages.

const GAP_MS = 5 * 60 * 1000
const DAY_MS = 24 * 60 * 60 * 1000
const WEEKDAYS = ['星期日', '星期一', '星期二', '星期三', '星期四', '星期五', '星期六']

/**
 * The server's `createTime` ("2026-11-22T18:48:39.123", local time without offset) in milliseconds.
 * Taken apart by hand: the phones' `Date.parse` disagree about a time without offset.
 */
function parseTime(createTime) {
  const match = /^(\d+)-(\d+)-(\d+)[T ](\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?/.exec(createTime || '')
  if (!match) return NaN
  const [year, month, day, hour, minute, second = 0] = match.slice(1, 7).map((part) => (part ? Number(part) : 0))
  const millis = match[7] ? Number(`0.${match[7]}`) * 1000 : 0
  return new Date(year, month - 1, day, hour, minute, second, millis).getTime()
}

const twoDigits = (number) => (number < 10 ? `0${number}` : String(number))
const midnight = (time) => new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime()

/** "HH:mm" today, then 昨天, the day of the week, the date, and in another year the date with its year. */
function timeLabel(millis, nowMillis = Date.now()) {
  if (Number.isNaN(millis)) return ''
  const time = new Date(millis)
  const now = new Date(nowMillis)
  const clock = `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`
  const days = Math.round((midnight(now) - midnight(time)) / DAY_MS) // rounded: a day may have 23 or 25 hours
  if (days === 0) return clock
  if (days === 1) return `昨天 ${clock}`
  if (days > 1 && days < 7) return `${WEEKDAYS[time.getDay()]} ${clock}`
  const date = `${time.getMonth() + 1}月${time.getDate()}日 ${clock}`
  return time.getFullYear() === now.getFullYear() ? date : `${time.getFullYear()}年${date}`
}

/** Whether a line with the time belongs between two messages: for the first, and after more than five minutes. */
function needsTimeLine(previousMillis, millis) {
  if (Number.isNaN(millis)) return false
  return previousMillis === null || Number.isNaN(previousMillis) || millis - previousMillis > GAP_MS
}

module.exports = { parseTime, timeLabel, needsTimeLine }
