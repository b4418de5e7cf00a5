// From tokens and a brand to the colours of a theme.

import { isHex, LEAST, nearest, ratio } from './colors.mjs'

/** What is wrong with a brand, in words for whoever wrote it. */
export class BrandError extends Error {}

/** Ratio for people; never rounded up to the limit it missed. */
const shown = (value) => (Math.floor(value * 100) / 100).toFixed(2)

function colorOf(brand, key, theme) {
  const value = brand[key]?.[theme]
  if (!isHex(value)) throw new BrandError(`${key}.${theme} must be a colour of six digits such as #0d6e57, not ${JSON.stringify(value)}`)
  return value.toLowerCase()
}

function checkPair(ground, ink, theme) {
  const found = ratio(ground, ink)
  if (found >= LEAST.text) return
  const otherGround = nearest(ground, (color) => ratio(color, ink) >= LEAST.text)
  const otherInk = nearest(ink, (color) => ratio(ground, color) >= LEAST.text)
  throw new BrandError(`onBrand.${theme} ${ink} on brand.${theme} ${ground} has ${shown(found)}, at least 4.5 is needed; `
    + `the nearest that passes: brand ${otherGround ?? 'none'}, or onBrand ${otherInk}`)
}

const leastOf = (inks, ground) => Math.min(...Object.values(inks).map((ink) => ratio(ink, ground)))

/** The inks of the own bubble: the first set all of which can be read on it. */
function inksOn(own, sets, theme) {
  const inks = sets.find((set) => leastOf(set, own) >= LEAST.text)
  if (inks) return inks
  const best = Math.max(...sets.map((set) => leastOf(set, own)))
  const other = nearest(own, (color) => sets.some((set) => leastOf(set, color) >= LEAST.text))
  throw new BrandError(`own.${theme} ${own} has ${shown(best)} with the best inks for it, at least 4.5 is needed; the nearest that passes: ${other}`)
}

/**
 * The colours of a theme by their names, the brand's included.
 * @param {object} tokens tokens.json
 * @param {object} brand brand.json
 * @param {'light'|'dark'} theme
 * @returns {Record<string, string>}
 */
export function colorsOf(tokens, brand, theme) {
  const colors = Object.fromEntries(Object.entries(tokens.colors).map(([name, color]) => [name, color[theme]]))
  const own = colorOf(brand, 'own', theme)
  const ground = colorOf(brand, 'brand', theme)
  const ink = colorOf(brand, 'onBrand', theme)
  checkPair(ground, ink, theme)
  const inks = inksOn(own, tokens.ownInks, theme)
  return {
    ...colors,
    own, 'own-text': inks.text, 'own-link': inks.link, 'own-soft': inks.soft,
    brand: ground, 'on-brand': ink,
    selected: ratio(ground, colors.bar) >= LEAST.text ? ground : colors.text,
  }
}

/**
 * The ratios that tokens.json promises, computed.
 * @returns {{ink: string, ground: string, ratio: number, least: number}[]}
 */
export function ratiosOf(tokens, colors) {
  return Object.entries(tokens.contrast).flatMap(([kind, pairs]) => Object.entries(pairs).flatMap(([ink, grounds]) =>
    grounds.map((ground) => ({ ink, ground, ratio: ratio(colors[ink], colors[ground]), least: LEAST[kind] }))))
}
