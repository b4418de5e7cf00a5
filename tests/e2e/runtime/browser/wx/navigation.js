// Pages, bars, and questions about what is drawn.

import { createIntersectionObserver, createSelectorQuery } from '../query.js'
import { method, methods } from './answers.js'

export function createNavigation(phone) {
  const { pages, bars } = phone
  const tabs = () => bars.tabs
  const tab = (index) => {
    if (!tabs().list[index]) throw new Error('invalid index')
    return tabs().list[index]
  }
  const setTab = (index, values) => {
    Object.assign(tab(index), values)
    bars.draw()
  }
  const window = (values) => pages.setWindow(values)

  return {
    ...methods({
      navigateTo: ({ url, events }) => pages.navigateTo(url, events),
      redirectTo: ({ url }) => pages.redirectTo(url),
      reLaunch: ({ url }) => pages.reLaunch(url),
      switchTab: ({ url }) => pages.switchTab(url),
      navigateBack: ({ delta = 1 }) => pages.navigateBack(delta),

      setNavigationBarTitle: ({ title }) => window({ navigationBarTitleText: title }),
      setNavigationBarColor({ frontColor, backgroundColor }) {
        if (!/^#(000000|ffffff)$/.test(frontColor)) throw new Error('frontColor is #000000 or #ffffff')
        window({ navigationBarTextStyle: frontColor === '#ffffff' ? 'white' : 'black', navigationBarBackgroundColor: backgroundColor })
      },
      setBackgroundColor: ({ backgroundColor, backgroundColorTop, backgroundColorBottom }) => (
        window({ backgroundColor, backgroundColorTop, backgroundColorBottom })),
      setBackgroundTextStyle: ({ textStyle }) => window({ backgroundTextStyle: textStyle }),
      hideHomeButton: () => window({ homeButton: false }),
      showNavigationBarLoading: () => window({ isLoading: true }),
      hideNavigationBarLoading: () => window({ isLoading: false }),

      setTabBarBadge: ({ index, text }) => setTab(index, { badge: [...text].length > 4 ? '…' : text }),
      removeTabBarBadge: ({ index }) => setTab(index, { badge: undefined }),
      showTabBarRedDot: ({ index }) => setTab(index, { badge: '' }),
      hideTabBarRedDot: ({ index }) => setTab(index, { badge: undefined }),
      setTabBarItem: ({ index, text, iconPath, selectedIconPath }) => setTab(index, Object.fromEntries(
        Object.entries({ text, iconPath, selectedIconPath }).filter(([, value]) => value !== undefined))),
      setTabBarStyle({ color, selectedColor, backgroundColor, borderStyle }) {
        const given = Object.entries({ color, selectedColor, backgroundColor, borderStyle }).filter(([, value]) => value !== undefined)
        Object.assign(tabs().style, Object.fromEntries(given))
        bars.draw()
      },
      showTabBar() { tabs().isHidden = false; bars.draw() },
      hideTabBar() { tabs().isHidden = true; bars.draw() },

      startPullDownRefresh: () => pages.pullDown(),
      stopPullDownRefresh: () => pages.endPullDown(),
    }),
    pageScrollTo: method('pageScrollTo', ({ scrollTop, selector, offsetTop = 0, duration = 300 }) => new Promise((resolve, reject) => {
      requestAnimationFrame(() => {
        const { element, root } = pages.top()
        const found = selector && root.get()._$.getShadowRoot().querySelector(selector)
        if (selector && !found) return reject(new Error('selector is invalid'))
        const top = selector
          ? element.scrollTop + found.getBackendElement().getBoundingClientRect().top - element.getBoundingClientRect().top + offsetTop
          : scrollTop
        element.scrollTo({ top, behavior: duration > 300 ? 'smooth' : 'instant' })
        return resolve()
      })
    })),
    createSelectorQuery: () => createSelectorQuery(pages.top().instance),
    createIntersectionObserver: (component, options) => createIntersectionObserver(component, options),
    nextTick: (run) => { queueMicrotask(run) },
  }
}
