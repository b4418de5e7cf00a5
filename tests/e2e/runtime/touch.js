'use strict'
// A finger on the phone, for what Playwright's tap() is not enough: it rests, it moves.

const STEP_MS = 16

/**
 * @param {import('playwright-core').Page} page
 * @returns `press(target, {ms})` a long press, `swipe(target, {dx, dy, steps, ms})`, `hold(target)`, which leaves the finger
 *   down and gives `{move(dx, dy), end()}`. A target is a locator (its middle) or a point {x, y}.
 */
async function touchOf(page) {
  const session = await page.context().newCDPSession(page)
  const send = (type, point) => session.send('Input.dispatchTouchEvent', { type, touchPoints: point ? [{ x: point.x, y: point.y }] : [] })
  const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds) })
  const pointOf = async (target) => {
    if (typeof target.boundingBox !== 'function') return target
    await target.scrollIntoViewIfNeeded()
    const { x, y, width, height } = await target.boundingBox()
    return { x: x + width / 2, y: y + height / 2 }
  }

  async function hold(target) {
    const from = await pointOf(target)
    await send('touchStart', from)
    return {
      move: (dx, dy) => send('touchMove', { x: from.x + dx, y: from.y + dy }),
      end: () => send('touchEnd'),
    }
  }
  async function press(target, { ms = 450 } = {}) {
    const finger = await hold(target)
    // By a timer of the page: it comes after the one for a long press, however late the two are.
    await page.evaluate((time) => new Promise((resolve) => { setTimeout(resolve, time) }), ms)
    await finger.end()
  }
  async function swipe(target, { dx = 0, dy = 0, steps = 12 }) {
    const from = await pointOf(target)
    const moved = (step) => send('touchMove', { x: from.x + dx * step / steps, y: from.y + dy * step / steps })
    // Not one by one: a busy page would take a finger that is late to move for one that rests.
    await Promise.all([send('touchStart', from), moved(1), moved(2)])
    for (let step = 3; step <= steps; step += 1) {
      await wait(STEP_MS)
      await moved(step)
    }
    await wait(STEP_MS)
    await send('touchEnd')
  }
  return { hold, press, swipe }
}

module.exports = { touchOf }
