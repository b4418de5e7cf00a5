// docs/openapi.json makes clients that compile and run: for TypeScript by openapi-typescript, for Python by
// openapi-python-client. Each talks to the built server, and comes to the same.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { apiKeys, KeyFiles } from '../blackbox/lib/keys.js'
import { makeDirectory } from '../blackbox/lib/processes.js'
import { serverFor } from '../blackbox/lib/server.js'
import { here, pythonTools, root, run } from './lib.js'

const openapi = path.join(root, 'docs/openapi.json')

const expected = {
  messages: [[1, 'text'], [2, 'file']],
  text: '大雁南飞',
  file: ['词.txt', '雁字回时'],
  problems: ['Conflict', 'Unauthorized'],
}

async function startServer(t) {
  const keys = new KeyFiles()
  t.after(() => keys.dispose())
  const server = await serverFor(t, { args: keys.args })
  return `${server.scheme}://${server.authority}`
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
    const tools = await pythonTools('clients', path.join(here, 'requirements.txt'))
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
