// docs/openapi.json makes clients that compile and run: for TypeScript by openapi-typescript, for Python by
// openapi-python-client. Each talks to the built server, and comes to the same.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { apiKeys, KeyFiles } from '../blackbox/lib/keys.js'
import { makeDirectory, start } from '../blackbox/lib/processes.js'
import { serverFor } from '../blackbox/lib/server.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const openapi = path.resolve(here, '../../docs/openapi.json')

const expected = {
  messages: [[1, 'text'], [2, 'file']],
  text: '大雁南飞',
  file: ['词.txt', '雁字回时'],
  problems: ['Conflict', 'Unauthorized'],
}

// Runs it to its end; what it writes. Compilers say on either output what is wrong.
async function run(command, args, options) {
  const child = start(command, args, options)
  const { code } = await child.ended
  assert.equal(code, 0, `${command} ${args.join(' ')}:\n${child.out()}${child.err()}`)
  return child.out()
}

async function startServer(t) {
  const keys = new KeyFiles()
  t.after(() => keys.dispose())
  const server = await serverFor(t, { args: keys.args })
  return `${server.scheme}://${server.authority}`
}

// The generator and what the clients need, as requirements.txt has it: made anew when that has changed.
async function pythonTools() {
  const folder = path.resolve(here, '../../build/clients')
  const [wanted, installed] = [here, folder].map((it) => path.join(it, 'requirements.txt'))
  if (!fs.existsSync(installed) || !fs.readFileSync(wanted).equals(fs.readFileSync(installed))) {
    await run('/usr/bin/python3', ['-m', 'venv', '--clear', folder])
    const flags = ['--quiet', '--disable-pip-version-check', '--require-hashes', '--only-binary', ':all:']
    await run(path.join(folder, 'bin/pip'), ['install', ...flags, '-r', wanted])
    fs.copyFileSync(wanted, installed)
  }
  return path.join(folder, 'bin')
}

describe('clients made from openapi.json', () => {
  it('in TypeScript, strict', async (t) => {
    const project = makeDirectory('client-ts')
    const tool = (name, ...args) => run(path.join(here, 'node_modules/.bin', name), args, { cwd: project })
    fs.writeFileSync(path.join(project, 'package.json'), '{"type": "module"}')
    fs.copyFileSync(path.join(here, 'client.ts'), path.join(project, 'client.ts'))
    fs.symlinkSync(path.join(here, 'node_modules'), path.join(project, 'node_modules'))
    await tool('openapi-typescript', openapi, '--output', 'schema.d.ts')
    await tool('tsc', '--strict', '--target', 'es2022', '--module', 'nodenext',
      '--lib', 'es2022,dom,dom.iterable', 'client.ts')
    const { talk } = await import(pathToFileURL(path.join(project, 'client.js')))
    assert.deepEqual(await talk(await startServer(t), apiKeys.all), expected)
  })

  it('in Python, with nothing left out', async (t) => {
    const tools = await pythonTools()
    const project = makeDirectory('client-py')
    // The generator calls ruff by its name.
    const env = { ...process.env, PATH: `${tools}:${process.env.PATH}`, PYTHONPATH: project }
    const tool = (name, ...args) => run(path.join(tools, name), args, { cwd: project, env })
    await tool('openapi-python-client', 'generate', '--path', openapi,
      '--output-path', 'hongyan', '--meta', 'none', '--fail-on-warning')
    await tool('python3', '-m', 'compileall', '-q', 'hongyan')
    const said = await tool('python3', path.join(here, 'client.py'), await startServer(t), apiKeys.all)
    assert.deepEqual(JSON.parse(said), expected)
  })
})
