'use strict'
// Colours, icons and pictures of design/: readable, current, small.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { before, test } = require('node:test')
const { pathToFileURL } = require('node:url')
const { colorOf } = require('../../../miniprogram/components/hy-chat/core/avatar.js')

const ROOT = path.join(__dirname, '../../..')
const fileAt = (file) => path.join(ROOT, file)
const json = (file) => JSON.parse(fs.readFileSync(fileAt(file), 'utf8'))

const tokens = json('design/tokens.json')
const shipped = json('miniprogram/brand.json')
// The preset of design/README.md.
const weChatGreen = { ...shipped, brand: both('#07c160'), onBrand: both('#06230f') }
const THEMES = ['light', 'dark']

function both(color) {
  return { light: color, dark: color }
}

let colors, theme
before(async () => {
  const load = (file) => import(pathToFileURL(fileAt(`design/lib/${file}`)))
  ;[colors, theme] = await Promise.all(['colors.mjs', 'theme.mjs'].map(load))
})

test('ratios are those of WCAG 2', () => {
  assert.equal(colors.ratio('#000000', '#ffffff'), 21)
  assert.equal(colors.ratio('#ffffff', '#07c160').toFixed(2), '2.38')
  assert.equal(colors.ratio('#06230f', '#07c160').toFixed(1), '7.0')
})

for (const [name, brand] of Object.entries({ shipped, weChatGreen })) {
  test(`every text has 4.5 and every mark 3.0 on what it stands on: ${name}`, () => {
    for (const themeName of THEMES) {
      for (const { ink, ground, ratio, least } of theme.ratiosOf(tokens, theme.colorsOf(tokens, brand, themeName))) {
        assert.ok(ratio >= least, `${themeName}: ${ink} on ${ground} has ${ratio.toFixed(2)}, not ${least}`)
      }
    }
  })
}

test('white is readable on the avatars, whose colours are those of the tokens', () => {
  for (const color of tokens.avatars) assert.ok(colors.ratio('#ffffff', color) >= 4.5, color)
  const given = new Set(Array.from({ length: 200 }, (_, id) => colorOf(`user${id}`)))
  assert.deepEqual([...given].sort(), [...tokens.avatars].sort())
})

test('the selected tab is the brand where it can be read on the bar, else the text', () => {
  const darkGreen = { ...shipped, brand: both('#0d6e57'), onBrand: both('#ffffff') }
  assert.equal(theme.colorsOf(tokens, darkGreen, 'light').selected, '#0d6e57')
  assert.equal(theme.colorsOf(tokens, weChatGreen, 'light').selected, tokens.colors.text.light)
  assert.equal(theme.colorsOf(tokens, weChatGreen, 'dark').selected, '#07c160')
})

test('the own bubble has dark inks, darker ones, or white ones', () => {
  const textOn = (own) => theme.colorsOf(tokens, { ...shipped, own: both(own) }, 'light')['own-text']
  assert.equal(textOn('#95ec69'), '#0d1a05')
  assert.equal(textOn('#3eb575'), '#04140b')
  assert.equal(textOn('#1f4fa3'), '#ffffff')
})

test('a brand that cannot be read is refused, with what would pass', () => {
  const refusal = (change) => {
    try {
      theme.colorsOf(tokens, { ...shipped, ...change }, 'light')
    } catch (error) {
      assert.ok(error instanceof theme.BrandError)
      return error.message
    }
    return assert.fail('not refused')
  }
  const pair = refusal({ brand: both('#07c160'), onBrand: both('#ffffff') })
  assert.match(pair, /^onBrand\.light #ffffff on brand\.light #07c160 has 2\.38, at least 4\.5 is needed; the nearest that passes: brand #[0-9a-f]{6}, or onBrand #[0-9a-f]{6}$/)
  const [ground, ink] = pair.match(/(?<=: brand |or onBrand )#\w{6}/g)
  assert.ok(colors.ratio(ground, '#ffffff') >= 4.5 && colors.ratio(ground, '#ffffff') < 4.7, ground)
  assert.ok(colors.ratio('#07c160', ink) >= 4.5 && colors.ratio('#07c160', ink) < 4.7, ink)

  const own = refusal({ own: both('#7d7d7d') })
  assert.match(own, /^own\.light #7d7d7d has \d\.\d\d with the best inks for it, at least 4\.5 is needed; the nearest that passes: #[0-9a-f]{6}$/)
  assert.ok(theme.colorsOf(tokens, { ...shipped, own: both(own.slice(-7)) }, 'light'))

  assert.match(refusal({ brand: { light: 'green' } }), /^brand\.light must be a colour of six digits such as #0d6e57, not "green"$/)
})

test('generated files are current', () => {
  execFileSync(process.execPath, [fileAt('design/build.mjs'), '--check'], { stdio: 'pipe' })
})

test('every theme defines the same variables, those of the brand among them', () => {
  for (const [file, count] of [['miniprogram/components/hy-chat/tokens.wxss', 4], ['web/tokens.css', 3]]) {
    const sets = [...fs.readFileSync(fileAt(file), 'utf8').matchAll(/\{\n([^{}]*)\}/g)].map(([, body]) => body.match(/--hy-(?!scale)[\w-]+/g))
    assert.equal(sets.length, count, file)
    for (const set of sets) assert.deepEqual(set, sets[0], file)
    for (const name of ['--hy-brand', '--hy-on-brand', '--hy-own', '--hy-own-text']) assert.ok(sets[0].includes(name), name)
  }
})

test('theme.json has what app.json asks for, in both themes', () => {
  const asked = fs.readFileSync(fileAt('miniprogram/app.json'), 'utf8').match(/(?<="@)\w+(?=")/g)
  const given = json('miniprogram/theme.json')
  for (const themeName of THEMES) {
    for (const name of asked) assert.ok(given[themeName][name], `${themeName}: ${name}`)
    for (const [name, value] of Object.entries(given[themeName])) {
      if (value.startsWith('icons/')) assert.ok(fs.existsSync(fileAt(`miniprogram/${value}`)), name)
    }
  }
})

test('icons are one family', () => {
  const folder = fileAt('design/icons')
  for (const file of fs.readdirSync(folder, { recursive: true })) {
    if (!file.endsWith('.svg') || file === 'goose.svg') continue
    const svg = fs.readFileSync(path.join(folder, file), 'utf8')
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="1\.5" stroke-linecap="round" stroke-linejoin="round">\n/, file)
  }
})

test('icons and pictures are small', () => {
  assert.ok(fs.statSync(fileAt('miniprogram/components/hy-chat/icons.wxss')).size < 20_000)
  const pictures = fs.readdirSync(fileAt('miniprogram/icons'))
  assert.equal(pictures.filter((file) => file.startsWith('tab-')).length, 12)
  for (const file of pictures) {
    const png = fs.readFileSync(fileAt(`miniprogram/icons/${file}`))
    assert.ok(png.length < 40_000, file)
    const side = file.startsWith('tab-') ? 81 : 256
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [side, side], file)
  }
})
