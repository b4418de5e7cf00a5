// Contrast of colours, by WCAG 2.

/** The least ratio of text to its ground, and of a mark (dot, badge) to what it stands on. */
export const LEAST = { text: 4.5, marks: 3 }

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16))
const hexOf = (rgb) => '#' + rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')

/** Whether it is a colour as we write them: six hexadecimal digits, as the native bars need. */
export const isHex = (text) => /^#[0-9a-f]{6}$/i.test(text)

/** Relative luminance of a colour, 0 (black) to 1 (white). */
export function luminance(hex) {
  const [red, green, blue] = channels(hex).map((value) => {
    const part = value / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** Contrast ratio of two colours, 1 to 21. */
export function ratio(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const STEPS = 255

/** The colour nearest to `hex`, made darker or lighter, for which `passes` holds, or null. */
export function nearest(hex, passes) {
  const from = channels(hex)
  for (let step = 0; step <= STEPS; step++) {
    for (const end of [0, 255]) {
      const mixed = hexOf(from.map((value) => value + ((end - value) * step) / STEPS))
      if (passes(mixed)) return mixed
    }
  }
  return null
}
