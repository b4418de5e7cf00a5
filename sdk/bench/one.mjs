// One client, once, in a process of its own, which loads nothing but what that client needs: run.mjs starts it and reads its line.

import { measureBare, measureCentrifuge, measureSdk } from './clients.mjs'

const [, , who, url, me, wanted, folder] = process.argv
const [measure, ...names] = {
  sdk: [measureSdk, '../dist/index.mjs', '../dist/node.mjs'],
  bare: [measureBare, 'ws'],
  centrifuge: [measureCentrifuge, 'centrifuge', 'ws'],
}[who]
const begin = performance.now()
const before = process.cpuUsage()
const cpuMs = () => {
  const { user: inUser, system } = process.cpuUsage(before)
  return (inUser + system) / 1000
}
const modules = await Promise.all(names.map((name) => import(name)))
const loadMs = cpuMs()
if (Number(wanted)) global.gc() // the heap is that of the messages only
const heapBefore = process.memoryUsage().heapUsed
const { firstAt, count, end } = await measure(modules, url, me, Number(wanted), folder)
const allMs = cpuMs()
global.gc()
const heap = process.memoryUsage().heapUsed - heapBefore
console.log(JSON.stringify({ firstMs: firstAt - begin, count: count(), loadMs, allMs, heap }))
end()
process.exit(0)
