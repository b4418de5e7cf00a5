// A tiny file system of its own, that a test may fill.

import fs from 'node:fs'
import path from 'node:path'
import { makeDirectory, removeDirectory, run, start } from './processes.js'
import { eventually } from './wait.js'

// Whoever is no root may be that among processes of their own, and mount there: what holds the disk until the test is over.
async function holderOf(mount) {
  const holder = start('unshare', ['--user', '--map-root-user', '--mount', 'sh', '-c', '"$@" && echo mounted && exec sleep infinity', 'sh', ...mount])
  let end
  holder.ended.then(({ code }) => { end = code }, (error) => { end = error.message })
  await eventually(5_000, 'a disk to be mounted', () => holder.out().includes('mounted') || end !== undefined)
  return end === undefined ? holder : undefined
}

// `directory`: where a server sees it that is started with `prefix`; `here`: where the test does. Undefined, and the test skipped, where
// none may be mounted.
export async function tinyDisk(t, size) {
  const directory = makeDirectory('disk')
  const mount = ['mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory]
  const refusal = await run(mount[0], mount.slice(1)).then(() => undefined, (error) => error.message.trim().split('\n')[0])
  const holder = refusal && await holderOf(mount)
  if (refusal && !holder) {
    removeDirectory(directory)
    t.skip(`no tmpfs may be mounted here (needs root, or user namespaces): ${refusal}`)
    return undefined
  }
  t.after(async () => {
    if (holder) holder.kill('SIGKILL')
    else await run('umount', ['--lazy', directory])
    removeDirectory(directory)
  })
  if (!holder) return { directory, here: directory, prefix: [] }
  return { directory, here: `/proc/${holder.pid}/root${directory}`, prefix: ['nsenter', '--target', String(holder.pid), '--user', '--mount', '--preserve-credentials', '--'] }
}

// Fills it but for so many bytes; the file that does so.
export function fill({ here }, room = 0) {
  const filler = path.join(here, 'filler')
  const out = fs.openSync(filler, 'a')
  try {
    for (;;) fs.writeSync(out, Buffer.alloc(4096, 1))
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error
    if (room) fs.ftruncateSync(out, fs.fstatSync(out).size - room)
  } finally {
    fs.closeSync(out)
  }
  return filler
}
