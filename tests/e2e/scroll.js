'use strict'
// `node scroll.js [mini|web]`: how smoothly ten thousand messages scroll, under Chromium's 4× throttle. A finger's (mini) or wheel's way of ten
// screens up, through pages that are loaded on the way, and back. Prints frames, those over 32 ms, and the longest; first of a page without a line of
// script, which says what this machine leaves out by itself (frames of 33 ms are one that was missed).

const lib = import('../blackbox/lib/keys.js')
const { startProduct, stopProduct, openProduct, somebody, fill } = require('./lib/product')
const { openChat } = require('./lib/web')

const MANY = 10_000
const THROTTLE = 4
const LONG_MS = 32
const WAYS = [3000, 3000, 3000, 3000, -3000, -3000, -3000]
const PX_PER_S = 1500
const PLAIN = `<style>.plain { position: absolute; inset: 0; overflow: auto } p { height: 48px; margin: 8px }</style><div class="plain">${'<p>你好 message</p>'.repeat(300)}</div>`
const LISTS = { mini: 'phone-view:not([hidden]) wx-hy-chat wx-scroll-view[class*="--list"]', web: '.stream' }

async function scrolled(page, selector) {
  const list = page.locator(selector)
  await page.waitForFunction((wanted) => { const element = document.querySelector(wanted); return element && element.scrollTop > 1000 }, selector)
  await page.waitForTimeout(2000) // what opening does is not to be measured
  const { x, y, width, height } = await list.boundingBox()
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: THROTTLE })
  await page.evaluate(() => {
    window.frames_ms = []
    let last = performance.now()
    const frame = (now) => {
      window.frames_ms.push(now - last)
      last = now
      requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  for (const yDistance of WAYS) await devtools.send('Input.synthesizeScrollGesture', { x: x + width / 2, y: y + height / 2, yDistance, speed: PX_PER_S, gestureSourceType: 'mouse', preventFling: true })
  const frames = (await page.evaluate(() => window.frames_ms)).slice(1)
  const long = frames.filter((ms) => ms > LONG_MS)
  const scrollHeight = await list.evaluate((element) => element.scrollHeight)
  // The next may be of the same process, and this one would draw beside it.
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
  await page.close()
  return { frames: frames.length, long: long.length, share: `${(100 * long.length / frames.length).toFixed(1)} %`, longest: `${Math.round(Math.max(...frames))} ms`, height: scrollHeight }
}

/** Nothing but rows. */
async function plain(browser) {
  const page = await browser.newPage()
  await page.setContent(PLAIN)
  await page.locator('.plain').evaluate((element) => { element.scrollTop = element.scrollHeight })
  return page
}

async function main(wanted) {
  const it = await startProduct()
  console.log('plain', await scrolled(await plain(it.browser), '.plain'))
  const li = await somebody(it, '2', '李四')
  await fill(li, '70', MANY)
  if (wanted !== 'web') console.log('mini', await scrolled(await openProduct(it, { as: '70', path: '/pages/chat/chat?userId=2' }), LISTS.mini))
  if (wanted !== 'mini') console.log('web', await scrolled(await openChat(it.browser, it.server, { token: (await lib).tokenOf('70'), hash: 'u=2', width: 1280 }), LISTS.web))
  li.close()
  await stopProduct(it)
}

main(process.argv[2])
