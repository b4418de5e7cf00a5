// A primary and its standby, without anything that watches them: whoever promotes is a person, or here a seed.

import fs from 'node:fs'
import path from 'node:path'
import { freeze, Postgres } from './postgres.js'
import { Proxy } from './proxy.js'
import { eventually } from './wait.js'

const loopback = '127.0.0.1'
const name = 'verify'

// What a machine that was away needs to hear, and a rewound one to find, stays there. In a file, since pg_rewind starts the
// server with nothing else.
const settings = `wal_level = replica
wal_log_hints = on
wal_keep_size = 256MB
wal_sender_timeout = 10s
wal_receiver_timeout = 10s
`

// Each: `run(setup, draw)` from a healthy pair to a healthy pair; `needs`: seconds at most; `mode`: only in that one.
const faults = {
  'primary killed': { needs: 13, async run(setup, draw) {
    await setup.primary.kill9()
    await draw.pause(300, 3_000)
    await setup.promote()
    await draw.pause(500, 3_000)
    await setup.rejoin(draw.one(['rewound', 'copied']))
  } },

  // Thawed, it does not know of the other, and takes whatever it is told.
  'primary frozen': { needs: 22, async run(setup, draw) {
    const old = setup.primary
    old.freeze()
    await draw.pause(1_000, 5_000)
    await setup.promote()
    await draw.pause(2_000, 6_000)
    setup.say(`${old.name} thaws`)
    old.thaw()
    await draw.pause(2_000, 5_000)
    await setup.end(old)
    await setup.rejoin(draw.one(['rewound', 'copied']))
  } },

  'two primaries': { needs: 15, async run(setup, draw) {
    const old = setup.primary
    await setup.promote()
    await draw.pause(3_000, 7_000)
    await setup.end(old)
    await setup.rejoin(draw.one(['rewound', 'copied']))
  } },

  'standby away': { needs: 10, async run(setup, draw) {
    const { standby } = setup
    if (draw.one([true, false])) {
      standby.freeze()
      await draw.pause(1_000, 5_000)
      standby.thaw()
    } else {
      await standby.stop()
      await draw.pause(1_000, 5_000)
      await setup.start(standby)
    }
    await setup.healthy()
  } },

  'lag, and the primary killed': { needs: 14, mode: 'async', async run(setup, draw) {
    await setup.stopStream()
    await draw.pause(1_000, 3_000)
    await setup.primary.kill9()
    await draw.pause(300, 2_000)
    await setup.promote()
    await draw.pause(500, 2_000)
    await setup.rejoin(draw.one(['rewound', 'copied']))
  } },

  'a node cut from the primary': { needs: 8, async run(setup, draw) {
    const line = draw.one(setup.lines)[setup.primary.name]
    const way = draw.one(['there', 'back', 'refused'])
    setup.say(`the line of node ${setup.lines.findIndex((it) => Object.values(it).includes(line))}, ${way}`)
    if (way === 'refused') {
      shut(line)
      line.cut()
    } else {
      line.hold(way)
    }
    await draw.pause(1_000, 6_000)
    open(line)
    line.release()
  } },

  'switch-over': { needs: 10, async run(setup, draw) {
    await setup.primary.stop()
    await draw.pause(0, 1_000)
    await setup.promote()
    await draw.pause(500, 2_000)
    await setup.rejoin('as it is') // it has told the other all that it had
  } },
}

// A line whose listener takes a connection and drops it is not like a machine that is down: libpq would not go on to the next
// host. So it does not listen then.
function shut(line) {
  if (line.server.listening) line.server.close()
}

function open(line) {
  if (!line.server.listening) line.server.listen(line.port, loopback)
}

export class Plain {
  static faults = faults
  static seconds = 60
  faults = faults
  lines = [] // of each node: {a, b}

  // `mode`: sync or async; `nodes`: how many. A node lists the two in an order by `draw`, as nobody should.
  static async create({ mode, nodes, draw, say }) {
    const setup = Object.assign(new Plain(), { mode, say })
    try {
      setup.primary = await Postgres.create({ settings: { cluster_name: 'a' } })
      await setup.primary.stop()
      setup.write(setup.primary, 'postgresql.auto.conf', settings)
      await setup.primary.start()
      await setup.primary.sql(`CREATE DATABASE ${name}`)
      setup.standby = await setup.primary.standby({ cluster_name: 'b' })
      setup.primary.name = 'a'
      setup.standby.name = 'b'
      await setup.synchronous()
      await setup.healthy()
      setup.orders = Array.from({ length: nodes }, (_, i) => i === 0 ? ['a', 'b'] : draw.one([['a', 'b'], ['b', 'a']]))
      for (let i = 0; i < nodes; i++) setup.lines.push({ a: await setup.line(setup.primary), b: await setup.line(setup.standby) })
      for (const machine of [setup.primary, setup.standby]) setup.watch(machine)
      return setup
    } catch (error) {
      await setup.dispose()
      throw error
    }
  }

  line(machine) { return Proxy.create(() => ({ host: loopback, port: machine.port })) }

  // Its lines are up as long as it is.
  watch(machine) {
    for (const line of this.lines) open(line[machine.name])
    machine.process.ended.then(() => { for (const line of this.lines) shut(line[machine.name]) })
  }

  async start(machine) {
    await machine.start()
    this.watch(machine)
  }

  url(i) {
    const hosts = this.orders[i].map((machine) => `${loopback}:${this.lines[i][machine].port}`)
    return `postgresql://hongyan@${hosts.join()}/${name}?target_session_attrs=read-write`
  }

  // What the two have said since they were started last.
  logs() { return [this.primary, this.standby].map(({ name, process }) => `${name}:\n${process.err()}`).join('\n') }

  async promote() {
    await this.standby.promote()
    const { primary: old } = this
    this.primary = this.standby
    this.standby = old
    this.say(`${this.primary.name} is promoted`)
  }

  // A primary that nobody wants any more, as an operator ends it.
  async end(old) {
    await old.stop()
    this.say(`${old.name} is stopped`)
  }

  // The old primary, which has ended, becomes the standby. What it has alone is thrown away.
  async rejoin(how) {
    const { primary, standby } = this
    if (how === 'rewound') {
      await primary.sql('CHECKPOINT') // until then its files name the old timeline, and there is nothing to rewind
      await standby.tool('pg_rewind', '-D', standby.data, '--source-server', primary.url('postgres'))
    } else if (how === 'copied') {
      await standby.copyOf(primary)
    }
    this.write(standby, 'standby.signal', '')
    this.write(standby, 'postgresql.auto.conf', `${settings}primary_conninfo = 'host=${loopback} port=${primary.port} user=hongyan'\n`)
    await this.start(standby)
    await standby.caughtUp(primary)
    await this.synchronous()
    await this.healthy()
    this.say(`${standby.name} is back, ${how}`)
  }

  write(machine, file, text) {
    const whole = path.join(machine.data, file)
    fs.writeFileSync(whole, text)
    if (machine.user.uid !== undefined) fs.chownSync(whole, machine.user.uid, machine.user.gid)
  }

  // From now on nothing is committed that the standby does not have.
  async synchronous() {
    if (this.mode !== 'sync') return
    await this.primary.sql(`ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (${this.standby.name})'`)
    await this.primary.sql('SELECT pg_reload_conf()')
  }

  healthy() {
    return eventually(15_000, `the standby to stream, ${this.mode}`, async () =>
      await this.primary.sql("SELECT state || ' ' || sync_state FROM pg_stat_replication") === `streaming ${this.mode}`, 100)
  }

  // The primary goes on, and the standby hears no more of it.
  async stopStream() {
    freeze([Number(await this.primary.sql('SELECT pid FROM pg_stat_replication'))])
  }

  async dispose() {
    for (const line of this.lines) for (const proxy of Object.values(line)) await proxy.dispose()
    for (const machine of [this.standby, this.primary]) await machine?.dispose()
  }
}
