// What a browser makes of files that are chosen: what they are, how large, how long; small pictures of them.

const PREVIEW_MAX = 30 * 1024
const PREVIEW_SIDE = 320
const LOOK_MS = 3_000
const AVATAR_SIDE = 512

/** {kind, width, height, seconds} of a file, as far as this browser can tell. */
export async function look(file) {
  const tag = { image: 'img', video: 'video', audio: 'audio' }[file.type.split('/')[0]]
  if (!tag) return { kind: 'file' }
  const url = URL.createObjectURL(file)
  const node = document.createElement(tag)
  const isSeen = await new Promise((resolve) => {
    setTimeout(() => resolve(false), LOOK_MS)
    node.onload = node.onloadedmetadata = () => resolve(true)
    node.onerror = () => resolve(false)
    node.src = url
  })
  URL.revokeObjectURL(url)
  if (!isSeen) return { kind: 'file' }
  const seconds = Number.isFinite(node.duration) ? Math.round(node.duration) : undefined
  if (tag === 'img') return { kind: 'image', width: node.naturalWidth, height: node.naturalHeight }
  if (tag === 'audio' || !node.videoWidth) return { kind: 'voice', seconds }
  return { kind: 'video', width: node.videoWidth, height: node.videoHeight, seconds }
}

/** A picture of at most 32 KiB of one that is larger; null: it needs none, or none can be made. */
export async function previewOf({ localPath, path = localPath }) {
  if (!(path instanceof Blob) || path.size <= PREVIEW_MAX) return null
  const image = await createImageBitmap(path)
  for (const quality of [0.7, 0.4]) {
    const blob = await drawn(image, Math.min(1, PREVIEW_SIDE / Math.max(image.width, image.height)), quality)
    if (blob && blob.size <= PREVIEW_MAX) return blob
  }
  return null
}

/** The square in the middle of a picture, for an avatar. */
export async function squareOf(file) {
  const image = await createImageBitmap(file)
  const side = Math.min(image.width, image.height)
  const size = Math.min(AVATAR_SIDE, side)
  const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size })
  canvas.getContext('2d').drawImage(image, (image.width - side) / 2, (image.height - side) / 2, side, side, 0, 0, size, size)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.9))
}

function drawn(image, scale, quality) {
  const canvas = Object.assign(document.createElement('canvas'), { width: Math.max(1, Math.round(image.width * scale)), height: Math.max(1, Math.round(image.height * scale)) })
  const brush = canvas.getContext('2d')
  brush.fillStyle = '#ffffff' // of what is transparent: JPEG has none
  brush.fillRect(0, 0, canvas.width, canvas.height)
  brush.drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
}
