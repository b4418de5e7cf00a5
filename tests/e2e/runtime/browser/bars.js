// The navigation bar and the tab bar, in the colours of the theme.

const { app: appConfig, theme, units } = window.miniProgram
const dark = matchMedia('(prefers-color-scheme: dark)')

/** Values that begin with @ are the theme's. */
function themed(config) {
  const colors = theme[dark.matches && appConfig.darkmode ? 'dark' : 'light']
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [
    key, typeof value === 'string' && value.startsWith('@') ? colors[value.slice(1)] : value,
  ]))
}

/** The window's configuration of a page, with what the page has set since. */
export const windowOf = ({ route, window = {} }) => {
  const given = Object.entries(window).filter(([, value]) => value !== undefined)
  return themed({ ...appConfig.window, ...units[route].config, ...Object.fromEntries(given) })
}
export const isCustom = (route) => windowOf({ route }).navigationStyle === 'custom'

export const tabRoutes = (appConfig.tabBar?.list || []).map(({ pagePath }) => pagePath)

const make = (tag, text = '') => Object.assign(document.createElement(tag), { textContent: text })

/** @param phone `pages`, drawn by `draw()` */
export function createBars(phone) {
  if (appConfig.tabBar?.custom) throw new Error('a custom tab bar is not provided')
  const navigation = make('phone-nav')
  const tabBar = make('phone-tabs')
  tabBar.setAttribute('role', 'tablist')
  document.body.append(navigation, tabBar)
  const tabs = { list: (appConfig.tabBar?.list || []).map((tab) => ({ ...tab })), style: {}, isHidden: false }

  function drawNavigation() {
    const { pages } = phone
    const page = pages.top()
    const config = windowOf(page)
    const hasBar = config.navigationStyle !== 'custom'
    navigation.toggleAttribute('custom', !hasBar)
    navigation.textContent = hasBar ? config.navigationBarTitleText || '' : ''
    navigation.style.background = config.navigationBarBackgroundColor
    navigation.style.color = config.navigationBarTextStyle === 'white' ? '#fff' : '#000'
    document.body.style.background = config.backgroundColorContent
    if (config.isLoading) navigation.prepend('◌ ')
    const isHome = tabRoutes.includes(page.route) || page.route === appConfig.pages[0]
    if (hasBar && pages.all().length > 1) {
      const back = make('phone-back')
      back.addEventListener('click', () => pages.navigateBack(1))
      navigation.append(back)
    } else if (hasBar && !isHome && config.homeButton !== false) {
      const home = make('phone-home')
      home.addEventListener('click', () => pages.reLaunch(`/${appConfig.pages[0]}`))
      navigation.append(home)
    }
    navigation.append(make('phone-capsule'))
  }

  function drawTabs() {
    const page = phone.pages.top()
    tabBar.hidden = tabs.isHidden || !tabRoutes.includes(page.route)
    page.view.toggleAttribute('tab', !tabBar.hidden)
    if (tabBar.hidden) return
    const { color, selectedColor, backgroundColor, borderStyle } = themed({ ...appConfig.tabBar, ...tabs.style, list: undefined })
    tabBar.style.background = backgroundColor
    tabBar.style.borderColor = borderStyle === 'white' ? 'rgba(255, 255, 255, .1)' : 'rgba(0, 0, 0, .15)'
    tabBar.replaceChildren(...tabs.list.map((tab) => {
      const { pagePath, text, iconPath, selectedIconPath } = themed(tab)
      const isSelected = pagePath === page.route
      const item = make('phone-tab')
      item.setAttribute('role', 'tab')
      item.setAttribute('aria-selected', isSelected)
      item.style.color = isSelected ? selectedColor : color
      if (iconPath) item.append(Object.assign(make('img'), { alt: '', src: new URL((isSelected && selectedIconPath) || iconPath, 'http://app/').pathname }))
      item.append(make('span', text))
      if (tab.badge !== undefined) item.append(make('phone-badge', tab.badge))
      item.addEventListener('click', () => phone.pages.tapTab(pagePath, text))
      return item
    }))
  }

  const draw = () => {
    if (!phone.pages.top()) return
    drawNavigation()
    drawTabs()
  }
  dark.addEventListener('change', draw)
  return { draw, tabs }
}
