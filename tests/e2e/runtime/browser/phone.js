// What a hand or the system does to the phone, and what the phone saw: for the test.

import { guard, report } from './report.js'

const BACKGROUND_SOCKET_MS = 5000 // so long WeChat keeps a socket when the app has left the screen

export function createPhone(phone) {
  const { pages, state, options } = phone
  let leaving
  const tellApp = (name, event) => {
    const app = phone.app()
    if (app[`on${name}`]) guard(() => app[`on${name}`](event))
    phone.tell(`App${name}`, event)
  }
  const dropSockets = () => [...phone.sockets].forEach((socket) => socket.cut())

  return {
    report,
    sockets: () => phone.sockets.size,
    /** The most sockets at one time, and how often one was closed that was gone already. */
    socketCounts: () => state.socketCounts,
    dropSockets,
    clipboard: () => state.clipboard,
    /** What the app had WeChat open: `[{name, ...options}]`, in order. */
    opened: () => state.opened,
    /** Changes what openMiniProgram was told: location, scan, permissions, subscribe, keyboardHeight, … */
    set: (values) => { Object.assign(options, values) },
    keyboard: (height) => phone.keyboard.set(height),
    fullStorage: (is) => { state.isStorageFull = is },
    interruptRecorder: () => phone.interruptRecorder?.(),
    share: () => pages.share({ from: 'menu' }),
    pullDown: () => pages.pullDown(),
    /** The phone's back: the page below, or out of the app. */
    back() {
      if (pages.all().length > 1) pages.navigateBack(1)
      else window.phone.background()
    },
    /** The user leaves the app; WeChat cuts its sockets five seconds later, and lets it do no more. */
    background() {
      pages.disappear(pages.top())
      tellApp('Hide')
      phone.interruptRecorder?.()
      leaving = setTimeout(() => {
        state.isAsleep = true
        dropSockets()
      }, BACKGROUND_SOCKET_MS)
    },
    /** @param {object} entered how the user comes back, such as {scene, query}; as at the start if nothing is said */
    foreground(entered = {}) {
      clearTimeout(leaving)
      state.isAsleep = false
      phone.entered = { ...phone.launch, ...entered }
      tellApp('Show', phone.entered)
      pages.appear(pages.top())
    },
  }
}
