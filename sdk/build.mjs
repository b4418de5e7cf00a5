// `node build.mjs`: dist/ for bundlers, browsers and Node, and miniprogram_dist/, the one file that WeChat's packing takes.

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

process.chdir(fileURLToPath(new URL('.', import.meta.url)))
for (const folder of ['dist', 'miniprogram_dist']) rmSync(folder, { recursive: true, force: true })

const common = { bundle: true, target: 'es2017', logLevel: 'warning', charset: 'utf8' }
const hosts = ['wx', 'uni', 'taro', 'my', 'tt', 'browser']
const entries = { index: 'src/index.ts', ...Object.fromEntries(hosts.map((host) => [host, `src/hosts/${host}.ts`])) }
for (const [format, extension] of [['cjs', '.cjs'], ['esm', '.mjs']]) {
  await build({ ...common, entryPoints: entries, outdir: 'dist', format, outExtension: { '.js': extension } })
  await build({ ...common, entryPoints: { node: 'src/hosts/node.ts' }, outdir: 'dist', format, platform: 'node', outExtension: { '.js': extension } })
}
// For a <script>: window.hongyan.
await build({ ...common, entryPoints: { 'hongyan-client': 'src/index.ts' }, outdir: 'dist', format: 'iife', globalName: 'hongyan', minify: true })
await build({ ...common, entryPoints: { index: 'src/miniprogram.ts' }, outdir: 'miniprogram_dist', format: 'cjs', minify: true })
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc'], { stdio: 'inherit' })
