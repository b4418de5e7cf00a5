// Options: where they come from, and what is refused. Exit status 2, one line, nothing started.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect, get, history, newUser, online, pushed } from './lib/client.js'
import { makeDirectory, removeDirectory } from './lib/processes.js'
import { runToEnd, serverFor, startServer } from './lib/server.js'

let directory
before(() => { directory = makeDirectory('options') })
after(() => removeDirectory(directory))

let files = 0
function file(text, suffix = 'toml') {
  const name = path.join(directory, `file${++files}.${suffix}`)
  fs.writeFileSync(name, text)
  return name
}
const newDatabase = () => path.join(directory, `database${++files}.db`)

// Runs with these options beside harmless ones, and expects: status 2, nothing on standard output, one line on
// standard error that matches all of `says`, and no database.
async function assertRefused(args, says, { env, listen = ['--listen', '127.0.0.1:0'], database } = {}) {
  const untouched = newDatabase()
  const all = [...listen, ...(database === null ? [] : ['--database', database ?? `sqlite:${untouched}`]), ...args]
  const end = await runToEnd(all, { env, cwd: directory })
  assert.equal(end.code, 2, `ended with ${end.code ?? end.signal}: ${end.stderr}`)
  assert.equal(end.stdout, '', 'nothing on standard output')
  const lines = end.stderr.split('\n').filter((line) => line !== '')
  assert.equal(lines.length, 1, `one line on standard error, not ${lines.length}:\n${end.stderr}`)
  for (const expected of says) assert.match(lines[0], expected)
  assert.ok(!fs.existsSync(untouched), 'no database was made')
  return lines[0]
}

const nodeName = async (t, server) => {
  const user = newUser()
  await connect(server, user, { t })
  return (await online(server))[user].nodes
}

describe('--help and --version', () => {
  it('--help ends with 0 and names every option with its default', async () => {
    const end = await runToEnd(['--help'])
    assert.equal(end.code, 0)
    for (const option of ['config', 'listen', 'database', 'auth', 'insecure', 'allow-origin', 'io-threads', 'node', 'version', 'help']) {
      assert.match(end.stdout, new RegExp(`--${option}\\b`))
    }
    assert.match(end.stdout, /127\.0\.0\.1:8080/)
    assert.match(end.stdout, /sqlite:hongyan\.db/)
    assert.equal(end.stderr, '')
  })

  it('--version ends with 0 and says name and number', async () => {
    const end = await runToEnd(['--version'])
    assert.equal(end.code, 0)
    assert.match(end.stdout, /hongyan\D*\d+\.\d+/i)
    assert.equal(end.stderr, '')
  })

  it('both start nothing, whatever else is given', async () => {
    const database = newDatabase()
    for (const flag of ['--help', '--version']) {
      assert.equal((await runToEnd(['--listen', '127.0.0.1:0', '--database', `sqlite:${database}`, flag], { cwd: directory })).code, 0)
    }
    assert.ok(!fs.existsSync(database))
  })
})

describe('the listening line', () => {
  it('tells the real port of --listen HOST:0, is alone on standard output, and is true', async (t) => {
    const server = await serverFor(t)
    assert.ok(server.port > 0)
    assert.equal(server.stdout(), `hongyan listening on http://127.0.0.1:${server.port}\n`)
    assert.equal((await get(server, '/healthz')).status, 200)
  })

  it('tells a port that was asked for', async (t) => {
    const probe = net.createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address()
    await new Promise((resolve) => probe.close(resolve))
    const server = await serverFor(t, { listen: `127.0.0.1:${port}` })
    assert.equal(server.port, port)
  })

  it('works on another loopback address', async (t) => {
    const server = await serverFor(t, { listen: '127.0.0.2:0' })
    assert.equal(server.host, '127.0.0.2')
    assert.equal((await get(server, '/healthz')).status, 200)
  })
})

describe('where options come from', () => {
  const config = 'node = "from-file"\nlisten = "127.0.0.3:0"\nio_threads = 1\nauth = "none"\ninsecure = false\n'

  it('the default node name is host:port', async (t) => {
    const server = await serverFor(t)
    assert.deepEqual(await nodeName(t, server), [`127.0.0.1:${server.port}`])
  })

  it('a file over the default', async (t) => {
    const server = await serverFor(t, { config: 'node = "from-file"\n' })
    assert.deepEqual(await nodeName(t, server), ['from-file'])
  })

  it('a variable over the file', async (t) => {
    const server = await serverFor(t, { config: 'node = "from-file"\n', env: { HONGYAN_NODE: 'from-env' } })
    assert.deepEqual(await nodeName(t, server), ['from-env'])
  })

  it('a flag over the variable and the file', async (t) => {
    const server = await serverFor(t, { config: 'node = "from-file"\n', env: { HONGYAN_NODE: 'from-env' }, args: ['--node', 'from-flag'] })
    assert.deepEqual(await nodeName(t, server), ['from-flag'])
  })

  it('a flag with "=" is the same', async (t) => {
    const server = await serverFor(t, { args: ['--node=with-equals', '--io-threads=1'] })
    assert.deepEqual(await nodeName(t, server), ['with-equals'])
  })

  it('listen and database too: flag over variable over file', async () => {
    const [fromFlag, fromEnv, fromFile] = [newDatabase(), newDatabase(), newDatabase()]
    const all = file(`listen = "127.0.0.3:0"\ndatabase = "sqlite:${fromFile}"\n`)
    const env = { HONGYAN_LISTEN: '127.0.0.2:0', HONGYAN_DATABASE: `sqlite:${fromEnv}` }
    const listensOn = async (args, environment) => {
      const end = await runToEnd(args, { env: environment, cwd: directory })
      assert.equal(end.code, 'it started', end.stderr)
      return /http:\/\/([\d.]+):/.exec(end.stdout)[1]
    }
    assert.equal(await listensOn(['--config', all], {}), '127.0.0.3')
    assert.deepEqual([fromFlag, fromEnv, fromFile].map((name) => fs.existsSync(name)), [false, false, true])
    assert.equal(await listensOn(['--config', all], env), '127.0.0.2')
    assert.deepEqual([fromFlag, fromEnv].map((name) => fs.existsSync(name)), [false, true])
    assert.equal(await listensOn(['--config', all, '--listen', '127.0.0.1:0', '--database', `sqlite:${fromFlag}`], env), '127.0.0.1')
    assert.ok(fs.existsSync(fromFlag))
  })

  it('the file itself by HONGYAN_CONFIG', async () => {
    const end = await runToEnd(['--database', `sqlite:${newDatabase()}`], { env: { HONGYAN_CONFIG: file(config) }, cwd: directory })
    assert.equal(end.code, 'it started', end.stderr)
    assert.match(end.stdout, /127\.0\.0\.3:/)
  })

  it('allow_origin of a flag replaces that of the variable and of the file', async (t) => {
    const server = await serverFor(t, {
      config: 'allow_origin = ["https://file.example"]\n', env: { HONGYAN_ALLOW_ORIGIN: 'https://env.example' },
      args: ['--allow-origin', 'https://flag.example', '--insecure'],
    })
    const status = async (origin) => (await get(server, `/close?userId=1`, { headers: { origin } })).status
    assert.equal(await status('https://flag.example'), 200)
    assert.equal(await status('https://env.example'), 403)
    assert.equal(await status('https://file.example'), 403)
  })

  it('--database is by default sqlite:hongyan.db in the working directory', async () => {
    const cwd = makeDirectory('cwd')
    try {
      const end = await runToEnd(['--listen', '127.0.0.1:0'], { cwd })
      assert.equal(end.code, 'it started', end.stderr)
      assert.ok(fs.existsSync(path.join(cwd, 'hongyan.db')))
    } finally {
      removeDirectory(cwd)
    }
  })

  it('--io-threads 1, 2 and 8 all serve', async (t) => {
    for (const n of ['1', '2', '8']) {
      const server = await serverFor(t, { args: ['--io-threads', n] })
      const session = await connect(server, 5, { t })
      await pushed(server, { userId: 5, targetUserId: 6, content: n })
      assert.equal((await session.next())[0].content, n)
      await server.stop()
    }
  })

  it('HONGYAN_IO_THREADS and HONGYAN_AUTH are read', async (t) => {
    const server = await serverFor(t, { env: { HONGYAN_IO_THREADS: '1', HONGYAN_AUTH: 'none' } })
    assert.equal((await get(server, '/healthz')).status, 200)
  })

  it('classic.window of the file', async (t) => {
    const server = await serverFor(t, { config: '[classic]\nwindow = 3\n' })
    const session = await connect(server, 5, { t })
    for (let i = 1; i <= 5; i++) {
      await pushed(server, { userId: 5, targetUserId: 6, content: `${i}` })
      assert.equal((await session.next()).length, Math.min(i, 3))
    }
    // "the latest 50" of getMessage is the same window or a fixed figure; an explicit limit wins over either.
    assert.ok([3, 5].includes((await history(server, { userId: 5 })).length))
    assert.equal((await history(server, { userId: 5, limit: 4 })).length, 4)
  })

  for (const [zone, offset] of [['Asia/Shanghai', 8], ['Asia/Kolkata', 5.5], ['UTC', 0], ['America/Phoenix', -7]]) {
    it(`classic.time_zone of the file: ${zone}`, async (t) => {
      const server = await serverFor(t, { config: `[classic]\ntime_zone = "${zone}"\n` })
      const begin = Date.now()
      await pushed(server, { userId: 5, targetUserId: 6, content: 'x' })
      const [chat] = await history(server, { userId: 5 })
      const time = Date.parse(`${chat.createTime}Z`) - offset * 3_600_000
      assert.ok(time >= begin - 1 && time <= Date.now() + 1, `${chat.createTime} in ${zone}`)
    })
  }

  it('every other key of the file that the contract names', async (t) => {
    const server = await serverFor(t, {
      config: 'heartbeat = 20\n[classic]\nwindow = 50\n[drain]\ntimeout = 5\n[log]\nlevel = "debug"\n',
    })
    assert.equal((await get(server, '/healthz')).status, 200)
  })
})

describe('S34: --auth token', () => {
  const secret = 's'.repeat(32)
  const withFile = async (option, text, expected) => {
    const directory = makeDirectory('keys')
    try {
      const file = path.join(directory, 'keys')
      fs.writeFileSync(file, text)
      await assertRefused(['--auth', 'token', ...(option === '--api-key-file' ? ['--auth-secret-file', writeSecret(directory)] : []), option, file], [new RegExp(option), expected])
    } finally {
      removeDirectory(directory)
    }
  }
  const writeSecret = (directory) => {
    const file = path.join(directory, 'secret')
    fs.writeFileSync(file, `${secret}\n`)
    return file
  }

  it('without keys lets nobody in, and does not start', () => assertRefused(['--auth', 'token'], [/--auth/, /--auth-secret-file or --auth-keys/]))
  it('opens an address other than loopback', async (t) => {
    const directory = makeDirectory('keys')
    t.after(() => removeDirectory(directory))
    const server = await serverFor(t, { listen: '0.0.0.0:0', args: ['--auth', 'token', '--auth-secret-file', writeSecret(directory)] })
    assert.equal((await get(server, '/healthz')).status, 200)
    assert.equal((await get(server, '/getMessage?userId=1')).status, 401)
  })
  it('a file that is not there', () => assertRefused(['--auth', 'token', '--auth-secret-file', '/nonexistent'], [/--auth-secret-file \/nonexistent/, /cannot be read/]))
  it('a secret of 31 bytes', () => withFile('--auth-secret-file', `${'s'.repeat(31)}\n`, /at least 32/))
  it('an empty file', () => withFile('--auth-secret-file', '', /empty/))
  it('the sample of the documents', () => withFile('--auth-secret-file', 'replace-this-sample-by-your-own-secret\n', /sample/))
  it('a private key among the public ones', () => withFile('--auth-keys', '{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","d":"AA","x":"AA"}]}', /private/))
  it('an RSA key', () => withFile('--auth-keys', '{"keys":[{"kty":"RSA","kid":"a"}]}', /Ed25519/))
  it('no JWKS', () => withFile('--auth-keys', '[]', /keys/))
  it('an API key with a scope that is none', () => withFile('--api-key-file', 'shop write k\n', /push, admin, metrics, observe and owner/))
  it('API keys with two words', () => withFile('--api-key-file', 'shop k\n', /KEY, or NAME SCOPES KEY/))
})

describe('bad options', () => {
  it('an unknown option', () => assertRefused(['--frobnicate'], [/--frobnicate/, /unknown option/i]))
  it('an unknown option with a value', () => assertRefused(['--frobnicate=5'], [/--frobnicate/, /unknown option/i]))
  it('an unknown short option', () => assertRefused(['-z'], [/-z/]))
  it('an argument that is no option', () => assertRefused(['stray'], [/stray/]))
  for (const option of ['--cluster-join', '--cluster-tls-cert', '--cluster-tls-key', '--cluster-tls-ca']) {
    it(`${option} without --cluster-listen`, () => assertRefused([option, '127.0.0.1:1'], [/--cluster-/, /without --cluster-listen/]))
  }
  for (const value of ['', 'nonsense', '127.0.0.1', '127.0.0.1:99999']) {
    it(`--cluster-listen ${JSON.stringify(value)}`, () => assertRefused(['--cluster-listen', value], [/--cluster-listen/, /HOST:PORT/i]))
  }
  it('--cluster-join with port 0', () => assertRefused(['--cluster-join', '127.0.0.1:0'], [/--cluster-join/, /HOST:PORT/i]))
  it('some of the certificates of the cluster', () => assertRefused(
    ['--database', 'postgresql://127.0.0.1:1/x', '--cluster-listen', '127.0.0.1:0', '--cluster-tls-cert', 'x'], [/--cluster-tls-/, /together/], { database: null }))
  for (const option of ['--config', '--listen', '--database', '--auth', '--auth-secret-file', '--auth-keys', '--api-key-file', '--trusted-proxy', '--allow-origin', '--io-threads', '--node', '--cluster-listen', '--cluster-join', '--cluster-tls-cert', '--cluster-tls-key', '--cluster-tls-ca']) {
    it(`${option} without its value`, () => assertRefused([option], [new RegExp(option)], { listen: [], database: null }))
  }

  for (const value of ['', 'nonsense', '127.0.0.1', '127.0.0.1:', '127.0.0.1:abc', '127.0.0.1:99999', '127.0.0.1:-1', '127.0.0.1:80x']) {
    it(`--listen ${JSON.stringify(value)}`, () => assertRefused(['--listen', value], [/--listen/, /HOST:PORT/i], { listen: [] }))
  }
  for (const value of ['300.1.1.1:0', 'a b:0', 'no-such-host.invalid:0', '192.0.2.1:0']) {
    it(`--listen ${value}, which is no address of this machine`, () => {
      return assertRefused(['--listen', value, '--insecure'], [/listen/i, new RegExp(value.split(':')[0])], { listen: [], database: `sqlite:${newDatabase()}` })
    })
  }

  for (const value of ['', 'nonsense', 'mysql://localhost/x', 'sqlite', 'sqlite:', 'http://127.0.0.1/', '/tmp/x.db']) {
    it(`--database ${JSON.stringify(value)}`, () => assertRefused([], [/--database/, /sqlite:/, /postgresql:/], { database: value }))
  }
  it('--database with a bad libpq URI', () => assertRefused([], [/--database/], { database: 'postgresql://127.0.0.1:notaport/x' }))
  it('--database with an unknown libpq parameter', () => assertRefused([], [/--database/], { database: 'postgresql://127.0.0.1/x?frobnicate=1' }))

  for (const value of ['', 'bogus', 'None ']) {
    it(`--auth ${JSON.stringify(value)}`, () => assertRefused(['--auth', value], [/--auth/, /none/]))
  }
  it('--auth token without keys', () => assertRefused(['--auth', 'token'], [/--auth/]))

  for (const value of ['', '-1', 'abc', '1.5', '2x', '100000', '99999999999999999999']) {
    it(`--io-threads ${JSON.stringify(value)}`, () => assertRefused([`--io-threads=${value}`], [/--io-threads/, /\d/]))
  }

  for (const value of ['', 'good.example', 'https://', 'https://good.example/path', 'https://good.example,']) {
    it(`--allow-origin ${JSON.stringify(value)}`, () => assertRefused([`--allow-origin=${value}`], [/--allow-origin/]))
  }

  it('--insecure with a value that is neither yes nor no', () => assertRefused(['--insecure=perhaps'], [/--insecure/]))

  const variables = {
    HONGYAN_LISTEN: 'nonsense', HONGYAN_DATABASE: 'mysql://x', HONGYAN_AUTH: 'bogus', HONGYAN_IO_THREADS: 'many', HONGYAN_INSECURE: 'perhaps',
    HONGYAN_ALLOW_ORIGIN: 'nonsense', HONGYAN_CONFIG: '/nonexistent/hongyan.toml',
  }
  for (const [name, value] of Object.entries(variables)) {
    it(`${name}=${value}`, () => {
      const option = `--${name.slice(8).toLowerCase().replace('_', '-')}`
      return assertRefused([], [new RegExp(`${name}|${option}`)], {
        env: { [name]: value },
        listen: name === 'HONGYAN_LISTEN' ? [] : undefined,
        database: name === 'HONGYAN_DATABASE' ? null : undefined,
      })
    })
  }
})

describe('a bad file', () => {
  const refused = (text, says) => assertRefused(['--config', file(text)], says)

  it('that is not there', () => assertRefused(['--config', '/nonexistent/hongyan.toml'], [/--config|\/nonexistent\/hongyan\.toml/]))
  it('that is a directory', () => assertRefused(['--config', directory], [/--config|hongyan-options/]))
  it('that is not TOML says where', () => refused('node = "a"\nlisten = \n', [/file\d+\.toml|--config/, /line\D*2|:2\b/]))
  it('that is not UTF-8', () => assertRefused(['--config', file(Buffer.from([0x6e, 0x3d, 0x22, 0xff, 0x22]))], [/file\d+\.toml|--config/]))
  it('with a key twice', () => refused('node = "a"\nnode = "b"\n', [/file\d+\.toml|--config|node/]))
  it('with an unknown key', () => refused('frobnicate = 1\n', [/frobnicate/]))
  it('with an unknown table', () => refused('[frobnicate]\nx = 1\n', [/frobnicate/]))
  it('with an unknown key in a known table', () => refused('[classic]\nwindo = 1\n', [/windo\b/]))
  it('with an unknown limit', () => refused('[limits]\nfrobnicate = 1\n', [/limits\.frobnicate|frobnicate/]))
  it('with a bad address for the cluster', () => refused('cluster_listen = "x"\n', [/cluster_listen/]))

  const values = {
    listen: ['5', '"nonsense"', '["127.0.0.1:0"]'], database: ['5', '"mysql://x"'], auth: ['true', '"bogus"'], insecure: ['"perhaps"', '7'],
    allow_origin: ['5', '["nonsense"]', '[5]'], io_threads: ['"many"', '-1', '1.5'], node: ['["a"]', '{ a = 1 }'],
    'classic.window': ['-1', '"x"'], 'classic.time_zone': ['5', '"Mars/Olympus"'],
    'drain.timeout': ['-1', '"x"'], heartbeat: ['-1', '"x"'], 'log.level': ['5', '"loud"'],
  }
  for (const [key, bad] of Object.entries(values)) {
    for (const value of bad) {
      it(`with ${key} = ${value}`, () => {
        const own = key === 'listen' ? { listen: [] } : key === 'database' ? { database: null } : {}
        return assertRefused(['--config', file(`${key} = ${value}\n`)], [new RegExp(key.replace('.', '\\.'))], own)
      })
    }
  }
})

describe('what cannot be had at start', () => {
  let running
  before(async () => { running = await startServer() })
  after(() => running?.dispose())

  it('a port in use', () => assertRefused(['--listen', running.authority], [/listen/i, new RegExp(running.authority)], { listen: [], database: `sqlite:${newDatabase()}` }))

  it('a database file that another server has open', async () => {
    await assertRefused([], [/database/i, /in use|another|locked/i], { database: running.database })
    await pushed(running, { userId: 1, targetUserId: 2, content: 'the first goes on' })
  })

  it('a database that a killed server had open is free again', async (t) => {
    const first = await startServer()
    t.after(() => first.dispose())
    await pushed(first, { userId: 1, targetUserId: 2, content: 'x' })
    await first.kill9()
    const second = await serverFor(t, { database: first.database })
    assert.equal((await history(second, { userId: 1 })).length, 1)
  })

  it('a database file in a directory that is not there', () => assertRefused([], [/database/i, /\/nonexistent\/x\.db/], { database: 'sqlite:/nonexistent/x.db' }))
  it('a database file that is a directory', () => assertRefused([], [/database/i, /hongyan-options/], { database: `sqlite:${directory}` }))

  it('a database file that is none, which is left as it is', async () => {
    const name = file('this is not a database, it is a letter to a friend\n'.repeat(50), 'db')
    const text = fs.readFileSync(name)
    await assertRefused([], [/database/i, new RegExp(path.basename(name))], { database: `sqlite:${name}` })
    assert.deepEqual(fs.readFileSync(name), text)
  })

  it('a database file that may not be written', { skip: process.getuid() === 0 && 'root may write everything' }, () => {
    const name = file('', 'db')
    fs.chmodSync(name, 0o444)
    return assertRefused([], [/database/i, new RegExp(path.basename(name))], { database: `sqlite:${name}` })
  })
})

describe('an address that is not loopback', () => {
  for (const address of ['0.0.0.0:0', '[::]:0']) {
    it(`is refused without --insecure: ${address}`, () => assertRefused(['--listen', address], [/--insecure/], { listen: [] }))
  }
  it('is refused without --insecure from a variable too', () => assertRefused([], [/--insecure/], { listen: [], env: { HONGYAN_LISTEN: '0.0.0.0:0' } }))
  it('is refused with --auth none said aloud', () => assertRefused(['--listen', '0.0.0.0:0', '--auth', 'none'], [/--insecure/], { listen: [] }))
  it('is refused with insecure = false in the file', () => {
    return assertRefused(['--config', file('insecure = false\n'), '--listen', '0.0.0.0:0'], [/--insecure/], { listen: [] })
  })

  for (const args of [['--trusted-proxy', '127.0.0.1'], ['--allow-origin', 'https://chat.example.com']]) {
    it(`nor does ${args[0]} go with --auth none on loopback, unless --insecure says so`, async (t) => {
      await assertRefused(args, [new RegExp(args[0]), /--auth token/, /--insecure/])
      const server = await serverFor(t, { args: [...args, '--insecure'] })
      assert.equal((await get(server, '/healthz')).status, 200)
    })
  }

  const ways = {
    '--insecure': { args: ['--insecure'] },
    'HONGYAN_INSECURE=true': { env: { HONGYAN_INSECURE: 'true' } },
    'insecure = true in the file': { config: 'insecure = true\n' },
  }
  for (const [name, settings] of Object.entries(ways)) {
    it(`starts with ${name}`, async (t) => {
      const server = await serverFor(t, { listen: '0.0.0.0:0', ...settings })
      assert.equal(server.host, '0.0.0.0')
      assert.equal((await get(server, '/healthz')).status, 200)
    })
  }
})
