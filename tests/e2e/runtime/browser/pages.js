// The stack of pages, with their lifecycles.

import { createRoot, showStyleOf } from './framework.js'
import { guard } from './report.js'
import { isCustom, tabRoutes, windowOf } from './bars.js'

const { app: appConfig, pages: routes } = window.miniProgram
const MOST_PAGES = 10
const PULL = 60

const call = (page, name, ...args) => {
  if (page && typeof page.instance[name] === 'function') return guard(() => page.instance[name](...args))
  return undefined
}
/** What both ends of a navigation tell each other. */
function eventChannel() {
  const handlers = {}
  const on = (name, handler, isOnce) => { handlers[name] = [...(handlers[name] || []), { handler, isOnce }] }
  return {
    on: (name, handler) => on(name, handler, false),
    once: (name, handler) => on(name, handler, true),
    off(name, handler) { handlers[name] = (handlers[name] || []).filter((entry) => handler && entry.handler !== handler) },
    emit(name, ...args) {
      const told = handlers[name] || []
      handlers[name] = told.filter(({ isOnce }) => !isOnce)
      told.forEach(({ handler }) => guard(() => handler(...args)))
    },
  }
}

export function createPages(phone) {
  let stack = []
  const tabPages = new Map() // they stay when another tab is shown
  const top = () => stack[stack.length - 1]

  /** Values of a query arrive as they stand in the URL, not decoded. */
  function parse(url) {
    const { pathname, search } = new URL(url, top() ? `http://app/${top().route}` : 'http://app/')
    const query = {}
    for (const pair of search.slice(1).split('&').filter(Boolean)) {
      const [key, value = ''] = pair.split('=')
      query[key] = value
    }
    return { route: pathname.slice(1) || appConfig.pages[0], query }
  }
  const find = (url) => {
    const found = parse(url)
    if (!routes.includes(found.route)) throw new Error(`page "${found.route}" is not found`)
    return found
  }
  const noTab = (name, route) => { if (tabRoutes.includes(route)) throw new Error(`can not ${name} a tabbar page`) }

  function watchPage(page) {
    const { element } = page
    let wasAtEnd = false
    element.addEventListener('scroll', () => {
      const { scrollTop, scrollHeight, clientHeight } = element
      call(page, 'onPageScroll', { scrollTop })
      const isAtEnd = scrollHeight - clientHeight - scrollTop <= (windowOf(page).onReachBottomDistance ?? 50)
      if (isAtEnd && !wasAtEnd) call(page, 'onReachBottom')
      wasAtEnd = isAtEnd
    })
    let from = null
    element.addEventListener('touchstart', ({ touches }) => { from = element.scrollTop <= 0 ? touches[0].clientY : null }, { passive: true })
    element.addEventListener('touchend', ({ changedTouches }) => {
      const isPulled = from !== null && changedTouches[0].clientY - from > PULL
      if (isPulled && windowOf(page).enablePullDownRefresh) pages.pullDown()
    }, { passive: true })
  }

  function create({ route, query }, channel) {
    const view = document.createElement('phone-view')
    const element = document.createElement('wx-page')
    const mark = document.createElement('span')
    view.toggleAttribute('custom', isCustom(route))
    view.toggleAttribute('tab', tabRoutes.includes(route))
    element.toggleAttribute('still', windowOf({ route }).disableScroll === true)
    element.append(mark)
    view.append(element)
    document.body.append(view)
    const root = createRoot(route)
    const page = { route, query, root, view, element, instance: root.get(), window: {} }
    Object.assign(page.instance, { route, options: query, getOpenerEventChannel: () => channel || eventChannel() })
    watchPage(page)
    return { page, attach: () => root.attach(element, mark) }
  }

  /** Shows a new page on the top of the stack. */
  function open(target, channel) {
    const { page, attach } = create(target, channel)
    stack.push(page)
    if (tabRoutes.includes(page.route)) tabPages.set(page.route, page)
    showTop()
    attach()
    call(page, 'onLoad', page.query)
    appear(page)
    requestAnimationFrame(() => setTimeout(() => call(page, 'onReady'), 0))
  }
  const tellComponents = (page, name, ...args) => guard(() => page.root.get()._$.triggerPageLifetime(name, args))
  function appear(page) {
    call(page, 'onShow')
    tellComponents(page, 'show')
  }
  function disappear(page) {
    if (!page) return
    call(page, 'onHide')
    tellComponents(page, 'hide')
  }
  /** A page goes for good. */
  function close(page) {
    tabPages.delete(page.route)
    call(page, 'onUnload')
    page.root.release()
    page.view.remove()
  }
  function showTop() {
    for (const page of [...tabPages.values(), ...stack]) page.view.hidden = page !== top()
    showStyleOf(top().route)
    phone.bars.draw()
  }

  const pages = {
    top,
    all: () => stack,
    parse,
    appear,
    disappear,
    resized(event) {
      call(top(), 'onResize', event)
      tellComponents(top(), 'resize', event)
    },
    frame() {
      if (!top()) return undefined
      const { top: from, height } = top().view.getBoundingClientRect()
      return { top: from, height }
    },
    setWindow(values) {
      Object.assign(top().window, Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)))
      phone.bars.draw()
    },

    start(url) { open(find(url)) },
    navigateTo(url, events = {}) {
      const target = find(url)
      noTab('navigateTo', target.route)
      if (stack.length >= MOST_PAGES) throw new Error(`webview count limit exceed: WeChat allows no more than ${MOST_PAGES} pages`)
      const channel = eventChannel()
      for (const [name, handler] of Object.entries(events)) channel.on(name, handler)
      disappear(top())
      open(target, channel)
      return { eventChannel: channel }
    },
    redirectTo(url) {
      const target = find(url)
      noTab('redirectTo', target.route)
      close(stack.pop())
      open(target)
    },
    reLaunch(url) {
      const target = find(url)
      const old = new Set([...stack, ...tabPages.values()])
      stack = []
      old.forEach(close)
      open(target)
    },
    switchTab(url) {
      const target = find(url)
      if (!tabRoutes.includes(target.route)) throw new Error('can not switch to no-tabBar page')
      if (top().route === target.route) return
      for (const page of [...stack].reverse()) {
        if (!tabRoutes.includes(page.route)) close(page)
        else if (page === top()) disappear(page)
      }
      const kept = tabPages.get(target.route)
      stack = kept ? [kept] : []
      if (!kept) return open(target)
      showTop()
      return appear(kept)
    },
    navigateBack(delta) {
      const count = Math.min(delta, stack.length - 1)
      if (count <= 0) return
      stack.splice(-count).reverse().forEach(close)
      showTop()
      appear(top())
    },
    tapTab(pagePath, text) {
      const index = tabRoutes.indexOf(pagePath)
      pages.switchTab(`/${pagePath}`)
      call(top(), 'onTabItemTap', { index, pagePath, text })
    },

    pullDown() {
      const page = top()
      page.pulled = page.pulled || document.createElement('phone-pull')
      page.pulled.textContent = '•••'
      page.element.prepend(page.pulled)
      page.element.style.setProperty('--pulled', '40px')
      call(page, 'onPullDownRefresh')
    },
    endPullDown() { top().pulled?.remove() },
    /** What a page would share, from its button or from the phone's menu. */
    share(from) {
      const shared = call(top(), 'onShareAppMessage', from)
      phone.opened('share', shared || {})
      return shared || {}
    },
  }
  return pages
}
