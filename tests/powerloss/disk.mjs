// A disk that loses power when it is told to.

import path from 'node:path'
import { makeDirectory, removeDirectory, start } from '../blackbox/lib/processes.js'
import { eventually, within } from '../blackbox/lib/wait.js'

// The file system of power_disk.cpp, mounted.
export class Disk {
  // `disk`: the built program; `lying`: its syncs do nothing.
  static async mount({ disk: program, lying }) {
    const disk = new Disk()
    disk.folder = makeDirectory('powerloss')
    const options = ['--sync-us', '1500', ...(lying ? ['--lying'] : [])]
    disk.process = start(path.resolve(program), [disk.folder, ...options], { stdio: ['pipe', 'pipe', 'pipe'] })
    disk.answers = 0
    await disk.answer()
    return disk
  }

  async answer() {
    const lines = () => this.process.out().split('\n').slice(0, -1)
    const wanted = ++this.answers
    await eventually(10_000, 'the answer of the disk', () => {
      if (this.process.exitCode !== null) throw new Error(`the disk ended: ${this.process.err()}`)
      return lines().length >= wanted
    }, 2)
    return lines()[wanted - 1]
  }

  tell(line) {
    this.process.stdin.write(`${line}\n`)
    return this.answer()
  }

  async unmount() {
    this.process.stdin.end()
    await within(10_000, this.process.ended, 'the end of the disk')
    removeDirectory(this.folder)
  }
}
