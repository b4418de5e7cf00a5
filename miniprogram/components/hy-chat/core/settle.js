'use strict'
// What failed stays where it was drawn, whatever comes behind it; what the log has, and what still goes, has an order of its own.

/**
 * @param {{key: string, time: number}[]} settled in their order
 * @param {{key: string, time: number}[]} failed in the order in which they were given
 * @param {{near?: object}} memory of the call before; changed here
 * @returns {object[]} all, in the order in which they are drawn
 */
function settle(settled, failed, memory) {
  const near = memory.near || {}
  const indexOf = new Map(settled.map(({ key }, i) => [key, i]))
  const placed = failed.map((item, i) => ({ item, i, after: indexAfter(item, settled, indexOf, near) }))
  const rank = ({ item, i }) => (near[item.key] ? near[item.key].rank : 1e9 + i)
  placed.sort((a, b) => a.after - b.after || rank(a) - rank(b) || a.i - b.i)

  const all = []
  let next = 0
  for (let i = -1; i < settled.length; i++) {
    if (i >= 0) all.push(settled[i])
    for (; next < placed.length && placed[next].after === i; next++) all.push(placed[next].item)
  }
  memory.near = neighbours(all, new Set(failed))
  return all
}

/** Behind which of the settled a failed one stands; -1: before all. */
function indexAfter({ key, time }, settled, indexOf, near) {
  let known = near[key]
  for (let steps = 0; known && known.after && steps < 1000; steps++) {
    if (indexOf.has(known.after)) return indexOf.get(known.after)
    known = near[known.after] // that failed too, or is no more: behind what it stood behind
  }
  known = near[key]
  if (known && indexOf.has(known.before)) return indexOf.get(known.before) - 1
  let i = settled.length - 1 // never drawn: by the clock
  while (i >= 0 && settled[i].time > time) i--
  return i
}

/** Of all that is no entry of the log yet: what stands around it, failed ones aside. */
function neighbours(all, failed) {
  const near = {}
  let after = null
  let without = []
  all.forEach((item, rank) => {
    const isFailed = failed.has(item)
    if (!isFailed) {
      for (const key of without) near[key].before = item.key
      without = []
    }
    if (item.seq === null) {
      near[item.key] = { after, before: null, rank }
      without.push(item.key)
    }
    if (!isFailed) after = item.key
  })
  return near
}

module.exports = { settle }
