// Machines that are not there: network namespaces of this one, joined by two bridges. Over `outer` a machine reaches
// clients and the database, over `inner` the other machines; each cable can be pulled. Needs root.

import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { makeAuthority } from './certificates.js'
import { apiKeys } from './keys.js'

const ip = (...args) => execFileSync('ip', args, { stdio: 'pipe' })

// Interfaces have names of at most 15 characters.
const tag = `hy${process.pid}`
const net = process.pid % 250

export class Network {
  // Throws where namespaces are not allowed.
  static create(count) {
    const network = new Network()
    process.on('exit', () => network.dispose())
    network.count = count
    network.client = `10.231.${net}.1` // where the tests are
    network.database = `10.231.${net}.2`
    network.range = `10.231.${net}.0/24`
    for (const side of ['o', 'i']) {
      ip('link', 'add', `${tag}${side}`, 'type', 'bridge')
      ip('link', 'set', `${tag}${side}`, 'up')
    }
    for (const address of [network.client, network.database]) ip('addr', 'add', `${address}/24`, 'dev', `${tag}o`)
    for (let i = 0; i < count; i++) {
      ip('netns', 'add', network.name(i))
      for (const [side, address] of [['o', network.outer(i)], ['i', network.inner(i)]]) {
        ip('link', 'add', `${tag}${side}${i}`, 'type', 'veth', 'peer', 'name', side, 'netns', network.name(i))
        ip('link', 'set', `${tag}${side}${i}`, 'master', `${tag}${side}`, 'up')
        network.inside(i, 'addr', 'add', `${address}/24`, 'dev', side)
        network.inside(i, 'link', 'set', side, 'up')
      }
      network.inside(i, 'link', 'set', 'lo', 'up')
    }
    return network
  }

  name(i) { return `${tag}-${i}` }
  outer(i) { return `10.231.${net}.${10 + i}` }
  inner(i) { return `10.232.${net}.${10 + i}` }
  inside(i, ...args) { ip('-n', this.name(i), ...args) }

  // What starts a process on machine i.
  prefix(i) { return ['ip', 'netns', 'exec', this.name(i)] }

  // What a server needs to be the node of machine i, for Cluster.start(); certificates and keys are put into `directory`.
  async settings(directory) {
    const authority = await makeAuthority(directory, 'nodes')
    const files = await Promise.all(Array.from({ length: this.count }, (_, i) => authority.issue(`node-${i}`)))
    const keys = path.join(directory, 'keys')
    fs.writeFileSync(keys, `${apiKeys.all}\n`)
    return (i) => ({
      key: apiKeys.all,
      prefix: this.prefix(i),
      listen: `${this.outer(i)}:8080`,
      args: ['--insecure', '--api-key-file', keys, '--cluster-listen', `${this.inner(i)}:7777`,
        '--cluster-tls-cert', files[i].cert, '--cluster-tls-key', files[i].key, '--cluster-tls-ca', authority.cert],
    })
  }

  // The cable to the other machines.
  cut(i) { ip('link', 'set', `${tag}i${i}`, 'down') }
  heal(i) { ip('link', 'set', `${tag}i${i}`, 'up') }

  // Packets to one machine vanish, those from it come: half of a cable.
  deafen(i, from) { this.inside(from, 'route', 'add', 'blackhole', `${this.inner(i)}/32`) }
  undeafen(i, from) { this.inside(from, 'route', 'del', 'blackhole', `${this.inner(i)}/32`) }

  // What comes to a machine over that cable waits in a queue, and what no longer fits is lost.
  slow(i) { execFileSync('tc', ['qdisc', 'add', 'dev', `${tag}i${i}`, 'root', 'tbf', 'rate', '400kbit', 'burst', '3000', 'latency', '300ms'], { stdio: 'pipe' }) }
  unslow(i) { execFileSync('tc', ['qdisc', 'del', 'dev', `${tag}i${i}`, 'root'], { stdio: 'pipe' }) }

  cutDatabase(i) { this.inside(i, 'route', 'add', 'blackhole', `${this.database}/32`) }
  healDatabase(i) { this.inside(i, 'route', 'del', 'blackhole', `${this.database}/32`) }

  dispose() {
    for (let i = 0; i < this.count; i++) try { ip('netns', 'del', this.name(i)) } catch { /* never made, or gone */ }
    for (const side of ['o', 'i']) try { ip('link', 'del', `${tag}${side}`) } catch { /* likewise */ }
  }
}
