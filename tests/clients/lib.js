// What these tests install beside npm's packages, into build/: once, until what is wanted changes.

import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeDirectory, removeDirectory, start } from '../blackbox/lib/processes.js'

export const here = path.dirname(fileURLToPath(import.meta.url))
export const root = path.resolve(here, '../..')
const build = path.join(root, 'build')

// Runs it to its end; what it writes. Compilers say on either output what is wrong.
export async function run(command, args, { input, ...options } = {}) {
  const child = start(command, args, { ...options, ...(input === undefined ? {} : { stdio: ['pipe', 'pipe', 'pipe'] }) })
  child.stdin?.end(input)
  const { code } = await child.ended
  assert.equal(code, 0, `${command} ${args.join(' ')}:\n${child.out()}${child.err()}`)
  return child.out()
}

// A folder of build/, of one file of tests alone, that has what `install(folder)` puts there: anew when one of these files has changed.
async function installed(name, files, install) {
  const folder = path.join(build, name)
  const wanted = files.reduce((hash, file) => hash.update(fs.readFileSync(file)), crypto.createHash('sha256')).digest('hex')
  const mark = path.join(folder, 'installed-for')
  if (!fs.existsSync(mark) || fs.readFileSync(mark, 'utf8') !== wanted) {
    fs.rmSync(folder, { recursive: true, force: true })
    fs.mkdirSync(folder, { recursive: true })
    await install(folder)
    fs.writeFileSync(mark, wanted)
  }
  return folder
}

// Python with these requirements; the folder of its commands.
export async function pythonTools(name, requirements) {
  const folder = await installed(name, [requirements], async (to) => {
    await run('/usr/bin/python3', ['-m', 'venv', to])
    const flags = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary', ':all:']
    await run(path.join(to, 'bin/pip'), ['install', ...flags, '-r', requirements])
  })
  return path.join(folder, 'bin')
}

// Runs Maven, one at a time on a machine, since its repository of packages is shared. False, and the test is skipped, when what it needs is
// not here and Maven Central is not reached; what Central has not is a failure. With --update-snapshots it asks anew for what it did not get once.
export async function maven(t, folder, ...args) {
  const lock = path.join(os.tmpdir(), 'hongyan-maven.lock')
  const child = start('flock', [lock, 'mvn', '--batch-mode', '--no-transfer-progress', '--update-snapshots', ...args], { cwd: folder })
  const { code } = await child.ended
  const text = child.out() + child.err()
  const away = /(Could not transfer|Unknown host|UnknownHostException|Connection refused|offline mode).*/.exec(text)
  if (code !== 0 && away) {
    t.skip(`Maven Central is not reached: ${away[0].slice(0, 300)}`)
    return false
  }
  assert.equal(code, 0, `mvn ${args.join(' ')}:\n${text}`)
  return true
}

// The packages of pom.xml, as a class path; nothing, and the test is skipped, when they cannot be had.
export async function javaPackages(t, name) {
  let reached = true
  const pom = path.join(here, 'pom.xml')
  const folder = await installed(name, [pom], async (to) => {
    reached = await maven(t, here, '--quiet', '--file', pom, 'org.apache.maven.plugins:maven-dependency-plugin:3.11.0:copy-dependencies', `-DoutputDirectory=${to}`)
  })
  if (reached) return path.join(folder, '*')
  fs.rmSync(folder, { recursive: true, force: true })
}

// A class of one file, compiled; how it is run.
export async function javaProgram(t, file, packages = '') {
  const folder = makeDirectory('java')
  t.after(() => removeDirectory(folder))
  await run('javac', ['-encoding', 'UTF-8', '-d', folder, '-cp', packages, file])
  return ['java', ['-XX:TieredStopAtLevel=1', '-cp', `${folder}:${packages}`, path.basename(file, '.java')]]
}

// The Go program of a folder, built; nothing, and the test is skipped, without Go (Debian 12 has an older one) and where its packages cannot be had.
export async function goProgram(t, source) {
  const version = await start('go', ['version']).ended.then(({ code }) => code === 0, () => false) && await run('go', ['env', 'GOVERSION'])
  const [, minor] = /^go1\.(\d+)/.exec(version || '') ?? []
  if (!(minor >= 21)) {
    t.skip(`there is no Go 1.21 or later${version ? `: ${version.trim()}` : ''}`)
    return undefined
  }
  let away
  const files = ['go.mod', 'go.sum', ...fs.readdirSync(source).filter((name) => name.endsWith('.go'))].map((name) => path.join(source, name))
  const folder = await installed('clients-verifiers-go', files, async (to) => {
    const child = start('go', ['build', '-o', path.join(to, 'program'), '.'], { cwd: source })
    const { code } = await child.ended
    away = code !== 0 && /.*(dial tcp|no such host|Could not resolve host|i\/o timeout).*/.exec(child.err())?.[0]
    if (!away) assert.equal(code, 0, child.err())
  })
  if (!away) return path.join(folder, 'program')
  fs.rmSync(folder, { recursive: true, force: true })
  t.skip(`the proxy of Go modules is not reached: ${away.slice(0, 300)}`)
}
