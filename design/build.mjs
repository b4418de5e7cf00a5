// Writes what is generated from design/ and miniprogram/brand.json. `--check` writes nothing and ends with 1 when
// a file is not current.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { draw, isPictureOf } from './lib/pictures.mjs'
import { iconsCss, tdesignWxss, themeJson, tokensCss, tokensWxss } from './lib/styles.mjs'
import { BrandError, colorsOf } from './lib/theme.mjs'

const DESIGN = path.dirname(fileURLToPath(import.meta.url))
const ROOT = path.dirname(DESIGN)
const TABS = ['chats', 'contacts', 'me']
const TAB_SIZE = 81
const LOGO_SIZE = 256

const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8')

function svgsIn(folder) {
  const names = fs.readdirSync(folder).filter((file) => file.endsWith('.svg')).sort()
  return Object.fromEntries(names.map((file) => [file.slice(0, -4), read(folder, file)]))
}

const tabFile = (tab, isSelected, theme) => `icons/tab-${tab}${isSelected ? '-selected' : ''}-${theme}.png`

/** The icons of the tab bar as theme.json names them: tabChats, tabChatsSelected, … */
function tabPictures(theme) {
  return Object.fromEntries(TABS.flatMap((tab) => [false, true].map((isSelected) =>
    [`tab${tab[0].toUpperCase()}${tab.slice(1)}${isSelected ? 'Selected' : ''}`, tabFile(tab, isSelected, theme)])))
}

const inBoth = (text) => (typeof text === 'object' ? text : { zh: text, en: text })

/** brand.js: a mini-program's scripts cannot read JSON. Colours are in the style sheets. */
function brandJs({ name, logo, welcome, report }) {
  const shown = { name: inBoth(name), logo, welcome: inBoth(welcome), ...(report && { report }) }
  return `// Written by design/build.mjs from brand.json: change that.\nmodule.exports = ${JSON.stringify(shown, null, 2)}\n`
}

/** Everything that is generated, by its path: texts, and pictures to be drawn. */
function generated() {
  const tokens = JSON.parse(read(DESIGN, 'tokens.json'))
  const brand = JSON.parse(read(ROOT, 'miniprogram/brand.json'))
  const colors = { light: colorsOf(tokens, brand, 'light'), dark: colorsOf(tokens, brand, 'dark') }
  const icons = svgsIn(path.join(DESIGN, 'icons'))
  const tabs = svgsIn(path.join(DESIGN, 'icons/tabs'))

  const texts = {
    'miniprogram/components/hy-chat/tokens.wxss': tokensWxss(colors),
    'miniprogram/components/hy-chat/icons.wxss': iconsCss(icons, '48rpx'),
    'miniprogram/tdesign.wxss': tdesignWxss(),
    'miniprogram/theme.json': themeJson(colors, tabPictures),
    'miniprogram/brand.js': brandJs(brand),
    'web/tokens.css': tokensCss(colors),
    'web/icons.css': iconsCss({ ...icons, ...tabs }, '24px'),
  }
  const pictures = {
    'miniprogram/icons/logo.png': {
      svg: read(DESIGN, 'logo.svg'), size: LOGO_SIZE, style: `--hy-brand: ${colors.light.brand}; --hy-on-brand: ${colors.light['on-brand']}`,
    },
  }
  for (const theme of ['light', 'dark']) {
    for (const tab of TABS) {
      for (const isSelected of [false, true]) {
        pictures['miniprogram/' + tabFile(tab, isSelected, theme)] = {
          svg: tabs[isSelected ? `${tab}-selected` : tab].replaceAll('#000', 'currentColor'),
          size: TAB_SIZE,
          style: `color: ${colors[theme][isSelected ? 'selected' : 'soft']}`,
        }
      }
    }
  }
  return { texts, pictures }
}

/** The generated files that are not what they should be. */
function stale({ texts, pictures }) {
  const differs = (isCurrent) => ([file, wanted]) => {
    const at = path.join(ROOT, file)
    return !fs.existsSync(at) || !isCurrent(fs.readFileSync(at), wanted)
  }
  return {
    texts: Object.entries(texts).filter(differs((bytes, text) => bytes.equals(Buffer.from(text)))),
    pictures: Object.entries(pictures).filter(differs(isPictureOf)),
  }
}

function write(file, bytes) {
  const at = path.join(ROOT, file)
  fs.mkdirSync(path.dirname(at), { recursive: true })
  fs.writeFileSync(at, bytes)
  console.log(file)
}

async function main(isCheck) {
  const { texts, pictures } = stale(generated())
  if (isCheck) {
    for (const [file] of [...texts, ...pictures]) console.error(`${file} is not current: node design/build.mjs`)
    return texts.length + pictures.length === 0 ? 0 : 1
  }
  for (const [file, text] of texts) write(file, text)
  if (pictures.length > 0) {
    const drawn = await draw(pictures.map(([, picture]) => picture))
    pictures.forEach(([file], index) => write(file, drawn[index]))
  }
  return 0
}

try {
  process.exitCode = await main(process.argv.includes('--check'))
} catch (error) {
  if (!(error instanceof BrandError)) throw error
  console.error(`miniprogram/brand.json: ${error.message}`)
  process.exitCode = 1
}
