// The texts of the generated style sheets.

const NOTE = '/* Written by design/build.mjs from design/ and miniprogram/brand.json: change those. */\n'

const declarations = (variables, indent) => Object.entries(variables).map(([name, value]) => `${indent}${name}: ${value};\n`).join('')
const rule = (selector, variables, indent = '') => `${indent}${selector} {\n${declarations(variables, indent + '  ')}${indent}}\n`
const whenDark = (text) => `\n@media (prefers-color-scheme: dark) {\n${text}}\n`

const variablesOf = (colors) => Object.fromEntries(Object.entries(colors).map(([name, color]) => [`--hy-${name}`, color]))

/** tokens.wxss: the phone's theme on the page, a forced one on any element. */
export function tokensWxss({ light, dark }) {
  return NOTE + rule('page', { '--hy-scale': 1, ...variablesOf(light) })
    + whenDark(rule('page', variablesOf(dark), '  '))
    + '\n' + rule('.hy-light', variablesOf(light))
    + '\n' + rule('.hy-dark', variablesOf(dark))
}

/** tokens.css: the same for the web, where a theme is forced by `data-theme` on the root. */
export function tokensCss({ light, dark }) {
  const lightSet = { 'color-scheme': 'light', ...variablesOf(light) }
  const darkSet = { 'color-scheme': 'dark', ...variablesOf(dark) }
  return NOTE + rule(':root', { '--hy-scale': 1, ...lightSet })
    + whenDark(rule(':root:not([data-theme=light])', darkSet, '  '))
    + '\n' + rule(':root[data-theme=dark]', darkSet)
}

// TDesign's names. It sets its own on `page`; ours come later, and on the classes of a forced theme, where they are resolved anew.
const TDESIGN = {
  '--td-brand-color': 'brand',
  '--td-brand-color-active': 'brand',
  '--td-brand-color-disabled': 'line',
  '--td-text-color-primary': 'text',
  '--td-text-color-secondary': 'soft',
  '--td-text-color-placeholder': 'soft',
  '--td-text-color-anti': 'on-brand',
  '--td-text-color-disabled': 'soft',
  '--td-bg-color-container': 'surface',
  '--td-bg-color-container-active': 'press',
  '--td-bg-color-page': 'canvas',
  '--td-bg-color-secondarycontainer': 'field',
  '--td-bg-color-component': 'bar',
  '--td-component-stroke': 'line',
  '--td-component-border': 'line',
  '--td-error-color': 'danger',
  '--td-mask-active': 'mask',
  '--td-switch-unchecked-color': 'line',
  '--td-toast-bg-color': 'menu',
  '--td-toast-color': 'menu-text',
}

/** tdesign.wxss: TDesign in our colours. */
export const tdesignWxss = () => NOTE
  + rule('page,\n.hy-light,\n.hy-dark', Object.fromEntries(Object.entries(TDESIGN).map(([name, ours]) => [name, `var(--hy-${ours})`])))

// In a double-quoted url() only these must be escaped.
const inUrl = (svg) => svg.trim().replace(/\n\s*/g, '').replace(/"/g, "'").replace(/\s*\/>/g, '/>')
  .replace(/#000/g, 'red').replace(/[%#<>]/g, (char) => '%' + char.charCodeAt(0).toString(16))

/**
 * icons.wxss and icons.css: each icon a mask for the element's colour.
 * Only the prefixed property: all engines know it (Compatibility Standard), those of older phones know no other.
 * @param {Record<string, string>} icons SVG by name
 * @param {string} size of an icon that nothing else sizes
 */
export function iconsCss(icons, size) {
  const base = {
    display: 'inline-block', 'flex-shrink': 0, width: size, height: size, 'vertical-align': 'middle',
    'background-color': 'currentColor', '-webkit-mask': 'center / contain no-repeat',
  }
  const masks = Object.entries(icons).map(([name, svg]) => `.hy-icon-${name} { -webkit-mask-image: url("data:image/svg+xml,${inUrl(svg)}"); }\n`)
  return NOTE + rule('.hy-icon', base) + '\n' + masks.join('')
}

/** theme.json: what the native bars take, by WeChat's form. */
export function themeJson({ light, dark }, pictures) {
  const of = (theme, colors, text) => ({
    navBackground: colors.canvas, navText: text, background: colors.canvas, backgroundText: theme === 'dark' ? 'light' : 'dark',
    tabText: colors.soft, tabSelected: colors.selected, tabBackground: colors.bar, tabBorder: 'black',
    ...pictures(theme),
  })
  return JSON.stringify({ light: of('light', light, 'black'), dark: of('dark', dark, 'white') }, null, 2) + '\n'
}
