// Gives bytes to the browser, to be kept as a file.

const KEPT_MS = 60_000

export function save(blob, name) {
  const url = URL.createObjectURL(blob)
  const link = Object.assign(document.createElement('a'), { href: url, download: name })
  link.click()
  // The browser reads it on its own time.
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS)
}
