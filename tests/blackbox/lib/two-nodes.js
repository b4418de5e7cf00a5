// The same two nodes for several tests.

import { after, before } from 'node:test'
import { Cluster } from './cluster.js'

// A cluster of two for the tests around: started before them, ended after them, and in them `the.cluster`.
export function twoNodes(settings) {
  const the = {}
  before(async () => { the.cluster = await Cluster.start(2, settings) })
  after(() => the.cluster?.dispose())
  return the
}
