'use strict'
// The SDK's examples of mini-programs: installed as locked, and built as whoever copies them builds them.

const { execFile } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')
const { promisify } = require('node:util')

const SDK = path.resolve(__dirname, '..', '..', '..', 'sdk')
const PACKING = path.resolve(__dirname, '..', 'packing')
const exampleFolder = (name) => path.join(SDK, 'examples', name)

const run = (cwd, command, ...args) => promisify(execFile)(command, args, { cwd, maxBuffer: 1 << 26 })
  .catch((error) => { throw new Error(`${command} ${args.join(' ')} in ${cwd}\n${error.stdout}\n${error.stderr}`) })

/** Packages as locked, unless they are there already. No install script is needed, and none runs. */
async function install(folder, command = ['ci']) {
  const changed = (file) => (fs.existsSync(file) ? fs.statSync(file).mtimeMs : 0)
  if (changed(path.join(folder, 'node_modules', '.package-lock.json')) > changed(path.join(folder, 'package-lock.json'))) return
  await run(folder, 'npm', ...command, '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund')
}

/** @returns {Promise<string>} the folder of the native mini-program, its packages packed by WeChat's own code */
async function packNative() {
  const folder = exampleFolder('miniprogram')
  if (!fs.existsSync(path.join(SDK, 'miniprogram_dist'))) await run(SDK, process.execPath, 'build.mjs')
  await Promise.all([install(PACKING), install(folder)])
  fs.rmSync(path.join(folder, 'miniprogram_npm'), { recursive: true, force: true })
  await run(PACKING, process.execPath, 'pack.js', folder)
  return folder
}

/** @returns {Promise<string>} the folder that an example's `npm run build` made */
async function buildExample(name, output) {
  const folder = exampleFolder(name)
  // Taro 4.2.1 has optional packages for other machines that are not in the registry, so not in the lock: `npm ci` refuses that.
  await install(folder, name === 'taro' ? ['install', '--no-save'] : ['ci'])
  fs.rmSync(path.join(folder, 'dist'), { recursive: true, force: true })
  await run(folder, 'npm', 'run', 'build')
  return path.join(folder, output)
}

module.exports = { SDK, packNative, buildExample }
