'use strict'
// Waiting for a condition, in place of a fixed time: a busy machine takes longer, and an idle one need not wait.

/** What takes longer does not come. */
const LONG_MS = 60_000
const AGAIN_MS = 25
/** So many frames in which nothing happens are rest. Frames, not a time: a page that gets no processor draws none. */
const REST_FRAMES = 12

/** Calls `check` until it throws nothing, and gives what it answers; after `ms` what it threw last is thrown. */
async function eventually(check, ms = LONG_MS) {
  for (const end = Date.now() + ms; ;) {
    try {
      return await check()
    } catch (error) {
      if (Date.now() > end) throw error
    }
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS) })
  }
}

let calls = 0
/** Until nothing of the page changes any more: no node, no place in a list, no picture on its way, nothing that slides. */
const atRest = (page, frames = REST_FRAMES) => page.waitForFunction(([call, wanted]) => {
  if (window.resting?.call !== call) {
    window.resting?.end()
    const resting = { call, frames: 0 }
    const stir = () => { resting.frames = 0 }
    const observer = new MutationObserver(stir)
    observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
    addEventListener('scroll', stir, true)
    resting.end = () => { observer.disconnect(); removeEventListener('scroll', stir, true) }
    window.resting = resting
  }
  const slides = document.getAnimations().some(({ playState, effect }) => playState === 'running' && effect.getComputedTiming().endTime !== Infinity)
  const loads = [...document.images].some((image) => !image.complete && image.checkVisibility())
  window.resting.frames = slides || loads ? 0 : window.resting.frames + 1
  return window.resting.frames > wanted
}, [++calls, frames], { timeout: LONG_MS, polling: 'raf' })

module.exports = { eventually, atRest, LONG_MS }
