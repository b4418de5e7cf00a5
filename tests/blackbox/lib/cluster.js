// Several servers on one PostgreSQL, as one.

import { get } from './client.js'
import { bearer } from './keys.js'
import { Postgres } from './postgres.js'
import { startServer } from './server.js'
import { connectV1, newId } from './v1.js'
import { eventually } from './wait.js'

// The lines of a server's metrics.
export async function figures(server) {
  const { key } = server.settings // off loopback one is asked for
  return (await get(server, '/metrics', key && { headers: bearer(key) })).text.split('\n')
}

// One of them, by the beginning of its line.
export async function figure(server, name) {
  const line = (await figures(server)).find((it) => it.startsWith(`${name} `))
  if (!line) throw new Error(`no ${name} in /metrics`)
  return Number(line.slice(name.length + 1))
}

export class Cluster {
  nodes = []

  // `settings(i, cluster)`: what each node has beside the usual; `reach`: from where the database is.
  static async start(count, settings = () => ({}), reach = {}) {
    const cluster = new Cluster()
    cluster.settings = settings
    cluster.postgres = await Postgres.create(reach)
    try {
      cluster.database = await cluster.postgres.newDatabase()
      for (let i = 0; i < count; i++) await cluster.add(i)
      await cluster.whole()
      return cluster
    } catch (error) {
      await cluster.dispose()
      throw error
    }
  }

  // Starts node i, or starts it again, with its name.
  async add(i, changes = {}) {
    const { args = [], ...more } = { ...this.settings(i, this), ...changes }
    const server = await startServer({
      database: this.database, ...more, args: ['--node', `node-${i}`, ...(args.includes('--cluster-listen') ? [] : ['--cluster-listen', '127.0.0.1:0']), ...args],
    })
    server.name = `node-${i}`
    this.nodes[i] = server
    return server
  }

  get running() { return this.nodes.filter((node) => node.running) }

  // Each of these is linked with all others of them, and with nobody else.
  whole(nodes = this.running, ms = 15_000) {
    return eventually(ms, 'every node to be linked with all others', async () => {
      const peers = await Promise.all(nodes.map((node) => figure(node, 'hongyan_cluster_peers')))
      return peers.every((count) => count === nodes.length - 1)
    })
  }

  // Two of the nodes, and a new user with a session on each: alice on a, bob on b.
  async apart(t) {
    const [a, b] = this.nodes
    const [alice, bob] = await Promise.all([a, b].map((node) => connectV1(node, newId(), { t })))
    return { a, b, alice, bob }
  }

  // The port that a node listens on for others, as it told the database.
  async portOf(node) {
    const address = await this.postgres.sql(`SELECT address FROM node WHERE name = '${node.name}'`, this.database.split('/').pop())
    return Number(address.split(':').pop())
  }

  async dispose() {
    for (const node of this.nodes) {
      if (node?.running) node.signal('SIGCONT')
      await node?.dispose()
    }
    await this.postgres?.dispose()
  }
}
