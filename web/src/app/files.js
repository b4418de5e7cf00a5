// Files of the server, fetched with the token and shown from memory: they never change. Oldest are given up first.

const KEPT_MAX = 200

export class Files {
  /** @param {object} client */
  constructor(client) {
    this.client = client
    this.kept = new Map()
    this.local = new WeakMap()
  }

  /** What was uploaded from here needs no way back. */
  keep(fileId, file) {
    if (file instanceof Blob) this.hold(fileId, Promise.resolve(this.urlOf(file)))
  }

  /** The address of a file of this device. */
  urlOf(file) {
    if (!this.local.has(file)) this.local.set(file, URL.createObjectURL(file))
    return this.local.get(file)
  }

  /** The address of a file in this page; rejects when it cannot be had. */
  get(fileId) {
    const known = this.kept.get(fileId)
    if (known) {
      this.kept.delete(fileId)
      this.kept.set(fileId, known)
      return known
    }
    const found = this.load(fileId)
    this.hold(fileId, found)
    found.catch(() => { if (this.kept.get(fileId) === found) this.kept.delete(fileId) })
    return found
  }

  hold(fileId, address) {
    this.kept.set(fileId, address)
    for (const [oldest, old] of this.kept) {
      if (this.kept.size <= KEPT_MAX) break
      this.kept.delete(oldest)
      old.then((url) => URL.revokeObjectURL(url), () => {})
    }
  }

  async load(fileId) {
    const { url, headers } = await this.client.fileRequest(fileId)
    const response = await fetch(url, { headers })
    if (!response.ok) throw Object.assign(new Error(`the file was answered ${response.status}`), { status: response.status })
    return URL.createObjectURL(await response.blob())
  }
}
