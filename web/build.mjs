// `node build.mjs`: dist/, the pages that the server has in it: the chat, the operator's page and the demo, each a page, a script and a
// style sheet. It is committed, so that the server is built without Node. `--check` writes nothing and ends with 1 when a file is not current.

import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'

const WEB = path.dirname(fileURLToPath(import.meta.url))
const DIST = path.join(WEB, 'dist')
const at = (...parts) => path.join(WEB, ...parts)
const read = (...parts) => fs.readFileSync(at(...parts), 'utf8')

/** What the newest browsers had in 2021: `:focus-visible`, `dvh` and the like have their fallbacks in the sheets. */
const TARGET = ['chrome90', 'firefox90', 'safari15']
const common = {
  bundle: true, minify: true, charset: 'utf8', legalComments: 'none', logLevel: 'warning', target: TARGET, write: false,
  alias: { 'hongyan-client': at('../sdk/src/index.ts') },
}

/** The demo's parts are one script: they share their state. The order is that of their use. */
const DEMO_SCRIPT = ['words', 'tools', 'phone', 'classic-phone', 'v1-phone', 'v1-client', 'v1-list', 'v1-talk', 'v1-menu', 'v1-replies', 'v1-bubble',
  'v1-composer', 'v1-files', 'people', 'login', 'figures', 'page']
const DEMO_STYLE = ['colours', 'base', 'frame', 'figures', 'connect', 'phone', 'v1', 'media', 'widths']
const CHAT_STYLE = ['../../tokens', '../../icons', 'base', 'parts', 'shell', 'list', 'chat', 'bubbles', 'composer', 'panels', 'overlays']
const ADMIN_STYLE = ['../../tokens', '../../icons', 'base', 'frame', 'parts', 'tables', 'sections', 'overlays']

async function style(folder, names) {
  const { code } = await transform(names.map((name) => read(folder, `${name}.css`)).join('\n'), { loader: 'css', minify: true, charset: 'utf8', target: TARGET })
  return code
}

async function demoScript() {
  const contents = ["import * as hongyan from 'hongyan-client'", ...DEMO_SCRIPT.map((name) => read('src/demo', `${name}.js`))].join('\n')
  const { outputFiles } = await build({ ...common, format: 'iife', stdin: { contents, resolveDir: WEB, sourcefile: 'demo.js' } })
  return outputFiles[0].text
}

async function preactScript(entry) {
  const { outputFiles } = await build({
    ...common, format: 'iife', entryPoints: [at(entry)], outfile: 'out.js', jsx: 'automatic', jsxImportSource: 'preact', loader: { '.png': 'dataurl' },
  })
  return outputFiles[0].text
}

const files = {
  'index.html': read('src/index.html'),
  'chat.js': await preactScript('src/main.jsx'),
  'chat.css': await style('src/styles', CHAT_STYLE),
  'admin.html': read('admin/admin.html'),
  'admin.js': await preactScript('admin/main.jsx'),
  'admin.css': await style('admin/styles', ADMIN_STYLE),
  'demo.html': read('src/demo/demo.html'),
  'demo.js': await demoScript(),
  'demo.css': await style('src/demo', DEMO_STYLE),
}
const isCheck = process.argv.includes('--check')
fs.mkdirSync(DIST, { recursive: true })
for (const [name, text] of Object.entries(files)) {
  const file = path.join(DIST, name)
  if (!isCheck) fs.writeFileSync(file, text)
  else if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) {
    console.error(`web/dist/${name} is not current: node web/build.mjs`)
    process.exitCode = 1
  }
}
